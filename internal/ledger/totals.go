package ledger

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Total is the sum and the number of transfers.
type Total struct {
	Amount money.Amount
	Count  int64
}

// Totals are the totals of transfers by kind. A kind fixes both accounts, so they are all that
// balances depend on.
type Totals map[Kind]Total

// Add adds transfers of a kind; a negative number takes them off.
func (t Totals) Add(k Kind, amount money.Amount, count int64) {
	sum := t[k]
	sum.Amount, sum.Count = sum.Amount+amount, sum.Count+count
	if sum == (Total{}) {
		delete(t, k)
		return
	}
	t[k] = sum
}

// Plus adds other totals, as often as times says: once, or minus once to take them off.
func (t Totals) Plus(other Totals, times int64) {
	for k, sum := range other {
		t.Add(k, sum.Amount*money.Amount(times), sum.Count*times)
	}
}

// Count is the number of all transfers.
func (t Totals) Count() int64 {
	var n int64
	for _, sum := range t {
		n += sum.Count
	}
	return n
}

// Balances are the accounts after the transfers.
func (t Totals) Balances() (Balances, error) {
	var b Balances
	for k, sum := range t {
		legs, known := kinds[k]
		if !known {
			return b, fmt.Errorf("no kind of transfer is called %q", k)
		}
		b.At(legs.Debit).Debits += sum.Amount
		b.At(legs.Credit).Credits += sum.Amount
	}
	return b, nil
}
