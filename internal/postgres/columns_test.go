package postgres_test

import (
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq/oid"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// filledByMigration are tables whose rows all came with a migration, with the reason.
var filledByMigration = map[string]string{
	"readiness_probes": "servers change the rows that are there",
	"service_keys":     "keys come with the table",

	"authenticator_register": "it has one row, which changes",
	"exposure_openings":      "a book has one if it was there when the table came",
}

// notInserted are columns that no INSERT names, with the reason.
var notInserted = map[string]string{
	"events.transaction_id":          "the database fills in its own transaction",
	"access_refusals.refusal_number": "the database counts the rows",
	"webhooks.previous_secret":       "a new webhook has one secret",
	"webhooks.previous_until":        "a new webhook has one secret",
	"webhooks.previous_secret_key":   "a new webhook has one secret",
	"webhooks.deleted_at":            "a new webhook is not deleted",
	"webhook_deliveries.dead_at":     "a new delivery is not given up",
}

// notChanged are columns that stay as they were inserted although their table has
// a statement that changes rows of a batch.
var notChanged = map[string]string{
	"books": "merchant_id currency opened_at",
	"holds": "merchant_id claim_id hold_number source amount_minor placed_at",
	"waits": "merchant_id claim_id",
	"commissions": `merchant_id claim_id commission_number authenticator_id questions photo_digests due_at fee_minor replaces_number
		draw_seed draw_candidates made_as made_by made_at event_number`,
	"evidence_requests": "merchant_id claim_id request_number asked authenticator_id kind question due_at made_as made_by made_at event_number",
	"payout_dues":       "merchant_id payout_id",
	"debts":             "merchant_id kind debt_id sampling_case",
	"claims": `merchant_id claim_id order_line_id order_id payment_id product_id paid_at claimant_id basis_chosen
		wants_refund wants_compensation grounds learned_at arrived_at filed_at currency filed_by potential_minor sampling_case`,
	"order_lines": "merchant_id order_line_id",
	"payouts":     `merchant_id payout_id claim_id part amount_minor currency out_number payment_id created_at form rides_payment`,
	"proposals": `merchant_id proposal_number kind amount_minor debt_kind debt_id undoes_number note proposed_by proposed_at
		payment_reference from_account to_account booked_minor effective_at`,
}

// columnsOf reads the columns of every table but goose's, in their order.
func columnsOf(t *testing.T) map[string][]string {
	t.Helper()
	db, err := sqlx.ConnectContext(t.Context(), "postgres", pgtest.New(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rows []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	err = db.SelectContext(t.Context(), &rows, `
		SELECT c.table_name, c.column_name
		FROM information_schema.columns c
		JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'goose_db_version'
		ORDER BY c.table_name, c.ordinal_position`)
	if err != nil || len(rows) == 0 {
		t.Fatalf("no columns: %v", err)
	}
	tables := make(map[string][]string)
	for _, r := range rows {
		tables[r.Table] = append(tables[r.Table], r.Column)
	}
	return tables
}

// statements are all texts of the package that a query may be, with their places.
// What they are put together from beyond constants stands in them as "?".
func statements(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	constants := make(map[string]ast.Expr)
	inspect := func(f func(ast.Node) bool) {
		for _, p := range parsed {
			ast.Inspect(p, f)
		}
	}
	inspect(func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					constants[name.Name] = v.Values[i]
				}
			}
		}
		return true
	})
	var text func(ast.Expr) string
	text = func(e ast.Expr) string {
		switch e := e.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
				return s
			}
		case *ast.BinaryExpr:
			if e.Op == token.ADD {
				return text(e.X) + text(e.Y)
			}
		case *ast.Ident:
			if value, ok := constants[e.Name]; ok {
				return text(value)
			}
		}
		return "?"
	}
	found := make(map[string]string)
	inspect(func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		s := text(e)
		if s == "?" {
			return true
		}
		found[files.Position(e.Pos()).String()] = remark.ReplaceAllString(s, "")
		return false // Its parts are in it.
	})
	return found
}

// list splits a list of columns.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\n", r) })
}

var (
	insert     = regexp.MustCompile(`INSERT INTO (\w+)(?: AS \w+)? \(([^()]*)\)`)
	fromRecord = regexp.MustCompile(`^\s*SELECT([^()]*?)FROM unnest\(\$1::(\w+)\[\]\) (\w+)\s*$`)
	update     = regexp.MustCompile(`(?s)UPDATE (\w+) \w+\s+SET (.*?)\s+FROM (?:unnest\(\$1::(\w+)\[\]\)|ROWS FROM \(unnest\(\$1::(\w+)\[\]\), .*?\)) k`)
	assignment = regexp.MustCompile(`^(\w+) = k\.(\w+)$`)
	// A remark within a statement is no part of it.
	remark = regexp.MustCompile(`(?m)\s*--[^\n]*$`)
)

