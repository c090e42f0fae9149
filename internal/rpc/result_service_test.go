package rpc_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// lab is a laboratory that calls for itself.
func (f *fixture) lab(id string) context.Context {
	return caller.Identity{Workload: "test", Role: "authenticator", Scope: "authenticators/" + id}.Attach(f.t.Context())
}

// reported is an item of a laboratory's file about units of the line l1, which are genuine.
func (f *fixture) reported(about *tenfoldv1.Claim, report string, ordinals ...int32) *tenfoldv1.ResultToRecord {
	r := &tenfoldv1.ResultToRecord{
		Parent: "merchants/m1", RequestId: f.id(), Subject: &tenfoldv1.ResultToRecord_OrderLineName{OrderLineName: about.GetOrderLineName()},
		Authenticator: "authenticators/sandbox-lab", ReportNumber: report,
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, CustodyIntact: true, IssuedAt: about.GetFiledAt(),
	}
	for _, n := range ordinals {
		r.UnitVerdicts = append(r.UnitVerdicts, &tenfoldv1.UnitVerdict{Ordinal: n, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE})
	}
	return r
}

// recordAll sends items in one batch.
func (f *fixture) recordAll(ctx context.Context, items ...*tenfoldv1.ResultToRecord) []*tenfoldv1.BatchRecordResultsItem {
	f.t.Helper()
	r, err := tenfoldv1.NewResultServiceClient(f.conn).BatchRecordResults(ctx, &tenfoldv1.BatchRecordResultsRequest{Requests: items})
	if err != nil || len(r.GetItems()) != len(items) {
		f.t.Fatalf("%d items are answered %v, %v", len(items), r, err)
	}
	return r.GetItems()
}

// itemError is the refusal of an item as that of a call of its own.
func itemError(s *tenfoldv1.ItemStatus) error {
	if s.GetCode() == 0 {
		return nil
	}
	details := []protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: strings.TrimPrefix(s.GetReason().String(), "REASON_"), Domain: "tenfold", Metadata: s.GetMetadata()},
		&errdetails.LocalizedMessage{Locale: s.GetLocale(), Message: s.GetLocalizedMessage()},
	}
	if s.GetField() != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: s.GetField()}}})
	}
	whole, err := status.New(codes.Code(s.GetCode()), s.GetMessage()).WithDetails(details...)
	if err != nil {
		return err
	}
	return whole.Err()
}

// fileUnits files a claim on units of a line of an order.
func (f *fixture) fileUnits(line, order string, units ...int32) *tenfoldv1.Claim {
	f.t.Helper()
	r := f.filing("m1", line)
	r.Units, r.GetOrderLine().OrderId = units, order
	// What another claim on the same units did not have.
	digest := sha256.Sum256([]byte(r.GetRequestId()))
	r.Evidence = []*tenfoldv1.ClaimEvidence{{Kind: "PHOTO", Reference: "files/" + r.GetRequestId(), Digest: hex.EncodeToString(digest[:])}}
	filed, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return filed.GetClaim()
}

