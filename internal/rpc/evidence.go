package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *claimService) AddEvidence(ctx context.Context, r *tenfoldv1.AddEvidenceRequest) (*tenfoldv1.AddEvidenceResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.AddEvidence{
		ClaimID: id, Kind: r.GetKind(), Reference: r.GetReference(), Digest: r.GetDigest(), Note: r.GetNote(),
	})
	if err != nil {
		return nil, err
	}
	if !o.Replayed {
		return &tenfoldv1.AddEvidenceResponse{Evidence: evidenceAdded(o.Evidence)}, nil
	}
	// Evidence never changes: it is read as it was added.
	list, err := s.db.Reader().Evidence(ctx, merchant, id, o.EventNumber-1, 1)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &tenfoldv1.AddEvidenceResponse{Evidence: evidenceAdded(&list[0]), Replayed: true}, nil
}

func evidenceAdded(e *book.Evidence) *tenfoldv1.Evidence {
	return &tenfoldv1.Evidence{
		EventNumber: e.EventNumber, Kind: e.Kind, Reference: e.Reference, Digest: e.Digest, Note: e.Note,
		Role: e.AddedAs, Person: e.AddedBy, AddedAt: stamp(e.AddedAt),
	}
}
