package book_test

import (
	"errors"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a refusal whose reader sees the claim change while later commands are
// decided.
func TestRefusalKeepsTheClaimAsItWas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	labs(f)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	_, err := f.Do(f.request("m1", "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID}})
	refused, ok := fault.As(err)
	if !ok || !errors.Is(err, fault.ClaimStateConflict) {
		t.Fatalf("accepting a claim without a verdict: %v", err)
	}
	seen, ok := refused.Subject.(*claim.Claim)
	if !ok {
		t.Fatalf("the refusal is about %T", refused.Subject)
	}
	before := seen.State
	f.withdraw(c)
	if seen.State != before {
		t.Errorf("the refusal's claim went from %s to %s", before, seen.State)
	}
}
