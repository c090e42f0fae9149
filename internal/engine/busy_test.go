package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// occupy locks a book as another replica would, until release is called.
func (f *fixture) occupy(merchant string) (release func()) {
	f.t.Helper()
	tx, err := f.db.Open(f.t).BeginTx(context.WithoutCancel(f.t.Context()), &sql.TxOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := tx.ExecContext(f.t.Context(), `UPDATE books SET version = version WHERE merchant_id = $1`, merchant); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = tx.Rollback() })
	return func() { _ = tx.Rollback() }
}

// waiter gives the backend of the engine that waits for a lock, once there is one.
func (f *fixture) waiter() (pid int) {
	f.t.Helper()
	admin := f.admin()
	for pid == 0 {
		err := admin.GetContext(f.t.Context(), &pid, `
			SELECT coalesce(min(pid), 0) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND usename = 'tenfold_app'`)
		if err != nil {
			f.t.Fatal(err)
		}
	}
	return pid
}

// oneLane is an engine whose books share one lane.
func oneLane(t *testing.T, change func(*engine.Config)) (*fixture, *engine.Engine) {
	t.Helper()
	f := newFixture(t)
	for _, m := range []string{"m1", "m2", "m3"} {
		f.open(m, 0)
	}
	config := engine.Defaults()
	config.Lanes = 1
	change(&config)
	_, e := f.replica(config)
	return f, e
}

func (f *fixture) filesOn(e *engine.Engine, merchant, lineID string) <-chan error {
	h, done := f.request(merchant, "FileClaim"), make(chan error, 1)
	go func() {
		_, err := e.Do(context.WithoutCancel(f.t.Context()), h, new(filing(line(merchant, lineID, 1, 10_000), 1)))
		done <- err
	}()
	return done
}

// Would catch a lane that stands still for one busy book: the others must be
// answered while it is locked, and it must be answered once it is free.
func TestBusyBookDoesNotStallItsLane(t *testing.T) {
	t.Parallel()
	f, e := oneLane(t, func(*engine.Config) {})
	release := f.occupy("m1")
	busy := f.filesOn(e, "m1", "l1")
	f.waiter()
	var others []<-chan error
	for n := range 3 {
		for _, m := range []string{"m2", "m3"} {
			others = append(others, f.filesOn(e, m, fmt.Sprintf("l%d", n)))
		}
	}
	for _, done := range others {
		f.must(<-done)
	}
	select {
	case err := <-busy:
		t.Fatalf("answered while the book was locked: %v", err)
	default:
	}
	release()
	f.must(<-busy)
	f.audited()
}

// Would catch a caller who waits without end for a book that never becomes
// free, and one who is told something else than to come back.
func TestBookThatStaysBusyIsGivenUp(t *testing.T) {
	t.Parallel()
	f, e := oneLane(t, func(*engine.Config) {})
	release := f.occupy("m1")
	err := <-f.filesOn(e, "m1", "l1")
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.TransactionContended || refusal.RetryAfter <= 0 {
		t.Fatalf("given up with %v", err)
	}
	release()
	f.must(<-f.filesOn(e, "m1", "l1"))
	f.audited()
}

// Would catch a queue that grows without bound, and a refusal that does not say
// when to come back.
func TestFullQueueRefuses(t *testing.T) {
	t.Parallel()
	f, e := oneLane(t, func(c *engine.Config) { c.QueueMax, c.BatchMax = 1, 1 })
	release := f.occupy("m1")
	asked := []<-chan error{f.filesOn(e, "m1", "l0")}
	f.waiter() // The lane is taken; one more is decided ahead, and one fits into the queue.
	const beyond = 16
	for n := range beyond {
		asked = append(asked, f.filesOn(e, "m2", fmt.Sprintf("l%d", n)))
	}
	release()
	full := 0
	for _, done := range asked {
		err := <-done
		if err == nil {
			continue
		}
		refusal, ok := fault.As(err)
		if !ok || refusal.Reason != fault.QueueFull || refusal.RetryAfter <= 0 {
			t.Errorf("answered %v", err)
		}
		full++
	}
	if full == 0 {
		t.Error("nothing was refused")
	}
	f.audited()
}

// Would catch a command that is lost when its caller gives up: sent again, it
// is answered from its stored outcome, or carried out then.
func TestCallerWhoGaveUpFindsTheOutcome(t *testing.T) {
	t.Parallel()
	f, e := oneLane(t, func(*engine.Config) {})
	release := f.occupy("m1")
	h := f.request("m1", "FileClaim")
	cmd := filing(line("m1", "l1", 1, 10_000), 1)
	ctx, giveUp := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { gone <- errorOf(e.Do(ctx, h, &cmd)) }()
	f.waiter()
	giveUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("given up with %v", err)
	}
	release()
	o, err := e.Do(t.Context(), h, &cmd)
	f.must(err)
	if n := f.rows(`SELECT count(*) FROM claims WHERE merchant_id = 'm1'`); n != 1 || o.ClaimID == "" {
		t.Fatalf("%d claims, outcome %+v", n, o)
	}
	f.audited()
}
