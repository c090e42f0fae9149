package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newCalendar() *cobra.Command {
	cmd := &cobra.Command{Use: "calendar", Short: "Show and set the days that differ from the ordinary week", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(newCalendarImport(), newCalendarList())
	return cmd
}

func newCalendarImport() *cobra.Command {
	var c remote
	var validateOnly bool
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "import FILE",
		Short: "Set the holidays and make-up days of a file, in YAML or CSV: all of them or none",
		Long: "Set the days of a file, in YAML or, if its name ends in .csv, as a table with the columns date, kind and name\n" +
			"(docs/policies.md). Either all days are set or none. The command says which years are not set as a whole.",
		Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		content, err := readRules(args[0])
		if err != nil {
			return usageError{fmt.Errorf("read the calendar: %w", err)}
		}
		days, err := rulefile.ReadCalendar(args[0], content)
		if err != nil {
			return usageError{err}
		}
		got, err := tenfoldv1.NewPolicyServiceClient(conn).SetCalendarDays(cmd.Context(), &tenfoldv1.SetCalendarDaysRequest{
			RequestId: newRequestID(), ValidateOnly: validateOnly, CalendarDays: rpc.CalendarDayMessages(days),
		})
		if err != nil {
			return refusal(err)
		}
		if c.out.isJSON() {
			return c.out.json(got)
		}
		how := "set"
		if validateOnly {
			how = "valid; nothing was set"
		}
		fmt.Fprintf(c.out.w, "%s: %s\n", counted(len(days), "day"), how)
		for _, y := range got.GetCalendarYears() {
			printYear(&c.out, y)
		}
		return nil
	})
	cmd.Flags().BoolVar(&validateOnly, "validate-only", false, "check the file, and set nothing")
	return cmd
}

// printYear says whether a year is set as a whole.
func printYear(o *output, y *tenfoldv1.CalendarYear) {
	if y.GetSet() {
		fmt.Fprintf(o.w, "%d is set\n", y.GetYear())
		return
	}
	fmt.Fprintf(o.w, "%d is not set as a whole: it lacks %s\n", y.GetYear(), strings.Join(y.GetLacking(), ", "))
}

func newCalendarList() *cobra.Command {
	var c remote
	return c.command(principal.RoleOperator, &cobra.Command{
		Use:   "list YEAR",
		Short: "List the days of a year that differ from the ordinary week",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		year, err := strconv.Atoi(args[0])
		if err != nil || year < 2000 || year > 2099 {
			return usageError{fmt.Errorf("%q is no year between 2000 and 2099", args[0])}
		}
		all, err := listCalendarDays(cmd.Context(), conn, year)
		if err != nil {
			return err
		}
		if c.out.isJSON() {
			return c.out.json(all)
		}
		t := c.out.newTable("Days of "+args[0], column{title: "Date"}, column{title: "Kind"}, column{title: "Name"})
		for _, d := range all.GetCalendarDays() {
			t.AppendRow(table.Row{d.GetDate(), word(d.GetKind()), d.GetName()})
		}
		c.out.render(t)
		printYear(&c.out, all.GetCalendarYear())
		return nil
	})
}

func listCalendarDays(ctx context.Context, conn *grpc.ClientConn, year int) (*tenfoldv1.ListCalendarDaysResponse, error) {
	rules, all := tenfoldv1.NewPolicyServiceClient(conn), &tenfoldv1.ListCalendarDaysResponse{}
	err := everyPage(func(token string) (*tenfoldv1.ListCalendarDaysResponse, error) {
		return rules.ListCalendarDays(ctx, &tenfoldv1.ListCalendarDaysRequest{Year: int32(year), PageSize: policyPage, PageToken: token})
	}, func(page *tenfoldv1.ListCalendarDaysResponse) {
		all.CalendarDays, all.CalendarYear = append(all.CalendarDays, page.GetCalendarDays()...), page.GetCalendarYear()
	})
	return all, err
}
