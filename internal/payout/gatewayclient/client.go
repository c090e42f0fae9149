// Package gatewayclient speaks to the payout gateway, the gRPC service that the
// marketplace's payment service implements. It turns what comes back into an
// answer or into "outcome unknown", and never guesses between the two.
package gatewayclient

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

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

// New makes a client over a connection, which stays its owner's.
func New(conn grpc.ClientConnInterface, callMax time.Duration) *Client {
	return &Client{stub: tenfoldv1.NewPayoutGatewayServiceClient(conn), callMax: callMax}
}

// Instruct asks to pay p. An error means that the outcome is unknown.
func (c *Client) Instruct(ctx context.Context, p *payout.Payout) (payout.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.callMax)
	defer cancel()
	r, err := c.stub.Instruct(ctx, instruction(p))
	if err == nil {
		return answer(r.GetOutcome(), r.GetGatewayReference(), r.GetFailureCode(), r.GetOccurredAt())
	}
	if code := status.Code(err); code == codes.InvalidArgument || code == codes.FailedPrecondition {
		// By the contract: refused for good, no money moves under this number.
		return payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: code.String()}, nil
	}
	return payout.Answer{}, fmt.Errorf("instruct payout %s: %w", p.ID, err)
}

// Query asks what became of an out-number. An error means that nothing is known.
func (c *Client) Query(ctx context.Context, outNumber string) (payout.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.callMax)
	defer cancel()
	r, err := c.stub.Query(ctx, &tenfoldv1.QueryRequest{OutNumber: outNumber})
	if err != nil {
		return payout.Answer{}, fmt.Errorf("query out-number %s: %w", outNumber, err)
	}
	return answer(r.GetOutcome(), r.GetGatewayReference(), r.GetFailureCode(), r.GetOccurredAt())
}

func instruction(p *payout.Payout) *tenfoldv1.InstructRequest {
	part := tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION
	if p.Part == payout.Refund {
		part = tenfoldv1.PayoutPart_PAYOUT_PART_REFUND
	}
	return &tenfoldv1.InstructRequest{
		OutNumber: p.OutNumber,
		Payout:    "merchants/" + p.MerchantID + "/payouts/" + p.ID,
		Claim:     "merchants/" + p.MerchantID + "/claims/" + p.ClaimID,
		Part:      part, OriginalPaymentId: p.PaymentID, Destination: p.Destination,
		Amount:   &tenfoldv1.Money{CurrencyCode: p.Currency, MinorUnits: int64(p.Amount)},
		NotAfter: timestamppb.New(p.NotAfter),
	}
}

// outcomes are what the gateway may say; an outcome that is not here says
// nothing.
var outcomes = map[tenfoldv1.GatewayOutcome]payout.Outcome{
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING: payout.Processing,
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED:  payout.OutcomeSucceeded,
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED:     payout.OutcomeFailed,
	tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND:  payout.NotFound,
}

// textMax bounds what is kept of the gateway's own words, as the contract does.
const textMax = 64

func answer(said tenfoldv1.GatewayOutcome, reference, failure string, at *timestamppb.Timestamp) (payout.Answer, error) {
	outcome, ok := outcomes[said]
	if !ok {
		return payout.Answer{}, fmt.Errorf("the gateway answered with the outcome %v", said)
	}
	a := payout.Answer{Outcome: outcome, GatewayReference: bounded(reference), FailureCode: bounded(failure)}
	if at != nil {
		a.OccurredAt = at.AsTime().Truncate(time.Microsecond)
	}
	return a, nil
}

// bounded keeps the printable ASCII of a text, as far as it fits: a gateway
// that breaks the contract must not break the record of its answer.
func bounded(s string) string {
	kept := make([]byte, 0, min(len(s), textMax))
	for i := 0; i < len(s) && len(kept) < textMax; i++ {
		if s[i] > ' ' && s[i] < 0x7f {
			kept = append(kept, s[i])
		}
	}
	return string(kept)
}
