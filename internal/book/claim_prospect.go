package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Due gives when the deadline that a prospect would begin would pass, if the prospect
// came about now; zero if none begins. It uses the same rule as the commands.
func (c *Catalog) Due(cl *claim.Claim, p claim.Prospect, now time.Time) time.Time {
	if p.Fires == claim.DeadlineNotice && p.To == cl.State {
		v, ok := c.Policy(cl.PolicyID, cl.PolicyVersion)
		if !ok {
			return time.Time{}
		}
		return c.Calendar.After(now, v.Windows.Notice)
	}
	then := *cl
	then.State = p.To
	return (&Book{catalog: c, now: now}).deadlineOf(&then).at
}
