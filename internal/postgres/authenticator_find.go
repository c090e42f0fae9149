package postgres

import (
	"context"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
)

// JudgesOf reads the bodies that are not suspended and whose limits cover a product, by id,
// after one. Accreditations are left to the caller, and bodies that were suspended while they
// were read.
//
// Bodies that name the brand or the trademark are few. Those for goods of every brand are
// found by each category path that covers the product, and beside them those without
// limits; each of these lists is read in order and only as far as the page needs.
func (db *DB) JudgesOf(ctx context.Context, p *authenticator.Product, after string, limit int) ([]authenticator.Body, error) {
	var found []bodyVersion
	err := sqlx.SelectContext(ctx, db.keyed, &found, `
		WITH found AS (
			SELECT a.authenticator_id, a.version
			FROM (
				SELECT s.authenticator_id
				FROM authenticator_scopes s
				WHERE s.scope = 'BRAND' AND s.value = $1 AND $1 <> '' AND s.authenticator_id > $5
				UNION
				SELECT s.authenticator_id
				FROM authenticator_scopes s
				WHERE s.scope = 'TRADEMARK' AND s.value = $2 AND $2 <> '' AND s.authenticator_id > $5) g
			JOIN authenticator_states a ON a.authenticator_id = g.authenticator_id
			WHERE a.suspension_change = 0 AND `+judgesBy+` AND (a.any_category OR EXISTS (
				SELECT FROM unnest($3::text[]) AS k (value)
				JOIN authenticator_scopes x ON x.scope = 'CATEGORY' AND x.value = k.value AND x.authenticator_id = a.authenticator_id))
			UNION ALL
			SELECT c.authenticator_id, c.version
			FROM unnest($3::text[]) AS k (value)
			CROSS JOIN LATERAL (
				SELECT a.authenticator_id, a.version
				FROM authenticator_scopes s
				JOIN authenticator_states a ON a.authenticator_id = s.authenticator_id
				WHERE s.scope = 'CATEGORY' AND s.value = k.value AND s.authenticator_id > $5
					AND a.any_goods AND a.suspension_change = 0 AND `+judgesBy+`
				ORDER BY s.authenticator_id
				LIMIT $6) c
			UNION ALL
			(SELECT a.authenticator_id, a.version
			FROM authenticator_states a
			WHERE a.any_goods AND a.any_category AND a.authenticator_id > $5 AND a.suspension_change = 0 AND `+judgesBy+`
			ORDER BY a.authenticator_id
			LIMIT $6)
		)
		SELECT DISTINCT authenticator_id, version FROM found ORDER BY authenticator_id LIMIT $6`,
		authenticator.Plain(p.Brand), authenticator.Plain(p.Trademark), pq.Array(p.Above()), authenticator.Plain(p.Method), after, limit)
	if err != nil {
		return nil, failure(ctx, "find authenticators", err)
	}
	return db.decoded(ctx, found)
}

// judgesBy is the condition under which a body may test by a method; an empty method is any.
const judgesBy = `($4 = '' OR a.content -> 'methods' IS NULL OR EXISTS (
	SELECT FROM authenticator_scopes m WHERE m.scope = 'METHOD' AND m.value = $4 AND m.authenticator_id = a.authenticator_id))`

// bodyVersion is a body with the version that it has.
type bodyVersion struct {
	ID      string `db:"authenticator_id"`
	Version int64  `db:"version"`
}

// decoded gives bodies in the versions that were found, or in later ones. Those that are
// kept in their version are not read again.
func (db *DB) decoded(ctx context.Context, found []bodyVersion) ([]authenticator.Body, error) {
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.ID
	}
	kept := db.bodies.of(ids)
	var missing []string
	for _, f := range found {
		if b := kept[f.ID]; b == nil || b.Version != f.Version {
			missing = append(missing, f.ID)
		}
	}
	if len(missing) > 0 {
		read, err := selectBodies(ctx, db.keyed, `
			SELECT`+bodyColumns+`
			FROM authenticator_states a
			WHERE a.authenticator_id = ANY ($1)`, pq.Array(missing))
		if err != nil {
			return nil, err
		}
		for i := range read {
			kept[read[i].ID] = &read[i]
			db.bodies.put(&read[i])
		}
	}
	var list []authenticator.Body
	for _, id := range ids {
		if b := kept[id]; b != nil {
			list = append(list, *b)
		}
	}
	return list, nil
}

// FindAuthenticators reads the bodies that match a query, by id, after one.
func (db *DB) FindAuthenticators(ctx context.Context, q *authenticator.Query, after string, limit int) ([]authenticator.Body, error) {
	scopes, values := make([]string, len(q.Scopes)), make([]string, len(q.Scopes))
	for i, s := range q.Scopes {
		scopes[i], values[i] = string(s.Scope), s.Value
	}
	return selectBodies(ctx, db.pool, `
		SELECT`+bodyColumns+`
		FROM authenticator_states a
		WHERE a.authenticator_id > $1 AND ($2 = '' OR a.kind = $2)
			AND ($3 = '' OR (a.suspension_change = 0) = ($3 = 'ACTIVE'))
			AND ($4 = '' OR a.display_name ILIKE $4 OR a.authenticator_id ILIKE $4)
			AND NOT EXISTS (
				SELECT FROM unnest($5::text[], $6::text[]) AS k (scope, value)
				WHERE NOT EXISTS (
					SELECT FROM authenticator_scopes s
					WHERE s.scope = k.scope AND s.value = k.value AND s.authenticator_id = a.authenticator_id))
		ORDER BY a.authenticator_id
		LIMIT $7`, after, q.Kind, string(q.State), q.Like(), pq.Array(scopes), pq.Array(values), limit)
}
