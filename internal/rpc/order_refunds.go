package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) ReportOrderRefund(ctx context.Context, r *tenfoldv1.ReportOrderRefundRequest) (*tenfoldv1.ReportOrderRefundResponse, error) {
	merchant, lineID := nameOf(r.GetName())
	told := lineRefund(r.GetRefund())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.ReportOrderRefund{
		LineID: lineID, RefundID: told.RefundID, RefundedAt: told.RefundedAt, Amount: told.Amount, Currency: told.Currency,
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
