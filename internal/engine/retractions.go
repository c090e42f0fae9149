package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// previewPage is how many results a preview reads at once.
const previewPage = 2000

// errEnough ends a preview that has counted as much as it may.
var errEnough = errors.New("enough was counted")

// RetractResults begins a job that takes results of a body back, over all merchants, and
// weighs every claim anew. It waits for a second person where money has been paid on many of
// the claims. Refuses with PERSON_REQUIRED, AUTHENTICATOR_NOT_FOUND, with
// AUTHENTICATOR_NOT_SUSPENDED if a suspension is told as the cause of a body that counts, and
// with RETRACTION_EMPTY if no result that counts is selected.
func (e *Engine) RetractResults(ctx context.Context, h request.Header, a *job.Arguments) (j job.Job, replayed bool, err error) {
	if h.Principal.Person == "" {
		return j, false, fault.New(fault.PersonRequired, "results of a body must be taken back by a person, but the call names no person")
	}
	content := retractions{*a}
	if before, found, err := e.db.Reader().Request(ctx, h.Key()); err != nil || found {
		if err == nil {
			err = before.Replay(request.DigestOf(content))
		}
		if err == nil {
			j, err = e.Job(ctx, strings.TrimPrefix(before.Name, jobCollection))
		}
		return j, true, outsideErr(err)
	}
	body, err := e.Authenticator(ctx, a.AuthenticatorID)
	if err != nil {
		return j, false, err
	}
	if a.Cause == claim.CauseSuspended && body.Suspended.At.IsZero() {
		return j, false, fault.New(fault.AuthenticatorNotSuspended,
			"authenticator %s is not suspended: suspend it first, so that it records nothing while its results are taken back", body.ID).
			With("authenticatorId", body.ID).At("cause")
	}
	j, err = e.newRetraction(ctx, &h, a)
	if err != nil {
		return j, false, outsideErr(err)
	}
	var stored request.Found
	replayed, err = e.once(h, content, func(r request.Once) (replayed bool, err error) {
		r.Name = jobCollection + j.ID
		stored, replayed, err = e.db.CreateJob(ctx, r, &j, func() error {
			if j.Preview.Claims == 0 && !j.Preview.AtLeast {
				return fault.New(fault.RetractionEmpty, "authenticator %s has no result that counts and is selected", body.ID).
					With("authenticatorId", body.ID)
			}
			return nil
		})
		return replayed, err
	})
	if err == nil && replayed {
		j, err = e.Job(ctx, strings.TrimPrefix(stored.Name, jobCollection))
	}
	return j, replayed, err
}

// jobCollection is what names of jobs begin with.
const jobCollection = "jobs/"

// newRetraction makes a job of what is selected now.
func (e *Engine) newRetraction(ctx context.Context, h *request.Header, a *job.Arguments) (j job.Job, err error) {
	now := e.Now()
	j = job.Job{ID: e.ids.Next(now), Kind: job.Retraction, Arguments: *a, Created: h.Principal, CreatedAt: now, Version: 1}
	if j.Arguments.RecordedUntil.IsZero() {
		// A book, or another server, may be ahead of this clock.
		last, err := e.db.Reader().LastResultOfBody(ctx, a.AuthenticatorID)
		if err != nil {
			return j, err
		}
		if last.Before(now) {
			last = now
		}
		j.Arguments.RecordedUntil = last.Add(time.Microsecond)
	}
	if j.Preview, err = e.previewRetraction(ctx, &j.Arguments.Selection); err != nil {
		return j, err
	}
	j.State = job.Begin(&j.Preview)
	return j, nil
}

