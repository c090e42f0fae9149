package main

import (
	"github.com/jedib0t/go-pretty/v6/table"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// printTrialBalances prints the accounts of each currency, and the totals by kind of transfer.
// For spreadsheets it is one table of all accounts.
func printTrialBalances(o *output, list []*tenfoldv1.TrialBalance) {
	if o.format == formatCSV {
		t := o.newTable("", column{title: "Account"}, column{title: "Side"}, column{"Debits", true}, column{"Credits", true}, column{"Balance", true})
		t.currency = true
		for _, b := range list {
			for _, a := range b.GetAccounts() {
				balance := &tenfoldv1.Money{CurrencyCode: b.GetCurrencyCode(), MinorUnits: a.GetBalance().GetMinorUnits()}
				t.AppendRow(table.Row{word(a.GetPurpose()), word(a.GetNormalSide()), sumCell{a.GetDebits()}, sumCell{a.GetCredits()}, sumCell{balance}})
			}
		}
		o.render(t)
		return
	}
	for _, b := range list {
		o.accounts("Accounts in "+b.GetCurrencyCode(), b.GetAccounts(), b.GetCurrencyCode())
		if len(b.GetTotals()) > 0 {
			o.transferTotals("Transfers by kind", b.GetTotals())
		}
	}
}

// transferTotals prints totals by kind of transfer.
func (o *output) transferTotals(title string, list []*tenfoldv1.TransferTotal) {
	t := o.newTable(title, column{title: "Kind"}, column{"Transfers", true}, column{"Amount", true})
	for _, k := range list {
		t.AppendRow(table.Row{word(k.GetKind()), k.GetCount(), sum(k.GetAmount())})
	}
	o.render(t)
}

func printExposure(o *output, list []*tenfoldv1.ExposureWeek) {
	t := o.newTable("Exposure by the week of the deadline", column{title: "Week of"}, column{"Claims", true}, column{"Exposure", true}, column{"Held", true})
	t.currency = true
	for _, w := range list {
		t.AppendRow(table.Row{o.when(w.GetStartsAt()), w.GetClaims(), sumCell{w.GetExposure()}, sumCell{w.GetHeld()}})
	}
	o.render(t)
}
