package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) ReviseVerdict(ctx context.Context, r *tenfoldv1.ReviseVerdictRequest) (*tenfoldv1.ReviseVerdictResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	cmd := book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Ground: revisionGrounds.domain(r.GetGround()), Units: units(r.GetUnitVerdicts()), Document: r.GetDocument(), Note: r.GetNote()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ReviseVerdictResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) ListRevisions(ctx context.Context, r *tenfoldv1.ListRevisionsRequest) (*tenfoldv1.ListRevisionsResponse, error) {
	c, p, err := s.claimPage(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	revisions, err := s.db.Reader().Revisions(ctx, c.MerchantID, c.ID, int32(after), p.size+1)
	if err != nil {
		return nil, err
	}
	revisions, more := cut(revisions, p.size)
	out := &tenfoldv1.ListRevisionsResponse{}
	for i := range revisions {
		out.Revisions = append(out.Revisions, revisionOf(&revisions[i], c.Currency))
	}
	if more {
		out.NextPageToken = p.token(decimal(int64(revisions[len(revisions)-1].Number)))
	}
	return out, nil
}
