package booktest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
)

// writeClaims compares the version of each changed claim with the one that was read.
func (r *Rows) writeClaims(c *book.Changes) error {
	var errs []error
	changed := make([]claim.Claim, len(c.ClaimsChanged))
	for i := range c.ClaimsChanged {
		of := &c.ClaimsChanged[i]
		if old, there := r.Claims[of.Claim.ID]; there && old.Version != of.From {
			errs = append(errs, fmt.Errorf("claim %s was read at version %d and is at %d", of.Claim.ID, of.From, old.Version))
		}
		changed[i] = cloneClaim(of.Claim)
	}
	filed := make([]claim.Claim, len(c.ClaimsFiled))
	for i := range c.ClaimsFiled {
		filed[i] = cloneClaim(c.ClaimsFiled[i])
	}
	claims := table[string, claim.Claim]{
		name: "claim", rows: r.Claims, key: func(c *claim.Claim) string { return c.ID }, made: filed, changed: changed, check: checkClaim,
	}
	ended := make([]string, len(c.WaitsEnded))
	for i := range c.WaitsEnded {
		ended[i] = c.WaitsEnded[i].ID
	}
	waits := table[string, book.Wait]{
		name: "wait", rows: r.Waits, key: func(w *book.Wait) string { return w.ClaimID },
		made: c.WaitsBegun, changed: c.WaitsChanged, ended: ended, check: anything[book.Wait],
	}
	return errors.Join(append(errs, claims.write(), waits.write())...)
}

// checkClaim refuses a claim that no database may hold, and one whose filing is told
// otherwise than before.
func checkClaim(old, c *claim.Claim) error {
	f := &c.Funding
	sent := f.RefundInFlight + f.RefundPaid + f.RefundFailed + f.CompensationInFlight + f.CompensationPaid + f.CompensationFailed
	funded := f.FromDeposit + f.FromShopFunds + f.Advanced + f.WrittenOff + f.Lost + f.ClawedBack
	switch {
	case min(c.Award.Refund, c.Award.Compensation, f.Held, f.FromDeposit, f.FromShopFunds, f.Advanced, f.WrittenOff, f.Lost,
		f.ClawedBack, f.RefundInFlight, f.RefundPaid, f.RefundFailed, f.CompensationInFlight, f.CompensationPaid,
		f.CompensationFailed, f.Repaid, c.Potential, c.Fees.Claimant, c.Fees.Fronted, c.Fees.Merchant, c.Fees.Consumer,
		c.Fees.Owed, c.Fees.WrittenOff) < 0:
		return fmt.Errorf("an amount is below zero: %+v %+v %+v", c.Award, *f, c.Fees)
	case sent > funded:
		return fmt.Errorf("%d are sent, paid or failed, and %d are funded", sent, funded)
	case c.Escalated == c.EscalatedAt.IsZero():
		return fmt.Errorf("whether it is escalated is %t, and since %s", c.Escalated, c.EscalatedAt)
	case c.State != claim.InReview && (!c.RetestAt.IsZero() || c.RetestHeld != ""):
		return fmt.Errorf("is %s, and a re-test is drawn at %s or held by %q", c.State, c.RetestAt, c.RetestHeld)
	case (c.Fires == claim.DeadlineNone) != c.Deadline.IsZero():
		return fmt.Errorf("%q fires at %s", c.Fires, c.Deadline)
	}
	if old == nil {
		return checkFiled(c)
	}
	if was, is := filing(old), filing(c); was != is {
		return fmt.Errorf("was filed as %+v and is told as %+v", was, is)
	}
	return nil
}

// checkFiled refuses a claim that is filed with what only a change of it writes.
func checkFiled(c *claim.Claim) error {
	f := &c.Funding
	if f.WrittenOff+f.Lost+f.ClawedBack+f.RefundFailed+f.CompensationFailed+f.Repaid != 0 || c.Fees != (claim.Fees{}) ||
		c.DecidedBy != "" || c.AppealedRevision != 0 || !c.ConfirmedAt.IsZero() || !c.ClockStoppedAt.IsZero() || !c.HoldExpiresAt.IsZero() {
		return fmt.Errorf("is filed with %+v, %+v, or decided", *f, c.Fees)
	}
	return nil
}

// filed is what a claim says of its filing, for ever.
type filed struct {
	line, order, payment, product, claimant, basis, grounds, currency, by, sample string
	paid, learned, arrived, filed                                                 int64
	refund, compensation                                                          bool
	potential                                                                     int64
}

