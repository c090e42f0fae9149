package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// payoutDestinationService implements PayoutDestinationService.
type payoutDestinationService struct {
	tenfoldv1.UnimplementedPayoutDestinationServiceServer
	backend
}

func (s *payoutDestinationService) ChangePayoutDestination(ctx context.Context, r *tenfoldv1.ChangePayoutDestinationRequest) (*tenfoldv1.ChangePayoutDestinationResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.ChangeDestination{OnClaim: on, Destination: r.GetPayoutDestination(), Note: r.GetReason()}
	})
	return answer(&tenfoldv1.ChangePayoutDestinationResponse{Claim: c, Replayed: o.Replayed}, err)
}
