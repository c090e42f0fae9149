package postgres

import (
	"encoding/binary"
	"time"

	"github.com/lib/pq/oid"
)

// records is an array of a table's row type in the binary format. One array of
// rows costs the server half of what one array a column does: unnest fills one
// tuple store instead of one for each column.
type records struct {
	array
	at      int // Where the length of the running record stands.
	columns int
}

// rowsOf turns rows into one array parameter of the row type elem; put writes
// every column of the type, in the order of the table.
func rowsOf[T any](elem oid.Oid, rows []T, columns int, put func(*records, *T)) []byte {
	r := &records{array: newArray(len(rows), 24*columns), columns: columns}
	for i := range rows {
		r.n++
		r.at = len(r.buf)
		r.uint32(0)
		r.uint32(uint32(columns))
		put(r, &rows[i])
		binary.BigEndian.PutUint32(r.buf[r.at:], uint32(len(r.buf)-r.at-4))
	}
	return r.finish(elem)
}

func (r *records) uint32(v uint32) { r.buf = binary.BigEndian.AppendUint32(r.buf, v) }

func (r *records) texts(values ...string) {
	for _, s := range values {
		r.uint32(uint32(oid.T_text))
		r.uint32(uint32(len(s)))
		r.buf = append(r.buf, s...)
	}
}

// textsOrNull writes the empty string as NULL.
func (r *records) textsOrNull(values ...string) {
	for _, s := range values {
		if s == "" {
			r.uint32(uint32(oid.T_text))
			r.uint32(nullElement)
			continue
		}
		r.texts(s)
	}
}

func (r *records) blob(b []byte) {
	r.uint32(uint32(oid.T_bytea))
	r.uint32(uint32(len(b)))
	r.buf = append(r.buf, b...)
}

func (r *records) eight(t oid.Oid, v int64) {
	r.uint32(uint32(t))
	r.uint32(8)
	r.buf = binary.BigEndian.AppendUint64(r.buf, uint64(v))
}

func (r *records) bigints(values ...int64) {
	for _, v := range values {
		r.eight(oid.T_int8, v)
	}
}

// bigintOrNull writes zero as NULL.
func (r *records) bigintOrNull(v int64) {
	if v == 0 {
		r.uint32(uint32(oid.T_int8))
		r.uint32(nullElement)
		return
	}
	r.eight(oid.T_int8, v)
}

func (r *records) smallint(v int16) {
	r.uint32(uint32(oid.T_int2))
	r.uint32(2)
	r.buf = binary.BigEndian.AppendUint16(r.buf, uint16(v))
}

// times writes the zero time as NULL, everything else in microseconds.
func (r *records) times(values ...time.Time) {
	for _, t := range values {
		if t.IsZero() {
			r.uint32(uint32(oid.T_timestamptz))
			r.uint32(nullElement)
			continue
		}
		r.eight(oid.T_timestamptz, t.UnixMicro()-epoch.UnixMicro())
	}
}
