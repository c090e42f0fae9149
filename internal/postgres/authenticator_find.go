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
// The statement is the function judges_of of the schema, which keeps its plan.
func (db *DB) JudgesOf(ctx context.Context, p *authenticator.Product, after string, limit int) ([]authenticator.Body, error) {
	var found []bodyVersion
	err := sqlx.SelectContext(ctx, db.keyed, &found, `SELECT authenticator_id, version FROM judges_of($1, $2, $3, $4, $5, $6)`,
		authenticator.Plain(p.Brand), authenticator.Plain(p.Trademark), pq.Array(p.Above()), authenticator.Plain(p.Method), after, limit)
	if err != nil {
		return nil, failure(ctx, "find authenticators", err)
	}
	return db.decoded(ctx, found)
}

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
