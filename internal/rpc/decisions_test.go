package rpc_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// asPerson is a context of calls in a role for somebody.
func (f *fixture) asPerson(role, person string) context.Context {
	return caller.Identity{Workload: "test", Role: role, Person: person}.Attach(f.t.Context())
}

// publish puts another promise in force from before the fixtures' lines were paid.
func (f *fixture) publish(change func(*policy.Version)) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.PublishedAt, v.EffectiveFrom = 2, start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	change(&v)
	_, err := f.engine.PublishPolicyVersion(f.t.Context(), request.Header{
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator}, Method: "PublishPolicyVersion", RequestID: f.id(),
	}, v)
	if err != nil {
		f.t.Fatal(err)
	}
}

// approved lets awards over a limit wait for two approvers.
func (f *fixture) approved(over money.Amount) {
	f.t.Helper()
	f.publish(func(v *policy.Version) { v.ApprovalOver = over })
}

func (f *fixture) appealing(c *tenfoldv1.Claim) *tenfoldv1.AppealClaimRequest {
	return &tenfoldv1.AppealClaimRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Note: "bought from the brand", Evidence: []string{"invoice-17", "photo-3"},
	}
}

func (f *fixture) appealErr(c *tenfoldv1.Claim) error {
	_, err := f.claims.AppealClaim(f.as("merchant"), f.appealing(c))
	return err
}

func (f *fixture) appeal(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.AppealClaim(f.as("merchant"), f.appealing(c))
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

func (f *fixture) dismissing(c *tenfoldv1.Claim) *tenfoldv1.DecideAppealRequest {
	return &tenfoldv1.DecideAppealRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Note: "the invoice is of another batch",
		Decision: tenfoldv1.AppealDecision_APPEAL_DECISION_DISMISSED,
	}
}

func (f *fixture) dismiss(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.DecideAppeal(f.asPerson("adjudicator", "panel-1"), f.dismissing(c))
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

// paid waits until a confirmed claim has been paid and changes no more.
func (f *fixture) paid(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	f.t.Helper()
	f.runDueWork()
	return f.claim(c.GetName())
}

func (f *fixture) approving(c *tenfoldv1.Claim) *tenfoldv1.ApproveClaimRequest {
	return &tenfoldv1.ApproveClaimRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Note: "looked at"}
}

func (f *fixture) approveErr(person string, c *tenfoldv1.Claim) error {
	_, err := f.claims.ApproveClaim(f.asPerson("approver", person), f.approving(c))
	return err
}

func (f *fixture) revising(c *tenfoldv1.Claim, ground tenfoldv1.RevisionGround, verdict tenfoldv1.Verdict) *tenfoldv1.ReviseVerdictRequest {
	return &tenfoldv1.ReviseVerdictRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Ground: ground, Document: "docket-9", Note: "heard again",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: verdict}, {Ordinal: 2, Verdict: verdict}},
	}
}

func (f *fixture) retractErr(role, name string) error {
	_, err := f.results.RetractResult(f.as(role), &tenfoldv1.RetractResultRequest{Name: name, RequestId: f.id(), Note: "the samples were mixed up"})
	return err
}

func (f *fixture) withdrawErr(minor int64) error {
	_, err := f.books.WithdrawDeposit(f.as("finance"), &tenfoldv1.WithdrawDepositRequest{
		Name: "merchants/m1", RequestId: f.id(), Amount: fen(minor), PaymentReference: "out-" + f.id(),
	})
	return err
}

// queued says whether a claim waits in a queue.
func (f *fixture) queued(q tenfoldv1.ClaimQueue, c *tenfoldv1.Claim) bool {
	f.t.Helper()
	r, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Queue: q})
	if err != nil {
		f.t.Fatal(err)
	}
	return slices.ContainsFunc(r.GetClaims(), func(one *tenfoldv1.Claim) bool { return one.GetName() == c.GetName() })
}

