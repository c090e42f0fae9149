package book

import (
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// AddEvidence adds evidence to a claim in any state. It decides nothing: reviewers,
// the appeal panel and people who revise a verdict look at it.
type AddEvidence struct {
	ClaimID string
	// Kind says what the evidence is, Reference where it is kept; Digest is the
	// SHA-256 of the evidence.
	Kind      string
	Reference string
	Digest    string
	Note      string
}

func (a *AddEvidence) need(c *Call, n *Needs) { n.claim(c.Header.MerchantID, a.ClaimID) }

func (a *AddEvidence) Cover(d *request.Digest) {
	d.Texts(a.ClaimID, a.Kind, a.Reference, a.Digest, a.Note)
}

func (a *AddEvidence) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(a.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	added := b.addEvidence(a)
	o := b.about(c.ID)
	o.Evidence = &added
	return o, nil
}

// addEvidence keeps a piece of evidence, and tells of it in an event of its own.
func (b *Book) addEvidence(a *AddEvidence) Evidence {
	e := b.record(event.EvidenceAdded, a.ClaimID)
	b.detail("kind", a.Kind)
	b.detail("digest", a.Digest)
	who := &b.call.Header.Principal
	added := Evidence{
		MerchantID: b.merchantID, ClaimID: a.ClaimID, EventNumber: e.Number, Kind: a.Kind, Reference: a.Reference,
		Digest: a.Digest, Note: a.Note, AddedAs: string(who.Role), AddedBy: who.Person, AddedAt: b.now,
	}
	b.evidence.add(added)
	return added
}
