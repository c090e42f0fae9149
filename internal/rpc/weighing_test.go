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
