package order_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// Catches a discount whose shares do not sum to it, in the worked example S2:
// lines of 10.00, 20.00 and 30.01 with an order coupon of 7.00.
func TestM2_OrderDiscountIsSplitOverLinesByLargestRemainder(t *testing.T) {
	prices := []money.Amount{1000, 2000, 3001}
	shares, err := order.AllocateDiscount(700, prices)
	if err != nil {
		t.Fatal(err)
	}
	if want := []money.Amount{117, 233, 350}; !slices.Equal(shares, want) {
		t.Fatalf("shares are %v, want %v", shares, want)
	}
	var sum money.Amount
	for i, want := range []money.Amount{883, 1767, 2651} {
		if paid := prices[i] - shares[i]; paid != want {
			t.Errorf("line %d paid %d, want %d", i+1, paid, want)
		} else {
			sum += paid
		}
	}
	if sum != 5301 {
		t.Errorf("paid sums to %d, want 5301", sum)
	}
}

// Catches a discount share above its line's price, which would make the line's
// paid amount negative (rule M2).
func TestM2_DiscountNeverExceedsALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawn := rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 20).Draw(t, "prices")
		prices := make([]money.Amount, len(drawn))
		var sum money.Amount
		for i, p := range drawn {
			prices[i] = money.Amount(p)
			sum += prices[i]
		}
		total := money.Amount(rapid.Int64Range(0, int64(sum)).Draw(t, "discount"))
		shares, err := order.AllocateDiscount(total, prices)
		if err != nil {
			t.Fatal(err)
		}
		var split money.Amount
		for i, share := range shares {
			if share < 0 || share > prices[i] {
				t.Fatalf("line of %d bears %d", prices[i], share)
			}
			split += share
		}
		if split != total {
			t.Fatalf("shares sum to %d, want %d", split, total)
		}
	})
	if _, err := order.AllocateDiscount(701, []money.Amount{300, 400}); !errors.Is(err, fault.AmountOutOfRange) {
		t.Errorf("a discount above the prices is answered %v", err)
	}
}

// Catches a shortcut that differs from the largest-remainder split over equal
// units, or units that together get more or less than the line.
func TestUnitsShareIsTheLargestRemainderSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := order.Line{Quantity: rapid.Int32Range(1, 60).Draw(t, "quantity"), Currency: "CNY"}
		total := money.Amount(rapid.OneOf(rapid.Int64Range(0, 200),
			rapid.Int64Range(0, int64(money.MaxAmount))).Draw(t, "total"))
		split, err := money.Allocate(total, slices.Repeat([]money.Amount{1}, int(l.Quantity)))
		if err != nil {
			t.Fatal(err)
		}
		var first, second []int32 // A partition of the units between two claims.
		var want money.Amount
		for n := int32(1); n <= l.Quantity; n++ {
			if rapid.Bool().Draw(t, "first") {
				first, want = append(first, n), want+split[n-1]
			} else {
				second = append(second, n)
			}
		}
		slices.Reverse(first) // The order of the ordinals must not matter.
		one, err1 := l.UnitsShare(total, first)
		two, err2 := l.UnitsShare(total, second)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if one != want || one+two != total {
			t.Fatalf("shares are %d and %d of %d, want %d for the first", one, two, total, want)
		}
	})
}

// Catches units that the line does not have, or that are counted twice.
func TestUnitsShareRefusesForeignUnits(t *testing.T) {
	l := order.Line{Quantity: 3, Currency: "CNY"}
	for _, ordinals := range [][]int32{{0}, {4}, {-1}, {1, 1}, {3, 1, 3}, {1, 2, 3, 4}} {
		if _, err := l.UnitsShare(100, ordinals); !errors.Is(err, fault.UnitsOutOfRange) {
			t.Errorf("units %v are answered %v", ordinals, err)
		}
	}
	if _, err := l.UnitsShare(-1, []int32{1}); !errors.Is(err, fault.AmountOutOfRange) {
		t.Errorf("a negative amount is answered %v", err)
	}
	empty := order.Line{}
	if share, err := empty.UnitsShare(100, nil); err != nil || share != 0 {
		t.Errorf("no units share %d, %v", share, err)
	}
	ordinals := []int32{3, 1}
	if _, err := l.UnitsShare(100, ordinals); err != nil || ordinals[0] != 3 {
		t.Errorf("the caller's ordinals were sorted: %v, %v", ordinals, err)
	}
}
