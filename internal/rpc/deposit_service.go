package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// depositService implements DepositService.
type depositService struct {
	tenfoldv1.UnimplementedDepositServiceServer
	backend
}

// readHead reads the head of a book. Refuses with MERCHANT_NOT_FOUND if none is
// open.
func readHead(ctx context.Context, r postgres.Reader, merchant string) (*book.Head, error) {
	h, found, err := r.Head(ctx, merchant)
	if err == nil && !found {
		err = fault.New(fault.MerchantNotFound, "no book is open for merchant %s", merchant).With("merchantId", merchant)
	}
	return &h, err
}

// book reads a book at one moment.
func (s *backend) book(ctx context.Context, merchant string) (*tenfoldv1.Book, error) {
	var p *tenfoldv1.Book
	err := s.db.Snapshot(ctx, func(r postgres.Reader) error {
		h, err := readHead(ctx, r, merchant)
		if err != nil {
			return err
		}
		accounts, err := r.Accounts(ctx, merchant)
		if err != nil {
			return err
		}
		debts, err := r.DebtSums(ctx, merchant, "")
		if err != nil {
			return err
		}
		p = bookOf(h, accounts, debts)
		return nil
	})
	return p, err
}

func (s *depositService) OpenBook(ctx context.Context, r *tenfoldv1.OpenBookRequest) (*tenfoldv1.OpenBookResponse, error) {
	if err := money.CheckCurrency(r.GetCurrencyCode()); err != nil {
		return nil, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, r.GetMerchantId(), r), &book.OpenBook{Currency: r.GetCurrencyCode()})
	if err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		h := &book.Head{MerchantID: r.GetMerchantId(), Currency: r.GetCurrencyCode()}
		return &tenfoldv1.OpenBookResponse{Book: bookOf(h, nil, nil)}, nil
	}
	book, err := s.book(ctx, r.GetMerchantId())
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.OpenBookResponse{Book: book, Replayed: o.Replayed}, nil
}

func (s *depositService) GetBook(ctx context.Context, r *tenfoldv1.GetBookRequest) (*tenfoldv1.GetBookResponse, error) {
	merchant, _ := nameOf(r.GetName())
	book, err := s.book(ctx, merchant)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetBookResponse{Book: book}, nil
}

// moneyRequest is a movement of the merchant's own money.
type moneyRequest interface {
	mutation
	GetName() string
	GetAmount() *tenfoldv1.Money
	GetEffectiveAt() *timestamppb.Timestamp
}

// moved is the common part of the answers to movements of a merchant's own money.
type moved struct {
	book      *tenfoldv1.Book
	transfers []*tenfoldv1.Transfer
	replayed  bool
}

func (s *depositService) move(ctx context.Context, r moneyRequest, kind ledger.Kind, reference, field string) (moved, error) {
	merchant, _ := nameOf(r.GetName())
	effective := moment(r.GetEffectiveAt())
	if effective.After(s.engine.Now()) {
		return moved{}, invalid("effective_at", "money cannot have moved in the future")
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.MoneyMove{
		Kind: kind, Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
		Reference: reference, EffectiveAt: effective,
	})
	if f, ok := fault.As(err); ok && f.Reason == fault.ReferenceAlreadyUsed {
		f.At(field)
	}
	return s.moved(ctx, merchant, &o, err)
}

// moved reads the book and the transfers after a movement.
func (s *backend) moved(ctx context.Context, merchant string, o *book.Outcome, err error) (moved, error) {
	if err != nil {
		return moved{}, err
	}
	transfers := o.Transfers
	if o.Replayed && o.TransferNumber > 0 {
		if transfers, err = s.db.Reader().TransfersFrom(ctx, merchant, o.TransferNumber); err != nil {
			return moved{}, err
		}
	}
	book, err := s.book(ctx, merchant)
	return moved{book: book, transfers: transfersOf(transfers), replayed: o.Replayed}, err
}

