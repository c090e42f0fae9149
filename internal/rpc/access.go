package rpc

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// access is who may call a method. A merchant may call it for its own book
// only, an authenticator for its own results.
type access struct {
	// open methods need no caller at all.
	open  bool
	roles []principal.Role
}

func roles(r ...principal.Role) access { return access{roles: r} }

// everyone is every role that looks at claims.
var everyone = roles(identity.Roles()...)

// staff is the marketplace's own people and services.
var staff = roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover,
	principal.RoleFinance, principal.RoleOperator, principal.RoleAuditor)

// staffAndMerchant adds the merchant for its own book.
var staffAndMerchant = roles(append(slices.Clone(staff.roles), principal.RoleMerchant)...)

// statementReaders read sums over books: those who list books, and merchants of their own.
var statementReaders = roles(principal.RoleSupport, principal.RoleApprover, principal.RoleFinance, principal.RoleOperator, principal.RoleAuditor,
	principal.RoleMerchant)

// treasury moves merchants' money.
var treasury = roles(principal.RoleFinance, principal.RoleOperator)

// reconcilers see the files of channels and in what they differ from the engine.
var reconcilers = roles(principal.RoleFinance, principal.RoleOperator, principal.RoleAuditor)

// deciders see what is proposed about a merchant's money, and about policies.
var deciders = roles(principal.RoleFinance, principal.RoleApprover, principal.RoleOperator, principal.RoleAuditor)

// decidersAndMerchant adds the merchant for what would take or give back its own money.
var decidersAndMerchant = roles(append(slices.Clone(deciders.roles), principal.RoleMerchant)...)

// contributors add evidence: for consumers, for themselves, or to claims that they work on.
var contributors = roles(principal.RoleOrderService, principal.RoleMerchant, principal.RoleAuthenticator, principal.RoleSupport, principal.RoleOperator)

// commissioners give work to bodies, and look after it.
var commissioners = roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleOperator)

// askers ask the parties of claims for evidence.
var askers = roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleOperator)

// bodies act on commissions of their own; an operator does on their behalf.
var bodies = roles(principal.RoleAuthenticator, principal.RoleOperator)

// verifiers see what bodies signed, word by word.
var verifiers = roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleOperator, principal.RoleAuditor)

// commissionReaders see commissions; a body its own.
var commissionReaders = roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleFinance,
	principal.RoleOperator, principal.RoleAuditor, principal.RoleAuthenticator)

// keepers keep webhooks: operators, and merchants their own.
var keepers = roles(principal.RoleOperator, principal.RoleMerchant)

