package book

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// causeRepriced marks a revision caused by a sibling's verdict, not the claim's own.
const causeRepriced = "REPRICED"

// siblings gives the loaded claims of a claimant on a product in filing order.
func (b *Book) siblings(claimantID, productID string) []*claim.Claim {
	var out []*claim.Claim
	for _, id := range b.claimants[siblingKey{claimantID, productID}] {
		if c := b.claims.get(id); c != nil {
			out = append(out, &c.Claim)
		}
	}
	slices.SortFunc(out, func(a, c *claim.Claim) int {
		return cmp.Or(a.FiledAt.Compare(c.FiledAt), cmp.Compare(a.ID, c.ID))
	})
	return out
}

// keeps says whether a claim keeps at least its award while others of its group are
// decided: its debit is confirmed, or the consumer has money for it, whatever state it is
// in by now.
func keeps(c *claim.Claim) bool {
	return c.State.Confirmed() || c.State.Live() && out(c) > 0
}

// out is what the consumer has for a claim, or may yet get by what was sent.
func out(c *claim.Claim) money.Amount {
	return c.Funding.Paid() + c.Funding.InFlight() + c.Funding.Failed()
}

// feeAdded is the part of a claim's award that gives back the fee that the claimant
// paid for results.
func (b *Book) feeAdded(c *claim.Claim) money.Amount {
	v, ok := b.catalog.Policy(c.PolicyID, c.PolicyVersion)
	if !ok || v.FeeRule() != policy.FeeAdded {
		return 0
	}
	return min(c.Fees.Claimant, c.Award.Compensation)
}

// refunded is the amount that the order service has refunded on a line.
func (b *Book) refunded(lineID string) money.Amount {
	var sum money.Amount
	for _, id := range b.refundsOf[lineID] {
		if r := b.refunds.get(refundKey{lineID, id}); r != nil {
			sum += r.Amount
		}
	}
	return sum
}

// firstKnown is when the claimant of these claims, which are all of one claimant on one
// product, knew that such goods were counterfeit, by the claimant's own account in any of
// them (rule C8): in whatever order they were filed, and whatever has become of them since.
func firstKnown(claims []*claim.Claim) time.Time {
	return slices.MinFunc(claims, func(a, c *claim.Claim) int { return a.LearnedAt.Compare(c.LearnedAt) }).LearnedAt
}

// causeKnowledge marks a revision made because another claim tells that these goods were
// bought knowingly.
const causeKnowledge = "BOUGHT_KNOWINGLY"

// learn reprices claims on goods that were bought knowingly by what a claim that was just
// filed tells. Where the consumer has the money already nothing is taken back by itself:
// the claim is marked for a person.
func (b *Book) learn(filed *claim.Claim) error {
	for _, id := range b.boughtAfter(filed) {
		c := &b.claims.get(id).Claim
		if c.Revision == 0 || !c.Owed() || !c.State.Live() {
			continue
		}
		b.record(event.ClaimRepriced, id)
		if keeps(c) {
			b.change(id).Escalate(b.now)
			b.detail("bought_knowingly", "true")
			continue
		}
		if err := b.reprice(id, true, causeKnowledge, ""); err != nil {
			return err
		}
		if err := b.adjust(b.change(id)); err != nil {
			return err
		}
	}
	return nil
}

// boughtAfter lists the claimant's other claims on goods that, by the account of one
// claim alone, were bought after the claimant knew, in filing order.
func (b *Book) boughtAfter(filed *claim.Claim) []string {
	others := slices.DeleteFunc(b.siblings(filed.ClaimantID, filed.ProductID), func(s *claim.Claim) bool { return s.ID == filed.ID })
	if len(others) == 0 {
		return nil
	}
	known := firstKnown(others)
	var ids []string
	for _, s := range others {
		if filed.LearnedAt.Before(s.PaidAt) && !known.Before(s.PaidAt) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func award(s *policy.Share) claim.Award {
	return claim.Award{Refund: s.Refund, Compensation: s.Compensation}
}

// findGroup gives the claimant's pricing group on a product that a payment at
// paidAt belongs to: the group's first claim paid at most window away (rule C7).
func (b *Book) findGroup(claimantID string, l *order.Line, window time.Duration) (groupID string, size int) {
	anchors := make(map[string]time.Time)
	for _, s := range b.siblings(claimantID, l.ProductID) {
		if _, ok := anchors[s.GroupID]; !ok {
			anchors[s.GroupID] = s.PaidAt
		}
		if l.PaidAt.Sub(anchors[s.GroupID]).Abs() > window {
			continue
		}
		if groupID == "" {
			groupID = s.GroupID
		}
		if groupID == s.GroupID && s.State.Live() {
			size++
		}
	}
	return groupID, size
}
