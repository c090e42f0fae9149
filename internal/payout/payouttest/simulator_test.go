package payouttest_test

import (
	"cmp"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	none       = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_UNSPECIFIED // The call fails with UNAVAILABLE.
	processing = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING
	succeeded  = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED
	failed     = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED
	notFound   = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND
)

// bench is a simulator with a clock that the test moves.
type bench struct {
	t   *testing.T
	sim *payouttest.Simulator
	now time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, now: start}
	b.sim = payouttest.New(func() time.Time { return b.now })
	return b
}

func request(outNumber, destination string) *tenfoldv1.InstructRequest {
	return &tenfoldv1.InstructRequest{
		OutNumber: outNumber, Payout: "merchants/m1/payouts/" + outNumber, Claim: "merchants/m1/claims/c1",
		Part: tenfoldv1.PayoutPart_PAYOUT_PART_REFUND, OriginalPaymentId: "pay-1", Destination: destination,
		Amount:   &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 100},
		NotAfter: timestamppb.New(start.Add(72 * time.Hour)),
	}
}

func (b *bench) outcome(o tenfoldv1.GatewayOutcome, err error) tenfoldv1.GatewayOutcome {
	b.t.Helper()
	if err != nil && status.Code(err) != codes.Unavailable {
		b.t.Fatal(err)
	}
	return o
}

func (b *bench) instruct(destination string) tenfoldv1.GatewayOutcome {
	b.t.Helper()
	r, err := b.sim.Instruct(b.t.Context(), request("N1", destination))
	return b.outcome(r.GetOutcome(), err)
}

func (b *bench) query() tenfoldv1.GatewayOutcome {
	b.t.Helper()
	r, err := b.sim.Query(b.t.Context(), &tenfoldv1.QueryRequest{OutNumber: "N1"})
	return b.outcome(r.GetOutcome(), err)
}

// Would catch a script that does not do what the contract of the sandbox says,
// and an out-number that pays twice when it is sent again.
func TestScripts(t *testing.T) {
	t.Parallel()
	type outcomes = []tenfoldv1.GatewayOutcome
	for destination, row := range map[string]struct {
		instruct, query, instructAgain tenfoldv1.GatewayOutcome
		paid                           int64
		reports                        []payout.Outcome
		after                          time.Duration // When the reports come.
	}{
		"wallet-1":            {succeeded, succeeded, succeeded, 1, nil, 0},
		"sandbox-succeed-1":   {succeeded, succeeded, succeeded, 1, nil, 0},
		"sandbox-process-1":   {processing, succeeded, succeeded, 1, nil, 0},
		"sandbox-fail-1":      {failed, failed, failed, 0, nil, 0},
		"sandbox-stall-1":     {processing, processing, processing, 0, nil, 0},
		"sandbox-lose-1":      {none, succeeded, succeeded, 1, nil, 0},
		"sandbox-miss-1":      {none, notFound, succeeded, 1, nil, 0},
		"sandbox-double-1":    {succeeded, succeeded, succeeded, 1, []payout.Outcome{payout.OutcomeSucceeded}, 0},
		"sandbox-return-1":    {succeeded, succeeded, succeeded, 0, []payout.Outcome{payout.OutcomeReturned}, 24 * time.Hour},
		"sandbox-part-1":      {succeeded, succeeded, succeeded, 1, nil, 0},
		"sandbox-over-1":      {succeeded, succeeded, succeeded, 1, nil, 0},
		"not-sandbox-fail-17": {succeeded, succeeded, succeeded, 1, nil, 0},
	} {
		t.Run(destination, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if got := b.query(); got != notFound {
				t.Errorf("before anything: %v", got)
			}
			for i, got := range (outcomes{b.instruct(destination), b.query(), b.instruct(destination), b.instruct(destination)}) {
				if want := (outcomes{row.instruct, row.query, row.instructAgain, row.instructAgain})[i]; got != want {
					t.Errorf("call %d: %v, not %v", i, got, want)
				}
			}
			if row.after > 0 {
				b.now = start.Add(row.after - time.Microsecond)
				if early := b.sim.TakeReports(); len(early) != 0 {
					t.Errorf("reported too early: %+v", early)
				}
			}
			b.now = start.Add(row.after)
			reports := b.sim.TakeReports()
			if len(reports) != len(row.reports) || len(b.sim.TakeReports()) != 0 {
				t.Fatalf("reports: %+v", reports)
			}
			for i, r := range reports {
				if r.OutNumber != "N1" || r.Answer.Outcome != row.reports[i] {
					t.Errorf("reported: %+v", r)
				}
			}
			each := map[string]int64{"sandbox-part-1": 50, "sandbox-over-1": 200}[destination]
			if got := b.sim.Paid(); got != (payouttest.Paid{Payouts: row.paid, Minor: cmp.Or(each, 100) * row.paid}) {
				t.Errorf("paid: %+v", got)
			}
		})
	}
}

