// Package demo is a marketplace in small: it plays the order service, the
// laboratory, the merchants, finance and the payment service around a Tenfold
// server, over gRPC like all of them. It files published court cases and a load
// of claims that end in every way, and compares what comes out with what must.
package demo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Start is the demo's present: the sandbox clock of the server must stand at it.
// The seeded policies are in force then, so the cases are priced as if their
// goods had been bought some weeks before.
var Start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)

// Clock is the payment service's clock, which the demo moves with the server's.
type Clock struct{ now atomic.Int64 }

// NewClock makes a clock that stands at Start.
func NewClock() *Clock {
	c := new(Clock)
	c.now.Store(Start.UnixMicro())
	return c
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.now.Load()).UTC() }

// Config says what to run.
type Config struct {
	// Address is where a sandbox server takes calls whose clock stands at Start
	// and whose payout gateway is Payments.
	Address string
	// Payments is the payment service, living by Clock.
	Payments *payouttest.Simulator
	Clock    *Clock
	// Claims is how many claims the load files beside the published cases.
	Claims int
	// Callers is how many of them are under way at once.
	Callers int
	// Patience bounds how long one call is sent again and again while the server
	// cannot be reached or is busy.
	Patience time.Duration
	// Progress is told what is done of how much; it must not block.
	Progress func(what string, done, total int)
	// Called is told of every call that was answered; nil for nobody.
	Called func()
}

