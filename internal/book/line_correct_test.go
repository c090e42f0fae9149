package book_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// correcting is the correction of line l1 of merchant m1, which was told with a price of
// 200.00, to another price.
func correcting(revision int32) *book.CorrectOrderLine {
	l := line("m1", "l1", 1, 30_000)
	return &book.CorrectOrderLine{Line: l, Revision: revision, Note: "the price was in the wrong unit"}
}

// Would catch a correction that claims filed after it do not see, that forgets what was
// before, or that a filing with the first content undoes.
func TestCorrectedLineIsClaimed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	first := filing(line("m1", "l1", 1, 20_000), 1)
	f.withdraw(f.file(first))
	o := f.done(f.request("m1", "CorrectOrderLine"), correcting(1))
	if o.Line == nil || o.Line.Revision != 2 || o.Line.Line.GoodsPaid != 30_000 {
		t.Errorf("answered with %+v", o.Line)
	}
	_, err := f.Do(f.request("m1", "FileClaim"), &first)
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.OrderLineChanged || refusal.Fields["fields"] != "unit_price,goods_paid" {
		t.Errorf("the first content is answered with %v, %v", err, refusal.Fields)
	}
	c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 30_000), 1)))))
	if c.Funding.RefundPaid != 30_000 || c.State != claim.Paid {
		t.Errorf("%d are refunded, %s", c.Funding.RefundPaid, c.State)
	}
	rows := f.Rows("m1")
	kept := rows.Corrections[struct {
		Line     string
		Revision int32
	}{"l1", 1}]
	if kept.Before.Line.GoodsPaid != 20_000 || kept.Note == "" || kept.CorrectedBy != "reviewer-1" || kept.CorrectedAs != "operator" {
		t.Errorf("before it was %+v", kept)
	}
	for _, e := range rows.Events {
		if e.Kind == event.OrderLineCorrected && !slices.Contains(e.Details, event.Detail{Key: "fields", Value: "unit_price goods_paid"}) {
			t.Errorf("the event tells %v", e.Details)
		}
	}
	if n := f.told("m1", event.OrderLineCorrected); n != 1 {
		t.Errorf("%d events tell of the correction", n)
	}
}

// resting are claims of line l1 that a correction must respect, each brought where it is.
var resting = map[string]func(*fixture) *claim.Claim{
	"waits for a result": func(f *fixture) *claim.Claim { return f.file(filing(line("m1", "l1", 1, 20_000), 1)) },
	"notified":           func(f *fixture) *claim.Claim { return f.found(filing(line("m1", "l1", 1, 20_000), 1)) },
	"under way": func(f *fixture) *claim.Claim {
		return f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 20_000), 1))))
	},
	"paid": func(f *fixture) *claim.Claim {
		return f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 20_000), 1)))))
	},
	"paid, and fell to the platform": func(f *fixture) *claim.Claim {
		c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 20_000), 1)))))
		return f.revisedTo(c, claim.Genuine)
	},
	"failed, may yet be paid, and fell": func(f *fixture) *claim.Claim {
		c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 20_000), 1))))
		for _, p := range f.Made() {
			c = f.answer(p, payout.OutcomeFailed)
		}
		return f.revisedTo(c, claim.Genuine)
	},
}

// Would catch a correction beneath a claim that is in force, or whose money is out or may
// yet be; and a refusal that does not name it.
func TestLineWithAClaimIsNotCorrected(t *testing.T) {
	t.Parallel()
	for name, bring := range resting {
		f := newFixture(t)
		f.open("m1", 5_000_000)
		f.authenticator("lab-1", claim.AccreditedLab)
		c := bring(f)
		before := f.head("m1")
		_, err := f.Do(f.request("m1", "CorrectOrderLine"), correcting(1))
		refusal, ok := fault.As(err)
		if !ok || refusal.Reason != fault.OrderLineInUse || refusal.Fields["claimIds"] != c.ID || !strings.Contains(refusal.Detail, c.ID) {
			t.Errorf("%s (%s): %v", name, c.State, err)
		}
		if f.head("m1") != before {
			t.Errorf("%s: the refusal changed the book", name)
		}
	}
}

