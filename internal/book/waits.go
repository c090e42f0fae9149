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

// starts are the deadlines of states, from the moment in which a claim enters them.
var starts = map[claim.State]claim.Deadline{
	claim.Authenticating:   claim.DeadlineResult,
	claim.InReview:         claim.DeadlineReview,
	claim.Notified:         claim.DeadlineNoticeDelivery,
	claim.Appealed:         claim.DeadlineAppeal,
	claim.AwaitingApproval: claim.DeadlineApproval,
}

// deadlineOf gives the deadline of a state just entered.
func (b *Book) deadlineOf(c *claim.Claim) deadline {
	fires, runs := starts[c.State]
	if !runs {
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
	case claim.DeadlineNotice:
		return w.Notice
	case claim.DeadlineAppeal:
		return w.PanelSpan()
	case claim.DeadlineApproval:
		return w.ApprovalSpan()
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