// Run plays the demo and reports what came out.
func Run(ctx context.Context, c Config) (*Report, error) {
	conn, err := caller.Identity{}.Dial(c.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	m := newMarket(c, conn)
	if err := m.registerLaboratory(ctx); err != nil {
		return nil, err
	}
	cases, err := m.fileCases(ctx)
	if err != nil {
		return nil, err
	}
	load, err := m.fileLoad(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.letTimePass(ctx); err != nil {
		return nil, err
	}
	report := &Report{}
	if report.Cases, err = m.compareCases(ctx, cases); err != nil {
		return nil, err
	}
	if report.Load, err = m.compareLoad(ctx, load); err != nil {
		return nil, err
	}
	if report.Books, err = m.readBooks(ctx); err != nil {
		return nil, err
	}
	report.TrialBalance = trialBalance(report.Books)
	return report, nil
}

// market is everybody around the server.
type market struct {
	config  Config
	claims  tenfoldv1.ClaimServiceClient
	results tenfoldv1.AuthenticationServiceClient
	books   tenfoldv1.DepositServiceClient
	sandbox tenfoldv1.SandboxServiceClient
	// merchants have a book, in the order in which it was opened.
	merchants []string
}

func newMarket(c Config, conn *grpc.ClientConn) *market {
	return &market{
		config: c,
		claims: tenfoldv1.NewClaimServiceClient(conn), results: tenfoldv1.NewAuthenticationServiceClient(conn),
		books: tenfoldv1.NewDepositServiceClient(conn), sandbox: tenfoldv1.NewSandboxServiceClient(conn),
	}
}

// Who calls.
var (
	orderService = caller.Identity{Workload: "order-service", Role: "order-service"}
	finance      = caller.Identity{Workload: "finance", Role: "finance", Person: "demo-cashier"}
	operator     = caller.Identity{Workload: "operations", Role: "operator", Person: "demo-operator"}
	adjudicator  = caller.Identity{Workload: "support-tool", Role: "adjudicator", Person: "demo-adjudicator"}
	payments     = caller.Identity{Workload: "payment-service", Role: "operator"}
	laboratory   = caller.Identity{Workload: "laboratory", Role: "authenticator", Scope: "authenticators/" + labID}
)

func backOffice(merchant string) caller.Identity {
	return caller.Identity{Workload: "back-office", Role: "merchant", Scope: "merchants/" + merchant}
}

const labID = "demo-lab"

func (m *market) registerLaboratory(ctx context.Context) error {
	_, err := call(ctx, m, operator, m.results.RegisterAuthenticator, &tenfoldv1.RegisterAuthenticatorRequest{
		RequestId: "register-lab", AuthenticatorId: labID,
		Authenticator: &tenfoldv1.Authenticator{
			Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "Demo laboratory",
		},
	})
	return err
}

// purse is what a merchant has, in yuan.
type purse struct{ deposit, shopFunds int64 }

// openBook opens a merchant's book and fills it.
func (m *market) openBook(ctx context.Context, merchant string, p purse) error {
	name := "merchants/" + merchant
	_, err := call(ctx, m, finance, m.books.OpenBook, &tenfoldv1.OpenBookRequest{
		MerchantId: merchant, RequestId: "open-" + merchant, CurrencyCode: currency,
	})
	if err != nil {
		return err
	}
	if p.deposit > 0 {
		_, err = call(ctx, m, finance, m.books.TopUpDeposit, &tenfoldv1.TopUpDepositRequest{
			Name: name, RequestId: "top-up-" + merchant, Amount: yuan(p.deposit), PaymentReference: "bank-" + merchant,
		})
		if err != nil {
			return err
		}
	}
	if p.shopFunds > 0 {
		_, err = call(ctx, m, finance, m.books.HandOverShopFunds, &tenfoldv1.HandOverShopFundsRequest{
			Name: name, RequestId: "hand-over-" + merchant, Amount: yuan(p.shopFunds), SettlementReference: "settlement-" + merchant,
		})
	}
	m.merchants = append(m.merchants, merchant)
	return err
}

const currency = "CNY"

func yuan(n int64) *tenfoldv1.Money { return fen(n * 100) }

func fen(n int64) *tenfoldv1.Money {
	return &tenfoldv1.Money{CurrencyCode: currency, MinorUnits: n}
}

// noticeEnds is when every notice that was delivered at Start has lapsed, grace
// included.
var noticeEnds = Start.Add(7*24*time.Hour + time.Hour)

// steps are the times to which the clock is moved: accepted claims are paid, the
// notices lapse and the other payouts go out, payouts come back, and what the
// gateway never decided fails for good.
var steps = []struct {
	what string
	at   time.Time
}{
	{"accepted claims are paid", Start},
	{"notices lapse, payouts go out", noticeEnds},
	{"payouts come back", noticeEnds.Add(25 * time.Hour)},
	{"stalled payouts fail", noticeEnds.Add(80 * time.Hour)},
}

// rounds is how often due work is done in each step, an hour apart. A payout
// without an outcome is asked after within the hour, so the second round
// resolves what the first left open; each further one makes up for a server that
// was killed with payouts in its hands. All must be over before the gateway may
// not pay any more.
const rounds = 5

// letTimePass moves both clocks from step to step.
func (m *market) letTimePass(ctx context.Context) error {
	for i, step := range steps {
		for round := range rounds {
			m.config.Progress(step.what, round, rounds)
			if err := m.work(ctx, steps[i].at.Add(time.Duration(round)*time.Hour)); err != nil {
				return err
			}
		}
	}
	m.config.Progress("time has passed", 1, 1)
	return nil
}

// work does what is due at a time: Tenfold's part, then what the payment service
// reports by itself and what follows from it.
func (m *market) work(ctx context.Context, at time.Time) error {
	m.config.Clock.now.Store(at.UnixMicro())
	if err := m.runDueWork(ctx, at); err != nil {
		return err
	}
	if err := m.reportOutcomes(ctx); err != nil {
		return err
	}
	return m.runDueWork(ctx, at)
}

// runDueWork brings the server's clock to a time and has it do what is due,
// until nothing is.
func (m *market) runDueWork(ctx context.Context, at time.Time) error {
	for {
		// Sent before each run: a server that was killed has its first time again.
		_, err := call(ctx, m, operator, m.sandbox.AdvanceClock, &tenfoldv1.AdvanceClockRequest{
			Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(at)},
		})
		if err != nil {
			return err
		}
		done, err := call(ctx, m, operator, m.sandbox.RunDueWork, &tenfoldv1.RunDueWorkRequest{})
		if err != nil {
			return err
		}
		if !done.GetNow().AsTime().Equal(at) {
			continue // The server was started again in between.
		}
		if done.GetDeadlinesPassed()+done.GetResultsRecorded()+done.GetPayoutsInstructed()+done.GetOutcomesRecorded() == 0 {
			return nil
		}
	}
}

// reportOutcomes is the payment service reporting by itself.
func (m *market) reportOutcomes(ctx context.Context) error {
	for _, r := range m.config.Payments.TakeReports() {
		outcome := tenfoldv1.PayoutOutcome(tenfoldv1.PayoutOutcome_value["PAYOUT_OUTCOME_"+string(r.Answer.Outcome)])
		_, err := call(ctx, m, payments, m.claims.ReportPayoutOutcome, &tenfoldv1.ReportPayoutOutcomeRequest{
			Parent: "merchants/-", RequestId: fmt.Sprintf("report-%d-%s", outcome, r.OutNumber), OutNumber: r.OutNumber,
			Outcome: outcome, GatewayReference: r.Answer.GatewayReference, FailureCode: r.Answer.FailureCode,
			OccurredAt: timestamppb.New(r.Answer.OccurredAt),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
