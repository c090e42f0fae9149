package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// jobPlace is a place in a step of a job at which a server may die.
type jobPlace string

// The places.
const (
	// jobTaken is before anything was done.
	jobTaken jobPlace = "TAKEN"
	// jobListed is after claims were listed.
	jobListed jobPlace = "LISTED"
	// jobCommanded is after the commands of a step, before their outcomes were kept with the job.
	jobCommanded jobPlace = "COMMANDED"
	// jobKept is after that.
	jobKept jobPlace = "KEPT"
)

const (
	// jobStepsMax is how many steps a job is taken forward before another has its turn.
	jobStepsMax = 32
	// passesMax bounds how often a job lists what it is about. Two are enough where nothing
	// comes in beside it.
	passesMax = 100
	// releaseMax is how long a worker that stops may take to give a job back.
	releaseMax = 2 * time.Second
)

// holderName names this worker among all: the machine, and a word of its own.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + "/" + rand.Text()[:8]
}

// runRetractions and writeStatements take the jobs of their kind forward. They are loops of
// their own: however many statements are asked for, a retraction does not wait for them.
func (w *Worker) runRetractions(ctx context.Context) error  { return w.runJobs(ctx, job.Retraction) }
func (w *Worker) writeStatements(ctx context.Context) error { return w.runJobs(ctx, job.StatementFile) }

// runJobs takes the jobs of a kind that are due forward, each some steps, until none is due. A
// job that fails does not hold up the others.
func (w *Worker) runJobs(ctx context.Context, kind job.Kind) error {
	var first error
	last := "" // The job that was worked on last: the others have their turn after it.
	for ctx.Err() == nil {
		now := w.engine.Now()
		j, found, err := w.db.TakeJob(ctx, kind, w.holder, last, now, now.Add(w.config.JobLease))
		switch {
		case err != nil:
			return err
		case !found && last == "":
			return first
		case !found:
			last = "" // Begin with the oldest again.
			continue
		}
		last = j.ID
		if err := w.takeForward(ctx, &j); err != nil {
			if away(err) || ctx.Err() != nil {
				return err
			}
			if first == nil {
				first = err
			}
		}
	}
	return first
}

// takeForward takes a job some steps forward and gives it back.
func (w *Worker) takeForward(ctx context.Context, j *job.Job) error {
	w.atJob(jobTaken)
	// A worker that stops keeps what a step has done, and gives the job back at once.
	whole := context.WithoutCancel(ctx)
	for range jobStepsMax {
		if ctx.Err() != nil {
			break
		}
		more, err := w.stepJob(whole, j)
		switch {
		case errors.Is(err, postgres.ErrLeaseLost):
			w.log.Info("job went on elsewhere", "job", j.ID)
			return nil
		case err != nil:
			w.log.Error("step of job failed", "job", j.ID, "attempt", j.Attempts+1, "error", err)
			return w.giveBack(whole, j, func(j *job.Job) { j.Fail(failureText(err), w.engine.Now()) })
		case !more:
			return nil
		}
	}
	release, cancel := context.WithTimeout(whole, releaseMax)
	defer cancel()
	return w.giveBack(release, j, func(j *job.Job) { j.LeaseUntil = time.Time{} })
}

// giveBack ends the turn of a job, unless another server has it by now.
func (w *Worker) giveBack(ctx context.Context, j *job.Job, change func(*job.Job)) error {
	err := w.keepJob(ctx, j, nil, func(j *job.Job, _ int64) { change(j) })
	if errors.Is(err, postgres.ErrLeaseLost) {
		w.log.Info("job went on elsewhere", "job", j.ID)
		return nil
	}
	return err
}

// failureText is an error as everybody may read it.
func failureText(err error) string {
	if f, ok := fault.As(err); ok {
		return string(f.Reason) + ": " + f.Detail
	}
	if away(err) {
		return "the database cannot be reached"
	}
	return "an internal error, which the server has logged with the name of the job"
}

// keepJob keeps a step of a job.
func (w *Worker) keepJob(ctx context.Context, j *job.Job, s *postgres.JobStep, change func(j *job.Job, listed int64)) error {
	if s == nil {
		s = &postgres.JobStep{}
	}
	kept, err := w.db.StepJob(ctx, j, s, func(now *job.Job, listed int64) {
		now.LeaseUntil = w.engine.Now().Add(w.config.JobLease)
		change(now, listed)
		w.leave(now)
	})
	if err == nil {
		*j = kept
	}
	return err
}

// leave lets go of a job on which there is nothing to do now.
func (w *Worker) leave(j *job.Job) {
	if j.State != job.Running || !j.RetryAt.IsZero() {
		j.LeaseUntil = time.Time{}
	}
	j.KeepParts(w.engine.Now(), w.engine.StatementsKept())
}

// stepJob takes a job one step forward, and says whether there is another one now.
func (w *Worker) stepJob(ctx context.Context, j *job.Job) (more bool, err error) {
	now, err := w.engine.Job(ctx, j.ID)
	switch {
	case err != nil:
		return false, err
	case now.Lease != j.Lease:
		return false, postgres.ErrLeaseLost
	}
	if *j = now; j.State != job.Running {
		return false, w.keepJob(ctx, j, nil, func(*job.Job, int64) {})
	}
	switch {
	case j.Kind == job.StatementFile:
		err = w.stepStatement(ctx, j)
	case j.Cursor.Phase == job.Walking:
		err = w.walk(ctx, j)
	default:
		err = w.list(ctx, j)
	}
	return j.State == job.Running && j.RetryAt.IsZero(), err
}

