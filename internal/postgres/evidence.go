package postgres

import (
	"context"
	"database/sql"

	"github.com/lib/pq/oid"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

func (tx *Tx) writeEvidence(c *book.Changes) {
	rows := c.Evidence
	if len(rows) == 0 {
		return
	}
	tx.gather("write evidence", len(rows), `
		INSERT INTO evidence (
			merchant_id, claim_id, event_number, kind, reference, digest, note, added_as, added_by, added_at,
			upload_id, media_type, size_bytes, disclosed_to, request_number, late)
		SELECT r.merchant_id, r.claim_id, r.event_number, r.kind, r.reference, r.digest, r.note, r.added_as, r.added_by, r.added_at,
			r.upload_id, r.media_type, r.size_bytes, r.disclosed_to, r.request_number, r.late
		FROM unnest($1::evidence[]) r`,
		pgwire.RowsOf(tx.s.types["evidence"], rows, func(r *pgwire.Records, e *book.Evidence) {
			r.Texts(e.MerchantID, e.ClaimID)
			r.Bigints(e.EventNumber)
			r.Texts(e.Kind, e.Reference, e.Digest, e.Note, e.AddedAs, e.AddedBy)
			r.Times(e.AddedAt)
			r.Texts(e.UploadID, e.MediaType)
			r.BigintOrNull(e.Size)
			r.Texts(string(e.DisclosedTo))
			r.IntegerOrNull(e.Request)
			if e.Request > 0 {
				r.Booleans(e.Late)
			} else {
				r.Nulls(oid.T_bool)
			}
		}))
}

// evidenceColumns are those of evidence, with the parties that it was disclosed to after it was
// added.
const evidenceColumns = `
	e.merchant_id, e.claim_id, e.event_number, e.kind, e.reference, e.digest, e.note, e.added_as, e.added_by, e.added_at,
	e.upload_id, e.media_type, coalesce(e.size_bytes, 0), e.disclosed_to,
	coalesce(e.request_number, 0), coalesce(e.late, false),
	coalesce((
		SELECT string_agg(d.party, ' ')
		FROM evidence_disclosures d
		WHERE d.merchant_id = e.merchant_id AND d.claim_id = e.claim_id AND d.evidence_number = e.event_number), '')`

func scanEvidence(rows *sql.Rows) (e book.Evidence, err error) {
	var later book.EvidenceParties
	err = rows.Scan(&e.MerchantID, &e.ClaimID, &e.EventNumber, &e.Kind, &e.Reference, &e.Digest, &e.Note,
		&e.AddedAs, &e.AddedBy, &e.AddedAt, &e.UploadID, &e.MediaType, &e.Size, (*string)(&e.DisclosedTo),
		&e.Request, &e.Late, (*string)(&later))
	if later != "" {
		e.DisclosedTo = book.EvidencePartiesOf(append(e.DisclosedTo.List(), later.List()...))
	}
	inUTC(&e.AddedAt)
	return e, err
}

// Evidence reads the evidence of a claim after an event, oldest first.
func (r Reader) Evidence(ctx context.Context, merchantID, claimID string, after int64, limit int) ([]book.Evidence, error) {
	return read(ctx, r, "list evidence", `
		SELECT`+evidenceColumns+`
		FROM evidence e
		WHERE e.merchant_id = $1 AND e.claim_id = $2 AND e.event_number > $3
		ORDER BY e.event_number
		LIMIT $4`, scanEvidence, merchantID, claimID, after, limit)
}

// Examined says whether an authenticator has recorded a result on a claim.
func (r Reader) Examined(ctx context.Context, k book.Key, authenticatorID string) (bool, error) {
	examined, _, err := readOne(ctx, r, "look for a result", `
		SELECT EXISTS (
			SELECT FROM results r
			WHERE r.merchant_id = $1 AND r.authenticator_id = $3 AND r.claim_id = $2)`,
		func(rows *sql.Rows) (yes bool, err error) {
			err = rows.Scan(&yes)
			return yes, err
		}, k.MerchantID, k.ID, authenticatorID)
	return examined, err
}

// EvidencePieces reads when claims first had the pieces of evidence among keys, as far as they
// have them.
func (tx *Tx) EvidencePieces(keys []book.PieceKey) ([]book.EvidencePiece, error) {
	var out []book.EvidencePiece
	err := tx.query("find evidence", `
		SELECT e.merchant_id, e.claim_id, e.digest, min(e.added_at)
		FROM unnest($1::text[], $2::text[], $3::text[]) AS k (merchant_id, claim_id, digest)
		JOIN evidence e ON e.merchant_id = k.merchant_id AND e.claim_id = k.claim_id AND e.digest = k.digest
		GROUP BY e.merchant_id, e.claim_id, e.digest`,
		[]any{
			pgwire.Texts(keys, func(k *book.PieceKey) string { return k.MerchantID }),
			pgwire.Texts(keys, func(k *book.PieceKey) string { return k.ClaimID }),
			pgwire.Texts(keys, func(k *book.PieceKey) string { return k.Digest }),
		},
		func(rows *sql.Rows) error {
			var p book.EvidencePiece
			err := rows.Scan(&p.MerchantID, &p.ClaimID, &p.Digest, &p.AddedAt)
			inUTC(&p.AddedAt)
			out = append(out, p)
			return err
		})
	return out, err
}

// EvidenceSums reads how much evidence the claims among keys have, by role.
func (tx *Tx) EvidenceSums(keys []book.Key) ([]book.EvidenceSum, error) {
	var out []book.EvidenceSum
	err := tx.query("sum evidence", `
		SELECT e.merchant_id, e.claim_id, e.added_as, count(*),
		       sum(octet_length(e.kind) + octet_length(e.reference) + octet_length(e.digest) + octet_length(e.note)),
		       coalesce(sum(e.size_bytes), 0)::bigint
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN evidence e ON e.merchant_id = k.merchant_id AND e.claim_id = k.id
		GROUP BY e.merchant_id, e.claim_id, e.added_as`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var s book.EvidenceSum
			err := rows.Scan(&s.MerchantID, &s.ClaimID, &s.Role, &s.Pieces, &s.Bytes, &s.FileBytes)
			out = append(out, s)
			return err
		})
	return out, err
}
