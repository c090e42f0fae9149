package soak

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// poolMax is the largest number of connections of a replica.
const poolMax = 24

// replica holds the parts of one server process.
type replica struct {
	wire   *wire
	db     *postgres.DB
	engine *engine.Engine
	worker *worker.Worker
	end    context.CancelFunc
	works  sync.WaitGroup
	// calls keeps the engine open while it is called.
	calls sync.RWMutex
	over  bool
}

func (s *soak) startReplica(ctx context.Context) (_ *replica, err error) {
	r := new(replica)
	if r.wire, err = layWire(s.DatabaseURL); err != nil {
		return nil, err
	}
	if r.db, err = postgres.Open(r.wire.URL(), poolMax); err != nil {
		return nil, errors.Join(err, r.wire.Cut())
	}
	config := worker.Defaults()
	// The clock runs fast, so the worker looks for work often.
	config.Senders, config.Pause, config.PauseMax = 32, 50*time.Millisecond, time.Second
	if s.jobItems > 0 {
		config.JobItems = s.jobItems
	}
	hints := worker.NewHints(config.HintsMax)
	lanes := engine.Defaults()
	lanes.PoliciesAtOnce = true // The policies of the soak were in force before it begins.
	if r.engine, err = engine.New(ctx, r.db, s.clock.now, lanes, engine.Hooks{Payouts: hints.Tell}, s.Log); err != nil {
		return nil, errors.Join(err, r.db.Close(), r.wire.Cut())
	}
	r.worker = worker.New(r.db, r.engine, s.gateway.client, hints, config, s.Log)
	work, end := context.WithCancel(context.WithoutCancel(ctx))
	r.end = end
	r.works.Go(func() { r.worker.Run(work) })
	return r, nil
}

// stop stops a replica at once. Its wire is cut first, so the outcome of its
// running transactions is unknown.
func (r *replica) stop() error {
	err := r.wire.Cut()
	r.end()
	r.works.Wait()
	r.calls.Lock()
	r.over = true
	r.calls.Unlock()
	r.engine.Close()
	_ = r.db.Close() // Its error says only that the connections are cut.
	return err
}

// call calls the engine, unless the replica has stopped.
func (r *replica) call(f func(*engine.Engine) error) error {
	r.calls.RLock()
	defer r.calls.RUnlock()
	if r.over {
		return engine.Unavailable()
	}
	return f(r.engine)
}

// restartNowAndThen cuts off replicas, spread over the commands, and starts new
// replicas in their place.
func (s *soak) restartNowAndThen(ctx context.Context, over <-chan struct{}) (restarts int, err error) {
	random := rand.New(rand.NewPCG(s.Seed, 1))
	every := max(1, s.Commands/int64(s.Restarts+1))
	for restarts < s.Restarts {
		if done, err := pause(ctx, over); done || err != nil {
			return restarts, err
		}
		if s.answered.Load() < every*int64(restarts+1) {
			continue
		}
		fresh, err := s.startReplica(ctx)
		if err != nil {
			return restarts, err
		}
		restarts++
		if err := s.replicas[random.IntN(len(s.replicas))].Swap(fresh).stop(); err != nil {
			return restarts, err
		}
	}
	return restarts, nil
}

// pause waits a moment; done says that the soak is over.
func pause(ctx context.Context, over <-chan struct{}) (done bool, err error) {
	const moment = 10 * time.Millisecond
	t := time.NewTimer(moment)
	defer t.Stop()
	select {
	case <-t.C:
		return false, nil
	case <-over:
		return true, nil
	case <-ctx.Done():
		return true, context.Cause(ctx)
	}
}
