package postgres

import (
	"database/sql"
	"encoding/json"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
)

// RegisteredBody is a body of the register as its row tells it, with all that is stored
// beside the row.
type RegisteredBody struct {
	authenticator.Body
	// Kind, DisplayName, AnyGoods and AnyCategory are the columns that repeat the content.
	Kind, DisplayName     string
	AnyGoods, AnyCategory bool
	// History is all of its changes, by number; Scopes are the values by which it is found.
	History []authenticator.Change
	Scopes  []authenticator.Scoped
}

// Bodies reads the bodies of the register after one, by id, with their changes and scopes.
func (a *Audit) Bodies(after string, limit int) ([]RegisteredBody, error) {
	list, err := page(a, "audit authenticators", `
		SELECT`+bodyColumns+`, a.kind, a.display_name, a.any_goods, a.any_category
		FROM authenticator_states a
		WHERE a.authenticator_id > $1
		ORDER BY a.authenticator_id
		LIMIT $2`,
		func(rows *sql.Rows) (x RegisteredBody, err error) {
			var r bodyRow
			err = rows.Scan(&r.ID, &r.Version, &r.Revision, &r.Changes, (*[]byte)(&r.Content), &r.SuspendedBy, &r.SuspendedAt, &r.Reason,
				&r.RegisteredAt, &r.Keys, &x.Kind, &x.DisplayName, &x.AnyGoods, &x.AnyCategory)
			x.ID = r.ID
			if err != nil {
				return x, err
			}
			b, err := r.body()
			if err == nil {
				x.Body = *b
			}
			return x, err
		}, after, limit)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	at := make(map[string]*RegisteredBody, len(list))
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
		at[ids[i]] = &list[i]
	}
	_, err = page(a, "audit changes of authenticators", `
		SELECT c.authenticator_id, c.change_number, c.action, c.state, c.based_on, c.revision, c.content, c.widens, c.note,
			c.ended_at, coalesce(c.applied_number, 0), c.signing_key
		FROM authenticator_changes c
		WHERE c.authenticator_id = ANY ($1)
		ORDER BY c.authenticator_id, c.change_number`,
		func(rows *sql.Rows) (struct{}, error) {
			var r changeRow
			err := rows.Scan(&r.ID, &r.Number, &r.Action, &r.State, &r.BasedOn, &r.Revision, (*[]byte)(&r.Content), (*[]byte)(&r.Widens),
				&r.Note, &r.EndedAt, &r.Applied, &r.SigningKey)
			if err != nil {
				return struct{}{}, err
			}
			c, err := r.change()
			x := at[r.ID]
			x.History = append(x.History, c)
			return struct{}{}, err
		}, pq.Array(ids))
	if err != nil {
		return nil, err
	}
	_, err = page(a, "audit scopes of authenticators", `
		SELECT s.authenticator_id, s.scope, s.value
		FROM authenticator_scopes s
		WHERE s.authenticator_id = ANY ($1)`,
		func(rows *sql.Rows) (struct{}, error) {
			var id string
			var s authenticator.Scoped
			err := rows.Scan(&id, (*string)(&s.Scope), &s.Value)
			at[id].Scopes = append(at[id].Scopes, s)
			return struct{}{}, err
		}, pq.Array(ids))
	return list, err
}

// Body reads a body of the register; nil if there is none.
func (a *Audit) Body(id string) (*authenticator.Body, error) {
	list, err := page(a, "audit authenticator", `
		SELECT`+bodyColumns+`
		FROM authenticator_states a
		WHERE a.authenticator_id = $1`,
		func(rows *sql.Rows) (*authenticator.Body, error) {
			var r bodyRow
			err := rows.Scan(&r.ID, &r.Version, &r.Revision, &r.Changes, (*[]byte)(&r.Content), &r.SuspendedBy, &r.SuspendedAt, &r.Reason,
				&r.RegisteredAt, &r.Keys)
			if err != nil {
				return nil, err
			}
			return r.body()
		}, id)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// SignedResults reads the signed results of a book after one, with what was signed.
func (a *Audit) SignedResults(merchantID, after string, limit int) ([]authenticator.Recorded, error) {
	return page(a, "audit signed results", `
		SELECT`+resultColumns+signedColumns+`
		FROM results r
		WHERE r.merchant_id = $1 AND r.result_id > $2 AND r.signed_statement IS NOT NULL
		ORDER BY r.result_id
		LIMIT $3`, scanRecorded, merchantID, after, limit)
}

// RegisterTotals are what the register says of all of its changes.
type RegisterTotals struct {
	// Last is the number of the last applied change by the register's own row; Applied is how
	// many are applied, and Highest the highest number among them.
	Last, Applied, Highest int64
	// Bodiless are the authenticators that have a registration, a change or a scope, and no row.
	Bodiless []string
}

// RegisterTotals reads the totals of the register.
func (a *Audit) RegisterTotals() (RegisterTotals, error) {
	list, err := page(a, "audit the register", `
		SELECT
			(SELECT coalesce(max(last_applied), -1) FROM authenticator_register),
			(SELECT count(*) FROM authenticator_changes WHERE applied_number IS NOT NULL),
			(SELECT coalesce(max(applied_number), 0) FROM authenticator_changes),
			(SELECT coalesce(json_agg(k.authenticator_id ORDER BY k.authenticator_id), '[]') FROM (
				SELECT authenticator_id FROM authenticators
				UNION SELECT authenticator_id FROM authenticator_changes
				UNION SELECT authenticator_id FROM authenticator_scopes
				EXCEPT SELECT authenticator_id FROM authenticator_states) k)`,
		func(rows *sql.Rows) (t RegisterTotals, err error) {
			var bodiless []byte
			if err = rows.Scan(&t.Last, &t.Applied, &t.Highest, &bodiless); err == nil {
				err = json.Unmarshal(bodiless, &t.Bodiless)
			}
			return t, err
		})
	if err != nil || len(list) == 0 {
		return RegisterTotals{}, err
	}
	return list[0], nil
}
