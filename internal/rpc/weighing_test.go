package rpc_test

import (
	"strings"
	"testing"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch an explanation that does not tell which results were weighed with which ranks, or
// by which rule the verdict is what it is, and one that tells a consumer.
func TestV1ExplanationsTellWhatWasWeighed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	c := f.inReview("l1")
	e := f.explained("support", c.GetName(), tenfoldv1.Audience_AUDIENCE_UNSPECIFIED)
	w := e.GetWeighing()
	if w.GetRulesVersion() != 1 || len(w.GetResults()) != 2 || len(w.GetUnits()) != 2 {
		t.Fatalf("weighed: %v", w)
	}
	for _, u := range w.GetUnits() {
		if u.GetReason() != tenfoldv1.WeighingReason_WEIGHING_REASON_CONFLICTING || u.GetVerdict() != tenfoldv1.Verdict_VERDICT_INCONCLUSIVE ||
			u.GetRank() != w.GetResults()[0].GetRank() || u.GetRank() != w.GetResults()[1].GetRank() {
			t.Errorf("unit: %v of %v", u, w.GetResults())
		}
	}
	if text := e.GetText().GetWhy(); !strings.Contains(text, "version 1 of the decision rules") || !strings.Contains(text, "another body must re-inspect") {
		t.Errorf("told: %s", text)
	}
	if e := f.explained("support", c.GetName(), tenfoldv1.Audience_AUDIENCE_CONSUMER); e.GetWeighing() != nil || strings.Contains(e.GetText().GetWhy(), "rank") {
		t.Errorf("a consumer is told %v", e)
	}
}

// Would catch a correction that cannot be made over the wire, or of which neither the result nor the
// explanation tells, one under another merchant's name, and one that a repeated request makes twice.
func TestACorrectedReportIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	c := f.notified("m1", "l1")
	wrong := c.GetResults()[0]
	units := func(v tenfoldv1.Verdict) []*tenfoldv1.UnitVerdict {
		return []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: v}, {Ordinal: 2, Verdict: v}}
	}
	r := &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: wrong.GetAuthenticator(), ReportNumber: "CORRECTED-1",
		SampleSource: wrong.GetSampleSource(), CustodyIntact: true, IssuedAt: wrong.GetIssuedAt(), UnitVerdicts: units(tenfoldv1.Verdict_VERDICT_GENUINE),
		Supersedes: strings.Replace(wrong.GetName(), "merchants/m1/", "merchants/m2/", 1),
	}
	if got := refusal(errorOf(f.results.RecordResult(f.as("operator"), r))); got.reason != "RESULT_NOT_FOUND" || got.field != "supersedes" {
		t.Errorf("of another merchant: %+v", got)
	}
	r.Supersedes, r.RequestId = wrong.GetName(), f.id()
	for again := range 2 {
		got, err := f.results.RecordResult(f.as("operator"), r)
		if err != nil || got.GetReplayed() != (again == 1) {
			t.Fatalf("corrected: %v, %v", got, err)
		}
	}
	c = f.claim(c.GetName())
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW || len(c.GetResults()) != 2 || !c.GetResults()[0].GetRetracted() || c.GetResults()[1].GetRetracted() {
		t.Errorf("%s, %v", c.GetState(), c.GetResults())
	}
	if why := f.explained("support", c.GetName(), tenfoldv1.Audience_AUDIENCE_UNSPECIFIED).GetText().GetWhy(); !strings.Contains(why, "a corrected report took its place") {
		t.Errorf("told: %s", why)
	}
	f.audited()
}

// rulesSinceEver puts every version of the decision rules in force for claims of any time.
func (f *fixture) rulesSinceEver() {
	f.t.Helper()
	if _, err := f.admin().ExecContext(f.t.Context(), `UPDATE decision_rules SET effective_from = '2014-03-15T00:00:00Z'`); err != nil {
		f.t.Fatal(err)
	}
	if err := f.engine.ReloadCatalog(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// Would catch an explanation of a verdict that rests on other results by now, because those that
// decided it were taken back, and still names what does not count any more.
func TestExplanationsTellOnWhatAVerdictStandsNow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	c := f.notified("m1", "l1")
	first := c.GetResults()[0]
	if err := f.resultErr(c, "sandbox-brand", "B-1", 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := f.retractErr("operator", first.GetName()); err != nil {
		t.Fatal(err)
	}
	if c = f.claim(c.GetName()); c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED || len(c.GetResults()) != 2 {
		t.Fatalf("%s with %d results", c.GetState(), len(c.GetResults()))
	}
	w := f.explained("support", c.GetName(), tenfoldv1.Audience_AUDIENCE_UNSPECIFIED).GetWeighing()
	if len(w.GetResults()) != 1 || w.GetResults()[0].GetResult() == first.GetName() {
		t.Errorf("weighed: %v, taken back: %s", w, first.GetName())
	}
}