// list notes the claims of some results that the job is about. The listing that finds no claim
// that was not listed before is the last one.
func (w *Worker) list(ctx context.Context, j *job.Job) error {
	at := &j.Cursor
	after := postgres.ResultCursor{RecordedAt: at.RecordedAt, MerchantID: at.MerchantID, ResultID: at.ResultID}
	of := &j.Arguments.Selection
	page, err := w.db.Reader().ResultsOfBody(ctx, of.AuthenticatorID, of.RecordedFrom, of.RecordedUntil, after, w.config.JobItems)
	if err != nil {
		return err
	}
	s := &postgres.JobStep{}
	seen := make(map[book.Key]bool)
	for i := range page {
		k := book.Key{MerchantID: page[i].MerchantID, ID: page[i].ClaimID}
		if of.Holds(&page[i]) && !seen[k] {
			seen[k] = true
			s.Listed = append(s.Listed, job.Item{MerchantID: k.MerchantID, ClaimID: k.ID})
		}
	}
	err = w.keepJob(ctx, j, s, func(j *job.Job, listed int64) {
		j.Attempts, j.RetryAt, j.Failure = 0, time.Time{}, ""
		j.Cursor.Phase = job.Listing
		j.Cursor.Found += listed
		if len(page) == w.config.JobItems {
			last := &page[len(page)-1]
			j.Cursor.RecordedAt, j.Cursor.MerchantID, j.Cursor.ResultID = last.RecordedAt, last.MerchantID, last.ID
			return
		}
		w.listed(j)
	})
	w.atJob(jobListed)
	return err
}

// listed ends a listing: what it found is walked, and where it found nothing, the job is done.
func (w *Worker) listed(j *job.Job) {
	found := j.Cursor.Found
	j.Cursor = job.Cursor{Phase: job.Walking, Pass: j.Cursor.Pass + 1}
	now := w.engine.Now()
	switch settled := j.Arguments.SettledAt(); {
	case found > 0 && j.Cursor.Pass >= passesMax:
		j.Attempts = job.AttemptsMax
		j.Fail("results of the body keep coming in; suspend it", now)
	case found > 0 || j.Done < j.Total || j.State != job.Running:
	case now.Before(settled):
		j.RetryAt = settled // What was decided by then may not be written yet.
	default:
		j.State, j.EndedAt = job.Done, now
	}
}

// walk weighs some of the listed claims anew, many at once. What a claim refuses is noted with
// it and holds up no other. Where all are done, they are listed once more.
func (w *Worker) walk(ctx context.Context, j *job.Job) error {
	items, err := w.db.Reader().JobItems(ctx, j.ID, job.Waiting, book.Key{}, w.config.JobItems)
	if err != nil {
		return err
	}
	failed := each(ctx, w.config.JobItems, items, func(ctx context.Context, i *job.Item) error { return w.weighItem(ctx, j, i) })
	w.atJob(jobCommanded)
	s := &postgres.JobStep{}
	now := w.engine.Now()
	for _, i := range items {
		if i.State != job.Waiting {
			i.DoneAt = now
			s.Done = append(s.Done, i)
		}
	}
	if failed != nil && len(s.Done) == 0 {
		return failed
	}
	err = w.keepJob(ctx, j, s, func(j *job.Job, _ int64) {
		j.Attempts, j.RetryAt, j.Failure = 0, time.Time{}, ""
		if len(items) == 0 {
			j.Cursor.Phase = job.Listing
		}
	})
	if err == nil {
		w.done.items.Add(int64(len(s.Done)))
		w.atJob(jobKept)
		err = failed
	}
	return err
}

// weighItem carries out the command of an item. An error says that nothing can be said of the
// claim yet, and that the item has to be tried again.
func (w *Worker) weighItem(ctx context.Context, j *job.Job, i *job.Item) error {
	h := request.System(i.MerchantID, "RetractResults")
	h.RequestID = i.RequestID(j.ID)
	o, err := w.engine.Do(ctx, h, &book.RetractResults{OnClaim: book.OnClaim{ClaimID: i.ClaimID}, Job: j.ID, Arguments: j.Arguments})
	switch {
	case err == nil:
		i.State, i.Outcome = job.Finished, o.Reweighed
		if i.Outcome == "" {
			i.Outcome, err = w.weighedBefore(ctx, j, i)
		}
		return err
	case passing(err):
		return err
	}
	i.State, i.Reason, i.Detail = job.Refused, internalReason, "an internal error, which the server has logged"
	if f, ok := fault.As(err); ok {
		i.Reason, i.Detail = f.Reason, f.Detail
	} else {
		w.log.Error("claim of job failed", "job", j.ID, "merchant", i.MerchantID, "claim", i.ClaimID, "error", err)
	}
	return nil
}

// internalReason stands for an error that is no refusal.
const internalReason fault.Reason = "INTERNAL"

// weighedBefore is what became of a claim for which the command found nothing to take back: a
// worker that did not come to keep it had carried the command out, or somebody else has taken
// the results back meanwhile.
func (w *Worker) weighedBefore(ctx context.Context, j *job.Job, i *job.Item) (claim.Reweighed, error) {
	rows, err := w.db.Reader().Retractions(ctx, i.MerchantID, i.ClaimID, retractionsRead)
	if err != nil {
		return "", err
	}
	for n := range rows {
		if rows[n].Job == j.ID {
			return rows[n].Reweighed, nil
		}
	}
	return claim.AlreadyRetracted, nil
}

// retractionsRead is how many retractions of a claim are looked through.
const retractionsRead = 1000

// passing says whether an error tells nothing about the claim, and goes away by itself: such as
// a refusal that asks to be tried again later.
func passing(err error) bool {
	var unknown *fault.Unknown
	if f, ok := fault.As(err); ok && f.RetryAfter > 0 {
		return true
	}
	return away(err) || errors.As(err, &unknown) || errors.Is(err, fault.QueueFull) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
