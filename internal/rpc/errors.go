package rpc

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// domain is the domain of every ErrorInfo.
const domain = "tenfold"

// pushBackTrailer tells gRPC clients that retry on their own how long to wait.
const pushBackTrailer = "grpc-retry-pushback-ms"

// canonical gives the code of each reason, for ever.
var canonical = map[fault.Reason]codes.Code{
	fault.RequestInvalid:    codes.InvalidArgument,
	fault.AmountOutOfRange:  codes.InvalidArgument,
	fault.PageTokenInvalid:  codes.InvalidArgument,
	fault.FilterUnsupported: codes.InvalidArgument,
	fault.UnitsOutOfRange:   codes.InvalidArgument,
	fault.WatchTokenInvalid: codes.InvalidArgument,
	fault.WebhookURLRefused: codes.InvalidArgument,
	fault.ChunkDamaged:      codes.InvalidArgument,

	fault.MethodUnknown: codes.Unimplemented,

	fault.BatchTooLarge: codes.ResourceExhausted,
	fault.QueueFull:     codes.ResourceExhausted,
	fault.WatchersFull:  codes.ResourceExhausted,
	fault.RateLimited:   codes.ResourceExhausted,

	fault.ClaimChanged:             codes.Aborted,
	fault.TransactionContended:     codes.Aborted,
	fault.WatchTooSlow:             codes.Aborted,
	fault.DatabaseUnavailable:      codes.Unavailable,
	fault.OutcomeUnknown:           codes.Unavailable,
	fault.EvidenceStoreUnavailable: codes.Unavailable,
	fault.WatchEnded:               codes.Unavailable,
	fault.ServerStopping:           codes.Unavailable,

	fault.CredentialMissing:       codes.Unauthenticated,
	fault.CredentialInvalid:       codes.Unauthenticated,
	fault.AccessDenied:            codes.PermissionDenied,
	fault.PersonRequired:          codes.PermissionDenied,
	fault.SamePerson:              codes.PermissionDenied,
	fault.AuthenticatorNotTrusted: codes.PermissionDenied,
	fault.EvidenceNotDisclosed:    codes.PermissionDenied,

	fault.AuthenticatorSuspended:     codes.FailedPrecondition,
	fault.AuthenticatorNotAccredited: codes.FailedPrecondition,
	fault.AuthenticatorChanged:       codes.Aborted,
	fault.AuthenticatorNotSuspended:  codes.FailedPrecondition,

	fault.KeyNotFound:          codes.NotFound,
	fault.KeyInvalid:           codes.InvalidArgument,
	fault.KeyAlreadyRegistered: codes.AlreadyExists,
	fault.KeyLimit:             codes.FailedPrecondition,
	fault.KeyProofInvalid:      codes.InvalidArgument,
	fault.KeyRevoked:           codes.FailedPrecondition,
	fault.AlgorithmNotAllowed:  codes.PermissionDenied,
	fault.SignatureInvalid:     codes.InvalidArgument,
	fault.KeyNotValid:          codes.FailedPrecondition,
	fault.SignatureRequired:    codes.FailedPrecondition,
	fault.SignedResultInvalid:  codes.InvalidArgument,
	fault.SignedResultMismatch: codes.InvalidArgument,
	fault.ResultNotSigned:      codes.FailedPrecondition,

	fault.RequestNotFound:       codes.NotFound,
	fault.MerchantNotFound:      codes.NotFound,
	fault.ClaimNotFound:         codes.NotFound,
	fault.OrderLineNotFound:     codes.NotFound,
	fault.PolicyNotFound:        codes.NotFound,
	fault.AuthenticatorNotFound: codes.NotFound,
	fault.PayoutNotFound:        codes.NotFound,
	fault.ResultNotFound:        codes.NotFound,
	fault.TransferNotFound:      codes.NotFound,
	fault.WebhookNotFound:       codes.NotFound,
	fault.EventNotFound:         codes.NotFound,
	fault.DebtNotFound:          codes.NotFound,
	fault.ProposalNotFound:      codes.NotFound,
	fault.EvidenceNotFound:      codes.NotFound,
	fault.UploadNotFound:        codes.NotFound,

	fault.MerchantAlreadyOpened:   codes.AlreadyExists,
	fault.PolicyAlreadyPublished:  codes.AlreadyExists,
	fault.AuthenticatorRegistered: codes.AlreadyExists,
	fault.ResultAlreadyRecorded:   codes.AlreadyExists,
	fault.ReferenceAlreadyUsed:    codes.AlreadyExists,
	fault.ClaimAlreadyFiled:       codes.AlreadyExists,

	fault.OrderLineDamaged: codes.DataLoss,
	fault.EvidenceDamaged:  codes.DataLoss,

	fault.RequestIDReused:             codes.FailedPrecondition,
	fault.OrderLineChanged:            codes.FailedPrecondition,
	fault.OrderLineInUse:              codes.FailedPrecondition,
	fault.PolicyNoticeTooShort:        codes.FailedPrecondition,
	fault.DecisionRulesNotFound:       codes.NotFound,
	fault.DecisionRulesNoticeTooShort: codes.FailedPrecondition,
	fault.PolicyProposalRequired:      codes.FailedPrecondition,
	fault.ClaimWindowClosed:           codes.FailedPrecondition,
	fault.OrderNotEligible:            codes.FailedPrecondition,
	fault.ClaimantNotEligible:         codes.FailedPrecondition,
	fault.UnitNotClaimed:              codes.FailedPrecondition,
	fault.PricingGroupFull:            codes.FailedPrecondition,
	fault.ClaimStateConflict:          codes.FailedPrecondition,
	fault.PayoutStateConflict:         codes.FailedPrecondition,
	fault.NoticeAlreadyConfirmed:      codes.FailedPrecondition,
	fault.CurrencyMismatch:            codes.FailedPrecondition,
	fault.DepositInsufficient:         codes.FailedPrecondition,
	fault.ShopFundsInsufficient:       codes.FailedPrecondition,
	fault.TransferAlreadyReversed:     codes.FailedPrecondition,
	fault.HoldAlreadyCaptured:         codes.FailedPrecondition,
	fault.HoldAlreadyReleased:         codes.FailedPrecondition,
	fault.HoldExceeded:                codes.FailedPrecondition,
	fault.WebhookLimit:                codes.FailedPrecondition,
	fault.WebhookKeyMissing:           codes.FailedPrecondition,
	fault.EvidenceLimit:               codes.FailedPrecondition,
	fault.MediaTypeRefused:            codes.FailedPrecondition,
	fault.MalwareFound:                codes.FailedPrecondition,
	fault.UploadDigestMismatch:        codes.FailedPrecondition,
	fault.UploadStateConflict:         codes.FailedPrecondition,
	fault.ChunkChanged:                codes.FailedPrecondition,
	fault.UploadOffsetMismatch:        codes.FailedPrecondition,
	fault.UploadLimit:                 codes.FailedPrecondition,
	fault.EvidenceStoreMissing:        codes.FailedPrecondition,
	fault.AppealWindowClosed:          codes.FailedPrecondition,
	fault.ReconsiderationUsed:         codes.FailedPrecondition,
	fault.ReconsiderationTooLate:      codes.FailedPrecondition,
	fault.EvidenceNotNew:              codes.FailedPrecondition,
	fault.NewEvidenceRequired:         codes.FailedPrecondition,
	fault.ResultSubjectAmbiguous:      codes.FailedPrecondition,
	fault.AppealAlreadyDecided:        codes.FailedPrecondition,
	fault.ApprovalVoid:                codes.FailedPrecondition,
	fault.AssignedToAnother:           codes.FailedPrecondition,
	fault.WorkLimit:                   codes.FailedPrecondition,
	fault.NoteLimit:                   codes.FailedPrecondition,
	fault.CommissionNotFound:          codes.NotFound,
	fault.CommissionStateConflict:     codes.FailedPrecondition,
	fault.CommissionAlreadyOpen:       codes.FailedPrecondition,
	fault.CommissionLimit:             codes.FailedPrecondition,
	fault.CommissionNoCandidate:       codes.FailedPrecondition,
	fault.CommissionPhotoUnknown:      codes.FailedPrecondition,
	fault.CustodyStepConflict:         codes.FailedPrecondition,
	fault.CustodySampleMismatch:       codes.FailedPrecondition,
	fault.CustodyLimit:                codes.FailedPrecondition,
	fault.CustodyEvidenceUnknown:      codes.FailedPrecondition,
	fault.ReinspectionNotIndependent:  codes.FailedPrecondition,
	fault.ClockStateConflict:          codes.FailedPrecondition,
	fault.ResultAlreadyRetracted:      codes.FailedPrecondition,
	fault.HoldAlreadyExpired:          codes.FailedPrecondition,
	fault.HoldNotFound:                codes.FailedPrecondition,
	fault.FreeAmountExceeded:          codes.FailedPrecondition,
	fault.SweepDue:                    codes.FailedPrecondition,
	fault.DebtExceeded:                codes.FailedPrecondition,
	fault.ClawBackExceeded:            codes.FailedPrecondition,
	fault.CouponExceeded:              codes.FailedPrecondition,
	fault.ExitNotPossible:             codes.FailedPrecondition,
	fault.ExitStateConflict:           codes.FailedPrecondition,
	fault.ProposalStateConflict:       codes.FailedPrecondition,
	fault.SuspenseInsufficient:        codes.FailedPrecondition,
	fault.DirectLimitExceeded:         codes.FailedPrecondition,
	fault.PeriodStateConflict:         codes.FailedPrecondition,
	fault.PeriodNotClean:              codes.FailedPrecondition,
	fault.SuspenseChanged:             codes.Aborted,
	fault.AsOfUnknown:                 codes.FailedPrecondition,
	fault.ImportNotFound:              codes.NotFound,
	fault.ImportStateConflict:         codes.FailedPrecondition,
	fault.ImportChunkMisplaced:        codes.FailedPrecondition,
	fault.BreakNotFound:               codes.NotFound,
	fault.JobNotFound:                 codes.NotFound,
	fault.JobStateConflict:            codes.FailedPrecondition,
	fault.RetractionEmpty:             codes.FailedPrecondition,
	fault.StatementNotReady:           codes.FailedPrecondition,
	fault.StatementLimitReached:       codes.FailedPrecondition,
	fault.StatementTooLong:            codes.FailedPrecondition,
	fault.BreakStateConflict:          codes.FailedPrecondition,
	fault.BreakChanged:                codes.Aborted,
	fault.ReconciliationRunning:       codes.Unavailable,
	fault.ReconciliationImplausible:   codes.FailedPrecondition,

	fault.EvidenceRequestNotFound:      codes.NotFound,
	fault.EvidenceRequestStateConflict: codes.FailedPrecondition,
	fault.EvidenceRequestLimit:         codes.FailedPrecondition,
	fault.EvidenceRequestUninvolved:    codes.FailedPrecondition,
	fault.EvidenceAlreadyDisclosed:     codes.FailedPrecondition,
	fault.SourceProofMissing:           codes.FailedPrecondition,
}

