package policy

import "github.com/tenfold-claims/tenfold/internal/money"

// Potential is the largest possible award of a claim on its own, refund and
// compensation, if its units are counterfeit: over the bases open to it, the
// largest min(cap, max(floor, product)) with its fee and its refund. Earlier
// refunds are not set off, because they may fall on other claims of the line. It is
// zero if no basis is open.
//
// It is computed with every filing, so it builds no calculation. Refuses with
// UNITS_OUT_OF_RANGE units that are not the line's, and with AMOUNT_OUT_OF_RANGE
// sums beyond money.MaxAmount.
func Potential(m *Member) (money.Amount, error) {
	most, err := potential(m)
	return most, money.InCurrency(err, m.Line.Currency)
}

func potential(m *Member) (money.Amount, error) {
	s, err := newSpent(m)
	if err != nil {
		return 0, err
	}
	var most money.Amount
	for _, basis := range bases {
		v := m.Versions[basis]
		if v == nil || v.Currency != m.Line.Currency || (m.Basis != Best && m.Basis != basis) {
			continue
		}
		d, err := newDemand(m, &s, v)
		if err != nil {
			return 0, err
		}
		sum, err := money.Sum(d.potential(m), d.fee, d.refund)
		if err != nil {
			return 0, err
		}
		most = max(most, sum)
	}
	return most, nil
}

// potential is the largest possible compensation of one demand.
func (d *demand) potential(m *Member) money.Amount {
	if !d.owed {
		return 0
	}
	due := d.counted
	if !m.Remedies.Refund {
		// After an earlier refund, less of the product may be the refund inside it
		// that is not claimed.
		due = d.product
	}
	g := group{version: d.version, owed: true, sum: due}
	return g.due()
}
