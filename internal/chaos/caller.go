package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	identity "github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	currency = "CNY"
	// price is the price of a claimed unit; its refund and ten times of it are paid.
	price = 100_00
	// deposit covers more claims than a run can file.
	deposit    = 1_000_000_000_000_000
	laboratory = "chaos-lab"
	// callsOfLife is the number of calls that a claim takes, see life.
	callsOfLife = 5
	// againPause is the rest before a call is sent again.
	againPause = 50 * time.Millisecond
	// tryExtra is how long a try may take beyond the time that the database has to answer.
	tryExtra = 2 * time.Second
	// reconnectMax keeps callers from waiting longer for a server than it is away.
	reconnectMax = 500 * time.Millisecond
)

// caller files claims, has each decided and accepted, and reads it. It sends a call again
// until it is answered.
type caller struct {
	chaos *chaos
	// newcomer is a caller that connects anew for each claim.
	newcomer bool
	conn     *grpc.ClientConn
	// answers is the number of its calls that were answered.
	answers atomic.Int64
}

func (x *chaos) dial() (*grpc.ClientConn, error) {
	retry := backoff.DefaultConfig
	retry.BaseDelay, retry.MaxDelay = againPause, reconnectMax
	return identity.Identity{Workload: "chaos", Role: "operator", Person: "chaos"}.Dial(x.address, grpc.WithConnectParams(grpc.ConnectParams{Backoff: retry, MinConnectTimeout: time.Second}))
}

func (c *caller) run(ctx context.Context, over <-chan struct{}) (err error) {
	if c.conn, err = c.chaos.dial(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.conn.Close()) }()
	for {
		select {
		case <-over:
			return nil
		default:
		}
		if err := c.life(ctx, int(c.chaos.serial.Add(1))); err != nil {
			return err
		}
		if !c.newcomer {
			continue
		}
		if err := c.conn.Close(); err != nil {
			return err
		}
		if c.conn, err = c.chaos.dial(); err != nil {
			return err
		}
	}
}

// life files a claim, records the result that decides it, confirms the notice, accepts it,
// and reads it.
func (c *caller) life(ctx context.Context, serial int) error {
	claims, now := tenfoldv1.NewClaimServiceClient(c.conn), c.chaos.Now()
	merchant := merchantID(serial % c.chaos.Merchants)
	filed, err := send(ctx, c, claims.FileClaim, filing(merchant, serial, now))
	if err != nil {
		return err
	}
	name := filed.GetClaim().GetName()
	c.chaos.noteFiled(lineID(serial), name)
	results := tenfoldv1.NewAuthenticationServiceClient(c.conn)
	if _, err := send(ctx, c, results.RecordResult, counterfeit(merchant, serial, name, now)); err != nil {
		return err
	}
	n, err := send(ctx, c, claims.ConfirmNotice, &tenfoldv1.ConfirmNoticeRequest{Name: name, RequestId: fmt.Sprintf("notice-%d", serial)})
	if err != nil {
		return err
	}
	_, err = send(ctx, c, claims.AcceptClaim, &tenfoldv1.AcceptClaimRequest{Name: name, Etag: n.GetClaim().GetEtag(), RequestId: fmt.Sprintf("accept-%d", serial)})
	if err != nil {
		return err
	}
	c.chaos.noteAccepted(name)
	_, err = send(ctx, c, claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: name})
	return err
}

// send sends a call until it is answered, and rests.
func send[Q, A any](ctx context.Context, c *caller, call func(context.Context, Q, ...grpc.CallOption) (A, error), request Q) (answer A, err error) {
	answered := c.chaos.measure.begin()
	for {
		try, cancel := context.WithTimeout(ctx, c.chaos.AnswerMax+tryExtra)
		answer, err = call(try, request)
		cancel()
		if err == nil {
			answered()
			c.answers.Add(1)
			return answer, pause(ctx, c.chaos.Rest)
		}
		if ctx.Err() != nil {
			return answer, context.Cause(ctx)
		}
		if !passing(err) {
			return answer, fmt.Errorf("%T: %w", request, err)
		}
		c.chaos.repeated.Add(1)
		if err := pause(ctx, againPause); err != nil {
			return answer, err
		}
	}
}

