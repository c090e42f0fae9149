package book

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// onCoupon is a command on the coupon of a payout.
type onCoupon struct {
	payoutID string
}

func (o *onCoupon) need(c *Call, n *Needs) { n.payout(c.Header.MerchantID, o.payoutID) }

func (o *onCoupon) follow(b *Book, n *Needs, round int) {
	if p := b.payouts.get(o.payoutID); p != nil && round == 0 {
		n.claim(b.merchantID, p.ClaimID)
	}
}

// coupon gives the payout if its coupon was issued and has neither lapsed nor been
// returned.
func (o *onCoupon) coupon(b *Book) (*payout.Payout, error) {
	p := b.payouts.get(o.payoutID)
	if p == nil {
		return nil, PayoutNotFound(b.merchantID, o.payoutID)
	}
	switch p.Coupon.State {
	case payout.CouponIssued, payout.CouponRedeemed:
		return p, nil
	case payout.CouponNone, payout.CouponLapsed, payout.CouponReturned:
	}
	return nil, fault.New(fault.PayoutStateConflict, "payout %s has no coupon that can be used: it is %s in the form %s, and its coupon state is %q", p.ID, p.State, p.Form, p.Coupon.State).
		With("payoutId", p.ID).With("state", p.State).With("couponState", p.Coupon.State)
}

// movedAfter gives when something happened to a coupon, as it is recorded.
func (o *onCoupon) movedAfter(b *Book, p *payout.Payout, at time.Time) (time.Time, error) {
	if err := b.notBefore(at, p.CreatedAt, "occurred_at", "the use of a coupon", "it was sent"); err != nil {
		return time.Time{}, err
	}
	return b.moved(at, "occurred_at")
}

// RedeemCoupon records that a consumer spent a coupon or a part of it. Refuses with
// COUPON_EXCEEDED if the amount is more than is left on the coupon.
type RedeemCoupon struct {
	onCoupon
	// OutNumber is that of the payout.
	OutNumber string
	Amount    money.Amount
	Currency  string
	// Reference is the purchase's own; it is unique across books.
	Reference string
	// EffectiveAt is when it was spent; zero for now.
	EffectiveAt time.Time
}

// Address implements Addressed.
func (r *RedeemCoupon) Address() (outNumber string, payoutID *string) {
	return r.OutNumber, &r.payoutID
}

// References implements Referring.
func (r *RedeemCoupon) References() []Reference { return payments(r.Reference) }

func (r *RedeemCoupon) need(c *Call, n *Needs) {
	r.onCoupon.need(c, n)
	n.reference(c.Header.MerchantID, r.Reference)
}

func (r *RedeemCoupon) Cover(d *request.Digest) {
	d.Texts(r.payoutID, r.Currency, r.Reference)
	d.Number(int64(r.Amount))
	d.Time(r.EffectiveAt)
}

func (r *RedeemCoupon) decide(b *Book) (Outcome, error) {
	p, err := r.coupon(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.checkAmount(r.Amount, r.Currency); err != nil {
		return Outcome{}, err
	}
	at, err := r.movedAfter(b, p, r.EffectiveAt)
	if err != nil {
		return Outcome{}, err
	}
	if _, used := b.transferWith(r.Reference, ledger.CouponRedeemed); used {
		return Outcome{}, ReferenceUsed(r.Reference)
	}
	if left := p.CouponLeft(); r.Amount > left {
		return Outcome{}, fault.New(fault.CouponExceeded, "the coupon of payout %s has only %s %s left, not %s",
			p.ID, money.Format(left, p.Currency), p.Currency, money.Format(r.Amount, p.Currency)).
			With("payoutId", p.ID).With("leftMinor", int64(left)).With("askedMinor", int64(r.Amount)).With("currency", p.Currency).
			At("amount.minor_units")
	}
	first := b.head.TransferNumber + 1
	b.record(event.CouponRedeemed, p.ClaimID)
	b.detail("payout", p.ID)
	p = b.changePayout(p.ID)
	if p.Coupon.Redeemed += r.Amount; p.Coupon.Redeemed == p.Reached() {
		p.Coupon.State = payout.CouponRedeemed
	}
	c := &b.claims.get(p.ClaimID).Claim
	posted := posting{claim: c, payoutID: p.ID, external: r.Reference, at: at}
	if err := b.post(ledger.CouponRedeemed, r.Amount, posted); err != nil {
		return Outcome{}, err
	}
	o := b.paidOut(p.ID)
	o.TransferNumber, o.Transfers = first, b.transferred(first).Transfers
	return o, nil
}

// LapseCoupon records the gateway's report that a coupon expired. The remainder is
// nobody's income: it stays in suspense until its owner is established. A coupon for
// which the gateway named no expiry never lapses: PAYOUT_STATE_CONFLICT.
type LapseCoupon struct {
	onCoupon
	// OutNumber is that of the payout.
	OutNumber   string
	EffectiveAt time.Time
}

// Address implements Addressed.
func (l *LapseCoupon) Address() (outNumber string, payoutID *string) { return l.OutNumber, &l.payoutID }

func (l *LapseCoupon) Cover(d *request.Digest) { d.Texts(l.payoutID); d.Time(l.EffectiveAt) }

func (l *LapseCoupon) decide(b *Book) (Outcome, error) {
	p, err := l.coupon(b)
	if err != nil {
		return Outcome{}, err
	}
	lapsed, err := l.movedAfter(b, p, l.EffectiveAt)
	if err != nil {
		return Outcome{}, err
	}
	left, at := p.CouponLeft(), p.Coupon.ExpiresAt
	until := at.Format(time.RFC3339)
	if at.IsZero() {
		until = "it is spent, because the gateway named no expiry"
	}
	if left == 0 || !passed(at, b.now) {
		return Outcome{}, fault.New(fault.PayoutStateConflict, "the coupon of payout %s cannot lapse now: it has %s %s left and is valid until %s",
			p.ID, money.Format(left, p.Currency), p.Currency, until).
			With("payoutId", p.ID).With("state", p.State).With("couponState", p.Coupon.State)
	}
	first := b.head.TransferNumber + 1
	b.record(event.CouponLapsed, p.ClaimID)
	b.detail("payout", p.ID)
	b.detail("left_minor", strconv.FormatInt(int64(left), 10))
	p = b.changePayout(p.ID)
	p.Coupon.State = payout.CouponLapsed
	c := &b.claims.get(p.ClaimID).Claim
	if err := b.post(ledger.CouponLapsed, left, posting{claim: c, payoutID: p.ID, at: lapsed}); err != nil {
		return Outcome{}, err
	}
	o := b.paidOut(p.ID)
	o.TransferNumber, o.Transfers = first, b.transferred(first).Transfers
	return o, nil
}
