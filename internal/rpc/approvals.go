package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) ApproveClaim(ctx context.Context, r *tenfoldv1.ApproveClaimRequest) (*tenfoldv1.ApproveClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	cmd := book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Refuse: r.GetRefuse(), Note: r.GetNote()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ApproveClaimResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) ListApprovals(ctx context.Context, r *tenfoldv1.ListApprovalsRequest) (*tenfoldv1.ListApprovalsResponse, error) {
	const cursorParts = 2
	c, p, err := s.claimPage(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	revision, err := p.number(0)
	if err != nil {
		return nil, err
	}
	after := postgres.ApprovalKey{Revision: int32(revision), Person: p.cursor[1]}
	approvals, err := s.db.Reader().Approvals(ctx, c.MerchantID, c.ID, after, p.size+1)
	if err != nil {
		return nil, err
	}
	approvals, more := cut(approvals, p.size)
	out := &tenfoldv1.ListApprovalsResponse{}
	for i := range approvals {
		out.Approvals = append(out.Approvals, approvalOf(&approvals[i], c))
	}
	if more {
		last := &approvals[len(approvals)-1]
		out.NextPageToken = p.token(decimal(int64(last.Revision)), last.Person)
	}
	return out, nil
}
