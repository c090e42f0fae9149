// Package payouttest simulates the payment service behind the payout gateway.
// The destination of a payout picks what happens to it, as
// sandbox_service.proto tells; an out-number pays at most once, however often
// it is instructed. It keeps account of what it paid, so that a test can hold
// Tenfold's books against it.
package payouttest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/payout"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The destinations that pick a script. They are matched by prefix.
const (
	Succeed = "sandbox-succeed"
	Process = "sandbox-process"
	Fail    = "sandbox-fail"
	Stall   = "sandbox-stall"
	Lose    = "sandbox-lose"
	Miss    = "sandbox-miss"
	Double  = "sandbox-double"
	Return  = "sandbox-return"
)

// returnAfter is how long a payout to Return stays paid.
const returnAfter = 24 * time.Hour

// Fault is asked before each call; what it returns is the call's answer, and the
// simulator never saw the call. Method is "Instruct" or "Query".
type Fault func(method, outNumber string) error

// Report is an outcome that the payment service reports by itself.
type Report struct {
	OutNumber string
	Answer    payout.Answer
}

// Simulator implements the payout gateway. It is safe for concurrent use.
type Simulator struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer
	clock func() time.Time

	mu      sync.Mutex
	fault   Fault
	taken   map[string]*entry
	reports []scheduled
	paid    Paid
}

// Paid is what left the simulator.
type Paid struct {
	// Payouts is how many were paid and not returned.
	Payouts int64
	// Minor sums them.
	Minor int64
}

// entry is an out-number that was taken on.
type entry struct {
	content  content
	notAfter time.Time
	said     payout.Answer
	// counted says that the entry is in Paid.
	counted bool
	// missed says that a first instruction never arrived.
	missed bool
}

// content is what an out-number stands for; another content is refused.
type content struct {
	payout, claim, payment, destination, currency string
	part                                          tenfoldv1.PayoutPart
	minor                                         int64
}

type scheduled struct {
	at time.Time
	Report
}

// New makes a simulator that lives by clock.
func New(clock func() time.Time) *Simulator {
	return &Simulator{clock: clock, taken: make(map[string]*entry)}
}

// Break sets what goes wrong from now on; nil ends it.
func (s *Simulator) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Paid gives what was paid and not returned.
func (s *Simulator) Paid() Paid {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paid
}

// Instruct takes a payout on, or repeats what it said of it.
func (s *Simulator) Instruct(_ context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		if err := s.fault("Instruct", r.GetOutNumber()); err != nil {
			return nil, err
		}
	}
	e, known := s.taken[r.GetOutNumber()]
	c := contentOf(r)
	switch {
	case known && e.content != c:
		return nil, status.Error(codes.AlreadyExists, "the out-number was instructed with another content")
	case !known:
		e = &entry{content: c, notAfter: r.GetNotAfter().AsTime()}
		s.taken[r.GetOutNumber()] = e
	case e.said.Outcome == payout.OutcomeFailed && r.GetNotAfter().AsTime().After(e.notAfter):
		// An operator's retry: the number failed, and may be tried until later.
		e.notAfter = r.GetNotAfter().AsTime()
	case !e.missed:
		return instructed(&e.said), nil
	}
	return s.begin(r.GetOutNumber(), e)
}

func contentOf(r *tenfoldv1.InstructRequest) content {
	return content{
		payout: r.GetPayout(), claim: r.GetClaim(), payment: r.GetOriginalPaymentId(), destination: r.GetDestination(),
		currency: r.GetAmount().GetCurrencyCode(), part: r.GetPart(), minor: r.GetAmount().GetMinorUnits(),
	}
}

