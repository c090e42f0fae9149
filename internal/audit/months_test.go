package audit_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// reseal writes the last close anew, with the digests that fit what is kept for it now, as
// somebody would who may write to all tables.
func (b *filled) reseal() {
	b.t.Helper()
	changes, err := b.db.Reader().PeriodChanges(b.t.Context())
	b.must(err)
	var before *period.Change
	for i := range changes[:len(changes)-1] {
		if changes[i].State == period.Done {
			before = &changes[i]
		}
	}
	c := changes[len(changes)-1]
	sums, err := b.db.Reader().PeriodSums(b.t.Context(), c.Number)
	b.must(err)
	c.Sums = sums.Digest()
	c.Books, c.Heads, err = b.db.Reader().PeriodHeads(b.t.Context(), c.Number)
	b.must(err)
	c.Seal(before)
	_, err = b.admin.ExecContext(b.t.Context(), `UPDATE period_changes SET sums_digest = $2, heads_digest = $3, hash = $4 WHERE change_number = $1`,
		c.Number, c.Sums[:], c.Heads[:], c.Hash[:])
	b.must(err)
}

// Would catch a close that splits what is committed beside it: a transfer in both months or in
// none, sums and marks of two moments, and a book whose late section is not what lies behind its
// mark.
func TestCloseRacesCommits(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	merchants := []string{"r1", "r2", "r3"}
	for _, b.merchant = range merchants {
		b.do("OpenBook", "", &book.OpenBook{Currency: "CNY"})
	}
	b.must(b.db.RecordAudit(t.Context(), start, 1, 0))
	b.explain("m1")
	const p = period.ID("2026-02")
	inside := start.AddDate(0, 0, -10)
	// Each merchant is told of facts of the month until the close is made, and of some after it.
	const before, after = 40, 20
	var told [3]int64
	var ready, writers sync.WaitGroup
	closed := make(chan struct{})
	ready.Add(len(merchants))
	for i, merchant := range merchants {
		writers.Go(func() {
			for left := after; left > 0; told[i]++ {
				if told[i] == before {
					ready.Done()
				}
				select {
				case <-closed:
					left--
				default:
				}
				h := request.Header{
					MerchantID: merchant, Method: "TopUpDeposit", RequestID: fmt.Sprintf("race-%d", told[i]),
					Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator},
				}
				if _, err := b.engine.Do(t.Context(), h, &book.MoneyMove{
					Kind: ledger.DepositToppedUp, Amount: 7, Currency: "CNY", Reference: fmt.Sprintf("%s-%d", merchant, told[i]), EffectiveAt: inside,
				}); err != nil {
					t.Error(err)
					if told[i] < before {
						ready.Done()
					}
					return
				}
			}
		})
	}
	ready.Wait()
	b.changeMonth(p, period.Close, true)
	close(closed)
	writers.Wait()
	changes, err := b.db.Reader().PeriodChanges(t.Context())
	b.must(err)
	so := period.Fold(changes)
	var count, late int64
	for i, merchant := range merchants {
		month, err := b.db.Reader().TotalsOfPeriod(t.Context(), merchant, postgres.PeriodOfBooks(&so, p))
		b.must(err)
		next := postgres.PeriodOfBooks(&so, p.Next())
		list, err := b.db.Reader().LateTransfers(t.Context(), merchant, next, ledger.Transfer{}, 100_000)
		b.must(err)
		following, err := b.db.Reader().TotalsOfPeriod(t.Context(), merchant, next)
		b.must(err)
		n := month.Closing[ledger.DepositToppedUp].Count
		if n < before || len(list) < after || n+int64(len(list)) != told[i] || following.Late.Count() != int64(len(list)) ||
			following.Closing.Count() != told[i] || following.Opening.Count() != n {
			t.Errorf("%s: of %d facts %d are in the closed month and %d in the next one, whose late section has %d", merchant, told[i], n, len(list), following.Late.Count())
		}
		count, late = count+n, late+int64(len(list))
	}
	all, err := b.db.Reader().TotalsOfPeriodOfAll(t.Context(), postgres.PeriodOfBooks(&so, p))
	b.must(err)
	if sum := all["CNY"].Closing[ledger.DepositToppedUp]; sum.Count != count {
		t.Errorf("the sums of all books have %d, and the books %d", sum.Count, count)
	}
	t.Logf("%d facts in the closed month, %d late", count, late)
	b.clean("after the race")
}

// Would catch an audit that believes a closed month because its digests fit: what a close kept is
// proved from the transfers and the events of the books.
func TestClosedMonthsAreProvedFromTheBooks(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fillMore()
	b.clean("before anything")
	for name, c := range map[string]struct{ change, back, want string }{
		"a sum": {
			`UPDATE period_sums SET amount_minor = amount_minor + 1 WHERE section = 'LATE' AND change_number = 5`,
			`UPDATE period_sums SET amount_minor = amount_minor - 1 WHERE section = 'LATE' AND change_number = 5`,
			"which the transfers of the books do not make",
		},
		"an opening sum": {
			`UPDATE period_sums SET transfers = transfers + 1 WHERE section = 'OPENING' AND change_number = 5`,
			`UPDATE period_sums SET transfers = transfers - 1 WHERE section = 'OPENING' AND change_number = 5`,
			"did not keep OPENING,CNY,",
		},
		"a mark": {
			`UPDATE period_heads SET transfer_number = transfer_number - 1 WHERE merchant_id = 'm1' AND change_number = 5`,
			`UPDATE period_heads SET transfer_number = transfer_number + 1 WHERE merchant_id = 'm1' AND change_number = 5`,
			"last transfer",
		},
		"a head": {
			`UPDATE period_heads SET event_number = event_number + 1000 WHERE merchant_id = 'm2' AND change_number = 5`,
			`UPDATE period_heads SET event_number = event_number - 1000 WHERE merchant_id = 'm2' AND change_number = 5`,
			"which the book does not have",
		},
	} {
		_, err := b.admin.ExecContext(t.Context(), c.change)
		b.must(err)
		b.reseal()
		r, err := audit.Run(t.Context(), b.db, audit.Options{})
		told := ""
		for _, d := range r.Discrepancies {
			told += d.String() + "\n"
		}
		if err != nil || !strings.Contains(told, c.want) {
			t.Errorf("%s: %v, found:\n%s", name, err, told)
		}
		_, err = b.admin.ExecContext(t.Context(), c.back)
		b.must(err)
		b.reseal()
	}
	b.clean("after every change was taken back")
}
