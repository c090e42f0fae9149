package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// anchor is the merchant to read from; empty for any.
func anchor(merchant string) string {
	if merchant == anyMerchant {
		return ""
	}
	return merchant
}

// readClaim reads a claim that the caller may see.
func readClaim(ctx context.Context, r postgres.Reader, merchant, id, name string) (*claim.Claim, error) {
	c, found, err := r.Claim(ctx, anchor(merchant), id)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, claimNotFound(id)
	}
	return &c, callerOf(ctx).mayRead(c.MerchantID, claimNotFound(id), name)
}

func (s *claimService) GetClaim(ctx context.Context, r *tenfoldv1.GetClaimRequest) (*tenfoldv1.GetClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	m, err := maskOf(r)
	if err != nil {
		return nil, err
	}
	if !m.full {
		c, err := readClaim(ctx, s.db.Reader(), merchant, id, r.GetName())
		if err != nil {
			return nil, err
		}
		return &tenfoldv1.GetClaimResponse{Claim: m.cut(basicClaim(c))}, nil
	}
	var full *tenfoldv1.Claim
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		c, err := readClaim(ctx, reader, merchant, id, r.GetName())
		if err == nil {
			full, err = s.fullClaim(ctx, reader, c, m)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetClaimResponse{Claim: m.cut(full)}, nil
}

// claimPage reads the claim whose parts a request lists, and the page that it asks
// for.
func (s *claimService) claimPage(ctx context.Context, r interface {
	pageRequest
	GetParent() string
}, cursorParts int) (*claim.Claim, page, error) {
	merchant, id, err := claimOf(r.GetParent(), "parent")
	if err != nil {
		return nil, page{}, err
	}
	p, err := pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, page{}, err
	}
	c, err := readClaim(ctx, s.db.Reader(), merchant, id, r.GetParent())
	return c, p, err
}

func (s *claimService) ListMoves(ctx context.Context, r *tenfoldv1.ListMovesRequest) (*tenfoldv1.ListMovesResponse, error) {
	c, p, err := s.claimPage(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	moves, err := s.db.Reader().Moves(ctx, c.MerchantID, c.ID, after, p.size+1)
	if err != nil {
		return nil, err
	}
	moves, more := cut(moves, p.size)
	out := &tenfoldv1.ListMovesResponse{}
	for i := range moves {
		out.Moves = append(out.Moves, moveOf(&moves[i]))
	}
	if more {
		out.NextPageToken = p.token(decimal(moves[len(moves)-1].Version))
	}
	return out, nil
}

func (s *claimService) GetOrderLine(ctx context.Context, r *tenfoldv1.GetOrderLineRequest) (*tenfoldv1.GetOrderLineResponse, error) {
	merchant, id := nameOf(r.GetName())
	line, err := s.orderLine(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetOrderLineResponse{OrderLine: line}, nil
}

// orderLine reads an order line with its refunds.
func (s *claimService) orderLine(ctx context.Context, merchant, id string) (*tenfoldv1.OrderLine, error) {
	line, refunds, found, err := s.db.Reader().OrderLine(ctx, merchant, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.OrderLineNotFound, "order line %s of merchant %s is not stored", id, merchant).
			With("orderLineId", id).At("name")
	}
	return orderLineOf(line, refunds), nil
}

func (s *claimService) GetRequest(ctx context.Context, r *tenfoldv1.GetRequestRequest) (*tenfoldv1.GetRequestResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	stored, found, err := s.db.Reader().Request(ctx, request.Key{
		MerchantID: anchor(merchant), Workload: callerOf(ctx).Workload, Method: r.GetMethod(), RequestID: r.GetRequestId(),
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.New(fault.RequestNotFound, "no request with id %s of %s was accepted for %s", r.GetRequestId(), r.GetMethod(), r.GetParent()).
			With("requestId", r.GetRequestId())
	}
	return &tenfoldv1.GetRequestResponse{Request: storedRequestOf(&stored)}, nil
}

// storedRequestOf names the outcome of a request, the main resource first.
func storedRequestOf(r *request.Found) *tenfoldv1.StoredRequest {
	p := &tenfoldv1.StoredRequest{
		RequestId: r.RequestID, Method: r.Method, Workload: r.Workload, AcceptedAt: stamp(r.RecordedAt),
	}
	if r.ResultID != "" {
		p.OutcomeNames = append(p.OutcomeNames, resultName(r.MerchantID, r.ResultID))
	}
	if r.PayoutID != "" {
		p.OutcomeNames = append(p.OutcomeNames, payoutName(r.MerchantID, r.PayoutID))
	}
	if r.ClaimID != "" {
		p.OutcomeNames = append(p.OutcomeNames, claimName(r.MerchantID, r.ClaimID))
	}
	if r.TransferNumber > 0 {
		p.OutcomeNames = append(p.OutcomeNames, transferName(r.MerchantID, r.TransferNumber))
	}
	if r.WebhookID != "" {
		p.OutcomeNames = append(p.OutcomeNames, webhookName(r.MerchantID, r.WebhookID))
	}
	if r.Name != "" {
		p.OutcomeNames = append(p.OutcomeNames, r.Name)
	}
	if len(p.OutcomeNames) == 0 && r.MerchantID != "" {
		p.OutcomeNames = append(p.OutcomeNames, merchantName(r.MerchantID))
	}
	return p
}