// Would catch an appeal that debits, a panel or approvers whom nobody finds, a
// debit by one approver, and a claim that does not tell who decided what.
func TestAppealAndApproval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.approved(100_000)
	f.open("m1", 500_000)
	appealing := f.appealing(f.confirm(f.notified("m1", "l1")))
	first, err := f.claims.AppealClaim(f.as("merchant"), appealing)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.claims.AppealClaim(f.as("merchant"), appealing)
	if err != nil || !again.GetReplayed() || first.GetReplayed() {
		t.Fatalf("sent again: %v, %v", again, err)
	}
	c := first.GetClaim()
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_APPEALED || c.GetFunding().GetHeld().GetMinorUnits() != 220_000 ||
		c.GetDeadline().GetKind() != tenfoldv1.DeadlineKind_DEADLINE_KIND_APPEAL_OVERDUE || !f.queued(tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPEAL, c) {
		t.Fatalf("appealed as %v", c)
	}
	if waiting := f.claim(c.GetName()).GetAppeals(); len(waiting) != 1 || waiting[0].GetEndedAt() != nil {
		t.Fatalf("appeals %v", waiting)
	}
	c = f.dismiss(c)
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_AWAITING_APPROVAL || !f.queued(tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPROVAL, c) ||
		f.queued(tenfoldv1.ClaimQueue_CLAIM_QUEUE_APPEAL, c) {
		t.Fatalf("dismissed as %v", c)
	}
	for i, person := range []string{"approver-1", "approver-2"} {
		r, err := f.claims.ApproveClaim(f.asPerson("approver", person), f.approving(c))
		if err != nil {
			t.Fatal(err)
		}
		c = r.GetClaim()
		if paying := c.GetState() == tenfoldv1.ClaimState_CLAIM_STATE_PAYING; paying != (i == 1) {
			t.Fatalf("after %d approvals: %v", i+1, c.GetState())
		}
		if i == 0 {
			if got := refusal(f.approveErr(person, c)); got.reason != "SAME_PERSON" {
				t.Errorf("the same person again: %+v", got)
			}
		}
	}
	f.runDueWork()
	c = f.claim(c.GetName())
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID || len(c.GetApprovals()) != 2 || !c.GetApprovals()[0].GetCounts() ||
		c.GetApprovals()[0].GetPerson() != "approver-1" || c.GetApprovals()[1].GetAmount().GetMinorUnits() != 220_000 {
		t.Errorf("paid as %v", c)
	}
	if a := c.GetAppeals()[0]; a.GetEndedBy() != tenfoldv1.ClaimTrigger_CLAIM_TRIGGER_APPROVAL_REQUIRED || a.GetEndedAt() == nil ||
		!slices.Equal(a.GetEvidence(), []string{"invoice-17", "photo-3"}) {
		t.Errorf("the appeal reads %v", a)
	}
	listed, err := f.claims.ListApprovals(f.as("auditor"), &tenfoldv1.ListApprovalsRequest{Parent: c.GetName(), PageSize: 1})
	if err != nil || len(listed.GetApprovals()) != 1 || listed.GetNextPageToken() == "" {
		t.Fatalf("%v, %v", listed, err)
	}
	rest, err := f.claims.ListApprovals(f.as("auditor"), &tenfoldv1.ListApprovalsRequest{Parent: c.GetName(), PageSize: 1, PageToken: listed.GetNextPageToken()})
	if err != nil || len(rest.GetApprovals()) != 1 || rest.GetApprovals()[0].GetPerson() != "approver-2" || rest.GetNextPageToken() != "" {
		t.Errorf("%v, %v", rest, err)
	}
	appeals, err := f.claims.ListAppeals(f.as("merchant"), &tenfoldv1.ListAppealsRequest{Parent: c.GetName()})
	if err != nil || len(appeals.GetAppeals()) != 1 {
		t.Errorf("%v, %v", appeals, err)
	}
	f.audited()
}

// Would catch an amount that one approver refused and that is debited, and an
// overdue approval or appeal that nobody is told of.
func TestRefusedAndOverdueApprovals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.approved(100_000)
	f.open("m1", 900_000)
	c := f.accept(f.confirm(f.notified("m1", "l1")))
	appealed := f.appeal(f.confirm(f.notified("m1", "l2")))
	f.advance(60 * 24 * time.Hour)
	f.runDueWork()
	for _, waiting := range []*tenfoldv1.Claim{c, appealed} {
		if !f.queued(tenfoldv1.ClaimQueue_CLAIM_QUEUE_OVERDUE, waiting) {
			t.Errorf("%v is not among the overdue", f.claim(waiting.GetName()).GetState())
		}
	}
	r := f.approving(f.claim(c.GetName()))
	r.Refuse, r.Note = true, ""
	if _, err := f.claims.ApproveClaim(f.asPerson("approver", "approver-1"), r); refusal(err).reason != "REQUEST_INVALID" {
		t.Errorf("a refusal that does not say why: %v", err)
	}
	r.Note = "the price is of another product"
	refused, err := f.claims.ApproveClaim(f.asPerson("approver", "approver-1"), r)
	if err != nil || refused.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW {
		t.Fatalf("refused as %v, %v", refused, err)
	}
	f.audited()
}

