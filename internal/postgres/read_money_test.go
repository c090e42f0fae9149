package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// debtsOfHot is how many debts of each kind the hot merchant of a bulk has.
const debtsOfHot = 4_000

// owe fills the tables of debts and decisions of a bulk.
func (b *bulk) owe() {
	b.t.Helper()
	b.run(`
		INSERT INTO debts (merchant_id, kind, debt_id, sampling_case, since, open_minor, recorded_from, arose_at)
		SELECT CASE WHEN g <= $1 THEN 'hot' ELSE 'm' || g % 10 END, k, 'D' || lpad(g::text, 9, '0'), '',
		       timestamptz '2026-01-01' + g * 7919 % 1009 * interval '1 hour', g,
		       timestamptz '2026-03-01', timestamptz '2026-01-01' + g * 7919 % 1009 * interval '1 hour'
		FROM generate_series(1, 2 * $1) g CROSS JOIN unnest(ARRAY['SHORTFALL', 'ADVANCE', 'FEE', 'TOP_UP', 'HOLD']) k`, debtsOfHot)
	b.run(`
		INSERT INTO appeals (merchant_id, claim_id, revision, note, evidence, event_number, appealed_at)
		SELECT 'hot', 'C' || lpad(g::text, 9, '0'), n, '', ARRAY['photo'], n, timestamptz '2026-01-01'
		FROM generate_series(1, 5000) g CROSS JOIN generate_series(1, 3) n`)
	b.run(`
		INSERT INTO approvals (merchant_id, claim_id, revision, person_id, amount_minor, note, event_number, approved_at)
		SELECT 'hot', 'C' || lpad(g::text, 9, '0'), n, 'person', 1, '', n, timestamptz '2026-01-01'
		FROM generate_series(1, 5000) g CROSS JOIN generate_series(1, 3) n`)
	b.run(`ANALYZE`)
}

// Would catch a read of debts or decisions that walks those of other books, kinds
// or claims.
func TestMoneyReadsLookAtFewRows(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 1000)
	b.owe()
	const c = "C000000100"
	debts := func(kind debt.Kind, from postgres.DebtCursor) planned {
		return planned{func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Debts(ctx, postgres.DebtQuery{MerchantID: "hot", Kind: kind}, from, pageSize))
		}, onePage}
	}
	for name, read := range map[string]planned{
		"debts":         debts("", postgres.DebtCursor{}),
		"debts of kind": debts(debt.Hold, postgres.DebtCursor{}),
		"debts, a later page": debts("", postgres.DebtCursor{
			Kind: debt.Fee, Since: start.AddDate(0, 0, -20), ID: "D000000100",
		}),
		"appeals": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Appeals(ctx, "hot", c, 0, pageSize))
		}, 3 * few},
		"approvals": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.Approvals(ctx, "hot", c, postgres.ApprovalKey{}, pageSize))
		}, few},
		// Sums look at every debt of the book, and at no other's.
		"sums": {func(ctx context.Context, r postgres.Reader) error {
			return listed(r.DebtSums(ctx, "m3", ""))
		}, 5*debtsOfHot/10 + few},
	} {
		t.Run(name, func(t *testing.T) {
			var ran []postgres.Statement
			if err := read.run(t.Context(), postgres.Recorded(b.reader, &ran)); err != nil {
				t.Fatal(err)
			}
			for _, s := range ran {
				b.checkPlan(t, s, read.rows)
			}
		})
	}
}

// Would catch a list of debts that leaves one out, tells one twice, or mixes kinds
// or books; and sums that differ from the debts.
func TestReadDebts(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 10)
	b.owe()
	for list, query := range map[[2]string]string{
		{"hot", ""}: `SELECT kind || debt_id FROM debts WHERE merchant_id = 'hot' ORDER BY kind, since, debt_id`,
		{"hot", "ADVANCE"}: `
			SELECT kind || debt_id FROM debts WHERE merchant_id = 'hot' AND kind = 'ADVANCE' ORDER BY since, debt_id`,
		{"", "FEE"}: `SELECT kind || debt_id FROM debts WHERE kind = 'FEE' ORDER BY since, merchant_id, debt_id`,
		{"", ""}:    `SELECT kind || debt_id FROM debts ORDER BY kind, since, merchant_id, debt_id`,
	} {
		merchant, kind := list[0], debt.Kind(list[1])
		var got []string
		var at postgres.DebtCursor
		for more := true; more; {
			p, err := b.reader.Debts(t.Context(), postgres.DebtQuery{MerchantID: merchant, Kind: kind}, at, 999)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range p.Rows {
				got = append(got, string(d.Kind)+d.ID)
			}
			at, more = p.Next, p.More
		}
		same(t, b.ids(query), got)
	}
	b.run(`UPDATE books SET currency = 'USD' WHERE merchant_id = 'm3'`)
	times := []time.Time{time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)}
	sums, err := b.reader.DebtSums(t.Context(), "hot", debt.Fee, times...)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sums {
		got = append(got, fmt.Sprintf("%s %d: %d in %d", s.Kind, s.Age, s.Open, s.Count))
	}
	slices.Sort(got)
	same(t, b.ids(`
		SELECT 'FEE ' || age || ': ' || sum(open_minor) || ' in ' || count(*)
		FROM (SELECT *, (since <= '2026-01-20')::integer + (since <= '2026-01-10')::integer AS age
		      FROM debts WHERE merchant_id = 'hot' AND kind = 'FEE') d
		GROUP BY age ORDER BY age`), got)
	all, err := b.reader.DebtSumsOfAll(t.Context(), "", times...)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for _, s := range all {
		got = append(got, fmt.Sprintf("%s %s %d: %d in %d", s.Currency, s.Kind, s.Age, s.Open, s.Count))
	}
	slices.Sort(got)
	same(t, b.ids(`
		SELECT currency || ' ' || kind || ' ' || age || ': ' || sum(open_minor) || ' in ' || count(*)
		FROM (SELECT d.*, b.currency, (since <= '2026-01-20')::integer + (since <= '2026-01-10')::integer AS age
		      FROM debts d JOIN books b USING (merchant_id)) d
		GROUP BY currency, kind, age ORDER BY 1`), got)
}

// Would catch an appeal that seems to wait although it ended, or the reverse.
func TestReadAppealsTellsWhatEndedThem(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 10)
	b.owe()
	b.run(`UPDATE appeals SET event_number = 1000000 + event_number WHERE claim_id = 'C000000100'`)
	b.run(`
		INSERT INTO events (merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash,
		                    claim_version, from_state, to_state, trigger, note)
		SELECT 'hot', 1000001 + n, 'APPEAL_DECIDED', 'C000000100', '2026-01-01'::timestamptz + n * interval '1 day', 1, '', decode(repeat('00', 32), 'hex'),
		       1000 + n, 'APPEALED', CASE n WHEN 1 THEN 'PAYING' ELSE 'REJECTED' END,
		       CASE n WHEN 1 THEN 'APPEAL_DISMISSED' ELSE 'APPEAL_UPHELD' END, ''
		FROM generate_series(1, 2) n`)
	appeals, err := b.reader.Appeals(t.Context(), "hot", "C000000100", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []claim.Trigger
	for _, a := range appeals {
		got = append(got, a.EndedBy)
	}
	same(t, []claim.Trigger{claim.AppealDismissed, claim.AppealUpheld, ""}, got)
}
