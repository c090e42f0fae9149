package engine

import (
	"context"
	"sync"
	"time"
)

const (
	// errandMax is how long an errand may take: a file of two million lines takes a tenth of it.
	errandMax = 15 * time.Minute
	// errandsKept is how many outcomes wait for the call that asks for them.
	errandsKept = 64
)

// errands carry out what may take longer than a call. An errand goes on when the call that began it
// ends; the next call with its key gets the outcome. One errand runs at a time, because each may
// need a few hundred megabytes.
type errands struct {
	mu      sync.Mutex
	running map[string]*errand
	turn    chan struct{}
}

type errand struct {
	done    chan struct{}
	outcome any
	err     error
}

func newErrands() *errands {
	return &errands{running: make(map[string]*errand), turn: make(chan struct{}, 1)}
}

// do carries out an errand, or waits for the one with the same key. It says whether the errand has
// finished before the call ended.
func (e *errands) do(ctx context.Context, key string, f func(context.Context) (any, error)) (outcome any, finished bool, err error) {
	e.mu.Lock()
	x := e.running[key]
	if x == nil {
		e.forget()
		x = &errand{done: make(chan struct{})}
		e.running[key] = x
		go e.run(context.WithoutCancel(ctx), x, f)
	}
	e.mu.Unlock()
	// The answer has to reach the caller before its deadline.
	wait := ctx
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		wait, cancel = context.WithDeadline(ctx, deadline.Add(-time.Second))
		defer cancel()
	}
	select {
	case <-wait.Done():
		return nil, false, nil
	case <-x.done:
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running[key] == x {
		delete(e.running, key)
	}
	return x.outcome, true, x.err
}

func (e *errands) run(ctx context.Context, x *errand, f func(context.Context) (any, error)) {
	ctx, cancel := context.WithTimeout(ctx, errandMax)
	defer cancel()
	defer close(x.done)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
		x.outcome, x.err = f(ctx)
	case <-ctx.Done():
		x.err = ctx.Err()
	}
}

// forget makes room where too many outcomes wait: those that nobody has asked for go.
func (e *errands) forget() {
	for key, x := range e.running {
		if len(e.running) < errandsKept {
			return
		}
		select {
		case <-x.done:
			delete(e.running, key)
		default:
		}
	}
}
