package policy

import (
	"cmp"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// Found is what one claim has to do with the price of its order line.
type Found struct {
	ClaimantID string
	// Ordinals are the claimed units, Units those found counterfeit by the verdict in
	// force.
	Ordinals, Units []int32
	// WantsRefund says that the claim asks for the price.
	WantsRefund bool
	// Refunded is the refund that verdicts which fell have paid, before refunds from
	// outside were taken off.
	Refunded money.Amount
}

// SetOff is the part of a line's refunds from outside that falls on one claim: on its
// counterfeit units, and on what verdicts that fell had refunded.
type SetOff struct{ Found, Fallen money.Amount }

// SetOffs divides what was refunded on a line from outside between the claims on it: first
// among the units that are found counterfeit, and what they do not take up among what
// verdicts that fell had refunded (rule C10). Claimants share in proportion to the price of
// their units. Of one claimant's claims, those that do not ask for the price come first,
// and then those on the lowest units. Nothing depends on what came first.
func SetOffs(l *order.Line, refunded money.Amount, claims []Found) ([]SetOff, error) {
	prices, fallen := make([]money.Amount, len(claims)), make([]money.Amount, len(claims))
	for i, c := range claims {
		goods, err := l.UnitsShare(l.GoodsPaid, c.Units)
		if err != nil {
			return nil, err
		}
		shipping, err := l.UnitsShare(l.ShippingPaid, c.Units)
		if err != nil {
			return nil, err
		}
		if prices[i], err = goods.Add(shipping); err != nil {
			return nil, err
		}
		fallen[i] = max(0, c.Refunded-prices[i])
	}
	set := make([]SetOff, len(claims))
	left, err := divide(refunded, claims, prices, func(i int) *money.Amount { return &set[i].Found })
	if err != nil {
		return nil, err
	}
	_, err = divide(left, claims, fallen, func(i int) *money.Amount { return &set[i].Fallen })
	return set, err
}

// divide gives each claim its part of total, at most its price, and returns what is left.
func divide(total money.Amount, claims []Found, prices []money.Amount, part func(int) *money.Amount) (money.Amount, error) {
	sum, err := money.Sum(prices...)
	if err != nil {
		return 0, err
	}
	taken := min(total, sum)
	inTurn := turns(claims)
	var claimants []string
	var owned []money.Amount
	for _, i := range inTurn {
		if n := len(claimants); n == 0 || claimants[n-1] != claims[i].ClaimantID {
			claimants, owned = append(claimants, claims[i].ClaimantID), append(owned, 0)
		}
		owned[len(owned)-1] += prices[i]
	}
	shares, err := money.Allocate(taken, owned)
	if err != nil {
		return 0, err
	}
	of := 0
	for _, i := range inTurn {
		for claimants[of] != claims[i].ClaimantID {
			of++
		}
		*part(i) = min(shares[of], prices[i])
		shares[of] -= *part(i)
	}
	return total - taken, nil
}

// turns gives the claims, as indexes, in the order in which a refund falls on them.
func turns(claims []Found) []int {
	order := make([]int, len(claims))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		a, b := &claims[x], &claims[y]
		wants := 0
		if a.WantsRefund != b.WantsRefund {
			wants = 1
			if b.WantsRefund {
				wants = -1
			}
		}
		return cmp.Or(cmp.Compare(a.ClaimantID, b.ClaimantID), wants, slices.Compare(a.Ordinals, b.Ordinals))
	})
	return order
}
