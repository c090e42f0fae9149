package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// contents are the rows of all tables but those that are random or of this test alone: the
// policies of pgtest have no limits, and its server is asked whether it is ready.
func contents(t *testing.T, db *pgtest.DB) map[string]string {
	t.Helper()
	pool := db.Open(t)
	var tables []string
	if err := pool.SelectContext(t.Context(), &tables, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`); err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for _, name := range tables {
		if name == "service_keys" || name == "policy_versions" {
			continue
		}
		var all string
		if err := pool.GetContext(t.Context(), &all, `SELECT COALESCE(string_agg(r::text, E'\n' ORDER BY r::text), '') FROM `+name+` r`); err != nil {
			t.Fatal(err)
		}
		rows[name] = all
	}
	if err := pool.Close(); err != nil { // A reset is refused while anybody is connected.
		t.Fatal(err)
	}
	if len(rows) < 30 {
		t.Fatalf("%d tables", len(rows))
	}
	return rows
}

// inSandbox calls a server that ends with the function.
func inSandbox(t *testing.T, name string, args []string, call func(t *testing.T, d *disaster, address string)) {
	t.Helper()
	ok := t.Run(name, func(t *testing.T) {
		address := served(t, append([]string{
			"--sandbox", "--insecure-loopback", "--listen", "127.0.0.1:0", "--ops-listen", noOps, "--log-level", "error",
		}, args...)...)
		conn, err := (caller.Identity{Workload: "test", Role: "operator", Person: "olga"}).Dial(address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		call(t, &disaster{t: t, conn: conn}, address)
	})
	if !ok {
		t.FailNow()
	}
}

// fileOnce opens a book and files a claim by commands.
func fileOnce(t *testing.T, address string) {
	t.Helper()
	r := filingFor(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC))
	r.RequestId = "file-1"
	content, err := rpc.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "claim.json")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	book := strings.TrimPrefix(r.GetParent(), "merchants/")
	for _, args := range [][]string{{"book", "open", book}, {"claim", "file", path}, {"sandbox", "run"}} {
		if code, out, errOut := try(t, append(args, "--server", address)...); code != exitOK || strings.Contains(out, "replayed") {
			t.Fatalf("%v: exit %d, %s %s", args, code, out, errOut)
		}
	}
}

// Would catch a reset that leaves anything of before, deletes what a database begins with,
// takes a database from under a server or one that is no sandbox, or deletes what it did not
// name; and a token of before that is taken for one of after.
func TestSandboxReset(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	before := contents(t, db)
	reset := func(t *testing.T, code int, want string, args ...string) {
		t.Helper()
		got, out, errOut := try(t, append([]string{"sandbox", "reset", "--owner-url", db.OwnerURL}, args...)...)
		if got != code || !strings.Contains(out+errOut, want) {
			t.Fatalf("reset %v: exit %d, %s %s; want %d and %q", args, got, out, errOut, code, want)
		}
	}
	reset(t, exitFailed, "no sandbox has served it", "--yes")
	reset(t, exitFailed, "no sandbox has served it", "--dry-run")
	reset(t, exitUsage, "cannot both be given", "--dry-run", "--yes")
	var token string
	at := func(start string) []string { return []string{"--database-url", db.AppURL, "--sandbox-start", start} }
	inSandbox(t, "before", at("2026-12-01T09:00:00Z"), func(t *testing.T, d *disaster, address string) {
		fileOnce(t, address)
		days := filepath.Join(t.TempDir(), "days.csv")
		if err := os.WriteFile(days, []byte("date,kind,name\n2026-10-01,WORKING,a test\n2027-01-01,HOLIDAY,New Year\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, errOut := try(t, "calendar", "import", days, "--person", "olga", "--server", address); code != exitOK {
			t.Fatalf("exit %d, %s %s", code, out, errOut)
		}
		reset(t, exitFailed, "stop every server", "--yes")
		var err error
		var events int
		if events, token, err = d.through(""); err != nil || events < 3 {
			t.Fatalf("%d events after a reset that was refused, %v", events, err)
		}
	})
	reset(t, exitUsage, "1 book, 1 claim, ")
	reset(t, exitOK, "nothing was changed", "--dry-run")
	if now := contents(t, db); now["claims"] == "" || now["sandbox_clock"] == "" {
		t.Fatal("a reset that nobody confirmed has deleted rows")
	}
	reset(t, exitOK, "calendar_days", "--yes")
	for name, rows := range contents(t, db) {
		if rows != before[name] {
			t.Errorf("%s has\n%s\nafter the reset; it began with\n%s", name, rows, before[name])
		}
	}
	versions := 0
	pool := db.Open(t)
	if err := pool.GetContext(t.Context(), &versions, `SELECT count(*) FROM policy_versions`); err != nil || versions != len(policy.Seeds()) {
		t.Errorf("%d versions of policies, %v; want those of the beginning", versions, err)
	}
	_ = pool.Close() // Nothing is written over it.
	inSandbox(t, "after", at("2026-12-01T08:00:00Z"), func(t *testing.T, d *disaster, address string) {
		if code, out, _ := try(t, "sandbox", "clock", "-o", "json", "--server", address); code != exitOK || !strings.Contains(out, "2026-12-01T08:00:00Z") {
			t.Errorf("the clock shows %s", out)
		}
		if _, _, err := d.through(token); err == nil || !strings.Contains(err.Error(), "resume token") {
			t.Errorf("a token of before is answered %v", err)
		}
		if code, _, errOut := try(t, "sandbox", "advance", "1h", "--server", address); code != exitOK {
			t.Fatal(errOut)
		}
		fileOnce(t, address)
		if _, _, err := d.through(token); err == nil || !strings.Contains(err.Error(), "resume token") {
			t.Errorf("a token of before is answered %v once there are events", err)
		}
	})
	if code, out, errOut := try(t, "audit", "--database-url", db.AppURL); code != exitOK {
		t.Errorf("audit: exit %d, %s %s", code, out, errOut)
	}
}

// Would catch a reset of a data directory that a server uses, that makes one, or that leaves
// a stream with events which are no more.
func TestSandboxResetOfADirectory(t *testing.T) {
	t.Parallel()
	dir, err := scratchDir("tenfold-reset-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data := filepath.Join(dir, "data")
	reset := func(code int, want string, args ...string) string {
		t.Helper()
		got, out, errOut := try(t, append([]string{"sandbox", "reset", "--data-dir", data}, args...)...)
		if got != code || !strings.Contains(out+errOut, want) {
			t.Fatalf("reset %v: exit %d, %s %s; want %d and %q", args, got, out, errOut, code, want)
		}
		return out
	}
	reset(exitUsage, "holds no database of tenfold", "--yes")
	reset(exitUsage, "and not both", "--owner-url", "postgres:///tenfold")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Fatalf("a reset has made the directory: %v", err)
	}
	serve := []string{"--data-dir", data, "--sandbox-start", "2026-12-01T09:00:00Z", "--nats-embedded", "--nats-listen", freeAddress(t)}
	inSandbox(t, "before", serve, func(t *testing.T, _ *disaster, address string) {
		fileOnce(t, address)
		if code, out, errOut := try(t, "sandbox", "reset", "--data-dir", data, "--yes"); code != exitFailed {
			t.Fatalf("under a server: exit %d, %s %s", code, out, errOut)
		}
	})
	var told struct {
		Deleted map[string]int
		DryRun  bool
	}
	if err := json.Unmarshal([]byte(reset(exitOK, "", "--yes", "-o", "json")), &told); err != nil || told.DryRun || told.Deleted["claims"] != 1 {
		t.Errorf("a reset says %+v, %v", told, err)
	}
	if _, err := os.Stat(filepath.Join(data, "nats")); !os.IsNotExist(err) {
		t.Errorf("the streams stay: %v", err)
	}
	inSandbox(t, "after", serve, func(t *testing.T, _ *disaster, address string) { fileOnce(t, address) })
}
