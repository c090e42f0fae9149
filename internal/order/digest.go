package order

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// digestVersion opens every digest. A field that is added to Line joins the list
// under the next version; lines stored under an older version keep their digests.
const digestVersion = "tenfold.order_line.v1"

// Digest is the SHA-256 of the line's content: the fields below in that order, each
// string preceded by its length, each number as eight bytes. Two reports of one
// line with the same digest are the same fact; any other digest is refused as
// ORDER_LINE_CHANGED. Times count to the microsecond, which is what the database
// keeps; lists count in the order in which they were reported.
func (l *Line) Digest() [32]byte {
	d := make(encoding, 0, 512)
	d.text(digestVersion)
	d.text(l.MerchantID)
	d.text(l.ID)
	d.text(l.OrderID)
	d.text(l.PaymentID)
	d.instant(l.PaidAt)
	d.instant(l.ShippedAt)
	d.instant(l.DeliveredAt)
	d.flag(l.CancelledBeforeShipment)
	d.text(l.ProductID)
	d.text(l.SKUID)
	d.text(l.BatchID)
	d.text(l.Category)
	d.number(int64(l.Quantity))
	d.text(l.Currency)
	d.number(int64(l.UnitPrice))
	d.number(int64(l.GoodsPaid))
	d.number(int64(len(l.Discounts)))
	for _, discount := range l.Discounts {
		d.text(string(discount.Bearer))
		d.number(int64(discount.Amount))
		d.text(discount.Label)
	}
	d.number(int64(l.PlatformSubsidy))
	d.number(int64(l.ShippingPaid))
	d.number(int64(len(l.Promises)))
	for _, promise := range l.Promises {
		d.text(string(promise.Kind))
		d.number(promise.Multiplier.Num)
		d.number(promise.Multiplier.Den)
		d.number(int64(promise.FixedAmount))
		d.text(promise.ClauseDigest)
	}
	d.text(l.PayerID)
	d.text(l.RecipientID)
	return sha256.Sum256(d)
}

// encoding is the byte string under the digest. Every value is self-delimiting, so
// two different lines never have the same encoding.
type encoding []byte

func (e *encoding) number(n int64) { *e = binary.BigEndian.AppendUint64(*e, uint64(n)) }

func (e *encoding) text(s string) {
	e.number(int64(len(s)))
	*e = append(*e, s...)
}

func (e *encoding) flag(set bool) {
	var n int64
	if set {
		n = 1
	}
	e.number(n)
}

// instant distinguishes a step that has not happened from the first instant of
// 1970.
func (e *encoding) instant(t time.Time) {
	e.flag(!t.IsZero())
	if !t.IsZero() {
		e.number(t.UnixMicro())
	}
}
