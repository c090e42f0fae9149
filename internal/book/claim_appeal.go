package book

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// AppealClaim is the merchant's objection to a verdict. It is possible once for each
// revision (rule A4), within the notice period, which does not pass while the clock is
// stopped (rule V7). The debit waits for the panel.
type AppealClaim struct {
	OnClaim
	Note string
	// Evidence are references of what the merchant rests on.
	Evidence []string
}

func (a *AppealClaim) Cover(d *request.Digest) {
	d.Texts(a.ClaimID, a.Note)
	d.Number(int64(len(a.Evidence)))
	d.Texts(a.Evidence...)
}

func (a *AppealClaim) decide(b *Book) (Outcome, error) {
	c, err := a.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if c.State.Confirmed() && c.MayAppeal() {
		return Outcome{}, appealTooLate(c, c.ConfirmedAt)
	}
	if c.State != claim.Appealed && c.Revision > 0 && !c.MayAppeal() {
		return Outcome{}, fault.New(fault.AppealAlreadyDecided, "the panel has already decided the appeal against revision %d of the claim", c.AppealedRevision).
			With("claimId", c.ID).With("revision", c.AppealedRevision).About(c)
	}
	if _, ok := claim.Next(c.State, claim.AppealedByMerchant); !ok {
		return Outcome{}, c.Refuse(claim.AppealedByMerchant)
	}
	if c.Fires == claim.DeadlineNotice && c.Passed(b.call.Header.ArrivedAt) {
		return Outcome{}, appealTooLate(c, c.Deadline)
	}
	e := b.record(event.ClaimAppealed, c.ID)
	c = b.change(c.ID)
	c.AppealedRevision = c.Revision
	b.appeals.add(Appeal{
		MerchantID: b.merchantID, ClaimID: c.ID, Revision: c.Revision, Note: a.Note, Evidence: a.Evidence,
		EventNumber: e.Number, AppealedAt: b.now,
	})
	if err := b.move(c.ID, claim.AppealedByMerchant, a.Note); err != nil {
		return Outcome{}, err
	}
	return b.about(c.ID), nil
}

// appealTooLate says when the window closed and what is possible now.
func appealTooLate(c *claim.Claim, closed time.Time) error {
	at := closed.UTC().Format(time.RFC3339)
	return fault.New(fault.AppealWindowClosed,
		"the merchant could appeal until %s; the verdict can still be revised if the panel admits a late appeal or a court decides otherwise", at).
		With("claimId", c.ID).With("closedAt", at).About(c)
}

// AppealDecision is what the panel may decide.
type AppealDecision string

// The decisions of the panel.
const (
	// AppealUpheld finds that nothing is owed.
	AppealUpheld AppealDecision = "UPHELD"
	// AppealUpheldInPart finds fewer units counterfeit.
	AppealUpheldInPart AppealDecision = "UPHELD_IN_PART"
	// AppealDismissed confirms the verdict.
	AppealDismissed AppealDecision = "DISMISSED"
)

// DecideAppeal is the panel's decision on an appeal. The decider must be another
// person than those who filed the claim or decided it. A confirmed verdict is debited
// without another notice, because the merchant has been heard.
type DecideAppeal struct {
	OnClaim
	Decision AppealDecision
	// Units are the verdicts of an appeal that is upheld in part.
	Units []claim.Unit
	Note  string
	Override
}

func (a *DecideAppeal) follow(b *Book, n *Needs, round int) {
	if c := b.claims.get(a.ClaimID); c != nil {
		followGroup(b, n, &c.Claim)
		if round == 0 {
			followUsual(b, n, &c.Claim)
		}
		a.Override.follow(b, n, &c.Claim)
		needWeighed(n, b.merchantID, c.ID)
	}
}

func (a *DecideAppeal) Cover(d *request.Digest) {
	d.Texts(a.ClaimID, string(a.Decision), a.Note)
	digestUnits(d, a.Units)
	a.Override.cover(d)
}

