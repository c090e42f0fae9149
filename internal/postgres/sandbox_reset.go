package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/policy"
)

// ErrNoSandbox says that no sandbox has ever served a database.
var ErrNoSandbox = errors.New("the database keeps no clock of a sandbox, so no sandbox has served it")

// ErrInUse says that somebody is connected to a database that has to be left alone.
var ErrInUse = errors.New("others are connected to the database")

// keptByReset are the tables that a reset does not empty: those whose rows a migration made.
// Of four of them the rows are put back as they were at the beginning.
var keptByReset = []string{"goose_db_version", "readiness_probes", "calendar_days", "service_keys", "authenticator_register", "decision_rules"}

// calendarDaysAdded are the days that somebody has set since the migrations did.
const calendarDaysAdded = `workload <> 'tenfold' OR person_id <> '' OR revision <> 1`

// decisionRulesAdded are the versions that people have published since.
const decisionRulesAdded = `version IN (SELECT p.version FROM rules_proposals p WHERE p.state = 'PUBLISHED')`

// ResetSandbox brings the database of a sandbox back to its beginning, as it is after the
// migrations, and returns how many rows that deletes, by table. The URL is that of the role
// that owns the tables. ErrNoSandbox for a database that no sandbox has served, and ErrInUse
// while anybody else is connected, such as a server: it has books in memory. All is done in
// one transaction, and a server that starts meanwhile waits for its end. If dry is set, rows are counted
// and nothing is deleted, whoever is connected.
func ResetSandbox(ctx context.Context, ownerURL string, seeds []policy.Version, dry bool) (lost map[string]int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reset the sandbox: %w", migrateError(ctx, err))
		}
	}()
	db, err := openOwner(ownerURL, answerMaxOwner)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // Whoever else is connected is somebody else.
	if err := CheckSchema(ctx, db); err != nil {
		return nil, err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // After a commit it does nothing.
	if !dry {
		if err := aloneInSandbox(ctx, tx); err != nil {
			return nil, err
		}
	}
	var kept bool
	if err := tx.GetContext(ctx, &kept, `SELECT EXISTS (SELECT FROM sandbox_clock)`); err != nil {
		return nil, err
	}
	if !kept {
		return nil, ErrNoSandbox
	}
	tables, lost, err := countForReset(ctx, tx, len(seeds))
	if err != nil || dry {
		return lost, err
	}
	if err := emptySandbox(ctx, tx, tables, seeds); err != nil {
		return nil, err
	}
	return lost, tx.Commit()
}

// aloneInSandbox makes servers that start wait for the end of the transaction: each begins
// with the clock. Then it looks who was there before.
func aloneInSandbox(ctx context.Context, tx *sqlx.Tx) error {
	if _, err := tx.ExecContext(ctx, `SET LOCAL lock_timeout = '5s'`); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `LOCK TABLE sandbox_clock IN ACCESS EXCLUSIVE MODE`); err != nil {
		return err
	}
	// Whoever has just hung up is seen for a moment longer.
	const looks, pause = 20, 100 * time.Millisecond
	for n := 1; ; n++ {
		others, err := othersConnected(ctx, tx)
		if err != nil || len(others) == 0 {
			return err
		}
		if n == looks {
			return fmt.Errorf("%w: %s has %d connections; stop every server and every other program that uses it",
				ErrInUse, others[0].User, others[0].Count)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connected is how many connections a user has.
type connected struct {
	User  string `db:"usename"`
	Count int    `db:"count"`
}

// othersConnected tells who else is connected to the database. Processes of the database's
// server have no user.
func othersConnected(ctx context.Context, tx *sqlx.Tx) ([]connected, error) {
	// A transaction sees connections as they were when it first looked, until it forgets that.
	if _, err := tx.ExecContext(ctx, `SELECT pg_stat_clear_snapshot()`); err != nil {
		return nil, err
	}
	var others []connected
	err := tx.SelectContext(ctx, &others, `
		SELECT usename, count(*) AS count
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
		GROUP BY usename
		ORDER BY usename`)
	return others, err
}

// countForReset names the tables that a reset empties, and counts the rows that it deletes for
// good: the seeds and the clock come back.
func countForReset(ctx context.Context, tx *sqlx.Tx, seeds int) (tables []string, lost map[string]int64, err error) {
	err = tx.SelectContext(ctx, &tables, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename`)
	if err != nil {
		return nil, nil, err
	}
	tables = slices.DeleteFunc(tables, func(name string) bool { return slices.Contains(keptByReset, name) })
	lost = make(map[string]int64)
	count := func(table, from string) error {
		var n int64
		err := tx.GetContext(ctx, &n, `SELECT count(*) FROM `+from)
		switch table {
		case "policy_versions":
			n -= int64(seeds)
		case "sandbox_clock":
			n = 0
		}
		if n > 0 {
			lost[table] = n
		}
		return err
	}
	for _, name := range tables {
		if err := count(name, pq.QuoteIdentifier(name)); err != nil {
			return nil, nil, err
		}
	}
	if err := count("decision_rules", `decision_rules WHERE `+decisionRulesAdded); err != nil {
		return nil, nil, err
	}
	return tables, lost, count("calendar_days", `calendar_days WHERE `+calendarDaysAdded)
}

// emptySandbox deletes the rows, and puts those of the beginning back. The key of page tokens
// is another one from now on, so that no token of before is taken for one of after.
func emptySandbox(ctx context.Context, tx *sqlx.Tx, tables []string, seeds []policy.Version) error {
	var list string
	for i, name := range tables {
		if i > 0 {
			list += ", "
		}
		list += pq.QuoteIdentifier(name)
	}
	for _, statement := range []string{
		`DELETE FROM decision_rules WHERE ` + decisionRulesAdded,
		`TRUNCATE ` + list + ` RESTART IDENTITY`,
		`DELETE FROM calendar_days WHERE ` + calendarDaysAdded,
		`UPDATE service_keys
		SET key = (SELECT sha256(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 4))`,
		`UPDATE readiness_probes SET asked = 0`,
		`UPDATE authenticator_register SET last_applied = 0, applied_at = 'epoch'`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	for i := range seeds {
		if _, err := insertPolicyVersion(ctx, tx, &seeds[i]); err != nil {
			return err
		}
	}
	return nil
}
