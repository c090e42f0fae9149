package book

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// DebtsMax bounds the debts that one command looks at, and with them its work. A sweep
// that is not done by then goes on with another command.
const DebtsMax = 100

// SweepBook uses income for what is owed: first for claims with a shortfall, then for
// what the merchant owes the platform, then for holds yet to be placed, each the oldest
// first (rules F2, F3). Claims of one sampling case share in proportion to what they
// lack.
type SweepBook struct{}

func (s *SweepBook) need(c *Call, n *Needs) { n.oldest(c.Header.MerchantID) }

func (s *SweepBook) follow(b *Book, n *Needs, _ int) {
	for k := range b.oldest {
		if k.kind == debt.TopUp {
			continue
		}
		n.claim(b.merchantID, k.id)
		n.holdsOf(b.merchantID, k.id)
		followExcess(b, n, k.id)
	}
}

func (s *SweepBook) Cover(*request.Digest) {}

func (s *SweepBook) decide(b *Book) (Outcome, error) {
	listed := b.oldestDebts()
	b.oldest.forget()
	sweep := b.head.Sweep
	if sweep.Since.IsZero() || sweep.After.Compare(b.listedAfter) != 0 {
		return Outcome{}, nil // Another sweep was first, or money came in since the debts were listed.
	}
	b.record(event.BookSwept, "")
	e := b.event().Number
	left := &purse{
		ledger.Deposit:   min(sweep.Deposit, b.available(ledger.Deposit)),
		ledger.ShopFunds: min(sweep.ShopFunds, b.available(ledger.ShopFunds)),
	}
	before := left.sum()
	// Debts that are not listed and should have been were made since, or are being
	// written: the next sweep finds them.
	end, missed := b.unlisted(listed)
	for i := 0; i < len(listed); {
		next := b.sameCase(listed, i)
		if err := b.payDebts(listed[i:next], left); err != nil {
			return Outcome{}, err
		}
		i = next
	}
	b.detailOf(e, "used_minor", strconv.FormatInt(int64(before-left.sum()), 10))
	b.head.Sweep = Sweep{}
	on := Sweep{Since: b.now, Deposit: (*left)[ledger.Deposit], ShopFunds: (*left)[ledger.ShopFunds], After: sweep.After}
	switch full := len(listed) >= DebtsMax; {
	case left.sum() == 0:
	case missed:
		b.head.Sweep = on
	case full:
		on.After = end
		b.head.Sweep = on
	}
	return Outcome{}, nil
}

// unlisted gives the position at which a list of debts ends, and whether a debt in
// memory lies before that and is not in the list.
func (b *Book) unlisted(listed []debtKey) (end debt.Position, missed bool) {
	in := make(map[debtKey]bool, len(listed))
	for _, k := range listed {
		in[k] = true
		if r := b.debts.rows[k]; r != nil {
			if at := debt.PositionOf(&r.value); at.Compare(end) > 0 {
				end = at
			}
		}
	}
	full := len(listed) >= DebtsMax
	for k, r := range b.debts.rows {
		at := debt.PositionOf(&r.value)
		if r.live && !in[k] && at.Compare(b.listedAfter) > 0 && (!full || at.Compare(end) < 0) {
			missed = true
		}
	}
	return end, missed
}

// purse is the money of the merchant's sources that a sweep may use.
type purse map[ledger.Purpose]money.Amount

func (p *purse) sum() money.Amount { return (*p)[ledger.Deposit] + (*p)[ledger.ShopFunds] }

// sameCase gives the end of the run of debts, starting at i, that share in proportion:
// debts of one kind and one sampling case.
func (b *Book) sameCase(list []debtKey, i int) int {
	first := b.debts.get(list[i])
	next := i + 1
	for first != nil && first.SamplingCase != "" && next < len(list) {
		d := b.debts.get(list[next])
		if d == nil || d.Kind != first.Kind || d.SamplingCase != first.SamplingCase {
			break
		}
		next++
	}
	return next
}

// payDebts pays debts of equal rank, in proportion if the money does not cover all of
// them.
func (b *Book) payDebts(keys []debtKey, left *purse) error {
	open := make([]money.Amount, len(keys))
	var all money.Amount
	for i, k := range keys {
		if d := b.debts.get(k); d != nil {
			can, err := b.canPay(k, left)
			if err != nil {
				return err
			}
			if can > 0 {
				open[i] = d.Open
				all += d.Open
			}
		}
	}
	shares := open
	if have := left.sum(); have < all {
		var err error
		if shares, err = money.Allocate(have, open); err != nil {
			return err
		}
	}
	for i, k := range keys {
		if shares[i] == 0 {
			continue
		}
		if err := b.payDebt(k, shares[i], left); err != nil {
			return err
		}
	}
	return nil
}

