package rpc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a quote that is refused at a field which the request for it does not have.
func TestRefusedQuoteNamesItsField(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	_, err := f.claims.QuotePayout(f.as("support"), &tenfoldv1.QuotePayoutRequest{
		Parent: "merchants/m1", Line: &tenfoldv1.QuotePayoutRequest_OrderLine{OrderLine: line("m1", "l1")},
		CounterfeitUnits: []int32{9}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_BEST,
	})
	if got := refusal(err); got.reason != "UNITS_OUT_OF_RANGE" || got.field != "counterfeit_units" {
		t.Errorf("%+v", got)
	}
}

// Would catch any break in the main path as callers see it: what each step
// answers, what a claim shows in the end, and books that do not balance.
func TestMainPath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file("m1", "l1")
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_AUTHENTICATING || c.GetWaitsFor() != tenfoldv1.WaitsFor_WAITS_FOR_AUTHENTICATOR || c.GetAward() != nil {
		t.Fatalf("filed as %v", c)
	}
	if done := f.runDueWork(); done.GetResultsRecorded() != 1 {
		t.Fatalf("due work: %v", done)
	}
	c = f.confirm(f.claim(c.GetName()))
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED || c.GetFunding().GetHeld().GetMinorUnits() != 220_000 ||
		c.GetNotice().GetEndsAt() == nil || c.GetDeadline().GetKind() != tenfoldv1.DeadlineKind_DEADLINE_KIND_NOTICE_LAPSED {
		t.Fatalf("notified as %v", c)
	}
	f.advance(7*24*time.Hour + time.Minute)
	if done := f.runDueWork(); done.GetDeadlinesPassed() != 1 || done.GetPayoutsInstructed() != 2 || done.GetOutcomesRecorded() != 2 {
		t.Fatalf("due work: %v", done)
	}
	c = f.claim(c.GetName())
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID || c.GetFunding().GetPaidRefund().GetMinorUnits() != 20_000 ||
		c.GetFunding().GetPaidCompensation().GetMinorUnits() != 200_000 {
		t.Fatalf("paid as %v", c)
	}
	if c.GetCalculation().GetConsumerTotal().GetMinorUnits() != 220_000 || len(c.GetCalculation().GetSteps()) < 5 ||
		len(c.GetResults()) != 1 || len(c.GetPayouts()) != 2 || len(c.GetHolds()) != 1 ||
		c.GetOrderLine().GetGoodsPaid().GetMinorUnits() != 20_000 || c.GetClaimantRole() != tenfoldv1.ClaimantRole_CLAIMANT_ROLE_PAYER {
		t.Fatalf("FULL view: %v", c)
	}
	if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 2, Minor: 220_000}) {
		t.Errorf("the payment service paid %+v", paid)
	}
	book, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
	if err != nil {
		t.Fatal(err)
	}
	if b := book.GetBook(); b.GetDepositAvailable().GetMinorUnits() != 280_000 || len(b.GetAccounts()) != 16 || len(b.GetChainHash()) != 64 {
		t.Errorf("book %v", b)
	}
	f.audited()
}

// Would catch history that does not tell who moved a claim, or in which order.
func TestListMovesTellsWhoActed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.accept(f.confirm(f.notified("m1", "l1")))
	f.runDueWork()
	r, err := f.claims.ListMoves(f.as("support"), &tenfoldv1.ListMovesRequest{Parent: "merchants/-/claims/" + c.GetClaimId()})
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ to, by, person, note string }
	var got []row
	for _, m := range r.GetMoves() {
		got = append(got, row{m.GetToState().String()[len("CLAIM_STATE_"):], m.GetRole(), m.GetPerson(), m.GetNote()})
	}
	want := []row{
		{"AUTHENTICATING", "order-service", "person-1", "bought for my mother"}, {"NOTIFIED", "system", "", ""},
		{"PAYING", "operator", "person-1", "agreed"}, {"PAID", "system", "", ""},
	}
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("move %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// Would catch a quote that differs from what filing then pays, that weighs the
// bases wrongly, or that stores anything.
func TestQuotePayout(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	before := f.eventNumber("m1")
	quote := &tenfoldv1.QuotePayoutRequest{
		Parent: "merchants/m1", Line: &tenfoldv1.QuotePayoutRequest_OrderLine{OrderLine: line("m1", "l1")},
		CounterfeitUnits: []int32{1, 2}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_BEST,
	}
	r, err := f.claims.QuotePayout(f.as("support"), quote)
	if err != nil {
		t.Fatal(err)
	}
	if r.GetChosen().GetLegalBasis() != tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE || r.GetChosen().GetConsumerTotal().GetMinorUnits() != 220_000 {
		t.Fatalf("chosen %v", r.GetChosen())
	}
	if len(r.GetCalculations()) != 2 || r.GetCalculations()[1].GetLegalBasis() != tenfoldv1.LegalBasis_LEGAL_BASIS_CONSUMER_PROTECTION_55 ||
		r.GetCalculations()[1].GetCompensation().GetMinorUnits() != 60_000 || r.GetCalculations()[0].GetConsumerTotal().GetMinorUnits() != 220_000 {
		t.Fatalf("calculations %v", r.GetCalculations())
	}
	if after := f.eventNumber("m1"); after != before {
		t.Errorf("the quote left %d events", after-before)
	}
	if _, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: "merchants/m1/orderLines/l1"}); refusal(err).reason != "ORDER_LINE_NOT_FOUND" {
		t.Errorf("the quote stored the order line: %v", err)
	}
}

