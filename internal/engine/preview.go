package engine

import (
	"errors"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// preview decides one command on an unlocked snapshot and stores nothing.
func (e *Engine) preview(c *call) (book.Outcome, error) {
	var s *postgres.Session
	select {
	case s = <-e.previews:
	case <-c.ctx.Done():
		return book.Outcome{}, c.ctx.Err()
	case <-e.closed:
		return book.Outcome{}, stopping()
	}
	defer func() { e.previews <- s }()
	err := s.InSnapshot(c.ctx, func(tx *postgres.Tx) error {
		return newDraft(e, nil, true).decide(tx, []*call{c}, false)
	})
	if errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, postgres.ErrCommitUnknown) {
		return book.Outcome{}, Unavailable()
	}
	if err != nil {
		return book.Outcome{}, err
	}
	return c.Outcome, c.Err
}
