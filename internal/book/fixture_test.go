package book_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The examples of which the tests are told.
var (
	start  = booktest.Start
	line   = booktest.Line
	filing = booktest.Filing
	egg    = booktest.Egg
	result = booktest.Result
)

// fixture is a shelf of books for one test, which fails if the books are wrong at any
// time.
type fixture struct {
	t testing.TB
	*booktest.Shelf
	count int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, Shelf: booktest.New(start)}
	t.Cleanup(f.audited)
	return f
}

// audited fails the test unless every book is in order.
func (f *fixture) audited() {
	f.t.Helper()
	for _, wrong := range f.Prove() {
		f.t.Errorf("proof: %s", wrong)
	}
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// request makes a header with a request id of its own.
func (f *fixture) request(merchant, method string) request.Header {
	f.count++
	return request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprintf("request-%d", f.count),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "reviewer-1"},
	}
}

// by is a request that a person stands behind.
func (f *fixture) by(person, merchant, method string) request.Header {
	h := f.request(merchant, method)
	h.Principal.Person = person
	return h
}

// done runs a command that is not refused.
func (f *fixture) done(h request.Header, cmd book.Command) book.Outcome {
	f.t.Helper()
	o, err := f.Do(h, cmd)
	f.must(err)
	return o
}

func (f *fixture) open(merchant string, deposit money.Amount) {
	f.t.Helper()
	f.done(f.request(merchant, "OpenBook"), &book.OpenBook{Currency: "CNY"})
	if deposit > 0 {
		f.topUp(merchant, deposit)
	}
}

func (f *fixture) topUp(merchant string, amount money.Amount) {
	f.t.Helper()
	h := f.request(merchant, "TopUpDeposit")
	f.done(h, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY", Reference: "pay-" + h.RequestID})
}

// move moves the merchant's own money.
func (f *fixture) move(merchant string, kind ledger.Kind, amount money.Amount) error {
	f.t.Helper()
	h := f.request(merchant, string(kind))
	_, err := f.Do(h, &book.MoneyMove{Kind: kind, Amount: amount, Currency: "CNY", Reference: "ref-" + h.RequestID})
	return err
}

// publish publishes a version that is in force when the examples' lines are paid.
func (f *fixture) publish(v policy.Version) {
	f.t.Helper()
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	f.must(f.Publish(v))
}

func (f *fixture) authenticator(id string, kind claim.AuthenticatorKind) {
	f.t.Helper()
	f.must(f.Register(claim.Authenticator{ID: id, Kind: kind, DisplayName: id}))
}

func labs(f *fixture) {
	f.authenticator("lab-1", claim.AccreditedLab)
	f.authenticator("lab-2", claim.AccreditedLab)
}

func (f *fixture) file(cmd book.FileClaim) *claim.Claim {
	f.t.Helper()
	return f.done(f.request(cmd.Line.MerchantID, "FileClaim"), &cmd).Claim
}

func (f *fixture) record(c *claim.Claim, r claim.Result) *claim.Claim {
	f.t.Helper()
	return f.done(f.request(c.MerchantID, "RecordResult"), &book.RecordResult{Result: r}).Claim
}

// found files a claim and has it found counterfeit.
func (f *fixture) found(cmd book.FileClaim) *claim.Claim {
	f.t.Helper()
	c := f.file(cmd)
	return f.record(c, result(c, claim.Counterfeit, "R-"+cmd.Line.MerchantID+"-"+c.ID))
}

func (f *fixture) confirmNotice(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	return f.done(f.request(c.MerchantID, "ConfirmNotice"), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}}).Claim
}

func (f *fixture) accept(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	return f.done(f.request(c.MerchantID, "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}}).Claim
}

func (f *fixture) withdraw(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	return f.done(f.request(c.MerchantID, "WithdrawClaim"),
		&book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "settled"}).Claim
}

func (f *fixture) sweep(merchant string) {
	f.t.Helper()
	f.done(request.System(merchant, "SweepBook"), &book.SweepBook{})
}

func (f *fixture) answer(p payout.Payout, said payout.Outcome) *claim.Claim {
	f.t.Helper()
	return f.done(request.System(p.MerchantID, "AnswerPayout"),
		&book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: said}}).Claim
}

// paid lets every payout of a claim arrive.
func (f *fixture) paid(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	for _, p := range f.Made() {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	return c
}

// pass is a timer that saw the claim as it is in c.
func (f *fixture) pass(c *claim.Claim) (*claim.Claim, error) {
	o, err := f.Do(request.System(c.MerchantID, "PassDeadline"),
		&book.PassDeadline{OnClaim: book.OnClaim{ClaimID: c.ID}, Fires: c.Fires, Deadline: c.Deadline})
	return o.Claim, err
}

// current reads a claim as its row has it.
func (f *fixture) current(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	now, found := f.Rows(c.MerchantID).Claims[c.ID]
	if !found {
		f.t.Fatalf("claim %s does not exist", c.ID)
	}
	return &now
}

// read gives claims as the book has them.
func (f *fixture) read(claims ...*claim.Claim) []*claim.Claim {
	f.t.Helper()
	out := make([]*claim.Claim, len(claims))
	for i, c := range claims {
		// A refusal tells the claim as it is and changes nothing.
		_, err := f.Do(f.request(c.MerchantID, "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: "none"}})
		refusal, ok := fault.As(err)
		if !ok {
			f.t.Fatal(err)
		}
		as := *refusal.Subject.(*claim.Claim)
		out[i] = &as
	}
	return out
}

func (f *fixture) head(merchant string) book.Head {
	f.t.Helper()
	r := f.Rows(merchant)
	if !r.Open {
		f.t.Fatalf("no book of %s is open", merchant)
	}
	return r.Head
}

type balances = map[ledger.Purpose]money.Amount

// balances are a book's accounts that are not zero, on their normal side.
func (f *fixture) balances(merchant string) balances {
	f.t.Helper()
	out := make(balances)
	h := f.head(merchant)
	for _, p := range ledger.Purposes() {
		if b := h.Balances.At(p).Of(p); b != 0 {
			out[p] = b
		}
	}
	return out
}

func (f *fixture) balanced(merchant string, want balances) {
	f.t.Helper()
	if diff := cmp.Diff(want, f.balances(merchant)); diff != "" {
		f.t.Errorf("balances of %s:\n%s", merchant, diff)
	}
	f.audited()
}

// told is how many events of a kind a book has.
func (f *fixture) told(merchant string, kind event.Kind) (n int) {
	for _, e := range f.Rows(merchant).Events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// withEvidence is a filing with one piece of evidence of a digest.
func withEvidence(cmd book.FileClaim, digest string) book.FileClaim {
	cmd.Evidence = []book.AddEvidence{{Kind: "PHOTO", Reference: "seal", Digest: digest}}
	return cmd
}
