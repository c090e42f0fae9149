package book

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// purposes are the accounts behind the sources that can be held.
var purposes = map[policy.Source]ledger.Purpose{
	policy.SourceDeposit:   ledger.Deposit,
	policy.SourceShopFunds: ledger.ShopFunds,
}

// terms gives the policy version whose terms govern a priced claim's money.
func (b *Book) terms(c *claim.Claim) (*policy.Version, error) {
	v, ok := b.catalog.Policy(c.PolicyID, c.PolicyVersion)
	if !ok {
		return nil, fault.New(fault.PolicyNotFound, "policy %s has no version %d", c.PolicyID, c.PolicyVersion).
			With("policyId", c.PolicyID)
	}
	return v, nil
}

// holdsOf gives the claim's open holds in the order in which they were placed,
// and the number of its newest hold.
func (b *Book) holdsOf(claimID string) (open []holdKey, newest int32) {
	for n := int32(1); ; n++ {
		h := b.holds.get(holdKey{claimID, n})
		if h == nil {
			return open, n - 1
		}
		if h.State == ledger.Held {
			open = append(open, holdKey{claimID, n})
		}
	}
}

// sourcesOf gives the amounts that the merchant's sources have for a claim, in the
// policy's order.
func (b *Book) sourcesOf(c *claim.Claim) ([]ledger.Part, error) {
	v, err := b.terms(c)
	if err != nil {
		return nil, err
	}
	var order []ledger.Part
	for _, s := range v.SourceOrder {
		if p, ok := purposes[s]; ok {
			order = append(order, ledger.Part{Source: p, Amount: b.available(p)})
		}
	}
	return order, nil
}

// hold sets money aside for a claim, or releases it, until target is held. It takes as
// much as the merchant's sources have, in the policy's order (rules A1, A2).
func (b *Book) hold(c *claim.Claim, target money.Amount) error {
	if c.Funding.Held >= target {
		return b.release(c, c.Funding.Held-target)
	}
	order, err := b.sourcesOf(c)
	if err != nil {
		return err
	}
	return b.holdFrom(c, target-c.Funding.Held, order)
}

// holdFrom sets aside up to amount more for a claim. Each source gives at most what
// order says.
func (b *Book) holdFrom(c *claim.Claim, amount money.Amount, order []ledger.Part) error {
	parts, _ := ledger.Split(amount, order)
	_, newest := b.holdsOf(c.ID)
	for _, part := range parts {
		newest++
		if err := b.post(ledger.PlaceKind(part.Source), part.Amount, posting{claim: c}); err != nil {
			return err
		}
		b.holds.add(holdKey{c.ID, newest}, ledger.Hold{
			MerchantID: b.merchantID, ClaimID: c.ID, Number: newest, Source: part.Source,
			State: ledger.Held, Amount: part.Amount, PlacedAt: b.now,
		}, b.command)
	}
	return b.limitHold(c)
}

// limitHold updates the time at which the claim's hold expires: the policy limits how
// long money may be held, counted from when it was first set aside.
func (b *Book) limitHold(c *claim.Claim) error {
	switch {
	case c.Funding.Held == 0:
		c.HoldExpiresAt = time.Time{}
	case c.HoldExpiresAt.IsZero():
		v, err := b.terms(c)
		if err != nil {
			return err
		}
		c.HoldExpiresAt = b.now.Add(v.Windows.HoldMax())
	}
	b.wait(c, deadline{c.Fires, c.Deadline})
	return nil
}

// release releases amount of the claim's holds, the newest hold first.
func (b *Book) release(c *claim.Claim, amount money.Amount) error {
	if amount == 0 {
		return nil
	}
	open, _ := b.holdsOf(c.ID)
	slices.Reverse(open)
	for _, k := range open {
		if amount == 0 {
			break
		}
		h := b.holds.edit(k, b.command)
		part := min(amount, h.Open())
		if err := h.Release(part, b.now); err != nil {
			return err
		}
		if err := b.post(ledger.ReleaseKind(h.Source), part, posting{claim: c}); err != nil {
			return err
		}
		amount -= part
	}
	return b.limitHold(c)
}

