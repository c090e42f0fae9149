package worker_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a worker that never takes snapshots, stops at the first book that has one, or
// leaves the sums over all books behind.
func TestSnapshotsAreTaken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.openWith("m1", 4_000)
	f.openWith("m2", 5_000)
	// Books without events: only what the worker reads.
	for _, merchant := range []string{"m1", "m2"} {
		f.admin(`
			INSERT INTO transfers (merchant_id, transfer_number, event_number, kind, debit_purpose, credit_purpose, amount_minor, currency, recorded_at, effective_at)
			SELECT $1, n, 2, 'DEPOSIT_HELD', 'DEPOSIT', 'DEPOSIT_HELD', 1, 'CNY', t.recorded_at, t.recorded_at
			FROM transfers t CROSS JOIN generate_series(2, $2::integer) n
			WHERE t.merchant_id = $1 AND t.transfer_number = 1`, merchant, postgres.SnapshotEvery)
		f.admin(`UPDATE books SET transfer_number = $2 WHERE merchant_id = $1`, merchant, postgres.SnapshotEvery)
	}
	for range 2 {
		if err := f.worker.TakeSnapshots(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var books, sums int64
	if err := f.rows.Get(&books, `SELECT count(*) FROM balance_snapshots WHERE basis = 'RECORDED' AND transfers = $1`, postgres.SnapshotEvery); err != nil {
		t.Fatal(err)
	}
	if err := f.rows.Get(&sums, `SELECT sum(amount_minor)::bigint FROM period_totals WHERE basis = 'EFFECTIVE' AND period = 'MONTH' AND kind = 'DEPOSIT_TOPPED_UP'`); err != nil {
		t.Fatal(err)
	}
	// The fixture's audit would wonder about transfers of no event.
	for _, merchant := range []string{"m1", "m2"} {
		f.admin(`DELETE FROM transfers WHERE merchant_id = $1 AND transfer_number > 1`, merchant)
		f.admin(`UPDATE books SET transfer_number = 1 WHERE merchant_id = $1`, merchant)
	}
	if books != 2 || sums != 9_000 {
		t.Errorf("%d books have a snapshot, and top-ups of %d are summed", books, sums)
	}
}
