package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// bookService implements BookService.
type bookService struct {
	tenfoldv1.UnimplementedBookServiceServer
	backend
}

// withDebtsMax is how many books a page with debts has at most: each costs a sum.
const withDebtsMax = 100

func (s *bookService) ListBooks(ctx context.Context, r *tenfoldv1.ListBooksRequest) (*tenfoldv1.ListBooksResponse, error) {
	q, err := bookFilter.parse(r.GetFilter(), callerOf(ctx))
	if err != nil {
		return nil, err
	}
	q.Standing, q.Currency = bookStandings[r.GetStanding()], r.GetCurrencyCode()
	if _, q.LastFirst, err = orderOf(r, "books", "name"); err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	if r.GetWithDebts() {
		p.size = min(p.size, withDebtsMax)
	}
	out := &tenfoldv1.ListBooksResponse{}
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		list, err := read.Books(ctx, q, p.cursor[0], p.size)
		if err != nil {
			return err
		}
		var debts map[string]debt.Sums
		if r.GetWithDebts() {
			if debts, err = read.DebtsOfBooks(ctx, merchantsOf(list.Rows)); err != nil {
				return err
			}
		}
		out.Books = each(list.Rows, func(h *book.Head) *tenfoldv1.Book {
			b := bookOf(&book.Standing{Head: *h, Debts: debts[h.MerchantID]})
			if debts == nil {
				b.Debts, b.OpenShortfall = nil, nil
			}
			return b
		})
		if list.More {
			out.NextPageToken = p.token(list.Next)
		}
		return nil
	})
	return answer(out, err)
}

// bookStandings are the standings as the database reads them; empty for every book.
var bookStandings = map[tenfoldv1.BookStanding]postgres.BookStanding{
	tenfoldv1.BookStanding_BOOK_STANDING_OWING: postgres.BookOwing, tenfoldv1.BookStanding_BOOK_STANDING_DEMANDED: postgres.BookDemanded,
	tenfoldv1.BookStanding_BOOK_STANDING_LAPSED: postgres.BookLapsed, tenfoldv1.BookStanding_BOOK_STANDING_LEAVING: postgres.BookLeaving,
	tenfoldv1.BookStanding_BOOK_STANDING_LEFT: postgres.BookLeft,
}

func merchantsOf(heads []book.Head) []string {
	list := make([]string, len(heads))
	for i := range heads {
		list[i] = heads[i].MerchantID
	}
	return list
}
