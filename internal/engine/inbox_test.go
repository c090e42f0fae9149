package engine

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch an item that a queue takes over behind the back of a reader that has
// found it shut and empty: its sender would wait for ever.
func TestInboxHandsOverAllThatItTook(t *testing.T) {
	t.Parallel()
	const rounds, senders = 3_000, 4
	for range rounds {
		b := newInbox[int](1 << 10)
		var sending sync.WaitGroup
		var begun, took atomic.Int64
		for range senders {
			sending.Go(func() {
				for begun.Add(1); ; runtime.Gosched() {
					err := b.put(1)
					if err != nil && errors.Is(err, fault.DatabaseUnavailable) {
						return
					}
					if err == nil {
						took.Add(1)
					}
				}
			})
		}
		read := make(chan int64)
		go func() {
			n := int64(0)
			for _, more := b.next(); more; _, more = b.next() {
				n++
			}
			read <- n
		}()
		for begun.Load() < senders {
			runtime.Gosched()
		}
		b.shut()
		got := <-read
		sending.Wait()
		if want := took.Load(); got != want {
			t.Fatalf("%d items were taken over, and %d read", want, got)
		}
	}
}

// Would catch an item that its reader puts back into a queue that is shut, and loses, and
// a full queue that takes more.
func TestInboxOfItsReader(t *testing.T) {
	t.Parallel()
	b := newInbox[int](2)
	for n := range 2 {
		if err := b.put(n); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.put(2); !errors.Is(err, fault.QueueFull) || b.putBack(2) {
		t.Errorf("a third item in a queue of two: %v", err)
	}
	b.shut()
	first, _ := b.next()
	if !b.putBack(first) || b.waiting() != 2 {
		t.Errorf("%d items wait after one was put back", b.waiting())
	}
	for _, want := range []int{1, 0} {
		if got, more := b.next(); got != want || !more {
			t.Errorf("read %d, %v, not %d", got, more, want)
		}
	}
	if _, more := b.next(); more {
		t.Error("a queue that is shut and empty gives more")
	}
}
