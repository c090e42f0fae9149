package rpc_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	"github.com/tenfold-claims/tenfold/internal/webhook"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reasonCase is one refusal as callers meet it.
type reasonCase struct {
	code codes.Code
	// call is refused for the reason.
	call func(f *fixture) error
	// field is the request field at fault; empty for none.
	field string
	// metadata are keys that must be among the facts.
	metadata []string
	// retry and state say that RetryInfo and ClaimStateDetail come along.
	retry, state bool
}

// noCall are reasons that no method of this contract version can meet: no
// method captures, releases or expires a hold by itself, and an approval that any
// change has voided is just not counted.
var noCall = map[string]bool{
	"HOLD_ALREADY_CAPTURED": true, "HOLD_ALREADY_RELEASED": true, "HOLD_ALREADY_EXPIRED": true, "HOLD_EXCEEDED": true,
	"APPROVAL_VOID": true,
}

// otherBounds are reasons that have tests of their own, on a server with other
// bounds.
var otherBounds = map[string]bool{
	"POLICY_PROPOSAL_REQUIRED": true, // TestPoliciesNeedTwoPeopleOverTheWire, outside of a sandbox.
	"QUEUE_FULL":               true, "PRICING_GROUP_FULL": true, "WATCHERS_FULL": true, "WATCH_TOO_SLOW": true,
	// The answer of a write must be lost; TestUnknownOutcomeOverTheWire has its status.
	"OUTCOME_UNKNOWN": true,
	// TestReconciliation meets them one after the other.
	"IMPORT_NOT_FOUND": true, "IMPORT_STATE_CONFLICT": true, "IMPORT_CHUNK_MISPLACED": true, "BREAK_NOT_FOUND": true, "BREAK_STATE_CONFLICT": true,
	"BREAK_CHANGED": true, "RECONCILIATION_IMPLAUSIBLE": true,
	// A hundred keys: TestKeysThatABodyCannotHaveAreRefused in internal/authenticator.
	"KEY_LIMIT_REACHED": true,
	// TestRetractionsOverTheWire meets them.
	"JOB_NOT_FOUND": true, "JOB_STATE_CONFLICT": true, "RETRACTION_EMPTY": true,
	// TestStatementFilesAreRefused and TestStatementFilesAreBounded meet them.
	"STATEMENT_NOT_READY": true, "STATEMENT_LIMIT_REACHED": true, "STATEMENT_TOO_LONG": true,
	// A call must end before its comparison: TestErrandsGoOn in internal/engine.
	"RECONCILIATION_RUNNING": true,
	// It is told to those who come over HTTP: TestStopAnswersCallsOverHTTP.
	"SERVER_STOPPING": true,
}

