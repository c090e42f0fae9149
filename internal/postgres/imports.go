package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// importForm is what a file holds as it is stored.
type importForm struct {
	Encoding string        `json:"encoding"`
	Packed   string        `json:"packed,omitempty"`
	Currency string        `json:"currency,omitempty"`
	Lines    int           `json:"lines"`
	In       int64         `json:"inMinor"`
	Out      int64         `json:"outMinor"`
	First    *time.Time    `json:"first,omitempty"`
	Last     *time.Time    `json:"last,omitempty"`
	Proof    string        `json:"proof,omitempty"`
	Problems []problemForm `json:"problems,omitempty"`
	Notices  []problemForm `json:"notices,omitempty"`
}

type problemForm struct {
	Code   string `json:"code"`
	Line   int    `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Text   string `json:"text"`
	Times  int    `json:"times"`
}

// mappingForm is a mapping as it is stored.
type mappingForm struct {
	Separator      string            `json:"separator,omitempty"`
	Encoding       string            `json:"encoding,omitempty"`
	Amount         string            `json:"amount,omitempty"`
	In             string            `json:"in,omitempty"`
	Out            string            `json:"out,omitempty"`
	Minor          bool              `json:"minor,omitempty"`
	Inverted       bool              `json:"inverted,omitempty"`
	Currency       string            `json:"currency,omitempty"`
	CurrencyColumn string            `json:"currencyColumn,omitempty"`
	Time           string            `json:"time,omitempty"`
	TimeForm       string            `json:"timeForm,omitempty"`
	Zone           string            `json:"zone,omitempty"`
	OutNumber      string            `json:"outNumber,omitempty"`
	Reference      string            `json:"reference,omitempty"`
	Original       string            `json:"original,omitempty"`
	OrderID        string            `json:"orderId,omitempty"`
	Account        string            `json:"account,omitempty"`
	Status         string            `json:"status,omitempty"`
	Statuses       map[string]string `json:"statuses,omitempty"`
	Kind           string            `json:"kind,omitempty"`
	Kinds          map[string]string `json:"kinds,omitempty"`
}

func retyped[A, B ~string](m map[string]A) map[string]B {
	if m == nil {
		return nil
	}
	out := make(map[string]B, len(m))
	for k, v := range m {
		out[k] = B(v)
	}
	return out
}

func mappingJSON(m *formats.Mapping) (any, error) {
	if m == nil {
		return nil, nil
	}
	raw, err := json.Marshal(mappingForm{
		m.Separator, m.Encoding, m.Amount, m.In, m.Out, m.Minor, m.Inverted, m.Currency, m.CurrencyColumn, m.Time, m.TimeForm, m.Zone,
		m.OutNumber, m.Reference, m.Original, m.OrderID, m.Account, m.Status, retyped[formats.Status, string](m.Statuses),
		m.Kind, retyped[formats.Kind, string](m.Kinds),
	})
	return string(raw), err
}

func mappingOf(raw []byte) (*formats.Mapping, error) {
	if raw == nil {
		return nil, nil
	}
	var f mappingForm
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	return &formats.Mapping{
		Separator: f.Separator, Encoding: f.Encoding, Amount: f.Amount, In: f.In, Out: f.Out, Minor: f.Minor, Inverted: f.Inverted,
		Currency: f.Currency, CurrencyColumn: f.CurrencyColumn, Time: f.Time, TimeForm: f.TimeForm, Zone: f.Zone,
		OutNumber: f.OutNumber, Reference: f.Reference, Original: f.Original, OrderID: f.OrderID, Account: f.Account,
		Status: f.Status, Statuses: retyped[string, formats.Status](f.Statuses), Kind: f.Kind, Kinds: retyped[string, formats.Kind](f.Kinds),
	}, nil
}

func problemForms(all []formats.Problem) []problemForm {
	var out []problemForm
	for _, p := range all {
		out = append(out, problemForm{string(p.Code), p.Line, p.Column, p.Text, p.Times})
	}
	return out
}

func problemsOf(all []problemForm) []formats.Problem {
	var out []formats.Problem
	for _, p := range all {
		out = append(out, formats.Problem{Code: formats.Code(p.Code), Line: p.Line, Column: p.Column, Text: p.Text, Times: p.Times})
	}
	return out
}

func reportJSON(r *formats.Report) (string, error) {
	f := importForm{
		Encoding: r.Encoding, Packed: r.Packed, Currency: r.Currency, Lines: r.Lines, In: int64(r.In), Out: int64(r.Out), Proof: r.Proof,
		Problems: problemForms(r.Problems), Notices: problemForms(r.Notices),
	}
	if r.Lines > 0 {
		first, last := r.First.UTC(), r.Last.UTC()
		f.First, f.Last = &first, &last
	}
	raw, err := json.Marshal(f)
	return string(raw), err
}

func reportOf(raw []byte) (*formats.Report, error) {
	if raw == nil {
		return nil, nil
	}
	var f importForm
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	r := &formats.Report{
		Encoding: f.Encoding, Packed: f.Packed, Currency: f.Currency, Lines: f.Lines, In: money.Amount(f.In), Out: money.Amount(f.Out), Proof: f.Proof,
		Problems: problemsOf(f.Problems), Notices: problemsOf(f.Notices),
	}
	if f.First != nil && f.Last != nil {
		r.First, r.Last = *f.First, *f.Last
	}
	return r, nil
}

const importColumns = `
	i.import_id, i.side, i.account, to_char(i.file_day, 'YYYY-MM-DD'), i.format, i.mapping, i.exclusive, i.told_lines, i.told_sum_minor,
	i.size_bytes, i.digest, i.received_bytes, i.state, i.reader_version, i.report, i.workload, i.role, i.person_id, i.created_at, i.completed_at`

func scanImport(rows scanner) (i reconcile.Import, err error) {
	var mapping, report, digest []byte
	var lines, sum sql.NullInt64
	var completed sql.NullTime
	err = rows.Scan(&i.ID, (*string)(&i.Side), &i.Account, &i.Day, (*string)(&i.Format), &mapping, &i.Exclusive, &lines, &sum,
		&i.Size, &digest, &i.Received, (*string)(&i.State), &i.Version, &report, &i.By.Workload, (*string)(&i.By.Role), &i.By.Person,
		&i.CreatedAt, &completed)
	if err != nil {
		return i, err
	}
	copy(i.Digest[:], digest)
	if lines.Valid {
		i.Told = &formats.Told{Lines: int(lines.Int64), Sum: money.Amount(sum.Int64)}
	}
	i.CompletedAt = completed.Time
	inUTC(&i.CreatedAt, &i.CompletedAt)
	if i.Mapping, err = mappingOf(mapping); err != nil {
		return i, err
	}
	i.Report, err = reportOf(report)
	return i, err
}

func scanImportRow(rows *sql.Rows) (reconcile.Import, error) { return scanImport(rows) }

// Import reads one import.
func (r Reader) Import(ctx context.Context, id string) (reconcile.Import, bool, error) {
	return readOne(ctx, r, "read import", `
		SELECT`+importColumns+`
		FROM channel_imports i
		WHERE i.import_id = $1`, scanImportRow, id)
}

// ImportedFile finds the import that took a file.
func (r Reader) ImportedFile(ctx context.Context, i *reconcile.Import) (reconcile.Import, bool, error) {
	return readOne(ctx, r, "find imported file", `
		SELECT`+importColumns+`
		FROM channel_imports i
		WHERE i.file_day = $1::date AND i.side = $2 AND i.account = $3 AND i.digest = $4 AND i.state = 'WHOLE'`,
		scanImportRow, i.Day, string(i.Side), i.Account, i.Digest[:])
}

// ImportQuery says which imports a list holds.
type ImportQuery struct {
	Day, Account string
	State        reconcile.ImportState
	// Before is the last import of the page before; empty for none.
	Before string
}

// Imports lists imports, the newest first.
func (r Reader) Imports(ctx context.Context, q ImportQuery, limit int) ([]reconcile.Import, error) {
	var out []reconcile.Import
	err := r.each(ctx, "list imports", `
		SELECT`+importColumns+`
		FROM channel_imports i
		WHERE ($1 = '' OR i.file_day = nullif($1, '')::date) AND ($2 = '' OR i.account = $2) AND ($3 = '' OR i.state = $3)
			AND ($4 = '' OR i.import_id < $4)
		ORDER BY i.import_id DESC
		LIMIT $5`, []any{q.Day, q.Account, string(q.State), q.Before, limit}, func(rows *sql.Rows) error {
		i, err := scanImport(rows)
		out = append(out, i)
		return err
	})
	return out, err
}

// WholeImports reads the imports of a day that are compared: of each account the newest of each format.
func (r Reader) WholeImports(ctx context.Context, day string) ([]reconcile.Import, error) {
	var out []reconcile.Import
	err := r.each(ctx, "read imports of a day", `
		SELECT DISTINCT ON (i.side, i.account, i.format)`+importColumns+`
		FROM channel_imports i
		WHERE i.file_day = $1::date AND i.state = 'WHOLE'
		ORDER BY i.side, i.account, i.format, i.import_id DESC`, []any{day}, func(rows *sql.Rows) error {
		i, err := scanImport(rows)
		out = append(out, i)
		return err
	})
	return out, err
}

// CreateImport stores an import that is about to be sent, under its request.
func (db *DB) CreateImport(ctx context.Context, r request.Once, i *reconcile.Import) (stored request.Found, replayed bool, err error) {
	mapping, err := mappingJSON(i.Mapping)
	if err != nil {
		return r.Found, false, fmt.Errorf("encode mapping: %w", err)
	}
	var lines, sum sql.NullInt64
	if i.Told != nil {
		lines, sum = sql.NullInt64{Int64: int64(i.Told.Lines), Valid: true}, sql.NullInt64{Int64: int64(i.Told.Sum), Valid: true}
	}
	return db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO channel_imports (import_id, side, account, file_day, format, mapping, exclusive, told_lines, told_sum_minor,
				size_bytes, digest, received_bytes, state, reader_version, report, workload, role, person_id, created_at, completed_at)
			VALUES ($1, $2, $3, $4::date, $5, $6::json, $7, $8, $9, $10, $11, 0, 'UPLOADING', 0, NULL, $12, $13, $14, $15, NULL)`,
			i.ID, string(i.Side), i.Account, i.Day, string(i.Format), mapping, i.Exclusive, lines, sum,
			i.Size, i.Digest[:], i.By.Workload, string(i.By.Role), i.By.Person, i.CreatedAt)
		return failure(ctx, "store import", err)
	})
}

