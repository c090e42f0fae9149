package book_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch evidence without a bound in number or bytes, which makes a claim unreadable for
// those who decide it; a bound that one role uses up for another, or one claim for another; one
// that forgets what is stored when the book leaves memory; and a refusal that adds something.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	many, large := f.found(filing(line("m1", "l1", 1, 10_000), 1)), f.found(filing(line("m1", "l2", 1, 10_000), 1))
	add := func(c *claim.Claim, role principal.Role, note string) error {
		h := f.by("seller-1", "m1", "AddEvidence")
		h.Principal.Role = role
		_, err := f.Do(h, &book.AddEvidence{ClaimID: c.ID, Kind: "INVOICE", Reference: "files/1", Note: note})
		return err
	}
	for i := range book.EvidencePiecesMax {
		f.must(add(many, principal.RoleMerchant, fmt.Sprint(i)))
	}
	const size = 8000
	text := strings.Repeat("\U00020000", size/4)
	fits := book.EvidenceBytesMax / (size + len("INVOICE") + len("files/1"))
	for range fits {
		f.must(add(large, principal.RoleMerchant, text))
	}
	for what, c := range map[string]*claim.Claim{"a piece too many": many, "a byte too many": large} {
		before := len(f.Rows("m1").Evidence)
		err := add(c, principal.RoleMerchant, text)
		if r, ok := fault.As(err); !errors.Is(err, fault.EvidenceLimit) || !ok || r.Fields["role"] != "merchant" || r.Fields["claimId"] != c.ID || len(r.Detail) > 200 {
			t.Errorf("%s: %v", what, err)
		}
		if after := len(f.Rows("m1").Evidence); after != before {
			t.Errorf("%s: the refusal left %d pieces", what, after-before)
		}
	}
	f.must(add(large, principal.RoleMerchant, "short enough"))
	f.must(add(many, principal.RoleSupport, text))
	f.audited()
}
