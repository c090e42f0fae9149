package postgres

import (
	"context"

	"github.com/lib/pq/oid"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// Part is one part of a batch's write, with its parameters.
type Part struct {
	What  string
	Query string
	Args  []any
}

// Parts gives what Write would run for changes, and runs nothing.
func (s *Session) Parts(ctx context.Context, c *book.Changes) ([]Part, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	tx := &Tx{s: s, ctx: ctx}
	if err := tx.gatherAll(c); err != nil {
		return nil, err
	}
	parts := make([]Part, len(tx.parts))
	for i, p := range tx.parts {
		parts[i] = Part{What: p.what, Query: p.query, Args: p.args}
	}
	return parts, nil
}

// RowType is the row type of a table, with those of its columns.
func (s *Session) RowType(table string) (id oid.Oid, columns []oid.Oid) {
	t := s.types[table]
	return t.ID, t.Columns
}

// TransactionType is the type of the column that the database fills in by itself.
const TransactionType = pgwire.XID8

// EncodeLine and DecodeLine turn an order line into its stored form and back.
var (
	EncodeLine = encodeLine
	DecodeLine = decodeLine
)
