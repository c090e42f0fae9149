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

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// drafted is a request to propose the second version of the promise, with limits.
func (f *fixture) drafted(t *testing.T) *tenfoldv1.ProposePolicyVersionRequest {
	t.Helper()
	v := f.version(t, 2).GetPolicyVersion()
	v.PublishedAt, v.EffectiveFrom = nil, timestamppb.New(start.AddDate(0, 0, 10))
	v.Multiplier.Numerator = 9
	v.ApprovalOver, v.AdvanceLimit, v.AdvanceLimitPerMerchant, v.MinimumDeposit = fen(1_000_000), fen(1_000_000), fen(5_000_000), fen(100_000)
	return &tenfoldv1.ProposePolicyVersionRequest{RequestId: f.id(), PolicyVersion: v, Note: "nine is enough"}
}

// Would catch a way on which a version is published by fewer than three people over the
// wire, an answer that does not tell what changes, a trail that leaves somebody out, and a
// request that cannot be looked up.
func TestPoliciesNeedTwoPeopleOverTheWire(t *testing.T) {
	t.Parallel()
	f := newBounded(t, engine.Defaults(), watch.Defaults())
	r := f.drafted(t)
	_, err := f.rules.PublishPolicyVersion(f.asPerson("operator", "olga"), &tenfoldv1.PublishPolicyVersionRequest{
		RequestId: f.id(), PolicyVersion: r.GetPolicyVersion(),
	})
	if got := refusal(err); got.reason != "POLICY_PROPOSAL_REQUIRED" {
		t.Fatalf("published at once: %v", err)
	}
	proposed, err := f.drafts.ProposePolicyVersion(f.asPerson("operator", "olga"), r)
	if err != nil {
		t.Fatal(err)
	}
	p := proposed.GetPolicyProposal()
	f.outcome(r.GetRequestId(), "merchants/-", "PolicyProposalService/ProposePolicyVersion", "policies/promise-tenfold/proposals/1")
	want := []string{
		"advance_limit 500,000.00 CNY to 10,000.00 CNY", "advance_limit_per_merchant none to 50,000.00 CNY",
		"approval_over none to 10,000.00 CNY", "minimum_deposit none to 1,000.00 CNY", "multiplier 10 to 9",
	}
	if diff := cmp.Diff(want, changedTerms(t, proposed.GetChanges())); diff != "" {
		t.Errorf("it changes otherwise (-want +got):\n%s", diff)
	}
	for person, published := range map[string]bool{"anna": false} {
		a, err := f.drafts.ApprovePolicyProposal(f.asPerson("approver", person), &tenfoldv1.ApprovePolicyProposalRequest{Name: p.GetName(), RequestId: f.id()})
		if err != nil || (a.GetPolicyProposal().GetPolicyVersion().GetPublishedAt() != nil) != published {
			t.Fatalf("%s: %v, %v", person, a, err)
		}
	}
	approve := &tenfoldv1.ApprovePolicyProposalRequest{Name: p.GetName(), RequestId: f.id(), Note: "so be it"}
	for _, replayed := range []bool{false, true} {
		a, err := f.drafts.ApprovePolicyProposal(f.asPerson("approver", "bert"), approve)
		if err != nil || a.GetReplayed() != replayed || a.GetPolicyProposal().GetState() != tenfoldv1.PolicyProposalState_POLICY_PROPOSAL_STATE_PUBLISHED {
			t.Fatalf("%v, %v", a, err)
		}
	}
	got, err := f.drafts.GetPolicyProposal(f.as("auditor"), &tenfoldv1.GetPolicyProposalRequest{Name: p.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	var trail []string
	for _, s := range got.GetPolicyProposal().GetSteps() {
		action := strings.TrimPrefix(s.GetAction().String(), "POLICY_PROPOSAL_ACTION_")
		trail = append(trail, fmt.Sprintf("%s %s %s %s", action, s.GetRole(), s.GetPerson(), s.GetNote()))
	}
	want = []string{"PROPOSED operator olga nine is enough", "APPROVED approver anna ", "APPROVED approver bert so be it", "PUBLISHED approver bert "}
	if diff := cmp.Diff(want, trail); diff != "" {
		t.Error(diff)
	}
	v, err := f.rules.GetPolicyVersion(f.as("merchant"), &tenfoldv1.GetPolicyVersionRequest{Name: "policies/promise-tenfold/versions/2"})
	if err != nil || !proto.Equal(v.GetPolicyVersion(), got.GetPolicyProposal().GetPolicyVersion()) || !v.GetPolicyVersion().GetPublishedAt().AsTime().Equal(start) {
		t.Errorf("%v: published as %v", err, v)
	}
}

// changedTerms are the terms of the only change.
func changedTerms(t *testing.T, changes []*tenfoldv1.PolicyChange) []string {
	t.Helper()
	if len(changes) != 1 || changes[0].GetBefore() != "policies/promise-tenfold/versions/1" || changes[0].GetAfter() != "policies/promise-tenfold/versions/2" {
		t.Fatalf("it changes %v", changes)
	}
	var terms []string
	for _, c := range changes[0].GetTerms() {
		terms = append(terms, fmt.Sprintf("%s %s to %s", c.GetField(), c.GetBefore(), c.GetAfter()))
	}
	slices.Sort(terms)
	return terms
}

// Would catch a refusal of the proposal that names another field than the one at fault.
func TestBadProposalsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		spoil         func(r *tenfoldv1.ProposePolicyVersionRequest)
		reason, field string
	}{
		"dated": {func(r *tenfoldv1.ProposePolicyVersionRequest) {
			r.PolicyVersion.PublishedAt = timestamppb.New(start)
		}, "REQUEST_INVALID", "policy_version.published_at"},
		"too soon": {func(r *tenfoldv1.ProposePolicyVersionRequest) {
			r.PolicyVersion.EffectiveFrom = timestamppb.New(start.Add(6 * 24 * time.Hour))
		}, "POLICY_NOTICE_TOO_SHORT", "policy_version.effective_from"},
		"without a reason":  {func(r *tenfoldv1.ProposePolicyVersionRequest) { r.Note = "" }, "REQUEST_INVALID", "note"},
		"without a version": {func(r *tenfoldv1.ProposePolicyVersionRequest) { r.PolicyVersion = nil }, "REQUEST_INVALID", "policy_version"},
		"without approval": {func(r *tenfoldv1.ProposePolicyVersionRequest) {
			r.PolicyVersion.ApprovalOver = nil
		}, "REQUEST_INVALID", "policy_version.approval_over"},
		"in two currencies": {func(r *tenfoldv1.ProposePolicyVersionRequest) {
			r.PolicyVersion.Cap = &tenfoldv1.Money{CurrencyCode: "USD", MinorUnits: 1}
		}, "CURRENCY_MISMATCH", "policy_version.cap.currency_code"},
		"floor above the cap": {func(r *tenfoldv1.ProposePolicyVersionRequest) {
			r.PolicyVersion.Floor, r.PolicyVersion.FloorScope, r.PolicyVersion.Cap = fen(2), 1, fen(1)
		}, "REQUEST_INVALID", "policy_version.cap"},
	} {
		r := f.drafted(t)
		c.spoil(r)
		_, err := f.drafts.ProposePolicyVersion(f.as("operator"), r)
		if got := refusal(err); got.reason != c.reason || got.field != c.field {
			t.Errorf("%s: %s at %q: %v", name, got.reason, got.field, err)
		}
	}
	list, err := f.drafts.ListPolicyProposals(f.as("operator"), &tenfoldv1.ListPolicyProposalsRequest{Parent: "policies/-"})
	if err != nil || len(list.GetPolicyProposals()) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// Would catch a list that leaves out or repeats a proposal, that shows an expired one as
// open, or that mixes the states; and a refusal and a withdrawal that do not end one.
func TestListPolicyProposals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	propose := func(policy string) string {
		t.Helper()
		r := f.drafted(t)
		r.PolicyVersion.EffectiveFrom = timestamppb.New(start.AddDate(0, 6, 0))
		if policy != "promise-tenfold" {
			r.PolicyVersion.Name = "policies/" + policy + "/versions/1"
		}
		p, err := f.drafts.ProposePolicyVersion(f.asPerson("operator", "olga"), r)
		if err != nil {
			t.Fatal(err)
		}
		return p.GetPolicyProposal().GetName()
	}
	one := propose("promise-tenfold")
	if _, err := f.drafts.WithdrawPolicyProposal(f.asPerson("operator", "Olga"), &tenfoldv1.WithdrawPolicyProposalRequest{Name: one, RequestId: f.id()}); err != nil {
		t.Fatal(err)
	}
	two := propose("promise-tenfold")
	if _, err := f.drafts.RefusePolicyProposal(f.asPerson("approver", "anna"), &tenfoldv1.RefusePolicyProposalRequest{Name: two, RequestId: f.id(), Note: "no"}); err != nil {
		t.Fatal(err)
	}
	three, other := propose("promise-tenfold"), propose("another")
	if _, err := f.sandbox.AdvanceClock(f.as("operator"), &tenfoldv1.AdvanceClockRequest{
		Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(start.AddDate(0, 0, 31))},
	}); err != nil {
		t.Fatal(err)
	}
	last := propose("another")
	type S = tenfoldv1.PolicyProposalState
	for name, c := range map[string]struct {
		parent string
		state  S
		want   []string
	}{
		"all":       {"policies/-", 0, []string{last + " OPEN", other + " EXPIRED", three + " EXPIRED", two + " REFUSED", one + " WITHDRAWN"}},
		"of one":    {"policies/another", 0, []string{last + " OPEN", other + " EXPIRED"}},
		"open":      {"policies/-", tenfoldv1.PolicyProposalState_POLICY_PROPOSAL_STATE_OPEN, []string{last + " OPEN"}},
		"expired":   {"policies/-", tenfoldv1.PolicyProposalState_POLICY_PROPOSAL_STATE_EXPIRED, []string{other + " EXPIRED", three + " EXPIRED"}},
		"of nobody": {"policies/nobody", 0, nil},
	} {
		for _, size := range []int32{1, 50} {
			var got []string
			for token, more := "", true; more; more = token != "" {
				page, err := f.drafts.ListPolicyProposals(f.as("auditor"), &tenfoldv1.ListPolicyProposalsRequest{
					Parent: c.parent, State: c.state, PageSize: size, PageToken: token,
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range page.GetPolicyProposals() {
					got = append(got, p.GetName()+" "+strings.TrimPrefix(p.GetState().String(), "POLICY_PROPOSAL_STATE_"))
				}
				token = page.GetNextPageToken()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s in pages of %d (-want +got):\n%s", name, size, diff)
			}
		}
	}
}

// Would catch a preview that compares with another version than the one in force, that
// does not tell what limits are lacking, or that refuses what it is asked about.
func TestPreviewPolicyVersion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.drafted(t)
	proposed, err := f.drafts.ProposePolicyVersion(f.asPerson("operator", "olga"), r)
	if err != nil {
		t.Fatal(err)
	}
	bare := proto.CloneOf(r.GetPolicyVersion())
	bare.ApprovalOver, bare.MinimumDeposit, bare.EffectiveFrom = nil, nil, timestamppb.New(start)
	for name, c := range map[string]struct {
		request *tenfoldv1.PreviewPolicyVersionRequest
		terms   int
		lacking []string
	}{
		"a version":  {&tenfoldv1.PreviewPolicyVersionRequest{Version: &tenfoldv1.PreviewPolicyVersionRequest_PolicyVersion{PolicyVersion: r.GetPolicyVersion()}}, 5, nil},
		"a proposal": {&tenfoldv1.PreviewPolicyVersionRequest{Version: &tenfoldv1.PreviewPolicyVersionRequest_Name{Name: proposed.GetPolicyProposal().GetName()}}, 5, nil},
		"without limits, and at once": {&tenfoldv1.PreviewPolicyVersionRequest{Version: &tenfoldv1.PreviewPolicyVersionRequest_PolicyVersion{PolicyVersion: bare}}, 3,
			[]string{"approval_over", "minimum_deposit"}},
	} {
		got, err := f.drafts.PreviewPolicyVersion(f.as("approver"), c.request)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if terms := changedTerms(t, got.GetChanges()); len(terms) != c.terms || !cmp.Equal(c.lacking, got.GetLimitsLacking()) {
			t.Errorf("%s: it changes %v and lacks %v", name, terms, got.GetLimitsLacking())
		}
	}
	first, err := f.drafts.PreviewPolicyVersion(f.as("approver"), &tenfoldv1.PreviewPolicyVersionRequest{
		Version: &tenfoldv1.PreviewPolicyVersionRequest_Name{Name: "policies/promise-tenfold/versions/1"},
	})
	if err != nil || len(first.GetChanges()) != 1 || first.GetChanges()[0].GetBefore() != "" || len(first.GetLimitsLacking()) != 3 {
		t.Errorf("the first version: %v, %v", first, err)
	}
	for name, reason := range map[string]string{
		"policies/promise-tenfold/versions/9": "POLICY_NOT_FOUND", "policies/promise-tenfold/proposals/9": "PROPOSAL_NOT_FOUND", "": "REQUEST_INVALID",
	} {
		_, err := f.drafts.PreviewPolicyVersion(f.as("approver"), &tenfoldv1.PreviewPolicyVersionRequest{Version: &tenfoldv1.PreviewPolicyVersionRequest_Name{Name: name}})
		if got := refusal(err); got.reason != reason {
			t.Errorf("%q: %v", name, err)
		}
	}
}
