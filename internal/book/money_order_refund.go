package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// causeOrderRefunded marks a revision that a refund of the order line made.
const causeOrderRefunded = "ORDER_REFUNDED"

// ReportOrderRefund is the order service's report that a line was refunded outside its
// claims, or charged back. It is a fact, and never refused for the state of a claim:
// it reduces what is still owed, and the consumer owes back what was already paid, so
// that the price is given back once.
type ReportOrderRefund struct {
	LineID     string
	RefundID   string
	Amount     money.Amount
	Currency   string
	RefundedAt time.Time
}

func (r *ReportOrderRefund) need(c *Call, n *Needs) {
	n.line(c.Header.MerchantID, r.LineID)
	n.units(c.Header.MerchantID, r.LineID)
}

func (r *ReportOrderRefund) follow(b *Book, n *Needs, round int) {
	if round == 0 {
		n.units(b.merchantID, r.LineID)
	}
	for _, id := range b.claimsOnLine(r.LineID) {
		n.claim(b.merchantID, id)
		n.holdsOf(b.merchantID, id)
		if c := b.claims.get(id); c != nil && round > 0 {
			followGroup(b, n, round-1, &c.Claim)
		}
	}
}

func (r *ReportOrderRefund) Cover(d *request.Digest) {
	d.Texts(r.LineID, r.RefundID, r.Currency)
	d.Number(int64(r.Amount))
	d.Time(r.RefundedAt)
}

func (r *ReportOrderRefund) decide(b *Book) (Outcome, error) {
	if b.lines.get(r.LineID) == nil {
		return Outcome{}, fault.New(fault.OrderLineNotFound, "order line %s is not known", r.LineID).
			With("orderLineId", r.LineID).At("order_line_name")
	}
	if err := b.checkAmount(r.Amount, r.Currency); err != nil {
		return Outcome{}, err
	}
	k := refundKey{r.LineID, r.RefundID}
	if have := b.refunds.get(k); have != nil {
		if have.Amount != r.Amount {
			return Outcome{}, ReferenceUsed(r.RefundID)
		}
		return Outcome{}, nil // It came with a claim, or by another request.
	}
	b.refunds.add(k, Refund{
		MerchantID: b.merchantID, OrderLineID: r.LineID, RefundID: r.RefundID, Amount: r.Amount,
		RefundedAt: r.RefundedAt, RecordedAt: b.now,
	}, b.command)
	b.record(event.OrderRefundReported, "")
	b.detail("order_line", r.LineID)
	b.detail("refund", r.RefundID)
	return Outcome{}, b.setOff(r.LineID, r.Amount)
}

// claimsOnLine gives the live claims that own units of a line, oldest first.
func (b *Book) claimsOnLine(lineID string) []string {
	var ids []string
	l := b.lines.get(lineID)
	if l == nil {
		return nil
	}
	seen := make(map[string]bool)
	for ordinal := int32(1); ordinal <= l.line.Quantity; ordinal++ {
		if u := b.units.get(unitKey{lineID, ordinal}); u != nil && !seen[u.claimID] {
			seen[u.claimID] = true
			ids = append(ids, u.claimID)
		}
	}
	sortIDs(ids)
	return ids
}

// setOff deducts a refund from what the claims on its line are owed: first from
// confirmed claims, whose awards otherwise stand, then from the others, which are
// repriced.
func (b *Book) setOff(lineID string, refunded money.Amount) error {
	ids := b.claimsOnLine(lineID)
	for _, id := range ids {
		c := b.claims.get(id)
		if c == nil || !c.State.Confirmed() {
			continue
		}
		part := min(refunded, c.Award.Refund)
		if part == 0 {
			continue
		}
		refunded -= part
		b.record(event.ClaimRepriced, id)
		changed := b.change(id)
		changed.Award.Refund -= part
		b.revision(changed, causeOrderRefunded, "", policy.Calculation{})
		if err := b.stand(changed, claim.RevisedSettled, "", policy.BorneConsumer); err != nil {
			return err
		}
	}
	for _, id := range ids {
		c := b.claims.get(id)
		if c == nil || c.State.Confirmed() || c.Verdict != claim.Counterfeit || !c.State.Live() {
			continue
		}
		b.record(event.ClaimRepriced, id)
		if err := b.repriceOpen(id); err != nil {
			return err
		}
	}
	return nil
}

// repriceOpen reprices an open claim and brings its money in line.
func (b *Book) repriceOpen(id string) error {
	if err := b.reprice(id, true, causeOrderRefunded, ""); err != nil {
		return err
	}
	return b.adjust(b.change(id), policy.BorneConsumer)
}
