package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// outageEvery is how often the log says that the database is still away.
const outageEvery = 30 * time.Second

// outageLog is a log in which a database that is away says so once, again every
// outageEvery, and once when it is back. While it is away every call and every step of a
// worker fails for that one reason, and a line for each would bury the reason, and fill a
// disk that may be the one that is full. Whatever logs an error goes through here, so a new
// place need not think of it. Other errors pass.
type outageLog struct {
	// plain passes everything.
	plain *slog.Logger
	clock func() time.Time

	mu sync.Mutex
	// since is when the database went away; zero while it is there. told is when the log
	// last said so, and untold how many lines it has left out since.
	since, told time.Time
	untold      int64
}

func newOutageLog(plain *slog.Logger, clock func() time.Time) *outageLog {
	return &outageLog{plain: plain, clock: clock}
}

// logger is the log for the parts of a server.
func (o *outageLog) logger() *slog.Logger { return slog.New(outageHandler{o.plain.Handler(), o}) }

// take decides about a line that says that the database is away: whether it is written,
// and how many were left out since the last one that was.
func (o *outageLog) take() (write bool, untold int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock()
	if o.since.IsZero() {
		o.since, o.told = now, now
		return true, 0
	}
	if now.Sub(o.told) < outageEvery {
		o.untold++
		return false, 0
	}
	untold, o.told, o.untold = o.untold, now, 0
	return true, untold
}

// over notes that the database takes writes.
func (o *outageLog) over() {
	o.mu.Lock()
	since, untold := o.since, o.untold
	o.since, o.told, o.untold = time.Time{}, time.Time{}, 0
	o.mu.Unlock()
	if !since.IsZero() {
		o.plain.Info("the database is back", "away", o.clock().Sub(since).Round(time.Millisecond), "linesLeftOut", untold)
	}
}

// outageHandler writes what an outageLog lets pass.
type outageHandler struct {
	slog.Handler
	outage *outageLog
}

// Handle implements slog.Handler.
func (h outageHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn || !tellsOfOutage(r) {
		return h.Handler.Handle(ctx, r)
	}
	write, untold := h.outage.take()
	if !write {
		return nil
	}
	if untold > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int64("linesLeftOut", untold))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h outageHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return outageHandler{h.Handler.WithAttrs(attrs), h.outage}
}

// WithGroup implements slog.Handler.
func (h outageHandler) WithGroup(name string) slog.Handler {
	return outageHandler{h.Handler.WithGroup(name), h.outage}
}

// outages are the errors of a database that is away, of the driver and as the engine
// answers them.
var outages = []error{postgres.ErrUnavailable, postgres.ErrCommitUnknown, fault.DatabaseUnavailable, fault.OutcomeUnknown}

// tellsOfOutage says whether a line has an error that comes from a database that is away.
func tellsOfOutage(r slog.Record) (away bool) {
	r.Attrs(func(a slog.Attr) bool {
		err, isError := a.Value.Any().(error)
		away = isError && slices.ContainsFunc(outages, func(kind error) bool { return errors.Is(err, kind) })
		return !away
	})
	return away
}