// fund makes the merchant bear the award. It captures the holds, takes what else the
// merchant's sources have, and advances the rest up to the policy's limits. The part
// that nobody funds stays open as the claim's shortfall.
func (b *Book) fund(c *claim.Claim) error {
	if err := b.hold(c, max(0, c.Award.Total()-c.Funding.Borne())); err != nil {
		return err
	}
	if err := b.capture(c); err != nil {
		return err
	}
	if err := b.advance(c, c.Award.Total()-c.Funding.Borne()); err != nil {
		return err
	}
	return b.level(c)
}

// capture captures every hold of a claim.
func (b *Book) capture(c *claim.Claim) error {
	open, _ := b.holdsOf(c.ID)
	for _, k := range open {
		h := b.holds.edit(k, b.command)
		part := h.Open()
		if err := h.Capture(part, b.now); err != nil {
			return err
		}
		if err := b.post(ledger.CaptureKind(h.Source), part, posting{claim: c}); err != nil {
			return err
		}
	}
	return b.limitHold(c)
}

// advance pays in place of the merchant, who owes it from then on (rule F1). The
// policy limits it for the claim, and for all that the merchant owes.
func (b *Book) advance(c *claim.Claim, needed money.Amount) error {
	v, err := b.terms(c)
	if err != nil {
		return err
	}
	if !slices.Contains(v.SourceOrder, policy.SourceAdvance) {
		return nil
	}
	part := min(needed, v.AdvanceLimit-c.Funding.Advanced-c.Funding.WrittenOff)
	if v.AdvanceLimitPerMerchant > 0 {
		part = min(part, v.AdvanceLimitPerMerchant-b.available(ledger.Receivable))
	}
	if part <= 0 {
		return nil
	}
	return b.post(ledger.ShortfallAdvanced, part, posting{claim: c})
}

// instruct sends what is payable, the refund first, each part as a payout of its own.
// Failed amounts wait for an operator. The command commits only the intent; a worker
// calls the gateway afterwards.
func (b *Book) instruct(c *claim.Claim) error {
	waiting := map[payout.Part]money.Amount{
		payout.Refund:       max(c.Funding.RefundFailed, b.mayYetBePaid(c, payout.Refund)),
		payout.Compensation: max(c.Funding.CompensationFailed, b.mayYetBePaid(c, payout.Compensation)),
	}
	payable := c.Funding.Payable() - waiting[payout.Refund] - waiting[payout.Compensation]
	for _, part := range payout.Parts() {
		due := c.Award.Refund - c.Funding.RefundPaid - c.Funding.RefundInFlight
		if part == payout.Compensation {
			due = c.Award.Compensation - c.Funding.CompensationPaid - c.Funding.CompensationInFlight
		}
		amount := min(payable, due-waiting[part])
		if amount <= 0 {
			continue
		}
		if err := b.send(c, part, amount); err != nil {
			return err
		}
		payable -= amount
	}
	return nil
}

// mayYetBePaid is what of a part failed and may be paid after all, under the number that
// it was sent with: nothing else leaves for it before that number is dead (rule O3).
func (b *Book) mayYetBePaid(c *claim.Claim, part payout.Part) money.Amount {
	var sum money.Amount
	for _, id := range b.payoutsOf[c.ID] {
		p := b.payouts.get(id)
		if p != nil && p.Part == part && p.State == payout.Failed && !p.Superseded && b.lookedAfter(p) {
			sum += p.Amount
		}
	}
	return sum
}

// ridesFor is how long after a payment its refund may go back through it (rule O1).
const ridesFor = 365 * 24 * time.Hour

