package policy

import "github.com/tenfold-claims/tenfold/internal/money"

// Potential is the most that a claim on its own could be awarded, refund and
// compensation, if its units are counterfeit: over the bases open to it the
// largest min(cap, max(floor, product)) with its fee and its refund. Nothing is
// set off for earlier refunds, since they may fall on other claims of the line.
// Zero where no basis is open.
//
// It is meant for what has to be weighed with every filing, so it builds no
// calculation. Refuses units that are not the line's with UNITS_OUT_OF_RANGE and
// sums beyond money.MaxAmount with AMOUNT_OUT_OF_RANGE.
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

// potential is the most that the compensation of one demand can come to.
func (d *demand) potential(m *Member) money.Amount {
	if !d.owed {
		return 0
	}
	due := d.counted
	if !m.Remedies.Refund {
		// What was refunded earlier may leave less of the product to be the refund
		// that is inside it and not claimed.
		due = d.product
	}
	g := group{version: d.version, owed: true, sum: due}
	return g.due()
}