// Would catch a correction that changes what a rejected claim took over from its line, so
// that a court could not take it up again; and one that is refused although prices alone
// change.
func TestRejectedClaimRestsOnWhatItTookOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*order.Line)
		inUse  bool
	}{
		"price":     {func(l *order.Line) { l.UnitPrice, l.GoodsPaid = 30_000, 60_000 }, false},
		"discount":  {func(l *order.Line) { l.GoodsPaid = 1 }, false},
		"more":      {func(l *order.Line) { l.Quantity = 5 }, false},
		"fewer":     {func(l *order.Line) { l.Quantity, l.GoodsPaid = 1, 20_000 }, true},
		"product":   {func(l *order.Line) { l.ProductID = "another" }, true},
		"payment":   {func(l *order.Line) { l.PaymentID = "another" }, true},
		"order":     {func(l *order.Line) { l.OrderID = "another" }, true},
		"payer":     {func(l *order.Line) { l.PayerID = "another" }, true},
		"recipient": {func(l *order.Line) { l.RecipientID = "another" }, true},
		"category":  {func(l *order.Line) { l.Category = "food/eggs" }, true},
		"paid":      {func(l *order.Line) { l.PaidAt = l.PaidAt.Add(-time.Second) }, true},
		"delivered": {func(l *order.Line) { l.DeliveredAt = l.DeliveredAt.Add(time.Second) }, true},
	} {
		f := newFixture(t)
		f.open("m1", 5_000_000)
		f.authenticator("lab-1", claim.AccreditedLab)
		filed := f.file(filing(line("m1", "l1", 2, 40_000), 2))
		filed = f.record(filed, result(filed, claim.Genuine, "R-1"))
		if filed.State != claim.Rejected {
			t.Fatalf("%s: the claim is %s", name, filed.State)
		}
		l := line("m1", "l1", 2, 40_000)
		c.change(l)
		_, err := f.Do(f.request("m1", "CorrectOrderLine"), &book.CorrectOrderLine{Line: l, Revision: 1, Note: "wrong"})
		if got := errors.Is(err, fault.OrderLineInUse); got != c.inUse || err != nil && !got {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !c.inUse {
			// A court takes it up again, at the price that is right.
			share, err := l.UnitsShare(l.GoodsPaid, []int32{2})
			f.must(err)
			if revised := f.revisedTo(filed, claim.Counterfeit); revised.Award.Refund != share {
				t.Errorf("%s: a refund of %d is awarded, want %d", name, revised.Award.Refund, share)
			}
		}
	}
}

// Would catch a correction that is taken although it cannot be, or is of another revision.
func TestCorrectionIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*book.CorrectOrderLine)
		want   fault.Reason
		field  string
	}{
		"another revision": {func(r *book.CorrectOrderLine) { r.Revision = 2 }, fault.OrderLineChanged, "revision"},
		"an unseen line":   {func(r *book.CorrectOrderLine) { r.Line.ID = "l2" }, fault.OrderLineNotFound, "order_line.name"},
		"nothing":          {func(r *book.CorrectOrderLine) { r.Line = line("m1", "l1", 1, 20_000) }, fault.RequestInvalid, "order_line"},
		"another merchant": {func(r *book.CorrectOrderLine) { r.Line.MerchantID = "m2" }, fault.RequestInvalid, "order_line"},
		"another currency": {func(r *book.CorrectOrderLine) { r.Line.Currency = "USD" }, fault.CurrencyMismatch, "order_line.unit_price.currency_code"},
		"too much paid":    {func(r *book.CorrectOrderLine) { r.Line.GoodsPaid *= 2 }, fault.AmountOutOfRange, "order_line.goods_paid"},
		"no units":         {func(r *book.CorrectOrderLine) { r.Line.Quantity = 0 }, fault.UnitsOutOfRange, "order_line.quantity"},
		"shipped unpaid":   {func(r *book.CorrectOrderLine) { r.Line.PaidAt = start }, fault.RequestInvalid, "order_line.shipped_at"},
	} {
		f := newFixture(t)
		f.open("m1", 0)
		f.withdraw(f.file(filing(line("m1", "l1", 1, 20_000), 1)))
		cmd := correcting(1)
		c.change(cmd)
		_, err := f.Do(f.request("m1", "CorrectOrderLine"), cmd)
		if refusal, ok := fault.As(err); !ok || refusal.Reason != c.want || refusal.Field != c.field {
			t.Errorf("%s: %v at %s, want %s at %s", name, err, refusal.Field, c.want, c.field)
		}
		if n := f.told("m1", event.OrderLineCorrected); n != 0 {
			t.Errorf("%s: an event tells of it", name)
		}
	}
}

// Would catch revisions that run together: each is kept, and the parties may change as long
// as claims on the line have been withdrawn.
func TestLineIsCorrectedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.withdraw(f.file(filing(line("m1", "l1", 1, 20_000), 1)))
	const times = 5
	for n := range int32(times) {
		cmd := correcting(n + 1)
		cmd.Line.ProductID, cmd.Line.PayerID = fmt.Sprint("product-", n), fmt.Sprint("payer-", n)
		cmd.Line.RecipientID = cmd.Line.PayerID
		f.done(f.request("m1", "CorrectOrderLine"), cmd)
		c := f.file(filing(cmd.Line, 1))
		if c.ProductID != cmd.Line.ProductID || c.ClaimantID != cmd.Line.PayerID {
			t.Errorf("the claim took over %s and %s", c.ProductID, c.ClaimantID)
		}
		f.withdraw(c)
	}
	if rows := f.Rows("m1"); len(rows.Corrections) != times || rows.Lines["l1"].Revision != times+1 {
		t.Errorf("%d corrections are kept, and the line is at revision %d", len(rows.Corrections), rows.Lines["l1"].Revision)
	}
}
