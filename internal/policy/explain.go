package policy

import (
	"fmt"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// share describes what member i gets under the outcome, with its calculation.
func (p *pricing) share(i int, o *outcome) Share {
	m, d, a := &p.members[i], &p.demands[i][o.choice[i]], o.awards[i]
	v := d.version
	clause := v.ClauseDigest
	if d.promise != nil {
		clause = d.promise.ClauseDigest
	}
	c := Calculation{
		PolicyID:         v.PolicyID,
		Version:          v.Number,
		Basis:            v.Basis,
		Currency:         m.Line.Currency,
		ClauseDigest:     clause,
		CounterfeitUnits: int32(len(m.Units)),
		Units:            m.Line.Quantity,
		Base:             d.base,
		Multiplier:       d.multiplier,
		FixedPerUnit:     d.fixed,
		GroupTotalBefore: a.before,
		GroupTotalAfter:  a.after,
		FloorApplied:     a.floored,
		CapApplied:       a.capped,
		// All parts are in the outcome's checked total.
		AuthenticationFee: d.fee,
		Compensation:      a.share() + d.fee,
		Refund:            d.refund,
		ConsumerTotal:     a.share() + d.fee + d.refund,
	}
	e := explanation{currency: m.Line.Currency, steps: make([]Step, 0, 16)}
	e.base(m, &p.spent[i], d)
	e.product(m, d)
	e.group(v, a)
	e.fee(c.AuthenticationFee)
	e.refund(m, &p.spent[i], d)
	e.add(StepTotal, "C3", c.ConsumerTotal, "compensation %s + refund %s", e.sum(c.Compensation), e.sum(c.Refund))
	c.Steps = e.steps
	return Share{
		ClaimID:      m.ClaimID,
		Basis:        v.Basis,
		PolicyID:     v.PolicyID,
		Version:      v.Number,
		Refund:       c.Refund,
		Compensation: c.Compensation,
		SetOff:       d.setOff,

		AuthenticationFee: c.AuthenticationFee,
		Calculation:       c,
	}
}

// explanation collects the steps; it decides nothing.
type explanation struct {
	currency string
	steps    []Step
}

func (e *explanation) add(code, rule string, amount money.Amount, format string, args ...any) {
	e.steps = append(e.steps, Step{Code: code, Rule: rule, Note: fmt.Sprintf(format, args...), Amount: amount})
}

// sum writes an amount for a note.
func (e *explanation) sum(a money.Amount) string {
	return money.Format(a, e.currency) + " " + e.currency
}

func (e *explanation) base(m *Member, s *spent, d *demand) {
	for _, c := range d.version.BaseComponents {
		e.add(string(c), "C1", s.component(c), "share of the %d counterfeit of %d units", len(m.Units), m.Line.Quantity)
	}
	if d.base != d.gross {
		e.add(StepBaseRefunded, "C10", d.base-d.gross, "refunded earlier and deducted from the base of %s", e.sum(d.gross))
	}
	e.add(StepBase, "C1", d.base, "base of the counterfeit units")
}

func (e *explanation) product(m *Member, d *demand) {
	v := d.version
	switch {
	case d.fixed > 0:
		e.add(StepFixedAmount, "C4; "+Promise.Law(), d.fixed,
			"promised for each of %d counterfeit units, in place of base times multiplier", len(m.Units))
		e.add(StepProduct, "C4", d.product, "%d × %s", len(m.Units), e.sum(d.fixed))
	case d.promise != nil:
		e.add(StepMultiplier, "C4; "+Promise.Law(), 0,
			"%s, promised with the order line, above the policy's %s", d.multiplier, v.Multiplier)
		e.add(StepProduct, "C2", d.product, "%s × %s, rounded half up", d.multiplier, e.sum(d.base))
	default:
		e.add(StepMultiplier, "C2; "+v.Basis.Law(), 0, "%s, of policy %s version %d", d.multiplier, v.PolicyID, v.Number)
		e.add(StepProduct, "C2", d.product, "%s × %s, rounded half up", d.multiplier, e.sum(d.base))
	}
	if d.inside > 0 {
		e.add(StepRefundInside, "C3", -d.inside, "part of the product that refunds the price")
	}
	if d.excluded != nil {
		e.add(StepNotCounted, d.excluded.rule, 0, "%s", d.excluded.note)
	}
}

func (e *explanation) group(v *Version, a award) {
	others := "earlier claims of the group"
	if a.grown > 0 {
		others = "other claims of the group"
	}
	e.add(StepGroupBefore, "C7", a.before, "awarded to the %d %s", a.position-1, others)
	e.add(StepGroupSum, "C7", a.sum, "sum of the products of the group's first %d claims", a.position)
	if a.floored {
		e.add(StepFloor, "C6; "+v.Basis.Law(), v.Floor, "floor of the whole group; the sum is %s", e.sum(a.sum))
	}
	if a.capped {
		e.add(StepCap, "C9", v.Cap, "cap of the whole group; the sum is %s", e.sum(a.sum))
	}
	e.add(StepGroupAfter, "C7", a.after, "owed for the group's first %d claims", a.position)
	e.add(StepShare, "C7", a.share(), "%s − %s: the compensation of this claim", e.sum(a.after), e.sum(a.before))
	if a.kept > 0 {
		e.add(StepKept, "C7", a.kept, "part of the share that was paid or confirmed before")
	}
	if a.grown > 0 {
		e.add(StepGrown, "C7", a.grown, "part of the share that no other claim of the group was awarded")
	}
}

func (e *explanation) fee(fee money.Amount) {
	if fee > 0 {
		e.add(StepAuthenticationFee, "C11", fee, "authentication fee fronted by the claimant, added after floor and cap")
	}
}

func (e *explanation) refund(m *Member, s *spent, d *demand) {
	v := d.version
	parts := make([]string, len(v.RefundComponents))
	for i, c := range v.RefundComponents {
		parts[i] = string(c) + " " + e.sum(s.component(c))
	}
	if len(parts) > 0 {
		e.add(StepRefundable, "C2", d.refundable, "paid for the counterfeit units: %s", strings.Join(parts, " + "))
	}
	if s.refunded > 0 {
		e.add(StepEarlier, "C10", -s.refunded, "part of %s refunded on the line that falls on these units",
			e.sum(m.Refunded))
	}
	refund, note := d.refund, "refund mode "+string(v.RefundMode)
	if !m.Remedies.Refund {
		note = "the claimant did not ask for a refund"
	}
	e.add(StepRefund, "C3", refund, "%s", note)
}
