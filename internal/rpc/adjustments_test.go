package rpc_test

import (
	"fmt"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	clearing = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_SETTLEMENT_CLEARING
	deposit  = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_DEPOSIT
	suspense = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_SUSPENSE
)

// takingIn is a proposal to take money in that matches nothing.
func (f *fixture) takingIn(minor int64, reference string) *tenfoldv1.ProposeDecisionRequest {
	r := f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_SUSPENSE_IN, minor)
	r.FromAccount, r.PaymentReference = clearing, reference
	return r
}

// agreed has two people carry a proposal out.
func (f *fixture) agreed(r *tenfoldv1.ProposeDecisionRequest) *tenfoldv1.Proposal {
	f.t.Helper()
	p := f.propose(r)
	for _, person := range []string{"approver-1", "approver-2"} {
		if err := f.approveProposalErr(person, p.GetName()); err != nil {
			f.t.Fatal(err)
		}
	}
	got, err := f.money.GetProposal(f.as("finance"), &tenfoldv1.GetProposalRequest{Name: p.GetName()})
	if err != nil || got.GetProposal().GetState() != tenfoldv1.ProposalState_PROPOSAL_STATE_CARRIED_OUT {
		f.t.Fatalf("agreed to: %v, %v", got, err)
	}
	return got.GetProposal()
}

// Would catch money without an owner that is booked twice under one number of the bank, in two
// books or as another thing, a refused proposal that keeps its number, an adjustment that the
// statement does not show, and a correction that the merchant does not see or sees with the
// bank's number.
func TestAdjustmentsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	// Two books have a proposal under one number: the first that is carried out has it.
	other := f.takingIn(70, "bank-1")
	other.Parent = "merchants/m2"
	late := f.propose(other)
	in := f.agreed(f.takingIn(500, "bank-1"))
	if in.GetPaymentReference() != "bank-1" || in.GetFromAccount() != clearing || in.GetTransfer() == "" {
		t.Errorf("taken in: %v", in)
	}
	if err := f.approveProposalErr("approver-1", late.GetName()); refusal(err).reason != "REFERENCE_ALREADY_USED" {
		t.Errorf("the same number in another book: %v", err)
	}
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 70, "bank-1")); refusal(err).reason != "REFERENCE_ALREADY_USED" {
		t.Errorf("the same number of a top-up: %v", err)
	}
	// A refusal frees nothing that it did not hold, and holds nothing.
	p := f.propose(f.takingIn(30, "bank-2"))
	if err := f.refuseProposalErr("operator-1", p.GetName()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 10_000, "bank-2")); err != nil {
		t.Errorf("under the number of a refused proposal: %v", err)
	}
	// The first approval holds nothing either, whether the proposal is refused afterwards or another book is first.
	for number, refused := range map[string]bool{"bank-3": true, "bank-4": false} {
		p := f.propose(f.takingIn(30, number))
		if err := f.approveProposalErr("approver-1", p.GetName()); err != nil {
			t.Fatal(err)
		}
		if refused {
			if err := f.refuseProposalErr("operator-1", p.GetName()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 10_000, number)); err != nil {
			t.Errorf("under the number of a proposal with one approval: %v", err)
		}
		if err := f.approveProposalErr("approver-2", p.GetName()); refused == (refusal(err).reason == "REFERENCE_ALREADY_USED") {
			t.Errorf("the second approval, refused before %v: %v", refused, err)
		}
	}
	// The same movement of the same book under it ends the proposal; one of another kind does not.
	for kind, want := range map[tenfoldv1.ProposalKind]tenfoldv1.ProposalState{
		tenfoldv1.ProposalKind_PROPOSAL_KIND_TOP_UP:    tenfoldv1.ProposalState_PROPOSAL_STATE_VOID,
		tenfoldv1.ProposalKind_PROPOSAL_KIND_HAND_OVER: tenfoldv1.ProposalState_PROPOSAL_STATE_OPEN,
	} {
		r := f.proposing(kind, 30)
		r.PaymentReference = "bank-" + kind.String()
		p := f.propose(r)
		if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 30, r.GetPaymentReference())); err != nil {
			t.Fatal(err)
		}
		if err := f.approveProposalErr("approver-1", p.GetName()); refusal(err).reason != "REFERENCE_ALREADY_USED" {
			t.Errorf("%s under a reference that is used: %v", kind, err)
		}
		got, err := f.money.GetProposal(f.as("finance"), &tenfoldv1.GetProposalRequest{Name: p.GetName()})
		if err != nil || got.GetProposal().GetState() != want {
			t.Errorf("%s is %s, %v", kind, got.GetProposal().GetState(), err)
		}
	}
	out := f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_SUSPENSE_OUT, 500)
	out.ToAccount = deposit
	f.agreed(out)
	right := f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_CORRECT_TOP_UP, 1_000)
	right.PaymentReference = "bank-2"
	corrected := f.agreed(right)
	if corrected.GetBookedAmount().GetMinorUnits() != 10_000 || corrected.GetAmount().GetMinorUnits() != 1_000 {
		t.Errorf("corrected: %v", corrected)
	}
	seen, err := f.money.GetProposal(f.as("merchant"), &tenfoldv1.GetProposalRequest{Name: corrected.GetName()})
	if err != nil || seen.GetProposal().GetPaymentReference() != "" || seen.GetProposal().GetBookedAmount() != nil || len(seen.GetProposal().GetVotes()) > 0 {
		t.Errorf("the merchant sees %v, %v", seen, err)
	}
	list, err := f.books.ListTransfers(f.as("finance"), &tenfoldv1.ListTransfersRequest{Parent: "merchants/m1", Filter: "account = SUSPENSE"})
	if err != nil || len(list.GetTransfers()) != 2 || list.GetTransfers()[0].GetCredit() != suspense || list.GetTransfers()[0].GetExternalReference() != "bank-1" {
		t.Errorf("transfers of suspense: %v, %v", list, err)
	}
	lowered, err := f.books.ListTransfers(f.as("finance"), &tenfoldv1.ListTransfersRequest{Parent: "merchants/m1", Filter: "kind = DEPOSIT_TOP_UP_LOWERED"})
	if err != nil || len(lowered.GetTransfers()) != 1 || lowered.GetTransfers()[0].GetAmount().GetMinorUnits() != 9_000 || lowered.GetTransfers()[0].GetReverses() == "" {
		t.Errorf("transfers of the correction: %v, %v", lowered, err)
	}
	f.audited()
}

