package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// commits is how many transactions have written events.
func (f *fixture) commits() int {
	f.t.Helper()
	return f.rows(`SELECT count(DISTINCT transaction_id::text) FROM events`)
}

// poison is a command that panics as soon as it names its needs: there is none in it.
type poison struct{ *book.AddEvidence }

func (poison) Cover(*request.Digest) {}
func (poison) DigestVersion() int64  { return request.FirstVersion }

// Would catch a command that panics while it names its needs and ends the process, is
// told to its neighbours as their failure, or has the batch run again without it.
func TestPanicOfOneCommandIsAnsweredByItself(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	before := f.commits()
	answers := f.engine.Together(
		engine.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", "a", 1, 10_000), 1))},
		engine.Asked{Header: f.request("m1", "Poison"), Of: poison{}},
		engine.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", "b", 1, 10_000), 1))},
		engine.Asked{Header: f.request("m2", "FileClaim"), Of: new(filing(line("m2", "a", 1, 10_000), 1))},
	)
	for i, a := range answers {
		if (a.Err != nil) != (i == 1) {
			t.Errorf("command %d was answered %v", i, a.Err)
		}
	}
	if n := f.commits() - before; n != 1 {
		t.Errorf("the batch was committed in %d parts", n)
	}
	preview := f.request("m1", "Poison")
	preview.ValidateOnly = true
	for _, h := range []request.Header{f.request("m1", "Poison"), f.request("nobody", "Poison"), preview} {
		if _, err := f.engine.Do(t.Context(), h, poison{}); err == nil || !strings.Contains(err.Error(), "name needs of Poison") {
			t.Errorf("sent alone: %v", err)
		}
	}
	f.audited()
}

// moody is a caller's context that panics once its mood is gone, wherever the lane looks
// at it.
type moody struct {
	context.Context
	looks atomic.Int64
}

func (m *moody) Err() error {
	if m.looks.Add(-1) < 0 {
		panic("moody")
	}
	return m.Context.Err()
}

// Would catch a panic in the lane itself, beside all commands, that ends the process,
// leaves callers without an answer, loses a command or carries one out twice.
func TestLaneOutlivesItsOwnPanics(t *testing.T) {
	t.Parallel()
	for looks := range int64(3) {
		t.Run(fmt.Sprint(looks), func(t *testing.T) {
			t.Parallel()
			f := twoBooks(t)
			config := engine.Defaults()
			config.Lanes, config.Ahead, config.Half = 1, 2, 2
			_, e := f.replica(config)
			const commands = 60
			var running sync.WaitGroup
			for n := range commands {
				cmd := new(filing(line("m1", fmt.Sprint("l", n), 1, 10_000), 1))
				h := f.request("m1", "FileClaim")
				running.Go(func() {
					if n%20 != 10 {
						if _, err := e.Do(t.Context(), h, cmd); err != nil {
							t.Errorf("a neighbour was answered %v", err)
						}
						return
					}
					m := &moody{Context: t.Context()}
					m.looks.Store(looks)
					_, err := e.Do(m, h, cmd)
					var unknown *fault.Unknown
					if err != nil && !errors.As(err, &unknown) {
						t.Errorf("the caller was answered %v", err)
					}
					// The same request finds out, or is carried out now.
					if _, err := e.Do(t.Context(), h, cmd); err != nil {
						t.Errorf("sent again: %v", err)
					}
				})
			}
			running.Wait()
			if n := f.rows(`SELECT count(*) FROM claims`); n != commands {
				t.Errorf("%d claims are filed, want %d", n, commands)
			}
			f.audited()
		})
	}
}

// Would catch a listener that panics and takes the lane with it, or the answers of
// commands that are committed.
func TestLaneOutlivesItsListeners(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	pg, err := postgres.Open(f.db.AppURL, 16)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), pg, f.clock.Now, engine.Defaults(), engine.Hooks{
		Payouts: func([]payout.Payout) { panic("payouts") }, Commit: func() { panic("commit") },
		Observer: &engine.Observer{Clock: f.clock.Now, Batch: func(engine.Batch) { panic("batch") }},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(); _ = pg.Close() })
	var running sync.WaitGroup
	for n := range 20 {
		h := f.request("m1", "FileClaim")
		running.Go(func() {
			if _, err := e.Do(t.Context(), h, new(filing(line("m1", fmt.Sprint("l", n), 1, 10_000), 1))); err != nil {
				t.Errorf("answered %v", err)
			}
		})
	}
	running.Wait()
	f.audited()
}
