// Package ledger holds the chart of accounts of a book, the kinds of transfer
// between them, holds, and the waterfall that funds a payout. A transfer is
// balanced by construction: it has one debit account, one credit account and one
// positive amount. The package is pure; the engine stages, postgres stores.
package ledger

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Purpose names an account of a book.
type Purpose string

// The accounts of a book, seen from the platform.
const (
	// ShopFunds is the merchant's sales money that the settlement system handed
	// over.
	ShopFunds Purpose = "SHOP_FUNDS"
	// ShopFundsHeld is shop funds set aside for claims.
	ShopFundsHeld Purpose = "SHOP_FUNDS_HELD"
	// Deposit is the merchant's security money, free of holds.
	Deposit Purpose = "DEPOSIT"
	// DepositHeld is deposit set aside for claims.
	DepositHeld Purpose = "DEPOSIT_HELD"
	// Receivable is what the merchant owes the platform, for advances, fees and bounced top-ups.
	Receivable Purpose = "RECEIVABLE"
	// ClaimPayable is money that is funded and owed to consumers.
	ClaimPayable Purpose = "CLAIM_PAYABLE"
	// PayoutClearing is money sent to the payout gateway and not yet confirmed.
	PayoutClearing Purpose = "PAYOUT_CLEARING"
	// CouponLiability is the value of payouts issued as coupons and not yet
	// redeemed.
	CouponLiability Purpose = "COUPON_LIABILITY"
	// SettlementClearing is money between the platform and the bank or settlement
	// system.
	SettlementClearing Purpose = "SETTLEMENT_CLEARING"
	// PlatformCash is the platform's money that payouts are made from.
	PlatformCash Purpose = "PLATFORM_CASH"
	// ConsumerReceivable is what consumers owe: claw-backs and fees.
	ConsumerReceivable Purpose = "CONSUMER_RECEIVABLE"
	// AuthenticationFees is the cost of tests that the platform fronted and charged
	// to nobody.
	AuthenticationFees Purpose = "AUTHENTICATION_FEES"
	// Penalty is forfeited deposit and penalties from shop funds, apart from any compensation.
	Penalty Purpose = "PENALTY"
	// ReversalLoss is what the platform bears when a paid claim falls.
	ReversalLoss Purpose = "REVERSAL_LOSS"
	// WriteOff is the sum of written-off receivables.
	WriteOff Purpose = "WRITE_OFF"
	// Suspense is money without an owner: payments that match nothing, rests of lapsed
	// coupons, and payouts that came back twice.
	Suspense Purpose = "SUSPENSE"
)

// chart is every account in the order of a trial balance.
var chart = [...]Purpose{
	PlatformCash, SettlementClearing, Receivable, ConsumerReceivable,
	AuthenticationFees, ReversalLoss, WriteOff,
	Deposit, DepositHeld, ShopFunds, ShopFundsHeld, ClaimPayable,
	PayoutClearing, CouponLiability, Penalty, Suspense,
}

// Purposes lists the chart of accounts in the order of a trial balance.
func Purposes() []Purpose { return slices.Clone(chart[:]) }

// indexes is the index of each purpose in the chart.
var indexes = func() map[Purpose]int {
	m := make(map[Purpose]int, len(chart))
	for i, p := range chart {
		m[p] = i
	}
	return m
}()

// Balances are all accounts of a book, in the order of the chart.
type Balances [len(chart)]Balance

// At is the account of purpose p, which must be in the chart.
func (b *Balances) At(p Purpose) *Balance { return &b[indexes[p]] }

// Side is the side on which an account grows.
type Side string

// The sides.
const (
	Debit  Side = "DEBIT"
	Credit Side = "CREDIT"
)

// Normal is the side on which p grows: debit for what the platform owns or bears,
// credit for what it owes or keeps for others.
func (p Purpose) Normal() Side {
	switch p {
	case PlatformCash, SettlementClearing, Receivable, ConsumerReceivable, AuthenticationFees, ReversalLoss, WriteOff:
		return Debit
	case Deposit, DepositHeld, ShopFunds, ShopFundsHeld, ClaimPayable, PayoutClearing, CouponLiability, Penalty, Suspense:
		return Credit
	}
	return Debit
}

// MayGoBelowZero says whether p's balance may be negative. Only cash and clearing
// may, because their other side is outside the book.
func (p Purpose) MayGoBelowZero() bool { return p == PlatformCash || p == SettlementClearing }

// Known says whether p is in the chart.
func (p Purpose) Known() bool {
	_, ok := indexes[p]
	return ok
}

// Balance is the running debits and credits of one account, in minor units.
type Balance struct {
	Debits  money.Amount
	Credits money.Amount
}

// Of is the balance on p's normal side.
func (b Balance) Of(p Purpose) money.Amount {
	if p.Normal() == Debit {
		return b.Debits - b.Credits
	}
	return b.Credits - b.Debits
}

// Add returns b with more debits and credits. Refuses with AMOUNT_OUT_OF_RANGE if a
// running total would leave the range.
func (b Balance) Add(debits, credits money.Amount) (Balance, error) {
	d, err := b.Debits.Add(debits)
	if err != nil {
		return b, err
	}
	c, err := b.Credits.Add(credits)
	if err != nil {
		return b, err
	}
	return Balance{Debits: d, Credits: c}, nil
}

// Insufficient refuses to take required from p, which has only available.
func Insufficient(p Purpose, required, available money.Amount, currency string) *fault.Error {
	r := fault.DepositInsufficient
	name := "deposit"
	if p == ShopFunds || p == ShopFundsHeld {
		r, name = fault.ShopFundsInsufficient, "shop funds"
	}
	return fault.New(r, "%s %s is available in the %s, but %s is required",
		money.Format(available, currency), currency, name, money.Format(required, currency)).
		With("requiredMinor", int64(required)).With("availableMinor", int64(available)).With("currency", currency)
}
