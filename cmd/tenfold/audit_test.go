package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// Would catch an audit that is silent about a book that is wrong, or that a script cannot
// tell from one that found nothing.
func TestAuditTellsOfAWrongBook(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	audit := func(args ...string) (int, audited) {
		t.Helper()
		code, out, errOut := try(t, append([]string{"audit", "--database-url", pg.AppURL, "--output", "json"}, args...)...)
		var a audited
		if err := json.Unmarshal([]byte(out), &a); err != nil {
			t.Fatalf("%q is no answer: %v, %s", out, err, errOut)
		}
		return code, a
	}
	if code, a := audit(); code != exitOK || a.Books != 0 || len(a.Discrepancies) != 0 {
		t.Errorf("an empty database gives exit %d and %+v", code, a)
	}
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", pg.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	_, err = admin.ExecContext(t.Context(), `
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
		SELECT m, 'CNY', 1, 1, sha256('x'), 0, '2026-03-02', '2026-03-02' FROM unnest(ARRAY['m-1', 'm-2', 'm-3']) m`)
	if err != nil {
		t.Fatal(err)
	}
	if code, a := audit("--audit-workers", "3"); code != exitMismatch || a.Books != 3 || len(a.Discrepancies) == 0 || a.Discrepancies[0].Merchant != "m-1" {
		t.Errorf("three wrong books give exit %d and %+v", code, a)
	}
	if code, a := audit("--merchant", "m-2"); code != exitMismatch || a.Books != 1 || a.Discrepancies[0].Merchant != "m-2" {
		t.Errorf("one wrong book gives exit %d and %+v", code, a)
	}
	if code, a := audit("--since", "2026-03-03T00:00:00Z"); code != exitOK || a.Books != 0 {
		t.Errorf("books that have not changed since give exit %d and %+v", code, a)
	}
	if code, out, _ := try(t, "audit", "--database-url", pg.AppURL, "--merchant", "nobody"); code != exitMismatch || !strings.Contains(out, "does not exist") {
		t.Errorf("a book that does not exist gives exit %d and %q", code, out)
	}
}

// Would catch an audit of all books that the checklist of a month does not see, one of some books
// that it takes for one of all, and one that fails because its role may only read.
func TestAuditIsRecorded(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t)
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", pg.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	audit := func(wantRecorded bool, wantRuns int, args ...string) {
		t.Helper()
		code, out, errOut := try(t, append([]string{"audit", "--database-url", pg.AppURL, "--output", "json"}, args...)...)
		var a audited
		var runs int
		if err := errors.Join(json.Unmarshal([]byte(out), &a), admin.Get(&runs, `SELECT count(*) FROM audit_runs WHERE discrepancies = 0`)); err != nil {
			t.Fatal(err)
		}
		if code != exitOK || a.Recorded != wantRecorded || runs != wantRuns || (errOut == "") != (wantRecorded || len(args) > 0) {
			t.Errorf("%v: exit %d, recorded %t, %d runs, %q", args, code, a.Recorded, runs, errOut)
		}
	}
	audit(false, 0, "--since", "2026-03-03T00:00:00Z")
	audit(true, 1)
	// The clock of a sandbox is that of its books.
	if _, err := admin.Exec(`INSERT INTO sandbox_clock (single, shows, set_at, ticking) VALUES (true, '2031-05-01', now(), false)`); err != nil {
		t.Fatal(err)
	}
	audit(true, 2)
	var last time.Time
	if err := admin.Get(&last, `SELECT max(audited_at) FROM audit_runs`); err != nil || last.UTC().Year() != 2031 {
		t.Errorf("by the clock of the sandbox: %s, %v", last, err)
	}
	if _, err := admin.Exec(`REVOKE INSERT ON audit_runs FROM tenfold_app`); err != nil {
		t.Fatal(err)
	}
	audit(false, 2)
}

// Would catch an audit that starts with settings that mean nothing.
func TestAuditChecksItsSettings(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--database-url (TENFOLD_DATABASE_URL)":   nil,
		"--since (TENFOLD_SINCE)":                 {"--database-url", "postgres://localhost/x", "--since", "yesterday"},
		"--audit-workers (TENFOLD_AUDIT_WORKERS)": {"--database-url", "postgres://localhost/x", "--audit-workers", "0"},
		"--output (TENFOLD_OUTPUT)":               {"--database-url", "postgres://localhost/x", "--output", "xml"},
	} {
		if code, _, errOut := try(t, append([]string{"audit"}, args...)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q", args, code, errOut)
		}
	}
}
