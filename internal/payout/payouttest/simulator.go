// Package payouttest simulates the payment service behind the payout gateway. The
// destination of a payout selects its script, as sandbox_service.proto describes.
// An out-number pays at most once, however often it is instructed. The simulator
// records what it paid, so that a test can compare Tenfold's books with it.
package payouttest

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// These destinations select a script. They are matched by prefix.
const (
	Succeed = "sandbox-succeed"
	Process = "sandbox-process"
	Fail    = "sandbox-fail"
	Stall   = "sandbox-stall"
	Lose    = "sandbox-lose"
	Miss    = "sandbox-miss"
	Double  = "sandbox-double"
	Return  = "sandbox-return"
	// Part pays half of the amount, and Over twice of it.
	Part = "sandbox-part"
	Over = "sandbox-over"
)

// returnAfter is how long a payout to Return stays paid.
const returnAfter = 24 * time.Hour

// couponLife is how long a coupon can be spent.
const couponLife = 180 * 24 * time.Hour

// Fault is called before each call. The error it returns is the call's answer, and
// the simulator never sees the call. Method is "Instruct" or "Query". It may block
// the call until ctx ends.
type Fault func(ctx context.Context, method, outNumber string) error

// Simulator implements the payout gateway. It is safe for concurrent use.
type Simulator struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer
	clock func() time.Time
	fault atomic.Pointer[Fault]

	mu      sync.Mutex
	entries map[string]*entry
	reports []scheduled
	paid    Paid
	speaks  string
}

// entry is an out-number that was instructed.
type entry struct {
	content  content
	notAfter time.Time
	try      int32 // Of the last instruction that began a try.
	said     payout.Answer
	// missed says that the only instruction so far never arrived.
	missed   bool
	paid     bool
	returned bool
	// minor is what was paid.
	minor int64
}

// content is what an out-number stands for; different content is refused.
type content struct {
	payout, claim, payment, destination, currency string
	part                                          tenfoldv1.PayoutPart
	form                                          tenfoldv1.PayoutForm
	ridesPayment                                  bool
	minor                                         int64
}

// New makes a simulator that uses clock.
func New(clock func() time.Time) *Simulator {
	return &Simulator{clock: clock, entries: make(map[string]*entry)}
}

// Break sets the fault for the following calls; nil ends it.
func (s *Simulator) Break(f Fault) {
	if f == nil {
		s.fault.Store(nil)
		return
	}
	s.fault.Store(&f)
}

// Speak makes the simulator tell amounts in another currency than it paid; empty ends it.
func (s *Simulator) Speak(currency string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.speaks = currency
}

// broken gives the fault of a call, if there is one.
func (s *Simulator) broken(ctx context.Context, method, outNumber string) error {
	if f := s.fault.Load(); f != nil {
		return (*f)(ctx, method, outNumber)
	}
	return nil
}

// Instruct accepts a payout, or repeats its answer about it.
func (s *Simulator) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	if err := s.broken(ctx, "Instruct", r.GetOutNumber()); err != nil {
		return nil, err
	}
	if err := check(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[r.GetOutNumber()]
	c, notAfter := contentOf(r), r.GetNotAfter().AsTime()
	switch {
	case !known:
		e = &entry{content: c}
		s.entries[r.GetOutNumber()] = e
	case e.content != c:
		return nil, status.Error(codes.AlreadyExists, "the out-number was instructed with another content")
	case e.said.Outcome == payout.OutcomeFailed && notAfter.After(e.notAfter):
		// An operator's retry: a failed payout may be tried again until a later
		// time.
	case !e.missed:
		s.settle(e)
		return s.instructed(&e.said), nil
	}
	e.notAfter, e.try = notAfter, r.GetTryNumber()
	return s.begin(r.GetOutNumber(), e)
}

// check refuses for good an instruction that no payment service could pay.
func check(r *tenfoldv1.InstructRequest) error {
	if n := len(r.GetOutNumber()); n == 0 || n > 32 {
		return status.Error(codes.InvalidArgument, "the out-number must have between 1 and 32 characters")
	}
	if r.GetAmount().GetMinorUnits() <= 0 || r.GetAmount().GetCurrencyCode() == "" {
		return status.Error(codes.InvalidArgument, "the amount must be above zero and have a currency")
	}
	if r.GetDestination() == "" || r.GetPart() == tenfoldv1.PayoutPart_PAYOUT_PART_UNSPECIFIED || r.GetNotAfter() == nil {
		return status.Error(codes.InvalidArgument, "destination, part and not_after must be set")
	}
	return nil
}

func contentOf(r *tenfoldv1.InstructRequest) content {
	return content{
		payout: r.GetPayout(), claim: r.GetClaim(), payment: r.GetOriginalPaymentId(), destination: r.GetDestination(),
		currency: r.GetAmount().GetCurrencyCode(), part: r.GetPart(), form: r.GetForm(), ridesPayment: r.GetRidesPayment(),
		minor: r.GetAmount().GetMinorUnits(),
	}
}

