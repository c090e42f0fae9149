package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

func newEvent() *cobra.Command {
	cmd := &cobra.Command{
		Use: "event", Short: "Show stored events, and quarantine those that readers must not wait for", Args: cobra.NoArgs, RunE: help,
		Long: "Show stored events as they stand in the database, and quarantine those that readers must not wait for. Readers get\n" +
			"no more of a quarantined event than that it exists. These commands need the database and no server.",
	}
	cmd.AddCommand(newEventList(), newEventShow(), newEventQuarantine(true), newEventQuarantine(false))
	return cmd
}

// stored is a command on the database itself.
type stored struct {
	databaseURL string
	out         output
}

// command completes a command with the flags of the database and of the output, and with
// ask, which runs over an open database.
func (s *stored) command(cmd *cobra.Command, ask func(ctx context.Context, db *postgres.DB, args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := s.out.to(cmd); err != nil {
			return err
		}
		if err := s.out.inZone(); err != nil {
			return err
		}
		if s.databaseURL == "" {
			return usageError{errors.New("--database-url (TENFOLD_DATABASE_URL) is missing; it names the database")}
		}
		const connections = 2
		db, err := postgres.Open(s.databaseURL, connections)
		if err != nil {
			return usageError{fmt.Errorf("--database-url (TENFOLD_DATABASE_URL): %w", err)}
		}
		defer db.Close()
		if err := db.CheckSchema(cmd.Context()); err != nil {
			return err
		}
		return ask(cmd.Context(), db, args)
	}
	cmd.Flags().StringVar(&s.databaseURL, "database-url", "", "connection URL of the role tenfold_app")
	s.out.flag(cmd)
	s.out.zoneFlag(cmd)
	return cmd
}

// numbered reads the arguments MERCHANT and NUMBER.
func numbered(args []string) (postgres.EventKey, error) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil || n < 1 {
		return postgres.EventKey{}, usageError{fmt.Errorf("the number of an event must be at least 1, not %q", args[1])}
	}
	return postgres.EventKey{MerchantID: args[0], Number: n}, nil
}

// shownEntry is an entry of the quarantine in JSON.
type shownEntry struct {
	Merchant    string    `json:"merchant"`
	Event       int64     `json:"event"`
	Entry       int32     `json:"entry"`
	Quarantined bool      `json:"quarantined"`
	Cause       string    `json:"cause"`
	Author      string    `json:"author"`
	RecordedAt  time.Time `json:"recorded_at"`
}

func entriesOf(list []postgres.Quarantine) []shownEntry {
	entries := make([]shownEntry, len(list))
	for i, q := range list {
		entries[i] = shownEntry{q.MerchantID, q.EventNumber, q.Entry, q.Quarantined, q.Cause, q.Author, q.RecordedAt}
	}
	return entries
}

func printEntries(o *output, title string, entries []shownEntry) {
	t := o.newTable(title, column{title: "Merchant"}, column{"Event", true}, column{title: "Since"}, column{title: ""}, column{title: "By"}, column{title: "Cause"})
	for _, e := range entries {
		action := "released"
		if e.Quarantined {
			action = "quarantined"
		}
		t.AppendRow(table.Row{e.Merchant, e.Event, o.when(timestamppb.New(e.RecordedAt)), action, e.Author, e.Cause})
	}
	o.render(t)
}

func newEventList() *cobra.Command {
	var s stored
	return s.command(&cobra.Command{
		Use:   "list",
		Short: "List the quarantined events of all books",
		Args:  cobra.NoArgs,
	}, func(ctx context.Context, db *postgres.DB, _ []string) error {
		const page = 500
		var all []postgres.Quarantine
		for after, more := (postgres.EventKey{}), true; more; {
			list, err := db.Reader().Quarantined(ctx, after, page)
			if err != nil {
				return err
			}
			all = append(all, list...)
			if more = len(list) == page; more {
				last := list[page-1]
				after = postgres.EventKey{MerchantID: last.MerchantID, Number: last.EventNumber}
			}
		}
		return show(&s.out, entriesOf(all), func(o *output, entries []shownEntry) { printEntries(o, "Quarantined events", entries) })
	})
}

// shownEvent is a stored event in JSON.
type shownEvent struct {
	Merchant   string    `json:"merchant"`
	Number     int64     `json:"number"`
	Kind       string    `json:"kind"`
	Claim      string    `json:"claim,omitempty"`
	RecordedAt time.Time `json:"recorded_at"`
	Encoding   byte      `json:"encoding"`
	Content    string    `json:"content"`
	Hash       string    `json:"hash"`
	// Chained says whether the hash follows from the content and the hash before it.
	Chained bool `json:"chained"`
	// Unreadable says why readers cannot read the event; empty if they can.
	Unreadable  string       `json:"unreadable,omitempty"`
	Quarantined bool         `json:"quarantined"`
	Entries     []shownEntry `json:"entries"`
}

