// Package orders tells one set of facts in many orders. What order lines cost, who claims
// which units, what was found on them in the end, what was refunded from outside: whatever
// is told first, and whatever the gateway has paid meanwhile, every party must end with
// the same sums. What a payment that cannot be taken back has made impossible is one named
// excess.
package orders

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Facts are what is true of one product that one merchant sold to at most two people.
type Facts struct {
	// Basis is what all claims ask for.
	Basis policy.LegalBasis
	// Terms are those of the policies that are open for the product.
	Terms map[policy.LegalBasis]Terms
	// Food says that the product is food.
	Food   bool
	Lines  []Line
	Claims []Claim
	// Knew says that knowledge is told by some claims: then nothing is paid before all is
	// told, because what was paid is not taken back for that.
	Knew bool
	// Deposit is what the merchant has from the beginning.
	Deposit money.Amount
}

// Line is an order line.
type Line struct {
	ID               string
	Quantity         int32
	Price, Shipping  money.Amount
	PaidAt           time.Time
	Payer, Recipient string
	// Refunds are those from outside.
	Refunds []money.Amount
}

// Claim is a claim on some units of a line.
type Claim struct {
	Line     int
	Claimant string
	Ordinals []int32
	Remedies policy.Remedies
	Learned  time.Time
	// Found are the units found counterfeit by each verdict in turn; the last is in force.
	Found [][]int32
	// Fee is what the claimant has proved to have paid for results.
	Fee money.Amount
}

// Terms are what a policy gives: so many times the price, at least Floor, at most Cap if
// there is one, and the claimant's fee beside that if FeeAdded says so.
type Terms struct {
	Times, Floor, Cap money.Amount
	FeeAdded          bool
}

const day = 24 * time.Hour

// Draw draws facts.
func Draw(r *rand.Rand) *Facts {
	f := &Facts{
		Basis: pick(r, policy.Promise, policy.Best, policy.Best, policy.FoodSafety148), Food: r.IntN(2) == 0,
		Knew: r.IntN(4) == 0, Deposit: pick[money.Amount](r, 0, 20_000, 150_000, 100_000_000),
	}
	if f.Basis == policy.FoodSafety148 {
		f.Food = true
	}
	f.Terms = map[policy.LegalBasis]Terms{
		policy.Promise:              {Times: 10, Cap: limit},
		policy.ConsumerProtection55: {Times: 3, Floor: 50_000},
	}
	if f.Food {
		f.Terms[policy.FoodSafety148] = Terms{Times: 10, Floor: 100_000}
	}
	for i := range 1 + r.IntN(3) {
		l := Line{
			ID: fmt.Sprintf("l%d", i+1), Quantity: int32(1 + r.IntN(3)), Price: pick[money.Amount](r, 66, 100, 1_001, 9_999, 20_000),
			Shipping: pick[money.Amount](r, 0, 0, 7, 800), PaidAt: booktest.Start.Add(-time.Duration(10+r.IntN(200)) * day),
			Payer: "payer", Recipient: pick(r, "payer", "recipient"),
		}
		for range r.IntN(3) {
			l.Refunds = append(l.Refunds, 1+money.Amount(r.Int64N(int64(pick(r, l.Price/3+1, l.Price+l.Shipping, 2*l.Price)))))
		}
		f.Lines = append(f.Lines, l)
		f.claim(r, i)
	}
	return f
}

// claim divides the units of a line between at most two claims.
func (f *Facts) claim(r *rand.Rand, line int) {
	l := &f.Lines[line]
	parts := make([][]int32, 2)
	for n := int32(1); n <= l.Quantity; n++ {
		if p := r.IntN(3); p < 2 {
			parts[p] = append(parts[p], n)
		}
	}
	for _, ordinals := range parts {
		if len(ordinals) == 0 {
			continue
		}
		c := Claim{
			Line: line, Claimant: pick(r, l.Payer, l.Recipient), Ordinals: ordinals, Learned: booktest.Start.Add(-3 * day),
			Remedies: policy.Remedies{Refund: r.IntN(6) > 0, Compensation: r.IntN(6) > 0},
		}
		if !c.Remedies.Refund {
			c.Remedies.Compensation = true
		}
		if f.Knew && r.IntN(2) == 0 {
			c.Learned = booktest.Start.Add(-time.Duration(1+r.IntN(150)) * day)
		}
		for range 1 + r.IntN(3) {
			var found []int32
			for _, o := range ordinals {
				if r.IntN(3) > 0 {
					found = append(found, o)
				}
			}
			if n := len(c.Found); n > 0 && len(found) == 0 && len(c.Found[n-1]) == 0 {
				found = slices.Clone(ordinals) // A claim that was rejected is not rejected again.
			}
			c.Found = append(c.Found, found)
		}
		f.Claims = append(f.Claims, c)
	}
}

// units gives the verdicts on a claim's units.
func (c *Claim) units(found []int32) []claim.Unit {
	units := make([]claim.Unit, len(c.Ordinals))
	for i, o := range c.Ordinals {
		units[i] = claim.Unit{Ordinal: o, Verdict: claim.Genuine}
		if slices.Contains(found, o) {
			units[i].Verdict = claim.Counterfeit
		}
	}
	return units
}

// inForce are the units found counterfeit in the end.
func (c *Claim) inForce() []int32 {
	if len(c.Found) == 0 {
		return nil
	}
	return c.Found[len(c.Found)-1]
}

// pick gives one of several, all alike.
func pick[V any](r *rand.Rand, of ...V) V { return of[r.IntN(len(of))] }
