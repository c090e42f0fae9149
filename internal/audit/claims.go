package audit

import (
	"cmp"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// checkClaims compares every claim with its moves, revisions, holds, transfers,
// payouts and wait.
func (b *book) checkClaims() error {
	b.held = make(map[ledger.Purpose]int64)
	after := ""
	for {
		claims, err := b.rows.Claims(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		if len(claims) == 0 {
			return nil
		}
		after = claims[len(claims)-1].ID
		parts, err := b.rows.ClaimParts(b.head.MerchantID, claims[0].ID, after)
		if err != nil {
			return err
		}
		sorted(parts)
		for _, c := range claims {
			b.checkClaim(c, parts)
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}

// sorted puts what the database does not order by claim in that order.
func sorted(p *postgres.ClaimParts) {
	slices.SortFunc(p.Flows, func(a, b postgres.Flow) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Payouts, func(a, b *payout.Payout) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Waits, func(a, b postgres.Wait) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
}

// take gives the leading rows of a claim and leaves the rest.
func take[T any](rows *[]T, id func(*T) string, claimID string) []T {
	n := 0
	for n < len(*rows) && id(&(*rows)[n]) <= claimID {
		n++
	}
	out := (*rows)[:n]
	*rows = (*rows)[n:]
	// Rows of ids that no claim has are strays, and counted as such.
	return slices.DeleteFunc(slices.Clone(out), func(v T) bool { return id(&v) != claimID })
}

func (b *book) checkClaim(c *claim.Claim, p *postgres.ClaimParts) {
	subject := "claim " + c.ID
	if c.State.Live() {
		b.units += int64(len(c.Units))
	}
	b.checkLast(subject, c, take(&p.Last, func(m *postgres.Move) string { return m.ClaimID }, c.ID))
	b.checkPlace(subject, c, take(&p.Waits, func(w *postgres.Wait) string { return w.ClaimID }, c.ID))
	b.checkRevisions(subject, c, take(&p.Revisions, func(r *postgres.AuditedRevision) string { return r.ClaimID }, c.ID))

	flows := take(&p.Flows, func(f *postgres.Flow) string { return f.ClaimID }, c.ID)
	holds := take(&p.Holds, func(h **ledger.Hold) string { return (*h).ClaimID }, c.ID)
	payouts := take(&p.Payouts, func(o **payout.Payout) string { return (*o).ClaimID }, c.ID)
	b.checkHolds(subject, c, holds, flows)
	b.checkFunding(subject, c, payouts, flows)

	f, sum := &c.Funding, &b.claims
	sum.FromDeposit += f.FromDeposit
	sum.FromShopFunds += f.FromShopFunds
	sum.Advanced += f.Advanced
	sum.RefundInFlight += f.InFlight()
	sum.RefundPaid += f.Paid()
}

// checkLast proves that a claim stands where its newest move took it.
func (b *book) checkLast(subject string, c *claim.Claim, last []postgres.Move) {
	if len(last) != 1 {
		b.wrong(subject, "has never moved")
		return
	}
	equal(b, subject, "state", c.State, last[0].To)
	equal(b, subject, "time of its state", c.StateSince.UnixMicro(), last[0].RecordedAt.UnixMicro())
	if c.Version < last[0].Version {
		b.wrong(subject, "is at version %d, before its newest move at %d", c.Version, last[0].Version)
	}
}

// checkPlace compares where a claim stands with what it waits for.
func (b *book) checkPlace(subject string, c *claim.Claim, waits []postgres.Wait) {
	waiting := !c.State.Final() && (c.State != claim.Paying || c.Shortfall() > 0)
	if waiting != (len(waits) == 1) {
		b.wrong(subject, "is %s and has %d waits", c.State, len(waits))
	}
	for _, w := range waits {
		equal(b, subject, "wait", instant(w), instant(postgres.Wait{
			MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Since: c.StateSince, Fires: c.Fires, Deadline: c.Deadline,
		}))
	}
	if c.Fires != claim.DeadlineNone && !slices.Contains(c.State.Fires(), c.Fires) {
		b.wrong(subject, "is %s, in which %s cannot fire", c.State, c.Fires)
	}
	if c.State == claim.Paid {
		equal(b, subject, "amount paid", c.Funding.Paid(), c.Award.Total())
	}
	if c.State.Final() {
		equal(b, subject, "amount held", c.Funding.Held, 0)
	}
	if !c.State.Live() {
		equal(b, subject, "award", c.Award, claim.Award{})
	}
}

// instantWait is a wait with its times in whole microseconds, to be compared.
type instantWait struct {
	id              string
	state           claim.State
	fires           claim.Deadline
	since, deadline int64
}

func instant(w postgres.Wait) instantWait {
	return instantWait{w.ClaimID, w.State, w.Fires, w.Since.UnixMicro(), w.Deadline.UnixMicro()}
}

// checkRevisions proves that the award is the newest revision's.
func (b *book) checkRevisions(subject string, c *claim.Claim, revisions []postgres.AuditedRevision) {
	for i, r := range revisions {
		equal(b, subject, "number of a revision", r.Number, int32(i+1))
	}
	equal(b, subject, "number of revisions", int32(len(revisions)), c.Revision)
	if len(revisions) > 0 {
		last := revisions[len(revisions)-1]
		equal(b, subject, "award", c.Award, last.Award)
		equal(b, subject, "verdict", c.Verdict, last.Verdict)
		return
	}
	equal(b, subject, "award", c.Award, claim.Award{})
}

// between sums what flowed from one account to another, less what flowed back.
func between(flows []postgres.Flow, debit, credit ledger.Purpose) int64 {
	var sum int64
	for _, f := range flows {
		switch {
		case f.Debit == debit && f.Credit == credit:
			sum += int64(f.Amount)
		case f.Debit == credit && f.Credit == debit:
			sum -= int64(f.Amount)
		}
	}
	return sum
}

// onto sums what an account gained, on the credit side.
func onto(flows []postgres.Flow, p ledger.Purpose) int64 {
	var sum int64
	for _, f := range flows {
		if f.Credit == p {
			sum += int64(f.Amount)
		}
		if f.Debit == p {
			sum -= int64(f.Amount)
		}
	}
	return sum
}

func (b *book) checkHolds(subject string, c *claim.Claim, holds []*ledger.Hold, flows []postgres.Flow) {
	open := make(map[ledger.Purpose]int64)
	captured := make(map[ledger.Purpose]int64)
	for i, h := range holds {
		equal(b, subject, "number of a hold", h.Number, int32(i+1))
		open[h.Source] += int64(h.Open())
		captured[h.Source] += int64(h.Captured)
		b.held[h.Source] += int64(h.Open())
	}
	equal(b, subject, "amount held", int64(c.Funding.Held), open[ledger.Deposit]+open[ledger.ShopFunds])
	equal(b, subject, "deposit in open holds", open[ledger.Deposit], onto(flows, ledger.DepositHeld))
	equal(b, subject, "shop funds in open holds", open[ledger.ShopFunds], onto(flows, ledger.ShopFundsHeld))
	equal(b, subject, "deposit captured", captured[ledger.Deposit], between(flows, ledger.DepositHeld, ledger.ClaimPayable))
	equal(b, subject, "shop funds captured", captured[ledger.ShopFunds], between(flows, ledger.ShopFundsHeld, ledger.ClaimPayable))
}

func (b *book) checkFunding(subject string, c *claim.Claim, payouts []*payout.Payout, flows []postgres.Flow) {
	f := &c.Funding
	equal(b, subject, "amount from the deposit", int64(f.FromDeposit), between(flows, ledger.DepositHeld, ledger.ClaimPayable))
	equal(b, subject, "amount from shop funds", int64(f.FromShopFunds), between(flows, ledger.ShopFundsHeld, ledger.ClaimPayable))
	equal(b, subject, "amount advanced", int64(f.Advanced), between(flows, ledger.Receivable, ledger.ClaimPayable))
	equal(b, subject, "amount payable", int64(f.Payable()), onto(flows, ledger.ClaimPayable))
	equal(b, subject, "amount in flight", int64(f.InFlight()), onto(flows, ledger.PayoutClearing))
	equal(b, subject, "amount paid", int64(f.Paid()), onto(flows, ledger.PlatformCash))
	if f.Funded() > c.Award.Total() {
		b.wrong(subject, "is funded with %d, beyond its award of %d", f.Funded(), c.Award.Total())
	}

	var by claim.Funding
	for _, o := range payouts {
		switch {
		case o.State == payout.Instructed && o.Part == payout.Refund:
			by.RefundInFlight += o.Amount
		case o.State == payout.Instructed:
			by.CompensationInFlight += o.Amount
		case o.State == payout.Succeeded && o.Part == payout.Refund:
			by.RefundPaid += o.Amount
		case o.State == payout.Succeeded:
			by.CompensationPaid += o.Amount
		}
	}
	equal(b, subject, "refund in flight", f.RefundInFlight, by.RefundInFlight)
	equal(b, subject, "refund paid", f.RefundPaid, by.RefundPaid)
	equal(b, subject, "compensation in flight", f.CompensationInFlight, by.CompensationInFlight)
	equal(b, subject, "compensation paid", f.CompensationPaid, by.CompensationPaid)
}
