package bench

import (
	"os"
	"testing"
	"time"
)

// Would catch a measurement of a comparison that finds nothing, or does not read its own bill.
func TestReconcileFindsWhatItPlanted(t *testing.T) {
	t.Parallel()
	clock := time.Unix(0, 0)
	r, err := Reconcile(t.TempDir(), 2_500, func() time.Time { clock = clock.Add(time.Second); return clock })
	if err != nil || r.Breaks != 3 || r.Lines != 2_500 || r.ReadSeconds != 1 || r.MatchSeconds != 1 || r.HeapBytes == 0 || r.FileBytes == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Would catch an import or a comparison through a database that loses lines, matches or breaks on
// the way, and a measurement that forgets a part.
func TestReconcileThroughADatabase(t *testing.T) {
	t.Parallel()
	r, err := ReconcileStored(t.Context(), StoredConfig{Lines: 6_500, Dir: openDir(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if r.Breaks != 7 || r.Matches != 6_500 || r.FileBytes == 0 || r.HeapBytes == 0 || r.SendSeconds <= 0 || r.ReadSeconds <= 0 || r.CompareSeconds <= 0 {
		t.Errorf("%+v", r)
	}
}

// openDir is a temporary directory that the database's account can enter, which t.TempDir forbids.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tenfold-bench-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
