package postgres

import (
	"context"
	"database/sql"
	"regexp"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// Standing is how the business and the database stand, over all books.
type Standing struct {
	// Waiting are the claims that have not ended, by state.
	Waiting map[claim.State]Waiting
	// Undelivered are claims whose notice the merchant is not known to have.
	Undelivered Waiting
	// Money are the sums of the books' accounts, by currency, in minor units.
	Money map[string]ledger.Balances
	// Bytes is the size of the database's files.
	Bytes int64
	// TransactionAge is for how many transactions the oldest row has not been frozen.
	// PostgreSQL stops taking writes at some two thousand million.
	TransactionAge int64
	// OldestTransaction is when the oldest open transaction of the application's role began,
	// zero for none.
	OldestTransaction time.Time
}

// Waiting counts claims that wait for the same thing.
type Waiting struct {
	Count int64
	// Oldest is since when the claim that was filed first waits; zero for none.
	Oldest time.Time
}

// Standing reads how everything stands. Each count of claims stops at most.
func (r Reader) Standing(ctx context.Context, most int) (Standing, error) {
	s := Standing{Waiting: make(map[claim.State]Waiting), Money: make(map[string]ledger.Balances)}
	var states []string
	for _, state := range claim.States() {
		if !state.Final() {
			states = append(states, string(state))
		}
	}
	if err := r.waiting(ctx, &s, states, most); err != nil {
		return s, err
	}
	if err := r.money(ctx, &s); err != nil {
		return s, err
	}
	return s, r.database(ctx, &s)
}

func (r Reader) waiting(ctx context.Context, s *Standing, states []string, most int) error {
	type row struct {
		state string
		Waiting
	}
	rows, err := read(ctx, r, "count claims that wait", `
		SELECT s.state, n.count, o.since
		FROM unnest($1::text[]) AS s (state)
		CROSS JOIN LATERAL (
			SELECT count(*) FROM (SELECT FROM waits w WHERE w.state = s.state ORDER BY w.claim_id LIMIT $2) w) n
		LEFT JOIN LATERAL (
			SELECT w.since FROM waits w WHERE w.state = s.state ORDER BY w.claim_id LIMIT 1) o ON true
		UNION ALL
		SELECT '', count(*), min(w.since)
		FROM (
			SELECT w.since, w.fires FROM waits w
			WHERE w.state = 'NOTIFIED'
			ORDER BY w.claim_id
			LIMIT $2) w
		WHERE w.fires IN ('NOTICE_UNDELIVERED', 'NOTICE_DEEMED')`,
		func(rows *sql.Rows) (w row, err error) {
			var since sql.NullTime
			err = rows.Scan(&w.state, &w.Count, &since)
			w.Oldest = since.Time.UTC()
			if !since.Valid {
				w.Oldest = time.Time{}
			}
			return w, err
		}, pq.Array(states), most)
	for _, w := range rows {
		if w.state == "" {
			s.Undelivered = w.Waiting
			continue
		}
		s.Waiting[claim.State(w.state)] = w.Waiting
	}
	return err
}

// balanceSums sums every column of balances.
var balanceSums = regexp.MustCompile(`b\.\w+`).ReplaceAllString(balanceColumns, `sum($0)::bigint`)

func (r Reader) money(ctx context.Context, s *Standing) error {
	type row struct {
		currency string
		sums     ledger.Balances
	}
	rows, err := read(ctx, r, "sum the books", `SELECT b.currency, `+balanceSums+` FROM books b GROUP BY b.currency`,
		func(rows *sql.Rows) (b row, err error) {
			err = rows.Scan(append([]any{&b.currency}, balanceTargets(&b.sums)...)...)
			return b, err
		})
	for _, b := range rows {
		s.Money[b.currency] = b.sums
	}
	return err
}

func (r Reader) database(ctx context.Context, s *Standing) error {
	_, _, err := readOne(ctx, r, "look at the database", `
		SELECT pg_database_size(current_database()),
		       (SELECT max(age(d.datfrozenxid)) FROM pg_database d),
		       (SELECT min(a.xact_start) FROM pg_stat_activity a WHERE a.datname = current_database() AND a.usename = current_user)`,
		func(rows *sql.Rows) (none struct{}, err error) {
			var oldest sql.NullTime
			err = rows.Scan(&s.Bytes, &s.TransactionAge, &oldest)
			if oldest.Valid {
				s.OldestTransaction = oldest.Time.UTC()
			}
			return none, err
		})
	return err
}