var reasonCases = map[string]reasonCase{
	"METHOD_UNKNOWN": {code: codes.Unimplemented, call: func(f *fixture) error {
		return f.conn.Invoke(f.as("support"), "/tenfold.v1.ClaimService/Nothing", &tenfoldv1.GetClaimRequest{}, &tenfoldv1.GetClaimResponse{})
	}},
	"DEBT_NOT_FOUND": {code: codes.NotFound, metadata: []string{"debtKind", "debtId"}, call: func(f *fixture) error {
		return f.proposeErr(f.writingOff(f.settled("l1"), 1))
	}},
	"DEBT_EXCEEDED": {code: codes.FailedPrecondition, field: "amount.minor_units", metadata: []string{"openMinor", "askedMinor", "currency"}, call: func(f *fixture) error {
		return f.proposeErr(f.writingOff(f.advanced(), 30_001))
	}},
	"PROPOSAL_NOT_FOUND": {code: codes.NotFound, metadata: []string{"proposalNumber"}, call: func(f *fixture) error {
		return f.approveProposalErr("approver-1", "merchants/m1/proposals/1")
	}},
	"PROPOSAL_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"proposalNumber", "state"}, call: func(f *fixture) error {
		p := f.propose(f.forfeiting(1_000))
		if err := f.refuseProposalErr("operator-1", p.GetName()); err != nil {
			return err
		}
		return f.approveProposalErr("approver-1", p.GetName())
	}},
	"PERIOD_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"period", "possibleFrom"}, call: func(f *fixture) error {
		return f.closePeriodErr("periods/2026-03")
	}},
	"PERIOD_NOT_CLEAN": {code: codes.FailedPrecondition, metadata: []string{"period", "auditMissing"}, call: func(f *fixture) error {
		return f.closePeriodErr("periods/2026-01")
	}},
	"SUSPENSE_CHANGED": {code: codes.Aborted, field: "amount.minor_units", metadata: []string{"availableMinor", "statedMinor", "currency"}, call: func(f *fixture) error {
		f.agreed(f.takingIn(500, "bank-"+f.id()))
		_, err := f.noteSuspense(f.id(), 499)
		return err
	}},
	"AS_OF_UNKNOWN": {code: codes.FailedPrecondition, field: "recorded_by", metadata: []string{"knownFrom"}, call: func(f *fixture) error {
		f.admin().MustExec(`
			INSERT INTO exposure_openings (merchant_id, event_number, at, weeks, exposures, held, claims)
			SELECT merchant_id, event_number, recorded_at, '{}', '{}', '{}', '{}' FROM books`)
		_, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{
			Parent: "merchants/-", AsOf: &tenfoldv1.ListDebtsRequest_RecordedBy{RecordedBy: timestamppb.New(f.now().Add(-time.Hour))},
		})
		return err
	}},
	"SUSPENSE_INSUFFICIENT": {code: codes.FailedPrecondition, field: "amount.minor_units", metadata: []string{"availableMinor", "requiredMinor", "currency"}, call: func(f *fixture) error {
		r := f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_SUSPENSE_OUT, 1)
		r.ToAccount = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_DEPOSIT
		return f.proposeErr(r)
	}},
	"DIRECT_LIMIT_EXCEEDED": {code: codes.FailedPrecondition, metadata: []string{"limitMinor", "askedMinor", "currency", "proposalKind"}, call: func(f *fixture) error {
		_, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", directLimit+1, "pay-"+f.id()))
		return err
	}},
	"EXIT_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"merchantId"}, call: func(f *fixture) error {
		_, err := f.money.CancelExit(f.as("merchant"), &tenfoldv1.CancelExitRequest{Name: "merchants/m1", RequestId: f.id()})
		return err
	}},
	"EXIT_NOT_POSSIBLE": {code: codes.FailedPrecondition, metadata: []string{"merchantId", "possibleFrom"}, call: func(f *fixture) error {
		_, err := f.money.BeginExit(f.as("merchant"), &tenfoldv1.BeginExitRequest{Name: "merchants/m1", RequestId: f.id()})
		if err != nil {
			return err
		}
		_, err = f.money.CompleteExit(f.as("finance"), &tenfoldv1.CompleteExitRequest{Name: "merchants/m1", RequestId: f.id(), DepositReference: "out-1"})
		return err
	}},
	"COUPON_EXCEEDED": {code: codes.FailedPrecondition, field: "amount.minor_units", metadata: []string{"payoutId", "leftMinor", "askedMinor", "currency"}, call: func(f *fixture) error {
		_, err := f.money.ReportCouponRedeemed(f.as("operator"), f.spending(f.couponed("l1"), 200_001, "buy-1"))
		return err
	}},
	"CLAW_BACK_EXCEEDED": {code: codes.FailedPrecondition, field: "amount.minor_units", state: true, metadata: []string{"claimId", "owedMinor", "askedMinor", "currency"}, call: func(f *fixture) error {
		_, err := f.money.RecordConsumerRepayment(f.as("finance"), f.repaying(f.settled("l1"), 1, "back-1"))
		return err
	}},
	"WATCH_TOKEN_INVALID": {code: codes.InvalidArgument, field: "resume_token", call: func(f *fixture) error {
		return f.watchErr(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", ResumeToken: "no-token"})
	}},
	"WEBHOOK_URL_REFUSED": {code: codes.InvalidArgument, field: "url", call: func(f *fixture) error {
		_, err := f.keeping.CreateWebhook(f.as("operator"), f.hook("m1", "http://receiver.example/"))
		return err
	}},
	"WEBHOOK_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"webhooksMax"}, call: func(f *fixture) error {
		for {
			if _, err := f.keeping.CreateWebhook(f.as("operator"), f.hook("m1", "https://receiver.example/")); err != nil {
				return err
			}
		}
	}},
	"WEBHOOK_KEY_MISSING": {code: codes.FailedPrecondition, call: func(f *fixture) error {
		f.hooks = webhook.New(f.db, rpc.MerchantCloudEvent, nil, nil, time.Now, webhook.Defaults(), slog.New(slog.DiscardHandler))
		keeping := tenfoldv1.NewWebhookServiceClient(f.limitedTo(rpc.Defaults().Quota))
		_, err := keeping.CreateWebhook(f.as("operator"), f.hook("m1", "https://receiver.example/"))
		return err
	}},
	"EVIDENCE_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "role", "piecesMax", "bytesMax", "fileBytesMax"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l-evidence")
		for {
			_, err := f.claims.AddEvidence(f.as("support"), &tenfoldv1.AddEvidenceRequest{
				Name: c.GetName(), RequestId: f.id(), Kind: "PHOTO", Reference: "files/1", Note: strings.Repeat("\U00020000", 2000),
			})
			if err != nil {
				return err
			}
		}
	}},
	"WEBHOOK_NOT_FOUND": {code: codes.NotFound, metadata: []string{"webhookId"}, call: func(f *fixture) error {
		_, err := f.keeping.DeleteWebhook(f.as("operator"), &tenfoldv1.DeleteWebhookRequest{Name: "merchants/m1/webhooks/none", RequestId: f.id()})
		return err
	}},
	"EVENT_NOT_FOUND": {code: codes.NotFound, field: "event", metadata: []string{"merchantId", "eventNumber"}, call: func(f *fixture) error {
		r, err := f.keeping.CreateWebhook(f.as("operator"), f.hook("m1", "https://receiver.example/"))
		if err != nil {
			return err
		}
		_, err = f.keeping.RedeliverEvent(f.as("operator"), &tenfoldv1.RedeliverEventRequest{
			Name: r.GetWebhook().GetName(), RequestId: f.id(), Event: "merchants/m1/events/99",
		})
		return err
	}},
	"WATCH_ENDED": {code: codes.Unavailable, retry: true, call: func(f *fixture) error {
		f.hub.Stop()
		return f.watchErr(&tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1"})
	}},
	"REQUEST_INVALID": {code: codes.InvalidArgument, field: "payout_destination", call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		r.PayoutDestination = ""
		return f.fileErr(r)
	}},
	"AMOUNT_OUT_OF_RANGE": {code: codes.InvalidArgument, field: "amount.minor_units", call: func(f *fixture) error {
		_, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 1_000_000_000_000_001, "r"))
		return err
	}},
	"PAGE_TOKEN_INVALID": {code: codes.InvalidArgument, field: "page_token", call: func(f *fixture) error {
		f.file("m1", "l1")
		f.file("m1", "l2")
		first, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", PageSize: 1})
		if err != nil {
			return err
		}
		_, err = f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Filter: "state = PAID", PageToken: first.GetNextPageToken()})
		return err
	}},
	"FILTER_UNSUPPORTED": {code: codes.InvalidArgument, field: "filter", call: func(f *fixture) error {
		_, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: "verdict = GENUINE"})
		return err
	}},
	"BATCH_TOO_LARGE": {code: codes.ResourceExhausted, field: "requests", metadata: []string{"maxPerRequest"}, call: func(f *fixture) error {
		_, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: make([]*tenfoldv1.FileClaimRequest, 501)})
		return err
	}},
	"REQUEST_ID_REUSED": {code: codes.FailedPrecondition, field: "request_id", metadata: []string{"requestId"}, call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		if err := f.fileErr(r); err != nil {
			return err
		}
		r.PayoutDestination = "another"
		return f.fileErr(r)
	}},
	"REQUEST_NOT_FOUND": {code: codes.NotFound, metadata: []string{"requestId"}, call: func(f *fixture) error {
		_, err := f.claims.GetRequest(f.as("support"), &tenfoldv1.GetRequestRequest{Parent: "merchants/m1", Method: "ClaimService/FileClaim", RequestId: "none"})
		return err
	}},
	"CLAIM_CHANGED": {code: codes.Aborted, field: "etag", metadata: []string{"claimId", "etag"}, state: true, call: func(f *fixture) error {
		c := f.notified("m1", "l1")
		return f.acceptErr(c.GetName(), "999")
	}},
	"TRANSACTION_CONTENDED": {code: codes.Aborted, retry: true, call: func(f *fixture) error {
		defer f.lockBook("m1")()
		_, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 1, "r"))
		return err
	}},
	"DATABASE_UNAVAILABLE": {code: codes.Unavailable, retry: true, call: func(f *fixture) error {
		f.cutOff()
		return f.fileErr(f.filing("m1", "l1"))
	}},
	"CREDENTIAL_MISSING": {code: codes.Unauthenticated, metadata: []string{"metadata"}, call: func(f *fixture) error {
		_, err := f.claims.FileClaim(f.t.Context(), f.filing("m1", "l1"))
		return err
	}},
	"CREDENTIAL_INVALID": {code: codes.Unauthenticated, metadata: []string{"metadata"}, call: func(f *fixture) error {
		_, err := f.claims.FileClaim(caller.Identity{Workload: "test", Role: "king"}.Attach(f.t.Context()), f.filing("m1", "l1"))
		return err
	}},
	"ACCESS_DENIED": {code: codes.PermissionDenied, metadata: []string{"method"}, call: func(f *fixture) error {
		_, err := f.claims.FileClaim(f.as("auditor"), f.filing("m1", "l1"))
		return err
	}},
	"PERSON_REQUIRED": {code: codes.PermissionDenied, call: func(f *fixture) error {
		c := f.inReview("l1")
		_, err := f.claims.DecideReview(caller.Identity{Workload: "test", Role: "adjudicator"}.Attach(f.t.Context()), f.rejecting(c))
		return err
	}},
	"RATE_LIMITED": {code: codes.ResourceExhausted, metadata: []string{"callsPerSecond", "burst"}, retry: true, call: func(f *fixture) error {
		limited := tenfoldv1.NewClaimServiceClient(f.limitedTo(identity.Quota{PerSecond: 0.001, Burst: 1}))
		if _, err := limited.FileClaim(f.as("order-service"), f.filing("m1", "l1")); err != nil {
			return err
		}
		_, err := limited.FileClaim(f.as("order-service"), f.filing("m1", "l2"))
		return err
	}},
	"AUTHENTICATOR_NOT_TRUSTED": {code: codes.PermissionDenied, field: "authenticator", metadata: []string{"authenticatorId"}, call: func(f *fixture) error {
		f.register("lab-shoes", "shoes")
		return f.resultErr(f.file("m1", "l1"), "lab-shoes", "R-1", 1)
	}},
	"AUTHENTICATOR_SUSPENDED": {code: codes.FailedPrecondition, field: "authenticator", metadata: []string{"authenticatorId", "suspendedAt"}, call: func(f *fixture) error {
		f.suspend("sandbox-lab")
		return f.resultErr(f.file("m1", "l1"), "sandbox-lab", "R-1", 1)
	}},
	"AUTHENTICATOR_NOT_ACCREDITED": {code: codes.FailedPrecondition, field: "issued_at", metadata: []string{"authenticatorId", "issuedOn"}, call: func(f *fixture) error {
		_, err := f.results.RegisterAuthenticator(f.as("operator"), &tenfoldv1.RegisterAuthenticatorRequest{
			RequestId: f.id(), AuthenticatorId: "lab-old", Authenticator: &tenfoldv1.Authenticator{
				Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "lab-old",
				Accreditations: []*tenfoldv1.Accreditation{{Scheme: "CNAS", Number: "L1", ValidFrom: "2020-01-01", ValidUntil: "2025-12-31"}},
			},
		})
		if err != nil {
			return err
		}
		return f.resultErr(f.file("m1", "l1"), "lab-old", "R-1", 1)
	}},
	"AUTHENTICATOR_CHANGED": {code: codes.Aborted, field: "revision", metadata: []string{"authenticatorId", "revision"}, call: func(f *fixture) error {
		_, err := f.registry.ReviseAuthenticator(f.asPerson("operator", "oscar"), &tenfoldv1.ReviseAuthenticatorRequest{
			Name: "authenticators/sandbox-lab", RequestId: f.id(), Revision: 7, Note: "smaller", Authenticator: &tenfoldv1.Authenticator{
				Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "lab", Categories: []string{"food"},
			},
		})
		return err
	}},
	"AUTHENTICATOR_NOT_SUSPENDED": {code: codes.FailedPrecondition, metadata: []string{"authenticatorId"}, call: func(f *fixture) error {
		_, err := f.registry.ReinstateAuthenticator(f.asPerson("operator", "oscar"), &tenfoldv1.ReinstateAuthenticatorRequest{
			Name: "authenticators/sandbox-lab", RequestId: f.id(), Note: "inspected",
		})
		return err
	}},
	"SIGNATURE_INVALID": {code: codes.InvalidArgument, field: "signed_result", call: func(f *fixture) error {
		r := f.signed(signaturetest.Ed25519(1), "sandbox-lab", f.file("m1", "l1"), "S-1", nil)
		r.SignedResult = "e30.e30"
		return f.signedErr(r)
	}},
	"SIGNED_RESULT_INVALID": {code: codes.InvalidArgument, field: "signed_result", metadata: []string{"member"}, call: func(f *fixture) error {
		return f.signedErr(f.signed(signaturetest.Ed25519(1), "sandbox-lab", f.file("m1", "l1"), "S-1", map[string]any{"sampleSource": "A_FEELING"}))
	}},
	"SIGNED_RESULT_MISMATCH": {code: codes.InvalidArgument, field: "signed_result", metadata: []string{"member"}, call: func(f *fixture) error {
		r := f.signed(signaturetest.Ed25519(1), "sandbox-lab", f.file("m1", "l1"), "S-1", nil)
		r.ReportDigest = strings.Repeat("a", 64)
		return f.signedErr(r)
	}},
	"KEY_NOT_VALID": {code: codes.FailedPrecondition, field: "signed_result", metadata: []string{"authenticatorId", "keyId"}, call: func(f *fixture) error {
		f.expiredKey(signaturetest.Ed25519(1))
		return f.signedErr(f.signed(signaturetest.Ed25519(1), "sandbox-lab", f.file("m1", "l1"), "S-1", nil))
	}},
	"SIGNATURE_REQUIRED": {code: codes.FailedPrecondition, field: "authenticator", metadata: []string{"authenticatorId"}, call: func(f *fixture) error {
		f.signedOnly()
		return f.resultErr(f.file("m1", "l1"), "sandbox-lab", "R-1", 1)
	}},
	"RESULT_NOT_SIGNED": {code: codes.FailedPrecondition, field: "name", metadata: []string{"resultId"}, call: func(f *fixture) error {
		if err := f.resultErr(f.file("m1", "l1"), "sandbox-lab", "R-1", 1); err != nil {
			return err
		}
		list, err := f.results.ListResults(f.as("support"), &tenfoldv1.ListResultsRequest{Parent: "authenticators/sandbox-lab"})
		if err != nil {
			return err
		}
		return errorOf(f.signedResults().GetSignedResult(f.as("auditor"), &tenfoldv1.GetSignedResultRequest{Name: list.GetResults()[0].GetName()}))
	}},
	"KEY_NOT_FOUND": {code: codes.NotFound, metadata: []string{"authenticatorId"}, call: func(f *fixture) error {
		return f.revokeErr("authenticators/sandbox-lab/keys/" + signaturetest.Ed25519(1).Thumbprint)
	}},
	"KEY_INVALID": {code: codes.InvalidArgument, field: "public_key", call: func(f *fixture) error {
		r := f.adding("sandbox-lab", signaturetest.Ed25519(1))
		r.PublicKey = "{}"
		return f.addErr(r)
	}},
	"KEY_ALREADY_REGISTERED": {code: codes.AlreadyExists, field: "public_key", metadata: []string{"authenticatorId", "keyId"}, call: func(f *fixture) error {
		f.keyed("sandbox-lab", signaturetest.Ed25519(1))
		return f.addErr(f.adding("sandbox-lab", signaturetest.Ed25519(1)))
	}},
	"KEY_PROOF_INVALID": {code: codes.InvalidArgument, field: "proof", metadata: []string{"authenticatorId", "keyId"}, call: func(f *fixture) error {
		r := f.adding("sandbox-lab", signaturetest.Ed25519(1))
		r.Proof = signaturetest.Ed25519(2).Proof("sandbox-lab", f.now())
		return f.addErr(r)
	}},
	"KEY_REVOKED": {code: codes.FailedPrecondition, metadata: []string{"authenticatorId", "keyId", "revokedAt"}, call: func(f *fixture) error {
		name := f.keyed("sandbox-lab", signaturetest.Ed25519(1))
		if err := f.revokeErr(name); err != nil {
			return err
		}
		return f.revokeErr(name)
	}},
	"ALGORITHM_NOT_ALLOWED": {code: codes.PermissionDenied, field: "public_key", metadata: []string{"authenticatorId", "algorithm"}, call: func(f *fixture) error {
		return f.addErr(f.adding("sandbox-lab", signaturetest.RSA("RS256")))
	}},
	"MERCHANT_NOT_FOUND": {code: codes.NotFound, metadata: []string{"merchantId"}, call: func(f *fixture) error {
		return f.fileErr(f.filing("nobody", "l1"))
	}},
	"MERCHANT_ALREADY_OPENED": {code: codes.AlreadyExists, metadata: []string{"merchantId"}, call: func(f *fixture) error {
		_, err := f.books.OpenBook(f.as("finance"), &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: f.id(), CurrencyCode: "CNY"})
		return err
	}},
	"CLAIM_NOT_FOUND": {code: codes.NotFound, field: "name", metadata: []string{"claimId"}, call: func(f *fixture) error {
		_, err := f.claims.GetClaim(f.as("support"), &tenfoldv1.GetClaimRequest{Name: "merchants/m1/claims/00000-00000-00000-00001"})
		return err
	}},
	"ORDER_LINE_NOT_FOUND": {code: codes.NotFound, field: "order_line_name", metadata: []string{"orderLineId"}, call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		r.Line = &tenfoldv1.FileClaimRequest_OrderLineName{OrderLineName: "merchants/m1/orderLines/l1"}
		return f.fileErr(r)
	}},
	"ORDER_LINE_IN_USE": {code: codes.FailedPrecondition, field: "order_line", metadata: []string{"claimIds", "claims", "orderLineId"}, call: func(f *fixture) error {
		filing := f.filing("m1", "l1")
		if err := f.fileErr(filing); err != nil {
			f.t.Fatal(err)
		}
		_, err := tenfoldv1.NewOrderLineServiceClient(f.conn).CorrectOrderLine(f.as("order-service"), f.correcting(filing, 18_000))
		return err
	}},
	"ORDER_LINE_CHANGED": {code: codes.FailedPrecondition, field: "order_line", metadata: []string{"fields", "orderLineId", "revision"}, call: func(f *fixture) error {
		f.file("m1", "l1")
		r := f.filing("m1", "l1")
		r.GetOrderLine().GoodsPaid = fen(19_999)
		return f.fileErr(r)
	}},
	"ORDER_LINE_DAMAGED": {code: codes.DataLoss, metadata: []string{"merchantId", "orderLineId"}, call: func(f *fixture) error {
		c, admin := f.file("m1", "l1"), f.admin()
		admin.MustExec(`UPDATE order_lines SET content = replace(content::text, '"quantity":2', '"quantity":3')::json`)
		_, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: c.GetOrderLineName()})
		admin.MustExec(`UPDATE order_lines SET content = replace(content::text, '"quantity":3', '"quantity":2')::json`)
		return err
	}},
	"POLICY_NOT_FOUND": {code: codes.NotFound, field: "legal_basis_choice", metadata: []string{"legalBasis"}, call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		r.LegalBasisChoice = tenfoldv1.LegalBasis_LEGAL_BASIS_FOOD_SAFETY_148
		return f.fileErr(r)
	}},
	"POLICY_ALREADY_PUBLISHED": {code: codes.AlreadyExists, field: "policy_version.name", metadata: []string{"policyId", "version"}, call: func(f *fixture) error {
		_, err := f.rules.PublishPolicyVersion(f.as("operator"), f.version(f.t, 1))
		return err
	}},
	"DECISION_RULES_NOT_FOUND": {code: codes.NotFound, field: "name", call: func(f *fixture) error {
		return errorOf(f.decisionRules().GetDecisionRules(f.as("merchant"), &tenfoldv1.GetDecisionRulesRequest{Name: "decisionRules/99"}))
	}},
	"DECISION_RULES_NOTICE_TOO_SHORT": {
		code: codes.FailedPrecondition, field: "decision_rules.effective_from", metadata: []string{"earliestEffectiveFrom", "proposalNumber"},
		call: func(f *fixture) error {
			r := f.nextRules()
			r.EffectiveFrom = timestamppb.New(f.now().Add(23 * time.Hour))
			return errorOf(f.decisionRules().ProposeDecisionRules(f.asPerson("operator", "oscar"), &tenfoldv1.ProposeDecisionRulesRequest{RequestId: f.id(), DecisionRules: r}))
		},
	},
	"POLICY_NOTICE_TOO_SHORT": {code: codes.FailedPrecondition, field: "policy_version.effective_from", metadata: []string{"earliestEffectiveFrom"}, call: func(f *fixture) error {
		r := f.version(f.t, 2)
		r.PolicyVersion.EffectiveFrom = timestamppb.New(start.AddDate(0, 0, 6))
		_, err := f.rules.PublishPolicyVersion(f.as("operator"), r)
		return err
	}},
	"AUTHENTICATOR_NOT_FOUND": {code: codes.NotFound, metadata: []string{"authenticatorId"}, call: func(f *fixture) error {
		return f.resultErr(f.file("m1", "l1"), "nobody", "R-1", 1)
	}},
	"AUTHENTICATOR_ALREADY_REGISTERED": {code: codes.AlreadyExists, field: "authenticator_id", metadata: []string{"authenticatorId"}, call: func(f *fixture) error {
		f.register("lab-1")
		return f.registerErr("lab-1")
	}},
	"PAYOUT_NOT_FOUND": {code: codes.NotFound, field: "out_number", metadata: []string{"outNumber"}, call: func(f *fixture) error {
		return f.reportErr("NOBODY")
	}},
	"RESULT_NOT_FOUND": {code: codes.NotFound, metadata: []string{"resultId"}, call: func(f *fixture) error {
		_, err := f.results.GetResult(f.as("support"), &tenfoldv1.GetResultRequest{Name: "merchants/m1/results/none"})
		return err
	}},
	"TRANSFER_NOT_FOUND": {code: codes.NotFound, field: "payment_reference", metadata: []string{"reference"}, call: func(f *fixture) error {
		return f.reverseErr("none")
	}},
	"RESULT_ALREADY_RECORDED": {code: codes.AlreadyExists, field: "report_number", metadata: []string{"resultId"}, call: func(f *fixture) error {
		f.register("lab-1")
		if err := f.resultErr(f.file("m1", "l1"), "lab-1", "R-1", 1); err != nil {
			return err
		}
		return f.resultErr(f.file("m1", "l2"), "lab-1", "R-1", 1)
	}},
	"REFERENCE_ALREADY_USED": {code: codes.AlreadyExists, field: "payment_reference", metadata: []string{"reference"}, call: func(f *fixture) error {
		f.open("m2", 0)
		if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 5, "wire-1")); err != nil {
			return err
		}
		_, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 5, "wire-1"))
		return err
	}},
	"CLAIM_ALREADY_FILED": {code: codes.AlreadyExists, field: "units", metadata: []string{"claimId", "ordinal"}, call: func(f *fixture) error {
		f.file("m1", "l1")
		return f.fileErr(f.filing("m1", "l1"))
	}},
	"CLAIM_WINDOW_CLOSED": {code: codes.FailedPrecondition, metadata: []string{"closedAt"}, call: func(f *fixture) error {
		f.advance(400 * 24 * time.Hour)
		return f.fileErr(f.filing("m1", "l1"))
	}},
	"ORDER_NOT_ELIGIBLE": {code: codes.FailedPrecondition, field: "order_line", metadata: []string{"orderLineId", "rule"}, call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		r.GetOrderLine().PaidAt = nil
		return f.fileErr(r)
	}},
	"CLAIMANT_NOT_ELIGIBLE": {code: codes.FailedPrecondition, field: "claimant_id", metadata: []string{"orderLineId"}, call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		r.ClaimantId = "somebody-else"
		return f.fileErr(r)
	}},
	"UNITS_OUT_OF_RANGE": {code: codes.InvalidArgument, field: "units", metadata: []string{"unit", "quantity"}, call: func(f *fixture) error {
		r := f.filing("m1", "l1")
		r.Units = []int32{1, 3}
		return f.fileErr(r)
	}},
	"UNIT_NOT_CLAIMED": {code: codes.FailedPrecondition, field: "unit_verdicts", metadata: []string{"ordinal", "claimId"}, state: true, call: func(f *fixture) error {
		f.register("lab-1")
		return f.resultErr(f.file("m1", "l1"), "lab-1", "R-1", 1, 2, 3)
	}},
	"CLAIM_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"state", "event"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		return f.acceptErr(c.GetName(), c.GetEtag())
	}},
	"PAYOUT_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"payoutId", "state"}, state: true, call: func(f *fixture) error {
		c := f.accept(f.confirm(f.notified("m1", "l1")))
		f.runDueWork()
		c = f.claim(c.GetName())
		_, err := f.claims.RetryPayout(f.as("operator"), &tenfoldv1.RetryPayoutRequest{Name: c.GetPayouts()[0].GetName(), RequestId: f.id(), Etag: c.GetEtag()})
		return err
	}},
	"SAME_PERSON": {code: codes.PermissionDenied, metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		f.approved(100_000)
		c := f.accept(f.confirm(f.notified("m1", "l1")))
		return f.approveErr("person-1", c)
	}},
	"ASSIGNED_TO_ANOTHER": {code: codes.FailedPrecondition, field: "override_reason", metadata: []string{"claimId", "assignee"}, state: true, call: func(f *fixture) error {
		c := f.assigned(f.inReview("l1"), "rita")
		_, err := f.claims.DecideReview(f.asPerson("adjudicator", "otto"), f.rejecting(c))
		return err
	}},
	"WORK_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"heldMax"}, call: func(f *fixture) error {
		for i := range 21 {
			f.inReview(fmt.Sprint("l", i))
		}
		for range 20 {
			if _, err := f.take("rita", f.id()); err != nil {
				return err
			}
		}
		_, err := f.take("rita", f.id())
		return err
	}},
	"EVIDENCE_ALREADY_DISCLOSED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "eventNumber", "party"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		e, err := f.addFile("merchant", c, f.uploaded(f.as("merchant"), photograph(f.t)))
		if err != nil {
			return err
		}
		_, err = f.uploads.DiscloseEvidence(f.as("support"), f.disclosing(c, e, tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT))
		return err
	}},
	"EVIDENCE_REQUEST_NOT_FOUND": {code: codes.NotFound, field: "name", call: func(f *fixture) error {
		x := f.ask(f.file("m1", "l1"), tenfoldv1.EvidenceParty_EVIDENCE_PARTY_CONSUMER)
		_, err := f.requests().GetEvidenceRequest(f.as("merchant"), &tenfoldv1.GetEvidenceRequestRequest{Name: x.GetName()})
		return err
	}},
	"EVIDENCE_REQUEST_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"claimId", "evidenceRequest", "state"}, call: func(f *fixture) error {
		x := f.ask(f.file("m1", "l1"), tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT)
		if _, err := f.requests().CancelEvidenceRequest(f.as("support"), f.unasking(x)); err != nil {
			return err
		}
		_, err := f.requests().CancelEvidenceRequest(f.as("support"), f.unasking(x))
		return err
	}},
	"EVIDENCE_REQUEST_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "evidenceRequestsMax"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		for range 50 {
			f.ask(c, tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT)
		}
		_, err := f.requests().RequestEvidence(f.as("support"), f.asking(c, tenfoldv1.EvidenceParty_EVIDENCE_PARTY_MERCHANT))
		return err
	}},
	"EVIDENCE_REQUEST_BODY_UNINVOLVED": {code: codes.FailedPrecondition, field: "authenticator", metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		r := f.asking(f.file("m1", "l1"), 0)
		r.Asked = &tenfoldv1.RequestEvidenceRequest_Authenticator{Authenticator: "authenticators/sandbox-lab"}
		_, err := f.requests().RequestEvidence(f.as("support"), r)
		return err
	}},
	"COMMISSION_NOT_FOUND": {code: codes.NotFound, field: "name", call: func(f *fixture) error {
		f.commission(f.file("m1", "l1"), "sandbox-lab")
		_, err := f.commissions().AcceptCommission(f.lab("lab-2"), &tenfoldv1.AcceptCommissionRequest{Name: "merchants/m1/claims/1/commissions/1", RequestId: f.id()})
		return err
	}},
	"COMMISSION_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"claimId", "commission", "state"}, call: func(f *fixture) error {
		x := f.commission(f.file("m1", "l1"), "sandbox-lab")
		_, err := f.commissions().ShipCommission(f.as("support"), &tenfoldv1.ShipCommissionRequest{Name: x.GetName(), RequestId: f.id()})
		return err
	}},
	"COMMISSION_ALREADY_OPEN": {code: codes.FailedPrecondition, metadata: []string{"claimId", "commission", "ordinal"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		f.commission(c, "sandbox-lab")
		_, err := f.commissions().CommissionItem(f.as("support"), f.commissioning(c, "sandbox-lab"))
		return err
	}},
	"COMMISSION_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "commissionsMax"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		for range 50 {
			x := f.commission(c, "sandbox-lab")
			if _, err := f.commissions().CancelCommission(f.as("support"), &tenfoldv1.CancelCommissionRequest{Name: x.GetName(), RequestId: f.id(), Note: "n"}); err != nil {
				return err
			}
		}
		_, err := f.commissions().CommissionItem(f.as("support"), f.commissioning(c, "sandbox-lab"))
		return err
	}},
	"COMMISSION_NO_CANDIDATE": {code: codes.FailedPrecondition, field: "draw", metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		r := f.commissioning(f.file("m1", "l1"), "")
		r.Body = &tenfoldv1.CommissionItemRequest_Draw{Draw: &tenfoldv1.BodyDraw{Exclude: []string{"authenticators/sandbox-lab"}}}
		_, err := f.commissions().CommissionItem(f.as("support"), r)
		return err
	}},
	"COMMISSION_PHOTO_UNKNOWN": {code: codes.FailedPrecondition, field: "photo_digests", metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		r := f.commissioning(f.file("m1", "l1"), "sandbox-lab")
		r.PhotoDigests = []string{strings.Repeat("a", 64)}
		_, err := f.commissions().CommissionItem(f.as("support"), r)
		return err
	}},
	"CUSTODY_STEP_CONFLICT": {code: codes.FailedPrecondition, field: "corrects", metadata: []string{"claimId", "sample"}, state: true, call: func(f *fixture) error {
		r := f.custodyStep(f.file("m1", "l1"), tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED, 1)
		r.Corrects = 1
		_, err := f.custody().AddCustodyStep(f.as("support"), r)
		return err
	}},
	"REINSPECTION_NOT_INDEPENDENT": {code: codes.FailedPrecondition, field: "reinspection", metadata: []string{"claimId", "ordinal"}, state: true, call: func(f *fixture) error {
		f.rulesSinceEver()
		c := f.file("m1", "l1")
		_, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-1",
			UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE}}, IssuedAt: timestamppb.New(start),
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, Reinspection: true,
		})
		return err
	}},
	"SOURCE_PROOF_MISSING": {code: codes.FailedPrecondition, field: "unit_verdicts", metadata: []string{"claimId", "ordinal", "rank", "evidenceKind"}, state: true, call: func(f *fixture) error {
		f.rulesSinceEver()
		c := f.file("m1", "l1")
		found := []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}}
		if _, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-1",
			UnitVerdicts: found, IssuedAt: timestamppb.New(start), SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_TRACE_DATA,
		}); err != nil {
			return err
		}
		r := f.rejecting(f.claim(c.GetName()))
		r.Decision, r.UnitVerdicts = tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD, found
		_, err := f.claims.DecideReview(f.as("adjudicator"), r)
		return err
	}},
	"CUSTODY_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "stepsMax"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		for range 200 {
			if _, err := f.custody().AddCustodyStep(f.as("support"), f.custodyStep(c, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED, 1)); err != nil {
				return err
			}
		}
		_, err := f.custody().AddCustodyStep(f.as("support"), f.custodyStep(c, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED, 1))
		return err
	}},
	"CUSTODY_EVIDENCE_UNKNOWN": {code: codes.FailedPrecondition, field: "evidence_digests", metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		r := f.custodyStep(f.file("m1", "l1"), tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED, 1)
		r.EvidenceDigests = []string{strings.Repeat("a", 64)}
		_, err := f.custody().AddCustodyStep(f.as("support"), r)
		return err
	}},
	"CUSTODY_SAMPLE_MISMATCH": {code: codes.FailedPrecondition, field: "sample", metadata: []string{"claimId", "ordinal", "sample"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		step := f.custodyStep(c, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED, 1)
		step.Units = []int32{1}
		if _, err := f.custody().AddCustodyStep(f.as("support"), step); err != nil {
			return err
		}
		_, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-1", Sample: "S1",
			UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE}}, IssuedAt: timestamppb.New(start),
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE,
		})
		return err
	}},
	"NOTE_LIMIT_REACHED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "notesMax"}, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		for range 200 {
			if err := f.noteErr("support", c, tenfoldv1.NoteVisibility_NOTE_VISIBILITY_INTERNAL, "called"); err != nil {
				return err
			}
		}
		return f.noteErr("support", c, tenfoldv1.NoteVisibility_NOTE_VISIBILITY_INTERNAL, "called once more")
	}},
	"APPEAL_WINDOW_CLOSED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "closedAt"}, state: true, call: func(f *fixture) error {
		return f.appealErr(f.paid(f.accept(f.confirm(f.notified("m1", "l1")))))
	}},
	"APPEAL_ALREADY_DECIDED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "revision"}, state: true, call: func(f *fixture) error {
		return f.appealErr(f.paid(f.dismiss(f.appeal(f.confirm(f.notified("m1", "l1"))))))
	}},
	"RECONSIDERATION_USED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "revision"}, state: true, call: func(f *fixture) error {
		c := f.rejected("l1")
		for n := range policy.ReconsiderationsDefault {
			if err := f.reconsiderErr(c, string(rune('a'+n))); err != nil {
				f.t.Fatal(err)
			}
			if _, err := f.claims.DecideReview(f.asPerson("adjudicator", fmt.Sprint("person-", 10+n)), f.rejecting(f.claim(c.GetName()))); err != nil {
				f.t.Fatal(err)
			}
		}
		return f.reconsiderErr(c, "f")
	}},
	"RECONSIDERATION_WINDOW_CLOSED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "closedAt"}, state: true, call: func(f *fixture) error {
		c := f.rejected("l1")
		f.advance(16 * 24 * time.Hour)
		return f.reconsiderErr(c, "a")
	}},
	"EVIDENCE_NOT_NEW": {code: codes.FailedPrecondition, field: "evidence_digest", metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		c := f.inReview("l1")
		_, err := f.claims.AddEvidence(f.as("support"), &tenfoldv1.AddEvidenceRequest{
			Name: c.GetName(), RequestId: f.id(), Kind: "PHOTO", Reference: "crm://1", Digest: strings.Repeat("a", 64),
		})
		if err != nil {
			f.t.Fatal(err)
		}
		if _, err := f.claims.DecideReview(f.as("adjudicator"), f.rejecting(f.claim(c.GetName()))); err != nil {
			f.t.Fatal(err)
		}
		return f.reconsiderErr(c, "a")
	}},
	"RESULT_SUBJECT_AMBIGUOUS": {code: codes.FailedPrecondition, field: "order_line_name", call: func(f *fixture) error {
		c := f.fileUnits("l1", "o1", 1)
		return itemError(f.recordAll(f.as("operator"), f.reported(c, "R-1", 1, 2))[0].GetStatus())
	}},
	"NEW_EVIDENCE_REQUIRED": {code: codes.FailedPrecondition, field: "evidence", metadata: []string{"claimId", "orderLineId", "ordinal"}, call: func(f *fixture) error {
		f.rejected("l1")
		r := f.filing("m1", "l1")
		r.GetOrderLine().ProductId = "sandbox-conflict"
		return f.fileErr(r)
	}},
	"CLOCK_STATE_CONFLICT": {code: codes.FailedPrecondition, metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		c := f.notified("m1", "l1")
		_, err := f.claims.ResumeClock(f.as("operator"), &tenfoldv1.ResumeClockRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag()})
		return err
	}},
	"HOLD_NOT_FOUND": {code: codes.FailedPrecondition, metadata: []string{"claimId"}, state: true, call: func(f *fixture) error {
		c := f.file("m1", "l1")
		_, err := f.claims.ExtendHold(f.as("operator"), &tenfoldv1.ExtendHoldRequest{
			Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), ExpiresAt: timestamppb.New(start.AddDate(1, 0, 0)), Note: "why",
		})
		return err
	}},
	"RESULT_ALREADY_RETRACTED": {code: codes.FailedPrecondition, metadata: []string{"resultId"}, state: true, call: func(f *fixture) error {
		name := f.notified("m1", "l1").GetResults()[0].GetName()
		if err := f.retractErr("operator", name); err != nil {
			return err
		}
		return f.retractErr("operator", name)
	}},
	"FREE_AMOUNT_EXCEEDED": {code: codes.FailedPrecondition, field: "amount.minor_units", metadata: []string{"freeMinor", "askedMinor", "exposureMinor"}, call: func(f *fixture) error {
		f.file("m1", "l1")
		return f.withdrawErr(400_000)
	}},
	"SWEEP_DUE": {code: codes.FailedPrecondition, retry: true, call: func(f *fixture) error {
		f.file("m1", "l1") // Nothing is set aside for it yet.
		for {
			if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 5, "pay-"+f.id())); err != nil {
				return err
			}
			// The worker may have used it in between.
			if err := f.withdrawErr(1); err != nil {
				return err
			}
		}
	}},
	"NOTICE_ALREADY_CONFIRMED": {code: codes.FailedPrecondition, metadata: []string{"claimId", "confirmedAt"}, state: true, call: func(f *fixture) error {
		c := f.confirm(f.notified("m1", "l1"))
		_, err := f.claims.ConfirmNotice(f.as("merchant"), &tenfoldv1.ConfirmNoticeRequest{Name: c.GetName(), RequestId: f.id()})
		return err
	}},
	"CURRENCY_MISMATCH": {code: codes.FailedPrecondition, field: "amount.currency_code", metadata: []string{"expected", "given"}, call: func(f *fixture) error {
		r := f.topUp("m1", 5, "r")
		r.Amount.CurrencyCode = "USD"
		_, err := f.books.TopUpDeposit(f.as("finance"), r)
		return err
	}},
	"DEPOSIT_INSUFFICIENT": {code: codes.FailedPrecondition, metadata: []string{"requiredMinor", "availableMinor", "currency"}, call: func(f *fixture) error {
		_, err := f.books.WithdrawDeposit(f.as("finance"), &tenfoldv1.WithdrawDepositRequest{
			Name: "merchants/m1", RequestId: f.id(), Amount: fen(500_001), PaymentReference: "out-1",
		})
		return err
	}},
	"SHOP_FUNDS_INSUFFICIENT": {code: codes.FailedPrecondition, metadata: []string{"requiredMinor", "availableMinor", "currency"}, call: func(f *fixture) error {
		_, err := f.books.TakeBackShopFunds(f.as("finance"), &tenfoldv1.TakeBackShopFundsRequest{
			Name: "merchants/m1", RequestId: f.id(), Amount: fen(1), SettlementReference: "out-1",
		})
		return err
	}},
	"TRANSFER_ALREADY_REVERSED": {code: codes.FailedPrecondition, metadata: []string{"reference", "transferNumber"}, call: func(f *fixture) error {
		if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 5, "wire-1")); err != nil {
			return err
		}
		if err := f.reverseErr("wire-1"); err != nil {
			return err
		}
		return f.reverseErr("wire-1")
	}},
}

