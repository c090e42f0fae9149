package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

const currency = "CNY"

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A scenario is a story of one book as a text of five columns:
//
//	post     of a kind, what has no hold behind it
//	hold     sets money of an account aside: "claim-1/2" is the claim's second hold
//	capture  takes held money for the claim
//	release  gives held money back
//	expire   gives all that a hold has left back, because its time ran out
//	state    asserts what a hold still sets aside, and its state
//	balance  asserts what an account has; the last balances name all that are not zero
//
// A step ends with ok or with the reason of its refusal; below-zero is what the
// database refuses of an account that no caller draws on.
type scenario struct {
	name  string
	steps []step
}

type step struct {
	line int
	// note is the comment above the step.
	note    string
	action  string
	subject string
	account string
	amount  money.Amount
	outcome string
}

// kind is the transfer that a step makes; empty for one that only asserts.
func (s step) kind() ledger.Kind {
	source := ledger.Purpose(s.account)
	switch s.action {
	case "post":
		return ledger.Kind(s.account)
	case "hold":
		return ledger.PlaceKind(source)
	case "capture":
		return ledger.CaptureKind(source)
	case "release", "expire":
		return ledger.ReleaseKind(source)
	}
	return ""
}

// readScenarios reads testdata, in order of name.
func readScenarios(t *testing.T) []scenario {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	var list []scenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := scenario{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
		if s.steps, err = readSteps(string(text)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list = append(list, s)
	}
	return list
}

const columns = 5

func readSteps(text string) (steps []step, err error) {
	var starts []int
	var note []string
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
			note = append(note, strings.TrimSpace(line[1:]))
			continue
		case line == "":
			note = nil
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != columns {
			return nil, fmt.Errorf("line %d has %d columns, want %d", i+1, len(fields), columns)
		}
		if starts == nil {
			// The heading says where the columns stand; amounts end where theirs does.
			starts, note = places(line), nil
			continue
		}
		if !slices.Equal(places(line), starts) {
			return nil, fmt.Errorf("line %d: its columns do not stand under the heading", i+1)
		}
		s := step{
			line: i + 1, note: strings.Join(note, " "),
			action: fields[0], subject: fields[1], account: fields[2], outcome: fields[4],
		}
		if s.amount, err = readAmount(fields[3]); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		steps, note = append(steps, s), nil
	}
	return steps, nil
}

// places gives where the columns of a line stand: the start of each, but the
// end of the amount, which is set to the right.
func places(line string) []int {
	var at []int
	end := 0
	for column, field := range strings.Fields(line) {
		start := end + strings.Index(line[end:], field)
		end = start + len(field)
		if column == 3 {
			at = append(at, end)
			continue
		}
		at = append(at, start)
	}
	return at
}

// readAmount reads "1,234.56" and refuses what money would write otherwise.
func readAmount(s string) (money.Amount, error) {
	minor, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "").Replace(s), 10, 64)
	if err != nil {
		return 0, err
	}
	if want := money.Format(money.Amount(minor), currency); want != s {
		return 0, fmt.Errorf("the amount %s is written %s", s, want)
	}
	return money.Amount(minor), nil
}

// book keeps the balances and holds of a scenario, as the engine does.
type book struct {
	balances map[ledger.Purpose]ledger.Balance
	holds    map[string]ledger.Hold
}

func newBook() *book {
	return &book{balances: make(map[ledger.Purpose]ledger.Balance), holds: make(map[string]ledger.Hold)}
}

// run carries a step out, wholly or not at all.
func (b *book) run(s step) error {
	before := book{maps.Clone(b.balances), maps.Clone(b.holds)}
	err := b.take(s)
	if err != nil {
		*b = before
	}
	return err
}

func (b *book) take(s step) error {
	source := ledger.Purpose(s.account)
	switch s.action {
	case "post":
		return b.post(s.kind(), s.amount)
	case "hold":
		if _, placed := b.holds[s.subject]; placed {
			return fmt.Errorf("hold %s is placed twice", s.subject)
		}
		b.holds[s.subject] = ledger.Hold{
			ClaimID: s.subject, Source: source, State: ledger.Held, Amount: s.amount, PlacedAt: moment,
		}
		return b.post(s.kind(), s.amount)
	case "capture", "release", "expire":
		h, placed := b.holds[s.subject]
		if !placed || h.Source != source {
			return fmt.Errorf("no hold %s on %s", s.subject, source)
		}
		if err := end(&h, s.action, s.amount); err != nil {
			return err
		}
		b.holds[s.subject] = h
		return b.post(s.kind(), s.amount)
	case "state":
		h := b.holds[s.subject]
		if h.Source != source || h.Open() != s.amount || string(h.State) != s.outcome {
			return fmt.Errorf("hold %s on %s is %s with %d open", s.subject, h.Source, h.State, h.Open())
		}
		return nil
	case "balance":
		if have := b.of(source); have != s.amount || !source.Known() {
			return fmt.Errorf("the balance of %s is %s", source, money.Format(have, currency))
		}
		return nil
	}
	return fmt.Errorf("%q is no action", s.action)
}

