package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// RetractResult is an authenticator's retraction of a result. If the verdict rested on it, a
// person decides anew; money stays where it is until then.
type RetractResult struct {
	OnClaim
	ResultID string
	// AuthenticatorID names who may retract it; empty for an operator.
	AuthenticatorID string
	Note            string
}

func (r *RetractResult) need(c *Call, n *Needs) {
	r.OnClaim.need(c, n)
	needRetest(n, c.Header.MerchantID, r.ClaimID)
}

func (r *RetractResult) follow(b *Book, n *Needs, round int) {
	if c := b.claims.get(r.ClaimID); c != nil {
		followRevision(b, n, round, &c.Claim)
	}
}

func (r *RetractResult) Cover(d *request.Digest) { d.Texts(r.ClaimID, r.ResultID, r.Note) }

func (r *RetractResult) decide(b *Book) (Outcome, error) {
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	x := b.results.get(r.ResultID)
	switch {
	case x == nil || x.ClaimID != c.ID || r.AuthenticatorID != "" && x.AuthenticatorID != r.AuthenticatorID:
		return Outcome{}, fault.New(fault.ResultNotFound, "claim %s has no result %s", c.ID, r.ResultID).With("resultId", r.ResultID)
	case x.Retracted:
		return Outcome{}, fault.New(fault.ResultAlreadyRetracted, "result %s has already been retracted", r.ResultID).With("resultId", r.ResultID).About(c)
	}
	if _, err := b.retract(c, []string{r.ResultID}, Retraction{Note: r.Note, Cause: claim.CauseRetracted}); err != nil {
		return Outcome{}, err
	}
	b.seekRetest(c.ID)
	o := b.about(c.ID)
	taken := *b.results.get(r.ResultID)
	taken.Chain = b.chain(c.ID)
	o.ResultID, o.Result = r.ResultID, &taken
	return o, nil
}

// RetractResults is the step of a job on one claim: all results of the claim that the job is
// about do not count any more, and the claim is weighed anew. A claim that has none is left as
// it is, so that a step that is taken again does nothing.
type RetractResults struct {
	OnClaim
	Job string
	job.Arguments
}

func (r *RetractResults) need(c *Call, n *Needs) {
	r.OnClaim.need(c, n)
	needRetest(n, c.Header.MerchantID, r.ClaimID)
}

func (r *RetractResults) follow(b *Book, n *Needs, round int) {
	if c := b.claims.get(r.ClaimID); c != nil {
		followRevision(b, n, round, &c.Claim)
	}
}

// Cover covers the job and the claim: what the job is about never changes.
func (r *RetractResults) Cover(d *request.Digest) { d.Texts(r.ClaimID, r.Job) }

func (r *RetractResults) decide(b *Book) (Outcome, error) {
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	var gone []string
	for _, id := range b.resultsOf[c.ID] {
		if x := b.results.get(id); x != nil && r.Holds(x) {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return b.about(c.ID), nil
	}
	reweighed, err := b.retract(c, gone, Retraction{Note: r.Note, Cause: r.Cause, Job: r.Job})
	if err != nil {
		return Outcome{}, err
	}
	b.seekRetest(c.ID)
	o := b.about(c.ID)
	o.Reweighed = reweighed
	return o, nil
}

// retract has results of a claim not count any more, and weighs the claim by those that are
// left. The last event tells what became of it.
func (b *Book) retract(c *claim.Claim, gone []string, why Retraction) (claim.Reweighed, error) {
	for _, id := range gone {
		b.results.edit(id, b.command).Retracted = true
	}
	reweighed, weighing := b.reweigh(c)
	for _, id := range gone {
		e := b.record(event.ResultRetracted, c.ID)
		b.detail("result", id)
		b.detail("cause", string(why.Cause))
		if why.Job != "" {
			b.detail("job", why.Job)
		}
		b.detail("reweighed", string(reweighed))
		if reweighed == claim.Standing {
			b.detail("weighing", weighing.String()) // The verdict rests on other results from now on.
		}
		row := why
		row.MerchantID, row.ResultID, row.ClaimID = b.merchantID, id, c.ID
		row.EventNumber, row.RetractedAt, row.Reweighed = e.Number, b.now, reweighed
		b.retracted.add(row)
	}
	if reweighed != claim.Reopening {
		return reweighed, nil
	}
	return reweighed, b.reopen(b.change(c.ID), why.Note)
}

// reweigh says what becomes of a claim by the results that are left, and what was weighed.
func (b *Book) reweigh(c *claim.Claim) (claim.Reweighed, claim.Weighing) {
	w := b.weighing(c)
	_, possible := claim.Next(c.State, claim.Reopened)
	switch {
	case !possible || c.Verdict == claim.Pending:
		return claim.WithoutVerdict, w
	case !c.ByResults:
		return claim.DecidedByPerson, w
	}
	if t, decided := w.Trigger(); decided && t != claim.ResultUndecided && slices.Equal(w.Verdicts(), c.Units) {
		return claim.Standing, w
	}
	return claim.Reopening, w
}