// Would catch a consumer who loses what was paid in good faith, a merchant who is
// not restored, a second payment when a court upholds again, and a history that
// does not tell who decided why, or tells it to the merchant.
func TestRevisedVerdicts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	revising := f.revising(c, tenfoldv1.RevisionGround_REVISION_GROUND_LATE_APPEAL, tenfoldv1.Verdict_VERDICT_GENUINE)
	for i := range 2 {
		r, err := f.claims.ReviseVerdict(f.asPerson("adjudicator", "panel-1"), revising)
		if err != nil || r.GetReplayed() != (i == 1) {
			t.Fatalf("%v, %v", r, err)
		}
		c = r.GetClaim()
	}
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_REJECTED || c.GetFunding().GetLost().GetMinorUnits() != 220_000 || c.GetFunding().GetBorne().GetMinorUnits() != 0 {
		t.Fatalf("after the late appeal: %v", c)
	}
	r, err := f.claims.ReviseVerdict(f.asPerson("adjudicator", "court-desk"), f.revising(c, tenfoldv1.RevisionGround_REVISION_GROUND_COURT_DECISION, tenfoldv1.Verdict_VERDICT_COUNTERFEIT))
	if err != nil || r.GetClaim().GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED {
		t.Fatalf("after the court's decision: %v, %v", r, err)
	}
	f.accept(f.confirm(r.GetClaim()))
	f.runDueWork()
	c = f.claim(c.GetName())
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID || len(c.GetPayouts()) != 2 || c.GetFunding().GetBorne().GetMinorUnits() != 220_000 || len(c.GetRevisions()) != 3 {
		t.Fatalf("in the end: %v", c)
	}
	if v := c.GetRevisions()[1]; v.GetAuthor() != "panel-1" || v.GetCause() != "LATE_APPEAL" || v.GetNote() != "heard again" ||
		v.GetVerdict() != tenfoldv1.Verdict_VERDICT_GENUINE || v.GetAward().GetRefund().GetMinorUnits() != 0 {
		t.Errorf("the second revision reads %v", v)
	}
	list, err := f.claims.ListRevisions(f.as("merchant"), &tenfoldv1.ListRevisionsRequest{Parent: c.GetName(), PageSize: 2})
	if err != nil || len(list.GetRevisions()) != 2 || list.GetNextPageToken() == "" || list.GetRevisions()[1].GetAuthor() != "" {
		t.Errorf("%v, %v", list, err)
	}
	f.audited()
}

// Would catch a notice that lapses while a test is under way, one that the test
// shortens, and a hold that does not last for as long as it was extended.
func TestClockAndHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.confirm(f.notified("m1", "l1"))
	ends := c.GetDeadline().GetPassesAt().AsTime()
	stopped, err := f.claims.StopClock(f.as("adjudicator"), &tenfoldv1.StopClockRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Note: "second test"})
	if err != nil || stopped.GetClaim().GetClockStoppedAt() == nil {
		t.Fatalf("%v, %v", stopped, err)
	}
	f.advance(20 * 24 * time.Hour)
	f.runDueWork()
	c = f.claim(c.GetName())
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED {
		t.Fatalf("while the clock stands still the claim became %v", c.GetState())
	}
	resumed, err := f.claims.ResumeClock(f.as("operator"), &tenfoldv1.ResumeClockRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag()})
	if err != nil || resumed.GetClaim().GetClockStoppedAt() != nil {
		t.Fatalf("%v, %v", resumed, err)
	}
	c = resumed.GetClaim()
	if got := c.GetDeadline().GetPassesAt().AsTime(); got.Before(ends.Add(20*24*time.Hour - time.Second)) {
		t.Errorf("the notice ends at %s, and ended at %s before the test", got, ends)
	}
	until := timestamppb.New(c.GetHoldExpiresAt().AsTime().Add(24 * time.Hour))
	extending := &tenfoldv1.ExtendHoldRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), ExpiresAt: until, Note: "the test took its time"}
	extended, err := f.claims.ExtendHold(f.as("operator"), extending)
	if err != nil || !extended.GetClaim().GetHoldExpiresAt().AsTime().Equal(until.AsTime()) {
		t.Fatalf("%v, %v", extended, err)
	}
	extending.RequestId, extending.Etag = f.id(), extended.GetClaim().GetEtag()
	if _, err := f.claims.ExtendHold(f.as("operator"), extending); refusal(err).field != "expires_at" {
		t.Errorf("extended to where it ends: %v", err)
	}
	f.audited()
}

