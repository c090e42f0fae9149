// Package gatewayclient calls the payout gateway, the gRPC service that the
// marketplace's payment service implements. It turns each response into an answer
// or into "outcome unknown", and never guesses between the two.
package gatewayclient

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Client is a payout.Gateway over gRPC.
type Client struct {
	stub tenfoldv1.PayoutGatewayServiceClient
	// callMax is how long one call may take; beyond it the outcome is unknown.
	callMax time.Duration
}

var _ payout.Gateway = (*Client)(nil)

// New makes a client over a connection, which its owner keeps and closes.
func New(conn grpc.ClientConnInterface, callMax time.Duration) *Client {
	return &Client{stub: tenfoldv1.NewPayoutGatewayServiceClient(conn), callMax: callMax}
}

// refusals are the codes that, by the contract, refuse an instruction for good: no
// money moves under its out-number. The values are the failure codes that are
// stored.
var refusals = map[codes.Code]string{
	codes.InvalidArgument:    "INVALID_ARGUMENT",
	codes.FailedPrecondition: "FAILED_PRECONDITION",
}

// Instruct asks the gateway to pay p. An error means that the outcome is unknown.
// The error is REFERENCE_ALREADY_USED if the gateway holds different content under
// the out-number, which only a person can explain.
func (c *Client) Instruct(ctx context.Context, p *payout.Payout) (payout.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.callMax)
	defer cancel()
	r, err := c.stub.Instruct(ctx, instruction(p))
	code := status.Code(err)
	if failure, refused := refusals[code]; refused {
		return payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: failure, Try: p.Try}, nil
	}
	if code == codes.AlreadyExists {
		return payout.Answer{}, fault.New(fault.ReferenceAlreadyUsed, "the gateway already holds different content under the out-number %s", p.OutNumber).
			With("outNumber", p.OutNumber)
	}
	if err != nil {
		return payout.Answer{}, fmt.Errorf("instruct payout %s: %w", p.ID, err)
	}
	if r.GetOutcome() == tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND {
		return payout.Answer{}, fmt.Errorf("%w: it does not know the payout that it was just sent", payout.ErrForeign)
	}
	return answer(r, p.OutNumber)
}

// Query asks for the outcome of an out-number. An error means that nothing is
// known.
func (c *Client) Query(ctx context.Context, outNumber string) (payout.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.callMax)
	defer cancel()
	r, err := c.stub.Query(ctx, &tenfoldv1.QueryRequest{OutNumber: outNumber})
	if err != nil {
		return payout.Answer{}, fmt.Errorf("query out-number %s: %w", outNumber, err)
	}
	return answer(r, outNumber)
}

var parts = map[payout.Part]tenfoldv1.PayoutPart{
	payout.Refund:       tenfoldv1.PayoutPart_PAYOUT_PART_REFUND,
	payout.Compensation: tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION,
}

// formOf maps a payout's form to its value in the contract.
func formOf(p *payout.Payout) tenfoldv1.PayoutForm {
	return tenfoldv1.PayoutForm(tenfoldv1.PayoutForm_value["PAYOUT_FORM_"+string(p.Form)])
}

func instruction(p *payout.Payout) *tenfoldv1.InstructRequest {
	return &tenfoldv1.InstructRequest{
		OutNumber: p.OutNumber,
		Payout:    "merchants/" + p.MerchantID + "/payouts/" + p.ID,
		Claim:     "merchants/" + p.MerchantID + "/claims/" + p.ClaimID,
		Part:      parts[p.Part], OriginalPaymentId: p.PaymentID, Destination: p.Destination,
		Amount:   &tenfoldv1.Money{CurrencyCode: p.Currency, MinorUnits: int64(p.Amount)},
		NotAfter: timestamppb.New(p.NotAfter), Form: formOf(p), RidesPayment: p.RidesPayment,
		TryNumber: p.Try,
	}
}

// outcomes maps the gateway's outcomes; any other outcome means nothing.
var outcomes = map[tenfoldv1.GatewayOutcome]payout.Outcome{
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING: payout.Processing,
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED:  payout.OutcomeSucceeded,
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED:     payout.OutcomeFailed,
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND:  payout.NotFound,
}

// said is the form of the answers of both calls.
type said interface {
	GetOutcome() tenfoldv1.GatewayOutcome
	GetGatewayReference() string
	GetFailureCode() string
	GetOccurredAt() *timestamppb.Timestamp
	GetCouponExpiresAt() *timestamppb.Timestamp
	GetAmount() *tenfoldv1.Money
	GetTryNumber() int32
	GetOutNumber() string
}

// answer takes over what was said about an out-number. What cannot be about it is
// refused with payout.ErrForeign.
func answer(r said, outNumber string) (payout.Answer, error) {
	if told := r.GetOutNumber(); told != "" && told != outNumber {
		return payout.Answer{}, fmt.Errorf("%w: it is about the out-number %.40q, and %s was asked about", payout.ErrForeign, told, outNumber)
	}
	outcome, ok := outcomes[r.GetOutcome()]
	if !ok {
		return payout.Answer{}, fmt.Errorf("%w: its outcome is %v", payout.ErrForeign, r.GetOutcome())
	}
	a := payout.Answer{Outcome: outcome, GatewayReference: kept(r.GetGatewayReference(), printable), Try: max(0, r.GetTryNumber())}
	if said := r.GetAmount(); said != nil && outcome == payout.OutcomeSucceeded {
		a.Amount, a.Currency = money.Amount(said.GetMinorUnits()), said.GetCurrencyCode()
		if a.Amount <= 0 || a.Amount > money.MaxAmount || a.Currency == "" {
			return payout.Answer{}, fmt.Errorf("%w: it says that %d minor units of %.8q were paid", payout.ErrForeign, a.Amount, a.Currency)
		}
	}
	if outcome == payout.OutcomeFailed {
		a.FailureCode = kept(r.GetFailureCode(), codeCharacter)
	}
	if at := r.GetOccurredAt(); at != nil && at.CheckValid() == nil {
		a.OccurredAt = at.AsTime().Truncate(time.Microsecond)
	}
	if at := r.GetCouponExpiresAt(); at != nil && at.CheckValid() == nil {
		a.ExpiresAt = at.AsTime().Truncate(time.Microsecond)
	}
	return a, nil
}

// textMax bounds the stored texts of the gateway, as the contract does.
const textMax = 64

// kept is the part of a text that the contract allows, cut to fit: a gateway that
// breaks the form must not keep its answer from being recorded.
func kept(s string, allowed func(byte) bool) string {
	out := make([]byte, 0, min(len(s), textMax))
	for i := 0; i < len(s) && len(out) < textMax; i++ {
		if allowed(s[i]) {
			out = append(out, s[i])
		}
	}
	return string(out)
}

func printable(b byte) bool { return b > ' ' && b < 0x7f }

func codeCharacter(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '.' || b == '-'
}