// methods has one row for each method of the server; the server refuses to
// start when one is missing.
var methods = map[string]access{
	"/tenfold.v1.ClaimService/FileClaim":            roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleOperator),
	"/tenfold.v1.ClaimService/BatchFileClaims":      roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleOperator),
	"/tenfold.v1.ClaimService/GetClaim":             staffAndMerchant,
	"/tenfold.v1.ClaimService/ExplainClaim":         staffAndMerchant,
	"/tenfold.v1.ClaimService/DescribeStateMachine": everyone,
	"/tenfold.v1.ClaimService/ListClaims":           staffAndMerchant,
	"/tenfold.v1.ClaimService/ListMoves":            staffAndMerchant,
	"/tenfold.v1.ClaimService/AcceptClaim":          roles(principal.RoleMerchant, principal.RoleOperator),
	"/tenfold.v1.ClaimService/WithdrawClaim":        roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleOperator),
	"/tenfold.v1.ClaimService/ConfirmNotice":        roles(principal.RoleMerchant, principal.RoleOperator),
	"/tenfold.v1.ClaimService/AssignReview":         roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleOperator),
	"/tenfold.v1.ClaimService/DecideReview":         roles(principal.RoleAdjudicator),
	"/tenfold.v1.ClaimService/GetOrderLine":         staffAndMerchant,
	"/tenfold.v1.ClaimService/GetRequest":           everyone,
	"/tenfold.v1.ClaimService/QuotePayout":          staffAndMerchant,
	"/tenfold.v1.ClaimService/ReportPayoutOutcome":  roles(principal.RoleOperator, principal.RoleFinance),
	"/tenfold.v1.ClaimService/ListPayouts":          staffAndMerchant,
	"/tenfold.v1.ClaimService/RetryPayout":          roles(principal.RoleOperator, principal.RoleFinance),
	"/tenfold.v1.ClaimService/AddEvidence":          contributors,
	"/tenfold.v1.ClaimService/ListEvidence":         staffAndMerchant,
	"/tenfold.v1.ClaimService/AppealClaim":          roles(principal.RoleMerchant, principal.RoleOperator),
	"/tenfold.v1.ClaimService/DecideAppeal":         roles(principal.RoleAdjudicator),
	"/tenfold.v1.ClaimService/ListAppeals":          staffAndMerchant,
	"/tenfold.v1.ClaimService/ApproveClaim":         roles(principal.RoleApprover),
	"/tenfold.v1.ClaimService/ListApprovals":        staff,
	"/tenfold.v1.ClaimService/ReviseVerdict":        roles(principal.RoleAdjudicator),
	"/tenfold.v1.ClaimService/ListRevisions":        staffAndMerchant,
	"/tenfold.v1.ClaimService/ReportOrderRefund":    roles(principal.RoleOrderService, principal.RoleOperator),
	"/tenfold.v1.ClaimService/StopClock":            roles(principal.RoleAdjudicator, principal.RoleOperator),
	"/tenfold.v1.ClaimService/ResumeClock":          roles(principal.RoleAdjudicator, principal.RoleOperator),
	"/tenfold.v1.ClaimService/ExtendHold":           roles(principal.RoleOperator),

	"/tenfold.v1.EvidenceService/CreateUpload":       contributors,
	"/tenfold.v1.EvidenceService/UploadChunk":        contributors,
	"/tenfold.v1.EvidenceService/GetUpload":          contributors,
	"/tenfold.v1.EvidenceService/CompleteUpload":     contributors,
	"/tenfold.v1.EvidenceService/CancelUpload":       contributors,
	"/tenfold.v1.EvidenceService/GetEvidenceContent": roles(append(slices.Clone(staffAndMerchant.roles), principal.RoleAuthenticator)...),

	"/tenfold.v1.HistoryService/ListTimeline": staffAndMerchant,

	"/tenfold.v1.AuthenticationService/RegisterAuthenticator": roles(principal.RoleOperator),
	"/tenfold.v1.AuthenticationService/GetAuthenticator":      everyone,
	"/tenfold.v1.AuthenticationService/ListAuthenticators":    everyone,
	"/tenfold.v1.AuthenticationService/RecordResult":          roles(principal.RoleAuthenticator, principal.RoleOperator),
	"/tenfold.v1.AuthenticationService/GetResult":             everyone,
	"/tenfold.v1.AuthenticationService/ListResults":           everyone,
	"/tenfold.v1.AuthenticationService/RetractResult":         roles(principal.RoleAuthenticator, principal.RoleOperator),

	"/tenfold.v1.AuthenticatorService/ReviseAuthenticator":             roles(principal.RoleOperator),
	"/tenfold.v1.AuthenticatorService/SuspendAuthenticator":            roles(principal.RoleOperator),
	"/tenfold.v1.AuthenticatorService/ReinstateAuthenticator":          roles(principal.RoleOperator),
	"/tenfold.v1.AuthenticatorService/ApproveAuthenticatorChange":      roles(principal.RoleApprover),
	"/tenfold.v1.AuthenticatorService/RefuseAuthenticatorChange":       roles(principal.RoleApprover, principal.RoleOperator),
	"/tenfold.v1.AuthenticatorService/WithdrawAuthenticatorChange":     roles(principal.RoleOperator),
	"/tenfold.v1.AuthenticatorService/GetAuthenticatorChange":          deciders,
	"/tenfold.v1.AuthenticatorService/ListAuthenticatorChanges":        deciders,
	"/tenfold.v1.AuthenticatorService/ListOpenAuthenticatorChanges":    deciders,
	"/tenfold.v1.AuthenticatorService/ListAppliedAuthenticatorChanges": deciders,

	"/tenfold.v1.AuthenticatorKeyService/AddAuthenticatorKey":    roles(principal.RoleOperator),
	"/tenfold.v1.AuthenticatorKeyService/RevokeAuthenticatorKey": bodies,
	"/tenfold.v1.AuthenticatorKeyService/GetAuthenticatorKey":    everyone,
	"/tenfold.v1.AuthenticatorKeyService/ListAuthenticatorKeys":  everyone,

	"/tenfold.v1.AuthenticatorService/FindAuthenticators":          everyone,
	"/tenfold.v1.AuthenticatorService/SearchAuthenticators":        everyone,
	"/tenfold.v1.AuthenticatorService/BatchRegisterAuthenticators": roles(principal.RoleOperator),
	"/tenfold.v1.EvidenceService/DiscloseEvidence":                 commissioners,

	"/tenfold.v1.EvidenceRequestService/RequestEvidence":       askers,
	"/tenfold.v1.EvidenceRequestService/GetEvidenceRequest":    everyone,
	"/tenfold.v1.EvidenceRequestService/ListEvidenceRequests":  everyone,
	"/tenfold.v1.EvidenceRequestService/CancelEvidenceRequest": askers,

	"/tenfold.v1.CommissionService/CommissionItem":     commissioners,
	"/tenfold.v1.CommissionService/GetCommission":      commissionReaders,
	"/tenfold.v1.CommissionService/ListCommissions":    commissionReaders,
	"/tenfold.v1.CommissionService/AcceptCommission":   bodies,
	"/tenfold.v1.CommissionService/DeclineCommission":  bodies,
	"/tenfold.v1.CommissionService/ShipCommission":     roles(append(slices.Clone(commissioners.roles), principal.RoleOrderService)...),
	"/tenfold.v1.CommissionService/ReceiveCommission":  bodies,
	"/tenfold.v1.CommissionService/ChaseCommission":    commissioners,
	"/tenfold.v1.CommissionService/CancelCommission":   commissioners,
	"/tenfold.v1.CommissionService/ReassignCommission": commissioners,
	"/tenfold.v1.CommissionService/GetBodyReport":      commissionReaders,

	"/tenfold.v1.CustodyService/AddCustodyStep":   roles(append(slices.Clone(commissioners.roles), principal.RoleOrderService, principal.RoleAuthenticator)...),
	"/tenfold.v1.CustodyService/ListCustodySteps": roles(append(slices.Clone(staffAndMerchant.roles), principal.RoleAuthenticator)...),

	"/tenfold.v1.ResultService/BatchRecordResults": roles(principal.RoleAuthenticator, principal.RoleOperator),

	"/tenfold.v1.SignedResultService/RecordSignedResult": bodies,
	"/tenfold.v1.SignedResultService/GetSignedResult":    verifiers,

	"/tenfold.v1.NoticeService/BatchConfirmNotices": roles(principal.RoleMerchant, principal.RoleOperator),
	"/tenfold.v1.NoticeService/BatchAcceptClaims":   roles(principal.RoleMerchant, principal.RoleOperator),
	"/tenfold.v1.NoticeService/RecordNoticeAttempt": roles(principal.RoleSupport, principal.RoleOperator),

	"/tenfold.v1.ReconsiderationService/RequestReconsideration": roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleOperator),

	"/tenfold.v1.BookService/ListBooks": roles(principal.RoleSupport, principal.RoleApprover, principal.RoleFinance, principal.RoleOperator, principal.RoleAuditor),

	"/tenfold.v1.BookService/GetTrialBalance": statementReaders,
	"/tenfold.v1.BookService/GetExposure":     statementReaders,

	"/tenfold.v1.StatementService/GetStatement":       statementReaders,
	"/tenfold.v1.StatementService/ListStatementLines": statementReaders,

	"/tenfold.v1.StatementFileService/CreateStatementFile":     statementReaders,
	"/tenfold.v1.StatementFileService/GetStatementFile":        statementReaders,
	"/tenfold.v1.StatementFileService/ListStatementFiles":      statementReaders,
	"/tenfold.v1.StatementFileService/CancelStatementFile":     statementReaders,
	"/tenfold.v1.StatementFileService/ResumeStatementFile":     statementReaders,
	"/tenfold.v1.StatementFileService/GetStatementFileContent": statementReaders,

	"/tenfold.v1.ReportService/ListReportSums": statementReaders,

	"/tenfold.v1.DepositService/OpenBook":          treasury,
	"/tenfold.v1.DepositService/BatchOpenBooks":    treasury,
	"/tenfold.v1.DepositService/GetBook":           staffAndMerchant,
	"/tenfold.v1.DepositService/TopUpDeposit":      treasury,
	"/tenfold.v1.DepositService/WithdrawDeposit":   treasury,
	"/tenfold.v1.DepositService/ReverseTopUp":      treasury,
	"/tenfold.v1.DepositService/HandOverShopFunds": treasury,
	"/tenfold.v1.DepositService/TakeBackShopFunds": treasury,
	"/tenfold.v1.DepositService/ListTransfers":     staffAndMerchant,
	"/tenfold.v1.DepositService/ListHolds":         staffAndMerchant,
	"/tenfold.v1.DepositService/ListDebts":         roles(principal.RoleFinance, principal.RoleOperator, principal.RoleAuditor, principal.RoleMerchant),

	"/tenfold.v1.MerchantMoneyService/ProposeDecision":         roles(principal.RoleFinance),
	"/tenfold.v1.MerchantMoneyService/ApproveProposal":         roles(principal.RoleApprover),
	"/tenfold.v1.MerchantMoneyService/RefuseProposal":          roles(principal.RoleFinance, principal.RoleApprover, principal.RoleOperator),
	"/tenfold.v1.MerchantMoneyService/GetProposal":             decidersAndMerchant,
	"/tenfold.v1.MerchantMoneyService/ListProposals":           decidersAndMerchant,
	"/tenfold.v1.MerchantMoneyService/BeginExit":               roles(principal.RoleMerchant, principal.RoleFinance, principal.RoleOperator),
	"/tenfold.v1.MerchantMoneyService/CancelExit":              roles(principal.RoleMerchant, principal.RoleFinance, principal.RoleOperator),
	"/tenfold.v1.MerchantMoneyService/CompleteExit":            treasury,
	"/tenfold.v1.MerchantMoneyService/RecordConsumerRepayment": treasury,
	"/tenfold.v1.MerchantMoneyService/ReportCouponRedeemed":    treasury,
	"/tenfold.v1.MerchantMoneyService/ReportCouponLapsed":      treasury,

	"/tenfold.v1.PolicyService/PublishPolicyVersion": roles(principal.RoleOperator),
	"/tenfold.v1.PolicyService/GetPolicyVersion":     everyone,
	"/tenfold.v1.PolicyService/ListPolicyVersions":   everyone,
	"/tenfold.v1.PolicyService/ResolvePolicy":        everyone,
	"/tenfold.v1.PolicyService/SetCalendarDays":      roles(principal.RoleOperator),
	"/tenfold.v1.PolicyService/ListCalendarDays":     everyone,

	"/tenfold.v1.PeriodService/GetPeriod":           deciders,
	"/tenfold.v1.PeriodService/ListPeriodChanges":   deciders,
	"/tenfold.v1.PeriodService/ClosePeriod":         treasury,
	"/tenfold.v1.PeriodService/ReopenPeriod":        treasury,
	"/tenfold.v1.PeriodService/ApprovePeriodChange": roles(principal.RoleFinance, principal.RoleApprover, principal.RoleOperator),
	"/tenfold.v1.PeriodService/RefusePeriodChange":  roles(principal.RoleFinance, principal.RoleApprover, principal.RoleOperator),
	"/tenfold.v1.PeriodService/NoteSuspense":        treasury,
	"/tenfold.v1.PeriodService/GetPeriodStatement":  statementReaders,
	"/tenfold.v1.PeriodService/ListLateTransfers":   statementReaders,

	"/tenfold.v1.ReconciliationService/CreateImport":      treasury,
	"/tenfold.v1.ReconciliationService/UploadImportChunk": treasury,
	"/tenfold.v1.ReconciliationService/CompleteImport":    treasury,
	"/tenfold.v1.ReconciliationService/GetImport":         reconcilers,
	"/tenfold.v1.ReconciliationService/ListImports":       reconcilers,
	"/tenfold.v1.ReconciliationService/ListImportLines":   reconcilers,
	"/tenfold.v1.ReconciliationService/ReconcileDay":      treasury,
	"/tenfold.v1.ReconciliationService/GetBreak":          reconcilers,
	"/tenfold.v1.ReconciliationService/ListBreaks":        reconcilers,
	"/tenfold.v1.ReconciliationService/AssignBreak":       roles(principal.RoleFinance),
	"/tenfold.v1.ReconciliationService/CommentBreak":      roles(principal.RoleFinance),
	"/tenfold.v1.ReconciliationService/CloseBreak":        roles(principal.RoleFinance),

	"/tenfold.v1.RetractionService/RetractResults": roles(principal.RoleOperator),
	"/tenfold.v1.JobService/GetJob":                deciders,
	"/tenfold.v1.JobService/ListJobs":              deciders,
	"/tenfold.v1.JobService/ListJobItems":          deciders,
	"/tenfold.v1.JobService/ApproveJob":            roles(principal.RoleApprover),
	"/tenfold.v1.JobService/PauseJob":              roles(principal.RoleOperator),
	"/tenfold.v1.JobService/ResumeJob":             roles(principal.RoleOperator),
	"/tenfold.v1.JobService/CancelJob":             roles(principal.RoleApprover, principal.RoleOperator),

	"/tenfold.v1.DecisionRulesService/GetDecisionRules":              everyone,
	"/tenfold.v1.DecisionRulesService/ListDecisionRules":             everyone,
	"/tenfold.v1.DecisionRulesService/ProposeDecisionRules":          roles(principal.RoleOperator),
	"/tenfold.v1.DecisionRulesService/ApproveDecisionRulesProposal":  roles(principal.RoleApprover),
	"/tenfold.v1.DecisionRulesService/RefuseDecisionRulesProposal":   roles(principal.RoleApprover, principal.RoleOperator),
	"/tenfold.v1.DecisionRulesService/WithdrawDecisionRulesProposal": roles(principal.RoleOperator),
	"/tenfold.v1.DecisionRulesService/GetDecisionRulesProposal":      deciders,
	"/tenfold.v1.DecisionRulesService/ListDecisionRulesProposals":    deciders,

	"/tenfold.v1.PolicyProposalService/ProposePolicyVersion":   roles(principal.RoleOperator),
	"/tenfold.v1.PolicyProposalService/ApprovePolicyProposal":  roles(principal.RoleApprover),
	"/tenfold.v1.PolicyProposalService/RefusePolicyProposal":   roles(principal.RoleApprover, principal.RoleOperator),
	"/tenfold.v1.PolicyProposalService/WithdrawPolicyProposal": roles(principal.RoleOperator),
	"/tenfold.v1.PolicyProposalService/GetPolicyProposal":      deciders,
	"/tenfold.v1.PolicyProposalService/ListPolicyProposals":    deciders,
	"/tenfold.v1.PolicyProposalService/PreviewPolicyVersion":   deciders,

	"/tenfold.v1.OrderLineService/CorrectOrderLine":         roles(principal.RoleOrderService, principal.RoleOperator),
	"/tenfold.v1.OrderLineService/ListOrderLineCorrections": staffAndMerchant,

	"/tenfold.v1.LabelService/SetClaimLabels": roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleAdjudicator,
		principal.RoleFinance, principal.RoleOperator),
	"/tenfold.v1.LabelService/SetBookLabels": roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleFinance,
		principal.RoleOperator),
	"/tenfold.v1.LabelService/SetExternalReference": roles(principal.RoleOrderService, principal.RoleSupport, principal.RoleAdjudicator,
		principal.RoleFinance, principal.RoleOperator),

	"/tenfold.v1.CallerService/GetCaller": everyone,

	"/tenfold.v1.PayoutDestinationService/ChangePayoutDestination": roles(principal.RoleOrderService, principal.RoleOperator),

	"/tenfold.v1.AuditService/ListRefusals": roles(principal.RoleAuditor),

	"/tenfold.v1.WatchService/WatchClaims": staffAndMerchant,

	"/tenfold.v1.WorkService/TakeNext":  roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleOperator),
	"/tenfold.v1.WorkService/Release":   roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleOperator),
	"/tenfold.v1.WorkService/AddNote":   roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleFinance, principal.RoleOperator),
	"/tenfold.v1.WorkService/ListNotes": staffAndMerchant,

	"/tenfold.v1.WorkService/GetDecisionStatistics": roles(principal.RoleSupport, principal.RoleAdjudicator, principal.RoleOperator, principal.RoleAuditor),

	"/tenfold.v1.WebhookService/CreateWebhook":   keepers,
	"/tenfold.v1.WebhookService/ListWebhooks":    keepers,
	"/tenfold.v1.WebhookService/DeleteWebhook":   keepers,
	"/tenfold.v1.WebhookService/RotateSecret":    keepers,
	"/tenfold.v1.WebhookService/ListDeadLetters": keepers,
	"/tenfold.v1.WebhookService/RedeliverEvent":  keepers,

	"/tenfold.v1.SandboxService/GetClock":     everyone,
	"/tenfold.v1.SandboxService/AdvanceClock": everyone,
	"/tenfold.v1.SandboxService/RunDueWork":   everyone,

	"/grpc.health.v1.Health/Check":                                   {open: true},
	"/grpc.health.v1.Health/List":                                    {open: true},
	"/grpc.health.v1.Health/Watch":                                   {open: true},
	"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo":      {open: true},
	"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": {open: true},
}

