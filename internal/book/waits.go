package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// deadline says what time will do to a claim.
type deadline struct {
	fires claim.Deadline
	at    time.Time
}

// deadlineOf gives the deadline of a state just entered.
func (b *Book) deadlineOf(c *claim.Claim) deadline {
	fires := c.State.Starts()
	if fires == claim.DeadlineNone {
		return deadline{}
	}
	return deadline{fires, b.after(b.now, spanOf(b.governing(c), fires))}
}

// spanOf is the span of a deadline under a version; without a version it is empty.
func spanOf(v *policy.Version, fires claim.Deadline) policy.Span {
	if v == nil {
		return policy.Span{}
	}
	w := &v.Windows
	switch fires {
	case claim.DeadlineResult:
		return w.Result
	case claim.DeadlineReview:
		return w.Review
	case claim.DeadlineNoticeDelivery:
		return w.NoticeDelivery
	case claim.DeadlineNoticeDeemed:
		return w.NoticeDeemedSpan()
	case claim.DeadlineNotice:
		return w.Notice
	case claim.DeadlineAppeal:
		return w.PanelSpan()
	case claim.DeadlineApproval:
		return w.ApprovalSpan()
	case claim.DeadlineFunds:
		return w.FundsSpan()
	case claim.DeadlineNone:
	}
	return policy.Span{}
}

// after is when a span that begins at t ends, by the calendar.
func (b *Book) after(t time.Time, s policy.Span) time.Time { return b.catalog.Calendar.After(t, s) }

// passed says whether an instant has come. The zero time is one that was never set: it
// does not pass.
func passed(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// wait sets a claim's deadline and its row in the list that timers and queues read.
func (b *Book) wait(c *claim.Claim, d deadline) {
	c.Fires, c.Deadline = d.fires, d.at
	switch old := b.waits.get(c.ID); {
	case !listed(c) && old != nil:
		b.waits.drop(c.ID, b.command)
	case listed(c) && old != nil:
		*b.waits.edit(c.ID, b.command) = waitOf(c)
	case listed(c):
		b.waits.add(c.ID, waitOf(c), b.command)
	}
}

// awaitFunds keeps the deadline and the row of a claim in step with whether it waits for
// money, which may begin and cease without a move. The time counts from when the claim was
// confirmed, so that small payments do not put it off. Once escalated, the claim stays so
// until it moves.
func (b *Book) awaitFunds(c *claim.Claim) {
	d := deadline{c.Fires, c.Deadline}
	short := c.State == claim.Paying && c.Shortfall() > 0
	switch {
	case short && d.fires == claim.DeadlineNone && !c.Escalated:
		d = deadline{claim.DeadlineFunds, b.after(c.StateSince, spanOf(b.governing(c), claim.DeadlineFunds))}
	case !short && d.fires == claim.DeadlineFunds:
		d = deadline{}
	}
	if d != (deadline{c.Fires, c.Deadline}) || listed(c) != (b.waits.get(c.ID) != nil) {
		b.wait(c, d)
	}
}