// Would catch a verdict that stands although its ground was taken back, and an
// authenticator that takes back what is another's.
func TestRetractedResult(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.notified("m1", "l1")
	name := c.GetResults()[0].GetName()
	other := caller.Identity{Workload: "test", Role: "authenticator", Scope: "authenticators/sandbox-brand"}.Attach(t.Context())
	request := &tenfoldv1.RetractResultRequest{Name: name, RequestId: f.id(), Note: "the samples were mixed up"}
	if _, err := f.results.RetractResult(other, request); refusal(err).reason != "RESULT_NOT_FOUND" {
		t.Errorf("another's result: %v", err)
	}
	for i := range 2 {
		r, err := f.results.RetractResult(f.as("authenticator"), request)
		if err != nil || r.GetReplayed() != (i == 1) || !r.GetResult().GetRetracted() || r.GetClaim().GetFunding() != nil {
			t.Fatalf("%v, %v", r, err)
		}
	}
	c = f.claim(c.GetName())
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW || !c.GetResults()[0].GetRetracted() || c.GetFunding().GetHeld().GetMinorUnits() != 220_000 {
		t.Errorf("after it the claim is %v", c)
	}
	f.audited()
}

// Would catch a price that is given back twice: by the shop and by the claim.
func TestReportedOrderRefund(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.confirm(f.notified("m1", "l1"))
	report := &tenfoldv1.ReportOrderRefundRequest{
		Name: c.GetOrderLineName(), RequestId: f.id(),
		Refund: &tenfoldv1.LineRefund{RefundId: "refund-1", Amount: fen(15_000), RefundedAt: timestamppb.New(start)},
	}
	for i := range 2 {
		r, err := f.claims.ReportOrderRefund(f.as("order-service"), report)
		if err != nil || r.GetReplayed() != (i == 1) || len(r.GetOrderLine().GetRefunds()) != 1 {
			t.Fatalf("%v, %v", r, err)
		}
		line, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: c.GetOrderLineName()})
		if err != nil || !proto.Equal(line.GetOrderLine(), r.GetOrderLine()) {
			t.Errorf("answered with %v; read %v, %v", r.GetOrderLine(), line, err)
		}
	}
	report.RequestId, report.Refund.Amount = f.id(), fen(14_999)
	if _, err := f.claims.ReportOrderRefund(f.as("order-service"), report); refusal(err).reason != "REFERENCE_ALREADY_USED" {
		t.Errorf("the same refund of another amount: %v", err)
	}
	report.Name = "merchants/m2/orderLines/l1"
	if _, err := f.claims.ReportOrderRefund(f.as("order-service"), report); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("a refund of nobody: %v", err)
	}
	f.accept(f.claim(c.GetName()))
	f.runDueWork()
	if c = f.claim(c.GetName()); c.GetFunding().GetPaidRefund().GetMinorUnits() != 5_000 || c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID {
		t.Errorf("paid as %v", c)
	}
	f.audited()
}

// Would catch a refund of a line that no claim has shown, and that is refused, answered
// differently when it is sent again, or not set off by the first claim.
func TestReportedRefundOfAnUnseenLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	const name = "merchants/m1/orderLines/l1"
	refund := &tenfoldv1.LineRefund{RefundId: "refund-1", Amount: fen(15_000), RefundedAt: timestamppb.New(start)}
	report := &tenfoldv1.ReportOrderRefundRequest{Name: name, RequestId: f.id(), Refund: refund}
	want := &tenfoldv1.OrderLine{Name: name, Refunds: []*tenfoldv1.LineRefund{refund}}
	for i := range 2 {
		r, err := f.claims.ReportOrderRefund(f.as("order-service"), report)
		if err != nil || r.GetReplayed() != (i == 1) || !r.GetLineUnseen() || !proto.Equal(r.GetOrderLine(), want) {
			t.Errorf("%v, %v", r, err)
		}
	}
	if _, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: name}); refusal(err).reason != "ORDER_LINE_NOT_FOUND" {
		t.Errorf("the line is read with %v", err)
	}
	c := f.confirm(f.notified("m1", "l1"))
	r, err := f.claims.ReportOrderRefund(f.as("order-service"), report)
	if err != nil || r.GetLineUnseen() || r.GetOrderLine().GetQuantity() == 0 || len(r.GetOrderLine().GetRefunds()) != 1 {
		t.Errorf("once the line is seen: %v, %v", r, err)
	}
	f.accept(c)
	f.runDueWork()
	if c = f.claim(c.GetName()); c.GetFunding().GetPaidRefund().GetMinorUnits() != 5_000 || c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID {
		t.Errorf("paid as %v", c)
	}
	f.audited()
}

