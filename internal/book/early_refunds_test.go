package book_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// early reports a refund of 50.00 of line l1, which no claim has shown.
func early() *book.ReportOrderRefund {
	return &book.ReportOrderRefund{LineID: "l1", RefundID: "r1", Amount: 5_000, Currency: "CNY", RefundedAt: start.Add(-time.Hour)}
}

// Would catch a refund that is told before its line and is lost, set off twice, or told in
// no event; also where the claim tells it again.
func TestRefundBeforeItsLineIsSetOff(t *testing.T) {
	t.Parallel()
	for name, again := range map[string][]book.OrderRefund{
		"alone":                {},
		"again with the claim": {{RefundID: "r1", Amount: 5_000, Currency: "CNY", RefundedAt: start.Add(-time.Hour)}},
		"another beside it":    {{RefundID: "r2", Amount: 1_000, Currency: "CNY", RefundedAt: start.Add(-time.Hour)}},
	} {
		f := newFixture(t)
		f.open("m1", 5_000_000)
		f.authenticator("lab-1", claim.AccreditedLab)
		for range 2 {
			o := f.done(f.request("m1", "ReportOrderRefund"), early())
			if o.Line != nil || len(o.Refunds) != 1 || o.Refunds[0].Amount != 5_000 {
				t.Errorf("%s: answered with line %v and refunds %v", name, o.Line, o.Refunds)
			}
		}
		if n := f.told("m1", event.OrderRefundReported); n != 1 {
			t.Errorf("%s: %d events tell of the refund", name, n)
		}
		cmd := filing(line("m1", "l1", 1, 20_000), 1)
		cmd.Refunds = again
		want := money.Amount(15_000)
		if name == "another beside it" {
			want -= 1_000
		}
		c := f.paid(f.accept(f.confirmNotice(f.found(cmd))))
		if c.Award.Refund != want || c.Funding.RefundPaid != want || c.State != claim.Paid {
			t.Errorf("%s: refund of %d awarded and %d paid, want %d; %s", name, c.Award.Refund, c.Funding.RefundPaid, want, c.State)
		}
	}
}

// Would catch a refund of an unseen line that is taken where that of a seen one is
// refused, and one of these refusals that leaves something behind.
func TestRefundBeforeItsLineIsCompared(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.done(f.request("m1", "ReportOrderRefund"), early())
	before := f.head("m1").EventNumber
	for name, c := range map[string]struct {
		change func(*book.ReportOrderRefund)
		want   fault.Reason
		field  string
	}{
		"another amount":   {func(r *book.ReportOrderRefund) { r.Amount++ }, fault.ReferenceAlreadyUsed, "refund.refund_id"},
		"another time":     {func(r *book.ReportOrderRefund) { r.RefundedAt = start }, fault.ReferenceAlreadyUsed, "refund.refund_id"},
		"another currency": {func(r *book.ReportOrderRefund) { r.Currency = "USD" }, fault.CurrencyMismatch, "refund.amount.currency_code"},
		"nothing":          {func(r *book.ReportOrderRefund) { r.RefundID, r.Amount = "r2", 0 }, fault.AmountOutOfRange, "refund.amount.minor_units"},
		"a time to come":   {func(r *book.ReportOrderRefund) { r.RefundID, r.RefundedAt = "r2", start.AddDate(1, 0, 0) }, fault.RequestInvalid, "refund.refunded_at"},
		"no time":          {func(r *book.ReportOrderRefund) { r.RefundID, r.RefundedAt = "r2", time.Time{} }, fault.RequestInvalid, "refund.refunded_at"},
		"too much":         {func(r *book.ReportOrderRefund) { r.RefundID, r.Amount = "r2", money.MaxAmount }, fault.AmountOutOfRange, "refund.amount.minor_units"},
	} {
		cmd := early()
		c.change(cmd)
		_, err := f.Do(f.request("m1", "ReportOrderRefund"), cmd)
		if refusal, ok := fault.As(err); !ok || refusal.Reason != c.want || refusal.Field != c.field {
			t.Errorf("%s: %v at %s, want %s at %s", name, err, refusal.Field, c.want, c.field)
		}
	}
	if got := f.head("m1").EventNumber; got != before {
		t.Errorf("refusals left events %d to %d", before+1, got)
	}
	if _, err := f.Do(f.request("m2", "ReportOrderRefund"), early()); !errors.Is(err, fault.MerchantNotFound) {
		t.Errorf("without a book: %v", err)
	}
}