// checkAccess fails for a method that nobody said who may call.
func checkAccess(services map[string]grpc.ServiceInfo) error {
	for service, info := range services {
		for _, m := range info.Methods {
			if _, ok := methods["/"+service+"/"+m.Name]; !ok {
				return fmt.Errorf("method %s/%s has no access row", service, m.Name)
			}
		}
	}
	return nil
}

// allow refuses a method to a role that may not call it.
func (a access) allow(c caller, method string) error {
	if slices.Contains(a.roles, c.Role) {
		return nil
	}
	return fault.New(fault.AccessDenied, "role %s may not call %s", c.Role, shortMethod(method)).With("method", shortMethod(method))
}

// shortMethod is a method without its package: "ClaimService/FileClaim".
func shortMethod(full string) string {
	return strings.TrimPrefix(strings.TrimPrefix(full, "/"), "tenfold.v1.")
}

// outOfScope is the refusal of what lies beyond what a caller's role is limited
// to. The caller is told that it is not there; the auditor is told the truth.
type outOfScope struct {
	refusal *fault.Error
	// name is the resource that was named.
	name string
}

func (o *outOfScope) Error() string { return o.name + " is another's: " + o.refusal.Error() }

func (o *outOfScope) Unwrap() error { return o.refusal }

// mayRead refuses a merchant what lies in another's book as absent, which is
// what it would be told if the name were nobody's.
func (c caller) mayRead(merchant string, absent *fault.Error, name string) error {
	if c.inScope(merchant) {
		return nil
	}
	return &outOfScope{absent, name}
}

