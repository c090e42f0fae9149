package rpc

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// mixed refuses an amount in another currency than the amounts it belongs with.
func mixed(expected, given, field string) error {
	return fault.New(fault.CurrencyMismatch, "%s is in %s, but the amounts that it belongs with are in %s", field, given, expected).
		With("expected", expected).With("given", given).At(field + ".currency_code")
}

// orderLine reads the line in a request. Its currency is that of the unit price;
// every other amount must be in it.
func orderLine(p *tenfoldv1.OrderLine) (*order.Line, error) {
	const field = "order_line"
	merchant, id := nameOf(p.GetName())
	l := &order.Line{
		MerchantID: merchant, ID: id, OrderID: p.GetOrderId(), PaymentID: p.GetPaymentId(),
		PaidAt: moment(p.GetPaidAt()), ShippedAt: moment(p.GetShippedAt()), DeliveredAt: moment(p.GetDeliveredAt()),
		CancelledBeforeShipment: p.GetCancelledBeforeShipment(),
		ProductID:               p.GetProductId(), SKUID: p.GetSkuId(), BatchID: p.GetBatchId(), Category: p.GetCategory(),
		Quantity: p.GetQuantity(), Currency: p.GetUnitPrice().GetCurrencyCode(),
		PayerID: p.GetPayerId(), RecipientID: p.GetRecipientId(),
	}
	if l.RecipientID == "" {
		l.RecipientID = l.PayerID
	}
	r := amounts{currency: l.Currency, field: field}
	l.UnitPrice = r.read(p.GetUnitPrice(), "unit_price")
	l.GoodsPaid = r.read(p.GetGoodsPaid(), "goods_paid")
	l.PlatformSubsidy = r.read(p.GetPlatformSubsidy(), "platform_subsidy")
	l.ShippingPaid = r.read(p.GetShippingPaid(), "shipping_paid")
	for i, d := range p.GetDiscounts() {
		l.Discounts = append(l.Discounts, order.Discount{
			Bearer: discountBearers.domain(d.GetBearer()), Label: d.GetLabel(),
			Amount: r.read(d.GetAmount(), fmt.Sprintf("discounts[%d].amount", i)),
		})
	}
	for i, m := range p.GetPromises() {
		l.Promises = append(l.Promises, order.Promise{
			Kind: promiseKinds.domain(m.GetKind()), Multiplier: ratio(m.GetMultiplier()), ClauseDigest: m.GetClauseDigest(),
			FixedAmount: r.read(m.GetFixedAmount(), fmt.Sprintf("promises[%d].fixed_amount", i)),
		})
	}
	return l, r.err
}

func orderLineOf(seen *book.LineSeen, refunds []book.Refund) *tenfoldv1.OrderLine {
	l := &seen.Line
	p := &tenfoldv1.OrderLine{
		Name: orderLineName(l.MerchantID, l.ID), OrderId: l.OrderID, PaymentId: l.PaymentID,
		PaidAt: stamp(l.PaidAt), ShippedAt: stamp(l.ShippedAt), DeliveredAt: stamp(l.DeliveredAt),
		CancelledBeforeShipment: l.CancelledBeforeShipment,
		ProductId:               l.ProductID, SkuId: l.SKUID, BatchId: l.BatchID, Category: l.Category,
		Quantity: l.Quantity, UnitPrice: moneyOf(l.UnitPrice, l.Currency), GoodsPaid: moneyOf(l.GoodsPaid, l.Currency),
		PlatformSubsidy: moneyOf(l.PlatformSubsidy, l.Currency), ShippingPaid: moneyOf(l.ShippingPaid, l.Currency),
		PayerId: l.PayerID, RecipientId: l.RecipientID, PaidAfterDelivery: l.PaidLater(), Revision: seen.Revision,
	}
	for _, d := range l.Discounts {
		p.Discounts = append(p.Discounts, &tenfoldv1.Discount{
			Bearer: discountBearers.proto(d.Bearer), Amount: moneyOf(d.Amount, l.Currency), Label: d.Label,
		})
	}
	for _, m := range l.Promises {
		out := &tenfoldv1.Promise{Kind: promiseKinds.proto(m.Kind), ClauseDigest: m.ClauseDigest}
		if m.Kind == order.PromiseFixedAmount {
			out.FixedAmount = moneyOf(m.FixedAmount, l.Currency)
		} else {
			out.Multiplier = ratioOf(m.Multiplier)
		}
		p.Promises = append(p.Promises, out)
	}
	showRefunds(p, refunds, l.Currency)
	return p
}

// refundsShownMax bounds the refunds that a line is shown with: a line stands in answers of
// every kind, and facts about it are never refused, however many there are.
const refundsShownMax = 500

// showRefunds shows the newest refunds of a line, in the currency of its book.
func showRefunds(p *tenfoldv1.OrderLine, refunds []book.Refund, currency string) {
	left := max(0, len(refunds)-refundsShownMax)
	p.RefundsLeftOut = int32(left)
	for _, r := range refunds[left:] {
		p.Refunds = append(p.Refunds, &tenfoldv1.LineRefund{
			RefundId: r.RefundID, Amount: moneyOf(r.Amount, currency), RefundedAt: stamp(r.RefundedAt),
		})
	}
}

// unseenLineOf shows what is kept of a line that no claim has shown yet.
func unseenLineOf(merchant, id, currency string, refunds []book.Refund) *tenfoldv1.OrderLine {
	p := &tenfoldv1.OrderLine{Name: orderLineName(merchant, id)}
	showRefunds(p, refunds, currency)
	return p
}

// lineRefund reads a refund of a line.
func lineRefund(p *tenfoldv1.LineRefund) book.OrderRefund {
	return book.OrderRefund{
		RefundID: p.GetRefundId(), RefundedAt: moment(p.GetRefundedAt()),
		Amount: money.Amount(p.GetAmount().GetMinorUnits()), Currency: p.GetAmount().GetCurrencyCode(),
	}
}
