package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// Audit reads whole books from one snapshot, so that compared rows belong together
// although commands go on meanwhile.
type Audit struct {
	tx  *sqlx.Tx
	ctx context.Context
	// Unread is told of each row that cannot be read, which then counts as far as it was
	// read; keys come first. Where it is nil such a row ends the reading.
	Unread func(what string, err error)
}

// InAudit runs f on a snapshot that is read-only.
func (db *DB) InAudit(ctx context.Context, f func(*Audit) error) error {
	tx, err := db.pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return failure(ctx, "begin audit", err)
	}
	// Nothing was written: there is nothing to commit.
	defer func() { _ = tx.Rollback() }()
	// A book may be most of a table; then walking through it is right.
	if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = on"); err != nil {
		return failure(ctx, "begin audit", err)
	}
	return f(&Audit{tx: tx, ctx: ctx})
}

// page runs a query and scans every row of it.
func page[T any](a *Audit, what, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := a.tx.QueryContext(a.ctx, query, args...)
	if err != nil {
		return nil, failure(a.ctx, what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		switch {
		case err != nil && a.Unread == nil:
			return nil, failure(a.ctx, what, err)
		case err != nil:
			a.Unread(what, err)
		}
		out = append(out, v)
	}
	return out, failure(a.ctx, what, rows.Err())
}

// MerchantIDs reads the merchants after a given one, in order, whose books have changed
// since a time; the zero time leaves none out.
func (a *Audit) MerchantIDs(after string, since time.Time, limit int) ([]string, error) {
	return page(a, "audit merchants", `
		SELECT merchant_id FROM books
		WHERE merchant_id > $1 AND recorded_at >= $2
		ORDER BY merchant_id
		LIMIT $3`,
		func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) }, after, since, limit)
}

