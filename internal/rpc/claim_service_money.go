package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The money of claims: quotes, payouts, and order lines with their refunds.

func (s *claimService) QuotePayout(ctx context.Context, r *tenfoldv1.QuotePayoutRequest) (*tenfoldv1.QuotePayoutResponse, error) {
	if err := mayQuote(callerOf(ctx), r); err != nil {
		return nil, err
	}
	cmd := book.QuotePayout{FileClaim: book.FileClaim{
		ClaimantID: r.GetClaimantId(), Ordinals: r.GetCounterfeitUnits(), Basis: legalBases.domain(r.GetLegalBasisChoice()),
		Remedies: remedies(r.GetRemedies()), LearnedAt: moment(r.GetLearnedAt()),
	}}
	var err error
	if cmd.Evidence, err = s.evidenceWith(ctx, r.GetParent(), r.GetEvidence(), true); err != nil {
		return nil, err
	}
	fee := r.GetAuthenticationFee()
	cmd.AuthenticationFee, cmd.FeeCurrency = money.Amount(fee.GetMinorUnits()), fee.GetCurrencyCode()
	if len(r.GetRemedies()) == 0 {
		cmd.Remedies = policy.Remedies{Refund: true, Compensation: true}
	}
	if err := claimedLine(&cmd.FileClaim, r.GetParent(), r.GetOrderLineName(), r.GetOrderLine(), r.GetRefunds()); err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	o, err := s.run(ctx, merchant, quoted{}, &cmd)
	if err != nil {
		if f, ok := fault.As(err); ok && f.Field == "units" {
			f.At("counterfeit_units") // A quote is decided like a filing, which has another name for them.
		}
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

// mayQuote refuses a quote that would be decided by what the caller says about a hidden
// field: from the decision the caller could tell whether it guessed right. Such a role quotes
// for a stored line, and for a claimant without earlier claims.
func mayQuote(who caller, r *tenfoldv1.QuotePayoutRequest) error {
	refuse := func(field, format string) error {
		return fault.New(fault.AccessDenied, format, who.Role).With("method", "ClaimService/QuotePayout").At(field)
	}
	if r.GetOrderLine() != nil && covers(who.Role, &tenfoldv1.OrderLine{}) {
		return refuse("order_line", "parts of order lines are hidden from role %s, which can quote only for a stored line, by order_line_name")
	}
	if r.GetClaimantId() != "" && hides(who.Role, &tenfoldv1.Claim{}, "claimant_id") {
		return refuse("claimant_id", "claimants are hidden from role %s, which cannot quote for one")
	}
	if len(r.GetRefunds()) > 0 && covers(who.Role, &tenfoldv1.LineRefund{}) {
		return refuse("refunds", "parts of refunds are hidden from role %s, which cannot tell them")
	}
	return nil
}

// quoted replaces the request id, which a quote does not have.
type quoted struct{}

func (quoted) GetRequestId() string  { return "" }
func (quoted) GetValidateOnly() bool { return true }

func (s *claimService) ReportPayoutOutcome(ctx context.Context, r *tenfoldv1.ReportPayoutOutcomeRequest) (*tenfoldv1.ReportPayoutOutcomeResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	o, err := s.run(ctx, anchor(merchant), r, &book.AnswerPayout{OutNumber: r.GetOutNumber(), Answer: payout.Answer{
		Outcome: payoutOutcomes.domain(r.GetOutcome()), GatewayReference: r.GetGatewayReference(),
		FailureCode: r.GetFailureCode(), OccurredAt: moment(r.GetOccurredAt()), ExpiresAt: moment(r.GetCouponExpiresAt()),
		Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(), Try: r.GetTryNumber(),
	}})
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, &o)
	return answer(&tenfoldv1.ReportPayoutOutcomeResponse{Payout: p, Replayed: o.Replayed}, err)
}

func (s *claimService) RetryPayout(ctx context.Context, r *tenfoldv1.RetryPayoutRequest) (*tenfoldv1.RetryPayoutResponse, error) {
	merchant, id := nameOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.RetryPayout{
		OnClaim: book.OnClaim{Etag: r.GetEtag()}, PayoutID: id, Destination: r.GetPayoutDestination(), Note: r.GetNote(),
	})
	if err != nil {
		return nil, err
	}
	c, err := s.claimAfter(ctx, &o)
	if err != nil {
		return nil, err
	}
	p, err := s.payoutAfter(ctx, &o)
	return answer(&tenfoldv1.RetryPayoutResponse{Claim: c, Payout: p, Replayed: o.Replayed}, err)
}

