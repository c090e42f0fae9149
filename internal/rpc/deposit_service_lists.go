package rpc

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *depositService) ListTransfers(ctx context.Context, r *tenfoldv1.ListTransfersRequest) (*tenfoldv1.ListTransfersResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	claimID, err := claimUnder(r.GetParent(), r.GetClaim())
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	after, err := p.number(0)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	if _, err := readHead(ctx, reader, merchant); err != nil {
		return nil, err
	}
	rows, err := reader.Transfers(ctx, merchant, claimID, after, p.size+1)
	list, next := listed(&p, rows, transferOf, func(t *ledger.Transfer) []string { return []string{decimal(t.Number)} })
	return answer(&tenfoldv1.ListTransfersResponse{Transfers: list, NextPageToken: next}, err)
}

func (s *depositService) ListHolds(ctx context.Context, r *tenfoldv1.ListHoldsRequest) (*tenfoldv1.ListHoldsResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	q := postgres.HoldQuery{MerchantID: merchant, State: holdStates.domain(r.GetState())}
	var err error
	if q.ClaimID, err = claimUnder(r.GetParent(), r.GetClaim()); err != nil {
		return nil, err
	}
	const cursorParts = 2 // The claim and the number of the hold.
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	number, err := p.number(1)
	if err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	h, err := readHead(ctx, reader, merchant)
	if err != nil {
		return nil, err
	}
	var list postgres.Page[ledger.Hold, postgres.HoldKey]
	holds, err := fitting(p.size, func(size int) (_ []ledger.Hold, err error) {
		list, err = reader.Holds(ctx, q, postgres.HoldKey{ClaimID: p.cursor[0], Number: int32(number)}, size)
		return list.Rows, err
	}, func(x *ledger.Hold) *tenfoldv1.Hold { return holdOf(x, h.Currency) })
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListHoldsResponse{Holds: holds}
	if list.More {
		out.NextPageToken = p.token(list.Next.ClaimID, decimal(int64(list.Next.Number)))
	}
	return out, nil
}

// bucketEnds are the greatest ages, in whole days, of the buckets in which debts
// are summed; the last bucket has no end.
var bucketEnds = [...]int32{7, 30, 90}

const day = 24 * time.Hour

func (s *depositService) ListDebts(ctx context.Context, r *tenfoldv1.ListDebtsRequest) (*tenfoldv1.ListDebtsResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	const cursorParts = 3
	p, err := s.pageOf(ctx, r, cursorParts)
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
		var list postgres.Page[debt.Debt, postgres.DebtCursor]
		out.Debts, err = fitting(p.size, func(size int) (_ []debt.Debt, err error) {
			list, err = reader.Debts(ctx, merchant, kind, from, size)
			return list.Rows, err
		}, func(d *debt.Debt) *tenfoldv1.Debt { return debtOf(d, h.Currency) })
		if err != nil {
			return err
		}
		if list.More {
			out.NextPageToken = p.token(string(list.Next.Kind), microseconds(list.Next.Since), list.Next.ID)
		}
		if r.GetPageToken() == "" {
			out.Buckets, err = s.buckets(ctx, reader, h, kind)
		}
		return err
	})
	return answer(out, err)
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
		out[age].Sums = debtSumsOf(sumsOfAge(sums, age), h.Currency)
	}
	return out, nil
}

// sumsOfAge are the sums of the debts of one age.
func sumsOfAge(list []postgres.DebtSum, age int) debt.Sums {
	var sums debt.Sums
	for _, s := range list {
		if s.Age == age {
			sums = sums.Plus(s.Kind, debt.Sum{Open: s.Open, Count: s.Count})
		}
	}
	return sums
}
