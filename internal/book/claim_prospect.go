package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// Due gives when the deadline that a prospect of a claim on l would begin would pass,
// if the prospect came about now; zero if none begins. It uses the same rule as the
// commands. The line may be nil unless AsksForLine wants it.
func (c *Catalog) Due(cl *claim.Claim, l *order.Line, p claim.Prospect, now time.Time) time.Time {
	fires := p.To.Starts()
	runs := fires != claim.DeadlineNone
	if p.Fires == claim.DeadlineNotice && p.To == cl.State {
		fires, runs = claim.DeadlineNotice, cl.PolicyID != ""
	}
	if !runs {
		return time.Time{}
	}
	return c.Calendar.After(now, spanOf(c.governing(cl, l), fires))
}

// UnsetYear gives the first year that was not set when the running deadline of a claim on l
// began, and that it reaches into, if its period is in working days; zero for none. Those days were
// counted by the ordinary week. The line may be nil unless AsksForLine wants it.
func (c *Catalog) UnsetYear(cl *claim.Claim, l *order.Line) int {
	if cl.Fires == claim.DeadlineNone || spanOf(c.governing(cl, l), cl.Fires).WorkingDays == 0 {
		return 0
	}
	from := cl.StateSince
	if cl.Fires == claim.DeadlineNotice {
		from = cl.NoticeConfirmedAt
	}
	return c.Calendar.UnsetBetween(from, cl.Deadline)
}
