// Package payments is a payment service to start from: it keeps the rules of the payout
// gateway, and where a real one would move money it only says what happened. Every rule
// that it keeps is explained in docs/gateway.md.
package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Destinations that begin with these words cannot be paid, or stay under way until
// not_after. Every other destination is paid at once.
const (
	FailPrefix = "fail"
	WaitPrefix = "wait"
)

// The outcomes, as they are stored.
const (
	processing = "PROCESSING"
	succeeded  = "SUCCEEDED"
	failed     = "FAILED"
)

// Service is the payment service. One file holds everything that it knows: each line is
// an out-number as it was from then on.
type Service struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer
	now func() time.Time

	mu      sync.Mutex
	journal *os.File
	numbers map[string]*payment
}

// content is what an out-number stands for. An instruction with other content under the
// same number is refused. The try and not_after are not part of it.
type content struct {
	Payout, Claim, PaymentID, Destination, Currency string
	Part                                            tenfoldv1.PayoutPart
	Form                                            tenfoldv1.PayoutForm
	RidesPayment                                    bool
	Minor                                           int64
}

// payment is an out-number that was instructed.
type payment struct {
	OutNumber string
	Content   content
	// Try and NotAfter are those of the last instruction that began a try.
	Try      int32
	NotAfter time.Time
	// Outcome is how it stands, with its time unless it is processing.
	Outcome    string
	Reference  string
	Code       string
	OccurredAt time.Time
}

// Open opens a service over its journal, which it makes if there is none.
func Open(path string, now func() time.Time) (*Service, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	s := &Service{now: now, journal: f, numbers: make(map[string]*payment)}
	if err := s.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("read the journal %s: %w", path, err), f.Close())
	}
	return s, nil
}

// Close closes the journal.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.Close()
}

// read reads the journal. A last line that was cut by a crash was answered to nobody: it
// is taken away.
func (s *Service) read() error {
	d := json.NewDecoder(s.journal)
	for {
		whole := d.InputOffset()
		var p payment
		err := d.Decode(&p)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			if err := s.journal.Truncate(whole); err != nil {
				return err
			}
			_, err = s.journal.Seek(whole, io.SeekStart)
			return err
		case err != nil:
			return err
		}
		s.numbers[p.OutNumber] = &p
	}
}

// keep stores how an out-number stands, durably, before anybody is told. A payment that
// cannot be stored is not made.
func (s *Service) keep(p payment) error {
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := s.journal.Write(append([]byte("\n"), line...)); err != nil {
		return err
	}
	if err := s.journal.Sync(); err != nil {
		return err
	}
	s.numbers[p.OutNumber] = &p
	return nil
}

// Instruct pays, or tells again how the number stands. The lock makes instructions under
// one number wait for each other; a database does the same with a unique key on the number
// and a lock on its row.
func (s *Service) Instruct(_ context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, notAfter := contentOf(r), r.GetNotAfter().AsTime()
	p, known := s.numbers[r.GetOutNumber()]
	switch {
	case !known:
		p = &payment{OutNumber: r.GetOutNumber(), Content: c}
	case p.Content != c:
		return nil, status.Error(codes.AlreadyExists, "this out-number stands for another payment")
	default:
		if err := s.runOut(p); err != nil {
			return nil, err
		}
		p = s.numbers[r.GetOutNumber()]
		if p.Outcome != failed || !notAfter.After(p.NotAfter) {
			return instructed(p), nil // The outcome of the first instruction.
		}
		// Somebody has it sent again after a failure: a new try.
	}
	next := *p
	next.Try, next.NotAfter = r.GetTryNumber(), notAfter
	s.pay(&next)
	if err := s.keep(next); err != nil {
		// Nobody knows whether it was stored: the outcome is unknown, and Tenfold asks again.
		return nil, status.Error(codes.Unavailable, "the payment could not be stored")
	}
	return instructed(s.numbers[next.OutNumber]), nil
}

