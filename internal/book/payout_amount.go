package book

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// The gateway says how much it paid under a number, or how much came back, in all. What
// it says is compared with what was sent, and booked as it is: what did not arrive is
// payable again, and what arrived beyond that the consumer owes back. The largest amount
// that was told counts, so that reports end in the same sums in any order (rule O5).

// check refuses an answer that cannot be about the payout: in another currency
// (CURRENCY_MISMATCH), about no amount (AMOUNT_OUT_OF_RANGE), or about a try that was
// never made (REQUEST_INVALID). It names the field.
func (a *AnswerPayout) check(b *Book, p *payout.Payout) error {
	if a.Answer.Told() {
		if err := b.checkAmount(a.Answer.Amount, a.Answer.Currency); err != nil {
			return err
		}
	}
	if reported := b.call.Header.RequestID != ""; reported && (a.Answer.Try < 0 || a.Answer.Try > p.Try) {
		return fault.New(fault.RequestInvalid, "payout %s has no try %d; the last is try %d", p.ID, a.Answer.Try, p.Try).
			With("payoutId", p.ID).With("lastTry", p.Try).At("try_number")
	}
	return nil
}

// step gives what the answer does to the payout, if it does anything. Where an amount is
// told, an outcome that is known already may be told of more.
func (a *AnswerPayout) step(p *payout.Payout) (answer, bool) {
	step, ok := answers[p.State][a.Answer.Outcome]
	told := a.Answer.Amount
	if !a.Answer.Told() {
		if told = p.Amount; ok || a.Answer.Outcome != payout.OutcomeSucceeded {
			return step, ok
		}
	}
	done := p.State == payout.Succeeded || p.State == payout.Returned
	switch {
	case a.Answer.Outcome == payout.OutcomeSucceeded && ok:
		return answer{step.to, func(b *Book, c *claim.Claim, p *payout.Payout, at time.Time) error {
			setArrived(p, told)
			return step.book(b, c, p, at)
		}}, true
	case a.Answer.Outcome == payout.OutcomeSucceeded && p.State == payout.Returned && !a.Answer.Told():
		// It tells again that it was paid.
	case a.Answer.Outcome == payout.OutcomeSucceeded && done && told > p.Reached() && mayGrow(p):
		returned := p.State == payout.Returned
		return answer{payout.Succeeded, func(b *Book, c *claim.Claim, p *payout.Payout, at time.Time) error {
			if returned {
				p.CameBack = p.Reached()
			}
			return b.payoutGrew(c, p, told, at)
		}}, true
	case a.Answer.Outcome != payout.OutcomeReturned || p.Form == claim.Coupon:
	case p.State == payout.Succeeded && told < p.Reached():
		return answer{payout.Succeeded, func(b *Book, c *claim.Claim, p *payout.Payout, at time.Time) error {
			return b.partReturned(c, p, told, at)
		}}, told > p.CameBack
	case p.State == payout.Succeeded && told > p.Reached():
		// No more comes back than was paid.
		return answer{payout.Returned, func(b *Book, c *claim.Claim, p *payout.Payout, at time.Time) error {
			if err := b.payoutGrew(c, p, told, at); err != nil {
				return err
			}
			return b.payoutReturned(c, p, at)
		}}, true
	case p.State == payout.Instructed && told > p.Amount:
		return answer{step.to, func(b *Book, c *claim.Claim, p *payout.Payout, at time.Time) error {
			setArrived(p, told)
			return step.book(b, c, p, at)
		}}, true
	case p.State == payout.Instructed && told < p.Amount:
		// It arrived, and a part of it came back before the gateway reported either.
		return answer{payout.Succeeded, func(b *Book, c *claim.Claim, p *payout.Payout, at time.Time) error {
			if err := b.post(arrives(p), p.Amount, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
				return err
			}
			return b.partReturned(c, p, told, at)
		}}, true
	}
	return step, ok
}

// mayGrow says whether more of a payout may arrive than is known: a coupon that lapsed or
// came back has no face that could grow.
func mayGrow(p *payout.Payout) bool {
	return p.Form != claim.Coupon || p.Coupon.State == payout.CouponIssued || p.Coupon.State == payout.CouponRedeemed
}

// arrives gives the kind of transfer by which a payout reaches the consumer; a coupon
// can be spent from then on.
func arrives(p *payout.Payout) ledger.Kind {
	if p.Form != claim.Coupon {
		return ledger.PayoutConfirmed
	}
	p.Coupon.State = payout.CouponIssued
	return ledger.CouponIssued
}

// setArrived keeps what reached the consumer, where it is not the payout's amount.
func setArrived(p *payout.Payout, amount money.Amount) {
	p.Arrived = amount
	if amount == p.Amount {
		p.Arrived = 0
	}
}

