package bench

import "time"

// Target is one promise about performance, with its measured value.
type Target struct {
	Name     string  `json:"name"`
	Measured float64 `json:"measured"`
	Required float64 `json:"required"`
	// AtMost says that a smaller value is better; otherwise a larger value is
	// better.
	AtMost bool   `json:"atMost"`
	Unit   string `json:"unit,omitempty"`
	// Known is false if the run did not measure the value.
	Known bool `json:"known"`
	Met   bool `json:"met"`
}

// The targets apply to a machine with two cores that runs client, server and
// database together. Ratios to pgbench make the targets comparable between disks.
const (
	acceptsPerPgbench = 1.6
	acceptsPerOne     = 10
	hotPerSpread      = 0.8
	livesPerPgbench   = 0.35
	readP99Millis     = 25
	serverMebibytes   = 200
	soakKept          = 0.9
	watchP99Millis    = 250
	watchMebibytes    = 500
)

// targets judges a run.
func targets(r *Report) []Target {
	rate := func(id string) float64 {
		w, _ := r.Find(id)
		return w.PerSecond
	}
	read, readKnown := r.Find("W5")
	watched, watchKnown := r.Find("W6")
	idle, idleKnown := r.Find("W7")
	return []Target{
		atLeast("W2 / pgbench TPC-B", ratio(rate("W2"), r.Pgbench.Best.PerSecond), acceptsPerPgbench),
		atLeast("W2 / batches of one", ratio(rate("W2"), rate("ones")), acceptsPerOne),
		atLeast("W2 / W3", ratio(rate("W2"), rate("W3")), hotPerSpread),
		atLeast("W4 / pgbench TPC-B", ratio(rate("W4"), r.Pgbench.Best.PerSecond), livesPerPgbench),
		atMost("W5 p99", read.P99Millis, readP99Millis, "ms", readKnown && read.Operations > 0),
		atMost("server memory", float64(r.ServerPeakBytes)/(1<<20), serverMebibytes, "MiB", r.ServerPeakBytes > 0),
		atMost("W6 p99", watched.P99Millis, watchP99Millis, "ms", watchKnown && watched.Operations > 0),
		atMost("W7 server memory", float64(idle.ServerPeakBytes)/(1<<20), watchMebibytes, "MiB", idleKnown && idle.ServerPeakBytes > 0),
		atLeast("last minute / second minute of W4", r.Soak.Kept, soakKept),
	}
}

// Missed says whether a target was missed. A target that was not measured was not
// missed.
func (r *Report) Missed() bool {
	for _, t := range r.Targets {
		if t.Known && !t.Met {
			return true
		}
	}
	return false
}

// atLeast judges a ratio; zero means that it was not measured.
func atLeast(name string, measured, required float64) Target {
	return Target{Name: name, Measured: measured, Required: required, Known: measured > 0, Met: measured >= required}
}

func atMost(name string, measured, required float64, unit string, known bool) Target {
	return Target{Name: name, Measured: measured, Required: required, AtMost: true, Unit: unit, Known: known, Met: known && measured <= required}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// newSoak judges the rate of W4 over time: the share of the second minute's
// throughput that remained in the last minute. The first minute fills caches and
// plans. A soak of less than three minutes cannot tell.
func newSoak(p Plan, course []float64) Soak {
	s := Soak{SliceSeconds: p.Slice.Seconds(), PerSecond: course}
	minute := int(time.Minute / p.Slice)
	const minutes = 3
	if minute > 0 && len(course) >= minutes*minute {
		s.Kept = ratio(mean(course[len(course)-minute:]), mean(course[minute:2*minute]))
	}
	return s
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return ratio(sum, float64(len(values)))
}
