package accesslog_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fixture is a log over a database of its own.
type fixture struct {
	t   *testing.T
	db  *postgres.DB
	log *accesslog.Log
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	db, err := postgres.Open(pgtest.New(t).AppURL, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &fixture{t: t, db: db, log: accesslog.New(db, slog.New(slog.DiscardHandler))}
}

func (f *fixture) flush() {
	f.t.Helper()
	if err := f.log.Flush(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// stored lists what is kept, the newest first.
func (f *fixture) stored() []postgres.AccessRefusal {
	f.t.Helper()
	rows, err := f.db.Reader().Refusals(f.t.Context(), postgres.RefusalQuery{
		Before: postgres.RefusalCursor{RefusedAt: start.AddDate(1, 0, 0)},
	}, 1<<20)
	if err != nil {
		f.t.Fatal(err)
	}
	return rows
}

func denied(workload string) postgres.AccessAttempt {
	return postgres.AccessAttempt{Method: "ClaimService/FileClaim", Reason: "ACCESS_DENIED", Workload: workload, Role: "auditor", Person: "p1"}
}

// Would catch an attempt that is lost, counted twice, or told of another caller,
// by several callers at once.
func TestLikeAttemptsAreOneRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const callers, attempts = 8, 100
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			for range attempts {
				f.log.Record(start, denied(fmt.Sprintf("w%d", i%2)))
			}
		})
	}
	running.Wait()
	f.flush()
	f.log.Record(start.Add(time.Second), denied("w0"))
	f.flush()
	f.flush()
	rows := f.stored()
	if len(rows) != 3 || rows[0].Attempts != 1 || rows[0].AccessAttempt != denied("w0") || !rows[0].RefusedAt.Equal(start.Add(time.Second)) {
		t.Fatalf("%+v", rows)
	}
	for _, r := range rows[1:] {
		if r.Attempts != callers/2*attempts || r.Role != "auditor" || r.Person != "p1" || !r.RefusedAt.Equal(start) {
			t.Errorf("%+v", r)
		}
	}
}

// Would catch a flood that takes the memory or the disk, drops that nobody
// counts, and texts that the table does not take, by which a whole batch would
// be lost.
func TestFloodIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const flood = 5000
	for i := range flood {
		f.log.Record(start, postgres.AccessAttempt{
			Method: "Nowhere/" + strings.Repeat("x", 500), Reason: "CLAIM_NOT_FOUND", Target: fmt.Sprintf("%d%s", i, strings.Repeat("y", 500)),
		})
	}
	f.flush()
	kept := int64(len(f.stored()))
	if kept == 0 || kept > 1024 || kept+f.log.Dropped() != flood {
		t.Errorf("%d kept and %d dropped of %d", kept, f.log.Dropped(), flood)
	}
}

// Would catch attempts that are lost when the database is away for a while, or
// when the server stops.
func TestAttemptsOutliveAnOutage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.log.Record(start, denied("w1"))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.log.Flush(gone); err == nil {
		t.Fatal("nothing tells of the outage")
	}
	f.log.Record(start.Add(time.Minute), denied("w1"))
	f.log.Record(start.Add(time.Minute), denied("w2"))
	if err := f.log.Flush(gone); err == nil {
		t.Fatal("nothing tells of the outage")
	}
	f.log.Run(gone) // Writes once more at its end.
	rows := f.stored()
	if len(rows) != 2 || rows[0].AccessAttempt != denied("w2") || rows[1].AccessAttempt != denied("w1") || rows[1].Attempts != 2 || !rows[1].RefusedAt.Equal(start) {
		t.Errorf("%+v", rows)
	}
}

// Would catch a flood by one caller that takes the room of others, proved or not,
// also when what could not be written is put back, and drops whose reason is lost.
func TestFloodLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const flood = 5000
	flooding := func() {
		for i := range flood {
			attempt := denied("loud")
			attempt.Target = fmt.Sprint(i)
			f.log.Record(start, attempt)
			f.log.Record(start, postgres.AccessAttempt{Method: "ClaimService/FileClaim", Reason: "UNAUTHENTICATED", Target: fmt.Sprint(i)})
		}
	}
	flooding()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.log.Flush(gone); err == nil {
		t.Fatal("nothing tells of the outage")
	}
	f.log.Record(start, denied("quiet"))
	f.flush()
	kept := make(map[string]int64)
	for _, r := range f.stored() {
		kept[r.Workload]++
	}
	dropped := f.log.DroppedByReason()
	if kept["quiet"] != 1 || kept["loud"] == 0 || kept["loud"]+dropped["ACCESS_DENIED"] != flood {
		t.Errorf("kept %v, dropped %v", kept, dropped)
	}
	if kept[""] == 0 || kept[""]+dropped["UNAUTHENTICATED"] != flood {
		t.Errorf("kept %v, dropped %v", kept, dropped)
	}
	flooding()
	f.log.Record(start, denied("late"))
	f.flush()
	if rows := f.stored(); !slices.ContainsFunc(rows, func(r postgres.AccessRefusal) bool { return r.Workload == "late" }) {
		t.Error("a share that was written is not given back, or the flood took the room")
	}
}