// pay is where money would move.
func (s *Service) pay(p *payment) {
	now := s.now()
	p.Reference, p.Code, p.OccurredAt = "", "", now
	switch {
	case now.After(p.NotAfter):
		p.Outcome, p.Code = failed, "NOT_AFTER_PASSED"
	case strings.HasPrefix(p.Content.Destination, FailPrefix):
		p.Outcome, p.Code = failed, "ACCOUNT_CLOSED"
	case strings.HasPrefix(p.Content.Destination, WaitPrefix):
		p.Outcome, p.OccurredAt = processing, time.Time{}
	default:
		p.Outcome, p.Reference = succeeded, "stub-"+p.OutNumber
	}
}

// runOut fails a payment that is under way when it may not be paid any more.
func (s *Service) runOut(p *payment) error {
	if p.Outcome != processing || !s.now().After(p.NotAfter) {
		return nil
	}
	next := *p
	next.Outcome, next.Code, next.OccurredAt = failed, "NOT_AFTER_PASSED", p.NotAfter
	if err := s.keep(next); err != nil {
		return status.Error(codes.Unavailable, "the outcome could not be stored")
	}
	return nil
}

// Query tells how a number stands.
func (s *Service) Query(_ context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, known := s.numbers[r.GetOutNumber()]
	if !known {
		return &tenfoldv1.QueryResponse{
			Outcome: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND, OutNumber: r.GetOutNumber(),
		}, nil
	}
	if err := s.runOut(p); err != nil {
		return nil, err
	}
	a := instructed(s.numbers[r.GetOutNumber()])
	return &tenfoldv1.QueryResponse{
		Outcome: a.GetOutcome(), GatewayReference: a.GetGatewayReference(), FailureCode: a.GetFailureCode(),
		OccurredAt: a.GetOccurredAt(), Amount: a.GetAmount(), TryNumber: a.GetTryNumber(), OutNumber: a.GetOutNumber(),
	}, nil
}

// check refuses for good what could never be paid. Nothing is stored of it.
func check(r *tenfoldv1.InstructRequest) error {
	switch {
	case len(r.GetOutNumber()) == 0 || len(r.GetOutNumber()) > 32:
		return status.Error(codes.InvalidArgument, "out_number must have between 1 and 32 characters")
	case r.GetAmount().GetMinorUnits() <= 0:
		return status.Error(codes.InvalidArgument, "amount.minor_units must be above zero")
	case r.GetAmount().GetCurrencyCode() == "":
		return status.Error(codes.InvalidArgument, "amount.currency_code is missing")
	case r.GetDestination() == "":
		return status.Error(codes.InvalidArgument, "destination is missing")
	case r.GetNotAfter().CheckValid() != nil:
		return status.Error(codes.InvalidArgument, "not_after is missing or no time")
	}
	return nil
}

func contentOf(r *tenfoldv1.InstructRequest) content {
	return content{
		Payout: r.GetPayout(), Claim: r.GetClaim(), PaymentID: r.GetOriginalPaymentId(), Destination: r.GetDestination(),
		Currency: r.GetAmount().GetCurrencyCode(), Part: r.GetPart(), Form: r.GetForm(), RidesPayment: r.GetRidesPayment(),
		Minor: r.GetAmount().GetMinorUnits(),
	}
}

// instructed is the answer about a number. It tells everything that Tenfold compares.
func instructed(p *payment) *tenfoldv1.InstructResponse {
	a := &tenfoldv1.InstructResponse{
		Outcome:          tenfoldv1.GatewayOutcome(tenfoldv1.GatewayOutcome_value["GATEWAY_OUTCOME_"+p.Outcome]),
		GatewayReference: p.Reference, FailureCode: p.Code, TryNumber: p.Try, OutNumber: p.OutNumber,
	}
	if !p.OccurredAt.IsZero() {
		a.OccurredAt = timestamppb.New(p.OccurredAt)
	}
	if p.Outcome == succeeded {
		a.Amount = &tenfoldv1.Money{CurrencyCode: p.Content.Currency, MinorUnits: p.Content.Minor}
	}
	return a
}
