package engine

import (
	"context"
	"sync"
	"time"
)

const (
	// jobMax is how long a job may take: a file of two million lines takes a tenth of it.
	jobMax = 15 * time.Minute
	// jobsKept is how many outcomes wait for the call that asks for them.
	jobsKept = 64
)

// jobs carry out what may take longer than a call. A job goes on when the call that began it
// ends; the next call with its key gets the outcome. One job runs at a time, because each may
// need a few hundred megabytes.
type jobs struct {
	mu      sync.Mutex
	running map[string]*job
	turn    chan struct{}
}

type job struct {
	done    chan struct{}
	outcome any
	err     error
}

func newJobs() *jobs { return &jobs{running: make(map[string]*job), turn: make(chan struct{}, 1)} }

// do carries out a job, or waits for the one with the same key. It says whether the job has
// finished before the call ended.
func (j *jobs) do(ctx context.Context, key string, f func(context.Context) (any, error)) (outcome any, finished bool, err error) {
	j.mu.Lock()
	x := j.running[key]
	if x == nil {
		j.forget()
		x = &job{done: make(chan struct{})}
		j.running[key] = x
		go j.run(context.WithoutCancel(ctx), x, f)
	}
	j.mu.Unlock()
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
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running[key] == x {
		delete(j.running, key)
	}
	return x.outcome, true, x.err
}

func (j *jobs) run(ctx context.Context, x *job, f func(context.Context) (any, error)) {
	ctx, cancel := context.WithTimeout(ctx, jobMax)
	defer cancel()
	defer close(x.done)
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
		x.outcome, x.err = f(ctx)
	case <-ctx.Done():
		x.err = ctx.Err()
	}
}

// forget makes room where too many outcomes wait: those that nobody has asked for go.
func (j *jobs) forget() {
	for key, x := range j.running {
		if len(j.running) < jobsKept {
			return
		}
		select {
		case <-x.done:
			delete(j.running, key)
		default:
		}
	}
}
