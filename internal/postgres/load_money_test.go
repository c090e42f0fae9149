package postgres_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// inTx runs f as a lane reads.
func (b *bulk) inTx(f func(*postgres.Tx) error) {
	b.t.Helper()
	s := b.pg.OpenSession()
	defer s.Close()
	if err := s.InSnapshot(b.t.Context(), f); err != nil {
		b.t.Fatal(err)
	}
}

// debtNumber is a debt as owe makes it.
func debtNumber(kind debt.Kind, g int) debt.Debt {
	d := debt.Debt{
		MerchantID: fmt.Sprintf("m%d", g%10), Kind: kind, ID: fmt.Sprintf("D%09d", g), Open: money.Amount(g),
		Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(g*7919%1009) * time.Hour),
	}
	d.Recorded, d.Arose = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), d.Since
	if g <= debtsOfHot {
		d.MerchantID = "hot"
	}
	return d
}

// Would catch a debt that is read for another book, kind or id, and one that comes
// although nobody asked.
func TestLoadDebtsByKey(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 10)
	b.owe()
	want := []debt.Debt{
		debtNumber(debt.TopUp, 7), debtNumber(debt.Advance, 7), debtNumber(debt.Fee, debtsOfHot+1),
	}
	var keys []debt.Key
	for _, d := range want {
		keys = append(keys, debt.Key{MerchantID: d.MerchantID, Kind: d.Kind, ID: d.ID})
	}
	keys = append(keys,
		debt.Key{MerchantID: "m7", Kind: debt.TopUp, ID: "D000000007"},
		debt.Key{MerchantID: "hot", Kind: "NONE", ID: "D000000007"},
		debt.Key{MerchantID: "hot", Kind: debt.TopUp, ID: "none"})
	b.inTx(func(tx *postgres.Tx) error {
		got, err := tx.Debts(keys)
		same(t, want, got)
		return err
	})
}

// Would catch a sweep that pays a newer debt before an older one, what is owed to
// the platform before what a consumer waits for, or another merchant's debts.
func TestLoadOldestDebts(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 10)
	b.owe()
	b.run(`UPDATE debts SET sampling_case = 'case-1' WHERE merchant_id = 'hot' AND debt_id = 'D000000001'`)
	const limit = 40
	// Page by page, each after the last of the one before.
	after := map[string]debt.Position{"hot": {}, "m3": {}, "nobody": {}}
	var got []string
	for len(after) > 0 {
		var keys []book.DebtsAfter
		for _, m := range slices.Sorted(maps.Keys(after)) {
			keys = append(keys, book.DebtsAfter{MerchantID: m, After: after[m]})
		}
		clear(after)
		read := make(map[string]int)
		b.inTx(func(tx *postgres.Tx) error {
			debts, err := tx.OldestDebts(keys, limit)
			for _, d := range debts {
				got = append(got, fmt.Sprintf("%s %s %s %s %d", d.MerchantID, d.Kind, d.ID, d.SamplingCase, d.Open))
				after[d.MerchantID] = debt.PositionOf(&d)
				read[d.MerchantID]++
			}
			return err
		})
		for m, n := range read {
			if n > limit {
				t.Fatalf("%d debts of %s at once, the limit is %d", n, m, limit)
			}
		}
	}
	// The pages of two books come in turns.
	slices.SortStableFunc(got, func(x, y string) int { return cmp.Compare(x[:2], y[:2]) })
	var want []string
	for _, merchant := range []string{"hot", "m3"} {
		for _, kind := range debt.Kinds() {
			want = append(want, b.ids(fmt.Sprintf(`
				SELECT concat_ws(' ', merchant_id, kind, debt_id, sampling_case, open_minor)
				FROM debts WHERE merchant_id = '%s' AND kind = '%s' ORDER BY since, debt_id`, merchant, kind))...)
		}
	}
	same(t, want, got)
}

