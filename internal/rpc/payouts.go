package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// payoutAfter is the payout of an outcome: as the command left it, or, for a
// replay, as it is now.
func (b *backend) payoutAfter(ctx context.Context, merchant string, o *book.Outcome) (*payout.Payout, error) {
	if !o.Replayed {
		return o.Payout, nil
	}
	p, found, err := b.db.Reader().Payout(ctx, merchant, o.PayoutID)
	if err == nil && !found {
		err = fault.New(fault.PayoutNotFound, "merchant %s has no payout %s", merchant, o.PayoutID).With("payoutId", o.PayoutID)
	}
	return &p, err
}

func (s *claimService) ReportPayoutOutcome(ctx context.Context, r *tenfoldv1.ReportPayoutOutcomeRequest) (*tenfoldv1.ReportPayoutOutcomeResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	o, err := s.engine.Do(ctx, s.header(ctx, anchor(merchant), r), &book.AnswerPayout{OutNumber: r.GetOutNumber(), Answer: payout.Answer{
		Outcome: payoutOutcomes.domain(r.GetOutcome()), GatewayReference: r.GetGatewayReference(),
		FailureCode: r.GetFailureCode(), OccurredAt: moment(r.GetOccurredAt()), ExpiresAt: moment(r.GetCouponExpiresAt()),
	}})
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, o.MerchantID, &o)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ReportPayoutOutcomeResponse{Payout: payoutOf(p), Replayed: o.Replayed}, nil
}

func (s *claimService) RetryPayout(ctx context.Context, r *tenfoldv1.RetryPayoutRequest) (*tenfoldv1.RetryPayoutResponse, error) {
	merchant, id := nameOf(r.GetName())
	cmd := book.RetryPayout{OnClaim: book.OnClaim{Etag: r.GetEtag()}, PayoutID: id, Destination: r.GetPayoutDestination(), Note: r.GetNote()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, merchant, &o)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.RetryPayoutResponse{Claim: c, Payout: payoutOf(p), Replayed: o.Replayed}, nil
}

func (s *claimService) ListPayouts(ctx context.Context, r *tenfoldv1.ListPayoutsRequest) (*tenfoldv1.ListPayoutsResponse, error) {
	merchant, spelled := nameOf(r.GetParent())
	q := postgres.PayoutQuery{MerchantID: merchant, State: payoutStates.domain(r.GetState())}
	p, err := pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	if spelled == "" {
		_, err = readHead(ctx, reader, merchant)
	} else if _, q.ClaimID, err = claimOf(r.GetParent(), "parent"); err == nil {
		_, err = readClaim(ctx, reader, merchant, q.ClaimID, r.GetParent())
	}
	if err != nil {
		return nil, err
	}
	list, err := reader.Payouts(ctx, q, p.cursor[0], p.size)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListPayoutsResponse{}
	for i := range list.Rows {
		out.Payouts = append(out.Payouts, payoutOf(&list.Rows[i]))
	}
	if list.More {
		out.NextPageToken = p.token(list.Next)
	}
	return out, nil
}