// send makes one payout.
func (b *Book) send(c *claim.Claim, part payout.Part, amount money.Amount) error {
	id := b.ids.Next(b.now)
	p := payout.Payout{
		MerchantID: b.merchantID, ID: id, ClaimID: c.ID, Part: part, State: payout.Instructed,
		Amount: amount, Currency: c.Currency, OutNumber: claim.Compact(id), PaymentID: c.PaymentID,
		Destination: c.Destination, NotAfter: b.now.Add(b.settings.PayoutLife), CreatedAt: b.now,
		Form: c.PayoutForm, Try: 1, ChangedAt: b.now,
	}
	if part == payout.Refund {
		p.Form, p.RidesPayment = claim.Cash, b.now.Sub(c.PaidAt) <= ridesFor
	}
	if err := b.post(ledger.PayoutInstructed, amount, posting{claim: c, part: part, payoutID: id}); err != nil {
		return err
	}
	b.payouts.add(id, p, b.command)
	b.knows(id, needPayout)
	b.look(p)
	return nil
}

// look puts a payout on the list that a worker looks after. The worker is told after
// the commit; if that message is lost, the list brings the payout up again.
func (b *Book) look(p payout.Payout) {
	b.due(&p, b.now.Add(payoutLookAgain))
	b.call.Made = append(b.call.Made, p)
}

// due sets when a worker looks after a payout.
func (b *Book) due(p *payout.Payout, at time.Time) {
	b.dues.add(p.ID, Due{MerchantID: b.merchantID, PayoutID: p.ID, DueAt: at}, b.command)
}

// paidOf is how much of a part has reached the consumer.
func paidOf(c *claim.Claim, part payout.Part) money.Amount {
	if part == payout.Refund {
		return c.Funding.RefundPaid
	}
	return c.Funding.CompensationPaid
}

// failed adds amount to what waits for an operator of a part.
func failed(c *claim.Claim, part payout.Part, amount money.Amount) {
	if part == payout.Refund {
		c.Funding.RefundFailed += amount
	} else {
		c.Funding.CompensationFailed += amount
	}
}

// settle closes a claim whose whole award has reached the consumer; an award of zero
// counts as reached.
func (b *Book) settle(c *claim.Claim) error {
	if c.Funding.Paid() < c.Award.Total() {
		return nil
	}
	if _, ok := claim.Next(c.State, claim.PaidInFull); !ok {
		return nil
	}
	return b.move(c.ID, claim.PaidInFull, "")
}

// confirm debits the merchant and starts paying, unless the amount needs approval
// first. t is the trigger that allows it; note is kept with the move.
func (b *Book) confirm(id string, t claim.Trigger, note string) error {
	if t != claim.ApprovedByTwo {
		cause, err := b.approvalCause(&b.claims.get(id).Claim)
		if err != nil {
			return err
		}
		if cause != policy.ApprovalNotNeeded {
			b.detail("approval", string(cause))
			return b.move(id, claim.ApprovalRequired, note)
		}
	}
	if err := b.move(id, t, note); err != nil {
		return err
	}
	c := b.change(id)
	if c.ConfirmedAt.IsZero() {
		c.ConfirmedAt = b.now
	}
	if err := b.fund(c); err != nil {
		return err
	}
	if err := b.chargeFees(c); err != nil {
		return err
	}
	// Whether it waits for money is known only now.
	b.wait(c, deadline{})
	return b.pay(c)
}

// pay sends what is payable, and closes the claim when nothing is left to pay. An
// amount that failed before keeps the claim with the operator.
func (b *Book) pay(c *claim.Claim) error {
	if err := b.instruct(c); err != nil {
		return err
	}
	if c.Funding.Failed() > 0 {
		return b.proceed(c, claim.PayoutFailedForGood, "")
	}
	return b.settle(c)
}

// drop releases everything set aside for a claim.
func (b *Book) drop(c *claim.Claim) error { return b.release(c, c.Funding.Held) }
