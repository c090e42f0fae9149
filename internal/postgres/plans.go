package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Statement is a statement that a reader ran.
type Statement struct {
	Query string
	Args  []any
}

// recorder remembers every statement that goes through it.
type recorder struct {
	sqlx.QueryerContext
	ran *[]Statement
}

// QueryContext implements sqlx.QueryerContext.
func (r recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	*r.ran = append(*r.ran, Statement{query, args})
	return r.QueryerContext.QueryContext(ctx, query, args...)
}

// PlanStep is one step of how a statement is carried out.
type PlanStep struct {
	// Type is the planner's word, such as "Index Scan".
	Type string `json:"Node Type"`
	// Relation and Index are what it reads; empty for none.
	Relation string     `json:"Relation Name"`
	Index    string     `json:"Index Name"`
	Steps    []PlanStep `json:"Plans"`
}

// Walk calls f for the step and every one below it.
func (p *PlanStep) Walk(f func(*PlanStep)) {
	f(p)
	for i := range p.Steps {
		p.Steps[i].Walk(f)
	}
}

// Plans runs the reads of f, and says how the database carries out each statement with
// the parameters it ran with.
func (db *DB) Plans(ctx context.Context, f func(Reader) error) ([]PlanStep, error) {
	var ran []Statement
	if err := f(Reader{from: recorder{db.pool, &ran}}); err != nil {
		return nil, err
	}
	plans := make([]PlanStep, len(ran))
	for i, s := range ran {
		var raw []byte
		if err := db.pool.GetContext(ctx, &raw, `EXPLAIN (FORMAT JSON) `+s.Query, s.Args...); err != nil {
			return nil, failure(ctx, "explain a statement", err)
		}
		var out []struct {
			Plan PlanStep `json:"Plan"`
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			return nil, fmt.Errorf("read a plan: %w", err)
		}
		for _, o := range out {
			plans[i] = o.Plan
		}
	}
	return plans, nil
}