func (a *DecideAppeal) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "an appeal must be decided by a person, but the call names no person")
	}
	c, err := a.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if c.State != claim.Appealed {
		return Outcome{}, c.Refuse(claim.AppealDismissed)
	}
	if err := c.CheckOther(person, "decide the appeal against it"); err != nil {
		return Outcome{}, err
	}
	r, err := a.ruling(b, c, person)
	if err != nil {
		return Outcome{}, err
	}
	if err := a.check(b, c); err != nil {
		return Outcome{}, err
	}
	b.record(event.AppealDecided, c.ID)
	a.trace(b, c)
	b.detail("decision", string(a.Decision))
	b.detail("units", claim.Describe(r.units))
	b.weighed(c, r.units)
	if a.Decision == AppealDismissed {
		b.change(c.ID).Confirm(person)
		err = b.confirm(c.ID, claim.AppealDismissed, a.Note)
	} else {
		err = b.rule(c.ID, r)
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.about(a.ClaimID), nil
}

// ruling is what the decision of a person means for the units.
func (a *DecideAppeal) ruling(b *Book, c *claim.Claim, person string) (ruling, error) {
	r := ruling{
		units: c.Units, up: claim.RevisedUpward, settled: claim.AppealUpheldInPart, rejected: claim.AppealUpheld,
		cause: string(claim.AppealUpheld), note: a.Note, by: person,
	}
	switch a.Decision {
	case AppealDismissed, AppealUpheld:
		if len(a.Units) > 0 {
			return r, fault.New(fault.RequestInvalid, "unit verdicts may only be given with decision %s", AppealUpheldInPart).At("unit_verdicts")
		}
		if a.Decision == AppealUpheld {
			r.units = cleared(c)
		}
		return r, nil
	case AppealUpheldInPart:
	default:
		return r, fault.New(fault.RequestInvalid, "%q is not a decision that a panel can make on an appeal", a.Decision).At("decision")
	}
	units, err := b.verdictsOn(c, a.Units)
	if err != nil {
		return r, err
	}
	for i, u := range units {
		if u.Owed() && !c.Units[i].Owed() {
			return r, fault.New(fault.RequestInvalid, "no compensation is owed for unit %d, and a decision on an appeal cannot change that", u.Ordinal).At("unit_verdicts")
		}
	}
	if !slices.ContainsFunc(units, claim.Unit.Owed) || slices.Equal(units, c.Units) {
		return r, fault.New(fault.RequestInvalid, "an appeal upheld in part must clear some of the units that are owed for, but not all of them").At("unit_verdicts")
	}
	r.units, r.cause, r.final = units, string(claim.AppealUpheldInPart), true
	return r, nil
}

// cleared is a finding for the merchant: what compensation was owed for is genuine. What was
// found otherwise stays so.
func cleared(c *claim.Claim) []claim.Unit {
	units := slices.Clone(c.Units)
	for i, u := range units {
		switch {
		case u.Owed():
			units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: claim.Genuine}
		case u.Verdict == claim.Pending:
			units[i].Verdict = claim.Inconclusive
		}
	}
	return units
}

// verdictsOn gives the verdict on every claimed unit, which the caller must have
// named, each once, with what the policy makes of it.
func (b *Book) verdictsOn(c *claim.Claim, given []claim.Unit) ([]claim.Unit, error) {
	if err := c.CheckUnits(given, "unit_verdicts"); err != nil {
		return nil, err
	}
	if len(given) != len(c.Units) {
		return nil, fault.New(fault.RequestInvalid, "the decision must give a verdict on each of the claim's %d units; it gives %d",
			len(c.Units), len(given)).At("unit_verdicts")
	}
	units := make([]claim.Unit, len(c.Units))
	for i, u := range c.Units {
		k := slices.IndexFunc(given, func(g claim.Unit) bool { return g.Ordinal == u.Ordinal })
		if given[k].Verdict == claim.Pending {
			return nil, fault.New(fault.RequestInvalid, "the verdict on unit %d must not be PENDING", u.Ordinal).At("unit_verdicts")
		}
		units[i] = given[k]
	}
	table := b.consequences(c)
	return claim.Ruled(units, &table), nil
}
