package main

import (
	"fmt"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newBook() *cobra.Command {
	cmd := &cobra.Command{Use: "book", Short: "Show merchants' books, and move money in and out of them", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(newBookGet(), newBookOpen(), newBookDebts(), newBookProposals(), newBookStatement())
	return group(cmd, slices.Concat(bookVerbs(), bookReads(), periodVerbs(), statementVerbs(), exitVerbs()))
}

func newBookGet() *cobra.Command {
	var c remote
	var at string
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "get MERCHANT",
		Short: "Show a merchant's accounts and the head of its chain, or the accounts as of a time",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		r := &tenfoldv1.GetBookRequest{Name: merchantNameOf(args[0])}
		if at != "" {
			when, err := timeOf(at, c.out.place)
			if err != nil {
				return usageError{fmt.Errorf("--read-time (TENFOLD_READ_TIME) %w", err)}
			}
			r.ReadTime = when
		}
		got, err := tenfoldv1.NewDepositServiceClient(conn).GetBook(cmd.Context(), r)
		if err != nil {
			return refusal(err)
		}
		if at != "" {
			return show(&c.out, got.GetBook(), printPastBook)
		}
		return show(&c.out, got.GetBook(), printBook)
	})
	cmd.Flags().StringVar(&at, "read-time", "", "the accounts as they were recorded by this time")
	completes(cmd.Flags(), "read-time")
	return calling(cmd, "DepositService/GetBook")
}

// printPastBook prints what is told of a book as of a time.
func printPastBook(o *output, b *tenfoldv1.Book) {
	o.facts("Book "+b.GetName(),
		[2]string{"opened", o.when(b.GetOpenedAt())},
		[2]string{"deposit", fmt.Sprintf("%s free, %s held", sum(b.GetDepositAvailable()), sum(b.GetDepositHeld()))},
		[2]string{"shop funds", fmt.Sprintf("%s free, %s held", sum(b.GetShopFundsAvailable()), sum(b.GetShopFundsHeld()))},
		[2]string{"owed by the merchant", sum(b.GetReceivable())},
	)
	o.accounts("Accounts", b.GetAccounts(), b.GetCurrencyCode())
}

func printBook(o *output, b *tenfoldv1.Book) {
	o.facts("Book "+b.GetName(),
		[2]string{"opened", o.when(b.GetOpenedAt())},
		[2]string{"deposit", fmt.Sprintf("%s free, %s held", sum(b.GetDepositAvailable()), sum(b.GetDepositHeld()))},
		[2]string{"shop funds", fmt.Sprintf("%s free, %s held", sum(b.GetShopFundsAvailable()), sum(b.GetShopFundsHeld()))},
		[2]string{"owed by the merchant", sum(b.GetReceivable())},
		[2]string{"shortfall of claims", sum(b.GetOpenShortfall())},
		[2]string{"open claims may cost", sum(b.GetExposure())},
		[2]string{"free to take out", sum(b.GetFreeAmount())},
		[2]string{"sweep of income pending since", o.since(b.GetSweepSince())},
		[2]string{"deposit demanded", o.demanded(b)},
		[2]string{"leaving since", o.since(b.GetExitBegunAt())},
		[2]string{"left", o.since(b.GetExitedAt())},
		[2]string{"events", fmt.Sprint(b.GetEventNumber())},
		[2]string{"head of the chain", b.GetChainHash()},
		[2]string{"labels", labelled(b.GetLabels())},
	)
	printDebtSums(o, "Debts and holds yet to be made", b.GetDebts())
	o.accounts("Accounts", b.GetAccounts(), b.GetCurrencyCode())
}

// accounts prints the accounts of one currency, and their sums.
func (o *output) accounts(title string, list []*tenfoldv1.Account, currency string) {
	t := o.newTable(title, column{title: "Account"}, column{title: "Side"}, column{"Debits", true}, column{"Credits", true}, column{"Balance", true})
	var debits, credits int64
	for _, a := range list {
		debits += a.GetDebits().GetMinorUnits()
		credits += a.GetCredits().GetMinorUnits()
		t.AppendRow(table.Row{
			word(a.GetPurpose()), word(a.GetNormalSide()), amount(a.GetDebits().GetMinorUnits(), currency),
			amount(a.GetCredits().GetMinorUnits(), currency), amount(a.GetBalance().GetMinorUnits(), currency),
		})
	}
	t.AppendFooter(table.Row{"Sum", "", amount(debits, currency), amount(credits, currency), amount(debits-credits, currency)})
	o.render(t)
}

// demanded says which amount the merchant must pay into the deposit, and by when,
// or since when the payment is overdue.
func (o *output) demanded(b *tenfoldv1.Book) string {
	if b.GetDemandedDeposit().GetMinorUnits() == 0 {
		return ""
	}
	if at := b.GetDemandLapsedAt(); at != nil {
		return sum(b.GetDemandedDeposit()) + ", overdue since " + o.when(at)
	}
	return sum(b.GetDemandedDeposit()) + " until " + o.when(b.GetDemandDeadline())
}
