package event

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"
)

// Row binds a row of the database to the chain: the row has this digest from the event
// on, until a later event tells of it again.
type Row struct {
	// Table is the row's table.
	Table string
	// Key is what its key has beside the book and the claim of the event; empty for
	// nothing more.
	Key    string
	Digest Hash
	// Facts are the values that a reader of the event asks for, in a fixed order. The
	// digest covers them as well.
	Facts []Detail
}

// RowForm writes the columns of a row one after the other, each with its length, so that
// no two rows look alike. docs/event-encoding.md lists the columns of each table.
type RowForm struct{ buf []byte }

// NewRowForm makes a form with room for the columns of any usual row.
func NewRowForm() *RowForm {
	const usual = 1024
	return &RowForm{buf: make([]byte, 0, usual)}
}

// Texts adds columns of text.
func (f *RowForm) Texts(values ...string) {
	for _, v := range values {
		f.buf = strconv.AppendInt(f.buf, int64(len(v)), 10)
		f.buf = append(f.buf, ':')
		f.buf = append(f.buf, v...)
	}
}

// Null adds a column without a value.
func (f *RowForm) Null() { f.buf = append(f.buf, '-') }

// TextsOrNull adds columns of text in which an empty text is no value.
func (f *RowForm) TextsOrNull(values ...string) {
	for _, v := range values {
		if v == "" {
			f.Null()
			continue
		}
		f.Texts(v)
	}
}

// Numbers adds columns of numbers, in decimal.
func (f *RowForm) Numbers(values ...int64) {
	var digits [20]byte
	for _, v := range values {
		text := strconv.AppendInt(digits[:0], v, 10)
		f.buf = strconv.AppendInt(f.buf, int64(len(text)), 10)
		f.buf = append(f.buf, ':')
		f.buf = append(f.buf, text...)
	}
}

// NumberOrNull adds a column in which zero is no value.
func (f *RowForm) NumberOrNull(v int64) {
	if v == 0 {
		f.Null()
		return
	}
	f.Numbers(v)
}

// Bytes adds columns of bytes, in hexadecimal.
func (f *RowForm) Bytes(values ...[]byte) {
	for _, v := range values {
		f.Texts(hex.EncodeToString(v))
	}
}

// Flags adds columns that are true or false.
func (f *RowForm) Flags(values ...bool) {
	for _, v := range values {
		f.Texts(strconv.FormatBool(v))
	}
}

// Times adds columns of times, in microseconds since 1970; the zero time is no value.
func (f *RowForm) Times(values ...time.Time) {
	for _, v := range values {
		if v.IsZero() {
			f.Null()
			continue
		}
		f.Numbers(v.UnixMicro())
	}
}

// Later adds a column that rows of before do not have, by its name, where it has a value: so
// their digests stay as they are.
func (f *RowForm) Later(column, value string) {
	if value != "" {
		f.Texts(column, value)
	}
}

// LaterTime adds such a column of time.
func (f *RowForm) LaterTime(column string, value time.Time) {
	if !value.IsZero() {
		f.Texts(column)
		f.Times(value)
	}
}

// List adds a column of a list: how many texts it has, and each of them.
func (f *RowForm) List(values []string) {
	f.Numbers(int64(len(values)))
	f.Texts(values...)
}

// Digest is the SHA-256 of the columns so far. The form is empty after it.
func (f *RowForm) Digest() Hash {
	d := sha256.Sum256(f.buf)
	f.buf = f.buf[:0]
	return d
}
