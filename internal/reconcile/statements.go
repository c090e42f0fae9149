package reconcile

import (
	"maps"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// Debit is what the engine took from a shop for the claims on one order on the day, less what it
// gave back. An order with claims and no debit has an amount of zero.
type Debit struct {
	MerchantID, ClaimID, OrderID string
	Amount                       money.Amount
	Currency                     string
}

// order is what both sides say of one order.
type order struct {
	debit    Debit
	claimed  bool
	found    money.Amount
	lines    int
	source   int
	place    int
	currency string
}

func (r *Run) order(id string) *order {
	o := r.orders[id]
	if o == nil {
		o = &order{}
		r.orders[id] = o
	}
	return o
}

// deducted takes a line of the marketplace; those of other days are not compared.
func (r *Run) deducted(source, at int, l *formats.Line) {
	if at != 0 {
		return
	}
	o := r.order(l.OrderID)
	o.found -= l.Amount
	o.lines++
	o.source, o.place, o.currency = source, l.Place, l.Currency
}

// AddDebit adds what the engine took for an order.
func (r *Run) AddDebit(d Debit) {
	o := r.order(d.OrderID)
	o.debit.Amount += d.Amount
	o.debit.MerchantID, o.debit.ClaimID, o.debit.Currency, o.claimed = d.MerchantID, d.ClaimID, d.Currency, true
}

// Ordered are the orders of the day's lines for which no debit was added: the caller adds those on
// which there is a claim, with an amount of zero.
func (r *Run) Ordered() []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(r.orders)) {
		if !r.orders[id].claimed {
			ids = append(ids, id)
		}
	}
	return ids
}

// Debits are the kinds of transfer by which a shop loses money for a claim, 1, or gets it back, -1.
// Orders are compared by their sum.
func Debits() map[ledger.Kind]money.Amount {
	return map[ledger.Kind]money.Amount{
		ledger.DepositCaptured: 1, ledger.ShopFundsCaptured: 1, ledger.RecoveredFromDeposit: 1, ledger.RecoveredFromShopFunds: 1,
		ledger.WriteOffRecovered: 1, ledger.DepositRestored: -1, ledger.ShopFundsRestored: -1, ledger.FeeRefunded: -1, ledger.FeeRefundedToShopFunds: -1,
	}
}

// statements compares the marketplace's lines with the debits of the engine.
func (r *Run) statements() {
	if r.days[Marketplace] == nil || !r.days[Marketplace][0] {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(r.orders)) {
		o := r.orders[id]
		b := &Break{
			Side: Marketplace, Number: id, MerchantID: o.debit.MerchantID, ClaimID: o.debit.ClaimID,
			Expected: o.debit.Amount, Found: o.found, Currency: o.debit.Currency,
		}
		if o.lines > 0 {
			b.Import, b.Place = r.sources[o.source].Import, o.place
		}
		switch {
		case !o.claimed:
			b.Class, b.Currency, b.Detail = Orphan, o.currency, "the marketplace took money for an order on which there is no claim"
		case o.found != o.debit.Amount || o.lines > 0 && o.currency != o.debit.Currency:
			b.Class, b.Detail = StatementDiffers, "the marketplace took another amount for the order than the engine debited on the day"
		default:
			r.sum.ByRule[ByOrder] += o.lines
			continue
		}
		r.report(b, nil)
	}
}
