package order_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
)

var paidAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// valid is a line with every field set.
func valid() order.Line {
	return order.Line{
		MerchantID: "m-1", ID: "l-1", OrderID: "o-1", PaymentID: "p-1",
		PaidAt: paidAt, ShippedAt: paidAt.Add(time.Hour), DeliveredAt: paidAt.Add(48 * time.Hour),
		ProductID: "prod-1", SKUID: "sku-1", BatchID: "batch-1", Category: "food/liquor",
		Quantity: 3, Currency: "CNY", UnitPrice: 3333, GoodsPaid: 8499,
		Discounts: []order.Discount{
			{Bearer: order.BearerMerchant, Amount: 300, Label: "shop"},
			{Bearer: order.BearerPlatform, Amount: 200, Label: "coupon"},
		},
		PlatformSubsidy: 1000, ShippingPaid: 500,
		Promises: []order.Promise{
			{Kind: order.PromiseMultiplier, Multiplier: money.Ratio{Num: 10, Den: 1}, ClauseDigest: strings.Repeat("ab", 32)},
			{Kind: order.PromiseFixedAmount, FixedAmount: 50000},
		},
		PayerID: "c-1", RecipientID: "c-2",
	}
}

// Catches facts that cannot be: each would be multiplied by ten later. Also
// that the refusal names the field.
func TestCheckRefusesWhatCannotBe(t *testing.T) {
	const tooMuch = money.MaxAmount + 1
	for _, c := range []struct {
		name   string
		mutate func(l *order.Line)
		reason fault.Reason
		field  string
	}{
		{"no units", func(l *order.Line) { l.Quantity = 0 }, fault.UnitsOutOfRange, "quantity"},
		{"negative units", func(l *order.Line) { l.Quantity = -1 }, fault.UnitsOutOfRange, "quantity"},
		{"too many units", func(l *order.Line) { l.Quantity = order.QuantityMax + 1 }, fault.UnitsOutOfRange, "quantity"},
		{"no currency", func(l *order.Line) { l.Currency = "" }, fault.RequestInvalid, "goods_paid.currency_code"},
		{"currency in small letters", func(l *order.Line) { l.Currency = "cny" }, fault.RequestInvalid, "goods_paid.currency_code"},
		{"no product", func(l *order.Line) { l.ProductID = "" }, fault.RequestInvalid, "product_id"},
		{"no payer", func(l *order.Line) { l.PayerID = "" }, fault.RequestInvalid, "payer_id"},
		{"category with an empty name", func(l *order.Line) { l.Category = "food//liquor" }, fault.RequestInvalid, "category"},
		{"category with a slash in front", func(l *order.Line) { l.Category = "/food" }, fault.RequestInvalid, "category"},
		{"delivered before shipped", func(l *order.Line) { l.DeliveredAt = l.ShippedAt.Add(-1) }, fault.RequestInvalid, "delivered_at"},
		{"cancelled and shipped", func(l *order.Line) { l.CancelledBeforeShipment = true }, fault.RequestInvalid, "shipped_at"},
		{"negative price", func(l *order.Line) { l.UnitPrice = -1 }, fault.AmountOutOfRange, "unit_price"},
		{"negative payment", func(l *order.Line) { l.GoodsPaid = -1 }, fault.AmountOutOfRange, "goods_paid"},
		{"payment too large", func(l *order.Line) { l.GoodsPaid = tooMuch }, fault.AmountOutOfRange, "goods_paid"},
		{"negative subsidy", func(l *order.Line) { l.PlatformSubsidy = -1 }, fault.AmountOutOfRange, "platform_subsidy"},
		{"negative shipping", func(l *order.Line) { l.ShippingPaid = -1 }, fault.AmountOutOfRange, "shipping_paid"},
		{"shipping too large", func(l *order.Line) { l.ShippingPaid = tooMuch }, fault.AmountOutOfRange, "shipping_paid"},
		{"list price overflows", func(l *order.Line) { l.UnitPrice = money.MaxAmount }, fault.AmountOutOfRange, "unit_price"},
		{"paid above the list", func(l *order.Line) { l.GoodsPaid = 3*3333 + 3 }, fault.AmountOutOfRange, "goods_paid"},
		{"subsidy reported twice", func(l *order.Line) { l.Discounts[1].Amount += 1000 }, fault.AmountOutOfRange, "discounts"},
		{"negative discount", func(l *order.Line) { l.Discounts[1].Amount = -1 }, fault.AmountOutOfRange, "discounts[1].amount"},
		{"discount of nobody", func(l *order.Line) { l.Discounts[0].Bearer = "" }, fault.RequestInvalid, "discounts[0].bearer"},
		{"too many discounts", func(l *order.Line) {
			l.Discounts = make([]order.Discount, order.DiscountsMax+1)
		}, fault.RequestInvalid, "discounts"},
		{"promise of no kind", func(l *order.Line) { l.Promises[0].Kind = "" }, fault.RequestInvalid, "promises[0].kind"},
		{"promise without multiplier", func(l *order.Line) {
			l.Promises[0].Multiplier = money.Ratio{}
		}, fault.RequestInvalid, "promises[0].multiplier"},
		{"promise with both", func(l *order.Line) { l.Promises[0].FixedAmount = 1 }, fault.RequestInvalid, "promises[0].fixed_amount"},
		{"promise of nothing", func(l *order.Line) { l.Promises[1].FixedAmount = 0 }, fault.RequestInvalid, "promises[1].fixed_amount"},
		{"promise of a debt", func(l *order.Line) { l.Promises[1].FixedAmount = -1 }, fault.AmountOutOfRange, "promises[1].fixed_amount"},
		{"fixed promise with multiplier", func(l *order.Line) {
			l.Promises[1].Multiplier = money.Ratio{Num: 1, Den: 1}
		}, fault.RequestInvalid, "promises[1].multiplier"},
		{"clause digest of another form", func(l *order.Line) {
			l.Promises[0].ClauseDigest = strings.Repeat("AB", 32)
		}, fault.RequestInvalid, "promises[0].clause_digest"},
		{"too many promises", func(l *order.Line) {
			l.Promises = make([]order.Promise, order.PromisesMax+1)
		}, fault.RequestInvalid, "promises"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := valid()
			c.mutate(&l)
			e, ok := fault.As(l.Check())
			if !ok || e.Reason != c.reason || e.Field != "order_line."+c.field {
				t.Fatalf("refusal is %v at %q, want %s at order_line.%s", e, fieldOf(e), c.reason, c.field)
			}
			if e.Reason == fault.AmountOutOfRange && (e.Fields["maxMinor"] == "" || e.Fields["currency"] != "CNY") {
				t.Errorf("the refusal lacks maxMinor or currency: %v", e)
			}
		})
	}
}

