package engine_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

func deposit(amount money.Amount) *engine.MoneyMove {
	return &engine.MoneyMove{Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY"}
}

// rows gives the number that a query counts.
func (f *fixture) rows(query string, args ...any) int {
	f.t.Helper()
	var n int
	if err := f.db.Open(f.t).GetContext(f.t.Context(), &n, query, args...); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// same fails unless again is the replay of first.
func same(t *testing.T, first, again engine.Outcome) {
	t.Helper()
	type ids struct {
		Claim, Result, Payout string
		Transfer, Event       int64
	}
	of := func(o engine.Outcome) ids {
		return ids{o.ClaimID, o.ResultID, o.PayoutID, o.TransferNumber, o.EventNumber}
	}
	if !again.Replayed {
		t.Error("the replay does not say that it is one")
	}
	if diff := cmp.Diff(of(first), of(again)); diff != "" {
		t.Errorf("the replay names something else:\n%s", diff)
	}
}

// Would catch a retry that acts twice or answers otherwise, for every command
// that a caller can send, also after the claim has moved on.
func TestReplayNamesTheSameOutcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	ctx, e := t.Context(), f.engine
	type step func() (engine.Outcome, error)
	var steps []step
	run := func(s step) engine.Outcome {
		t.Helper()
		o, err := s()
		if err != nil {
			t.Fatal(err)
		}
		if o.Replayed {
			t.Fatal("the first is called a replay")
		}
		steps = append(steps, func() (engine.Outcome, error) {
			again, err := s()
			same(t, o, again)
			return again, err
		})
		return o
	}
	h := func(method string) engine.Header { return f.request("m1", method) }

	open := h("OpenBook")
	run(func() (engine.Outcome, error) { return e.OpenBook(ctx, open, engine.OpenBook{Currency: "CNY"}) })
	top := h("TopUpDeposit")
	run(func() (engine.Outcome, error) {
		return e.MoveMoney(ctx, top, engine.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 500_000, Currency: "CNY", Reference: "bank-1"})
	})
	file := h("FileClaim")
	c := run(func() (engine.Outcome, error) { return e.FileClaim(ctx, file, filing(line("m1", "l1", 1, 10_000), 1)) }).Claim
	record := h("RecordResult")
	run(func() (engine.Outcome, error) {
		return e.RecordResult(ctx, record, engine.NewRecordResult(result(c, claim.Counterfeit, "R-1")))
	})
	against := h("RecordResult")
	other := result(c, claim.Genuine, "R-2")
	other.AuthenticatorID = "lab-2"
	reviewed := run(func() (engine.Outcome, error) { return e.RecordResult(ctx, against, engine.NewRecordResult(other)) }).Claim
	assign := h("AssignReview")
	reviewed = run(func() (engine.Outcome, error) {
		return e.AssignReview(ctx, assign, engine.NewAssignReview(c.ID, reviewed.Etag(), "reviewer-2"))
	}).Claim
	decide := h("DecideReview")
	run(func() (engine.Outcome, error) {
		return e.DecideReview(ctx, decide, engine.NewDecideReview(c.ID, reviewed.Etag(), engine.Uphold, []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, "n"))
	})
	notice := h("ConfirmNotice")
	noticed := run(func() (engine.Outcome, error) {
		return e.ConfirmNotice(ctx, notice, engine.NewConfirmNotice(c.ID, 2))
	}).Claim
	accept := h("AcceptClaim")
	run(func() (engine.Outcome, error) {
		return e.AcceptClaim(ctx, accept, engine.NewAcceptClaim(c.ID, noticed.Etag(), ""))
	})
	bounce := h("ReverseTopUp")
	run(func() (engine.Outcome, error) {
		return e.ReverseTopUp(ctx, bounce, engine.ReverseTopUp{Reference: "bank-1"})
	})
	drop := h("WithdrawClaim")
	second := f.file(filing(line("m1", "l2", 1, 10_000), 1))
	run(func() (engine.Outcome, error) {
		return e.WithdrawClaim(ctx, drop, engine.NewWithdrawClaim(second.ID, "", ""))
	})

	events := f.rows(`SELECT count(*) FROM events`)
	for _, again := range steps {
		f.must(errorOf(again()))
	}
	if got := f.rows(`SELECT count(*) FROM events`); got != events {
		t.Errorf("replays wrote %d events", got-events)
	}
	f.audited()
}

func errorOf[T any](_ T, err error) error { return err }

// Would catch a request that many send at once and that acts more than once.
func TestRequestSentThirtyTwoTimesAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	_, other := f.replica(engine.Defaults())
	h := f.request("m1", "TopUpDeposit")
	move := engine.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1_000, Currency: "CNY", Reference: "bank-1"}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var first int
	var outcomes []engine.Outcome
	for n := range 32 {
		wait.Go(func() {
			e := f.engine
			if n%2 == 1 {
				e = other
			}
			o, err := e.MoveMoney(t.Context(), h, move)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if !o.Replayed {
				first++
			}
			outcomes = append(outcomes, o)
		})
	}
	wait.Wait()
	if first != 1 {
		t.Errorf("%d of 32 say that they did it, want 1", first)
	}
	for _, o := range outcomes {
		if o.TransferNumber != outcomes[0].TransferNumber {
			t.Errorf("transfer %d and %d", o.TransferNumber, outcomes[0].TransferNumber)
		}
	}
	f.balanced("m1", balances{ledger.Deposit: 1_000, ledger.SettlementClearing: 1_000})
}

