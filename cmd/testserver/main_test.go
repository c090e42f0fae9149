package main

import (
	"bufio"
	"context"
	"io"
	"regexp"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"
)

// Would catch a server that others cannot use by what it prints, or that stays when
// it is told to end.
func TestServesUntilInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, out)
		_ = out.CloseWithError(err)
		ended <- err
	}()
	address := regexp.MustCompile(`^export TEST_DATABASE_URL='(.+)'$`)
	lines, url := bufio.NewScanner(said), ""
	for url == "" && lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			url = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	db, err := sqlx.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("the server at %q does not answer: %v", url, err)
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("the server answers after its end")
	}
}
