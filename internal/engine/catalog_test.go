package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a catalog that is read whole for each page of a list, and one that never
// shows what another replica changed.
func TestCatalogIsReadAtMostOnceASecondForCallers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, other := f.replica(engine.Defaults())
	listed := func(day calendar.Day) bool {
		t.Helper()
		c, err := f.engine.RecentCatalog(t.Context())
		f.must(err)
		return !c.Calendar.IsWorking(day.Date)
	}
	set := func(dayOfMonth int) calendar.Day {
		t.Helper()
		day := offDay(3, dayOfMonth, calendar.Holiday)
		_, err := other.SetCalendarDays(t.Context(), f.request("", "SetCalendarDays"), []calendar.Day{day})
		f.must(err)
		return day
	}

	if !listed(set(4)) {
		t.Error("the first list does not show what another replica changed")
	}
	later := set(5)
	if listed(later) {
		t.Error("the catalog was read twice in one second to be listed")
	}
	f.clock.Move(time.Second)
	if !listed(later) {
		t.Error("a list does not show a second later what another replica changed")
	}
}

// Would catch a catalog that was read before a change and replaces the one that shows
// the change.
func TestOlderCatalogReplacesNoNewerOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.admin()
	v := booktest.InWorkingDays()
	for range 8 {
		// The calendar is read last: a reader that waits for it has read the policies.
		lock := admin.MustBegin()
		lock.MustExec(`LOCK TABLE calendar_days`)
		older := make(chan error, 1)
		go func() { older <- f.engine.ReloadCatalog(t.Context()) }()
		f.waiter()
		newer := make(chan error, 1)
		h, published := f.request("", "PublishPolicyVersion"), v
		go func() {
			_, err := f.engine.PublishPolicyVersion(t.Context(), h, published)
			newer <- err
		}()
		for stored := false; !stored; {
			f.must(admin.Get(&stored, `SELECT EXISTS (SELECT FROM policy_versions WHERE policy_id = $1 AND version = $2)`, v.PolicyID, v.Number))
		}
		f.must(lock.Rollback())
		f.must(<-older)
		f.must(<-newer)
		if _, known := f.engine.Catalog().Policy(v.PolicyID, v.Number); !known {
			t.Errorf("version %d was published here and is not known here", v.Number)
		}
		v.Number, v.EffectiveFrom = v.Number+1, v.EffectiveFrom.Add(time.Hour)
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
	h := f.request("", "SetCalendarDays")
	change := func() (bool, error) {
		return f.engine.SetCalendarDays(t.Context(), h, []calendar.Day{offDay(3, 4, calendar.Holiday)})
	}
	answered := make(chan error, 1)
	go func() {
		_, err := change()
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
	if n := f.rows(`SELECT count(*) FROM calendar_days WHERE day = '2026-03-04'`); n != 1 || !errors.Is(err, fault.OutcomeUnknown) {
		t.Errorf("%d words on the day are kept, and the answer is %v", n, err)
	}
	if replayed, err := change(); err != nil || !replayed {
		t.Errorf("the same request again: replayed %v, %v", replayed, err)
	}
}
