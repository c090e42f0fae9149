package rpc

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// bucketEnds are the greatest ages, in whole days, of the buckets in which debts
// are summed; the last bucket has no end.
var bucketEnds = [...]int32{7, 30, 90}

const day = 24 * time.Hour

func (s *depositService) ListDebts(ctx context.Context, r *tenfoldv1.ListDebtsRequest) (*tenfoldv1.ListDebtsResponse, error) {
	q, err := debtFilter.parse(r.GetFilter(), callerOf(ctx))
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	q.MerchantID, q.Kind = anchor(merchant), debtKinds.domain(r.GetKind())
	const cursorParts = 4
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	from, err := debtCursor(&p)
	if err != nil {
		return nil, err
	}
	as, field, err := s.debtTime(r)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListDebtsResponse{}
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		if err := checkBook(ctx, reader, q.MerchantID); err != nil {
			return err
		}
		if as != nil {
			if err := checkKnown(ctx, reader, q.MerchantID, as.At, field); err != nil {
				return err
			}
		}
		var list postgres.Page[debt.Debt, postgres.DebtCursor]
		var currencies map[string]string
		out.Debts, err = fitting(p.size, func(size int) ([]debt.Debt, error) {
			if list, err = debtsAt(ctx, reader, q, as, from, size); err != nil {
				return nil, err
			}
			currencies, err = reader.Currencies(ctx, each(list.Rows, func(d *debt.Debt) string { return d.MerchantID }))
			return list.Rows, err
		}, func(d *debt.Debt) *tenfoldv1.Debt { return debtOf(d, currencies[d.MerchantID]) })
		if err != nil {
			return err
		}
		if n := list.Next; list.More {
			out.NextPageToken = p.token(string(n.Kind), microseconds(n.Since), n.MerchantID, n.ID)
		}
		if r.GetPageToken() == "" {
			out.Buckets, err = s.buckets(ctx, reader, q.MerchantID, q.Kind, as)
		}
		return err
	})
	return answer(out, err)
}

// debtTime reads the time as of which debts are asked for, and its field; nil for now.
func (s *depositService) debtTime(r *tenfoldv1.ListDebtsRequest) (as *postgres.DebtTime, field string, err error) {
	as = &postgres.DebtTime{}
	switch t := r.GetAsOf().(type) {
	case *tenfoldv1.ListDebtsRequest_RecordedBy:
		field = "recorded_by"
		as.At, err = s.past(t.RecordedBy, field)
	case *tenfoldv1.ListDebtsRequest_EffectiveBy:
		field, as.ByEffect = "effective_by", true
		as.At, err = s.past(t.EffectiveBy, field)
	default:
		return nil, "", nil
	}
	return as, field, err
}

// debtsAt lists debts as of a time, or now.
func debtsAt(ctx context.Context, r postgres.Reader, q postgres.DebtQuery, as *postgres.DebtTime, from postgres.DebtCursor, size int,
) (postgres.Page[debt.Debt, postgres.DebtCursor], error) {
	if as != nil {
		return r.DebtsAt(ctx, q, *as, from, size)
	}
	return r.Debts(ctx, q, from, size)
}

// debtCursor reads the cursor of a list of debts: kind, time since when it is open,
// merchant, id.
func debtCursor(p *page) (postgres.DebtCursor, error) {
	since, err := p.number(1)
	if err != nil || p.cursor[0] == "" {
		return postgres.DebtCursor{}, err
	}
	return postgres.DebtCursor{
		Kind: debt.Kind(p.cursor[0]), Since: time.UnixMicro(since).UTC(), MerchantID: p.cursor[2], ID: p.cursor[3],
	}, nil
}

// buckets sums the debts of a book, or of all books, by age, as of a time or now.
func (s *depositService) buckets(ctx context.Context, r postgres.Reader, merchant string, kind debt.Kind, as *postgres.DebtTime,
) ([]*tenfoldv1.DebtBucket, error) {
	now := s.engine.Now()
	if as != nil {
		now = as.At
	}
	out := []*tenfoldv1.DebtBucket{{}}
	var older []time.Time
	for i, end := range bucketEnds {
		out[i].ToDays = end
		out = append(out, &tenfoldv1.DebtBucket{FromDays: end + 1})
		older = append(older, now.Add(-time.Duration(end+1)*day))
	}
	var sums []postgres.DebtSum
	var err error
	switch {
	case as != nil:
		sums, err = r.DebtSumsAt(ctx, merchant, kind, *as, older...)
	case merchant == "":
		sums, err = r.DebtSumsOfAll(ctx, kind, older...)
	default:
		sums, err = r.DebtSums(ctx, merchant, kind, older...)
	}
	if err != nil {
		return nil, err
	}
	for age := range out {
		for _, currency := range currenciesOf(sums) {
			out[age].Sums = append(out[age].Sums, debtSumsOf(sumsOfAge(sums, currency, age), currency)...)
		}
	}
	return out, nil
}

// currenciesOf are the currencies of sums, in order.
func currenciesOf(list []postgres.DebtSum) []string {
	currencies := each(list, func(s *postgres.DebtSum) string { return s.Currency })
	slices.Sort(currencies)
	return slices.Compact(currencies)
}

// sumsOfAge are the sums of the debts of one currency and age.
func sumsOfAge(list []postgres.DebtSum, currency string, age int) debt.Sums {
	var sums debt.Sums
	for _, s := range list {
		if s.Age == age && s.Currency == currency {
			sums = sums.Plus(s.Kind, debt.Sum{Open: s.Open, Count: s.Count})
		}
	}
	return sums
}
