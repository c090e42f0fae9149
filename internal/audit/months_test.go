package audit_test

import (
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/period"
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
