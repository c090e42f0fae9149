package book_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

func compensations(claims []*claim.Claim) []money.Amount {
	out := make([]money.Amount, len(claims))
	for i, c := range claims {
		out[i] = c.Award.Compensation
	}
	return out
}

// Would catch the floor paid once a claim: the consumer of case T03 bought 46
// eggs in 46 payments and is owed 1,000 yuan, not 46,000.
func TestC6FloorOnceForFortySixEggs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	var claims []*claim.Claim
	for n := range 46 {
		claims = append(claims, f.found(egg("m1", n)))
	}
	claims = f.read(claims...)
	var total claim.Award
	for i, c := range claims {
		if c.GroupID != claims[0].GroupID {
			t.Fatalf("claim %d is in another group", i)
		}
		total.Refund += c.Award.Refund
		total.Compensation += c.Award.Compensation
	}
	if want := (claim.Award{Refund: 46 * 66, Compensation: 100_000}); total != want {
		t.Fatalf("46 eggs give %+v, want %+v", total, want)
	}
	if claims[0].Award.Compensation != 100_000 {
		t.Fatalf("the first claim has %d, want the floor", claims[0].Award.Compensation)
	}
	f.audited()

	// The floor moves to the second when the first is withdrawn.
	f.withdraw(claims[0])
	claims = f.read(claims...)
	if got := compensations(claims)[:3]; !cmp.Equal(got, []money.Amount{0, 100_000, 0}) {
		t.Fatalf("after the withdrawal: %d", got)
	}
	if claims[1].Funding.Held != 100_066 || claims[0].Funding.Held != 0 {
		t.Fatalf("held for the first %d, for the second %d", claims[0].Funding.Held, claims[1].Funding.Held)
	}
	f.audited()
}

// Would catch a consumer who gets less, or more, than the group is owed because
// the merchant accepts a later claim before an earlier one: what was confirmed
// stays, and whoever follows gets what the group is owed beyond that.
func TestC7ConfirmedSharesCountForWhatTheyAre(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	first, second := f.found(egg("m1", 1)), f.found(egg("m1", 2))
	if got := compensations([]*claim.Claim{first, second}); !cmp.Equal(got, []money.Amount{100_000, 0}) {
		t.Fatalf("shares are %d", got)
	}
	f.accept(f.confirmNotice(second))
	third := f.found(egg("m1", 3))
	claims := f.read(first, second, third)
	if got := compensations(claims); !cmp.Equal(got, []money.Amount{100_000, 0, 0}) {
		t.Fatalf("after a third claim: %d, want the floor once", got)
	}
	f.audited()

	// The confirmed claim has had nothing, so the floor passes over it.
	f.withdraw(first)
	if got := compensations(f.read(first, second, third)); !cmp.Equal(got, []money.Amount{0, 0, 100_000}) {
		t.Fatalf("after the withdrawal: %d", got)
	}
	f.audited()
}

// Would catch a refund given twice when an earlier refund of the line had been
// set off against a claim that is confirmed later than its sibling.
func TestC10EarlierRefundIsSetOffOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	cmd := filing(line("m1", "l1", 3, 30_000), 1)
	cmd.Refunds = []book.OrderRefund{{RefundID: "r1", Amount: 10_000, Currency: "CNY", RefundedAt: start}}
	first := f.found(cmd)
	second := f.found(filing(line("m1", "l1", 3, 30_000), 2))
	if first.Award.Refund != 0 || second.Award.Refund != 10_000 {
		t.Fatalf("refunds are %d and %d", first.Award.Refund, second.Award.Refund)
	}
	f.accept(f.confirmNotice(second))
	third := f.found(filing(line("m1", "l1", 3, 30_000), 3))
	var refunds []money.Amount
	for _, c := range f.read(first, second, third) {
		refunds = append(refunds, c.Award.Refund)
	}
	if !cmp.Equal(refunds, []money.Amount{0, 10_000, 10_000}) {
		t.Fatalf("refunds of a line of 300 yuan, of which 100 were refunded: %d", refunds)
	}
	f.audited()
}

// Would catch a consumer who collects the floor of one basis for a claim that is
// confirmed and all of another basis for the next: the bases are alternatives,
// so the next gets what the best one gives both, less what was awarded.
func TestC5BasesStayAlternativesAfterConfirmation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	best := func(n int, paid money.Amount) book.FileClaim {
		cmd := egg("m1", n)
		cmd.Line.GoodsPaid, cmd.Line.UnitPrice, cmd.Basis = paid, paid, policy.Best
		return cmd
	}
	first := f.found(best(1, 66))
	if first.Basis != policy.FoodSafety148 || first.Award.Compensation != 100_000 {
		t.Fatalf("first claim: %s %+v", first.Basis, first.Award)
	}
	f.accept(f.confirmNotice(first))
	second := f.found(best(2, 50_000))
	claims := f.read(first, second)
	if claims[0].Basis != policy.Promise || claims[0].Award.Compensation != 100_000 {
		t.Fatalf("the confirmed claim became %s %+v", claims[0].Basis, claims[0].Award)
	}
	// Tenfold of both is 660 + 500,000, under the promise as under the statute.
	if claims[1].Award.Compensation != 400_660 {
		t.Fatalf("the second claim: %s %+v", claims[1].Basis, claims[1].Award)
	}
	f.audited()
}

