package rpc

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// transferRead is a transfer with what its claim and payout add to it.
type transferRead = reading.Transfer

func transferReadOf(t *transferRead) *tenfoldv1.Transfer {
	p := transferOf(&t.Transfer)
	p.OrderId, p.Revision, p.GatewayReference = t.OrderID, t.Revision, t.GatewayReference
	return p
}

func (s *depositService) ListTransfers(ctx context.Context, r *tenfoldv1.ListTransfersRequest) (*tenfoldv1.ListTransfersResponse, error) {
	q, err := transferQuery(r, callerOf(ctx))
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, transferParts)
	if err != nil {
		return nil, err
	}
	from, err := transferCursor(&p)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	if err := checkBook(ctx, reader, q.MerchantID); err != nil {
		return nil, err
	}
	var list postgres.TransferPage
	transfers, err := fitting(p.size, func(size int) ([]transferRead, error) {
		if list, err = reader.FindTransfers(ctx, q, from, size); err != nil {
			return nil, err
		}
		return reading.WithFacts(ctx, reader, list.Rows)
	}, transferReadOf)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListTransfersResponse{Transfers: transfers}
	if list.More {
		out.NextPageToken = p.token(transferKey(&list.Next)...)
	}
	return out, nil
}

// transferParts are the parts of the cursor of a list of transfers.
const transferParts = 6

// transferKey gives those parts: time, merchant, event, claim, payout, number.
func transferKey(c *postgres.TransferCursor) []string {
	return []string{microseconds(c.At), c.MerchantID, decimal(c.EventNumber), c.ClaimID, c.PayoutID, decimal(c.Number)}
}

// checkBook refuses a merchant who has no book. No merchant stands for all.
func checkBook(ctx context.Context, r postgres.Reader, merchant string) error {
	if merchant == "" {
		return nil
	}
	_, err := readHead(ctx, r, merchant)
	return err
}

// transferCursor reads the cursor of a list of transfers.
func transferCursor(p *page) (postgres.TransferCursor, error) {
	var c postgres.TransferCursor
	if p.cursor[0] == "" {
		return c, nil
	}
	at, err := p.number(0)
	if err == nil {
		c.EventNumber, err = p.number(2)
	}
	if err == nil {
		const number = 5
		c.Number, err = p.number(number)
	}
	c.MerchantID, c.ClaimID, c.PayoutID = p.cursor[1], p.cursor[3], p.cursor[4]
	if at != 0 {
		c.At = time.UnixMicro(at).UTC()
	}
	return c, err
}

// transferQuery reads the query of a list of transfers.
func transferQuery(r *tenfoldv1.ListTransfersRequest, who caller) (postgres.TransferQuery, error) {
	q, err := transferFilter.parse(r.GetFilter(), who)
	if err != nil {
		return q, err
	}
	merchant, _ := nameOf(r.GetParent())
	q.MerchantID = anchor(merchant)
	if q.ClaimID, err = claimUnder(r.GetParent(), r.GetClaim()); err != nil {
		return q, err
	}
	by, reversed, err := orderOf(r, "transfers", "recorded_at", "effective_at")
	if err != nil {
		return q, err
	}
	q.ByEffect, q.NewestFirst = by == "effective_at", reversed
	switch {
	case q.Things() > 1:
		return q, unsupported("only one of a claim, order_id, payment_id, out_number, gateway_reference and external_reference can be asked for at a time")
	case q.ExternalReference != "" && q.MerchantID == "":
		return q, unsupported("external_reference needs a merchant: over all merchants it has no index")
	case q.ByEffect && q.MerchantID == "":
		return q, misordered("transfers of all merchants can only be ordered by recorded_at")
	case q.ByEffect && q.Things() > 0, q.NewestFirst && q.OfClaims():
		return q, misordered("transfers that are found by a claim, an order, a payment, a payout or a reference are listed in the order of recording")
	}
	return q, nil
}

func (s *depositService) ListHolds(ctx context.Context, r *tenfoldv1.ListHoldsRequest) (*tenfoldv1.ListHoldsResponse, error) {
	q, err := holdFilter.parse(r.GetFilter(), callerOf(ctx))
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	q.MerchantID = anchor(merchant)
	if q.State, err = inState(holdStates.domain(r.GetState()), q.State); err != nil {
		return nil, err
	}
	if q.ClaimID, err = claimUnder(r.GetParent(), r.GetClaim()); err != nil {
		return nil, err
	}
	const cursorParts = 3 // The merchant, the claim and the number of the hold.
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	number, err := p.number(2)
	if err != nil {
		return nil, err
	}
	from := postgres.HoldKey{MerchantID: p.cursor[0], ClaimID: p.cursor[1], Number: int32(number)}
	reader := s.db.Reader()
	if err := s.holdsOf(ctx, reader, &q); err != nil {
		return nil, err
	}
	var list postgres.Page[ledger.Hold, postgres.HoldKey]
	var currencies map[string]string
	holds, err := fitting(p.size, func(size int) ([]ledger.Hold, error) {
		if list, err = reader.Holds(ctx, q, from, size); err != nil {
			return nil, err
		}
		currencies, err = reader.Currencies(ctx, each(list.Rows, func(h *ledger.Hold) string { return h.MerchantID }))
		return list.Rows, err
	}, func(x *ledger.Hold) *tenfoldv1.Hold { return holdOf(x, currencies[x.MerchantID]) })
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListHoldsResponse{Holds: holds}
	if list.More {
		out.NextPageToken = p.token(list.Next.MerchantID, list.Next.ClaimID, decimal(int64(list.Next.Number)))
	}
	return out, nil
}

// holdsOf completes a query of holds: those of a claim stand in its book.
func (s *depositService) holdsOf(ctx context.Context, r postgres.Reader, q *postgres.HoldQuery) error {
	if q.MerchantID != "" || q.ClaimID == "" {
		return checkBook(ctx, r, q.MerchantID)
	}
	c, found, err := r.Claim(ctx, "", q.ClaimID)
	if err == nil && !found {
		err = claimNotFound(q.ClaimID)
	}
	q.MerchantID = c.MerchantID
	return err
}
