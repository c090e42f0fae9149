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

// languageOf reads --language.
func languageOf(text string) (tenfoldv1.Language, error) {
	switch text {
	case "en":
		return tenfoldv1.Language_LANGUAGE_ENGLISH, nil
	case "zh":
		return tenfoldv1.Language_LANGUAGE_CHINESE, nil
	}
	return 0, usageError{fmt.Errorf("TENFOLD_LANGUAGE or --language must be en or zh, not %q", text)}
}

func newClaimExplain() *cobra.Command {
	var c remote
	var spoken string
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use:   "explain NAME|ID",
		Short: "Explain the state of a claim, whose turn it is, and the possible actions",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimNameOf(args[0])
		if err != nil {
			return err
		}
		language, err := languageOf(spoken)
		if err != nil {
			return err
		}
		got, err := tenfoldv1.NewClaimServiceClient(conn).ExplainClaim(cmd.Context(), &tenfoldv1.ExplainClaimRequest{Name: name, Language: language})
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got.GetExplanation(), printExplanation)
	})
	cmd.Flags().StringVar(&spoken, "language", "en", "language of the explanation: en or zh")
	// A fixed list needs no file completion; the error is for a missing flag.
	_ = cmd.RegisterFlagCompletionFunc("language", cobra.FixedCompletions([]string{"en", "zh"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// printExplanation prints the text, and the possible actions as a table.
func printExplanation(o *output, e *tenfoldv1.ClaimExplanation) {
	t := e.GetText()
	for _, line := range append([]string{t.GetWhy(), t.GetTurn(), t.GetTime()}, t.GetAward()...) {
		fmt.Fprintln(o.w, line)
	}
	for _, line := range t.GetChoices() {
		fmt.Fprintln(o.w, "- "+line)
	}
	fmt.Fprintln(o.w)
	if len(e.GetActionEffects()) == 0 {
		return
	}
	list := o.newTable("Possible actions", column{title: "Action"}, column{title: "By"}, column{title: "Leads to"}, column{title: "Money"}, column{title: "Deadline"})
	for _, a := range e.GetActionEffects() {
		list.AppendRow(table.Row{
			word(a.GetAction()), strings.Join(a.GetRoles(), ", "), word(a.GetNextState()), movements(a), when(a.GetDeadline().GetPassesAt()),
		})
	}
	o.render(list)
}

// movements says how an action would move money.
func movements(a *tenfoldv1.ActionEffect) string {
	var parts []string
	for _, m := range a.GetMovements() {
		parts = append(parts, word(m.GetEffect())+" "+sum(m.GetAmount()))
	}
	if a.GetUnpriced() {
		parts = append(parts, "amount known once the claim is priced")
	}
	return strings.Join(parts, ", ")
}
