package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// probed is a database, as its superuser sees it, and a probe of it.
func probed(t *testing.T) (*sqlx.DB, *postgres.Probe) {
	t.Helper()
	pg := pgtest.New(t)
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", pg.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	db, err := postgres.Open(pg.AppURL, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	probe, err := db.NewProbe(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = probe.Close() })
	return admin, probe
}

// Would catch a probe that leaves a page or a row behind each time, so that a table which
// holds nothing grows for as long as servers run.
func TestProbesLeaveNothing(t *testing.T) {
	t.Parallel()
	admin, probe := probed(t)
	admin.MustExec(`ALTER TABLE readiness_probes SET (autovacuum_enabled = off)`)
	const probes = 300
	for range probes {
		if err := probe.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var bytes, asked, rows int64
	if err := admin.QueryRowx(`SELECT pg_relation_size('readiness_probes'), sum(asked), count(*) FROM readiness_probes`).Scan(&bytes, &asked, &rows); err != nil {
		t.Fatal(err)
	}
	if asked != probes || rows != 16 {
		t.Errorf("%d probes were committed in %d rows, want %d in 16", asked, rows, probes)
	}
	const page = 8192
	if bytes > 3*page {
		t.Errorf("the table has %d bytes after %d probes", bytes, probes)
	}
}

// Would catch a probe that passes where a lane could not commit, one that waits for a
// server that went silent in the middle of its own, and a cause that names addresses or
// leaves the operator guessing.
func TestProbesFailAsLanesWould(t *testing.T) {
	t.Parallel()
	admin, probe := probed(t)
	failsWith := func(want string) {
		t.Helper()
		err := probe.Write(t.Context())
		if err == nil {
			t.Errorf("the probe passes; want %q", want)
			return
		}
		if got := postgres.CauseOf(err); got != want {
			t.Errorf("the cause is %q, want %q: %v", got, want, err)
		}
	}
	hold := func(rows string) *sqlx.Tx {
		tx := admin.MustBegin()
		tx.MustExec(`SELECT FROM readiness_probes LIMIT ` + rows + ` FOR UPDATE`)
		return tx
	}
	other := hold("15")
	if err := probe.Write(t.Context()); err != nil {
		t.Errorf("another server went silent in its probe: %v", err)
	}
	last := admin.MustBegin()
	last.MustExec(`SELECT FROM readiness_probes FOR UPDATE SKIP LOCKED`)
	failsWith("every row that could be written is held by others")
	for _, tx := range []*sqlx.Tx{other, last} {
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	cut := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenfold_app' AND datname = current_database()`
	var name string
	if err := admin.Get(&name, `SELECT current_database()`); err != nil {
		t.Fatal(err)
	}
	admin.MustExec(`ALTER DATABASE ` + name + ` SET default_transaction_read_only = on`)
	admin.MustExec(cut)
	if err := probe.Write(t.Context()); err == nil || strings.Contains(postgres.CauseOf(err), "read-only") {
		t.Errorf("a connection that was ended is told as %v", err)
	}
	failsWith("it is read-only, as a standby is or a primary that was demoted")
	admin.MustExec(`SET default_transaction_read_only = off`)
	admin.MustExec(`ALTER DATABASE ` + name + ` RESET default_transaction_read_only`)
	// The statement that needs room on the disk is refused the room.
	admin.MustExec(`ALTER DATABASE ` + name + ` SET temp_file_limit = '64kB'`)
	admin.MustExec(cut)
	_ = probe.Write(t.Context()) // Finds its connection ended.
	failsWith("its temp_file_limit is below a megabyte")
	admin.MustExec(`ALTER DATABASE ` + name + ` RESET temp_file_limit`)
	admin.MustExec(cut)
	_ = probe.Write(t.Context())
	admin.MustExec(`REVOKE UPDATE (asked) ON readiness_probes FROM tenfold_app`)
	admin.MustExec(cut)
	_ = probe.Write(t.Context()) // Finds its connection ended.
	failsWith("it denies the server's role a right that it needs")
	admin.MustExec(`GRANT UPDATE (asked) ON readiness_probes TO tenfold_app`)
	if err := probe.Write(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Would catch a database that keeps the peer of a connection that is gone, and with it
// what the peer had locked, and a limit that does not reach the session.
func TestTheDatabaseGivesDeadPeersUp(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	db, err := postgres.OpenWithin(pg.AppURL, 2, 7*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	settings, err := db.SessionSettings(t.Context(), "idle_in_transaction_session_timeout", "statement_timeout", "enable_seqscan")
	if err != nil {
		t.Fatal(err)
	}
	// The settings of TCP read as 0 over the socket of the test.
	if got := strings.Join(settings, " "); got != "14s 0 off" {
		t.Errorf("a session has %s", got)
	}
}
