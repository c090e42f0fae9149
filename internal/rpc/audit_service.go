package rpc

import (
	"context"
	"math"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// auditService implements AuditService.
type auditService struct {
	tenfoldv1.UnimplementedAuditServiceServer
	backend
}

// everBefore is later than every time that a row can have.
var everBefore = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func (s *auditService) ListRefusals(ctx context.Context, r *tenfoldv1.ListRefusalsRequest) (*tenfoldv1.ListRefusalsResponse, error) {
	const cursorParts = 2
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	before, err := refusalCursor(&p, moment(r.GetUntil()))
	if err != nil {
		return nil, err
	}
	q := postgres.RefusalQuery{Workload: r.GetWorkload(), From: moment(r.GetFrom()), Before: before}
	rows, err := s.db.Reader().Refusals(ctx, q, p.size+1)
	list, next := listed(&p, rows, accessRefusalOf, func(a *postgres.AccessRefusal) []string {
		return []string{microseconds(a.RefusedAt), decimal(a.Number)}
	})
	return answer(&tenfoldv1.ListRefusalsResponse{Refusals: list, NextPageToken: next}, err)
}

// refusalCursor reads the cursor of a page: that of the token, or the end of the
// requested time.
func refusalCursor(p *page, until time.Time) (postgres.RefusalCursor, error) {
	at, err := p.number(0)
	if err != nil {
		return postgres.RefusalCursor{}, err
	}
	number, err := p.number(1)
	switch {
	case err != nil:
		return postgres.RefusalCursor{}, err
	case at != 0:
		return postgres.RefusalCursor{RefusedAt: time.UnixMicro(at).UTC(), Number: number}, nil
	case !until.IsZero():
		// No row has a number below the first.
		return postgres.RefusalCursor{RefusedAt: until}, nil
	}
	return postgres.RefusalCursor{RefusedAt: everBefore, Number: math.MaxInt64}, nil
}

func accessRefusalOf(a *postgres.AccessRefusal) *tenfoldv1.AccessRefusal {
	return &tenfoldv1.AccessRefusal{
		RefusedAt: stamp(a.RefusedAt), Attempts: a.Attempts, Method: a.Method,
		Reason:   tenfoldv1.Reason(tenfoldv1.Reason_value["REASON_"+a.Reason]),
		Workload: a.Workload, Role: a.Role, Person: a.Person, Scope: a.Scope, Target: a.Target,
	}
}
