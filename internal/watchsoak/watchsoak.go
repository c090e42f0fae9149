// Package watchsoak kills servers and breaks connections under watches, at random
// and for as often as one likes, while claims are filed, and proves that every
// watcher has received every event of its books once, in order and unchanged. The
// servers are processes of their own behind one address. It leaves what money does
// meanwhile to package soak.
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

// Config says what to run.
type Config struct {
	// Binary is the tenfold program; empty for the running one.
	Binary string
	// DatabaseURL leads to an empty database with the schema, as the engine's role.
	DatabaseURL string
	// Seed picks who is killed and when watchers break off; how that meets what is
	// filed is left to chance.
	Seed uint64
	// Kills is how often a server is killed or the connections to one are broken.
	Kills int
	// Merchants is how many books there are. One watcher follows each of them, and
	// Watchers follow all.
	Merchants int
	Watchers  int
	// Pause is about how long nothing is killed after something was.
	Pause time.Duration
	// Now gives the time.
	Now func() time.Time
	// Progress is told how many kills are done; it must not block.
	Progress func(done, total int)
	// Log takes what the servers log.
	Log io.Writer
}

// Defaults are the settings of a whole soak.
func Defaults() Config {
	return Config{Kills: 1_000, Merchants: 4, Watchers: 3, Pause: 150 * time.Millisecond}
}

// Check refuses settings that make no soak.
func (c *Config) Check() error {
	if c.Kills < 1 || c.Merchants < 1 || c.Watchers < 1 || c.Pause <= 0 {
		return errors.New("a soak of watches needs at least one kill, one merchant, one watcher, and a pause")
	}
	return nil
}

// Report is what came out.
type Report struct {
	Seed uint64 `json:"seed"`
	// Killed is how many servers were killed and started again, Broken how often all
	// connections to a server were cut, Begun how often a watcher began with a token
	// that it had kept, as after a crash of its own.
	Killed int   `json:"servers_killed"`
	Broken int   `json:"connections_broken"`
	Begun  int64 `json:"watchers_begun_again"`
	// Claims were filed. Events is how many the books have, Received how many all
	// watchers have received together.
	Claims   int64 `json:"claims"`
	Events   int64 `json:"events"`
	Received int64 `json:"events_received"`
	// Wrong is everything that does not fit, empty for a soak that held.
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

// wrongMax is where a report stops listing what is wrong.
const wrongMax = 100

func (s *soak) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) < wrongMax {
		s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
	}
}

// Run soaks and reports. An error means that it could not be carried through.
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

// watched lets claims be filed and watched while servers are killed, until there
// were enough kills and every watcher has caught up, and holds what each received
// against the books.
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

// kill kills servers and breaks connections, one after the other.
func (s *soak) kill(ctx context.Context, r *Report) error {
	random := rand.New(rand.NewPCG(s.Seed, 1))
	for n := range s.Kills {
		if err := pause(ctx, s.Pause/2+time.Duration(random.Int64N(int64(s.Pause)))); err != nil {
			return err
		}
		i := random.IntN(len(s.servers))
		// To start a server takes longer than to find another way to one.
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

// catchUpMax is how long watchers may take to receive what was recorded last.
const catchUpMax = 2 * time.Minute

// compare waits until every watcher has received the last event of its books, and
// proves that it is that event.
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

// pause waits, unless ctx ends before.
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
