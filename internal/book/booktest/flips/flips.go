// Package flips lets things happen at random to the claims of one consumer in one
// book: verdicts that turn, payments that fail, money that comes and goes. It knows
// what must be true of the consumer and the merchant after every step and at the end.
// Where the book lies, in memory or in a database, is left to whoever runs it.
package flips

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/book/booktest/orders"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// stepsMax bounds the steps of a sequence before its end.
const stepsMax = 60

// Place is where a sequence runs: what it does goes to one book, and what it reads
// are the rows of that book.
type Place interface {
	Do(h request.Header, cmd book.Command) (book.Outcome, error)
	// Send reserves a payout's out-number, as a worker does before it tells the gateway.
	Send(p payout.Payout) error
	Now() time.Time
	Move(d time.Duration)

	Head() (book.Head, error)
	// Claims gives the claims that ids name.
	Claims(ids []string) ([]claim.Claim, error)
	// Payouts and Results are those of all claims, oldest first.
	Payouts() ([]payout.Payout, error)
	Results() ([]claim.Result, error)
	// DueWaits had a deadline at most at before, ExpiredHolds held for too long by then.
	DueWaits(before time.Time) ([]book.Wait, error)
	ExpiredHolds(before time.Time) ([]book.Wait, error)
	// Prove gives what is wrong with the book.
	Prove() ([]string, error)
}

// Policies are those under which sequences run, beside the seeds: money is short,
// amounts need approval, and holds expire.
func Policies() []policy.Version {
	general := policy.WithoutLimits()[0]
	general.Number, general.AdvanceLimit, general.AdvanceLimitPerMerchant = 2, 40_000, 90_000
	general.ApprovalOver, general.AbnormalFactor, general.AbnormalOver = 120_000, 2, 30_000
	general.MinimumDeposit, general.ProtectedShare = 60_000, money.Ratio{Num: 1, Den: 4}
	general.Cap, general.Windows.Hold = 300_000, 20*24*time.Hour
	strict := policy.WithoutLimits()[0]
	strict.PolicyID, strict.Categories, strict.AdvanceLimit = "promise-strict", []string{"strict"}, 0
	strict.ReversalBorneBy, strict.Floor, strict.Windows.Hold = policy.BorneConsumer, 70_000, 9*24*time.Hour
	food := policy.WithoutLimits()[1]
	food.Number, food.AdvanceLimit = 2, 60_000
	general.AuthenticationFee, strict.AuthenticationFee, food.AuthenticationFee = policy.FeeLoser, policy.FeeSplit, policy.FeeAdded
	general.Consequences.Tampered, strict.Consequences.Tampered = policy.Tenfold, policy.Tenfold
	strict.Consequences.Inconclusive = policy.RefundPath
	versions := []policy.Version{general, strict, food}
	for i := range versions {
		versions[i].PublishedAt = booktest.Start.AddDate(-1, 0, -30)
		versions[i].EffectiveFrom = booktest.Start.AddDate(-1, 0, 0)
	}
	return versions
}

