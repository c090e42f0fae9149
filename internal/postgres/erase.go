package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ErrPersonBusy says that a person takes part in something that has not ended. Who decided
// it is still compared with who decides next, so the person cannot be forgotten yet.
var ErrPersonBusy = errors.New("the person takes part in what has not ended")

// personColumn is a column that names persons who act for the marketplace or a merchant.
type personColumn struct {
	table, column string
	// list says that the column holds several.
	list bool
}

// The columns that name persons, but that of person_commitments, whose rows go: those of
// rows of books, which the persons' commitments lead to, and all others. A test looks for
// the id of an erased person in every column of every table.
var (
	personColumnsOfBooks = []personColumn{
		{table: "approvals", column: "person_id"},
		{table: "claim_notes", column: "added_by"},
		{table: "claim_revisions", column: "author"},
		{table: "claims", column: "assignee"},
		{table: "claims", column: "decided_by"},
		{table: "claims", column: "deciders", list: true},
		{table: "claims", column: "filed_by"},
		{table: "commissions", column: "made_by"},
		{table: "custody_steps", column: "recorded_by"},
		{table: "evidence", column: "added_by"},
		{table: "evidence_disclosures", column: "made_by"},
		{table: "evidence_requests", column: "made_by"},
		{table: "order_line_corrections", column: "corrected_by"},
		{table: "proposal_votes", column: "person_id"},
		{table: "proposals", column: "proposed_by"},
		{table: "waits", column: "assignee"},
	}
	personColumnsBeside = []personColumn{
		{table: "access_refusals", column: "person"},
		{table: "authenticator_changes", column: "decision_person_id"},
		{table: "authenticator_changes", column: "person_id"},
		{table: "calendar_days", column: "person_id"},
		{table: "event_quarantines", column: "author"},
		{table: "jobs", column: "approved_person_id"},
		{table: "jobs", column: "changed_person_id"},
		{table: "jobs", column: "person_id"},
		{table: "period_changes", column: "decider_id"},
		{table: "period_changes", column: "person_id"},
		{table: "policy_proposal_votes", column: "person_id"},
		{table: "policy_proposals", column: "person_id"},
		{table: "rules_proposal_votes", column: "person_id"},
		{table: "rules_proposals", column: "person_id"},
		{table: "channel_imports", column: "person_id"},
		{table: "reconciliation_break_notes", column: "assignee"},
		{table: "reconciliation_break_notes", column: "person_id"},
		{table: "reconciliation_breaks", column: "assignee"},
		{table: "suspense_explanations", column: "person_id"},
	}
)

// is is the condition under which a row names a person.
func (c *personColumn) is() string {
	column := pq.QuoteIdentifier(c.column)
	if c.list {
		return "$1::text = ANY (" + column + ")"
	}
	return column + " = $1::text"
}

// becomes is what the column holds once the person's id is replaced.
func (c *personColumn) becomes() string {
	if c.list {
		return "array_replace(" + pq.QuoteIdentifier(c.column) + ", $1::text, $2::text)"
	}
	return "$2::text"
}

// Erased tells what an erasure changed, or would change.
type Erased struct {
	// Pseudonym stands in the rows from now on; empty if nothing named the person.
	Pseudonym string `json:"pseudonym"`
	// Commitments are the keys that were forgotten: what stands for the person in events
	// means nothing without them.
	Commitments int64 `json:"commitments"`
	// Rows is how many rows named the person, by table and column.
	Rows map[string]int64 `json:"rows"`
}

// Total is the number of all rows.
func (e *Erased) Total() int64 {
	sum := e.Commitments
	for _, n := range e.Rows {
		sum += n
	}
	return sum
}

// Erase forgets a person: in every row a pseudonym takes the place of the person's id, the
// same in all of them, and the keys of the commitments in events are deleted. The URL is that
// of the role that owns the tables. Servers may run meanwhile: one book after the other is
// locked, for as long as its own rows take. If dry is set, nothing is changed. ErrPersonBusy
// if an open proposal or a claim that waits for somebody names the person. An erasure that is
// broken off is continued by the next, under another pseudonym. step is told what is next.
func Erase(ctx context.Context, ownerURL, personID string, dry bool, step func(what string)) (e Erased, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("erase: %w", migrateError(ctx, err))
		}
	}()
	if ownerURL, err = connectionURL(ownerURL); err != nil {
		return e, err
	}
	db, err := openOwner(ownerURL, answerMaxOwner)
	if err != nil {
		return e, err
	}
	defer db.Close()
	if err := CheckSchema(ctx, db); err != nil {
		return e, err
	}
	e.Rows = make(map[string]int64)
	if err := checkIdle(ctx, db, personID, ""); err != nil {
		return e, err
	}
	if dry {
		return e, countPerson(ctx, db, personID, &e, step)
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // It ends the program rather than fail.
	x := erasure{db: db, personID: personID, pseudonym: "erased-" + hex.EncodeToString(random[:]), erased: &e}
	var merchants []string
	if err := db.SelectContext(ctx, &merchants, `SELECT merchant_id FROM person_commitments WHERE person_id = $1 ORDER BY merchant_id`, personID); err != nil {
		return e, err
	}
	for _, merchant := range merchants {
		step("book of " + merchant)
		if err := x.inTx(ctx, func(tx *sqlx.Tx) error { return x.book(ctx, tx, merchant) }); err != nil {
			return e, err
		}
	}
	step("what is of no book")
	if err := x.inTx(ctx, func(tx *sqlx.Tx) error { return x.columns(ctx, tx, personColumnsBeside, "") }); err != nil {
		return e, err
	}
	if e.Total() > 0 {
		e.Pseudonym = x.pseudonym
	}
	return e, nil
}

