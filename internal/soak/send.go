package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const (
	// sendsMax limits how often one command is sent.
	sendsMax = 2_000
	// patience is how long a caller waits for one answer.
	patience = 20 * time.Second
)

// send carries out a command on some replica. Until it gets an answer it sends the
// command again, with the same request id and perhaps to the other replica. A
// refusal is an answer.
func (s *soak) send(ctx context.Context, merchant, method, person string, f func(context.Context, *engine.Engine, request.Header) error) error {
	h := request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprintf("soak-%d", s.serial.Add(1)),
		Principal: principal.Principal{Workload: "soak", Role: principal.RoleOperator, Person: person},
	}
	var last error
	for range sendsMax {
		last = s.try(ctx, h, f)
		refusal, refused := fault.As(last)
		switch {
		case last == nil:
			s.tick()
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case refused && (refusal.RetryAfter == 0 || refusal.Reason == fault.SweepDue):
			s.refuse(refusal)
			s.tick()
			return nil
		}
		s.retries.Add(1)
		if _, err := pause(ctx, nil); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s of merchant %s was never answered: %w", method, merchant, last)
}

func (s *soak) try(ctx context.Context, h request.Header, f func(context.Context, *engine.Engine, request.Header) error) error {
	one, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.replicas[rand.IntN(len(s.replicas))].Load().call(func(e *engine.Engine) error { return f(one, e, h) })
}

// reading reads from the first replica that answers.
func (s *soak) reading(ctx context.Context, f func(*postgres.DB) error) error {
	var last error
	for range sendsMax {
		r := s.replicas[rand.IntN(len(s.replicas))].Load()
		if last = r.call(func(*engine.Engine) error { return f(r.db) }); last == nil {
			return nil
		}
		if _, err := pause(ctx, nil); err != nil {
			return err
		}
	}
	return fmt.Errorf("nothing could be read: %w", last)
}

func (s *soak) refuse(refusal *fault.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[refusal.Reason]++
}
