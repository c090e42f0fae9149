package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
)

// ReloadCatalog reads policies and calendar afresh.
func (e *Engine) ReloadCatalog(ctx context.Context) error {
	if err := e.reloads.begin(ctx); err != nil {
		return err
	}
	defer e.reloads.end()
	return e.readCatalog(ctx)
}

func (e *Engine) readCatalog(ctx context.Context) error {
	versions, err := e.db.PolicyVersions(ctx)
	if err != nil {
		return fmt.Errorf("read policies: %w", err)
	}
	rules, err := e.db.DecisionRules(ctx)
	if err != nil {
		return fmt.Errorf("read decision rules: %w", err)
	}
	days, err := e.db.CalendarDays(ctx)
	if err != nil {
		return fmt.Errorf("read calendar: %w", err)
	}
	e.catalog.Store(book.NewCatalog(versions, rules, calendar.New(days)))
	return nil
}

// catalogPause is the shortest time between two reads of the catalog on behalf of
// callers. Without it each call could read the whole catalog. A change by another
// replica shows to callers that much later at most.
const catalogPause = time.Second

// reloads are the reads of the catalog: one after the other, so that none replaces what
// a later one has found.
type reloads struct {
	// one is held by whoever reads.
	one chan struct{}
	// lists is the time of the last read for a list.
	lists time.Time
}

// begin waits until nobody else reads.
func (r *reloads) begin(ctx context.Context) error {
	select {
	case r.one <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *reloads) end() { <-r.one }

// reload reads the catalog afresh, unless less than catalogPause has passed since the last
// read for a list.
func (e *Engine) reload(ctx context.Context) error {
	if err := e.reloads.begin(ctx); err != nil {
		return err
	}
	defer e.reloads.end()
	now := e.Now()
	if now.Sub(e.reloads.lists).Abs() < catalogPause {
		return nil
	}
	if err := e.readCatalog(ctx); err != nil {
		return err
	}
	e.reloads.lists = now
	return nil
}

// RecentCatalog gives the catalog for lists. It holds every change by this server,
// and every change by others that is older than catalogPause.
func (e *Engine) RecentCatalog(ctx context.Context) (*book.Catalog, error) {
	err := e.reload(ctx)
	return e.Catalog(), err
}
