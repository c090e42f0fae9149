package rpc

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// labelService implements LabelService.
type labelService struct {
	tenfoldv1.UnimplementedLabelServiceServer
	backend
}

func (s *labelService) SetClaimLabels(ctx context.Context, r *tenfoldv1.SetClaimLabelsRequest) (*tenfoldv1.SetClaimLabelsResponse, error) {
	all, err := labels(r.GetLabels())
	if err != nil {
		return nil, err
	}
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command { return &book.SetClaimLabels{OnClaim: on, Labels: all} })
	return answer(&tenfoldv1.SetClaimLabelsResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *labelService) SetBookLabels(ctx context.Context, r *tenfoldv1.SetBookLabelsRequest) (*tenfoldv1.SetBookLabelsResponse, error) {
	all, err := labels(r.GetLabels())
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.SetBookLabels{Labels: all})
	if err != nil {
		return nil, err
	}
	b, err := s.bookAfter(ctx, &o)
	return answer(&tenfoldv1.SetBookLabelsResponse{Book: b, Replayed: o.Replayed}, err)
}

func (s *labelService) SetExternalReference(ctx context.Context, r *tenfoldv1.SetExternalReferenceRequest) (*tenfoldv1.SetExternalReferenceResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.SetExternalReference{OnClaim: on, Reference: r.GetExternalReference()}
	})
	return answer(&tenfoldv1.SetExternalReferenceResponse{Claim: c, Replayed: o.Replayed}, err)
}

// labels reads labels whose form the contract's rules have checked.
func labels(byKey map[string]string) (claim.Labels, error) {
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		if !norm.NFC.IsNormalString(byKey[key]) {
			return "", fault.New(fault.RequestInvalid, "the label %s must be in Unicode's composed form (NFC)", key).At("labels")
		}
	}
	return claim.LabelsOf(byKey)
}
