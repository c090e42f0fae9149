package flips

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
)

// askForEvidence asks a party for evidence, or answers or ends a request of a claim that may not
// exist.
func (w *sequence) askForEvidence() string {
	c := w.one()
	if c == nil {
		return ""
	}
	n := int32(1 + w.rand.IntN(2))
	what, cmd := "ask for evidence on ", book.Command(&book.RequestEvidence{
		ClaimID: c.ID, Asked: pick(w, claim.AskedConsumer, claim.AskedMerchant), Kind: "INVOICE", Question: "who sold it?",
		DueAt: w.place.Now().AddDate(0, 0, 1+w.rand.IntN(20)),
	})
	switch w.rand.IntN(5) {
	case 0, 1:
	case 2:
		what, cmd = "do not ask for evidence on ", &book.CancelEvidenceRequest{
			OnEvidenceRequest: book.OnEvidenceRequest{ClaimID: c.ID, Number: n}, Note: "not needed",
		}
	default:
		what, cmd = "answer with evidence on ", &book.AddEvidence{ClaimID: c.ID, Kind: "INVOICE", Reference: "files/2", Digest: "e", Request: n}
	}
	_, err := w.place.Do(w.on("EvidenceRequest"), cmd)
	return w.told(what+w.name(c.ID), err)
}
