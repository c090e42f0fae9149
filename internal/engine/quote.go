package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// QuotePayout computes what a claim would be paid if its units were found
// counterfeit, with the claimant's other claims as they stand, and files nothing.
type QuotePayout struct {
	FileClaim
}

func (q *QuotePayout) follow(b *Book, n *needs, round int) {
	q.FileClaim.follow(b, n, round)
	if l := q.lineOf(b); l != nil && round == 1 {
		for _, s := range b.siblings(q.ClaimantID, l.ProductID) {
			followGroup(b, n, 0, s)
		}
	}
}

func (q *QuotePayout) lineOf(b *Book) *quotedLine {
	if q.Line != nil {
		return &quotedLine{ProductID: q.Line.ProductID}
	}
	if l := b.lines.get(q.LineID); l != nil {
		return &quotedLine{ProductID: l.line.ProductID}
	}
	return nil
}

type quotedLine struct{ ProductID string }

func (q *QuotePayout) decide(b *Book) (Outcome, error) {
	o, err := q.FileClaim.decide(b)
	if err != nil {
		return Outcome{}, err
	}
	c := b.change(o.ClaimID)
	for i := range c.Units {
		c.Units[i].Verdict = claim.Counterfeit
	}
	c.Verdict = claim.Counterfeit
	var members []policy.Member
	for _, m := range b.members(c.ClaimantID, c.ProductID, c.GroupID) {
		members = append(members, b.member(m))
	}
	shares, err := policy.Price(members)
	if err != nil {
		return Outcome{}, err
	}
	for _, s := range shares {
		if s.ClaimID == c.ID {
			return Outcome{Quotes: []policy.Share{s}}, nil
		}
	}
	return Outcome{}, nil
}

// QuotePayout runs the command on a snapshot.
func (e *Engine) QuotePayout(ctx context.Context, h Header, cmd QuotePayout) (Outcome, error) {
	h.ValidateOnly = true
	return e.do(ctx, h, &cmd)
}
