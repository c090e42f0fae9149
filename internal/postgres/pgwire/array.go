// Package pgwire writes parameters in PostgreSQL's binary format: arrays of one field
// of many rows, and arrays of whole rows. It names no table and runs no statement.
package pgwire

import (
	"encoding/binary"
	"time"

	"github.com/lib/pq/oid"
)

// An array is a one-dimensional PostgreSQL array in the binary format: header,
// then each element as its length and bytes. Connections with
// binary_parameters=yes send []byte in that format, which spares the server
// the parsing of array literals on the write path.
type array struct {
	buf   []byte
	n     int
	nulls bool
}

const (
	arrayHeaderLength = 20
	nullElement       = 0xFFFFFFFF
)

// epoch is the zero of PostgreSQL's timestamps.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func newArray(elements, bytesEach int) array {
	return array{buf: make([]byte, arrayHeaderLength, arrayHeaderLength+elements*(4+bytesEach))}
}

func (a *array) element(length int) {
	a.n++
	a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(length))
}

func (a *array) null() {
	a.n++
	a.nulls = true
	a.buf = binary.BigEndian.AppendUint32(a.buf, nullElement)
}

func (a *array) finish(elem oid.Oid) []byte {
	dimensions := uint32(1)
	if a.n == 0 {
		dimensions = 0
		a.buf = a.buf[:12]
	}
	binary.BigEndian.PutUint32(a.buf[0:], dimensions)
	nulls := uint32(0)
	if a.nulls {
		nulls = 1
	}
	binary.BigEndian.PutUint32(a.buf[4:], nulls)
	binary.BigEndian.PutUint32(a.buf[8:], uint32(elem))
	if a.n > 0 {
		binary.BigEndian.PutUint32(a.buf[12:], uint32(a.n))
		binary.BigEndian.PutUint32(a.buf[16:], 1)
	}
	return a.buf
}

// The functions below turn one field of many rows into one array parameter.

// Texts makes an array of texts.
func Texts[T any](rows []T, field func(*T) string) []byte {
	a := newArray(len(rows), 24)
	for i := range rows {
		s := field(&rows[i])
		a.element(len(s))
		a.buf = append(a.buf, s...)
	}
	return a.finish(oid.T_text)
}

// Bigints makes an array of 64-bit integers.
func Bigints[T any](rows []T, field func(*T) int64) []byte {
	a := newArray(len(rows), 8)
	for i := range rows {
		a.element(8)
		a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(field(&rows[i])))
	}
	return a.finish(oid.T_int8)
}

// Integers makes an array of 32-bit integers.
func Integers[T any](rows []T, field func(*T) int32) []byte {
	a := newArray(len(rows), 4)
	for i := range rows {
		a.element(4)
		a.buf = binary.BigEndian.AppendUint32(a.buf, uint32(field(&rows[i])))
	}
	return a.finish(oid.T_int4)
}

// Times writes the zero time as NULL, everything else in microseconds.
func Times[T any](rows []T, field func(*T) time.Time) []byte {
	a := newArray(len(rows), 8)
	for i := range rows {
		t := field(&rows[i])
		if t.IsZero() {
			a.null()
			continue
		}
		a.element(8)
		a.buf = binary.BigEndian.AppendUint64(a.buf, uint64(t.UnixMicro()-epoch.UnixMicro()))
	}
	return a.finish(oid.T_timestamptz)
}
