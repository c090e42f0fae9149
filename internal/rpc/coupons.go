package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *merchantMoneyService) ReportCouponRedeemed(ctx context.Context, r *tenfoldv1.ReportCouponRedeemedRequest) (*tenfoldv1.ReportCouponRedeemedResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	o, err := s.engine.Do(ctx, s.header(ctx, anchor(merchant), r), &book.RedeemCoupon{OutNumber: r.GetOutNumber(),
		Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
		Reference: r.GetPurchaseReference(), EffectiveAt: moment(r.GetOccurredAt()),
	})
	if f, ok := fault.As(err); ok && f.Reason == fault.ReferenceAlreadyUsed {
		f.At("purchase_reference")
	}
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, o.MerchantID, &o)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ReportCouponRedeemedResponse{Payout: payoutOf(p), Replayed: o.Replayed}, nil
}

func (s *merchantMoneyService) ReportCouponLapsed(ctx context.Context, r *tenfoldv1.ReportCouponLapsedRequest) (*tenfoldv1.ReportCouponLapsedResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	o, err := s.engine.Do(ctx, s.header(ctx, anchor(merchant), r), &book.LapseCoupon{OutNumber: r.GetOutNumber(),
		EffectiveAt: moment(r.GetOccurredAt()),
	})
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, o.MerchantID, &o)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ReportCouponLapsedResponse{Payout: payoutOf(p), Replayed: o.Replayed}, nil
}
