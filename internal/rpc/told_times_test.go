package rpc_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// teller is a server with a claim that was paid with a coupon, another whose notice is not
// delivered, and a top-up wire-1.
type teller struct {
	*fixture
	claim, coupon, undelivered string
}

func newTeller(t *testing.T) *teller {
	t.Helper()
	f := &teller{fixture: newFixture(t)}
	f.open("m1", 1_000_000)
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 1_000_000, "wire-1")); err != nil {
		t.Fatal(err)
	}
	p := f.couponed("l1")
	f.claim, f.coupon = p.GetClaim(), p.GetOutNumber()
	f.undelivered = f.notified("m1", "l-notice").GetName()
	return f
}

// telling is a time of a fact: the field of the refusal, and a call that tells it.
type telling struct {
	field string
	call  func(f *teller, at *timestamppb.Timestamp) error
}

// moneyTold tells of a movement of the merchant's own money.
func moneyTold(call func(f *teller, at *timestamppb.Timestamp) error) telling {
	return telling{"effective_at", call}
}

// lineTold files a claim on a line whose step is told.
func lineTold(field string, set func(l *tenfoldv1.OrderLine, at *timestamppb.Timestamp)) telling {
	return telling{field, func(f *teller, at *timestamppb.Timestamp) error {
		r := f.filing("m1", "l-"+f.id())
		set(r.GetOrderLine(), at)
		return f.fileErr(r)
	}}
}

