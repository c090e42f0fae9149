package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

const commissionColumns = `
	x.merchant_id, x.claim_id, x.commission_number, x.authenticator_id, x.state, x.units, x.questions, x.photo_digests,
	x.due_at, x.fee_minor, x.replaces_number, x.draw_seed, x.draw_candidates, x.made_as, x.made_by, x.made_at,
	x.event_number, x.accepted_at, x.shipped_at, x.shipment, x.received_at, x.overdue_at, x.chases, x.chased_at,
	x.ended_at, x.note`

func scanCommission(rows *sql.Rows) (commission.Commission, error) {
	var x commission.Commission
	var units []byte
	var accepted, shipped, received, overdue, chased, ended sql.NullTime
	err := rows.Scan(&x.MerchantID, &x.ClaimID, &x.Number, &x.AuthenticatorID, (*string)(&x.State), &units, &x.Questions,
		pq.Array(&x.Photos), &x.DueAt, (*int64)(&x.Fee), &x.Replaces, &x.Seed, pq.Array(&x.Candidates), &x.MadeAs, &x.MadeBy, &x.MadeAt,
		&x.EventNumber, &accepted, &shipped, &x.Shipment, &received, &overdue, &x.Chases, &chased, &ended, &x.Note)
	if err != nil {
		return x, err
	}
	x.AcceptedAt, x.ShippedAt, x.ReceivedAt = accepted.Time, shipped.Time, received.Time
	x.OverdueAt, x.ChasedAt, x.EndedAt = overdue.Time, chased.Time, ended.Time
	inUTC(&x.DueAt, &x.MadeAt, &x.AcceptedAt, &x.ShippedAt, &x.ReceivedAt, &x.OverdueAt, &x.ChasedAt, &x.EndedAt)
	if x.Units, err = decodeUnits(units); err != nil {
		return x, fmt.Errorf("read units of commission %d of claim %s: %w", x.Number, x.ClaimID, err)
	}
	return x, nil
}

func putCommission(r *pgwire.Records, x *commission.Commission) {
	r.Texts(x.MerchantID, x.ClaimID)
	r.Integer(x.Number)
	r.Texts(x.AuthenticatorID, string(x.State))
	r.JSON(encodeUnits(x.Units))
	r.Texts(x.Questions)
	r.TextArray(x.Photos)
	r.Times(x.DueAt)
	r.Bigints(int64(x.Fee))
	r.Integer(x.Replaces)
	r.Blob(x.Seed)
	r.TextArray(x.Candidates)
	r.Texts(x.MadeAs, x.MadeBy)
	r.Times(x.MadeAt)
	r.Bigints(x.EventNumber)
	r.Times(x.AcceptedAt, x.ShippedAt)
	r.Texts(x.Shipment)
	r.Times(x.ReceivedAt, x.OverdueAt)
	r.Integer(x.Chases)
	r.Times(x.ChasedAt, x.EndedAt)
	r.Texts(x.Note)
}

func (tx *Tx) writeCommissions(c *book.Changes) {
	if rows := c.CommissionsMade; len(rows) > 0 {
		tx.gather("make commissions", len(rows), `
			INSERT INTO commissions (
				merchant_id, claim_id, commission_number, authenticator_id, state, units, questions, photo_digests, due_at,
				fee_minor, replaces_number, draw_seed, draw_candidates, made_as, made_by, made_at, event_number, accepted_at,
				shipped_at, shipment, received_at, overdue_at, chases, chased_at, ended_at, note)
			SELECT
				r.merchant_id, r.claim_id, r.commission_number, r.authenticator_id, r.state, r.units, r.questions,
				r.photo_digests, r.due_at, r.fee_minor, r.replaces_number, r.draw_seed, r.draw_candidates, r.made_as,
				r.made_by, r.made_at, r.event_number, r.accepted_at, r.shipped_at, r.shipment, r.received_at,
				r.overdue_at, r.chases, r.chased_at, r.ended_at, r.note
			FROM unnest($1::commissions[]) r`,
			pgwire.RowsOf(tx.s.types["commissions"], rows, putCommission))
	}
	rows := c.CommissionsChanged
	if len(rows) == 0 {
		return
	}
	tx.gather("change commissions", len(rows), `
		UPDATE commissions x
		SET state = k.state, units = k.units, accepted_at = k.accepted_at, shipped_at = k.shipped_at, shipment = k.shipment,
		    received_at = k.received_at, overdue_at = k.overdue_at, chases = k.chases, chased_at = k.chased_at,
		    ended_at = k.ended_at, note = k.note
		FROM unnest($1::commissions[]) k
		WHERE x.merchant_id = k.merchant_id AND x.claim_id = k.claim_id AND x.commission_number = k.commission_number`,
		pgwire.RowsOf(tx.s.types["commissions"], rows, putCommission))
}