// target is the name in a request: what it is about, or under.
func target(request any) string {
	switch r := request.(type) {
	case interface{ GetName() string }:
		return r.GetName()
	case interface{ GetParent() string }:
		return r.GetParent()
	}
	return ""
}

// collections says what is not found, by the collection of a name's last part.
var collections = map[string]fault.Reason{
	"merchants":   fault.MerchantNotFound,
	"claims":      fault.ClaimNotFound,
	"commissions": fault.CommissionNotFound,
	"orderLines":  fault.OrderLineNotFound,
	"payouts":     fault.PayoutNotFound,
	"proposals":   fault.ProposalNotFound,
	"results":     fault.ResultNotFound,
	"uploads":     fault.UploadNotFound,
	"webhooks":    fault.WebhookNotFound,

	"statementFiles":   fault.JobNotFound,
	"evidenceRequests": fault.EvidenceRequestNotFound,
}

// limit keeps a merchant inside its own book. What stands under all merchants
// is looked up first and checked by the handler.
func (c caller) limit(request any, method string) error {
	name := target(request)
	if c.Role != principal.RoleMerchant || !strings.HasPrefix(name, "merchants/") {
		return nil
	}
	merchant, _ := nameOf(name)
	if merchant == anyMerchant {
		if strings.Count(name, "/") == 1 {
			return fault.New(fault.AccessDenied, "a merchant sees its own book only").With("method", shortMethod(method))
		}
		return nil
	}
	parts := strings.Split(name, "/")
	return c.mayRead(merchant, fault.New(collections[parts[len(parts)-2]], "%s does not exist", name), name)
}
