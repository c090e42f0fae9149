package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// finds records what a body finds on unit 1 of a claim.
func (f *fixture) finds(c *tenfoldv1.Claim, body string, v tenfoldv1.Verdict) {
	f.t.Helper()
	_, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/" + body, ReportNumber: "R-" + body,
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, CustodyIntact: true, IssuedAt: timestamppb.New(start),
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: v}, {Ordinal: 2, Verdict: v}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// Would catch a re-test that is drawn and not told, in either language; a claim for which nobody
// could be drawn that does not say why, in itself, its explanation, its timeline or the queue; and a
// re-test of the server that a suspension leaves behind.
func TestV3ADrawnRetestIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rulesSinceEver()
	f.open("m1", 1_000_000)
	f.register("lab-1")
	f.register("lab-2")
	f.register("lab-3")
	f.suspend("sandbox-lab")
	filing := f.filing("m1", "l1")
	filing.GetOrderLine().ProductId = "product-1" // No script of the sandbox.
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	c := filed.GetClaim()
	f.finds(c, "lab-1", tenfoldv1.Verdict_VERDICT_COUNTERFEIT)
	f.finds(c, "lab-2", tenfoldv1.Verdict_VERDICT_GENUINE)
	told := func(l tenfoldv1.Language) string {
		t.Helper()
		r, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: c.GetName(), Language: l})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetExplanation().GetText().GetTurn()
	}
	const english, chinese = tenfoldv1.Language_LANGUAGE_ENGLISH, tenfoldv1.Language_LANGUAGE_CHINESE
	if now := f.claim(c.GetName()); now.GetRetestAt() == nil || now.GetRetestHeld() != 0 || !strings.Contains(told(english), "Another body is drawn by lot to re-inspect") ||
		!strings.Contains(told(chinese), "抽签确定另一家机构") {
		t.Errorf("sought at %v: %s; %s", now.GetRetestAt(), told(english), told(chinese))
	}
	f.advance(time.Second)
	f.runDueWork()
	list, err := f.commissions().ListCommissions(f.as("support"), &tenfoldv1.ListCommissionsRequest{Parent: c.GetName()})
	if err != nil || len(list.GetCommissions()) != 1 {
		t.Fatalf("commissioned: %v, %v", list, err)
	}
	x := list.GetCommissions()[0]
	if x.GetAuthenticator() != "authenticators/lab-3" || x.GetDrawSeed() == "" || x.GetRole() != "system" || !strings.HasPrefix(x.GetQuestions(), "Re-inspection:") {
		t.Errorf("drawn: %v", x)
	}
	if text := told(english); !strings.Contains(text, "lab-3 was commissioned with unit 1, 2 until") || strings.Contains(text, "drawn by lot to re-inspect") {
		t.Errorf("told: %s", text)
	}
	last := func(l tenfoldv1.Language) *tenfoldv1.TimelineEntry {
		e := f.timeline("support", c, l, 100)
		return e[len(e)-1]
	}
	if e := last(english); !e.GetCommission().GetRetest() || !e.GetCommission().GetDrawn() ||
		!strings.Contains(e.GetText(), "lab-3 was commissioned with a re-inspection, because results of one rank disagree, by lot") {
		t.Errorf("told: %v", e)
	}
	if e := last(chinese); !strings.Contains(e.GetText(), "复检（同级结果相互矛盾）") {
		t.Errorf("told: %v", e)
	}
	// Its body is suspended, and nobody is left.
	f.suspend("lab-3")
	f.advance(time.Hour)
	f.runDueWork()
	now := f.claim(c.GetName())
	if now.GetRetestHeld() != tenfoldv1.RetestHeld_RETEST_HELD_NO_BODY || !strings.Contains(told(english), "Nobody could be drawn to re-inspect the units on which results disagree: no registered laboratory") ||
		!strings.Contains(told(chinese), "未能抽签确定复检机构") {
		t.Errorf("held: %v, %s; %s", now, told(english), told(chinese))
	}
	entries := f.timeline("support", c, english, 100)
	if e := entries[len(entries)-1]; e.GetRetest().GetHeld() != now.GetRetestHeld() || !e.GetRetest().GetNextDrawAt().AsTime().Equal(now.GetRetestAt().AsTime()) ||
		!strings.Contains(e.GetText(), "the draw is tried again at") {
		t.Errorf("told: %v", e)
	}
	if e := entries[len(entries)-2]; !e.GetCommission().GetSuspended() || !strings.Contains(e.GetText(), "because it is suspended") {
		t.Errorf("told: %v", e)
	}
	queue, err := f.claims.ListClaims(f.as("adjudicator"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Queue: tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW})
	if err != nil || len(queue.GetClaims()) != 1 || queue.GetClaims()[0].GetRetestHeld() != now.GetRetestHeld() {
		t.Errorf("the queue: %v, %v", queue, err)
	}
	f.audited()
}

