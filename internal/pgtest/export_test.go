package pgtest

import (
	"context"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
)

// BareServer starts a server without any of our databases but one.
func BareServer(t *testing.T) (adminURL string) {
	t.Helper()
	s, err := embedpg.Start(t.Context(), embedpg.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s.AdminURL()
}

// CloneAndDrop is what one test costs.
func CloneAndDrop(ctx context.Context) error {
	s, err := theServer()
	if err != nil {
		return err
	}
	db, err := s.clone(ctx)
	if err != nil {
		return err
	}
	return s.drop(ctx, db.Name)
}
