package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reconsiderationService implements ReconsiderationService.
type reconsiderationService struct {
	tenfoldv1.UnimplementedReconsiderationServiceServer
	backend
}

func (s *reconsiderationService) RequestReconsideration(
	ctx context.Context, r *tenfoldv1.RequestReconsiderationRequest,
) (*tenfoldv1.RequestReconsiderationResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.ReconsiderClaim{
			OnClaim: on, Note: r.GetNote(), Kind: r.GetEvidenceKind(), Reference: r.GetEvidenceReference(), Digest: r.GetEvidenceDigest(),
		}
	})
	return answer(&tenfoldv1.RequestReconsiderationResponse{Claim: c, Replayed: o.Replayed}, err)
}
