package orders

import (
	"fmt"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Judge gives what is wrong with the end of an order, by person, line and bearer.
func (f *Facts) Judge(t *Told) (wrong []string) {
	for i := range t.Claims {
		c := &t.Claims[i]
		for _, w := range judgeClaim(c) {
			wrong = append(wrong, fmt.Sprintf("c%d is %s, awarded %+v, with %+v: %s", i+1, c.State, c.Award, c.Funding, w))
		}
	}
	return append(wrong, f.JudgeSums(t.Claims)...)
}

// JudgeSums gives what is wrong with what people are awarded, and with what is refunded on
// lines. The claims are in the order of the facts.
func (f *Facts) JudgeSums(claims []claim.Claim) (wrong []string) {
	wrongly := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	awarded := make(map[string]Due)
	lines := make([]money.Amount, len(f.Lines))
	for i := range claims {
		c := &claims[i]
		of := awarded[c.ClaimantID]
		of.Refund += c.Award.Refund
		of.Compensation += c.Award.Compensation
		awarded[c.ClaimantID] = of
		lines[f.Claims[i].Line] += refunded(c)
	}
	for claimant, due := range f.Dues() {
		if awarded[claimant] != due {
			wrongly("%s is awarded %+v and due %+v: %s", claimant, awarded[claimant], due, standing(claims, func(i int) bool { return claims[i].ClaimantID == claimant }))
		}
	}
	for i := range f.Lines {
		l := &f.Lines[i]
		if outside := f.outside(i); lines[i]+outside > l.Price+l.Shipping {
			wrongly("%s cost %d; beside refunds from outside of %d, %d are refunded and not named as an excess: %s",
				l.ID, l.Price+l.Shipping, outside, lines[i], standing(claims, func(c int) bool { return f.Claims[c].Line == i }))
		}
	}
	return wrong
}

// standing tells of some of the claims.
func standing(claims []claim.Claim, of func(i int) bool) string {
	var all []string
	for i := range claims {
		if c := &claims[i]; of(i) {
			all = append(all, fmt.Sprintf("c%d is %s, %s, awarded %+v, at the highest %+v, with %+v and fees %+v",
				i+1, c.State, c.Verdict, c.Award, c.Highest, c.Funding, c.Fees))
		}
	}
	return strings.Join(all, "; ")
}

// refunded is what a claim has of its price that is not named as an excess. Where the
// compensation is short, the price given back too much stands for it.
func refunded(c *claim.Claim) money.Amount {
	f := &c.Funding
	more := f.CompensationPaid - c.Award.Compensation
	excess := f.Lost + f.ClawedBack
	return f.RefundPaid + min(0, more) - max(0, excess-max(0, more))
}

// outside is what was refunded from outside on a line, as far as it falls on claimed units
// that are counterfeit.
func (f *Facts) outside(line int) (sum money.Amount) {
	l := &f.Lines[line]
	var price money.Amount
	for i := range f.Claims {
		if f.Claims[i].Line != line {
			continue
		}
		for _, o := range f.Claims[i].inForce() {
			price += unit(l.Price, l.Quantity, o) + unit(l.Shipping, l.Quantity, o)
		}
	}
	for _, a := range l.Refunds {
		sum += a
	}
	return min(sum, price)
}

// judgeClaim gives what is wrong with one claim in the end.
func judgeClaim(c *claim.Claim) (wrong []string) {
	f := &c.Funding
	award, paid := c.Award.Total(), f.Paid()
	if f.InFlight() != 0 || f.Payable() != 0 {
		wrong = append(wrong, "money is stuck")
	}
	if c.State.Live() && c.State != claim.Paid && c.State != claim.Authenticating {
		wrong = append(wrong, "it has not come to its end")
	}
	if f.Borne() != award {
		wrong = append(wrong, "the merchant does not bear the award")
	}
	if paid < award {
		wrong = append(wrong, "the consumer lacks some of it")
	}
	if f.Lost+f.ClawedBack != max(0, paid-award) {
		wrong = append(wrong, "the excess is not named once")
	}
	return wrong
}
