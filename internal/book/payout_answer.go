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

// payoutLookAgain is how long the worker that was told of a payout has for it, before
// the list of dues brings the payout up again.
const payoutLookAgain = 15 * time.Second

// AnswerPayout records the gateway's answer about a payout. The answer is a fact from
// outside and never refused: it is stored as it is, even if it is late, repeated or
// contradicts an earlier one, and the money follows what is true now.
type AnswerPayout struct {
	// PayoutID names the payout; the payment service names it by OutNumber instead.
	PayoutID  string
	OutNumber string
	ClaimID   string
	Answer    payout.Answer
	// NotAfter names the try that the answer is about, by the end of that try; zero if
	// it is not known.
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

func (a *AnswerPayout) follow(b *Book, n *Needs, _ int) {
	p := b.payouts.get(a.PayoutID)
	if p == nil {
		return
	}
	n.claim(b.merchantID, p.ClaimID)
	if p.State != payout.Instructed || a.Answer.Outcome != payout.OutcomeSucceeded || a.Answer.Told() {
		followLine(b, n, p.ClaimID)
	}
}

func (a *AnswerPayout) Cover(d *request.Digest) {
	d.Texts(a.PayoutID, string(a.Answer.Outcome), a.Answer.GatewayReference, a.Answer.FailureCode)
	d.Time(a.Answer.OccurredAt)
	version := a.DigestVersion()
	if version >= answerWithExpiry {
		d.Time(a.Answer.ExpiresAt)
	}
	if version >= answerWithAmount {
		d.Number(int64(a.Answer.Amount))
		d.Texts(a.Answer.Currency)
		d.Number(int64(a.Answer.Try))
	}
}

// The lists of fields after the first: each covers all of the one before it.
const (
	answerWithExpiry = 2
	answerWithAmount = 3
)

// DigestVersion is the oldest list of fields that says all of the answer.
func (a *AnswerPayout) DigestVersion() int64 {
	switch {
	case a.Answer.Told() || a.Answer.Try != 0:
		return answerWithAmount
	case !a.Answer.ExpiresAt.IsZero():
		return answerWithExpiry
	}
	return request.FirstVersion
}

func (a *AnswerPayout) decide(b *Book) (Outcome, error) {
	p := b.payouts.get(a.PayoutID)
	if p == nil {
		return Outcome{}, PayoutNotFound(b.merchantID, a.PayoutID)
	}
	if _, err := b.Claim(p.ClaimID); err != nil {
		return Outcome{}, err
	}
	if err := a.check(b, p); err != nil {
		return Outcome{}, err
	}
	if err := a.checkTimes(b, p.CreatedAt); err != nil {
		return Outcome{}, err
	}
	step, ok := a.step(p)
	earlier := a.ofEarlierTry(b, p)
	if earlier {
		// The money it would have paid was sent again.
		ok = false
	}
	if p.State == payout.Succeeded && p.Form == claim.Coupon && p.CouponLeft() == 0 {
		// Nothing of the coupon is left to come back.
		ok = false
	}
	if a.confirms(b, p) {
		return b.confirmFailure(p)
	}
	if !ok && b.call.Header.RequestID == "" {
		// The payout was answered after the worker had asked about it.
		return b.paidOut(a.PayoutID), nil
	}
	b.record(event.PayoutAnswered, p.ClaimID)
	b.detail("payout", p.ID)
	b.detail("outcome", string(a.Answer.Outcome))
	if a.Answer.FailureCode != "" {
		b.detail("failure_code", a.Answer.FailureCode)
	}
	a.tell(b)
	unexpected := a.unexpected(p, ok) || earlier && a.Answer.Outcome == payout.OutcomeReturned
	if !ok {
		if !a.knownReturn(p) {
			b.contradict(p, a.Answer.Outcome)
		}
		b.escalate(p.ClaimID, unexpected)
		return b.paidOut(a.PayoutID), nil
	}
	p = b.changePayout(a.PayoutID)
	looked := b.lookedAfter(p)
	twice := p.Superseded // Its money went on its way under another number.
	p.Superseded = false
	p.State, p.AnsweredAt, p.FailureCode = step.to, b.now, a.Answer.FailureCode
	switch {
	case b.unsettled(p):
		// A worker asks once more when the gateway may no longer pay it.
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
	if err := step.book(b, b.change(p.ClaimID), p, b.seen(a.Answer.OccurredAt)); err != nil {
		return Outcome{}, err
	}
	b.escalate(p.ClaimID, unexpected || twice)
	return b.paidOut(a.PayoutID), nil
}

// ofEarlierTry says whether the answer is about an earlier try than the current one:
// an operator has sent the payout again since. The number of the try decides. Only where
// no number is told do times have to: of the end of the try where the worker asked, and
// of the failure where it was reported.
func (a *AnswerPayout) ofEarlierTry(b *Book, p *payout.Payout) bool {
	if p.State != payout.Instructed || a.Answer.Outcome == payout.OutcomeSucceeded {
		return false
	}
	if a.Answer.Try > 0 {
		return a.Answer.Try < p.Try
	}
	if a.Answer.Outcome != payout.OutcomeFailed {
		return false
	}
	if b.call.Header.RequestID == "" {
		return !a.NotAfter.IsZero() && !a.NotAfter.Equal(p.NotAfter)
	}
	return !p.AnsweredAt.IsZero() && !a.Answer.OccurredAt.IsZero() && !a.Answer.OccurredAt.After(p.AnsweredAt)
}

// confirms says whether the answer confirms a failure: a worker asked about the failed
// payout once more, when the gateway could no longer pay it.
func (a *AnswerPayout) confirms(b *Book, p *payout.Payout) bool {
	return p.State == payout.Failed && a.Answer.Outcome == payout.OutcomeFailed && b.call.Header.RequestID == "" &&
		b.lookedAfter(p) && b.now.After(b.lastPaid(p))
}

// confirmFailure makes a failure final: from now on the money may go elsewhere. Where it
// is owed and waited only for this number to be dead, it leaves under another.
func (b *Book) confirmFailure(p *payout.Payout) (Outcome, error) {
	b.record(event.PayoutAnswered, p.ClaimID)
	b.detail("payout", p.ID)
	b.detail("outcome", string(payout.OutcomeFailed))
	b.detail("final", "true")
	p = b.changePayout(p.ID)
	p.AnsweredAt = b.now
	b.dues.drop(p.ID, b.command)
	if c := &b.claims.get(p.ClaimID).Claim; c.State == claim.Paying && c.Funding.Failed() == 0 {
		p.Superseded = true
		if err := b.pay(b.change(c.ID)); err != nil {
			return Outcome{}, err
		}
	}
	return b.paidOut(p.ID), nil
}

// lastPaid is the time after which the gateway cannot pay a payout, whatever its clock
// says.
func (b *Book) lastPaid(p *payout.Payout) time.Time { return p.NotAfter.Add(b.settings.LapseGrace) }

// lookedAfter says whether a worker looks after a payout, which a row of its own tells.
// What that row was made by, such as how long the gateway may still pay, may have been
// set otherwise then.
func (b *Book) lookedAfter(p *payout.Payout) bool { return b.dues.get(p.ID) != nil }

// unsettled says whether a worker has to look after a payout from now on: its outcome is
// open, or it failed while the gateway could still pay it.
func (b *Book) unsettled(p *payout.Payout) bool {
	return p.State == payout.Instructed || p.State == payout.Failed && !p.AnsweredAt.After(b.lastPaid(p))
}

// PayoutNotFound refuses a payout that the book does not have.
func PayoutNotFound(merchantID, payoutID string) error {
	return fault.New(fault.PayoutNotFound, "merchant %s has no payout %s", merchantID, payoutID).With("payoutId", payoutID)
}

// contradict marks a claim when the gateway contradicts its earlier answer about a
// payout; nothing moves until a person has looked. A repeated answer marks nothing,
// nor does a gateway that has not answered yet.
func (b *Book) contradict(p *payout.Payout, said payout.Outcome) {
	if string(said) == string(p.State) || said == payout.Processing ||
		p.State == payout.Instructed || p.State == payout.Returned {
		return
	}
	b.detail("contradicts", string(p.State))
	b.change(p.ClaimID).Escalate(b.now)
}

// paidOut is the outcome of a command on a payout.
func (b *Book) paidOut(id string) Outcome {
	p := *b.payouts.get(id)
	o := b.about(p.ClaimID)
	o.PayoutID, o.Payout = id, &p
	return o
}

// answer says what one outcome does to a payout in one state.
type answer struct {
	to payout.State
	// book moves the money; it happened outside at the time given, zero for now.
	book func(*Book, *claim.Claim, *payout.Payout, time.Time) error
}

// answers is the whole life of a payout; outcomes that are not listed change nothing.
var answers = map[payout.State]map[payout.Outcome]answer{
	payout.Instructed: {
		payout.OutcomeSucceeded: {payout.Succeeded, (*Book).payoutArrived},
		payout.OutcomeFailed:    {payout.Failed, (*Book).payoutFailed},
		// It arrived and came back before the gateway reported either.
		payout.OutcomeReturned: {payout.Returned, (*Book).payoutFailed},
	},
	payout.Succeeded: {
		payout.OutcomeReturned: {payout.Returned, (*Book).payoutReturned},
	},
	payout.Failed: {
		payout.OutcomeSucceeded: {payout.Succeeded, (*Book).payoutArrivedLate},
	},
}

// payoutArrived books the gateway's report that the consumer has the money, or a
// coupon, which counts as paid. What arrived may be less than was sent, or more.
func (b *Book) payoutArrived(c *claim.Claim, p *payout.Payout, at time.Time) error {
	asked := min(p.Amount, p.Reached())
	if err := b.post(arrives(p), asked, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
		return err
	}
	switch {
	case p.Reached() < p.Amount:
		return b.payoutFellShort(c, p, at)
	case p.Reached() > p.Amount:
		return b.arrivedMore(c, p, p.Reached()-p.Amount, at)
	}
	return b.settle(c)
}

// payoutMadeAgain books a failure or a return: as far as the claim still owes it,
// amount is payable again and waits for an operator.
func (b *Book) payoutMadeAgain(c *claim.Claim, p *payout.Payout, amount money.Amount, t claim.Trigger) error {
	failed(c, p.Part, amount)
	if err := b.level(c); err != nil {
		return err
	}
	if c.Funding.Failed() == 0 {
		return b.goOn(c)
	}
	return b.proceed(c, t, p.FailureCode)
}

// goOn pays what a confirmed claim still owes after a payout failed or came back whose
// own part is no longer owed: its money counted towards the other part, or towards
// nothing.
func (b *Book) goOn(c *claim.Claim) error {
	if c.State == claim.Paid && c.Funding.Paid() < c.Award.Total() {
		if err := b.proceed(c, claim.PayoutReturned, ""); err != nil {
			return err
		}
	}
	if c.State == claim.PayoutFailed {
		if err := b.proceed(c, claim.RevisedSettled, ""); err != nil {
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

// payoutReturned books a payout that came back after it had arrived; of a coupon, the
// unspent part.
func (b *Book) payoutReturned(c *claim.Claim, p *payout.Payout, at time.Time) error {
	back := p.Reached() - p.CameBack
	if p.Form == claim.Coupon {
		back, p.Coupon.State = p.CouponLeft(), payout.CouponReturned
	}
	p.CameBack, p.Superseded = 0, false
	return b.cameBack(c, p, back, at)
}

// payoutArrivedLate books a success that the gateway reports after a failure: the
// amount that was payable again is gone after all. What was given back in the meantime is
// borne again, by whom it now falls on.
func (b *Book) payoutArrivedLate(c *claim.Claim, p *payout.Payout, at time.Time) error {
	failed(c, p.Part, -p.Amount)
	c.Funding.RefundFailed, c.Funding.CompensationFailed = max(0, c.Funding.RefundFailed), max(0, c.Funding.CompensationFailed)
	if err := b.levelFor(c, p.Amount); err != nil {
		return err
	}
	if err := b.post(ledger.PayoutInstructed, p.Amount, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
		return err
	}
	// It may have used money that was waiting to be sent as the other part.
	b.trimFailed(c)
	if err := b.payoutArrived(c, p, at); err != nil {
		return err
	}
	if c.Funding.Failed() == 0 {
		return b.goOn(c)
	}
	return nil
}
