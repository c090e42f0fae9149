package audit_test

import (
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// audited audits all books on a day after the beginning, and keeps what it found.
func (b *filled) audited(day int) postgres.Kept {
	b.t.Helper()
	r, err := audit.Run(b.t.Context(), b.db, audit.Options{})
	b.must(err)
	k, err := audit.Keep(b.t.Context(), b.db, start.AddDate(0, 0, day), &r)
	b.must(err)
	return k
}

func (b *filled) breaks(q postgres.BreakQuery) []reconcile.StoredBreak {
	b.t.Helper()
	q.Side = reconcile.Books
	list, err := b.db.Reader().Breaks(b.t.Context(), q, 1000)
	b.must(err)
	return list
}

func (b *filled) exec(statement string, args ...any) {
	b.t.Helper()
	_, err := b.admin.ExecContext(b.t.Context(), statement, args...)
	b.must(err)
}

// Would catch books that disagree with themselves and give no break of their class, or one without
// the book, the claim or the amounts.
func TestDiscrepanciesAreBreaksOfTheirClass(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.fillMore()
	b.exec(`ALTER TABLE books DROP CONSTRAINT books_balances_not_negative`)
	b.exec(`ALTER TABLE claims DROP CONSTRAINT claims_amounts_not_negative`)
	plants := map[reconcile.Class]struct{ change, back, number string }{
		reconcile.HoldsDiffer: {
			`UPDATE books SET deposit_held_credits_minor = deposit_held_credits_minor + 7 WHERE merchant_id = 'm1'`,
			`UPDATE books SET deposit_held_credits_minor = deposit_held_credits_minor - 7 WHERE merchant_id = 'm1'`,
			"account DEPOSIT_HELD",
		},
		reconcile.ReceivableDiffers: {
			`UPDATE books SET receivable_debits_minor = receivable_debits_minor + 7 WHERE merchant_id = 'm1'`,
			`UPDATE books SET receivable_debits_minor = receivable_debits_minor - 7 WHERE merchant_id = 'm1'`,
			"account RECEIVABLE",
		},
		reconcile.CouponsDiffer: {
			`UPDATE books SET coupon_liability_credits_minor = coupon_liability_credits_minor + 7 WHERE merchant_id = 'm1'`,
			`UPDATE books SET coupon_liability_credits_minor = coupon_liability_credits_minor - 7 WHERE merchant_id = 'm1'`,
			"account COUPON_LIABILITY",
		},
		reconcile.BalanceNegative: {
			`UPDATE books SET penalty_debits_minor = penalty_debits_minor + 1000000000 WHERE merchant_id = 'm1'`,
			`UPDATE books SET penalty_debits_minor = penalty_debits_minor - 1000000000 WHERE merchant_id = 'm1'`,
			"account PENALTY",
		},
		reconcile.SourceMixDiffers: {
			`UPDATE claims SET from_deposit_minor = from_deposit_minor - 7, from_shop_funds_minor = from_shop_funds_minor + 7 WHERE claim_id = $1`,
			`UPDATE claims SET from_deposit_minor = from_deposit_minor + 7, from_shop_funds_minor = from_shop_funds_minor - 7 WHERE claim_id = $1`,
			"claim " + b.approved,
		},
		reconcile.FeeMischarged: {
			`UPDATE claims SET fee_merchant_minor = fee_merchant_minor + 7 WHERE claim_id = $1`,
			`UPDATE claims SET fee_merchant_minor = fee_merchant_minor - 7 WHERE claim_id = $1`,
			"claim " + b.approved,
		},
		reconcile.BooksDiffer: {
			`UPDATE books SET exposure_minor = exposure_minor + 1 WHERE merchant_id = 'm1'`,
			`UPDATE books SET exposure_minor = exposure_minor - 1 WHERE merchant_id = 'm1'`,
			"book",
		},
	}
	for _, class := range reconcile.BooksClasses() {
		c, planted := plants[class]
		if !planted {
			t.Errorf("no plant gives %s", class)
			continue
		}
		var args []any
		if strings.Contains(c.change, "$1") {
			args = append(args, b.approved)
		}
		b.exec(c.change, args...)
		b.audited(0)
		found := false
		for _, x := range b.breaks(postgres.BreakQuery{State: reconcile.Open, Class: class, Merchant: "m1"}) {
			found = found || x.Number == c.number && x.Detail != "" && x.Day != "" && !x.DueAt.IsZero() &&
				(class == reconcile.BalanceNegative || x.Currency == "CNY" && x.Expected != x.Found) &&
				(!strings.HasPrefix(c.number, "claim ") || x.ClaimID == b.approved)
		}
		if !found {
			t.Errorf("%s: no such break of %s among %+v", class, c.number, b.breaks(postgres.BreakQuery{State: reconcile.Open}))
		}
		b.exec(c.back, args...)
	}
	b.audited(0)
	if left := b.breaks(postgres.BreakQuery{State: reconcile.Open}); len(left) > 0 {
		t.Errorf("after every change was taken back %+v are open", left)
	}
}

// Would catch a break inside the books that every audit opens anew, that is settled by a comparison
// with files, that is never settled, that comes back after a person closed it, or that an audit
// which stopped early settles.
func TestBreaksOfBooksHaveALife(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	const wrong, right = `UPDATE books SET exposure_minor = exposure_minor + 1 WHERE merchant_id = 'm1'`, `UPDATE books SET exposure_minor = exposure_minor - 1 WHERE merchant_id = 'm1'`
	if k := b.audited(0); k != (postgres.Kept{}) {
		t.Errorf("sound books: %+v", k)
	}
	b.exec(wrong)
	k := b.audited(1)
	list := b.breaks(postgres.BreakQuery{})
	if len(list) == 0 || k.Opened != int64(len(list)) || list[0].Class != reconcile.BooksDiffer {
		t.Fatalf("opened %+v: %+v", k, list)
	}
	if k := b.audited(2); k != (postgres.Kept{}) || len(b.breaks(postgres.BreakQuery{})) != len(list) {
		t.Errorf("found on the next day: %+v", k)
	}
	if again := b.breaks(postgres.BreakQuery{})[0]; again.Day != list[0].Day || again.Version != 1 {
		t.Errorf("the break has changed: %+v", again)
	}
	h := b.request("ReconcileDay", "")
	h.MerchantID = ""
	if _, err := b.engine.ReconcileDay(t.Context(), h, reconcile.DayText(start.AddDate(0, 0, -1))); err != nil {
		t.Fatal(err)
	}
	if open := b.breaks(postgres.BreakQuery{State: reconcile.Open}); len(open) != len(list) {
		t.Errorf("after a comparison with files %d are open", len(open))
	}
	_, err := audit.Keep(t.Context(), b.db, start.AddDate(0, 0, 3), &audit.Report{Books: 1, Cut: true})
	b.must(err)
	if open := b.breaks(postgres.BreakQuery{State: reconcile.Open}); len(open) != len(list) {
		t.Errorf("after an audit that stopped early %d are open", len(open))
	}
	b.exec(right)
	if k := b.audited(4); k.Settled != int64(len(list)) {
		t.Errorf("settled: %+v", k)
	}
	b.exec(wrong)
	b.audited(5)
	open := b.breaks(postgres.BreakQuery{State: reconcile.Open})
	if len(open) != len(list) || len(b.breaks(postgres.BreakQuery{})) != len(list) {
		t.Fatalf("found again: %+v", open)
	}
	for _, x := range open {
		b.closeBreak(x.ID)
	}
	b.audited(6)
	if open := b.breaks(postgres.BreakQuery{State: reconcile.Open}); len(open) > 0 {
		t.Errorf("what a person closed is open again: %+v", open)
	}
	b.exec(right)
}

// closeBreak closes a break as explained.
func (b *filled) closeBreak(id string) {
	b.t.Helper()
	h := b.request("CloseBreak", "finance-1")
	h.MerchantID = ""
	_, _, err := b.db.ChangeBreak(b.t.Context(), h.Once(request.DigestOfTexts(id), start), id, func(x *reconcile.StoredBreak, _ bool) (reconcile.BreakNote, error) {
		x.State, x.ClosedAt, x.Reason = reconcile.Closed, start, reconcile.Explained
		return reconcile.BreakNote{Action: reconcile.Ended, Text: "explained", By: h.Principal, At: start}, nil
	})
	b.must(err)
}
