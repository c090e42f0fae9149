package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// part is one set-based change of what a batch writes.
type part struct {
	what string
	// rows is how many rows it must affect.
	rows  int
	query string
	args  []any
}

// gather notes a change for the batch's one write.
func (tx *Tx) gather(what string, rows int, query string, args ...any) error {
	tx.parts = append(tx.parts, part{what: what, rows: rows, query: query, args: args})
	return nil
}

// combinedMax bounds the combinations of changes that a session keeps a
// statement for. A lane under load writes the same few again and again.
const combinedMax = 64

// flush runs what was gathered as one statement: one round trip to the server
// instead of one for each table. None of the parts may depend on what another
// of them writes; they all see the rows as they were before.
func (tx *Tx) flush() error {
	parts := tx.parts
	tx.parts = nil
	if len(parts) == 0 {
		return nil
	}
	query, ok := tx.s.combine(parts)
	if !ok || len(parts) == 1 {
		for _, p := range parts {
			if err := tx.exec(p.what, p.rows, p.query, p.args...); err != nil {
				return err
			}
		}
		return nil
	}
	const what = "write batch"
	st, err := tx.statement(query)
	if err != nil {
		return failure(tx.ctx, what, err)
	}
	var args []any
	counts := make([]any, len(parts))
	for i, p := range parts {
		args = append(args, p.args...)
		counts[i] = new(int64)
	}
	if err := st.QueryRowContext(tx.ctx, args...).Scan(counts...); err != nil {
		return failure(tx.ctx, what, err)
	}
	for i, p := range parts {
		if n := *counts[i].(*int64); n != int64(p.rows) {
			return fmt.Errorf("%s: %d of %d rows: %w", p.what, n, p.rows, ErrStale)
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// combine gives the statement that makes the changes of all parts and counts
// the rows of each; false when the session has too many such statements.
func (s *Session) combine(parts []part) (string, bool) {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.what
	}
	key := strings.Join(names, "+")
	if query, ok := s.combined[key]; ok {
		return query, true
	}
	if len(s.combined) >= combinedMax {
		return "", false
	}
	var with, counts strings.Builder
	before := 0
	for i, p := range parts {
		if i > 0 {
			with.WriteString(", ")
			counts.WriteString(", ")
		}
		query := placeholder.ReplaceAllStringFunc(p.query, func(number string) string {
			n, _ := strconv.Atoi(number[1:]) // The expression admits digits only.
			return "$" + strconv.Itoa(n+before)
		})
		fmt.Fprintf(&with, "p%d AS (%s RETURNING 1)", i, query)
		fmt.Fprintf(&counts, "(SELECT count(*) FROM p%d)", i)
		before += len(p.args)
	}
	s.combined[key] = "WITH " + with.String() + " SELECT " + counts.String()
	return s.combined[key], true
}
