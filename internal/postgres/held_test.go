package postgres_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a server that ends because a watch begins a read on a connection that
// another watch gives up at that moment.
func TestHeldConnectionIsClosedWhileItIsRead(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(pgtest.New(t).AppURL, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	const rounds = 200
	for range rounds {
		held, err := db.Hold(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			var once sync.Once
			for {
				_, err := held.Reader().Since(t.Context(), event.Position{}, 1)
				once.Do(func() { close(began) })
				if err == nil {
					continue
				}
				if !errors.Is(err, postgres.ErrUnavailable) {
					t.Errorf("a read on a closed connection: %v", err)
				}
				return
			}
		})
		<-began
		held.Close()
		held.Close() // Giving up twice is giving up.
		reading.Wait()
	}
}
