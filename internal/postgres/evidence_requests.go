package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

const evidenceRequestColumns = `
	x.merchant_id, x.claim_id, x.request_number, x.asked, x.authenticator_id, x.state, x.kind, x.question, x.due_at,
	x.made_as, x.made_by, x.made_at, x.event_number, x.answers, x.overdue_at, x.ended_at, x.note`

func scanEvidenceRequest(rows *sql.Rows) (claim.EvidenceRequest, error) {
	var x claim.EvidenceRequest
	var overdue, ended sql.NullTime
	err := rows.Scan(&x.MerchantID, &x.ClaimID, &x.Number, (*string)(&x.Asked), &x.AuthenticatorID, (*string)(&x.State), &x.Kind,
		&x.Question, &x.DueAt, &x.MadeAs, &x.MadeBy, &x.MadeAt, &x.EventNumber, &x.Answers, &overdue, &ended, &x.Note)
	x.OverdueAt, x.EndedAt = overdue.Time, ended.Time
	inUTC(&x.DueAt, &x.MadeAt, &x.OverdueAt, &x.EndedAt)
	return x, err
}

func putEvidenceRequest(r *pgwire.Records, x *claim.EvidenceRequest) {
	r.Texts(x.MerchantID, x.ClaimID)
	r.Integer(x.Number)
	r.Texts(string(x.Asked), x.AuthenticatorID, string(x.State), x.Kind, x.Question)
	r.Times(x.DueAt)
	r.Texts(x.MadeAs, x.MadeBy)
	r.Times(x.MadeAt)
	r.Bigints(x.EventNumber)
	r.Integer(x.Answers)
	r.Times(x.OverdueAt, x.EndedAt)
	r.Texts(x.Note)
}

func (tx *Tx) writeEvidenceRequests(c *book.Changes) {
	if rows := c.EvidenceRequestsMade; len(rows) > 0 {
		tx.gather("make requests for evidence", len(rows), `
			INSERT INTO evidence_requests (
				merchant_id, claim_id, request_number, asked, authenticator_id, state, kind, question, due_at,
				made_as, made_by, made_at, event_number, answers, overdue_at, ended_at, note)
			SELECT
				r.merchant_id, r.claim_id, r.request_number, r.asked, r.authenticator_id, r.state, r.kind, r.question, r.due_at,
				r.made_as, r.made_by, r.made_at, r.event_number, r.answers, r.overdue_at, r.ended_at, r.note
			FROM unnest($1::evidence_requests[]) r`,
			pgwire.RowsOf(tx.s.types["evidence_requests"], rows, putEvidenceRequest))
	}
	rows := c.EvidenceRequestsChanged
	if len(rows) == 0 {
		return
	}
	tx.gather("change requests for evidence", len(rows), `
		UPDATE evidence_requests x
		SET state = k.state, answers = k.answers, overdue_at = k.overdue_at, ended_at = k.ended_at, note = k.note
		FROM unnest($1::evidence_requests[]) k
		WHERE x.merchant_id = k.merchant_id AND x.claim_id = k.claim_id AND x.request_number = k.request_number`,
		pgwire.RowsOf(tx.s.types["evidence_requests"], rows, putEvidenceRequest))
}

