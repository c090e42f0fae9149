package book

import (
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catalog holds what all books share and hardly ever changes: policies, decision rules and the calendar. A
// catalog never changes; the engine replaces it. A slightly old catalog does no harm: a
// policy version is published days before its first order, and days off are announced
// weeks ahead. Authenticators can be suspended at any time, so they are no part of it:
// each batch reads those that it needs (see judges).
type Catalog struct {
	// Policies are all published versions.
	Policies policy.Versions
	// Rules are all versions of the decision rules.
	Rules claim.RuleVersions
	// Calendar says when a span of working days ends.
	Calendar *calendar.Calendar
}

// NewCatalog makes a catalog of policies, decision rules and days off.
func NewCatalog(policies []policy.Version, rules []claim.Rules, days *calendar.Calendar) *Catalog {
	return &Catalog{Policies: policy.NewVersions(policies), Rules: claim.NewRuleVersions(rules), Calendar: days}
}

// Policy gives one version of a policy.
func (c *Catalog) Policy(id string, number int32) (*policy.Version, bool) {
	return c.Policies.Version(id, number)
}

// AsksForLine says whether only its order line tells which policy governs a claim: the
// claim has no award yet, or one under a version that this catalog does not know.
func (c *Catalog) AsksForLine(cl *claim.Claim) bool {
	_, known := c.Policy(cl.PolicyID, cl.PolicyVersion)
	return !known
}

// governing gives the policy version that governs a claim on l: the version of its
// award, or, before there is an award, the preferred one of those that were open when
// the claim arrived (see policy.Preferred). It is nil if there is none. The line may be
// nil unless AsksForLine wants it.
func (c *Catalog) governing(cl *claim.Claim, l *order.Line) *policy.Version {
	if v, ok := c.Policy(cl.PolicyID, cl.PolicyVersion); ok {
		return v
	}
	if l == nil {
		panic(fmt.Sprintf("book: the policy of claim %s is looked up without its order line", cl.ID))
	}
	open, _ := c.open(l, cl.LearnedAt, cl.ArrivedAt)
	return policy.Preferred(open, cl.BasisChosen)
}

// open gives, for each basis, the version that was in force when l was paid, if its
// claim window was still open when the claim arrived; and otherwise when the last
// window closed.
func (c *Catalog) open(l *order.Line, learnedAt, arrivedAt time.Time) (map[policy.LegalBasis]*policy.Version, time.Time) {
	inForce := c.Policies.InForce(policy.Bought(l))
	var closed time.Time
	for basis, v := range inForce {
		closes := closesAt(v, l.DeliveredAt, learnedAt)
		if !arrivedAt.After(closes) {
			continue
		}
		delete(inForce, basis)
		if closes.After(closed) {
			closed = closes
		}
	}
	return inForce, closed
}

// closesAt is when claims under v may no longer be filed: the claim window after
// delivery, but never beyond the limitation period from knowledge.
func closesAt(v *policy.Version, deliveredAt, learnedAt time.Time) time.Time {
	closes := deliveredAt.Add(v.Windows.Claim)
	if limit := learnedAt.Add(v.Windows.Knowledge); limit.Before(closes) {
		return limit
	}
	return closes
}

// governing gives the policy version that governs a claim; nil if there is none. Where
// the catalog asks for the order line, it must be in memory; see followPolicy.
func (b *Book) governing(c *claim.Claim) *policy.Version {
	var l *order.Line
	if stored := b.lines.get(c.OrderLineID); stored != nil {
		l = stored.line
	}
	return b.catalog.governing(c, l)
}

// consequences are what the policy makes of verdicts on a claim: that of its order on the
// basis that the claimant asked for, as long as it is not priced (see policy.Preferred). It
// does not change once the claim is priced on another basis. The order line must be in memory.
func (b *Book) consequences(c *claim.Claim) policy.Consequences {
	stored := b.lines.get(c.OrderLineID)
	if stored == nil {
		panic(fmt.Sprintf("book: the policy of claim %s is looked up without its order line", c.ID))
	}
	open, _ := b.catalog.open(stored.line, c.LearnedAt, c.ArrivedAt)
	if v := policy.Preferred(open, c.BasisChosen); v != nil {
		return v.Consequence()
	}
	return policy.DefaultConsequences()
}

// followPolicy asks for the order line of a claim whose award does not tell the policy:
// then the goods do.
func followPolicy(b *Book, n *Needs, claimID string) {
	if c := b.claims.get(claimID); c != nil && b.catalog.AsksForLine(&c.Claim) {
		n.line(b.merchantID, c.OrderLineID)
	}
}