func filing(c *claim.Claim) filed {
	return filed{
		c.OrderLineID, c.OrderID, c.PaymentID, c.ProductID, c.ClaimantID, string(c.BasisChosen), string(c.Grounds),
		c.Currency, c.FiledBy, c.SamplingCase,
		c.PaidAt.UnixMicro(), c.LearnedAt.UnixMicro(), c.ArrivedAt.UnixMicro(), c.FiledAt.UnixMicro(),
		c.Remedies.Refund, c.Remedies.Compensation, int64(c.Potential),
	}
}

// writeUnits compares the owner of each unit that is freed or passed on with the one
// that it is taken from.
func (r *Rows) writeUnits(c *book.Changes) error {
	key := func(u *book.UnitOwner) UnitKey { return UnitKey{u.OrderLineID, u.Ordinal} }
	var passed []book.UnitOwner
	var freed []UnitKey
	var errs []error
	from := func(k UnitKey, owner string) {
		if has := r.Units[k].ClaimID; has != owner {
			errs = append(errs, fmt.Errorf("unit %v is taken from claim %q and belongs to %q", k, owner, has))
		}
	}
	for i := range c.UnitsFreed {
		u := &c.UnitsFreed[i]
		from(key(u), u.ClaimID)
		freed = append(freed, key(u))
	}
	for i := range c.UnitsPassed {
		u := &c.UnitsPassed[i]
		from(key(&u.UnitOwner), u.From)
		passed = append(passed, u.UnitOwner)
	}
	units := table[UnitKey, book.UnitOwner]{
		name: "unit", rows: r.Units, key: key, made: c.UnitsTaken, changed: passed, ended: freed, check: anything[book.UnitOwner],
	}
	return errors.Join(append(errs, units.write())...)
}

// writeFindings writes what was found on claims, and what people said to it.
func (r *Rows) writeFindings(c *book.Changes) error {
	revisions := slices.Clone(c.Revisions)
	for i := range revisions {
		revisions[i].Units = slices.Clone(revisions[i].Units)
	}
	results := slices.Clone(c.Results)
	var errs []error
	for i := range results {
		x := &results[i]
		x.Units = slices.Clone(x.Units)
		for id, other := range r.Results {
			if other.AuthenticatorID == x.AuthenticatorID && other.ReportNumber == x.ReportNumber {
				errs = append(errs, fmt.Errorf("report %s is recorded as result %s already", x.ReportNumber, id))
			}
		}
		if x.Fee < 0 || (x.Fee > 0) != (x.FeePaidBy != claim.FeePayerNone) {
			errs = append(errs, fmt.Errorf("result %s cost %d, paid by %q", x.ID, x.Fee, x.FeePaidBy))
		}
	}
	errs = append(errs,
		only("revision", r.Revisions, revisions, func(v *claim.Revision) RevisionKey { return RevisionKey{v.ClaimID, v.Number} }),
		only("result", r.Results, results, func(x *claim.Result) string { return x.ID }),
		only("retraction", r.Retractions, c.Retractions, func(x *book.Retraction) string { return x.ResultID }),
		only("appeal", r.Appeals, c.Appeals, func(a *book.Appeal) RevisionKey { return RevisionKey{a.ClaimID, a.Revision} }),
		only("approval", r.Approvals, c.Approvals, func(a *book.Approval) ApprovalKey {
			return ApprovalKey{RevisionKey{a.ClaimID, a.Revision}, a.Person}
		}),
		only("step of custody", r.Custody, c.Custody, func(x *custody.Step) CustodyKey { return CustodyKey{x.ClaimID, x.Number} }),
		only("disclosure", r.Disclosures, c.Disclosures, func(d *book.Disclosure) DisclosureKey { return DisclosureKey{d.ClaimID, d.Evidence, d.Party} }),
		only("note", r.Notes, c.Notes, func(n *book.Note) NoteKey { return NoteKey{n.ClaimID, n.Number} }),
	)
	// A result does not tell by itself that it was taken back.
	for id, x := range r.Results {
		_, x.Retracted = r.Retractions[id]
		r.Results[id] = x
	}
	for _, e := range c.Evidence {
		if slices.ContainsFunc(r.Evidence, func(o book.Evidence) bool { return o.ClaimID == e.ClaimID && o.EventNumber == e.EventNumber }) {
			errs = append(errs, fmt.Errorf("evidence of event %d is there already", e.EventNumber))
		}
	}
	r.Evidence = append(r.Evidence, c.Evidence...)
	return errors.Join(append(errs, r.writeCommissions(c), r.writeEvidenceRequests(c))...)
}

