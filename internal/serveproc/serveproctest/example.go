package serveproctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// endSandbox ends what Sandbox has started.
var endSandbox = func() error { return nil }

// Sandbox is the address of a sandbox that all examples of a package call; Main ends
// it. Its clock begins on 2026-03-02 at 09:00 UTC. It panics where there is none to
// be had, for an example cannot fail.
var Sandbox = sync.OnceValue(func() string {
	ctx := context.Background()
	db, drop, err := pgtest.Make(ctx)
	if err != nil {
		panic(err)
	}
	address, err := freeAddress()
	if err != nil {
		panic(err)
	}
	process, err := serveproc.Start(ctx, serveproc.Config{Binary: binary, Log: os.Stderr, Args: append(
		arguments(address, db.AppURL), "--sandbox-start", "2026-03-02T09:00:00Z",
	)})
	if err != nil {
		panic(err)
	}
	endSandbox = func() error {
		ending, cancel := context.WithTimeout(ctx, stopLimit)
		defer cancel()
		return errors.Join(process.Stop(ending), drop(ctx))
	}
	return address
})

// endAfter ends the sandbox and gives the exit code of a test run.
func endAfter(code int) int {
	if err := endSandbox(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}
