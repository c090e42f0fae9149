package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a way into a closed engine on which a caller waits for ever, or is told
// something other than to come back.
func TestClosedEngineRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	_, e := f.replica(engine.Defaults())
	e.Close()
	preview := f.request("m1", "FileClaim")
	preview.ValidateOnly = true
	filing := new(filing(line("m1", "l1", 1, 10_000), 1))
	// A caller whose context never ends, as a worker's.
	ctx := context.WithoutCancel(t.Context())
	for name, enter := range map[string]func() error{
		"command": func() error { _, err := e.Do(ctx, f.request("m1", "FileClaim"), filing); return err },
		"preview": func() error { _, err := e.Do(ctx, preview, filing); return err },
		"reservation": func() error {
			_, _, err := e.Reserve(ctx, postgres.Reservation{Kind: book.OutNumber, Reference: "t1", MerchantID: "m1", Holder: "h"})
			return err
		},
	} {
		if err := enter(); !errors.Is(err, fault.DatabaseUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
