package main

import (
	"testing"
	"time"
)

// Would catch a lane that waits and is called ready, one that gets on and is called stuck,
// and one that has nothing to do.
func TestALaneThatWaitsIsStuck(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	g := laneProgress{max: 10 * time.Second}
	for _, step := range []struct {
		after time.Duration
		turns []int64
		stuck bool
	}{
		{0, []int64{0, 7}, false},
		{9 * time.Second, []int64{0, 7}, false},
		{time.Second, []int64{0, 7}, true},
		{time.Second, []int64{0, 8}, false},
		{time.Minute, []int64{0, 9}, false},
		{time.Minute, []int64{0, 0}, false},
		{time.Minute, []int64{3, 0}, false},
		{10 * time.Second, []int64{3, 1}, true},
	} {
		at = at.Add(step.after)
		if err := g.stuck(step.turns, at); (err != nil) != step.stuck {
			t.Errorf("at %s with %v: %v", at.Format(time.TimeOnly), step.turns, err)
		}
	}
}
