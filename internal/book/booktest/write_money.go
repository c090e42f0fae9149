package booktest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

func (r *Rows) writeMoney(c *book.Changes) error {
	holds := table[HoldKey, ledger.Hold]{
		name: "hold", rows: r.Holds, key: func(h *ledger.Hold) HoldKey { return HoldKey{h.ClaimID, h.Number} },
		made: c.HoldsPlaced, changed: c.HoldsChanged, check: checkHold,
	}
	payouts := table[string, payout.Payout]{
		name: "payout", rows: r.Payouts, key: func(p *payout.Payout) string { return p.ID },
		made: c.PayoutsMade, changed: c.PayoutsChanged, check: checkPayout,
	}
	duesEnded := make([]string, len(c.DuesEnded))
	for i := range c.DuesEnded {
		duesEnded[i] = c.DuesEnded[i].ID
	}
	dues := table[string, book.Due]{
		name: "due", rows: r.Dues, key: func(d *book.Due) string { return d.PayoutID },
		made: c.DuesBegun, changed: c.DuesChanged, ended: duesEnded, check: anything[book.Due],
	}
	debtKey := func(d *debt.Debt) DebtKey { return DebtKey{d.Kind, d.ID} }
	debtsEnded := make([]DebtKey, len(c.DebtsEnded))
	for i := range c.DebtsEnded {
		debtsEnded[i] = debtKey(&c.DebtsEnded[i])
	}
	debts := table[DebtKey, debt.Debt]{
		name: "debt", rows: r.Debts, key: debtKey, made: c.DebtsBegun, changed: c.DebtsChanged, ended: debtsEnded, check: checkDebt,
	}
	proposals := table[int64, proposal.Proposal]{
		name: "proposal", rows: r.Proposals, key: func(p *proposal.Proposal) int64 { return p.Number },
		made: withoutVotes(c.ProposalsMade), changed: withoutVotes(c.ProposalsChanged), check: checkProposal,
	}
	errs := []error{r.keepDebts(c)}
	errs = append(errs, holds.write(), payouts.write(), dues.write(), debts.write(), proposals.write())
	for _, v := range c.Votes {
		if slices.ContainsFunc(r.Votes, func(o proposal.Vote) bool { return o.Number == v.Number && principal.Same(o.Person, v.Person) }) {
			errs = append(errs, fmt.Errorf("%s has voted on proposal %d before", v.Person, v.Number))
		}
	}
	r.Votes = append(r.Votes, c.Votes...)
	return errors.Join(errs...)
}

// keepDebts keeps debts that change or end as they were.
func (r *Rows) keepDebts(c *book.Changes) error {
	for _, d := range c.DebtsKept {
		was, exists := r.Debts[DebtKey{d.Kind, d.ID}]
		if !exists {
			return fmt.Errorf("debt %s %s changes, and does not exist", d.Kind, d.ID)
		}
		if !was.Recorded.Before(d.Recorded) {
			return fmt.Errorf("debt %s %s changes at %s, and is as it is from %s on", d.Kind, d.ID, d.Recorded, was.Recorded)
		}
		r.DebtsWere = append(r.DebtsWere, DebtWas{was, d.Recorded})
	}
	for _, l := range c.DebtsLate {
		if !l.From.Before(l.Until) || l.Open <= 0 || slices.ContainsFunc(r.LateDebts, func(o debt.Late) bool { return o.ID == l.ID && o.Event == l.Event }) {
			return fmt.Errorf("debt %s was owed late from %s until %s, or is told of twice", l.ID, l.From, l.Until)
		}
	}
	r.LateDebts = append(r.LateDebts, c.DebtsLate...)
	return nil
}

func checkHold(old, h *ledger.Hold) error {
	ended := h.Captured+h.Released == h.Amount
	switch {
	case old != nil && old.State != ledger.Held:
		return fmt.Errorf("is changed after it was %s", old.State)
	case old != nil && (old.Source != h.Source || old.Amount != h.Amount || !old.PlacedAt.Equal(h.PlacedAt)):
		return errors.New("is of another source or amount than before")
	case h.Amount <= 0, h.Captured < 0, h.Released < 0, h.Captured+h.Released > h.Amount:
		return fmt.Errorf("of %d has given %d and %d", h.Amount, h.Captured, h.Released)
	case (h.State == ledger.Held) == ended, (h.State == ledger.Held) != h.EndedAt.IsZero():
		return fmt.Errorf("is %s with %d of %d given", h.State, h.Captured+h.Released, h.Amount)
	}
	return nil
}

