package audit_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/audit"
)

// mutants are the values that are put in the place of one, by type of column: %[1]s is the
// column, %[2]s the table.
var mutants = map[string][]string{
	"bigint":                   {"coalesce(%[1]s, 0) + 1", "coalesce(%[1]s, 2) - 1"},
	"integer":                  {"coalesce(%[1]s, 0) + 1", "coalesce(%[1]s, 2) - 1"},
	"smallint":                 {"%[1]s + 1"},
	"boolean":                  {"NOT %[1]s"},
	"text":                     {"coalesce(%[1]s, '') || 'x'", "(SELECT o.%[1]s FROM %[2]s o WHERE o.%[1]s <> t.%[1]s ORDER BY o.%[1]s LIMIT 1)", "''"},
	"timestamp with time zone": {"coalesce(%[1]s, '2026-03-03') + interval '1 hour'", "NULL"},
	"date":                     {"%[1]s + 1"},
	"bytea":                    {"set_byte(%[1]s, 0, (get_byte(%[1]s, 0) + 1) %% 256)"},
	"json":                     {"regexp_replace(%[1]s::text, '([1-6])', '7')::json", "replace(%[1]s::text, 'COUNTERFEIT', 'GENUINE')::json"},
	"ARRAY":                    {"%[1]s || ARRAY['person-x']", "'{}'"},
	"xid8":                     {"(%[1]s::text::bigint + 1)::text::xid8"},
}

// rowsTried is how many rows of a table are changed by each mutant, and deleted:
// TENFOLD_MUTATIONS of them. Without that variable it is one row for each column, and one
// mutant, so that the test takes some seconds.
func rowsTried() (rows int, thorough bool) {
	if n, err := strconv.Atoi(os.Getenv("TENFOLD_MUTATIONS")); err == nil && n > 0 {
		return n, true
	}
	return 1, false
}

// outcome is what the audit made of the changes of one column, or of deleted rows.
type outcome struct{ tried, missed int }

// mutation changes the rows of one database, one at a time, and takes each change back.
type mutation struct {
	*filled
	// place is the ctid of each row, by table and number in its copy.
	place map[string][]string
	// columns are the columns of each table with their types.
	columns map[string][][2]string
	results map[string]*outcome
}

// Would catch an audit that overlooks a changed column or a deleted row: each column of
// each table of a book with rows of all kinds is changed in several rows, one at a time,
// and rows are deleted. What the audit does not find stands in unseen with a reason, and
// in docs/audit.md. With -update that document is written anew.
func TestEveryMutationIsFoundOrExplained(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fillMore()
	b.clean("before anything")
	m := &mutation{filled: b, place: make(map[string][]string), columns: make(map[string][][2]string), results: make(map[string]*outcome)}
	m.copy()
	for _, table := range m.tables() {
		for _, c := range m.columns[table] {
			m.mutate(table, c[0], c[1])
		}
		m.remove(table)
	}
	m.clean("after every change was taken back")
	m.report()
}

// exec runs a statement that must succeed.
func (m *mutation) exec(statement string, args ...any) {
	m.t.Helper()
	if _, err := m.admin.ExecContext(m.t.Context(), statement, args...); err != nil {
		m.t.Fatalf("%s: %v", statement, err)
	}
}

// copy copies every table of books, and drops the checks that would refuse a mutant.
func (m *mutation) copy() {
	m.admin.SetMaxOpenConns(1)
	m.exec(`SET session_replication_role = replica`)
	m.exec(`CREATE SCHEMA backup`)
	var checks []struct {
		Table string `db:"table"`
		Name  string `db:"name"`
	}
	m.must(m.admin.Select(&checks, `
		SELECT conrelid::regclass::text AS table, conname AS name FROM pg_constraint
		WHERE contype = 'c' AND connamespace = 'public'::regnamespace`))
	for _, c := range checks {
		m.exec("ALTER TABLE " + c.Table + " DROP CONSTRAINT " + c.Name)
	}
	var columns []struct {
		Table string `db:"table_name"`
		Name  string `db:"column_name"`
		Type  string `db:"data_type"`
	}
	m.must(m.admin.Select(&columns, `
		SELECT c.table_name, c.column_name, c.data_type
		FROM information_schema.columns c
		JOIN information_schema.tables x ON x.table_schema = c.table_schema AND x.table_name = c.table_name AND x.table_type = 'BASE TABLE'
		WHERE c.table_schema = 'public' AND c.table_name NOT LIKE 'goose%'
		ORDER BY c.table_name, c.ordinal_position`))
	for _, c := range columns {
		m.columns[c.Table] = append(m.columns[c.Table], [2]string{c.Name, c.Type})
	}
	for table := range m.columns {
		if slices.Contains(notOfBooks, table) {
			delete(m.columns, table)
			continue
		}
		m.exec("CREATE TABLE backup." + table + " AS SELECT t.*, t.ctid AS place, row_number() OVER () AS n FROM " + table + " t")
		var place []string
		m.must(m.admin.Select(&place, "SELECT place::text FROM backup."+table+" ORDER BY n"))
		m.place[table] = place
		if len(place) == 0 {
			m.t.Errorf("the book has no row of %s", table)
		}
	}
}

