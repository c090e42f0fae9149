package engine_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The examples of which the tests are told; start is when every fixture's clock
// begins.
var (
	start  = booktest.Start
	line   = booktest.Line
	filing = booktest.Filing
	egg    = booktest.Egg
	result = booktest.Result
)

// clock is a clock that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is one engine over a database of its own.
type fixture struct {
	t      testing.TB
	db     *pgtest.DB
	pg     *postgres.DB
	engine *engine.Engine
	clock  *clock

	mu      sync.Mutex
	count   int
	payouts []payout.Payout
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, db: pgtest.New(t), clock: &clock{now: start}}
	f.pg, f.engine = f.replica(engine.Defaults())
	return f
}

// replica starts another engine on the fixture's database.
func (f *fixture) replica(config engine.Config) (*postgres.DB, *engine.Engine) {
	f.t.Helper()
	config.PoliciesAtOnce = true
	if config.Ahead == engine.Defaults().Ahead {
		// Every batch is read ahead and halved, whatever waits: the harder way to be right.
		config.Ahead, config.Half = 1, 1
	}
	pg, err := postgres.Open(f.db.AppURL, 16)
	if err != nil {
		f.t.Fatal(err)
	}
	e, err := engine.New(f.t.Context(), pg, f.clock.Now, config, engine.Hooks{Payouts: f.told}, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		e.Close()
		if err := pg.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return pg, e
}

// told keeps what an engine tells of new payouts.
func (f *fixture) told(made []payout.Payout) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.payouts = append(f.payouts, made...)
}

// request makes a header with a request id of its own.
func (f *fixture) request(merchant, method string) request.Header {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	return request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprintf("request-%d", f.count),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "reviewer-1"},
	}
}

// takePayouts gives the payouts made since the last call.
func (f *fixture) takePayouts() []payout.Payout {
	f.mu.Lock()
	defer f.mu.Unlock()
	made := f.payouts
	f.payouts = nil
	return made
}

func (f *fixture) open(merchant string, deposit money.Amount) {
	f.t.Helper()
	if _, err := f.engine.Do(f.t.Context(), f.request(merchant, "OpenBook"), &book.OpenBook{Currency: "CNY"}); err != nil {
		f.t.Fatal(err)
	}
	if deposit > 0 {
		f.topUp(merchant, deposit)
	}
}

func (f *fixture) topUp(merchant string, amount money.Amount) {
	f.t.Helper()
	h := f.request(merchant, "TopUpDeposit")
	_, err := f.engine.Do(f.t.Context(), h, &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY", Reference: "pay-" + h.RequestID,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) file(cmd book.FileClaim) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(cmd.Line.MerchantID, "FileClaim"), &cmd)
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

func (f *fixture) authenticator(id string, kind claim.AuthenticatorKind) {
	f.t.Helper()
	_, err := f.engine.RegisterAuthenticator(f.t.Context(), f.request("", "RegisterAuthenticator"), claim.Authenticator{ID: id, Kind: kind, DisplayName: id})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) record(c *claim.Claim, r claim.Result) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "RecordResult"), &book.RecordResult{Result: r})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

func (f *fixture) confirmNotice(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "ConfirmNotice"), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

func (f *fixture) accept(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

func (f *fixture) answer(p payout.Payout, said payout.Outcome) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), request.System(p.MerchantID, "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: said}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// by is a request that a person stands behind.
func (f *fixture) by(person, merchant, method string) request.Header {
	h := f.request(merchant, method)
	h.Principal.Person = person
	return h
}

// found files a claim and has it found counterfeit.
func (f *fixture) found(cmd book.FileClaim) *claim.Claim {
	f.t.Helper()
	c := f.file(cmd)
	return f.record(c, result(c, claim.Counterfeit, "R-"+cmd.Line.MerchantID+"-"+c.ID))
}

// paid lets every payout of a claim arrive.
func (f *fixture) paid(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	for _, p := range f.takePayouts() {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	return c
}

// current reads a claim as the database has it.
func (f *fixture) current(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	now, found, err := f.pg.Reader().Claim(f.t.Context(), c.MerchantID, c.ID)
	if err != nil || !found {
		f.t.Fatalf("claim %s: found %v, %v", c.ID, found, err)
	}
	return &now
}

func labs(f *fixture) {
	f.authenticator("lab-1", claim.AccreditedLab)
	f.authenticator("lab-2", claim.AccreditedLab)
}

type balances = map[ledger.Purpose]money.Amount

func (f *fixture) balanced(merchant string, want balances) {
	f.t.Helper()
	if diff := cmp.Diff(want, f.balances(merchant)); diff != "" {
		f.t.Errorf("balances of %s:\n%s", merchant, diff)
	}
	f.audited()
}

// balances reads a book's accounts that are not zero, on their normal side.
func (f *fixture) balances(merchant string) balances {
	f.t.Helper()
	var rows []struct {
		Purpose string `db:"purpose"`
		Debits  int64  `db:"debits_minor"`
		Credits int64  `db:"credits_minor"`
	}
	pool := f.db.Open(f.t)
	err := pool.SelectContext(f.t.Context(), &rows, `SELECT purpose, debits_minor, credits_minor FROM accounts WHERE merchant_id = $1`, merchant)
	if err != nil {
		f.t.Fatal(err)
	}
	out := make(balances)
	for _, r := range rows {
		p := ledger.Purpose(r.Purpose)
		b := ledger.Balance{Debits: money.Amount(r.Debits), Credits: money.Amount(r.Credits)}.Of(p)
		if b != 0 {
			out[p] = b
		}
	}
	return out
}

// Would catch tests of decisions that rest on other policies, days or settings than an
// installation begins with.
func TestShelfBeginsAsADatabaseDoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s, catalog := booktest.New(start), f.engine.Catalog()
	if diff := cmp.Diff(catalog.Policies.Listed("", "", 0), s.Catalog().Policies.Listed("", "", 0)); diff != "" {
		t.Errorf("policies:\n%s", diff)
	}
	for year := 2024; year <= 2027; year++ {
		if diff := cmp.Diff(catalog.Calendar.Days(year), s.Catalog().Calendar.Days(year)); diff != "" {
			t.Errorf("days of %d:\n%s", year, diff)
		}
	}
	if config := engine.Defaults(); config.PayoutLife != booktest.PayoutLife || config.LapseGrace != booktest.LapseGrace {
		t.Errorf("the engine's settings are %+v", config.Settings)
	}
}
