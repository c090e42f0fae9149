package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// payoutLookAgain is how long a payout is left to the worker that was told of
// it, before the list of dues brings it up again.
const payoutLookAgain = 15 * time.Second

// AnswerPayout records what the gateway says about a payout. It is a fact from
// outside and never refused: an answer that comes late, twice or against an
// earlier one is stored as it is, and money follows what is true now.
type AnswerPayout struct {
	// PayoutID names the payout; the payment service names it by OutNumber instead.
	PayoutID  string
	OutNumber string
	ClaimID   string
	Answer    payout.Answer
	// NotAfter names the try that the answer is about, by its end; zero where that
	// is not known.
	NotAfter time.Time
}

// Address implements Addressed.
func (a *AnswerPayout) Address() (outNumber string, payoutID *string) {
	return a.OutNumber, &a.PayoutID
}

func (a *AnswerPayout) need(c *Call, n *Needs) {
	n.payout(c.Header.MerchantID, a.PayoutID)
	if a.ClaimID != "" {
		n.claim(c.Header.MerchantID, a.ClaimID)
	}
}

func (a *AnswerPayout) follow(b *Book, n *Needs, round int) {
	if p := b.payouts.get(a.PayoutID); p != nil && round == 0 {
		n.claim(b.merchantID, p.ClaimID)
	}
}

func (a *AnswerPayout) Cover(d *request.Digest) {
	d.Texts(a.PayoutID, string(a.Answer.Outcome), a.Answer.GatewayReference, a.Answer.FailureCode)
	d.Time(a.Answer.OccurredAt)
	if a.DigestVersion() > request.FirstVersion {
		d.Time(a.Answer.ExpiresAt)
	}
}

// DigestVersion implements grown: the second list covers a coupon's expiry.
func (a *AnswerPayout) DigestVersion() int64 {
	if a.Answer.ExpiresAt.IsZero() {
		return request.FirstVersion
	}
	return request.FirstVersion + 1
}

