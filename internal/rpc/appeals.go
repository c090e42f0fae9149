package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) AppealClaim(ctx context.Context, r *tenfoldv1.AppealClaimRequest) (*tenfoldv1.AppealClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	cmd := book.AppealClaim{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Note: r.GetNote(), Evidence: r.GetEvidence()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.AppealClaimResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) DecideAppeal(ctx context.Context, r *tenfoldv1.DecideAppealRequest) (*tenfoldv1.DecideAppealResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	cmd := book.DecideAppeal{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Decision: appealDecisions.domain(r.GetDecision()), Units: units(r.GetUnitVerdicts()), Note: r.GetNote()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.DecideAppealResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) ListAppeals(ctx context.Context, r *tenfoldv1.ListAppealsRequest) (*tenfoldv1.ListAppealsResponse, error) {
	c, p, err := s.claimPage(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	appeals, err := s.db.Reader().Appeals(ctx, c.MerchantID, c.ID, int32(after), p.size+1)
	if err != nil {
		return nil, err
	}
	appeals, more := cut(appeals, p.size)
	out := &tenfoldv1.ListAppealsResponse{}
	for i := range appeals {
		out.Appeals = append(out.Appeals, appealOf(&appeals[i]))
	}
	if more {
		out.NextPageToken = p.token(decimal(int64(appeals[len(appeals)-1].Revision)))
	}
	return out, nil
}
