package rpc

import (
	"context"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sandboxService implements SandboxService.
type sandboxService struct {
	tenfoldv1.UnimplementedSandboxServiceServer
	sandbox Sandbox
}

func (s *sandboxService) GetClock(context.Context, *tenfoldv1.GetClockRequest) (*tenfoldv1.GetClockResponse, error) {
	return &tenfoldv1.GetClockResponse{Now: stamp(s.sandbox.Now())}, nil
}

func (s *sandboxService) AdvanceClock(_ context.Context, r *tenfoldv1.AdvanceClockRequest) (*tenfoldv1.AdvanceClockResponse, error) {
	if by := r.GetBy(); by != nil {
		return &tenfoldv1.AdvanceClockResponse{Now: stamp(s.sandbox.AdvanceBy(by.AsDuration()))}, nil
	}
	now, err := s.sandbox.AdvanceTo(moment(r.GetTo()))
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.AdvanceClockResponse{Now: stamp(now)}, nil
}

func (s *sandboxService) RunDueWork(ctx context.Context, _ *tenfoldv1.RunDueWorkRequest) (*tenfoldv1.RunDueWorkResponse, error) {
	return s.sandbox.RunDueWork(ctx)
}
