package ledger

import "github.com/tenfold-claims/tenfold/internal/money"

// Part is what one source gives.
type Part struct {
	Source Purpose
	Amount money.Amount
}

// Split takes needed from the sources in order, each up to what it has, and
// returns the parts that are not zero with what is left unfunded. The limit of
// a source is its own: what is available of an account, or how much the
// platform may still advance.
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
