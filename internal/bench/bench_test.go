package bench_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/bench"
)

// tiny is a plan that runs every part and measures nothing of worth.
func tiny() bench.Plan {
	p := bench.QuickPlan()
	p.Callers, p.Connections, p.Merchants, p.InFlight = 16, 2, 8, 32
	p.Ramp, p.Window = 100*time.Millisecond, 500*time.Millisecond
	p.Accepts, p.AcceptsOfOne = 200, 64
	p.Soak, p.Slice = time.Second, 250*time.Millisecond
	p.ReadWindow, p.ReadsPerSecond = 500*time.Millisecond, 100
	p.Watchers, p.IdleStreams, p.IdleConnections = 12, 100, 2
	p.PgbenchClients, p.PgbenchTime = []int{1, 2}, time.Second
	return p
}

// Would catch a run that fails against the real server, leaves a workload or a
// target out, or leaves its database behind.
func TestRunMeasuresEveryPart(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "tenfold")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", binary, "../../cmd/tenfold").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// The database's account must be able to enter, which t.TempDir forbids.
	dir, err := os.MkdirTemp("", "tenfold-bench-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	percent := -1
	report, err := bench.Run(t.Context(), bench.Config{
		Plan: tiny(), Binary: binary, Dir: dir, Now: time.Now,
		Progress: func(doing string, p int) {
			if p < percent || p > 100 {
				t.Errorf("%s: %d %% after %d %%", doing, p, percent)
			}
			percent = p
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"W1", "W2", "W3", "ones", "W4", "W5", "W4/2", "W6", "W7"} {
		w, ok := report.Find(id)
		if !ok || w.Operations == 0 || w.PerSecond <= 0 || w.P50Millis <= 0 || w.P99Millis < w.P50Millis || w.MaxMillis < w.P99Millis {
			t.Errorf("%s: %+v", id, w)
		}
	}
	if report.Pgbench.Scale < 2*report.Pgbench.Best.Clients || len(report.Pgbench.Runs) != 2 {
		t.Errorf("pgbench: %+v", report.Pgbench)
	}
	for _, target := range report.Targets {
		if soak := target.Name == "last minute / second minute of W4"; target.Known == soak {
			t.Errorf("%s: known %v", target.Name, target.Known)
		}
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Would catch a plan that cannot be measured and fails only after minutes.
func TestPlansAreChecked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*bench.Plan){
		"no callers":          func(p *bench.Plan) { p.Callers = 0 },
		"too few claims":      func(p *bench.Plan) { p.Accepts = p.Callers },
		"a soak of one slice": func(p *bench.Plan) { p.Soak = p.Slice },
		"no clients":          func(p *bench.Plan) { p.PgbenchClients = nil },
		"no window":           func(p *bench.Plan) { p.Window = 0 },
		"no lanes":            func(p *bench.Plan) { p.Lanes = 0 },
	} {
		c := bench.Config{Plan: bench.FullPlan()}
		spoil(&c.Plan)
		if c.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, p := range []bench.Plan{bench.FullPlan(), bench.QuickPlan(), tiny()} {
		c := bench.Config{Plan: p}
		if err := c.Check(); err != nil {
			t.Errorf("refused %+v: %v", p, err)
		}
	}
}
