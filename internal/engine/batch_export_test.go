package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Decided is what the commands of a batch have come to so far.
type Decided struct {
	Last book.Outcome
	Made []payout.Payout
	// Book is the row of the last command's book, as it will be written.
	Book book.Head
}

// InOneBatch decides commands one after the other, each made of what those before
// it came to, and writes all of them as one batch.
func (e *Engine) InOneBatch(commands ...func(Decided) Asked) (Decided, error) {
	l := newLane(e, 1)
	defer l.close()
	d := newDraft(e, l.kept, false)
	var so Decided
	for _, next := range commands {
		of := next(so)
		if of.Header.ArrivedAt.IsZero() {
			of.Header.ArrivedAt = e.Now()
		}
		c := &call{Call: book.NewCall(of.Header, of.Of), ctx: context.Background(), done: make(chan struct{})}
		if err := l.extend(d, []*call{c}); err != nil {
			return so, err
		}
		if c.Err != nil {
			return so, c.Err
		}
		so.Last, so.Made = c.Outcome, append(so.Made, c.Made...)
		so.Book = d.books[of.Header.MerchantID].Head()
	}
	changes, _ := d.seal()
	return so, l.write(changes)
}
