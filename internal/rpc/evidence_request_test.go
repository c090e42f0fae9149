package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) requests() tenfoldv1.EvidenceRequestServiceClient {
	return tenfoldv1.NewEvidenceRequestServiceClient(f.conn)
}

func (f *fixture) asking(c *tenfoldv1.Claim, party tenfoldv1.EvidenceParty) *tenfoldv1.RequestEvidenceRequest {
	return &tenfoldv1.RequestEvidenceRequest{
		Parent: c.GetName(), RequestId: f.id(), Asked: &tenfoldv1.RequestEvidenceRequest_Party{Party: party},
		Kind: "INVOICE", Question: "who sold it?", DueAt: timestamppb.New(f.now().AddDate(0, 0, 5)),
	}
}

func (f *fixture) ask(c *tenfoldv1.Claim, party tenfoldv1.EvidenceParty) *tenfoldv1.EvidenceRequest {
	f.t.Helper()
	r, err := f.requests().RequestEvidence(f.as("support"), f.asking(c, party))
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetEvidenceRequest()
}

func (f *fixture) askLab(c *tenfoldv1.Claim, lab string) *tenfoldv1.EvidenceRequest {
	f.t.Helper()
	r := f.asking(c, 0)
	r.Asked = &tenfoldv1.RequestEvidenceRequest_Authenticator{Authenticator: "authenticators/" + lab}
	got, err := f.requests().RequestEvidence(f.as("adjudicator"), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return got.GetEvidenceRequest()
}

func (f *fixture) unasking(x *tenfoldv1.EvidenceRequest) *tenfoldv1.CancelEvidenceRequestRequest {
	return &tenfoldv1.CancelEvidenceRequestRequest{Name: x.GetName(), RequestId: f.id(), Note: "for the staff"}
}

// turnTold is what a role is told about whose turn a claim is.
func (f *fixture) turnTold(role string, c *tenfoldv1.Claim) string {
	f.t.Helper()
	r, err := f.claims.ExplainClaim(f.as(role), &tenfoldv1.ExplainClaimRequest{Name: c.GetName()})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetExplanation().GetText().GetTurn()
}

// answering is evidence that names a request.
func (f *fixture) answering(c *tenfoldv1.Claim, x *tenfoldv1.EvidenceRequest) *tenfoldv1.AddEvidenceRequest {
	return &tenfoldv1.AddEvidenceRequest{Name: c.GetName(), RequestId: f.id(), Kind: "INVOICE", Reference: "dam://1", EvidenceRequest: x.GetName()}
}

// Would catch a party that sees or answers what another is asked, in a list, by name, in the
// history or in an explanation; one that does not see its own; notes for the staff that a party
// reads; a laboratory that may not answer what it is asked; a replay that is not the same; and a
// late answer that is refused or does not say that it is late.
func TestPartiesSeeAndAnswerWhatTheyAreAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file("m1", "l1")
	f.commission(c, "sandbox-lab")
	asks := f.asking(c, tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT)
	first, err := f.requests().RequestEvidence(f.as("support"), asks)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := f.requests().RequestEvidence(f.as("support"), asks); err != nil || !again.GetReplayed() || again.GetEvidenceRequest().GetName() != first.GetEvidenceRequest().GetName() {
		t.Errorf("once more: %v, %v", again, err)
	}
	of := map[string]*tenfoldv1.EvidenceRequest{
		"merchant": first.GetEvidenceRequest(), "order-service": f.ask(c, tenfoldv1.EvidenceParty_EVIDENCE_PARTY_CONSUMER), "authenticator": f.askLab(c, "sandbox-lab"),
	}
	inboxes := map[string]string{"merchant": "merchants/m1", "order-service": "merchants/-", "authenticator": "authenticators/sandbox-lab", "support": "merchants/-"}
	names := func(list []*tenfoldv1.EvidenceRequest) (out []string) {
		for _, x := range list {
			out = append(out, x.GetName())
		}
		slices.Sort(out)
		return out
	}
	var all []string
	for _, x := range of {
		all = append(all, x.GetName())
	}
	slices.Sort(all)
	for role, inbox := range inboxes {
		want := all
		if x := of[role]; x != nil {
			want = []string{x.GetName()}
		}
		parents := []string{inbox, c.GetName()}
		if role == "authenticator" {
			parents = parents[:1] // It may not look at claims.
		}
		for _, parent := range parents {
			got, err := f.requests().ListEvidenceRequests(f.as(role), &tenfoldv1.ListEvidenceRequestsRequest{Parent: parent})
			if err != nil || !slices.Equal(names(got.GetEvidenceRequests()), want) {
				t.Errorf("%s under %s: %v, %v", role, parent, names(got.GetEvidenceRequests()), err)
			}
		}
		for whose, x := range of {
			_, read := f.requests().GetEvidenceRequest(f.as(role), &tenfoldv1.GetEvidenceRequestRequest{Name: x.GetName()})
			check := f.answering(c, x)
			check.ValidateOnly = true
			_, answered := f.claims.AddEvidence(f.as(role), check)
			if mine := role == whose || role == "support"; mine != (read == nil) || mine != (answered == nil) {
				t.Errorf("%s of what the %s is asked: %v, %v", role, whose, read, answered)
			}
		}
	}
	for role, parent := range map[string]string{"merchant": "merchants/m2", "order-service": "merchants/m1", "authenticator": "merchants/-"} {
		if got, err := f.requests().ListEvidenceRequests(f.as(role), &tenfoldv1.ListEvidenceRequestsRequest{Parent: parent}); err == nil {
			t.Errorf("%s under %s: %v", role, parent, got)
		}
	}
	page, err := f.requests().ListEvidenceRequests(f.as("support"), &tenfoldv1.ListEvidenceRequestsRequest{Parent: "merchants/-", PageSize: 2})
	if err != nil || len(page.GetEvidenceRequests()) != 2 {
		t.Fatalf("a page: %v, %v", page, err)
	}
	rest, err := f.requests().ListEvidenceRequests(f.as("support"), &tenfoldv1.ListEvidenceRequestsRequest{Parent: "merchants/-", PageSize: 2, PageToken: page.GetNextPageToken()})
	if got := names(append(page.GetEvidenceRequests(), rest.GetEvidenceRequests()...)); err != nil || !slices.Equal(got, all) {
		t.Errorf("in pages: %v, %v", got, err)
	}

	f.advance(6 * 24 * time.Hour)
	f.runDueWork()
	for role, x := range of {
		got, err := f.requests().GetEvidenceRequest(f.as(role), &tenfoldv1.GetEvidenceRequestRequest{Name: x.GetName()})
		if err != nil || got.GetEvidenceRequest().GetOverdueAt() == nil || got.GetEvidenceRequest().GetRole() != "" {
			t.Errorf("%s, overdue: %v, %v", role, got, err)
		}
	}
	told := f.turnTold("merchant", c)
	if !strings.Contains(told, "The merchant was asked for evidence (INVOICE)") || !strings.Contains(told, "overdue") ||
		strings.Contains(told, "The consumer was") || strings.Contains(told, "sandbox-lab was asked") {
		t.Errorf("the merchant is told: %s", told)
	}
	if told := f.turnTold("support", c); !strings.Contains(told, "The consumer was asked") || !strings.Contains(told, "sandbox-lab was asked") {
		t.Errorf("support is told: %s", told)
	}
	for role, x := range of {
		r, err := f.claims.AddEvidence(f.as(role), f.answering(c, x))
		if err != nil || r.GetEvidence().GetLate() == (role == "authenticator") { // Which sees only the number.
			t.Errorf("%s answers late: %v, %v", role, r, err)
		}
	}
	if _, err := f.requests().CancelEvidenceRequest(f.as("support"), f.unasking(f.ask(c, tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT))); err != nil {
		t.Error(err)
	}
	for _, role := range []string{"merchant", "order-service"} {
		page, err := tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as(role), &tenfoldv1.ListTimelineRequest{Parent: c.GetName(), PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		var mine, others, late int
		for _, e := range page.GetEntries() {
			if strings.Contains(e.String(), "for the staff") {
				t.Errorf("%s reads %v", role, e)
			}
			if strings.HasPrefix(e.GetKind().String(), "EVENT_KIND_EVIDENCE_REQUEST") {
				switch e.GetEvidenceRequest().GetName() {
				case of[role].GetName():
					mine++
				case "":
					others++
				}
			}
			if e.GetEvidence().GetLate() && strings.Contains(e.GetText(), "after it was due") {
				late++
			}
		}
		if mine != 2 || others < 4 || late != 3 {
			t.Errorf("%s reads %d of its own, %d of others, %d late: %v", role, mine, others, late, page)
		}
	}
}