// Would catch units that stay owned by a claim that has ended, or are taken
// from one that has not.
func TestE3UnitsAreFreedAndClaimedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	l := line("m1", "l1", 3, 30_000)
	first := f.file(filing(l, 1, 2))
	_, err := f.Do(f.request("m1", "FileClaim"), new(filing(l, 2, 3)))
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.ClaimAlreadyFiled || refusal.Fields["claimId"] != first.ID {
		t.Fatalf("a unit that is claimed: %v", err)
	}
	f.withdraw(first)
	second := f.found(filing(l, 2, 3))
	f.audited()
	f.accept(f.confirmNotice(second))
	if _, err := f.Do(f.request("m1", "FileClaim"), new(filing(l, 3))); !errors.Is(err, fault.ClaimAlreadyFiled) {
		t.Fatalf("a unit that is being paid: %v", err)
	}
	f.file(filing(l, 1))
	f.audited()
}

// Would catch withdrawal and a new claim on the same unit that undo each other
// in one transaction.
func TestUnitChangesOwnerWithinABatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	l := line("m1", "l1", 2, 20_000)
	first := f.file(filing(l, 1))
	answers := f.Together(
		booktest.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(l, 1))}, // Too early.
		booktest.Asked{Header: f.request("m1", "WithdrawClaim"), Of: new(book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: first.ID}})},
		booktest.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(l, 1, 2))},
		booktest.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(l, 2))}, // Too late.
	)
	for i, want := range []error{fault.ClaimAlreadyFiled, nil, nil, fault.ClaimAlreadyFiled} {
		if !errors.Is(answers[i].Err, want) {
			t.Errorf("command %d: %v, want %v", i, answers[i].Err, want)
		}
	}
	f.audited()
}

// Would catch compensation for goods that the claimant ordered although an
// earlier claim says that they knew.
func TestC8OrderedAfterKnowledgeGetsTheRefundOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	first := egg("m1", 1)
	first.LearnedAt = first.Line.PaidAt.AddDate(0, 0, 5)
	second := egg("m1", 2)
	second.Line.PaidAt = first.LearnedAt.AddDate(0, 0, 1)
	second.Line.ShippedAt, second.Line.DeliveredAt = second.Line.PaidAt, second.Line.PaidAt
	a, b := f.found(first), f.found(second)
	if a.Award.Compensation != 100_000 || b.Award != (claim.Award{Refund: 66}) {
		t.Fatalf("awards: %+v and %+v", a.Award, b.Award)
	}
	f.audited()
}

// Would catch a claimant who files and withdraws so many claims that the live
// ones are not loaded any more, and so collects the floor with each.
func TestC6FloorIsNotMultipliedByEndedClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	file := func(from, to int) []booktest.Answer {
		var batch []booktest.Asked
		for n := from; n < to; n++ {
			batch = append(batch, booktest.Asked{Header: f.request("m1", "FileClaim"), Of: new(egg("m1", n))})
		}
		return f.Together(batch...)
	}
	var withdrawals []booktest.Asked
	for _, a := range file(0, policy.MembersMax) {
		f.must(a.Err)
		withdrawals = append(withdrawals, booktest.Asked{
			Header: f.request("m1", "WithdrawClaim"), Of: new(book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: a.Outcome.ClaimID}}),
		})
	}
	if a := file(1_000, 1_001)[0]; !errors.Is(a.Err, fault.PricingGroupFull) {
		t.Fatalf("one live claim too many: %v", a.Err)
	}
	for _, a := range f.Together(withdrawals...) {
		f.must(a.Err)
	}
	answers := file(2_000, 2_003)
	f.must(answers[0].Err)
	for _, a := range answers[1:] {
		if !errors.Is(a.Err, fault.PricingGroupFull) {
			t.Errorf("beyond what is loaded: %v", a.Err)
		}
	}
	f.audited()
}

// Would catch a move or a transfer of a claim that the history tells of a sibling:
// the one that is found counterfeit takes the floor from one filed after it, whose
// hold goes back in between.
func TestC7EventsTellOfTheirOwnClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 100_100)
	f.authenticator("lab-1", claim.AccreditedLab)
	first := f.file(egg("m1", 1))
	second := f.found(egg("m1", 2))
	if second.Funding.Held != 100_066 {
		t.Fatalf("held for the second: %d", second.Funding.Held)
	}
	first = f.record(first, result(first, claim.Counterfeit, "R-first"))
	second = f.read(second)[0]
	if first.State != claim.Notified || first.Funding.Held != 100_034 || second.Funding.Held != 66 {
		t.Fatalf("the first is %s; held %d and %d", first.State, first.Funding.Held, second.Funding.Held)
	}
	f.audited()
}
