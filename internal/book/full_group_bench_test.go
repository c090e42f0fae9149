package book_test

import (
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// BenchmarkFullGroup fills a pricing group with claims that are found counterfeit, with
// and without refunds from outside on every line. What a claim takes may grow with its
// group, but not with the square of it.
func BenchmarkFullGroup(b *testing.B) {
	for _, size := range []int{policy.MembersMax / 4, policy.MembersMax} {
		for _, refunded := range []bool{false, true} {
			b.Run(fmt.Sprintf("claims=%d/refunded=%v", size, refunded), func(b *testing.B) {
				for b.Loop() {
					fillGroup(b, size, refunded)
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/claim")
			})
		}
	}
}

func fillGroup(b *testing.B, size int, refunded bool) {
	f := &fixture{t: b, Shelf: booktest.New(start)}
	f.open("m1", 1_000_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	for n := range size {
		cmd := filing(line("m1", fmt.Sprintf("l%d", n), 1, 10_000), 1)
		cmd.ClaimantID, cmd.Line.PayerID, cmd.Line.RecipientID = "collector", "collector", "collector"
		if refunded {
			cmd.Refunds = []book.OrderRefund{{RefundID: fmt.Sprintf("r%d", n), Amount: 100, Currency: "CNY", RefundedAt: start}}
		}
		c := f.file(cmd)
		f.record(c, result(c, claim.Counterfeit, fmt.Sprintf("R-%d", n)))
	}
}