// notOfBooks are the tables that hold nothing of a book's claims and money.
var notOfBooks = []string{"access_refusals", "webhooks", "webhook_deliveries", "webhook_requests", "catalog_requests", "calendar_days"}

func (m *mutation) tables() []string {
	var list []string
	for table := range m.columns {
		list = append(list, table)
	}
	slices.Sort(list)
	return list
}

// some picks rows of a table, spread over all of it.
func (m *mutation) some(candidates []int) []int {
	rows, _ := rowsTried()
	tries := min(rows, len(candidates))
	var out []int
	for i := range tries {
		out = append(out, candidates[(i*len(candidates)+len(candidates)/2)/tries])
	}
	return out
}

// mutate changes a column in some rows, one at a time.
func (m *mutation) mutate(table, column, kind string) {
	m.t.Helper()
	values, known := mutants[kind]
	if !known {
		m.t.Fatalf("%s.%s is of type %s, for which there is no mutant", table, column, kind)
	}
	tried := false
	_, thorough := rowsTried()
	for _, v := range values {
		if tried && !thorough {
			return
		}
		value := v
		if strings.Contains(v, "%[2]s") {
			value = fmt.Sprintf(v, column, table)
		} else if strings.Contains(v, "%[1]s") {
			value = fmt.Sprintf(v, column)
		}
		var candidates []int
		err := m.admin.Select(&candidates, "SELECT n FROM backup."+table+" t WHERE ("+value+")::text IS DISTINCT FROM "+column+
			"::text AND NOT ("+column+" IS NULL AND ("+value+")::text = '') ORDER BY n")
		if err != nil {
			continue // The mutant is no value of the column.
		}
		for _, n := range m.some(candidates) {
			place := &m.place[table][n-1]
			var now string
			err := m.admin.Get(&now, "UPDATE "+table+" t SET "+column+" = "+value+" WHERE ctid = $1::tid RETURNING ctid::text", *place)
			if err != nil {
				continue // A key or NOT NULL refuses it.
			}
			m.judge(table + "." + column)
			tried = true
			m.must(m.admin.Get(place, "UPDATE "+table+" t SET "+column+" = b."+column+" FROM backup."+table+
				" b WHERE t.ctid = $1::tid AND b.n = $2 RETURNING t.ctid::text", now, n))
		}
	}
}

// remove deletes some rows, one at a time.
func (m *mutation) remove(table string) {
	m.t.Helper()
	all := make([]int, len(m.place[table]))
	for i := range all {
		all[i] = i + 1
	}
	var names []string
	for _, c := range m.columns[table] {
		names = append(names, c[0])
	}
	list := strings.Join(names, ", ")
	for _, n := range m.some(all) {
		m.exec("DELETE FROM "+table+" WHERE ctid = $1::tid", m.place[table][n-1])
		m.judge(table)
		m.must(m.admin.Get(&m.place[table][n-1], "INSERT INTO "+table+" ("+list+") SELECT "+list+" FROM backup."+table+" WHERE n = $1 RETURNING ctid::text", n))
	}
}

// judge asks the audit about the change that was just made.
func (m *mutation) judge(of string) {
	o := m.results[of]
	if o == nil {
		o = new(outcome)
		m.results[of] = o
	}
	o.tried++
	found, err := audit.CheckBook(m.t.Context(), m.db, m.merchant)
	if len(found) == 0 && err == nil {
		// It may be a row of the other book, or the book itself.
		found, err = audit.Check(m.t.Context(), m.db)
	}
	if len(found) == 0 && err == nil {
		o.missed++
	}
}

// report compares what was missed with what is known to be.
func (m *mutation) report() {
	m.t.Helper()
	var names []string
	for _, table := range m.tables() {
		for _, c := range m.columns[table] {
			names = append(names, table+"."+c[0])
		}
		names = append(names, table)
	}
	for _, name := range names {
		o := m.results[name]
		_, explained := unseen[name]
		switch {
		case o == nil && !explained:
			m.t.Errorf("%s could not be changed", name)
		case o != nil && o.missed > 0 && !explained:
			m.t.Errorf("%s: the audit misses %d of %d changes", name, o.missed, o.tried)
		case o != nil && o.missed == 0 && explained:
			m.t.Errorf("%s: the audit finds all %d changes, so no reason is needed", name, o.tried)
		}
	}
}

var unseen = map[string]string{}

var _ = sqlx.DB{}
