package rpc_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// guess is what a caller can say about a field of a stored order line or claim: the truth, and
// something else.
type guess struct {
	// message and field say what is guessed.
	message proto.Message
	field   string
	right   *tenfoldv1.QuotePayoutRequest
	wrong   *tenfoldv1.QuotePayoutRequest
}

// guesses are about every field of lines and claims that can stand in a quote.
func guesses(c *tenfoldv1.Claim) []guess {
	quote := func(change func(*tenfoldv1.QuotePayoutRequest, *tenfoldv1.OrderLine)) *tenfoldv1.QuotePayoutRequest {
		l := line("m1", "l1")
		q := &tenfoldv1.QuotePayoutRequest{
			Parent: "merchants/m1", Line: &tenfoldv1.QuotePayoutRequest_OrderLine{OrderLine: l},
			CounterfeitUnits: []int32{2}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_BEST,
		}
		change(q, l)
		return q
	}
	nothing := func(*tenfoldv1.QuotePayoutRequest, *tenfoldv1.OrderLine) {}
	ofLine := func(field string, change func(*tenfoldv1.OrderLine)) guess {
		return guess{&tenfoldv1.OrderLine{}, field, quote(nothing), quote(func(_ *tenfoldv1.QuotePayoutRequest, l *tenfoldv1.OrderLine) { change(l) })}
	}
	claimant := func(id string, named bool) *tenfoldv1.QuotePayoutRequest {
		return quote(func(q *tenfoldv1.QuotePayoutRequest, l *tenfoldv1.OrderLine) {
			if q.ClaimantId = id; named {
				q.Line = &tenfoldv1.QuotePayoutRequest_OrderLineName{OrderLineName: l.GetName()}
			}
		})
	}
	return []guess{
		{&tenfoldv1.Claim{}, "claimant_id", claimant(c.GetClaimantId(), true), claimant("somebody", true)},
		{&tenfoldv1.Claim{}, "claimant_id", claimant(c.GetClaimantId(), false), claimant("somebody", false)},
		ofLine("payer_id", func(l *tenfoldv1.OrderLine) { l.PayerId = "somebody" }),
		ofLine("recipient_id", func(l *tenfoldv1.OrderLine) { l.RecipientId = "somebody" }),
		ofLine("order_id", func(l *tenfoldv1.OrderLine) { l.OrderId = "another" }),
		ofLine("payment_id", func(l *tenfoldv1.OrderLine) { l.PaymentId = "another" }),
		ofLine("product_id", func(l *tenfoldv1.OrderLine) { l.ProductId = "another" }),
		ofLine("category", func(l *tenfoldv1.OrderLine) { l.Category = "another" }),
	}
}

// Would catch a role that learns a hidden field by guessing it: the answer to a right guess
// differs from that to a wrong one. It tries every role with every field that can be told, and
// wants that the answers differ for somebody, so that the guesses are worth something.
func TestHiddenFieldsCannotBeGuessed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	filing := f.filing("m1", "l1")
	filing.Units = []int32{1}
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	c := filed.GetClaim()
	outcome := func(role string, q *tenfoldv1.QuotePayoutRequest) string {
		r, err := f.claims.QuotePayout(f.as(role), q)
		got := refusal(err)
		return got.reason + "|" + got.message + "|" + got.field + "|" + r.GetChosen().String()
	}
	told := make(map[string]bool)
	for _, role := range rpc.QuotingRoles() {
		for _, g := range guesses(c) {
			right, wrong := outcome(role, g.right), outcome(role, g.wrong)
			field := string(g.message.ProtoReflect().Descriptor().Name()) + "." + g.field
			told[field] = told[field] || right != wrong
			if rpc.Hides(role, g.message, g.field) && right != wrong {
				t.Errorf("%s learns %s: a right guess answers\n%s\nand a wrong one\n%s", role, field, right, wrong)
			}
			if rpc.Hides(role, g.message, g.field) && !strings.HasPrefix(right, "ACCESS_DENIED|") {
				t.Errorf("%s is answered about %s: %s", role, field, right)
			}
		}
	}
	for field, differs := range told {
		if !differs {
			t.Errorf("nobody is told whether a guess at %s is right: the guess tests nothing", field)
		}
	}
	for _, role := range []string{"merchant", "support"} {
		q := guesses(c)[0].right
		q.ClaimantId = ""
		if _, err := f.claims.QuotePayout(f.as(role), q); refusal(err).reason == "ACCESS_DENIED" {
			t.Errorf("%s cannot quote for a stored line: %v", role, err)
		}
	}
	for _, filter := range []string{"claimant_id = \"" + c.GetClaimantId() + "\"", `claimant_id = "somebody"`} {
		_, err := f.claims.ListClaims(f.as("merchant"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Filter: filter})
		if got := refusal(err); got.reason != "FILTER_UNSUPPORTED" {
			t.Errorf("filter %s: %+v", filter, got)
		}
	}
}

