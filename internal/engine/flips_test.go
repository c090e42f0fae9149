package engine_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

const (
	// flipsVariable says how many sequences are run, flipsSeedVariable which is the
	// first: with one sequence it repeats what a failure printed.
	flipsVariable     = "TENFOLD_FLIPS"
	flipsSeedVariable = "TENFOLD_FLIPS_SEED"
	flipsDefault      = 200
	// flipsTogether is how many sequences share a database, each in a book of its own.
	flipsTogether = 50
	flipsStepsMax = 60
	// flipsThorough is of how many sequences one is audited after every step, the
	// others at their end; a sequence that is run alone always is.
	flipsThorough = 8
)

func fromEnvironment(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// A failure names the seed and what was done; TENFOLD_FLIPS=1 TENFOLD_FLIPS_SEED=…
// repeats it, with an audit after every step.
//
// Would catch books that do not fit the verdicts after any sequence of decisions,
// payments and answers: a consumer paid twice or less than the award, a merchant
// who bears more than the award or is debited without notice, money that is stuck.
func TestRandomFlips(t *testing.T) {
	t.Parallel()
	count, first := fromEnvironment(t, flipsVariable, flipsDefault), fromEnvironment(t, flipsSeedVariable, rand.Uint64N(1<<40))
	t.Logf("%d sequences from seed %d on", count, first)
	for from := uint64(0); from < count; from += flipsTogether {
		t.Run(fmt.Sprint(first+from), func(t *testing.T) {
			t.Parallel()
			w := newFlips(t)
			for seed := first + from; seed < first+min(count, from+flipsTogether) && !t.Failed(); seed++ {
				w.thorough = count == 1 || seed%flipsThorough == 0
				w.sequence(seed)
			}
		})
	}
}

// flips runs sequences over one database and two replicas.
type flips struct {
	*fixture
	replicas []*engine.Engine
	rows     *sqlx.DB

	// The sequence under way.
	rand     *rand.Rand
	merchant string
	done     []string // What was done, to be told with a failure.
	ids      []string
	lines    []string
	topUps   []string
	number   int
	category string
	basis    policy.LegalBasis
	// thorough says that the audit looks after every step.
	thorough bool
	// read is what was read since the last step.
	read struct {
		claims  map[string]*claim.Claim
		payouts []payoutRow
	}
	// late sums what the gateway paid after it had said that it had not.
	late map[slice]money.Amount
	// awarded is the largest award of each claim.
	awarded map[string]claim.Award
}

// slice is one part of a claim's award.
type slice struct {
	claim string
	part  payout.Part
}

func newFlips(t *testing.T) *flips {
	t.Helper()
	w := &flips{fixture: newFixture(t)}
	labs(w.fixture)
	w.authenticator("court-1", claim.Court)
	w.scarce()
	_, second := w.replica(engine.Defaults())
	w.replicas = []*engine.Engine{w.engine, second}
	w.rows = w.db.Open(t)
	return w
}

// scarce publishes policies under which money is short, amounts need approval and
// holds expire.
func (w *flips) scarce() {
	w.t.Helper()
	general := policy.Seeds()[0]
	general.Number, general.AdvanceLimit, general.AdvanceLimitPerMerchant = 2, 40_000, 90_000
	general.ApprovalOver, general.AbnormalFactor, general.AbnormalOver = 120_000, 2, 30_000
	general.MinimumDeposit, general.ProtectedShare = 60_000, money.Ratio{Num: 1, Den: 4}
	general.Cap, general.Windows.Hold = 300_000, 20*24*time.Hour
	strict := policy.Seeds()[0]
	strict.PolicyID, strict.Categories, strict.AdvanceLimit = "promise-strict", []string{"strict"}, 0
	strict.ReversalBorneBy, strict.Floor, strict.Windows.Hold = policy.BorneConsumer, 70_000, 9*24*time.Hour
	food := policy.Seeds()[1]
	food.Number, food.AdvanceLimit = 2, 60_000
	for _, v := range []policy.Version{general, strict, food} {
		v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
		_, err := w.engine.PublishPolicyVersion(w.t.Context(), w.request("", "PublishPolicyVersion"), v)
		w.must(err)
	}
}

// sequence lets things happen to the claims of one consumer in one book, and
// brings all of it to an end.
func (w *flips) sequence(seed uint64) {
	w.t.Helper()
	w.rand = rand.New(rand.NewPCG(seed, 0))
	w.merchant = fmt.Sprintf("flips-%d", seed)
	w.done, w.ids, w.lines, w.topUps, w.number = nil, nil, nil, nil, 0
	w.read.claims, w.read.payouts = nil, nil
	w.late, w.awarded = make(map[slice]money.Amount), make(map[string]claim.Award)
	w.category = pick(w, "cosmetics", "strict", "food/eggs", "food/eggs")
	w.basis = pick(w, policy.Promise, policy.Promise, policy.Best)
	defer func() {
		if w.t.Failed() {
			w.t.Errorf("seed %d did: %v", seed, w.done)
		}
	}()
	w.open(w.merchant, pick[money.Amount](w, 0, 30_000, 150_000, 400_000, 2_000_000))
	if err := w.engine.ReloadCatalog(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.replicas[1].ReloadCatalog(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	for range 1 + w.rand.IntN(3) {
		w.step(flipStep{do: (*flips).fileOne})
	}
	for steps := w.rand.IntN(flipsStepsMax); len(w.done) < steps; {
		if w.t.Failed() {
			return
		}
		w.step(pickStep(w, flipSteps))
	}
	w.end()
}

// step does one thing and proves the book after it.
func (w *flips) step(s flipStep) {
	w.t.Helper()
	before := w.claims()
	what := s.do(w)
	if what == "" {
		return // There was nothing to do it to.
	}
	w.read.claims, w.read.payouts = nil, nil
	w.done = append(w.done, what)
	w.proved(s, before)
}

// proved fails the test unless the book is in order, and unless the step was one
// that may debit the merchant where it has.
func (w *flips) proved(s flipStep, before map[string]*claim.Claim) {
	w.t.Helper()
	if w.thorough {
		w.inOrder()
	}
	for id, c := range w.claims() {
		most := w.awarded[id]
		most.Refund, most.Compensation = max(most.Refund, c.Award.Refund), max(most.Compensation, c.Award.Compensation)
		w.awarded[id] = most
		old := before[id]
		switch {
		case old == nil || c.Funding.Borne() <= old.Funding.Borne() || s.confirms:
		case s.funds && old.State.Confirmed():
		default:
			w.t.Errorf("%s lets the merchant of %s claim %s bear %d more", w.done[len(w.done)-1], old.State, id, c.Funding.Borne()-old.Funding.Borne())
		}
	}
	w.paidOnce()
}

// inOrder fails the test unless an audit finds nothing.
func (w *flips) inOrder() {
	w.t.Helper()
	found, err := audit.CheckBook(w.t.Context(), w.pg, w.merchant)
	w.must(err)
	for _, d := range found {
		w.t.Errorf("audit after %v: %s", w.done[len(w.done)-1], d)
	}
}

// paidOnce proves that no part of an award went to the consumer more than once.
func (w *flips) paidOnce() {
	w.t.Helper()
	paid := make(map[slice]money.Amount)
	for _, p := range w.payoutRows() {
		if p.State == payout.Succeeded || p.State == payout.Instructed {
			paid[slice{p.ClaimID, p.Part}] += p.Amount
		}
	}
	for of, sum := range paid {
		most := w.awarded[of.claim].Refund
		if of.part == payout.Compensation {
			most = w.awarded[of.claim].Compensation
		}
		if sum > most+w.late[of] {
			w.t.Errorf("%s of claim %s: %d sent or paid, at most %d were ever awarded", of.part, of.claim, sum, most)
		}
	}
}

// claims reads the claims of the sequence.
func (w *flips) claims() map[string]*claim.Claim {
	w.t.Helper()
	if w.read.claims != nil {
		return w.read.claims
	}
	out := make(map[string]*claim.Claim, len(w.ids))
	for _, id := range w.ids {
		c, found, err := w.pg.Reader().Claim(w.t.Context(), w.merchant, id)
		if err != nil || !found {
			w.t.Fatalf("read claim %s: %v, %v", id, found, err)
		}
		out[id] = &c
	}
	w.read.claims = out
	return out
}

// payoutRow is what a payout's row says.
type payoutRow struct {
	ID         string       `db:"payout_id"`
	OutNumber  string       `db:"out_number"`
	ClaimID    string       `db:"claim_id"`
	Part       payout.Part  `db:"part"`
	State      payout.State `db:"state"`
	Amount     money.Amount `db:"amount_minor"`
	Superseded bool         `db:"superseded"`
	NotAfter   time.Time    `db:"not_after"`
}

func (w *flips) payoutRows() []payoutRow {
	w.t.Helper()
	if w.read.payouts != nil {
		return w.read.payouts
	}
	var rows []payoutRow
	w.must(w.rows.SelectContext(w.t.Context(), &rows, `
		SELECT payout_id, out_number, claim_id, part, state, amount_minor, superseded, not_after
		FROM payouts WHERE merchant_id = $1 ORDER BY payout_id`, w.merchant))
	w.read.payouts = rows
	return rows
}

// end lets money come in and the gateway pay until nothing is left to do, and
// proves that everybody has what the verdicts say.
func (w *flips) end() {
	w.t.Helper()
	const roundsMax = 40
	if w.inOrder(); w.t.Failed() {
		return
	}
	w.step(flipStep{do: func(w *flips) string { return w.income(ledger.DepositToppedUp, 20_000_000) }})
	for range roundsMax {
		if w.t.Failed() || !w.settleOnce() {
			break
		}
	}
	if w.inOrder(); w.t.Failed() {
		return
	}
	for id, c := range w.claims() {
		if !c.State.Confirmed() {
			continue
		}
		f, award := &c.Funding, c.Award.Total()
		if c.State != claim.Paid || f.Borne() != award || f.Advanced != 0 || f.Payable() != 0 || f.InFlight() != 0 ||
			f.Lost+f.ClawedBack != f.Paid()-award {
			w.t.Errorf("claim %s ends %s with an award of %d and %+v", id, c.State, award, *f)
		}
	}
}

// settleOnce does what is due without anybody's decision; false when nothing was.
func (w *flips) settleOnce() bool {
	w.t.Helper()
	count := len(w.done)
	w.step(flipStep{do: (*flips).sweepBook, funds: true})
	for _, p := range w.payoutRows() {
		if p.State == payout.Instructed {
			w.step(flipStep{do: func(w *flips) string { return w.say(p, payout.OutcomeSucceeded) }})
		}
	}
	for _, p := range w.payoutRows() {
		if c := w.claims()[p.ClaimID]; p.State != payout.Instructed && p.State != payout.Succeeded && c.State == claim.PayoutFailed {
			w.step(flipStep{do: func(w *flips) string { return w.confirmFailure(p) }})
			w.step(flipStep{do: func(w *flips) string { return w.retry(p, "") }})
		}
	}
	return len(w.done) > count
}

// pick gives one of several, all alike.
func pick[V any](w *flips, of ...V) V { return of[w.rand.IntN(len(of))] }

// pickStep gives a step by its weight.
func pickStep(w *flips, steps []flipStep) flipStep {
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	at := w.rand.IntN(total)
	i := slices.IndexFunc(steps, func(s flipStep) bool {
		at -= s.weight
		return at < 0
	})
	return steps[i]
}
