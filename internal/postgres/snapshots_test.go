package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// folded are books whose transfers are told in any order of effect.
type folded struct {
	*bulk
	random *rand.Rand
	// clocks are the record times of the books, and numbers those of their last transfers.
	clocks  map[string]time.Time
	numbers map[string]int64
	events  map[string]int64
}

var foldedKinds = []ledger.Kind{ledger.DepositToppedUp, ledger.DepositSetAside, ledger.DepositReleased, ledger.ShopFundsHandedOver}

// tell records transfers in a book by one event. Some took effect long before.
func (f *folded) tell(merchant string, n int) {
	f.t.Helper()
	at := f.clocks[merchant].Add(time.Duration(f.random.IntN(3000)) * time.Minute)
	f.clocks[merchant] = at
	f.events[merchant]++
	first := f.numbers[merchant] + 1
	tx, err := f.admin.BeginTxx(f.t.Context(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for range n {
		f.numbers[merchant]++
		effective := at
		if f.random.IntN(5) < 2 {
			effective = at.Add(-time.Duration(f.random.IntN(60_000)) * time.Minute)
		}
		kind := foldedKinds[f.random.IntN(len(foldedKinds))]
		tx.MustExec(`
			INSERT INTO transfers (
				merchant_id, transfer_number, event_number, kind, debit_purpose, credit_purpose, amount_minor, currency, recorded_at, effective_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			merchant, f.numbers[merchant], f.events[merchant], string(kind), string(kind.Legs().Debit), string(kind.Legs().Credit),
			1+f.random.IntN(1000), map[string]string{"f1": "CNY", "f2": "CNY", "f3": "USD"}[merchant], at, effective)
	}
	tx.MustExec(`
		INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash, first_transfer, last_transfer)
		VALUES ($1, $2, 'X', $3, 1, '', decode(repeat('00', 32), 'hex'), $4, $5)`, merchant, f.events[merchant], at, first, f.numbers[merchant])
	tx.MustExec(`
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
		VALUES ($1, 'CNY', 1, 1, sha256('x'), $2, $3, $3)
		ON CONFLICT ON CONSTRAINT books_key DO UPDATE SET transfer_number = $2`, merchant, f.numbers[merchant], at)
	if err := tx.Commit(); err != nil {
		f.t.Fatal(err)
	}
}

// every is the distance of snapshots in these tests.
const every = 4

// work does what a worker does about snapshots.
func (f *folded) work() {
	f.t.Helper()
	due, next, err := f.pg.BooksToSnapshot(f.t.Context(), "", every)
	if err != nil || next != "" {
		f.t.Fatal(next, err)
	}
	for _, merchant := range due {
		for more := true; more; {
			if more, err = f.pg.SnapshotBook(f.t.Context(), merchant, every); err != nil {
				f.t.Fatal(err)
			}
		}
	}
	for more := true; more; {
		if more, err = f.pg.SumPeriods(f.t.Context(), 3); err != nil {
			f.t.Fatal(err)
		}
	}
}

// fold sums every transfer of a time as the table has it.
func (f *folded) fold(where string, at time.Time, byEffect bool) map[string]ledger.Totals {
	f.t.Helper()
	column := map[bool]string{false: "recorded_at", true: "effective_at"}[byEffect]
	var rows []struct {
		Currency string
		Kind     string
		Amount   int64
		Count    int64
	}
	if err := f.admin.SelectContext(f.t.Context(), &rows, `
		SELECT currency, kind, sum(amount_minor)::bigint AS amount, count(*) AS count
		FROM transfers
		WHERE `+where+` AND `+column+` <= $1
		GROUP BY 1, 2`, at); err != nil {
		f.t.Fatal(err)
	}
	all := make(map[string]ledger.Totals)
	for _, r := range rows {
		if all[r.Currency] == nil {
			all[r.Currency] = make(ledger.Totals)
		}
		all[r.Currency].Add(ledger.Kind(r.Kind), money.Amount(r.Amount), r.Count)
	}
	return all
}

// check compares what is read as of a time with the fold.
func (f *folded) check(t *testing.T, at time.Time) {
	t.Helper()
	for _, byEffect := range []bool{false, true} {
		err := f.pg.Snapshot(t.Context(), func(r postgres.Reader) error {
			all, err := r.TotalsOfAllAt(t.Context(), at, byEffect)
			if diff := cmp.Diff(f.fold("true", at, byEffect), all); diff != "" {
				t.Errorf("all books at %s, by effect %v: %s", at, byEffect, diff)
			}
			for merchant := range f.numbers {
				one, e := r.TotalsAt(t.Context(), merchant, at, byEffect)
				if e != nil {
					err = e
				}
				want := ledger.Totals{}
				for _, totals := range f.fold(fmt.Sprintf("merchant_id = '%s'", merchant), at, byEffect) {
					want = totals
				}
				if diff := cmp.Diff(want, one); diff != "" {
					t.Errorf("%s at %s, by effect %v: %s", merchant, at, byEffect, diff)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Would catch a balance as of a time that differs from the fold of all transfers: at a bound of
// a snapshot or of a period, where transfers took effect long before they were recorded and
// came in after snapshots behind them were made, before a worker took them up, after the
// database has begun to count its transactions anew, and after somebody emptied the snapshots.
func TestTotalsAtATime(t *testing.T) {
	t.Parallel()
	f := &folded{
		bulk: newBulk(t, 1, 20), random: rand.New(rand.NewPCG(testseed.New(t), 1)), numbers: map[string]int64{}, events: map[string]int64{},
		clocks: map[string]time.Time{"f1": start, "f2": start, "f3": start},
	}
	f.check(t, start)
	const steps = 9
	for step := range steps {
		for _, merchant := range []string{"f1", "f1", "f2", "f3"} {
			f.tell(merchant, 1+f.random.IntN(12))
		}
		if step%3 != 2 {
			f.work()
		}
		var times []time.Time
		if err := f.admin.SelectContext(t.Context(), &times, `
			SELECT CASE WHEN random() < 0.5 THEN recorded_at ELSE effective_at END FROM transfers WHERE merchant_id LIKE 'f%' ORDER BY random() LIMIT 2`); err != nil {
			t.Fatal(err)
		}
		times = append(times, times[0].Add(-time.Microsecond), times[1].Truncate(24*time.Hour), start.AddDate(1, 0, 0),
			start.Add(time.Duration(f.random.IntN(100_000)-50_000)*time.Minute))
		for _, at := range times {
			f.check(t, at.UTC())
		}
	}
	// No snapshot is more than twice the distance behind the one before it.
	var widest int64
	if err := f.admin.GetContext(t.Context(), &widest, `
		SELECT max(transfers - before) FROM (
			SELECT transfers, lag(transfers, 1, 0::bigint) OVER (PARTITION BY merchant_id, basis ORDER BY at, transfer_number) AS before
			FROM balance_snapshots WHERE basis <> 'RECORDED_LATE') s`); err != nil {
		t.Fatal(err)
	}
	if widest == 0 || widest > 2*every {
		t.Errorf("%d transfers lie between two snapshots", widest)
	}
	f.run(`DELETE FROM balance_snapshots`)
	f.check(t, start.AddDate(0, 0, 10))
	for range 2 * every {
		f.tell("f1", 1)
	}
	f.run(`UPDATE period_progress SET transaction_id = '1000000000'`)
	f.check(t, start.AddDate(0, 0, 10))
	f.work()
	f.check(t, start.AddDate(0, 0, 10))
	// A restore from a dump keeps the numbers of transactions that the new database has yet to reach.
	f.run(`UPDATE events SET transaction_id = (transaction_id::text::bigint + 1000000000)::text::xid8`)
	f.run(`UPDATE period_progress SET transaction_id = '1000000000'`)
	for range 2 {
		f.check(t, start.AddDate(0, 0, 10))
		f.tell("f2", 3)
		f.check(t, start.AddDate(0, 0, 10))
		f.work()
	}
	f.check(t, start.AddDate(0, 0, 10))
}
