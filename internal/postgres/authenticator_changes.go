package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// HeldBody is a body that is being changed, with the change that it waits for, if any. Both
// are locked.
type HeldBody struct {
	// Body is nil if there is none.
	Body *authenticator.Body
	Open *authenticator.Change
}

// BodyChange is what a request made of a body: the body afterwards and the change, which
// was asked for now unless Decided says that it was open before.
type BodyChange struct {
	Body    authenticator.Body
	Change  authenticator.Change
	Decided bool
}

// ChangeAuthenticators changes bodies under a request, all or none. Changes of the register
// come one after the other: each is given its number, and a time that is not before that of
// the one before. decide gives what becomes of the bodies, each once, and may set what the
// stored request names; a body without a version is registered. Where results of a body are
// being written, it waits for them. replayed says that the same request had done it before.
func (db *DB) ChangeAuthenticators(
	ctx context.Context, r request.Once, ids []string, now func() time.Time,
	decide func(at time.Time, found map[string]HeldBody) ([]BodyChange, error),
) (stored request.Found, made []BodyChange, replayed bool, err error) {
	stored, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		last, at, err := lockRegister(ctx, tx)
		if err != nil {
			return err
		}
		found, err := heldBodies(ctx, tx, ids)
		if err != nil {
			return err
		}
		if t := now(); t.After(at) {
			at = t // From here on no result rests on these bodies as they were.
		}
		if made, err = decide(at, found); err != nil {
			return err
		}
		before := last
		for i := range made {
			if made[i].Change.State == authenticator.Applied {
				last++
				made[i].Change.Applied, made[i].Body.Version = last, last
			}
		}
		if err := storeBodies(ctx, tx, made, found, at); err != nil || last == before {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE authenticator_register SET last_applied = $1, applied_at = $2 WHERE row_number = 1`, last, at)
		return failure(ctx, "number changes of authenticators", err)
	})
	return stored, made, replayed, err
}

// lockRegister lets no other change begin until the transaction ends, and gives the number
// and the time of the last one.
func lockRegister(ctx context.Context, tx *sqlx.Tx) (last int64, at time.Time, err error) {
	err = tx.QueryRowxContext(ctx, `
		SELECT last_applied, applied_at FROM authenticator_register WHERE row_number = 1 FOR UPDATE`).Scan(&last, &at)
	return last, at.UTC(), failure(ctx, "lock the register of authenticators", err)
}

func heldBodies(ctx context.Context, tx *sqlx.Tx, ids []string) (map[string]HeldBody, error) {
	bodies, err := bodiesByID(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	open, err := selectChanges(ctx, tx, `
		SELECT`+changeColumns+`
		FROM authenticator_changes c
		WHERE c.authenticator_id = ANY ($1) AND c.state = 'OPEN'`, pq.Array(ids))
	found := make(map[string]HeldBody, len(bodies))
	for id, b := range bodies {
		found[id] = HeldBody{Body: b}
	}
	for i := range open {
		found[open[i].ID] = HeldBody{Body: bodies[open[i].ID], Open: &open[i]}
	}
	return found, err
}

// storeBodies stores bodies and their changes, and ends open changes whose time is over
// where another one takes their place.
func storeBodies(ctx context.Context, tx *sqlx.Tx, made []BodyChange, found map[string]HeldBody, at time.Time) error {
	var ended, asked []authenticator.Change
	var fresh, changed, scoped []authenticator.Body
	for i := range made {
		m := &made[i]
		open := found[m.Change.ID].Open
		switch {
		case m.Decided:
			ended = append(ended, m.Change)
		case open != nil && open.At(at).State == authenticator.Expired:
			ended = append(ended, open.At(at))
			asked = append(asked, m.Change)
		default:
			asked = append(asked, m.Change)
		}
		was := found[m.Change.ID].Body
		if was == nil {
			fresh = append(fresh, m.Body)
		} else {
			changed = append(changed, m.Body)
		}
		if was == nil || was.Revision != m.Body.Revision {
			scoped = append(scoped, m.Body)
		}
	}
	if err := endChanges(ctx, tx, ended); err != nil {
		return err
	}
	if err := insertChanges(ctx, tx, asked); err != nil {
		return err
	}
	if err := insertBodies(ctx, tx, fresh); err != nil {
		return err
	}
	if err := updateBodies(ctx, tx, changed); err != nil {
		return err
	}
	return replaceScopes(ctx, tx, scoped)
}

// column makes an array of one field of rows.
func column[R, V any](rows []R, field func(*R) V) any {
	values := make([]V, len(rows))
	for i := range rows {
		values[i] = field(&rows[i])
	}
	return pq.Array(values)
}

// encoded makes an array of a field of rows in JSON.
func encoded[R any](rows []R, field func(*R) any) (any, error) {
	values := make([]string, len(rows))
	for i := range rows {
		text, err := json.Marshal(field(&rows[i]))
		if err != nil {
			return nil, fmt.Errorf("encode authenticator: %w", err)
		}
		values[i] = string(text)
	}
	return pq.Array(values), nil
}

// encodedOrNull makes an array of a field of rows in JSON, with NULL for rows without it.
func encodedOrNull[R any](rows []R, field func(*R) any, has func(*R) bool) (any, error) {
	values := make([]sql.NullString, len(rows))
	for i := range rows {
		if !has(&rows[i]) {
			continue
		}
		text, err := json.Marshal(field(&rows[i]))
		if err != nil {
			return nil, fmt.Errorf("encode authenticator: %w", err)
		}
		values[i] = sql.NullString{String: string(text), Valid: true}
	}
	return pq.Array(values), nil
}

// timeOrNull is a time as it is stored; zero is none.
func timeOrNull(t time.Time) sql.NullString {
	return sql.NullString{String: t.UTC().Format(time.RFC3339Nano), Valid: !t.IsZero()}
}

func endChanges(ctx context.Context, tx *sqlx.Tx, rows []authenticator.Change) error {
	if len(rows) == 0 {
		return nil
	}
	type change = authenticator.Change
	_, err := tx.ExecContext(ctx, `
		UPDATE authenticator_changes c
		SET state = k.state, decision_note = k.note, decision_workload = k.workload, decision_role = k.role,
		    decision_person_id = k.person_id, ended_at = k.ended_at, applied_number = nullif(k.applied_number, 0)
		FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::bigint[])
			AS k (authenticator_id, change_number, state, note, workload, role, person_id, ended_at, applied_number)
		WHERE c.authenticator_id = k.authenticator_id AND c.change_number = k.change_number`,
		column(rows, func(c *change) string { return c.ID }), column(rows, func(c *change) int32 { return c.Number }),
		column(rows, func(c *change) string { return string(c.State) }), column(rows, func(c *change) string { return c.Decided.Note }),
		column(rows, func(c *change) string { return c.Decided.Principal.Workload }),
		column(rows, func(c *change) string { return string(c.Decided.Principal.Role) }),
		column(rows, func(c *change) string { return c.Decided.Principal.Person }),
		column(rows, func(c *change) sql.NullString { return timeOrNull(c.EndedAt) }),
		column(rows, func(c *change) int64 { return c.Applied }))
	return failure(ctx, "end changes of authenticators", err)
}

func insertChanges(ctx context.Context, tx *sqlx.Tx, rows []authenticator.Change) error {
	if len(rows) == 0 {
		return nil
	}
	type change = authenticator.Change
	contents, err := encoded(rows, func(c *change) any { return c.Content })
	if err != nil {
		return err
	}
	widens, err := encoded(rows, func(c *change) any { return append([]string{}, c.Widens...) })
	if err != nil {
		return err
	}
	keys, err := encodedOrNull(rows, func(c *change) any { return c.SigningKey }, func(c *change) bool { return c.SigningKey != nil })
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO authenticator_changes (authenticator_id, change_number, action, state, based_on, revision, kind, content, widens,
			note, workload, role, person_id, proposed_at, expires_at, decision_note, decision_workload, decision_role, decision_person_id,
			ended_at, applied_number, signing_key)
		SELECT k.authenticator_id, k.change_number, k.action, k.state, k.based_on, k.revision, k.kind, k.content::json, k.widens::json,
			k.note, k.workload, k.role, k.person_id, k.proposed_at, k.expires_at, '', '', '', '', k.ended_at, nullif(k.applied_number, 0), k.signing_key::json
		FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::text[], $8::text[], $9::text[],
				$10::text[], $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::bigint[], $18::text[])
			AS k (authenticator_id, change_number, action, state, based_on, revision, kind, content, widens,
				note, workload, role, person_id, proposed_at, expires_at, ended_at, applied_number, signing_key)`,
		column(rows, func(c *change) string { return c.ID }), column(rows, func(c *change) int32 { return c.Number }),
		column(rows, func(c *change) string { return string(c.Action) }), column(rows, func(c *change) string { return string(c.State) }),
		column(rows, func(c *change) int32 { return c.BasedOn }), column(rows, func(c *change) int32 { return c.Revision }),
		column(rows, func(c *change) string { return string(c.Content.Kind) }), contents, widens,
		column(rows, func(c *change) string { return c.Proposed.Note }),
		column(rows, func(c *change) string { return c.Proposed.Principal.Workload }),
		column(rows, func(c *change) string { return string(c.Proposed.Principal.Role) }),
		column(rows, func(c *change) string { return c.Proposed.Principal.Person }),
		column(rows, func(c *change) sql.NullString { return timeOrNull(c.Proposed.At) }),
		column(rows, func(c *change) sql.NullString { return timeOrNull(c.ExpiresAt) }),
		column(rows, func(c *change) sql.NullString { return timeOrNull(c.EndedAt) }),
		column(rows, func(c *change) int64 { return c.Applied }), keys)
	return failure(ctx, "store changes of authenticators", err)
}