func (s *claimService) ListPayouts(ctx context.Context, r *tenfoldv1.ListPayoutsRequest) (*tenfoldv1.ListPayoutsResponse, error) {
	q, err := payoutFilter.parse(r.GetFilter(), callerOf(ctx))
	if err != nil {
		return nil, err
	}
	if q.State, err = inState(payoutStates.domain(r.GetState()), q.State); err != nil {
		return nil, err
	}
	reader := s.db.Reader()
	merchant, spelled := nameOf(r.GetParent())
	q.MerchantID = anchor(merchant)
	if spelled != "" {
		if _, q.ClaimID, err = claimOf(r.GetParent(), "parent"); err != nil {
			return nil, err
		}
	}
	if err := payoutOrder(&q, r); err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	if q.ClaimID == "" {
		err = checkBook(ctx, reader, q.MerchantID)
	} else {
		_, err = readClaim(ctx, reader, merchant, q.ClaimID, r.GetParent())
	}
	if err != nil {
		return nil, err
	}
	var list postgres.Page[payout.Payout, string]
	payouts, err := fitting(p.size, func(size int) (_ []payout.Payout, err error) {
		list, err = reader.Payouts(ctx, q, p.cursor[0], size)
		return list.Rows, err
	}, payoutOf)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListPayoutsResponse{Payouts: payouts}
	if list.More {
		out.NextPageToken = p.token(list.Next)
	}
	return out, nil
}

// payoutOrder reads the order of a list of payouts into its query.
func payoutOrder(q *postgres.PayoutQuery, r *tenfoldv1.ListPayoutsRequest) error {
	_, reversed, err := orderOf(r, "payouts", "instructed_at")
	if err != nil {
		return err
	}
	q.NewestFirst = reversed
	switch {
	case q.References() > 1, q.References() > 0 && q.ClaimID != "":
		return unsupported("only one of a claim, out_number and gateway_reference can be asked for at a time")
	case q.NewestFirst && q.OfOneThing():
		return misordered("payouts of a claim or of one number are listed oldest first")
	}
	return nil
}

func (s *claimService) GetOrderLine(ctx context.Context, r *tenfoldv1.GetOrderLineRequest) (*tenfoldv1.GetOrderLineResponse, error) {
	merchant, id := nameOf(r.GetName())
	line, err := s.readLine(ctx, merchant, id)
	return answer(&tenfoldv1.GetOrderLineResponse{OrderLine: line}, err)
}

func (s *claimService) ReportOrderRefund(ctx context.Context, r *tenfoldv1.ReportOrderRefundRequest) (*tenfoldv1.ReportOrderRefundResponse, error) {
	merchant, lineID := nameOf(r.GetName())
	told := lineRefund(r.GetRefund())
	o, err := s.run(ctx, merchant, r, &book.ReportOrderRefund{
		LineID: lineID, RefundID: told.RefundID, RefundedAt: told.RefundedAt, Amount: told.Amount, Currency: told.Currency,
	})
	if err != nil {
		return nil, err
	}
	line, seen, err := s.lineAfter(ctx, lineID, &o)
	return answer(&tenfoldv1.ReportOrderRefundResponse{OrderLine: line, Replayed: o.Replayed, LineUnseen: !seen}, err)
}
