package rpc

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/sandbox"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sandboxService implements SandboxService.
type sandboxService struct {
	tenfoldv1.UnimplementedSandboxServiceServer
	bench *sandbox.Bench
}

func (s *sandboxService) GetClock(ctx context.Context, _ *tenfoldv1.GetClockRequest) (*tenfoldv1.GetClockResponse, error) {
	if err := s.bench.Look(ctx); err != nil {
		return nil, err
	}
	return &tenfoldv1.GetClockResponse{Now: stamp(s.bench.Now()), Ticking: s.bench.Ticking()}, nil
}

func (s *sandboxService) AdvanceClock(ctx context.Context, r *tenfoldv1.AdvanceClockRequest) (*tenfoldv1.AdvanceClockResponse, error) {
	var now time.Time
	var err error
	if by := r.GetBy(); by != nil {
		now, err = s.bench.AdvanceBy(ctx, by.AsDuration())
	} else {
		now, err = s.bench.AdvanceTo(ctx, moment(r.GetTo()))
	}
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
		OutcomesRecorded: int32(done.OutcomesRecorded), BooksSwept: int32(done.BooksSwept), HoldsExpired: int32(done.HoldsExpired), DemandsLapsed: int32(done.DemandsLapsed), JobItemsDone: int32(done.JobItemsDone), Now: stamp(s.bench.Now()),
	}, nil
}
