package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// auditConfig holds the settings of an audit.
type auditConfig struct {
	databaseURL string
	merchant    string
	since       string
	workers     int
	out         output
}

// auditWorkersMax bounds the books that are audited at a time: each takes a connection.
const auditWorkersMax = 64

func newAudit() *cobra.Command {
	var c auditConfig
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Prove the books of a live database from their rows",
		Long: "Prove the books of a live database from their rows, and list every discrepancy. The audit reads, each book\n" +
			"on one snapshot, while the servers go on, and changes no book. docs/audit.md says what it proves. An audit of all\n" +
			"books is recorded, so that the checklist of a month sees it; a role that may only read cannot record it. It exits\n" +
			"with 3 if it found a discrepancy.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&c.databaseURL, "database-url", "", "connection URL of the role tenfold_app, or of another role that may read all tables")
	f.StringVar(&c.merchant, "merchant", "", "audit the book of this merchant alone")
	f.StringVar(&c.since, "since", "", "audit only the books that have changed since this time in RFC 3339, or in this last duration such as 24h")
	f.IntVar(&c.workers, "audit-workers", 2, "number of books that are audited at the same time")
	c.out.flag(cmd)
	return cmd
}

// options turns the settings into those of the audit.
func (c *auditConfig) options(now time.Time) (audit.Options, error) {
	o := audit.Options{MerchantID: c.merchant, Workers: c.workers}
	if c.databaseURL == "" {
		return o, errors.New("--database-url (TENFOLD_DATABASE_URL) is missing; it names the database to audit")
	}
	if c.workers < 1 || c.workers > auditWorkersMax {
		return o, fmt.Errorf("--audit-workers (TENFOLD_AUDIT_WORKERS) must be between 1 and %d, not %d", auditWorkersMax, c.workers)
	}
	if c.since == "" {
		return o, nil
	}
	if last, err := time.ParseDuration(c.since); err == nil && last > 0 {
		o.Since = now.Add(-last)
		return o, nil
	}
	var err error
	if o.Since, err = time.Parse(time.RFC3339, c.since); err != nil {
		return o, fmt.Errorf("--since (TENFOLD_SINCE) must be a time in RFC 3339 or a duration, not %q", c.since)
	}
	return o, nil
}

// audited is the answer of an audit for programs.
type audited struct {
	Books         int           `json:"books"`
	Discrepancies []discrepancy `json:"discrepancies"`
	// Cut says that there were so many discrepancies that the audit stopped early.
	Cut bool `json:"cut"`
	// Recorded says that the run was recorded for the checklists of months.
	Recorded bool `json:"recorded"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
}

type discrepancy struct {
	Merchant string `json:"merchant"`
	Class    string `json:"class"`
	Subject  string `json:"subject"`
	Detail   string `json:"detail"`
}

func (c *auditConfig) run(cmd *cobra.Command) error {
	if err := c.out.to(cmd); err != nil {
		return err
	}
	begun := time.Now()
	o, err := c.options(begun)
	if err != nil {
		return usageError{err}
	}
	db, err := postgres.OpenWithin(c.databaseURL, c.workers+1, postgres.AnswerMaxAudit)
	if err != nil {
		return usageError{fmt.Errorf("--database-url (TENFOLD_DATABASE_URL): %w", err)}
	}
	defer func() { _ = db.Close() }() // Nothing was written.
	if err := db.CheckSchema(cmd.Context()); err != nil {
		return err
	}
	bar := newProgress(cmd.ErrOrStderr())
	o.Progress = func(done, total int) { bar.show("auditing books", done, total) }
	r, err := audit.Run(cmd.Context(), db, o)
	bar.done()
	if err != nil {
		return err
	}
	recorded := false
	if o.MerchantID == "" && o.Since.IsZero() {
		if err := record(cmd.Context(), db, begun, &r); err != nil {
			cmd.PrintErrf("the run is not recorded, and the checklist of a month does not see it: %v\n", err)
		} else {
			recorded = true
		}
	}
	if err := c.show(&r, time.Since(begun), recorded); err != nil {
		return err
	}
	if len(r.Discrepancies) > 0 {
		return errMismatch
	}
	return nil
}

// record keeps that an audit of all books ran, at the time by the clock of the books: that of a
// sandbox shows another one.
func record(ctx context.Context, db *postgres.DB, begun time.Time, r *audit.Report) error {
	clock, kept, err := db.SandboxClock(ctx)
	if err != nil {
		return err
	}
	if kept {
		begun = clock.Shows
	}
	_, err = audit.Keep(ctx, db, begun, r)
	return err
}

// show writes what an audit found.
func (c *auditConfig) show(r *audit.Report, took time.Duration, recorded bool) error {
	if c.out.isJSON() {
		a := audited{Books: r.Books, Cut: r.Cut, Seconds: took.Seconds(), Recorded: recorded, Discrepancies: []discrepancy{}}
		for _, d := range r.Discrepancies {
			a.Discrepancies = append(a.Discrepancies, discrepancy{d.MerchantID, string(d.Class), d.Subject, d.Detail})
		}
		return c.out.json(a)
	}
	if len(r.Discrepancies) > 0 {
		t := c.out.newTable("Discrepancies", column{title: "merchant"}, column{title: "class"}, column{title: "subject"}, column{title: "detail"})
		for _, d := range r.Discrepancies {
			t.AppendRow([]any{d.MerchantID, d.Class, d.Subject, d.Detail})
		}
		c.out.render(t)
	}
	more := ""
	if r.Cut {
		more = " or more; the audit stopped"
	}
	fmt.Fprintf(c.out.w, "%d books audited in %s: %d discrepancies%s\n", r.Books, took.Round(time.Millisecond), len(r.Discrepancies), more)
	return nil
}