// end takes amount out of a hold in the way that action says.
func end(h *ledger.Hold, action string, amount money.Amount) error {
	switch action {
	case "capture":
		return h.Capture(amount, moment)
	case "release":
		return h.Release(amount, moment)
	}
	left, err := h.Expire(moment)
	if err == nil && left != amount {
		return fmt.Errorf("the hold expires with %d", left)
	}
	return err
}

func (b *book) of(p ledger.Purpose) money.Amount { return b.balances[p].Of(p) }

// post makes a transfer, or refuses what the ledger refuses.
func (b *book) post(k ledger.Kind, amount money.Amount) error {
	return b.transfer(k.Legs(), amount)
}

func (b *book) transfer(legs ledger.Legs, amount money.Amount) error {
	if !legs.Debit.Known() || !legs.Credit.Known() {
		return fmt.Errorf("a transfer from %q to %q is of no kind", legs.Debit, legs.Credit)
	}
	if amount <= 0 {
		return fault.New(fault.AmountOutOfRange, "a transfer moves at least one minor unit")
	}
	if err := b.grow(legs.Debit, ledger.Balance{Debits: amount}, amount); err != nil {
		return err
	}
	return b.grow(legs.Credit, ledger.Balance{Credits: amount}, amount)
}

// errBelowZero is what the database refuses of accounts that no caller draws on.
var errBelowZero = errors.New("below zero")

func (b *book) grow(p ledger.Purpose, by ledger.Balance, amount money.Amount) error {
	had := b.of(p)
	after, err := b.balances[p].Add(by.Debits, by.Credits)
	if err != nil {
		return err
	}
	if after.Of(p) < 0 && !p.MayGoBelowZero() {
		if p == ledger.Deposit || p == ledger.ShopFunds {
			return ledger.Insufficient(p, amount, had, currency)
		}
		return errBelowZero
	}
	b.balances[p] = after
	return nil
}

// check proves what must hold of a book at any moment.
func (b *book) check() error {
	var sum money.Amount
	for p, balance := range b.balances {
		sum += balance.Debits - balance.Credits
		if b.of(p) < 0 && !p.MayGoBelowZero() {
			return fmt.Errorf("%s is below zero: %d", p, b.of(p))
		}
	}
	if sum != 0 {
		return fmt.Errorf("debits exceed credits by %d", sum)
	}
	held := make(map[ledger.Purpose]money.Amount)
	for name, h := range b.holds {
		held[h.Source] += h.Open()
		if h.Open() < 0 || h.Captured < 0 || h.Released < 0 || (h.Open() == 0) == (h.State == ledger.Held) ||
			(h.State == ledger.Held) != h.EndedAt.IsZero() {
			return fmt.Errorf("hold %s contradicts itself: %+v", name, h)
		}
	}
	if b.of(ledger.DepositHeld) != held[ledger.Deposit] || b.of(ledger.ShopFundsHeld) != held[ledger.ShopFunds] {
		return fmt.Errorf("open holds are %v, held are %d and %d", held, b.of(ledger.DepositHeld), b.of(ledger.ShopFundsHeld))
	}
	return nil
}

// Would catch a kind that debits or credits the wrong account, a refusal that
// is missing or changes something, and a hold that gives out more than it has:
// the scenarios say what an accountant expects.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, s := range readScenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b := newBook()
			for _, step := range s.steps {
				outcome := b.run(step)
				if got := outcomeOf(step, outcome); got != step.outcome {
					t.Fatalf("line %d: %s (%v), want %s", step.line, got, outcome, step.outcome)
				}
				if err := b.check(); err != nil {
					t.Fatalf("line %d: %v", step.line, err)
				}
			}
			checkTrialBalance(t, b, s)
		})
	}
}

// outcomeOf is a step's outcome as the scenario writes it.
func outcomeOf(s step, err error) string {
	if refusal, ok := fault.As(err); ok {
		return string(refusal.Reason)
	}
	switch {
	case errors.Is(err, errBelowZero):
		return "below-zero"
	case err != nil:
		return "broken"
	case s.action == "balance":
		return "-"
	case s.action == "state":
		return s.outcome
	}
	return "ok"
}

// checkTrialBalance proves that the scenario ends by naming every account that
// is not zero.
func checkTrialBalance(t *testing.T, b *book, s scenario) {
	t.Helper()
	named := make(map[ledger.Purpose]bool)
	for _, step := range s.trialBalance() {
		named[ledger.Purpose(step.account)] = true
	}
	for _, p := range ledger.Purposes() {
		if b.of(p) != 0 && !named[p] {
			t.Errorf("%s ends with %s, and no last balance names it", p, money.Format(b.of(p), currency))
		}
	}
}

// trialBalance are the balances at the end of a scenario.
func (s scenario) trialBalance() []step {
	from := len(s.steps)
	for from > 0 && s.steps[from-1].action == "balance" {
		from--
	}
	return s.steps[from:]
}

// Would catch a kind of transfer that nobody has shown to an accountant.
func TestEveryKindOccursInAScenario(t *testing.T) {
	t.Parallel()
	shown := make(map[ledger.Kind]bool)
	for _, s := range readScenarios(t) {
		for _, step := range s.steps {
			if step.outcome == "ok" {
				shown[step.kind()] = true
			}
		}
	}
	for _, k := range ledger.Kinds() {
		if !shown[k] {
			t.Errorf("no scenario in testdata makes a transfer of kind %s", k)
		}
	}
}
