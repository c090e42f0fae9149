package rpc

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// bucketEnds are the greatest ages, in whole days, of the buckets in which debts
// are summed; the last bucket has no end.
var bucketEnds = [...]int32{7, 30, 90}

const day = 24 * time.Hour

func (s *depositService) ListDebts(ctx context.Context, r *tenfoldv1.ListDebtsRequest) (*tenfoldv1.ListDebtsResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	const cursorParts = 3
	p, err := pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	from, err := debtCursor(&p)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListDebtsResponse{}
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		h, err := readHead(ctx, reader, merchant)
		if err != nil {
			return err
		}
		kind := debtKinds.domain(r.GetKind())
		list, err := reader.Debts(ctx, merchant, kind, from, p.size)
		if err != nil {
			return err
		}
		for i := range list.Rows {
			out.Debts = append(out.Debts, debtOf(&list.Rows[i], h.Currency))
		}
		if list.More {
			out.NextPageToken = p.token(string(list.Next.Kind), microseconds(list.Next.Since), list.Next.ID)
		}
		if r.GetPageToken() == "" {
			out.Buckets, err = s.buckets(ctx, reader, h, kind)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// debtCursor reads the cursor of a list of debts: kind, time since when it is open,
// id.
func debtCursor(p *page) (postgres.DebtCursor, error) {
	since, err := p.number(1)
	if err != nil || p.cursor[0] == "" {
		return postgres.DebtCursor{}, err
	}
	return postgres.DebtCursor{Kind: debt.Kind(p.cursor[0]), Since: time.UnixMicro(since).UTC(), ID: p.cursor[2]}, nil
}

// buckets sums a book's debts by age.
func (s *depositService) buckets(ctx context.Context, r postgres.Reader, h *book.Head, kind debt.Kind) ([]*tenfoldv1.DebtBucket, error) {
	out := []*tenfoldv1.DebtBucket{{}}
	var older []time.Time
	for i, end := range bucketEnds {
		out[i].ToDays = end
		out = append(out, &tenfoldv1.DebtBucket{FromDays: end + 1})
		older = append(older, s.engine.Now().Add(-time.Duration(end+1)*day))
	}
	sums, err := r.DebtSums(ctx, h.MerchantID, kind, older...)
	if err != nil {
		return nil, err
	}
	for age := range out {
		out[age].Sums = debtSumsOf(sums, age, h.Currency)
	}
	return out, nil
}

func debtOf(d *debt.Debt, currency string) *tenfoldv1.Debt {
	p := &tenfoldv1.Debt{
		Kind: debtKinds.proto(d.Kind), SamplingCase: d.SamplingCase, Since: stamp(d.Since), Open: moneyOf(d.Open, currency),
	}
	if d.Kind == debt.TopUp {
		p.PaymentReference = d.ID
	} else {
		p.Claim = claimName(d.MerchantID, d.ID)
	}
	return p
}

// debtSumsOf are the sums of one age, in the order in which income pays the kinds.
func debtSumsOf(sums []postgres.DebtSum, age int, currency string) []*tenfoldv1.DebtSum {
	var out []*tenfoldv1.DebtSum
	for _, kind := range debt.Kinds() {
		for _, s := range sums {
			if s.Kind == kind && s.Age == age {
				out = append(out, &tenfoldv1.DebtSum{Kind: debtKinds.proto(kind), Open: moneyOf(s.Open, currency), Count: s.Count})
			}
		}
	}
	return out
}