// factTimes are all times of facts in requests.
var factTimes = map[protoreflect.FullName]telling{
	"tenfold.v1.TopUpDepositRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		r := f.topUp("m1", 1, "wire-9"+f.id())
		r.EffectiveAt = at
		_, err := f.books.TopUpDeposit(f.as("finance"), r)
		return err
	}),
	"tenfold.v1.WithdrawDepositRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.books.WithdrawDeposit(f.as("finance"), &tenfoldv1.WithdrawDepositRequest{
			Name: "merchants/m1", RequestId: f.id(), Amount: fen(1), PaymentReference: "wire-9" + f.id(), EffectiveAt: at,
		})
		return err
	}),
	"tenfold.v1.ReverseTopUpRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.books.ReverseTopUp(f.as("finance"), &tenfoldv1.ReverseTopUpRequest{
			Name: "merchants/m1", RequestId: f.id(), EffectiveAt: at,
			TopUp: &tenfoldv1.ReverseTopUpRequest_PaymentReference{PaymentReference: "wire-1"},
		})
		return err
	}),
	"tenfold.v1.HandOverShopFundsRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.books.HandOverShopFunds(f.as("finance"), &tenfoldv1.HandOverShopFundsRequest{
			Name: "merchants/m1", RequestId: f.id(), Amount: fen(1), SettlementReference: "sales-9" + f.id(), EffectiveAt: at,
		})
		return err
	}),
	"tenfold.v1.TakeBackShopFundsRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.books.TakeBackShopFunds(f.as("finance"), &tenfoldv1.TakeBackShopFundsRequest{
			Name: "merchants/m1", RequestId: f.id(), Amount: fen(1), SettlementReference: "sales-9" + f.id(), EffectiveAt: at,
		})
		return err
	}),
	"tenfold.v1.RecordConsumerRepaymentRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.money.RecordConsumerRepayment(f.as("finance"), &tenfoldv1.RecordConsumerRepaymentRequest{
			Name: f.claim, RequestId: f.id(), Amount: fen(1), PaymentReference: "back-9" + f.id(), EffectiveAt: at,
		})
		return err
	}),
	"tenfold.v1.ProposeDecisionRequest.effective_at": moneyTold(func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.money.ProposeDecision(f.asPerson("finance", "fay"), &tenfoldv1.ProposeDecisionRequest{
			Parent: "merchants/m1", RequestId: f.id(), Amount: fen(1), Kind: tenfoldv1.ProposalKind_PROPOSAL_KIND_TOP_UP,
			PaymentReference: "wire-9" + f.id(), Note: "seen", EffectiveAt: at,
		})
		return err
	}),
	"tenfold.v1.ReportCouponRedeemedRequest.occurred_at": {"occurred_at", func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.money.ReportCouponRedeemed(f.as("operator"), &tenfoldv1.ReportCouponRedeemedRequest{
			Parent: "merchants/m1", RequestId: f.id(), OutNumber: f.coupon, Amount: fen(1), PurchaseReference: "buy-9" + f.id(), OccurredAt: at,
		})
		return err
	}},
	"tenfold.v1.ReportCouponLapsedRequest.occurred_at": {"occurred_at", func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.money.ReportCouponLapsed(f.as("operator"), &tenfoldv1.ReportCouponLapsedRequest{
			Parent: "merchants/m1", RequestId: f.id(), OutNumber: f.coupon, OccurredAt: at,
		})
		return err
	}},
	"tenfold.v1.ReportPayoutOutcomeRequest.occurred_at": {"occurred_at", func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.claims.ReportPayoutOutcome(f.as("operator"), &tenfoldv1.ReportPayoutOutcomeRequest{
			Parent: "merchants/-", RequestId: f.id(), OutNumber: f.coupon, OccurredAt: at,
			Outcome: tenfoldv1.PayoutOutcome_PAYOUT_OUTCOME_SUCCEEDED,
		})
		return err
	}},
	"tenfold.v1.RecordResultRequest.issued_at": {"issued_at", func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.results.RecordResult(f.as("operator"), &tenfoldv1.RecordResultRequest{
			Parent: "merchants/m1", RequestId: f.id(), Claim: f.claim, Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-9" + f.id(),
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, CustodyIntact: true, IssuedAt: at,
			UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		})
		return err
	}},
	"tenfold.v1.AddCustodyStepRequest.happened_at": {"happened_at", func(f *teller, at *timestamppb.Timestamp) error {
		r := f.custodyStep(&tenfoldv1.Claim{Name: f.claim}, tenfoldv1.CustodyStepKind_CUSTODY_STEP_KIND_RECEIVED, 0)
		r.HappenedAt = at
		_, err := f.custody().AddCustodyStep(f.as("support"), r)
		return err
	}},
	"tenfold.v1.ResultToRecord.issued_at": {"issued_at", func(f *teller, at *timestamppb.Timestamp) error {
		return itemError(f.recordAll(f.as("operator"), &tenfoldv1.ResultToRecord{
			Parent: "merchants/m1", RequestId: f.id(), Subject: &tenfoldv1.ResultToRecord_Claim{Claim: f.claim},
			Authenticator: "authenticators/sandbox-lab", ReportNumber: "R-8" + f.id(),
			SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_CONSUMER_SAMPLE, CustodyIntact: true, IssuedAt: at,
			UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		})[0].GetStatus())
	}},
	"tenfold.v1.FileClaimRequest.learned_at": {"learned_at", func(f *teller, at *timestamppb.Timestamp) error {
		r := f.filing("m1", "l-"+f.id())
		r.LearnedAt = at
		return f.fileErr(r)
	}},
	"tenfold.v1.QuotePayoutRequest.learned_at": {"learned_at", func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.claims.QuotePayout(f.as("order-service"), &tenfoldv1.QuotePayoutRequest{
			Parent: "merchants/m1", Line: &tenfoldv1.QuotePayoutRequest_OrderLine{OrderLine: line("m1", "l9")}, LearnedAt: at,
			CounterfeitUnits: []int32{1}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		})
		return err
	}},
	"tenfold.v1.OrderLine.paid_at": lineTold("order_line.paid_at", func(l *tenfoldv1.OrderLine, at *timestamppb.Timestamp) {
		l.PaidAt, l.PaidAfterDelivery = at, true
	}),
	"tenfold.v1.OrderLine.shipped_at": lineTold("order_line.delivered_at", func(l *tenfoldv1.OrderLine, at *timestamppb.Timestamp) {
		l.ShippedAt = at
		if at.IsValid() {
			l.DeliveredAt = at
		}
	}),
	"tenfold.v1.OrderLine.delivered_at": lineTold("order_line.delivered_at", func(l *tenfoldv1.OrderLine, at *timestamppb.Timestamp) {
		l.DeliveredAt = at
	}),
	"tenfold.v1.LineRefund.refunded_at": {"refunds[0].refunded_at", func(f *teller, at *timestamppb.Timestamp) error {
		r := f.filing("m1", "l-"+f.id())
		r.Refunds = []*tenfoldv1.LineRefund{{RefundId: "r9", Amount: fen(1), RefundedAt: at}}
		return f.fileErr(r)
	}},
	"tenfold.v1.RecordNoticeAttemptRequest.attempted_at": {"attempted_at", func(f *teller, at *timestamppb.Timestamp) error {
		_, err := f.notices().RecordNoticeAttempt(f.as("operator"), &tenfoldv1.RecordNoticeAttemptRequest{
			Name: f.undelivered, RequestId: f.id(), Channel: "letter", AttemptedAt: at,
		})
		return err
	}},
	"tenfold.v1.PolicyVersion.published_at": {"policy_version.published_at", func(f *teller, at *timestamppb.Timestamp) error {
		r := f.version(f.t, 2)
		r.PolicyVersion.PublishedAt = at
		if at.IsValid() {
			r.PolicyVersion.EffectiveFrom = timestamppb.New(at.AsTime().AddDate(0, 0, 8))
		}
		_, err := f.rules.PublishPolicyVersion(f.as("operator"), r)
		return err
	}},
}