// Commissions reads the commissions of the claims among keys, oldest first.
func (tx *Tx) Commissions(keys []book.Key) ([]commission.Commission, error) {
	var out []commission.Commission
	err := tx.query("read commissions", `
		SELECT`+commissionColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN commissions x ON x.merchant_id = k.merchant_id AND x.claim_id = k.id
		ORDER BY x.claim_id, x.commission_number`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			x, err := scanCommission(rows)
			out = append(out, x)
			return err
		})
	return out, err
}

// CommissionsOfClaim reads the commissions of a claim after a number, oldest first.
func (r Reader) CommissionsOfClaim(ctx context.Context, merchantID, claimID string, after int32, limit int) ([]commission.Commission, error) {
	return read(ctx, r, "list commissions of claim", `
		SELECT`+commissionColumns+`
		FROM commissions x
		WHERE x.merchant_id = $1 AND x.claim_id = $2 AND x.commission_number > $3
		ORDER BY x.commission_number
		LIMIT $4`, scanCommission, merchantID, claimID, after, limit)
}

// Commission reads one commission.
func (r Reader) Commission(ctx context.Context, merchantID, claimID string, n int32) (commission.Commission, bool, error) {
	return readOne(ctx, r, "read commission", `
		SELECT`+commissionColumns+`
		FROM commissions x
		WHERE x.merchant_id = $1 AND x.claim_id = $2 AND x.commission_number = $3`, scanCommission, merchantID, claimID, n)
}

// CommissionQuery says which commissions to list.
type CommissionQuery struct {
	// AuthenticatorID is the body; empty for all, of whom the open ones alone are listed.
	AuthenticatorID string
	// State is that of the commissions; empty for every open one.
	State commission.State
	// DueFrom and DueTo bound when reports are due, the first included.
	DueFrom, DueTo time.Time
}

// CommissionCursor is a place in a list of commissions.
type CommissionCursor struct {
	DueAt      time.Time
	MerchantID string
	ClaimID    string
	Number     int32
}

// Commissions lists commissions after a place, those due first.
func (r Reader) Commissions(ctx context.Context, q CommissionQuery, after CommissionCursor, limit int) ([]commission.Commission, error) {
	from, to := q.DueFrom, q.DueTo
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if after.DueAt.After(from) {
		from = after.DueAt
	}
	place := []any{from, to, after.DueAt, after.MerchantID, after.ClaimID, after.Number, limit}
	switch {
	case q.AuthenticatorID == "":
		return read(ctx, r, "list open commissions", `
			SELECT`+commissionColumns+`
			FROM commissions x
			WHERE x.ended_at IS NULL AND x.due_at >= $1 AND x.due_at < $2
			  AND (x.due_at, x.merchant_id, x.claim_id, x.commission_number) > ($3, $4, $5, $6)
			ORDER BY x.due_at, x.merchant_id, x.claim_id, x.commission_number
			LIMIT $7`, scanCommission, place...)
	case q.State == "":
		return read(ctx, r, "list open commissions of body", `
			SELECT`+commissionColumns+`
			FROM commissions x
			WHERE x.authenticator_id = $8 AND x.ended_at IS NULL AND x.due_at >= $1 AND x.due_at < $2
			  AND (x.due_at, x.merchant_id, x.claim_id, x.commission_number) > ($3, $4, $5, $6)
			ORDER BY x.due_at, x.merchant_id, x.claim_id, x.commission_number
			LIMIT $7`, scanCommission, append(place, q.AuthenticatorID)...)
	}
	return read(ctx, r, "list commissions of body in a state", `
		SELECT`+commissionColumns+`
		FROM commissions x
		WHERE x.authenticator_id = $8 AND x.state = $9 AND x.due_at >= $1 AND x.due_at < $2
		  AND (x.due_at, x.merchant_id, x.claim_id, x.commission_number) > ($3, $4, $5, $6)
		ORDER BY x.due_at, x.merchant_id, x.claim_id, x.commission_number
		LIMIT $7`, scanCommission, append(place, q.AuthenticatorID, string(q.State))...)
}

// PassedCommissions lists open commissions that were due before a time and are not known to
// be overdue, after a place.
func (db *DB) PassedCommissions(ctx context.Context, before time.Time, after CommissionCursor, limit int) ([]commission.Commission, error) {
	return read(ctx, Reader{from: db.pool}, "list commissions that are overdue", `
		SELECT`+commissionColumns+`
		FROM commissions x
		WHERE x.ended_at IS NULL AND x.overdue_at IS NULL AND x.due_at <= $1 AND x.due_at >= $2
		  AND (x.due_at, x.merchant_id, x.claim_id, x.commission_number) > ($2, $3, $4, $5)
		ORDER BY x.due_at, x.merchant_id, x.claim_id, x.commission_number
		LIMIT $6`, scanCommission, before, after.DueAt, after.MerchantID, after.ClaimID, after.Number, limit)
}

// Item is what a body is told of the goods that it examines.
type Item struct {
	// Line is the order line; nil where it cannot be read.
	Line *order.Line
	// Photos are the evidence that the body is shown, by digest: the first with that digest.
	Photos map[string]book.Evidence
	// Currency is that of the claim.
	Currency string
}

// Items reads the goods of commissions, in their order. A line that cannot be read leaves
// the commission without its goods, and holds up no other.
func (r Reader) Items(ctx context.Context, of []commission.Commission) ([]Item, error) {
	if len(of) == 0 {
		return nil, nil
	}
	var merchants, claims, digests, of0, of1 []string
	for i := range of {
		x := &of[i]
		merchants, claims = append(merchants, x.MerchantID), append(claims, x.ClaimID)
		for _, digest := range x.Photos {
			of0, of1, digests = append(of0, x.MerchantID), append(of1, x.ClaimID), append(digests, digest)
		}
	}
	goods := make(map[book.Key]Item, len(of))
	_, err := read(ctx, r, "read goods of commissions", `
		SELECT c.claim_id, c.currency,`+lineColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN claims c ON c.merchant_id = k.merchant_id AND c.claim_id = k.id
		JOIN order_lines l ON l.merchant_id = c.merchant_id AND l.order_line_id = c.order_line_id`,
		func(rows *sql.Rows) (struct{}, error) {
			var s storedLine
			var claimID string
			var item Item
			if err := rows.Scan(append([]any{&claimID, &item.Currency}, s.columns()...)...); err != nil {
				return struct{}{}, err
			}
			if l, err := s.line(); err == nil {
				item.Line = l
			}
			goods[book.Key{MerchantID: s.merchantID, ID: claimID}] = item
			return struct{}{}, nil
		}, pq.Array(merchants), pq.Array(claims))
	if err != nil {
		return nil, err
	}
	photos := make(map[book.PieceKey]book.Evidence, len(digests))
	_, err = read(ctx, r, "read photos of commissions", `
		SELECT`+evidenceColumns+`
		FROM unnest($1::text[], $2::text[], $3::text[]) AS k (merchant_id, id, digest)
		JOIN evidence e ON e.merchant_id = k.merchant_id AND e.claim_id = k.id AND e.digest = k.digest
		ORDER BY e.event_number DESC`,
		func(rows *sql.Rows) (struct{}, error) {
			e, err := scanEvidence(rows)
			photos[book.PieceKey{MerchantID: e.MerchantID, ClaimID: e.ClaimID, Digest: e.Digest}] = e
			return struct{}{}, err
		}, pq.Array(of0), pq.Array(of1), pq.Array(digests))
	out := make([]Item, len(of))
	for i := range of {
		x := &of[i]
		out[i] = goods[book.Key{MerchantID: x.MerchantID, ID: x.ClaimID}]
		out[i].Photos = make(map[string]book.Evidence, len(x.Photos))
		for _, digest := range x.Photos {
			out[i].Photos[digest] = photos[book.PieceKey{MerchantID: x.MerchantID, ClaimID: x.ClaimID, Digest: digest}]
		}
	}
	return out, err
}