// Would catch a request that is shown to another authenticator, or to another role, because
// both call by one workload; and one that its own maker does not find.
func TestRequestsAreShownToTheirMakers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file("m1", "l1")
	lab := func(id string) context.Context {
		return caller.Identity{Workload: "test", Role: "authenticator", Scope: "authenticators/" + id}.Attach(t.Context())
	}
	result := &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-1",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_PHOTOS, IssuedAt: c.GetFiledAt(),
	}
	made, err := f.results.RecordResult(lab("sandbox-lab"), result)
	if err != nil {
		t.Fatal(err)
	}
	evidence := &tenfoldv1.AddEvidenceRequest{Name: c.GetName(), RequestId: f.id(), Kind: "PHOTO", Reference: "files/1"}
	if _, err := f.claims.AddEvidence(f.as("support"), evidence); err != nil {
		t.Fatal(err)
	}
	report := &tenfoldv1.AddEvidenceRequest{
		Name: c.GetName(), RequestId: f.id(), Kind: "REPORT", Upload: f.uploaded(lab("sandbox-lab"), photograph(t)),
	}
	if _, err := f.claims.AddEvidence(lab("sandbox-lab"), report); err != nil {
		t.Fatal(err)
	}
	upload := &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: 1}
	created, err := f.uploads.CreateUpload(lab("sandbox-lab"), upload)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name       string
		ctx        context.Context
		method, id string
		want       string
	}{
		{"its own", lab("sandbox-lab"), "AuthenticationService/RecordResult", result.GetRequestId(), made.GetResult().GetName()},
		{"another's", lab("sandbox-brand"), "AuthenticationService/RecordResult", result.GetRequestId(), ""},
		{"one that is not there", lab("sandbox-brand"), "AuthenticationService/RecordResult", "none", ""},
		{"seen by an operator", f.as("operator"), "AuthenticationService/RecordResult", result.GetRequestId(), made.GetResult().GetName()},
		{"a role that may not record", f.as("merchant"), "AuthenticationService/RecordResult", result.GetRequestId(), ""},
		{"a role that may not record either", f.as("order-service"), "AuthenticationService/RecordResult", result.GetRequestId(), ""},
		{"evidence for its adder", f.as("support"), "ClaimService/AddEvidence", evidence.GetRequestId(), c.GetName()},
		{"evidence for an authenticator", lab("sandbox-lab"), "ClaimService/AddEvidence", evidence.GetRequestId(), ""},
		{"its own evidence", lab("sandbox-lab"), "ClaimService/AddEvidence", report.GetRequestId(), c.GetName()},
		{"another's evidence", lab("sandbox-brand"), "ClaimService/AddEvidence", report.GetRequestId(), ""},
		{"its own upload", lab("sandbox-lab"), "EvidenceService/CreateUpload", upload.GetRequestId(), created.GetUpload().GetName()},
		{"another's upload", lab("sandbox-brand"), "EvidenceService/CreateUpload", upload.GetRequestId(), ""},
		{"an upload of another role", f.as("support"), "EvidenceService/CreateUpload", upload.GetRequestId(), ""},
		{"evidence for an auditor", f.as("auditor"), "ClaimService/AddEvidence", evidence.GetRequestId(), ""},
		{"a method that does not exist", f.as("operator"), "ClaimService/Nothing", evidence.GetRequestId(), ""},
	} {
		got, err := f.claims.GetRequest(row.ctx, &tenfoldv1.GetRequestRequest{Parent: "merchants/m1", Method: row.method, RequestId: row.id})
		if row.want != "" && (err != nil || got.GetRequest().GetOutcomeNames()[0] != row.want) {
			t.Errorf("%s: %v, %v", row.name, got, err)
		}
		r := refusal(err)
		if row.want == "" && (r.code != codes.NotFound || r.reason != "REQUEST_NOT_FOUND" || r.message != "no request with id "+row.id+" of "+row.method+" was accepted for merchants/m1") {
			t.Errorf("%s: %v, %+v", row.name, got, r)
		}
	}
}