// insertBodies stores bodies that were registered now.
func insertBodies(ctx context.Context, tx *sqlx.Tx, rows []authenticator.Body) error {
	if len(rows) == 0 {
		return nil
	}
	type body = authenticator.Body
	state, err := stateArrays(rows)
	if err != nil {
		return err
	}
	categories, err := encoded(rows, func(b *body) any { return append([]string{}, b.Categories...) })
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO authenticators (authenticator_id, kind, display_name, categories, registered_at)
		SELECT k.authenticator_id, k.kind, k.display_name, ARRAY(SELECT json_array_elements_text(k.categories::json)), k.registered_at
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
			AS k (authenticator_id, kind, display_name, categories, registered_at)`,
		column(rows, func(b *body) string { return b.ID }), column(rows, func(b *body) string { return string(b.Kind) }),
		column(rows, func(b *body) string { return b.DisplayName }), categories,
		column(rows, func(b *body) sql.NullString { return timeOrNull(b.RegisteredAt) }))
	if err != nil {
		return failure(ctx, "register authenticators", err)
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO authenticator_states (authenticator_id, version, revision, change_count, kind, display_name, content,
			any_goods, any_category, suspension_change, suspended_at, suspension_reason, signing_keys, registered_at)
		SELECT k.authenticator_id, k.version, k.revision, k.change_count, k.kind, k.display_name, k.content::json,
			k.any_goods, k.any_category, k.suspension_change, k.suspended_at, k.suspension_reason, k.signing_keys::json, k.registered_at
		FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
				$8::boolean[], $9::boolean[], $10::integer[], $11::timestamptz[], $12::text[], $13::text[], $14::timestamptz[])
			AS k (authenticator_id, version, revision, change_count, kind, display_name, content,
				any_goods, any_category, suspension_change, suspended_at, suspension_reason, signing_keys, registered_at)`,
		append(state, column(rows, func(b *body) sql.NullString { return timeOrNull(b.RegisteredAt) }))...)
	return failure(ctx, "store authenticators", err)
}