// Would catch lines that nobody claims whose refunds fill the memory of a lane, and a claim
// that is refused because of them.
func TestRefundsBeforeALineAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	for n := range book.RefundsBeforeLineMax {
		cmd := early()
		cmd.RefundID, cmd.Amount = fmt.Sprint("r", n), 100
		f.done(f.request("m1", "ReportOrderRefund"), cmd)
	}
	more := early()
	more.RefundID, more.Amount = "one-more", 100
	h := f.request("m1", "ReportOrderRefund")
	_, err := f.Do(h, more)
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.OrderLineNotFound || refusal.Field != "refund.refund_id" {
		t.Errorf("one more is answered with %v", err)
	}
	c := f.file(filing(line("m1", "l1", 1, 20_000), 1))
	f.done(h, more) // A refund that was refused is taken once the line is seen.
	if c = f.record(c, result(c, claim.Counterfeit, "R-1")); c.Award.Refund != 20_000-100*(book.RefundsBeforeLineMax+1) {
		t.Errorf("a refund of %d is awarded", c.Award.Refund)
	}
}

// Would catch a refund that was told with a wrong time before its line, and blocks every
// claim on the line: the price must be set off, and the consumer heard.
func TestRefundBeforeThePaymentOfALaterLineBlocksNoClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	told := early()
	l := line("m1", "l1", 1, 20_000)
	told.RefundedAt = l.PaidAt.AddDate(0, 0, -1)
	f.done(f.request("m1", "ReportOrderRefund"), told)
	cmd := filing(l, 1)
	cmd.Refunds = []book.OrderRefund{{RefundID: "r1", Amount: told.Amount, Currency: "CNY", RefundedAt: told.RefundedAt}}
	if c := f.found(cmd); c.Award.Refund != 15_000 {
		t.Errorf("a refund of %d is awarded", c.Award.Refund)
	}
	late := *told
	late.RefundID = "r2"
	if _, err := f.Do(f.request("m1", "ReportOrderRefund"), &late); !errors.Is(err, fault.RequestInvalid) {
		t.Errorf("another one of that time is answered with %v", err)
	}
}

// Would catch evidence that is filed with a claim and lost, kept under another claim, or not
// covered by the request id.
func TestClaimIsFiledWithEvidence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	cmd := filing(line("m1", "l1", 1, 20_000), 1)
	cmd.Evidence = []book.AddEvidence{{Kind: "PHOTO", Reference: "files/1", Note: "the label"}, {Kind: "VIDEO", Reference: "files/2"}}
	h := f.request("m1", "FileClaim")
	c := f.done(h, &cmd).Claim
	if again := f.done(h, &cmd); !again.Replayed || again.ClaimID != c.ID {
		t.Errorf("sent again: %+v", again)
	}
	other := cmd
	other.Evidence = []book.AddEvidence{cmd.Evidence[0], {Kind: "VIDEO", Reference: "files/3"}}
	if _, err := f.Do(h, &other); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("with other evidence: %v", err)
	}
	kept := f.Rows("m1").Evidence
	if len(kept) != 2 || kept[0].ClaimID != c.ID || kept[0].Reference != "files/1" || kept[0].Note != "the label" ||
		kept[1].Reference != "files/2" || kept[0].EventNumber == kept[1].EventNumber || kept[1].AddedBy != "reviewer-1" {
		t.Errorf("kept are %+v", kept)
	}
	if n := f.told("m1", event.EvidenceAdded); n != 2 {
		t.Errorf("%d events tell of evidence", n)
	}
}
