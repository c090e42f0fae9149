package book

import (
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// DiscloseEvidence discloses a file of evidence to a further party, for good. Refuses with
// EVIDENCE_ALREADY_DISCLOSED what was disclosed to it. That the evidence exists, has a file and
// was not disclosed when it was added is looked at before: that never changes.
type DiscloseEvidence struct {
	ClaimID string
	// Evidence is the event that told of the evidence.
	Evidence int64
	To       EvidenceParty
	Note     string
	// Known says that the party could read it before: it added the file, or it was disclosed to it
	// before the command arrived. No request id covers it, so a replay is still known.
	Known bool
}

func (x *DiscloseEvidence) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, x.ClaimID)
	n.disclosuresOf(c.Header.MerchantID, x.ClaimID)
}

// Cover implements request.Content.
func (x *DiscloseEvidence) Cover(d *request.Digest) {
	d.Texts(x.ClaimID, string(x.To), x.Note)
	d.Number(x.Evidence)
}

func (x *DiscloseEvidence) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(x.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	k := disclosureKey{c.ID, x.Evidence, x.To}
	if x.Known || b.disclosures.get(k) != nil {
		return Outcome{}, fault.New(fault.EvidenceAlreadyDisclosed, "the %s may read evidence %d of claim %s already", x.To, x.Evidence, c.ID).
			With("claimId", c.ID).With("eventNumber", x.Evidence).With("party", string(x.To)).About(c)
	}
	e := b.record(event.EvidenceDisclosed, c.ID)
	b.detail("evidence", number(x.Evidence))
	b.detail("party", string(x.To))
	who := &b.call.Header.Principal
	b.disclosures.add(k, Disclosure{
		MerchantID: b.merchantID, ClaimID: c.ID, Evidence: x.Evidence, Party: x.To, Note: x.Note,
		MadeAs: string(who.Role), MadeBy: who.Person, MadeAt: b.now, EventNumber: e.Number,
	}, b.command)
	return b.about(c.ID), nil
}
