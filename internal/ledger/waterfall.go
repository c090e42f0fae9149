package ledger

import "github.com/tenfold-claims/tenfold/internal/money"

// Part is the amount that one source gives.
type Part struct {
	Source Purpose
	Amount money.Amount
}

// Split takes needed from the sources in order, from each up to what it has. It
// returns the parts that are not zero, and the amount that is left unfunded. What a
// source has is its own matter: the available balance of an account, or the amount
// that the platform may still advance.
func Split(needed money.Amount, order []Part) (parts []Part, left money.Amount) {
	left = needed
	for _, source := range order {
		take := min(left, max(0, source.Amount))
		if take == 0 {
			continue
		}
		parts = append(parts, Part{Source: source.Source, Amount: take})
		left -= take
	}
	return parts, left
}
