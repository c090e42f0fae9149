package book

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// RetryPayout is an operator's command to send a payout again that failed, came back or
// was made in part. A failed payout keeps its out-number, so that the gateway can make
// sure that it pays once. What came back, or did not arrive, of a payout that was made
// leaves under a new number. A payout to
// another destination also gets a new number, once the gateway may no longer pay the
// failed one.
type RetryPayout struct {
	OnClaim
	PayoutID string
	// Destination is where it goes from now on; empty means where the claim is paid to.
	Destination string
	// Note is kept with the move.
	Note string
}

func (r *RetryPayout) need(c *Call, n *Needs) {
	n.payout(c.Header.MerchantID, r.PayoutID)
}

func (r *RetryPayout) follow(b *Book, n *Needs, round int) {
	if p := b.payouts.get(r.PayoutID); p != nil && round == 0 {
		n.claim(b.merchantID, p.ClaimID)
		n.holdsOf(b.merchantID, p.ClaimID)
		n.payoutsOfClaim(b.merchantID, p.ClaimID)
	}
}

func (r *RetryPayout) Cover(d *request.Digest) { d.Texts(r.PayoutID, r.Destination, r.Note) }

func (r *RetryPayout) decide(b *Book) (Outcome, error) {
	if b.call.Header.Principal.Person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a payout must be retried by a person, but the call names no person")
	}
	p := b.payouts.get(r.PayoutID)
	if p == nil {
		return Outcome{}, PayoutNotFound(b.merchantID, r.PayoutID)
	}
	r.ClaimID = p.ClaimID
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if p.State != payout.Failed && p.State != payout.Returned && p.Lacks() == 0 {
		return Outcome{}, fault.New(fault.PayoutStateConflict, "payout %s is %s; only a payout that failed, came back or was made in part can be retried", p.ID, p.State).
			With("payoutId", p.ID).With("state", p.State).About(c)
	}
	if _, ok := claim.Next(c.State, claim.PayoutRetried); !ok {
		return Outcome{}, c.Refuse(claim.PayoutRetried)
	}
	waiting := b.failedPayouts(c.ID)
	redirected := r.Destination != "" && (r.Destination != c.Destination || b.goElsewhere(waiting, r.Destination)) ||
		r.Destination == "" && b.goElsewhere(waiting, c.Destination) && b.checkRedirect(waiting) == nil
	if redirected {
		if err := b.checkRedirect(waiting); err != nil {
			return Outcome{}, err
		}
	}
	b.record(event.PayoutRetried, c.ID)
	b.detail("payout", p.ID)
	if err := b.move(c.ID, claim.PayoutRetried, r.Note); err != nil {
		return Outcome{}, err
	}
	c = b.change(c.ID)
	if redirected {
		c.Destination = cmp.Or(r.Destination, c.Destination)
		b.detail("redirected", "true")
	} else if err := b.instructAgain(c, waiting); err != nil {
		return Outcome{}, err
	}
	part, made := p.Part, len(b.call.Made)
	b.supersede(c)
	if err := b.pay(c); err != nil {
		return Outcome{}, err
	}
	again := r.PayoutID
	for _, fresh := range b.call.Made[made:] {
		if fresh.Part == part {
			again = fresh.ID
		}
	}
	return b.paidOut(again), nil
}

// failedPayouts lists a claim's failed payouts, oldest first.
func (b *Book) failedPayouts(claimID string) []string {
	var ids []string
	for _, id := range b.payoutsOf[claimID] {
		if p := b.payouts.get(id); p != nil && p.State == payout.Failed && !p.Superseded {
			ids = append(ids, id)
		}
	}
	sortIDs(ids)
	return ids
}

// goElsewhere says whether one of the payouts has another destination than the one
// given, because the claim's destination changed while it was on its way.
func (b *Book) goElsewhere(payouts []string, destination string) bool {
	return slices.ContainsFunc(payouts, func(id string) bool { return b.payouts.get(id).Destination != destination })
}

// checkRedirect refuses another destination until the gateway has confirmed, at a time
// when it could no longer pay, that it did not pay to the earlier one: the same money
// must never be under way under two numbers.
func (b *Book) checkRedirect(failed []string) error {
	for _, id := range failed {
		if p := b.payouts.get(id); b.lookedAfter(p) {
			return fault.New(fault.PayoutStateConflict,
				"the gateway may still pay payout %s until %s; it can go to another destination once the gateway has confirmed, after that time, that it failed",
				p.ID, p.NotAfter.Format(time.RFC3339)).
				With("payoutId", p.ID).With("state", p.State).With("notAfter", p.NotAfter.Format(time.RFC3339)).At("payout_destination")
		}
	}
	return nil
}

// supersede sends everything that waited for an operator under a new number, if the
// gateway may no longer pay it under the old one.
func (b *Book) supersede(c *claim.Claim) {
	f := &c.Funding
	f.RefundFailed, f.CompensationFailed = 0, 0
	for _, id := range b.payoutsOf[c.ID] {
		p := b.payouts.get(id)
		switch {
		case p == nil || p.Superseded || p.State != payout.Failed && p.State != payout.Returned && p.Lacks() == 0:
		case b.lookedAfter(p):
			// The gateway may still have paid it: its money keeps waiting.
			failed(c, p.Part, p.Amount)
		default:
			b.changePayout(id).Superseded = true
		}
	}
	b.trimFailed(c)
}

// instructAgain sends failed payouts again under their numbers, if all of their amount
// is still owed. Those that the gateway may yet pay come first: a dead number is used
// again only for what no other number may pay (rule O3).
func (b *Book) instructAgain(c *claim.Claim, waiting []string) error {
	slices.SortStableFunc(waiting, func(x, y string) int {
		alive, other := b.lookedAfter(b.payouts.get(x)), b.lookedAfter(b.payouts.get(y))
		switch {
		case alive == other:
			return 0
		case alive:
			return -1
		}
		return 1
	})
	for _, id := range waiting {
		p := b.payouts.get(id)
		open := c.Funding.RefundFailed
		if p.Part == payout.Compensation {
			open = c.Funding.CompensationFailed
		}
		if !b.lookedAfter(p) {
			open -= b.mayYetBePaid(c, p.Part)
		}
		if p.Amount > open {
			continue
		}
		p = b.changePayout(id)
		if err := b.post(ledger.PayoutInstructed, p.Amount, posting{claim: c, part: p.Part, payoutID: id}); err != nil {
			return err
		}
		p.State, p.FailureCode, p.NotAfter = payout.Instructed, "", b.now.Add(b.settings.PayoutLife)
		p.Try++
		failed(c, p.Part, -p.Amount)
		b.look(*p)
	}
	return nil
}
