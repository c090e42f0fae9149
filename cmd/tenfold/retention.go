package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// refusalsKeptMin is how long records of refused attempts are kept at least, so that a
// mistyped time does not delete what an investigation needs.
const refusalsKeptMin = 30 * 24 * time.Hour

// personIDMax bounds a person's id, as access.md does.
const personIDMax = 64

// retention holds the settings of commands that delete what is no longer kept.
type retention struct {
	ownerURL string
	dry      bool
	yes      bool
	older    time.Duration
	out      output
}

func (c *retention) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.ownerURL, "owner-url", "", "connection URL of the role that owns the tables")
	f.BoolVar(&c.dry, "dry-run", false, "count what would change, and change nothing")
	c.out.flag(cmd)
}

// begin checks the settings that every command has.
func (c *retention) begin(cmd *cobra.Command) error {
	if c.ownerURL == "" {
		return usageError{errors.New("--owner-url (TENFOLD_OWNER_URL) is missing; it names the database")}
	}
	return c.out.to(cmd)
}

func newPerson() *cobra.Command {
	cmd := &cobra.Command{Use: "person", Short: "Look after what is stored of persons who act"}
	cmd.AddCommand(newPersonErase())
	return cmd
}

func newPersonErase() *cobra.Command {
	var c retention
	cmd := &cobra.Command{
		Use:   "erase PERSON",
		Short: "Forget a person who acted: a pseudonym takes the place of the id",
		Long: "Forget a person who acted for the marketplace or a merchant. A pseudonym takes the place of the id in every row,\n" +
			"and what stands for the person in events can no longer be traced. Nobody can undo it. It is refused while the\n" +
			"person takes part in an open proposal, or decided a claim that waits for somebody (docs/operating.md).",
		Example: "  tenfold person erase agent-7 --dry-run\n  tenfold person erase agent-7 --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.begin(cmd); err != nil {
				return err
			}
			if n := len(args[0]); n == 0 || n > personIDMax {
				return usageError{fmt.Errorf("PERSON must have between 1 and %d characters", personIDMax)}
			}
			if !c.yes && !c.dry {
				return usageError{errors.New("an erasure cannot be undone; give --yes, or --dry-run to see what it would change")}
			}
			return c.erase(cmd, args[0])
		},
	}
	c.flags(cmd)
	cmd.Flags().BoolVar(&c.yes, "yes", false, "erase without asking")
	saidOnce(cmd.Flags(), "yes")
	return cmd
}

func (c *retention) erase(cmd *cobra.Command, person string) error {
	told := told(cmd.ErrOrStderr())
	e, err := postgres.Erase(cmd.Context(), c.ownerURL, person, c.dry, func(what string) {
		told("looking through %s …", what)
	})
	switch {
	case err != nil:
		return err
	case c.out.isJSON():
		return c.out.json(e)
	case e.Total() == 0:
		fmt.Fprintln(c.out.w, "nothing names this person")
		return nil
	}
	t := c.out.newTable("", column{title: "Column"}, column{title: "Rows", right: true})
	for _, name := range slices.Sorted(maps.Keys(e.Rows)) {
		t.AppendRow(table.Row{name, e.Rows[name]})
	}
	t.AppendRow(table.Row{"person_commitments", e.Commitments})
	t.put()
	if c.dry {
		fmt.Fprintln(c.out.w, "nothing was changed")
		return nil
	}
	fmt.Fprintf(c.out.w, "the person is now %s\n", e.Pseudonym)
	return nil
}

func newAccessLog() *cobra.Command {
	cmd := &cobra.Command{Use: "access-log", Short: "Look after the records of refused attempts"}
	cmd.AddCommand(newAccessLogPrune())
	return cmd
}

func newAccessLogPrune() *cobra.Command {
	var c retention
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete the records of attempts that were refused long ago",
		Long: "Delete the records of attempts that were refused longer ago than --older-than, in small parts while servers run.\n" +
			"A prune that is broken off is continued by the next one.",
		Example: "  tenfold access-log prune --older-than 4320h --dry-run",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.begin(cmd); err != nil {
				return err
			}
			if c.older < refusalsKeptMin {
				return usageError{fmt.Errorf("--older-than (TENFOLD_OLDER_THAN) must be at least %s, not %s", refusalsKeptMin, c.older)}
			}
			return c.prune(cmd)
		},
	}
	c.flags(cmd)
	cmd.Flags().DurationVar(&c.older, "older-than", 180*24*time.Hour, "how long ago an attempt was refused whose record goes; at least 720h")
	return cmd
}

func (c *retention) prune(cmd *cobra.Command) error {
	told := told(cmd.ErrOrStderr())
	n, err := postgres.PruneRefusals(cmd.Context(), c.ownerURL, time.Now().Add(-c.older), c.dry, func(deleted int64) {
		told("%d records deleted …", deleted)
	})
	switch {
	case err != nil:
		return err
	case c.out.isJSON():
		return c.out.json(map[string]any{"deleted": n, "dryRun": c.dry})
	case c.dry:
		fmt.Fprintf(c.out.w, "%s would be deleted\n", counted(int(n), "record"))
	default:
		fmt.Fprintf(c.out.w, "%s deleted\n", counted(int(n), "record"))
	}
	return nil
}

// told writes progress for people: to a terminal only.
func told(w io.Writer) func(format string, args ...any) {
	if !isTerminal(w) {
		return func(string, ...any) {}
	}
	return func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
}
