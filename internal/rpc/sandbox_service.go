package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/sandbox"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sandboxService implements SandboxService.
type sandboxService struct {
	tenfoldv1.UnimplementedSandboxServiceServer
	bench *sandbox.Bench
}

func (s *sandboxService) GetClock(context.Context, *tenfoldv1.GetClockRequest) (*tenfoldv1.GetClockResponse, error) {
	return &tenfoldv1.GetClockResponse{Now: stamp(s.bench.Now())}, nil
}

func (s *sandboxService) AdvanceClock(_ context.Context, r *tenfoldv1.AdvanceClockRequest) (*tenfoldv1.AdvanceClockResponse, error) {
	if by := r.GetBy(); by != nil {
		return &tenfoldv1.AdvanceClockResponse{Now: stamp(s.bench.AdvanceBy(by.AsDuration()))}, nil
	}
	now, err := s.bench.AdvanceTo(moment(r.GetTo()))
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.AdvanceClockResponse{Now: stamp(now)}, nil
}

func (s *sandboxService) RunDueWork(ctx context.Context, _ *tenfoldv1.RunDueWorkRequest) (*tenfoldv1.RunDueWorkResponse, error) {
	done, err := s.bench.RunDueWork(ctx)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.RunDueWorkResponse{
		DeadlinesPassed: int32(done.DeadlinesPassed), ResultsRecorded: int32(done.ResultsRecorded),
		PayoutsInstructed: int32(done.PayoutsInstructed), PayoutsQueried: int32(done.PayoutsQueried),
		OutcomesRecorded: int32(done.OutcomesRecorded), BooksSwept: int32(done.BooksSwept), HoldsExpired: int32(done.HoldsExpired), DemandsLapsed: int32(done.DemandsLapsed), Now: stamp(s.bench.Now()),
	}, nil
}