// Shown says whether a commission of a body shows it the evidence of a claim with a digest: one
// that waits for the body, or on which it has reported.
func (r Reader) Shown(ctx context.Context, k book.PieceKey, authenticatorID string) (bool, error) {
	shown, _, err := readOne(ctx, r, "look for a commission", `
		SELECT EXISTS (
			SELECT FROM commissions x
			WHERE x.merchant_id = $1 AND x.claim_id = $2 AND x.authenticator_id = $3 AND $4 = ANY (x.photo_digests)
			  AND x.state NOT IN ('DECLINED', 'CANCELLED'))`,
		func(rows *sql.Rows) (yes bool, err error) {
			err = rows.Scan(&yes)
			return yes, err
		}, k.MerchantID, k.ClaimID, authenticatorID, k.Digest)
	return shown, err
}

// Load is how much open work bodies have, and what their results usually cost.
type Load struct {
	AuthenticatorID string
	Open            int64
	// Cost is the mean fee of the newest results in the currency; zero if none had one.
	Cost money.Amount
}

// feesMax is how many of the newest results of a body tell what it costs.
const feesMax = 20

// Loads reads the open work of bodies and what they cost in a currency.
func (r Reader) Loads(ctx context.Context, authenticators []string, currency string) ([]Load, error) {
	return read(ctx, r, "read loads of bodies", `
		SELECT k.id,
		       (SELECT count(*) FROM commissions x WHERE x.authenticator_id = k.id AND x.ended_at IS NULL),
		       (SELECT coalesce(avg(n.fee_minor) FILTER (WHERE n.fee_minor > 0 AND n.fee_currency = $2), 0)::bigint
		        FROM (SELECT r.fee_minor, r.fee_currency FROM results r WHERE r.authenticator_id = k.id
		              ORDER BY r.recorded_at DESC, r.merchant_id DESC, r.result_id DESC LIMIT $3) n)
		FROM unnest($1::text[]) AS k (id)`,
		func(rows *sql.Rows) (l Load, err error) {
			return l, rows.Scan(&l.AuthenticatorID, &l.Open, (*int64)(&l.Cost))
		},
		pq.Array(authenticators), currency, feesMax)
}

