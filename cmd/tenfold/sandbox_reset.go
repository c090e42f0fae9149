package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// sandboxReset holds the settings of a reset.
type sandboxReset struct {
	ownerURL, dataDir string
	yes, dry          bool
	out               output
}

func newSandboxReset() *cobra.Command {
	var c sandboxReset
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Bring a sandbox back to its beginning: delete its books, events, requests and clock",
		Long: "Bring the database of a sandbox back to its beginning. Books, claims, events, requests, webhooks, the clock and\n" +
			"everything else that was stored since go for good; the policies and the calendar of the beginning come back.\n" +
			"--dry-run says what would go.\n\n" +
			"Stop every server of the sandbox first: the reset is refused while anybody is connected to the database, and for\n" +
			"a database that no sandbox has served. --data-dir names the directory of `tenfold serve --data-dir`, whose streams of the embedded\n" +
			"NATS server go, too; --owner-url names any other database. docs/sandbox.md says what tokens and streams of before mean\n" +
			"afterwards.",
		Example: "  tenfold sandbox reset --data-dir /tmp/tenfold --dry-run\n  tenfold sandbox reset --data-dir /tmp/tenfold --yes\n" +
			"  tenfold sandbox reset --owner-url postgres://tenfold_owner@db.example/sandbox --yes",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (c.ownerURL == "") == (c.dataDir == "") {
				return usageError{errors.New("one of --data-dir (TENFOLD_DATA_DIR) and --owner-url (TENFOLD_OWNER_URL) must name the sandbox, and not both")}
			}
			if c.yes && c.dry {
				return usageError{errors.New("--yes and --dry-run cannot both be given")}
			}
			if err := c.out.to(cmd); err != nil {
				return err
			}
			if c.dataDir != "" {
				return c.inDirectory(cmd.Context())
			}
			return c.reset(cmd.Context(), c.ownerURL)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.ownerURL, "owner-url", "", "connection URL of the role that owns the tables")
	f.StringVar(&c.dataDir, "data-dir", "", "data directory of the server's embedded PostgreSQL")
	f.BoolVar(&c.dry, "dry-run", false, "count what would be deleted, and change nothing")
	f.BoolVar(&c.yes, "yes", false, "delete without asking")
	saidOnce(f, "yes")
	c.out.flag(cmd)
	return cmd
}

// inDirectory resets the sandbox of a data directory. While its PostgreSQL runs here, no
// server can run over it.
func (c *sandboxReset) inDirectory(ctx context.Context) (err error) {
	if _, err := os.Stat(filepath.Join(c.dataDir, "pgdata")); err != nil {
		return usageError{fmt.Errorf("--data-dir: %s holds no database of tenfold: %w", shown(c.dataDir), errors.Unwrap(err))}
	}
	server, err := embedpg.Start(ctx, embedpg.Config{DataDir: c.dataDir, Durable: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop(context.WithoutCancel(ctx))) }()
	if err := c.reset(ctx, server.OwnerURL()); err != nil || c.dry {
		return err
	}
	// Messages of events that are gone would stop the relay.
	return os.RemoveAll(filepath.Join(c.dataDir, "nats"))
}

func (c *sandboxReset) reset(ctx context.Context, ownerURL string) error {
	lost, err := postgres.ResetSandbox(ctx, ownerURL, policy.Seeds(), !c.yes)
	switch {
	case err != nil:
		return err
	case !c.yes && !c.dry:
		return usageError{fmt.Errorf("a reset deletes %s for good; give --yes, or --dry-run to see the rows of every table", lostWords(lost))}
	case c.out.isJSON():
		return c.out.json(map[string]any{"deleted": lost, "dryRun": c.dry})
	case len(lost) > 0:
		t := c.out.newTable("", column{title: "Table"}, column{title: "Rows", right: true})
		for _, name := range slices.Sorted(maps.Keys(lost)) {
			t.AppendRow(table.Row{name, lost[name]})
		}
		t.put()
	}
	if c.dry {
		fmt.Fprintln(c.out.w, "nothing was changed")
		return nil
	}
	fmt.Fprintln(c.out.w, "the sandbox is at its beginning")
	return nil
}

// lostWords names what a reset deletes.
func lostWords(lost map[string]int64) string {
	var words []string
	rest := int64(0)
	for _, n := range lost {
		rest += n
	}
	for _, named := range [][2]string{{"books", "book"}, {"claims", "claim"}, {"payouts", "payout"}, {"events", "event"}, {"webhooks", "webhook"}} {
		n := lost[named[0]]
		words, rest = append(words, counted(int(n), named[1])), rest-n
	}
	return strings.Join(words, ", ") + " and " + counted(int(rest), "further row")
}
