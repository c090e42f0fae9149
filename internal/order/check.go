package order

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// These are the bounds of a line. They are far above what a consumer buys in one
// line, and keep every loop over units, discounts and promises short.
const (
	QuantityMax  = 10_000
	DiscountsMax = 32
	PromisesMax  = 16
)

// digestHexLen is the length of a SHA-256 in hex.
const digestHexLen = 64

// Check refuses a line that states something impossible, and names the field at
// fault in proto path form. It does not check eligibility: an unpaid or cancelled
// line is a fact like any other.
//
// Refuses with AMOUNT_OUT_OF_RANGE amounts outside 0..money.MaxAmount and a line
// worth more than its listed price, with UNITS_OUT_OF_RANGE a quantity outside
// 1..QuantityMax, and with REQUEST_INVALID everything else.
func (l *Line) Check() error {
	if l.Quantity < 1 || l.Quantity > QuantityMax {
		return fault.New(fault.UnitsOutOfRange, "an order line must have between 1 and %d units, not %d", QuantityMax, l.Quantity).
			With("quantity", l.Quantity).With("quantityMax", QuantityMax).At(field("quantity"))
	}
	if err := money.CheckCurrency(l.Currency); err != nil {
		return at(err, "goods_paid.currency_code")
	}
	if err := l.checkParties(); err != nil {
		return err
	}
	if err := l.checkTimes(); err != nil {
		return err
	}
	if err := l.checkPromises(); err != nil {
		return err
	}
	return l.checkAmounts()
}

// checkParties requires the product and the payer, because claims are grouped by
// the product and eligible by the payer. The contract checks the form of ids.
func (l *Line) checkParties() error {
	if l.ProductID == "" {
		return invalid("product_id", "an order line must name the product that was bought")
	}
	if l.PayerID == "" {
		return invalid("payer_id", "an order line must name its payer")
	}
	if l.Category != "" {
		for segment := range strings.SplitSeq(l.Category, "/") {
			if segment == "" {
				return invalid("category", "a category must be a path of names separated by single slashes")
			}
		}
	}
	return nil
}

// ShippedBy is when a line had left the merchant at the latest; zero if nobody tells.
func (l *Line) ShippedBy() time.Time {
	if l.ShippedAt.IsZero() {
		return l.DeliveredAt
	}
	return l.ShippedAt
}

// PaidLater says whether a line was paid after it was shipped or delivered, as with cash
// on delivery and pay-later. A filing has to say that it was sold so.
func (l *Line) PaidLater() bool {
	return !l.PaidAt.IsZero() && !l.ShippedBy().IsZero() && l.ShippedBy().Before(l.PaidAt)
}

// checkTimes compares only shipping and delivery. Payment may come at any time, see
// PaidLater.
func (l *Line) checkTimes() error {
	if !l.ShippedAt.IsZero() && !l.DeliveredAt.IsZero() && l.DeliveredAt.Before(l.ShippedAt) {
		return invalid("delivered_at", "an order line cannot be delivered before it is shipped")
	}
	if l.CancelledBeforeShipment && !l.ShippedAt.IsZero() {
		return invalid("shipped_at", "an order line that was cancelled before shipment cannot have been shipped")
	}
	return nil
}

func (l *Line) checkPromises() error {
	if len(l.Promises) > PromisesMax {
		return invalid("promises", "an order line can have at most %d promises", PromisesMax)
	}
	for i, p := range l.Promises {
		if err := p.check(fmt.Sprintf("promises[%d]", i), l.Currency); err != nil {
			return err
		}
	}
	return nil
}

func (p Promise) check(path, currency string) error {
	switch p.Kind {
	case PromiseMultiplier:
		if err := p.Multiplier.Check(); err != nil {
			return at(err, path+".multiplier")
		}
		if p.FixedAmount != 0 {
			return invalid(path+".fixed_amount", "a promise of a multiple must not have a fixed amount")
		}
	case PromiseFixedAmount:
		if err := p.FixedAmount.Check(); err != nil {
			return at(money.InCurrency(err, currency), path+".fixed_amount")
		}
		if p.FixedAmount == 0 {
			return invalid(path+".fixed_amount", "a promise of a fixed amount must state the amount")
		}
		if !p.Multiplier.IsZero() {
			return invalid(path+".multiplier", "a promise of a fixed amount must not have a multiplier")
		}
	default:
		return invalid(path+".kind", "a promise must be of a multiple or of a fixed amount")
	}
	if p.ClauseDigest != "" && !isDigest(p.ClauseDigest) {
		return invalid(path+".clause_digest", "a clause digest must be a SHA-256 in lower-case hex")
	}
	return nil
}

// checkAmounts also checks the line against itself: the amounts paid and discounted
// cannot exceed the listed price. So a discount reported twice, or an amount in the
// wrong unit, is noticed before it is multiplied by ten.
func (l *Line) checkAmounts() error {
	if len(l.Discounts) > DiscountsMax {
		return invalid("discounts", "an order line can have at most %d discounts", DiscountsMax)
	}
	amounts := []struct {
		path   string
		amount money.Amount
	}{
		{"unit_price", l.UnitPrice},
		{"goods_paid", l.GoodsPaid},
		{"platform_subsidy", l.PlatformSubsidy},
		{"shipping_paid", l.ShippingPaid},
	}
	for i, d := range l.Discounts {
		if d.Bearer != BearerMerchant && d.Bearer != BearerPlatform {
			return invalid(fmt.Sprintf("discounts[%d].bearer", i), "a discount must be borne by the merchant or the platform")
		}
		amounts = append(amounts, struct {
			path   string
			amount money.Amount
		}{fmt.Sprintf("discounts[%d].amount", i), d.Amount})
	}
	for _, a := range amounts {
		if err := a.amount.Check(); err != nil {
			return at(money.InCurrency(err, l.Currency), a.path)
		}
	}
	return l.checkListed()
}

func (l *Line) checkListed() error {
	listed, err := l.UnitPrice.Mul(int64(l.Quantity))
	if err != nil {
		return at(money.InCurrency(err, l.Currency), "unit_price")
	}
	// A unit price may itself be rounded or truncated (three for 200.00 list at
	// 66.66), which hides less than one minor unit for each unit.
	most := listed + money.Amount(l.Quantity-1)
	if l.GoodsPaid > most {
		return l.aboveListed("goods_paid", "the payment for the goods is", l.GoodsPaid, most)
	}
	accounted := l.GoodsPaid + l.PlatformSubsidy
	for _, d := range l.Discounts { // At most DiscountsMax + 2 amounts: no overflow.
		accounted += d.Amount
	}
	if accounted > most {
		return l.aboveListed("discounts", "payment, subsidy and discounts add up to", accounted, most)
	}
	return nil
}

func (l *Line) aboveListed(path, what string, got, most money.Amount) error {
	return fault.New(fault.AmountOutOfRange,
		"%s %d minor units, which is more than the listed price of all units with one minor unit of rounding for each unit after the first, %d",
		what, int64(got), int64(most)).
		With("maxMinor", int64(most)).With("currency", l.Currency).At(field(path))
}

func isDigest(s string) bool {
	if len(s) != digestHexLen || strings.ToLower(s) != s {
		return false
	}
	_, err := hex.DecodeString(s)
	return err == nil
}

// field is the proto path of a field of the line.
func field(path string) string { return "order_line." + path }

func invalid(path, format string, args ...any) error {
	return fault.New(fault.RequestInvalid, format, args...).At(field(path))
}

// at names the field at fault on a refusal of a lower package.
func at(err error, path string) error {
	if e, ok := fault.As(err); ok {
		return e.At(field(path))
	}
	return err
}