// otherTimes are the times of requests that tell no fact, with what they are instead.
var otherTimes = map[protoreflect.FullName]string{
	"tenfold.v1.ListRefusalsRequest.from":                     "a bound of a list",
	"tenfold.v1.ListRefusalsRequest.until":                    "a bound of a list",
	"tenfold.v1.GetDecisionStatisticsRequest.from":            "a bound of a count",
	"tenfold.v1.GetDecisionStatisticsRequest.until":           "a bound of a count",
	"tenfold.v1.GetBookRequest.read_time":                     "what is asked about",
	"tenfold.v1.GetTrialBalanceRequest.recorded_by":           "what is asked about",
	"tenfold.v1.GetTrialBalanceRequest.effective_by":          "what is asked about",
	"tenfold.v1.GetExposureRequest.recorded_by":               "what is asked about",
	"tenfold.v1.ListDebtsRequest.recorded_by":                 "what is asked about",
	"tenfold.v1.ListDebtsRequest.effective_by":                "what is asked about",
	"tenfold.v1.CreateStatementFileRequest.from":              "a bound of a statement",
	"tenfold.v1.CreateStatementFileRequest.until":             "a bound of a statement",
	"tenfold.v1.GetStatementRequest.from":                     "a bound of a statement",
	"tenfold.v1.GetStatementRequest.until":                    "a bound of a statement",
	"tenfold.v1.ListStatementLinesRequest.from":               "a bound of a statement",
	"tenfold.v1.ListStatementLinesRequest.until":              "a bound of a statement",
	"tenfold.v1.ListReportSumsRequest.from":                   "a bound of a report",
	"tenfold.v1.ListReportSumsRequest.until":                  "a bound of a report",
	"tenfold.v1.ListResultsRequest.recorded_from":             "a bound of a list",
	"tenfold.v1.ListResultsRequest.recorded_until":            "a bound of a list",
	"tenfold.v1.RetractResultsRequest.recorded_from":          "a bound of what is retracted",
	"tenfold.v1.RetractResultsRequest.recorded_until":         "a bound of what is retracted",
	"tenfold.v1.RetractResultsRequest.issued_from":            "a bound of what is retracted",
	"tenfold.v1.RetractResultsRequest.issued_until":           "a bound of what is retracted",
	"tenfold.v1.GetBodyReportRequest.from":                    "a bound of a count",
	"tenfold.v1.GetBodyReportRequest.until":                   "a bound of a count",
	"tenfold.v1.ListCommissionsRequest.due_from":              "a bound of a list",
	"tenfold.v1.ListCommissionsRequest.due_until":             "a bound of a list",
	"tenfold.v1.RequestEvidenceRequest.due_at":                "an end to come",
	"tenfold.v1.ListEvidenceRequestsRequest.due_from":         "a bound of a list",
	"tenfold.v1.ListEvidenceRequestsRequest.due_until":        "a bound of a list",
	"tenfold.v1.CommissionItemRequest.due_at":                 "an end to come",
	"tenfold.v1.ReassignCommissionRequest.due_at":             "an end to come",
	"tenfold.v1.ResolvePolicyRequest.paid_at":                 "what is asked about",
	"tenfold.v1.ReportPayoutOutcomeRequest.coupon_expires_at": "an end to come",
	"tenfold.v1.ExtendHoldRequest.expires_at":                 "an end to come",
	"tenfold.v1.DecisionRules.effective_from":                 "a beginning to come",
	"tenfold.v1.DecisionRules.published_at":                   "refused wherever it is told",
	"tenfold.v1.PolicyVersion.effective_from":                 "a beginning to come",
	"tenfold.v1.AdvanceClockRequest.to":                       "where a clock is moved to",
	"tenfold.v1.AddAuthenticatorKeyRequest.valid_from":        "a beginning to come",
	"tenfold.v1.AddAuthenticatorKeyRequest.valid_until":       "an end to come",
	"tenfold.v1.Authenticator.registered_at":                  "set by the server",
	"tenfold.v1.Authenticator.suspended_at":                   "set by the server",
}