// Would catch the later of two equal requests of one batch that does not see
// the earlier, and one that is refused because its twin was.
func TestRequestTwiceInOneBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	h, poor := f.request("m1", "TopUpDeposit"), f.request("m1", "WithdrawDeposit")
	take := &engine.MoneyMove{Kind: ledger.DepositWithdrawn, Amount: 1_000, Currency: "CNY"}
	a := f.engine.Together(
		engine.Command{Header: poor, Of: take}, // Nothing is there yet.
		engine.Command{Header: h, Of: deposit(1_000)},
		engine.Command{Header: h, Of: deposit(1_000)},
		engine.Command{Header: h, Of: deposit(2_000)}, // Another content.
		engine.Command{Header: poor, Of: take},        // Decided afresh: a refusal is not stored.
	)
	if !errors.Is(a[0].Err, fault.DepositInsufficient) || a[1].Err != nil || a[2].Err != nil ||
		!errors.Is(a[3].Err, fault.RequestIDReused) || a[4].Err != nil || a[4].Outcome.Replayed {
		t.Fatalf("answers: %+v", a)
	}
	same(t, a[1].Outcome, a[2].Outcome)
	f.balanced("m1", balances{})
}

// Would catch a request id that is used for something else and is answered with
// the first outcome; and scopes that are too wide: another caller, method or
// book may use the same id.
func TestRequestIDIsBoundToItsContentAndScope(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	h := f.request("m1", "TopUpDeposit")
	first := f.engine.Together(engine.Command{Header: h, Of: deposit(1_000)})[0]
	f.must(first.Err)
	for name, of := range map[string]any{
		"amount":   deposit(1_001),
		"currency": &engine.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1_000, Currency: "USD"},
		"kind":     &engine.MoneyMove{Kind: ledger.ShopFundsHandedOver, Amount: 1_000, Currency: "CNY"},
	} {
		if a := f.engine.Together(engine.Command{Header: h, Of: of})[0]; !errors.Is(a.Err, fault.RequestIDReused) {
			t.Errorf("other %s: %v", name, a.Err)
		}
	}
	for name, other := range map[string]func(*engine.Header){
		"caller": func(h *engine.Header) { h.Principal.Workload = "other" },
		"method": func(h *engine.Header) { h.Method = "Other" },
		"book":   func(h *engine.Header) { h.MerchantID = "m2" },
	} {
		mine := h
		other(&mine)
		a := f.engine.Together(engine.Command{Header: mine, Of: deposit(1_000)})[0]
		if a.Err != nil || a.Outcome.Replayed {
			t.Errorf("other %s: %+v", name, a)
		}
	}
	// The person and the time of arrival are no part of the request.
	mine := h
	mine.Principal.Person, mine.ArrivedAt = "somebody-else", start.AddDate(0, 0, 3)
	again := f.engine.Together(engine.Command{Header: mine, Of: deposit(1_000)})[0]
	f.must(again.Err)
	same(t, first.Outcome, again.Outcome)
	f.balanced("m1", balances{ledger.Deposit: 3_000, ledger.SettlementClearing: 3_000})
}

// Would catch a refusal that is stored: what was refused must be decided afresh
// when the reason has gone.
func TestRefusalIsNotStored(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	h := f.request("m1", "WithdrawDeposit")
	move := engine.MoneyMove{Kind: ledger.DepositWithdrawn, Amount: 1_000, Currency: "CNY", Reference: "bank-9"}
	if _, err := f.engine.MoveMoney(t.Context(), h, move); !errors.Is(err, fault.DepositInsufficient) {
		t.Fatal(err)
	}
	if n := f.rows(`SELECT (SELECT count(*) FROM requests WHERE request_id = $1) + (SELECT count(*) FROM reservations WHERE reference = 'bank-9')`, h.RequestID); n != 0 {
		t.Errorf("the refusal left %d rows", n)
	}
	f.topUp("m1", 1_000)
	o, err := f.engine.MoveMoney(t.Context(), h, move)
	if err != nil || o.Replayed {
		t.Fatalf("decided afresh: %v %+v", err, o)
	}
	f.balanced("m1", balances{})
}

// Would catch a reference that two books use, or that a refused request keeps
// for itself.
func TestReferenceIsUniqueAcrossBooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000)
	f.open("m2", 1_000)
	move := engine.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 5, Currency: "CNY", Reference: "bank-1"}
	h := f.request("m1", "TopUpDeposit")
	f.must(errorOf(f.engine.MoveMoney(t.Context(), h, move)))
	if _, err := f.engine.MoveMoney(t.Context(), f.request("m2", "TopUpDeposit"), move); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("in another book: %v", err)
	}
	if _, err := f.engine.MoveMoney(t.Context(), f.request("m1", "TopUpDeposit"), move); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("in the same book: %v", err)
	}
	f.must(errorOf(f.engine.MoveMoney(t.Context(), h, move)))

	a, b := f.file(filing(line("m1", "l1", 1, 10_000), 1)), f.file(filing(line("m2", "l1", 1, 10_000), 1))
	first := f.request("m1", "RecordResult")
	o, err := f.engine.RecordResult(t.Context(), first, engine.NewRecordResult(result(a, claim.Genuine, "R-1")))
	f.must(err)
	_, err = f.engine.RecordResult(t.Context(), f.request("m2", "RecordResult"), engine.NewRecordResult(result(b, claim.Counterfeit, "R-1")))
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ResultAlreadyRecorded || refusal.Fields["resultId"] != o.ResultID {
		t.Errorf("one report for two claims: %v", err)
	}
	again, err := f.engine.RecordResult(t.Context(), first, engine.NewRecordResult(result(a, claim.Genuine, "R-1")))
	f.must(err)
	same(t, o, again)
	f.audited()
}