// Would catch a limit of the candidates that cuts off the only bodies that may judge the goods, by
// any of what limits them; bodies that are drawn for goods of another brand; and more fitting bodies
// than can be drawn among that are always the same.
func TestDrawsAreAmongThoseThatFit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("zz-lab")
	f.suspend("sandbox-lab")
	// Hundreds of bodies before it, by their ids, that may not judge the goods.
	others := func(prefix, change, scope, value string) {
		t.Helper()
		_, err := f.admin().ExecContext(t.Context(), `
			WITH made AS (
				INSERT INTO authenticator_states
				SELECT (jsonb_populate_record(a, jsonb_build_object('authenticator_id', $1 || n,
					'content', a.content::jsonb || $2::jsonb, 'any_goods', $3::text <> 'BRAND', 'any_category', $3::text <> 'CATEGORY'))).*
				FROM authenticator_states a, generate_series(1, 510) n
				WHERE a.authenticator_id = 'zz-lab'
				RETURNING authenticator_id)
			INSERT INTO authenticator_scopes (scope, value, authenticator_id)
			SELECT $3, $4, authenticator_id FROM made WHERE $3 <> ''`, prefix, change, scope, value)
		if err != nil {
			t.Fatal(err)
		}
	}
	others("food-", `{"categories":["food"]}`, "CATEGORY", "food")
	others("dior-", `{"brands":["Dior"]}`, "BRAND", "dior")
	others("past-", `{"accreditations":[{"scheme":"CNAS","number":"L1","from":"2019-01-01","until":"2020-01-01"}]}`, "", "")
	draw := func(line string, change func(*tenfoldv1.BodyDraw)) (*tenfoldv1.Commission, error) {
		t.Helper()
		ask := f.commissioning(f.file("m1", line), "")
		d := &tenfoldv1.BodyDraw{}
		change(d)
		ask.Body = &tenfoldv1.CommissionItemRequest_Draw{Draw: d}
		r, err := f.commissions().CommissionItem(f.as("adjudicator"), ask)
		return r.GetCommission(), err
	}
	x, err := draw("l1", func(*tenfoldv1.BodyDraw) {})
	if err != nil || x.GetAuthenticator() != "authenticators/zz-lab" || len(x.GetDrawCandidates()) != 1 {
		t.Errorf("drawn: %v, %v", x, err)
	}
	others("thin-", `{"methods":["X-ray"]}`, "METHOD", "x-ray")
	if x, err = draw("l2", func(d *tenfoldv1.BodyDraw) { d.Methods = []string{"chromatography"} }); err != nil || x.GetAuthenticator() != "authenticators/zz-lab" {
		t.Errorf("drawn for a method: %v, %v", x, err)
	}
	if x, err = draw("l3", func(d *tenfoldv1.BodyDraw) {
		d.Methods, d.Exclude = []string{"X-Ray"}, []string{"authenticators/zz-lab"}
	}); err != nil ||
		len(x.GetDrawCandidates()) != 500 || !strings.HasPrefix(x.GetAuthenticator(), "authenticators/thin-") {
		t.Errorf("drawn for another: %s among %d, %v", x.GetAuthenticator(), len(x.GetDrawCandidates()), err)
	}
	// More than 500 fit: who is drawn among follows from the seed, and the event tells of how many.
	again, err := draw("l4", func(d *tenfoldv1.BodyDraw) {
		d.Methods, d.Exclude = []string{"X-Ray"}, []string{"authenticators/zz-lab"}
	})
	if err != nil || slices.EqualFunc(again.GetDrawCandidates(), x.GetDrawCandidates(), func(a, b *tenfoldv1.DrawCandidate) bool { return a.GetAuthenticator() == b.GetAuthenticator() }) {
		t.Errorf("the same 500 of 510: %v", err)
	}
	if _, err = draw("l5", func(d *tenfoldv1.BodyDraw) {
		d.Brand, d.Methods, d.Exclude = "Chanel", []string{"chromatography"}, []string{"authenticators/zz-lab"}
	}); refusal(err).reason != "COMMISSION_NO_CANDIDATE" {
		t.Errorf("drawn for another brand: %v", err)
	}
	if x, err = draw("l6", func(d *tenfoldv1.BodyDraw) { d.Brand, d.Methods = "DIOR", []string{"chromatography"} }); err != nil || len(x.GetDrawCandidates()) < 490 {
		t.Errorf("drawn for the brand: among %d, %v", len(x.GetDrawCandidates()), err)
	}
	var fitting []string
	err = f.admin().SelectContext(t.Context(), &fitting, `
		SELECT coalesce(substring(e.content FROM '"fitting","value":"([0-9]+)"'), substring(e.content FROM '"fitting":"([0-9]+)"'), '')
		FROM events e WHERE e.kind = 'COMMISSION_MADE' ORDER BY e.event_number`)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fitting, []string{"", "", "510", "510", "511"}) {
		t.Errorf("of how many: %q", fitting)
	}
}
