package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newBookDebts() *cobra.Command {
	var c remote
	var kind, where string
	c.out.lists = true
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "debts MERCHANT",
		Short: "List what a merchant, or all, owe and must still set aside, with sums by age",
		Long: "List what a merchant owes and must still set aside, with sums by age. \"-\" stands for all merchants: then by kind,\n" +
			"the oldest debt of all first.",
		Example: "  tenfold book debts m1\n  tenfold book debts - --kind advance --filter 'open >= 100000' -o csv",
		Args:    cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		number, err := choice("kind", kind, tenfoldv1.DebtKind_value, "DEBT_KIND_", "shortfall", "advance", "fee", "top-up", "hold")
		if err != nil {
			return err
		}
		books, all := tenfoldv1.NewDepositServiceClient(conn), &tenfoldv1.ListDebtsResponse{}
		err = everyPage(func(token string) (*tenfoldv1.ListDebtsResponse, error) {
			return books.ListDebts(cmd.Context(), &tenfoldv1.ListDebtsRequest{
				Parent: merchantNameOf(args[0]), Kind: tenfoldv1.DebtKind(number), Filter: where, PageSize: bookPage, PageToken: token,
			})
		}, func(page *tenfoldv1.ListDebtsResponse) {
			all.Debts = append(all.Debts, page.GetDebts()...)
			all.Buckets = append(all.Buckets, page.GetBuckets()...)
		})
		if err != nil {
			return err
		}
		return show(&c.out, all, printDebts)
	})
	cmd.Flags().StringVar(&kind, "kind", "", "only debts of this kind: shortfall, advance, fee, top-up or hold")
	completes(cmd.Flags(), "kind", wordsOf(tenfoldv1.DebtKind(0).Descriptor())...)
	cmd.Flags().StringVar(&where, "filter", "", `only debts that a filter finds, such as 'since <= "2026-03-01T00:00:00+08:00" AND open >= 100000'`)
	completes(cmd.Flags(), "filter")
	return calling(cmd, "DepositService/ListDebts")
}

// bookPage is the size of a page of a book's debts or proposals.
const bookPage = 1000

func printDebts(o *output, r *tenfoldv1.ListDebtsResponse) {
	t := o.newTable("", column{title: "Kind"}, column{title: "Claim or payment"}, column{title: "Case"}, column{title: "Since"}, column{"Open", true},
		column{title: "Merchant"})
	t.currency = true
	for _, d := range r.GetDebts() {
		of := d.GetPaymentReference()
		if d.GetClaim() != "" {
			of = d.GetClaim()[strings.LastIndexByte(d.GetClaim(), '/')+1:]
		}
		t.AppendRow(table.Row{word(d.GetKind()), of, d.GetSamplingCase(), o.when(d.GetSince()), sumCell{d.GetOpen()}, idOf(d.GetBook())})
	}
	o.render(t)
	if o.format == formatCSV {
		return // The sums by age are another table.
	}
	for _, b := range r.GetBuckets() {
		age := fmt.Sprintf("%d to %d days", b.GetFromDays(), b.GetToDays())
		if b.GetToDays() == 0 {
			age = fmt.Sprintf("from %d days on", b.GetFromDays())
		}
		printDebtSums(o, "Open for "+age, b.GetSums())
	}
}

func printDebtSums(o *output, title string, sums []*tenfoldv1.DebtSum) {
	if len(sums) == 0 {
		return
	}
	t := o.newTable(title, column{title: "Kind"}, column{"Debts", true}, column{"Open", true})
	for _, s := range sums {
		t.AppendRow(table.Row{word(s.GetKind()), s.GetCount(), sum(s.GetOpen())})
	}
	o.render(t)
}