func checkPayout(old, p *payout.Payout) error {
	switch {
	case p.Amount <= 0:
		return fmt.Errorf("pays %d", p.Amount)
	case len(p.OutNumber) < 1, len(p.OutNumber) > 32:
		return fmt.Errorf("has the out-number %q", p.OutNumber)
	case p.State != payout.Instructed && p.AnsweredAt.IsZero():
		return fmt.Errorf("is %s and was never answered", p.State)
	case p.Coupon.State != payout.CouponNone && p.Form != claim.Coupon:
		return fmt.Errorf("in the form %s has a coupon that is %s", p.Form, p.Coupon.State)
	case p.Coupon.Redeemed < 0, p.Coupon.Redeemed > arrivedOf(p),
		(p.Coupon.State == payout.CouponRedeemed) != (p.Coupon.Redeemed == arrivedOf(p)):
		return fmt.Errorf("has a coupon that is %s with %d of %d spent", p.Coupon.State, p.Coupon.Redeemed, arrivedOf(p))
	case p.ChangedAt.Before(p.CreatedAt), old != nil && p.ChangedAt.Before(old.ChangedAt), p.ChangedAt.Before(p.AnsweredAt):
		return fmt.Errorf("changed at %s, was made at %s and answered at %s", p.ChangedAt, p.CreatedAt, p.AnsweredAt)
	case p.Try < 1, old == nil && p.Try != 1, old != nil && p.Try < old.Try:
		return fmt.Errorf("is at try %d", p.Try)
	case p.Arrived < 0, p.CameBack < 0, p.State == payout.Succeeded && p.CameBack >= arrivedOf(p):
		return fmt.Errorf("is %s with %d arrived and %d come back", p.State, p.Arrived, p.CameBack)
	case old == nil && p.Coupon != payout.Coupon{}:
		return errors.New("is made with a coupon")
	case old != nil && (old.ClaimID != p.ClaimID || old.Part != p.Part || old.Amount != p.Amount || old.OutNumber != p.OutNumber ||
		old.Form != p.Form || old.PaymentID != p.PaymentID || old.RidesPayment != p.RidesPayment || !old.CreatedAt.Equal(p.CreatedAt)):
		return fmt.Errorf("was made as %+v and is told as %+v", *old, *p)
	}
	return nil
}

func checkDebt(old, d *debt.Debt) error {
	switch {
	case d.Open <= 0:
		return fmt.Errorf("has %d open", d.Open)
	case old != nil && old.SamplingCase != d.SamplingCase:
		return fmt.Errorf("was of case %q and is of case %q", old.SamplingCase, d.SamplingCase)
	}
	return nil
}

func checkProposal(old, p *proposal.Proposal) error {
	switch {
	case p.Amount < 0, p.Amount == 0 && p.Kind != proposal.CorrectTopUp, p.Undone < 0, p.Undone > p.Amount:
		return fmt.Errorf("of %d is undone by %d", p.Amount, p.Undone)
	case (p.Kind == proposal.WriteOff) != (p.DebtKind != ""), (p.DebtKind == "") != (p.DebtID == ""):
		return fmt.Errorf("of kind %s is about the debt %s %s", p.Kind, p.DebtKind, p.DebtID)
	case p.ChangedAt.Before(p.ProposedAt), old != nil && p.ChangedAt.Before(old.ChangedAt), p.ChangedAt.Before(p.EndedAt):
		return fmt.Errorf("changed at %s, was proposed at %s and ended at %s", p.ChangedAt, p.ProposedAt, p.EndedAt)
	case p.Kind.Undoes() != (p.Undoes != 0):
		return fmt.Errorf("of kind %s undoes %d", p.Kind, p.Undoes)
	case (p.State == proposal.Open) != p.EndedAt.IsZero(), (p.State == proposal.CarriedOut && p.Kind != proposal.WriteOffWaiver) != (p.TransferNumber != 0):
		return fmt.Errorf("is %s, ended at %s by transfer %d", p.State, p.EndedAt, p.TransferNumber)
	case old != nil && (old.Kind != p.Kind || old.Amount != p.Amount || old.DebtKind != p.DebtKind || old.DebtID != p.DebtID ||
		old.Reference != p.Reference || old.From != p.From || old.To != p.To || old.Booked != p.Booked || !old.EffectiveAt.Equal(p.EffectiveAt) ||
		old.Undoes != p.Undoes || old.Note != p.Note || !principal.Same(old.ProposedBy, p.ProposedBy) || !old.ProposedAt.Equal(p.ProposedAt)):
		return fmt.Errorf("was made as %+v and is told as %+v", *old, *p)
	}
	return nil
}

func withoutVotes(list []proposal.Proposal) []proposal.Proposal {
	out := slices.Clone(list)
	for i := range out {
		out[i].Votes = nil
	}
	return out
}
