package rpc_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// proposing is a proposal on m1.
func (f *fixture) proposing(kind tenfoldv1.ProposalKind, minor int64) *tenfoldv1.ProposeDecisionRequest {
	return &tenfoldv1.ProposeDecisionRequest{
		Parent: "merchants/m1", RequestId: f.id(), Kind: kind, Amount: fen(minor), Note: "as found",
	}
}

func (f *fixture) forfeiting(minor int64) *tenfoldv1.ProposeDecisionRequest {
	return f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_DEPOSIT_FORFEITURE, minor)
}

// writingOff is a proposal to give up an advance.
func (f *fixture) writingOff(c *tenfoldv1.Claim, minor int64) *tenfoldv1.ProposeDecisionRequest {
	r := f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_WRITE_OFF, minor)
	r.DebtKind, r.Claim = tenfoldv1.DebtKind_DEBT_KIND_ADVANCE, c.GetName()
	return r
}

func (f *fixture) proposeErr(r *tenfoldv1.ProposeDecisionRequest) error {
	_, err := f.money.ProposeDecision(f.asPerson("finance", "finance-1"), r)
	return err
}

func (f *fixture) propose(r *tenfoldv1.ProposeDecisionRequest) *tenfoldv1.Proposal {
	f.t.Helper()
	got, err := f.money.ProposeDecision(f.asPerson("finance", "finance-1"), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return got.GetProposal()
}

func (f *fixture) approveProposalErr(person, name string) error {
	_, err := f.money.ApproveProposal(f.asPerson("approver", person), &tenfoldv1.ApproveProposalRequest{Name: name, RequestId: f.id()})
	return err
}

func (f *fixture) refuseProposalErr(person, name string) error {
	_, err := f.money.RefuseProposal(f.asPerson("operator", person), &tenfoldv1.RefuseProposalRequest{Name: name, RequestId: f.id(), Note: "no"})
	return err
}

// settled makes a claim of 220,000 that is paid.
func (f *fixture) settled(lineID string) *tenfoldv1.Claim {
	f.t.Helper()
	return f.paid(f.accept(f.confirm(f.notified("m1", lineID))))
}

// advanced makes a paid claim of 220,000 of which the platform advanced 30,000.
func (f *fixture) advanced() *tenfoldv1.Claim {
	f.t.Helper()
	if err := f.withdrawErr(310_000); err != nil {
		f.t.Fatal(err)
	}
	return f.settled("l1")
}

func (f *fixture) repaying(c *tenfoldv1.Claim, minor int64, reference string) *tenfoldv1.RecordConsumerRepaymentRequest {
	return &tenfoldv1.RecordConsumerRepaymentRequest{Name: c.GetName(), RequestId: f.id(), Amount: fen(minor), PaymentReference: reference}
}

func (f *fixture) proposals(state tenfoldv1.ProposalState) []string {
	f.t.Helper()
	var names []string
	r := &tenfoldv1.ListProposalsRequest{Parent: "merchants/m1", State: state, PageSize: 1}
	for {
		page, err := f.money.ListProposals(f.as("auditor"), r)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, p := range page.GetProposals() {
			names = append(names, p.GetName())
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return names
		}
	}
}

// Would catch a proposal that callers cannot find or follow, one that tells another
// story when it is sent again, and a write-off whose claim does not show it.
func TestProposalsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.advanced()
	request := f.writingOff(c, 20_000)
	p := f.propose(request)
	again, err := f.money.ProposeDecision(f.asPerson("finance", "finance-1"), request)
	if err != nil || !again.GetReplayed() || again.GetProposal().GetName() != p.GetName() {
		t.Fatalf("sent again: %v, %v", again, err)
	}
	open := f.propose(f.writingOff(c, 10_000))
	var approved *tenfoldv1.ApproveProposalResponse
	for _, person := range []string{"approver-1", "approver-2"} {
		r := &tenfoldv1.ApproveProposalRequest{Name: p.GetName(), RequestId: "by-" + person, Note: "agreed"}
		for range 2 {
			if approved, err = f.money.ApproveProposal(f.asPerson("approver", person), r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if p = approved.GetProposal(); !approved.GetReplayed() || len(approved.GetTransfers()) != 1 || len(p.GetVotes()) != 2 ||
		p.GetState() != tenfoldv1.ProposalState_PROPOSAL_STATE_CARRIED_OUT || p.GetTransfer() != approved.GetTransfers()[0].GetName() {
		t.Fatalf("carried out as %v", approved)
	}
	if got := f.claim(c.GetName()).GetFunding().GetWrittenOff().GetMinorUnits(); got != 20_000 {
		t.Errorf("the claim shows %d written off", got)
	}
	for state, want := range map[tenfoldv1.ProposalState][]string{
		tenfoldv1.ProposalState_PROPOSAL_STATE_UNSPECIFIED: {open.GetName(), p.GetName()},
		tenfoldv1.ProposalState_PROPOSAL_STATE_OPEN:        {open.GetName()},
		tenfoldv1.ProposalState_PROPOSAL_STATE_VOID:        nil,
	} {
		if got := f.proposals(state); !slices.Equal(got, want) {
			t.Errorf("listed as %s: %v, want %v", state, got, want)
		}
	}
	read, err := f.money.GetProposal(f.as("approver"), &tenfoldv1.GetProposalRequest{Name: p.GetName()})
	if err != nil || !proto.Equal(read.GetProposal(), p) {
		t.Errorf("read as %v, %v", read, err)
	}
}

// Would catch approvers who have no list of what waits for them, a list that leaves a proposal
// out between two pages, or one that shows other books to a merchant.
func TestApproversHaveAnInbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want []string
	for _, merchant := range []string{"m1", "m2", "m3"} {
		f.open(merchant, 500_000)
	}
	for _, merchant := range []string{"m2", "m1", "m3", "m1"} {
		r := f.forfeiting(1_000)
		r.Parent = "merchants/" + merchant
		p := f.propose(r)
		if merchant == "m3" {
			if err := f.refuseProposalErr("operator-1", p.GetName()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want = append([]string{p.GetName()}, want...)
	}
	var got []string
	r := &tenfoldv1.ListProposalsRequest{Parent: "merchants/-", State: tenfoldv1.ProposalState_PROPOSAL_STATE_OPEN, PageSize: 1}
	for {
		page, err := f.money.ListProposals(f.as("approver"), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.GetProposals() {
			if got = append(got, p.GetName()); p.GetAmount().GetCurrencyCode() != "CNY" {
				t.Errorf("%s is about %v", p.GetName(), p.GetAmount())
			}
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			break
		}
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("open: %v, want %v", got, want)
	}
	all, err := f.money.ListProposals(f.as("finance"), &tenfoldv1.ListProposalsRequest{Parent: "merchants/-"})
	if err != nil || len(all.GetProposals()) != 4 {
		t.Errorf("all: %v, %v", all, err)
	}
	if _, err := f.money.ListProposals(f.as("merchant"), &tenfoldv1.ListProposalsRequest{Parent: "merchants/-"}); refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("a merchant reads all: %v", err)
	}
}

// Would catch a merchant that learns of a penalty by the transfer alone, or that is told who
// asks for it, or that a debt will be given up.
func TestMerchantsSeeProposalsAboutTheirMoney(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 500_000)
	c := f.advanced()
	writeOff := f.propose(f.writingOff(c, 10_000))
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 100_000, "pay-2")); err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	penalty := f.propose(f.forfeiting(5_000))
	if err := f.approveProposalErr("approver-1", penalty.GetName()); err != nil {
		t.Fatal(err)
	}
	m1 := f.as("merchant")
	list, err := f.money.ListProposals(m1, &tenfoldv1.ListProposalsRequest{Parent: "merchants/m1"})
	if err != nil || len(list.GetProposals()) != 1 {
		t.Fatalf("listed %v, %v", list, err)
	}
	p := list.GetProposals()[0]
	if p.GetName() != penalty.GetName() || p.GetKind() != penalty.GetKind() || p.GetAmount().GetMinorUnits() != 5_000 ||
		p.GetState() != tenfoldv1.ProposalState_PROPOSAL_STATE_OPEN || p.GetProposedAt() == nil {
		t.Errorf("the merchant sees %v", p)
	}
	if p.GetProposedBy() != "" || p.GetNote() != "" || len(p.GetVotes()) != 0 {
		t.Errorf("the merchant is told who: %v", p)
	}
	if got, err := f.money.GetProposal(m1, &tenfoldv1.GetProposalRequest{Name: penalty.GetName()}); err != nil || !proto.Equal(got.GetProposal(), p) {
		t.Errorf("read as %v, %v", got, err)
	}
	other := f.forfeiting(1_000)
	other.Parent = "merchants/m2"
	for _, of := range []string{writeOff.GetName(), f.propose(other).GetName()} {
		if got, err := f.money.GetProposal(m1, &tenfoldv1.GetProposalRequest{Name: of}); refusal(err).reason != "PROPOSAL_NOT_FOUND" {
			t.Errorf("the merchant reads %s: %v, %v", of, got, err)
		}
	}
}

// Would catch a proposal whose parts contradict each other and that is read as
// something else than was meant.
func TestProposalsAreWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file("m1", "l1")
	for name, change := range map[string]func(*tenfoldv1.ProposeDecisionRequest){
		"a debt without its claim":     func(r *tenfoldv1.ProposeDecisionRequest) { r.Claim = "" },
		"a claim without its debt":     func(r *tenfoldv1.ProposeDecisionRequest) { r.DebtKind = 0 },
		"a debt of a penalty":          func(r *tenfoldv1.ProposeDecisionRequest) { r.Kind = tenfoldv1.ProposalKind_PROPOSAL_KIND_PENALTY },
		"a shortfall":                  func(r *tenfoldv1.ProposeDecisionRequest) { r.DebtKind = tenfoldv1.DebtKind_DEBT_KIND_SHORTFALL },
		"undoing with a write-off":     func(r *tenfoldv1.ProposeDecisionRequest) { r.Undoes = "merchants/m1/proposals/1" },
		"a reference beside the claim": func(r *tenfoldv1.ProposeDecisionRequest) { r.PaymentReference = "bank-1" },
		"no reason":                    func(r *tenfoldv1.ProposeDecisionRequest) { r.Note = "" },
		"another merchant's claim": func(r *tenfoldv1.ProposeDecisionRequest) {
			r.Claim = "merchants/m2/claims/" + c.GetClaimId()
		},
	} {
		r := f.writingOff(c, 1)
		change(r)
		if err := f.proposeErr(r); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Would catch a merchant who cannot leave, an exit that pays less than is left, a
// book that does not tell of it, and a used reference at a field that the request
// does not have.
func TestExitOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	begun, err := f.money.BeginExit(f.as("merchant"), &tenfoldv1.BeginExitRequest{Name: "merchants/m1", RequestId: f.id(), Note: "closing"})
	if err != nil || begun.GetBook().GetExitBegunAt() == nil {
		t.Fatalf("begun: %v, %v", begun, err)
	}
	f.advance(31 * 24 * time.Hour)
	f.open("m2", 0)
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 5, "wire-1")); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ deposit, shopFunds, field string }{
		{"wire-1", "", "deposit_reference"}, {"out-1", "wire-1", "shop_funds_reference"}, {"out-1", "out-1", "shop_funds_reference"},
	} {
		_, err := f.money.CompleteExit(f.as("finance"), &tenfoldv1.CompleteExitRequest{
			Name: "merchants/m1", RequestId: f.id(), DepositReference: row.deposit, ShopFundsReference: row.shopFunds,
		})
		if got := refusal(err); got.reason != "REFERENCE_ALREADY_USED" || got.field != row.field {
			t.Errorf("completed with %+v: %+v", row, got)
		}
	}
	done, err := f.money.CompleteExit(f.as("finance"), &tenfoldv1.CompleteExitRequest{Name: "merchants/m1", RequestId: f.id(), DepositReference: "out-1"})
	if err != nil || done.GetBook().GetExitedAt() == nil || len(done.GetTransfers()) != 1 || done.GetBook().GetDepositAvailable().GetMinorUnits() != 0 {
		t.Fatalf("completed: %v, %v", done, err)
	}
	f.audited()
}

