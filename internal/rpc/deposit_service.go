package rpc

import (
	"context"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// depositService implements DepositService. Its lists have a file of their own.
type depositService struct {
	tenfoldv1.UnimplementedDepositServiceServer
	backend
	validator protovalidate.Validator
}

// methodOpenBook is the method under which an item of a batch is stored, so that the item
// can be sent again on its own.
const methodOpenBook = "DepositService/OpenBook"

func (s *depositService) OpenBook(ctx context.Context, r *tenfoldv1.OpenBookRequest) (*tenfoldv1.OpenBookResponse, error) {
	p, replayed, err := s.openBook(ctx, r)
	return answer(&tenfoldv1.OpenBookResponse{Book: p, Replayed: replayed}, err)
}

// openBook opens one book, alone or in a batch.
func (s *depositService) openBook(ctx context.Context, r *tenfoldv1.OpenBookRequest) (*tenfoldv1.Book, bool, error) {
	if err := money.CheckCurrency(r.GetCurrencyCode()); err != nil {
		return nil, false, err
	}
	h := s.header(ctx, r.GetMerchantId(), r)
	h.Method = methodOpenBook
	o, err := s.engine.Do(ctx, h, &book.OpenBook{Currency: r.GetCurrencyCode()})
	if err != nil {
		return nil, false, err
	}
	p, err := s.bookAfter(ctx, &o)
	return p, o.Replayed, err
}

// BatchOpenBooks opens each book by a command of its own.
func (s *depositService) BatchOpenBooks(ctx context.Context, r *tenfoldv1.BatchOpenBooksRequest) (*tenfoldv1.BatchOpenBooksResponse, error) {
	if err := fits(len(r.GetRequests()), "open at most %d books"); err != nil {
		return nil, err
	}
	return &tenfoldv1.BatchOpenBooksResponse{
		Items: together(r.GetRequests(), func(item *tenfoldv1.OpenBookRequest) *tenfoldv1.BatchOpenBooksItem {
			p, replayed, err := itemChecked(ctx, s.validator, item, methodOpenBook, s.openBook)
			if err != nil {
				return &tenfoldv1.BatchOpenBooksItem{Status: s.refusedItem(ctx, methodOpenBook, err)}
			}
			return &tenfoldv1.BatchOpenBooksItem{Status: &tenfoldv1.ItemStatus{}, Book: p, Replayed: replayed}
		}),
	}, nil
}

func (s *depositService) GetBook(ctx context.Context, r *tenfoldv1.GetBookRequest) (*tenfoldv1.GetBookResponse, error) {
	merchant, _ := nameOf(r.GetName())
	if r.GetReadTime() != nil {
		at, err := s.past(r.GetReadTime(), "read_time")
		if err != nil {
			return nil, err
		}
		p, err := s.readBookAt(ctx, merchant, at)
		return answer(&tenfoldv1.GetBookResponse{Book: p}, err)
	}
	p, err := s.readBook(ctx, merchant)
	return answer(&tenfoldv1.GetBookResponse{Book: p}, err)
}

// moneyRequest is a movement of the merchant's own money.
type moneyRequest interface {
	mutation
	GetName() string
	GetAmount() *tenfoldv1.Money
	GetEffectiveAt() *timestamppb.Timestamp
}

// moveMoney moves money of the merchant's own under a reference, which the request
// has in field.
func (s *depositService) moveMoney(ctx context.Context, r moneyRequest, kind ledger.Kind, reference, field string) (moneyAnswer, error) {
	merchant, _ := nameOf(r.GetName())
	effective := moment(r.GetEffectiveAt())
	o, err := s.run(ctx, merchant, r, &book.MoneyMove{
		Kind: kind, Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
		Reference: reference, EffectiveAt: effective,
	})
	if err != nil {
		return moneyAnswer{}, referenceAt(field, err)
	}
	return s.moneyAfter(ctx, &o)
}

func (s *depositService) TopUpDeposit(ctx context.Context, r *tenfoldv1.TopUpDepositRequest) (*tenfoldv1.TopUpDepositResponse, error) {
	m, err := s.moveMoney(ctx, r, ledger.DepositToppedUp, r.GetPaymentReference(), "payment_reference")
	return answer(&tenfoldv1.TopUpDepositResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, err)
}

func (s *depositService) WithdrawDeposit(ctx context.Context, r *tenfoldv1.WithdrawDepositRequest) (*tenfoldv1.WithdrawDepositResponse, error) {
	m, err := s.moveMoney(ctx, r, ledger.DepositWithdrawn, r.GetPaymentReference(), "payment_reference")
	return answer(&tenfoldv1.WithdrawDepositResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, err)
}

func (s *depositService) HandOverShopFunds(ctx context.Context, r *tenfoldv1.HandOverShopFundsRequest) (*tenfoldv1.HandOverShopFundsResponse, error) {
	m, err := s.moveMoney(ctx, r, ledger.ShopFundsHandedOver, r.GetSettlementReference(), "settlement_reference")
	return answer(&tenfoldv1.HandOverShopFundsResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, err)
}

func (s *depositService) TakeBackShopFunds(ctx context.Context, r *tenfoldv1.TakeBackShopFundsRequest) (*tenfoldv1.TakeBackShopFundsResponse, error) {
	m, err := s.moveMoney(ctx, r, ledger.ShopFundsTakenBack, r.GetSettlementReference(), "settlement_reference")
	return answer(&tenfoldv1.TakeBackShopFundsResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, err)
}

func (s *depositService) ReverseTopUp(ctx context.Context, r *tenfoldv1.ReverseTopUpRequest) (*tenfoldv1.ReverseTopUpResponse, error) {
	merchant, _ := nameOf(r.GetName())
	effective := moment(r.GetEffectiveAt())
	cmd := book.ReverseTopUp{Reference: r.GetPaymentReference(), EffectiveAt: effective}
	if name := r.GetTransfer(); name != "" {
		if err := under(r.GetName(), name, "transfer"); err != nil {
			return nil, err
		}
		t, found, err := s.db.Reader().Transfer(ctx, merchant, numberOf(name))
		if err != nil {
			return nil, err
		}
		if !found || t.Kind != ledger.DepositToppedUp {
			return nil, fault.New(fault.TransferNotFound, "%s is not a top-up", name).At("transfer")
		}
		cmd.Reference = t.ExternalReference
	}
	o, err := s.run(ctx, merchant, r, &cmd)
	if err != nil {
		return nil, err
	}
	m, err := s.moneyAfter(ctx, &o)
	return answer(&tenfoldv1.ReverseTopUpResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, err)
}