// to says whether the payout goes to a script.
func (e *entry) to(script string) bool { return strings.HasPrefix(e.content.destination, script) }

// begin runs the script of an out-number that is tried for the first time, or
// again.
func (s *Simulator) begin(outNumber string, e *entry) (*tenfoldv1.InstructResponse, error) {
	now := s.clock()
	if e.to(Miss) && !e.missed && e.said.Outcome == "" {
		e.missed = true
		return nil, status.Error(codes.Unavailable, "the instruction never arrived")
	}
	e.missed = false
	switch {
	case now.After(e.notAfter):
		e.said = e.failed("NOT_AFTER_PASSED", now)
	case e.to(Fail):
		e.said = e.failed("SANDBOX_FAILED", now)
	case e.to(Process), e.to(Stall):
		e.said = payout.Answer{Outcome: payout.Processing, GatewayReference: "sim-" + outNumber, Try: e.try}
	default:
		s.pay(outNumber, e, now)
	}
	switch {
	case !e.paid:
	case e.to(Lose):
		return nil, status.Error(codes.Unavailable, "the answer was lost")
	case e.to(Double):
		s.schedule(outNumber, e.said, now)
	case e.to(Return):
		back := now.Add(returnAfter)
		s.schedule(outNumber, payout.Answer{
			Outcome: payout.OutcomeReturned, GatewayReference: e.said.GatewayReference,
			FailureCode: "SANDBOX_RETURNED", OccurredAt: back, Amount: e.said.Amount, Currency: e.said.Currency, Try: e.try,
		}, back)
	}
	return s.instructed(&e.said), nil
}

// failed is the answer about a try that failed.
func (e *entry) failed(code string, at time.Time) payout.Answer {
	return payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: code, OccurredAt: at, Try: e.try}
}

// pay gives the money to the consumer.
func (s *Simulator) pay(outNumber string, e *entry, at time.Time) {
	e.minor = e.content.minor
	switch {
	case e.to(Part):
		e.minor = max(1, e.minor/2)
	case e.to(Over):
		e.minor *= 2
	}
	e.said = payout.Answer{
		Outcome: payout.OutcomeSucceeded, GatewayReference: "sim-" + outNumber, OccurredAt: at,
		Amount: money.Amount(e.minor), Currency: e.content.currency, Try: e.try,
	}
	if e.content.form == tenfoldv1.PayoutForm_PAYOUT_FORM_COUPON {
		e.said.ExpiresAt = at.Add(couponLife)
	}
	e.paid = true
	s.paid.Payouts++
	s.paid.Minor += e.minor
}

// settle ends a payout whose time has run out.
func (s *Simulator) settle(e *entry) {
	if e.said.Outcome == payout.Processing && e.to(Stall) && s.clock().After(e.notAfter) {
		e.said = e.failed("SANDBOX_STALLED", e.notAfter)
	}
}

// Query gives the true outcome of an out-number.
func (s *Simulator) Query(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	if err := s.broken(ctx, "Query", r.GetOutNumber()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, known := s.entries[r.GetOutNumber()]
	if !known || e.missed {
		return &tenfoldv1.QueryResponse{Outcome: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND}, nil
	}
	s.settle(e)
	if e.said.Outcome == payout.Processing && e.to(Process) {
		// It is reported late, but was paid while it could be.
		at := s.clock()
		if at.After(e.notAfter) {
			at = e.notAfter
		}
		s.pay(r.GetOutNumber(), e, at)
	}
	a := &e.said
	return &tenfoldv1.QueryResponse{
		Outcome: outcomes[a.Outcome], GatewayReference: a.GatewayReference, FailureCode: a.FailureCode, OccurredAt: stamp(a.OccurredAt),
		CouponExpiresAt: stamp(a.ExpiresAt), Amount: s.amountOf(a), TryNumber: a.Try,
	}, nil
}

var outcomes = map[payout.Outcome]tenfoldv1.GatewayOutcome{
	payout.Processing:       tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING,
	payout.OutcomeSucceeded: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED,
	payout.OutcomeFailed:    tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED,
}

func (s *Simulator) instructed(a *payout.Answer) *tenfoldv1.InstructResponse {
	return &tenfoldv1.InstructResponse{
		Outcome: outcomes[a.Outcome], GatewayReference: a.GatewayReference, FailureCode: a.FailureCode, OccurredAt: stamp(a.OccurredAt),
		CouponExpiresAt: stamp(a.ExpiresAt), Amount: s.amountOf(a), TryNumber: a.Try,
	}
}

func (s *Simulator) amountOf(a *payout.Answer) *tenfoldv1.Money {
	if !a.Told() {
		return nil
	}
	return &tenfoldv1.Money{CurrencyCode: cmp.Or(s.speaks, a.Currency), MinorUnits: int64(a.Amount)}
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
