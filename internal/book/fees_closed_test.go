package book_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a fee on a closed claim that vanishes although its result is kept: the
// platform has paid it, and the loser bears it. And one on a claim without a loser, which
// nobody will ever decide: its result is refused, and so is the fee, without a trace.
func TestC11FeesOnClosedClaims(t *testing.T) {
	t.Parallel()
	const fee = money.Amount(3_000)
	for name, row := range map[string]struct {
		closed func(f *fixture) *claim.Claim
		says   claim.Verdict
		kept   bool
		// charged says that the consumer bears the fee.
		charged bool
	}{
		"paid": {func(f *fixture) *claim.Claim {
			return f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1)))))
		}, claim.Counterfeit, true, false},
		"rejected": {func(f *fixture) *claim.Claim {
			c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
			return f.record(c, result(c, claim.Genuine, "R-1"))
		}, claim.Genuine, true, true},
		"withdrawn": {func(f *fixture) *claim.Claim {
			return f.withdraw(f.file(filing(line("m1", "l1", 1, 10_000), 1)))
		}, claim.Genuine, false, false},
		"expired": {func(f *fixture) *claim.Claim {
			c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
			c = f.record(c, result(c, claim.Inconclusive, "R-1"))
			c = f.did("reviewer-1", "ReviewClaim", c, &book.DecideReview{
				OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Decision: book.Expire, Note: "no proof",
			})
			return c
		}, claim.Genuine, false, false},
	} {
		for _, payer := range []claim.FeePayer{claim.FeePayerPlatform, claim.FeePayerClaimant} {
			t.Run(name+" "+string(payer), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				f.charging(policy.FeeLoser)
				f.open("m1", 500_000)
				f.authenticator("lab-1", claim.AccreditedLab)
				c := row.closed(f)
				if !c.State.Final() {
					t.Fatalf("the claim is %s", c.State)
				}
				before := f.head("m1")
				after, err := f.tested(c, row.says, "R-2", fee, payer)
				if !row.kept {
					if !errors.Is(err, fault.ClaimStateConflict) {
						t.Errorf("a result with a fee: %v", err)
					}
					if diff := cmp.Diff(before, f.head("m1")); diff != "" {
						t.Errorf("the refusal left: %s", diff)
					}
					return
				}
				f.must(err)
				byPlatform := payer == claim.FeePayerPlatform
				if fronted := after.Fees.Fronted == fee; fronted != byPlatform || (after.Fees.Claimant == fee) == byPlatform {
					t.Errorf("kept as %+v", after.Fees)
				}
				if charged := after.Fees.Consumer == fee; charged != (row.charged && byPlatform) {
					t.Errorf("charged as %+v", after.Fees)
				}
				if c.State == claim.Rejected && after.State != claim.Rejected {
					t.Errorf("the claim is %s", after.State)
				}
				f.audited()
			})
		}
	}
}
