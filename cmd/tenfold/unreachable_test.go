package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// closedAddress is an address at which nothing listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Would catch a wrong address that is told in the words of a library, and a server that is gone
// while another address is named.
func TestUnreachableServersAreTold(t *testing.T) {
	t.Parallel()
	web := freeAddress(t)
	plain := served(t, "--sandbox", "--insecure-loopback", "--listen", "127.0.0.1:0", "--http-listen", web, "--ops-listen", noOps,
		"--database-url", pgtest.New(t).AppURL, "--log-level", "error")
	authority := identitytest.NewAuthority(t, time.Now())
	bundle := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(bundle, authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	go func() {
		for {
			conn, err := mute.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	closed := closedAddress(t)
	for _, c := range []struct {
		code   int
		want   string
		server string
		more   []string
	}{
		{exitFailed, "nothing listens at " + closed + ": is the server running?", closed, nil},
		{exitFailed, "is a port for HTTP; --server needs the port for gRPC", web, nil},
		{exitFailed, "does not speak TLS: leave out --server-ca", plain, []string{"--server-ca", bundle}},
		{exitFailed, "is no Tenfold server", mute.Addr().String(), nil},
		{exitFailed, "is no Tenfold server; --server names the server; nothing listens at", mute.Addr().String() + "," + closed, nil},
		{exitOK, "2026", closed + "," + plain, nil},
		{exitOK, "2026", plain + "," + closed, nil},
		{exitUsage, "HOST:PORT", plain + ",", nil},
		{exitUsage, "named twice", plain + "," + plain, nil},
		{exitUsage, "HOST:PORT", "7410", nil},
		{exitUsage, "not on this machine", plain + ",192.0.2.1:7410", nil},
	} {
		code, out, errOut := try(t, append([]string{"sandbox", "clock", "--server", c.server}, c.more...)...)
		if code != c.code || !strings.Contains(out+errOut, c.want) || strings.Count(errOut, "\n") > 1 {
			t.Errorf("%s %v: exit %d, %q %q; want %d and %q", c.server, c.more, code, out, errOut, c.code, c.want)
		}
	}
	if code, out, errOut := try(t, "claim", "watch", "--server", closed); code != exitFailed || !strings.Contains(errOut, "nothing listens at") {
		t.Errorf("watch: exit %d, %q %q", code, out, errOut)
	}
}
