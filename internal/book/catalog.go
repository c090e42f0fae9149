package book

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catalog holds what all books share: policies, the calendar and authenticators. A
// catalog never changes; the engine replaces it. A slightly old catalog does no harm:
// a policy version is published days before its first order, days off are announced
// weeks ahead, and an unknown authenticator causes a fresh read.
type Catalog struct {
	// Policies are in order of policy and number.
	Policies []policy.Version
	// Calendar says when a span of working days ends.
	Calendar       *calendar.Calendar
	authenticators map[string]claim.Authenticator
	register       []claim.Authenticator
}

// Authenticators lists the register in order of id.
func (c *Catalog) Authenticators() []claim.Authenticator { return c.register }

// NewCatalog makes a catalog of policies, days off and authenticators.
func NewCatalog(policies []policy.Version, days *calendar.Calendar, register []claim.Authenticator) *Catalog {
	c := &Catalog{Policies: policies, Calendar: days, register: register, authenticators: make(map[string]claim.Authenticator, len(register))}
	for _, a := range register {
		c.authenticators[a.ID] = a
	}
	return c
}

// Authenticator gives a registered authenticator. AUTHENTICATOR_NOT_FOUND.
func (c *Catalog) Authenticator(id string) (claim.Authenticator, error) {
	if a, ok := c.authenticators[id]; ok {
		return a, nil
	}
	return claim.Authenticator{}, fault.New(fault.AuthenticatorNotFound, "authenticator %s is not registered", id).
		With("authenticatorId", id)
}

// Policy gives one version of a policy.
func (c *Catalog) Policy(id string, number int32) (*policy.Version, bool) {
	i := slices.IndexFunc(c.Policies, func(v policy.Version) bool { return v.PolicyID == id && v.Number == number })
	if i < 0 {
		return nil, false
	}
	return &c.Policies[i], true
}

// windows gives the periods that govern a claim.
func (c *Catalog) windows(cl *claim.Claim) policy.Windows {
	if v := c.governing(cl); v != nil {
		return v.Windows
	}
	return policy.Windows{}
}

// governing gives the policy version that governs a claim: the version of its award,
// or, before there is an award, the newest version of the chosen basis that was in
// force at the payment time. It is nil if there is none.
func (c *Catalog) governing(cl *claim.Claim) *policy.Version {
	if v, ok := c.Policy(cl.PolicyID, cl.PolicyVersion); ok {
		return v
	}
	var best *policy.Version
	for i := range c.Policies {
		v := &c.Policies[i]
		if v.EffectiveFrom.After(cl.PaidAt) || (cl.BasisChosen != policy.Best && v.Basis != cl.BasisChosen) {
			continue
		}
		if best == nil || cmp.Or(v.EffectiveFrom.Compare(best.EffectiveFrom), cmp.Compare(best.PolicyID, v.PolicyID)) > 0 {
			best = v
		}
	}
	return best
}

// open gives, for each basis, the version that was in force at the payment time, if
// its claim window was still open when the claim arrived.
func (c *Catalog) open(paidAt, deliveredAt, learnedAt, arrivedAt time.Time, category string) (map[policy.LegalBasis]*policy.Version, time.Time) {
	inForce := policy.InForce(c.Policies, paidAt, category)
	var closed time.Time
	for basis, v := range inForce {
		closes := closesAt(v, deliveredAt, learnedAt)
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
