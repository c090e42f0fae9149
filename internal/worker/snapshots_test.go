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
	f.checkExposureSnapshots(t)
	if books != 2 || sums != 9_000 {
		t.Errorf("%d books have a snapshot, and top-ups of %d are summed", books, sums)
	}
}

// checkExposureSnapshots lets the worker look at books with many events, some of which changed an
// exposure.
func (f *fixture) checkExposureSnapshots(t *testing.T) {
	t.Helper()
	for _, merchant := range []string{"m1", "m2"} {
		f.admin(`
			INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash, exposure_before_minor, exposure_before_held_minor,
			                    exposure_minor, exposure_held_minor)
			SELECT $1, n, '', e.recorded_at, 2, '', decode(repeat('00', 32), 'hex'), 0, 0, 2, 1
			FROM events e CROSS JOIN generate_series(3, $2::integer) n
			WHERE e.merchant_id = $1 AND e.event_number = 2`, merchant, postgres.SnapshotEvery+1)
		f.admin(`UPDATE books SET event_number = $2 WHERE merchant_id = $1`, merchant, postgres.SnapshotEvery+1)
	}
	for range 2 {
		if err := f.worker.TakeSnapshots(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var taken, sum, exposed int64
	if err := f.rows.QueryRow(`SELECT count(*), sum(exposures[1] + held[1]) FROM exposure_snapshots WHERE event_number = $1`, postgres.SnapshotEvery).
		Scan(&taken, &sum); err != nil {
		t.Fatal(err)
	}
	if err := f.rows.Get(&exposed, `SELECT sum(exposure_minor)::bigint FROM exposure_totals WHERE period = 'HOUR'`); err != nil {
		t.Fatal(err)
	}
	if taken != 2 || sum != 2*3*(postgres.SnapshotEvery-2) || exposed != 2*2*(postgres.SnapshotEvery-1) {
		t.Errorf("%d snapshots of the exposure have %d, and %d are summed over all books", taken, sum, exposed)
	}
	for _, merchant := range []string{"m1", "m2"} {
		f.admin(`DELETE FROM events WHERE merchant_id = $1 AND event_number > 2`, merchant)
		f.admin(`UPDATE books SET event_number = 2 WHERE merchant_id = $1`, merchant)
	}
}