// stateArrays are the columns of a body that change.
func stateArrays(rows []authenticator.Body) ([]any, error) {
	type body = authenticator.Body
	contents, err := encoded(rows, func(b *body) any { return b.Content })
	if err != nil {
		return nil, err
	}
	keys, err := encodedOrNull(rows, func(b *body) any { return b.Keys }, func(b *body) bool { return len(b.Keys) > 0 })
	return []any{
		column(rows, func(b *body) string { return b.ID }), column(rows, func(b *body) int64 { return b.Version }),
		column(rows, func(b *body) int32 { return b.Revision }), column(rows, func(b *body) int32 { return b.Changes }),
		column(rows, func(b *body) string { return string(b.Kind) }), column(rows, func(b *body) string { return b.DisplayName }), contents,
		column(rows, func(b *body) bool { return b.AnyGoods() }), column(rows, func(b *body) bool { return len(b.Categories) == 0 }),
		column(rows, func(b *body) int32 { return b.Suspended.Change }),
		column(rows, func(b *body) sql.NullString { return timeOrNull(b.Suspended.At) }),
		column(rows, func(b *body) string { return b.Suspended.Reason }), keys,
	}, err
}

func updateBodies(ctx context.Context, tx *sqlx.Tx, rows []authenticator.Body) error {
	if len(rows) == 0 {
		return nil
	}
	state, err := stateArrays(rows)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE authenticator_states a
		SET version = k.version, revision = k.revision, change_count = k.change_count, kind = k.kind, display_name = k.display_name,
		    content = k.content::json, any_goods = k.any_goods, any_category = k.any_category,
		    suspension_change = k.suspension_change, suspended_at = k.suspended_at, suspension_reason = k.suspension_reason,
		    signing_keys = k.signing_keys::json
		FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[],
				$8::boolean[], $9::boolean[], $10::integer[], $11::timestamptz[], $12::text[], $13::text[])
			AS k (authenticator_id, version, revision, change_count, kind, display_name, content,
				any_goods, any_category, suspension_change, suspended_at, suspension_reason, signing_keys)
		WHERE a.authenticator_id = k.authenticator_id`, state...)
	return failure(ctx, "change authenticators", err)
}

// replaceScopes has the scopes of bodies be those of their contents.
func replaceScopes(ctx context.Context, tx *sqlx.Tx, rows []authenticator.Body) error {
	if len(rows) == 0 {
		return nil
	}
	type row struct {
		id string
		authenticator.Scoped
	}
	var scopes []row
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
		for _, s := range rows[i].Limits() {
			scopes = append(scopes, row{rows[i].ID, s})
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM authenticator_scopes s WHERE s.authenticator_id = ANY ($1)`, pq.Array(ids)); err != nil {
		return failure(ctx, "replace scopes of authenticators", err)
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO authenticator_scopes (scope, value, authenticator_id)
		SELECT k.scope, k.value, k.authenticator_id
		FROM unnest($1::text[], $2::text[], $3::text[]) AS k (scope, value, authenticator_id)`,
		column(scopes, func(s *row) string { return string(s.Scope) }), column(scopes, func(s *row) string { return s.Value }),
		column(scopes, func(s *row) string { return s.id }))
	return failure(ctx, "store scopes of authenticators", err)
}
