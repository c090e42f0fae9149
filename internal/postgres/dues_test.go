package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// duesAt is the time at which the rows of these tests begin to be due.
var duesAt = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// withDues makes a database in which payout i is due i seconds after duesAt.
func withDues(t *testing.T, n int) (*postgres.DB, *sqlx.DB) {
	t.Helper()
	test := pgtest.New(t)
	db, err := postgres.Open(test.AppURL, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	rows := test.Open(t)
	_, err = rows.ExecContext(t.Context(), `
		INSERT INTO payouts (merchant_id, payout_id, claim_id, part, state, amount_minor, currency, out_number,
		                     payment_id, destination, not_after, gateway_reference, failure_code, created_at)
		SELECT 'm1', 'p' || i, 'c1', 'REFUND', 'INSTRUCTED', 100 + i, 'CNY', 'N' || i,
		       'pay-1', 'wallet-1', $2::timestamptz + interval '3 days', '', '', $2::timestamptz
		FROM generate_series(1, $1::int) i`, n, duesAt)
	if err == nil {
		_, err = rows.ExecContext(t.Context(), `
			INSERT INTO payout_dues (merchant_id, payout_id, due_at, attempts)
			SELECT 'm1', 'p' || i, $2::timestamptz + i * interval '1 second', 0
			FROM generate_series(1, $1::int) i`, n, duesAt)
	}
	if err != nil {
		t.Fatal(err)
	}
	return db, rows
}

// Would catch payouts that are taken before they are due, out of turn, with
// another row's content, or looked at too often or too seldom.
func TestTakeDuesPutsOff(t *testing.T) {
	t.Parallel()
	db, _ := withDues(t, 3)
	take := func(now time.Time, limit int) []payout.Payout {
		t.Helper()
		taken, err := db.TakeDues(t.Context(), now, time.Minute, 5*time.Minute, limit)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if early := take(duesAt, 10); len(early) != 0 {
		t.Fatalf("before anything is due: %+v", early)
	}
	first := take(duesAt.Add(3*time.Second), 2)
	var want []payout.Payout
	for i := 1; i <= 2; i++ {
		want = append(want, payout.Payout{
			MerchantID: "m1", ID: fmt.Sprintf("p%d", i), ClaimID: "c1", Part: payout.Refund, State: payout.Instructed,
			Amount: money.Amount(100 + i), Currency: "CNY", OutNumber: fmt.Sprintf("N%d", i), PaymentID: "pay-1", Destination: "wallet-1",
			NotAfter: duesAt.Add(72 * time.Hour), CreatedAt: duesAt, Form: claim.Cash, Try: 1,
		})
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Fatal(diff)
	}
	if rest := take(duesAt.Add(3*time.Second), 10); len(rest) != 1 || rest[0].ID != "p3" {
		t.Fatalf("the rest: %+v", rest)
	}
	now := duesAt.Add(3 * time.Second)
	for i, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		if early := take(now.Add(wait-time.Microsecond), 10); len(early) != 0 {
			t.Fatalf("look %d: %d too early", i, len(early))
		}
		now = now.Add(wait)
		if due := take(now, 10); len(due) != 3 {
			t.Fatalf("look %d: %d due", i, len(due))
		}
	}
}

// Would catch workers that take the same payout at the same time, or that wait
// for each other.
func TestTakeDuesSharesOut(t *testing.T) {
	t.Parallel()
	const n = 200
	db, rows := withDues(t, n)
	// One is in the hands of another transaction and is left alone.
	tx := rows.MustBegin()
	defer func() { _ = tx.Rollback() }()
	tx.MustExec(`SELECT FROM payout_dues WHERE payout_id = 'p1' FOR UPDATE`)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var mu sync.Mutex
	taken := make(map[string]int)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for {
				some, err := db.TakeDues(ctx, duesAt.Add(time.Hour), time.Minute, time.Minute, 7)
				if err != nil {
					t.Error(err)
				}
				if len(some) == 0 {
					return
				}
				mu.Lock()
				for _, p := range some {
					taken[p.ID]++
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if len(taken) != n-1 || taken["p1"] != 0 {
		t.Errorf("%d of %d taken, the locked one %d times", len(taken), n, taken["p1"])
	}
	for id, times := range taken {
		if times != 1 {
			t.Errorf("%s taken %d times", id, times)
		}
	}
}

// Would catch a list of deadlines that leaves one out, or tells one twice,
// where many are the same.
func TestDueWaitsGoesOnBehindTheLast(t *testing.T) {
	t.Parallel()
	db, rows := withDues(t, 0)
	_, err := rows.ExecContext(t.Context(), `
		INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at)
		SELECT 'm' || (i % 3), 'c' || lpad(i::text, 3, '0'), 'NOTIFIED', $1::timestamptz, 'NOTICE_LAPSED',
		       $1::timestamptz + (i / 10) * interval '1 second'
		FROM generate_series(0, 99) i
		UNION ALL
		SELECT 'm1', 'never', 'PAYOUT_FAILED', $1::timestamptz, '', NULL`, duesAt)
	if err != nil {
		t.Fatal(err)
	}
	var after postgres.WaitCursor
	for i := 0; ; {
		page, err := db.DueWaits(t.Context(), duesAt.Add(8*time.Second), after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range page {
			want := book.Wait{
				MerchantID: fmt.Sprintf("m%d", i%3), ClaimID: fmt.Sprintf("c%03d", i), State: "NOTIFIED", Since: duesAt,
				Fires: "NOTICE_LAPSED", Deadline: duesAt.Add(time.Duration(i/10) * time.Second),
			}
			if w != want {
				t.Fatalf("wait %d: %+v, not %+v", i, w, want)
			}
			after = postgres.WaitCursor{Deadline: w.Deadline, ClaimID: w.ClaimID}
			i++
		}
		if len(page) < 7 {
			if i != 90 {
				t.Errorf("%d waits, not 90", i)
			}
			return
		}
	}
}

// withMoneyDues makes a database of n books, of which every hundredth waits for a
// sweep and every hundredth has to meet a demand; each has a claim with a hold that
// expires and one without.
func withMoneyDues(t *testing.T, n int) *postgres.DB {
	t.Helper()
	test := pgtest.New(t)
	// One connection, so that what it looked at can be counted.
	db, err := postgres.Open(test.AppURL, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	rows := test.Open(t)
	_, err = rows.ExecContext(t.Context(), `
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at,
		                   sweep_since, demand_deadline_at)
		SELECT 'm' || lpad(i::text, 5, '0'), 'CNY', 0, 0, decode(repeat('00', 32), 'hex'), 0, $2::timestamptz, $2::timestamptz,
		       CASE WHEN i % 100 = 0 THEN $2::timestamptz - i * interval '1 second' END,
		       CASE WHEN i % 100 = 1 THEN $2::timestamptz + i * interval '1 second' END
		FROM generate_series(1, $1::int) i`, n, duesAt)
	if err == nil {
		_, err = rows.ExecContext(t.Context(), `
			INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at, hold_expires_at)
			SELECT 'm' || lpad((i / 2)::text, 5, '0'), 'c' || lpad(i::text, 5, '0'), 'APPEALED', $2::timestamptz, 'APPEAL_OVERDUE',
			       $2::timestamptz + interval '1 day',
			       CASE WHEN i % 2 = 0 THEN $2::timestamptz + (i / 20) * interval '1 second' END
			FROM generate_series(1, 2 * $1::int) i`, n, duesAt)
	}
	if err != nil {
		t.Fatal(err)
	}
	// The tables are their owner's to analyse.
	owner := sqlx.MustConnect("postgres", test.OwnerURL)
	defer func() { _ = owner.Close() }()
	owner.MustExec(`ANALYZE books, waits`)
	return db
}

// Would catch a book that waits for a sweep and is passed over for a newer one, and
// a search that walks through all books.
func TestBooksToSweepAreTheOldest(t *testing.T) {
	t.Parallel()
	db := withMoneyDues(t, 2_000)
	looked, err := postgres.LookedPool(t.Context(), db, func() error {
		books, err := db.BooksToSweep(t.Context(), postgres.BookDue{}, 3)
		same(t, []string{"m02000", "m01900", "m01800"}, merchants(books))
		return err
	})
	if err != nil || looked.Walked > 0 || looked.Found > 3 {
		t.Errorf("looked at %+v: %v", looked, err)
	}
	after := postgres.BookDue{At: duesAt.Add(-1800 * time.Second), MerchantID: "m01800"}
	if next, err := db.BooksToSweep(t.Context(), after, 1); err != nil || len(next) != 1 || next[0].MerchantID != "m01700" {
		t.Errorf("after the third comes %v: %v", next, err)
	}
	if all, err := db.BooksToSweep(t.Context(), postgres.BookDue{}, 100); err != nil || len(all) != 20 {
		t.Errorf("%d books wait for a sweep: %v", len(all), err)
	}
}

// Would catch a demand that lapses before its deadline or is forgotten after it.
func TestPassedDemandsAreTheOldest(t *testing.T) {
	t.Parallel()
	db := withMoneyDues(t, 2_000)
	looked, err := postgres.LookedPool(t.Context(), db, func() error {
		books, err := db.PassedDemands(t.Context(), duesAt.Add(201*time.Second), postgres.BookDue{}, 10)
		same(t, []string{"m00001", "m00101", "m00201"}, merchants(books))
		return err
	})
	if err != nil || looked.Walked > 0 || looked.Found > 3 {
		t.Errorf("looked at %+v: %v", looked, err)
	}
	first, err := db.PassedDemands(t.Context(), duesAt.Add(time.Hour), postgres.BookDue{}, 2)
	if err != nil || len(first) != 2 || first[0].MerchantID != "m00001" {
		t.Fatalf("the first two are %v: %v", first, err)
	}
	next, err := db.PassedDemands(t.Context(), duesAt.Add(time.Hour), first[1], 1)
	if err != nil || len(next) != 1 || next[0].MerchantID != "m00201" {
		t.Errorf("after them comes %v: %v", next, err)
	}
}

func merchants(books []postgres.BookDue) []string {
	ids := make([]string, len(books))
	for i := range books {
		ids[i] = books[i].MerchantID
	}
	return ids
}

// Would catch a hold that never expires because many expire at the same time, one
// that expires twice or too early, and a search that walks through all claims.
func TestExpiredHoldsGoesOnBehindTheLast(t *testing.T) {
	t.Parallel()
	db := withMoneyDues(t, 2_000)
	const limit = 7
	var after postgres.WaitCursor
	for i := 2; ; {
		var page []book.Wait
		looked, err := postgres.LookedPool(t.Context(), db, func() (err error) {
			page, err = db.ExpiredHolds(t.Context(), duesAt.Add(8*time.Second), after, limit)
			return err
		})
		// What is behind the cursor at the same time is passed over one by one.
		if err != nil || looked.Walked > 0 || looked.Found > limit+10 {
			t.Fatalf("looked at %+v: %v", looked, err)
		}
		for _, w := range page {
			want := book.Wait{
				MerchantID: fmt.Sprintf("m%05d", i/2), ClaimID: fmt.Sprintf("c%05d", i), State: "APPEALED", Since: duesAt,
				Fires: "APPEAL_OVERDUE", Deadline: duesAt.Add(24 * time.Hour),
				HoldExpires: duesAt.Add(time.Duration(i/20) * time.Second),
			}
			if w != want {
				t.Fatalf("wait %d: %+v, not %+v", i, w, want)
			}
			after = postgres.WaitCursor{Deadline: w.HoldExpires, ClaimID: w.ClaimID}
			i += 2
		}
		if len(page) < limit {
			if i != 180 {
				t.Errorf("the last is %d, not 178", i-2)
			}
			return
		}
	}
}