// ResultCursor is a place in a list of results of all merchants.
type ResultCursor struct {
	RecordedAt time.Time
	MerchantID string
	ResultID   string
}

// RankedResultsOfBody are ResultsOfBody as they are shown: with the steps of custody by which each
// is ranked.
func (r Reader) RankedResultsOfBody(ctx context.Context, authenticatorID string, from, to time.Time, after ResultCursor, limit int) ([]claim.Result, error) {
	rows, err := r.ResultsOfBody(ctx, authenticatorID, from, to, after, limit)
	return r.withCustody(ctx, rows, err)
}

// ResultsOfBody lists the results of a body that were recorded from one time to another,
// after a place, oldest first. They come without their steps of custody, for who ranks none.
func (r Reader) ResultsOfBody(ctx context.Context, authenticatorID string, from, to time.Time, after ResultCursor, limit int) ([]claim.Result, error) {
	if to.IsZero() {
		to = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	if after.RecordedAt.After(from) {
		from = after.RecordedAt
	}
	return read(ctx, r, "list results of body", `
		SELECT`+resultFacts+`, x.retracted
		FROM results r
		CROSS JOIN LATERAL (
			SELECT count(*) > 0 AS retracted
			FROM result_retractions x
			WHERE x.merchant_id = r.merchant_id AND x.result_id = r.result_id) x
		WHERE r.authenticator_id = $1 AND r.recorded_at >= $2 AND r.recorded_at < $3
		  AND (r.recorded_at, r.merchant_id, r.result_id) > ($4, $5, $6)
		ORDER BY r.recorded_at, r.merchant_id, r.result_id
		LIMIT $7`, scanResult, authenticatorID, from, to, after.RecordedAt, after.MerchantID, after.ResultID, limit)
}

// CommissionsGiven lists the commissions that a body was given from one time and before
// another, oldest first. It looks at those commissions alone.
func (r Reader) CommissionsGiven(ctx context.Context, authenticatorID string, from, until time.Time, limit int) ([]commission.Commission, error) {
	return read(ctx, r, "list commissions given to body", `
		SELECT`+commissionColumns+`
		FROM commissions x
		WHERE x.authenticator_id = $1 AND x.made_at >= $2 AND x.made_at < $3
		ORDER BY x.made_at
		LIMIT $4`, scanCommission, authenticatorID, from, until, limit)
}

// Finding is a result with what its claim finds now.
type Finding struct {
	claim.Result
	// Now are the verdicts on all units of the claim.
	Now []claim.Unit
}

// Findings lists the results of a body from one time and before another, oldest first, each
// with one look-up of its claim.
func (r Reader) Findings(ctx context.Context, authenticatorID string, from, until time.Time, limit int) ([]Finding, error) {
	return read(ctx, r, "list findings of body", `
		SELECT r.recorded_at, r.units, coalesce(r.commission_number, 0), c.units, x.retracted
		FROM (
			SELECT r.merchant_id, r.result_id, r.claim_id, r.recorded_at, r.units, r.commission_number
			FROM results r
			WHERE r.authenticator_id = $1 AND r.recorded_at >= $2 AND r.recorded_at < $3
			ORDER BY r.recorded_at, r.merchant_id, r.result_id
			LIMIT $4) r
		JOIN claims c ON c.merchant_id = r.merchant_id AND c.claim_id = r.claim_id
		CROSS JOIN LATERAL (
			SELECT count(*) > 0 AS retracted
			FROM result_retractions x
			WHERE x.merchant_id = r.merchant_id AND x.result_id = r.result_id) x
		ORDER BY r.recorded_at, r.merchant_id, r.result_id`,
		func(rows *sql.Rows) (f Finding, err error) {
			var then, now []byte
			if err = rows.Scan(&f.RecordedAt, &then, &f.Commission, &now, &f.Retracted); err != nil {
				return f, err
			}
			inUTC(&f.RecordedAt)
			if f.Units, err = decodeUnits(then); err == nil {
				f.Now, err = decodeUnits(now)
			}
			return f, err
		}, authenticatorID, from, until, limit)
}
