package cases_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/cases"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Catches a row that was mistyped: every case must add up by the plain
// arithmetic of its own columns, without the engine.
func TestPublishedCasesAddUp(t *testing.T) {
	list, err := cases.Published()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 9 {
		t.Fatalf("%d cases, want 9", len(list))
	}
	seen := map[string]bool{}
	for _, c := range list {
		if seen[c.ID] {
			t.Errorf("%s occurs twice", c.ID)
		}
		seen[c.ID] = true
		product := max(c.Floor, c.PaidForCounterfeit*money.Amount(c.Multiplier.Num))
		if product != c.AwardedCompensation {
			t.Errorf("%s: the rule gives %d, the award is %d", c.ID, product, c.AwardedCompensation)
		}
		if c.Refund == cases.RefundAwarded && (c.AwardedRefund == nil || *c.AwardedRefund != c.PaidForCounterfeit) {
			t.Errorf("%s: the price was awarded back, but not as it was paid", c.ID)
		}
		if c.Refund == cases.RefundNotStated && c.AwardedRefund != nil {
			t.Errorf("%s: a refund is given that the source does not state", c.ID)
		}
	}
}

// Catches a split that loses units or money between the payments of one case.
func TestPurchasesOfPublishedCases(t *testing.T) {
	list, err := cases.Published()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]cases.Purchase{
		"T01": {{Units: 15, Counterfeit: 14, Paid: 59850}},
		"T02": {{Units: 12, Counterfeit: 12, Paid: 1116000}, {Units: 12, Counterfeit: 12, Paid: 1093700}},
		"T12": {{Units: 7, Counterfeit: 7, Paid: 90000}},
	}
	for _, c := range list {
		if c.ID == "T03" {
			for _, p := range c.Purchases {
				if p != (cases.Purchase{Units: 1, Counterfeit: 1, Paid: 220}) {
					t.Errorf("T03: an egg is %+v", p)
				}
			}
			if len(c.Purchases) != 46 {
				t.Errorf("T03: %d payments, want 46", len(c.Purchases))
			}
		}
		for i, p := range want[c.ID] {
			if c.Purchases[i] != p {
				t.Errorf("%s: purchase %d is %+v, want %+v", c.ID, i, c.Purchases[i], p)
			}
		}
		var paid money.Amount
		for _, p := range c.Purchases {
			paid += p.Paid
		}
		if c.ID != "T01" && paid != c.PaidForCounterfeit {
			t.Errorf("%s: the payments sum to %d, want %d", c.ID, paid, c.PaidForCounterfeit)
		}
	}
}
