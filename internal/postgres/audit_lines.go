package postgres

import (
	"database/sql"
)

// AuditedLine is an order line with what is wrong with it; nil for nothing.
type AuditedLine struct {
	ID    string
	Wrong error
}

// Lines reads the order lines of a book after a given one.
func (a *Audit) Lines(merchantID, after string, limit int) ([]AuditedLine, error) {
	return page(a, "audit order lines", `
		SELECT`+lineColumns+`
		FROM order_lines l
		WHERE l.merchant_id = $1 AND l.order_line_id > $2
		ORDER BY l.order_line_id
		LIMIT $3`,
		func(rows *sql.Rows) (l AuditedLine, err error) {
			var s storedLine
			if err := rows.Scan(s.columns()...); err != nil {
				return l, err
			}
			l.ID = s.id
			_, l.Wrong = s.line()
			return l, nil
		}, merchantID, after, limit)
}
