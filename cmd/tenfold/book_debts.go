package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newBookDebts() *cobra.Command {
	var c client
	var out output
	var kind string
	cmd := &cobra.Command{
		Use:   "debts MERCHANT",
		Short: "List what a merchant owes and must still set aside, with sums by age",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			r := &tenfoldv1.ListDebtsRequest{Parent: "merchants/" + strings.TrimPrefix(args[0], "merchants/"), PageSize: debtsPage}
			if kind != "" {
				number, ok := tenfoldv1.DebtKind_value["DEBT_KIND_"+strings.ToUpper(strings.ReplaceAll(kind, "-", "_"))]
				if !ok {
					return usageError{fmt.Errorf("TENFOLD_KIND or --kind must be shortfall, advance, fee, top-up or hold, not %q", kind)}
				}
				r.Kind = tenfoldv1.DebtKind(number)
			}
			conn, err := c.connect()
			if err != nil {
				return err
			}
			defer conn.Close()
			got, err := everyDebt(cmd.Context(), tenfoldv1.NewDepositServiceClient(conn), r)
			if err != nil {
				return refusal(err)
			}
			if out.isJSON() {
				return out.json(got)
			}
			printDebts(&out, got)
			return nil
		},
	}
	c.flags(cmd, principal.RoleFinance)
	out.flag(cmd)
	cmd.Flags().StringVar(&kind, "kind", "", "only debts of this kind: shortfall, advance, fee, top-up or hold")
	return cmd
}

// debtsPage is the size of a page.
const debtsPage = 1000

// everyDebt reads all pages into one answer.
func everyDebt(ctx context.Context, books tenfoldv1.DepositServiceClient, r *tenfoldv1.ListDebtsRequest) (*tenfoldv1.ListDebtsResponse, error) {
	all := &tenfoldv1.ListDebtsResponse{}
	for {
		page, err := books.ListDebts(ctx, r)
		if err != nil {
			return nil, err
		}
		all.Debts = append(all.Debts, page.GetDebts()...)
		all.Buckets = append(all.Buckets, page.GetBuckets()...)
		if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
			return all, nil
		}
	}
}

func printDebts(o *output, r *tenfoldv1.ListDebtsResponse) {
	t := o.newTable("", column{title: "Kind"}, column{title: "Claim or payment"}, column{title: "Case"}, column{title: "Since"}, column{"Open", true})
	for _, d := range r.GetDebts() {
		of := d.GetPaymentReference()
		if d.GetClaim() != "" {
			of = d.GetClaim()[strings.LastIndexByte(d.GetClaim(), '/')+1:]
		}
		t.AppendRow(table.Row{word(d.GetKind()), of, d.GetSamplingCase(), when(d.GetSince()), sum(d.GetOpen())})
	}
	o.render(t)
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
