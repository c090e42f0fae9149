package audit_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// mutants are the values that are put in the place of one, by type of column: %[1]s is the
// column, %[2]s the table.
var mutants = map[string][]string{
	"bigint":                   {"coalesce(%[1]s, 0) + 1", "coalesce(%[1]s, 2) - 1", "%[1]s + 1000000"},
	"numeric":                  {"%[1]s + 1"},
	"integer":                  {"coalesce(%[1]s, 0) + 1", "coalesce(%[1]s, 2) - 1"},
	"smallint":                 {"%[1]s + 1"},
	"boolean":                  {"NOT %[1]s"},
	"text":                     {"coalesce(%[1]s, '') || 'x'", "(SELECT o.%[1]s FROM %[2]s o WHERE o.%[1]s <> t.%[1]s ORDER BY o.%[1]s LIMIT 1)", "''"},
	"timestamp with time zone": {"coalesce(%[1]s, '2026-03-03') + interval '1 hour'", "NULL"},
	"date":                     {"%[1]s + 1"},
	"bytea":                    {"set_byte(%[1]s, 0, (get_byte(%[1]s, 0) + 1) %% 256)"},
	"json": {"regexp_replace(%[1]s::text, '([1-6])', '7')::json", "replace(%[1]s::text, 'COUNTERFEIT', 'GENUINE')::json",
		"replace(%[1]s::text, '\"result\":', '\"result\":1')::json"},
	"ARRAY": {"%[1]s || ARRAY['person-x']", "'{}'"},
	"xid8":  {"(%[1]s::text::bigint + 1)::text::xid8"},
}

// rowsTried is how many rows of a table are changed by each mutant, and deleted:
// TENFOLD_MUTATIONS of them. Without that variable it is one row for each column, and one
// mutant, so that the test takes some seconds.
func rowsTried() (rows int, thorough bool) {
	if n, err := strconv.Atoi(os.Getenv("TENFOLD_MUTATIONS")); err == nil && n > 0 {
		return n, n > 1
	}
	return 1, false
}

// outcome is what the audit made of the changes of one column, or of deleted rows.
type outcome struct {
	tried, missed int
	// sampled says that not every row was tried.
	sampled bool
}

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

// notOfBooks are the tables that hold nothing of a book's claims and money, or only sums that
// are made of its transfers and events.
var notOfBooks = []string{
	"access_refusals", "webhooks", "webhook_deliveries", "webhook_requests", "catalog_requests", "calendar_days", "event_quarantines",
	"readiness_probes", "sandbox_clock", "service_keys", "policy_proposals", "policy_proposal_votes", "rules_proposals", "rules_proposal_votes",
	"channel_imports", "channel_import_chunks", "channel_lines", "channel_line_matches", "reconciliation_breaks", "reconciliation_break_notes",
	"authenticator_states", "authenticator_scopes", "authenticator_changes", "authenticator_register",
	"uploads", "upload_chunks", "decision_rules", "jobs", "job_items", "statement_parts",
	"balance_snapshots", "snapshot_progress", "period_totals", "period_progress",
	"exposure_openings", "exposure_snapshots", "exposure_totals",
	"suspense_explanations", "audit_runs",
}

func (m *mutation) tables() []string {
	var list []string
	for table := range m.columns {
		list = append(list, table)
	}
	slices.Sort(list)
	return list
}

