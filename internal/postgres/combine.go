package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// part is one set-based change in a batch's write, or one comparison that the batch
// rests on.
type part struct {
	what string
	// rows is how many rows it must affect, or find.
	rows  int
	query string
	args  []any
	reads bool
}

// gather adds a change to the batch's single write.
func (tx *Tx) gather(what string, rows int, query string, args ...any) {
	tx.parts = append(tx.parts, part{what: what, rows: rows, query: query, args: args})
}

// spoil notes that a batch cannot be written, since something in it has no stored
// form.
func (tx *Tx) spoil(err error) { tx.spoiled = errors.Join(tx.spoiled, err) }

// gatherRead adds a comparison to the batch's single write.
func (tx *Tx) gatherRead(what string, rows int, query string, args ...any) {
	tx.parts = append(tx.parts, part{what: what, rows: rows, query: query, args: args, reads: true})
}

// combinedMax bounds how many combined statements a session keeps. A lane under load
// writes the same few combinations again and again; beyond the bound, the least
// recently used statement is dropped.
const combinedMax = 128

// flush runs the gathered parts as one statement. No part may depend on what another
// writes: they all see the rows as they were before. The first part is carried out
// first. If a part affects or finds another number of rows than it must, the whole
// statement fails and changes nothing.
func (tx *Tx) flush() error {
	parts := tx.parts
	tx.parts = nil
	if len(parts) == 0 {
		return nil
	}
	const what = "write batch"
	query := tx.s.combine(parts)
	st, err := tx.statement(query)
	if err != nil {
		return failure(tx.ctx, what, err)
	}
	args := make([]any, 0, 3*len(parts))
	rows := make([]int64, len(parts))
	for i, p := range parts {
		args = append(args, p.args...)
		rows[i] = int64(p.rows)
	}
	args = append(args, pgwire.Bigints(rows, func(n *int64) int64 { return *n }))
	if _, err := st.ExecContext(tx.ctx, args...); err != nil {
		err = failure(tx.ctx, what, err)
		switch {
		case errors.Is(err, ErrStale):
			return fmt.Errorf("%s: %w", names(parts), err)
		case tx.alone && errors.Is(err, ErrUnavailable):
			// It was sent, and is a transaction by itself.
			return fmt.Errorf("%w: %w", ErrCommitUnknown, err)
		}
		return err
	}
	return nil
}

func names(parts []part) string {
	list := make([]string, len(parts))
	for i, p := range parts {
		list[i] = p.what
	}
	return strings.Join(list, "+")
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// combine builds the statement that carries out all parts. It divides by zero if a
// part's row count differs from the last parameter; nothing else in it can.
func (s *Session) combine(parts []part) string {
	key := names(parts)
	if query, ok := s.combined[key]; ok {
		s.recent = append(slices.DeleteFunc(s.recent, func(k string) bool { return k == key }), key)
		return query
	}
	if len(s.recent) >= combinedMax {
		s.forget(s.recent[0])
	}
	var with, counted strings.Builder
	before := 0
	for i, p := range parts {
		if i > 0 {
			with.WriteString(", ")
			counted.WriteString(" AND ")
		}
		query := placeholder.ReplaceAllStringFunc(p.query, func(number string) string {
			n, _ := strconv.Atoi(number[1:]) // The expression admits digits only.
			return "$" + strconv.Itoa(n+before)
		})
		if !p.reads {
			query += " RETURNING 1"
		}
		fmt.Fprintf(&with, "p%d AS (%s)", i, query)
		fmt.Fprintf(&counted, "(SELECT count(*) FROM p%d) = n.rows[%d]", i, i+1)
		before += len(p.args)
	}
	query := fmt.Sprintf("WITH %s SELECT 1 / CASE WHEN %s THEN 1 ELSE 0 END FROM (SELECT $%d::bigint[] AS rows) n",
		with.String(), counted.String(), before+1)
	s.combined[key], s.recent = query, append(s.recent, key)
	return query
}

// forget drops a combined statement and its plan.
func (s *Session) forget(key string) {
	query := s.combined[key]
	if st, ok := s.statements[query]; ok {
		_ = st.Close()
		delete(s.statements, query)
	}
	delete(s.combined, key)
	s.recent = slices.DeleteFunc(s.recent, func(k string) bool { return k == key })
}
