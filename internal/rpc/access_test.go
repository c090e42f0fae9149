package rpc_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// allowed is who may call what. It repeats the server's table on purpose: a row
// that is widened by a slip must be widened twice.
var allowed = map[string][]string{
	"ClaimService/FileClaim":            {"order-service", "support", "operator"},
	"ClaimService/BatchFileClaims":      {"order-service", "support", "operator"},
	"ClaimService/GetClaim":             butFor("authenticator"),
	"ClaimService/ExplainClaim":         butFor("authenticator"),
	"ClaimService/DescribeStateMachine": butFor(),
	"ClaimService/ListClaims":           butFor("authenticator"),
	"ClaimService/ListMoves":            butFor("authenticator"),
	"ClaimService/AcceptClaim":          {"merchant", "operator"},
	"ClaimService/WithdrawClaim":        {"order-service", "support", "operator"},
	"ClaimService/ConfirmNotice":        {"merchant", "operator"},
	"ClaimService/AssignReview":         {"support", "adjudicator", "operator"},
	"ClaimService/DecideReview":         {"adjudicator"},
	"ClaimService/GetOrderLine":         butFor("authenticator"),
	"ClaimService/GetRequest":           butFor(),
	"ClaimService/QuotePayout":          butFor("authenticator"),
	"ClaimService/ReportPayoutOutcome":  {"operator", "finance"},
	"ClaimService/ListPayouts":          butFor("authenticator"),
	"ClaimService/RetryPayout":          {"operator", "finance"},
	"ClaimService/AddEvidence":          {"order-service", "merchant", "authenticator", "support", "operator"},
	"ClaimService/AppealClaim":          {"merchant", "operator"},
	"ClaimService/DecideAppeal":         {"adjudicator"},
	"ClaimService/ListAppeals":          butFor("authenticator"),
	"ClaimService/ListEvidence":         butFor("authenticator"),
	"ClaimService/ApproveClaim":         {"approver"},
	"ClaimService/ListApprovals":        butFor("authenticator", "merchant"),
	"ClaimService/ReviseVerdict":        {"adjudicator"},
	"ClaimService/ListRevisions":        butFor("authenticator"),
	"ClaimService/ReportOrderRefund":    {"order-service", "operator"},
	"ClaimService/StopClock":            {"adjudicator", "operator"},
	"ClaimService/ResumeClock":          {"adjudicator", "operator"},
	"ClaimService/ExtendHold":           {"operator"},

	"DepositService/BatchOpenBooks": {"finance", "operator"},

	"NoticeService/BatchConfirmNotices":   {"merchant", "operator"},
	"ResultService/BatchRecordResults":    {"authenticator", "operator"},
	"BookService/ListBooks":               {"approver", "auditor", "finance", "operator", "support"},
	"BookService/GetTrialBalance":         {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementService/GetStatement":       {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementService/ListStatementLines": {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"ReportService/ListReportSums":        {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"BookService/GetExposure":             {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"NoticeService/BatchAcceptClaims":     {"merchant", "operator"},
	"NoticeService/RecordNoticeAttempt":   {"operator", "support"},

	"ReconsiderationService/RequestReconsideration": {"operator", "order-service", "support"},

	"StatementFileService/CreateStatementFile":     {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementFileService/GetStatementFile":        {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementFileService/ListStatementFiles":      {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementFileService/CancelStatementFile":     {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementFileService/ResumeStatementFile":     {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"StatementFileService/GetStatementFileContent": {"approver", "auditor", "finance", "merchant", "operator", "support"},

	"EvidenceService/DiscloseEvidence": {"support", "adjudicator", "operator"},

	"EvidenceRequestService/RequestEvidence":       {"support", "adjudicator", "approver", "operator"},
	"EvidenceRequestService/GetEvidenceRequest":    butFor(),
	"EvidenceRequestService/ListEvidenceRequests":  butFor(),
	"EvidenceRequestService/CancelEvidenceRequest": {"support", "adjudicator", "approver", "operator"},

	"EvidenceService/CreateUpload":       {"order-service", "merchant", "authenticator", "support", "operator"},
	"EvidenceService/UploadChunk":        {"order-service", "merchant", "authenticator", "support", "operator"},
	"EvidenceService/GetUpload":          {"order-service", "merchant", "authenticator", "support", "operator"},
	"EvidenceService/CompleteUpload":     {"order-service", "merchant", "authenticator", "support", "operator"},
	"EvidenceService/CancelUpload":       {"order-service", "merchant", "authenticator", "support", "operator"},
	"EvidenceService/GetEvidenceContent": butFor(),

	"HistoryService/ListTimeline": butFor("authenticator"),

	"AuthenticationService/RegisterAuthenticator": {"operator"},
	"AuthenticationService/GetAuthenticator":      butFor(),
	"AuthenticationService/ListAuthenticators":    butFor(),
	"AuthenticationService/RecordResult":          {"authenticator", "operator"},
	"AuthenticationService/GetResult":             butFor(),
	"AuthenticationService/ListResults":           butFor(),
	"AuthenticationService/RetractResult":         {"authenticator", "operator"},

	"WorkService/TakeNext":              {"support", "adjudicator", "operator"},
	"WorkService/Release":               {"support", "adjudicator", "operator"},
	"WorkService/AddNote":               {"support", "adjudicator", "approver", "finance", "operator"},
	"WorkService/GetDecisionStatistics": {"support", "adjudicator", "operator", "auditor"},
	"WorkService/ListNotes":             butFor("authenticator"),

	"DepositService/OpenBook":          {"finance", "operator"},
	"DepositService/GetBook":           butFor("authenticator"),
	"DepositService/TopUpDeposit":      {"finance", "operator"},
	"DepositService/WithdrawDeposit":   {"finance", "operator"},
	"DepositService/ReverseTopUp":      {"finance", "operator"},
	"DepositService/HandOverShopFunds": {"finance", "operator"},
	"DepositService/TakeBackShopFunds": {"finance", "operator"},
	"DepositService/ListTransfers":     butFor("authenticator"),
	"DepositService/ListHolds":         butFor("authenticator"),
	"DepositService/ListDebts":         {"finance", "operator", "auditor", "merchant"},

	"MerchantMoneyService/ProposeDecision":         {"finance"},
	"MerchantMoneyService/ApproveProposal":         {"approver"},
	"MerchantMoneyService/RefuseProposal":          {"finance", "approver", "operator"},
	"MerchantMoneyService/GetProposal":             {"finance", "approver", "operator", "auditor", "merchant"},
	"MerchantMoneyService/ListProposals":           {"finance", "approver", "operator", "auditor", "merchant"},
	"MerchantMoneyService/BeginExit":               {"merchant", "finance", "operator"},
	"MerchantMoneyService/CancelExit":              {"merchant", "finance", "operator"},
	"MerchantMoneyService/CompleteExit":            {"finance", "operator"},
	"MerchantMoneyService/RecordConsumerRepayment": {"finance", "operator"},
	"MerchantMoneyService/ReportCouponRedeemed":    {"finance", "operator"},
	"MerchantMoneyService/ReportCouponLapsed":      {"finance", "operator"},

	"PolicyService/PublishPolicyVersion":     {"operator"},
	"DecisionRulesService/GetDecisionRules":  butFor(),
	"DecisionRulesService/ListDecisionRules": butFor(),

	"PolicyService/GetPolicyVersion":   butFor(),
	"PolicyService/ListPolicyVersions": butFor(),
	"PolicyService/ResolvePolicy":      butFor(),
	"PolicyService/SetCalendarDays":    {"operator"},
	"PolicyService/ListCalendarDays":   butFor(),

	"AuthenticatorService/ReviseAuthenticator":             {"operator"},
	"AuthenticatorService/SuspendAuthenticator":            {"operator"},
	"AuthenticatorService/ReinstateAuthenticator":          {"operator"},
	"AuthenticatorService/ApproveAuthenticatorChange":      {"approver"},
	"AuthenticatorService/RefuseAuthenticatorChange":       {"approver", "operator"},
	"AuthenticatorService/WithdrawAuthenticatorChange":     {"operator"},
	"AuthenticatorService/GetAuthenticatorChange":          {"finance", "approver", "operator", "auditor"},
	"AuthenticatorService/ListAuthenticatorChanges":        {"finance", "approver", "operator", "auditor"},
	"AuthenticatorService/ListOpenAuthenticatorChanges":    {"finance", "approver", "operator", "auditor"},
	"AuthenticatorService/ListAppliedAuthenticatorChanges": {"finance", "approver", "operator", "auditor"},
	"RetractionService/RetractResults":                     {"operator"},
	"JobService/GetJob":                                    {"finance", "approver", "operator", "auditor"},
	"JobService/ListJobs":                                  {"finance", "approver", "operator", "auditor"},
	"JobService/ListJobItems":                              {"finance", "approver", "operator", "auditor"},
	"JobService/ApproveJob":                                {"approver"},
	"JobService/PauseJob":                                  {"operator"},
	"JobService/ResumeJob":                                 {"operator"},
	"JobService/CancelJob":                                 {"approver", "operator"},
	"ReconciliationService/CreateImport":                   {"finance", "operator"},
	"ReconciliationService/UploadImportChunk":              {"finance", "operator"},
	"ReconciliationService/CompleteImport":                 {"finance", "operator"},
	"ReconciliationService/GetImport":                      {"finance", "operator", "auditor"},
	"ReconciliationService/ListImports":                    {"finance", "operator", "auditor"},
	"ReconciliationService/ListImportLines":                {"finance", "operator", "auditor"},
	"ReconciliationService/ReconcileDay":                   {"finance", "operator"},
	"ReconciliationService/GetBreak":                       {"finance", "operator", "auditor"},
	"ReconciliationService/ListBreaks":                     {"finance", "operator", "auditor"},
	"PeriodService/GetPeriod":                              {"approver", "auditor", "finance", "operator"},
	"PeriodService/ListPeriodChanges":                      {"approver", "auditor", "finance", "operator"},
	"PeriodService/ClosePeriod":                            {"finance", "operator"},
	"PeriodService/ReopenPeriod":                           {"finance", "operator"},
	"PeriodService/ApprovePeriodChange":                    {"approver", "finance", "operator"},
	"PeriodService/RefusePeriodChange":                     {"approver", "finance", "operator"},
	"PeriodService/NoteSuspense":                           {"finance", "operator"},
	"PeriodService/GetPeriodStatement":                     {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"PeriodService/ListLateTransfers":                      {"approver", "auditor", "finance", "merchant", "operator", "support"},
	"ReconciliationService/AssignBreak":                    {"finance"},
	"ReconciliationService/CommentBreak":                   {"finance"},
	"ReconciliationService/CloseBreak":                     {"finance"},

	"SignedResultService/RecordSignedResult": {"authenticator", "operator"},
	"SignedResultService/GetSignedResult":    {"support", "adjudicator", "approver", "operator", "auditor"},

	"AuthenticatorKeyService/AddAuthenticatorKey":    {"operator"},
	"AuthenticatorKeyService/RevokeAuthenticatorKey": {"authenticator", "operator"},
	"AuthenticatorKeyService/GetAuthenticatorKey":    butFor(),
	"AuthenticatorKeyService/ListAuthenticatorKeys":  butFor(),

	"AuthenticatorService/FindAuthenticators":          butFor(),
	"AuthenticatorService/SearchAuthenticators":        butFor(),
	"AuthenticatorService/BatchRegisterAuthenticators": {"operator"},

	"DecisionRulesService/ProposeDecisionRules":          {"operator"},
	"DecisionRulesService/ApproveDecisionRulesProposal":  {"approver"},
	"DecisionRulesService/RefuseDecisionRulesProposal":   {"approver", "operator"},
	"DecisionRulesService/WithdrawDecisionRulesProposal": {"operator"},
	"DecisionRulesService/GetDecisionRulesProposal":      {"finance", "approver", "operator", "auditor"},
	"DecisionRulesService/ListDecisionRulesProposals":    {"finance", "approver", "operator", "auditor"},

	"PolicyProposalService/ProposePolicyVersion":   {"operator"},
	"PolicyProposalService/ApprovePolicyProposal":  {"approver"},
	"PolicyProposalService/RefusePolicyProposal":   {"approver", "operator"},
	"PolicyProposalService/WithdrawPolicyProposal": {"operator"},
	"PolicyProposalService/GetPolicyProposal":      {"finance", "approver", "operator", "auditor"},
	"PolicyProposalService/ListPolicyProposals":    {"finance", "approver", "operator", "auditor"},
	"PolicyProposalService/PreviewPolicyVersion":   {"finance", "approver", "operator", "auditor"},

	"AuditService/ListRefusals": {"auditor"},

	"CustodyService/AddCustodyStep":   {"support", "adjudicator", "operator", "order-service", "authenticator"},
	"CustodyService/ListCustodySteps": butFor(),

	"CommissionService/CommissionItem":     {"support", "adjudicator", "operator"},
	"CommissionService/GetCommission":      {"support", "adjudicator", "approver", "finance", "operator", "auditor", "authenticator"},
	"CommissionService/ListCommissions":    {"support", "adjudicator", "approver", "finance", "operator", "auditor", "authenticator"},
	"CommissionService/AcceptCommission":   {"authenticator", "operator"},
	"CommissionService/DeclineCommission":  {"authenticator", "operator"},
	"CommissionService/ShipCommission":     {"support", "adjudicator", "operator", "order-service"},
	"CommissionService/ReceiveCommission":  {"authenticator", "operator"},
	"CommissionService/ChaseCommission":    {"support", "adjudicator", "operator"},
	"CommissionService/CancelCommission":   {"support", "adjudicator", "operator"},
	"CommissionService/ReassignCommission": {"support", "adjudicator", "operator"},
	"CommissionService/GetBodyReport":      {"support", "adjudicator", "approver", "finance", "operator", "auditor", "authenticator"},

	"CallerService/GetCaller": butFor(),

	"LabelService/SetBookLabels":        {"order-service", "support", "finance", "operator"},
	"LabelService/SetClaimLabels":       {"order-service", "support", "adjudicator", "finance", "operator"},
	"LabelService/SetExternalReference": {"order-service", "support", "adjudicator", "finance", "operator"},

	"PayoutDestinationService/ChangePayoutDestination": {"order-service", "operator"},
	"OrderLineService/CorrectOrderLine":                {"order-service", "operator"},
	"OrderLineService/ListOrderLineCorrections":        {"order-service", "support", "adjudicator", "approver", "finance", "operator", "auditor", "merchant"},

	"WatchService/WatchClaims": butFor("authenticator"),

	"WebhookService/CreateWebhook":   {"operator", "merchant"},
	"WebhookService/ListWebhooks":    {"operator", "merchant"},
	"WebhookService/DeleteWebhook":   {"operator", "merchant"},
	"WebhookService/RotateSecret":    {"operator", "merchant"},
	"WebhookService/ListDeadLetters": {"operator", "merchant"},
	"WebhookService/RedeliverEvent":  {"operator", "merchant"},

	"SandboxService/GetClock":     butFor(),
	"SandboxService/AdvanceClock": butFor(),
	"SandboxService/RunDueWork":   butFor(),
}

var everyRole = []string{
	"order-service", "support", "adjudicator", "approver", "finance", "merchant", "authenticator", "operator", "auditor",
}

func butFor(roles ...string) []string {
	return slices.DeleteFunc(slices.Clone(everyRole), func(r string) bool { return slices.Contains(roles, r) })
}

// Would catch a method open to a role that must not have it, and a method that
// nobody decided on: every method of the contract meets every role, and nobody.
func TestEveryMethodMeetsEveryRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file, err := protoregistry.GlobalFiles.FindFileByPath("tenfold/v1/claim_service.proto")
	if err != nil {
		t.Fatal(err)
	}
	met := 0
	protoregistry.GlobalFiles.RangeFilesByPackage(file.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			if service.Name() == "PayoutGatewayService" {
				continue // The marketplace's payment service implements it.
			}
			for j := range service.Methods().Len() {
				met++
				f.meet(service, service.Methods().Get(j))
			}
		}
		return true
	})
	if met != len(allowed) {
		t.Errorf("%d methods, %d rows", met, len(allowed))
	}
}

// meet calls a method with an empty request in every role. What is allowed goes
// on to the contract's rules or beyond; what is not never gets there.
func (f *fixture) meet(service protoreflect.ServiceDescriptor, method protoreflect.MethodDescriptor) {
	f.t.Helper()
	short := string(service.Name()) + "/" + string(method.Name())
	call := func(ctx context.Context) error {
		if method.IsStreamingServer() {
			return f.stream(ctx, service, method)
		}
		return f.conn.Invoke(ctx, "/"+string(service.FullName())+"/"+string(method.Name()),
			dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output()))
	}
	for _, role := range everyRole {
		denied := refusal(call(f.as(role))).reason == "ACCESS_DENIED"
		if denied == slices.Contains(allowed[short], role) {
			f.t.Errorf("%s as %s: denied is %v", short, role, denied)
		}
	}
	if got := refusal(call(f.t.Context())); got.reason != "CREDENTIAL_MISSING" {
		f.t.Errorf("%s by nobody: %+v", short, got)
	}
}

// stream calls a method that answers with a stream, up to its first answer.
func (f *fixture) stream(ctx context.Context, service protoreflect.ServiceDescriptor, method protoreflect.MethodDescriptor) error {
	s, err := f.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+string(service.FullName())+"/"+string(method.Name()))
	if err != nil {
		return err
	}
	if err := errors.Join(s.SendMsg(dynamicpb.NewMessage(method.Input())), s.CloseSend()); err != nil {
		return err
	}
	return s.RecvMsg(dynamicpb.NewMessage(method.Output()))
}

// Would catch a caller who gets in with half an identity, or a role without the
// scope that it is limited to.
func TestIdentityMustBeWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, who := range map[string]caller.Identity{
		"no workload":                  {Role: "support"},
		"no role":                      {Workload: "w"},
		"role of the engine's own":     {Workload: "w", Role: "system"},
		"workload with a line break":   {Workload: "a b", Role: "support"},
		"merchant without scope":       {Workload: "w", Role: "merchant"},
		"merchant of all":              {Workload: "w", Role: "merchant", Scope: "merchants/*"},
		"authenticator of a merchant":  {Workload: "w", Role: "authenticator", Scope: "merchants/m1"},
		"scope of a role without one":  {Workload: "w", Role: "support", Scope: "merchants/m1"},
		"person that is far too long ": {Workload: "w", Role: "support", Person: string(make([]byte, 200))},
	} {
		_, err := f.results.ListAuthenticators(who.Attach(t.Context()), &tenfoldv1.ListAuthenticatorsRequest{})
		if code := status.Code(err); code != codes.Unauthenticated && code != codes.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Would catch a merchant who sees or moves what is another's, or learns that it
// exists.
func TestMerchantStaysInItsBook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 500_000)
	c := f.notified("m2", "l2")
	f.runDueWork()
	me := f.as("merchant") // Of m1.
	for name, call := range map[string]func() error{
		"GetClaim": func() error {
			_, err := f.claims.GetClaim(me, &tenfoldv1.GetClaimRequest{Name: c.GetName()})
			return err
		},
		"GetClaim by id": func() error {
			_, err := f.claims.GetClaim(me, &tenfoldv1.GetClaimRequest{Name: "merchants/-/claims/" + c.GetClaimId()})
			return err
		},
		"ListMoves by id": func() error {
			_, err := f.claims.ListMoves(me, &tenfoldv1.ListMovesRequest{Parent: "merchants/-/claims/" + c.GetClaimId()})
			return err
		},
		"ListClaims": func() error {
			_, err := f.claims.ListClaims(me, &tenfoldv1.ListClaimsRequest{Parent: "merchants/m2"})
			return err
		},
		"GetBook": func() error {
			_, err := f.books.GetBook(me, &tenfoldv1.GetBookRequest{Name: "merchants/m2"})
			return err
		},
		"GetOrderLine": func() error {
			_, err := f.claims.GetOrderLine(me, &tenfoldv1.GetOrderLineRequest{Name: c.GetOrderLineName()})
			return err
		},
		"ListTransfers": func() error {
			_, err := f.books.ListTransfers(me, &tenfoldv1.ListTransfersRequest{Parent: "merchants/m2"})
			return err
		},
		"AcceptClaim": func() error {
			_, err := f.claims.AcceptClaim(me, &tenfoldv1.AcceptClaimRequest{Name: c.GetName(), RequestId: "r", Etag: c.GetEtag()})
			return err
		},
		"a claim of no one at all": func() error {
			_, err := f.claims.GetClaim(me, &tenfoldv1.GetClaimRequest{Name: "merchants/m1/claims/" + c.GetClaimId()})
			return err
		},
	} {
		if code := status.Code(call()); code != codes.NotFound {
			t.Errorf("%s answers %v", name, code)
		}
	}
	_, err := f.claims.ListClaims(me, &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: `order_id = "order-l2"`})
	if refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("a list over all merchants: %v", err)
	}
	if after := f.claim(c.GetName()); after.GetEtag() != c.GetEtag() {
		t.Errorf("the claim moved from %s to %s", c.GetEtag(), after.GetEtag())
	}
}