// Would catch a repayment that does not reach the claim, and a cost of a test that
// is not shown with result and claim.
func TestRepaymentsAndFeesOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.settled("l1")
	revised, err := f.claims.ReviseVerdict(f.asPerson("adjudicator", "panel-1"),
		f.revising(c, tenfoldv1.RevisionGround_REVISION_GROUND_FRAUD, tenfoldv1.Verdict_VERDICT_GENUINE))
	if err != nil {
		t.Fatal(err)
	}
	request := f.repaying(revised.GetClaim(), 100_000, "back-1")
	for i := range 2 {
		r, err := f.money.RecordConsumerRepayment(f.as("finance"), request)
		if err != nil || r.GetReplayed() != (i > 0) || len(r.GetTransfers()) != 1 || r.GetClaim().GetFunding().GetRepaid().GetMinorUnits() != 100_000 {
			t.Fatalf("try %d: %v, %v", i, r, err)
		}
	}
	late := f.repaying(revised.GetClaim(), 1, "back-2")
	late.EffectiveAt = timestamppb.New(f.now().Add(time.Hour))
	if _, err := f.money.RecordConsumerRepayment(f.as("finance"), late); status.Code(err) != codes.InvalidArgument {
		t.Errorf("paid tomorrow: %v", err)
	}

	f.register("lab-9")
	c = f.file("m1", "l2")
	costly := &tenfoldv1.RecordResultRequest{
		Parent: "merchants/m1", RequestId: f.id(), Claim: c.GetName(), Authenticator: "authenticators/lab-9", ReportNumber: "R-9",
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, CustodyIntact: true,
		IssuedAt: timestamppb.New(start), Fee: fen(3_000),
	}
	if _, err := f.results.RecordResult(f.as("operator"), costly); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a fee that nobody paid: %v", err)
	}
	costly.FeePaidBy = tenfoldv1.FeePayer_FEE_PAYER_PLATFORM
	got, err := f.results.RecordResult(f.as("operator"), costly)
	if err != nil || got.GetResult().GetFee().GetMinorUnits() != 3_000 || got.GetResult().GetFeePaidBy() != costly.GetFeePaidBy() {
		t.Fatalf("recorded as %v, %v", got, err)
	}
	if fees := f.claim(c.GetName()).GetFees(); fees.GetPaidByPlatform().GetMinorUnits() != 3_000 {
		t.Errorf("the claim shows %v", fees)
	}
}

