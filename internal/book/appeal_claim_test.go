package book_test

import (
	"errors"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a merchant who appeals twice against one decision, and one who is
// told of the claim's state instead of the decision that there was.
func TestOneAppealForEachDecision(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))
	appeal := func() (book.Outcome, error) {
		return f.Do(f.request("m1", "AppealClaim"), &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Note: "genuine"})
	}
	o, err := appeal()
	f.must(err)
	c = o.Claim
	if _, err := appeal(); !errors.Is(err, fault.ClaimStateConflict) {
		t.Errorf("while the panel decides: %v", err)
	}
	h := f.request("m1", "DecideAppeal")
	h.Principal.Person = "panel-1"
	o, err = f.Do(h, &book.DecideAppeal{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Decision: book.AppealDismissed, Note: "no proof"})
	f.must(err)
	if c = o.Claim; c.State != claim.Paying {
		t.Fatalf("dismissed as %s", c.State)
	}
	if _, err := appeal(); !errors.Is(err, fault.AppealAlreadyDecided) {
		t.Errorf("after the panel's decision: %v", err)
	}
	f.audited()
}
