package gatewayclient_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// service is a payment service that says what the test lets it say.
type service struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer
	says func(context.Context) (*tenfoldv1.QueryResponse, error)
	// got is what was instructed last.
	got *tenfoldv1.InstructRequest
}

func (s *service) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	s.got = r
	said, err := s.says(ctx)
	return &tenfoldv1.InstructResponse{
		Outcome: said.GetOutcome(), GatewayReference: said.GetGatewayReference(),
		FailureCode: said.GetFailureCode(), OccurredAt: said.GetOccurredAt(),
		Amount: said.GetAmount(), TryNumber: said.GetTryNumber(), OutNumber: said.GetOutNumber(),
	}, err
}

func (s *service) Query(ctx context.Context, _ *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	return s.says(ctx)
}

func connect(t *testing.T, s *service, callMax time.Duration) *gatewayclient.Client {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, s)
	go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///payments", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return gatewayclient.New(conn, callMax)
}

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

var sample = payout.Payout{
	MerchantID: "m1", ID: "p1", ClaimID: "c1", Part: payout.Refund, State: payout.Instructed, Amount: 1_000,
	Currency: "CNY", OutNumber: "N1", PaymentID: "pay-1", Destination: "wallet-1", NotAfter: at,
	Form: "WALLET", RidesPayment: true, Try: 3,
}

// Would catch an answer that is taken for more, or for less, than the payment
// service said, and words of it that cannot be recorded.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const (
		processing = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING
		succeeded  = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED
		failed     = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED
		notFound   = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND
	)
	for name, row := range map[string]struct {
		said *tenfoldv1.QueryResponse
		want payout.Answer
		// unknown is "" where the answer counts, else the method that takes it for none.
		unknown string
	}{
		"processing": {&tenfoldv1.QueryResponse{Outcome: processing}, payout.Answer{Outcome: payout.Processing}, ""},
		"succeeded": {
			&tenfoldv1.QueryResponse{Outcome: succeeded, GatewayReference: "ref-1", OccurredAt: timestamppb.New(at.Add(time.Nanosecond))},
			payout.Answer{Outcome: payout.OutcomeSucceeded, GatewayReference: "ref-1", OccurredAt: at}, "",
		},
		"failed": {
			&tenfoldv1.QueryResponse{Outcome: failed, FailureCode: "ACCOUNT_CLOSED"},
			payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: "ACCOUNT_CLOSED"}, "",
		},
		"not found":   {&tenfoldv1.QueryResponse{Outcome: notFound}, payout.Answer{Outcome: payout.NotFound}, "Instruct"},
		"unspecified": {&tenfoldv1.QueryResponse{}, payout.Answer{}, "both"},
		"unheard of":  {&tenfoldv1.QueryResponse{Outcome: 99}, payout.Answer{}, "both"},
		"words out of form": {
			&tenfoldv1.QueryResponse{
				Outcome: failed, FailureCode: "NO WAY\x00\u7a77" + strings.Repeat("x", 100),
				GatewayReference: "a b\n" + strings.Repeat("y", 100), OccurredAt: &timestamppb.Timestamp{Seconds: 1 << 60},
			},
			payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: "NOWAY" + strings.Repeat("x", 59), GatewayReference: "ab" + strings.Repeat("y", 62)}, "",
		},
		"paid in part, by the second try": {
			&tenfoldv1.QueryResponse{Outcome: succeeded, Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 600}, TryNumber: 2},
			payout.Answer{Outcome: payout.OutcomeSucceeded, Amount: 600, Currency: "CNY", Try: 2}, "",
		},
		"amount of what has not been paid": {
			&tenfoldv1.QueryResponse{Outcome: processing, Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 600}},
			payout.Answer{Outcome: payout.Processing}, "",
		},
		"paid nothing":           {&tenfoldv1.QueryResponse{Outcome: succeeded, Amount: &tenfoldv1.Money{CurrencyCode: "CNY"}}, payout.Answer{}, "both"},
		"paid without currency":  {&tenfoldv1.QueryResponse{Outcome: succeeded, Amount: &tenfoldv1.Money{MinorUnits: 600}}, payout.Answer{}, "both"},
		"paid below zero":        {&tenfoldv1.QueryResponse{Outcome: succeeded, Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: -1}}, payout.Answer{}, "both"},
		"a try below the first":  {&tenfoldv1.QueryResponse{Outcome: succeeded, TryNumber: -1}, payout.Answer{Outcome: payout.OutcomeSucceeded}, ""},
		"about its out-number":   {&tenfoldv1.QueryResponse{Outcome: succeeded, OutNumber: "N1"}, payout.Answer{Outcome: payout.OutcomeSucceeded}, ""},
		"about another number":   {&tenfoldv1.QueryResponse{Outcome: succeeded, OutNumber: "N2"}, payout.Answer{}, "both"},
		"number in other case":   {&tenfoldv1.QueryResponse{Outcome: failed, OutNumber: "n1"}, payout.Answer{}, "both"},
		"a number beyond bounds": {&tenfoldv1.QueryResponse{Outcome: processing, OutNumber: strings.Repeat("N", 1<<20)}, payout.Answer{}, "both"},
		"code without a failure": {&tenfoldv1.QueryResponse{Outcome: succeeded, FailureCode: "ODD"}, payout.Answer{Outcome: payout.OutcomeSucceeded}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, &service{says: func(context.Context) (*tenfoldv1.QueryResponse, error) { return row.said, nil }}, time.Minute)
			for method, call := range map[string]func() (payout.Answer, error){
				"Instruct": func() (payout.Answer, error) { return c.Instruct(t.Context(), &sample) },
				"Query":    func() (payout.Answer, error) { return c.Query(t.Context(), sample.OutNumber) },
			} {
				got, err := call()
				if unknown := row.unknown == method || row.unknown == "both"; unknown != (err != nil) || unknown && !errors.Is(err, payout.ErrForeign) || err != nil && len(err.Error()) > 300 {
					t.Errorf("%s: error %.400v", method, err)
				} else if want := row.want; !unknown && got != want {
					t.Errorf("%s: %+v, not %+v", method, got, want)
				}
			}
		})
	}
}