// Would catch two approvals at one time of which the second carries a proposal out under a reference
// that nobody reserved, or neither does.
func TestApprovalsAtOneTimeReserveTheReference(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const rounds = 8
	for round := range rounds {
		number := fmt.Sprintf("bank-%d", round)
		p := f.propose(f.takingIn(10, number))
		var approvals sync.WaitGroup
		for _, person := range []string{"approver-1", "approver-2"} {
			approvals.Go(func() {
				err := f.approveProposalErr(person, p.GetName())
				for refusal(err).reason == "TRANSACTION_CONTENDED" {
					err = f.approveProposalErr(person, p.GetName())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		approvals.Wait()
		got, err := f.money.GetProposal(f.as("finance"), &tenfoldv1.GetProposalRequest{Name: p.GetName()})
		if err != nil || got.GetProposal().GetState() != tenfoldv1.ProposalState_PROPOSAL_STATE_CARRIED_OUT {
			t.Fatalf("agreed to: %v, %v", got, err)
		}
		held, found, err := f.db.Reserved(t.Context(), book.PaymentReference, number)
		if err != nil || !found || held.MerchantID != "m1" {
			t.Errorf("the reference %s is held by %+v, %v", number, held, err)
		}
	}
	f.audited()
}

// Would catch an adjustment whose parts contradict each other, one between accounts that follow
// from claims, and one that makes half of itself.
func TestAdjustmentsAreWhole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000)
	kind := func(k tenfoldv1.ProposalKind) func(*tenfoldv1.ProposeDecisionRequest) {
		return func(r *tenfoldv1.ProposeDecisionRequest) { r.Kind = k }
	}
	before, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*tenfoldv1.ProposeDecisionRequest){
		"no account":          func(r *tenfoldv1.ProposeDecisionRequest) { r.FromAccount = 0 },
		"an account too many": func(r *tenfoldv1.ProposeDecisionRequest) { r.ToAccount = deposit },
		"an account of claims": func(r *tenfoldv1.ProposeDecisionRequest) {
			r.FromAccount = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_CLAIM_PAYABLE
		},
		"an account that there is not": func(r *tenfoldv1.ProposeDecisionRequest) { r.FromAccount = 99 },
		"no reference":                 func(r *tenfoldv1.ProposeDecisionRequest) { r.PaymentReference = "" },
		"accounts of a top-up":         kind(tenfoldv1.ProposalKind_PROPOSAL_KIND_TOP_UP),
		"a reference of a waiver":      kind(tenfoldv1.ProposalKind_PROPOSAL_KIND_WRITE_OFF_WAIVER),
		"a debt beside it":             func(r *tenfoldv1.ProposeDecisionRequest) { r.DebtKind = tenfoldv1.DebtKind_DEBT_KIND_TOP_UP },
		"nothing":                      func(r *tenfoldv1.ProposeDecisionRequest) { r.Amount.MinorUnits = 0 },
		"no amount":                    func(r *tenfoldv1.ProposeDecisionRequest) { r.Amount = nil },
		"no reason":                    func(r *tenfoldv1.ProposeDecisionRequest) { r.Note = "" },
		"a reclassification to itself": func(r *tenfoldv1.ProposeDecisionRequest) { *reclassified(r) = deposit },
		"a reclassification to a debt": func(r *tenfoldv1.ProposeDecisionRequest) {
			*reclassified(r) = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_RECEIVABLE
		},
		"a reclassification of a past": func(r *tenfoldv1.ProposeDecisionRequest) {
			*reclassified(r) = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_SHOP_FUNDS
			r.EffectiveAt = timestamppb.New(start)
		},
		"a time of an inward transfer": func(r *tenfoldv1.ProposeDecisionRequest) {
			r.Kind, r.FromAccount, r.ToAccount, r.PaymentReference = tenfoldv1.ProposalKind_PROPOSAL_KIND_SUSPENSE_OUT, 0, deposit, ""
			r.EffectiveAt = timestamppb.New(start)
		},
		"a reference of what stays in": func(r *tenfoldv1.ProposeDecisionRequest) {
			r.Kind, r.FromAccount, r.ToAccount = tenfoldv1.ProposalKind_PROPOSAL_KIND_SUSPENSE_OUT, 0, deposit
		},
	} {
		r := f.takingIn(1, "bank-1")
		change(r)
		if err := f.proposeErr(r); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	after, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
	if err != nil || after.GetBook().GetVersion() != before.GetBook().GetVersion() {
		t.Errorf("refusals changed the book: %v, %v", after, err)
	}
}

// reclassified makes the proposal a reclassification of deposit, and gives where it goes.
func reclassified(r *tenfoldv1.ProposeDecisionRequest) *tenfoldv1.AccountPurpose {
	r.Kind, r.FromAccount, r.PaymentReference = tenfoldv1.ProposalKind_PROPOSAL_KIND_RECLASSIFY, deposit, ""
	return &r.ToAccount
}
