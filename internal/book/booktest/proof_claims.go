package booktest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

const topUp = debt.TopUp

// totals is what all claims of a book together say about money.
type totals struct {
	held                      map[ledger.Purpose]money.Amount
	payable, inFlight, owed   money.Amount
	writtenOff, lost, coupons money.Amount
	owedByConsumers, exposure money.Amount
	units                     int
}

// claimRows are the rows of one claim.
type claimRows struct {
	holds   []ledger.Hold
	payouts []payout.Payout
	debts   []debt.Debt
	newest  int32 // Revision.
	count   int   // Of revisions.
	appeal  int32 // Newest revision that was appealed against.
	present int   // Approvals of the newest revision.
}

// byClaim sorts the rows of a book by claim.
func (p *proof) byClaim() map[string]*claimRows {
	all := make(map[string]*claimRows, len(p.rows.Claims))
	of := func(id string) *claimRows {
		r := all[id]
		if r == nil {
			r = new(claimRows)
			all[id] = r
		}
		return r
	}
	for k, h := range p.rows.Holds {
		of(k.Claim).holds = append(of(k.Claim).holds, h)
	}
	for _, o := range p.rows.Payouts {
		of(o.ClaimID).payouts = append(of(o.ClaimID).payouts, o)
	}
	for k, d := range p.rows.Debts {
		if k.Kind != topUp {
			of(k.ID).debts = append(of(k.ID).debts, d)
		}
	}
	for k := range p.rows.Revisions {
		of(k.Claim).newest = max(of(k.Claim).newest, k.Revision)
		of(k.Claim).count++
	}
	for k := range p.rows.Appeals {
		of(k.Claim).appeal = max(of(k.Claim).appeal, k.Revision)
	}
	for k := range p.rows.Approvals {
		if k.Revision == p.rows.Claims[k.Claim].Revision {
			of(k.Claim).present++
		}
	}
	return all
}

// checkClaims compares every claim with its moves, revisions, holds, transfers,
// payouts, debts, units and wait.
func (p *proof) checkClaims() totals {
	t := totals{held: make(map[ledger.Purpose]money.Amount)}
	rows := p.byClaim()
	for _, id := range slices.Sorted(maps.Keys(p.rows.Claims)) {
		c := p.rows.Claims[id]
		r := rows[id]
		if r == nil {
			r = new(claimRows)
		}
		subject := "claim " + id
		p.checkPlace(subject, &c)
		p.checkVerdict(subject, &c, r)
		p.checkHolds(subject, &c, r, &t)
		p.checkBearers(subject, &c, &t)
		p.checkPayouts(subject, &c, r, &t)
		p.checkDebts(subject, &c, r)
		t.exposure += exposure(&c)
	}
	return t
}

// live says whether a claim keeps its units; confirmed whether the merchant has to
// bear it.
func live(c *claim.Claim) bool {
	return c.State != claim.Rejected && c.State != claim.Withdrawn && c.State != claim.Expired
}

func confirmed(c *claim.Claim) bool {
	return c.State == claim.Paying || c.State == claim.PayoutFailed || c.State == claim.Paid
}

// borne is what the merchant has paid for a claim or owes for it.
func borne(c *claim.Claim) money.Amount {
	f := &c.Funding
	return f.FromDeposit + f.FromShopFunds + f.Advanced + f.WrittenOff
}

// lacking is what of an award the merchant has not borne.
func lacking(c *claim.Claim) money.Amount {
	return max(0, c.Award.Refund+c.Award.Compensation-borne(c))
}

// exposure is what a claim may yet cost the merchant.
func exposure(c *claim.Claim) money.Amount {
	switch {
	case !live(c):
		return 0
	case confirmed(c), c.Owed():
		return lacking(c)
	}
	return max(0, c.Potential-borne(c))
}

