package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// bodiesMax bounds the bodies that are kept decoded. One of a thousand scopes takes about
// 100 KB.
const bodiesMax = 1024

// bodies keeps authenticators decoded, each in the version that it had. Nobody judges by
// what is kept alone: each reading asks the database for the version, and takes a kept body
// only where it is the same. A change, such as a suspension, makes another version.
type bodies struct {
	mu   sync.Mutex
	kept map[string]*authenticator.Body
}

// of gives those bodies among some that are kept.
func (k *bodies) of(ids []string) map[string]*authenticator.Body {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := make(map[string]*authenticator.Body, len(ids))
	for _, id := range ids {
		if b := k.kept[id]; b != nil {
			found[id] = b
		}
	}
	return found
}

// put keeps a body, and drops others where there are too many.
func (k *bodies) put(b *authenticator.Body) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil {
		k.kept = make(map[string]*authenticator.Body)
	}
	for id := range k.kept {
		if len(k.kept) < bodiesMax {
			break
		}
		delete(k.kept, id)
	}
	k.kept[b.ID] = b
}

const bodyColumns = `
	a.authenticator_id, a.version, a.revision, a.change_count, a.content, a.suspension_change, a.suspended_at,
	a.suspension_reason, a.registered_at, a.signing_keys`

// bodyRow is a body as it is stored.
type bodyRow struct {
	ID           string          `db:"authenticator_id"`
	Version      int64           `db:"version"`
	Revision     int32           `db:"revision"`
	Changes      int32           `db:"change_count"`
	Content      json.RawMessage `db:"content"`
	SuspendedBy  int32           `db:"suspension_change"`
	SuspendedAt  sql.NullTime    `db:"suspended_at"`
	Reason       string          `db:"suspension_reason"`
	RegisteredAt time.Time       `db:"registered_at"`
	Keys         []byte          `db:"signing_keys"`
}

func (r *bodyRow) body() (*authenticator.Body, error) {
	b := &authenticator.Body{ID: r.ID, Version: r.Version, Revision: r.Revision, Changes: r.Changes, RegisteredAt: r.RegisteredAt.UTC()}
	if r.SuspendedBy != 0 {
		b.Suspended = authenticator.Suspension{Change: r.SuspendedBy, At: r.SuspendedAt.Time.UTC(), Reason: r.Reason}
	}
	if err := json.Unmarshal(r.Content, &b.Content); err != nil {
		return nil, fmt.Errorf("read revision %d of authenticator %s: %w", r.Revision, r.ID, err)
	}
	if r.Keys != nil {
		if err := json.Unmarshal(r.Keys, &b.Keys); err != nil {
			return nil, fmt.Errorf("read keys of authenticator %s: %w", r.ID, err)
		}
	}
	return b, nil
}

// Judges reads the authenticators among keys as they stand now. Of those that are kept in
// their present version only the version is read.
func (tx *Tx) Judges(keys []book.JudgeKey) ([]book.Judge, error) {
	var ids []string
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found := make(map[string]*authenticator.Body, len(ids))
	kept := tx.s.db.bodies.of(ids)
	version := func(id *string) int64 {
		if b := kept[*id]; b != nil {
			return b.Version
		}
		return 0
	}
	err := tx.query("read authenticators", `
		SELECT a.authenticator_id, a.version, a.revision, a.change_count, CASE WHEN a.version <> k.version THEN a.content END,
			a.suspension_change, a.suspended_at, a.suspension_reason, a.registered_at, CASE WHEN a.version <> k.version THEN a.signing_keys END
		FROM unnest($1::text[], $2::bigint[]) AS k (authenticator_id, version)
		JOIN authenticator_states a ON a.authenticator_id = k.authenticator_id`,
		[]any{pgwire.Texts(ids, func(id *string) string { return *id }), pgwire.Bigints(ids, version)},
		func(rows *sql.Rows) error {
			var r bodyRow
			err := rows.Scan(&r.ID, &r.Version, &r.Revision, &r.Changes, (*[]byte)(&r.Content), &r.SuspendedBy, &r.SuspendedAt, &r.Reason, &r.RegisteredAt, &r.Keys)
			switch {
			case err != nil:
				return err
			case r.Content == nil:
				found[r.ID] = kept[r.ID]
				return nil
			}
			b, err := r.body()
			if err == nil {
				found[r.ID] = b
				tx.s.db.bodies.put(b)
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	var out []book.Judge
	for _, k := range keys {
		if b := found[k.ID]; b != nil {
			out = append(out, book.Judge{MerchantID: k.MerchantID, Body: b})
		}
	}
	return out, nil
}

// compareJudged has the write of a batch fail unless the authenticators that it rests on
// are those that were read, and keeps them so until it is committed: a change waits for
// the batch, or the batch is decided afresh.
func (tx *Tx) compareJudged(c *book.Changes) {
	rows := slices.Clone(c.Judged)
	slices.SortFunc(rows, func(a, b book.Judged) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version)) })
	rows = slices.Compact(rows)
	if len(rows) == 0 {
		return
	}
	tx.gatherRead("compare authenticators", len(rows), `
		SELECT 1
		FROM unnest($1::text[], $2::bigint[]) AS k (authenticator_id, version)
		JOIN authenticator_states a ON a.authenticator_id = k.authenticator_id AND a.version = k.version
		FOR SHARE OF a`,
		pgwire.Texts(rows, func(j *book.Judged) string { return j.ID }),
		pgwire.Bigints(rows, func(j *book.Judged) int64 { return j.Version }))
}

