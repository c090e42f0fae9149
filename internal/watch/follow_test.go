package watch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/testseed"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// Would catch a gap, a double or a wrong order on a watch that is broken off at
// random and resumed at either of two replicas, while commands of several books
// go on; with a hub that can keep up, and with one that cannot and leaves its
// followers to read on their own.
func TestWatchResumesAnywhere(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*watch.Config){
		"in steps": func(*watch.Config) {},
		"in leaps": func(c *watch.Config) { c.StepMax = 3 },
		"in haste": func(c *watch.Config) { c.QueueMax = 64; c.Gap = 30 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := bounds()
			change(&config)
			f := newFixture(t, config)
			hubs := []*watch.Hub{f.hub, f.replica(config)}
			merchants := []string{"a", "b-1", "b", "b_1", "c"}
			f.open(merchants...)
			seed := testseed.New(t)
			var writing sync.WaitGroup
			for i := range 4 {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				writing.Go(func() {
					for range 100 {
						f.topUp(merchants[r.IntN(len(merchants))])
					}
				})
			}
			done := make(chan struct{})
			go func() { writing.Wait(); close(done) }()
			r, whole := rand.New(rand.NewPCG(seed, 99)), newRecord(t)
			one, oneQuery := newRecord(t), watch.Query{MerchantID: "b", Start: watch.FromBeginning, Heartbeat: time.Second}
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
				}
				for _, w := range []struct {
					q watch.Query
					r *record
				}{{all(), whole}, {oneQuery, one}} {
					stop := r.IntN(4)
					f.until(hubs[r.IntN(len(hubs))], w.q, w.r, func() bool { stop--; return stop < 0 })
				}
			}
			heads := f.heads()
			f.until(f.hub, all(), whole, func() bool { return whole.has(heads) })
			f.until(f.hub, oneQuery, one, func() bool { return one.has(map[string]int64{"b": heads["b"]}) })
			if want := 5 + 400; whole.total != want {
				t.Errorf("%d events came, want %d", whole.total, want)
			}
		})
	}
}

// Would catch an event that is lost because its transaction began before others
// and ended after them, or a watch that stands still as long as it is open.
func TestLateTransactionsAreNeitherLostNorWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	f.open("a", "late")
	tx := f.admin().MustBegin()
	tx.MustExec(`
		INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash)
		SELECT merchant_id, 2, kind, recorded_at, encoding, content, hash FROM events WHERE merchant_id = 'late'`)
	tx.MustExec(`UPDATE books SET event_number = 2 WHERE merchant_id = 'late'`)
	whole := newRecord(t)
	for range 3 {
		f.topUp("a")
		heads := f.heads()
		f.until(f.hub, all(), whole, func() bool { return whole.has(heads) })
	}
	live, fresh := newRecord(t), newRecord(t)
	f.until(f.hub, all(), live, func() bool {
		if live.next["late"] == 2 && live.beats == 1 {
			// The watch has caught up; now the late one ends under it.
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
			f.topUp("a")
		}
		return live.has(map[string]int64{"a": 5, "late": 2})
	})
	f.until(f.hub, all(), whole, func() bool { return whole.has(map[string]int64{"a": 5, "late": 2}) })
	f.until(f.replica(bounds()), all(), fresh, func() bool { return fresh.has(map[string]int64{"a": 5, "late": 2}) })
	for _, r := range []*record{whole, live, fresh} {
		if r.total != 7 {
			t.Errorf("%d events came, want 7", r.total)
		}
	}
}

// Would catch a transaction that shows events of a book before those it follows:
// the one that began first locks its second book last.
func TestBooksStayInOrderAcrossTransactions(t *testing.T) {
	t.Parallel()
	config := bounds()
	config.StepMax = 2 // Everything is read book by book.
	f := newFixture(t, config)
	f.open("a", "b")
	db := f.admin()
	insert := func(merchant string, number int) string {
		return fmt.Sprintf(`INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash)
			SELECT merchant_id, %d, kind, recorded_at, encoding, content, hash FROM events WHERE merchant_id = '%s' AND event_number = 1`, number, merchant)
	}
	first, second := db.MustBegin(), db.MustBegin()
	first.MustExec(insert("a", 2))
	second.MustExec(insert("b", 2))
	if err := second.Commit(); err != nil {
		t.Fatal(err)
	}
	whole := newRecord(t)
	f.until(f.hub, all(), whole, func() bool { return whole.has(map[string]int64{"a": 1, "b": 2}) })
	first.MustExec(insert("b", 3))
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	fresh := newRecord(t)
	f.until(f.hub, all(), whole, func() bool { return whole.has(map[string]int64{"a": 2, "b": 3}) })
	f.until(f.hub, all(), fresh, func() bool { return fresh.has(map[string]int64{"a": 2, "b": 3}) })
}

