package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The decisions of people on a claim: review, appeal, approval and revision.

func (s *claimService) AssignReview(ctx context.Context, r *tenfoldv1.AssignReviewRequest) (*tenfoldv1.AssignReviewResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.AssignReview{OnClaim: on, Assignee: r.GetAssignee()}
	})
	return answer(&tenfoldv1.AssignReviewResponse{Claim: c, Replayed: o.Replayed}, err)
}

// overrideOf reads the reason to decide what another person works on.
func overrideOf(r interface{ GetOverrideReason() string }) book.Override {
	return book.Override{OverrideReason: r.GetOverrideReason()}
}

func (s *claimService) DecideReview(ctx context.Context, r *tenfoldv1.DecideReviewRequest) (*tenfoldv1.DecideReviewResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.DecideReview{
			OnClaim: on, Decision: reviewDecisions.domain(r.GetDecision()), Units: units(r.GetUnitVerdicts()), Note: r.GetNote(),
			Override: overrideOf(r),
		}
	})
	return answer(&tenfoldv1.DecideReviewResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) AppealClaim(ctx context.Context, r *tenfoldv1.AppealClaimRequest) (*tenfoldv1.AppealClaimResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.AppealClaim{OnClaim: on, Note: r.GetNote(), Evidence: r.GetEvidence()}
	})
	return answer(&tenfoldv1.AppealClaimResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) DecideAppeal(ctx context.Context, r *tenfoldv1.DecideAppealRequest) (*tenfoldv1.DecideAppealResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.DecideAppeal{
			OnClaim: on, Decision: appealDecisions.domain(r.GetDecision()), Units: units(r.GetUnitVerdicts()), Note: r.GetNote(),
			Override: overrideOf(r),
		}
	})
	return answer(&tenfoldv1.DecideAppealResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) ListAppeals(ctx context.Context, r *tenfoldv1.ListAppealsRequest) (*tenfoldv1.ListAppealsResponse, error) {
	c, p, after, err := s.claimPageByNumber(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Appeals(ctx, c.MerchantID, c.ID, int32(after), p.size+1)
	list, next := listed(&p, rows, appealOf, func(a *postgres.AppealRead) []string { return []string{decimal(int64(a.Revision))} })
	return answer(&tenfoldv1.ListAppealsResponse{Appeals: list, NextPageToken: next}, err)
}

func (s *claimService) ApproveClaim(ctx context.Context, r *tenfoldv1.ApproveClaimRequest) (*tenfoldv1.ApproveClaimResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.ApproveClaim{OnClaim: on, Refuse: r.GetRefuse(), Note: r.GetNote()}
	})
	return answer(&tenfoldv1.ApproveClaimResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) ListApprovals(ctx context.Context, r *tenfoldv1.ListApprovalsRequest) (*tenfoldv1.ListApprovalsResponse, error) {
	const cursorParts = 2 // The revision and the person.
	c, p, err := s.claimPage(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	revision, err := p.number(0)
	if err != nil {
		return nil, err
	}
	after := postgres.ApprovalKey{Revision: int32(revision), Person: p.cursor[1]}
	rows, err := s.db.Reader().Approvals(ctx, c.MerchantID, c.ID, after, p.size+1)
	list, next := listed(&p, rows,
		func(a *book.Approval) *tenfoldv1.Approval { return approvalOf(a, c) },
		func(a *book.Approval) []string { return []string{decimal(int64(a.Revision)), a.Person} })
	return answer(&tenfoldv1.ListApprovalsResponse{Approvals: list, NextPageToken: next}, err)
}

func (s *claimService) ReviseVerdict(ctx context.Context, r *tenfoldv1.ReviseVerdictRequest) (*tenfoldv1.ReviseVerdictResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.ReviseVerdict{
			OnClaim: on, Ground: revisionGrounds.domain(r.GetGround()), Units: units(r.GetUnitVerdicts()),
			Document: r.GetDocument(), Note: r.GetNote(), Override: overrideOf(r),
		}
	})
	return answer(&tenfoldv1.ReviseVerdictResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) ListRevisions(ctx context.Context, r *tenfoldv1.ListRevisionsRequest) (*tenfoldv1.ListRevisionsResponse, error) {
	c, p, after, err := s.claimPageByNumber(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Revisions(ctx, c.MerchantID, c.ID, int32(after), p.size+1)
	list, next := listed(&p, rows,
		func(v *claim.Revision) *tenfoldv1.Revision { return revisionOf(v, c.Currency) },
		func(v *claim.Revision) []string { return []string{decimal(int64(v.Number))} })
	return answer(&tenfoldv1.ListRevisionsResponse{Revisions: list, NextPageToken: next}, err)
}