// Authenticators are those whose results the sequences record.
func Authenticators() []claim.Authenticator {
	return []claim.Authenticator{
		{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"},
		{ID: "lab-2", Kind: claim.AccreditedLab, DisplayName: "lab-2"},
		{ID: "lab-3", Kind: claim.AccreditedLab, DisplayName: "lab-3"},
		{ID: "lab-4", Kind: claim.AccreditedLab, DisplayName: "lab-4"},
		{ID: "court-1", Kind: claim.Court, DisplayName: "court-1"},
	}
}

// Told is what came of a sequence.
type Told struct {
	// Done is what was done, step by step; Wrong what was wrong after one.
	Done  []string
	Wrong []string
}

// Run runs the sequence that seed names in a book that it opens for merchant, until
// something is wrong or everything has come to its end. A thorough run proves the book
// after every step, another at the end.
func Run(place Place, merchant string, seed uint64, thorough bool) (told Told) {
	w := &sequence{
		place: place, merchant: merchant, thorough: thorough, rand: rand.New(rand.NewPCG(seed, 0)),
		again: make(map[slice]money.Amount), awarded: make(map[string]claim.Award),
	}
	defer func() {
		if r := recover(); r != nil {
			broken, ok := r.(unreadable)
			if !ok {
				panic(r)
			}
			w.wrongly("%v", broken.error)
		}
		told = Told{Done: w.done, Wrong: w.wrong}
	}()
	w.category = pick(w, "cosmetics", "strict", "food/eggs", "food/eggs")
	w.basis = pick(w, policy.Promise, policy.Promise, policy.Best)
	w.facts = orders.Facts{Basis: w.basis, Terms: terms(w.category)}
	w.open(pick[money.Amount](w, 0, 30_000, 150_000, 400_000, 2_000_000))
	for range 1 + w.rand.IntN(3) {
		w.step(step{do: (*sequence).fileOne})
	}
	for most := w.rand.IntN(stepsMax); len(w.done) < most && len(w.wrong) == 0; {
		w.step(w.pickStep())
	}
	w.end()
	return told
}

// sequence is one run under way.
type sequence struct {
	place    Place
	merchant string
	rand     *rand.Rand
	thorough bool
	category string
	basis    policy.LegalBasis

	done, wrong []string
	// ids are the claims in the order of their filing, lines their order lines, topUps
	// the references of top-ups.
	ids, lines, topUps []string
	number, requests   int
	// proposals are the numbers of those that were made, carriedOut those that moved
	// money and may be undone.
	proposals  []int64
	carriedOut []proposal.Proposal
	// drawn are the commissions of re-tests, as they were made.
	drawn []commission.Commission
	// read is what was read since the last step.
	read struct {
		claims  map[string]*claim.Claim
		payouts []payout.Payout
	}
	// facts are what the sequence has told: its lines, refunds and claims.
	facts orders.Facts
	// again sums what may be paid once more: what the gateway paid after it had said
	// that it had not, and what the consumer gave back.
	again map[slice]money.Amount
	// awarded is the largest award of each claim.
	awarded map[string]claim.Award
}

// slice is one part of a claim's award.
type slice struct {
	claim string
	part  payout.Part
}

// wrongly notes what is wrong.
func (w *sequence) wrongly(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// unreadable ends a sequence whose place does not answer.
type unreadable struct{ error }

func (w *sequence) must(err error) {
	if err != nil {
		panic(unreadable{err})
	}
}

// last is what was done last.
func (w *sequence) last() string {
	if len(w.done) == 0 {
		return "the beginning"
	}
	return w.done[len(w.done)-1]
}

func (w *sequence) open(deposit money.Amount) {
	_, err := w.place.Do(w.on("OpenBook"), &book.OpenBook{Currency: "CNY"})
	w.must(err)
	if deposit > 0 {
		w.income(ledger.DepositToppedUp, deposit)
	}
}

// step does one thing and proves the book after it.
func (w *sequence) step(s step) {
	before := w.claims()
	what := s.do(w)
	if what == "" {
		return // There was nothing to do it to.
	}
	w.read.claims, w.read.payouts = nil, nil
	w.done = append(w.done, what)
	if w.thorough {
		w.inOrder()
	}
	w.noDebit(s, before)
	w.paidOnce()
}

// inOrder proves the book.
func (w *sequence) inOrder() {
	found, err := w.place.Prove()
	w.must(err)
	for _, wrong := range found {
		w.wrongly("after %s: %s", w.last(), wrong)
	}
}

// noDebit notes a step that debited the merchant although it may not.
func (w *sequence) noDebit(s step, before map[string]*claim.Claim) {
	for id, c := range w.claims() {
		most := w.awarded[id]
		most.Refund, most.Compensation = max(most.Refund, c.Award.Refund), max(most.Compensation, c.Award.Compensation)
		w.awarded[id] = most
		old := before[id]
		switch {
		case old == nil || c.Funding.Borne() <= old.Funding.Borne() || s.confirms:
		case s.funds && old.State.Confirmed():
		default:
			w.wrongly("%s lets the merchant of %s claim %s bear %d more", w.last(), old.State, id, c.Funding.Borne()-old.Funding.Borne())
		}
	}
}

// paidOnce notes a part of an award that went to the consumer more than once.
func (w *sequence) paidOnce() {
	paid := make(map[slice]money.Amount)
	for _, p := range w.payouts() {
		switch p.State {
		case payout.Instructed:
			paid[slice{p.ClaimID, p.Part}] += p.Amount
		case payout.Succeeded:
			paid[slice{p.ClaimID, p.Part}] += p.Stayed()
		case payout.Failed, payout.Returned:
		}
	}
	for of, sum := range paid {
		most := w.awarded[of.claim].Refund
		if of.part == payout.Compensation {
			most = w.awarded[of.claim].Compensation
		}
		if sum > most+w.again[of] {
			w.wrongly("%s of claim %s: %d sent or paid, at most %d were ever awarded", of.part, of.claim, sum, most)
		}
	}
}

// claims reads the claims of the sequence.
func (w *sequence) claims() map[string]*claim.Claim {
	if w.read.claims != nil {
		return w.read.claims
	}
	list, err := w.place.Claims(w.ids)
	w.must(err)
	out := make(map[string]*claim.Claim, len(list))
	for i := range list {
		out[list[i].ID] = &list[i]
	}
	if len(out) != len(w.ids) {
		w.wrongly("of %d claims %d are there", len(w.ids), len(out))
	}
	w.read.claims = out
	return out
}

func (w *sequence) payouts() []payout.Payout {
	if w.read.payouts != nil {
		return w.read.payouts
	}
	list, err := w.place.Payouts()
	w.must(err)
	w.read.payouts = list
	return list
}

// end lets money come in and the gateway pay until nothing is left to do, and proves
// that everybody has what the verdicts say.
func (w *sequence) end() {
	const roundsMax = 40
	if w.inOrder(); len(w.wrong) > 0 {
		return
	}
	w.step(step{do: func(w *sequence) string { return w.income(ledger.DepositToppedUp, 20_000_000) }})
	for range roundsMax {
		if len(w.wrong) > 0 || !w.settleOnce() {
			break
		}
	}
	if w.inOrder(); len(w.wrong) > 0 {
		return
	}
	w.judge()
	for id, c := range w.claims() {
		if !c.State.Confirmed() {
			continue
		}
		f, award := &c.Funding, c.Award.Total()
		if c.State != claim.Paid || f.Borne() != award || f.Advanced != 0 || f.Payable() != 0 || f.InFlight() != 0 ||
			f.Lost+f.ClawedBack != f.Paid()-award || c.Fees.Owed != 0 {
			w.wrongly("claim %s ends %s with an award of %d and %+v", id, c.State, award, *f)
		}
	}
}

// settleOnce does what is due without anybody's decision; false when nothing was.
func (w *sequence) settleOnce() bool {
	count := len(w.done)
	w.step(step{do: (*sequence).sweepBook, funds: true})
	for _, p := range w.payouts() {
		if p.State == payout.Instructed {
			w.step(step{do: func(w *sequence) string { return w.say(p, payout.OutcomeSucceeded) }})
		}
	}
	for _, p := range w.payouts() {
		// What waits for an earlier number to be dead is sent once that is certain.
		if p.State == payout.Failed && !p.Superseded && w.claims()[p.ClaimID].State == claim.Paying {
			w.step(step{do: func(w *sequence) string { return w.confirmFailure(p) }})
		}
	}
	for _, p := range w.payouts() {
		if c := w.claims()[p.ClaimID]; waits(&p) && c.State == claim.PayoutFailed {
			w.step(step{do: func(w *sequence) string { return w.confirmFailure(p) }})
			w.step(step{do: func(w *sequence) string { return w.retry(p, "") }})
		}
	}
	return len(w.done) > count
}

// waits says whether a payout, or a part of it, may be sent once more.
func waits(p *payout.Payout) bool {
	return p.State == payout.Failed || p.State == payout.Returned || p.Lacks() > 0
}

// pick gives one of several, all alike.
func pick[V any](w *sequence, of ...V) V { return of[w.rand.IntN(len(of))] }

// pickStep gives a step by its weight.
func (w *sequence) pickStep() step {
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	at := w.rand.IntN(total)
	i := slices.IndexFunc(steps, func(s step) bool {
		at -= s.weight
		return at < 0
	})
	return steps[i]
}

// terms are what the policies give for goods of a category.
func terms(category string) map[policy.LegalBasis]orders.Terms {
	open := make(map[policy.LegalBasis]orders.Terms)
	for _, v := range append(policy.WithoutLimits(), Policies()...) {
		if len(v.Categories) > 0 && !slices.ContainsFunc(v.Categories, func(c string) bool { return c == category || strings.HasPrefix(category, c+"/") }) {
			continue
		}
		// The policies are in the order in which the later one comes first.
		open[v.Basis] = orders.Terms{
			Times: money.Amount(v.Multiplier.Num / v.Multiplier.Den), Floor: v.Floor, Cap: v.Cap, FeeAdded: v.FeeRule() == policy.FeeAdded,
		}
	}
	return open
}

// judge compares what the consumer is awarded, and what is refunded on each line, with
// what the facts give by the rules.
func (w *sequence) judge() {
	all := w.claims()
	claims := make([]claim.Claim, len(w.ids))
	for i, id := range w.ids {
		c := all[id]
		claims[i] = *c
		of := &w.facts.Claims[i]
		if undecided := c.State == claim.InReview || c.State == claim.Authenticating; undecided && c.Fees.Claimant+c.Funding.Paid() > 0 {
			return // Its fee counts, and its money moves, once it is decided: in review, or tested once more.
		}
		of.Found, of.Fee = nil, c.Fees.Claimant
		if c.Owed() && c.State.Live() {
			of.Found = [][]int32{c.OwedUnits()}
		}
	}
	for _, wrong := range w.facts.JudgeSums(claims) {
		w.wrongly("in the end %s", wrong)
	}
}
