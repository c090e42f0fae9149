package pgwire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq/oid"

	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// headerLength is that of an array that is not empty.
const headerLength = 20

// elements splits an array into its elements.
func elements(t *testing.T, array []byte) [][]byte {
	t.Helper()
	n := int(binary.BigEndian.Uint32(array[12:]))
	rest := array[headerLength:]
	out := make([][]byte, 0, n)
	for range n {
		length := int(binary.BigEndian.Uint32(rest))
		out = append(out, rest[4:4+length])
		rest = rest[4+length:]
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes follow the last element", len(rest))
	}
	return out
}

// Would catch a row that is lost, cut or overwritten where the array grows: rows of
// very different lengths must be what each of them is in an array of its own.
func TestRowsAreTheSameInLongArrays(t *testing.T) {
	t.Parallel()
	table := pgwire.RowType{ID: 1, Columns: []oid.Oid{oid.T_text, oid.T_int8, oid.T_text}}
	put := func(r *pgwire.Records, length *int) {
		r.Texts(strings.Repeat("x", *length))
		r.Bigints(int64(*length))
	}
	for _, c := range []struct {
		name   string
		length func(i int) int
	}{
		{"of one length", func(int) int { return 40 }},
		{"longer and longer", func(i int) int { return i * 10 }},
		{"the first is the longest", func(i int) int { return 200_000 / (1 + i*i) }},
		{"one long row among short ones", func(i int) int { return 10 + i/150*700_000 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lengths := make([]int, 151)
			for i := range lengths {
				lengths[i] = c.length(i)
			}
			got := elements(t, pgwire.RowsOf(table, lengths, put))
			if len(got) != len(lengths) {
				t.Fatalf("%d rows were written and %d are there", len(lengths), len(got))
			}
			for i := range lengths {
				alone := elements(t, pgwire.RowsOf(table, lengths[i:i+1], put))
				if !bytes.Equal(got[i], alone[0]) {
					t.Fatalf("row %d differs from the same row alone", i)
				}
			}
		})
	}
}

// change is a row like those that a command writes most of: some ids and kinds, some
// numbers, and for an event its content.
type change struct {
	merchant, claim, kind, content string
	number, amount                 int64
	at                             time.Time
}

func (c *change) put(r *pgwire.Records) {
	r.Texts(c.merchant)
	r.Bigints(c.number, c.number)
	r.Texts(c.kind, c.kind, c.kind)
	r.Bigints(c.amount)
	r.Texts("CNY", c.content)
	r.TextsOrNull(c.claim, "", "")
	r.BigintOrNull(0)
	r.Times(c.at, c.at)
}

// BenchmarkRowsOf makes the parameters of a batch: three transfers and an event for
// each command.
func BenchmarkRowsOf(b *testing.B) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	table := pgwire.RowType{ID: 1, Columns: make([]oid.Oid, 15)}
	for _, commands := range []int{1, 16, 128} {
		transfers, events := make([]change, 3*commands), make([]change, commands)
		for i := range transfers {
			transfers[i] = change{"merchant-1", fmt.Sprintf("%023d", i), "DEPOSIT_HELD", "", int64(i), 10_000, at}
		}
		for i := range events {
			events[i] = change{"merchant-1", fmt.Sprintf("%023d", i), "CLAIM_ACCEPTED", strings.Repeat("content ", 110), int64(i), 0, at}
		}
		put := func(r *pgwire.Records, c *change) { c.put(r) }
		b.Run(fmt.Sprintf("commands=%d", commands), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				pgwire.RowsOf(table, transfers, put)
				pgwire.RowsOf(table, events, put)
			}
		})
	}
}
