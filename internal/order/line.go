// Package order holds the order line as the order service reported it: an
// immutable snapshot of what was bought, for how much, with whose discounts
// and under which promises. It splits a line's amounts over its units and
// digests its content; it decides nothing about claims.
package order

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Line is one order line, immutable once a claim has been filed on it. Amounts
// are for the whole line, in minor units of Currency.
type Line struct {
	MerchantID string
	// ID is the order service's id of the line, unique in the merchant's book.
	ID string
	// OrderID and PaymentID group lines that were bought and paid together.
	OrderID   string
	PaymentID string

	// PaidAt, ShippedAt and DeliveredAt are zero until the step has happened.
	PaidAt      time.Time
	ShippedAt   time.Time
	DeliveredAt time.Time
	// CancelledBeforeShipment marks a line that never became a sale.
	CancelledBeforeShipment bool

	ProductID string
	SKUID     string
	BatchID   string
	// Category is the marketplace's category path, such as "food/liquor".
	Category string

	// Quantity is the number of units bought, at least 1.
	Quantity int32
	Currency string
	// UnitPrice is the listed price of one unit, before discounts.
	UnitPrice money.Amount
	// GoodsPaid is what the buyer actually paid for the goods of the line: after
	// every discount and subsidy, without shipping.
	GoodsPaid money.Amount
	// Discounts says who bore which part of the difference between the listed price
	// and GoodsPaid.
	Discounts []Discount
	// PlatformSubsidy is what the platform added on top of the discounts.
	PlatformSubsidy money.Amount
	// ShippingPaid is what the buyer paid for shipping of the line.
	ShippingPaid money.Amount

	// Promises are the promises shown to the buyer with the line.
	Promises []Promise

	// PayerID and RecipientID are opaque ids; the recipient differs for a gift.
	PayerID     string
	RecipientID string
}

// Bearer says who paid for a discount.
type Bearer string

// The bearers of a discount.
const (
	BearerMerchant Bearer = "MERCHANT"
	BearerPlatform Bearer = "PLATFORM"
)

// Discount is one reduction of the line's price.
type Discount struct {
	Bearer Bearer
	Amount money.Amount
	Label  string
}

// PromiseKind says how a promise fixes the compensation.
type PromiseKind string

// The kinds of promise.
const (
	// PromiseMultiplier promises a multiple of the base.
	PromiseMultiplier PromiseKind = "MULTIPLIER"
	// PromiseFixedAmount promises one sum per counterfeit unit, replacing base times multiplier.
	PromiseFixedAmount PromiseKind = "FIXED_AMOUNT"
)

// Promise is a promise of the merchant or the platform shown to the buyer.
type Promise struct {
	Kind        PromiseKind
	Multiplier  money.Ratio
	FixedAmount money.Amount
	// ClauseDigest is the SHA-256 of the clause text the buyer saw, hex.
	ClauseDigest string
}
