package flips

import (
	"bytes"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Rules are the decision rules of the sequences: conflicts draw their re-tests.
func Rules() claim.Rules {
	r := *claim.FirstRules()
	r.Reinspection = claim.ReinspectionRules{Independent: true, Final: true, RetestDays: 21}
	return r
}

// drawRetest draws a body for a claim that needs a re-test, among more or fewer candidates, as a
// worker that may have seen the claim at another time.
func (w *sequence) drawRetest() string {
	claims, err := w.place.Claims(w.ids)
	w.must(err)
	for i := range claims {
		c := &claims[i]
		if c.RetestAt.IsZero() || w.rand.IntN(4) == 0 {
			continue
		}
		cmd := book.DrawRetest{ClaimID: c.ID, At: c.RetestAt, Draw: book.Drawing{
			Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Seed: bytes.Repeat([]byte{byte(w.rand.IntN(256))}, commission.SeedLength),
		}}
		for _, id := range []string{"lab-1", "lab-2", "lab-3", "lab-4"}[w.rand.IntN(2):pick(w, 2, 4)] {
			cmd.Draw.Candidates = append(cmd.Draw.Candidates, commission.Candidate{AuthenticatorID: id})
		}
		if w.rand.IntN(8) == 0 {
			cmd.At = cmd.At.Add(-1000)
		}
		o, err := w.place.Do(request.System(w.merchant, "DrawRetest"), &cmd)
		if err == nil && o.Commission != nil {
			w.drawn = append(w.drawn, *o.Commission)
		}
		return w.told("draw for "+w.name(c.ID), err)
	}
	return ""
}

// answerDraw has a drawn body accept, decline or report, in any order and after its time.
func (w *sequence) answerDraw() string {
	if len(w.drawn) == 0 {
		return ""
	}
	x := w.drawn[w.rand.IntN(len(w.drawn))]
	if w.rand.IntN(2) == 0 {
		step := pick(w, commission.Accept, commission.Decline)
		_, err := w.place.Do(w.on("Commission"), &book.MoveCommission{
			OnCommission: book.OnCommission{ClaimID: x.ClaimID, Number: x.Number, AuthenticatorID: x.AuthenticatorID}, Step: step,
		})
		return w.told(fmt.Sprintf("%s of the re-test of %s", step, w.name(x.ClaimID)), err)
	}
	claims, err := w.place.Claims([]string{x.ClaimID})
	w.must(err)
	w.number++
	r := booktest.Result(&claims[0], pick(w, claim.Counterfeit, claim.Genuine, claim.Inconclusive), fmt.Sprintf("%s-r%d", w.merchant, w.number))
	r.AuthenticatorID, r.IssuedAt, r.CustodyIntact = x.AuthenticatorID, w.place.Now(), true
	_, err = w.place.Do(w.on("RecordResult"), &book.RecordResult{Result: r})
	return w.told(fmt.Sprintf("re-test of %s: %v", w.name(x.ClaimID), r.Units), err)
}
