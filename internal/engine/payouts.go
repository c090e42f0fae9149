package engine

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// payoutLookAgain is how long a payout is left to the worker that was told of
// it, before the list of dues brings it up again.
const payoutLookAgain = 15 * time.Second

// AnswerPayout records what the gateway says about a payout. It is a fact from
// outside and never refused: an answer that comes late, twice or against an
// earlier one is stored as it is, and money follows what is true now.
type AnswerPayout struct {
	PayoutID string
	ClaimID  string
	Answer   payout.Answer
}

func (a *AnswerPayout) need(c *call, n *needs) {
	n.payouts.add(postgres.Key{MerchantID: c.header.MerchantID, ID: a.PayoutID})
	if a.ClaimID != "" {
		n.claims.add(postgres.Key{MerchantID: c.header.MerchantID, ID: a.ClaimID})
	}
}

func (a *AnswerPayout) follow(b *Book, n *needs, round int) {
	if p := b.payouts.get(a.PayoutID); p != nil && round == 0 {
		n.claims.add(postgres.Key{MerchantID: b.merchantID, ID: p.ClaimID})
	}
}

func (a *AnswerPayout) digest(d *digest) {
	d.texts(a.PayoutID, string(a.Answer.Outcome), a.Answer.GatewayReference, a.Answer.FailureCode)
}

func (a *AnswerPayout) decide(b *Book) (Outcome, error) {
	p := b.payouts.get(a.PayoutID)
	if p == nil {
		return Outcome{}, fault.New(fault.PayoutNotFound, "merchant %s has no payout %s", b.merchantID, a.PayoutID).
			With("payoutId", a.PayoutID)
	}
	if _, err := b.Claim(p.ClaimID); err != nil {
		return Outcome{}, err
	}
	step, ok := answers[p.State][a.Answer.Outcome]
	if !ok && b.call.header.RequestID == "" {
		// The worker asked about something that was answered meanwhile.
		return b.paidOut(a.PayoutID), nil
	}
	b.record(event.PayoutAnswered, p.ClaimID)
	b.detail("payout", p.ID)
	b.detail("outcome", string(a.Answer.Outcome))
	if a.Answer.FailureCode != "" {
		b.detail("failure_code", a.Answer.FailureCode)
	}
	if !ok {
		b.contradict(p, a.Answer.Outcome)
		return b.paidOut(a.PayoutID), nil
	}
	p = b.payouts.edit(a.PayoutID, b.command)
	if p.State == payout.Instructed {
		b.dues.drop(p.ID, b.command)
	}
	p.State, p.AnsweredAt, p.FailureCode = step.to, b.now, a.Answer.FailureCode
	if a.Answer.GatewayReference != "" {
		p.GatewayReference = a.Answer.GatewayReference
	}
	if err := step.book(b, b.change(p.ClaimID), p); err != nil {
		return Outcome{}, err
	}
	return b.paidOut(a.PayoutID), nil
}

// contradict marks a claim whose payout the gateway now speaks of otherwise
// than before; nothing moves until a person has looked. A mere repetition
// marks nothing, nor does a gateway that has not said anything yet.
func (b *Book) contradict(p *payout.Payout, said payout.Outcome) {
	if string(said) == string(p.State) || said == payout.Processing ||
		p.State == payout.Instructed || p.State == payout.Returned {
		return
	}
	b.detail("contradicts", string(p.State))
	b.change(p.ClaimID).Escalated = true
}

// paidOut is the outcome of a command on a payout.
func (b *Book) paidOut(id string) Outcome {
	p := *b.payouts.get(id)
	o := b.about(p.ClaimID)
	o.PayoutID, o.Payout = id, &p
	return o
}

// answer is what one outcome does to a payout in one state.
type answer struct {
	to   payout.State
	book func(*Book, *claim.Claim, *payout.Payout) error
}

// answers is the whole life of a payout; an outcome that is not here changes nothing.
var answers = map[payout.State]map[payout.Outcome]answer{
	payout.Instructed: {
		payout.OutcomeSucceeded: {payout.Succeeded, (*Book).payoutArrived},
		payout.OutcomeFailed:    {payout.Failed, (*Book).payoutFailed},
		// It arrived and came back before anybody said so.
		payout.OutcomeReturned: {payout.Returned, (*Book).payoutFailed},
	},
	payout.Succeeded: {
		payout.OutcomeReturned: {payout.Returned, (*Book).payoutReturned},
	},
	payout.Failed: {
		payout.OutcomeSucceeded: {payout.Succeeded, (*Book).payoutArrivedLate},
	},
}

// payoutArrived books the gateway's word that the consumer has the money.
func (b *Book) payoutArrived(c *claim.Claim, p *payout.Payout) error {
	if err := b.post(ledger.PayoutConfirmed, p.Amount, posting{claim: c, payoutID: p.ID}); err != nil {
		return err
	}
	inFlight(c, p.Part, -p.Amount)
	arrived(c, p.Part, p.Amount)
	return b.settle(c)
}

