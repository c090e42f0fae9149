// Package accesslog keeps the attempts that were refused because of their caller,
// for the auditor. It never makes a call wait: attempts are collected in memory,
// equal ones as one, and written asynchronously. The transport decides which
// attempts to record.
package accesslog

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// pause is how long attempts are collected before they are written. A flood of
	// equal attempts makes one row each time.
	pause = time.Second
	// pendingMax is how many different attempts are collected, a few hundred
	// kilobytes; further ones are dropped and counted.
	pendingMax = 1024
	// shareMax is how many of them are of one caller, so that a flood by one leaves
	// room for the attempts of others. All who are not proved are one caller.
	shareMax = pendingMax / 8
	// writeMax is how long one write may take.
	writeMax = 5 * time.Second
)

// These are the most characters that are kept; longer texts are cut. Proved texts
// are shorter; only the name of a method that does not exist can be longer.
const (
	methodMax = 128
	targetMax = 256
)

// Log collects refused attempts.
type Log struct {
	db  *postgres.DB
	log *slog.Logger

	mu      sync.Mutex
	pending map[postgres.AccessAttempt]*postgres.AccessRefusal
	// order is that of the pending refusals' first attempts.
	order []*postgres.AccessRefusal
	// shares counts the pending refusals of each caller.
	shares map[caller]int
	// dropped counts by reason. Reasons are the server's own, so they are few.
	dropped map[string]int64
}

// caller is who has a share of the log.
type caller struct{ workload, person string }

func callerOf(key postgres.AccessAttempt) caller {
	return caller{workload: key.Workload, person: key.Person}
}

// New makes an empty log over db.
func New(db *postgres.DB, log *slog.Logger) *Log {
	return &Log{
		db: db, log: log,
		pending: make(map[postgres.AccessAttempt]*postgres.AccessRefusal),
		shares:  make(map[caller]int),
		dropped: make(map[string]int64),
	}
}

// Record records an attempt that was refused at a time. It does not wait.
func (l *Log) Record(at time.Time, key postgres.AccessAttempt) {
	key.Method, key.Target = cut(key.Method, methodMax), cut(key.Target, targetMax)
	l.mu.Lock()
	defer l.mu.Unlock()
	if like, ok := l.pending[key]; ok {
		like.Attempts++
		return
	}
	l.add(&postgres.AccessRefusal{AccessAttempt: key, RefusedAt: at, Attempts: 1})
}

// add makes a refusal that is like no other pending, or counts it as dropped if
// the log or the caller's share is full. The caller holds the lock.
func (l *Log) add(r *postgres.AccessRefusal) {
	who := callerOf(r.AccessAttempt)
	if len(l.pending) >= pendingMax || l.shares[who] >= shareMax {
		l.dropped[r.Reason] += int64(r.Attempts)
		return
	}
	l.shares[who]++
	l.pending[r.AccessAttempt] = r
	l.order = append(l.order, r)
}

func cut(text string, most int) string {
	if len(text) > most {
		return text[:most]
	}
	return text
}

// Dropped is how many attempts found no room.
func (l *Log) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all int64
	for _, n := range l.dropped {
		all += n
	}
	return all
}

// DroppedByReason is how many attempts found no room, by the reason of their
// refusal.
func (l *Log) DroppedByReason() map[string]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.dropped)
}

// Flush writes the pending attempts. If they could not be written they stay
// pending, as far as there is room.
func (l *Log) Flush(ctx context.Context) error {
	list := l.take()
	if len(list) == 0 {
		return nil
	}
	err := l.db.RecordAccessRefusals(ctx, list)
	if err != nil {
		l.putBack(list)
	}
	return err
}

// take empties the log.
func (l *Log) take() []postgres.AccessRefusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]postgres.AccessRefusal, len(l.order))
	for i, r := range l.order {
		list[i] = *r
	}
	clear(l.pending)
	clear(l.shares)
	l.order = nil
	return list
}

// putBack adds the taken attempts to those that have come since.
func (l *Log) putBack(list []postgres.AccessRefusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range list {
		like, ok := l.pending[r.AccessAttempt]
		if ok {
			like.Attempts, like.RefusedAt = like.Attempts+r.Attempts, r.RefusedAt
			continue
		}
		l.add(&r)
	}
}

// Run writes the pending attempts again and again until ctx ends, and then once
// more.
func (l *Log) Run(ctx context.Context) {
	var told int64
	for {
		select {
		case <-time.After(pause):
			told = l.flushed(ctx, told)
		case <-ctx.Done():
			l.flushed(context.WithoutCancel(ctx), told)
			return
		}
	}
}

// flushed writes, and logs a failure, and how many attempts were dropped since the
// last log.
func (l *Log) flushed(ctx context.Context, told int64) int64 {
	ctx, cancel := context.WithTimeout(ctx, writeMax)
	defer cancel()
	if err := l.Flush(ctx); err != nil {
		l.log.WarnContext(ctx, "refused attempts cannot be recorded yet", "error", err)
	}
	dropped := l.Dropped()
	if dropped > told {
		l.log.WarnContext(ctx, "refused attempts found no room in the access log",
			"dropped", dropped-told, "dropped_in_all", dropped, "dropped_by_reason", l.DroppedByReason())
	}
	return dropped
}
