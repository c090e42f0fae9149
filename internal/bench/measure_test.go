package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// Would catch items that are run twice or left out.
func TestForAllRunsEveryItemOnce(t *testing.T) {
	t.Parallel()
	const n, callers = 1000, 16
	var ran [n]atomic.Int64
	err := forAll(t.Context(), callers, n, nil, func(_ context.Context, _, item int) error {
		ran[item].Add(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range ran {
		if got := ran[i].Load(); got != 1 {
			t.Fatalf("item %d ran %d times", i, got)
		}
	}
}

// Would catch an error of one caller that is swallowed, or that leaves the
// others running.
func TestForAllEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	err := forAll(t.Context(), 4, 1000, nil, func(ctx context.Context, _, item int) error {
		if item == 10 {
			return broken
		}
		if item > 10 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}

// Would catch a pacer that hurries after a pause or drifts: the n-th moment is
// the same whoever takes it and however late.
func TestPacerKeepsItsRate(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	now := start
	p := newPacer(func() time.Time { return now }, 500)
	now = start.Add(time.Hour) // Late for every moment that follows: none is waited for.
	for want := range 1000 {
		due, n, err := p.turn(t.Context())
		if err != nil || n != want || due.Sub(start) != time.Duration(want)*2*time.Millisecond {
			t.Fatalf("moment %d: number %d at %v, %v", want, n, due.Sub(start), err)
		}
	}
}
