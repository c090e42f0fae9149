package postgres

import (
	"context"
	"database/sql"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
)

// CandidateQuery says which bodies a draw is among.
type CandidateQuery struct {
	Kinds   []claim.AuthenticatorKind
	Exclude []string
	// Product is the goods; Methods are all those to test by.
	Product authenticator.Product
	Methods []string
	// Day is that of the draw in Beijing, on which a body must be accredited.
	Day string
	// Seed is that of the draw.
	Seed []byte
}

// Candidates reads the bodies that may judge goods and are accredited on a day, and how many there
// are. Where there are more than the limit, those come whose digest of the seed and the id is
// smallest: nobody can choose them, everybody can find them again, and each is as likely as the
// others. All that fit are looked at, so that the limit cuts off nobody before others.
func (db *DB) Candidates(ctx context.Context, q *CandidateQuery, limit int) (ids []string, fitting int, err error) {
	p := &q.Product
	methods := make([]string, len(q.Methods))
	for i, m := range q.Methods {
		methods[i] = authenticator.Plain(m)
	}
	ids, err = read(ctx, Reader{from: db.pool}, "find candidates of a draw", `
		SELECT f.authenticator_id, count(*) OVER ()
		FROM authenticator_states f
		WHERE f.kind = ANY ($1) AND f.suspension_change = 0 AND NOT f.authenticator_id = ANY ($2)
		  AND ($3 = '' OR f.any_category OR EXISTS (
			SELECT FROM authenticator_scopes s
			WHERE s.scope = 'CATEGORY' AND s.value = ANY ($4) AND s.authenticator_id = f.authenticator_id))
		  AND (f.any_goods OR EXISTS (
			SELECT FROM authenticator_scopes s
			WHERE s.authenticator_id = f.authenticator_id AND (s.scope, s.value) IN (('BRAND', $5), ('TRADEMARK', $6))))
		  AND (f.content -> 'methods' IS NULL OR NOT EXISTS (
			SELECT FROM unnest($7::text[]) AS m (value)
			WHERE NOT EXISTS (
				SELECT FROM authenticator_scopes s
				WHERE s.scope = 'METHOD' AND s.value = m.value AND s.authenticator_id = f.authenticator_id)))
		  AND (f.content -> 'accreditations' IS NULL OR EXISTS (
			SELECT FROM json_array_elements(f.content -> 'accreditations') AS a (value)
			WHERE a.value ->> 'from' <= $8 AND a.value ->> 'until' >= $8))
		ORDER BY sha256($9::bytea || convert_to(f.authenticator_id, 'UTF8')), f.authenticator_id
		LIMIT $10`,
		func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id, &fitting) },
		pq.Array(q.Kinds), pq.Array(append([]string{}, q.Exclude...)), p.Category, pq.Array(p.Above()), authenticator.Plain(p.Brand), authenticator.Plain(p.Trademark),
		pq.Array(methods), q.Day, q.Seed, limit)
	return ids, fitting, err
}
