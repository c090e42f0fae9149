package main

import (
	"errors"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// migrateCommand holds the settings of a migration.
type migrateCommand struct {
	ownerURL       string
	status, dryRun bool
	out            output
}

func newMigrate() *cobra.Command {
	var c migrateCommand
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate the schema of a database to the version of this binary",
		Long: "Migrate the schema of a database to the version of this binary, and store the seeded policies.\n" +
			"The URL must be that of the role that owns the tables; the role tenfold_app must exist (docs/operating.md).\n\n" +
			"--status says whether there is something to do, and ends with exit code 3 if there is. --dry-run lists the\n" +
			"migrations that are missing, with the locks that each of them takes on tables. Neither changes anything.",
		Example: "  tenfold migrate --dry-run\n  tenfold migrate --owner-url postgres://tenfold_owner@db.example/tenfold",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if c.ownerURL == "" {
				return usageError{errors.New("--owner-url (TENFOLD_OWNER_URL) is missing; it names the database to migrate")}
			}
			if c.status && c.dryRun {
				return usageError{errors.New("--status and --dry-run cannot both be given")}
			}
			if err := c.out.to(cmd); err != nil {
				return err
			}
			if c.status || c.dryRun {
				return c.show(cmd)
			}
			return c.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.ownerURL, "owner-url", "", "connection URL of the role that owns the tables")
	f.BoolVar(&c.status, "status", false, "say whether migrations are missing, and end with exit code 3 if so")
	f.BoolVar(&c.dryRun, "dry-run", false, "list the migrations that are missing and what each locks, and change nothing")
	c.out.flag(cmd)
	return cmd
}

func (c *migrateCommand) run(cmd *cobra.Command) error {
	from, to, err := postgres.Migrate(cmd.Context(), c.ownerURL, logger(cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	if c.out.isJSON() {
		return c.out.json(map[string]int64{"from": from, "to": to})
	}
	if from == to {
		fmt.Fprintf(cmd.OutOrStdout(), "the schema is already at version %d\n", to)
		return nil
	}
	fmt.Fprintf(cmd.OutOrStdout(), "the schema was migrated from version %d to version %d\n", from, to)
	return nil
}

// show prints what a migration would do.
func (c *migrateCommand) show(cmd *cobra.Command) error {
	s, err := postgres.MigrationStatus(cmd.Context(), c.ownerURL)
	if err != nil {
		return err
	}
	if c.out.isJSON() {
		err = c.out.json(s)
	} else {
		c.print(&s)
	}
	if err == nil && c.status && len(s.Pending) > 0 {
		return fmt.Errorf("%w: %s missing", errBehind, counted(len(s.Pending), "migration"))
	}
	return err
}

func (c *migrateCommand) print(s *postgres.SchemaStatus) {
	if len(s.Pending) == 0 {
		fmt.Fprintf(c.out.w, "the schema is at version %d, which is that of this binary\n", s.Have)
		return
	}
	if c.dryRun {
		t := c.out.newTable("", column{title: "Version"}, column{title: "Migration"}, column{title: "Table"}, column{title: "Lock"},
			column{title: "Stops"}, column{title: "Reads all rows"})
		for _, m := range s.Pending {
			if len(m.Effects) == 0 {
				t.AppendRow(table.Row{m.Version, m.Name, "", "", "nothing", ""})
			}
			for i, e := range m.Effects {
				version, name := fmt.Sprint(m.Version), m.Name
				if i > 0 {
					version, name = "", ""
				}
				t.AppendRow(table.Row{version, name, e.Table, e.Lock, e.Stops(), readsRows(e.Scans, e.Rewrites)})
			}
		}
		t.put()
	}
	fmt.Fprintf(c.out.w, "the schema is at version %d, and this binary needs version %d: %s missing\n",
		s.Have, s.Want, counted(len(s.Pending), "migration"))
}

func readsRows(scans, rewrites bool) string {
	switch {
	case rewrites:
		return "and writes them"
	case scans:
		return "yes"
	}
	return ""
}
