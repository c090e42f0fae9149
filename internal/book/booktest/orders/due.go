package orders

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Due is what the facts give a person, by the rules and nothing else: none of the code
// that prices is asked.
type Due struct{ Refund, Compensation money.Amount }

// grouping is the window of all policies.
const grouping = 90 * day

// limit is the cap of the promise that facts are drawn for.
const limit money.Amount = 250_000

// Dues computes what each claimant is owed.
func (f *Facts) Dues() map[string]Due {
	dues := make(map[string]Due)
	for claimant, refund := range f.refunds() {
		dues[claimant] = Due{Refund: refund, Compensation: f.compensation(claimant)}
	}
	return dues
}

// unit is the part of an amount of a line that falls on one unit.
func unit(total money.Amount, quantity, ordinal int32) money.Amount {
	share := total / money.Amount(quantity)
	if money.Amount(ordinal) <= total%money.Amount(quantity) {
		share++
	}
	return share
}

// refunds gives the price of the counterfeit units back to each claimant, less what was
// refunded from outside. That falls on the claimants in proportion, and at each first on
// what nobody asks the price for.
func (f *Facts) refunds() map[string]money.Amount {
	due := make(map[string]money.Amount)
	for i := range f.Lines {
		l := &f.Lines[i]
		var outside money.Amount
		for _, a := range l.Refunds {
			outside += a
		}
		price, asked := make(map[string]money.Amount), make(map[string]money.Amount)
		for n := range f.Claims {
			c := &f.Claims[n]
			if c.Line != i {
				continue
			}
			due[c.Claimant] += 0
			for _, o := range c.inForce() {
				of := unit(l.Price, l.Quantity, o) + unit(l.Shipping, l.Quantity, o)
				price[c.Claimant] += of
				if c.Remedies.Refund {
					asked[c.Claimant] += of
				}
			}
		}
		one, other := l.Payer, l.Recipient
		sum := price[one]
		if one != other {
			sum += price[other]
		}
		taken := map[string]money.Amount{one: min(outside, sum)}
		if one != other && sum > 0 {
			taken = halves(min(outside, sum), one, other, price)
		}
		for who, wants := range asked {
			due[who] += max(0, wants-max(0, taken[who]-(price[who]-wants)))
		}
	}
	return due
}

// halves divides an amount between two in proportion to their prices, the odd unit to the
// larger remainder, or to the name that sorts first.
func halves(amount money.Amount, one, other string, price map[string]money.Amount) map[string]money.Amount {
	if other < one {
		one, other = other, one
	}
	sum := price[one] + price[other]
	a, b := amount*price[one]/sum, amount*price[other]/sum
	if a+b < amount {
		if (amount * price[one] % sum) >= (amount * price[other] % sum) {
			a++
		} else {
			b++
		}
	}
	return map[string]money.Amount{one: a, other: b}
}

// compensation is what a claimant is owed over all windows.
func (f *Facts) compensation(claimant string) money.Amount {
	knew := time.Time{}
	var counting []*Claim
	for n := range f.Claims {
		c := &f.Claims[n]
		if c.Claimant != claimant {
			continue
		}
		if knew.IsZero() || c.Learned.Before(knew) {
			knew = c.Learned
		}
		if len(c.inForce()) > 0 {
			counting = append(counting, c)
		}
	}
	paidAt := func(c *Claim) time.Time { return f.Lines[c.Line].PaidAt }
	slices.SortFunc(counting, func(a, b *Claim) int { return cmp.Compare(paidAt(a).Unix(), paidAt(b).Unix()) })
	var sum money.Amount
	for len(counting) > 0 {
		ends := paidAt(counting[0]).Add(grouping)
		n := slices.IndexFunc(counting, func(c *Claim) bool { return paidAt(c).After(ends) })
		if n < 0 {
			n = len(counting)
		}
		sum += f.window(counting[:n], knew)
		counting = counting[n:]
	}
	return sum
}

// window is what the claims of one window are owed, on the best of the bases open to them.
func (f *Facts) window(claims []*Claim, knew time.Time) (most money.Amount) {
	for b, terms := range f.Terms {
		if f.Basis != policy.Best && f.Basis != b {
			continue
		}
		var sum, fees money.Amount
		for _, c := range claims {
			l := &f.Lines[c.Line]
			if !c.Remedies.Compensation || knew.Before(l.PaidAt) {
				continue
			}
			for _, o := range c.inForce() {
				sum += terms.Times * unit(l.Price, l.Quantity, o)
			}
			if terms.FeeAdded {
				fees += c.Fee
			}
		}
		if sum > 0 {
			sum = max(sum, terms.Floor)
		}
		if terms.Cap > 0 {
			sum = min(sum, terms.Cap)
		}
		most = max(most, sum+fees)
	}
	return most
}
