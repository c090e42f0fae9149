package flips

import (
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
)

// custodyOne adds a step of custody, which may be late, out of order, or a correction.
func (w *sequence) custodyOne() string {
	c := w.mostly(claim.Authenticating, claim.InReview, claim.Notified, claim.Appealed)
	if c == nil {
		return ""
	}
	x := custody.Step{
		ClaimID: c.ID, SampleID: "S1", Kind: pick(w, custody.Kinds()[:custodyKinds]...), Weight: pick[int64](w, 0, 300_000, 310_000),
		HappenedAt: w.place.Now().Add(-time.Duration(w.rand.IntN(48)) * time.Hour), Corrects: pick[int32](w, 0, 0, 0, 1, 2),
	}
	if x.Kind.ByBody() {
		x.AuthenticatorID = pick(w, "lab-1", "lab-2")
	}
	if x.Kind == custody.Sealed || x.Kind == custody.Arrived {
		x.Seals = []string{pick(w, "A", "A", "A", "B")}
	}
	_, err := w.place.Do(w.on("AddCustodyStep"), &book.AddCustodyStep{Step: x})
	return w.told(fmt.Sprintf("%s of %s", x.Kind, w.name(c.ID)), err)
}

// custodyKinds leaves out the destruction, after which hardly any step is possible.
const custodyKinds = 9
