package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func appealOf(a *postgres.AppealRead) *tenfoldv1.Appeal {
	return &tenfoldv1.Appeal{
		Revision: a.Revision, Note: a.Note, Evidence: a.Evidence, AppealedAt: stamp(a.AppealedAt),
		EventNumber: a.EventNumber, EndedBy: triggers.proto(a.EndedBy), EndedAt: stamp(a.EndedAt),
	}
}

// approvalOf is an approval of a claim, given the claim's present state.
func approvalOf(a *book.Approval, c *claim.Claim) *tenfoldv1.Approval {
	return &tenfoldv1.Approval{
		Revision: a.Revision, Person: a.Person, Amount: moneyOf(a.Amount, c.Currency), Note: a.Note,
		ApprovedAt: stamp(a.ApprovedAt), EventNumber: a.EventNumber,
		Counts: a.Revision == c.Revision && a.Amount == c.Award.Total(),
	}
}

func revisionOf(v *claim.Revision, currency string) *tenfoldv1.Revision {
	p := &tenfoldv1.Revision{
		Number: v.Number, Verdict: verdicts.proto(v.Verdict), Units: ruledUnitsOf(v.Units),
		Award:      &tenfoldv1.Award{Refund: moneyOf(v.Award.Refund, currency), Compensation: moneyOf(v.Award.Compensation, currency)},
		LegalBasis: legalBases.proto(v.Basis), Cause: v.Cause, Author: v.Author, Note: v.Note,
		RevisedAt: stamp(v.RecordedAt), EventNumber: v.EventNumber,
	}
	if v.PolicyID != "" {
		p.PolicyVersion = policyVersionName(v.PolicyID, v.Version)
	}
	return p
}

func evidenceAdded(e *book.Evidence) *tenfoldv1.Evidence {
	p := &tenfoldv1.Evidence{
		EventNumber: e.EventNumber, Kind: e.Kind, Reference: e.Reference, Digest: e.Digest, Note: e.Note,
		Role: e.AddedAs, Person: e.AddedBy, AddedAt: stamp(e.AddedAt),
		MediaType: e.MediaType, SizeBytes: e.Size, DisclosedTo: evidenceParties.protos(e.DisclosedTo.List()),
	}
	if e.Request > 0 {
		p.EvidenceRequest, p.Late = evidenceRequestName(e.MerchantID, e.ClaimID, e.Request), e.Late
	}
	if e.UploadID != "" {
		p.Upload = uploadName(e.MerchantID, e.UploadID)
	}
	return p
}
