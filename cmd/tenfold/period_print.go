package main

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// printPeriods prints months with what their close asks for, and their changes.
func printPeriods(o *output, list []*tenfoldv1.Period) {
	for _, p := range list {
		state := "open"
		if p.GetClosed() {
			state = "closed"
		}
		o.facts(p.GetName(), [][2]string{{"state", state}, {"starts", o.since(p.GetStartsAt())}, {"ends", o.since(p.GetEndsAt())}}...)
		if checks := p.GetChecks(); len(checks) > 0 {
			t := o.newTable("What the close asks for", column{title: "Item"}, column{"Missing", true}, column{title: "What"}, column{title: "Such as"})
			for _, c := range checks {
				t.AppendRow(table.Row{word(c.GetItem()), c.GetMissing(), c.GetDetail(), strings.Join(c.GetExamples(), ", ")})
			}
			o.render(t)
		}
		if len(p.GetChanges()) > 0 {
			printPeriodChanges(o, p.GetChanges())
		}
	}
}

// printPeriodChanges prints closes and reopenings of months.
func printPeriodChanges(o *output, list []*tenfoldv1.PeriodChange) {
	t := o.newTable("Changes of months", column{"Number", true}, column{title: "Month"}, column{title: "Action"}, column{title: "State"},
		column{title: "Proposed by"}, column{title: "Proposed"}, column{title: "Decided by"}, column{title: "Decided"}, column{title: "Note"}, column{"Books", true},
		column{title: "Hash"})
	for _, c := range list {
		t.AppendRow(table.Row{
			c.GetNumber(), idOf(c.GetPeriod()), word(c.GetAction()), word(c.GetState()), c.GetProposedBy(), o.when(c.GetProposedAt()),
			c.GetDecidedBy(), o.when(c.GetDecidedAt()), c.GetNote(), c.GetBooks(), c.GetHash(),
		})
	}
	o.render(t)
}

// printPeriodSums prints the balances of a month and its transfers by kind, those that came in
// late apart.
func printPeriodSums(o *output, list []*tenfoldv1.PeriodSums) {
	t := o.newTable("Balances of the month", column{title: "Account"}, column{"Opening", true}, column{"Closing", true})
	t.currency = true
	for _, s := range list {
		for _, a := range s.GetAccounts() {
			cell := func(x *tenfoldv1.SignedMoney) sumCell {
				return sumCell{&tenfoldv1.Money{CurrencyCode: s.GetCurrencyCode(), MinorUnits: x.GetMinorUnits()}}
			}
			t.AppendRow(table.Row{word(a.GetPurpose()), cell(a.GetOpening()), cell(a.GetClosing())})
		}
	}
	o.render(t)
	for _, s := range list {
		if len(s.GetTotals()) > 0 {
			o.transferTotals("Transfers by kind", s.GetTotals())
		}
		if len(s.GetLateTotals()) > 0 {
			o.transferTotals("Late transfers by kind", s.GetLateTotals())
		}
	}
}

// printSuspenseExplanations prints what was said of money in suspense.
func printSuspenseExplanations(o *output, list []*tenfoldv1.SuspenseExplanation) {
	t := o.newTable("Money in suspense", column{title: "Book"}, column{"Amount", true}, column{title: "Explanation"}, column{title: "By"}, column{title: "When"})
	for _, x := range list {
		t.AppendRow(table.Row{x.GetBook(), sum(x.GetAmount()), x.GetNote(), x.GetPerson(), o.when(x.GetExplainedAt())})
	}
	o.render(t)
}
