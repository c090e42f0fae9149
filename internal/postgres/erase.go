package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

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

// personColumns are all such columns but that of person_commitments, whose rows go. A test
// looks for the id of an erased person in every column of every table.
var personColumns = []personColumn{
	{table: "access_refusals", column: "person"},
	{table: "approvals", column: "person_id"},
	{table: "calendar_days", column: "person_id"},
	{table: "claim_notes", column: "added_by"},
	{table: "claim_revisions", column: "author"},
	{table: "claims", column: "assignee"},
	{table: "claims", column: "decided_by"},
	{table: "claims", column: "deciders", list: true},
	{table: "claims", column: "filed_by"},
	{table: "event_quarantines", column: "author"},
	{table: "evidence", column: "added_by"},
	{table: "order_line_corrections", column: "corrected_by"},
	{table: "policy_proposal_votes", column: "person_id"},
	{table: "policy_proposals", column: "person_id"},
	{table: "proposal_votes", column: "person_id"},
	{table: "proposals", column: "proposed_by"},
	{table: "waits", column: "assignee"},
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
// of the role that owns the tables. Servers may run meanwhile; the books that name the person
// wait until it ends. If dry is set, nothing is changed. ErrPersonBusy if an open proposal or
// a claim that waits for somebody names the person. step is told of each column.
func Erase(ctx context.Context, ownerURL, personID string, dry bool, step func(table, column string)) (e Erased, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("erase: %w", err)
		}
	}()
	db, err := openOwner(ownerURL, answerMaxOwner)
	if err != nil {
		return e, err
	}
	defer db.Close()
	if err := CheckSchema(ctx, db); err != nil {
		return e, err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return e, migrateError(ctx, err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit there is nothing to undo.
	if e, err = erase(ctx, tx, personID, step); err != nil {
		return e, migrateError(ctx, err)
	}
	if dry || e.Total() == 0 {
		return e, nil
	}
	return e, tx.Commit()
}

func erase(ctx context.Context, tx *sqlx.Tx, personID string, step func(table, column string)) (Erased, error) {
	e := Erased{Rows: make(map[string]int64)}
	// Every book changes, so that a server which has it in memory reads it anew. The
	// books are taken first and in the order in which servers take them.
	if _, err := tx.ExecContext(ctx, `
		UPDATE books b SET version = b.version + 1
		FROM (
			SELECT k.merchant_id FROM books k
			WHERE k.merchant_id IN (SELECT p.merchant_id FROM person_commitments p WHERE p.person_id = $1)
			ORDER BY k.merchant_id FOR UPDATE) k
		WHERE b.merchant_id = k.merchant_id`, personID); err != nil {
		return e, err
	}
	if err := checkIdle(ctx, tx, personID); err != nil {
		return e, err
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // It ends the program rather than fail.
	pseudonym := "erased-" + hex.EncodeToString(random[:])
	for _, c := range personColumns {
		step(c.table, c.column)
		table, column := pq.QuoteIdentifier(c.table), pq.QuoteIdentifier(c.column)
		statement := fmt.Sprintf(`UPDATE %s SET %s = $2 WHERE %s = $1`, table, column, column)
		if c.list {
			statement = fmt.Sprintf(`UPDATE %s SET %s = array_replace(%s, $1::text, $2::text) WHERE $1::text = ANY (%s)`, table, column, column, column)
		}
		done, err := tx.ExecContext(ctx, statement, personID, pseudonym)
		if err != nil {
			return e, fmt.Errorf("%s.%s: %w", c.table, c.column, err)
		}
		if n, _ := done.RowsAffected(); n > 0 {
			e.Rows[c.table+"."+c.column] = n
		}
	}
	done, err := tx.ExecContext(ctx, `DELETE FROM person_commitments WHERE person_id = $1`, personID)
	if err != nil {
		return e, err
	}
	e.Commitments, _ = done.RowsAffected()
	if e.Total() > 0 {
		e.Pseudonym = pseudonym
	}
	return e, nil
}

// checkIdle refuses a person who takes part in what has not ended.
func checkIdle(ctx context.Context, tx *sqlx.Tx, personID string) error {
	var busy []string
	err := tx.SelectContext(ctx, &busy, `
		SELECT 'proposal ' || p.proposal_number || ' of merchant ' || p.merchant_id
		FROM proposals p
		WHERE p.state = 'OPEN' AND (p.proposed_by = $1 OR EXISTS (
			SELECT FROM proposal_votes v
			WHERE v.merchant_id = p.merchant_id AND v.proposal_number = p.proposal_number AND v.person_id = $1))
		UNION ALL
		SELECT 'proposal ' || p.proposal_number || ' of policy ' || p.policy_id
		FROM policy_proposals p
		WHERE p.state = 'OPEN' AND (p.person_id = $1 OR EXISTS (
			SELECT FROM policy_proposal_votes v
			WHERE v.policy_id = p.policy_id AND v.proposal_number = p.proposal_number AND v.person_id = $1))
		UNION ALL
		SELECT 'claim ' || c.claim_id || ' of merchant ' || c.merchant_id
		FROM waits w
		JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
		WHERE c.assignee = $1 OR c.decided_by = $1 OR $1 = ANY (c.deciders) OR EXISTS (
			SELECT FROM approvals a WHERE a.merchant_id = c.merchant_id AND a.claim_id = c.claim_id AND a.person_id = $1)
		LIMIT 4`, personID)
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
