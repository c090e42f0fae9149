package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ChangeDestination changes where a claim is paid to, while nothing is under way: before
// anything was sent, or once all that was sent has arrived, come back, or failed for good.
// It sends nothing by itself.
type ChangeDestination struct {
	OnClaim
	Destination string
	// Note says why it changes, and how the caller made sure that the consumer asked for it.
	Note string
}

func (d *ChangeDestination) follow(b *Book, n *Needs, round int) {
	if round == 0 && b.claims.get(d.ClaimID) != nil {
		n.payoutsOfClaim(b.merchantID, d.ClaimID)
	}
}

func (d *ChangeDestination) Cover(g *request.Digest) { g.Texts(d.ClaimID, d.Destination, d.Note) }

func (d *ChangeDestination) decide(b *Book) (Outcome, error) {
	c, err := d.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if c.State == claim.Withdrawn {
		return Outcome{}, fault.New(fault.ClaimStateConflict, "claim %s is withdrawn and will not be paid", c.ID).
			With("claimId", c.ID).With("state", c.State).About(c)
	}
	if d.Destination == c.Destination {
		return Outcome{}, fault.New(fault.RequestInvalid, "claim %s is paid to this destination already", c.ID).
			With("claimId", c.ID).At("payout_destination")
	}
	if err := b.checkNothingUnderWay(c); err != nil {
		return Outcome{}, err
	}
	b.record(event.PayoutDestinationChanged, c.ID)
	b.detail("before", c.Destination)
	b.detail("destination", d.Destination)
	b.detail("note", d.Note)
	b.change(c.ID).Destination = d.Destination
	return b.about(c.ID), nil
}

// checkNothingUnderWay refuses while the gateway has an instruction that it may pay: money
// that is on its way to one destination must not be owed to another.
func (b *Book) checkNothingUnderWay(c *claim.Claim) error {
	ids := append([]string(nil), b.payoutsOf[c.ID]...)
	sortIDs(ids)
	for _, id := range ids {
		p := b.payouts.get(id)
		switch {
		case p == nil || p.Superseded:
			continue
		case p.State == payout.Instructed:
			return fault.New(fault.PayoutStateConflict, "payout %s is on its way; the destination can change once its outcome is known", p.ID).
				With("payoutId", p.ID).With("state", p.State).At("payout_destination").About(c)
		case p.State == payout.Failed && b.lookedAfter(p):
			return fault.New(fault.PayoutStateConflict,
				"the gateway may still pay payout %s until %s; the destination can change once the gateway has confirmed, after that time, that it failed",
				p.ID, p.NotAfter.Format(time.RFC3339)).
				With("payoutId", p.ID).With("state", p.State).With("notAfter", p.NotAfter.Format(time.RFC3339)).At("payout_destination").About(c)
		}
	}
	return nil
}
