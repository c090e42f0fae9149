package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// versionsOfHot is how many debts of one merchant are over.
const versionsOfHot = 40_000

// wereOwed fills the table of debts that are over, for one merchant and a few others, and gives
// how many of the first one were open at a time.
func (b *bulk) wereOwed(at time.Time) (open int) {
	b.t.Helper()
	b.run(`
		INSERT INTO debt_versions (merchant_id, kind, debt_id, late_event, from_at, until_at, fork, sampling_case, since, arose_at, open_minor)
		SELECT CASE WHEN g % 4 = 0 THEN 'm' || g % 10 ELSE 'over' END, 'ADVANCE', 'D' || g, 0, x.begun, x.ended, (x.last >> x.shift) << x.shift,
		       '', x.begun, x.begun, g
		FROM generate_series(1, $1) g
		CROSS JOIN LATERAL (
			SELECT x.begun, x.ended, x.last, length(ltrim(((x.first - 1) # x.last)::bit(64)::text, '0')) - 1 AS shift
			FROM (
				SELECT x.begun, x.ended, floor(extract(epoch FROM x.begun))::bigint AS first,
				       floor(extract(epoch FROM x.ended - interval '1 microsecond'))::bigint AS last
				FROM (
					SELECT timestamptz '2025-01-01' + g * 7919 % 600011 * interval '1 minute' AS begun,
					       timestamptz '2025-01-01' + (g * 7919 % 600011 + 1 + g % 2000) * interval '1 minute' AS ended) x) x) x`, versionsOfHot)
	b.run(`ANALYZE debt_versions`)
	if err := b.admin.Get(&open, `SELECT count(*) FROM debt_versions WHERE merchant_id = 'over' AND from_at <= $1 AND until_at > $1`, at); err != nil {
		b.t.Fatal(err)
	}
	return open
}

// Would catch a read of debts as of a time that looks at debts which were over by then, or at
// those that came later; and a time in the tree at which the database and the code do not agree.
func TestDebtsAsOfATimeLookAtThoseThatWereOpen(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 1000)
	b.owe()
	at := time.Date(2025, 8, 1, 10, 30, 0, 0, time.UTC)
	open := b.wereOwed(at)
	if open < 20 || open > 200 {
		t.Fatalf("%d debts of %d were open", open, versionsOfHot)
	}
	for _, byEffect := range []bool{false, true} {
		as := postgres.DebtTime{At: at, ByEffect: byEffect}
		for name, read := range map[string]func(ctx context.Context, r postgres.Reader) (int, error){
			"list": func(ctx context.Context, r postgres.Reader) (int, error) {
				p, err := r.DebtsAt(ctx, postgres.DebtQuery{MerchantID: "over"}, as, postgres.DebtCursor{}, 1000)
				return len(p.Rows), err
			},
			"sums": func(ctx context.Context, r postgres.Reader) (int, error) {
				count := 0
				sums, err := r.DebtSumsAt(ctx, "over", debt.Advance, as, at.AddDate(0, 0, -8))
				for _, s := range sums {
					count += int(s.Count)
				}
				return count, err
			},
		} {
			t.Run(name, func(t *testing.T) {
				var ran []postgres.Statement
				n, err := read(t.Context(), postgres.Recorded(b.reader, &ran))
				// The sums are of books that exist, and this one does not.
				if err != nil || name == "list" && n != open {
					t.Fatalf("%d debts, want %d, %v", n, open, err)
				}
				for _, s := range ran {
					b.checkPlan(t, s, float64(open+few))
				}
			})
		}
	}
	var wrong int
	rows := []struct {
		From  time.Time `db:"from_at"`
		Until time.Time `db:"until_at"`
		Fork  int64     `db:"fork"`
	}{}
	if err := b.admin.Select(&rows, `SELECT from_at, until_at, fork FROM debt_versions LIMIT 2000`); err != nil {
		t.Fatal(err)
	}
	for _, v := range rows {
		if debt.Fork(v.From, v.Until) != v.Fork {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d times lie elsewhere in the tree", wrong, len(rows))
	}
}

// Would catch a read of the exposure as of a time that walks the events of a book from their
// beginning, and a snapshot that is not what the events up to it come to.
func TestExposureAsOfATimeLooksAtFewEvents(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 1000)
	const events, every = 6_000, 100
	b.run(`
		INSERT INTO events (merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash, exposure_before_minor,
		                    exposure_before_held_minor, exposure_before_due_at, exposure_minor, exposure_held_minor, exposure_due_at)
		SELECT 'exposed', g, '', 'C' || g % 10, timestamptz '2026-01-01' + g * interval '1 minute', 2, '', decode(repeat('00', 32), 'hex'),
		       greatest(0, g - 10) % 7, 0, CASE WHEN g > 10 THEN timestamptz '2026-01-01' + (g - 10) * interval '1 hour' END,
		       g % 7, 0, timestamptz '2026-01-01' + g * interval '1 hour'
		FROM generate_series(1, $1) g`, events)
	b.run(`ANALYZE events`)
	at := time.Date(2026, 1, 3, 12, 0, 0, 0, time.UTC)
	before, err := b.reader.ExposureAt(t.Context(), "exposed", "CNY", at)
	if err != nil || len(before) == 0 {
		t.Fatal(before, err)
	}
	added := 0
	for more := true; more; added++ {
		if more, err = b.pg.SnapshotExposure(t.Context(), "exposed", every); err != nil {
			t.Fatal(err)
		}
	}
	if added != events/every+1 {
		t.Fatalf("%d snapshots", added-1)
	}
	var ran []postgres.Statement
	after, err := postgres.Recorded(b.reader, &ran).ExposureAt(t.Context(), "exposed", "CNY", at)
	if err != nil {
		t.Fatal(err)
	}
	same(t, before, after)
	for _, s := range ran {
		b.checkPlan(t, s, every+few)
	}
}
