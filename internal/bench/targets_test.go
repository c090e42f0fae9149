package bench

import (
	"testing"
	"time"
)

// met is a run that meets every target narrowly.
func met() *Report {
	return &Report{
		Pgbench: Pgbench{Best: PgbenchRun{PerSecond: 1000}},
		Workloads: []Workload{
			{ID: "W2", PerSecond: 1600}, {ID: "W3", PerSecond: 2000}, {ID: "ones", PerSecond: 160},
			{ID: "W4", PerSecond: 350}, {ID: "W5", Operations: 1, P99Millis: 25},
			{ID: "W6", Operations: 1, P99Millis: 250}, {ID: "W7", ServerPeakBytes: 500 << 20},
		},
		ServerPeakBytes: 200 << 20,
		Soak:            Soak{Kept: 0.9},
	}
}

// find gives a target by its name.
func find(t *testing.T, r *Report, name string) Target {
	t.Helper()
	for _, target := range targets(r) {
		if target.Name == name {
			return target
		}
	}
	t.Fatalf("there is no target %q", name)
	return Target{}
}

// Would catch a target held against the wrong figure, a bound on the wrong side,
// and a target that no figure can miss.
func TestTargetsTurnOnTheirOwnFigure(t *testing.T) {
	t.Parallel()
	for _, target := range targets(met()) {
		if !target.Known || !target.Met {
			t.Errorf("%s is %v of %v in a run that meets it", target.Name, target.Measured, target.Required)
		}
	}
	for name, spoil := range map[string]func(*Report){
		"W2 / batches of one":               func(r *Report) { r.Workloads[2].PerSecond *= 1.01 },
		"W2 / W3":                           func(r *Report) { r.Workloads[1].PerSecond *= 1.01 },
		"W4 / pgbench TPC-B":                func(r *Report) { r.Workloads[3].PerSecond *= 0.99 },
		"W5 p99":                            func(r *Report) { r.Workloads[4].P99Millis = 25.1 },
		"W6 p99":                            func(r *Report) { r.Workloads[5].P99Millis = 250.1 },
		"W7 server memory":                  func(r *Report) { r.Workloads[6].ServerPeakBytes++ },
		"server memory":                     func(r *Report) { r.ServerPeakBytes++ },
		"last minute / second minute of W4": func(r *Report) { r.Soak.Kept = 0.89 },
	} {
		r := met()
		spoil(r)
		for _, target := range targets(r) {
			if target.Met == (target.Name == name) {
				t.Errorf("with %s spoiled, %s is met: %v", name, target.Name, target.Met)
			}
		}
		r.Targets = targets(r)
		if !r.Missed() {
			t.Errorf("with %s spoiled, nothing was missed", name)
		}
	}
	r := met()
	r.Pgbench.Best.PerSecond *= 1.01
	if find(t, r, "W2 / pgbench TPC-B").Met {
		t.Error("a faster pgbench is not held against W2")
	}
}

// Would catch a target that counts as met, or as missed, although the run could
// not tell.
func TestTargetsThatAreNotKnown(t *testing.T) {
	t.Parallel()
	r := &Report{}
	r.Targets = targets(r)
	for _, target := range r.Targets {
		if target.Known || target.Met {
			t.Errorf("%s of an empty run: known %v, met %v", target.Name, target.Known, target.Met)
		}
	}
	if r.Missed() {
		t.Error("an empty run missed a target")
	}
}

// Would catch a decay that is judged by the warm first minute, or by a soak that
// is too short to have a second and a last minute.
func TestSoakKept(t *testing.T) {
	t.Parallel()
	p := Plan{Slice: 15 * time.Second}
	for _, c := range []struct {
		name   string
		course []float64
		want   float64
	}{
		{"steady after a slow first minute", []float64{1, 2, 3, 4, 100, 100, 100, 100, 100, 100, 100, 100}, 1},
		{"half of it lost", []float64{1, 2, 3, 4, 100, 110, 90, 100, 70, 50, 50, 50, 50}, 0.5},
		{"too short to tell", []float64{100, 100, 100, 100, 100, 100, 100, 100, 50, 50, 50}, 0},
		{"nothing", nil, 0},
	} {
		if got := newSoak(p, c.course).Kept; got != c.want {
			t.Errorf("%s: kept %v, want %v", c.name, got, c.want)
		}
	}
}