// statusOf is the only translation of errors into statuses. refused says that it
// was a refusal. Everything else is the caller's own deadline, an outage, or
// INTERNAL, whose text is only logged.
func statusOf(err error, who caller) (s *status.Status, refused bool) {
	err = known(err)
	if f, ok := fault.As(err); ok {
		return refusal(f, who), true
	}
	if u, ok := fault.AsUnknown(err); ok {
		f := fault.New(fault.OutcomeUnknown, "%s", u.Detail()).After(u.RetryAfter)
		return refusal(f, who), false
	}
	var v *violations
	switch {
	case errors.As(err, &v):
		return v.status(who), true
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "the caller's deadline passed; the request may or may not have been accepted, so send it again with the same request id"), false
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the caller cancelled the call; the request may or may not have been accepted"), false
	}
	if s, ok := status.FromError(err); ok {
		// The fields of details made elsewhere are not classified, so they are dropped.
		return status.New(s.Code(), s.Message()), false
	}
	return status.New(codes.Internal, "internal error"), false
}

// known turns an outage into its refusal for callers.
func known(err error) error {
	switch {
	case errors.Is(err, postgres.ErrCommitUnknown):
		return engine.Unknown(err)
	case errors.Is(err, postgres.ErrUnavailable):
		return engine.Unavailable()
	}
	return err
}

