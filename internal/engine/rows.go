package engine

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

type (
	claimRow  = claim.Claim
	resultRow = claim.Result
	lineRow   = order.Line
)

// putClaim takes a loaded claim over, with the row that follows from it: a wait
// exists exactly while the claim is listed.
func (bs books) putClaim(c *claimRow) {
	b := bs[c.MerchantID]
	b.claims.load(c.ID, loadedClaim{Claim: *c, from: c.Version})
	b.claimants.put(siblingKey{c.ClaimantID, c.ProductID}, c.ID)
	if listed(c) {
		b.waits.load(c.ID, waitOf(c))
	}
	for _, d := range debtsOf(c) {
		b.debts.load(debtKey{d.Kind, d.ID}, d)
	}
}

// listed says whether timers or queues look at a claim: in every state in which
// a person, an authenticator or the merchant has to act, and while its award is
// not funded.
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

func waitOf(c *claim.Claim) postgres.Wait {
	w := postgres.Wait{
		MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Since: c.StateSince,
		Fires: c.Fires, Deadline: c.Deadline, HoldExpires: c.HoldExpiresAt,
	}
	if !c.ClockStoppedAt.IsZero() {
		w.Deadline = time.Time{} // It does not pass while the clock stands still.
	}
	return w
}

// putPayout takes a loaded payout over; its row tells whether a worker looks after
// it.
func (bs books) putPayout(p *payout.Payout) {
	b := bs[p.MerchantID]
	b.payouts.load(p.ID, *p)
	b.payoutsOf.put(p.ClaimID, p.ID)
	if b.lookedAfter(p) {
		b.dues.load(p.ID, postgres.Due{MerchantID: p.MerchantID, PayoutID: p.ID})
	}
}

// putResult takes a loaded result over.
func (b *Book) putResult(r claim.Result) {
	b.results.load(r.ID, r)
	b.resultsOf.put(r.ClaimID, r.ID)
}

// putRefund takes a loaded refund over.
func (b *Book) putRefund(r postgres.Refund) {
	b.refunds.load(refundKey{r.OrderLineID, r.RefundID}, r)
	b.refundsOf.put(r.OrderLineID, r.RefundID)
}

type siblingKey struct{ claimantID, productID string }

// index finds the ids of rows by something that they share. It may name rows that
// a refused command had staged: whoever follows it looks whether they are there.
type index[K comparable] map[K][]string

func (x index[K]) put(k K, id string) {
	if !slices.Contains(x[k], id) {
		x[k] = append(x[k], id)
	}
}

// sortIDs puts time-ordered ids in the order of their time.
func sortIDs(ids []string) { slices.Sort(ids) }