func (f *fixture) eventNumber(merchant string) int64 {
	f.t.Helper()
	b, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/" + merchant})
	if err != nil {
		f.t.Fatal(err)
	}
	return b.GetBook().GetEventNumber()
}

// Would catch a batch in which one item takes others with it, or that cannot be
// sent again item by item.
func TestBatchFileClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	good, other, bad, malformed := f.filing("m1", "l1"), f.filing("m2", "l2"), f.filing("m3", "l3"), f.filing("m1", "l4")
	malformed.Units = []int32{0}
	r, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{
		Requests: []*tenfoldv1.FileClaimRequest{good, bad, other, malformed, good},
	})
	if err != nil {
		t.Fatal(err)
	}
	items := r.GetItems()
	if items[0].GetClaim() == nil || items[2].GetClaim() == nil {
		t.Fatalf("%v", items)
	}
	if items[0].GetClaim().GetName() != items[4].GetClaim().GetName() || items[0].GetReplayed() == items[4].GetReplayed() {
		t.Errorf("the same item twice: %v and %v", items[0], items[4])
	}
	if items[1].GetStatus().GetReason() != tenfoldv1.Reason_REASON_MERCHANT_NOT_FOUND || items[1].GetStatus().GetCode() != 5 {
		t.Errorf("unknown merchant: %v", items[1])
	}
	if s := items[3].GetStatus(); s.GetReason() != tenfoldv1.Reason_REASON_REQUEST_INVALID || s.GetField() != "units[0]" {
		t.Errorf("malformed: %v", items[3])
	}
	again, err := f.claims.FileClaim(f.as("order-service"), other)
	if err != nil || !again.GetReplayed() || again.GetClaim().GetName() != items[2].GetClaim().GetName() {
		t.Errorf("sent again alone: %v, %v", again, err)
	}
	many := make([]*tenfoldv1.FileClaimRequest, 501)
	for i := range many {
		many[i] = good
	}
	_, err = f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: many})
	if got := refusal(err); got.reason != "BATCH_TOO_LARGE" || got.metadata["maxPerRequest"] != "500" {
		t.Errorf("501 items: %+v", got)
	}
}

// Would catch an item whose status leaves out what a call of its own is told: that the
// outcome is unknown, and when the item may be sent again.
func TestItemsAreAnsweredLikeCalls(t *testing.T) {
	t.Parallel()
	for reason, err := range map[tenfoldv1.Reason]error{
		tenfoldv1.Reason_REASON_OUTCOME_UNKNOWN: engine.Unknown(errors.New("connection lost")),
		tenfoldv1.Reason_REASON_QUEUE_FULL:      fault.New(fault.QueueFull, "the queue is full").After(time.Second),
	} {
		item, call := rpc.ItemStatusOf(principal.RoleOrderService, err), refusal(rpc.StatusOf(principal.RoleOrderService, err).Err())
		if item.GetReason() != reason || item.GetMessage() != call.message || item.GetCode() != int32(call.code) {
			t.Errorf("%s: the item is told %v, the call %+v", reason, item, call)
		}
		if item.GetRetryAfter().AsDuration() != call.retry || call.retry == 0 {
			t.Errorf("%s: the item waits for %v, the call for %v", reason, item.GetRetryAfter(), call.retry)
		}
	}
}

// Would catch a fault in one item that ends the server, and with it all other calls.
func TestPanicOfAnItemIsAnswered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	item := rpc.FileItem(t.Context(), f.filing("m1", "l1"))
	if s := item.GetStatus(); s.GetCode() != int32(codes.Internal) || !strings.Contains(s.GetMessage(), "call id") {
		t.Errorf("answered by %v", item)
	}
}

