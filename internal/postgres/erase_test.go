package postgres_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// notPersons are columns whose names look like those of persons.
var notPersons = map[string]string{
	"person_commitments.person_id": "the rows go as a whole",
	"results.fee_paid_by":          "claimant or merchant, a word",
	"claims.by_results":            "whether results alone decided",
}

// Would catch a new column that names persons and that an erasure does not know.
func TestErasureKnowsTheColumnsOfPersons(t *testing.T) {
	t.Parallel()
	var columns []string
	err := pgtest.New(t).Open(t).Select(&columns, `
		SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'`)
	if err != nil || len(columns) < 200 {
		t.Fatalf("%d columns, %v", len(columns), err)
	}
	looks := regexp.MustCompile(`\.(.*_by|.*person.*|author|assignee|deciders)$`)
	known := postgres.PersonColumns()
	for _, c := range columns {
		if _, ok := notPersons[c]; looks.MatchString(c) && !ok && !known[c] {
			t.Errorf("%s looks like a column of persons, and an erasure does not know it", c)
		}
		delete(known, c)
	}
	if len(known) > 0 {
		t.Errorf("an erasure knows columns that do not exist: %v", known)
	}
}

// Would catch a prune that deletes what is younger, leaves what is older, or counts wrongly.
func TestPruneDeletesOldRefusalsOnly(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	admin, err := sqlx.Open("postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	const old, young = 25_000, 7
	before := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, part := range []struct {
		rows int
		from string
	}{{old, "2026-05-31 23:59:59+00"}, {young, "2026-06-01 00:00:00+00"}} {
		direction := map[int]string{old: "-", young: "+"}[part.rows]
		admin.MustExec(fmt.Sprintf(`
			INSERT INTO access_refusals (refused_at, attempts, method, reason, workload, role, person, scope, target)
			SELECT '%s'::timestamptz %s n * interval '1 second', 1, 'm', 'r', 'w', 'x', '', '', ''
			FROM generate_series(0, %d - 1) n`, part.from, direction, part.rows))
	}
	none := func(int64) { t.Error("a dry run makes progress") }
	if n, err := postgres.PruneRefusals(t.Context(), db.OwnerURL, before, true, none); n != old || err != nil {
		t.Errorf("dry run: %d, %v", n, err)
	}
	var steps []string
	n, err := postgres.PruneRefusals(t.Context(), db.OwnerURL, before, false, func(n int64) { steps = append(steps, fmt.Sprint(n)) })
	if n != old || err != nil || strings.Join(steps, " ") != "10000 20000" {
		t.Errorf("deleted %d in steps %q, %v", n, steps, err)
	}
	var left int
	if err := admin.Get(&left, `SELECT count(*) FROM access_refusals`); err != nil || left != young {
		t.Errorf("%d are left, %v", left, err)
	}
}