// reasonOf gives the reason of a refusal; empty for other errors.
func reasonOf(err error) fault.Reason {
	if f, ok := fault.As(known(err)); ok {
		return f.Reason
	}
	if _, ok := fault.AsUnknown(known(err)); ok {
		return fault.OutcomeUnknown
	}
	var v *violations
	if errors.As(err, &v) {
		return v.reason
	}
	return ""
}

// refusal carries a refusal's facts as the details of a status.
func refusal(f *fault.Error, who caller) *status.Status {
	code, ok := canonical[f.Reason]
	if !ok {
		code = codes.Internal
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: string(f.Reason), Domain: domain, Metadata: f.Fields}}
	if f.Field != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: f.Field, Description: f.Detail, Reason: string(f.Reason)},
		}})
	}
	if f.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(f.RetryAfter)})
	}
	if c, ok := f.Subject.(*claim.Claim); ok {
		details = append(details, stateDetail(c, who))
	}
	return detailed(who, code, f.Detail, details...)
}

// detailed makes a status, and clears the fields of its details that the caller
// must not see. Details that cannot be encoded would be a bug; then the status
// without them still says what matters.
func detailed(who caller, code codes.Code, message string, details ...protoadapt.MessageV1) *status.Status {
	for _, d := range details {
		who.coverDetail(d)
	}
	s := status.New(code, message)
	if with, err := s.WithDetails(details...); err == nil {
		return with
	}
	return s
}

