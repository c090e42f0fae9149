// Package debt says what a merchant owes, or is yet to set aside, and in which
// order income goes to it. Most debts follow from a claim; a top-up that bounced
// is one of its own.
package debt

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Debt is an amount that a merchant owes, or that is yet to be set aside: later income
// pays it.
type Debt struct {
	MerchantID string
	Kind       Kind
	// ID is the claim, or the payment reference of a top-up that bounced.
	ID           string
	SamplingCase string
	// Since is when the debt arose: the oldest is paid first.
	Since time.Time
	Open  money.Amount
	// Recorded is the record time from which on it is as it is, or of a debt that ended, the time
	// at which it did. A debt that was read with its claim does not have it.
	Recorded time.Time
	// Arose is when the debt took effect: Since, or earlier if it was told of late.
	Arose time.Time
}

// Kind says to whom something is owed.
type Kind string

// The kinds of debt, in the order in which income goes to them.
const (
	// Shortfall is owed to a consumer.
	Shortfall Kind = "SHORTFALL"
	// Advance is owed to the platform, which advanced it for a claim.
	Advance Kind = "ADVANCE"
	// Fee is owed to the platform for a test.
	Fee Kind = "FEE"
	// TopUp is owed to the platform for a top-up that bounced.
	TopUp Kind = "TOP_UP"
	// Hold is not owed yet: it is to be set aside for a claim.
	Hold Kind = "HOLD"
)

// Kinds lists the kinds in the order in which income goes to them.
func Kinds() []Kind {
	return []Kind{Shortfall, Advance, Fee, TopUp, Hold}
}

// Key names a debt.
type Key struct {
	MerchantID string
	Kind       Kind
	ID         string
}

// Position is where a debt stands in the order in which income goes to debts; the zero one comes
// before all of them.
type Position struct {
	Kind  Kind
	Since time.Time
	ID    string
}

// PositionOf is the position of a debt.
func PositionOf(d *Debt) Position { return Position{d.Kind, d.Since, d.ID} }

// Compare orders positions: by kind, then by age, then by id.
func (p Position) Compare(o Position) int {
	return cmp.Or(cmp.Compare(p.Rank(), o.Rank()), p.Since.Compare(o.Since), cmp.Compare(p.ID, o.ID))
}

// Rank is the number of the position's kind in the order of kinds; zero before all.
func (p Position) Rank() int { return slices.Index(Kinds(), p.Kind) + 1 }

// Of are the debts that follow from a claim: what it is short of, what of it
// is owed to the platform, what is yet to be set aside for it.
func Of(c *claim.Claim) []Debt {
	all := [...]Debt{
		{Kind: Shortfall, Open: c.Shortfall(), Since: c.ConfirmedAt},
		{Kind: Advance, Open: c.Funding.Advanced, Since: c.ConfirmedAt},
		{Kind: Fee, Open: c.Fees.Owed, Since: c.ConfirmedAt},
		{Kind: Hold, Open: c.Unheld(), Since: c.StateSince},
	}
	var open []Debt
	for _, d := range all {
		if d.Open > 0 {
			d.MerchantID, d.ID, d.SamplingCase = c.MerchantID, c.ID, c.SamplingCase
			open = append(open, d)
		}
	}
	return open
}

// Sum is what several debts come to.
type Sum struct {
	Open  money.Amount
	Count int64
}

// Sums are debts summed by kind. A kind of which nothing is open is left out.
type Sums map[Kind]Sum

// Plus gives the sums with by added to one of them; s itself may be changed.
func (s Sums) Plus(kind Kind, by Sum) Sums {
	if s == nil {
		s = make(Sums)
	}
	sum := s[kind]
	sum.Open += by.Open
	sum.Count += by.Count
	if s[kind] = sum; sum == (Sum{}) {
		delete(s, kind)
	}
	return s
}