// Would catch sums of another book's debts, a kind that is left out, and a book whose
// version is not that of its sums.
func TestLoadDebtSums(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 10)
	b.owe()
	b.run(`
		INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
		SELECT id, 'CNY', version, 0, decode(repeat('00', 32), 'hex'), 0, '2026-01-01', '2026-01-01'
		FROM (VALUES ('hot', 9), ('m3', 4), ('m2', 7)) v (id, version)
		ON CONFLICT (merchant_id) DO UPDATE SET version = excluded.version`)
	want := b.ids(`
		SELECT concat_ws(' ', b.merchant_id, b.version, d.kind, sum(d.open_minor), count(*))
		FROM books b JOIN debts d ON d.merchant_id = b.merchant_id
		WHERE b.merchant_id IN ('hot', 'm3') GROUP BY b.merchant_id, b.version, d.kind`)
	b.inTx(func(tx *postgres.Tx) error {
		sums, err := tx.DebtSums([]string{"m3", "nobody", "hot"})
		var got []string
		for _, of := range sums {
			for kind, sum := range of.Sums {
				got = append(got, fmt.Sprintf("%s %d %s %d %d", of.MerchantID, of.Version, kind, sum.Open, sum.Count))
			}
			if of.MerchantID == "nobody" && of.Version != 0 {
				t.Errorf("a book that is not there has version %d", of.Version)
			}
		}
		if len(sums) != 3 {
			t.Errorf("%d books were summed, want 3", len(sums))
		}
		slices.Sort(want)
		slices.Sort(got)
		same(t, want, got)
		return err
	})
}

// Would catch approvals of another claim or book that are counted for this one, and
// one that is left out because it is of an older revision.
func TestLoadApprovals(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 10)
	b.owe()
	b.run(`
		INSERT INTO approvals (merchant_id, claim_id, revision, person_id, amount_minor, note, event_number, approved_at)
		VALUES ('m2', 'C000000002', 1, 'person', 1, '', 1, '2026-01-01')`)
	var want []book.Approval
	for n := int32(1); n <= 3; n++ {
		want = append(want, book.Approval{
			MerchantID: "hot", ClaimID: "C000000002", Revision: n, Person: "person", Amount: 1,
			EventNumber: int64(n), ApprovedAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		})
	}
	b.inTx(func(tx *postgres.Tx) error {
		got, err := tx.Approvals([]book.Key{{MerchantID: "hot", ID: "C000000002"}, {MerchantID: "m1", ID: "C000000003"}})
		same(t, want, got)
		return err
	})
}

// confirm makes claims of the hot merchant such that every third is paid, every
// third fell after it was confirmed, and the last hundred are of another product.
func (b *bulk) confirm() {
	b.t.Helper()
	b.run(`
		UPDATE claims
		SET state = CASE right(claim_id, 9)::integer % 3 WHEN 0 THEN 'PAID' WHEN 1 THEN 'REJECTED' ELSE 'NOTIFIED' END,
		    confirmed_at = CASE WHEN right(claim_id, 9)::integer % 3 < 2 THEN state_since END,
		    award_refund_minor = right(claim_id, 9)::integer,
		    product_id = CASE WHEN claim_id > 'C000000900' THEN 'other' ELSE 'hot' END`)
	b.run(`ANALYZE claims`)
}

// Would catch an award that seems usual because of claims that fell, were never
// confirmed, are of another merchant or too long ago.
func TestLoadUsualAwards(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 1000)
	b.confirm()
	// Another merchant sells the product too: its claims are looked at, and do not count.
	b.run(`UPDATE claims SET merchant_id = 'm1' WHERE claim_id BETWEEN 'C000000880' AND 'C000000890'`)
	const limit = 60
	usual := func(newest, oldest int) (u policy.Usual) {
		for g := oldest; g <= newest; g++ {
			if g%3 == 0 && (g < 880 || g > 890) {
				u.Awarded += money.Amount(g + 100)
				u.Claims++
			}
		}
		return u
	}
	ofMerchant := usual(1000, 1000-limit+1)
	hot, none := book.ProductKey{MerchantID: "hot", ProductID: "hot"}, book.ProductKey{MerchantID: "hot"}
	unknown := book.ProductKey{MerchantID: "nobody", ProductID: "none"}
	b.inTx(func(tx *postgres.Tx) error {
		got, err := tx.Usual([]book.ProductKey{hot, none, unknown}, limit)
		same(t, []book.Usual{
			{ProductKey: hot, OfMerchant: ofMerchant, OfProduct: usual(900, 900-limit+1)},
			{ProductKey: none, OfMerchant: ofMerchant},
			{ProductKey: unknown},
		}, got)
		return err
	})
}