func (a *AnswerPayout) decide(b *Book) (Outcome, error) {
	p := b.payouts.get(a.PayoutID)
	if p == nil {
		return Outcome{}, PayoutNotFound(b.merchantID, a.PayoutID)
	}
	if _, err := b.Claim(p.ClaimID); err != nil {
		return Outcome{}, err
	}
	step, ok := answers[p.State][a.Answer.Outcome]
	if p.State == payout.Failed && p.Superseded || a.ofEarlierTry(b, p) {
		// What it would have paid is on its way elsewhere, or once more.
		ok = false
	}
	if p.State == payout.Succeeded && p.Form == claim.Coupon && p.CouponLeft() == 0 {
		// Nothing of the coupon is left to come back.
		ok = false
	}
	if a.confirms(b, p) {
		return b.confirmFailure(p), nil
	}
	if !ok && b.call.Header.RequestID == "" {
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
	looked := b.lookedAfter(p)
	p.State, p.AnsweredAt, p.FailureCode = step.to, b.now, a.Answer.FailureCode
	switch {
	case b.lookedAfter(p):
		// It is asked after once more when the gateway may not pay it any more.
		b.due(p, b.lastPaid(p).Add(time.Microsecond))
	case looked:
		b.dues.drop(p.ID, b.command)
	}
	if a.Answer.GatewayReference != "" {
		p.GatewayReference = a.Answer.GatewayReference
	}
	if p.Form == claim.Coupon && !a.Answer.ExpiresAt.IsZero() {
		p.Coupon.ExpiresAt = a.Answer.ExpiresAt
	}
	if err := step.book(b, b.change(p.ClaimID), p, a.Answer.OccurredAt); err != nil {
		return Outcome{}, err
	}
	return b.paidOut(a.PayoutID), nil
}

// ofEarlierTry says whether the answer is about a try before the one under way: an
// operator has sent the payout again since.
func (a *AnswerPayout) ofEarlierTry(b *Book, p *payout.Payout) bool {
	if p.State != payout.Instructed || a.Answer.Outcome != payout.OutcomeFailed {
		return false
	}
	if b.call.Header.RequestID == "" {
		return !a.NotAfter.IsZero() && !a.NotAfter.Equal(p.NotAfter)
	}
	return !p.AnsweredAt.IsZero() && !a.Answer.OccurredAt.IsZero() && !a.Answer.OccurredAt.After(p.AnsweredAt)
}

// confirms says whether the answer is that of a worker who asked after a failed
// payout once more, when it could not be paid any more.
func (a *AnswerPayout) confirms(b *Book, p *payout.Payout) bool {
	return p.State == payout.Failed && a.Answer.Outcome == payout.OutcomeFailed && b.call.Header.RequestID == "" &&
		b.lookedAfter(p) && b.now.After(b.lastPaid(p))
}

// confirmFailure makes a failure final: from now on the money may go elsewhere.
func (b *Book) confirmFailure(p *payout.Payout) Outcome {
	b.record(event.PayoutAnswered, p.ClaimID)
	b.detail("payout", p.ID)
	b.detail("outcome", string(payout.OutcomeFailed))
	b.detail("final", "true")
	b.payouts.edit(p.ID, b.command).AnsweredAt = b.now
	b.dues.drop(p.ID, b.command)
	return b.paidOut(p.ID)
}

// lastPaid is when the gateway cannot pay a payout any more, however its clock goes.
func (b *Book) lastPaid(p *payout.Payout) time.Time { return p.NotAfter.Add(b.settings.LapseGrace) }

// lookedAfter says whether a worker looks after a payout: its outcome is open, or
// it failed and could have been paid after that.
func (b *Book) lookedAfter(p *payout.Payout) bool {
	return p.State == payout.Instructed || p.State == payout.Failed && !p.AnsweredAt.After(b.lastPaid(p))
}

// PayoutNotFound refuses a payout that the book does not have.
func PayoutNotFound(merchantID, payoutID string) error {
	return fault.New(fault.PayoutNotFound, "merchant %s has no payout %s", merchantID, payoutID).With("payoutId", payoutID)
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
	to payout.State
	// book moves the money; it happened outside at the time given, zero for now.
	book func(*Book, *claim.Claim, *payout.Payout, time.Time) error
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

// payoutArrived books the gateway's word that the consumer has the money, or a
// coupon, which counts as paid.
func (b *Book) payoutArrived(c *claim.Claim, p *payout.Payout, at time.Time) error {
	kind := ledger.PayoutConfirmed
	if p.Form == claim.Coupon {
		kind, p.Coupon.State = ledger.CouponIssued, payout.CouponIssued
	}
	if err := b.post(kind, p.Amount, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
		return err
	}
	return b.settle(c)
}

// payoutMadeAgain books a failure or a return: amount of it is payable again and
// waits for an operator, as far as the claim still owes it.
func (b *Book) payoutMadeAgain(c *claim.Claim, p *payout.Payout, amount money.Amount, t claim.Trigger) error {
	failed(c, p.Part, amount)
	by, err := b.reversalBearer(c, false)
	if err != nil {
		return err
	}
	if err := b.level(c, by); err != nil {
		return err
	}
	if c.Funding.Failed() == 0 {
		return b.goOn(c)
	}
	return b.stall(c, t, p.FailureCode)
}

// goOn pays what a confirmed claim is still owed when a payout did not stay with
// the consumer and its own part is not owed any more: the money counted towards
// the other part, or for nothing.
func (b *Book) goOn(c *claim.Claim) error {
	if c.State == claim.Paid && c.Funding.Paid() < c.Award.Total() {
		if err := b.stall(c, claim.PayoutReturned, ""); err != nil {
			return err
		}
	}
	if c.State == claim.PayoutFailed {
		if err := b.stall(c, claim.RevisedSettled, ""); err != nil {
			return err
		}
	}
	if c.State != claim.Paying {
		return nil
	}
	return b.pay(c)
}

// payoutFailed books a final refusal: the money is payable again.
func (b *Book) payoutFailed(c *claim.Claim, p *payout.Payout, at time.Time) error {
	if err := b.post(ledger.PayoutNotMade, p.Amount, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
		return err
	}
	return b.payoutMadeAgain(c, p, p.Amount, claim.PayoutFailedForGood)
}

// payoutReturned books a payout that came back after it had arrived; of a coupon,
// what was not spent. What the consumer gave back before came twice: it matches
// nothing.
func (b *Book) payoutReturned(c *claim.Claim, p *payout.Payout, at time.Time) error {
	whole, back, twice := p.Amount, ledger.PayoutCameBack, ledger.SuspenseReceived
	if p.Form == claim.Coupon {
		whole, back, twice = p.CouponLeft(), ledger.CouponReturned, ledger.CouponLapsed
		p.Coupon.State = payout.CouponReturned
	}
	again := min(whole, paidOf(c, p.Part))
	for _, part := range []struct {
		kind   ledger.Kind
		amount money.Amount
	}{{back, again}, {twice, whole - again}} {
		if part.amount == 0 {
			continue
		}
		if err := b.post(part.kind, part.amount, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
			return err
		}
	}
	t := claim.PayoutFailedForGood
	if c.State == claim.Paid {
		t = claim.PayoutReturned
	}
	return b.payoutMadeAgain(c, p, again, t)
}

// payoutArrivedLate books a success that the gateway reports after a failure:
// what had become payable again is gone after all. What was given back since is
// borne anew.
func (b *Book) payoutArrivedLate(c *claim.Claim, p *payout.Payout, at time.Time) error {
	failed(c, p.Part, -p.Amount)
	c.Funding.RefundFailed, c.Funding.CompensationFailed = max(0, c.Funding.RefundFailed), max(0, c.Funding.CompensationFailed)
	if lack := p.Amount - c.Funding.Payable(); lack > 0 {
		if err := b.post(platform.bear, lack, posting{claim: c}); err != nil {
			return err
		}
	}
	if err := b.post(ledger.PayoutInstructed, p.Amount, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
		return err
	}
	// It may have taken what waited to be sent as the other part.
	b.trimFailed(c)
	if err := b.payoutArrived(c, p, at); err != nil {
		return err
	}
	if c.Funding.Failed() == 0 {
		return b.goOn(c)
	}
	return nil
}

// stall moves a claim to where an operator has to act, unless it is there.
func (b *Book) stall(c *claim.Claim, t claim.Trigger, note string) error {
	if _, ok := claim.Next(c.State, t); !ok {
		return nil
	}
	return b.move(c.ID, t, note)
}
