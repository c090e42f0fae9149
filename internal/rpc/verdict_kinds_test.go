package rpc_test

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a claim on goods that are no counterfeits whose refund path is not told to the
// order service, to support, in the events, or to the consumer in either language; and one that
// tells an authenticator.
func TestV10TheRefundPathIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	r := f.filing("m1", "l1")
	r.GetOrderLine().ProductId = "sandbox-gray-market"
	filed, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	name := filed.GetClaim().GetName()
	for _, role := range []string{"order-service", "support", "merchant"} {
		got, err := f.claims.GetClaim(f.as(role), &tenfoldv1.GetClaimRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		c := got.GetClaim()
		if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_REJECTED || c.GetVerdict() != tenfoldv1.Verdict_VERDICT_GRAY_MARKET ||
			len(c.GetRefundUnits()) != len(c.GetUnits()) || c.GetUnits()[0].GetConsequence() != tenfoldv1.Consequence_CONSEQUENCE_REFUND_PATH {
			t.Errorf("as %s: %v", role, c)
		}
	}
	e := f.explained("support", name, tenfoldv1.Audience_AUDIENCE_UNSPECIFIED)
	if u := e.GetWeighing().GetUnits()[0]; u.GetConsequence() != tenfoldv1.Consequence_CONSEQUENCE_REFUND_PATH {
		t.Errorf("weighed: %v", u)
	}
	for _, x := range []struct {
		audience tenfoldv1.Audience
		language tenfoldv1.Language
		says     string
	}{
		{tenfoldv1.Audience_AUDIENCE_UNSPECIFIED, tenfoldv1.Language_LANGUAGE_ENGLISH, "the refund path is open: the order service can refund"},
		{tenfoldv1.Audience_AUDIENCE_MERCHANT, tenfoldv1.Language_LANGUAGE_CHINESE, "订单服务可照常退还价款"},
		{tenfoldv1.Audience_AUDIENCE_SUPPORT, tenfoldv1.Language_LANGUAGE_ENGLISH, "genuine and of an unauthorised channel"},
		{tenfoldv1.Audience_AUDIENCE_CONSUMER, tenfoldv1.Language_LANGUAGE_ENGLISH, "You can ask for an ordinary refund"},
		{tenfoldv1.Audience_AUDIENCE_CONSUMER, tenfoldv1.Language_LANGUAGE_CHINESE, "您可以在购买处申请普通退款"},
	} {
		got, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: name, Audience: x.audience, Language: x.language})
		if err != nil {
			t.Fatal(err)
		}
		text := got.GetExplanation().GetText()
		if all := text.GetWhy() + strings.Join(text.GetAward(), "\n"); !strings.Contains(all, x.says) {
			t.Errorf("%s in %s is told: %s", x.audience, x.language, all)
		}
	}
	// It is refused to review what is rejected, and the claimant can have it reconsidered.
	c := f.claim(name)
	_, err = f.claims.DecideReview(f.asPerson("adjudicator", "rita"), &tenfoldv1.DecideReviewRequest{
		Name: name, RequestId: f.id(), Etag: c.GetEtag(), Decision: tenfoldv1.ReviewDecision_REVIEW_DECISION_REFUND_PATH, Note: "seen",
	})
	if err == nil {
		t.Error("a rejected claim was reviewed")
	}
	// A review opens the path where the policy leaves it to a person.
	r = f.filing("m1", "l2")
	r.GetOrderLine().ProductId = "sandbox-tampered"
	if filed, err = f.claims.FileClaim(f.as("order-service"), r); err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	c = f.claim(filed.GetClaim().GetName())
	for _, wrong := range []struct {
		decision tenfoldv1.ReviewDecision
		verdict  tenfoldv1.Verdict
	}{
		{tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD, tenfoldv1.Verdict_VERDICT_GRAY_MARKET},
		{tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD, tenfoldv1.Verdict_VERDICT_TAMPERED}, // Not by this policy.
		{tenfoldv1.ReviewDecision_REVIEW_DECISION_REFUND_PATH, tenfoldv1.Verdict_VERDICT_COUNTERFEIT},
		{tenfoldv1.ReviewDecision_REVIEW_DECISION_REFUND_PATH, tenfoldv1.Verdict_VERDICT_GENUINE},
		{tenfoldv1.ReviewDecision_REVIEW_DECISION_REJECT, tenfoldv1.Verdict_VERDICT_GENUINE},
	} {
		request := &tenfoldv1.DecideReviewRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Decision: wrong.decision, Note: "n"}
		for _, u := range c.GetUnits() {
			request.UnitVerdicts = append(request.UnitVerdicts, &tenfoldv1.UnitVerdict{Ordinal: u.GetOrdinal(), Verdict: wrong.verdict})
		}
		if _, err := f.claims.DecideReview(f.asPerson("adjudicator", "rita"), request); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s with %s: %v", wrong.decision, wrong.verdict, err)
		}
	}
	opening := &tenfoldv1.DecideReviewRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Decision: tenfoldv1.ReviewDecision_REVIEW_DECISION_REFUND_PATH, Note: "the seal was cut",
	}
	for _, u := range c.GetUnits() {
		opening.UnitVerdicts = append(opening.UnitVerdicts, &tenfoldv1.UnitVerdict{Ordinal: u.GetOrdinal(), Verdict: tenfoldv1.Verdict_VERDICT_TAMPERED})
	}
	decided, err := f.claims.DecideReview(f.asPerson("adjudicator", "rita"), opening)
	if err != nil {
		t.Fatal(err)
	}
	if c := decided.GetClaim(); c.GetVerdict() != tenfoldv1.Verdict_VERDICT_TAMPERED || len(c.GetRefundUnits()) != len(c.GetUnits()) {
		t.Errorf("decided: %v", c)
	}
}
