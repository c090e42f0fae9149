package engine_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// race runs all at once, each on the other of two engines, and gives their errors.
func race(f *fixture, of ...func(*engine.Engine) error) []error {
	_, other := f.replica(engine.Defaults())
	engines := []*engine.Engine{f.engine, other}
	errs := make([]error, len(of))
	begin := make(chan struct{})
	var wait sync.WaitGroup
	for i, run := range of {
		wait.Go(func() {
			<-begin
			errs[i] = run(engines[i%len(engines)])
		})
	}
	close(begin)
	wait.Wait()
	return errs
}

// oneWins fails unless exactly one error is nil and each other is one of losing.
func oneWins(t *testing.T, errs []error, losing ...error) int {
	t.Helper()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			t.Errorf("commands %d and %d both won", winner, i)
		default:
			known := false
			for _, want := range losing {
				known = known || errors.Is(err, want)
			}
			if !known {
				t.Errorf("command %d: %v", i, err)
			}
		}
	}
	if winner < 0 {
		t.Fatalf("nobody won: %v", errs)
	}
	return winner
}

// noticed is a claim whose notice has lapsed and not been passed.
func noticed(t *testing.T) (*fixture, *claim.Claim) {
	t.Helper()
	f := newFixture(t)
	f.open("m1", 110_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1)))
	f.clock.Move(c.Deadline.Sub(start) + engine.Defaults().LapseGrace)
	return f, c
}

const races = 6

// Would catch a claim that is debited and withdrawn at once: on two replicas,
// with the etag that both saw or with none.
func TestAcceptRacesWithdraw(t *testing.T) {
	t.Parallel()
	for range races {
		f, c := noticed(t)
		accept, withdraw := f.request("m1", "AcceptClaim"), f.request("m1", "WithdrawClaim")
		winner := oneWins(t, race(f,
			func(e *engine.Engine) error {
				return errorOf(e.Do(t.Context(), accept, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}}))
			},
			func(e *engine.Engine) error {
				return errorOf(e.Do(t.Context(), withdraw, &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}}))
			},
		), fault.ClaimChanged, fault.ClaimStateConflict)
		want := []balances{
			{ledger.PayoutClearing: 110_000, ledger.SettlementClearing: 110_000},
			{ledger.Deposit: 110_000, ledger.SettlementClearing: 110_000},
		}
		f.balanced("m1", want[winner])
	}
}

// Would catch a merchant debited twice by an acceptance that arrives while the
// notice lapses, on two timers besides.
func TestAcceptRacesTheLapseOfTheNotice(t *testing.T) {
	t.Parallel()
	for range races {
		f, c := noticed(t)
		accept := f.request("m1", "AcceptClaim")
		pass := func(e *engine.Engine) error {
			return errorOf(e.Do(t.Context(), request.System("m1", "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: book.Wait{
				ClaimID: c.ID, Fires: c.Fires, Deadline: c.Deadline,
			}.ClaimID}, Fires: book.Wait{
				ClaimID: c.ID, Fires: c.Fires, Deadline: c.Deadline,
			}.Fires, Deadline: book.Wait{
				ClaimID: c.ID, Fires: c.Fires, Deadline: c.Deadline,
			}.Deadline}))
		}
		oneWins(t, race(f, pass, func(e *engine.Engine) error {
			return errorOf(e.Do(t.Context(), accept, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}}))
		}, pass), fault.ClaimChanged, fault.ClaimStateConflict)
		if made := f.takePayouts(); len(made) != 2 {
			t.Errorf("%d payouts", len(made))
		}
		f.balanced("m1", balances{ledger.PayoutClearing: 110_000, ledger.SettlementClearing: 110_000})
	}
}

