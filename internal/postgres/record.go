package postgres

import (
	"encoding/binary"
	"time"

	"github.com/lib/pq/oid"
)

// rowType is a table's row type: its own id and those of its columns. A table
// may have more columns than this binary knows, at its end.
type rowType struct {
	id      oid.Oid
	columns []oid.Oid
}

// records is an array of a table's row type in the binary format. One array of
// rows costs the server half of what one array a column does: unnest fills one
// tuple store instead of one for each column.
type records struct {
	array
	written int // Columns of the running record.
}

// rowsOf turns rows into one array parameter of a table's row type; put writes
// the columns in the order of the table. Columns that put leaves out at the end
// are NULL, and no statement reads them.
func rowsOf[T any](t rowType, rows []T, put func(*records, *T)) []byte {
	r := &records{array: newArray(len(rows), 24*len(t.columns))}
	for i := range rows {
		r.n++
		at := len(r.buf)
		r.uint32(0) // The length, once it is known.
		r.uint32(uint32(len(t.columns)))
		r.written = 0
		put(r, &rows[i])
		for _, column := range t.columns[r.written:] {
			r.null(column)
		}
		binary.BigEndian.PutUint32(r.buf[at:], uint32(len(r.buf)-at-4))
	}
	return r.finish(t.id)
}

func (r *records) uint32(v uint32) { r.buf = binary.BigEndian.AppendUint32(r.buf, v) }

// column starts a column of length bytes.
func (r *records) column(t oid.Oid, length int) {
	r.written++
	r.uint32(uint32(t))
	r.uint32(uint32(length))
}

func (r *records) null(t oid.Oid) {
	r.written++
	r.uint32(uint32(t))
	r.uint32(nullElement)
}

func (r *records) nulls(types ...oid.Oid) {
	for _, t := range types {
		r.null(t)
	}
}

// xid8 is the id of the type of transactions, which the driver's list leaves out.
const xid8 oid.Oid = 5069

func (r *records) texts(values ...string) {
	for _, s := range values {
		r.column(oid.T_text, len(s))
		r.buf = append(r.buf, s...)
	}
}

// textArray writes a column that is an array of texts.
func (r *records) textArray(values []string) {
	b := texts(values, func(s *string) string { return *s })
	r.column(oid.T__text, len(b))
	r.buf = append(r.buf, b...)
}

// textsOrNull writes the empty string as NULL.
func (r *records) textsOrNull(values ...string) {
	for _, s := range values {
		if s == "" {
			r.null(oid.T_text)
			continue
		}
		r.texts(s)
	}
}

func (r *records) json(s string) {
	r.column(oid.T_json, len(s))
	r.buf = append(r.buf, s...)
}

func (r *records) blob(b []byte) {
	r.column(oid.T_bytea, len(b))
	r.buf = append(r.buf, b...)
}

func (r *records) bigints(values ...int64) {
	for _, v := range values {
		r.column(oid.T_int8, 8)
		r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v))
	}
}

// bigintOrNull writes zero as NULL.
func (r *records) bigintOrNull(v int64) {
	if v == 0 {
		r.null(oid.T_int8)
		return
	}
	r.bigints(v)
}

func (r *records) integer(v int32) {
	r.column(oid.T_int4, 4)
	r.uint32(uint32(v))
}

func (r *records) smallint(v int16) {
	r.column(oid.T_int2, 2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v))
}

func (r *records) booleans(values ...bool) {
	for _, v := range values {
		r.column(oid.T_bool, 1)
		b := byte(0)
		if v {
			b = 1
		}
		r.buf = append(r.buf, b)
	}
}

// times writes the zero time as NULL, everything else in microseconds.
func (r *records) times(values ...time.Time) {
	for _, t := range values {
		if t.IsZero() {
			r.null(oid.T_timestamptz)
			continue
		}
		r.column(oid.T_timestamptz, 8)
		r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(t.UnixMicro()-epoch.UnixMicro()))
	}
}
