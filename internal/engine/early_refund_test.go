package engine_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
)

// Would catch a replica that reads a line's refunds only with the line, and so prices a
// claim as if nothing had been refunded before it.
func TestFreshReplicaReadsRefundsBeforeTheirLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	_, err := f.engine.Do(t.Context(), f.request("m1", "ReportOrderRefund"), &book.ReportOrderRefund{
		LineID: "l1", RefundID: "r1", Amount: 4_000, Currency: "CNY", RefundedAt: start.Add(-time.Hour),
	})
	f.must(err)
	_, fresh := f.replica(engine.Defaults())
	cmd := filing(line("m1", "l1", 1, 10_000), 1)
	o, err := fresh.Do(t.Context(), f.request("m1", "FileClaim"), &cmd)
	f.must(err)
	report := result(o.Claim, claim.Counterfeit, "R-1")
	o, err = fresh.Do(t.Context(), f.request("m1", "RecordResult"), &book.RecordResult{Result: report})
	f.must(err)
	if o.Claim.Award.Refund != 6_000 {
		t.Errorf("a refund of %d is awarded, want 6000", o.Claim.Award.Refund)
	}
	f.audited()
}
