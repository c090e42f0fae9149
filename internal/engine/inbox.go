package engine

import (
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// inbox is a bounded queue that one goroutine reads until the queue is shut and empty.
// Whatever put takes over is read: put and shut exclude each other, so nothing can slip
// in behind a reader that has gone.
type inbox[T any] struct {
	items chan T
	ended chan struct{} // Closed by shut.
	mu    sync.RWMutex  // Held for writing while shut ends the queue.
}

func newInbox[T any](most int) *inbox[T] {
	return &inbox[T]{items: make(chan T, most), ended: make(chan struct{})}
}

// put takes an item over, or refuses it: the queue is full, or shut.
func (b *inbox[T]) put(item T) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	select {
	case <-b.ended:
		return stopping()
	default:
	}
	if !b.putBack(item) {
		return queueFull(cap(b.items))
	}
	return nil
}

// putBack takes over an item from the reader itself, which is still there to read it
// after the queue is shut. It is false if the queue is full.
func (b *inbox[T]) putBack(item T) bool {
	select {
	case b.items <- item:
		return true
	default:
		return false
	}
}

// next waits for an item. It is false once the queue is shut and empty.
func (b *inbox[T]) next() (T, bool) {
	select {
	case item := <-b.items:
		return item, true
	case <-b.ended:
		return b.poll()
	}
}

// poll takes an item that waits, if any does.
func (b *inbox[T]) poll() (item T, found bool) {
	select {
	case item = <-b.items:
		return item, true
	default:
		return item, false
	}
}

func (b *inbox[T]) waiting() int { return len(b.items) }

// shut has put refuse everything from now on.
func (b *inbox[T]) shut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ended)
}

// stopping is the refusal of an engine that is closed.
func stopping() error {
	return fault.New(fault.DatabaseUnavailable, "the server is shutting down; send the same request again").After(time.Second)
}
