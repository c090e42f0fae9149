package reading

import (
	"encoding/binary"
	"errors"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/statement"
)

// LineOf is a transfer as a line. A merchant does not see the number that the channel gave to a
// payout.
func LineOf(x *Transfer, a After, toMerchant bool) statement.Line {
	t := &x.Transfer
	l := statement.Line{
		Number: a.Number, Merchant: t.MerchantID, Transfer: t.Number, RecordedAt: t.RecordedAt, EffectiveAt: t.EffectiveAt,
		Kind: string(t.Kind), Debit: string(t.Debit), Credit: string(t.Credit), Amount: int64(t.Amount), Currency: t.Currency,
		DebitAfter: int64(a.Debit), CreditAfter: int64(a.Credit), Claim: t.ClaimID, Order: x.OrderID, OrderLine: t.OrderLineID,
		Revision: x.Revision, External: t.ExternalReference, Reverses: t.Reverses, Event: t.EventNumber,
	}
	if t.PayoutID != "" {
		l.OutNumber = claim.Compact(t.PayoutID)
	}
	if !toMerchant {
		l.Channel = x.GatewayReference
	}
	return l
}

// Running is what the lines of a statement have come to.
type Running struct {
	// Lines counts them.
	Lines  int64
	amount money.Amount
	// net are the accounts by their debits less their credits, in the order of the chart.
	net    map[ledger.Purpose]money.Amount
	digest statement.Digest
}

// openingOf begins a statement with the balances before it.
func openingOf(totals ledger.Totals) (Running, error) {
	balances, err := totals.Balances()
	r := Running{net: make(map[ledger.Purpose]money.Amount), digest: statement.NewDigest()}
	for _, p := range ledger.Purposes() {
		r.net[p] = balances.At(p).Debits - balances.At(p).Credits
	}
	return r, err
}

// of is the balance of an account on the side on which it grows.
func (r *Running) of(p ledger.Purpose) money.Amount {
	if p.Normal() == ledger.Debit {
		return r.net[p]
	}
	return -r.net[p]
}

// After is what a line comes to: its number, and the balances of its accounts after it, each on
// the side on which the account grows.
type After struct {
	Number        int64
	Debit, Credit money.Amount
}

// Add adds a transfer.
func (r *Running) Add(t *ledger.Transfer) After {
	r.Lines++
	r.amount += t.Amount
	r.net[t.Debit] += t.Amount
	r.net[t.Credit] -= t.Amount
	return After{r.Lines, r.of(t.Debit), r.of(t.Credit)}
}

// Cover adds the bytes of the line that was added last to the digest.
func (r *Running) Cover(raw []byte) { r.digest.Add(raw) }

// Put writes all that is known of the lines.
func (r *Running) Put() ([]byte, error) {
	raw := binary.AppendVarint(nil, r.Lines)
	raw = binary.AppendVarint(raw, int64(r.amount))
	for _, p := range ledger.Purposes() {
		raw = binary.AppendVarint(raw, int64(r.net[p]))
	}
	state, err := r.digest.State()
	return append(raw, state...), err
}

// errUnreadable says that bytes were not written by Put.
var errUnreadable = errors.New("the state of a statement cannot be read")

// RunningOf reads what Put has written.
func RunningOf(raw []byte) (Running, error) {
	r := Running{net: make(map[ledger.Purpose]money.Amount)}
	whole := true
	next := func() (v int64) {
		n := 0
		if v, n = binary.Varint(raw); n <= 0 {
			whole = false
			return 0
		}
		raw = raw[n:]
		return v
	}
	r.Lines, r.amount = next(), money.Amount(next())
	for _, p := range ledger.Purposes() {
		r.net[p] = money.Amount(next())
	}
	var err error
	if r.digest, err = statement.Resumed(raw); err != nil || !whole {
		return r, errUnreadable
	}
	return r, nil
}