// Would catch a reason whose code, facts or details differ from what the
// contract promises, a reason nobody can tell how to meet, and a refusal that
// changes something: the books are audited after each.
func TestEveryReasonOverTheWire(t *testing.T) {
	t.Parallel()
	for number, name := range tenfoldv1.Reason_name {
		reason := strings.TrimPrefix(name, "REASON_")
		if number == 0 || noCall[reason] || otherBounds[reason] || ofFiles(reason) {
			continue
		}
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			want, ok := reasonCases[reason]
			if !ok {
				t.Fatal("no call is known that is refused for this reason")
			}
			f := newFixture(t)
			f.open("m1", 500_000)
			want.check(t, reason, want.call(f))
			if reason != "DATABASE_UNAVAILABLE" {
				f.audited()
			}
		})
	}
}

// Would catch an unknown outcome that reaches callers as a refusal of something else, or
// says that nothing was changed; and the facts of what a later try was refused for.
func TestUnknownOutcomeOverTheWire(t *testing.T) {
	t.Parallel()
	busy := fault.New(fault.TransactionContended, "nothing was changed").With("merchantId", "m1")
	got := refusal(rpc.StatusOf(principal.RoleFinance, engine.Unknown(busy)).Err())
	if got.code != codes.Unavailable || got.reason != "OUTCOME_UNKNOWN" || got.retry <= 0 || len(got.metadata) != 0 {
		t.Errorf("answered by %+v", got)
	}
	if strings.Contains(got.message, "nothing") || !strings.Contains(got.message, "same request id") {
		t.Errorf("the caller is told %q", got.message)
	}
}

