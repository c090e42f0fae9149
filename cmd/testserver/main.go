// Command testserver runs a throwaway PostgreSQL until it is interrupted, for tests
// to share and to leave their databases on. It is a tool of those who work on
// Tenfold, and no part of what is deployed.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testserver:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and tells how to use the server.
func run(ctx context.Context, out io.Writer) error {
	server, err := pgtest.StartServer(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `PostgreSQL %s runs until this command is interrupted; then its databases are gone.
In another shell:

export TEST_DATABASE_URL='%s'
make test-one PKG=./internal/… RUN=Test… KEEP=1
%s "$TEST_DATABASE_URL"
`, server.Version(), server.AdminURL(), filepath.Join(server.BinDir(), "psql"))
	if err == nil {
		<-ctx.Done()
	}
	if stopErr := server.Stop(context.Background()); err == nil {
		err = stopErr
	}
	return err
}
