package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) ReportOrderRefund(ctx context.Context, r *tenfoldv1.ReportOrderRefundRequest) (*tenfoldv1.ReportOrderRefundResponse, error) {
	refunded := moment(r.GetRefund().GetRefundedAt())
	if refunded.After(s.engine.Now()) {
		return nil, invalid("refund.refunded_at", "money cannot have moved in the future")
	}
	merchant, lineID := nameOf(r.GetName())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.ReportOrderRefund{
		LineID: lineID, RefundID: r.GetRefund().GetRefundId(), RefundedAt: refunded,
		Amount: money.Amount(r.GetRefund().GetAmount().GetMinorUnits()), Currency: r.GetRefund().GetAmount().GetCurrencyCode(),
	})
	if err != nil {
		return nil, err
	}
	line, err := s.orderLine(ctx, merchant, lineID)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ReportOrderRefundResponse{OrderLine: line, Replayed: o.Replayed}, nil
}