func (want *reasonCase) check(t *testing.T, reason string, err error) {
	t.Helper()
	got := refusal(err)
	if got.code != want.code || got.reason != reason || got.domain != "tenfold" || got.message == "" {
		t.Fatalf("refused with %v %s (%s): %q, want %v", got.code, got.reason, got.domain, got.message, want.code)
	}
	if text := localizedIn(err, "en"); text == "" {
		t.Errorf("it has no text for people: %v", err)
	}
	if want.field != "" && got.field != want.field {
		t.Errorf("the field at fault is %q, want %q", got.field, want.field)
	}
	for _, key := range want.metadata {
		if got.metadata[key] == "" {
			t.Errorf("%s is not among the facts %v", key, got.metadata)
		}
	}
	if want.retry != (got.retry > 0) {
		t.Errorf("RetryInfo says %v", got.retry)
	}
	if want.state != (got.state != nil) {
		t.Errorf("ClaimStateDetail is %v", got.state)
	}
}

// Would catch a claim's detail that tells an action which the caller's role may
// not take, or leaves out one that it may.
func TestStateDetailTellsTheCallersActions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.notified("m1", "l1")
	_, err := f.claims.AcceptClaim(f.as("merchant"), &tenfoldv1.AcceptClaimRequest{Name: c.GetName(), RequestId: f.id(), Etag: "999"})
	detail := refusal(err).state
	want := []tenfoldv1.ClaimAction{
		tenfoldv1.ClaimAction_CLAIM_ACTION_ACCEPT, tenfoldv1.ClaimAction_CLAIM_ACTION_APPEAL, tenfoldv1.ClaimAction_CLAIM_ACTION_CONFIRM_NOTICE,
	}
	if !slices.Equal(detail.GetAllowedActions(), want) {
		t.Errorf("a merchant may %v", detail.GetAllowedActions())
	}
	if detail.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED || detail.GetWaitsFor() != tenfoldv1.WaitsFor_WAITS_FOR_MERCHANT ||
		detail.GetEtag() != c.GetEtag() || detail.GetDeadline() == nil {
		t.Errorf("detail %v", detail)
	}
}

