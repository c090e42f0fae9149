package bench

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
)

// Would catch a killed run whose database stays for ever, and a sweep that takes
// the database of a run under way.
func TestSweepRemovesOnlyWhatNobodyHolds(t *testing.T) {
	t.Parallel()
	// The database's account must be able to enter, which t.TempDir forbids.
	parent, err := os.MkdirTemp("", "tenfold-bench-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	start := func(name string) (dir string, server *embedpg.Server) {
		dir = filepath.Join(parent, dirPrefix+name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		server, err := embedpg.Start(t.Context(), embedpg.Config{DataDir: filepath.Join(dir, "data"), Durable: true})
		if err != nil {
			t.Fatal(err)
		}
		return dir, server
	}
	left, ended := start("left")
	if err := ended.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	held, holder := start("held")
	t.Cleanup(func() {
		if err := holder.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	sweep(t.Context(), parent)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what nobody holds is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(held, "data", "pgdata")); err != nil {
		t.Errorf("what a run holds is gone: %v", err)
	}
}