// Would catch a result of a file that reaches the claim of other units, another line or another
// order, one that is recorded twice or on a newer claim when its file is sent again, and a
// batch in which one bad item spoils the others.
func TestResultsFindTheirClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.open("m2", 1_000_000)
	first, second := f.fileUnits("l1", "o1", 1), f.fileUnits("l1", "o1", 2)
	alone := f.fileUnits("l2", "o2", 1, 2)
	two, other := f.fileUnits("l3", "o3", 1), f.fileUnits("l4", "o3", 1)

	byOrder, byClaim := f.reported(alone, "R-3", 1, 2), f.reported(other, "R-4", 1)
	byOrder.Subject = &tenfoldv1.ResultToRecord_OrderId{OrderId: "o2"}
	byClaim.Subject = &tenfoldv1.ResultToRecord_Claim{Claim: other.GetName()}
	split, twoLines, nobody, elsewhere := f.reported(first, "R-5", 1, 2), f.reported(two, "R-6", 1), f.reported(first, "R-7", 3), f.reported(first, "R-8", 1)
	twoLines.Subject = &tenfoldv1.ResultToRecord_OrderId{OrderId: "o3"}
	elsewhere.Parent = "merchants/m2"
	unknown, foreign, bare := f.reported(first, "R-9", 1), f.reported(first, "R-10", 1), f.reported(first, "R-11", 1)
	unknown.Subject = &tenfoldv1.ResultToRecord_OrderId{OrderId: "no order"}
	foreign.Authenticator, bare.Subject = "authenticators/sandbox-brand", nil
	items := []*tenfoldv1.ResultToRecord{
		f.reported(first, "R-1", 1), f.reported(second, "R-2", 2), byOrder, byClaim, split, twoLines, nobody, elsewhere, unknown, foreign, bare,
	}
	want := []struct {
		claim  *tenfoldv1.Claim
		reason tenfoldv1.Reason
		field  string
	}{
		{claim: first}, {claim: second}, {claim: alone}, {claim: other},
		{reason: tenfoldv1.Reason_REASON_RESULT_SUBJECT_AMBIGUOUS, field: "order_line_name"},
		{reason: tenfoldv1.Reason_REASON_RESULT_SUBJECT_AMBIGUOUS, field: "order_id"},
		{reason: tenfoldv1.Reason_REASON_CLAIM_NOT_FOUND, field: "order_line_name"},
		{reason: tenfoldv1.Reason_REASON_REQUEST_INVALID, field: "order_line_name"},
		{reason: tenfoldv1.Reason_REASON_CLAIM_NOT_FOUND, field: "order_id"},
		{reason: tenfoldv1.Reason_REASON_ACCESS_DENIED, field: "authenticator"},
		{reason: tenfoldv1.Reason_REASON_REQUEST_INVALID, field: "subject"},
	}
	var newer *tenfoldv1.Claim
	for _, replay := range []bool{false, true} {
		for i, got := range f.recordAll(f.lab("sandbox-lab"), items...) {
			status := got.GetStatus()
			if status.GetReason() != want[i].reason || status.GetField() != want[i].field || got.GetClaim().GetName() != want[i].claim.GetName() ||
				got.GetReplayed() != (replay && want[i].claim != nil) || (got.GetResult() == "") != (want[i].claim == nil) {
				t.Errorf("item %d, again %v: %v", i, replay, got)
			}
		}
		// A newer claim on the same units takes no result of before.
		if !replay {
			newer = f.fileUnits("l1", "o1", 2)
		}
	}
	if got := f.recordAll(f.lab("sandbox-lab"), f.reported(newer, "R-13", 2))[0]; got.GetClaim().GetName() != newer.GetName() {
		t.Errorf("a new result is recorded on %v", got)
	}
	one, err := f.results.GetResult(f.as("operator"), &tenfoldv1.GetResultRequest{Name: f.recordAll(f.lab("sandbox-lab"), items[2])[0].GetResult()})
	if err != nil || one.GetResult().GetReportNumber() != "R-3" || len(one.GetResult().GetUnitVerdicts()) != 2 {
		t.Errorf("the result of an item is %v, %v", one, err)
	}
	// A report is one however its number is spelled.
	if got := f.recordAll(f.lab("sandbox-lab"), f.reported(first, "Ｒ-\u200b１", 1))[0].GetStatus(); got.GetReason() != tenfoldv1.Reason_REASON_RESULT_ALREADY_RECORDED {
		t.Errorf("a report in another spelling: %v", got)
	}
	if got := f.recordAll(f.lab("sandbox-lab"), f.reported(alone, "Ｒ-\u200b１", 1))[0].GetStatus(); got.GetReason() != tenfoldv1.Reason_REASON_RESULT_ALREADY_RECORDED {
		t.Errorf("a report in another spelling on another claim: %v", got)
	}
	// The same item as a call of its own is the same request.
	again, err := f.results.RecordResult(f.lab("sandbox-lab"), &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: items[0].GetRequestId(), Claim: first.GetName(), Authenticator: items[0].GetAuthenticator(),
		ReportNumber: "R-1", UnitVerdicts: items[0].GetUnitVerdicts(), SampleSource: items[0].GetSampleSource(), CustodyIntact: true,
		IssuedAt: items[0].GetIssuedAt(),
	})
	if err != nil || !again.GetReplayed() {
		t.Errorf("a call of its own: %v, %v", again, err)
	}
	changed := proto.CloneOf(items[0])
	changed.Statement = "another finding"
	if got := f.recordAll(f.lab("sandbox-lab"), changed)[0].GetStatus(); got.GetReason() != tenfoldv1.Reason_REASON_REQUEST_ID_REUSED {
		t.Errorf("another content under the same request: %v", got)
	}
	tried := f.reported(first, "R-12", 1)
	tried.ValidateOnly = true
	if got := f.recordAll(f.lab("sandbox-lab"), tried)[0]; got.GetStatus().GetCode() != 0 {
		t.Errorf("a trial: %v", got)
	}
	tried.ValidateOnly = false
	if got := f.recordAll(f.lab("sandbox-lab"), tried)[0]; got.GetStatus().GetCode() != 0 || got.GetReplayed() {
		t.Errorf("after a trial: %v", got)
	}
	many := make([]*tenfoldv1.ResultToRecord, 501)
	for i := range many {
		many[i] = items[0]
	}
	_, err = tenfoldv1.NewResultServiceClient(f.conn).BatchRecordResults(f.as("operator"), &tenfoldv1.BatchRecordResultsRequest{Requests: many})
	if got := refusal(err); got.reason != "BATCH_TOO_LARGE" || got.code != codes.ResourceExhausted {
		t.Errorf("501 results: %v", err)
	}
	f.audited()
}
