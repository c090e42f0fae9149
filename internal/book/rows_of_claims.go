package book

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// listed says whether timers or queues look at a claim: in every state in which a
// person, an authenticator or the merchant has to act, and while its award is not
// funded.
func listed(c *claim.Claim) bool {
	switch c.State {
	case claim.Authenticating, claim.InReview, claim.Notified, claim.Appealed, claim.AwaitingApproval, claim.PayoutFailed:
		return true
	case claim.Paying:
		return c.Shortfall() > 0
	case claim.New, claim.Paid, claim.Rejected, claim.Withdrawn, claim.Expired:
	}
	return false
}

func waitOf(c *claim.Claim) Wait {
	w := Wait{
		MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Since: c.StateSince,
		Fires: c.Fires, Deadline: c.Deadline, HoldExpires: c.HoldExpiresAt, Assignee: c.Assignee,
	}
	if !c.ClockStoppedAt.IsZero() {
		w.Deadline = time.Time{} // It does not pass while the clock stands still.
	}
	return w
}

type siblingKey struct{ claimantID, productID string }

// index finds ids of rows by something that the rows share. It may name rows that a
// refused command had staged: its users check that the row exists.
type index[K comparable] map[K][]string

func (x index[K]) put(k K, id string) {
	if !slices.Contains(x[k], id) {
		x[k] = append(x[k], id)
	}
}

// sortIDs puts time-ordered ids in the order of their time.
func sortIDs(ids []string) { slices.Sort(ids) }