// Would catch an authenticator who records under another's name, or reads
// another's results.
func TestAuthenticatorHasItsOwnResultsOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.inReview("l1") // A result of sandbox-lab and one of sandbox-brand.
	for _, x := range c.GetResults() {
		_, err := f.results.GetResult(f.as("authenticator"), &tenfoldv1.GetResultRequest{Name: x.GetName()})
		if mine := x.GetAuthenticator() == "authenticators/sandbox-lab"; mine != (err == nil) {
			t.Errorf("%s of %s: %v", x.GetName(), x.GetAuthenticator(), err)
		}
	}
	_, err := f.results.RecordResult(f.as("authenticator"), &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-brand", ReportNumber: "X",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_PHOTOS, IssuedAt: c.GetFiledAt(),
	})
	if refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("in another's name: %v", err)
	}
}

// Would catch health or reflection behind the door, which load balancers and
// tools have no key to.
func TestHealthAndReflectionAreOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	health := healthpb.NewHealthClient(f.conn)
	if _, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "tenfold.v1.ClaimService"}); err != nil {
		t.Error(err)
	}
	stream, err := reflectionpb.NewServerReflectionClient(f.conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{ListServices: "*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	listed := got.GetListServicesResponse().GetService()
	if !slices.ContainsFunc(listed, func(s *reflectionpb.ServiceResponse) bool { return s.GetName() == "tenfold.v1.ClaimService" }) {
		t.Errorf("reflection lists %v", listed)
	}
}