func (f *fixture) fileErr(r *tenfoldv1.FileClaimRequest) error {
	_, err := f.claims.FileClaim(f.as("order-service"), r)
	return err
}

func (f *fixture) acceptErr(name, etag string) error {
	_, err := f.claims.AcceptClaim(f.as("merchant"), &tenfoldv1.AcceptClaimRequest{Name: name, RequestId: f.id(), Etag: etag})
	return err
}

func (f *fixture) reverseErr(reference string) error {
	_, err := f.books.ReverseTopUp(f.as("finance"), &tenfoldv1.ReverseTopUpRequest{
		Name: "merchants/m1", RequestId: f.id(), TopUp: &tenfoldv1.ReverseTopUpRequest_PaymentReference{PaymentReference: reference},
	})
	return err
}

func (f *fixture) reportErr(outNumber string) error {
	_, err := f.claims.ReportPayoutOutcome(f.as("operator"), &tenfoldv1.ReportPayoutOutcomeRequest{
		Parent: "merchants/-", RequestId: f.id(), OutNumber: outNumber, Outcome: tenfoldv1.PayoutOutcome_PAYOUT_OUTCOME_SUCCEEDED,
		OccurredAt: timestamppb.New(start),
	})
	return err
}

func (f *fixture) register(id string, categories ...string) {
	f.t.Helper()
	if err := f.registerErr(id, categories...); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) registerErr(id string, categories ...string) error {
	_, err := f.results.RegisterAuthenticator(f.as("operator"), &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: f.id(), AuthenticatorId: id, Authenticator: &tenfoldv1.Authenticator{
			Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: id, Categories: categories,
		},
	})
	return err
}

