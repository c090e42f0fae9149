package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
)

// MoveRead is a move with its author. Person is empty if no person acted, or if the
// person has been erased. Of an event that cannot be read the move is known, and its
// author is not: workload and role are empty, too.
type MoveRead struct {
	Move
	Workload string
	Role     string
	Person   string
}

// moveColumns are the columns of a move with what tells who made it.
const moveColumns = `
	e.merchant_id, e.claim_id, e.claim_version, e.from_state, e.to_state, e.trigger,
	e.event_number, e.note, e.recorded_at, e.encoding, e.content`

// Moves reads a claim's moves after a version, oldest first.
func (r Reader) Moves(ctx context.Context, merchantID, claimID string, after int64, limit int) ([]MoveRead, error) {
	moves, err := read(ctx, r, "list moves", `
		SELECT`+moveColumns+`
		FROM events e
		WHERE e.merchant_id = $1 AND e.claim_id = $2 AND e.to_state IS NOT NULL AND e.claim_version > $3
		ORDER BY e.event_number
		LIMIT $4`, scanMove, merchantID, claimID, after, limit)
	if err != nil {
		return nil, err
	}
	return moves, r.nameMovers(ctx, merchantID, moves)
}

// LastMove reads the move that brought a claim to its state; every claim has one.
func (r Reader) LastMove(ctx context.Context, merchantID, claimID string) (MoveRead, error) {
	moves, err := read(ctx, r, "read last move", `
		SELECT`+moveColumns+`
		FROM events e
		WHERE e.merchant_id = $1 AND e.claim_id = $2 AND e.to_state IS NOT NULL
		ORDER BY e.event_number DESC
		LIMIT 1`, scanMove, merchantID, claimID)
	switch {
	case err != nil:
		return MoveRead{}, err
	case len(moves) == 0:
		return MoveRead{}, fmt.Errorf("read last move: claim %s has none", claimID)
	}
	if err := r.nameMovers(ctx, merchantID, moves); err != nil {
		return MoveRead{}, err
	}
	return moves[0], nil
}

func scanMove(rows *sql.Rows) (m MoveRead, err error) {
	var encoding byte
	var content string
	err = rows.Scan(&m.MerchantID, &m.ClaimID, &m.Version, (*string)(&m.From), (*string)(&m.To),
		(*string)(&m.Trigger), &m.EventNumber, &m.Note, (*anyTime)(&m.RecordedAt), (*anyEncoding)(&encoding), &content)
	if err != nil {
		return m, err
	}
	inUTC(&m.RecordedAt)
	if e, err := event.Decode(encoding, content); err == nil {
		m.Workload, m.Role, m.Person = e.Actor.Workload, e.Actor.Role, e.Actor.Person
	}
	return m, nil
}

// nameMovers replaces commitments by the persons behind them.
func (r Reader) nameMovers(ctx context.Context, merchantID string, moves []MoveRead) error {
	var commitments []string
	for i := range moves {
		commitments = append(commitments, moves[i].Person)
	}
	names, err := r.personsOf(ctx, merchantID, commitments)
	if err != nil {
		return err
	}
	for i := range moves {
		moves[i].Person = names[moves[i].Person]
	}
	return nil
}

// Revision reads a claim's newest revision.
func (r Reader) Revision(ctx context.Context, merchantID, claimID string) (claim.Revision, bool, error) {
	return readOne(ctx, r, "read revision", `
		SELECT`+revisionColumns+`
		FROM claim_revisions v
		WHERE v.merchant_id = $1 AND v.claim_id = $2
		ORDER BY v.revision DESC
		LIMIT 1`, scanRevision, merchantID, claimID)
}

// Revisions reads a claim's revisions after a number, oldest first.
func (r Reader) Revisions(ctx context.Context, merchantID, claimID string, after int32, limit int) ([]claim.Revision, error) {
	return read(ctx, r, "list revisions", `
		SELECT`+revisionColumns+`
		FROM claim_revisions v
		WHERE v.merchant_id = $1 AND v.claim_id = $2 AND v.revision > $3
		ORDER BY v.revision
		LIMIT $4`, scanRevision, merchantID, claimID, after, limit)
}