// Would catch an outage that is taken for a refusal, or a refusal that is asked
// after for ever.
func TestErrors(t *testing.T) {
	t.Parallel()
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			c := connect(t, &service{says: func(context.Context) (*tenfoldv1.QueryResponse, error) { return nil, status.Error(code, "no") }}, time.Minute)
			if a, err := c.Query(t.Context(), sample.OutNumber); err == nil {
				t.Errorf("a failed query tells %+v", a)
			}
			a, err := c.Instruct(t.Context(), &sample)
			refused := code == codes.InvalidArgument || code == codes.FailedPrecondition
			switch {
			case refused && (err != nil || a.Outcome != payout.OutcomeFailed || a.FailureCode == ""):
				t.Errorf("a refusal tells %+v, %v", a, err)
			case !refused && err == nil:
				t.Errorf("an unknown outcome tells %+v", a)
			}
			if disputed := errors.Is(err, fault.ReferenceAlreadyUsed); disputed != (code == codes.AlreadyExists) {
				t.Errorf("disputed: %v", disputed)
			}
		})
	}
}

// Would catch a call that a silent payment service holds up for ever.
func TestCallEndsInTime(t *testing.T) {
	t.Parallel()
	c := connect(t, &service{says: func(ctx context.Context) (*tenfoldv1.QueryResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}, 20*time.Millisecond)
	if a, err := c.Instruct(t.Context(), &sample); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("Instruct: %+v, %v", a, err)
	}
	if a, err := c.Query(t.Context(), sample.OutNumber); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("Query: %+v, %v", a, err)
	}
}

// Would catch an instruction that pays something else than the payout.
func TestInstruction(t *testing.T) {
	t.Parallel()
	s := &service{says: func(context.Context) (*tenfoldv1.QueryResponse, error) {
		return &tenfoldv1.QueryResponse{Outcome: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING}, nil
	}}
	c := connect(t, s, time.Minute)
	for part, want := range map[payout.Part]tenfoldv1.PayoutPart{
		payout.Refund:       tenfoldv1.PayoutPart_PAYOUT_PART_REFUND,
		payout.Compensation: tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION,
	} {
		p := sample
		p.Part = part
		if _, err := c.Instruct(t.Context(), &p); err != nil {
			t.Fatal(err)
		}
		diff := cmp.Diff(&tenfoldv1.InstructRequest{
			OutNumber: "N1", Payout: "merchants/m1/payouts/p1", Claim: "merchants/m1/claims/c1", Part: want,
			OriginalPaymentId: "pay-1", Destination: "wallet-1",
			Amount:   &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 1_000},
			NotAfter: timestamppb.New(at), Form: tenfoldv1.PayoutForm_PAYOUT_FORM_WALLET, RidesPayment: true,
			TryNumber: 3,
		}, s.got, protocmp.Transform())
		if diff != "" {
			t.Error(diff)
		}
	}
}
