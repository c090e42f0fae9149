package pgwire

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/lib/pq/oid"
)

// RowType is a table's row type: its own id and those of its columns. A table
// may have more columns than this binary knows, at its end.
type RowType struct {
	ID      oid.Oid
	Columns []oid.Oid
}

// Records is an array of a table's row type in the binary format. One array of
// rows costs the server half of what one array a column does: unnest fills one
// tuple store instead of one for each column.
type Records struct {
	array
	written int // Columns of the running record.
}

// RowsOf turns rows into one array parameter of a table's row type; put writes
// the columns in the order of the table. Columns that put leaves out at the end
// are NULL, and no statement reads them.
func RowsOf[T any](t RowType, rows []T, put func(*Records, *T)) []byte {
	r := &Records{array: newArray(min(len(rows), guessed), 24*len(t.Columns))}
	for i := range rows {
		r.makeRoom(len(rows) - i)
		r.n++
		at := len(r.buf)
		r.uint32(0) // The length, once it is known.
		r.uint32(uint32(len(t.Columns)))
		r.written = 0
		put(r, &rows[i])
		for _, column := range t.Columns[r.written:] {
			r.null(column)
		}
		binary.BigEndian.PutUint32(r.buf[at:], uint32(len(r.buf)-at-4))
	}
	return r.finish(t.ID)
}

// guessed is how many rows an array has room for before the first is written. They
// tell how much the others take.
const guessed = 4

// roomMax bounds the room that is made at once: one long row must not make room for
// hundreds of its length.
const roomMax = 512 << 10

// makeRoom makes room for the rest of the rows once there is none for the next one.
// Rows of a table are of much the same length, so the mean of those before it tells
// how much the rest will take. Growing by append would copy an array several times.
func (r *Records) makeRoom(rest int) {
	if r.n == 0 {
		return
	}
	mean := (len(r.buf) - arrayHeaderLength) / r.n
	if cap(r.buf)-len(r.buf) < mean {
		r.buf = slices.Grow(r.buf, min((mean+mean/8)*rest, roomMax))
	}
}

func (r *Records) uint32(v uint32) { r.buf = binary.BigEndian.AppendUint32(r.buf, v) }

// column starts a column of length bytes.
func (r *Records) column(t oid.Oid, length int) {
	r.written++
	r.uint32(uint32(t))
	r.uint32(uint32(length))
}

func (r *Records) null(t oid.Oid) {
	r.written++
	r.uint32(uint32(t))
	r.uint32(nullElement)
}

// Nulls writes columns that are NULL.
func (r *Records) Nulls(types ...oid.Oid) {
	for _, t := range types {
		r.null(t)
	}
}

// XID8 is the id of the type of transactions, which the driver's list leaves out.
const XID8 oid.Oid = 5069

// Texts writes columns of text.
func (r *Records) Texts(values ...string) {
	for _, s := range values {
		r.column(oid.T_text, len(s))
		r.buf = append(r.buf, s...)
	}
}

// TextArray writes a column that is an array of texts.
func (r *Records) TextArray(values []string) {
	b := Texts(values, func(s *string) string { return *s })
	r.column(oid.T__text, len(b))
	r.buf = append(r.buf, b...)
}

// TextsOrNull writes the empty string as NULL.
func (r *Records) TextsOrNull(values ...string) {
	for _, s := range values {
		if s == "" {
			r.null(oid.T_text)
			continue
		}
		r.Texts(s)
	}
}

// JSON writes a column of JSON.
func (r *Records) JSON(s string) {
	r.column(oid.T_json, len(s))
	r.buf = append(r.buf, s...)
}

// Blob writes a column of bytes.
func (r *Records) Blob(b []byte) {
	r.column(oid.T_bytea, len(b))
	r.buf = append(r.buf, b...)
}

// Bigints writes columns of 64-bit integers.
func (r *Records) Bigints(values ...int64) {
	for _, v := range values {
		r.column(oid.T_int8, 8)
		r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v))
	}
}

// BigintOrNull writes zero as NULL.
func (r *Records) BigintOrNull(v int64) {
	if v == 0 {
		r.null(oid.T_int8)
		return
	}
	r.Bigints(v)
}

// Integer writes a column of a 32-bit integer.
func (r *Records) Integer(v int32) {
	r.column(oid.T_int4, 4)
	r.uint32(uint32(v))
}

// IntegerOrNull adds a column in which zero is no value.
func (r *Records) IntegerOrNull(v int32) {
	if v == 0 {
		r.null(oid.T_int4)
		return
	}
	r.Integer(v)
}

// Smallint writes a column of a 16-bit integer.
func (r *Records) Smallint(v int16) {
	r.column(oid.T_int2, 2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v))
}

// Booleans writes columns of yes or no.
func (r *Records) Booleans(values ...bool) {
	for _, v := range values {
		r.column(oid.T_bool, 1)
		b := byte(0)
		if v {
			b = 1
		}
		r.buf = append(r.buf, b)
	}
}

// Times writes the zero time as NULL, everything else in microseconds.
func (r *Records) Times(values ...time.Time) {
	for _, t := range values {
		if t.IsZero() {
			r.null(oid.T_timestamptz)
			continue
		}
		r.column(oid.T_timestamptz, 8)
		r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(t.UnixMicro()-epoch.UnixMicro()))
	}
}
