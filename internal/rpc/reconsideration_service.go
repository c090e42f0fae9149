package rpc

import (
	"cmp"
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
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	answers, err := s.answered(ctx, merchant, id, r.GetEvidenceRequest())
	if err != nil {
		return nil, err
	}
	file, digest, err := s.uploadedFile(ctx, merchantName(merchant), r.GetUpload(), r.GetDisclosedTo(), r.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.ReconsiderClaim{
			OnClaim: on, Note: r.GetNote(), Kind: r.GetEvidenceKind(), Reference: r.GetEvidenceReference(),
			Digest: cmp.Or(digest, r.GetEvidenceDigest()), EvidenceFile: file, Request: answers,
		}
	})
	return answer(&tenfoldv1.RequestReconsiderationResponse{Claim: c, Replayed: o.Replayed}, err)
}
