package rpc

import (
	"cmp"
	"context"
	"fmt"

	"buf.build/go/protovalidate"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// claimService implements ClaimService. Filing and the turns of consumer, merchant
// and operator stand here; decisions, money, reads and explanations have files of
// their own.
type claimService struct {
	tenfoldv1.UnimplementedClaimServiceServer
	backend
	validator protovalidate.Validator
}

// methodFileClaim is the method under which an item of a batch is stored, so that
// the item can be sent again on its own.
const methodFileClaim = "ClaimService/FileClaim"

func (s *claimService) FileClaim(ctx context.Context, r *tenfoldv1.FileClaimRequest) (*tenfoldv1.FileClaimResponse, error) {
	f, replayed, err := s.file(ctx, r)
	return answer(&tenfoldv1.FileClaimResponse{Claim: f.claim, Replayed: replayed, Warnings: f.warnings}, err)
}

// filed is a claim that was filed, with what is more often a mistake in it.
type filed struct {
	claim    *tenfoldv1.Claim
	warnings []tenfoldv1.FilingWarning
}

func (s *claimService) file(ctx context.Context, r *tenfoldv1.FileClaimRequest) (f filed, replayed bool, err error) {
	cmd, err := filing(r)
	if err != nil {
		return filed{}, false, err
	}
	if cmd.Evidence, err = s.evidenceWith(ctx, r.GetParent(), r.GetEvidence(), r.GetValidateOnly()); err != nil {
		return filed{}, false, err
	}
	merchant, _ := nameOf(r.GetParent())
	h := s.header(ctx, merchant, r)
	h.Method = methodFileClaim
	o, err := s.engine.Do(ctx, h, &cmd)
	if err != nil {
		return filed{}, false, err
	}
	c, err := s.claimOfOutcome(ctx, &o)
	if err != nil {
		return filed{}, o.Replayed, err
	}
	f.claim = callerOf(ctx).basicClaim(c)
	if c.LearnedAt.Before(c.PaidAt) {
		f.warnings = append(f.warnings, tenfoldv1.FilingWarning_FILING_WARNING_LEARNED_BEFORE_PAID)
	}
	return f, o.Replayed, nil
}

// filing reads the command of a request.
func filing(r *tenfoldv1.FileClaimRequest) (book.FileClaim, error) {
	cmd := book.FileClaim{
		ClaimantID: r.GetClaimantId(), Ordinals: r.GetUnits(), Basis: legalBases.domain(r.GetLegalBasisChoice()),
		Remedies: remedies(r.GetRemedies()), Grounds: grounds.domain(r.GetGrounds()), LearnedAt: moment(r.GetLearnedAt()),
		Destination: r.GetPayoutDestination(), Note: r.GetNote(),
		PayoutForm: payoutForms.domain(r.GetPayoutForm()), SamplingCase: r.GetSamplingCase(),
	}
	cmd.ExternalReference = r.GetExternalReference()
	var err error
	if cmd.Labels, err = labels(r.GetLabels()); err != nil {
		return cmd, err
	}
	return cmd, claimedLine(&cmd, r.GetParent(), r.GetOrderLineName(), r.GetOrderLine(), r.GetRefunds())
}

// evidenceWith reads the evidence that comes with a claim.
func (s *claimService) evidenceWith(ctx context.Context, parent string, list []*tenfoldv1.ClaimEvidence, validateOnly bool) ([]book.AddEvidence, error) {
	var out []book.AddEvidence
	for i, e := range list {
		file, digest, err := s.uploadedFile(ctx, parent, e.GetUpload(), e.GetDisclosedTo(), validateOnly)
		if refused, ok := fault.As(err); ok && refused.Field != "" {
			refused.At(fmt.Sprintf("evidence[%d].%s", i, refused.Field))
		}
		if err != nil {
			return nil, err
		}
		out = append(out, book.AddEvidence{
			Kind: e.GetKind(), Reference: e.GetReference(), Digest: cmp.Or(digest, e.GetDigest()), Note: e.GetNote(), EvidenceFile: file,
		})
	}
	return out, nil
}

// claimedLine reads the order line, named or sent, with its refunds.
func claimedLine(cmd *book.FileClaim, parent, name string, given *tenfoldv1.OrderLine, refunds []*tenfoldv1.LineRefund) (err error) {
	field := "order_line_name"
	if given != nil {
		name, field = given.GetName(), "order_line.name"
		if cmd.Line, err = orderLine(given); err != nil {
			return err
		}
		cmd.PaidLater = given.GetPaidAfterDelivery()
	}
	if err := under(parent, name, field); err != nil {
		return err
	}
	_, cmd.LineID = nameOf(name)
	for _, r := range refunds {
		cmd.Refunds = append(cmd.Refunds, lineRefund(r))
	}
	return nil
}

// BatchFileClaims files each item as a command of its own.
func (s *claimService) BatchFileClaims(ctx context.Context, r *tenfoldv1.BatchFileClaimsRequest) (*tenfoldv1.BatchFileClaimsResponse, error) {
	if err := fits(len(r.GetRequests()), "file at most %d claims"); err != nil {
		return nil, err
	}
	items := together(r.GetRequests(), func(item *tenfoldv1.FileClaimRequest) *tenfoldv1.BatchFileClaimsItem { return s.fileItem(ctx, item) })
	lighten(items)
	return &tenfoldv1.BatchFileClaimsResponse{Items: items}, nil
}

// fileItem answers an item as a call of its own would be answered.
func (s *claimService) fileItem(ctx context.Context, r *tenfoldv1.FileClaimRequest) *tenfoldv1.BatchFileClaimsItem {
	f, replayed, err := itemChecked(ctx, s.validator, r, methodFileClaim, s.file)
	if err != nil {
		return &tenfoldv1.BatchFileClaimsItem{Status: s.refusedItem(ctx, methodFileClaim, err)}
	}
	return &tenfoldv1.BatchFileClaimsItem{Status: &tenfoldv1.ItemStatus{}, Claim: f.claim, Replayed: replayed, Warnings: f.warnings}
}

func (s *claimService) WithdrawClaim(ctx context.Context, r *tenfoldv1.WithdrawClaimRequest) (*tenfoldv1.WithdrawClaimResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.WithdrawClaim{OnClaim: on, Note: r.GetNote()}
	})
	return answer(&tenfoldv1.WithdrawClaimResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) ConfirmNotice(ctx context.Context, r *tenfoldv1.ConfirmNoticeRequest) (*tenfoldv1.ConfirmNoticeResponse, error) {
	c, replayed, err := s.confirmNotice(ctx, r)
	return answer(&tenfoldv1.ConfirmNoticeResponse{Claim: c, Replayed: replayed}, err)
}

