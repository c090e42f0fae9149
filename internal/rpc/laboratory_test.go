package rpc_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// texts are all texts in a message, those inside others included.
func texts(m protoreflect.Message, take func(field protoreflect.FullName, text string)) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		one := func(v protoreflect.Value) {
			switch {
			case fd.Message() != nil && !fd.IsMap():
				texts(v.Message(), take)
			case fd.Kind() == protoreflect.StringKind:
				take(fd.FullName(), v.String())
			}
		}
		switch {
		case fd.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				take(fd.FullName(), k.String()+v.String())
				return true
			})
		case fd.IsList():
			for i := range v.List().Len() {
				one(v.List().Get(i))
			}
		default:
			one(v)
		}
		return true
	})
}

// labCalls are calls of every method that a laboratory may make, on a claim that it is
// commissioned with.
func labCalls(f *fixture, labPhoto []byte, lab context.Context, x *tenfoldv1.Commission) map[string]func() (proto.Message, error) {
	c, results := f.commissions(), f.results
	about := &tenfoldv1.Claim{Name: x.GetClaim(), OrderLineName: "merchants/m1/orderLines/l1", FiledAt: timestamppb.New(start)}
	recorded, upload, added := "", "", int64(0)
	asked := f.askLab(about, "lab-1")
	return map[string]func() (proto.Message, error){
		"CommissionService/GetCommission": func() (proto.Message, error) {
			return c.GetCommission(lab, &tenfoldv1.GetCommissionRequest{Name: x.GetName()})
		},
		"CommissionService/ListCommissions": func() (proto.Message, error) {
			return c.ListCommissions(lab, &tenfoldv1.ListCommissionsRequest{Parent: x.GetAuthenticator()})
		},
		"CommissionService/AcceptCommission": func() (proto.Message, error) {
			return c.AcceptCommission(lab, &tenfoldv1.AcceptCommissionRequest{Name: x.GetName(), RequestId: "accept-1"})
		},
		"CommissionService/ReceiveCommission": func() (proto.Message, error) {
			return c.ReceiveCommission(lab, &tenfoldv1.ReceiveCommissionRequest{Name: x.GetName(), RequestId: "receive-1"})
		},
		"CommissionService/DeclineCommission": func() (proto.Message, error) {
			return c.DeclineCommission(lab, &tenfoldv1.DeclineCommissionRequest{Name: x.GetName(), RequestId: f.id(), ValidateOnly: true, Note: "n"})
		},
		"CustodyService/AddCustodyStep": func() (proto.Message, error) {
			r := f.custodyStep(about, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_TESTED, 1)
			r.Authenticator = x.GetAuthenticator()
			return f.custody().AddCustodyStep(lab, r)
		},
		"CustodyService/ListCustodySteps": func() (proto.Message, error) {
			return f.custody().ListCustodySteps(lab, &tenfoldv1.ListCustodyStepsRequest{Parent: x.GetClaim()})
		},
		"CallerService/GetCaller": func() (proto.Message, error) {
			return tenfoldv1.NewCallerServiceClient(f.conn).GetCaller(lab, &tenfoldv1.GetCallerRequest{})
		},
		"CommissionService/GetBodyReport": func() (proto.Message, error) {
			return c.GetBodyReport(lab, &tenfoldv1.GetBodyReportRequest{Name: x.GetAuthenticator(), From: timestamppb.New(start)})
		},
		"AuthenticationService/RecordResult": func() (proto.Message, error) {
			r, err := results.RecordResult(lab, &tenfoldv1.RecordResultRequest{
				Parent: "merchants/m1", RequestId: "record-1", Claim: x.GetClaim(), Authenticator: x.GetAuthenticator(), ReportNumber: "R-1",
				UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
				SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, CustodyIntact: true, IssuedAt: timestamppb.New(start),
			})
			recorded = r.GetResult().GetName()
			return r, err
		},
		"ResultService/BatchRecordResults": func() (proto.Message, error) {
			item := f.reported(about, "R-2", 2)
			item.Authenticator = x.GetAuthenticator()
			return tenfoldv1.NewResultServiceClient(f.conn).BatchRecordResults(lab, &tenfoldv1.BatchRecordResultsRequest{Requests: []*tenfoldv1.ResultToRecord{item}})
		},
		"EvidenceService/CreateUpload": func() (proto.Message, error) {
			r, err := f.uploads.CreateUpload(lab, &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: int64(len(labPhoto))})
			upload = r.GetUpload().GetName()
			return r, err
		},
		"EvidenceService/UploadChunk": func() (proto.Message, error) {
			return f.uploads.UploadChunk(lab, &tenfoldv1.UploadChunkRequest{Name: upload, Content: labPhoto, Crc32C: crc(labPhoto)})
		},
		"EvidenceService/GetUpload": func() (proto.Message, error) {
			return f.uploads.GetUpload(lab, &tenfoldv1.GetUploadRequest{Name: upload})
		},
		"EvidenceService/CompleteUpload": func() (proto.Message, error) {
			return f.uploads.CompleteUpload(lab, &tenfoldv1.CompleteUploadRequest{Name: upload, Sha256: sha(labPhoto)})
		},
		"ClaimService/AddEvidence": func() (proto.Message, error) {
			r, err := f.claims.AddEvidence(lab, &tenfoldv1.AddEvidenceRequest{Name: x.GetClaim(), RequestId: f.id(), Kind: "PHOTO", Upload: upload})
			added = f.lastEvent("m1")
			return r, err
		},
		"EvidenceService/GetEvidenceContent": func() (proto.Message, error) {
			return f.uploads.GetEvidenceContent(lab, &tenfoldv1.GetEvidenceContentRequest{Name: x.GetClaim(), EventNumber: added})
		},
		"EvidenceService/CancelUpload": func() (proto.Message, error) {
			r, err := f.uploads.CreateUpload(lab, &tenfoldv1.CreateUploadRequest{Parent: "merchants/m1", RequestId: f.id(), SizeBytes: 1})
			if err != nil {
				return nil, err
			}
			return f.uploads.CancelUpload(lab, &tenfoldv1.CancelUploadRequest{Name: r.GetUpload().GetName()})
		},
		"EvidenceRequestService/ListEvidenceRequests": func() (proto.Message, error) {
			r, err := f.requests().ListEvidenceRequests(lab, &tenfoldv1.ListEvidenceRequestsRequest{Parent: x.GetAuthenticator()})
			if len(r.GetEvidenceRequests()) == 0 {
				f.t.Error("the laboratory is asked nothing")
			}
			return r, err
		},
		"EvidenceRequestService/GetEvidenceRequest": func() (proto.Message, error) {
			return f.requests().GetEvidenceRequest(lab, &tenfoldv1.GetEvidenceRequestRequest{Name: asked.GetName()})
		},
		"AuthenticationService/GetResult": func() (proto.Message, error) {
			return results.GetResult(lab, &tenfoldv1.GetResultRequest{Name: recorded})
		},
		"AuthenticationService/ListResults": func() (proto.Message, error) {
			return results.ListResults(lab, &tenfoldv1.ListResultsRequest{Parent: x.GetAuthenticator()})
		},
		"AuthenticationService/RetractResult": func() (proto.Message, error) {
			return results.RetractResult(lab, &tenfoldv1.RetractResultRequest{Name: recorded, RequestId: f.id(), Note: "another sample"})
		},
		"AuthenticationService/GetAuthenticator": func() (proto.Message, error) {
			return results.GetAuthenticator(lab, &tenfoldv1.GetAuthenticatorRequest{Name: x.GetAuthenticator()})
		},
		"SignedResultService/RecordSignedResult": func() (proto.Message, error) {
			s := signaturetest.Ed25519(3)
			f.keyed("lab-1", s)
			return f.signedResults().RecordSignedResult(lab, f.signed(s, "lab-1", &tenfoldv1.Claim{Name: x.GetClaim()}, "S-17", nil))
		},
		"AuthenticatorKeyService/RevokeAuthenticatorKey": func() (proto.Message, error) {
			return f.keys().RevokeAuthenticatorKey(lab, &tenfoldv1.RevokeAuthenticatorKeyRequest{
				Name: f.keyed("lab-1", signaturetest.Ed25519(1)), RequestId: f.id(), Note: "copied",
			})
		},
		"AuthenticatorKeyService/GetAuthenticatorKey": func() (proto.Message, error) {
			return f.keys().GetAuthenticatorKey(lab, &tenfoldv1.GetAuthenticatorKeyRequest{Name: f.keyed("lab-1", signaturetest.Ed25519(2))})
		},
		"AuthenticatorKeyService/ListAuthenticatorKeys": func() (proto.Message, error) {
			return f.keys().ListAuthenticatorKeys(lab, &tenfoldv1.ListAuthenticatorKeysRequest{Parent: x.GetAuthenticator()})
		},
		"AuthenticatorService/FindAuthenticators": func() (proto.Message, error) {
			return f.registry.FindAuthenticators(lab, &tenfoldv1.FindAuthenticatorsRequest{Category: "beauty"})
		},
		"AuthenticatorService/SearchAuthenticators": func() (proto.Message, error) {
			return f.registry.SearchAuthenticators(lab, &tenfoldv1.SearchAuthenticatorsRequest{})
		},
		"AuthenticationService/ListAuthenticators": func() (proto.Message, error) {
			return results.ListAuthenticators(lab, &tenfoldv1.ListAuthenticatorsRequest{})
		},
		"ClaimService/DescribeStateMachine": func() (proto.Message, error) {
			return f.claims.DescribeStateMachine(lab, &tenfoldv1.DescribeStateMachineRequest{})
		},
		"ClaimService/GetRequest": func() (proto.Message, error) {
			return f.claims.GetRequest(lab, &tenfoldv1.GetRequestRequest{Parent: "merchants/m1", Method: "CommissionService/AcceptCommission", RequestId: "accept-1"})
		},
		"DecisionRulesService/GetDecisionRules": func() (proto.Message, error) {
			return f.decisionRules().GetDecisionRules(lab, &tenfoldv1.GetDecisionRulesRequest{Name: "decisionRules/1"})
		},
		"DecisionRulesService/ListDecisionRules": func() (proto.Message, error) {
			return f.decisionRules().ListDecisionRules(lab, &tenfoldv1.ListDecisionRulesRequest{})
		},
		"PolicyService/GetPolicyVersion": func() (proto.Message, error) {
			return f.rules.GetPolicyVersion(lab, &tenfoldv1.GetPolicyVersionRequest{Name: "policies/promise-tenfold/versions/1"})
		},
		"PolicyService/ListPolicyVersions": func() (proto.Message, error) {
			return f.rules.ListPolicyVersions(lab, &tenfoldv1.ListPolicyVersionsRequest{Parent: "policies/promise-tenfold"})
		},
		"PolicyService/ResolvePolicy": func() (proto.Message, error) {
			return f.rules.ResolvePolicy(lab, &tenfoldv1.ResolvePolicyRequest{CurrencyCode: "CNY", Category: "beauty/mascara", PaidAt: timestamppb.New(start)})
		},
		"PolicyService/ListCalendarDays": func() (proto.Message, error) {
			return f.rules.ListCalendarDays(lab, &tenfoldv1.ListCalendarDaysRequest{Year: 2026})
		},
		"SandboxService/GetClock": func() (proto.Message, error) { return f.sandbox.GetClock(lab, &tenfoldv1.GetClockRequest{}) },
		"SandboxService/AdvanceClock": func() (proto.Message, error) {
			return f.sandbox.AdvanceClock(lab, &tenfoldv1.AdvanceClockRequest{Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(f.now().Add(time.Second))}})
		},
		"SandboxService/RunDueWork": func() (proto.Message, error) {
			return f.sandbox.RunDueWork(lab, &tenfoldv1.RunDueWorkRequest{})
		},
	}
}

