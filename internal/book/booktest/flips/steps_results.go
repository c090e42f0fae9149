package flips

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

func (w *sequence) recordOne() string {
	c := w.mostly(claim.Authenticating, claim.InReview)
	if c == nil {
		return ""
	}
	w.number++
	r := booktest.Result(c, claim.Counterfeit, fmt.Sprintf("%s-r%d", w.merchant, w.number))
	r.AuthenticatorID = pick(w, "lab-1", "lab-1", "lab-2", "court-1")
	r.IssuedAt, r.CustodyIntact = w.place.Now(), w.rand.IntN(4) > 0
	if w.rand.IntN(3) == 0 {
		r.Units = w.verdicts(c)
	}
	w.fee(&r)
	h := w.on("RecordResult")
	if w.rand.IntN(2) == 0 {
		h.Principal.Person = "" // A laboratory's system.
	}
	_, err := w.place.Do(h, &book.RecordResult{Result: r})
	return w.told(fmt.Sprintf("result on %s: %v", w.name(c.ID), r.Units), err)
}

// fee has a result cost something now and then.
func (w *sequence) fee(r *claim.Result) {
	if w.rand.IntN(3) == 0 {
		r.Fee, r.FeeCurrency = pick[money.Amount](w, 1, 3_000, 20_001), "CNY"
		r.FeePaidBy = pick(w, claim.FeePayerPlatform, claim.FeePayerPlatform, claim.FeePayerClaimant)
	}
}

func (w *sequence) retractOne() string {
	results, err := w.place.Results()
	w.must(err)
	if len(results) == 0 {
		return ""
	}
	r := results[w.rand.IntN(len(results))]
	if w.rand.IntN(2) == 0 {
		return w.correctOne(&r)
	}
	h := w.on("RetractResult")
	_, err = w.place.Do(h, &book.RetractResult{OnClaim: book.OnClaim{ClaimID: r.ClaimID}, ResultID: r.ID, Note: "another sample"})
	return w.told("retract of "+w.name(r.ClaimID), err)
}

// correctOne has a body correct a report.
func (w *sequence) correctOne(wrong *claim.Result) string {
	w.number++
	right := *wrong
	right.ID, right.Retracted, right.ReportNumber = "", false, fmt.Sprintf("%s-r%d", w.merchant, w.number)
	right.Fee, right.FeeCurrency, right.FeePaidBy = 0, "", ""
	w.fee(&right)
	right.IssuedAt, right.Commission = w.place.Now(), 0
	right.Units = nil
	for _, u := range wrong.Units {
		right.Units = append(right.Units, claim.Unit{Ordinal: u.Ordinal, Verdict: pick(w, claim.Counterfeit, claim.Genuine, claim.Inconclusive, claim.GrayMarket)})
	}
	_, err := w.place.Do(w.on("RecordResult"), &book.RecordResult{Result: right, Supersedes: wrong.ID})
	return w.told(fmt.Sprintf("correction on %s: %v", w.name(wrong.ClaimID), right.Units), err)
}
