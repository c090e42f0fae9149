package flips

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
)

// commissionOne gives a commission, or takes one of a claim along that may not exist.
func (w *sequence) commissionOne() string {
	c := w.mostly(claim.Authenticating, claim.InReview)
	if c == nil {
		return ""
	}
	on := book.OnCommission{ClaimID: c.ID, Number: int32(1 + w.rand.IntN(3))}
	what, cmd := "commission on ", book.Command(&book.CommissionItem{
		ClaimID: c.ID, AuthenticatorID: pick(w, "lab-1", "lab-2"), DueAt: w.place.Now().AddDate(0, 0, 1+w.rand.IntN(20)),
		Replaces: pick[int32](w, 0, 0, 1),
	})
	switch w.rand.IntN(5) {
	case 0, 1:
	case 2:
		what, cmd = "chase on ", &book.ChaseCommission{OnCommission: on}
	default:
		by := pick(w, commission.Accept, commission.Decline, commission.Ship, commission.Receive, commission.Cancel)
		what, cmd = fmt.Sprintf("%s on ", by), &book.MoveCommission{OnCommission: on, Step: by}
	}
	_, err := w.place.Do(w.on("Commission"), cmd)
	return w.told(what+w.name(c.ID), err)
}
