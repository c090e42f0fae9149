package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// debtsAsked is what the command asks for.
type debtsAsked struct {
	kind, where             string
	recordedBy, effectiveBy string
	byAge                   bool
}

func newBookDebts() *cobra.Command {
	var c remote
	var asked debtsAsked
	c.out.lists = true
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "debts MERCHANT",
		Short: "List what a merchant, or all, owe and must still set aside, with sums by age, now or as of a time",
		Long: "List what a merchant owes and must still set aside, with sums by age: now, as it was recorded by a time, or what had taken\n" +
			"effect by a time. \"-\" stands for all merchants: then by kind, the oldest debt of all first. Ages count until that time.",
		Example: "  tenfold book debts m1\n  tenfold book debts - --kind advance --filter 'open >= 100000' -o csv\n" +
			"  tenfold book debts - --recorded-by 2026-03-31T23:59:59.999999+08:00 --by-age -o csv",
		Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		r, err := asked.request(args[0], &c.out)
		if err != nil {
			return err
		}
		books, all := tenfoldv1.NewDepositServiceClient(conn), &tenfoldv1.ListDebtsResponse{}
		if asked.byAge {
			if all, err = books.ListDebts(cmd.Context(), r); err != nil {
				return err
			}
			all.Debts, all.NextPageToken = nil, ""
			return show(&c.out, all, printDebtAges)
		}
		err = everyPage(func(token string) (*tenfoldv1.ListDebtsResponse, error) {
			r.PageToken = token
			return books.ListDebts(cmd.Context(), r)
		}, func(page *tenfoldv1.ListDebtsResponse) {
			all.Debts = append(all.Debts, page.GetDebts()...)
			all.Buckets = append(all.Buckets, page.GetBuckets()...)
		})
		if err != nil {
			return err
		}
		return show(&c.out, all, printDebts)
	})
	cmd.Flags().StringVar(&asked.kind, "kind", "", "only debts of this kind: shortfall, advance, fee, top-up or hold")
	completes(cmd.Flags(), "kind", wordsOf(tenfoldv1.DebtKind(0).Descriptor())...)
	cmd.Flags().StringVar(&asked.where, "filter", "", `only debts that a filter finds, such as 'since <= "2026-03-01T00:00:00+08:00" AND open >= 100000'`)
	cmd.Flags().StringVar(&asked.recordedBy, "recorded-by", "", "debts as they were recorded by this time")
	cmd.Flags().StringVar(&asked.effectiveBy, "effective-by", "", "debts that had taken effect by this time, as they are known now")
	cmd.Flags().BoolVar(&asked.byAge, "by-age", false, "only the sums by age")
	for _, flag := range []string{"filter", "recorded-by", "effective-by"} {
		completes(cmd.Flags(), flag)
	}
	return calling(cmd, "DepositService/ListDebts")
}

// request is what is asked of the server.
func (a *debtsAsked) request(merchant string, o *output) (*tenfoldv1.ListDebtsRequest, error) {
	number, err := choice("kind", a.kind, tenfoldv1.DebtKind_value, "DEBT_KIND_", "shortfall", "advance", "fee", "top-up", "hold")
	if err != nil {
		return nil, err
	}
	r := &tenfoldv1.ListDebtsRequest{Parent: merchantNameOf(merchant), Kind: tenfoldv1.DebtKind(number), Filter: a.where, PageSize: bookPage}
	if a.byAge {
		r.PageSize = 1
	}
	switch {
	case a.recordedBy != "" && a.effectiveBy != "":
		return nil, usageError{errors.New("--recorded-by, --effective-by: only one of them can be given")}
	case a.recordedBy != "":
		at, err := momentOf("recorded-by", a.recordedBy, o.place)
		r.AsOf = &tenfoldv1.ListDebtsRequest_RecordedBy{RecordedBy: at}
		return r, err
	case a.effectiveBy != "":
		at, err := momentOf("effective-by", a.effectiveBy, o.place)
		r.AsOf = &tenfoldv1.ListDebtsRequest_EffectiveBy{EffectiveBy: at}
		return r, err
	}
	return r, nil
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
		printDebtSums(o, "Open for "+ageOf(b), b.GetSums())
	}
}

// ageOf is the age of the debts of a bucket, in words.
func ageOf(b *tenfoldv1.DebtBucket) string {
	if b.GetToDays() == 0 {
		return fmt.Sprintf("from %d days on", b.GetFromDays())
	}
	return fmt.Sprintf("%d to %d days", b.GetFromDays(), b.GetToDays())
}

// printDebtAges prints the sums by age as one table.
func printDebtAges(o *output, r *tenfoldv1.ListDebtsResponse) {
	t := o.newTable("", column{title: "Age"}, column{title: "Kind"}, column{"Debts", true}, column{"Open", true})
	t.currency = true
	for _, b := range r.GetBuckets() {
		for _, s := range b.GetSums() {
			t.AppendRow(table.Row{ageOf(b), word(s.GetKind()), s.GetCount(), sumCell{s.GetOpen()}})
		}
	}
	o.render(t)
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