// Authenticator reads a body as it stands. AUTHENTICATOR_NOT_FOUND.
func (db *DB) Authenticator(ctx context.Context, id string) (*authenticator.Body, error) {
	list, err := selectBodies(ctx, db.keyed, `
		SELECT`+bodyColumns+`
		FROM authenticator_states a
		WHERE a.authenticator_id = $1`, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, authenticator.NotFound(id)
	}
	return &list[0], nil
}

// Authenticators reads the bodies of a kind, or of all, by id, after one.
func (db *DB) Authenticators(ctx context.Context, kind claim.AuthenticatorKind, after string, limit int) ([]authenticator.Body, error) {
	return selectBodies(ctx, db.pool, `
		SELECT`+bodyColumns+`
		FROM authenticator_states a
		WHERE a.authenticator_id > $1 AND ($2 = '' OR a.kind = $2)
		ORDER BY a.authenticator_id
		LIMIT $3`, after, string(kind), limit)
}

// selectBodies reads bodies by a query.
func selectBodies(ctx context.Context, from sqlx.QueryerContext, query string, args ...any) ([]authenticator.Body, error) {
	var rows []bodyRow
	if err := sqlx.SelectContext(ctx, from, &rows, query, args...); err != nil {
		return nil, failure(ctx, "read authenticators", err)
	}
	list := make([]authenticator.Body, len(rows))
	for i := range rows {
		b, err := rows[i].body()
		if err != nil {
			return nil, err
		}
		list[i] = *b
	}
	return list, nil
}

const changeColumns = `
	c.authenticator_id, c.change_number, c.action, c.state, c.based_on, c.revision, c.content, c.widens,
	c.note, c.workload, c.role, c.person_id, c.proposed_at, c.expires_at,
	c.decision_note, c.decision_workload, c.decision_role, c.decision_person_id, c.ended_at, coalesce(c.applied_number, 0) AS applied_number, c.signing_key`

// changeRow is a change as it is stored.
type changeRow struct {
	ID       string          `db:"authenticator_id"`
	Number   int32           `db:"change_number"`
	Action   string          `db:"action"`
	State    string          `db:"state"`
	BasedOn  int32           `db:"based_on"`
	Revision int32           `db:"revision"`
	Content  json.RawMessage `db:"content"`
	Widens   json.RawMessage `db:"widens"`
	stepRow
	ProposedAt       time.Time    `db:"proposed_at"`
	ExpiresAt        time.Time    `db:"expires_at"`
	DecisionNote     string       `db:"decision_note"`
	DecisionWorkload string       `db:"decision_workload"`
	DecisionRole     string       `db:"decision_role"`
	DecisionPerson   string       `db:"decision_person_id"`
	EndedAt          sql.NullTime `db:"ended_at"`
	Applied          int64        `db:"applied_number"`
	SigningKey       []byte       `db:"signing_key"`
}

func (r *stepRow) by(at time.Time) authenticator.Step {
	return authenticator.Step{
		Principal: principal.Principal{Workload: r.Workload, Role: principal.Role(r.Role), Person: r.Person}, Note: r.Note, At: at.UTC(),
	}
}

