package engine

import (
	"errors"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// preview decides one command on an unlocked snapshot and stores nothing.
func (e *Engine) preview(c *call) (Outcome, error) {
	var s *postgres.Session
	select {
	case s = <-e.previews:
	case <-c.ctx.Done():
		return Outcome{}, c.ctx.Err()
	}
	defer func() { e.previews <- s }()
	err := s.InSnapshot(c.ctx, func(tx *postgres.Tx) error {
		return newDraft(e, nil, true).decide(tx, []*call{c}, false)
	})
	if errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, postgres.ErrCommitUnknown) {
		return Outcome{}, Unavailable()
	}
	if err != nil {
		return Outcome{}, err
	}
	return c.outcome, c.err
}
