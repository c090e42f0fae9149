package book_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// round makes the commands of one round of a story, for the claims that were filed and
// the payouts that were made before. It draws the same for equal claims.
type round func(chance *rand.Rand, claims []claim.Claim, made []payout.Payout) []book.Command

// rounds are a story that is told in batches: everybody files, results come, some are
// withdrawn or appealed against, the rest is debited, paid, and overturned.
var rounds = []round{
	func(*rand.Rand, []claim.Claim, []payout.Payout) []book.Command {
		var list []book.Command
		for n := range 6 {
			list = append(list, new(egg("m1", n)), new(egg("m1", n))) // The second is refused.
		}
		for n := range 3 {
			list = append(list, new(filing(line("m1", fmt.Sprint("l", n), 2, 20_000), 1, 2)))
		}
		return list
	},
	onEach(func(chance *rand.Rand, c *claim.Claim) book.Command {
		found := []claim.Verdict{claim.Counterfeit, claim.Counterfeit, claim.Counterfeit, claim.Genuine, claim.Inconclusive}
		return &book.RecordResult{Result: result(c, found[chance.IntN(len(found))], "R-"+c.OrderLineID)}
	}),
	onEach(func(chance *rand.Rand, c *claim.Claim) book.Command {
		switch on := (book.OnClaim{ClaimID: c.ID}); chance.IntN(6) {
		case 0:
			return &book.WithdrawClaim{OnClaim: on}
		case 1:
			return &book.AppealClaim{OnClaim: on, Note: "genuine"}
		case 2:
			return &book.MoneyMove{Kind: ledger.DepositWithdrawn, Amount: 50_000, Currency: "CNY"}
		default:
			return &book.ConfirmNotice{OnClaim: on}
		}
	}),
	onEach(func(_ *rand.Rand, c *claim.Claim) book.Command {
		return &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID}}
	}),
	func(_ *rand.Rand, _ []claim.Claim, made []payout.Payout) []book.Command {
		var list []book.Command
		for i, p := range made {
			said := []payout.Outcome{payout.OutcomeSucceeded, payout.OutcomeSucceeded, payout.OutcomeFailed}[i%3]
			list = append(list, &book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: said}})
		}
		return append(list, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 30_000, Currency: "CNY"}, &book.SweepBook{})
	},
	onEach(func(chance *rand.Rand, c *claim.Claim) book.Command {
		units := make([]claim.Unit, len(c.Units))
		for i, u := range c.Units {
			units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: []claim.Verdict{claim.Counterfeit, claim.Genuine}[chance.IntN(2)]}
		}
		return &book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: book.GroundCourtDecision, Units: units}
	}),
}

// onEach gives a command on each claim, in the order of their filing.
func onEach(f func(*rand.Rand, *claim.Claim) book.Command) round {
	return func(chance *rand.Rand, claims []claim.Claim, _ []payout.Payout) []book.Command {
		var list []book.Command
		for i := range claims {
			list = append(list, f(chance, &claims[i]))
		}
		return list
	}
}

// come is what came of a story: the reason of every refusal, the money, and the claims
// in the order of their filing.
type come struct {
	Refused  []fault.Reason
	Balances balances
	Exposure money.Amount
	Claims   []ending
}

// ending is what of a claim does not depend on ids and times.
type ending struct {
	Line    string
	State   claim.State
	Award   claim.Award
	Funding claim.Funding
}

// tell runs the story, with the commands of a round at once or one after the other.
func tell(t *testing.T, seed uint64, deposit money.Amount, together bool) come {
	t.Helper()
	f := newFixture(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.open("m1", deposit)
	chance := rand.New(rand.NewPCG(seed, 0))
	var all come
	for _, next := range rounds {
		var batch []booktest.Asked
		for _, cmd := range next(chance, f.Rows("m1").SortedClaims(), f.Made()) {
			h := f.request("m1", fmt.Sprintf("%T", cmd))
			if _, answer := cmd.(*book.AnswerPayout); answer {
				h = request.System("m1", "AnswerPayout")
			}
			batch = append(batch, booktest.Asked{Header: h, Of: cmd})
		}
		var answers []booktest.Answer
		if together {
			answers = f.Together(batch...)
		} else {
			for _, one := range batch {
				answers = append(answers, f.Together(one)...)
			}
		}
		for _, a := range answers {
			refusal, refused := fault.As(a.Err)
			if a.Err != nil && !refused {
				t.Fatalf("seed %d: %v", seed, a.Err)
			}
			if refused {
				all.Refused = append(all.Refused, refusal.Reason)
			} else {
				all.Refused = append(all.Refused, "")
			}
		}
	}
	all.Balances, all.Exposure = f.balances("m1"), f.head("m1").Exposure
	for _, c := range f.Rows("m1").SortedClaims() {
		all.Claims = append(all.Claims, ending{c.OrderLineID, c.State, c.Award, c.Funding})
	}
	return all
}

// Would catch a command that does not see what those before it in its batch staged, or
// sees what a refused one did.
func TestBatchDecidesAsItsCommandsAlone(t *testing.T) {
	t.Parallel()
	const stories = 60
	for seed := range uint64(stories) {
		deposit := []money.Amount{0, 120_000, 250_000, 2_000_000}[seed%4]
		if diff := cmp.Diff(tell(t, seed, deposit, false), tell(t, seed, deposit, true)); diff != "" {
			t.Fatalf("story %d with a deposit of %d, alone and together:\n%s", seed, deposit, diff)
		}
	}
}
