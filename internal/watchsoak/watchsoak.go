// Package watchsoak kills servers and breaks connections during watches, at random
// and any number of times, while claims are filed. It checks that every watcher
// received every event of its books once, in order and unchanged. The servers are
// separate processes behind one address. Payments are left to package soak.
package watchsoak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Config is the input of a soak.
type Config struct {
	// Binary is the tenfold program; it defaults to the running one.
	Binary string
	// DatabaseURL is the URL of an empty database with the schema, for the engine's
	// role.
	DatabaseURL string
	// Seed is the seed of the choice of servers to kill and of watchers that crash;
	// how these meet the filed claims is not determined by it.
	Seed uint64
	// Kills is the number of times that a server is killed or its connections are
	// broken.
	Kills int
	// Merchants is the number of books. Each book has its own watcher, and Watchers
	// watch all books.
	Merchants int
	Watchers  int
	// Pause is the approximate pause between two disturbances.
	Pause time.Duration
	// Now gives the time.
	Now func() time.Time
	// Progress receives the number of kills so far; it must not block.
	Progress func(done, total int)
	// Log receives the log of the servers.
	Log io.Writer
}

// Defaults are the settings of a full soak.
func Defaults() Config {
	return Config{Kills: 1_000, Merchants: 4, Watchers: 3, Pause: 150 * time.Millisecond}
}

// Check returns an error for settings with which a soak cannot run.
func (c *Config) Check() error {
	if c.Kills < 1 || c.Merchants < 1 || c.Watchers < 1 || c.Pause <= 0 {
		return errors.New("a soak of watches needs at least one kill, one merchant, one watcher, and a pause")
	}
	return nil
}

// Report is the result of a soak.
type Report struct {
	Seed uint64 `json:"seed"`
	// Killed is the number of servers that were killed and restarted. Broken is how
	// often all connections to a server were cut. Begun is how often a watcher
	// began again with a token that it had kept, as after a crash.
	Killed int   `json:"servers_killed"`
	Broken int   `json:"connections_broken"`
	Begun  int64 `json:"watchers_begun_again"`
	// Claims is the number of filed claims, Events the number of events in the
	// books, and Received the number of events that all watchers together received.
	Claims   int64 `json:"claims"`
	Events   int64 `json:"events"`
	Received int64 `json:"events_received"`
	// Wrong lists the discrepancies; it is empty if all checks passed.
	Wrong []string `json:"wrong"`
}

// soak is one run.
type soak struct {
	Config
	road    *road
	servers [2]*server

	claims, begun, received atomic.Int64

	mu    sync.Mutex
	wrong []string
}

// wrongMax is the largest number of discrepancies in a report.
const wrongMax = 100

func (s *soak) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) < wrongMax {
		s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
	}
}

// Run soaks and reports. It returns an error if the soak could not be carried
// through.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &soak{Config: c}
	if s.road, err = layRoad(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.road.close()) }()
	for i := range s.servers {
		if s.servers[i], err = s.startServer(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, s.servers[i].stop()) }()
	}
	if err := s.openBooks(ctx); err != nil {
		return nil, err
	}
	r, err := s.watched(ctx)
	if err != nil {
		return nil, err
	}
	r.Seed, r.Claims, r.Begun, r.Received = s.Seed, s.claims.Load(), s.begun.Load(), s.received.Load()
	r.Wrong = append([]string{}, s.wrong...)
	return r, nil
}

// watched files and watches claims while servers are killed, until there were
// enough kills and every watcher has caught up. Then it compares the events that
// each watcher received with the books.
func (s *soak) watched(ctx context.Context) (*Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	fail := func(err error) {
		if err != nil {
			cancel(err)
		}
	}
	var filers, watchers sync.WaitGroup
	over := make(chan struct{})
	for n := range s.Merchants {
		filers.Go(func() { fail(s.file(ctx, n, over)) })
	}
	following, end := context.WithCancel(ctx)
	defer end()
	crew := s.newWatchers()
	for _, w := range crew {
		watchers.Go(func() { fail(w.run(following)) })
	}
	r := new(Report)
	fail(s.kill(ctx, r))
	close(over)
	filers.Wait()
	if ctx.Err() == nil {
		fail(s.compare(ctx, crew, r))
	}
	end()
	watchers.Wait()
	return r, context.Cause(ctx)
}

// kill kills servers and breaks connections, one disturbance after the other.
func (s *soak) kill(ctx context.Context, r *Report) error {
	random := rand.New(rand.NewPCG(s.Seed, 1))
	for n := range s.Kills {
		if err := pause(ctx, s.Pause/2+time.Duration(random.Int64N(int64(s.Pause)))); err != nil {
			return err
		}
		i := random.IntN(len(s.servers))
		// Starting a server takes longer than connecting to another one.
		if random.IntN(3) > 0 {
			s.road.cut(s.servers[i].address())
			r.Broken++
		} else {
			fresh, err := s.servers[i].restart(ctx)
			if err != nil {
				return err
			}
			s.servers[i] = fresh
			r.Killed++
		}
		if s.Progress != nil {
			s.Progress(n+1, s.Kills)
		}
	}
	return nil
}

// catchUpMax is how long watchers may take to receive the last events.
const catchUpMax = 2 * time.Minute

// compare waits until every watcher has received the last event of its books, and
// compares that event with the head of the book.
func (s *soak) compare(ctx context.Context, crew []*watcher, r *Report) (err error) {
	db, err := postgres.Open(s.DatabaseURL, 2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	heads := make(map[string]book.Head)
	for n := range s.Merchants {
		head, found, err := db.Reader().Head(ctx, merchant(n))
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("no book is open for %s", merchant(n))
		}
		heads[merchant(n)] = head
		r.Events += head.EventNumber
	}
	late, cancel := context.WithTimeout(ctx, catchUpMax)
	defer cancel()
	for _, w := range crew {
		for _, missing := range w.await(late, heads) {
			s.note("%s: %s", w.name, missing)
		}
	}
	return ctx.Err()
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
