package pgdial_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

// mute takes connections and says nothing.
func mute(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return l.Addr().String()
}

// Would catch a start of a session, or a listener, that waits for ever for a server which
// takes connections and says nothing, though its caller set no deadline.
func TestAMuteServerIsGivenUp(t *testing.T) {
	t.Parallel()
	url := "postgres://someone@" + mute(t) + "/tenfold?sslmode=disable"
	const limit = 50 * time.Millisecond
	db, err := pgdial.Open(url, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	err = db.PingContext(context.WithoutCancel(t.Context()))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a mute server is reported as %v", err)
	}
	l := pgdial.Listen(url, limit, time.Millisecond, time.Millisecond)
	closing := make(chan error, 1)
	go func() { closing <- l.Close() }()
	if err := <-closing; err != nil {
		t.Errorf("close a listener: %v", err)
	}
}

// Would catch an error that repeats a URL, and with it the password.
func TestBadURLsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://someone:secret@host:port/db", "postgres://someone:secret@%zz/db", "secret"} {
		if _, err := pgdial.Open(url, time.Second); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q is refused by %v", url, err)
		}
	}
}
