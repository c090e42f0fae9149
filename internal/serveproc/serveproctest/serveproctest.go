// Package serveproctest gives tests of callers a real server: the tenfold binary,
// built once for a test binary, in a separate process over a separate database. The
// tests decide what to ask the server.
package serveproctest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// stopLimit is how long a server may take to end.
const stopLimit = 30 * time.Second

// binary is the path of the program that Main has built.
var binary string

// Main builds the program, runs the tests and returns the exit code.
func Main(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tenfold-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "tenfold")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "github.com/tenfold-claims/tenfold/cmd/tenfold")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the server: %v\n%s", err, out)
		return 1
	}
	return endAfter(m.Run())
}

// Binary is the path of the program that Main has built.
func Binary() string { return binary }

// Server is a sandbox on this machine that believes its callers. It can be killed
// and started again over the same database, at the same address.
type Server struct {
	t       *testing.T
	args    []string
	process *serveproc.Process
	log     bytes.Buffer
	// Address is the address on which the server takes calls.
	Address string
}

// Start starts a server with further arguments. The server ends with the test.
func Start(t *testing.T, args ...string) *Server {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Address: address, args: append(arguments(address, pgtest.New(t).AppURL), args...)}
	s.Restart()
	t.Cleanup(func() {
		ending, cancel := context.WithTimeout(context.Background(), stopLimit)
		defer cancel()
		if err := s.process.Stop(ending); err != nil {
			t.Errorf("%v: %s", err, s.log.String())
		}
	})
	return s
}

// Restart starts the server after Kill.
func (s *Server) Restart() {
	s.t.Helper()
	var err error
	if s.process, err = serveproc.Start(s.t.Context(), serveproc.Config{Binary: binary, Args: s.args, Log: &s.log}); err != nil {
		s.t.Fatalf("%v: %s", err, s.log.String())
	}
}

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() {
	s.t.Helper()
	if err := s.process.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

// arguments are those of a sandbox that believes its callers.
func arguments(address, databaseURL string) []string {
	return []string{
		"--sandbox", "--insecure-loopback", "--listen", address, "--ops-listen", "none",
		"--database-url", databaseURL, "--log-level", "error",
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