const revisionColumns = `
	v.merchant_id, v.claim_id, v.revision, v.verdict, v.units, v.refund_minor, v.compensation_minor,
	v.basis, v.policy_id, v.policy_version, v.cause, v.author, v.note, v.calculation, v.event_number, v.recorded_at`

func scanRevision(rows *sql.Rows) (v claim.Revision, err error) {
	var units, calculation []byte
	err = rows.Scan(&v.MerchantID, &v.ClaimID, &v.Number, (*string)(&v.Verdict), &units,
		(*int64)(&v.Award.Refund), (*int64)(&v.Award.Compensation), (*string)(&v.Basis), &v.PolicyID, &v.Version,
		&v.Cause, &v.Author, &v.Note, &calculation, &v.EventNumber, &v.RecordedAt)
	if err != nil {
		return v, err
	}
	inUTC(&v.RecordedAt)
	if v.Units, err = decodeUnits(units); err != nil {
		return v, fmt.Errorf("read units of revision %d of claim %s: %w", v.Number, v.ClaimID, err)
	}
	if err := decodeCalculation(calculation, &v); err != nil {
		return v, fmt.Errorf("read calculation of revision %d of claim %s: %w", v.Number, v.ClaimID, err)
	}
	return v, nil
}

// Result reads a result.
func (r Reader) Result(ctx context.Context, merchantID, resultID string) (claim.Result, bool, error) {
	list, err := r.rankedResults(ctx, "read result", `
		SELECT`+resultColumns+`
		FROM results r
		WHERE r.merchant_id = $1 AND r.result_id = $2`, merchantID, resultID)
	if err != nil || len(list) == 0 {
		return claim.Result{}, false, err
	}
	return list[0], true, nil
}

// Recorded reads a result with what its body signed, as it was received; empty for a result
// that is not signed.
func (r Reader) Recorded(ctx context.Context, merchantID, resultID string) (authenticator.Recorded, bool, error) {
	return readOne(ctx, r, "read signed result", `
		SELECT`+resultColumns+signedColumns+`
		FROM results r
		WHERE r.merchant_id = $1 AND r.result_id = $2`, scanRecorded, merchantID, resultID)
}

// Results reads a claim's results after one, oldest first.
func (r Reader) Results(ctx context.Context, merchantID, claimID, after string, limit int) ([]claim.Result, error) {
	return r.rankedResults(ctx, "list results", `
		SELECT`+resultColumns+`
		FROM results r
		WHERE r.claim_id = $1 AND r.merchant_id = $2 AND r.result_id > $3
		ORDER BY r.result_id
		LIMIT $4`, claimID, merchantID, after, limit)
}

// OrderLine reads an order line with its refunds, oldest first, and whether the line is
// stored: refunds may be told before it.
func (r Reader) OrderLine(ctx context.Context, merchantID, lineID string) (*book.LineSeen, []book.Refund, bool, error) {
	line, found, err := readOne(ctx, r, "read order line", `
		SELECT`+lineColumns+`
		FROM order_lines l
		WHERE l.merchant_id = $1 AND l.order_line_id = $2`, scanLine, merchantID, lineID)
	if err != nil {
		return nil, nil, false, err
	}
	refunds, err := read(ctx, r, "read refunds", `
		SELECT f.merchant_id, f.order_line_id, f.refund_id, f.amount_minor, f.refunded_at, f.recorded_at
		FROM order_line_refunds f
		WHERE f.merchant_id = $1 AND f.order_line_id = $2
		ORDER BY f.refunded_at, f.refund_id`, scanRefund, merchantID, lineID)
	return line, refunds, found && err == nil, err
}

// Move is a claim's change of state as its history keeps it, with its event.
type Move struct {
	MerchantID  string
	ClaimID     string
	Version     int64
	From        claim.State
	To          claim.State
	Trigger     claim.Trigger
	EventNumber int64
	Note        string
	RecordedAt  time.Time
}
