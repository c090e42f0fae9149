package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// merchantMoneyService implements MerchantMoneyService.
type merchantMoneyService struct {
	tenfoldv1.UnimplementedMerchantMoneyServiceServer
	backend
}

// bookAfter reads the book after a command.
func (b *backend) bookAfter(ctx context.Context, merchant string, err error) (*tenfoldv1.Book, error) {
	if err != nil {
		return nil, err
	}
	return b.book(ctx, merchant)
}

func (s *merchantMoneyService) BeginExit(ctx context.Context, r *tenfoldv1.BeginExitRequest) (*tenfoldv1.BeginExitResponse, error) {
	merchant, _ := nameOf(r.GetName())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.BeginExit{Note: r.GetNote()})
	book, err := s.bookAfter(ctx, merchant, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.BeginExitResponse{Book: book, Replayed: o.Replayed}, nil
}

func (s *merchantMoneyService) CancelExit(ctx context.Context, r *tenfoldv1.CancelExitRequest) (*tenfoldv1.CancelExitResponse, error) {
	merchant, _ := nameOf(r.GetName())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.CancelExit{Note: r.GetNote()})
	book, err := s.bookAfter(ctx, merchant, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.CancelExitResponse{Book: book, Replayed: o.Replayed}, nil
}

func (s *merchantMoneyService) CompleteExit(ctx context.Context, r *tenfoldv1.CompleteExitRequest) (*tenfoldv1.CompleteExitResponse, error) {
	merchant, _ := nameOf(r.GetName())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.CompleteExit{
		DepositReference: r.GetDepositReference(), ShopFundsReference: r.GetShopFundsReference(),
	})
	m, err := s.moved(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.CompleteExitResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, nil
}

func (s *merchantMoneyService) RecordConsumerRepayment(ctx context.Context, r *tenfoldv1.RecordConsumerRepaymentRequest) (*tenfoldv1.RecordConsumerRepaymentResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	effective := moment(r.GetEffectiveAt())
	if effective.After(s.engine.Now()) {
		return nil, invalid("effective_at", "money cannot have moved in the future")
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.RepayClawBack{
		ClaimID: id, Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
		Reference: r.GetPaymentReference(), EffectiveAt: effective,
	})
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	transfers, err := s.transfersAfter(ctx, merchant, &o)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.RecordConsumerRepaymentResponse{Claim: c, Transfers: transfers, Replayed: o.Replayed}, nil
}

// transfersAfter are the transfers of an outcome, even of a replay.
func (b *backend) transfersAfter(ctx context.Context, merchant string, o *book.Outcome) ([]*tenfoldv1.Transfer, error) {
	if !o.Replayed || o.TransferNumber == 0 {
		return transfersOf(o.Transfers), nil
	}
	list, err := b.db.Reader().TransfersFrom(ctx, merchant, o.TransferNumber)
	return transfersOf(list), err
}