func (s *claimService) AcceptClaim(ctx context.Context, r *tenfoldv1.AcceptClaimRequest) (*tenfoldv1.AcceptClaimResponse, error) {
	c, replayed, err := s.acceptClaim(ctx, r)
	return answer(&tenfoldv1.AcceptClaimResponse{Claim: c, Replayed: replayed}, err)
}

func (s *claimService) AddEvidence(ctx context.Context, r *tenfoldv1.AddEvidenceRequest) (*tenfoldv1.AddEvidenceResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	answers, err := s.answered(ctx, merchant, id, r.GetEvidenceRequest())
	if err != nil {
		return nil, err
	}
	if answers == 0 { // Whoever is asked may answer.
		err = s.mayAddEvidence(ctx, merchant, id, r.GetName())
	}
	if err != nil {
		return nil, err
	}
	file, digest, err := s.uploadedFile(ctx, merchantName(merchant), r.GetUpload(), r.GetDisclosedTo(), r.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	o, err := s.run(ctx, merchant, r, &book.AddEvidence{
		ClaimID: id, Kind: r.GetKind(), Reference: r.GetReference(), Digest: cmp.Or(digest, r.GetDigest()), Note: r.GetNote(),
		EvidenceFile: file, Request: answers, AuthenticatorID: ownBodyOf(ctx),
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

func (s *claimService) ListEvidence(ctx context.Context, r *tenfoldv1.ListEvidenceRequest) (*tenfoldv1.ListEvidenceResponse, error) {
	c, p, after, err := s.claimPageByNumber(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Reader().Evidence(ctx, c.MerchantID, c.ID, after, p.size+1)
	list, next := listed(&p, rows, evidenceAdded, func(e *book.Evidence) []string { return []string{decimal(e.EventNumber)} })
	return answer(&tenfoldv1.ListEvidenceResponse{Evidence: list, NextPageToken: next}, err)
}

func (s *claimService) StopClock(ctx context.Context, r *tenfoldv1.StopClockRequest) (*tenfoldv1.StopClockResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.StopClock{OnClaim: on, Note: r.GetNote()}
	})
	return answer(&tenfoldv1.StopClockResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) ResumeClock(ctx context.Context, r *tenfoldv1.ResumeClockRequest) (*tenfoldv1.ResumeClockResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.StopClock{OnClaim: on, Resume: true, Note: r.GetNote()}
	})
	return answer(&tenfoldv1.ResumeClockResponse{Claim: c, Replayed: o.Replayed}, err)
}

func (s *claimService) ExtendHold(ctx context.Context, r *tenfoldv1.ExtendHoldRequest) (*tenfoldv1.ExtendHoldResponse, error) {
	c, o, err := s.runOnClaim(ctx, r, func(on book.OnClaim) book.Command {
		return &book.ExtendHold{OnClaim: on, Until: moment(r.GetExpiresAt()), Note: r.GetNote()}
	})
	return answer(&tenfoldv1.ExtendHoldResponse{Claim: c, Replayed: o.Replayed}, err)
}