// Would catch a deposit taken twice: two withdrawals that it covers each and
// not both.
func TestWithdrawalsRaceForOneDeposit(t *testing.T) {
	t.Parallel()
	for range races {
		f := newFixture(t)
		f.open("m1", 10_000)
		take := func(amount money.Amount) func(*engine.Engine) error {
			h := f.request("m1", "WithdrawDeposit")
			return func(e *engine.Engine) error {
				return errorOf(e.Do(t.Context(), h, &book.MoneyMove{
					Kind: ledger.DepositWithdrawn, Amount: amount, Currency: "CNY", Reference: "out-" + h.RequestID,
				}))
			}
		}
		winner := oneWins(t, race(f, take(6_000), take(7_000)), fault.DepositInsufficient)
		left := []money.Amount{4_000, 3_000}[winner]
		f.balanced("m1", balances{ledger.Deposit: left, ledger.SettlementClearing: left})
	}
}

// Would catch one unit claimed twice by two replicas, and one book opened twice.
func TestClaimsRaceForOneUnit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	open := func(e *engine.Engine) error {
		return errorOf(e.Do(t.Context(), f.request("m1", "OpenBook"), &book.OpenBook{Currency: "CNY"}))
	}
	oneWins(t, race(f, open, open, open, open), fault.MerchantAlreadyOpened)
	file := func(e *engine.Engine) error {
		return errorOf(e.Do(t.Context(), f.request("m1", "FileClaim"), new(filing(line("m1", "l1", 2, 10_000), 1, 2))))
	}
	oneWins(t, race(f, file, file, file, file), fault.ClaimAlreadyFiled)
	f.audited()
}

// Would catch a book that first claims of several replicas open twice, and a claim that is lost
// because another opened it.
func TestFirstClaimsRaceForTheirBook(t *testing.T) {
	t.Parallel()
	for range races {
		f := newFixture(t)
		config := engine.Defaults()
		config.OpenBooks = true
		const servers = 3
		errs := make(chan error, servers)
		for n := range servers {
			_, e := f.replica(config)
			h, cmd := f.request("m1", "FileClaim"), filing(line("m1", fmt.Sprint("l", n), 1, 10_000), 1)
			go func() { errs <- errorOf(e.Do(t.Context(), h, &cmd)) }()
		}
		for range servers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		head, found, err := f.pg.Reader().Head(t.Context(), "m1")
		if err != nil || !found || head.EventNumber != servers+1 {
			t.Errorf("the book has %d events, not its opening and %d claims: %v", head.EventNumber, servers, err)
		}
		f.audited()
	}
}

// Would catch one report recorded for two claims of two books at once.
func TestResultsRaceForOneReport(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	var record []func(*engine.Engine) error
	for _, m := range []string{"m1", "m2", "m3", "m4"} {
		f.open(m, 0)
		c := f.file(filing(line(m, "l1", 1, 10_000), 1))
		record = append(record, func(e *engine.Engine) error {
			return errorOf(e.Do(t.Context(), f.request(m, "RecordResult"), &book.RecordResult{Result: result(c, claim.Counterfeit, "R-1")}))
		})
	}
	oneWins(t, race(f, record...), fault.ResultAlreadyRecorded, fault.TransactionContended)
	f.audited()
}

// Would catch claims that are priced in another order than they were filed in:
// replicas whose clocks show the same time must still record one after the other.
func TestRecordTimeGrowsAcrossReplicas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	_, other := f.replica(engine.Defaults())
	var last time.Time
	for i := range 20 {
		e := f.engine
		if i%2 == 1 {
			e = other
		}
		cmd := filing(line("m1", fmt.Sprintf("l%d", i), 1, 220), 1)
		o, err := e.Do(t.Context(), f.request("m1", "FileClaim"), &cmd)
		if err != nil {
			t.Fatal(err)
		}
		if !o.Claim.FiledAt.After(last) {
			t.Fatalf("claim %d is filed at %s, the one before at %s", i, o.Claim.FiledAt, last)
		}
		last = o.Claim.FiledAt
	}
}