// suspend stops an authenticator.
func (f *fixture) suspend(id string) *tenfoldv1.SuspendAuthenticatorResponse {
	f.t.Helper()
	got, err := f.registry.SuspendAuthenticator(f.as("operator"), &tenfoldv1.SuspendAuthenticatorRequest{
		Name: "authenticators/" + id, RequestId: f.id(), Note: "reports were sold",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return got
}

// resultErr records that units are counterfeit.
func (f *fixture) resultErr(c *tenfoldv1.Claim, authenticator, report string, ordinals ...int32) error {
	r := &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/" + authenticator,
		ReportNumber: report, SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, CustodyIntact: true,
		IssuedAt: timestamppb.New(start),
	}
	for _, o := range ordinals {
		r.UnitVerdicts = append(r.UnitVerdicts, &tenfoldv1.UnitVerdict{Ordinal: o, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT})
	}
	_, err := f.results.RecordResult(f.as("operator"), r)
	return err
}

// inReview files a claim on which the sandbox's authenticators disagree.
func (f *fixture) inReview(lineID string) *tenfoldv1.Claim {
	f.t.Helper()
	r := f.filing("m1", lineID)
	r.GetOrderLine().ProductId = "sandbox-conflict"
	filed, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil {
		f.t.Fatal(err)
	}
	f.runDueWork()
	return f.claim(filed.GetClaim().GetName())
}

func (f *fixture) rejecting(c *tenfoldv1.Claim) *tenfoldv1.DecideReviewRequest {
	return &tenfoldv1.DecideReviewRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Decision: tenfoldv1.ReviewDecision_REVIEW_DECISION_REJECT, Note: "no proof",
	}
}