// payoutFailed books a final refusal: the money is payable again.
func (b *Book) payoutFailed(c *claim.Claim, p *payout.Payout) error {
	if err := b.post(ledger.PayoutNotMade, p.Amount, posting{claim: c, payoutID: p.ID}); err != nil {
		return err
	}
	inFlight(c, p.Part, -p.Amount)
	return b.stall(c, claim.PayoutFailedForGood, p.FailureCode)
}

// payoutReturned books a payout that came back after it had arrived.
func (b *Book) payoutReturned(c *claim.Claim, p *payout.Payout) error {
	if err := b.post(ledger.PayoutCameBack, p.Amount, posting{claim: c, payoutID: p.ID}); err != nil {
		return err
	}
	arrived(c, p.Part, -p.Amount)
	t := claim.PayoutFailedForGood
	if c.State == claim.Paid {
		t = claim.PayoutReturned
	}
	return b.stall(c, t, p.FailureCode)
}

// payoutArrivedLate books a success that the gateway reports after a failure:
// what had become payable again is gone after all.
func (b *Book) payoutArrivedLate(c *claim.Claim, p *payout.Payout) error {
	if err := b.post(ledger.PayoutInstructed, p.Amount, posting{claim: c, payoutID: p.ID}); err != nil {
		return err
	}
	inFlight(c, p.Part, p.Amount)
	return b.payoutArrived(c, p)
}

// stall moves a claim to where an operator has to act, unless it is there.
func (b *Book) stall(c *claim.Claim, t claim.Trigger, note string) error {
	if _, ok := claim.Next(c.State, t); !ok {
		return nil
	}
	return b.move(c.ID, t, note)
}

// AnswerPayout runs the command for the worker.
func (e *Engine) AnswerPayout(ctx context.Context, merchantID string, cmd AnswerPayout) (Outcome, error) {
	return e.do(ctx, system(merchantID, "AnswerPayout"), &cmd)
}

// ReportPayoutOutcome runs the command for the payment service, which names the
// payout by its out-number.
func (e *Engine) ReportPayoutOutcome(ctx context.Context, h Header, outNumber string, said payout.Answer) (Outcome, error) {
	held, found, err := e.db.Reserved(ctx, postgres.OutNumber, outNumber)
	if err != nil {
		return Outcome{}, err
	}
	if !found {
		return Outcome{}, fault.New(fault.PayoutNotFound, "no payout was instructed under the out-number %s", outNumber).
			With("outNumber", outNumber).At("out_number")
	}
	h.MerchantID = held.MerchantID
	return e.do(ctx, h, &AnswerPayout{PayoutID: held.Holder, Answer: said})
}

// RetryPayout is an operator sending a claim's failed payouts again. One that
// failed keeps its out-number, so that the gateway can tell it pays once; one
// that came back has been paid under its number and gets a new one.
type RetryPayout struct{ onClaim }

// NewRetryPayout makes the command.
func NewRetryPayout(claimID, etag string) RetryPayout { return RetryPayout{onClaim{claimID, etag}} }

func (r *RetryPayout) need(c *call, n *needs) {
	r.onClaim.need(c, n)
	n.payoutsOf.add(postgres.Key{MerchantID: c.header.MerchantID, ID: r.ClaimID})
}

func (r *RetryPayout) digest(d *digest) { d.texts(r.ClaimID) }

func (r *RetryPayout) decide(b *Book) (Outcome, error) {
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if _, ok := claim.Next(c.State, claim.PayoutRetried); !ok {
		return Outcome{}, c.Refuse(claim.PayoutRetried)
	}
	b.record(event.PayoutRetried, c.ID)
	if err := b.move(c.ID, claim.PayoutRetried, ""); err != nil {
		return Outcome{}, err
	}
	c = b.change(c.ID)
	for _, id := range b.payoutsOf(c.ID) {
		if b.payouts.get(id).State != payout.Failed {
			continue
		}
		p := b.payouts.edit(id, b.command)
		if err := b.post(ledger.PayoutInstructed, p.Amount, posting{claim: c, payoutID: id}); err != nil {
			return Outcome{}, err
		}
		p.State, p.FailureCode, p.NotAfter = payout.Instructed, "", b.now.Add(b.config.PayoutLife)
		inFlight(c, p.Part, p.Amount)
		b.look(*p)
	}
	if err := b.instruct(c); err != nil {
		return Outcome{}, err
	}
	return b.about(c.ID), nil
}

// payoutsOf lists a claim's payouts, oldest first.
func (b *Book) payoutsOf(claimID string) []string {
	var ids []string
	for id, r := range b.payouts.rows {
		if r.live && r.value.ClaimID == claimID {
			ids = append(ids, id)
		}
	}
	sortIDs(ids)
	return ids
}

// RetryPayout runs the command.
func (e *Engine) RetryPayout(ctx context.Context, h Header, cmd RetryPayout) (Outcome, error) {
	return e.do(ctx, h, &cmd)
}
