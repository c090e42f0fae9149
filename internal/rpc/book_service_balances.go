package rpc

import (
	"context"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// endOfTime is after every transfer: as of it, a read tells everything.
var endOfTime = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// past reads a time as of which something is asked for. It refuses one that is still to come.
func (b *backend) past(t *timestamppb.Timestamp, field string) (time.Time, error) {
	at := moment(t)
	if now := b.engine.Now(); at.After(now) {
		return at, fault.New(fault.RequestInvalid, "%s is in the future: it is %s now", field, now.UTC().Format(time.RFC3339)).At(field)
	}
	return at, nil
}

func (s *bookService) GetTrialBalance(ctx context.Context, r *tenfoldv1.GetTrialBalanceRequest) (*tenfoldv1.GetTrialBalanceResponse, error) {
	at, byEffect, err := endOfTime, false, error(nil)
	switch as := r.GetAsOf().(type) {
	case *tenfoldv1.GetTrialBalanceRequest_RecordedBy:
		at, err = s.past(as.RecordedBy, "recorded_by")
	case *tenfoldv1.GetTrialBalanceRequest_EffectiveBy:
		byEffect = true
		at, err = s.past(as.EffectiveBy, "effective_by")
	}
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetName())
	var totals map[string]ledger.Totals
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		totals, err = reading.TotalsAt(ctx, read, anchor(merchant), at, byEffect)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.GetTrialBalanceResponse{}
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		b, err := trialBalanceOf(totals[currency], currency)
		if err != nil {
			return nil, err
		}
		out.Balances = append(out.Balances, b)
	}
	return out, nil
}

func trialBalanceOf(totals ledger.Totals, currency string) (*tenfoldv1.TrialBalance, error) {
	balances, err := totals.Balances()
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.TrialBalance{
		CurrencyCode: currency, Accounts: accountsOf(&balances, currency), Totals: transferTotalsOf(totals, currency),
	}, nil
}

// accountsOf are all accounts, in the order of the chart.
func accountsOf(b *ledger.Balances, currency string) []*tenfoldv1.Account {
	var list []*tenfoldv1.Account
	for _, purpose := range ledger.Purposes() {
		list = append(list, accountOf(purpose, b.At(purpose), currency))
	}
	return list
}

// transferTotalsOf are totals in the order of the kinds.
func transferTotalsOf(totals ledger.Totals, currency string) []*tenfoldv1.TransferTotal {
	var list []*tenfoldv1.TransferTotal
	for _, kind := range ledger.Kinds() {
		if sum, moved := totals[kind]; moved {
			list = append(list, &tenfoldv1.TransferTotal{Kind: transferKinds.proto(kind), Amount: moneyOf(sum.Amount, currency), Count: sum.Count})
		}
	}
	return list
}

// readBookAt reads the accounts of a book as they were recorded by a time.
func (b *backend) readBookAt(ctx context.Context, merchant string, at time.Time) (*tenfoldv1.Book, error) {
	var p *tenfoldv1.Book
	err := b.db.Snapshot(ctx, func(r postgres.Reader) error {
		h, err := readHead(ctx, r, merchant)
		if err != nil {
			return err
		}
		if h.OpenedAt.After(at) {
			return fault.New(fault.MerchantNotFound, "the book of merchant %s was opened later, at %s", merchant, h.OpenedAt.Format(time.RFC3339)).
				With("merchantId", merchant).At("read_time")
		}
		totals, err := r.TotalsAt(ctx, merchant, at, false)
		if err != nil {
			return err
		}
		was := book.Head{MerchantID: h.MerchantID, Currency: h.Currency}
		if was.Balances, err = totals.Balances(); err != nil {
			return err
		}
		all := bookOf(&book.Standing{Head: was})
		p = &tenfoldv1.Book{
			Name: all.Name, CurrencyCode: all.CurrencyCode, Accounts: all.Accounts, OpenedAt: stamp(h.OpenedAt), Receivable: all.Receivable,
			DepositAvailable: all.DepositAvailable, DepositHeld: all.DepositHeld,
			ShopFundsAvailable: all.ShopFundsAvailable, ShopFundsHeld: all.ShopFundsHeld,
		}
		return nil
	})
	return p, err
}
