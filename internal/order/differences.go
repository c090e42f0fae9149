package order

import (
	"slices"
	"time"
)

// Differences names the fields in which two reports of one line differ, as the contract
// names them, in the order of the digest. The names tell no values.
func (l *Line) Differences(o *Line) []string {
	var names []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"order_id", l.OrderID == o.OrderID},
		{"payment_id", l.PaymentID == o.PaymentID},
		{"paid_at", sameInstant(l.PaidAt, o.PaidAt)},
		{"shipped_at", sameInstant(l.ShippedAt, o.ShippedAt)},
		{"delivered_at", sameInstant(l.DeliveredAt, o.DeliveredAt)},
		{"cancelled_before_shipment", l.CancelledBeforeShipment == o.CancelledBeforeShipment},
		{"product_id", l.ProductID == o.ProductID},
		{"sku_id", l.SKUID == o.SKUID},
		{"batch_id", l.BatchID == o.BatchID},
		{"category", l.Category == o.Category},
		{"quantity", l.Quantity == o.Quantity},
		{"unit_price.currency_code", l.Currency == o.Currency},
		{"unit_price", l.UnitPrice == o.UnitPrice},
		{"goods_paid", l.GoodsPaid == o.GoodsPaid},
		{"discounts", slices.Equal(l.Discounts, o.Discounts)},
		{"platform_subsidy", l.PlatformSubsidy == o.PlatformSubsidy},
		{"shipping_paid", l.ShippingPaid == o.ShippingPaid},
		{"promises", slices.Equal(l.Promises, o.Promises)},
		{"payer_id", l.PayerID == o.PayerID},
		{"recipient_id", l.RecipientID == o.RecipientID},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

// sameInstant compares as the digest does: to the microsecond, and a step that has not
// happened with no time at all.
func sameInstant(a, b time.Time) bool {
	return a.IsZero() == b.IsZero() && a.UnixMicro() == b.UnixMicro()
}
