package book_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// proposing is a proposal of an amount in the fixtures' currency.
func proposing(kind proposal.Kind, amount money.Amount) book.ProposeDecision {
	return book.ProposeDecision{Kind: kind, Amount: amount, Currency: "CNY", Note: "as found"}
}

// writingOff is a proposal to give up an advance.
func writingOff(c *claim.Claim, amount money.Amount) book.ProposeDecision {
	p := proposing(proposal.WriteOff, amount)
	p.DebtKind, p.DebtID = debt.Advance, c.ID
	return p
}

// undoing is a proposal to undo a decision.
func undoing(kind proposal.Kind, of int64, amount money.Amount) book.ProposeDecision {
	p := proposing(kind, amount)
	p.Undoes = of
	return p
}

func (f *fixture) propose(merchant string, p book.ProposeDecision) (*proposal.Proposal, error) {
	f.t.Helper()
	o, err := f.Do(f.by("finance-1", merchant, "ProposeDecision"), &p)
	return o.Proposal, err
}

func (f *fixture) approveProposal(person, merchant string, number int64) (*proposal.Proposal, error) {
	f.t.Helper()
	o, err := f.Do(f.by(person, merchant, "ApproveProposal"), &book.ApproveProposal{OnProposal: book.OnProposal{Number: number}, Note: "agreed"})
	return o.Proposal, err
}

// carriedOut proposes a decision and has two people agree to it.
func (f *fixture) carriedOut(merchant string, what book.ProposeDecision) *proposal.Proposal {
	f.t.Helper()
	p, err := f.propose(merchant, what)
	f.must(err)
	p, err = f.approveProposal("approver-1", merchant, p.Number)
	f.must(err)
	if p.State != proposal.Open || len(p.Votes) != 1 {
		f.t.Fatalf("after one approval: %+v", p)
	}
	p, err = f.approveProposal("approver-2", merchant, p.Number)
	f.must(err)
	if p.State != proposal.CarriedOut || what.Kind.Moves() != (p.TransferNumber != 0) || !p.EndedAt.After(p.ProposedAt) {
		f.t.Fatalf("after two approvals: %+v", p)
	}
	return p
}

