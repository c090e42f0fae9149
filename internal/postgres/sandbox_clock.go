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

// SandboxClock reads the clock; false if none is kept.
func (db *DB) SandboxClock(ctx context.Context) (c SandboxClock, found bool, err error) {
	err = db.pool.QueryRowxContext(ctx, `
		SELECT `+sandboxNow+`, c.set_at, c.ticking FROM sandbox_clock c`).Scan(&c.Shows, &c.SetAt, &c.Ticking)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	inUTC(&c.Shows, &c.SetAt)
	return c, err == nil, failure(ctx, "read sandbox clock", err)
}

// KeepSandboxClock keeps a clock that shows a time now, unless one is kept already, and
// gives the one that is.
func (db *DB) KeepSandboxClock(ctx context.Context, shows time.Time, ticking bool) (SandboxClock, error) {
	_, err := db.execOnce(ctx, `
		INSERT INTO sandbox_clock (single, shows, set_at, ticking)
		VALUES (true, $1, clock_timestamp(), $2)
		ON CONFLICT DO NOTHING`, shows, ticking)
	if err != nil {
		return SandboxClock{}, failure(ctx, "keep sandbox clock", err)
	}
	c, _, err := db.SandboxClock(ctx)
	return c, err
}

// MoveSandboxClock moves the clock forward by a duration, and reads it.
func (db *DB) MoveSandboxClock(ctx context.Context, by time.Duration) (SandboxClock, error) {
	_, err := db.execOnce(ctx, `
		UPDATE sandbox_clock c
		SET shows = `+sandboxNow+` + $1 * interval '1 microsecond', set_at = clock_timestamp()`, by.Microseconds())
	if err != nil {
		return SandboxClock{}, failure(ctx, "move sandbox clock", err)
	}
	c, _, err := db.SandboxClock(ctx)
	return c, err
}

// SetSandboxClock moves the clock forward to a time, and reads it; false if it has passed
// that time.
func (db *DB) SetSandboxClock(ctx context.Context, to time.Time) (c SandboxClock, moved bool, err error) {
	done, err := db.execOnce(ctx, `
		UPDATE sandbox_clock c
		SET shows = $1, set_at = clock_timestamp()
		WHERE `+sandboxNow+` <= $1`, to)
	if err != nil {
		return c, false, failure(ctx, "set sandbox clock", err)
	}
	rows, err := done.RowsAffected()
	if err != nil {
		return c, false, failure(ctx, "set sandbox clock", err)
	}
	c, _, err = db.SandboxClock(ctx)
	return c, rows == 1, err
}
