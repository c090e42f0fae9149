package engine

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// PassDeadline is a timer's command: the deadline that its worker saw has
// passed. It is refused with CLAIM_CHANGED when the claim has moved on since.
type PassDeadline struct {
	onClaim
	Fires    claim.Deadline
	Deadline time.Time
}

// NewPassDeadline makes the command from what the worker read.
func NewPassDeadline(w postgres.Wait) PassDeadline {
	return PassDeadline{onClaim: onClaim{ClaimID: w.ClaimID}, Fires: w.Fires, Deadline: w.Deadline}
}

func (p *PassDeadline) digest(d *digest) { d.texts(p.ClaimID, string(p.Fires)); d.time(p.Deadline) }

func (p *PassDeadline) decide(b *Book) (Outcome, error) {
	c, err := p.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if c.Fires != p.Fires || !c.Deadline.Equal(p.Deadline) || b.now.Before(c.Deadline.Add(b.config.LapseGrace)) {
		return Outcome{}, fault.New(fault.ClaimChanged, "claim %s does not wait for %s at %s any more", c.ID, p.Fires, p.Deadline).
			With("claimId", c.ID)
	}
	b.record(event.DeadlinePassed, c.ID)
	b.detail("deadline", string(p.Fires))
	switch p.Fires {
	case claim.DeadlineResult:
		err = b.move(c.ID, claim.ResultLapsed, "")
	case claim.DeadlineNotice:
		err = b.confirm(c.ID, claim.NoticeLapsed, "")
	case claim.DeadlineReview, claim.DeadlineNoticeDelivery, claim.DeadlineNone:
		// A person has to act: the claim stays and is marked.
		c = b.change(c.ID)
		c.Escalated = true
		b.wait(c, deadline{})
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.about(p.ClaimID), nil
}

// PassDeadline runs the command for a claim of merchantID.
func (e *Engine) PassDeadline(ctx context.Context, merchantID string, cmd PassDeadline) (Outcome, error) {
	return e.do(ctx, system(merchantID, "PassDeadline"), &cmd)
}

// system is the header of the engine's own commands.
func system(merchantID, method string) Header {
	return Header{
		MerchantID: merchantID,
		Principal:  Principal{Workload: "tenfold", Role: RoleSystem},
		Method:     method,
	}
}