// advanced makes a paid claim of 220,000 of which the platform advanced 30,000.
func (f *fixture) advanced(merchant string) *claim.Claim {
	f.t.Helper()
	f.open(merchant, 190_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	return f.paid(f.accept(f.confirmNotice(f.found(filing(line(merchant, "l1", 2, 20_000), 1, 2)))))
}

// Would catch a debt that one person can give up, a write-off that is booked
// against the merchant or not at all, and a recovery that forgets the claim.
func TestF5WriteOffAndRecoveryNeedTwoApprovers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.advanced("m1")
	off := f.carriedOut("m1", writingOff(c, 20_000))
	if c = f.current(c); c.Funding.Advanced != 10_000 || c.Funding.WrittenOff != 20_000 || c.Shortfall() != 0 {
		t.Fatalf("written off: %+v", c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Receivable: 10_000, ledger.WriteOff: 20_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 190_000,
	})

	f.topUp("m1", 100_000)
	if _, err := f.propose("m1", undoing(proposal.WriteOffRecovery, off.Number, 5_000)); !errors.Is(err, fault.SweepDue) {
		t.Errorf("recovered before the sweep: %v", err)
	}
	f.sweep("m1")
	f.carriedOut("m1", undoing(proposal.WriteOffRecovery, off.Number, 5_000))
	back := f.carriedOut("m1", undoing(proposal.WriteOffRecovery, off.Number, 15_000))
	if c = f.current(c); c.Funding.WrittenOff != 0 || c.Funding.FromDeposit != 220_000 {
		t.Fatalf("recovered: %+v", c.Funding)
	}
	f.balanced("m1", balances{ledger.Deposit: 70_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 290_000})

	for name, test := range map[string]struct {
		proposal book.ProposeDecision
		reason   fault.Reason
	}{
		"more than was given up":   {undoing(proposal.WriteOffRecovery, off.Number, 1), fault.ProposalStateConflict},
		"undoing what undoes":      {undoing(proposal.WriteOffRecovery, back.Number, 1), fault.ProposalStateConflict},
		"undoing it as a penalty":  {undoing(proposal.PenaltyReversal, off.Number, 1), fault.ProposalStateConflict},
		"undoing what nobody made": {undoing(proposal.WriteOffRecovery, 1, 1), fault.ProposalNotFound},
	} {
		if _, err := f.propose("m1", test.proposal); !errors.Is(err, test.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Would catch a proposal that one person carries out, with a second workload or by
// refusing and approving, and one that is decided again after its end.
func TestProposalIsDecidedByTwoOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.advanced("m1")
	p, err := f.propose("m1", writingOff(c, 30_000))
	f.must(err)
	refuse := func(person string) error {
		_, err := f.Do(f.by(person, "m1", "RefuseProposal"), &book.RefuseProposal{OnProposal: book.OnProposal{Number: p.Number}, Note: "not yet"})
		return err
	}
	refused := func(what string, err error, want fault.Reason) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	approve := func(person string) error { _, err := f.approveProposal(person, "m1", p.Number); return err }
	refused("approved by the proposer", approve("finance-1"), fault.SamePerson)
	refused("approved by nobody", approve(""), fault.PersonRequired)
	refused("refused by nobody", refuse(""), fault.PersonRequired)
	f.must(approve("approver-1"))
	refused("approved twice by one", approve("approver-1"), fault.SamePerson)
	refused("refused by who approved", refuse("approver-1"), fault.SamePerson)
	f.must(refuse("operator-1"))
	refused("approved after a refusal", approve("approver-2"), fault.ProposalStateConflict)
	refused("refused twice", refuse("operator-2"), fault.ProposalStateConflict)
	_, err = f.approveProposal("approver-1", "m1", 1)
	refused("of an event that proposes nothing", err, fault.ProposalNotFound)
	_, err = f.Do(f.by("", "m1", "ProposeDecision"), new(writingOff(c, 1)))
	refused("proposed by nobody", err, fault.PersonRequired)
	if c := f.current(c); c.Funding.WrittenOff != 0 {
		t.Errorf("written off: %+v", c.Funding)
	}
}

// Would catch a write-off without a debt or above it, and a refusal that does not
// say what is open.
func TestWriteOffNeedsADebt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.advanced("m1")
	_, err := f.propose("m1", writingOff(c, 30_001))
	refusal, ok := fault.As(err)
	want := map[string]string{"openMinor": "30000", "askedMinor": "30001", "currency": "CNY"}
	if !ok || refusal.Reason != fault.DebtExceeded || !cmp.Equal(refusal.Fields, want) {
		t.Errorf("above the debt: %v", err)
	}
	fee := writingOff(c, 1)
	fee.DebtKind = debt.Fee
	topUp := writingOff(c, 1)
	topUp.DebtKind, topUp.DebtID = debt.TopUp, "bank-1"
	for _, p := range []book.ProposeDecision{fee, topUp} {
		_, err := f.propose("m1", p)
		if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.DebtNotFound || refusal.Fields["debtKind"] != string(p.DebtKind) {
			t.Errorf("without a debt: %v", err)
		}
	}
	foreign := writingOff(c, 1)
	foreign.Currency = "USD"
	if _, err := f.propose("m1", foreign); !errors.Is(err, fault.CurrencyMismatch) {
		t.Errorf("in another currency: %v", err)
	}
}

// Would catch two approvals that carry out more than is owed because the debt was
// paid meanwhile, and a void proposal that a later debt brings back to life.
func TestProposalIsVoidOnceTheDebtIsLess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.advanced("m1")
	p, err := f.propose("m1", writingOff(c, 25_000))
	f.must(err)
	_, err = f.approveProposal("approver-1", "m1", p.Number)
	f.must(err)
	f.topUp("m1", 10_000)
	f.sweep("m1")

	_, err = f.approveProposal("approver-2", "m1", p.Number)
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.ProposalStateConflict || refusal.Fields["state"] != "VOID" || refusal.Fields["openMinor"] != "20000" {
		t.Fatalf("approved what is not owed: %v", err)
	}
	again, found := f.Rows("m1").Proposal(p.Number)
	if !found || again.State != proposal.Void || len(again.Votes) != 1 {
		t.Fatalf("proposal: %v %+v", found, again)
	}
	if _, err = f.approveProposal("approver-2", "m1", p.Number); !errors.Is(err, fault.ProposalStateConflict) {
		t.Errorf("approved a void proposal: %v", err)
	}
	f.balanced("m1", balances{ledger.Receivable: 20_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 200_000})
}

// Would catch a bounced top-up that cannot be given up, or only once.
func TestBouncedTopUpIsWrittenOff(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	_, err := f.Do(f.request("m1", "TopUpDeposit"), &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 230_000, Currency: "CNY", Reference: "bank-1",
	})
	f.must(err)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))))
	_, err = f.bounce("m1", "bank-1")
	f.must(err)
	off := proposing(proposal.WriteOff, 200_000)
	off.DebtKind, off.DebtID = debt.TopUp, "bank-1"
	first := f.carriedOut("m1", off)
	off.Amount = 20_000
	f.carriedOut("m1", off)
	f.balanced("m1", balances{ledger.WriteOff: 220_000, ledger.PlatformCash: -220_000})
	f.topUp("m1", 50_000)
	f.carriedOut("m1", undoing(proposal.WriteOffRecovery, first.Number, 40_000))
	f.balanced("m1", balances{
		ledger.WriteOff: 180_000, ledger.Deposit: 10_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 50_000,
	})
}

