package postgres

import (
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/period"
)

// PeriodChanges reads all changes of periods, in the order of their numbers.
func (a *Audit) PeriodChanges() ([]period.Change, error) {
	return page(a, "audit changes of periods", selectPeriodChanges, scanPeriodChange)
}

// KeptClose is what a close kept, with the digest and the number of the heads.
type KeptClose struct {
	Books int64
	Heads period.Hash
	Sums  period.Sums
}

// KeptClose reads what a close kept.
func (a *Audit) KeptClose(change int64) (k KeptClose, err error) {
	r := Reader{from: a.tx}
	if k.Books, k.Heads, err = r.PeriodHeads(a.ctx, change); err != nil {
		return k, err
	}
	k.Sums, err = r.PeriodSums(a.ctx, change)
	return k, err
}

// ClosesKept reads the numbers of the changes for which there are heads or sums.
func (a *Audit) ClosesKept() ([]int64, error) {
	return page(a, "audit what closes kept", `
		SELECT k.change_number FROM period_heads k
		UNION
		SELECT s.change_number FROM period_sums s
		ORDER BY 1`, func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) })
}

// Mark is the end of a book as a close found it.
type Mark struct {
	Change, Transfer, Event int64
	Hash                    event.Hash
}

// Marks reads the marks of a book, in the order of its events.
func (a *Audit) Marks(merchantID string) ([]Mark, error) {
	return page(a, "audit marks of closes", `
		SELECT k.change_number, k.transfer_number, k.event_number, k.event_hash
		FROM period_heads k
		WHERE k.merchant_id = $1
		ORDER BY k.event_number, k.change_number`, func(rows *sql.Rows) (m Mark, err error) {
		var hash []byte
		err = rows.Scan(&m.Change, &m.Transfer, &m.Event, &hash)
		copy(m.Hash[:], hash)
		return m, err
	}, merchantID)
}