// some picks rows of a table, spread over all of it.
func (m *mutation) some(of string, candidates []int) []int {
	rows, _ := rowsTried()
	tries := min(rows, len(candidates))
	if tries < len(candidates) {
		m.outcome(of).sampled = true
	}
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
		for _, n := range m.some(table+"."+column, candidates) {
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
	for _, n := range m.some(table, all) {
		m.exec("DELETE FROM "+table+" WHERE ctid = $1::tid", m.place[table][n-1])
		m.judge(table)
		m.must(m.admin.Get(&m.place[table][n-1], "INSERT INTO "+table+" ("+list+") SELECT "+list+" FROM backup."+table+" WHERE n = $1 RETURNING ctid::text", n))
	}
}

func (m *mutation) outcome(of string) *outcome {
	o := m.results[of]
	if o == nil {
		o = new(outcome)
		m.results[of] = o
	}
	return o
}

// judge asks the audit about the change that was just made.
func (m *mutation) judge(of string) {
	o := m.outcome(of)
	o.tried++
	r, err := audit.Run(m.t.Context(), m.db, audit.Options{MerchantID: m.merchant, Most: 1})
	if len(r.Discrepancies) == 0 && err == nil {
		// It may be a row of the other book, or the book itself.
		r, err = audit.Run(m.t.Context(), m.db, audit.Options{Most: 1})
	}
	if len(r.Discrepancies) == 0 && err == nil {
		o.missed++
	}
}

// report compares what was missed with what is known to be, and writes the document.
func (m *mutation) report() {
	m.t.Helper()
	_, thorough := rowsTried()
	known := make(map[string]bool)
	for _, table := range m.tables() {
		names := []string{table}
		for _, c := range m.columns[table] {
			names = append(names, table+"."+c[0])
		}
		for _, name := range names {
			known[name] = true
			m.compare(name, thorough)
		}
	}
	for name := range unseen {
		if !known[name] {
			m.t.Errorf("%s is explained and does not exist", name)
		}
	}
	m.document()
}

func (m *mutation) compare(name string, thorough bool) {
	o := m.results[name]
	_, explained := unseen[name]
	switch {
	case (o == nil || o.tried == 0) && !explained:
		m.t.Errorf("%s could not be changed", name)
	case o != nil && o.missed > 0 && !explained:
		m.t.Errorf("%s: the audit misses %d of %d changes", name, o.missed, o.tried)
	case o != nil && o.tried > 0 && o.missed == 0 && explained && thorough && !o.sampled:
		m.t.Errorf("%s: the audit finds all %d changes, so no reason is needed", name, o.tried)
	}
}

// document compares the table in docs/audit.md with the columns of the database, or writes
// it anew.
func (m *mutation) document() {
	m.t.Helper()
	generated(m.t, "../../docs/audit.md", "coverage", m.coverage())
}

// coverage is the table of all tables, and the reasons for what the audit does not find.
func (m *mutation) coverage() string {
	var out, reasons strings.Builder
	out.WriteString("| table | columns | bound by events | compared otherwise | not found if changed | a deleted row |\n| --- | --- | --- | --- | --- | --- |\n")
	bound := postgres.BoundColumns()
	for _, table := range m.tables() {
		var missed []string
		digested := 0
		for _, c := range m.columns[table] {
			name := table + "." + c[0]
			switch reason, ok := unseen[name]; {
			case ok:
				missed = append(missed, "`"+c[0]+"`")
				fmt.Fprintf(&reasons, "- `%s`: %s\n", name, reason)
			case slices.Contains(bound[table], c[0]):
				digested++
			}
		}
		deleted := "is found"
		if reason, ok := unseen[table]; ok {
			deleted = "may be missed"
			fmt.Fprintf(&reasons, "- a deleted row of `%s`: %s\n", table, reason)
		}
		all := len(m.columns[table])
		fmt.Fprintf(&out, "| `%s` | %d | %d | %d | %s | %s |\n", table, all, digested, all-digested-len(missed), strings.Join(missed, ", "), deleted)
	}
	return out.String() + "\n" + reasons.String()
}

// Why the audit does not find some changes of columns of closed months.
const (
	notMade   = "that of a change which two persons made is found. One that was refused, or waits, is in no digest."
	whoClosed = "who acted is in no digest, because persons can be erased. One person on both sides is found."
)

// unseen are the columns whose changes the audit does not find, or not always, and the
// tables whose deleted rows it misses, with the reason why that does not matter.
var unseen = map[string]string{
	"authenticators.display_name": "it is a name for people, and no verdict or amount follows from it.",
	"authenticators.categories": "it says which results may be recorded from now on. A result that was recorded keeps its authenticator's kind, and " +
		"the audit compares that.",
	"authenticators.registered_at":    "nothing follows from it.",
	"books.version":                   "it counts the transactions on the book, of which events know nothing. A server whose memory is at another version reads the book anew.",
	"events.transaction_id":           "it is the position of the event in watches. It orders the deliveries of events, and history has an order of its own.",
	"payout_dues.due_at":              "it is when the worker asks next. A payout has one outcome, however often the gateway is asked.",
	"payout_dues.attempts":            "it spaces the worker's queries, as `due_at` does.",
	"payout_dues.merchant_id":         "the row is gone from its book then: see a deleted row.",
	"payout_dues":                     "that of an open payout is found. That of a failed payout asks once more when the gateway may not pay any more; a late success is booked when the gateway reports it.",
	"period_changes.period_id":        notMade,
	"period_changes.action":           notMade,
	"period_changes.note":             notMade,
	"period_changes.proposed_at":      notMade,
	"period_changes.decided_note":     notMade,
	"period_changes.decided_at":       notMade,
	"period_changes.workload":         whoClosed,
	"period_changes.role":             whoClosed,
	"period_changes.person_id":        whoClosed,
	"period_changes.decided_workload": whoClosed,
	"period_changes.decided_role":     whoClosed,
	"period_changes.decider_id":       whoClosed,
	"person_commitments.merchant_id":  "the person is forgotten in the book then: see a deleted row.",
	"person_commitments.person_id":    "an empty id reads as a person who was erased. Every other change is found.",
	"person_commitments":              "this is how a person is erased. The events keep the commitment, and a row may then name any person whom the book does not know.",
	"policy_versions":                 "a version that priced a claim which still counts is found. The others bind no amount of a book.",
	"policy_versions.terms":           "a term that decides the price of a claim is found. Periods and limits decide what may happen next, and no amount that stands.",
	"reservations.attempts":           "it counts tries of one request that are under way.",
	"reservations.reserved_at":        "it is when an unused reservation is swept. One that is used is never swept.",
	"reservations.holder":             "that of an out-number is compared. That of a reference which was used decides nothing: everybody is refused, the holder by its stored request.",
	"reservations.kind":               "as for a deleted row.",
	"reservations.reference":          "as for a deleted row.",
	"reservations":                    "that of a recorded result or of a payment is found. That of an out-number is made again when the payout is sent again; no two payouts of a book share a number.",
}
