// Package cases holds published decisions of Chinese courts as data: the purchases,
// the payments and the award. The facts come from public decisions and from reports
// on them. Tests and the demonstration price the cases with the seeded policies. A
// food-safety case with a tenfold award is included for its arithmetic, because
// multiplier, floor and grouping are policy data of one engine.
package cases

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

//go:embed published.csv
var published []byte

// Currency is the currency of every case.
const Currency = "CNY"

// Case is one published decision. Amounts are in fen.
type Case struct {
	// ID is the case's short name, such as "T03".
	ID    string
	Title string
	// Certainty is H for a primary text, M for press or secondary text, and L for
	// an incomplete source.
	Certainty string
	// Source says where the numbers come from, and which of them are derived.
	Source string

	Basis policy.LegalBasis
	// Category is a marketplace category path that fits the goods.
	Category string
	// Multiplier and Floor are the rule as the decision applied it.
	Multiplier money.Ratio
	Floor      money.Amount

	// Purchases are the separate payments of the same consumer for the goods.
	Purchases []Purchase
	// PaidForCounterfeit is the price of the counterfeit units of all purchases.
	PaidForCounterfeit money.Amount

	Refund RefundAward
	// AwardedRefund is nil if the source does not give it.
	AwardedRefund       *money.Amount
	AwardedCompensation money.Amount
}

// Purchase is one payment for a number of units, of which the first ones are
// counterfeit.
type Purchase struct {
	Units, Counterfeit int32
	// Paid is the price of all units of the purchase.
	Paid money.Amount
}

// RefundAward says whether the decision awarded the refund of the price.
type RefundAward string

// The values of the column for the refund.
const (
	RefundAwarded    RefundAward = "yes"
	RefundNotAwarded RefundAward = "no"
	RefundNotStated  RefundAward = "not_stated"
)

// columns is the header of published.csv, which the loader requires.
var columns = []string{
	"case", "certainty", "basis", "category", "payments", "payment_amounts_minor", "units", "counterfeit_units",
	"paid_for_counterfeit_minor", "factor", "floor_minor", "refund", "awarded_compensation_minor",
	"awarded_refund_minor", "title", "source",
}

// Published returns the cases in the order of the file.
func Published() ([]Case, error) {
	rows, err := csv.NewReader(bytes.NewReader(published)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read published cases: %w", err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("read published cases: the header is not %s", strings.Join(columns, ","))
	}
	list := make([]Case, 0, len(rows)-1)
	for _, row := range rows[1:] {
		r := record{row: row}
		c := r.parse()
		if r.err != nil {
			return nil, fmt.Errorf("read published case %s: %w", row[0], r.err)
		}
		list = append(list, c)
	}
	return list, nil
}

// record reads one row and keeps its first error.
type record struct {
	row []string
	err error
}

func (r *record) text(column string) string { return r.row[slices.Index(columns, column)] }

func (r *record) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *record) number(column string) int64 {
	n, err := strconv.ParseInt(r.text(column), 10, 64)
	if err != nil || n < 0 {
		r.fail("column %s holds no number", column)
	}
	return n
}

func (r *record) parse() Case {
	c := Case{
		ID:                  r.text("case"),
		Title:               r.text("title"),
		Certainty:           r.text("certainty"),
		Source:              r.text("source"),
		Basis:               policy.LegalBasis(r.text("basis")),
		Category:            r.text("category"),
		Multiplier:          money.Ratio{Num: r.number("factor"), Den: 1},
		PaidForCounterfeit:  money.Amount(r.number("paid_for_counterfeit_minor")),
		Refund:              RefundAward(r.text("refund")),
		AwardedCompensation: money.Amount(r.number("awarded_compensation_minor")),
	}
	if r.text("floor_minor") != "" {
		c.Floor = money.Amount(r.number("floor_minor"))
	}
	if r.text("awarded_refund_minor") != "" {
		refund := money.Amount(r.number("awarded_refund_minor"))
		c.AwardedRefund = &refund
	}
	switch c.Refund {
	case RefundAwarded, RefundNotAwarded, RefundNotStated:
	default:
		r.fail("column refund must be %s, %s or %s, not %q", RefundAwarded, RefundNotAwarded, RefundNotStated, c.Refund)
	}
	c.Purchases = r.purchases(c.PaidForCounterfeit)
	return c
}

// purchases spreads units and money over the payments: as the source gives them,
// and otherwise evenly. Genuine units are assumed to have cost as much as the
// others, because the source gives the price of the counterfeit units only.
func (r *record) purchases(paid money.Amount) []Purchase {
	n := r.number("payments")
	units, counterfeit := r.number("units"), r.number("counterfeit_units")
	if r.err != nil || n < 1 || counterfeit < 1 || units < counterfeit {
		r.fail("payments, units and counterfeit_units do not fit")
		return nil
	}
	if units != counterfeit && (n != 1 || paid%money.Amount(counterfeit) != 0) {
		r.fail("the price of the genuine units is unknown")
		return nil
	}
	amounts := r.amounts(n, paid/money.Amount(counterfeit)*money.Amount(units)+paid%money.Amount(counterfeit))
	equal := slices.Repeat([]money.Amount{1}, int(n))
	unitShares, err := money.Allocate(money.Amount(units), equal)
	if err != nil {
		r.fail("split the units: %w", err)
		return nil
	}
	list := make([]Purchase, n)
	for i := range list {
		list[i] = Purchase{Units: int32(unitShares[i]), Counterfeit: int32(unitShares[i]), Paid: amounts[i]}
	}
	list[0].Counterfeit -= int32(units - counterfeit) // Only a single payment has genuine units.
	return list
}

// amounts are the payments of the source, or an even split.
func (r *record) amounts(n int64, paid money.Amount) []money.Amount {
	stated := r.text("payment_amounts_minor")
	if stated == "" {
		split, err := money.Allocate(paid, slices.Repeat([]money.Amount{1}, int(n)))
		if err != nil {
			r.fail("split the payments: %w", err)
			return make([]money.Amount, n)
		}
		return split
	}
	var list []money.Amount
	var sum money.Amount
	for part := range strings.SplitSeq(stated, "+") {
		amount, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			r.fail("column payment_amounts_minor holds no sum")
		}
		list, sum = append(list, money.Amount(amount)), sum+money.Amount(amount)
	}
	if int64(len(list)) != n || sum != paid {
		r.fail("the payments do not add up to the amount paid")
		return make([]money.Amount, n)
	}
	return list
}
