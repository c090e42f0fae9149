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
	w := b.catalog.windows(c)
	switch c.State {
	case claim.Authenticating:
		return deadline{claim.DeadlineResult, b.after(b.now, w.Result)}
	case claim.InReview:
		return deadline{claim.DeadlineReview, b.after(b.now, w.Review)}
	case claim.Notified:
		return deadline{claim.DeadlineNoticeDelivery, b.after(b.now, w.NoticeDelivery)}
	case claim.Appealed:
		return deadline{claim.DeadlineAppeal, b.after(b.now, w.PanelSpan())}
	case claim.AwaitingApproval:
		return deadline{claim.DeadlineApproval, b.after(b.now, w.ApprovalSpan())}
	case claim.New, claim.Paying, claim.PayoutFailed, claim.Paid, claim.Rejected, claim.Withdrawn, claim.Expired:
	}
	return deadline{}
}

// after is when a span that begins at t ends, by the calendar.
func (b *Book) after(t time.Time, s policy.Span) time.Time { return b.catalog.Calendar.After(t, s) }

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
