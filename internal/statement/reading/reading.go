// Package reading reads the lines of statements from the books: which transfers they are, what
// they have come to, and what all of them are together. Both the pages of the contract and the
// files that servers write by themselves are made of it. How a line is written is left to
// statement.
package reading

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement"
)

// ErrSpoiled says that the lines of a statement do not lead to its closing balances, because a
// transfer came in among them while they were read.
var ErrSpoiled = errors.New("a transfer of the statement was recorded while it was read")

// Transfer is a transfer with what its claim and payout add to it.
type Transfer struct {
	ledger.Transfer
	postgres.TransferFacts
}

// WithFacts adds to transfers what their claims and payouts know.
func WithFacts(ctx context.Context, r postgres.Reader, list []ledger.Transfer) ([]Transfer, error) {
	facts, err := r.FactsOfTransfers(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]Transfer, len(list))
	for i := range list {
		out[i] = Transfer{list[i], facts[i]}
	}
	return out, nil
}

// Statement is a statement at one snapshot of the database.
type Statement struct {
	Read postgres.Reader
	Of   job.Statement
}

// opening and closing are the last moments before the time of the statement, and within it.
// Times have microseconds.
func (s *Statement) opening() time.Time { return s.Of.From.Add(-time.Microsecond) }
func (s *Statement) closing() time.Time { return s.Of.Until.Add(-time.Microsecond) }

// Query selects the transfers that are lines.
func (s *Statement) Query() postgres.TransferQuery {
	q := postgres.TransferQuery{MerchantID: s.Of.MerchantID, OrderID: s.Of.OrderID, ByEffect: s.Of.ByEffect}
	if s.Of.ByEffect {
		q.EffectiveFrom, q.EffectiveTo = s.Of.From, s.closing()
	} else {
		q.RecordedFrom, q.RecordedTo = s.Of.From, s.closing()
	}
	return q
}

// Holds says whether a transfer that the query finds is a line: over all books only those in its
// currency are.
func (s *Statement) Holds(t *ledger.Transfer) bool {
	return s.Of.MerchantID != "" || t.Currency == s.Of.Currency
}

// Begin is what the lines have come to before the first of them.
func (s *Statement) Begin(ctx context.Context) (Running, error) {
	totals, _, err := s.totals(ctx, s.opening())
	if err != nil {
		return Running{}, err
	}
	return openingOf(totals)
}

// Sums are the totals before the time of the statement and at its end, by currency.
func (s *Statement) Sums(ctx context.Context) (before, after map[string]ledger.Totals, err error) {
	if before, err = s.all(ctx, s.opening()); err != nil {
		return nil, nil, err
	}
	after, err = s.all(ctx, s.closing())
	return before, after, err
}

// End says what all lines are together. Lines that do not lead from the opening to the closing
// balances, or are not as many as the totals count, are ErrSpoiled.
func (s *Statement) End(ctx context.Context, so *Running) (job.StatementEnd, error) {
	before, _, err := s.totals(ctx, s.opening())
	if err != nil {
		return job.StatementEnd{}, err
	}
	after, currency, err := s.totals(ctx, s.closing())
	if err != nil {
		return job.StatementEnd{}, err
	}
	closing, err := openingOf(after)
	if err != nil {
		return job.StatementEnd{}, err
	}
	if !maps.Equal(closing.net, so.net) || after.Count()-before.Count() != so.Lines {
		return job.StatementEnd{}, ErrSpoiled
	}
	provisional, err := Provisional(ctx, s.Read, s.Of.Until)
	return job.StatementEnd{Lines: so.Lines, Amount: so.amount, Currency: currency, SHA256: so.digest.Sum(), Provisional: provisional}, err
}

// Page reads lines from a cursor on, adds them to what they have come to, and gives their bytes:
// before the first line stand the titles.
func (s *Statement) Page(ctx context.Context, from postgres.TransferCursor, size int, so *Running, toMerchant bool) (raw []byte, page postgres.TransferPage, err error) {
	if page, err = s.Read.FindTransfers(ctx, s.Query(), from, size); err != nil {
		return nil, page, err
	}
	list, err := WithFacts(ctx, s.Read, page.Rows)
	if err != nil {
		return nil, page, err
	}
	if from == (postgres.TransferCursor{}) {
		raw = statement.CSV(statement.Titles()) // The digest begins with them.
	}
	for i := range list {
		x := &list[i]
		if !s.Holds(&x.Transfer) {
			continue
		}
		l := LineOf(x, so.Add(&x.Transfer), toMerchant)
		line := statement.CSV(l.Cells())
		so.Cover(line)
		raw = append(raw, line...)
	}
	return raw, page, nil
}

