package engine_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

func deposit(amount money.Amount) *book.MoneyMove {
	return &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY"}
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
func same(t *testing.T, first, again book.Outcome) {
	t.Helper()
	type ids struct {
		Claim, Result, Payout string
		Transfer, Event       int64
	}
	of := func(o book.Outcome) ids {
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
	type step func() (book.Outcome, error)
	var steps []step
	run := func(s step) book.Outcome {
		t.Helper()
		o, err := s()
		if err != nil {
			t.Fatal(err)
		}
		if o.Replayed {
			t.Fatal("the first is called a replay")
		}
		steps = append(steps, func() (book.Outcome, error) {
			again, err := s()
			same(t, o, again)
			return again, err
		})
		return o
	}
	h := func(method string) request.Header { return f.request("m1", method) }

	open := h("OpenBook")
	run(func() (book.Outcome, error) { return e.Do(ctx, open, &book.OpenBook{Currency: "CNY"}) })
	top := h("TopUpDeposit")
	run(func() (book.Outcome, error) {
		return e.Do(ctx, top, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 500_000, Currency: "CNY", Reference: "bank-1"})
	})
	file := h("FileClaim")
	c := run(func() (book.Outcome, error) { return e.Do(ctx, file, new(filing(line("m1", "l1", 1, 10_000), 1))) }).Claim
	record := h("RecordResult")
	run(func() (book.Outcome, error) {
		return e.Do(ctx, record, &book.RecordResult{Result: result(c, claim.Counterfeit, "R-1")})
	})
	against := h("RecordResult")
	other := result(c, claim.Genuine, "R-2")
	other.AuthenticatorID = "lab-2"
	reviewed := run(func() (book.Outcome, error) { return e.Do(ctx, against, &book.RecordResult{Result: other}) }).Claim
	assign := h("AssignReview")
	decider := assign.Principal.Person
	reviewed = run(func() (book.Outcome, error) {
		return e.Do(ctx, assign, &book.AssignReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: reviewed.Etag()}, Assignee: decider})
	}).Claim
	decide := h("DecideReview")
	run(func() (book.Outcome, error) {
		return e.Do(ctx, decide, &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: reviewed.Etag()}, Decision: book.Uphold, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, Note: "n"})
	})
	notice := h("ConfirmNotice")
	noticed := run(func() (book.Outcome, error) {
		return e.Do(ctx, notice, &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}, Revision: 2})
	}).Claim
	accept := h("AcceptClaim")
	run(func() (book.Outcome, error) {
		return e.Do(ctx, accept, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: noticed.Etag()}})
	})
	bounce := h("ReverseTopUp")
	run(func() (book.Outcome, error) {
		return e.Do(ctx, bounce, &book.ReverseTopUp{Reference: "bank-1"})
	})
	drop := h("WithdrawClaim")
	second := f.file(filing(line("m1", "l2", 1, 10_000), 1))
	run(func() (book.Outcome, error) {
		return e.Do(ctx, drop, &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: second.ID}})
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
	move := book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1_000, Currency: "CNY", Reference: "bank-1"}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var first int
	var outcomes []book.Outcome
	for n := range 32 {
		wait.Go(func() {
			e := f.engine
			if n%2 == 1 {
				e = other
			}
			o, err := e.Do(t.Context(), h, &move)
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
	take := &book.MoneyMove{Kind: ledger.DepositWithdrawn, Amount: 1_000, Currency: "CNY"}
	a := f.engine.Together(
		engine.Asked{Header: poor, Of: take}, // Nothing is there yet.
		engine.Asked{Header: h, Of: deposit(1_000)},
		engine.Asked{Header: h, Of: deposit(1_000)},
		engine.Asked{Header: h, Of: deposit(2_000)}, // Another content.
		engine.Asked{Header: poor, Of: take},        // Decided afresh: a refusal is not stored.
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
	first := f.engine.Together(engine.Asked{Header: h, Of: deposit(1_000)})[0]
	f.must(first.Err)
	for name, of := range map[string]book.Command{
		"amount":   deposit(1_001),
		"currency": &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1_000, Currency: "USD"},
		"kind":     &book.MoneyMove{Kind: ledger.ShopFundsHandedOver, Amount: 1_000, Currency: "CNY"},
	} {
		if a := f.engine.Together(engine.Asked{Header: h, Of: of})[0]; !errors.Is(a.Err, fault.RequestIDReused) {
			t.Errorf("other %s: %v", name, a.Err)
		}
	}
	for name, other := range map[string]func(*request.Header){
		"caller": func(h *request.Header) { h.Principal.Workload = "other" },
		"method": func(h *request.Header) { h.Method = "Other" },
		"book":   func(h *request.Header) { h.MerchantID = "m2" },
	} {
		mine := h
		other(&mine)
		a := f.engine.Together(engine.Asked{Header: mine, Of: deposit(1_000)})[0]
		if a.Err != nil || a.Outcome.Replayed {
			t.Errorf("other %s: %+v", name, a)
		}
	}
	// The person and the time of arrival are no part of the request.
	mine := h
	mine.Principal.Person, mine.ArrivedAt = "somebody-else", start.AddDate(0, 0, 3)
	again := f.engine.Together(engine.Asked{Header: mine, Of: deposit(1_000)})[0]
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
	move := book.MoneyMove{Kind: ledger.DepositWithdrawn, Amount: 1_000, Currency: "CNY", Reference: "bank-9"}
	if _, err := f.engine.Do(t.Context(), h, &move); !errors.Is(err, fault.DepositInsufficient) {
		t.Fatal(err)
	}
	if n := f.rows(`SELECT (SELECT count(*) FROM requests WHERE request_id = $1) + (SELECT count(*) FROM reservations WHERE reference = 'bank-9')`, h.RequestID); n != 0 {
		t.Errorf("the refusal left %d rows", n)
	}
	f.topUp("m1", 1_000)
	o, err := f.engine.Do(t.Context(), h, &move)
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
	move := book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 5, Currency: "CNY", Reference: "bank-1"}
	h := f.request("m1", "TopUpDeposit")
	f.must(errorOf(f.engine.Do(t.Context(), h, &move)))
	if _, err := f.engine.Do(t.Context(), f.request("m2", "TopUpDeposit"), &move); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("in another book: %v", err)
	}
	if _, err := f.engine.Do(t.Context(), f.request("m1", "TopUpDeposit"), &move); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("in the same book: %v", err)
	}
	f.must(errorOf(f.engine.Do(t.Context(), h, &move)))

	a, b := f.file(filing(line("m1", "l1", 1, 10_000), 1)), f.file(filing(line("m2", "l1", 1, 10_000), 1))
	first := f.request("m1", "RecordResult")
	o, err := f.engine.Do(t.Context(), first, &book.RecordResult{Result: result(a, claim.Genuine, "R-1")})
	f.must(err)
	_, err = f.engine.Do(t.Context(), f.request("m2", "RecordResult"), &book.RecordResult{Result: result(b, claim.Counterfeit, "R-1")})
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ResultAlreadyRecorded || refusal.Fields["resultId"] != o.ResultID {
		t.Errorf("one report for two claims: %v", err)
	}
	again, err := f.engine.Do(t.Context(), first, &book.RecordResult{Result: result(a, claim.Genuine, "R-1")})
	f.must(err)
	same(t, o, again)
	f.audited()
}
