package bench

import (
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
