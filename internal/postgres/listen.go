package postgres

import (
	"context"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

// committedChannel is the channel on which replicas announce commits. It only wakes
// readers; it carries no data.
const committedChannel = "tenfold_committed"

// NotifyCommitted wakes the readers of every replica. It must not be called inside a
// transaction of the pipeline: commits that notify wait for each other.
func (db *DB) NotifyCommitted(ctx context.Context) error {
	_, err := db.execOnce(ctx, `SELECT pg_notify($1, '')`, committedChannel)
	return failure(ctx, "notify", err)
}

// ListenCommitted calls f whenever a replica announces a commit, and whenever an
// announcement may have been missed, until ctx ends. It reconnects by itself.
func (db *DB) ListenCommitted(ctx context.Context, f func()) error {
	const reconnectMin, reconnectMax = 100 * time.Millisecond, 5 * time.Second
	l := pgdial.Listen(db.url, db.answerMax, reconnectMin, reconnectMax)
	// Closing also ends the wait for a database that is away.
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	if err := l.Listen(committedChannel); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return failure(ctx, "listen", err)
	}
	done := make(chan struct{})
	defer close(done)
	go keepTalking(l, db.answerMax/3, done)
	for range l.Notify { // Also rings once it has reconnected.
		f()
	}
	return nil
}

// keepTalking has a listener's connection hear something again and again: it would be taken
// for silent while nobody announces anything, and would not be missed when it is.
func keepTalking(l *pq.Listener, pause time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = l.Ping() // A connection that fails is replaced by the listener.
		case <-done:
			return
		}
	}
}