// requestTimes lists all times in requests.
func requestTimes(t *testing.T) map[protoreflect.FullName]protoreflect.FieldDescriptor {
	t.Helper()
	all := make(map[protoreflect.FullName]protoreflect.FieldDescriptor)
	met := make(map[protoreflect.FullName]bool)
	var walk func(m protoreflect.MessageDescriptor)
	walk = func(m protoreflect.MessageDescriptor) {
		if met[m.FullName()] {
			return
		}
		met[m.FullName()] = true
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			switch held := rpc.HeldBy(f); {
			case held == nil:
			case held.FullName() == "google.protobuf.Timestamp":
				all[f.FullName()] = f
			default:
				walk(held)
			}
		}
	}
	for method := range rpc.MethodRoles() {
		if strings.HasPrefix(method, "/tenfold.v1.") {
			walk(contractMethod(t, method).Input())
		}
	}
	return all
}

// Would catch a call that rules the times of facts otherwise than its siblings: one that
// takes what is still to come, one that refuses a caller whose clock is a little ahead,
// and a new field of a request that nobody has decided on.
func TestB6TimesOfFactsAreRuledAlike(t *testing.T) {
	t.Parallel()
	times := requestTimes(t)
	for name := range times {
		_, fact := factTimes[name]
		if _, other := otherTimes[name]; fact == other {
			t.Errorf("%s tells a fact or it does not: say so in factTimes or otherTimes", name)
		}
	}
	f := newTeller(t)
	skew := engine.Defaults().ClockSkew
	for name, fact := range factTimes {
		if times[name] == nil {
			t.Errorf("no request has %s", name)
			continue
		}
		ahead := refusal(fact.call(f, timestamppb.New(f.now().Add(skew+time.Minute))))
		if ahead.field != fact.field || ahead.reason != "REQUEST_INVALID" && ahead.reason != "ORDER_NOT_ELIGIBLE" {
			t.Errorf("%s beyond the skew: %+v", name, ahead)
		}
		if within := refusal(fact.call(f, timestamppb.New(f.now().Add(skew/2)))); within.field == fact.field {
			t.Errorf("%s within the skew: %+v", name, within)
		}
	}
	f.audited()
}

// Would catch a time out of the range of the contract that reaches the engine, in any
// field of any request.
func TestB6TimesOutOfRangeAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	f := newTeller(t)
	for name, fact := range factTimes {
		for _, at := range []*timestamppb.Timestamp{{Seconds: 253402300800}, {Seconds: -62135596801}, {Nanos: -1}, {Seconds: 1 << 62}} {
			got := refusal(fact.call(f, proto.Clone(at).(*timestamppb.Timestamp)))
			field := string(name[strings.LastIndex(string(name), ".")+1:])
			if got.reason != "REQUEST_INVALID" || !strings.HasSuffix(got.field, field) {
				t.Errorf("%s of %v: %+v", name, at, got)
			}
		}
	}
	f.audited()
}

// Would catch a malformed time in one item of a batch that refuses the others, or that is
// taken because the batch itself is in order.
func TestMalformedTimeInABatchRefusesItsItem(t *testing.T) {
	t.Parallel()
	f := newTeller(t)
	good, bad := f.filing("m1", "l8"), f.filing("m1", "l9")
	bad.GetOrderLine().PaidAt.Nanos = -1
	r, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{good, bad}})
	if err != nil {
		t.Fatal(err)
	}
	filed, refused := r.GetItems()[0], r.GetItems()[1]
	if filed.GetClaim() == nil || refused.GetClaim() != nil || refused.GetStatus().GetField() != "order_line.paid_at" {
		t.Errorf("the items are answered %v and %v", filed.GetStatus(), refused.GetStatus())
	}
	f.audited()
}