// Would catch a reader that does not keep up and is kept for ever, or that loses
// events when it comes back.
func TestSlowReaderIsCutOffAndResumes(t *testing.T) {
	t.Parallel()
	config := bounds()
	config.QueueMax = 8
	f := newFixture(t, config)
	f.open("a")
	for _, q := range []watch.Query{all(), {MerchantID: "a", Start: watch.FromBeginning, Heartbeat: time.Second}} {
		r := newRecord(t)
		stuck, stop := make(chan struct{}), make(chan struct{})
		cut := make(chan error, 1)
		go func() {
			cut <- f.hub.Follow(context.Background(), q, "", func(d *watch.Delivery) error {
				if r.beats > 0 && len(d.Events) > 0 {
					stuck <- struct{}{}
					<-stop
					return errEnough
				}
				r.take(d)
				return nil
			})
		}()
		for waiting := true; waiting; {
			f.topUp("a")
			select {
			case <-stuck:
				waiting = false
			default:
			}
		}
		var err error
		for err == nil {
			f.topUp("a")
			select {
			case err = <-cut:
			default:
			}
		}
		if !errors.Is(err, fault.WatchTooSlow) {
			t.Fatalf("a reader that is stuck ends with %v", err)
		}
		close(stop)
		heads := f.heads()
		f.until(f.hub, q, r, func() bool { return r.has(heads) })
		if int64(r.total) != heads["a"] {
			t.Errorf("%d of %d events came", r.total, heads["a"])
		}
	}
}

// Would catch a reader that occupies a follower and never takes a message.
func TestDeliveryThatTakesTooLongIsCutOff(t *testing.T) {
	t.Parallel()
	config := bounds()
	config.SendMax = time.Millisecond
	f := newFixture(t, config)
	f.open("a")
	stop := make(chan struct{})
	defer close(stop)
	err := f.hub.Follow(t.Context(), all(), "", func(*watch.Delivery) error { <-stop; return nil })
	if !errors.Is(err, fault.WatchTooSlow) {
		t.Errorf("it ends with %v", err)
	}
}

// Would catch a watch that hangs, or goes on as if nothing had happened, when its
// database connections are cut or its server stops.
func TestWatchEndsWithItsDatabaseAndItsServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	f.open("a")
	admin, r := f.admin(), newRecord(t)
	for name, end := range map[string]func(){
		"database": func() {
			admin.MustExec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenfold_app' AND datname = current_database()`)
		},
	} {
		var once sync.Once
		err := f.hub.Follow(t.Context(), all(), r.token, func(d *watch.Delivery) error {
			r.take(d)
			once.Do(end)
			return nil
		})
		if !errors.Is(err, fault.WatchEnded) {
			t.Errorf("%s: it ends with %v", name, err)
		}
	}
	f.topUp("a")
	heads := f.heads()
	f.until(f.replica(bounds()), all(), r, func() bool { return r.has(heads) })
	var once sync.Once
	err := f.hub.Follow(t.Context(), all(), r.token, func(*watch.Delivery) error { once.Do(f.hub.Stop); return nil })
	if !errors.Is(err, fault.WatchEnded) {
		t.Errorf("a stopped server ends it with %v", err)
	}
	if err := f.hub.Follow(t.Context(), all(), "", nil); !errors.Is(err, fault.WatchEnded) {
		t.Errorf("a stopped server begins another with %v", err)
	}
}

// Would catch a server without a bound on those who follow.
func TestFollowersAreBounded(t *testing.T) {
	t.Parallel()
	config := bounds()
	config.FollowersMax = 1
	f := newFixture(t, config)
	f.open("a")
	err := f.hub.Follow(t.Context(), all(), "", func(*watch.Delivery) error {
		return f.hub.Follow(t.Context(), all(), "", nil)
	})
	if !errors.Is(err, fault.WatchersFull) || f.hub.Followers() != 0 {
		t.Errorf("a second one ends with %v, %d left", err, f.hub.Followers())
	}
}