// pushBack sets the trailer that tells retrying clients how long to wait.
func pushBack(ctx context.Context, err error) {
	after := time.Duration(0)
	if f, ok := fault.As(known(err)); ok {
		after = f.RetryAfter
	}
	if u, ok := fault.AsUnknown(known(err)); ok {
		after = u.RetryAfter
	}
	if after > 0 {
		_ = grpc.SetTrailer(ctx, metadata.Pairs(pushBackTrailer, strconv.FormatInt(after.Milliseconds(), 10)))
	}
}

// stateDetail describes what a claim allows this caller now.
func stateDetail(c *claim.Claim, who caller) *tenfoldv1.ClaimStateDetail {
	d := &tenfoldv1.ClaimStateDetail{
		Claim:    claimName(c.MerchantID, c.ID),
		State:    claimStates.proto(c.State),
		Verdict:  verdicts.proto(c.Verdict),
		WaitsFor: parties.proto(c.WaitsFor()),
		Deadline: stamp(c.Deadline),
		Etag:     c.Etag(),
	}
	d.AllowedActions = actions.protos(who.allowed(c))
	return d
}

// allowed are the actions that a claim admits and the caller may take: by its role, and on
// a claim in its scope.
func (c caller) allowed(of *claim.Claim) []claim.Action {
	var out []claim.Action
	for _, a := range of.Allowed() {
		if slices.Contains(methods[actionMethods[a]].roles, c.Role) && c.inScope(of.MerchantID) {
			out = append(out, a)
		}
	}
	return out
}

// inScope says whether a book is within what the caller's role is limited to.
func (c caller) inScope(merchant string) bool {
	return c.Role != principal.RoleMerchant || c.Scope == merchantName(merchant)
}

// actionMethods is the method by which each action is taken.
var actionMethods = map[claim.Action]string{
	claim.ActionRecordResult:  "/tenfold.v1.AuthenticationService/RecordResult",
	claim.ActionDecideReview:  "/tenfold.v1.ClaimService/DecideReview",
	claim.ActionConfirmNotice: "/tenfold.v1.ClaimService/ConfirmNotice",
	claim.ActionAccept:        "/tenfold.v1.ClaimService/AcceptClaim",
	claim.ActionWithdraw:      "/tenfold.v1.ClaimService/WithdrawClaim",
	claim.ActionRetryPayout:   "/tenfold.v1.ClaimService/RetryPayout",
	claim.ActionAppeal:        "/tenfold.v1.ClaimService/AppealClaim",
	claim.ActionDecideAppeal:  "/tenfold.v1.ClaimService/DecideAppeal",
	claim.ActionApprove:       "/tenfold.v1.ClaimService/ApproveClaim",
	claim.ActionReviseVerdict: "/tenfold.v1.ClaimService/ReviseVerdict",
	claim.ActionReconsider:    "/tenfold.v1.ReconsiderationService/RequestReconsideration",
}

