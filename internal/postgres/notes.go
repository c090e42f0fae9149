package postgres

import (
	"context"
	"database/sql"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

func (tx *Tx) writeNotes(c *book.Changes) {
	rows := c.Notes
	if len(rows) == 0 {
		return
	}
	tx.gather("write notes", len(rows), `
		INSERT INTO claim_notes (
			merchant_id, claim_id, note_number, visibility, text, event_number, added_as, added_by, added_at)
		SELECT r.merchant_id, r.claim_id, r.note_number, r.visibility, r.text, r.event_number, r.added_as, r.added_by, r.added_at
		FROM unnest($1::claim_notes[]) r`,
		pgwire.RowsOf(tx.s.types["claim_notes"], rows, func(r *pgwire.Records, n *book.Note) {
			r.Texts(n.MerchantID, n.ClaimID)
			r.Integer(n.Number)
			r.Texts(string(n.Visibility), n.Text)
			r.Bigints(n.EventNumber)
			r.Texts(n.AddedAs, n.AddedBy)
			r.Times(n.AddedAt)
		}))
}

const noteColumns = `
	n.merchant_id, n.claim_id, n.note_number, n.visibility, n.text, n.event_number, n.added_as, n.added_by, n.added_at`

func scanNote(rows *sql.Rows) (n book.Note, err error) {
	err = rows.Scan(&n.MerchantID, &n.ClaimID, &n.Number, (*string)(&n.Visibility), &n.Text, &n.EventNumber, &n.AddedAs, &n.AddedBy, &n.AddedAt)
	inUTC(&n.AddedAt)
	return n, err
}

// NewestNotes reads the newest note of each claim among keys that has one.
func (tx *Tx) NewestNotes(keys []book.Key) ([]book.Note, error) {
	var out []book.Note
	err := tx.query("read newest notes", `
		SELECT`+noteColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		CROSS JOIN LATERAL (
			SELECT`+noteColumns+`
			FROM claim_notes n
			WHERE n.merchant_id = k.merchant_id AND n.claim_id = k.id
			ORDER BY n.note_number DESC
			LIMIT 1) n`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			n, err := scanNote(rows)
			out = append(out, n)
			return err
		})
	return out, err
}

// Notes reads the notes of a claim that may be read by whom, after one, oldest first.
func (r Reader) Notes(ctx context.Context, merchantID, claimID string, by []book.NoteVisibility, after int32, limit int) ([]book.Note, error) {
	visible := make([]string, len(by))
	for i, v := range by {
		visible[i] = string(v)
	}
	return read(ctx, r, "list notes", `
		SELECT`+noteColumns+`
		FROM claim_notes n
		WHERE n.merchant_id = $1 AND n.claim_id = $2 AND n.note_number > $3 AND n.visibility = ANY ($4)
		ORDER BY n.note_number
		LIMIT $5`, scanNote, merchantID, claimID, after, pq.Array(visible), limit)
}
