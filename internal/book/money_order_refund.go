package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// causeOrderRefunded marks a revision that a refund of the order line made.
const causeOrderRefunded = "ORDER_REFUNDED"

// ReportOrderRefund is the order service's report that a line was refunded outside its
// claims, or charged back. It is a fact, and never refused for the state of a claim:
// it reduces what is still owed, and the consumer owes back what was already paid, so
// that the price is given back once. A refund of a line that no claim has shown yet is
// kept, and set off once one does: the order service need not know which lines are claimed.
type ReportOrderRefund struct {
	LineID     string
	RefundID   string
	Amount     money.Amount
	Currency   string
	RefundedAt time.Time
}

func (r *ReportOrderRefund) need(c *Call, n *Needs) { needRefund(c, n, r.LineID) }

func (r *ReportOrderRefund) follow(b *Book, n *Needs, _ int) { followRefund(b, n, r.LineID) }

func (r *ReportOrderRefund) Cover(d *request.Digest) {
	d.Texts(r.LineID, r.RefundID, r.Currency)
	d.Number(int64(r.Amount))
	d.Time(r.RefundedAt)
}

func (r *ReportOrderRefund) decide(b *Book) (Outcome, error) {
	return Outcome{}, b.tellRefund(r.LineID, OrderRefund{
		RefundID: r.RefundID, Amount: r.Amount, Currency: r.Currency, RefundedAt: r.RefundedAt,
	}, "refund")
}

// OrderRefund is what the order service says of a refund of an order line, alone or
// with a claim on the line.
type OrderRefund struct {
	RefundID   string
	Amount     money.Amount
	Currency   string
	RefundedAt time.Time
}

func (r *OrderRefund) cover(d *request.Digest) {
	d.Texts(r.RefundID, r.Currency)
	d.Number(int64(r.Amount))
	d.Time(r.RefundedAt)
}

// needRefund asks for what a refund of a line touches.
func needRefund(c *Call, n *Needs, lineID string) {
	n.line(c.Header.MerchantID, lineID)
	n.units(c.Header.MerchantID, lineID)
}

// followRefund asks for the claims on a refunded line, with what they are settled with.
func followRefund(b *Book, n *Needs, lineID string) {
	l := b.lines.get(lineID)
	if l == nil {
		return
	}
	for _, party := range parties(l.line) {
		n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: party, ProductID: l.line.ProductID})
	}
	for _, c := range b.claimsOn(lineID) {
		n.holdsOf(b.merchantID, c.ID)
		followGroup(b, n, c)
	}
}

// RefundsBeforeLineMax is how many refunds of a line are kept before a claim shows it. A
// claim may tell as many. All of a line's refunds are in memory together.
const RefundsBeforeLineMax = 50

// tellRefund takes in a refund of a line: it is kept, told in an event of its own, and
// set off against the claims on the line. The same refund again changes nothing.
// Refuses with CURRENCY_MISMATCH, AMOUNT_OUT_OF_RANGE, REQUEST_INVALID for a time that
// cannot be, REFERENCE_ALREADY_USED if the id is known with another amount or time, and
// ORDER_LINE_NOT_FOUND if too many are kept of a line that has not been seen; each names
// a field below the given one.
func (b *Book) tellRefund(lineID string, r OrderRefund, field string) error {
	known, err := b.checkRefund(lineID, &r)
	if err != nil {
		if refusal, ok := fault.As(err); ok {
			refusal.At(field + "." + refusal.Field)
		}
		return err
	}
	if known {
		return nil // It came with a claim, or by another request.
	}
	b.refunds.add(refundKey{lineID, r.RefundID}, Refund{
		MerchantID: b.merchantID, OrderLineID: lineID, RefundID: r.RefundID, Amount: r.Amount,
		RefundedAt: r.RefundedAt, RecordedAt: b.now,
	}, b.command)
	b.record(event.OrderRefundReported, "")
	b.detail("order_line", lineID)
	b.detail("refund", r.RefundID)
	if b.lines.get(lineID) == nil {
		return nil // No claim is on it, and the first one will find the refund here.
	}
	return b.setOff(lineID)
}

// same says whether a refund in the book's currency is told as it was kept.
func (f *Refund) same(r *OrderRefund) bool {
	return f.Amount == r.Amount && f.RefundedAt.UnixMicro() == r.RefundedAt.UnixMicro()
}

// checkRefund refuses a refund that cannot be kept, and says whether it is known.
func (b *Book) checkRefund(lineID string, r *OrderRefund) (known bool, err error) {
	if err := b.checkAmount(r.Amount, r.Currency); err != nil {
		return false, err
	}
	have := b.refunds.get(refundKey{lineID, r.RefundID})
	if have != nil && have.same(r) {
		// Even if it was told before the line, and the line says that it was paid later: what
		// is kept is not refused when it is told again.
		return true, nil
	}
	if err := r.checkTime(b, lineID); err != nil {
		return false, err
	}
	if have != nil {
		return false, fault.New(fault.ReferenceAlreadyUsed, "refund %s of order line %s is known with %s %s at %s",
			r.RefundID, lineID, money.Format(have.Amount, b.head.Currency), b.head.Currency, have.RefundedAt.UTC().Format(time.RFC3339Nano)).
			With("reference", r.RefundID).At("refund_id")
	}
	if b.lines.get(lineID) == nil && len(b.refundsOn(lineID)) >= RefundsBeforeLineMax {
		return false, fault.New(fault.OrderLineNotFound,
			"%d refunds of order line %s are kept, which no claim has shown yet; a further one can be told with a claim or after it",
			RefundsBeforeLineMax, lineID).With("orderLineId", lineID).At("refund_id")
	}
	if sum := b.refunded(lineID); sum > money.MaxAmount-r.Amount {
		return false, fault.New(fault.AmountOutOfRange, "the refunds of order line %s may sum up to %d minor units", lineID, money.MaxAmount).
			With("maxMinor", int64(money.MaxAmount)).With("currency", r.Currency).At("amount.minor_units")
	}
	return false, nil
}

// setOff computes anew what the claims are owed that a refund of a line touches, and
// applies the consequences.
func (b *Book) setOff(lineID string) error {
	all, err := b.settlement(lineID, deciding{})
	if err != nil {
		return err
	}
	for i := range all {
		cause := causeRepriced
		if b.claims.get(all[i].ClaimID).OrderLineID == lineID {
			cause = causeOrderRefunded
		}
		if err := b.repriced(&all[i], cause); err != nil {
			return err
		}
	}
	return b.rebalance(lineID, "")
}
