package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// SandboxClock is the clock of a sandbox as it is kept.
type SandboxClock struct {
	// Shows is what it shows at the moment of the reading.
	Shows time.Time
	// SetAt is when it was set last, by the time of the database's server: it tells one
	// setting from another.
	SetAt time.Time
	// Ticking says that it goes on by itself.
	Ticking bool
}

// sandboxNow is what the clock shows now.
const sandboxNow = `(c.shows + CASE WHEN c.ticking THEN clock_timestamp() - c.set_at ELSE interval '0' END)`

const sandboxColumns = sandboxNow + `, c.set_at, c.ticking`

func (db *DB) sandboxClock(ctx context.Context, what, query string, args ...any) (c SandboxClock, found bool, err error) {
	err = db.pool.QueryRowxContext(ctx, query, args...).Scan(&c.Shows, &c.SetAt, &c.Ticking)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, failure(ctx, what, err)
	}
	inUTC(&c.Shows, &c.SetAt)
	return c, true, nil
}

// SandboxClock reads the clock; false if none is kept.
func (db *DB) SandboxClock(ctx context.Context) (SandboxClock, bool, error) {
	return db.sandboxClock(ctx, "read sandbox clock", `SELECT `+sandboxColumns+` FROM sandbox_clock c`)
}

// KeepSandboxClock keeps a clock that shows a time now, unless one is kept already, and
// gives the one that is.
func (db *DB) KeepSandboxClock(ctx context.Context, shows time.Time, ticking bool) (SandboxClock, error) {
	_, err := db.pool.ExecContext(ctx, `
		INSERT INTO sandbox_clock (single, shows, set_at, ticking)
		VALUES (true, $1, clock_timestamp(), $2)
		ON CONFLICT DO NOTHING`, shows, ticking)
	if err != nil {
		return SandboxClock{}, failure(ctx, "keep sandbox clock", err)
	}
	c, _, err := db.SandboxClock(ctx)
	return c, err
}

// MoveSandboxClock moves the clock forward by a duration.
func (db *DB) MoveSandboxClock(ctx context.Context, by time.Duration) (SandboxClock, error) {
	c, _, err := db.sandboxClock(ctx, "move sandbox clock", `
		UPDATE sandbox_clock c
		SET shows = `+sandboxNow+` + $1 * interval '1 microsecond', set_at = clock_timestamp()
		RETURNING c.shows, c.set_at, c.ticking`, by.Microseconds())
	return c, err
}

// SetSandboxClock moves the clock forward to a time; false, with the clock as it is, if it
// has passed that time.
func (db *DB) SetSandboxClock(ctx context.Context, to time.Time) (SandboxClock, bool, error) {
	c, moved, err := db.sandboxClock(ctx, "set sandbox clock", `
		UPDATE sandbox_clock c
		SET shows = $1, set_at = clock_timestamp()
		WHERE `+sandboxNow+` <= $1
		RETURNING c.shows, c.set_at, c.ticking`, to)
	if err != nil || moved {
		return c, moved, err
	}
	c, _, err = db.SandboxClock(ctx)
	return c, false, err
}