// couponed is the coupon that a claim of 220,000 was paid with.
func (f *fixture) couponed(lineID string) *tenfoldv1.Payout {
	f.t.Helper()
	filing := f.filing("m1", lineID)
	filing.PayoutForm = tenfoldv1.PayoutForm_PAYOUT_FORM_COUPON
	filed, err := f.claims.FileClaim(f.as("order-service"), filing)
	if err != nil {
		f.t.Fatal(err)
	}
	f.runDueWork()
	c := f.accept(f.confirm(f.claim(filed.GetClaim().GetName())))
	f.runDueWork()
	for _, p := range f.claim(c.GetName()).GetPayouts() {
		if p.GetCoupon() != nil {
			return p
		}
	}
	f.t.Fatal("no coupon was issued")
	return nil
}

func (f *fixture) spending(p *tenfoldv1.Payout, minor int64, reference string) *tenfoldv1.ReportCouponRedeemedRequest {
	return &tenfoldv1.ReportCouponRedeemedRequest{
		Parent: "merchants/-", RequestId: f.id(), OutNumber: p.GetOutNumber(), Amount: fen(minor), PurchaseReference: reference,
		OccurredAt: timestamppb.New(f.now()),
	}
}

// Would catch a coupon whose face, expiry or spending callers cannot see, and one
// that does not lapse.
func TestCouponsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	p := f.couponed("l1")
	if p.GetCoupon().GetFace().GetMinorUnits() != 200_000 || p.GetCoupon().GetExpiresAt() == nil {
		t.Fatalf("issued as %v", p)
	}
	request := f.spending(p, 150_000, "buy-1")
	for i := range 2 {
		r, err := f.money.ReportCouponRedeemed(f.as("operator"), request)
		if err != nil || r.GetReplayed() != (i > 0) || r.GetPayout().GetCoupon().GetRedeemed().GetMinorUnits() != 150_000 {
			t.Fatalf("try %d: %v, %v", i, r, err)
		}
	}
	f.advance(p.GetCoupon().GetExpiresAt().AsTime().Sub(f.now()) + time.Second)
	lapsed, err := f.money.ReportCouponLapsed(f.as("operator"), &tenfoldv1.ReportCouponLapsedRequest{
		Parent: "merchants/m1", RequestId: f.id(), OutNumber: p.GetOutNumber(), OccurredAt: timestamppb.New(f.now()),
	})
	if err != nil || lapsed.GetPayout().GetCoupon().GetState() != tenfoldv1.CouponState_COUPON_STATE_LAPSED {
		t.Fatalf("lapsed: %v, %v", lapsed, err)
	}
}

