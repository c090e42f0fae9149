package rpc

import (
	"context"
	"sync"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// claimService implements ClaimService.
type claimService struct {
	tenfoldv1.UnimplementedClaimServiceServer
	backend
	validator protovalidate.Validator
}

// mutation is the common part of requests that change something.
type mutation interface {
	GetRequestId() string
	GetValidateOnly() bool
}

// header is the engine's header of a mutation that is called now.
func (b *backend) header(ctx context.Context, merchant string, r mutation) request.Header {
	method, _ := grpc.Method(ctx)
	return request.Header{
		MerchantID: merchant, Principal: callerOf(ctx).Principal, Method: shortMethod(method),
		RequestID: r.GetRequestId(), ArrivedAt: b.engine.Now(), ValidateOnly: r.GetValidateOnly(),
	}
}

// claimAfter is the claim of an outcome: as the command left it, or, for a replay,
// as it is now.
func (b *backend) claimAfter(ctx context.Context, merchant string, o *book.Outcome) (*claim.Claim, error) {
	if !o.Replayed {
		return o.Claim, nil
	}
	c, found, err := b.db.Reader().Claim(ctx, merchant, o.ClaimID)
	if err == nil && !found {
		err = claimNotFound(o.ClaimID)
	}
	return &c, err
}

func claimNotFound(id string) *fault.Error {
	return fault.New(fault.ClaimNotFound, "there is no claim with the id %s", id).With("claimId", id)
}

// basicAfter is the BASIC view of an outcome's claim.
func (b *backend) basicAfter(ctx context.Context, merchant string, o *book.Outcome, err error) (*tenfoldv1.Claim, error) {
	if err != nil {
		return nil, err
	}
	c, err := b.claimAfter(ctx, merchant, o)
	if err != nil {
		return nil, err
	}
	return basicClaim(c), nil
}

// methodFileClaim is the method under which an item of a batch is stored, so that
// the item can be sent again on its own.
const methodFileClaim = "ClaimService/FileClaim"

func (s *claimService) FileClaim(ctx context.Context, r *tenfoldv1.FileClaimRequest) (*tenfoldv1.FileClaimResponse, error) {
	c, replayed, err := s.file(ctx, r)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.FileClaimResponse{Claim: c, Replayed: replayed}, nil
}

func (s *claimService) file(ctx context.Context, r *tenfoldv1.FileClaimRequest) (*tenfoldv1.Claim, bool, error) {
	cmd, err := filing(r)
	if err != nil {
		return nil, false, err
	}
	merchant, _ := nameOf(r.GetParent())
	h := s.header(ctx, merchant, r)
	h.Method = methodFileClaim
	o, err := s.engine.Do(ctx, h, &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	return c, o.Replayed, err
}

// filing reads the command of a request.
func filing(r *tenfoldv1.FileClaimRequest) (book.FileClaim, error) {
	cmd := book.FileClaim{
		ClaimantID: r.GetClaimantId(), Ordinals: r.GetUnits(), Basis: legalBases.domain(r.GetLegalBasisChoice()),
		Remedies: remedies(r.GetRemedies()), Grounds: grounds.domain(r.GetGrounds()), LearnedAt: moment(r.GetLearnedAt()),
		Destination: r.GetPayoutDestination(), Note: r.GetNote(),
		PayoutForm: payoutForms.domain(r.GetPayoutForm()), SamplingCase: r.GetSamplingCase(),
	}
	return cmd, claimedLine(&cmd, r.GetParent(), r.GetOrderLineName(), r.GetOrderLine(), r.GetRefunds())
}

// claimedLine reads the order line, named or sent, with its refunds.
func claimedLine(cmd *book.FileClaim, parent, name string, given *tenfoldv1.OrderLine, refunds []*tenfoldv1.LineRefund) (err error) {
	field := "order_line_name"
	if given != nil {
		name, field = given.GetName(), "order_line.name"
		if cmd.Line, err = orderLine(given); err != nil {
			return err
		}
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

// batchMax is how many claims one batch can file.
const batchMax = 500

// BatchFileClaims files each item as a command of its own. The items meet again in
// the pipeline, which takes all waiting commands as one batch.
func (s *claimService) BatchFileClaims(ctx context.Context, r *tenfoldv1.BatchFileClaimsRequest) (*tenfoldv1.BatchFileClaimsResponse, error) {
	if n := len(r.GetRequests()); n > batchMax {
		return nil, fault.New(fault.BatchTooLarge, "a batch can file at most %d claims, not %d", batchMax, n).
			With("maxPerRequest", batchMax).At("requests")
	}
	items := make([]*tenfoldv1.BatchFileClaimsItem, len(r.GetRequests()))
	var running sync.WaitGroup
	for i, one := range r.GetRequests() {
		running.Go(func() { items[i] = s.fileItem(ctx, one) })
	}
	running.Wait()
	return &tenfoldv1.BatchFileClaimsResponse{Items: items}, nil
}

func (s *claimService) fileItem(ctx context.Context, r *tenfoldv1.FileClaimRequest) *tenfoldv1.BatchFileClaimsItem {
	var c *tenfoldv1.Claim
	var replayed bool
	err := violated(s.validator.Validate(r))
	if err == nil {
		c, replayed, err = s.file(ctx, r)
	}
	if err == nil {
		return &tenfoldv1.BatchFileClaimsItem{Status: &tenfoldv1.ItemStatus{}, Claim: c, Replayed: replayed}
	}
	s.observer.refused(err)
	status := itemStatus(err, callerOf(ctx))
	if status.GetCode() == int32(codes.Internal) {
		s.log.ErrorContext(ctx, "item of a batch failed", "error", err)
		status.Message = "internal error; the operator finds it under call id " + callIDOf(ctx).String()
	}
	return &tenfoldv1.BatchFileClaimsItem{Status: status}
}

func (s *claimService) AcceptClaim(ctx context.Context, r *tenfoldv1.AcceptClaimRequest) (*tenfoldv1.AcceptClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Note: r.GetNote()})
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.AcceptClaimResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) WithdrawClaim(ctx context.Context, r *tenfoldv1.WithdrawClaimRequest) (*tenfoldv1.WithdrawClaimResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Note: r.GetNote()})
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.WithdrawClaimResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) ConfirmNotice(ctx context.Context, r *tenfoldv1.ConfirmNoticeRequest) (*tenfoldv1.ConfirmNoticeResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: id}, Revision: r.GetRevision()})
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ConfirmNoticeResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) AssignReview(ctx context.Context, r *tenfoldv1.AssignReviewRequest) (*tenfoldv1.AssignReviewResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.AssignReview{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Assignee: r.GetAssignee()})
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.AssignReviewResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) DecideReview(ctx context.Context, r *tenfoldv1.DecideReviewRequest) (*tenfoldv1.DecideReviewResponse, error) {
	merchant, id, err := claimOf(r.GetName(), "name")
	if err != nil {
		return nil, err
	}
	cmd := book.DecideReview{OnClaim: book.OnClaim{ClaimID: id, Etag: r.GetEtag()}, Decision: decisions.domain(r.GetDecision()), Units: units(r.GetUnitVerdicts()), Note: r.GetNote()}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	c, err := s.basicAfter(ctx, merchant, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.DecideReviewResponse{Claim: c, Replayed: o.Replayed}, nil
}

func (s *claimService) QuotePayout(ctx context.Context, r *tenfoldv1.QuotePayoutRequest) (*tenfoldv1.QuotePayoutResponse, error) {
	cmd := book.QuotePayout{FileClaim: book.FileClaim{
		ClaimantID: r.GetClaimantId(), Ordinals: r.GetCounterfeitUnits(), Basis: legalBases.domain(r.GetLegalBasisChoice()),
		Remedies: remedies(r.GetRemedies()), LearnedAt: moment(r.GetLearnedAt()),
	}}
	fee := r.GetAuthenticationFee()
	cmd.AuthenticationFee, cmd.FeeCurrency = money.Amount(fee.GetMinorUnits()), fee.GetCurrencyCode()
	if len(r.GetRemedies()) == 0 {
		cmd.Remedies = policy.Remedies{Refund: true, Compensation: true}
	}
	if err := claimedLine(&cmd.FileClaim, r.GetParent(), r.GetOrderLineName(), r.GetOrderLine(), r.GetRefunds()); err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, quoted{}), &cmd)
	if err != nil {
		return nil, err
	}
	p := &tenfoldv1.QuotePayoutResponse{}
	for i := range o.Quotes {
		c := calculationOf(&o.Quotes[i].Calculation, 0)
		if i == 0 {
			p.Chosen = c
		}
		// A choice of BEST is followed by the result on each basis alone.
		if i > 0 || len(o.Quotes) == 1 {
			p.Calculations = append(p.Calculations, c)
		}
	}
	return p, nil
}

// quoted replaces the request id, which a quote does not have.
type quoted struct{}

func (quoted) GetRequestId() string  { return "" }
func (quoted) GetValidateOnly() bool { return true }