func (s *depositService) TopUpDeposit(ctx context.Context, r *tenfoldv1.TopUpDepositRequest) (*tenfoldv1.TopUpDepositResponse, error) {
	m, err := s.move(ctx, r, ledger.DepositToppedUp, r.GetPaymentReference(), "payment_reference")
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.TopUpDepositResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, nil
}

func (s *depositService) WithdrawDeposit(ctx context.Context, r *tenfoldv1.WithdrawDepositRequest) (*tenfoldv1.WithdrawDepositResponse, error) {
	m, err := s.move(ctx, r, ledger.DepositWithdrawn, r.GetPaymentReference(), "payment_reference")
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.WithdrawDepositResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, nil
}

func (s *depositService) HandOverShopFunds(ctx context.Context, r *tenfoldv1.HandOverShopFundsRequest) (*tenfoldv1.HandOverShopFundsResponse, error) {
	m, err := s.move(ctx, r, ledger.ShopFundsHandedOver, r.GetSettlementReference(), "settlement_reference")
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.HandOverShopFundsResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, nil
}

func (s *depositService) TakeBackShopFunds(ctx context.Context, r *tenfoldv1.TakeBackShopFundsRequest) (*tenfoldv1.TakeBackShopFundsResponse, error) {
	m, err := s.move(ctx, r, ledger.ShopFundsTakenBack, r.GetSettlementReference(), "settlement_reference")
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.TakeBackShopFundsResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, nil
}

func (s *depositService) ReverseTopUp(ctx context.Context, r *tenfoldv1.ReverseTopUpRequest) (*tenfoldv1.ReverseTopUpResponse, error) {
	merchant, _ := nameOf(r.GetName())
	cmd := book.ReverseTopUp{Reference: r.GetPaymentReference(), EffectiveAt: moment(r.GetEffectiveAt())}
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
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	m, err := s.moved(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ReverseTopUpResponse{Book: m.book, Transfers: m.transfers, Replayed: m.replayed}, nil
}

// claimUnder reads an optional claim, which must belong to the parent.
func claimUnder(parent, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if err := under(parent, name, "claim"); err != nil {
		return "", err
	}
	_, id, err := claimOf(name, "claim")
	return id, err
}

func (s *depositService) ListTransfers(ctx context.Context, r *tenfoldv1.ListTransfersRequest) (*tenfoldv1.ListTransfersResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	claimID, err := claimUnder(r.GetParent(), r.GetClaim())
	if err != nil {
		return nil, err
	}
	p, err := pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	if _, err := readHead(ctx, reader, merchant); err != nil {
		return nil, err
	}
	transfers, err := reader.Transfers(ctx, merchant, claimID, after, p.size+1)
	if err != nil {
		return nil, err
	}
	transfers, more := cut(transfers, p.size)
	out := &tenfoldv1.ListTransfersResponse{Transfers: transfersOf(transfers)}
	if more {
		out.NextPageToken = p.token(decimal(transfers[len(transfers)-1].Number))
	}
	return out, nil
}

func (s *depositService) ListHolds(ctx context.Context, r *tenfoldv1.ListHoldsRequest) (*tenfoldv1.ListHoldsResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	q := postgres.HoldQuery{MerchantID: merchant, State: holdStates.domain(r.GetState())}
	var err error
	if q.ClaimID, err = claimUnder(r.GetParent(), r.GetClaim()); err != nil {
		return nil, err
	}
	const cursorParts = 2
	p, err := pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	number, err := p.number(1)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	h, err := readHead(ctx, reader, merchant)
	if err != nil {
		return nil, err
	}
	list, err := reader.Holds(ctx, q, postgres.HoldKey{ClaimID: p.cursor[0], Number: int32(number)}, p.size)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListHoldsResponse{}
	for i := range list.Rows {
		out.Holds = append(out.Holds, holdOf(&list.Rows[i], h.Currency))
	}
	if list.More {
		out.NextPageToken = p.token(list.Next.ClaimID, decimal(int64(list.Next.Number)))
	}
	return out, nil
}
