package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// refusedWhileSuspended are the calls of a body that would have its word recorded.
var refusedWhileSuspended = []string{
	"CommissionService/AcceptCommission", "CommissionService/ReceiveCommission", "CustodyService/AddCustodyStep",
	"AuthenticationService/RecordResult", "ResultService/BatchRecordResults", "SignedResultService/RecordSignedResult",
	"ClaimService/AddEvidence", "EvidenceService/CreateUpload", "EvidenceService/UploadChunk", "EvidenceService/CompleteUpload",
}

// answeredWhileSuspended are those that take something back or give work back; those that read are
// answered too.
var answeredWhileSuspended = []string{
	"CommissionService/DeclineCommission", "AuthenticationService/RetractResult", "AuthenticatorKeyService/RevokeAuthenticatorKey",
	"EvidenceService/CancelUpload", "SandboxService/AdvanceClock", "SandboxService/RunDueWork",
}

// reads says whether a method reads.
func reads(method string) bool {
	_, name, _ := strings.Cut(method, "/")
	return slices.ContainsFunc([]string{"Get", "List", "Find", "Search", "Describe", "Resolve"}, func(verb string) bool { return strings.HasPrefix(name, verb) })
}

// Would catch a method by which a suspended body has its word recorded, one by which it can no longer
// give back work or see its own, and a method that is opened to bodies and not decided on here.
func TestASuspendedBodySaysNothingMore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("lab-1")
	x, other := f.commission(f.file("m1", "l1"), "lab-1"), f.commission(f.file("m1", "l2"), "lab-1")
	lab := f.lab("lab-1")
	calls := labCalls(f, photograph(t), lab, x)
	must := func(method string) {
		t.Helper()
		if _, err := calls[method](); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
	}
	// What it said before.
	for _, method := range []string{
		"AuthenticationService/RecordResult", "EvidenceService/CreateUpload", "EvidenceService/UploadChunk", "EvidenceService/CompleteUpload", "ClaimService/AddEvidence",
	} {
		must(method)
	}
	if err := errorOf(f.commissions().AcceptCommission(lab, &tenfoldv1.AcceptCommissionRequest{Name: other.GetName(), RequestId: "accept-1"})); err != nil {
		t.Fatal(err)
	}
	f.suspend("lab-1")
	calls["CommissionService/AcceptCommission"] = func() (proto.Message, error) {
		return f.commissions().AcceptCommission(lab, &tenfoldv1.AcceptCommissionRequest{Name: x.GetName(), RequestId: f.id()})
	}
	calls["CommissionService/ReceiveCommission"] = func() (proto.Message, error) {
		return f.commissions().ReceiveCommission(lab, &tenfoldv1.ReceiveCommissionRequest{Name: other.GetName(), RequestId: f.id()})
	}
	calls["AuthenticationService/RecordResult"] = func() (proto.Message, error) {
		return f.results.RecordResult(lab, &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: x.GetClaim(), Authenticator: x.GetAuthenticator(), ReportNumber: "R-9",
			UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE}},
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, CustodyIntact: true, IssuedAt: timestamppb.New(start),
		})
	}
	calls["ResultService/BatchRecordResults"] = func() (proto.Message, error) {
		item := f.reported(&tenfoldv1.Claim{Name: x.GetClaim(), OrderLineName: "merchants/m1/orderLines/l1", FiledAt: timestamppb.New(start)}, "R-8", 2)
		item.Authenticator = x.GetAuthenticator()
		r, err := tenfoldv1.NewResultServiceClient(f.conn).BatchRecordResults(lab, &tenfoldv1.BatchRecordResultsRequest{Requests: []*tenfoldv1.ResultToRecord{item}})
		return r.GetItems()[0].GetStatus(), err
	}
	// These leave what the others look at as it is.
	calls["EvidenceService/CreateUpload"] = func() (proto.Message, error) {
		return f.uploads.CreateUpload(lab, &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: 1})
	}
	calls["ClaimService/AddEvidence"] = func() (proto.Message, error) {
		return f.claims.AddEvidence(lab, &tenfoldv1.AddEvidenceRequest{
			Name: x.GetClaim(), RequestId: f.id(), Kind: "REPORT", Reference: "reports/9", Digest: strings.Repeat("c", 64),
		})
	}
	calls["CommissionService/DeclineCommission"] = func() (proto.Message, error) {
		return f.commissions().DeclineCommission(lab, &tenfoldv1.DeclineCommissionRequest{Name: x.GetName(), RequestId: f.id(), Note: "suspended"})
	}
	events := f.lastEvent("m1")
	for _, method := range refusedWhileSuspended {
		answer, err := calls[method]()
		reason := refusal(err).reason
		if item, ok := answer.(*tenfoldv1.ItemStatus); ok {
			reason = strings.TrimPrefix(item.GetReason().String(), "REASON_")
		}
		if reason != "AUTHENTICATOR_SUSPENDED" {
			t.Errorf("%s: %s, %v", method, reason, err)
		}
	}
	if now := f.lastEvent("m1"); now != events {
		t.Errorf("refusals left %d events", now-events)
	}
	var rest, last []string
	for method, roles := range rpc.MethodRoles() {
		short := strings.TrimPrefix(method, "/tenfold.v1.")
		switch {
		case !slices.Contains(roles, principal.RoleAuthenticator), slices.Contains(refusedWhileSuspended, short):
		case !reads(short) && !slices.Contains(answeredWhileSuspended, short):
			t.Errorf("%s is open to bodies: decide here whether a suspended one may call it", short)
		case short == "EvidenceService/CancelUpload": // It has no upload that could be cancelled: none is begun.
		case reads(short):
			rest = append(rest, short)
		default:
			last = append(last, short)
		}
	}
	for _, method := range append(rest, last...) {
		if _, err := calls[method](); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}
