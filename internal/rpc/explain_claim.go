package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) ExplainClaim(ctx context.Context, r *tenfoldv1.ExplainClaimRequest) (*tenfoldv1.ExplainClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	var read history
	catalog := s.engine.Catalog()
	err = s.db.Snapshot(ctx, func(reader postgres.Reader) error {
		c, err := readClaim(ctx, reader, merchant, id, r.GetName())
		if err != nil {
			return err
		}
		if read, err = readHistory(ctx, reader, c); err != nil {
			return err
		}
		read.line, err = governedLine(ctx, reader, catalog, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	if hides(role(ctx), &tenfoldv1.Move{}, "note") && read.moved.Role != string(principal.RoleMerchant) {
		// The text would repeat the part of the move that is hidden from the role.
		read.moved.Note = ""
	}
	choices := choicesOf(read.claim, read.line, catalog, s.engine.Now(), "")
	return &tenfoldv1.ExplainClaimResponse{Explanation: explanationOf(&read, choices, language(r.GetLanguage()))}, nil
}

// history is the material of an explanation.
type history struct {
	claim    *claim.Claim
	line     *order.Line // Where the catalog asks for it.
	moved    postgres.MoveRead
	result   *claim.Result
	revision *claim.Revision
}

func readHistory(ctx context.Context, r postgres.Reader, c *claim.Claim) (history, error) {
	h := history{claim: c}
	var err error
	if h.moved, err = r.LastMove(ctx, c.MerchantID, c.ID); err != nil {
		return h, err
	}
	revision, found, err := r.Revision(ctx, c.MerchantID, c.ID)
	if err != nil {
		return h, err
	}
	if found {
		h.revision = &revision
	}
	results, err := r.Results(ctx, c.MerchantID, c.ID, "", partsMax)
	for i := range results {
		// One command has one event, so the result that moved the claim has the
		// move's event.
		if results[i].EventNumber == h.moved.EventNumber {
			h.result = &results[i]
		}
	}
	return h, err
}

func explanationOf(h *history, choices []explain.Choice, l explain.Language) *tenfoldv1.ClaimExplanation {
	c := h.claim
	p := &tenfoldv1.ClaimExplanation{
		Claim: basicClaim(c), LastMove: moveOf(&h.moved), DeadlineEffect: lapseOf(c), ActionEffects: effectsOf(choices, c.Currency),
	}
	if h.result != nil {
		p.Result = resultOf(h.result)
	}
	if h.revision != nil {
		p.Verdict = verdictOf(h.revision, c.Currency)
		p.Calculation = calculationOf(&h.revision.Calculation, h.revision.Number)
	}
	t := explain.Explain(l, &explain.Subject{
		Claim: *c, Result: h.result, Revision: h.revision, Choices: choices,
		Moved: explain.Move{Trigger: h.moved.Trigger, Role: h.moved.Role, Note: h.moved.Note, At: h.moved.RecordedAt},
	})
	p.Text = &tenfoldv1.ExplanationText{
		Language: languages.proto(l), Why: t.Why, Turn: t.Turn, Time: t.Time, Award: t.Award, Choices: t.Choices,
	}
	return p
}