// checkPlace compares where a claim stands with its moves, with what it waits for, and
// with the units that it owns.
func (p *proof) checkPlace(subject string, c *claim.Claim) {
	m := p.moved[c.ID]
	equal(p, subject, "state", c.State, m.state)
	equal(p, subject, "time of its state", c.StateSince.UnixMicro(), m.since.UnixMicro())
	equal(p, subject, "time of its confirmation", c.ConfirmedAt.UnixMicro(), m.confirmed.UnixMicro())
	if c.Version < m.version {
		p.wrongly(subject, "is at version %d, before its newest move at %d", c.Version, m.version)
	}

	w, listed := p.rows.Waits[c.ID]
	ended := c.State == claim.Paid || !live(c)
	equal(p, subject, "whether it is listed among what waits", listed,
		!ended && (c.State != claim.Paying || lacking(c) > 0))
	if listed {
		want := book.Wait{
			MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Since: c.StateSince, Fires: c.Fires, Deadline: c.Deadline,
			HoldExpires: c.HoldExpiresAt, Assignee: c.Assignee,
		}
		if !c.ClockStoppedAt.IsZero() {
			want.Deadline = time.Time{} // Nothing fires while the clock stands still.
		}
		equal(p, subject, "wait", w, want)
	}
	if c.Fires != claim.DeadlineNone && !slices.Contains(c.State.Fires(), c.Fires) {
		p.wrongly(subject, "is %s, in which %s cannot fire", c.State, c.Fires)
	}
	for _, u := range c.Units {
		owner, owned := p.rows.Units[UnitKey{c.OrderLineID, u.Ordinal}]
		if mine := owned && owner.ClaimID == c.ID; mine != live(c) {
			p.wrongly(subject, "is %s, and unit %d belongs to %q", c.State, u.Ordinal, owner.ClaimID)
		}
	}
}

// approversNeeded is how many people let an amount be debited.
const approversNeeded = 2

// checkVerdict compares a claim's verdict and award with its newest revision, and what
// people said to it.
func (p *proof) checkVerdict(subject string, c *claim.Claim, r *claimRows) {
	equal(p, subject, "number of revisions", r.count, int(c.Revision))
	equal(p, subject, "newest revision", r.newest, c.Revision)
	newest := p.rows.Revisions[RevisionKey{c.ID, c.Revision}]
	equal(p, subject, "award", c.Award, newest.Award)
	if c.Revision > 0 {
		equal(p, subject, "verdict", c.Verdict, newest.Verdict)
	}
	if !live(c) {
		equal(p, subject, "award", c.Award, claim.Award{})
	}
	equal(p, subject, "revision appealed against", c.AppealedRevision, r.appeal)
	if c.State == claim.Appealed && r.appeal == 0 {
		p.wrongly(subject, "is APPEALED and has no appeal")
	}
	if c.State == claim.AwaitingApproval && r.present >= approversNeeded {
		p.wrongly(subject, "waits for approval and has %d", r.present)
	}
}

// checkHolds compares a claim's holds with the transfers that placed and ended them.
func (p *proof) checkHolds(subject string, c *claim.Claim, r *claimRows, t *totals) {
	open := make(map[ledger.Purpose]money.Amount)
	numbers := make(map[int32]bool)
	for _, h := range r.holds {
		open[h.Source] += h.Amount - h.Captured - h.Released
		numbers[h.Number] = true
	}
	for n := range int32(len(r.holds)) {
		if !numbers[n+1] {
			p.wrongly(subject, "has %d holds and no hold %d", len(r.holds), n+1)
		}
	}
	for source, amount := range open {
		t.held[source] += amount
	}
	f := p.flows[c.ID]
	equal(p, subject, "amount held", c.Funding.Held, open[ledger.Deposit]+open[ledger.ShopFunds])
	equal(p, subject, "deposit in open holds", open[ledger.Deposit], f.onto(ledger.DepositHeld))
	equal(p, subject, "shop funds in open holds", open[ledger.ShopFunds], f.onto(ledger.ShopFundsHeld))
	equal(p, subject, "whether its hold can expire", !c.HoldExpiresAt.IsZero(), c.Funding.Held > 0)
	if c.State == claim.Paid || !live(c) {
		equal(p, subject, "amount held at its end", c.Funding.Held, 0)
	}
}

