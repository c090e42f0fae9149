package policy_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a group that is owed less or more in the end because some of its
// claims were confirmed before others were filed, in whatever order: what was
// awarded in all must be what all of them priced at once would get.
func TestC7GroupIsOwedTheSameWhateverIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := version(policy.FoodSafety148, limits(
			money.Amount(rapid.Int64Range(0, 100_000).Draw(t, "floor")),
			money.Amount(rapid.SampledFrom([]int64{0, 150_000, 1_000_000}).Draw(t, "cap"))))
		var members []policy.Member // In filing order.
		confirmed := make(map[string]bool)
		award := make(map[string]policy.Kept)
		for i := range rapid.IntRange(1, 8).Draw(t, "claims") {
			l := line(fmt.Sprintf("l%d", i), 1, money.Amount(rapid.Int64Range(0, 20_000).Draw(t, "paid")))
			members = append(members, member(l, v))
			// Confirmed claims come first, as the engine prices them.
			var ordered []policy.Member
			for _, first := range []bool{true, false} {
				for _, m := range members {
					if confirmed[m.ClaimID] != first {
						continue
					}
					if kept := award[m.ClaimID]; first {
						m.Kept = &kept
					}
					ordered = append(ordered, m)
				}
			}
			shares, err := policy.Price(ordered)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range shares {
				award[s.ClaimID] = policy.Kept{Basis: s.Basis, Refund: s.Refund, Compensation: s.Compensation}
			}
			for _, m := range members {
				if rapid.Bool().Draw(t, "confirm") {
					confirmed[m.ClaimID] = true
				}
			}
		}
		atOnce, err := policy.Price(members)
		if err != nil {
			t.Fatal(err)
		}
		var got, want policy.Kept
		for i, m := range members {
			got.Compensation += award[m.ClaimID].Compensation
			got.Refund += award[m.ClaimID].Refund
			want.Compensation += atOnce[i].Compensation
			want.Refund += atOnce[i].Refund
		}
		if got != want {
			t.Fatalf("awarded %+v, owed %+v", got, want)
		}
	})
}

// Would catch an earlier refund of a line that is set off against a claim which
// had kept its refund, and so is given to the consumer twice.
func TestC10KeptRefundIsNotSetOffAgain(t *testing.T) {
	t.Parallel()
	v := version(policy.FoodSafety148, limits(0, 0))
	l := line("l1", 3, 30_000)
	of := func(ordinal int32, kept *policy.Kept) policy.Member {
		m := member(l, v)
		m.ClaimID, m.Units, m.Refunded, m.Kept = fmt.Sprintf("claim-%d", ordinal), []int32{ordinal}, 10_000, kept
		return m
	}
	full := &policy.Kept{Basis: policy.FoodSafety148, Refund: 10_000, Compensation: 100_000}
	less := &policy.Kept{Basis: policy.FoodSafety148, Refund: 4_000, Compensation: 100_000}
	want(t, price(t, of(2, full), of(1, nil), of(3, nil)), [2]money.Amount{100_000, 10_000}, [2]money.Amount{100_000, 0}, [2]money.Amount{100_000, 10_000})
	want(t, price(t, of(2, less), of(1, nil), of(3, nil)), [2]money.Amount{100_000, 4_000}, [2]money.Amount{100_000, 6_000}, [2]money.Amount{100_000, 10_000})
}
