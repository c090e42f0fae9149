package engine

import (
	"context"
	"iter"
	"time"
)

// Observer receives reports on how the pipeline is doing. Its functions must not
// block, and several lanes call them at once.
type Observer struct {
	// Clock measures how long things take. A sandbox moves the engine's own clock,
	// not this one.
	Clock Clock
	// Batch receives each batch that changed a book, after its commit and before its
	// callers are answered.
	Batch func(Batch)
	// Stale is called whenever a batch must be decided afresh because another replica
	// has changed one of its books.
	Stale func()
}

// Batch is an observer's report on a batch.
type Batch struct {
	Commands int
	// Began is when the database received the batch, Took how long it worked on it.
	Began time.Time
	Took  time.Duration
	// Locked says that the books were locked first, so that the database also had the
	// batch while it was read and decided.
	Locked bool

	calls []*call
}

// Contexts gives the context of each command's caller. They are not to be kept.
func (b *Batch) Contexts() iter.Seq[context.Context] {
	return func(yield func(context.Context) bool) {
		for _, c := range b.calls {
			if !yield(c.ctx) {
				return
			}
		}
	}
}

// Queues gives how many commands wait in each lane.
func (e *Engine) Queues() iter.Seq2[int, int] {
	return func(yield func(lane, waiting int) bool) {
		for i, l := range e.lanes {
			if !yield(i, l.queue.waiting()) {
				return
			}
		}
	}
}

// Turns gives for each lane which batch it is with, by number; zero while it has none. A lane
// that is with one batch for long waits for the database.
func (e *Engine) Turns() []int64 {
	turns := make([]int64, len(e.lanes))
	for i, l := range e.lanes {
		if l.busy.Load() {
			turns[i] = l.turn.Load()
		}
	}
	return turns
}

// QueueMax is the most commands that may wait in a lane.
func (e *Engine) QueueMax() int { return e.config.QueueMax }

// stopwatch measures how long the database has a batch.
type stopwatch struct {
	began time.Time
	took  time.Duration
}

// start does nothing while nobody observes.
func (s *stopwatch) start(e *Engine) {
	if o := e.hooks.Observer; o != nil {
		s.began = o.Clock()
	}
}

func (s *stopwatch) stop(e *Engine) {
	if o := e.hooks.Observer; o != nil && !s.began.IsZero() {
		s.took = o.Clock().Sub(s.began)
	}
}

// observed tells of a batch that was committed.
func (l *lane) observed(calls []*call, locked bool) {
	if o := l.engine.hooks.Observer; o != nil && !l.watch.began.IsZero() {
		o.Batch(Batch{Commands: len(calls), Began: l.watch.began, Took: l.watch.took, Locked: locked, calls: calls})
	}
}

// stale tells of a batch that has to be decided afresh.
func (e *Engine) stale() {
	if o := e.hooks.Observer; o != nil {
		o.Stale()
	}
}
