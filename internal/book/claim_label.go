package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// What the marketplace writes on a claim for itself. It is set in any state, and decides nothing.

// SetClaimLabels replaces the labels of a claim.
type SetClaimLabels struct {
	OnClaim
	Labels claim.Labels
}

// Cover implements request.Content.
func (s *SetClaimLabels) Cover(d *request.Digest) { d.Texts(s.ClaimID, string(s.Labels)) }

func (s *SetClaimLabels) decide(b *Book) (Outcome, error) {
	c, err := s.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if s.Labels == c.Labels {
		return Outcome{}, fault.New(fault.RequestInvalid, "claim %s has exactly these labels", c.ID).With("claimId", c.ID).At("labels")
	}
	b.record(event.ClaimLabelsSet, c.ID)
	b.change(c.ID).Labels = s.Labels
	return b.about(c.ID), nil
}

// SetExternalReference changes the number that a claim has in another system; empty for none.
type SetExternalReference struct {
	OnClaim
	Reference string
}

// Cover implements request.Content.
func (s *SetExternalReference) Cover(d *request.Digest) { d.Texts(s.ClaimID, s.Reference) }

func (s *SetExternalReference) decide(b *Book) (Outcome, error) {
	c, err := s.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if s.Reference == c.ExternalReference {
		return Outcome{}, fault.New(fault.RequestInvalid, "claim %s has this external reference", c.ID).
			With("claimId", c.ID).At("external_reference")
	}
	b.record(event.ExternalReferenceSet, c.ID)
	b.detail("external_reference", s.Reference)
	b.change(c.ID).ExternalReference = s.Reference
	return b.about(c.ID), nil
}