// checkBearers compares who bears a claim with its transfers.
func (p *proof) checkBearers(subject string, c *claim.Claim, t *totals) {
	f, fees, flow := &c.Funding, &c.Fees, p.flows[c.ID]
	payable := borne(c) + f.Lost + f.ClawedBack - f.RefundInFlight - f.CompensationInFlight - f.RefundPaid - f.CompensationPaid
	equal(p, subject, "amount payable", payable, flow.onto(ledger.ClaimPayable))
	if payable < 0 {
		p.wrongly(subject, "has %d payable", payable)
	}
	equal(p, subject, "amount advanced or owed as a fee", f.Advanced+fees.Owed, flow.onto(ledger.Receivable))
	equal(p, subject, "amount written off", f.WrittenOff+fees.WrittenOff, flow.onto(ledger.WriteOff))
	equal(p, subject, "amount that the platform lost", f.Lost, flow.onto(ledger.ReversalLoss))
	equal(p, subject, "amount that the consumer owes", f.ClawedBack+fees.Consumer, flow.onto(ledger.ConsumerReceivable))
	// What the merchant has given came from the two sources, for the award or as a fee.
	given := flow.onto(ledger.Deposit) + flow.onto(ledger.DepositHeld) + flow.onto(ledger.ShopFunds) + flow.onto(ledger.ShopFundsHeld)
	equal(p, subject, "amount that the merchant gave", f.FromDeposit+f.FromShopFunds+fees.Merchant-fees.Owed-fees.WrittenOff, -given)
	if payable > 0 && f.Lost+f.ClawedBack > 0 {
		p.wrongly(subject, "has %d payable although others than the merchant bear %d", payable, f.Lost+f.ClawedBack)
	}
	award := c.Award.Refund + c.Award.Compensation
	if undecided := c.State == claim.InReview || c.State == claim.Authenticating; !undecided && borne(c) > award {
		p.wrongly(subject, "has cost the merchant %d, beyond its award of %d", borne(c), award)
	}
	sent := f.RefundInFlight + f.CompensationInFlight + f.RefundPaid + f.CompensationPaid
	if undecided := c.State == claim.InReview || c.State == claim.Authenticating; !undecided && f.ClawedBack > max(0, sent-award) {
		p.wrongly(subject, "lets the consumer owe %d, with %d sent of an award of %d", f.ClawedBack, sent, award)
	}
	if c.Award != c.Award.Max(claim.Award{}) || c.Highest.Compensation < c.Award.Compensation || c.Highest.Refund < c.Award.Refund {
		p.wrongly(subject, "is awarded %+v, at most %+v", c.Award, c.Highest)
	}
	if borne(c)+f.Lost+f.ClawedBack > 0 && c.ConfirmedAt.IsZero() {
		p.wrongly(subject, "is funded and was never confirmed")
	}
	t.payable += payable
	t.owed += f.Advanced + fees.Owed
	t.writtenOff += f.WrittenOff + fees.WrittenOff
	t.lost += f.Lost
	t.owedByConsumers += f.ClawedBack + fees.Consumer
	if live(c) {
		t.units += len(c.Units)
	}
}

// arrivedOf is what reached the consumer of a payout that arrived: its amount, unless the
// gateway told another.
func arrivedOf(o *payout.Payout) money.Amount {
	if o.Arrived != 0 {
		return o.Arrived
	}
	return o.Amount
}

// sent is what became of the payouts of one part.
type sent struct{ inFlight, paid, failed money.Amount }

// checkPayouts compares what a claim says of what is sent, paid and failed with its
// payouts.
func (p *proof) checkPayouts(subject string, c *claim.Claim, r *claimRows, t *totals) {
	parts := map[payout.Part]*sent{payout.Refund: {}, payout.Compensation: {}}
	// What came back although the consumer had given it back came twice, and matches
	// nothing; what lapsed of a coupon lies in the same account.
	twice := p.flows[c.ID].onto(ledger.Suspense)
	for _, o := range r.payouts {
		of := parts[o.Part]
		if of == nil {
			p.wrongly(subject, "has a payout of part %q", o.Part)
			continue
		}
		arrived := arrivedOf(&o)
		rest := arrived - o.Coupon.Redeemed
		switch o.Coupon.State {
		case payout.CouponIssued:
			t.coupons += rest
		case payout.CouponLapsed:
			twice -= rest
		case payout.CouponReturned:
			of.paid += o.Coupon.Redeemed
		case payout.CouponNone, payout.CouponRedeemed:
		}
		switch {
		case o.State == payout.Instructed:
			of.inFlight += o.Amount
		case o.State == payout.Succeeded:
			of.paid += arrived - o.CameBack
			if !o.Superseded {
				of.failed += max(o.Amount, arrived) - arrived + o.CameBack
			}
		case !o.Superseded:
			of.failed += max(o.Amount, o.Arrived)
		}
	}
	f, award := &c.Funding, &c.Award
	refund, compensation := parts[payout.Refund], parts[payout.Compensation]
	inFlight := f.RefundInFlight + f.CompensationInFlight
	paid := f.RefundPaid + f.CompensationPaid
	equal(p, subject, "refund in flight", f.RefundInFlight, refund.inFlight)
	equal(p, subject, "compensation in flight", f.CompensationInFlight, compensation.inFlight)
	equal(p, subject, "amount in flight", inFlight, p.flows[c.ID].onto(ledger.PayoutClearing))
	equal(p, subject, "amount paid and repaid", paid+f.Repaid-twice, refund.paid+compensation.paid)
	p.within(subject, "refund paid", f.RefundPaid, refund.paid)
	p.within(subject, "compensation paid", f.CompensationPaid, compensation.paid)
	p.within(subject, "refund that failed", f.RefundFailed,
		min(refund.failed, max(0, award.Refund-f.RefundPaid-f.RefundInFlight)))
	p.within(subject, "compensation that failed", f.CompensationFailed,
		min(compensation.failed, max(0, award.Compensation-f.CompensationPaid-f.CompensationInFlight)))
	failed := f.RefundFailed + f.CompensationFailed
	p.within(subject, "amount that failed", failed, p.flows[c.ID].onto(ledger.ClaimPayable))
	switch {
	case c.State == claim.PayoutFailed && failed == 0:
		p.wrongly(subject, "is PAYOUT_FAILED and nothing failed")
	case c.State == claim.Paying && failed > 0:
		p.wrongly(subject, "is PAYING while %d failed", failed)
	case c.State == claim.Paid && paid < award.Refund+award.Compensation:
		p.wrongly(subject, "is PAID with %d of its award of %d", paid, award.Refund+award.Compensation)
	}
	t.inFlight += inFlight
}