// lastEvent is the number of a book's newest event.
func (f *fixture) lastEvent(merchant string) (n int64) {
	f.t.Helper()
	h, _, err := f.db.Reader().Head(f.t.Context(), merchant)
	if err != nil {
		f.t.Fatal(err)
	}
	return h.EventNumber
}

// inOrder are the calls that others need to have been made.
var inOrder = []string{
	"CommissionService/DeclineCommission", "CommissionService/AcceptCommission", "CommissionService/ReceiveCommission", "AuthenticationService/RecordResult",
	"ResultService/BatchRecordResults", "EvidenceService/CreateUpload", "EvidenceService/UploadChunk", "EvidenceService/GetUpload",
	"EvidenceService/CompleteUpload", "ClaimService/AddEvidence", "EvidenceService/GetEvidenceContent", "AuthenticationService/GetResult", "AuthenticationService/RetractResult",
}

// Would catch an answer to a laboratory, in any field, that tells who the consumer is, what was
// ordered, what it cost or where it is paid to; and a method that is opened to laboratories and
// not tried here.
func TestALaboratorySeesItsWorkAndNothingOfTheConsumer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("lab-1")
	const secret = "SECRET-OF-CONSUMER"
	filing := f.filing("m1", "l1")
	filing.ClaimantId, filing.PayoutDestination, filing.Note = secret+"-claimant", secret+"-wallet", secret+" note"
	l := filing.GetOrderLine()
	l.PayerId, l.RecipientId, l.OrderId, l.PaymentId = secret+"-claimant", secret+"-recipient", secret+"-order", secret+"-payment"
	photo := sha256.Sum256([]byte("photo"))
	filing.Evidence = []*tenfoldv1.ClaimEvidence{
		{Kind: "PHOTO", Reference: "files/seal.jpg", Digest: hex.EncodeToString(photo[:]), Note: secret + " kitchen"},
		{Kind: "CHAT", Reference: secret + "/chat", Digest: strings.Repeat("b", 64)},
	}
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		t.Fatal(err)
	}
	ask := f.commissioning(filed.GetClaim(), "lab-1")
	ask.PhotoDigests, ask.Fee = []string{filing.GetEvidence()[0].GetDigest()}, fen(30_000)
	made, err := f.commissions().CommissionItem(f.asPerson("support", "SECRET-OF-CONSUMER-desk"), ask)
	if err != nil {
		t.Fatal(err)
	}
	x, lab := made.GetCommission(), f.lab("lab-1")
	calls := labCalls(f, photograph(t), lab, x)
	var order []string
	for method, roles := range rpc.MethodRoles() {
		short := strings.TrimPrefix(method, "/tenfold.v1.")
		if slices.Contains(roles, principal.RoleAuthenticator) && !slices.Contains(inOrder, short) {
			order = append(order, short)
		}
	}
	seen := make(map[string]bool)
	for _, method := range append(slices.Clone(inOrder), order...) {
		call := calls[method]
		if call == nil {
			t.Errorf("%s is open to laboratories: try it here", method)
			continue
		}
		answer, err := call()
		if err != nil {
			t.Errorf("%s: %v", method, err)
			continue
		}
		texts(answer.ProtoReflect(), func(field protoreflect.FullName, text string) {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells %s: %s", method, field, text)
			}
			seen[string(field)+" "+text] = true
		})
	}
	for _, want := range []string{
		"Commission.product_id sandbox-counterfeit-1", "Commission.category beauty/mascara", "Commission.questions is the seal genuine?",
		"CommissionPhoto.reference files/seal.jpg", "Commission.claim " + x.GetClaim(), "AuthenticationResult.commission " + x.GetName(),
	} {
		if !seen["tenfold.v1."+want] {
			t.Errorf("a laboratory does not see %s", want)
		}
	}
}
