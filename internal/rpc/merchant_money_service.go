package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// merchantMoneyService implements MerchantMoneyService. What is proposed about a
// merchant's money has a file of its own.
type merchantMoneyService struct {
	tenfoldv1.UnimplementedMerchantMoneyServiceServer
	backend
}

func (s *merchantMoneyService) BeginExit(ctx context.Context, r *tenfoldv1.BeginExitRequest) (*tenfoldv1.BeginExitResponse, error) {
	merchant, _ := nameOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.BeginExit{Note: r.GetNote()})
	if err != nil {
		return nil, err
	}
	p, err := s.bookAfter(ctx, &o)
	return answer(&tenfoldv1.BeginExitResponse{Book: p, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) CancelExit(ctx context.Context, r *tenfoldv1.CancelExitRequest) (*tenfoldv1.CancelExitResponse, error) {
	merchant, _ := nameOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.CancelExit{Note: r.GetNote()})
	if err != nil {
		return nil, err
	}
	p, err := s.bookAfter(ctx, &o)
	return answer(&tenfoldv1.CancelExitResponse{Book: p, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) CompleteExit(ctx context.Context, r *tenfoldv1.CompleteExitRequest) (*tenfoldv1.CompleteExitResponse, error) {
	merchant, _ := nameOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.CompleteExit{
		DepositReference: r.GetDepositReference(), ShopFundsReference: r.GetShopFundsReference(),
	})
	if err != nil {
		field := "deposit_reference"
		if f, ok := fault.As(err); ok && f.Fields["reference"] == r.GetShopFundsReference() {
			field = "shop_funds_reference"
		}
		return nil, referenceAt(field, err)
	}
	m, err := s.moneyAfter(ctx, &o)
	return answer(&tenfoldv1.CompleteExitResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, err)
}

func (s *merchantMoneyService) RecordConsumerRepayment(ctx context.Context, r *tenfoldv1.RecordConsumerRepaymentRequest) (*tenfoldv1.RecordConsumerRepaymentResponse, error) {
	effective := moment(r.GetEffectiveAt())
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.RepayClawBack{
			ClaimID: on.ClaimID, Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
			Reference: r.GetPaymentReference(), EffectiveAt: effective,
		}
	})
	if err != nil {
		return nil, err
	}
	transfers, err := s.transfersAfter(ctx, &o)
	return answer(&tenfoldv1.RecordConsumerRepaymentResponse{Claim: c, Transfers: transfers, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) ReportCouponRedeemed(ctx context.Context, r *tenfoldv1.ReportCouponRedeemedRequest) (*tenfoldv1.ReportCouponRedeemedResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	occurred := moment(r.GetOccurredAt())
	o, err := s.run(ctx, anchor(merchant), r, &book.RedeemCoupon{
		OutNumber: r.GetOutNumber(),
		Amount:    money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
		Reference: r.GetPurchaseReference(), EffectiveAt: occurred,
	})
	if err != nil {
		return nil, referenceAt("purchase_reference", err)
	}
	p, err := s.payoutAfter(ctx, &o)
	return answer(&tenfoldv1.ReportCouponRedeemedResponse{Payout: p, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) ReportCouponLapsed(ctx context.Context, r *tenfoldv1.ReportCouponLapsedRequest) (*tenfoldv1.ReportCouponLapsedResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	occurred := moment(r.GetOccurredAt())
	o, err := s.run(ctx, anchor(merchant), r, &book.LapseCoupon{OutNumber: r.GetOutNumber(), EffectiveAt: occurred})
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, &o)
	return answer(&tenfoldv1.ReportCouponLapsedResponse{Payout: p, Replayed: o.Replayed}, err)
}
