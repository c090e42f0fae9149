package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// lineContents encodes lines, one for one; false if the batch is spoiled by one of them.
func lineContents[R any](tx *Tx, rows []R, of func(*R) *book.LineSeen) (map[*book.LineSeen]string, bool) {
	contents := make(map[*book.LineSeen]string, len(rows))
	for i := range rows {
		l := of(&rows[i])
		content, err := encodeLine(&l.Line)
		if err != nil {
			tx.spoil(fmt.Errorf("encode order line: %w", err))
			return nil, false
		}
		contents[l] = content
	}
	return contents, true
}

// putLine adds the columns that a line and its correction have in common.
func putLine(r *pgwire.Records, l *book.LineSeen, content string) {
	digest := l.Line.Digest()
	r.Texts(l.Line.OrderID, l.Line.PaymentID, l.Line.ProductID)
	r.Times(l.Line.PaidAt)
	r.JSON(content)
	r.Blob(digest[:])
	r.Times(l.RecordedAt)
}

func (tx *Tx) writeLines(c *book.Changes) {
	rows := c.Lines
	if len(rows) == 0 {
		return
	}
	contents, ok := lineContents(tx, rows, func(l *book.LineSeen) *book.LineSeen { return l })
	if !ok {
		return
	}
	tx.gather("write order lines", len(rows), `
		INSERT INTO order_lines (
			merchant_id, order_line_id, order_id, payment_id, product_id, paid_at, content, digest,
			recorded_at, revision)
		SELECT
			r.merchant_id, r.order_line_id, r.order_id, r.payment_id, r.product_id, r.paid_at,
			r.content, r.digest, r.recorded_at, r.revision
		FROM unnest($1::order_lines[]) r`,
		pgwire.RowsOf(tx.s.types["order_lines"], rows, func(r *pgwire.Records, l *book.LineSeen) {
			r.Texts(l.Line.MerchantID, l.Line.ID)
			putLine(r, l, contents[l])
			r.Integer(l.Revision)
		}))
}

func (tx *Tx) writeLinesChanged(c *book.Changes) {
	rows := c.LinesChanged
	if len(rows) == 0 {
		return
	}
	contents, ok := lineContents(tx, rows, func(l *book.LineChanged) *book.LineSeen { return &l.LineSeen })
	if !ok {
		return
	}
	tx.gather("correct order lines", len(rows), `
		UPDATE order_lines l
		SET order_id = k.order_id, payment_id = k.payment_id, product_id = k.product_id, paid_at = k.paid_at,
		    content = k.content, digest = k.digest, recorded_at = k.recorded_at, revision = k.revision
		FROM ROWS FROM (unnest($1::order_lines[]), unnest($2::bigint[])) k
		WHERE l.merchant_id = k.merchant_id AND l.order_line_id = k.order_line_id AND l.revision = k.unnest`,
		pgwire.RowsOf(tx.s.types["order_lines"], rows, func(r *pgwire.Records, l *book.LineChanged) {
			r.Texts(l.Line.MerchantID, l.Line.ID)
			putLine(r, &l.LineSeen, contents[&l.LineSeen])
			r.Integer(l.Revision)
		}),
		pgwire.Bigints(rows, func(l *book.LineChanged) int64 { return int64(l.From) }))
}

func (tx *Tx) writeCorrections(c *book.Changes) {
	rows := c.Corrections
	if len(rows) == 0 {
		return
	}
	contents, ok := lineContents(tx, rows, func(l *book.LineCorrection) *book.LineSeen { return &l.Before })
	if !ok {
		return
	}
	tx.gather("write corrections of order lines", len(rows), `
		INSERT INTO order_line_corrections (
			merchant_id, order_line_id, revision, order_id, payment_id, product_id, paid_at, content, digest,
			recorded_at, note, corrected_as, corrected_by, event_number, corrected_at)
		SELECT
			r.merchant_id, r.order_line_id, r.revision, r.order_id, r.payment_id, r.product_id, r.paid_at,
			r.content, r.digest, r.recorded_at, r.note, r.corrected_as, r.corrected_by, r.event_number, r.corrected_at
		FROM unnest($1::order_line_corrections[]) r`,
		pgwire.RowsOf(tx.s.types["order_line_corrections"], rows, func(r *pgwire.Records, l *book.LineCorrection) {
			r.Texts(l.Before.Line.MerchantID, l.Before.Line.ID)
			r.Integer(l.Before.Revision)
			putLine(r, &l.Before, contents[&l.Before])
			r.Texts(l.Note, l.CorrectedAs, l.CorrectedBy)
			r.Bigints(l.EventNumber)
			r.Times(l.CorrectedAt)
		}))
}

const correctionColumns = lineColumns + `, l.note, l.corrected_as, l.corrected_by, l.event_number, l.corrected_at`

// LineCorrections reads the corrections of an order line after a revision, oldest first.
func (r Reader) LineCorrections(ctx context.Context, merchantID, lineID string, after int64, limit int) ([]book.LineCorrection, error) {
	return read(ctx, r, "list corrections", `
		SELECT`+correctionColumns+`
		FROM order_line_corrections l
		WHERE l.merchant_id = $1 AND l.order_line_id = $2 AND l.revision > $3
		ORDER BY l.revision
		LIMIT $4`, scanCorrection, merchantID, lineID, after, limit)
}

// scanCorrection reads a correction; one that is not stored as it was told is
// ORDER_LINE_DAMAGED.
func scanCorrection(rows *sql.Rows) (c book.LineCorrection, err error) {
	var s storedLine
	err = rows.Scan(append(s.columns(), &c.Note, &c.CorrectedAs, &c.CorrectedBy, &c.EventNumber, &c.CorrectedAt)...)
	if err != nil {
		return c, err
	}
	before, err := s.seen()
	if err != nil {
		return c, err
	}
	c.Before = *before
	inUTC(&c.CorrectedAt)
	return c, nil
}
