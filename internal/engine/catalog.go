package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catalog is what is the same for every book: policies, the calendar and
// authenticators. A catalog never changes; the engine swaps in another. Being a
// little old does no harm: a policy version is published days before its first
// order, days off are announced weeks ahead, and an authenticator that is missing
// is looked for again.
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

// ReloadCatalog reads policies, calendar and authenticators afresh.
func (e *Engine) ReloadCatalog(ctx context.Context) error {
	versions, err := e.db.PolicyVersions(ctx)
	if err != nil {
		return fmt.Errorf("read policies: %w", err)
	}
	known, err := e.db.Authenticators(ctx)
	if err != nil {
		return fmt.Errorf("read authenticators: %w", err)
	}
	days, err := e.db.CalendarDays(ctx)
	if err != nil {
		return fmt.Errorf("read calendar: %w", err)
	}
	c := &Catalog{
		Policies: versions, Calendar: calendar.New(days),
		register: known, authenticators: make(map[string]claim.Authenticator, len(known)),
	}
	for _, a := range known {
		c.authenticators[a.ID] = a
	}
	e.catalog.Store(c)
	return nil
}

// Authenticator gives a registered authenticator, looking again for one that is
// not known here yet.
func (e *Engine) Authenticator(ctx context.Context, id string) (claim.Authenticator, error) {
	if a, ok := e.Catalog().authenticators[id]; ok {
		return a, nil
	}
	if err := e.ReloadCatalog(ctx); err != nil {
		return claim.Authenticator{}, err
	}
	if a, ok := e.Catalog().authenticators[id]; ok {
		return a, nil
	}
	return claim.Authenticator{}, fault.New(fault.AuthenticatorNotFound, "no authenticator %s is registered", id).
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

// windows gives the periods that govern a claim: those of the version its
// award rests on, or, before there is one, of the newest version of the chosen
// basis that was in force at the payment time.
func (c *Catalog) windows(cl *claim.Claim) policy.Windows {
	if v, ok := c.Policy(cl.PolicyID, cl.PolicyVersion); ok {
		return v.Windows
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
	if best == nil {
		return policy.Windows{}
	}
	return best.Windows
}

// open gives, for each basis, the version in force at the payment time whose
// claim window was open when the claim arrived.
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