// countPerson counts what an erasure would change.
func countPerson(ctx context.Context, db *sqlx.DB, personID string, e *Erased, step func(what string)) error {
	for _, c := range slices.Concat(personColumnsOfBooks, personColumnsBeside) {
		step(c.table + "." + c.column)
		var n int64
		if err := db.GetContext(ctx, &n, `SELECT count(*) FROM `+pq.QuoteIdentifier(c.table)+` WHERE `+c.is(), personID); err != nil {
			return err
		}
		if n > 0 {
			e.Rows[c.table+"."+c.column] = n
		}
	}
	return db.GetContext(ctx, &e.Commitments, `SELECT count(*) FROM person_commitments WHERE person_id = $1`, personID)
}

// erasure is an erasure under way.
type erasure struct {
	db                  *sqlx.DB
	personID, pseudonym string
	erased              *Erased
}

func (x *erasure) inTx(ctx context.Context, f func(*sqlx.Tx) error) error {
	tx, err := x.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // After the commit there is nothing to undo.
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// book forgets the person in one book. The book changes, so that a server which has it in
// memory reads it anew.
func (x *erasure) book(ctx context.Context, tx *sqlx.Tx, merchantID string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE books SET version = version + 1 WHERE merchant_id = $1`, merchantID); err != nil {
		return err
	}
	// While the book is locked nobody decides anything in it.
	if err := checkIdle(ctx, tx, x.personID, merchantID); err != nil {
		return err
	}
	if err := x.columns(ctx, tx, personColumnsOfBooks, merchantID); err != nil {
		return err
	}
	done, err := tx.ExecContext(ctx, `DELETE FROM person_commitments WHERE merchant_id = $1 AND person_id = $2`, merchantID, x.personID)
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	x.erased.Commitments += n
	return err
}

// columns replaces the person's id in columns, of one book or of none.
func (x *erasure) columns(ctx context.Context, tx *sqlx.Tx, columns []personColumn, merchantID string) error {
	for _, c := range columns {
		statement := `UPDATE ` + pq.QuoteIdentifier(c.table) + ` SET ` + pq.QuoteIdentifier(c.column) + ` = ` + c.becomes() + ` WHERE ` + c.is()
		args := []any{x.personID, x.pseudonym}
		if merchantID != "" {
			statement, args = statement+` AND merchant_id = $3`, append(args, merchantID)
		}
		done, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", c.table, c.column, err)
		}
		if n, _ := done.RowsAffected(); n > 0 {
			x.erased.Rows[c.table+"."+c.column] += n
		}
	}
	return nil
}

// checkIdle refuses a person who takes part in what has not ended, in one book or, if none is
// named, anywhere.
func checkIdle(ctx context.Context, q sqlx.QueryerContext, personID, merchantID string) error {
	var busy []string
	err := sqlx.SelectContext(ctx, q, &busy, `
		SELECT 'proposal ' || p.proposal_number || ' of merchant ' || p.merchant_id
		FROM proposals p
		WHERE p.state = 'OPEN' AND ($2 = '' OR p.merchant_id = $2) AND (p.proposed_by = $1 OR EXISTS (
			SELECT FROM proposal_votes v
			WHERE v.merchant_id = p.merchant_id AND v.proposal_number = p.proposal_number AND v.person_id = $1))
		UNION ALL
		SELECT 'proposal ' || p.proposal_number || ' of policy ' || p.policy_id
		FROM policy_proposals p
		WHERE p.state = 'OPEN' AND (p.person_id = $1 OR EXISTS (
			SELECT FROM policy_proposal_votes v
			WHERE v.policy_id = p.policy_id AND v.proposal_number = p.proposal_number AND v.person_id = $1))
		UNION ALL
		SELECT 'proposal ' || p.proposal_number || ' of the decision rules'
		FROM rules_proposals p
		WHERE p.state = 'OPEN' AND (p.person_id = $1 OR EXISTS (
			SELECT FROM rules_proposal_votes v
			WHERE v.proposal_number = p.proposal_number AND v.person_id = $1))
		UNION ALL
		SELECT 'change ' || c.change_number || ' of authenticator ' || c.authenticator_id
		FROM authenticator_changes c
		WHERE c.state = 'OPEN' AND c.person_id = $1
		UNION ALL
		SELECT 'claim ' || c.claim_id || ' of merchant ' || c.merchant_id
		FROM waits w
		JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
		WHERE ($2 = '' OR w.merchant_id = $2) AND (c.assignee = $1 OR c.decided_by = $1 OR $1 = ANY (c.deciders) OR EXISTS (
			SELECT FROM approvals a WHERE a.merchant_id = c.merchant_id AND a.claim_id = c.claim_id AND a.person_id = $1))
		LIMIT 4`, personID, merchantID)
	switch {
	case err != nil:
		return err
	case len(busy) > 3:
		return fmt.Errorf("%w: %s, %s, %s and others", ErrPersonBusy, busy[0], busy[1], busy[2])
	case len(busy) > 0:
		return fmt.Errorf("%w: %s", ErrPersonBusy, busy[0])
	}
	return nil
}