// rejected is a claim that a reviewer decided against its claimant.
func (f *fixture) rejected(lineID string) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.DecideReview(f.as("adjudicator"), f.rejecting(f.inReview(lineID)))
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

// reconsiderErr asks for reconsideration with evidence whose digest is one letter.
func (f *fixture) reconsiderErr(c *tenfoldv1.Claim, letter string) error {
	s := tenfoldv1.NewReconsiderationServiceClient(f.conn)
	_, err := s.RequestReconsideration(f.as("order-service"), &tenfoldv1.RequestReconsiderationRequest{
		Name: c.GetName(), RequestId: f.id(), Note: "the seal was broken", EvidenceKind: "PHOTO", EvidenceReference: "crm://2",
		EvidenceDigest: strings.Repeat(letter, 64),
	})
	return err
}

// lockBook holds a book as a busy replica would, until the function it returns
// is called.
func (f *fixture) lockBook(merchant string) (release func()) {
	f.t.Helper()
	pool := f.pg.Open(f.t)
	tx, err := pool.BeginTxx(context.Background(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := tx.Exec(`UPDATE books SET version = version WHERE merchant_id = $1`, merchant); err != nil {
		f.t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			f.t.Error(err)
		}
	}
}

// cutOff takes the database away: nobody connects any more, and who is
// connected is thrown out.
func (f *fixture) cutOff() {
	f.t.Helper()
	admin := f.admin()
	if _, err := admin.Exec(`ALTER DATABASE "` + f.pg.Name + `" CONNECTION LIMIT 0`); err != nil {
		f.t.Fatal(err)
	}
	if _, err := admin.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'tenfold_app'`, f.pg.Name); err != nil {
		f.t.Fatal(err)
	}
}