// EvidenceRequests reads the requests for evidence of the claims among keys, oldest first.
func (tx *Tx) EvidenceRequests(keys []book.Key) ([]claim.EvidenceRequest, error) {
	var out []claim.EvidenceRequest
	err := tx.query("read requests for evidence", `
		SELECT`+evidenceRequestColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN evidence_requests x ON x.merchant_id = k.merchant_id AND x.claim_id = k.id
		ORDER BY x.claim_id, x.request_number`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			x, err := scanEvidenceRequest(rows)
			out = append(out, x)
			return err
		})
	return out, err
}

// EvidenceRequestsOfClaim reads the requests for evidence of a claim after a number, oldest first.
func (r Reader) EvidenceRequestsOfClaim(ctx context.Context, merchantID, claimID string, after int32, limit int) ([]claim.EvidenceRequest, error) {
	return read(ctx, r, "list requests for evidence of claim", `
		SELECT`+evidenceRequestColumns+`
		FROM evidence_requests x
		WHERE x.merchant_id = $1 AND x.claim_id = $2 AND x.request_number > $3
		ORDER BY x.request_number
		LIMIT $4`, scanEvidenceRequest, merchantID, claimID, after, limit)
}

// EvidenceRequest reads one request for evidence.
func (r Reader) EvidenceRequest(ctx context.Context, merchantID, claimID string, n int32) (claim.EvidenceRequest, bool, error) {
	return readOne(ctx, r, "read request for evidence", `
		SELECT`+evidenceRequestColumns+`
		FROM evidence_requests x
		WHERE x.merchant_id = $1 AND x.claim_id = $2 AND x.request_number = $3`, scanEvidenceRequest, merchantID, claimID, n)
}

// EvidenceRequestQuery says which requests for evidence to list: those that a merchant is asked,
// those that a laboratory is asked, those that consumers are asked, or all.
type EvidenceRequestQuery struct {
	MerchantID      string
	AuthenticatorID string
	Consumers       bool
	State           claim.EvidenceRequestState
	// DueFrom and DueTo bound when evidence is due, the first included.
	DueFrom, DueTo time.Time
}

// EvidenceRequestCursor is a place in a list of requests for evidence.
type EvidenceRequestCursor struct {
	DueAt      time.Time
	MerchantID string
	ClaimID    string
	Number     int32
}

// EvidenceRequests lists requests for evidence in a state after a place, those due first.
func (r Reader) EvidenceRequests(ctx context.Context, q EvidenceRequestQuery, after EvidenceRequestCursor, limit int) ([]claim.EvidenceRequest, error) {
	from, to := q.DueFrom, q.DueTo
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if after.DueAt.After(from) {
		from = after.DueAt
	}
	place := []any{string(q.State), from, to, after.DueAt, after.MerchantID, after.ClaimID, after.Number, limit}
	switch {
	case q.MerchantID != "":
		return read(ctx, r, "list what a merchant is asked", `
			SELECT`+evidenceRequestColumns+`
			FROM evidence_requests x
			WHERE x.merchant_id = $8 AND x.asked = 'MERCHANT' AND x.state = $1 AND x.due_at >= $2 AND x.due_at < $3
			  AND (x.due_at, x.claim_id, x.request_number) > ($4, $5, $6)
			ORDER BY x.due_at, x.claim_id, x.request_number
			LIMIT $7`, scanEvidenceRequest, string(q.State), from, to, after.DueAt, after.ClaimID, after.Number, limit, q.MerchantID)
	case q.AuthenticatorID != "":
		return read(ctx, r, "list what a laboratory is asked", `
			SELECT`+evidenceRequestColumns+`
			FROM evidence_requests x
			WHERE x.authenticator_id = $9 AND x.authenticator_id <> '' AND x.state = $1 AND x.due_at >= $2 AND x.due_at < $3
			  AND (x.due_at, x.merchant_id, x.claim_id, x.request_number) > ($4, $5, $6, $7)
			ORDER BY x.due_at, x.merchant_id, x.claim_id, x.request_number
			LIMIT $8`, scanEvidenceRequest, append(place, q.AuthenticatorID)...)
	case q.Consumers:
		return read(ctx, r, "list what consumers are asked", `
			SELECT`+evidenceRequestColumns+`
			FROM evidence_requests x
			WHERE x.asked = 'CONSUMER' AND x.state = $1 AND x.due_at >= $2 AND x.due_at < $3
			  AND (x.due_at, x.merchant_id, x.claim_id, x.request_number) > ($4, $5, $6, $7)
			ORDER BY x.due_at, x.merchant_id, x.claim_id, x.request_number
			LIMIT $8`, scanEvidenceRequest, place...)
	}
	return read(ctx, r, "list requests for evidence", `
		SELECT`+evidenceRequestColumns+`
		FROM evidence_requests x
		WHERE x.state = $1 AND x.due_at >= $2 AND x.due_at < $3
		  AND (x.due_at, x.merchant_id, x.claim_id, x.request_number) > ($4, $5, $6, $7)
		ORDER BY x.due_at, x.merchant_id, x.claim_id, x.request_number
		LIMIT $8`, scanEvidenceRequest, place...)
}

// PassedEvidenceRequests lists open requests for evidence that was due before a time and that
// are not known to be overdue, after a place.
func (db *DB) PassedEvidenceRequests(ctx context.Context, before time.Time, after EvidenceRequestCursor, limit int) ([]claim.EvidenceRequest, error) {
	return read(ctx, Reader{from: db.pool}, "list requests for evidence that are overdue", `
		SELECT`+evidenceRequestColumns+`
		FROM evidence_requests x
		WHERE x.ended_at IS NULL AND x.overdue_at IS NULL AND x.due_at <= $1 AND x.due_at >= $2
		  AND (x.due_at, x.merchant_id, x.claim_id, x.request_number) > ($2, $3, $4, $5)
		ORDER BY x.due_at, x.merchant_id, x.claim_id, x.request_number
		LIMIT $6`, scanEvidenceRequest, before, after.DueAt, after.MerchantID, after.ClaimID, after.Number, limit)
}
