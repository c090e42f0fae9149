package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/audit"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) decisionRules() tenfoldv1.DecisionRulesServiceClient {
	return tenfoldv1.NewDecisionRulesServiceClient(f.conn)
}

// nextRules are the next version of the decision rules, as the newest one and in force in two
// days. Every version before is in force since long ago.
func (f *fixture) nextRules() *tenfoldv1.DecisionRules {
	f.t.Helper()
	if _, err := f.admin().ExecContext(f.t.Context(), `UPDATE decision_rules SET effective_from = '2014-03-15T00:00:00Z', published_at = '2014-03-15T00:00:00Z'`); err != nil {
		f.t.Fatal(err)
	}
	if err := f.engine.ReloadCatalog(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	list, err := f.decisionRules().ListDecisionRules(f.as("merchant"), &tenfoldv1.ListDecisionRulesRequest{PageSize: 1})
	if err != nil || len(list.GetDecisionRules()) != 1 || list.GetNextPageToken() == "" {
		f.t.Fatalf("%v, %v", list, err)
	}
	r := list.GetDecisionRules()[0]
	var newest int
	if _, err := fmt.Sscanf(r.GetName(), "decisionRules/%d", &newest); err != nil {
		f.t.Fatal(err)
	}
	r.Name, r.Note = fmt.Sprintf("decisionRules/%d", newest+1), "only two bodies decide on consumers' samples"
	r.PublishedAt, r.EffectiveFrom = nil, timestamppb.New(f.now().AddDate(0, 0, 2))
	return r
}

// Would catch decision rules that fewer than three people publish, a claim that is decided by
// rules that were not in force when it was filed, a version that reads otherwise than it was
// approved, and a trail that leaves somebody out.
func TestDecisionRulesNeedTwoPeopleAndDecideLaterClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	before := f.file("m1", "l1")
	rules := f.nextRules()
	rules.Quorums = []*tenfoldv1.RankQuorum{{Rank: 5, Bodies: 2}, {Rank: 4, Bodies: 2}}
	rules.UnsignedRanks = 2
	propose := &tenfoldv1.ProposeDecisionRulesRequest{RequestId: f.id(), DecisionRules: rules}
	if got := refusal(errorOf(f.decisionRules().ProposeDecisionRules(f.asPerson("operator", ""), propose))); got.reason != "PERSON_REQUIRED" {
		t.Errorf("by nobody: %+v", got)
	}
	var p *tenfoldv1.DecisionRulesProposal
	for _, replayed := range []bool{false, true} {
		got, err := f.decisionRules().ProposeDecisionRules(f.asPerson("operator", "olga"), propose)
		if err != nil || got.GetReplayed() != replayed || got.GetDecisionRulesProposal().GetName() != "decisionRulesProposals/1" {
			t.Fatalf("%v, %v", got, err)
		}
		p = got.GetDecisionRulesProposal()
	}
	f.outcome(propose.GetRequestId(), "merchants/-", "DecisionRulesService/ProposeDecisionRules", p.GetName())
	vote := func(role, person string) error {
		return errorOf(f.decisionRules().ApproveDecisionRulesProposal(f.asPerson(role, person),
			&tenfoldv1.ApproveDecisionRulesProposalRequest{Name: p.GetName(), RequestId: f.id(), Note: "by " + person}))
	}
	if got := refusal(vote("approver", "Olga")); got.reason != "SAME_PERSON" {
		t.Errorf("approved by its proposer: %+v", got)
	}
	if err := vote("approver", "anna"); err != nil {
		t.Fatal(err)
	}
	if got := refusal(vote("approver", "anna")); got.reason != "SAME_PERSON" {
		t.Errorf("approved twice: %+v", got)
	}
	if got := refusal(errorOf(f.decisionRules().GetDecisionRules(f.as("support"), &tenfoldv1.GetDecisionRulesRequest{Name: rules.GetName()}))); got.reason != "DECISION_RULES_NOT_FOUND" {
		t.Errorf("published by two people: %+v", got)
	}
	if err := vote("approver", "bert"); err != nil {
		t.Fatal(err)
	}
	if got := refusal(vote("approver", "cleo")); got.reason != "PROPOSAL_STATE_CONFLICT" {
		t.Errorf("approved once more: %+v", got)
	}
	published, err := f.decisionRules().GetDecisionRules(f.as("authenticator"), &tenfoldv1.GetDecisionRulesRequest{Name: rules.GetName()})
	if err != nil || published.GetDecisionRules().GetPublishedAt() == nil {
		t.Fatalf("%v, %v", published, err)
	}
	published.GetDecisionRules().PublishedAt = nil
	if !proto.Equal(published.GetDecisionRules(), rules) {
		t.Errorf("published: %v, want %v", published.GetDecisionRules(), rules)
	}
	got, err := f.decisionRules().GetDecisionRulesProposal(f.as("auditor"), &tenfoldv1.GetDecisionRulesProposalRequest{Name: p.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	var trail []string
	for _, s := range got.GetDecisionRulesProposal().GetSteps() {
		trail = append(trail, strings.TrimPrefix(s.GetAction().String(), "POLICY_PROPOSAL_ACTION_")+" "+s.GetPerson()+" "+s.GetNote())
	}
	want := []string{"PROPOSED olga " + rules.GetNote(), "APPROVED anna by anna", "APPROVED bert by bert", "PUBLISHED bert "}
	if diff := cmp.Diff(want, trail); diff != "" {
		t.Error(diff)
	}
	// The claim of before is decided by the rules of before, also once the new ones are in force.
	newest := f.claim(before.GetName())
	f.advance(49 * time.Hour)
	after := f.file("m1", "l2")
	for claim, version := range map[*tenfoldv1.Claim]string{newest: "before", after: rules.GetName()} {
		recorded, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: claim.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-" + claim.GetClaimId(),
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, IssuedAt: timestamppb.New(start),
			UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if by := fmt.Sprintf("decisionRules/%d", recorded.GetResult().GetRulesVersion()); (by == rules.GetName()) != (version == rules.GetName()) {
			t.Errorf("a claim of %s is decided by %s", version, by)
		}
		e := f.explained("support", claim.GetName(), tenfoldv1.Audience_AUDIENCE_UNSPECIFIED)
		asked := slices.ContainsFunc(e.GetWeighing().GetUnits(), func(u *tenfoldv1.WeighedUnit) bool {
			return u.GetReason() == tenfoldv1.WeighingReason_WEIGHING_REASON_QUORUM_MISSING
		})
		if asked != (version == rules.GetName()) {
			t.Errorf("a claim of %s: %v", version, e.GetWeighing())
		}
	}
	f.audited()
	// The audit finds a version that is not what was approved, one that too few approved, one that
	// takes effect at once, and one that is gone.
	admin := f.admin()
	for _, x := range []struct{ do, undo, want string }{
		{
			`UPDATE decision_rules SET content = replace(content::text, '"bodies":2', '"bodies":1')::json WHERE version = 7`,
			`UPDATE decision_rules SET content = replace(content::text, '"bodies":1', '"bodies":2')::json WHERE version = 7`, "is not what proposal 1 says",
		},
		{
			`UPDATE rules_proposal_votes SET action = 'REFUSED' WHERE person_id = 'bert'`,
			`UPDATE rules_proposal_votes SET action = 'APPROVED' WHERE person_id = 'bert'`, "was published by 1 approvals",
		},
		{
			`UPDATE rules_proposal_votes SET person_id = 'OLGA' WHERE person_id = 'bert'`,
			`UPDATE rules_proposal_votes SET person_id = 'bert' WHERE person_id = 'OLGA'`, "was published by 1 approvals",
		},
		{
			`UPDATE decision_rules SET version = 9 WHERE version = 7`,
			`UPDATE decision_rules SET version = 7 WHERE version = 9`, "has no version 7 before it",
		},
	} {
		if _, err := admin.ExecContext(t.Context(), x.do); err != nil {
			t.Fatal(err)
		}
		found, err := audit.Check(t.Context(), f.db)
		if err != nil || !slices.ContainsFunc(found, func(d audit.Discrepancy) bool {
			return strings.Contains(d.Subject, "of the decision rules") && strings.Contains(d.Detail, x.want)
		}) {
			t.Errorf("%s: the audit finds %v, %v; want %q", x.do, found, err, x.want)
		}
		if _, err := admin.ExecContext(t.Context(), x.undo); err != nil {
			t.Fatal(err)
		}
	}
	f.audited()
}

// Would catch rules that could not stand and are proposed, and a proposal that ends otherwise
// than people decided.
func TestProposalsOfDecisionRulesAreRefusedAndEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := f.nextRules()
	propose := func(change func(r *tenfoldv1.DecisionRules)) error {
		r := proto.Clone(good).(*tenfoldv1.DecisionRules)
		change(r)
		return errorOf(f.decisionRules().ProposeDecisionRules(f.asPerson("operator", "olga"), &tenfoldv1.ProposeDecisionRulesRequest{RequestId: f.id(), DecisionRules: r}))
	}
	lab := tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB
	for name, x := range map[string]struct {
		field  string
		change func(r *tenfoldv1.DecisionRules)
	}{
		"another number":         {"decision_rules.name", func(r *tenfoldv1.DecisionRules) { r.Name = "decisionRules/99" }},
		"a time of publication":  {"decision_rules.published_at", func(r *tenfoldv1.DecisionRules) { r.PublishedAt = timestamppb.New(start) }},
		"no rung for everything": {"decision_rules.ladder", func(r *tenfoldv1.DecisionRules) { r.Ladder = r.GetLadder()[:len(r.GetLadder())-1] }},
		"a laboratory as a court": {"decision_rules.ladder[1]", func(r *tenfoldv1.DecisionRules) {
			r.GetLadder()[1].Rank, r.GetLadder()[1].AuthenticatorKinds = 1, []tenfoldv1.AuthenticatorKind{lab}
		}},
		"no rank for courts":      {"decision_rules.ladder", func(r *tenfoldv1.DecisionRules) { r.Ladder = r.GetLadder()[1:] }},
		"photos that decide":      {"decision_rules.decides_alone", func(r *tenfoldv1.DecisionRules) { r.GetLadder()[1].Rank = 5 }},
		"codes that decide":       {"decision_rules.decides_alone", func(r *tenfoldv1.DecisionRules) { r.DecidesAlone = 7 }},
		"a quorum of a weak rank": {"decision_rules.quorums[0].rank", func(r *tenfoldv1.DecisionRules) { r.Quorums = []*tenfoldv1.RankQuorum{{Rank: 6, Bodies: 2}} }},
		"two quorums of a rank": {"decision_rules.quorums[1].rank", func(r *tenfoldv1.DecisionRules) {
			r.Quorums = []*tenfoldv1.RankQuorum{{Rank: 5, Bodies: 2}, {Rank: 5, Bodies: 3}}
		}},
		"the word of whoever records":  {"decision_rules.custody.unrecorded_as_told", func(r *tenfoldv1.DecisionRules) { r.GetCustody().UnrecordedAsTold = true }},
		"unsigned results beyond all":  {"decision_rules.unsigned_ranks", func(r *tenfoldv1.DecisionRules) { r.UnsignedRanks = 8 }},
		"proof beside what decides":    {"decision_rules.source_proof_from", func(r *tenfoldv1.DecisionRules) { r.SourceProofFrom = r.GetDecidesAlone() }},
		"a draw that ends nothing":     {"decision_rules.retest_days", func(r *tenfoldv1.DecisionRules) { r.RetestDays, r.ReinspectionFinal = 21, false }},
		"a draw among those who saw":   {"decision_rules.retest_days", func(r *tenfoldv1.DecisionRules) { r.RetestDays, r.ReinspectionIndependent = 21, false }},
		"a year for a re-test":         {"decision_rules.retest_days", func(r *tenfoldv1.DecisionRules) { r.RetestDays = 366 }},
		"in force before the last one": {"decision_rules.effective_from", func(r *tenfoldv1.DecisionRules) { r.EffectiveFrom = timestamppb.New(start) }},
	} {
		if got := refusal(propose(x.change)); got.reason == "" || got.field != x.field {
			t.Errorf("%s: %+v, want it at %s", name, got, x.field)
		}
	}
	same := func(*tenfoldv1.DecisionRules) {}
	if err := propose(same); err != nil {
		t.Fatal(err)
	}
	if got := refusal(propose(same)); got.reason != "PROPOSAL_STATE_CONFLICT" {
		t.Errorf("beside an open one: %+v", got)
	}
	withdraw := func(person, name string) error {
		return errorOf(f.decisionRules().WithdrawDecisionRulesProposal(f.asPerson("operator", person), &tenfoldv1.WithdrawDecisionRulesProposalRequest{Name: name, RequestId: f.id()}))
	}
	if got := refusal(withdraw("oscar", "decisionRulesProposals/1")); got.reason != "ACCESS_DENIED" {
		t.Errorf("withdrawn by another: %+v", got)
	}
	if err := withdraw("olga", "decisionRulesProposals/1"); err != nil {
		t.Fatal(err)
	}
	if got := refusal(withdraw("olga", "decisionRulesProposals/7")); got.reason != "PROPOSAL_NOT_FOUND" {
		t.Errorf("none: %+v", got)
	}
	if err := propose(same); err != nil {
		t.Fatal(err)
	}
	if err := errorOf(f.decisionRules().RefuseDecisionRulesProposal(f.asPerson("approver", "anna"),
		&tenfoldv1.RefuseDecisionRulesProposalRequest{Name: "decisionRulesProposals/2", RequestId: f.id(), Note: "no"})); err != nil {
		t.Fatal(err)
	}
	if err := propose(same); err != nil {
		t.Fatal(err)
	}
	// Approved by one, it is too late for the other: it would take effect too soon.
	approve := func(person string) error {
		return errorOf(f.decisionRules().ApproveDecisionRulesProposal(f.asPerson("approver", person),
			&tenfoldv1.ApproveDecisionRulesProposalRequest{Name: "decisionRulesProposals/3", RequestId: f.id()}))
	}
	if err := approve("anna"); err != nil {
		t.Fatal(err)
	}
	f.advance(25 * time.Hour)
	if got := refusal(approve("bert")); got.reason != "DECISION_RULES_NOTICE_TOO_SHORT" {
		t.Errorf("approved too late: %+v", got)
	}
	f.advance(31 * 24 * time.Hour)
	if got := refusal(approve("bert")); got.reason != "PROPOSAL_STATE_CONFLICT" {
		t.Errorf("approved after its end: %+v", got)
	}
	var states []string
	token := ""
	for {
		page, err := f.decisionRules().ListDecisionRulesProposals(f.as("finance"), &tenfoldv1.ListDecisionRulesProposalsRequest{PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.GetDecisionRulesProposals() {
			states = append(states, p.GetName()+" "+strings.TrimPrefix(p.GetState().String(), "POLICY_PROPOSAL_STATE_"))
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	want := []string{"decisionRulesProposals/3 EXPIRED", "decisionRulesProposals/2 REFUSED", "decisionRulesProposals/1 WITHDRAWN"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
	expired, err := f.decisionRules().ListDecisionRulesProposals(f.as("finance"), &tenfoldv1.ListDecisionRulesProposalsRequest{State: tenfoldv1.PolicyProposalState_POLICY_PROPOSAL_STATE_EXPIRED})
	if err != nil || len(expired.GetDecisionRulesProposals()) != 1 {
		t.Errorf("%v, %v", expired, err)
	}
}