// violations are broken rules of the contract.
type violations struct {
	reason fault.Reason
	// fields are the first of them, up to violationsMax; more counts the others.
	fields []*errdetails.BadRequest_FieldViolation
	more   int
}

// violationsMax is how many broken rules a refusal tells. A batch may break thousands.
const violationsMax = 20

func (v *violations) Error() string { return string(v.reason) + ": " + v.message() }

func (v *violations) message() string {
	first := v.fields[0]
	text := first.GetDescription()
	switch {
	case first.GetField() == "":
	case first.GetReason() == required:
		text = first.GetField() + " " + text
	default:
		text = first.GetField() + ": " + text
	}
	if more := len(v.fields) - 1 + v.more; more > 0 {
		text += " (and " + strconv.Itoa(more) + " more)"
	}
	return text
}

func (v *violations) status(who caller) *status.Status {
	return detailed(who, canonical[v.reason], v.message(),
		&errdetails.ErrorInfo{Reason: string(v.reason), Domain: domain},
		&errdetails.BadRequest{FieldViolations: v.fields})
}

// violated turns the validator's findings into violations; nil if there are none.
// An amount outside its range has a reason of its own.
func violated(err error) error {
	var found *protovalidate.ValidationError
	if !errors.As(err, &found) {
		return err
	}
	v := &violations{reason: fault.AmountOutOfRange}
	missing := make(map[string]bool)
	for _, one := range found.Violations {
		field := fault.Excerpt(protovalidate.FieldPathString(one.Proto.GetField()))
		if !strings.HasSuffix(field, "minor_units") {
			v.reason = fault.RequestInvalid
		}
		told := &errdetails.BadRequest_FieldViolation{
			Field: field, Description: fault.Excerpt(one.Proto.GetMessage()), Reason: strings.ToUpper(strings.ReplaceAll(one.Proto.GetRuleId(), ".", "_")),
		}
		if words := absent(one); words != "" {
			told.Description, told.Reason = words, required
		}
		switch {
		case told.Reason == required && missing[field]: // It is missing once, whatever rules it breaks.
		case len(v.fields) == violationsMax:
			v.more++
		default:
			v.fields = append(v.fields, told)
		}
		missing[field] = told.Reason == required
	}
	return v
}

// required is the rule that a field breaks which is not there.
const required = "REQUIRED"

// absent says in words that a field is not there, whichever of its rules says so; empty if it
// is, or if it is a number: a zero is one.
func absent(one *protovalidate.Violation) string {
	switch {
	case one.Proto.GetRuleId() == "required":
		return "is required"
	case !one.FieldValue.IsValid():
		return ""
	}
	switch v := one.FieldValue.Interface().(type) {
	case protoreflect.List:
		if v.Len() == 0 {
			return "is required"
		}
	case string:
		if v == "" {
			return "is required"
		}
	case []byte:
		if len(v) == 0 {
			return "is required"
		}
	case protoreflect.EnumNumber:
		if v == 0 {
			return "must be set"
		}
	}
	return ""
}

// itemStatus gives a status in the form that it has for an item of a batch.
func itemStatus(s *status.Status) *tenfoldv1.ItemStatus {
	item := &tenfoldv1.ItemStatus{Code: int32(s.Code()), Message: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			item.Reason = tenfoldv1.Reason(tenfoldv1.Reason_value["REASON_"+d.GetReason()])
			item.Metadata = d.GetMetadata()
		case *errdetails.BadRequest:
			item.Field = d.GetFieldViolations()[0].GetField()
		case *errdetails.RetryInfo:
			item.RetryAfter = d.GetRetryDelay()
		case *tenfoldv1.ClaimStateDetail:
			item.ClaimState = d
		case *errdetails.LocalizedMessage:
			item.LocalizedMessage, item.Locale = d.GetMessage(), d.GetLocale()
		}
	}
	return item
}

// invalid refuses a field that breaks a rule that the contract's language cannot
// express.
func invalid(field, format string, args ...any) error {
	return fault.New(fault.RequestInvalid, format, args...).At(field)
}