// begin runs the script of an out-number that is tried for the first time, or
// again.
func (s *Simulator) begin(outNumber string, e *entry) (*tenfoldv1.InstructResponse, error) {
	now := s.clock()
	to := func(script string) bool { return strings.HasPrefix(e.content.destination, script) }
	switch {
	case now.After(e.notAfter):
		s.say(outNumber, e, payout.OutcomeFailed, "NOT_AFTER_PASSED")
	case to(Fail):
		s.say(outNumber, e, payout.OutcomeFailed, "SANDBOX_FAILED")
	case to(Process), to(Stall):
		s.say(outNumber, e, payout.Processing, "")
	case to(Miss) && !e.missed:
		e.missed = true
		return nil, status.Error(codes.Unavailable, "the instruction never arrived")
	default:
		e.missed = false
		s.say(outNumber, e, payout.OutcomeSucceeded, "")
	}
	switch {
	case to(Lose):
		return nil, status.Error(codes.Unavailable, "the answer was lost")
	case to(Double):
		s.schedule(now, outNumber, e.said)
	case to(Return):
		s.schedule(now.Add(returnAfter), outNumber, payout.Answer{
			Outcome: payout.OutcomeReturned, FailureCode: "SANDBOX_RETURNED", OccurredAt: now.Add(returnAfter),
		})
	}
	return instructed(&e.said), nil
}

// say sets what is true of an out-number from now on.
func (s *Simulator) say(outNumber string, e *entry, o payout.Outcome, code string) {
	e.said = payout.Answer{Outcome: o, FailureCode: code}
	if o != payout.Processing {
		e.said.OccurredAt = s.clock()
	}
	if o == payout.OutcomeSucceeded {
		e.said.GatewayReference = "sim-" + outNumber
		e.counted = true
		s.paid.Payouts++
		s.paid.Minor += e.content.minor
	}
}

func (s *Simulator) schedule(at time.Time, outNumber string, a payout.Answer) {
	s.reports = append(s.reports, scheduled{at: at, Report: Report{OutNumber: outNumber, Answer: a}})
}

// Query tells what is true of an out-number.
func (s *Simulator) Query(_ context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault != nil {
		if err := s.fault("Query", r.GetOutNumber()); err != nil {
			return nil, err
		}
	}
	e, known := s.taken[r.GetOutNumber()]
	if !known || e.missed {
		return &tenfoldv1.QueryResponse{Outcome: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND}, nil
	}
	if e.said.Outcome == payout.Processing {
		switch {
		case strings.HasPrefix(e.content.destination, Process):
			s.say(r.GetOutNumber(), e, payout.OutcomeSucceeded, "")
		case s.clock().After(e.notAfter):
			s.say(r.GetOutNumber(), e, payout.OutcomeFailed, "SANDBOX_STALLED")
		}
	}
	a := &e.said
	return &tenfoldv1.QueryResponse{
		Outcome: outcomes[a.Outcome], GatewayReference: a.GatewayReference, FailureCode: a.FailureCode, OccurredAt: stamp(a.OccurredAt),
	}, nil
}

// TakeReports gives what the payment service would report by now, once.
func (s *Simulator) TakeReports() []Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	var due []Report
	s.reports = slices.DeleteFunc(s.reports, func(r scheduled) bool {
		if r.at.After(now) {
			return false
		}
		if e := s.taken[r.OutNumber]; r.Answer.Outcome == payout.OutcomeReturned && e.counted {
			e.counted = false
			s.paid.Payouts--
			s.paid.Minor -= e.content.minor
		}
		due = append(due, r.Report)
		return true
	})
	return due
}

var outcomes = map[payout.Outcome]tenfoldv1.GatewayOutcome{
	payout.Processing:       tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING,
	payout.OutcomeSucceeded: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED,
	payout.OutcomeFailed:    tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED,
}

func instructed(a *payout.Answer) *tenfoldv1.InstructResponse {
	return &tenfoldv1.InstructResponse{
		Outcome: outcomes[a.Outcome], GatewayReference: a.GatewayReference, FailureCode: a.FailureCode, OccurredAt: stamp(a.OccurredAt),
	}
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
