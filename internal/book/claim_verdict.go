package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// ruling is a verdict on a claim with its consequences.
type ruling struct {
	units []claim.Unit
	// up, settled and rejected are the triggers that the ruling pulls: up if it asks
	// more of the merchant than the merchant has borne, settled if it asks nothing more,
	// rejected if nothing is owed.
	up, settled, rejected claim.Trigger
	// cause is stored in the revision; note is kept with it and with the move.
	cause string
	note  string
	// by is the person who rules; empty where results alone do.
	by string
	// fraud says that the claim was fraudulent: what was paid is owed back.
	fraud bool
	// final rulings are confirmed without another notice: the merchant has been heard.
	final bool
}

// rule gives a claim a verdict, prices its group, and moves claim and money
// accordingly: to notice with its hold, on to payment, or to rejection with everything
// given back.
func (b *Book) rule(id string, r ruling) error {
	c := b.change(id)
	c.Decide(r.units, r.by)
	c.Fraud = r.fraud
	if !c.Owed() {
		return b.leave(id, r)
	}
	if !c.State.Live() {
		if err := b.retakeUnits(c); err != nil {
			return err
		}
	}
	if err := b.reprice(id, true, r.cause, r.note); err != nil {
		return err
	}
	switch {
	case r.final:
		if err := b.level(c); err != nil {
			return err
		}
		return b.confirm(id, r.settled, r.note)
	case !c.ConfirmedAt.IsZero() && c.Award.Total() <= c.Funding.Borne():
		return b.stand(c, r.settled, r.note)
	}
	return b.notify(c, r.up, r.note)
}

// notify notifies the merchant of a claim that costs more than the merchant has borne,
// and sets the difference aside. New liability needs a fresh notice.
func (b *Book) notify(c *claim.Claim, t claim.Trigger, note string) error {
	c.NoticeConfirmedAt, c.ClockStoppedAt = time.Time{}, time.Time{}
	c.EndEscalation()
	if c.State != claim.Notified {
		if err := b.move(c.ID, t, note); err != nil {
			return err
		}
	} else {
		b.wait(c, b.deadlineOf(c))
	}
	if err := b.level(c); err != nil {
		return err
	}
	return b.hold(c, c.Award.Total()-c.Funding.Borne())
}

// stand lets a claim go on if the merchant has already borne its award: any excess goes
// back, and whatever the consumer still lacks is paid.
func (b *Book) stand(c *claim.Claim, t claim.Trigger, note string) error {
	if err := b.drop(c); err != nil {
		return err
	}
	if !c.State.Confirmed() {
		if err := b.proceed(c, t, note); err != nil {
			return err
		}
	}
	if err := b.level(c); err != nil {
		return err
	}
	if c.State == claim.PayoutFailed && c.Funding.Failed() == 0 {
		if err := b.proceed(c, t, note); err != nil {
			return err
		}
	}
	return b.pay(c)
}

// proceed moves a claim by a trigger that its state may not know.
func (b *Book) proceed(c *claim.Claim, t claim.Trigger, note string) error {
	if _, ok := claim.Next(c.State, t); !ok {
		return nil
	}
	return b.move(c.ID, t, note)
}

// leave ends a claim without a payout: its holds are released, what the merchant bore
// is restored, and its group is priced without it.
func (b *Book) leave(id string, r ruling) error {
	c := b.change(id)
	if c.State.Live() {
		if err := b.move(id, r.rejected, r.note); err != nil {
			return err
		}
	}
	if err := b.drop(c); err != nil {
		return err
	}
	priced := c.Revision > 0
	c.Award, c.NoticeConfirmedAt, c.ClockStoppedAt = claim.Award{}, time.Time{}, time.Time{}
	if err := b.level(c); err != nil {
		return err
	}
	if err := b.chargeFees(c); err != nil {
		return err
	}
	if priced || c.Verdict != claim.Pending {
		b.revision(c, r.cause, r.note, policy.Calculation{})
	}
	return b.reprice(id, false, r.cause, "")
}

// reopen returns a claim whose verdict has lost its basis to review. Money stays where
// it is until a person has decided.
func (b *Book) reopen(c *claim.Claim, note string) error {
	if !c.State.Live() {
		if err := b.retakeUnits(c); err != nil {
			return err
		}
	}
	c.NoticeConfirmedAt, c.ClockStoppedAt = time.Time{}, time.Time{}
	t := claim.Reopened
	if _, ok := claim.Next(c.State, t); !ok {
		t = claim.ResultUndecided
	}
	return b.move(c.ID, t, note)
}

// checkUnits refuses with CLAIM_ALREADY_FILED if another claim owns a unit of an ended claim
// now, and names that claim.
func (b *Book) checkUnits(c *claim.Claim) error {
	for _, u := range c.Units {
		k := unitKey{c.OrderLineID, u.Ordinal}
		if owner := b.units.get(k); owner != nil && owner.claimID != c.ID {
			return fault.New(fault.ClaimAlreadyFiled, "unit %d of order line %s now belongs to claim %s", u.Ordinal, c.OrderLineID, owner.claimID).
				With("claimId", owner.claimID).With("ordinal", u.Ordinal).About(c)
		}
	}
	return nil
}

// retakeUnits makes an ended claim the owner of its units again, as checkUnits allows.
func (b *Book) retakeUnits(c *claim.Claim) error {
	if err := b.checkUnits(c); err != nil {
		return err
	}
	for _, u := range c.Units {
		b.takeUnit(unitKey{c.OrderLineID, u.Ordinal}, c.ID)
	}
	return nil
}

// revision stores the claim's verdict with its calculation for ever. A verdict by results
// alone has no author, whoever recorded the last of them.
func (b *Book) revision(c *claim.Claim, cause, note string, calculation policy.Calculation) {
	author := b.call.Header.Principal.Person
	if claim.Trigger(cause).ByResults() {
		author = ""
	}
	c.Revision++
	b.revisions.add(claim.Revision{
		MerchantID: b.merchantID, ClaimID: c.ID, Number: c.Revision, Verdict: c.Verdict, Units: c.Units,
		Award: c.Award, Basis: c.Basis, PolicyID: c.PolicyID, Version: c.PolicyVersion,
		Cause: cause, Note: note, Author: author,
		Calculation: calculation, Explained: calculation.Stored(), EventNumber: b.event().Number, RecordedAt: b.now,
	})
}
