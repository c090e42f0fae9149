package book

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
)

// Would catch sums that are read in the middle of a batch and leave out what its
// commands, or the batch that is being written, changed of them; and a change that
// is counted although the database has it.
func TestSumsAreReadBehindWhatIsStaged(t *testing.T) {
	t.Parallel()
	const version = 7
	one := debt.Sums{debt.Fee: {Open: 100, Count: 1}}
	for name, c := range map[string]struct {
		read                   int64 // The version at which they were read.
		database, flown, batch debt.Sums
		want                   debt.Sums
	}{
		"nothing staged":          {version, one, nil, nil, one},
		"the batch before landed": {version, one, one, nil, one},
		"the batch before is being written": {version - 1, one, debt.Sums{debt.Hold: {Open: 5, Count: 1}}, nil,
			debt.Sums{debt.Fee: {Open: 100, Count: 1}, debt.Hold: {Open: 5, Count: 1}}},
		"changed by this batch":       {version, one, nil, debt.Sums{debt.Fee: {Open: -40}}, debt.Sums{debt.Fee: {Open: 60, Count: 1}}},
		"changed by both":             {version - 1, one, debt.Sums{debt.Fee: {Open: 7, Count: 1}}, debt.Sums{debt.Fee: {Open: -100, Count: -1}}, debt.Sums{debt.Fee: {Open: 7, Count: 1}}},
		"the last one is paid":        {version, one, nil, debt.Sums{debt.Fee: {Open: -100, Count: -1}}, debt.Sums{}},
		"the book is being opened":    {0, nil, nil, nil, debt.Sums{}},
		"a first debt in this batch":  {version, nil, nil, one, one},
		"a first debt in the one out": {version - 1, nil, one, nil, one},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := New("m1", new(claim.IDs), new(Settings))
			b.SetHead(Head{MerchantID: "m1", Version: version})
			b.owed.flown, b.owed.staged = c.flown, c.batch
			var sums debt.Sums
			for kind, sum := range c.database {
				sums = sums.Plus(kind, sum)
			}
			Books{"m1": b}.TakeDebtSums(DebtSums{MerchantID: "m1", Version: c.read, Sums: sums})
			got := b.standing().Debts
			if len(got)+len(c.want) > 0 && !cmp.Equal(c.want, got) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