func newEventShow() *cobra.Command {
	var s stored
	return s.command(&cobra.Command{
		Use:   "show MERCHANT NUMBER",
		Short: "Show an event as it is stored, whether it can be read, and how it came into quarantine",
		Args:  cobra.ExactArgs(2),
	}, func(ctx context.Context, db *postgres.DB, args []string) error {
		k, err := numbered(args)
		if err != nil {
			return err
		}
		e, err := storedEvent(ctx, db, k)
		if err != nil {
			return err
		}
		return show(&s.out, e, printStoredEvent)
	})
}

// storedEvent reads an event and says what it is worth.
func storedEvent(ctx context.Context, db *postgres.DB, k postgres.EventKey) (*shownEvent, error) {
	r := db.Reader()
	row, found, err := r.EventAt(ctx, k.MerchantID, k.Number)
	if err == nil && !found {
		err = fault.New(fault.EventNotFound, "merchant %s has no event %d", k.MerchantID, k.Number)
	}
	if err != nil {
		return nil, err
	}
	previous := event.Genesis(k.MerchantID)
	if k.Number > 1 {
		before, _, err := r.EventAt(ctx, k.MerchantID, k.Number-1)
		if err != nil {
			return nil, err
		}
		previous = before.Hash
	}
	entries, err := r.QuarantinesOf(ctx, k.MerchantID, k.Number)
	if err != nil {
		return nil, err
	}
	e := &shownEvent{
		Merchant: row.MerchantID, Number: row.Number, Kind: string(row.Kind), Claim: row.ClaimID, RecordedAt: row.RecordedAt,
		Encoding: row.Encoding, Content: row.Content, Hash: hex.EncodeToString(row.Hash[:]),
		Chained: event.Chain(previous, row.Encoding, row.Content) == row.Hash, Quarantined: row.Quarantined, Entries: entriesOf(entries),
	}
	if _, err := watch.Read(&row); err != nil {
		e.Unreadable = err.Error()
	}
	return e, nil
}

func printStoredEvent(o *output, e *shownEvent) {
	o.facts(fmt.Sprintf("Event %d of %s", e.Number, e.Merchant),
		[2]string{"kind", strconv.Quote(e.Kind)},
		[2]string{"claim", e.Claim},
		[2]string{"recorded", o.when(timestamppb.New(e.RecordedAt))},
		[2]string{"encoding", fmt.Sprint(e.Encoding)},
		[2]string{"hash", e.Hash},
		[2]string{"follows from the event before", o.verdict(e.Chained, "yes", "no: content, encoding or hash are not as they were sealed")},
		[2]string{"can be read", o.verdict(e.Unreadable == "", "yes", "no: "+e.Unreadable)},
		[2]string{"quarantined", o.verdict(!e.Quarantined, "no", "yes")},
		[2]string{"content", e.Content},
	)
	if len(e.Entries) > 0 {
		printEntries(o, "Quarantine", e.Entries)
	}
}

// newEventQuarantine makes the command that quarantines an event, or the one that gives
// it back.
func newEventQuarantine(quarantined bool) *cobra.Command {
	var s stored
	var cause, author string
	done, standing := "is released", "is not quarantined"
	cmd := &cobra.Command{
		Use:   "release MERCHANT NUMBER",
		Short: "Give a quarantined event back to its readers",
		Long: "Give a quarantined event back to its readers. Watches and streams have passed it: they get it when they start again\n" +
			"before it, or by a replay of the relay. A webhook gets it by RedeliverEvent, unless a delivery is still due.\n" +
			"A reader that cannot read it quarantines it again.",
		Args: cobra.ExactArgs(2),
	}
	if quarantined {
		done, standing = "is quarantined", "is quarantined already"
		cmd.Use, cmd.Short = "quarantine MERCHANT NUMBER", "Give readers no more of an event than that it exists"
		cmd.Long = "Give readers no more of an event than that it exists, from now on. The stored event is not changed, and readers that\n" +
			"have it already keep it."
	}
	s.command(cmd, func(ctx context.Context, db *postgres.DB, args []string) error {
		k, err := numbered(args)
		if err != nil {
			return err
		}
		if cause == "" || author == "" {
			return usageError{errors.New("--cause (TENFOLD_CAUSE) and --author (TENFOLD_AUTHOR) must both be set: they are recorded with the event")}
		}
		added, err := db.AddQuarantine(ctx, &postgres.Quarantine{
			MerchantID: k.MerchantID, EventNumber: k.Number, Quarantined: quarantined, Cause: cause, Author: author,
			RecordedAt: time.Now().UTC().Truncate(time.Microsecond),
		})
		if err != nil {
			return err
		}
		e, err := storedEvent(ctx, db, k)
		if err != nil {
			return err
		}
		return show(&s.out, e, func(o *output, e *shownEvent) {
			state := done
			if !added {
				state = standing
			}
			fmt.Fprintf(o.w, "event %d of %s %s\n", e.Number, e.Merchant, state)
		})
	})
	f := cmd.Flags()
	f.StringVar(&cause, "cause", "", "why, in words")
	f.StringVar(&author, "author", "", "the person who decides it")
	return cmd
}
