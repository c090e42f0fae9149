package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// orderLineService implements OrderLineService.
type orderLineService struct {
	tenfoldv1.UnimplementedOrderLineServiceServer
	backend
}

func (s *orderLineService) CorrectOrderLine(ctx context.Context, r *tenfoldv1.CorrectOrderLineRequest) (*tenfoldv1.CorrectOrderLineResponse, error) {
	if told := r.GetOrderLine().GetName(); told != r.GetName() {
		return nil, fault.New(fault.RequestInvalid, "order_line.name must be the name of the line to correct, which is %s", r.GetName()).
			At("order_line.name")
	}
	l, err := orderLine(r.GetOrderLine())
	if err != nil {
		return nil, err
	}
	o, err := s.run(ctx, l.MerchantID, r, &book.CorrectOrderLine{
		Line: l, Revision: r.GetRevision(), Note: r.GetReason(), PaidLater: r.GetOrderLine().GetPaidAfterDelivery(),
	})
	if err != nil {
		return nil, err
	}
	line, _, err := s.lineAfter(ctx, l.ID, &o)
	return answer(&tenfoldv1.CorrectOrderLineResponse{OrderLine: line, Replayed: o.Replayed}, err)
}

func (s *orderLineService) ListOrderLineCorrections(ctx context.Context, r *tenfoldv1.ListOrderLineCorrectionsRequest) (*tenfoldv1.ListOrderLineCorrectionsResponse, error) {
	merchant, id := nameOf(r.GetParent())
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	line, _, found, err := reader.OrderLine(ctx, merchant, id)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, orderLineNotFound(merchant, id).At("parent")
	}
	rows, err := reader.LineCorrections(ctx, merchant, id, after, p.size+1)
	// Each row knows what was before; what came after stands in the next one, or in the line.
	became := make(map[int32]*order.Line, len(rows)+1)
	became[line.Revision] = &line.Line
	for i := range rows {
		became[rows[i].Before.Revision] = &rows[i].Before.Line
	}
	list, next := listed(&p, rows,
		func(c *book.LineCorrection) *tenfoldv1.OrderLineCorrection {
			return correctionOf(c, became[c.Before.Revision+1])
		},
		func(c *book.LineCorrection) []string { return []string{decimal(int64(c.Before.Revision))} })
	return answer(&tenfoldv1.ListOrderLineCorrectionsResponse{Corrections: list, NextPageToken: next}, err)
}

// correctionOf shows a correction, with the line as it was afterwards.
func correctionOf(c *book.LineCorrection, after *order.Line) *tenfoldv1.OrderLineCorrection {
	return &tenfoldv1.OrderLineCorrection{
		Before: orderLineOf(&c.Before, nil), ChangedFields: c.Before.Line.Differences(after), Reason: c.Note,
		CorrectedAs: c.CorrectedAs, CorrectedBy: c.CorrectedBy, CorrectedAt: stamp(c.CorrectedAt), EventNumber: c.EventNumber,
	}
}
