package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Options say what is audited and how.
type Options struct {
	// MerchantID is whose book alone is audited; empty for all.
	MerchantID string
	// Since leaves out the books that have not changed since then; zero for none.
	Since time.Time
	// Workers is how many books are audited at a time, each on a connection of its own; at
	// least one.
	Workers int
	// Most is how many discrepancies end the audit; zero for a thousand.
	Most int
	// Progress is told how many of how many books are done; nil for nobody. It is called by
	// one goroutine at a time.
	Progress func(done, total int)
}

// Report is what an audit found.
type Report struct {
	// Books is how many books were audited.
	Books int
	// Discrepancies are in the order of the books.
	Discrepancies []Discrepancy
	// Cut says that there were so many that the audit stopped early.
	Cut bool
}

// Check audits every book, each on a snapshot of its own, and returns the
// discrepancies. An error means that it could not check everything.
func Check(ctx context.Context, db *postgres.DB) ([]Discrepancy, error) {
	r, err := Run(ctx, db, Options{})
	return r.Discrepancies, err
}

// Run audits books, each on a snapshot of its own, and with all of them the register of
// authenticators and the closed months. It reads only. An error means that it
// could not check everything; what it found until then is reported with it.
func Run(ctx context.Context, db *postgres.DB, o Options) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.Most == 0 {
		o.Most = discrepanciesMax
	}
	a := &running{db: db, options: o, cancel: cancel}
	ids, err := a.books(ctx)
	if err != nil {
		return a.report, err
	}
	a.total = len(ids)
	queue := make(chan string)
	var workers sync.WaitGroup
	for range max(1, o.Workers) {
		workers.Go(func() {
			for id := range queue {
				a.book(ctx, id)
			}
		})
	}
feed:
	for _, id := range ids {
		select {
		case queue <- id:
		case <-ctx.Done():
			break feed
		}
	}
	close(queue)
	workers.Wait()
	if a.months != nil && a.failed == nil && !a.report.Cut && a.report.Books == a.total {
		a.report.Discrepancies = append(a.months.check(), a.report.Discrepancies...)
	}
	slices.SortStableFunc(a.report.Discrepancies, func(x, y Discrepancy) int { return cmp.Compare(x.MerchantID, y.MerchantID) })
	if a.failed == nil && !a.report.Cut && a.report.Books < a.total {
		a.failed = ctx.Err()
	}
	return a.report, a.failed
}

// running is one audit under way.
type running struct {
	db      *postgres.DB
	options Options
	cancel  context.CancelFunc
	total   int
	// months are proved by the transfers of all books; nil where not all are audited.
	months *months

	mu     sync.Mutex
	report Report
	failed error
}

// books lists the books to audit. A merchant's key is all that is held of each.
func (a *running) books(ctx context.Context) ([]string, error) {
	if a.options.MerchantID != "" {
		return []string{a.options.MerchantID}, nil
	}
	found, err := checkRegister(ctx, a.db, a.options.Most)
	if err != nil {
		return nil, fmt.Errorf("audit the register: %w", err)
	}
	m, ofMonths, err := checkMonths(ctx, a.db)
	if err != nil {
		return nil, fmt.Errorf("audit the closed months: %w", err)
	}
	if a.options.Since.IsZero() {
		a.months = m
	}
	ofRules, err := checkRules(ctx, a.db)
	if err != nil {
		return nil, fmt.Errorf("audit the decision rules: %w", err)
	}
	a.report.Discrepancies = slices.Concat(found, ofMonths, ofRules)
	if a.options.Since.IsZero() {
		missing, err := gone(ctx, a.db)
		if err != nil {
			return nil, err
		}
		a.report.Discrepancies = append(a.report.Discrepancies, missing...)
	}
	var all []string
	for after := ""; ; after = all[len(all)-1] {
		var ids []string
		err := a.db.InAudit(ctx, func(rows *postgres.Audit) (err error) {
			ids, err = rows.MerchantIDs(after, a.options.Since, pageRows)
			return err
		})
		if err != nil || len(ids) == 0 {
			return all, err
		}
		all = append(all, ids...)
	}
}

// book audits one book and adds what it found to the report.
func (a *running) book(ctx context.Context, id string) {
	found, err := checkBook(ctx, a.db, id, a.options.Most, a.months)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Discrepancies = append(a.report.Discrepancies, found...)
	switch {
	case err != nil && (ctx.Err() == nil || a.failed == nil && !a.report.Cut):
		a.failed = fmt.Errorf("audit book %s: %w", id, err)
		a.cancel()
		return
	case err != nil:
		return
	}
	a.report.Books++
	if a.options.Progress != nil {
		a.options.Progress(a.report.Books, a.total)
	}
	if len(a.report.Discrepancies) >= a.options.Most {
		a.report.Cut = true
		a.cancel()
	}
}
