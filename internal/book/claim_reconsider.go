package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ReconsiderClaim is the claimant's objection to a decision that nothing is owed. It needs
// evidence that was not there when the claim was decided, and sends the claim to a person
// who neither filed nor decided it (rule V9).
type ReconsiderClaim struct {
	OnClaim
	Note string
	// Kind, Reference and Digest are those of the new evidence; see AddEvidence.
	Kind      string
	Reference string
	Digest    string
	// EvidenceFile is the file in place of a reference, whose digest is Digest.
	EvidenceFile
	// Request is the claim's request for evidence that it answers; zero for none.
	Request int32
}

func (r *ReconsiderClaim) need(c *Call, n *Needs) {
	r.OnClaim.need(c, n)
	if r.Request > 0 {
		n.evidenceRequestsOf(c.Header.MerchantID, r.ClaimID)
	}
	if r.UploadID != "" {
		n.evidenceOf(c.Header.MerchantID, r.ClaimID)
	}
	n.piece(PieceKey{c.Header.MerchantID, r.ClaimID, r.Digest})
}

func (r *ReconsiderClaim) Cover(d *request.Digest) {
	d.Texts(r.ClaimID, r.Note, r.Kind, r.Reference, r.Digest)
	if r.DigestVersion() == withFile {
		d.Texts(r.UploadID, string(r.DisclosedTo))
		d.Number(int64(r.Request))
	}
}

// DigestVersion is the oldest list of fields that says all of the request.
func (r *ReconsiderClaim) DigestVersion() int64 {
	if r.UploadID != "" || r.Request > 0 {
		return withFile
	}
	return request.FirstVersion
}

func (r *ReconsiderClaim) decide(b *Book) (Outcome, error) {
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := r.check(b, c); err != nil {
		return Outcome{}, err
	}
	e := b.record(event.ClaimReconsidered, c.ID)
	b.detail("revision", number(int64(c.Revision)))
	b.detail("kind", r.Kind)
	b.detail("digest", r.Digest)
	late := b.answerEvidenceRequest(c.ID, r.Request)
	c = b.change(c.ID)
	c.AppealedRevision, c.Reconsiderations = c.Revision, c.Reconsiderations+1
	who := &b.call.Header.Principal
	b.keepEvidence(Evidence{
		MerchantID: b.merchantID, ClaimID: c.ID, EventNumber: e.Number, Kind: r.Kind, Reference: r.Reference,
		Digest: r.Digest, Note: r.Note, AddedAs: string(who.Role), AddedBy: who.Person, AddedAt: b.now,
		EvidenceFile: r.EvidenceFile, EvidenceAnswer: EvidenceAnswer{Request: r.Request, Late: late},
	})
	b.appeals.add(Appeal{
		MerchantID: b.merchantID, ClaimID: c.ID, Revision: c.Revision, Note: r.Note, Evidence: []string{r.Reference},
		EventNumber: e.Number, AppealedAt: b.now,
	})
	if err := b.retakeUnits(c); err != nil {
		return Outcome{}, err
	}
	if err := b.move(c.ID, claim.Reconsidered, r.Note); err != nil {
		return Outcome{}, err
	}
	return b.about(c.ID), nil
}

// check refuses what cannot be reconsidered: another state, a decision that was before, a
// claim that was too often or too long ago, and evidence that was known.
func (r *ReconsiderClaim) check(b *Book, c *claim.Claim) error {
	if _, ok := claim.Next(c.State, claim.Reconsidered); !ok || c.Revision == 0 {
		return c.Refuse(claim.Reconsidered)
	}
	used := func(why string) error {
		return fault.New(fault.ReconsiderationUsed, "%s", why).With("claimId", c.ID).With("revision", c.Revision).About(c)
	}
	if !c.MayAppeal() {
		return used("this decision has been reconsidered already")
	}
	v := b.governing(c)
	if v == nil {
		v = new(policy.Version)
	}
	if !v.MayReconsider(c.Reconsiderations) {
		return used("the claim has been reconsidered as often as its policy allows")
	}
	closes := b.after(c.StateSince, v.Windows.ReconsiderationSpan())
	if b.call.Header.ArrivedAt.After(closes) {
		at := closes.UTC().Format(time.RFC3339)
		return fault.New(fault.ReconsiderationTooLate, "the claimant could ask for reconsideration until %s", at).
			With("claimId", c.ID).With("closedAt", at).About(c)
	}
	if b.knew(c, r.Digest) {
		return fault.New(fault.EvidenceNotNew, "the claim has this evidence already; a decision is reconsidered on new evidence only").
			With("claimId", c.ID).At("evidence_digest").About(c)
	}
	if err := b.mayAnswer(c.ID, r.Request); err != nil || r.UploadID == "" {
		return err
	}
	file := AddEvidence{Kind: r.Kind, Digest: r.Digest, Note: r.Note, EvidenceFile: r.EvidenceFile}
	return file.count(b, c, string(b.call.Header.Principal.Role))
}