func (r *Rows) writeCommissions(c *book.Changes) error {
	copied := func(list []commission.Commission) []commission.Commission {
		list = slices.Clone(list)
		for i := range list {
			list[i].Units = slices.Clone(list[i].Units)
		}
		return list
	}
	commissions := table[CommissionKey, commission.Commission]{
		name: "commission", rows: r.Commissions, key: func(x *commission.Commission) CommissionKey { return CommissionKey{x.ClaimID, x.Number} },
		made: copied(c.CommissionsMade), changed: copied(c.CommissionsChanged), check: checkCommission,
	}
	return commissions.write()
}

func checkCommission(old, x *commission.Commission) error {
	pending := slices.ContainsFunc(x.Units, func(u claim.Unit) bool { return u.Verdict == claim.Pending })
	switch {
	case x.Number < 1, x.Number > commission.PerClaimMax, len(x.Units) == 0, x.Fee < 0, x.Chases < 0:
		return fmt.Errorf("has number %d, %d units, fee %d, %d chases", x.Number, len(x.Units), x.Fee, x.Chases)
	case x.State.Open() != x.EndedAt.IsZero(), (x.Chases > 0) == x.ChasedAt.IsZero():
		return fmt.Errorf("is %s, ended at %v, with %d chases, the last at %v", x.State, x.EndedAt, x.Chases, x.ChasedAt)
	case x.State == commission.Reported && pending, x.State.Open() && !pending:
		return fmt.Errorf("is %s with the units %v", x.State, x.Units)
	case (len(x.Seed) == commission.SeedLength) != (len(x.Candidates) > 0):
		return fmt.Errorf("has a seed of %d bytes and %d candidates", len(x.Seed), len(x.Candidates))
	case old == nil && x.State != commission.Offered:
		return fmt.Errorf("is made as %s", x.State)
	case old != nil && !old.State.Open():
		return fmt.Errorf("is changed after it was %s", old.State)
	case old != nil && (old.AuthenticatorID != x.AuthenticatorID || !old.DueAt.Equal(x.DueAt) || old.Questions != x.Questions ||
		old.Fee != x.Fee || old.Replaces != x.Replaces || old.EventNumber != x.EventNumber):
		return fmt.Errorf("was made as %+v and is told as %+v", *old, *x)
	}
	return nil
}

func (r *Rows) writeEvidenceRequests(c *book.Changes) error {
	requests := table[EvidenceRequestKey, claim.EvidenceRequest]{
		name: "request for evidence", rows: r.EvidenceRequests,
		key:  func(x *claim.EvidenceRequest) EvidenceRequestKey { return EvidenceRequestKey{x.ClaimID, x.Number} },
		made: c.EvidenceRequestsMade, changed: c.EvidenceRequestsChanged, check: checkEvidenceRequest,
	}
	return requests.write()
}

func checkEvidenceRequest(old, x *claim.EvidenceRequest) error {
	switch {
	case x.Number < 1, x.Number > claim.EvidenceRequestsMax, x.Answers < 0, (x.Answers > 0) != (x.State == claim.RequestAnswered):
		return fmt.Errorf("has number %d and %d answers, and is %s", x.Number, x.Answers, x.State)
	case (x.State == claim.RequestOpen) != x.EndedAt.IsZero(), (x.Asked == claim.AskedAuthenticator) != (x.AuthenticatorID != ""):
		return fmt.Errorf("asks the %s %q, is %s, ended at %v", x.Asked, x.AuthenticatorID, x.State, x.EndedAt)
	case old == nil && !x.OverdueAt.IsZero():
		return fmt.Errorf("is made overdue")
	case old != nil && (old.State == claim.RequestCancelled || old.State == claim.RequestAnswered && x.State != claim.RequestAnswered):
		return fmt.Errorf("is %s after it was %s", x.State, old.State)
	case old != nil && (old.Asked != x.Asked || old.AuthenticatorID != x.AuthenticatorID || !old.DueAt.Equal(x.DueAt) ||
		old.Kind != x.Kind || old.Question != x.Question || old.EventNumber != x.EventNumber):
		return fmt.Errorf("was made as %+v and is told as %+v", *old, *x)
	}
	return nil
}
