// Package chaos attacks a server while well-behaved callers go on filing, deciding and
// reading claims: its database stands still, goes silent, fills its disk or takes no
// writes, strangers hold its port, its gateway stalls, and it is told to end while the
// database says nothing. It checks that the server says truly why it is not ready, that it
// ends in time, and that everything that was acknowledged is there exactly once.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
)

// Config is the input of a run.
type Config struct {
	// Binary is the tenfold program; it defaults to the running one. Env is added to
	// its environment.
	Binary string
	Env    []string
	// Callers is the number of callers, Merchants that of books, and Rest how long a
	// caller rests between two calls.
	Callers   int
	Merchants int
	Rest      time.Duration
	// Window is how long calls are measured before an attack and after it, and Attack
	// how long an attack lasts at least.
	Window time.Duration
	Attack time.Duration
	// AnswerMax and StopMax are the settings of the server.
	AnswerMax time.Duration
	StopMax   time.Duration
	// Strangers is how many connections are held that say nothing. The port must have
	// room for them beside its callers, or give them less than they ask for.
	Strangers int
	// DiskBytes is the size of the disk of the database.
	DiskBytes int64
	// Seed is the seed of the choice of calls at which the gateway stalls.
	Seed uint64
	// Now gives the time.
	Now func() time.Time
	// Progress receives the number of attacks that are over; it must not block.
	Progress func(doing string, done, total int)
	// Log receives the logs of the server and of its database.
	Log io.Writer
}

// Defaults are the settings of a full run.
func Defaults() Config {
	return Config{
		Callers: 16, Merchants: 8, Rest: 20 * time.Millisecond, Window: 5 * time.Second, Attack: 10 * time.Second,
		AnswerMax: 6 * time.Second, StopMax: 10 * time.Second, Strangers: 4096, DiskBytes: 768 << 20,
	}
}

// Least values: the files of an empty PostgreSQL and its log need a disk of some size, and
// a lane has to be found stuck before its silent connection is replaced.
const (
	diskLeast   = 256 << 20
	answerLeast = 3 * time.Second
	stopLeast   = 2 * time.Second
	// attackMost is less than the time after which an embedded PostgreSQL is given up that
	// finds no room for its log.
	attackMost = 20 * time.Second
)

// Check returns an error for settings with which a run would show nothing.
func (c *Config) Check() error {
	switch {
	case c.Callers < 1 || c.Merchants < 1 || c.Strangers < 1:
		return errors.New("a run needs at least one caller, one merchant and one stranger")
	case c.Rest <= 0 || c.Window <= 0 || c.Attack <= 0:
		return errors.New("a run needs a rest between calls, a window of measuring and attacks that last")
	case c.Attack > attackMost:
		return fmt.Errorf("an attack may last %s, not %s", attackMost, c.Attack)
	case c.AnswerMax < answerLeast:
		return fmt.Errorf("the database must have at least %s to answer, not %s", answerLeast, c.AnswerMax)
	case c.StopMax < stopLeast:
		return fmt.Errorf("the server must have at least %s to end, not %s", stopLeast, c.StopMax)
	case c.DiskBytes < diskLeast:
		return fmt.Errorf("the disk must have at least %d bytes, not %d", int64(diskLeast), c.DiskBytes)
	}
	return nil
}

// Report is the result of a run.
type Report struct {
	Seed uint64 `json:"seed"`
	// Attacks are the attacks in their order; Omitted says which could not be made on
	// this machine, and why.
	Attacks []AttackReport `json:"attacks"`
	Omitted []string       `json:"omitted"`
	// Acknowledged is the number of calls that were answered, Repeated how often one
	// was sent again.
	Acknowledged int64 `json:"acknowledged"`
	Repeated     int64 `json:"repeated"`
	// Claims is the number of claims that were filed, and Paid how many of them the
	// gateway paid.
	Claims int64 `json:"claims"`
	Paid   int64 `json:"paid"`
	// Wrong lists what must not be; it is empty if all checks passed.
	Wrong []string `json:"wrong"`
}

// AttackReport is one attack, as callers and probes saw it.
type AttackReport struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	// Unready is what the server said on /readyz during the attack, in the order in
	// which it came up; empty if it stayed ready.
	Unready []string `json:"unready"`
	// StopSeconds is how long the server took to end, if it was told to.
	StopSeconds float64 `json:"stop_seconds,omitempty"`
	Before      Latency `json:"before"`
	During      Latency `json:"during"`
	After       Latency `json:"after"`
}

// chaos is one run.
type chaos struct {
	Config
	database *embedpg.Server
	disk     *disk
	wire     *wire
	gateway  *gateway
	// address and ops are those of the server, over all of its restarts.
	address, ops string
	server       *serveproc.Process
	probes       *probes
	measure      *measure
	callers      []*caller

	serial, repeated atomic.Int64

	mu       sync.Mutex
	random   *rand.Rand
	closers  []func() error
	wrongs   []string
	filed    map[string]string
	accepted map[string]bool
	// stopped is how long the server took to end when it was last told to.
	stopped time.Duration
}

// wrongMax is the largest number of entries in a report.
const wrongMax = 100

// wrong notes what must not be.
func (x *chaos) wrong(format string, args ...any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.wrongs) < wrongMax {
		x.wrongs = append(x.wrongs, fmt.Sprintf(format, args...))
	}
}

// Run attacks and reports. It returns an error if the run could not be carried through.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	x := &chaos{Config: c, random: rand.New(rand.NewPCG(c.Seed, 1)), filed: make(map[string]string), accepted: make(map[string]bool)}
	x.measure = newMeasure(c.Now)
	defer func() {
		for i := len(x.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, x.closers[i]())
		}
	}()
	if err := x.setUp(ctx); err != nil {
		return nil, err
	}
	r := &Report{Seed: c.Seed, Omitted: []string{}, Wrong: []string{}}
	if err := x.calling(ctx, func(ctx context.Context) error { return x.attackAll(ctx, r) }); err != nil {
		return nil, err
	}
	if err := x.verify(ctx, r); err != nil {
		return nil, err
	}
	r.Repeated = x.repeated.Load()
	r.Wrong = append(r.Wrong, x.wrongs...)
	return r, nil
}

// calling runs f while the callers call. Every call that was begun is answered in the end.
func (x *chaos) calling(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := make(chan struct{})
	var calling sync.WaitGroup
	for _, c := range x.callers {
		calling.Go(func() {
			if err := c.run(ctx, over); err != nil {
				cancel(err)
			}
		})
	}
	watching, end := context.WithCancel(ctx)
	var probing sync.WaitGroup
	probing.Go(func() { x.probes.run(watching) })
	if err := f(ctx); err != nil {
		cancel(err)
	}
	close(over)
	calling.Wait()
	end()
	probing.Wait()
	return context.Cause(ctx)
}

func (x *chaos) opened(f func() error) { x.closers = append(x.closers, f) }

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
