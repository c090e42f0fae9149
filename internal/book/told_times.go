package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// The times of facts are told by machines whose clocks differ from ours. A time may lie
// ahead of ours by as much as clocks may differ, which is a setting; further ahead the
// fact has not happened (rule B6). Two facts may be told in the wrong order by as much.
//
// When money moved, when a report was issued and when a policy was published is recorded
// as told, but never later than the request arrived. The times of an order line and its
// refunds, and when the claimant knew, are kept as told: they are compared with one
// another and with the same fact told again, and the time at which we saw them stands
// beside them.

// arrived is when the request arrived, by the latest clock that the book has met: where
// another replica's was ahead, or ours went back, what the book recorded has happened.
func (b *Book) arrived() time.Time {
	if at := b.call.Header.ArrivedAt; at.After(b.head.RecordedAt) {
		return at
	}
	return b.head.RecordedAt
}

// notAhead refuses a time that is still to come. what names the fact: "a report".
func (b *Book) notAhead(at time.Time, field, what string) error {
	arrived := b.arrived()
	if !at.After(arrived.Add(b.settings.ClockSkew)) {
		return nil
	}
	return fault.New(fault.RequestInvalid, "%s cannot have happened in the future: it is told of %s, and the request arrived at %s",
		what, at.UTC().Format(time.RFC3339Nano), arrived.UTC().Format(time.RFC3339Nano)).
		With("latest", arrived.Add(b.settings.ClockSkew).UTC().Format(time.RFC3339Nano)).At(field)
}

// notBefore refuses a time before that of a fact which must have come first.
func (b *Book) notBefore(at, first time.Time, field, what, than string) error {
	if at.IsZero() || first.IsZero() || !at.Add(b.settings.ClockSkew).Before(first) {
		return nil
	}
	return fault.New(fault.RequestInvalid, "%s cannot have happened before %s; it is told of %s", what, than, at.UTC().Format(time.RFC3339Nano)).
		With("earliest", first.UTC().Format(time.RFC3339Nano)).At(field)
}

// seen is the time at which a fact is recorded to have happened: as told, but never later
// than the request arrived. Zero stays zero.
func (b *Book) seen(at time.Time) time.Time {
	if arrived := b.arrived(); at.After(arrived) {
		return arrived
	}
	return at
}

// moved gives when money moved outside, as it is recorded; see notAhead.
func (b *Book) moved(at time.Time, field string) (time.Time, error) {
	return b.seen(at), b.notAhead(at, field, "a movement of money")
}

// checkTimes refuses an outcome that is still to come, that came before the payout was
// sent, or whose coupon expired before it was issued. What a worker was answered has no
// caller who could correct it.
func (a *AnswerPayout) checkTimes(b *Book, sent time.Time) error {
	if b.call.Header.RequestID == "" {
		return nil
	}
	at := a.Answer.OccurredAt
	if err := b.notAhead(at, "occurred_at", "an outcome"); err != nil {
		return err
	}
	if err := b.notBefore(at, sent, "occurred_at", "an outcome", "the payout was sent"); err != nil {
		return err
	}
	if a.Answer.ExpiresAt.IsZero() {
		return nil
	}
	return b.notBefore(a.Answer.ExpiresAt, at, "coupon_expires_at", "the end of a coupon", "it was issued")
}

// checkTime refuses a time at which the buyer cannot have got the refund.
func (r *OrderRefund) checkTime(b *Book, lineID string) error {
	if r.RefundedAt.IsZero() {
		return fault.New(fault.RequestInvalid, "refund %s needs the time when the buyer got it", r.RefundID).At("refunded_at")
	}
	if err := b.notAhead(r.RefundedAt, "refunded_at", "a refund"); err != nil {
		return err
	}
	if l := b.lines.get(lineID); l != nil {
		return b.notBefore(r.RefundedAt, l.line.PaidAt, "refunded_at", "a refund", "the order was paid")
	}
	return nil
}

// checkTime refuses a credential that does not count yet, and a report of a time at which nothing
// of the order could be tested: still to come, or before the order was paid. Goods that are paid later can be tested
// once they were shipped.
func (r *RecordResult) checkTime(b *Book, paidAt time.Time, lineID string) error {
	if err := b.notAhead(r.Result.IssuedAt, "issued_at", "a report"); err != nil {
		return err
	}
	if err := b.notAhead(r.ValidFrom, "signed_result", "the beginning of a credential"); err != nil {
		return err
	}
	first, than := paidAt, "the order was paid"
	if l := b.lines.get(lineID); l != nil && l.line.PaidLater() {
		first, than = l.line.ShippedBy(), "the goods were shipped"
	}
	return b.notBefore(r.Result.IssuedAt, first, "issued_at", "a report", than)
}

// checkPayment refuses a line that was shipped or delivered before it was paid, unless the
// order service says that it was sold so: cash on delivery, or pay later.
func (f *FileClaim) checkPayment(l *order.Line) error {
	if f.PaidLater || !l.PaidLater() {
		return nil
	}
	field, what := "order_line.shipped_at", "shipped"
	if l.ShippedAt.IsZero() {
		field, what = "order_line.delivered_at", "delivered"
	}
	return fault.New(fault.RequestInvalid, "order line %s is told to have been %s before it was paid; if it was sold so, say paid_after_delivery", l.ID, what).
		With("orderLineId", l.ID).At(field)
}
