package engine

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Would catch an errand that ends with the call that began it, one that is begun twice, an outcome
// that nobody gets, and one that is handed out for ever.
func TestErrandsGoOn(t *testing.T) {
	t.Parallel()
	j, release, begun := newErrands(), make(chan struct{}), make(chan int, 4)
	n := 0
	slow := func(ctx context.Context) (any, error) {
		n++
		begun <- n
		<-release
		return "done", ctx.Err()
	}
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if _, finished, err := j.do(short, "a", slow); finished || err != nil {
		t.Fatalf("an errand that waits has finished: %v", err)
	}
	<-begun
	// A call whose deadline is near does not wait for it.
	near, end := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer end()
	if _, finished, _ := j.do(near, "a", slow); finished {
		t.Fatal("an errand that waits has finished")
	}
	close(release)
	got, finished, err := j.do(t.Context(), "a", slow)
	if !finished || got != "done" || err != nil || n != 1 {
		t.Fatalf("%v, %t, %v after %d runs", got, finished, err, n)
	}
	if _, finished, err := j.do(t.Context(), "a", func(context.Context) (any, error) { return nil, errors.New("again") }); !finished || err == nil {
		t.Fatalf("an outcome is handed out twice: %v", err)
	}
	// Outcomes that nobody asks for make room.
	for i := range 2 * errandsKept {
		_, _, _ = j.do(t.Context(), string(rune('A'+i)), func(context.Context) (any, error) { return i, nil })
		_, _, _ = j.do(short, string(rune('A'+i)), func(context.Context) (any, error) { return i, nil })
		<-j.running[string(rune('A'+i))].done // Nobody else works on them now.
	}
	if kept := len(j.running); kept > errandsKept {
		t.Errorf("%d outcomes are kept", kept)
	}
}
