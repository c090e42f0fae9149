package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// Reservation is a reference and who holds it.
type Reservation struct {
	Kind       book.ReferenceKind
	Reference  string
	MerchantID string
	Holder     string
	ReservedAt time.Time
}

// Reserve reserves every reference for its holder unless another holder has it, counts
// another try of the same holder, and returns who holds each, in the order of rows. No
// reference may occur in rows twice.
func (tx *Tx) Reserve(rows []Reservation) ([]Reservation, error) {
	args := []any{
		pgwire.Texts(rows, func(r *Reservation) string { return string(r.Kind) }),
		pgwire.Texts(rows, func(r *Reservation) string { return r.Reference }),
		pgwire.Texts(rows, func(r *Reservation) string { return r.MerchantID }),
		pgwire.Texts(rows, func(r *Reservation) string { return r.Holder }),
		pgwire.Times(rows, func(r *Reservation) time.Time { return r.ReservedAt }),
	}
	type key struct{ kind, reference string }
	taken := make(map[key]Reservation, len(rows))
	scan := func(rows *sql.Rows) error {
		var r Reservation
		err := rows.Scan((*string)(&r.Kind), &r.Reference, &r.MerchantID, &r.Holder, &r.ReservedAt)
		taken[key{string(r.Kind), r.Reference}] = r
		return err
	}
	err := tx.query("reserve references", `
		INSERT INTO reservations AS r (kind, reference, merchant_id, holder, attempts, reserved_at)
		SELECT k.kind, k.reference, k.merchant_id, k.holder, 1, k.reserved_at
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
		     AS k (kind, reference, merchant_id, holder, reserved_at)
		ORDER BY k.kind, k.reference
		ON CONFLICT (kind, reference) DO UPDATE SET attempts = r.attempts + 1, reserved_at = excluded.reserved_at
		WHERE r.merchant_id = excluded.merchant_id AND r.holder = excluded.holder
		RETURNING r.kind, r.reference, r.merchant_id, r.holder, r.reserved_at`, args, scan)
	if err != nil {
		return nil, err
	}
	if len(taken) < len(rows) {
		err := tx.query("read reservations", `
			SELECT r.kind, r.reference, r.merchant_id, r.holder, r.reserved_at
			FROM unnest($1::text[], $2::text[]) AS k (kind, reference)
			JOIN reservations r ON r.kind = k.kind AND r.reference = k.reference`, args[:2], scan)
		if err != nil {
			return nil, err
		}
	}
	out := make([]Reservation, len(rows))
	for i, r := range rows {
		// A row that was released between the two statements has no holder; the caller learns
		// that it is not the holder and tries again.
		out[i] = taken[key{string(r.Kind), r.Reference}]
	}
	return out, nil
}

// Unreserve takes back one try of the holder; the last one frees the reference.
func (db *DB) Unreserve(ctx context.Context, r Reservation) error {
	_, err := db.execOnce(ctx, `
		WITH fewer AS (
			UPDATE reservations SET attempts = attempts - 1
			WHERE kind = $1 AND reference = $2 AND merchant_id = $3 AND holder = $4 AND attempts > 1
			RETURNING attempts)
		DELETE FROM reservations
		WHERE kind = $1 AND reference = $2 AND merchant_id = $3 AND holder = $4 AND attempts = 1
		  AND NOT EXISTS (SELECT 1 FROM fewer)`,
		string(r.Kind), r.Reference, r.MerchantID, r.Holder)
	return failure(ctx, "give reservation back", err)
}

// Reserved says who holds a reference.
func (db *DB) Reserved(ctx context.Context, kind book.ReferenceKind, reference string) (Reservation, bool, error) {
	r := Reservation{Kind: kind, Reference: reference}
	err := db.pool.QueryRowxContext(ctx, `
		SELECT merchant_id, holder, reserved_at FROM reservations WHERE kind = $1 AND reference = $2`,
		string(kind), reference).Scan(&r.MerchantID, &r.Holder, &r.ReservedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, failure(ctx, "read reservation", err)
}

// SweepReservations frees the references of commands that never completed: those
// reserved between since and before, by which time they must have been answered, whose
// request is not stored and whose book holds nothing under them. A command is stored with its
// request, so the request says it of every reference, however the book spells it. A retry that starts meanwhile renews its reservation
// and keeps it. Returns how many it freed.
func (db *DB) SweepReservations(ctx context.Context, since, before time.Time, limit int) (int64, error) {
	res, err := db.execOnce(ctx, `
		DELETE FROM reservations r
		USING (
			SELECT s.kind, s.reference, s.merchant_id
			FROM reservations s
			CROSS JOIN LATERAL regexp_match(s.holder, '^(.*)/([^/]*/[^/]*)/([^/]*)$') h (by)
			WHERE s.reserved_at >= $3 AND s.reserved_at < $1
			  AND NOT EXISTS (
			      SELECT 1 FROM requests q
			      WHERE q.merchant_id = s.merchant_id AND q.workload = h.by[1] AND q.method = h.by[2] AND q.request_id = h.by[3])
			  AND NOT EXISTS (
			      SELECT 1 FROM results x
			      WHERE s.kind = 'AUTHENTICATION_REPORT' AND x.merchant_id = s.merchant_id
			        AND x.authenticator_id = split_part(s.reference, '/', 1)
			        AND x.report_number = substr(s.reference, strpos(s.reference, '/') + 1))
			  AND NOT EXISTS (
			      SELECT 1 FROM transfers t
			      WHERE s.kind = 'PAYMENT_REFERENCE' AND t.merchant_id = s.merchant_id
			        AND t.external_reference = s.reference)
			  AND s.kind <> 'OUT_NUMBER'
			LIMIT $2) k
		WHERE r.kind = k.kind AND r.reference = k.reference AND r.merchant_id = k.merchant_id
		  AND r.reserved_at < $1`,
		before, limit, since)
	if err != nil {
		return 0, failure(ctx, "sweep reservations", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("count swept reservations: %w", err)
	}
	return n, nil
}
