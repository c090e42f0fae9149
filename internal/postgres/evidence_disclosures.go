package postgres

import (
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

func (tx *Tx) writeDisclosures(c *book.Changes) {
	rows := c.Disclosures
	if len(rows) == 0 {
		return
	}
	tx.gather("write disclosures", len(rows), `
		INSERT INTO evidence_disclosures (merchant_id, claim_id, evidence_number, party, note, made_as, made_by, made_at, event_number)
		SELECT r.merchant_id, r.claim_id, r.evidence_number, r.party, r.note, r.made_as, r.made_by, r.made_at, r.event_number
		FROM unnest($1::evidence_disclosures[]) r`,
		pgwire.RowsOf(tx.s.types["evidence_disclosures"], rows, func(r *pgwire.Records, d *book.Disclosure) {
			r.Texts(d.MerchantID, d.ClaimID)
			r.Bigints(d.Evidence)
			r.Texts(string(d.Party), d.Note, d.MadeAs, d.MadeBy)
			r.Times(d.MadeAt)
			r.Bigints(d.EventNumber)
		}))
}

// Disclosures reads what was disclosed of the evidence of the claims among keys after it was
// added.
func (tx *Tx) Disclosures(keys []book.Key) ([]book.Disclosure, error) {
	var out []book.Disclosure
	err := tx.query("read disclosures", `
		SELECT d.merchant_id, d.claim_id, d.evidence_number, d.party, d.note, d.made_as, d.made_by, d.made_at, d.event_number
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN evidence_disclosures d ON d.merchant_id = k.merchant_id AND d.claim_id = k.id
		ORDER BY d.claim_id, d.evidence_number, d.party`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var d book.Disclosure
			err := rows.Scan(&d.MerchantID, &d.ClaimID, &d.Evidence, (*string)(&d.Party), &d.Note, &d.MadeAs, &d.MadeBy, &d.MadeAt, &d.EventNumber)
			inUTC(&d.MadeAt)
			out = append(out, d)
			return err
		})
	return out, err
}
