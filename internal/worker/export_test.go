package worker

import (
	"context"
	"errors"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Sweep takes one step of the loop of that name.
func (w *Worker) Sweep(ctx context.Context) error { return w.sweep(ctx) }

// Steps is how often Run has looked for payouts that are due.
func (w *Worker) Steps() int64 { return w.steps.Load() }

// Breaker is the breaker alone.
type Breaker struct{ *breaker }

// NewBreaker makes a breaker.
func NewBreaker(c *Config) Breaker { return Breaker{newBreaker(c)} }

// Permit is what the breaker gives.
type Permit struct{ permit }

// Admit asks for a permit.
func (b Breaker) Admit() (Permit, bool) { p, ok := b.admit(); return Permit{p}, ok }

// Rested ends the pause.
func (b Breaker) Rested() { b.rested() }

// State and Pause are what the breaker is in, and how long its next pause is.
func (b Breaker) State() BreakerState  { return b.now() }
func (b Breaker) Pause() time.Duration { return b.pause }

// Told and End take in what became of a permit.
func (p Permit) Told(answered bool) { p.told(answered) }
func (p Permit) End()               { p.end() }

// TakeSnapshots takes one step of each loop that keeps sums of transfers.
func (w *Worker) TakeSnapshots(ctx context.Context) error {
	return errors.Join(w.takeSnapshots(ctx), w.sumPeriods(ctx))
}

// The places in a step of a job.
const (
	JobTaken     = string(jobTaken)
	JobListed    = string(jobListed)
	JobCommanded = string(jobCommanded)
	JobKept      = string(jobKept)
)

// AtJob has f called between the parts of a step of a job.
func (w *Worker) AtJob(f func(place string)) { w.atJob = func(p jobPlace) { f(string(p)) } }

// DrawRetest draws a body for a claim as it was seen.
func (w *Worker) DrawRetest(ctx context.Context, due *postgres.RetestDue) error {
	return w.drawRetest(ctx, due)
}