func fieldOf(e *fault.Error) string {
	if e == nil {
		return ""
	}
	return e.Field
}

// Catches a check that refuses lines which occur: eligibility is for others to
// decide.
func TestCheckAcceptsWhatHappens(t *testing.T) {
	for _, c := range []struct {
		name   string
		mutate func(l *order.Line)
	}{
		{"every field set", func(*order.Line) {}},
		{"not paid yet", func(l *order.Line) { l.PaidAt = time.Time{} }},
		{"paid on delivery", func(l *order.Line) { l.PaidAt = l.DeliveredAt.Add(time.Hour) }},
		{"picked up, never shipped", func(l *order.Line) { l.ShippedAt = time.Time{} }},
		{"shipped, not delivered", func(l *order.Line) { l.DeliveredAt = time.Time{} }},
		{"delivered the moment it was shipped", func(l *order.Line) { l.DeliveredAt = l.ShippedAt }},
		{"cancelled", func(l *order.Line) {
			l.CancelledBeforeShipment, l.ShippedAt, l.DeliveredAt = true, time.Time{}, time.Time{}
		}},
		{"a gift", func(l *order.Line) { l.UnitPrice, l.GoodsPaid, l.Discounts, l.PlatformSubsidy = 0, 0, nil, 0 }},
		{"no category", func(l *order.Line) { l.Category = "" }},
		{"unit price cut off", func(l *order.Line) {
			l.UnitPrice, l.GoodsPaid, l.Discounts, l.PlatformSubsidy = 6666, 20000, nil, 0
		}},
		{"discounts that explain only a part", func(l *order.Line) { l.Discounts = nil }},
		{"the largest line", func(l *order.Line) { l.Quantity, l.UnitPrice = order.QuantityMax, money.MaxAmount/order.QuantityMax }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := valid()
			c.mutate(&l)
			if err := l.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Would catch a refusal that calls an amount too large and does not say which is not.
func TestRefusalTellsTheRounding(t *testing.T) {
	t.Parallel()
	l := valid()
	l.GoodsPaid = 3*3333 + 3
	e, ok := fault.As(l.Check())
	if !ok || e.Fields["maxMinor"] != "10001" || !strings.Contains(e.Detail, "one minor unit of rounding") || !strings.Contains(e.Detail, "10001") {
		t.Errorf("refused with %v", e)
	}
}
