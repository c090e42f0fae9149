package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Decided is what the commands of a batch have come to so far.
type Decided struct {
	Last Outcome
	Made []payout.Payout
	// Book is the row of the last command's book, as it will be written.
	Book postgres.Head
}

// InOneBatch decides commands one after the other, each made of what those before
// it came to, and writes all of them as one batch.
func (e *Engine) InOneBatch(commands ...func(Decided) Command) (Decided, error) {
	l := newLane(e, 1)
	defer l.close()
	d := newDraft(e, l.kept, false)
	var so Decided
	for _, next := range commands {
		of := next(so)
		cmd := of.Of.(command)
		if of.Header.ArrivedAt.IsZero() {
			of.Header.ArrivedAt = e.Now()
		}
		c := &call{header: of.Header, cmd: cmd, digest: digestOf(cmd), ctx: context.Background(), done: make(chan struct{})}
		if err := l.extend(d, []*call{c}); err != nil {
			return so, err
		}
		if c.err != nil {
			return so, c.err
		}
		so.Last, so.Made = c.outcome, append(so.Made, c.made...)
		so.Book = d.books[of.Header.MerchantID].head
	}
	changes, _ := d.seal()
	return so, l.write(changes)
}
