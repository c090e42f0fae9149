package postgres_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// start is the time at which every book's clock begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// books is an engine over a database of its own, with the merchant m1.
type books struct {
	mu sync.Mutex
	// made are the payouts that the engine told of.
	made []payout.Payout

	t      *testing.T
	admin  *sqlx.DB
	pg     *postgres.DB
	engine *engine.Engine
	now    time.Time // Moved between commands only.
	count  int
}

func newBooks(t *testing.T) *books {
	t.Helper()
	db := pgtest.New(t)
	pg, err := postgres.Open(db.AppURL, 8)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	b := &books{t: t, admin: admin, pg: pg, now: start}
	b.engine, err = engine.New(t.Context(), pg, func() time.Time { return b.now }, engine.Defaults(), engine.Hooks{Payouts: b.told}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if b.engine != nil {
			b.engine.Close()
		}
		_, _ = pg.Close(), admin.Close()
	})
	b.do(b.engine.Do(t.Context(), b.request("OpenBook"), &book.OpenBook{Currency: "CNY"}))
	b.topUp(1_000_000)
	_, err = b.engine.RegisterAuthenticator(t.Context(), b.request("RegisterAuthenticator"),
		claim.Authenticator{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *books) request(method string) request.Header {
	b.count++
	return request.Header{
		MerchantID: "m1", Method: method, RequestID: b.newest(),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "reviewer-1"},
	}
}

// newest is the id of the newest request.
func (b *books) newest() string { return fmt.Sprintf("request-%d", b.count) }

// do takes the outcome of a command that must not be refused.
func (b *books) do(o book.Outcome, err error) book.Outcome {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *books) topUp(amount money.Amount) book.Outcome {
	b.t.Helper()
	h := b.request("TopUpDeposit")
	return b.do(b.engine.Do(b.t.Context(), h, &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY", Reference: "pay-" + h.RequestID,
	}))
}

// line is an order line of one unit, paid a month before the start.
func line(id string) *order.Line {
	at := start.AddDate(0, -1, 0)
	return &order.Line{
		MerchantID: "m1", ID: id, OrderID: "order-" + id, PaymentID: "payment-" + id,
		PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(48 * time.Hour),
		ProductID: "product-1", Category: "cosmetics", Quantity: 1, Currency: "CNY",
		UnitPrice: 10_000, GoodsPaid: 10_000, PayerID: "consumer-" + id, RecipientID: "consumer-" + id,
	}
}

// file files a claim, of which the engine learns a refund as well.
func (b *books) file(id string) *claim.Claim {
	b.t.Helper()
	l := line(id)
	return b.do(b.engine.Do(b.t.Context(), b.request("FileClaim"), &book.FileClaim{
		Line: l, ClaimantID: l.PayerID, Ordinals: []int32{1}, Basis: policy.Promise,
		Refunds:  []book.OrderRefund{{RefundID: "refund-" + id, Amount: 100, Currency: "CNY", RefundedAt: start.AddDate(0, 0, -5)}},
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: start.AddDate(0, 0, -3), Destination: "wallet-1",
	})).Claim
}

// record records a laboratory's result on the unit of a claim.
func (b *books) record(c *claim.Claim, v claim.Verdict) book.Outcome {
	b.t.Helper()
	return b.do(b.engine.Do(b.t.Context(), b.request("RecordResult"), &book.RecordResult{Result: claim.Result{
		ClaimID: c.ID, AuthenticatorID: "lab-1", ReportNumber: "report-" + c.ID, Sample: claim.SealedPlatformSample,
		CustodyIntact: true, Units: []claim.Unit{{Ordinal: 1, Verdict: v}}, IssuedAt: start,
	}}))
}

// paying takes a fresh claim to where it waits for the gateway.
func (b *books) paying(id string) *claim.Claim {
	b.t.Helper()
	c := b.file(id)
	b.record(c, claim.Counterfeit)
	c = b.do(b.engine.Do(b.t.Context(), b.request("ConfirmNotice"), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})).Claim
	return b.do(b.engine.Do(b.t.Context(), b.request("AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Note: "agreed"})).Claim
}

// answer has the payment service report the same of each of a claim's payouts.
func (b *books) answer(said payout.Outcome, payouts ...payout.Payout) *claim.Claim {
	b.t.Helper()
	var c *claim.Claim
	for _, p := range payouts {
		// As the worker does before it instructs.
		if _, _, err := b.engine.Reserve(b.t.Context(), postgres.Reservation{
			Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID,
		}); err != nil {
			b.t.Fatal(err)
		}
		h := b.request("ReportPayoutOutcome")
		c = b.do(b.engine.Do(b.t.Context(), h, &book.AnswerPayout{OutNumber: p.OutNumber, Answer: payout.Answer{Outcome: said}})).Claim
	}
	return c
}

// payouts reads the payouts of a claim.
func (b *books) payouts(c *claim.Claim) []payout.Payout {
	b.t.Helper()
	p, err := b.pg.Reader().Payouts(b.t.Context(), postgres.PayoutQuery{MerchantID: "m1", ClaimID: c.ID}, "", 10)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Rows
}

// run does to the database what the engine may not.
func (b *books) run(query string, args ...any) {
	b.t.Helper()
	if _, err := b.admin.ExecContext(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *books) told(made []payout.Payout) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made = append(b.made, made...)
}

// takePayouts gives the payouts made since the last call.
func (b *books) takePayouts() []payout.Payout {
	b.mu.Lock()
	defer b.mu.Unlock()
	made := b.made
	b.made = nil
	return made
}
