package policy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catches input on which a price would be wrong and is given all the same.
func TestPriceRefuses(t *testing.T) {
	promise := version(policy.Promise)
	of := func(id string, changes ...func(m *policy.Member)) policy.Member {
		m := member(line(id, 2, 1000), promise)
		for _, change := range changes {
			change(&m)
		}
		return m
	}
	many := make([]policy.Member, policy.MembersMax+1)
	for i := range many {
		many[i] = of(fmt.Sprint("l-", i))
	}
	dollars := line("l-2", 1, 1000)
	dollars.Currency = "USD"
	for _, c := range []struct {
		name    string
		members []policy.Member
		reason  fault.Reason
		fact    string
	}{
		{"too many members", many, fault.PricingGroupFull, "membersMax"},
		{"a basis without a version", []policy.Member{of("l-1", func(m *policy.Member) {
			m.Basis = policy.FoodSafety148
		})}, fault.PolicyNotFound, "claimId"},
		{"the best of nothing", []policy.Member{of("l-1", func(m *policy.Member) {
			m.Basis, m.Versions = policy.Best, nil
		})}, fault.PolicyNotFound, "claimId"},
		{"no basis", []policy.Member{of("l-1", func(m *policy.Member) { m.Basis = "" })}, fault.RequestInvalid, ""},
		{"a unit beyond the line", []policy.Member{of("l-1", func(m *policy.Member) {
			m.Units = []int32{3}
		})}, fault.UnitsOutOfRange, "quantity"},
		{"one unit in two claims", []policy.Member{of("l-1"), of("l-2"), of("l-1")}, fault.UnitsOutOfRange, "unit"},
		{"a negative refund", []policy.Member{of("l-1", func(m *policy.Member) {
			m.Refunded = -1
		})}, fault.AmountOutOfRange, "currency"},
		{"two currencies", []policy.Member{of("l-1"), member(dollars, promise)}, fault.CurrencyMismatch, "expected"},
		{"a policy in another currency", []policy.Member{member(dollars, promise)}, fault.CurrencyMismatch, "expected"},
		{"a product beyond all amounts", []policy.Member{
			member(line("l-1", 1, money.MaxAmount), promise)}, fault.AmountOutOfRange, "currency"},
		{"a sum beyond all amounts", []policy.Member{
			member(line("l-1", 1, money.MaxAmount/10), promise),
			member(line("l-2", 1, money.MaxAmount/10), promise)}, fault.AmountOutOfRange, "currency"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shares, err := policy.Price(c.members)
			e, ok := fault.As(err)
			if shares != nil || !ok || e.Reason != c.reason || (c.fact != "" && e.Fields[c.fact] == "") {
				t.Errorf("answered %d shares and %v, want %s with %s", len(shares), err, c.reason, c.fact)
			}
		})
	}
	if _, err := policy.Price([]policy.Member{{ClaimID: "c"}}); err == nil || errors.As(err, new(*fault.Error)) {
		t.Errorf("a missing line is the caller's bug, not a refusal: %v", err)
	}
	if shares, err := policy.Price(nil); err != nil || len(shares) != 0 {
		t.Errorf("nobody is answered %v, %v", shares, err)
	}
	if _, err := policy.Price(many[1:]); err != nil {
		t.Errorf("a full group is refused: %v", err)
	}
}

// Catches a calculation that a person could not follow: the steps of S1's
// neighbour with every rule in play, as they are stored.
func TestCalculationShowsEveryStep(t *testing.T) {
	v := version(policy.FoodSafety148, net, func(v *policy.Version) { v.Cap = 120000 })
	l := line("l-2", 5, 10000)
	l.ShippingPaid = 500
	second := member(l, v)
	second.Units, second.Refunded = []int32{1, 2}, 1000
	c := price(t, member(line("l-1", 1, 1000), v), second)[1].Calculation

	var got strings.Builder
	for _, s := range c.Steps {
		fmt.Fprintf(&got, "%s | %s | %s | %s\n", s.Code, s.Rule, money.Format(s.Amount, c.Currency), s.Note)
	}
	const want = `GOODS_PAID | C1 | 40.00 | share of the 2 counterfeit of 5 units
BASE_REFUNDED | C10 | -10.00 | refunded earlier and deducted from the base of 40.00 CNY
BASE | C1 | 30.00 | base of the counterfeit units
MULTIPLIER | C2; Food Safety Law Art. 148(2) | 0.00 | 10, of policy food-safety-148 version 1
PRODUCT | C2 | 300.00 | 10 × 30.00 CNY, rounded half up
GROUP_BEFORE | C7 | 1,000.00 | awarded to the 1 earlier claims of the group
GROUP_SUM | C7 | 400.00 | sum of the products of the group's first 2 claims
FLOOR | C6; Food Safety Law Art. 148(2) | 1,000.00 | floor of the whole group; the sum is 400.00 CNY
GROUP_AFTER | C7 | 1,000.00 | owed for the group's first 2 claims
SHARE | C7 | 0.00 | 1,000.00 CNY − 1,000.00 CNY: the compensation of this claim
REFUNDABLE | C2 | 42.00 | paid for the counterfeit units: GOODS_PAID 40.00 CNY + SHIPPING 2.00 CNY
EARLIER_REFUND | C10 | -10.00 | part of 10.00 CNY refunded on the line that falls on these units
REFUND | C3 | 32.00 | refund mode ON_TOP
TOTAL | C3 | 32.00 | compensation 0.00 CNY + refund 32.00 CNY
`
	if got.String() != want {
		t.Errorf("the steps are\n%s", got.String())
	}
}

// Catches a calculation that loses something between the claim and its stored
// form, or whose field names are not the stored ones.
func TestCalculationIsStorable(t *testing.T) {
	m := best(line("l-1", 1, 1200), version(policy.Promise), version(policy.ConsumerProtection55))
	c := price(t, m)[0].Calculation
	stored, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back policy.Calculation
	if err := json.Unmarshal(stored, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("%v: %+v came back as %+v", err, c, back)
	}
	for _, name := range []string{
		`"policy_id":"consumer-protection-55"`, `"version":1`, `"legal_basis":"CONSUMER_PROTECTION_55"`, `"base_minor":1200`,
		`"multiplier":{"num":3,"den":1}`, `"floor_applied":true`, `"compensation_minor":50000`, `"refund_minor":1200`,
		`"consumer_total_minor":51200`, `"joint_total_minor":13200`, `"chosen":true`, `"steps":[{"code":"GOODS_PAID","rule":"C1"`,
	} {
		if !strings.Contains(string(stored), name) {
			t.Errorf("%s is missing from %s", name, stored)
		}
	}
}