// lockImport reads an import and keeps it from others until the transaction ends.
func lockImport(ctx context.Context, tx *sqlx.Tx, id string) (i reconcile.Import, found bool, err error) {
	err = Reader{from: tx}.each(ctx, "lock import", `
		SELECT`+importColumns+`
		FROM channel_imports i
		WHERE i.import_id = $1
		FOR UPDATE NOWAIT`, []any{id}, func(rows *sql.Rows) (err error) {
		i, err = scanImport(rows)
		found = err == nil
		return err
	})
	return i, found, err
}

// FileChunk is a part of a file.
type FileChunk struct {
	ImportID string
	Offset   int64
	Content  []byte
}

// AddFileChunk adds bytes to a file, if check says so of the import as it stands: it says whether
// the bytes are there already. Nothing is stored if validateOnly is set.
func (db *DB) AddFileChunk(ctx context.Context, c FileChunk, validateOnly bool, check func(i *reconcile.Import, found bool, before []byte) (there bool, err error)) (i reconcile.Import, there bool, err error) {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return i, false, failure(ctx, "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit it does nothing.
	i, found, err := lockImport(ctx, tx, c.ImportID)
	if err != nil {
		return i, false, err
	}
	var before []byte
	err = tx.GetContext(ctx, &before, `SELECT content FROM channel_import_chunks WHERE import_id = $1 AND chunk_offset = $2`, c.ImportID, c.Offset)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return i, false, failure(ctx, "read chunk", err)
	}
	if there, err = check(&i, found, before); err != nil || there || validateOnly {
		return i, there, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO channel_import_chunks (import_id, chunk_offset, content) VALUES ($1, $2, $3)`, c.ImportID, c.Offset, c.Content)
	if err != nil {
		return i, false, failure(ctx, "store chunk", err)
	}
	i.Received += int64(len(c.Content))
	_, err = tx.ExecContext(ctx, `
		UPDATE channel_imports SET received_bytes = $2 WHERE import_id = $1`, c.ImportID, i.Received)
	if err != nil {
		return i, false, failure(ctx, "count bytes", err)
	}
	if err := tx.Commit(); err != nil {
		return i, false, fmt.Errorf("%w: %w", ErrCommitUnknown, failure(ctx, "commit chunk", err))
	}
	return i, false, nil
}

// FileChunkAt reads the chunk of a file in which an offset lies.
func (r Reader) FileChunkAt(ctx context.Context, importID string, offset int64) (FileChunk, bool, error) {
	return readOne(ctx, r, "read chunk", `
		SELECT c.chunk_offset, c.content
		FROM channel_import_chunks c
		WHERE c.import_id = $1 AND c.chunk_offset <= $2
		ORDER BY c.chunk_offset DESC
		LIMIT 1`, func(rows *sql.Rows) (FileChunk, error) {
		c := FileChunk{ImportID: importID}
		err := rows.Scan(&c.Offset, &c.Content)
		return c, err
	}, importID, offset)
}

// linesAtOnce is how many lines one statement writes.
const linesAtOnce = 5000

// LineWriter writes the lines of an import.
type LineWriter struct {
	ctx      context.Context
	tx       *sqlx.Tx
	importID string
	number   int64
	rows     []reconcile.StoredLine
	failed   error
}

// Take writes a line, together with others.
func (w *LineWriter) Take(l *formats.Line) {
	w.number++
	w.rows = append(w.rows, reconcile.StoredLine{Line: *l, Number: w.number})
	if len(w.rows) == linesAtOnce {
		w.flush()
	}
}

func (w *LineWriter) flush() {
	if w.failed != nil || len(w.rows) == 0 {
		w.rows = w.rows[:0]
		return
	}
	type row = reconcile.StoredLine
	text := func(field func(*row) string) []byte { return pgwire.Texts(w.rows, field) }
	_, err := w.tx.ExecContext(w.ctx, `
		INSERT INTO channel_lines (import_id, line_number, place, kind, status, amount_minor, currency, happened_at, out_number, reference,
			original_payment, original_out_number, order_id)
		SELECT $1, k.line_number, k.place, k.kind, k.status, k.amount_minor, k.currency, k.happened_at, k.out_number, k.reference,
			k.original_payment, k.original_out_number, k.order_id
		FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::timestamptz[], $9::text[], $10::text[],
				$11::text[], $12::text[], $13::text[])
			AS k (line_number, place, kind, status, amount_minor, currency, happened_at, out_number, reference,
				original_payment, original_out_number, order_id)`,
		w.importID, pgwire.Bigints(w.rows, func(l *row) int64 { return l.Number }), pgwire.Bigints(w.rows, func(l *row) int64 { return int64(l.Place) }),
		text(func(l *row) string { return string(l.Kind) }), text(func(l *row) string { return string(l.Status) }),
		pgwire.Bigints(w.rows, func(l *row) int64 { return int64(l.Amount) }), text(func(l *row) string { return l.Currency }),
		pgwire.Times(w.rows, func(l *row) time.Time { return l.At }), text(func(l *row) string { return l.OutNumber }),
		text(func(l *row) string { return l.Reference }), text(func(l *row) string { return l.Original }),
		text(func(l *row) string { return l.OriginalOut }), text(func(l *row) string { return l.OrderID }))
	w.failed = failure(w.ctx, "store lines", err)
	w.rows = w.rows[:0]
}

// ReadImport reads a file under a lock: read reads its bytes and gives what they hold to the
// writer. The lines of a file with a problem are not kept, and neither is anything if keep is
// not set. It gives the import as it is then.
func (db *DB) ReadImport(
	ctx context.Context, id string, now time.Time, keep bool, read func(*reconcile.Import, bool, *LineWriter) (*formats.Report, error),
) (i reconcile.Import, err error) {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return i, failure(ctx, "begin", err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit it does nothing.
	i, found, err := lockImport(ctx, tx, id)
	if err != nil {
		return i, err
	}
	if _, err := tx.ExecContext(ctx, `SAVEPOINT lines`); err != nil {
		return i, failure(ctx, "begin lines", err)
	}
	w := &LineWriter{ctx: ctx, tx: tx, importID: id}
	report, err := read(&i, found, w)
	if err != nil || report == nil {
		return i, err
	}
	w.flush()
	if w.failed != nil {
		return i, w.failed
	}
	i.State, i.Version, i.Report, i.CompletedAt = reconcile.Whole, formats.Version, report, now
	if !report.Whole() {
		i.State = reconcile.Refused
		if _, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT lines`); err != nil {
			return i, failure(ctx, "drop lines", err)
		}
	}
	if !keep {
		return i, nil
	}
	form, err := reportJSON(report)
	if err != nil {
		return i, fmt.Errorf("encode report: %w", err)
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE channel_imports SET state = $2, reader_version = $3, report = $4::json, completed_at = $5
		WHERE import_id = $1`, id, string(i.State), i.Version, form, now)
	if err != nil {
		return i, failure(ctx, "complete import", err)
	}
	if err := tx.Commit(); err != nil {
		return i, fmt.Errorf("%w: %w", ErrCommitUnknown, failure(ctx, "commit import", err))
	}
	return i, nil
}

const storedLineColumns = `
	l.line_number, l.place, l.kind, l.status, l.amount_minor, l.currency, l.happened_at, l.out_number, l.reference, l.original_payment,
	l.original_out_number, l.order_id`

func storedLineTargets(l *reconcile.StoredLine) []any {
	return []any{
		&l.Number, &l.Place, (*string)(&l.Kind), (*string)(&l.Status), (*int64)(&l.Amount), &l.Currency, &l.At, &l.OutNumber, &l.Reference,
		&l.Original, &l.OriginalOut, &l.OrderID,
	}
}

// ImportLines lists lines of an import after a number, with what they were found to be about;
// or only those that were found to be about nothing.
func (r Reader) ImportLines(ctx context.Context, importID string, after int64, unmatched bool, limit int) ([]reconcile.StoredLine, error) {
	var out []reconcile.StoredLine
	err := r.each(ctx, "list lines", `
		SELECT`+storedLineColumns+`, coalesce(m.rule, ''), coalesce(m.merchant, ''), coalesce(m.payout_id, '')
		FROM channel_lines l
		LEFT JOIN channel_line_matches m ON m.import_id = l.import_id AND m.line_number = l.line_number
		WHERE l.import_id = $1 AND l.line_number > $2 AND (NOT $3 OR m.rule IS NULL)
		ORDER BY l.line_number
		LIMIT $4`, []any{importID, after, unmatched, limit}, func(rows *sql.Rows) error {
		var l reconcile.StoredLine
		err := rows.Scan(append(storedLineTargets(&l), (*string)(&l.Rule), &l.MerchantID, &l.PayoutID)...)
		inUTC(&l.At)
		out = append(out, l)
		return err
	})
	return out, err
}

// EachLine hands every line of an import to f. The place of a line is its number.
func (r Reader) EachLine(ctx context.Context, importID string, f func(*formats.Line)) error {
	return r.each(ctx, "read lines", `
		SELECT`+storedLineColumns+`
		FROM channel_lines l
		WHERE l.import_id = $1
		ORDER BY l.line_number`, []any{importID}, func(rows *sql.Rows) error {
		var l reconcile.StoredLine
		if err := rows.Scan(storedLineTargets(&l)...); err != nil {
			return err
		}
		l.Place = int(l.Number)
		f(&l.Line)
		return nil
	})
}
