package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// clockRequest stops a claim's deadline or lets it run again.
type clockRequest interface {
	mutation
	GetName() string
	GetEtag() string
	GetNote() string
}

func (s *claimService) clock(ctx context.Context, r clockRequest, resume bool) (c *tenfoldv1.Claim, replayed bool, err error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, false, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.StopClock{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Resume: resume, Note: r.GetNote()})
	c, err = s.basicAfter(ctx, merchant, &o, err)
	return c, o.Replayed, err
}

func (s *claimService) StopClock(ctx context.Context, r *tenfoldv1.StopClockRequest) (*tenfoldv1.StopClockResponse, error) {
	c, replayed, err := s.clock(ctx, r, false)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.StopClockResponse{Claim: c, Replayed: replayed}, nil
}

func (s *claimService) ResumeClock(ctx context.Context, r *tenfoldv1.ResumeClockRequest) (*tenfoldv1.ResumeClockResponse, error) {
	c, replayed, err := s.clock(ctx, r, true)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ResumeClockResponse{Claim: c, Replayed: replayed}, nil
}

func (s *claimService) ExtendHold(ctx context.Context, r *tenfoldv1.ExtendHoldRequest) (*tenfoldv1.ExtendHoldResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	cmd := book.ExtendHold{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Until: moment(r.GetExpiresAt()), Note: r.GetNote()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ExtendHoldResponse{Claim: c, Replayed: o.Replayed}, nil
}