// Would catch a read of the pipeline that walks a table, or looks at debts,
// approvals or claims that it does not need.
func TestLoadsOfMoneyLookAtFewRows(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 1000)
	b.owe()
	b.confirm()
	b.run(`UPDATE claims SET merchant_id = 'm1' WHERE claim_id BETWEEN 'C000000011' AND 'C000000014'`)
	b.run(`UPDATE claims SET product_id = 'rare' WHERE claim_id BETWEEN 'C000000012' AND 'C000000020'`)
	const limit = 40
	kinds := int64(len(debt.Kinds()))
	for name, read := range map[string]struct {
		run  func(*postgres.Tx) error
		most int64
	}{
		"debts": {func(tx *postgres.Tx) error {
			return listed(tx.Debts([]debt.Key{{MerchantID: "hot", Kind: debt.Hold, ID: "D000000007"}}))
		}, 1},
		"oldest debts": {func(tx *postgres.Tx) error {
			return listed(tx.OldestDebts([]book.DebtsAfter{{MerchantID: "hot"}}, limit))
		}, kinds * limit},
		"newest notes": {func(tx *postgres.Tx) error {
			return listed(tx.NewestNotes([]book.Key{{MerchantID: "hot", ID: "C000000100"}, {MerchantID: "hot", ID: "C000000101"}}))
		}, 2},
		"commissions": {func(tx *postgres.Tx) error {
			return listed(tx.Commissions([]book.Key{{MerchantID: "hot", ID: "C000000100"}}))
		}, 8},
		"steps of custody": {func(tx *postgres.Tx) error {
			return listed(tx.CustodySteps([]book.Key{{MerchantID: "hot", ID: "C000000100"}}))
		}, 8},
		"disclosures": {func(tx *postgres.Tx) error {
			return listed(tx.Disclosures([]book.Key{{MerchantID: "hot", ID: "C000000100"}}))
		}, 8},
		"requests for evidence": {func(tx *postgres.Tx) error {
			return listed(tx.EvidenceRequests([]book.Key{{MerchantID: "hot", ID: "C000000100"}}))
		}, 8},
		"approvals": {func(tx *postgres.Tx) error {
			return listed(tx.Approvals([]book.Key{{MerchantID: "hot", ID: "C000000100"}}))
		}, 3},
		"usual awards": {func(tx *postgres.Tx) error {
			return listed(tx.Usual([]book.ProductKey{{MerchantID: "hot", ProductID: "hot"}}, limit))
		}, 2 * limit},
		"usual awards of few": {func(tx *postgres.Tx) error {
			return listed(tx.Usual([]book.ProductKey{{MerchantID: "m1", ProductID: "rare"}}, limit))
		}, 2 * limit},
	} {
		t.Run(name, func(t *testing.T) {
			b.inTx(func(tx *postgres.Tx) error {
				// What the planner reads of the catalog to make the plan is none of it.
				if err := read.run(tx); err != nil {
					return err
				}
				looked, err := postgres.LookedTx(tx, func() error { return read.run(tx) })
				if looked.Walked > 0 || looked.Found == 0 || looked.Found > read.most {
					t.Errorf("walked through %d rows and found %d, at most %d are fine", looked.Walked, looked.Found, read.most)
				}
				return err
			})
		})
	}
}
