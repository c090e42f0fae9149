package postgres

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
)

// boundVersions are all columns of debt_versions that the digest of a DebtVersion covers.
const boundVersions = `kind debt_id late_event from_at:time until_at:time fork sampling_case since:time arose_at:time open_minor`

// BoundDebts reads the debts of a book after one, by kind and id, in the form that events bind.
func (a *Audit) BoundDebts(merchantID string, after debt.Key, limit int) ([]BoundRow, error) {
	return a.bound("debts", "'', r.kind || '/' || r.debt_id, 0, "+made("recorded_from"), boundDebts,
		"FROM debts r WHERE r.merchant_id = $1 AND (r.kind, r.debt_id) > ($2, $3) ORDER BY r.kind, r.debt_id LIMIT $4",
		merchantID, string(after.Kind), after.ID, limit)
}

// DebtVersion is a debt as it was, for the audit.
type DebtVersion struct {
	BoundRow
	Kind debt.Kind
	ID   string
	// Late is the event that told of it late; zero for a debt as it was by record time.
	Late int64
	// from is the beginning of its time, as the database writes it.
	from string
}

// DebtVersions reads debts as they were after one, in the order of their key. Their digests
// cover every column.
func (a *Audit) DebtVersions(merchantID string, after *DebtVersion, limit int) ([]DebtVersion, error) {
	if after == nil {
		after = &DebtVersion{from: "-infinity"}
	}
	rows, err := a.bound("debt_versions", "'', json_build_array(r.kind, r.debt_id, r.late_event, r.from_at)::text, 0, "+made("from_at"), boundVersions,
		`FROM debt_versions r
		 WHERE r.merchant_id = $1 AND (r.kind, r.debt_id, r.late_event, r.from_at) > ($2, $3, $4, $5::timestamptz)
		 ORDER BY r.kind, r.debt_id, r.late_event, r.from_at
		 LIMIT $6`, merchantID, string(after.Kind), after.ID, after.Late, after.from, limit)
	if err != nil {
		return nil, err
	}
	out := make([]DebtVersion, len(rows))
	for i := range rows {
		v := &out[i]
		v.BoundRow = rows[i]
		if err := json.Unmarshal([]byte(v.Key), &[]any{&v.Kind, &v.ID, &v.Late, &v.from}); err != nil {
			return nil, fmt.Errorf("read the key of a debt: %w", err)
		}
	}
	return out, nil
}

// Opening is when the history of a book's debts and exposure began, if the book was there before.
type Opening struct {
	// Event is the last event before it; zero where all of them are told of.
	Event int64
	// At is its time, in microseconds.
	At int64
}

// Opening reads when the history of a book's debts and exposure began.
func (a *Audit) Opening(merchantID string) (Opening, error) {
	found, err := page(a, "audit opening of exposure", `SELECT event_number, at FROM exposure_openings WHERE merchant_id = $1`,
		func(rows *sql.Rows) (o Opening, err error) {
			var at time.Time
			err = rows.Scan(&o.Event, &at)
			o.At = at.UnixMicro()
			return o, err
		}, merchantID)
	if err != nil || len(found) == 0 {
		return Opening{}, err
	}
	return found[0], nil
}