// passing says whether the same call may be answered later.
func passing(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || code == codes.Aborted || code == codes.ResourceExhausted
}

func (x *chaos) noteFiled(line, claim string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.filed[line] = claim
}

func (x *chaos) noteAccepted(claim string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.accepted[claim] = true
}

// open registers the laboratory, and opens a book with a deposit for each merchant.
func (x *chaos) open(ctx context.Context) (err error) {
	c := &caller{chaos: x}
	if c.conn, err = x.dial(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.conn.Close()) }()
	_, err = send(ctx, c, tenfoldv1.NewAuthenticationServiceClient(c.conn).RegisterAuthenticator, &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: "register", AuthenticatorId: laboratory, Authenticator: &tenfoldv1.Authenticator{
			Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "Laboratory of the attacks",
		},
	})
	books := tenfoldv1.NewDepositServiceClient(c.conn)
	for n := 0; n < x.Merchants && err == nil; n++ {
		if _, err = send(ctx, c, books.OpenBook, &tenfoldv1.OpenBookRequest{MerchantId: merchantID(n), RequestId: "open", CurrencyCode: currency}); err != nil {
			break
		}
		_, err = send(ctx, c, books.TopUpDeposit, &tenfoldv1.TopUpDepositRequest{
			Name: bookName(merchantID(n)), RequestId: "top-up", Amount: yuan(deposit), PaymentReference: "deposit-" + merchantID(n),
		})
	}
	return err
}

func merchantID(n int) string         { return fmt.Sprintf("merchant-%d", n+1) }
func bookName(merchant string) string { return "merchants/" + merchant }
func lineID(serial int) string        { return fmt.Sprintf("line-%d", serial) }
func yuan(minor int64) *tenfoldv1.Money {
	return &tenfoldv1.Money{CurrencyCode: currency, MinorUnits: minor}
}

// filing is a request for the single unit of an order line that no other claim has.
func filing(merchant string, serial int, now time.Time) *tenfoldv1.FileClaimRequest {
	paid, consumer := now.AddDate(0, -1, 0), fmt.Sprintf("consumer-%d", serial)
	return &tenfoldv1.FileClaimRequest{
		Parent: bookName(merchant), RequestId: fmt.Sprintf("file-%d", serial),
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: &tenfoldv1.OrderLine{
			Name: bookName(merchant) + "/orderLines/" + lineID(serial), OrderId: fmt.Sprintf("order-%d", serial), PaymentId: fmt.Sprintf("payment-%d", serial),
			PaidAt: timestamppb.New(paid), ShippedAt: timestamppb.New(paid.Add(time.Hour)), DeliveredAt: timestamppb.New(paid.Add(48 * time.Hour)),
			ProductId: fmt.Sprintf("product-%d", serial%100), Category: "cosmetics", Quantity: 1,
			UnitPrice: yuan(price), GoodsPaid: yuan(price), PayerId: consumer,
		}},
		ClaimantId: consumer, Units: []int32{1}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Remedies: []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:  tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK, LearnedAt: timestamppb.New(now.AddDate(0, 0, -3)),
		PayoutDestination: fmt.Sprintf("wallet-%d", serial),
	}
}

// counterfeit is the laboratory's result on a claim.
func counterfeit(merchant string, serial int, claim string, now time.Time) *tenfoldv1.RecordResultRequest {
	return &tenfoldv1.RecordResultRequest{
		Parent: bookName(merchant), RequestId: fmt.Sprintf("result-%d", serial), Claim: claim,
		Authenticator: "authenticators/" + laboratory, ReportNumber: fmt.Sprintf("R-%d", serial),
		UnitVerdicts: []*tenfoldv1.UnitVerdict{{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}},
		SampleSource: tenfoldv1.SampleSource_SAMPLE_SOURCE_SEALED_PLATFORM_SAMPLE, CustodyIntact: true,
		IssuedAt: timestamppb.New(now.Add(-time.Hour)),
	}
}
