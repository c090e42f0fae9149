package book_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// upheldAgain makes a claim whose compensation failed under a number that the gateway may
// yet pay, and whose verdict fell and was upheld again meanwhile.
func upheldAgain(t *testing.T) (f *fixture, c *claim.Claim, first payout.Payout) {
	t.Helper()
	f = newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c = f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	for _, p := range f.Made() {
		said := payout.OutcomeSucceeded
		if p.Part == payout.Compensation {
			first, said = p, payout.OutcomeFailed
		}
		c = f.answer(p, said)
	}
	c = f.revisedTo(c, claim.Genuine)
	c = f.revisedTo(c, claim.Counterfeit)
	c = f.accept(f.confirmNotice(c))
	for _, p := range f.Made() {
		if p.Part == payout.Compensation {
			t.Errorf("%d leave under %s while %s may be paid until %s", p.Amount, p.OutNumber, first.OutNumber, first.NotAfter)
		}
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	return f, c, first
}

// Would catch a second number that leaves while the first may yet be paid, and money
// that waits for ever once the first is dead.
func TestSecondNumberWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	f, c, first := upheldAgain(t)
	f.Move(booktest.PayoutLife + time.Minute)
	f.answer(first, payout.OutcomeFailed) // The worker asked once more: it is final.
	made := f.Made()
	if len(made) != 1 || made[0].Part != payout.Compensation || made[0].Amount != c.Award.Compensation || made[0].OutNumber == first.OutNumber {
		t.Fatalf("after the first number is dead, %+v is sent", made)
	}
	f.audited()
	if c = f.answer(made[0], payout.OutcomeSucceeded); c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() || c.Funding.Lost != 0 {
		t.Errorf("the claim is %s with %+v", c.State, c.Funding)
	}
	f.audited()
}

// Would catch a late success that is paid twice, or booked as a loss, because the
// verdict changed in between.
func TestLateSuccessOfTheFirstNumber(t *testing.T) {
	t.Parallel()
	f, c, first := upheldAgain(t)
	o, err := f.Do(f.request("m1", "ReportPayoutOutcome"), &book.AnswerPayout{
		PayoutID: first.ID, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded},
	})
	f.must(err)
	if got := o.Claim; got.State != claim.Paid || got.Funding.Paid() != c.Award.Total() || got.Funding.Lost != 0 {
		t.Errorf("the claim is %s with %+v", got.State, got.Funding)
	}
	if made := f.Made(); len(made) != 0 {
		t.Errorf("%+v is sent besides", made)
	}
	f.audited()
}

// Would catch a rule that holds only for payouts that happen to be in memory: here the
// book is read again in between. TestFreshReplicaReadsTheFirstNumber in engine reads it
// from PostgreSQL.
func TestSecondNumberWaitsWhereTheBookIsReadAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	for _, p := range f.Made() {
		c = f.answer(p, payout.OutcomeFailed)
	}
	c = f.revisedTo(c, claim.Genuine)
	c = f.confirmNotice(f.revisedTo(c, claim.Counterfeit))
	f.Forget("m1")
	_, err := f.Do(f.request("m1", "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	f.must(err)
	if made := f.Made(); len(made) != 0 {
		t.Errorf("%+v leave while the first numbers may be paid", made)
	}
	f.audited()
}

// A number is dead, its money leaves under another while the verdict comes back, and
// that one fails too. Would catch a retry that wakes the dead number while the other may
// yet be paid, and a consumer who is paid under both.
func TestRetryDoesNotWakeADeadNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	var dead payout.Payout
	for _, p := range f.Made() {
		said := payout.OutcomeSucceeded
		if p.Part == payout.Compensation {
			dead, said = p, payout.OutcomeFailed
		}
		c = f.answer(p, said)
	}
	f.Move(booktest.PayoutLife + time.Minute)
	f.answer(dead, payout.OutcomeFailed) // The worker asked once more: it is final.
	c = f.revisedTo(c, claim.Genuine)
	f.accept(f.confirmNotice(f.revisedTo(c, claim.Counterfeit)))
	made := f.Made()
	if len(made) != 1 || made[0].OutNumber == dead.OutNumber {
		t.Fatalf("upheld again, %+v is sent", made)
	}
	second := made[0]
	f.retry(f.answer(second, payout.OutcomeFailed), second)
	if made = f.Made(); len(made) != 1 || made[0].OutNumber != second.OutNumber {
		t.Fatalf("while %s may be paid until %s, %+v is sent", second.OutNumber, second.NotAfter, made)
	}
	c = f.answer(second, payout.OutcomeSucceeded)
	if c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() || c.Funding.Lost != 0 {
		t.Errorf("the claim is %s with %+v", c.State, c.Funding)
	}
	f.audited()
}