// Would catch evidence that is not shown with its claim, or shows a merchant who of
// the marketplace's people added it.
func TestEvidenceOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file("m1", "l1")
	add := func(role, person, reference string) {
		t.Helper()
		request := &tenfoldv1.AddEvidenceRequest{Name: c.GetName(), RequestId: f.id(), Kind: "INVOICE", Reference: reference, Note: "as sent"}
		for i := range 2 {
			r, err := f.claims.AddEvidence(f.asPerson(role, person), request)
			if err != nil || r.GetReplayed() != (i > 0) || r.GetEvidence().GetReference() != reference {
				t.Fatalf("try %d: %v, %v", i, r, err)
			}
		}
	}
	add("support", "helper-1", "files/1")
	_, err := f.claims.AddEvidence(f.as("merchant"), &tenfoldv1.AddEvidenceRequest{Name: c.GetName(), RequestId: f.id(), Kind: "PHOTO", Reference: "files/2"})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.claim(c.GetName()).GetEvidence(); len(got) != 2 || got[0].GetPerson() != "helper-1" || got[1].GetRole() != "merchant" {
		t.Errorf("support sees %v", got)
	}
	r, err := f.claims.GetClaim(f.as("merchant"), &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil || len(r.GetClaim().GetEvidence()) != 2 || r.GetClaim().GetEvidence()[0].GetPerson() != "" {
		t.Errorf("the merchant sees %v, %v", r.GetClaim().GetEvidence(), err)
	}
	if now := f.claim(c.GetName()); now.GetEtag() != c.GetEtag() {
		t.Errorf("the etag moved from %s to %s", c.GetEtag(), now.GetEtag())
	}
}