// Would catch answers of the simulator that do not say what was paid, or that speak of
// another try than the one under way.
func TestAnswersTellAmountAndTry(t *testing.T) {
	t.Parallel()
	for destination, minor := range map[string]int64{"wallet-1": 100, payouttest.Part: 50, payouttest.Over: 200, payouttest.Fail: 0} {
		b := newBench(t)
		first := request("N1", destination)
		first.TryNumber = 1
		if _, err := b.sim.Instruct(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		try := int32(1)
		if destination == payouttest.Fail {
			again := request("N1", destination)
			again.TryNumber, again.NotAfter = 2, timestamppb.New(start.Add(100*time.Hour))
			if _, err := b.sim.Instruct(t.Context(), again); err != nil {
				t.Fatal(err)
			}
			try = 2
		}
		r, err := b.sim.Query(t.Context(), &tenfoldv1.QueryRequest{OutNumber: "N1"})
		if err != nil || r.GetAmount().GetMinorUnits() != minor || r.GetTryNumber() != try {
			t.Errorf("%s: %v, %v", destination, r, err)
		}
	}
}

// Would catch a payment service that pays after not_after, or that never ends
// what it stalls.
func TestNotAfter(t *testing.T) {
	t.Parallel()
	for destination, code := range map[string]string{"wallet-1": "NOT_AFTER_PASSED", payouttest.Stall: "SANDBOX_STALLED"} {
		b := newBench(t)
		if destination == payouttest.Stall && b.instruct(destination) != processing {
			t.Fatal("not taken on")
		}
		b.now = start.Add(72*time.Hour + time.Microsecond)
		r, err := b.sim.Instruct(t.Context(), request("N1", destination))
		if err != nil || r.GetOutcome() != failed || r.GetFailureCode() != code {
			t.Errorf("%s: %v, %v", destination, r, err)
		}
		if b.query() != failed || b.sim.Paid() != (payouttest.Paid{}) {
			t.Errorf("%s: paid %+v", destination, b.sim.Paid())
		}
		// An operator's retry of it may be paid until later.
		again := request("N1", destination)
		again.NotAfter = timestamppb.New(b.now.Add(time.Hour))
		want := succeeded
		if destination == payouttest.Stall {
			want = processing
		}
		if r, err := b.sim.Instruct(t.Context(), again); err != nil || r.GetOutcome() != want {
			t.Errorf("%s again: %v, %v", destination, r, err)
		}
	}
}

// Would catch an out-number that pays for another payout than its first.
func TestOtherContentIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if b.instruct("wallet-1") != succeeded {
		t.Fatal("not paid")
	}
	for name, change := range map[string]func(*tenfoldv1.InstructRequest){
		"amount":      func(r *tenfoldv1.InstructRequest) { r.Amount.MinorUnits++ },
		"destination": func(r *tenfoldv1.InstructRequest) { r.Destination = "wallet-2" },
		"part":        func(r *tenfoldv1.InstructRequest) { r.Part = tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION },
		"payout":      func(r *tenfoldv1.InstructRequest) { r.Payout += "x" },
	} {
		r := request("N1", "wallet-1")
		change(r)
		if _, err := b.sim.Instruct(t.Context(), r); status.Code(err) != codes.AlreadyExists {
			t.Errorf("other %s: %v", name, err)
		}
	}
	nothing := request("N2", "wallet-1")
	nothing.Amount.MinorUnits = 0
	if _, err := b.sim.Instruct(t.Context(), nothing); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no amount: %v", err)
	}
	if got := b.sim.Paid(); got != (payouttest.Paid{Payouts: 1, Minor: 100}) {
		t.Errorf("paid: %+v", got)
	}
}

// Would catch instructions at the same time that both pay.
func TestConcurrentInstructionsPayOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var all sync.WaitGroup
	var wrong atomic.Int64
	for i := range 64 {
		all.Go(func() {
			r, err := b.sim.Instruct(t.Context(), request(fmt.Sprintf("N%d", i%8), "wallet-1"))
			if err != nil || r.GetOutcome() != succeeded {
				wrong.Add(1)
			}
		})
	}
	all.Wait()
	if got := b.sim.Paid(); got != (payouttest.Paid{Payouts: 8, Minor: 800}) || wrong.Load() != 0 || len(b.sim.Payments()) != 8 {
		t.Errorf("paid %+v, %d wrong answers", got, wrong.Load())
	}
}