// tell writes the amount and the try that were told into the running event.
func (a *AnswerPayout) tell(b *Book) {
	if a.Answer.Told() {
		b.detail("amount_minor", strconv.FormatInt(int64(a.Answer.Amount), 10))
	}
	if a.Answer.Try > 0 {
		b.detail("try", strconv.FormatInt(int64(a.Answer.Try), 10))
	}
}

// unexpected says whether the answer tells an amount that a person has to look at: another
// than was sent, than is known, or than could come back. ok says whether it does anything.
func (a *AnswerPayout) unexpected(p *payout.Payout, ok bool) bool {
	if !a.Answer.Told() {
		// The whole is told of what was known to be a part.
		return ok && p.State == payout.Succeeded && a.Answer.Outcome == payout.OutcomeSucceeded
	}
	expected := p.Amount
	switch done := p.State == payout.Succeeded || p.State == payout.Returned; {
	case a.Answer.Outcome == payout.OutcomeReturned && p.Form == claim.Coupon && ok && done:
		expected = p.CouponLeft()
	case a.Answer.Outcome == payout.OutcomeReturned && done && !ok:
		// It came back already, or that much of it did.
		return a.Answer.Amount > p.Reached()
	case done && a.Answer.Outcome != payout.OutcomeFailed:
		expected = p.Reached()
	}
	return a.Answer.Amount != expected
}

// knownReturn says whether the answer tells again that a part came back.
func (a *AnswerPayout) knownReturn(p *payout.Payout) bool {
	return a.Answer.Outcome == payout.OutcomeReturned && p.State == payout.Succeeded &&
		a.Answer.Told() && a.Answer.Amount <= p.CameBack
}

// escalate brings a claim before a person.
func (b *Book) escalate(claimID string, needed bool) {
	if needed {
		b.change(claimID).Escalate(b.now)
	}
}

// payoutFellShort books that less arrived than was sent: the rest is payable again and
// waits for an operator. Its number was paid and pays no more, so the rest leaves under
// another.
func (b *Book) payoutFellShort(c *claim.Claim, p *payout.Payout, at time.Time) error {
	rest := p.Amount - p.Reached()
	if err := b.post(ledger.PayoutNotMade, rest, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
		return err
	}
	return b.payoutMadeAgain(c, p, rest, claim.PayoutFailedForGood)
}

// payoutGrew books that more arrived under a number than was known.
func (b *Book) payoutGrew(c *claim.Claim, p *payout.Payout, told money.Amount, at time.Time) error {
	known := p.Reached()
	setArrived(p, told)
	return b.arrivedMore(c, p, told-known, at)
}

// arrivedMore books an amount that reached the consumer beyond what was on its way. It
// uses the money that was payable to the consumer anyway, the rest of the same payout
// first; for what exceeds that the consumer owes it back. So each excess is named once,
// and a payout that fails later gives it back.
func (b *Book) arrivedMore(c *claim.Claim, p *payout.Payout, more money.Amount, at time.Time) error {
	f := &c.Funding
	failed(c, p.Part, -more)
	f.RefundFailed, f.CompensationFailed = max(0, f.RefundFailed), max(0, f.CompensationFailed)
	if err := b.levelFor(c, more); err != nil {
		return err
	}
	for _, kind := range []ledger.Kind{ledger.PayoutInstructed, arrives(p)} {
		if err := b.post(kind, more, posting{claim: c, part: p.Part, payoutID: p.ID, at: at}); err != nil {
			return err
		}
	}
	// It may have used money that was waiting to be sent as the other part.
	b.trimFailed(c)
	if f.Failed() == 0 {
		return b.goOn(c)
	}
	return nil
}

// partReturned books that a part of a payout came back while the rest stayed: told is all
// of it that came back so far.
func (b *Book) partReturned(c *claim.Claim, p *payout.Payout, told money.Amount, at time.Time) error {
	back := told - p.CameBack
	p.CameBack, p.Superseded = told, false
	return b.cameBack(c, p, back, at)
}

// cameBack books an amount that came back after it had arrived: it is payable again. If
// the consumer had already repaid some of it, that much came back twice and goes to
// suspense.
func (b *Book) cameBack(c *claim.Claim, p *payout.Payout, amount money.Amount, at time.Time) error {
	back, twice := ledger.PayoutCameBack, ledger.SuspenseReceived
	if p.Form == claim.Coupon {
		back, twice = ledger.CouponReturned, ledger.CouponLapsed
	}
	again := min(amount, paidOf(c, p.Part))
	for _, part := range []struct {
		kind   ledger.Kind
		amount money.Amount
	}{{back, again}, {twice, amount - again}} {
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
