package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a catalog that is read whole for each id that somebody makes up, or
// for each page of a list, and one that never shows what another replica registered.
func TestCatalogIsReadAtMostOnceASecondForCallers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, other := f.replica(engine.Defaults())
	known := func(id string) bool {
		t.Helper()
		_, err := f.engine.Authenticator(t.Context(), id)
		if err != nil && !errors.Is(err, fault.AuthenticatorNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	listed := func(id string) bool {
		t.Helper()
		c, err := f.engine.RecentCatalog(t.Context())
		f.must(err)
		_, err = c.Authenticator(id)
		return err == nil
	}
	register := func(id string) {
		t.Helper()
		_, err := other.RegisterAuthenticator(t.Context(), f.request("", "RegisterAuthenticator"), claim.Authenticator{ID: id, Kind: claim.AccreditedLab, DisplayName: id})
		f.must(err)
	}

	register("lab-1")
	if !known("lab-1") {
		t.Error("the first id that is not known here is not looked for")
	}
	register("lab-2")
	if known("lab-2") {
		t.Error("the catalog was read twice in one second for ids that are not known")
	}
	if !listed("lab-2") {
		t.Error("the first list does not show what another replica registered")
	}
	register("lab-3")
	if listed("lab-3") || known("lab-3") {
		t.Error("the catalog was read twice in one second to be listed")
	}
	f.clock.Move(time.Second)
	if !known("lab-3") {
		t.Error("an id is not looked for a second later")
	}
	register("lab-4")
	if !listed("lab-4") {
		t.Error("a list does not show a second later what another replica registered")
	}
}
