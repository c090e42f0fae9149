package engine

import (
	"context"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
)

// ReloadCatalog reads policies, calendar and authenticators afresh.
func (e *Engine) ReloadCatalog(ctx context.Context) error {
	versions, err := e.db.PolicyVersions(ctx)
	if err != nil {
		return fmt.Errorf("read policies: %w", err)
	}
	known, err := e.db.Authenticators(ctx)
	if err != nil {
		return fmt.Errorf("read authenticators: %w", err)
	}
	days, err := e.db.CalendarDays(ctx)
	if err != nil {
		return fmt.Errorf("read calendar: %w", err)
	}
	e.catalog.Store(book.NewCatalog(versions, calendar.New(days), known))
	return nil
}

// Authenticator gives a registered authenticator. It reads the catalog afresh when
// the id is unknown.
func (e *Engine) Authenticator(ctx context.Context, id string) (claim.Authenticator, error) {
	if a, err := e.Catalog().Authenticator(id); err == nil {
		return a, nil
	}
	if err := e.ReloadCatalog(ctx); err != nil {
		return claim.Authenticator{}, err
	}
	return e.Catalog().Authenticator(id)
}
