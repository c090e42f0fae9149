package engine_test

import (
	"strconv"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/job"
)

// Would catch a preview that reads everything that a body ever said while its caller waits, one
// that stops to count and does not say so, and a job behind one that begins without a second
// person: what was not counted may have been paid.
func TestAPreviewOfARetractionIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.open("m1", 1_000_000)
	for i := range 3 {
		f.found(filing(line("m1", "l"+strconv.Itoa(i), 1, 10_000), 1))
	}
	for _, x := range []struct {
		most    int
		atLeast bool
		state   job.State
	}{{3, false, job.Queued}, {2, true, job.Proposed}} {
		f.engine.PreviewUpTo(x.most)
		a := job.Arguments{Cause: claim.CauseRetracted, Note: "mixed up"}
		a.AuthenticatorID = "lab-1"
		j, _, err := f.engine.RetractResults(t.Context(), f.by("oscar", "", "RetractResults"), &a)
		if err != nil {
			t.Fatal(err)
		}
		if j.State != x.state || j.Preview.AtLeast != x.atLeast || !x.atLeast && j.Preview.Claims != 3 {
			t.Errorf("up to %d: %s, %+v", x.most, j.State, j.Preview)
		}
	}
}