// previewRetraction counts what a retraction would be about now, up to a bound: what a body said
// over years may be more than a call can wait for.
func (e *Engine) previewRetraction(ctx context.Context, s *job.Selection) (p job.Preview, err error) {
	claims := make(map[book.Key]bool)
	paid := make(map[string]money.Amount)
	err = e.db.Snapshot(ctx, func(read postgres.Reader) error {
		seen := 0
		err := eachSelected(ctx, read, s, postgres.ResultCursor{}, previewPage, func(looked int, results []claim.Result) error {
			if seen += looked; seen > e.previewMax { // Whatever of it is selected: all of it was read.
				p.AtLeast = true
				return errEnough
			}
			var fresh []book.Key
			for i := range results {
				p.Results++
				if k := (book.Key{MerchantID: results[i].MerchantID, ID: results[i].ClaimID}); !claims[k] {
					claims[k] = true
					fresh = append(fresh, k)
				}
			}
			sums, count, err := read.PaidOf(ctx, fresh)
			for currency, amount := range sums {
				paid[currency] += amount
			}
			p.PaidClaims += count
			return err
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	})
	p.Claims = int64(len(claims))
	for _, currency := range slices.Sorted(maps.Keys(paid)) {
		p.Paid = append(p.Paid, job.Paid{Currency: currency, Amount: paid[currency]})
	}
	return p, err
}

// eachSelected reads the results of a selection in pages, and gives f those of each page that
// are selected, with how many the page has.
func eachSelected(ctx context.Context, read postgres.Reader, s *job.Selection, after postgres.ResultCursor, size int,
	f func(looked int, selected []claim.Result) error,
) error {
	for {
		page, err := read.ResultsOfBody(ctx, s.AuthenticatorID, s.RecordedFrom, s.RecordedUntil, after, size)
		if err != nil {
			return err
		}
		if err := f(len(page), slices.DeleteFunc(slices.Clone(page), func(r claim.Result) bool { return !s.Holds(&r) })); err != nil {
			return err
		}
		if len(page) < size {
			return nil
		}
		last := &page[len(page)-1]
		after = postgres.ResultCursor{RecordedAt: last.RecordedAt, MerchantID: last.MerchantID, ResultID: last.ID}
	}
}

// Job reads a job. JOB_NOT_FOUND.
func (e *Engine) Job(ctx context.Context, id string) (job.Job, error) {
	j, found, err := e.db.Reader().Job(ctx, id)
	if err == nil && !found {
		err = jobNotFound(id)
	}
	return j, err
}

func jobNotFound(id string) *fault.Error {
	return fault.New(fault.JobNotFound, "there is no job with the id %s", id).With("job", jobCollection+id).At("name")
}

// ChangeJob does to a job what a person wants. Refuses with JOB_NOT_FOUND and with what
// Job.Move refuses.
func (e *Engine) ChangeJob(ctx context.Context, h request.Header, id string, by job.Step) (j job.Job, replayed bool, err error) {
	if h.Principal.Person == "" {
		return j, false, fault.New(fault.PersonRequired, "a job must be changed by a person, but the call names no person")
	}
	return e.changeJob(ctx, h, id, by, func(j *job.Job) error { return j.Move(by, h.Principal, e.Now()) })
}

// changeJob moves a job under a request. The parts of a statement that stops are kept for a time.
func (e *Engine) changeJob(ctx context.Context, h request.Header, id string, by job.Step, move func(*job.Job) error) (j job.Job, replayed bool, err error) {
	replayed, err = e.once(h, jobChange{id, by}, func(r request.Once) (replayed bool, err error) {
		r.Name = jobCollection + id
		j, replayed, err = e.db.ChangeJob(ctx, r, id, func(j *job.Job, found bool) error {
			if !found {
				return jobNotFound(id)
			}
			if err := move(j); err != nil {
				return err
			}
			j.KeepParts(e.Now(), e.config.StatementsKept)
			return nil
		})
		return replayed, err
	})
	return j, replayed, err
}

// retractions is the content of a request to take results back.
type retractions struct{ job.Arguments }

func (c retractions) Cover(d *request.Digest) {
	d.Texts(c.AuthenticatorID, string(c.Cause), c.Note)
	for _, t := range []time.Time{c.RecordedFrom, c.RecordedUntil, c.IssuedFrom, c.IssuedUntil} {
		d.Time(t)
	}
	d.Number(int64(len(c.Reports)))
	d.Texts(c.Reports...)
}

// jobChange is the content of a request to change a job.
type jobChange struct {
	id string
	by job.Step
}

func (c jobChange) Cover(d *request.Digest) { d.Texts(c.id, string(c.by)) }
