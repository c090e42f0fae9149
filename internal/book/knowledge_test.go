package book_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// permutations gives every order of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return all
}

// knowingly are four claims of one consumer on one product: thirty boxes for 516.00, and
// three later orders for 3,660.00 that were paid after the consumer knew. Only the claim
// on the first order tells so.
func knowingly(merchant string) []book.FileClaim {
	first := start.AddDate(0, 0, -40)
	knew := first.Add(72 * time.Hour)
	var all []book.FileClaim
	for n, paid := range []money.Amount{51_600, 122_000, 122_000, 122_000} {
		l := line(merchant, fmt.Sprintf("l%d", n), 30, paid)
		l.UnitPrice, l.PayerID, l.RecipientID = paid/30, "buyer", "buyer"
		l.PaidAt, l.ShippedAt, l.DeliveredAt = first, first.Add(time.Hour), first.Add(48*time.Hour)
		cmd := filing(l)
		for u := range int32(30) {
			cmd.Ordinals = append(cmd.Ordinals, u+1)
		}
		cmd.LearnedAt = knew
		if n > 0 {
			at := knew.Add(time.Duration(n) * 24 * time.Hour)
			l.PaidAt, l.ShippedAt, l.DeliveredAt = at, at.Add(time.Hour), at.Add(48*time.Hour)
			cmd.LearnedAt = start.AddDate(0, 0, -3)
		}
		all = append(all, cmd)
	}
	return all
}

// The claim that tells of the knowledge is filed first, last or in between, before or
// after the others are found counterfeit. Would catch goods that were bought knowingly
// and are compensated because of the order in which claims came.
func TestKnowledgeInEveryOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	for n, order := range permutations(4) {
		for _, foundAtOnce := range []bool{false, true} {
			merchant := fmt.Sprintf("m%d-%t", n, foundAtOnce)
			f.open(merchant, 100_000_000)
			commands := knowingly(merchant)
			claims := make([]*claim.Claim, len(order))
			for _, at := range order {
				claims[at] = f.file(commands[at])
				if foundAtOnce {
					f.record(claims[at], result(claims[at], claim.Counterfeit, fmt.Sprint(merchant, "-", at)))
				}
			}
			if !foundAtOnce {
				for _, at := range order {
					f.record(claims[at], result(claims[at], claim.Counterfeit, fmt.Sprint(merchant, "-", at)))
				}
			}
			var refund, compensation money.Amount
			for _, c := range f.read(claims...) {
				refund += c.Award.Refund
				compensation += c.Award.Compensation
			}
			if refund != 417_600 || compensation != 516_000 {
				t.Errorf("filed in the order %v, found at once %t: refund %d and compensation %d, want 417600 and 516000",
					order, foundAtOnce, refund, compensation)
			}
		}
	}
	f.audited()
}

// Knowledge that is told after the debit. Would catch money that is taken back without
// a person, and a claim that nobody is told of.
func TestKnowledgeToldAfterTheDebit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 100_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	commands := knowingly("m1")
	paid := f.paid(f.accept(f.confirmNotice(f.found(commands[1]))))
	before := paid.Award
	f.file(commands[0])
	if now := f.current(paid); now.Award != before || now.State != claim.Paid || !now.Escalated {
		t.Errorf("the paid claim is %s with %+v, escalated %t; want it as it was, and escalated", now.State, now.Award, now.Escalated)
	}
	f.audited()
}
