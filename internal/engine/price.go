package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// causeRepriced marks a revision that a sibling's verdict made, not the claim's own.
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

// members gives the claims of a pricing group that count: live, with a unit
// found counterfeit. Those whose debit is confirmed keep the award they have, so
// they come first; the others follow in filing order, and each further claim
// pays the group's total less what the group was awarded before it.
func (b *Book) members(claimantID, productID, groupID string) []*claim.Claim {
	var confirmed, open []*claim.Claim
	for _, c := range b.siblings(claimantID, productID) {
		switch {
		case c.GroupID != groupID || !c.State.Live() || c.Verdict != claim.Counterfeit:
		case c.State.Confirmed():
			confirmed = append(confirmed, c)
		default:
			open = append(open, c)
		}
	}
	return append(confirmed, open...)
}

// member turns a claim into what pricing sees of it.
func (b *Book) member(c *claim.Claim) policy.Member {
	l := b.lines.get(c.OrderLineID)
	m := policy.Member{
		ClaimID:              c.ID,
		Line:                 l.line,
		Units:                c.Counterfeit(),
		Refunded:             b.refunded(c.OrderLineID),
		BoughtAfterKnowledge: b.knewBefore(c),
		Remedies:             c.Remedies,
		Basis:                c.BasisChosen,
	}
	if c.State.Confirmed() {
		m.Kept = &policy.Kept{Basis: c.Basis, Refund: c.Award.Refund, Compensation: c.Award.Compensation}
	}
	m.Versions, _ = b.catalog.open(c.PaidAt, l.line.DeliveredAt, c.LearnedAt, c.ArrivedAt, l.line.Category)
	return m
}

// refunded is what the order service gave back on a line.
func (b *Book) refunded(lineID string) money.Amount {
	var sum money.Amount
	for _, id := range b.refundsOf[lineID] {
		if r := b.refunds.get(refundKey{lineID, id}); r != nil {
			sum += r.Amount
		}
	}
	return sum
}

// knewBefore says whether the claimant bought these goods knowing them to be
// counterfeit: from this claim's own word or from one filed before it (rule C8).
func (b *Book) knewBefore(c *claim.Claim) bool {
	for _, s := range b.siblings(c.ClaimantID, c.ProductID) {
		if s.State.Live() && s.LearnedAt.Before(c.PaidAt) {
			return true
		}
		if s.ID == c.ID {
			break
		}
	}
	return c.LearnedAt.Before(c.PaidAt)
}

// reprice prices the group of a claim after its membership or a verdict
// changed, and revises every member whose award changes. cause, note and the
// running event belong to the claim itself.
func (b *Book) reprice(id string, cause claim.Trigger, note string) error {
	c := b.claims.get(id)
	group := b.members(c.ClaimantID, c.ProductID, c.GroupID)
	members := make([]policy.Member, len(group))
	for i, m := range group {
		members[i] = b.member(m)
	}
	shares, err := policy.Price(members)
	if err != nil {
		return err
	}
	// The claim's own revision belongs to the running event, so it comes first.
	if i := slices.IndexFunc(shares, func(s policy.Share) bool { return s.ClaimID == id }); i >= 0 {
		if err := b.revise(id, &shares[i], string(cause), note); err != nil {
			return err
		}
	}
	for i := range shares {
		s := &shares[i]
		old := b.claims.get(s.ClaimID)
		if s.ClaimID == id || old.State.Confirmed() || (old.Award == award(s) && old.Basis == s.Basis) {
			continue
		}
		b.record(event.ClaimRepriced, s.ClaimID)
		if err := b.revise(s.ClaimID, s, causeRepriced, ""); err != nil {
			return err
		}
	}
	return nil
}

func award(s *policy.Share) claim.Award {
	return claim.Award{Refund: s.Refund, Compensation: s.Compensation}
}

// revise gives a claim a verdict with its price, and brings its hold to it.
func (b *Book) revise(id string, s *policy.Share, cause, note string) error {
	c := b.change(id)
	more := award(s).Total() > c.Award.Total()
	c.Award, c.Basis, c.PolicyID, c.PolicyVersion = award(s), s.Basis, s.PolicyID, s.Version
	b.revision(c, cause, note, s.Calculation)
	if c.State != claim.Notified {
		return nil
	}
	if more && !c.NoticeConfirmedAt.IsZero() {
		// New liability of the merchant needs a fresh notice.
		c.NoticeConfirmedAt, c.Escalated = time.Time{}, false
		b.wait(c, b.deadlineOf(c))
	}
	return b.hold(c, c.Award.Total())
}

// revision keeps the claim's verdict with its calculation for ever.
func (b *Book) revision(c *claim.Claim, cause, note string, calculation policy.Calculation) {
	c.Revision++
	b.revisions.add(claim.Revision{
		MerchantID: b.merchantID, ClaimID: c.ID, Number: c.Revision, Verdict: c.Verdict, Units: c.Units,
		Award: c.Award, Basis: c.Basis, PolicyID: c.PolicyID, Version: c.PolicyVersion,
		Cause: cause, Note: note, Calculation: calculation, EventNumber: b.event().Number, RecordedAt: b.now,
	})
}

// leave ends a claim without a payout: its holds go back, and its group is
// priced without it. t and note are those of the move.
func (b *Book) leave(id string, t claim.Trigger, note string) error {
	if err := b.move(id, t, note); err != nil {
		return err
	}
	c := b.change(id)
	if err := b.drop(c); err != nil {
		return err
	}
	priced := c.Revision > 0
	c.Award = claim.Award{}
	if priced || c.Verdict != claim.Pending {
		b.revision(c, string(t), note, policy.Calculation{})
	}
	return b.reprice(id, t, "")
}

// followGroup asks for what pricing a claim's group needs: first its siblings,
// then the lines of those that count.
func followGroup(b *Book, n *needs, round int, c *claim.Claim) {
	switch round {
	case 0:
		n.claimsOf(postgres.SiblingKey{MerchantID: b.merchantID, ClaimantID: c.ClaimantID, ProductID: c.ProductID})
		n.line(b.merchantID, c.OrderLineID)
	case 1:
		for _, s := range b.siblings(c.ClaimantID, c.ProductID) {
			if s.ID != c.ID && s.GroupID == c.GroupID && s.State.Live() && s.Verdict == claim.Counterfeit {
				n.line(b.merchantID, s.OrderLineID)
				n.holdsOf(b.merchantID, s.ID)
			}
		}
	}
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
