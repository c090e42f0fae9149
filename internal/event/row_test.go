package event_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
)

// Would catch a later column that changes the digest of a row without it, so that the audit
// calls every row of before changed; and two later columns that can be taken for each other.
func TestLaterColumnsLeaveEarlierDigests(t *testing.T) {
	t.Parallel()
	digest := func(add func(*event.RowForm)) event.Hash {
		f := event.NewRowForm()
		f.Texts("before")
		add(f)
		return f.Digest()
	}
	without := digest(func(*event.RowForm) {})
	if digest(func(f *event.RowForm) { f.LaterTime("changed_at", time.Time{}); f.Later("labels", "") }) != without {
		t.Error("later columns without a value have changed the digest")
	}
	seen := map[event.Hash]string{without: "none"}
	for name, add := range map[string]func(*event.RowForm){
		"labels":    func(f *event.RowForm) { f.Later("labels", "x") },
		"reference": func(f *event.RowForm) { f.Later("external_reference", "x") },
		"both":      func(f *event.RowForm) { f.Later("labels", "x"); f.Later("external_reference", "x") },
		"time":      func(f *event.RowForm) { f.LaterTime("changed_at", time.UnixMicro(7)) },
	} {
		d := digest(add)
		if seen[d] != "" {
			t.Errorf("%s has the digest of %s", name, seen[d])
		}
		seen[d] = name
	}
	if digest(func(f *event.RowForm) { f.LaterTime("changed_at", time.UnixMicro(7)) }) != digest(func(f *event.RowForm) { f.Later("changed_at", "7") }) {
		t.Error("a later time is not written as the audit reads it, in microseconds")
	}
}
