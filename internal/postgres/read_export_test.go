package postgres

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
)

// ExaminedMax is how many rows a page may look at.
const ExaminedMax = examinedMax

// Statement is a statement that a reader ran.
type Statement struct {
	Query string
	Args  []any
}

// Recorded reads like r and adds every statement that it runs to ran.
func Recorded(r Reader, ran *[]Statement) Reader {
	return Reader{from: recorder{r.from, ran}}
}

type recorder struct {
	sqlx.QueryerContext
	ran *[]Statement
}

func (r recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	*r.ran = append(*r.ran, Statement{query, args})
	return r.QueryerContext.QueryContext(ctx, query, args...)
}
