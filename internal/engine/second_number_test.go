package engine_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Would catch a replica that reads a claim from the database without its earlier
// payouts, and so sends a second out-number while the first may yet be paid.
func TestFreshReplicaReadsTheFirstNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	first := f.takePayouts()
	if len(first) != 2 {
		t.Fatalf("%d payouts are made, want refund and compensation", len(first))
	}
	for _, p := range first {
		c = f.answer(p, payout.OutcomeFailed)
	}
	c = f.revisedTo(c, claim.Genuine)
	c = f.confirmNotice(f.revisedTo(c, claim.Counterfeit))
	if made := f.takePayouts(); len(made) != 0 {
		t.Fatalf("%+v are made before the claim is accepted again", made)
	}

	_, fresh := f.replica(engine.Defaults())
	o, err := fresh.Do(t.Context(), f.request("m1", "AcceptClaim"),
		&book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	f.must(err)
	if o.Claim.State != claim.Paying {
		t.Errorf("the claim is %s, want PAYING until the first numbers are certain", o.Claim.State)
	}
	if made := f.takePayouts(); len(made) != 0 {
		t.Errorf("%+v leave while the first numbers may be paid", made)
	}
	f.audited()

	// The first numbers are paid late after all: nothing else has to leave.
	for _, p := range first {
		o, err := fresh.Do(t.Context(), f.request("m1", "ReportPayoutOutcome"),
			&book.AnswerPayout{PayoutID: p.ID, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded}})
		f.must(err)
		c = o.Claim
	}
	if c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() || c.Funding.Lost != 0 {
		t.Errorf("the claim is %s with %+v", c.State, c.Funding)
	}
	if made := f.takePayouts(); len(made) != 0 {
		t.Errorf("%+v are sent besides", made)
	}
	f.audited()
}

// revisedTo gives every unit of a claim another verdict, as a court would.
func (f *fixture) revisedTo(c *claim.Claim, v claim.Verdict) *claim.Claim {
	f.t.Helper()
	units := make([]claim.Unit, len(c.Units))
	for i, u := range c.Units {
		units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: v}
	}
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "ReviseVerdict"),
		&book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: book.GroundCourtDecision, Units: units, Document: "docket-1"})
	f.must(err)
	return o.Claim
}