// Would catch two people who approve at once, on two replicas and each twice, and
// carry a proposal out twice or never.
func TestApprovalsRaceAndAreSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 190_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	// Of 220,000 the platform advances 30,000.
	c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))))
	o, err := f.engine.Do(t.Context(), f.by("finance-1", "m1", "ProposeDecision"), &book.ProposeDecision{
		Kind: proposal.WriteOff, Amount: 10_000, Currency: "CNY", DebtKind: debt.Advance, DebtID: c.ID,
	})
	f.must(err)
	var approve []func(*engine.Engine) error
	for _, person := range []string{"approver-1", "approver-2", "approver-2", "approver-1"} {
		h := f.by(person, "m1", "ApproveProposal")
		h.RequestID = person
		approve = append(approve, func(e *engine.Engine) error {
			return errorOf(e.Do(t.Context(), h, &book.ApproveProposal{OnProposal: book.OnProposal{Number: o.Proposal.Number}}))
		})
	}
	for i, err := range race(f, approve...) {
		if err != nil {
			t.Errorf("approval %d: %v", i, err)
		}
	}
	if c = f.current(c); c.Funding.WrittenOff != 10_000 {
		t.Errorf("written off: %+v", c.Funding)
	}
	f.audited()
}

// Would catch purchases that together spend more than the face of a coupon, at once
// and on two replicas.
func TestPurchasesRaceForOneCoupon(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	filed := filing(line("m1", "l1", 2, 20_000), 1, 2)
	filed.PayoutForm = claim.Coupon
	f.accept(f.confirmNotice(f.found(filed)))
	made := f.takePayouts()
	for _, p := range made {
		_, ours, err := f.engine.Reserve(t.Context(), postgres.Reservation{
			Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID,
		})
		if err != nil || !ours {
			t.Fatalf("reserve out-number: %v, %v", ours, err)
		}
		f.answer(p, payout.OutcomeSucceeded)
	}
	coupon := made[1]
	if coupon.Form != claim.Coupon || coupon.Amount != 200_000 {
		t.Fatalf("made %+v", made)
	}
	var spend []func(*engine.Engine) error
	for n := range 3 {
		h := f.request("", "ReportCouponRedeemed")
		spend = append(spend, func(e *engine.Engine) error {
			return errorOf(e.Do(t.Context(), h, &book.RedeemCoupon{
				OutNumber: coupon.OutNumber, Amount: 100_000, Currency: "CNY", Reference: fmt.Sprint("buy-", n),
			}))
		})
	}
	refused := 0
	for i, err := range race(f, spend...) {
		switch {
		case errors.Is(err, fault.CouponExceeded):
			refused++
		case err != nil:
			t.Errorf("purchase %d: %v", i, err)
		}
	}
	if refused != 1 {
		t.Errorf("%d of 3 purchases were refused", refused)
	}
	f.balanced("m1", balances{ledger.Deposit: 80_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 300_000})
}

// Would catch a payment that two books or two requests take in at once.
func TestRepaymentsRaceForOnePayment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	var repay []func(*engine.Engine) error
	for _, merchant := range []string{"m1", "m2"} {
		f.open(merchant, 300_000)
		c := f.paid(f.accept(f.confirmNotice(f.found(filing(line(merchant, "l1", 1, 10_000), 1)))))
		o, err := f.engine.Do(t.Context(), f.request(merchant, "ReviseVerdict"), &book.ReviseVerdict{
			OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: book.GroundFraud, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}},
		})
		f.must(err)
		if o.Claim.Funding.ClawedBack != 110_000 {
			t.Fatalf("clawed back: %+v", o.Claim.Funding)
		}
		for range 2 {
			h := f.request(merchant, "RecordConsumerRepayment")
			repay = append(repay, func(e *engine.Engine) error {
				return errorOf(e.Do(t.Context(), h, &book.RepayClawBack{ClaimID: c.ID, Amount: 100_000, Currency: "CNY", Reference: "back-1"}))
			})
		}
	}
	oneWins(t, race(f, repay...), fault.ReferenceAlreadyUsed, fault.TransactionContended)
	f.audited()
}
