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

// Would catch a catalog that was read before a change and replaces the one that shows
// the change.
func TestOlderCatalogReplacesNoNewerOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.admin()
	for _, id := range []string{"lab-1", "lab-2", "lab-3", "lab-4", "lab-5", "lab-6", "lab-7", "lab-8"} {
		// The calendar is read last: a reader that waits for it has read the authenticators.
		lock := admin.MustBegin()
		lock.MustExec(`LOCK TABLE calendar_days`)
		older := make(chan error, 1)
		go func() { older <- f.engine.ReloadCatalog(t.Context()) }()
		f.waiter()
		newer := make(chan error, 1)
		h := f.request("", "RegisterAuthenticator")
		go func() {
			_, err := f.engine.RegisterAuthenticator(t.Context(), h, claim.Authenticator{ID: id, Kind: claim.AccreditedLab, DisplayName: id})
			newer <- err
		}()
		for stored := false; !stored; {
			f.must(admin.Get(&stored, `SELECT EXISTS (SELECT FROM authenticators WHERE authenticator_id = $1)`, id))
		}
		f.must(lock.Rollback())
		f.must(<-older)
		f.must(<-newer)
		if _, err := f.engine.Catalog().Authenticator(id); err != nil {
			t.Errorf("what was registered here is not known here: %v", err)
		}
	}
}

// Would catch a change of the catalog that is said not to have happened, because the
// database was lost between its commit and the next read.
func TestChangeOfTheCatalogBeforeALostReadIsNotRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.admin()
	lock := admin.MustBegin()
	lock.MustExec(`LOCK TABLE policy_versions`) // The catalog begins with them.
	h := f.request("", "RegisterAuthenticator")
	register := func() (bool, error) {
		return f.engine.RegisterAuthenticator(t.Context(), h, claim.Authenticator{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"})
	}
	answered := make(chan error, 1)
	go func() {
		_, err := register()
		answered <- err
	}()
	var err error
	for waits := true; waits; { // The pool tries a statement that only reads again.
		select {
		case err = <-answered:
			waits = false
		default:
			admin.MustExec(`
				SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock' AND usename = 'tenfold_app'`)
		}
	}
	f.must(lock.Rollback())
	if n := f.rows(`SELECT count(*) FROM authenticators`); n != 1 || !errors.Is(err, fault.OutcomeUnknown) {
		t.Errorf("%d authenticators are registered, and the answer is %v", n, err)
	}
	if replayed, err := register(); err != nil || !replayed {
		t.Errorf("the same request again: replayed %v, %v", replayed, err)
	}
}