// canPay is how much of a purse may pay a debt.
func (b *Book) canPay(k debtKey, left *purse) (money.Amount, error) {
	if k.kind != debt.Shortfall && k.kind != debt.Hold {
		return left.sum(), nil
	}
	sources, err := b.sourcesOf(&b.claims.get(k.id).Claim)
	var can money.Amount
	for _, s := range sources {
		can += min(s.Amount, (*left)[s.Source])
	}
	return can, err
}

// payDebt pays amount of a debt.
func (b *Book) payDebt(k debtKey, amount money.Amount, left *purse) error {
	switch k.kind {
	case debt.Shortfall:
		return b.fundLater(k.id, amount, left)
	case debt.Hold:
		return b.holdLater(k.id, amount, left)
	case debt.Advance, debt.Fee, debt.TopUp:
		return b.recover(k, amount, left)
	}
	return nil
}

// fundLater funds part of a claim's shortfall, which goes out as a payout of its own.
func (b *Book) fundLater(id string, amount money.Amount, left *purse) error {
	c := b.change(id)
	b.record(event.ClaimFunded, id)
	if err := b.take(c.ID, amount, left); err != nil {
		return err
	}
	if err := b.capture(c); err != nil {
		return err
	}
	if err := b.level(c); err != nil {
		return err
	}
	b.wait(c, deadline{})
	return b.pay(c)
}

func (b *Book) holdLater(id string, amount money.Amount, left *purse) error {
	b.change(id)
	b.record(event.HoldToppedUp, id)
	return b.take(id, amount, left)
}

// take sets amount aside for a claim, out of what a sweep may use.
func (b *Book) take(id string, amount money.Amount, left *purse) error {
	c := b.change(id)
	order, err := b.sourcesOf(c)
	if err != nil {
		return err
	}
	for i := range order {
		order[i].Amount = min(order[i].Amount, (*left)[order[i].Source])
	}
	parts, _ := ledger.Split(amount, order)
	for _, p := range parts {
		(*left)[p.Source] -= p.Amount
	}
	return b.holdFrom(c, amount, parts)
}

// recovered are the sources of a recovery in order, each with its transfer.
var recovered = []struct {
	source ledger.Purpose
	kind   ledger.Kind
}{{ledger.Deposit, ledger.RecoveredFromDeposit}, {ledger.ShopFunds, ledger.RecoveredFromShopFunds}}

// recover takes what the merchant owes the platform.
func (b *Book) recover(k debtKey, amount money.Amount, left *purse) error {
	p := posting{due: dueOf(k.kind)}
	claimID := ""
	if k.kind != debt.TopUp {
		p.claim, claimID = b.change(k.id), k.id
	}
	b.record(event.DebtRecovered, claimID)
	b.detail("debt", string(k.kind))
	for _, from := range recovered {
		part := min(amount, (*left)[from.source])
		if part == 0 {
			continue
		}
		if err := b.post(from.kind, part, p); err != nil {
			return err
		}
		(*left)[from.source] -= part
		amount -= part
		if k.kind == debt.TopUp {
			b.recoveredTopUp(k, part)
		}
	}
	return nil
}

// recoveredTopUp takes part off the debt of a top-up that bounced, which no claim
// tells of.
func (b *Book) recoveredTopUp(k debtKey, part money.Amount) {
	d := b.changeDebt(k)
	if d.Open -= part; d.Open == 0 {
		b.endDebt(k)
	}
}

// ExpireHold is a timer's command for a hold that has lasted as long as it may. The
// money goes back to the merchant, and a person has to look at the claim.
type ExpireHold struct {
	OnClaim
	ExpiresAt time.Time
}

func (x *ExpireHold) Cover(d *request.Digest) { d.Texts(x.ClaimID); d.Time(x.ExpiresAt) }

func (x *ExpireHold) decide(b *Book) (Outcome, error) {
	c, err := x.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if !c.HoldExpiresAt.Equal(x.ExpiresAt) || !passed(c.HoldExpiresAt, b.now) {
		return Outcome{}, claimMoved(c.ID)
	}
	b.record(event.HoldExpired, c.ID)
	c = b.change(c.ID)
	open, _ := b.holdsOf(c.ID)
	for _, k := range open {
		h := b.holds.edit(k, b.command)
		part, err := h.Expire(b.now)
		if err != nil {
			return Outcome{}, err
		}
		if err := b.post(ledger.ReleaseKind(h.Source), part, posting{claim: c}); err != nil {
			return Outcome{}, err
		}
	}
	c.Escalate(b.now)
	return b.about(c.ID), b.limitHold(c)
}
