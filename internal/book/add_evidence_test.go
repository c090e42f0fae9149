package book_test

import (
	"errors"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch evidence that moves a claim, is lost, or is kept twice when it is sent
// again, and a claim that is closed to it.
func TestEvidenceIsKeptAndMovesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 1, 10_000), 1))
	f.withdraw(c)
	c = f.current(c)
	h := f.by("seller-1", "m1", "AddEvidence")
	h.Principal.Role = principal.RoleMerchant
	cmd := book.AddEvidence{ClaimID: c.ID, Kind: "INVOICE", Reference: "files/1", Note: "from the brand"}
	for i := range 2 {
		if o, err := f.Do(h, &cmd); err != nil || o.Replayed != (i > 0) {
			t.Fatalf("try %d: %v, replayed %v", i, err, o.Replayed)
		}
	}
	cmd.Reference = "files/2"
	if _, err := f.Do(h, &cmd); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("another content: %v", err)
	}
	_, err := f.Do(f.by("helper-1", "m1", "AddEvidence"), &cmd)
	f.must(err)
	list := f.Rows("m1").Evidence
	if len(list) != 2 || list[0].Reference != "files/1" || list[0].AddedAs != "merchant" || list[0].AddedBy != "seller-1" || list[1].Reference != "files/2" {
		t.Errorf("kept: %+v", list)
	}
	if now := f.current(c); now.Version != c.Version || now.State != claim.Withdrawn {
		t.Errorf("the claim moved: %+v", now)
	}
	cmd.ClaimID = "none"
	if _, err := f.Do(f.by("helper-1", "m1", "AddEvidence"), &cmd); !errors.Is(err, fault.ClaimNotFound) {
		t.Errorf("of no claim: %v", err)
	}
	f.audited()
}