// Count is how many lines the totals count.
func (s *Statement) Count(ctx context.Context) (int64, error) {
	before, _, err := s.totals(ctx, s.opening())
	if err != nil {
		return 0, err
	}
	after, _, err := s.totals(ctx, s.closing())
	return after.Count() - before.Count(), err
}

// totals are those of the statement's currency as of a time.
func (s *Statement) totals(ctx context.Context, at time.Time) (totals ledger.Totals, currency string, err error) {
	all, err := s.all(ctx, at)
	currency = s.Of.Currency
	if s.Of.MerchantID != "" {
		for of := range all {
			currency = of
		}
	}
	return all[currency], currency, err
}

// all are the totals as of a time, by currency.
func (s *Statement) all(ctx context.Context, at time.Time) (map[string]ledger.Totals, error) {
	if s.Of.OrderID == "" {
		return TotalsAt(ctx, s.Read, s.Of.MerchantID, at, s.Of.ByEffect)
	}
	out := make(map[string]ledger.Totals)
	if s.Of.MerchantID != "" {
		currency, err := currencyOf(ctx, s.Read, s.Of.MerchantID)
		if err != nil {
			return nil, err
		}
		out[currency] = ledger.Totals{}
	}
	return out, s.ofOrder(ctx, at, out)
}

// orderPage is how many transfers of an order are read at once.
const orderPage = 1000

// ofOrder adds the transfers for the claims on the order, of which there are as few as it has
// units.
func (s *Statement) ofOrder(ctx context.Context, at time.Time, out map[string]ledger.Totals) error {
	q := postgres.TransferQuery{MerchantID: s.Of.MerchantID, OrderID: s.Of.OrderID}
	if q.RecordedTo = at; s.Of.ByEffect {
		q.RecordedTo, q.EffectiveTo = time.Time{}, at
	}
	page := postgres.TransferPage{More: true}
	for page.More {
		var err error
		if page, err = s.Read.FindTransfers(ctx, q, page.Next, orderPage); err != nil {
			return err
		}
		for i := range page.Rows {
			t := &page.Rows[i]
			if out[t.Currency] == nil {
				out[t.Currency] = ledger.Totals{}
			}
			out[t.Currency].Add(t.Kind, t.Amount, 1)
		}
	}
	return nil
}

// TotalsAt sums the transfers of a book, or of all books, as of a time, by currency.
// MERCHANT_NOT_FOUND.
func TotalsAt(ctx context.Context, r postgres.Reader, merchant string, at time.Time, byEffect bool) (map[string]ledger.Totals, error) {
	if merchant == "" {
		return r.TotalsOfAllAt(ctx, at, byEffect)
	}
	currency, err := currencyOf(ctx, r, merchant)
	if err != nil {
		return nil, err
	}
	totals, err := r.TotalsAt(ctx, merchant, at, byEffect)
	return map[string]ledger.Totals{currency: totals}, err
}

// currencyOf is the currency of a book. MERCHANT_NOT_FOUND.
func currencyOf(ctx context.Context, r postgres.Reader, merchant string) (string, error) {
	h, found, err := r.Head(ctx, merchant)
	if err == nil && !found {
		err = NoBook(merchant)
	}
	return h.Currency, err
}

// NoBook is the refusal of a merchant who has no book.
func NoBook(merchant string) *fault.Error {
	return fault.New(fault.MerchantNotFound, "no book is open for merchant %s", merchant).With("merchantId", merchant)
}

// Provisional says whether a part of the time before until lies in no closed period.
func Provisional(ctx context.Context, read postgres.Reader, until time.Time) (bool, error) {
	changes, err := read.PeriodChanges(ctx)
	so := period.Fold(changes)
	return until.After(so.ClosedUntil()), err
}