// within notes when got does not lie between zero and most.
func (p *proof) within(subject, what string, got, most money.Amount) {
	if got < 0 || got > most {
		p.wrongly(subject, "%s is %d, should lie between 0 and %d", what, got, most)
	}
}

// checkDebts compares what is listed as owed for a claim with what the claim says.
func (p *proof) checkDebts(subject string, c *claim.Claim, r *claimRows) {
	want := make(map[debt.Kind]debt.Debt)
	owes := func(kind debt.Kind, open money.Amount, since time.Time) {
		if open > 0 {
			want[kind] = debt.Debt{
				MerchantID: c.MerchantID, Kind: kind, ID: c.ID, SamplingCase: c.SamplingCase, Since: since, Open: open,
			}
		}
	}
	owes(debt.Advance, c.Funding.Advanced, c.ConfirmedAt)
	owes(debt.Fee, c.Fees.Owed, c.ConfirmedAt)
	switch {
	case confirmed(c):
		owes(debt.Shortfall, lacking(c), c.ConfirmedAt)
	case c.State == claim.Notified, c.State == claim.Appealed, c.State == claim.AwaitingApproval:
		owes(debt.Hold, max(0, lacking(c)-c.Funding.Held), c.StateSince)
	}
	equal(p, subject, "number of debts", len(r.debts), len(want))
	for _, d := range r.debts {
		if d.Recorded.Before(d.Since) || d.Recorded.After(p.rows.Head.RecordedAt) {
			p.wrongly(subject, "debt %s is as it is from %s on", d.Kind, d.Recorded)
		}
		should := want[d.Kind]
		should.Recorded, should.Arose = d.Recorded, should.Since
		equal(p, subject, "debt "+string(d.Kind), d, should)
	}
}

// checkPayoutFlows proves that the transfers of every payout moved what it says is on its
// way, has reached the consumer and has stayed there.
func (p *proof) checkPayoutFlows() {
	for id, o := range p.rows.Payouts {
		var inFlight, spent, left money.Amount
		switch {
		case o.State == payout.Instructed:
			inFlight = o.Amount
		case o.Form == claim.Coupon:
			spent = o.Coupon.Redeemed
			if o.Coupon.State == payout.CouponIssued {
				left = arrivedOf(&o) - spent
			}
		case o.State == payout.Succeeded:
			spent = arrivedOf(&o) - o.CameBack
		}
		subject, f := "payout "+id, p.ofPayouts[id]
		equal(p, subject, "amount in flight", f.onto(ledger.PayoutClearing), inFlight)
		equal(p, subject, "amount that left the cash", -f.onto(ledger.PlatformCash), spent)
		equal(p, subject, "amount left on its coupon", f.onto(ledger.CouponLiability), left)
	}
}

// checkPayoutDues proves that a worker looks after every payout whose outcome is open,
// and after none that nobody can pay any more.
func (p *proof) checkPayoutDues() {
	for id, o := range p.rows.Payouts {
		_, due := p.rows.Dues[id]
		if o.State == payout.Instructed && !due {
			p.wrongly("payout "+id, "is INSTRUCTED and nobody looks after it")
		}
		if may := o.State == payout.Instructed || o.State == payout.Failed && !o.Superseded; due && !may {
			p.wrongly("payout "+id, "is %s and still looked after", o.State)
		}
	}
	for id := range p.rows.Dues {
		if _, ok := p.rows.Payouts[id]; !ok {
			p.wrongly(fmt.Sprintf("due of payout %s", id), "belongs to no payout")
		}
	}
}