// Would catch a penalty out of money that open claims need, one that is mixed with
// a claim's, and one that is given back twice or in part.
func TestPenaltiesTakeFreeMoneyOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 50_000))
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))

	_, err := f.propose("m1", proposing(proposal.DepositForfeiture, 80_001))
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.DepositInsufficient || refusal.Fields["availableMinor"] != "80000" {
		t.Errorf("more than the deposit has: %v", err)
	}
	deposit := f.carriedOut("m1", proposing(proposal.DepositForfeiture, 80_000))
	shop := f.carriedOut("m1", proposing(proposal.Penalty, 30_000))
	f.balanced("m1", balances{
		ledger.DepositHeld: 220_000, ledger.ShopFunds: 20_000, ledger.Penalty: 110_000, ledger.SettlementClearing: 350_000,
	})
	if got := f.current(c).Funding; got != c.Funding {
		t.Errorf("the claim's money moved: %+v", got)
	}
	// What is free was approved once and is gone by the second approval.
	again, err := f.propose("m1", proposing(proposal.Penalty, 20_000))
	f.must(err)
	_, err = f.approveProposal("approver-1", "m1", again.Number)
	f.must(err)
	f.file(filing(line("m1", "l2", 1, 10_000), 1))
	_, err = f.approveProposal("approver-2", "m1", again.Number)
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.FreeAmountExceeded || refusal.Fields["freeMinor"] != "0" {
		t.Errorf("out of what an open claim needs: %v", err)
	}

	if _, err := f.propose("m1", undoing(proposal.PenaltyReversal, deposit.Number, 79_999)); !errors.Is(err, fault.RequestInvalid) {
		t.Errorf("given back in part: %v", err)
	}
	f.carriedOut("m1", undoing(proposal.PenaltyReversal, deposit.Number, 80_000))
	f.carriedOut("m1", undoing(proposal.PenaltyReversal, shop.Number, 30_000))
	if _, err := f.propose("m1", undoing(proposal.PenaltyReversal, shop.Number, 30_000)); !errors.Is(err, fault.ProposalStateConflict) {
		t.Errorf("given back twice: %v", err)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 80_000, ledger.DepositHeld: 220_000, ledger.ShopFunds: 50_000, ledger.SettlementClearing: 350_000,
	})
}

// Would catch an approval that counts twice when it is sent again, and two people
// who approve in one batch and carry a proposal out twice or never.
func TestApprovalsInOneBatchAndSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.advanced("m1")
	h := f.by("finance-1", "m1", "ProposeDecision")
	o := f.done(h, new(writingOff(c, 10_000)))
	if again := f.done(h, new(writingOff(c, 10_000))); !again.Replayed || again.EventNumber != o.Proposal.Number {
		t.Fatalf("proposed again: %+v", again)
	}
	var batch []booktest.Asked
	for _, person := range []string{"approver-1", "approver-2", "approver-1", "approver-2"} {
		h := f.by(person, "m1", "ApproveProposal")
		h.RequestID = person
		batch = append(batch, booktest.Asked{Header: h, Of: &book.ApproveProposal{OnProposal: book.OnProposal{Number: o.Proposal.Number}}})
	}
	for i, a := range f.Together(batch...) {
		if a.Err != nil || a.Outcome.Replayed != (i > 1) {
			t.Errorf("approval %d: %v, replayed %v", i, a.Err, a.Outcome.Replayed)
		}
	}
	if c = f.current(c); c.Funding.WrittenOff != 10_000 {
		t.Errorf("written off: %+v", c.Funding)
	}
}

// Would catch a claim that is advanced for up to the limit again once an advance
// was given up.
func TestWrittenOffAdvanceCountsAgainstTheLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(25_000)
	f.open("m1", 100_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))))
	f.carriedOut("m1", writingOff(c, 25_000))
	c = f.revised(f.current(c), book.GroundNewEvidence, claim.Counterfeit, claim.Genuine)
	c = f.revised(c, book.GroundCourtDecision, claim.Counterfeit, claim.Counterfeit)
	c = f.accept(f.confirmNotice(c))
	// The partial verdict cancelled 15,000 of what was given up: so much may be advanced again.
	if c.Funding.Advanced != 15_000 || c.Funding.WrittenOff != 10_000 {
		t.Errorf("advanced again: %+v", c.Funding)
	}
}

// revised gives a claim's units other verdicts, in their order.
func (f *fixture) revised(c *claim.Claim, ground book.RevisionGround, verdicts ...claim.Verdict) *claim.Claim {
	f.t.Helper()
	units := make([]claim.Unit, len(verdicts))
	for i, v := range verdicts {
		units[i] = claim.Unit{Ordinal: int32(i + 1), Verdict: v}
	}
	o, err := f.Do(f.by("adjudicator-1", c.MerchantID, "ReviseVerdict"),
		&book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Ground: ground, Units: units, Document: "doc-1", Note: "as found"})
	f.must(err)
	return o.Claim
}