// Would catch a column that is encoded and not written, or written from another,
// a table without a writer, and an INSERT that leaves a column to its default. Every
// statement of the package is looked at: SQL stands nowhere else.
func TestInsertsNameEveryColumn(t *testing.T) {
	t.Parallel()
	tables := columnsOf(t)
	written := make(map[string]bool)
	exempt := maps.Clone(notInserted)
	for at, query := range statements(t) {
		matches := insert.FindAllStringSubmatchIndex(query, -1)
		if n := strings.Count(query, "INSERT INTO"); n != len(matches) {
			t.Errorf("%s: %d of %d INSERTs name their columns in a way that this test reads", at, len(matches), n)
		}
		for _, m := range matches {
			table, names := query[m[2]:m[3]], list(query[m[4]:m[5]])
			written[table] = true
			for _, c := range tables[table] {
				if _, ok := notInserted[table+"."+c]; ok {
					delete(exempt, table+"."+c)
					if slices.Contains(names, c) {
						t.Errorf("%s: %s.%s is named after all", at, table, c)
					}
				} else if !slices.Contains(names, c) {
					t.Errorf("%s: the INSERT does not name %s.%s", at, table, c)
				}
			}
			if from := fromRecord.FindStringSubmatch(query[m[1]:]); from != nil {
				want := strings.Join(names, " "+from[3]+".")
				if got := strings.Join(list(from[1]), " "); got != from[3]+"."+want || from[2] != table {
					t.Errorf("%s: into %s goes %s of %s", at, table, got, from[2])
				}
			}
		}
	}
	for table := range tables {
		if _, filled := filledByMigration[table]; filled == written[table] {
			t.Errorf("an INSERT into %s was found: %v; rows that came with a migration: %v", table, written[table], filled)
		}
	}
	for column := range exempt {
		t.Errorf("%s is left out, and there is no such column of a table that is written", column)
	}
}

// Would catch a change that is decided and not written, and a column that is
// changed to the value of another.
func TestUpdatesNameEveryColumn(t *testing.T) {
	t.Parallel()
	tables := columnsOf(t)
	seen := make(map[string]bool)
	for at, query := range statements(t) {
		for _, m := range update.FindAllStringSubmatch(query, -1) {
			table := m[1]
			seen[table] = true
			if record := m[3] + m[4]; record != table {
				t.Errorf("%s: %s is changed from records of %s", at, table, record)
			}
			kept := list(notChanged[table])
			for one := range strings.SplitSeq(m[2], ",") {
				one = strings.TrimSpace(one)
				if table == "books" && one == "version = b.version + 1" {
					kept = append(kept, "version") // It is compared and counted up.
					continue
				}
				a := assignment.FindStringSubmatch(one)
				if a == nil || a[1] != a[2] {
					t.Errorf("%s: %s sets %q", at, table, one)
					continue
				}
				kept = append(kept, a[1])
			}
			slices.Sort(kept)
			if want := slices.Sorted(slices.Values(tables[table])); !slices.Equal(kept, want) {
				t.Errorf("%s: %s has the columns %v, and %v are set or said to stay", at, table, want, kept)
			}
		}
	}
	for table := range notChanged {
		if !seen[table] {
			t.Errorf("no statement that changes %s was found", table)
		}
	}
}

// Would catch a record whose columns are not those of its table, in number, order
// and type, before a server takes a value for another of the same length; and
// changes of a kind that no part of a batch writes.
func TestRecordsHaveTheColumnsOfTheirTable(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	s := b.pg.OpenSession()
	t.Cleanup(s.Close)
	changes := reflect.TypeFor[book.Changes]()
	for i := range changes.NumField() {
		field := changes.Field(i)
		var c book.Changes
		f := filler{at: start}
		f.fill(reflect.ValueOf(&c).Elem().Field(i))
		parts, err := s.Parts(t.Context(), &c)
		if err != nil || len(parts) != 1 {
			t.Errorf("%s is written by %d parts, %v", field.Name, len(parts), err)
			continue
		}
		b.checkRecords(s, field.Name, parts[0])
	}
}

var recordArray = regexp.MustCompile(`\$(\d+)::(\w+)\[\]`)

// checkRecords compares the records of a part with the row types of their tables.
func (b *books) checkRecords(s *postgres.Session, name string, p postgres.Part) {
	b.t.Helper()
	for _, m := range recordArray.FindAllStringSubmatch(p.Query, -1) {
		id, columns := s.RowType(m[2])
		if id == 0 {
			continue // An array of single values, whose type the server checks.
		}
		n, _ := strconv.Atoi(m[1]) // The expression admits digits only.
		element, records := decodeRecords(p.Args[n-1].([]byte))
		if element != id {
			b.t.Errorf("%s: the array is of type %d, want %d", name, element, id)
		}
		for _, r := range records {
			if len(r) != len(columns) {
				b.t.Errorf("%s: a record has %d columns, %s has %d", name, len(r), m[2], len(columns))
				continue
			}
			for i, c := range r {
				switch {
				case c.of != columns[i]:
					b.t.Errorf("%s: column %d of %s is of type %d, want %d", name, i+1, m[2], c.of, columns[i])
				case c.null && c.of != postgres.TransactionType:
					b.t.Errorf("%s: column %d of %s is not written", name, i+1, m[2])
				}
			}
		}
	}
}

// encoded is one column of a record as it goes to the server.
type encoded struct {
	of   oid.Oid
	null bool
}

// decodeRecords reads an array of records in the binary format.
func decodeRecords(b []byte) (element oid.Oid, records [][]encoded) {
	next := func() uint32 {
		v := binary.BigEndian.Uint32(b)
		b = b[4:]
		return v
	}
	const null = 0xFFFFFFFF
	next()
	next()
	element = oid.Oid(next())
	count := next()
	next()
	for range count {
		next()
		record := make([]encoded, next())
		for i := range record {
			record[i].of = oid.Oid(next())
			if length := next(); length == null {
				record[i].null = true
			} else {
				b = b[length:]
			}
		}
		records = append(records, record)
	}
	return element, records
}