func (r *changeRow) change() (authenticator.Change, error) {
	c := authenticator.Change{
		Key: authenticator.Key{ID: r.ID, Number: r.Number}, Action: authenticator.Action(r.Action), State: authenticator.ChangeState(r.State),
		BasedOn: r.BasedOn, Revision: r.Revision, Proposed: r.stepRow.by(r.ProposedAt),
		ExpiresAt: r.ExpiresAt.UTC(), Applied: r.Applied,
	}
	if r.EndedAt.Valid {
		c.EndedAt = r.EndedAt.Time.UTC()
	}
	if r.DecisionPerson != "" {
		decided := stepRow{Note: r.DecisionNote, Workload: r.DecisionWorkload, Role: r.DecisionRole, Person: r.DecisionPerson}
		c.Decided = decided.by(c.EndedAt)
	}
	err := errors.Join(json.Unmarshal(r.Content, &c.Content), json.Unmarshal(r.Widens, &c.Widens))
	if r.SigningKey != nil {
		err = errors.Join(err, json.Unmarshal(r.SigningKey, &c.SigningKey))
	}
	if err != nil {
		err = fmt.Errorf("read change %d of authenticator %s: %w", r.Number, r.ID, err)
	}
	return c, err
}

func selectChanges(ctx context.Context, from sqlx.QueryerContext, query string, args ...any) ([]authenticator.Change, error) {
	var rows []changeRow
	if err := sqlx.SelectContext(ctx, from, &rows, query, args...); err != nil {
		return nil, failure(ctx, "read changes of authenticators", err)
	}
	list := make([]authenticator.Change, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].change(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// AuthenticatorChange reads a change. PROPOSAL_NOT_FOUND.
func (db *DB) AuthenticatorChange(ctx context.Context, k authenticator.Key) (authenticator.Change, error) {
	list, err := selectChanges(ctx, db.pool, `
		SELECT`+changeColumns+`
		FROM authenticator_changes c
		WHERE c.authenticator_id = $1 AND c.change_number = $2`, k.ID, k.Number)
	if err != nil {
		return authenticator.Change{}, err
	}
	if len(list) == 0 {
		return authenticator.Change{}, authenticator.ChangeNotFound(k)
	}
	return list[0], nil
}

// AuthenticatorChanges lists changes: those of one body, the newest first, before a number.
// A number of 0 is none.
func (db *DB) AuthenticatorChanges(ctx context.Context, id string, before int32, limit int) ([]authenticator.Change, error) {
	return selectChanges(ctx, db.pool, `
		SELECT`+changeColumns+`
		FROM authenticator_changes c
		WHERE c.authenticator_id = $1 AND ($2 = 0 OR c.change_number < $2)
		ORDER BY c.change_number DESC
		LIMIT $3`, id, before, limit)
}

// OpenAuthenticatorChanges lists the changes that wait for a second person at a time, by
// body, after one.
func (db *DB) OpenAuthenticatorChanges(ctx context.Context, after string, now time.Time, limit int) ([]authenticator.Change, error) {
	return selectChanges(ctx, db.pool, `
		SELECT`+changeColumns+`
		FROM authenticator_changes c
		WHERE c.state = 'OPEN' AND c.authenticator_id > $1 AND c.expires_at > $2
		ORDER BY c.authenticator_id
		LIMIT $3`, after, now, limit)
}

// AppliedAuthenticatorChanges lists the applied changes of the register after a number, in
// their order.
func (db *DB) AppliedAuthenticatorChanges(ctx context.Context, after int64, limit int) ([]authenticator.Change, error) {
	return selectChanges(ctx, db.pool, `
		SELECT`+changeColumns+`
		FROM authenticator_changes c
		WHERE c.applied_number > $1
		ORDER BY c.applied_number
		LIMIT $2`, after, limit)
}

// bodiesByID reads the bodies with some ids, and keeps them from being changed or judged by
// until the transaction ends.
func bodiesByID(ctx context.Context, tx *sqlx.Tx, ids []string) (map[string]*authenticator.Body, error) {
	list, err := selectBodies(ctx, tx, `
		SELECT`+bodyColumns+`
		FROM authenticator_states a
		WHERE a.authenticator_id = ANY ($1)
		ORDER BY a.authenticator_id
		FOR NO KEY UPDATE`, pq.Array(ids))
	found := make(map[string]*authenticator.Body, len(list))
	for i := range list {
		found[list[i].ID] = &list[i]
	}
	return found, err
}