// Bookless reads the merchants of whom there are events and no book. It steps from one
// merchant's first event to the next merchant's.
func (a *Audit) Bookless() ([]string, error) {
	return page(a, "audit events without book", `
		WITH RECURSIVE m AS (
			SELECT min(merchant_id) AS merchant_id FROM events
			UNION ALL
			SELECT (SELECT min(e.merchant_id) FROM events e WHERE e.merchant_id > m.merchant_id)
			FROM m
			WHERE m.merchant_id IS NOT NULL)
		SELECT m.merchant_id FROM m
		WHERE m.merchant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM books b WHERE b.merchant_id = m.merchant_id)`,
		func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
}

// Head reads a book's row.
func (a *Audit) Head(merchantID string) (book.Head, error) {
	heads, err := page(a, "audit book", `
		SELECT`+headColumns+`
		FROM books b
		WHERE b.merchant_id = $1`, scanHead, merchantID)
	if err != nil || len(heads) == 0 {
		return book.Head{}, err
	}
	return heads[0], nil
}

// Accounts reads the accounts of a book.
func (a *Audit) Accounts(merchantID string) ([]Account, error) {
	return page(a, "audit accounts", `
		SELECT merchant_id, purpose, debits_minor, credits_minor
		FROM accounts
		WHERE merchant_id = $1`,
		scanAccount, merchantID)
}

// StoredEvent is an event's row.
type StoredEvent struct {
	Number     int64
	Kind       event.Kind
	ClaimID    string
	RecordedAt time.Time
	Encoding   byte
	Content    string
	Hash       event.Hash
	// FirstTransfer and LastTransfer are the numbers of its transfers, zero for none.
	FirstTransfer, LastTransfer int64
	// Move is what its columns say of a move; nil for none. Note is the mover's reason.
	Move *event.Move
	Note string
	// ExposureBefore and ExposureAfter are what its columns say of its claim's exposure before and
	// after it; empty where they say nothing.
	ExposureBefore, ExposureAfter string
}

// exposureText is an exposure in the columns of an event that begin with a prefix: the amount, the
// part that is held, and the deadline in microseconds or a dash.
func exposureText(prefix string) string {
	amount, held, due := prefix+"_minor", prefix+"_held_minor", prefix+"_due_at"
	return "CASE WHEN num_nonnulls(r." + amount + ", r." + held + ", r." + due + ") = 0 THEN '' ELSE concat_ws(' ', coalesce(r." + amount +
		"::text, '?'), coalesce(r." + held + "::text, '?'), coalesce(" + micros(due) + ", '-')) END"
}

// ExposureText writes an exposure as the columns of an event do.
func ExposureText(x event.Exposure) string {
	if x.Due.IsZero() {
		return fmt.Sprintf("%d %d -", x.Amount, x.Held)
	}
	return fmt.Sprintf("%d %d %d", x.Amount, x.Held, x.Due.UnixMicro())
}

// Events reads the events of a book after a number, in order.
func (a *Audit) Events(merchantID string, after int64, limit int) ([]StoredEvent, error) {
	return page(a, "audit events", `
		SELECT event_number, kind, coalesce(claim_id, ''), recorded_at, encoding, content, hash,
		       coalesce(first_transfer, 0), coalesce(last_transfer, 0),
		       from_state, to_state, trigger, claim_version, coalesce(note, ''),
		       `+exposureText("exposure_before")+`, `+exposureText("exposure")+`
		FROM events r
		WHERE merchant_id = $1 AND event_number > $2
		ORDER BY event_number
		LIMIT $3`,
		func(rows *sql.Rows) (e StoredEvent, err error) {
			var hash []byte
			var from, to, trigger sql.NullString
			var version sql.NullInt64
			err = rows.Scan(&e.Number, (*string)(&e.Kind), &e.ClaimID, (*anyTime)(&e.RecordedAt), (*anyEncoding)(&e.Encoding), &e.Content, &hash,
				&e.FirstTransfer, &e.LastTransfer, &from, &to, &trigger, &version, &e.Note, &e.ExposureBefore, &e.ExposureAfter)
			copy(e.Hash[:], hash)
			if from.Valid || to.Valid || trigger.Valid || version.Valid {
				e.Move = &event.Move{From: from.String, To: to.String, Trigger: trigger.String, Version: version.Int64}
			}
			inUTC(&e.RecordedAt)
			return e, err
		}, merchantID, after, limit)
}

// Transfers reads the transfers of a book after a number, in order.
func (a *Audit) Transfers(merchantID string, after int64, limit int) ([]ledger.Transfer, error) {
	return page(a, "audit transfers", `
		SELECT`+transferColumns+`
		FROM transfers t
		WHERE t.merchant_id = $1 AND t.transfer_number > $2
		ORDER BY t.transfer_number
		LIMIT $3`, scanTransfer, merchantID, after, limit)
}

// Moves reads the moves of a book after a claim's version.
func (a *Audit) Moves(merchantID, afterClaim string, afterVersion int64, limit int) ([]Move, error) {
	return page(a, "audit moves", `
		SELECT claim_id, claim_version, from_state, to_state, trigger
		FROM events
		WHERE merchant_id = $1 AND to_state IS NOT NULL AND (claim_id, claim_version) > ($2, $3)
		ORDER BY claim_id, claim_version
		LIMIT $4`,
		func(rows *sql.Rows) (m Move, err error) {
			return m, rows.Scan(&m.ClaimID, &m.Version, (*string)(&m.From), (*string)(&m.To), (*string)(&m.Trigger))
		}, merchantID, afterClaim, afterVersion, limit)
}

// Claims reads the claims of a book after an id, in order.
func (a *Audit) Claims(merchantID, after string, limit int) ([]*claim.Claim, error) {
	return page(a, "audit claims", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.merchant_id = $1 AND c.claim_id > $2
		ORDER BY c.claim_id
		LIMIT $3`, scanClaim, merchantID, after, limit)
}

// Persons reads the commitments of a book's persons after one, in order.
func (a *Audit) Persons(merchantID, after string, limit int) ([]book.Person, error) {
	return page(a, "audit persons", `
		SELECT merchant_id, person_id, salt, commitment
		FROM person_commitments
		WHERE merchant_id = $1 AND person_id > $2
		ORDER BY person_id
		LIMIT $3`,
		func(rows *sql.Rows) (p book.Person, err error) {
			var commitment []byte
			err = rows.Scan(&p.MerchantID, &p.PersonID, &p.Salt, &commitment)
			copy(p.Commitment[:], commitment)
			return p, err
		}, merchantID, after, limit)
}

// Strays counts, by table, the rows of a book that belong to nothing, in tables that no
// foreign key ties to what their rows are part of.
func (a *Audit) Strays(merchantID string) (map[string]int64, error) {
	type stray struct {
		table string
		rows  int64
	}
	found, err := page(a, "audit strays", `
		SELECT x.name, count(*)
		FROM (
			SELECT 'claims without order line' AS name, c.merchant_id FROM claims c
			WHERE NOT EXISTS (SELECT 1 FROM order_lines p WHERE p.merchant_id = c.merchant_id AND p.order_line_id = c.order_line_id)
			UNION ALL
			SELECT 'claims without pricing group', c.merchant_id FROM claims c
			WHERE NOT EXISTS (SELECT 1 FROM pricing_groups p WHERE p.merchant_id = c.merchant_id AND p.group_id = c.group_id)
			UNION ALL
			SELECT 'holds without claim', h.merchant_id FROM holds h
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = h.merchant_id AND p.claim_id = h.claim_id)
			UNION ALL
			SELECT 'waits without claim', w.merchant_id FROM waits w
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = w.merchant_id AND p.claim_id = w.claim_id)
			UNION ALL
			SELECT 'results without claim', r.merchant_id FROM results r
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'results without event', r.merchant_id FROM results r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'revisions without claim', v.merchant_id FROM claim_revisions v
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = v.merchant_id AND p.claim_id = v.claim_id)
			UNION ALL
			SELECT 'revisions without event', v.merchant_id FROM claim_revisions v
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = v.merchant_id AND p.event_number = v.event_number)
			UNION ALL
			SELECT 'moves without claim', m.merchant_id FROM moves m
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = m.merchant_id AND p.claim_id = m.claim_id)
			UNION ALL
			SELECT 'payouts without claim', o.merchant_id FROM payouts o
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = o.merchant_id AND p.claim_id = o.claim_id)
			UNION ALL
			SELECT 'transfers without claim', t.merchant_id FROM transfers t
			WHERE t.claim_id IS NOT NULL
			  AND NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = t.merchant_id AND p.claim_id = t.claim_id)
			UNION ALL
			SELECT 'transfers without payout', t.merchant_id FROM transfers t
			WHERE t.payout_id IS NOT NULL
			  AND NOT EXISTS (SELECT 1 FROM payouts p WHERE p.merchant_id = t.merchant_id AND p.payout_id = t.payout_id)
			UNION ALL
			SELECT 'transfers without the one they reverse', t.merchant_id FROM transfers t
			WHERE t.reverses_number IS NOT NULL
			  AND NOT EXISTS (SELECT 1 FROM transfers p WHERE p.merchant_id = t.merchant_id AND p.transfer_number = t.reverses_number)
			UNION ALL
			SELECT 'requests without event', r.merchant_id FROM requests r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'requests without claim', r.merchant_id FROM requests r
			WHERE r.claim_id IS NOT NULL
			  AND NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'debts without claim', d.merchant_id FROM debts d
			WHERE d.kind <> 'TOP_UP'
			  AND NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = d.merchant_id AND p.claim_id = d.debt_id)
			UNION ALL
			SELECT 'appeals without revision', r.merchant_id FROM appeals r
			WHERE NOT EXISTS (
			      SELECT 1 FROM claim_revisions p
			      WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id AND p.revision = r.revision)
			UNION ALL
			SELECT 'appeals without event', r.merchant_id FROM appeals r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'approvals without revision', r.merchant_id FROM approvals r
			WHERE NOT EXISTS (
			      SELECT 1 FROM claim_revisions p
			      WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id AND p.revision = r.revision)
			UNION ALL
			SELECT 'approvals without event', r.merchant_id FROM approvals r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'retractions without result', r.merchant_id FROM result_retractions r
			WHERE NOT EXISTS (
			      SELECT 1 FROM results p
			      WHERE p.merchant_id = r.merchant_id AND p.result_id = r.result_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'retractions without event', r.merchant_id FROM result_retractions r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'groups without claim', g.merchant_id FROM pricing_groups g
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = g.merchant_id AND p.claim_id = g.group_id)
			UNION ALL
			SELECT 'evidence without claim', r.merchant_id FROM evidence r
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'evidence without event', r.merchant_id FROM evidence r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'disclosures without evidence', r.merchant_id FROM evidence_disclosures r
			WHERE NOT EXISTS (
			      SELECT 1 FROM evidence p
			      WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id AND p.event_number = r.evidence_number)
			UNION ALL
			SELECT 'disclosures without event', r.merchant_id FROM evidence_disclosures r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'requests for evidence without claim', r.merchant_id FROM evidence_requests r
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'requests for evidence without event', r.merchant_id FROM evidence_requests r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'requests for evidence that count other answers than they have', r.merchant_id FROM evidence_requests r
			WHERE r.answers <> (
			      SELECT count(*) FROM evidence p
			      WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id AND p.request_number = r.request_number)
			UNION ALL
			SELECT 'evidence that answers a request which nobody made', r.merchant_id FROM evidence r
			WHERE r.request_number IS NOT NULL
			  AND NOT EXISTS (
			      SELECT 1 FROM evidence_requests p
			      WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id AND p.request_number = r.request_number)
			UNION ALL
			SELECT 'notes without claim', r.merchant_id FROM claim_notes r
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'notes without event', r.merchant_id FROM claim_notes r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'commissions without claim', r.merchant_id FROM commissions r
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'commissions without event', r.merchant_id FROM commissions r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'commissions of an unknown authenticator', r.merchant_id FROM commissions r
			WHERE NOT EXISTS (SELECT 1 FROM authenticators p WHERE p.authenticator_id = r.authenticator_id)
			UNION ALL
			SELECT 'results of a commission that their body does not have', r.merchant_id FROM results r
			WHERE r.commission_number IS NOT NULL
			  AND NOT EXISTS (
			      SELECT 1 FROM commissions p
			      WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id AND p.commission_number = r.commission_number
			        AND p.authenticator_id = r.authenticator_id)
			UNION ALL
			SELECT 'steps of custody without claim', r.merchant_id FROM custody_steps r
			WHERE NOT EXISTS (SELECT 1 FROM claims p WHERE p.merchant_id = r.merchant_id AND p.claim_id = r.claim_id)
			UNION ALL
			SELECT 'steps of custody without event', r.merchant_id FROM custody_steps r
			WHERE NOT EXISTS (SELECT 1 FROM events p WHERE p.merchant_id = r.merchant_id AND p.event_number = r.event_number)
			UNION ALL
			SELECT 'payout dues without an open payout', d.merchant_id FROM payout_dues d
			WHERE NOT EXISTS (
			      SELECT 1 FROM payouts p
			      WHERE p.merchant_id = d.merchant_id AND p.payout_id = d.payout_id
			        AND (p.state = 'INSTRUCTED' OR p.state = 'FAILED' AND NOT p.superseded))
			UNION ALL
			SELECT 'results of an unknown authenticator or of another kind', r.merchant_id FROM results r
			WHERE NOT EXISTS (
			      SELECT 1 FROM authenticators p
			      WHERE p.authenticator_id = r.authenticator_id AND p.kind = r.authenticator_kind)
			  AND NOT EXISTS (
			      SELECT 1 FROM authenticator_changes p
			      WHERE p.authenticator_id = r.authenticator_id AND p.kind = r.authenticator_kind AND p.action = 'REVISED' AND p.state = 'APPLIED')
			UNION ALL
			SELECT 'results without reservation', r.merchant_id FROM results r
			WHERE NOT EXISTS (
			      SELECT 1 FROM reservations p
			      WHERE p.kind = 'AUTHENTICATION_REPORT' AND p.reference = r.authenticator_id || '/' || r.report_number
			        AND p.merchant_id = r.merchant_id)
			UNION ALL
			SELECT 'payouts whose out-number another holds', o.merchant_id FROM payouts o
			JOIN reservations p ON p.kind = 'OUT_NUMBER' AND p.reference = o.out_number
			WHERE p.merchant_id <> o.merchant_id OR p.holder <> o.payout_id
			UNION ALL
			SELECT 'transfers without reservation', t.merchant_id FROM transfers t
			WHERE t.external_reference IS NOT NULL AND t.reverses_number IS NULL
			  AND t.kind IN ('DEPOSIT_TOPPED_UP', 'DEPOSIT_WITHDRAWN', 'SHOP_FUNDS_HANDED_OVER', 'SHOP_FUNDS_TAKEN_BACK',
			                 'CLAW_BACK_REPAID', 'COUPON_REDEEMED', 'SUSPENSE_TAKEN_IN', 'SUSPENSE_TAKEN_IN_CASH',
			                 'SUSPENSE_GIVEN_BACK', 'SUSPENSE_GIVEN_BACK_CASH')
			  AND NOT EXISTS (
			      SELECT 1 FROM reservations p
			      WHERE p.kind = 'PAYMENT_REFERENCE' AND p.reference = t.external_reference AND p.merchant_id = t.merchant_id)
			UNION ALL
			SELECT 'open payouts without a due', o.merchant_id FROM payouts o
			WHERE o.state = 'INSTRUCTED'
			  AND NOT EXISTS (SELECT 1 FROM payout_dues p WHERE p.merchant_id = o.merchant_id AND p.payout_id = o.payout_id)
		) x (name, merchant_id)
		WHERE x.merchant_id = $1
		GROUP BY x.name`,
		func(rows *sql.Rows) (s stray, err error) { return s, rows.Scan(&s.table, &s.rows) }, merchantID)
	if err != nil {
		return nil, fmt.Errorf("count strays: %w", err)
	}
	out := make(map[string]int64, len(found))
	for _, s := range found {
		out[s.table] = s.rows
	}
	return out, nil
}