// Would catch validate_only that stores something, or decides otherwise than
// the request itself.
func TestValidateOnlyStoresNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	r := f.filing("m1", "l1")
	r.ValidateOnly = true
	before := f.eventNumber("m1")
	got, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil || got.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_AUTHENTICATING {
		t.Fatalf("%v, %v", got, err)
	}
	if after := f.eventNumber("m1"); after != before {
		t.Errorf("%d events were stored", after-before)
	}
	r.ValidateOnly = false
	if again, err := f.claims.FileClaim(f.as("order-service"), r); err != nil || again.GetReplayed() {
		t.Errorf("afterwards in earnest: %v, %v", again, err)
	}
	published := f.version(t, 2)
	published.ValidateOnly = true
	if _, err := f.rules.PublishPolicyVersion(f.as("operator"), published); err != nil {
		t.Error(err)
	}
	if _, err := f.rules.GetPolicyVersion(f.as("support"), &tenfoldv1.GetPolicyVersionRequest{Name: published.GetPolicyVersion().GetName()}); refusal(err).reason != "POLICY_NOT_FOUND" {
		t.Errorf("the version was stored: %v", err)
	}
}

// version is the next version of the seeded promise.
func (f *fixture) version(t *testing.T, number int) *tenfoldv1.PublishPolicyVersionRequest {
	t.Helper()
	r, err := f.rules.GetPolicyVersion(f.as("support"), &tenfoldv1.GetPolicyVersionRequest{Name: "policies/promise-tenfold/versions/1"})
	if err != nil {
		t.Fatal(err)
	}
	v := proto.Clone(r.GetPolicyVersion()).(*tenfoldv1.PolicyVersion)
	v.Name = "policies/promise-tenfold/versions/" + string(rune('0'+number))
	v.PublishedAt, v.EffectiveFrom = timestamppb.New(start), timestamppb.New(start.AddDate(0, 0, 8))
	return &tenfoldv1.PublishPolicyVersionRequest{RequestId: f.id(), PolicyVersion: v}
}

// Would catch a stored request that cannot be looked up, or by somebody else.
func TestGetRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	r := f.filing("m1", "l1")
	filed, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil {
		t.Fatal(err)
	}
	ask := &tenfoldv1.GetRequestRequest{Parent: "merchants/m1", Method: "ClaimService/FileClaim", RequestId: r.GetRequestId()}
	got, err := f.claims.GetRequest(f.as("order-service"), ask)
	if err != nil || len(got.GetRequest().GetOutcomeNames()) != 1 || got.GetRequest().GetOutcomeNames()[0] != filed.GetClaim().GetName() {
		t.Errorf("%v, %v", got, err)
	}
	ask.Method = "ClaimService/AcceptClaim"
	if _, err := f.claims.GetRequest(f.as("order-service"), ask); refusal(err).reason != "REQUEST_NOT_FOUND" {
		t.Errorf("under another method: %v", err)
	}
}

// Would catch a kind of request that cannot be looked up: one that changed a webhook,
// or a catalog, which belongs to no book.
func TestGetRequestFindsEveryKind(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	hook := f.hook("m1", "https://receiver.example/")
	made, err := f.keeping.CreateWebhook(f.as("operator"), hook)
	if err != nil {
		t.Fatal(err)
	}
	f.outcome(hook.GetRequestId(), "merchants/m1", "WebhookService/CreateWebhook", made.GetWebhook().GetName())
	version := f.version(t, 2)
	if _, err := f.rules.PublishPolicyVersion(f.as("operator"), version); err != nil {
		t.Fatal(err)
	}
	f.outcome(version.GetRequestId(), "merchants/-", "PolicyService/PublishPolicyVersion", "policies/promise-tenfold/versions/2")
	body := &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: f.id(), AuthenticatorId: "lab-9",
		Authenticator: &tenfoldv1.Authenticator{Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "Laboratory 9"},
	}
	if _, err := f.results.RegisterAuthenticator(f.as("operator"), body); err != nil {
		t.Fatal(err)
	}
	f.outcome(body.GetRequestId(), "merchants/-", "AuthenticationService/RegisterAuthenticator", "authenticators/lab-9")
}

// outcome looks an operator's request up, and compares the name of its outcome.
func (f *fixture) outcome(id, parent, method, want string) {
	f.t.Helper()
	got, err := f.claims.GetRequest(f.as("operator"), &tenfoldv1.GetRequestRequest{Parent: parent, Method: method, RequestId: id})
	if err != nil || !slices.Equal(got.GetRequest().GetOutcomeNames(), []string{want}) || got.GetRequest().GetAcceptedAt() == nil {
		f.t.Errorf("%s: %v, %v", method, got, err)
	}
}