// Would catch a refund in another currency that is taken as the book's, told with a
// claim or alone, also where the line is only named; and a field that is not named.
func TestRefundsAreInTheBooksCurrency(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	first, named, sent := f.filing("m1", "l0"), f.filing("m1", "l0"), f.filing("m1", "l1")
	first.Units, named.Units = []int32{1}, []int32{2}
	if err := f.fileErr(first); err != nil {
		t.Fatal(err)
	}
	before := f.eventNumber("m1")
	named.Line = &tenfoldv1.FileClaimRequest_OrderLineName{OrderLineName: "merchants/m1/orderLines/l0"}
	yen := &tenfoldv1.LineRefund{
		RefundId: "r1", Amount: &tenfoldv1.Money{CurrencyCode: "JPY", MinorUnits: 10_000}, RefundedAt: timestamppb.New(start.AddDate(0, 0, -10)),
	}
	for _, r := range []*tenfoldv1.FileClaimRequest{named, sent} {
		r.Refunds = []*tenfoldv1.LineRefund{yen}
		if got := refusal(f.fileErr(r)); got.reason != "CURRENCY_MISMATCH" || got.field != "refunds[0].amount.currency_code" {
			t.Errorf("%v: %s at %s", r.GetLine(), got.reason, got.field)
		}
	}
	batch, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{named, sent}})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range batch.GetItems() {
		if s := item.GetStatus(); s.GetReason() != tenfoldv1.Reason_REASON_CURRENCY_MISMATCH || s.GetField() != "refunds[0].amount.currency_code" {
			t.Errorf("in a batch: %v", item)
		}
	}
	_, err = f.claims.ReportOrderRefund(f.as("order-service"), &tenfoldv1.ReportOrderRefundRequest{
		Name: "merchants/m1/orderLines/l0", RequestId: f.id(), Refund: yen,
	})
	if got := refusal(err); got.reason != "CURRENCY_MISMATCH" || got.field != "refund.amount.currency_code" {
		t.Errorf("alone: %v", err)
	}
	if after := f.eventNumber("m1"); after != before {
		t.Errorf("refusals left %d events", after-before)
	}
	f.audited()
}

// Would catch a compensation that is paid in another form than was asked for, or a
// refund that is paid as a coupon.
func TestPayoutForm(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	r := f.filing("m1", "l1")
	r.PayoutForm, r.SamplingCase = tenfoldv1.PayoutForm_PAYOUT_FORM_WALLET, "case-7"
	filed, err := f.claims.FileClaim(f.as("order-service"), r)
	if err != nil || filed.GetClaim().GetPayoutForm() != tenfoldv1.PayoutForm_PAYOUT_FORM_WALLET || filed.GetClaim().GetSamplingCase() != "case-7" {
		t.Fatalf("%v, %v", filed, err)
	}
	f.runDueWork()
	f.accept(f.confirm(f.claim(filed.GetClaim().GetName())))
	f.runDueWork()
	for _, p := range f.claim(filed.GetClaim().GetName()).GetPayouts() {
		refund := p.GetPart() == tenfoldv1.PayoutPart_PAYOUT_PART_REFUND
		want := tenfoldv1.PayoutForm_PAYOUT_FORM_WALLET
		if refund {
			want = tenfoldv1.PayoutForm_PAYOUT_FORM_CASH
		}
		if p.GetForm() != want || p.GetRidesPayment() != refund || p.GetState() != tenfoldv1.PayoutState_PAYOUT_STATE_SUCCEEDED {
			t.Errorf("payout %v", p)
		}
	}
	f.audited()
}
