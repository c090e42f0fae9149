package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// PassDeadline is a timer's command for a deadline that its worker saw pass. It is
// refused with CLAIM_CHANGED if the claim has changed since.
type PassDeadline struct {
	OnClaim
	Fires    claim.Deadline
	Deadline time.Time
}

func (p *PassDeadline) Cover(d *request.Digest) {
	d.Texts(p.ClaimID, string(p.Fires))
	d.Time(p.Deadline)
}

func (p *PassDeadline) follow(b *Book, n *Needs, round int) {
	if c := b.claims.get(p.ClaimID); c != nil && round == 0 && p.Fires == claim.DeadlineNotice {
		followUsual(b, n, &c.Claim)
	}
}

func (p *PassDeadline) decide(b *Book) (Outcome, error) {
	c, err := p.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	same := c.Fires == p.Fires && c.Deadline.Equal(p.Deadline)
	if !c.ClockStoppedAt.IsZero() || !same || !passed(c.Deadline, b.now.Add(-b.settings.LapseGrace)) {
		return Outcome{}, claimMoved(c.ID)
	}
	b.record(event.DeadlinePassed, c.ID)
	b.detail("deadline", string(p.Fires))
	switch p.Fires {
	case claim.DeadlineResult:
		err = b.move(c.ID, claim.ResultLapsed, "")
	case claim.DeadlineNotice:
		err = b.confirm(c.ID, claim.NoticeLapsed, "")
	case claim.DeadlineNoticeDelivery:
		b.undelivered(c.ID)
	case claim.DeadlineNoticeDeemed:
		b.detail("deemed", "true")
		err = b.deliver(c.ID, b.now)
	case claim.DeadlineReview, claim.DeadlineAppeal, claim.DeadlineApproval, claim.DeadlineFunds, claim.DeadlineNone:
		// A person has to act: the claim stays and is marked.
		c = b.change(c.ID)
		c.Escalate(b.now)
		b.wait(c, deadline{})
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.about(p.ClaimID), nil
}

// claimMoved refuses a timer's command because the claim has changed since.
func claimMoved(id string) error {
	return fault.New(fault.ClaimChanged, "claim %s has changed and no longer waits for this", id).With("claimId", id)
}
