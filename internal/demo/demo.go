// Package demo is a small marketplace. It plays the order service, the laboratory,
// the merchants, finance and the payment service around a Tenfold server, and calls
// the server over gRPC as they would. It files published court cases and a load of
// claims that end in every way, and compares the results with the expected ones.
package demo

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Start is the present time of the demo; the sandbox clock of the server must show
// it. The seeded policies are in force at Start, so the cases are priced as if
// their goods had been bought some weeks before.
var Start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)

// Clock is the payment service's clock, which the demo moves with the server's.
type Clock struct{ now atomic.Int64 }

// NewClock makes a clock that shows Start.
func NewClock() *Clock {
	c := new(Clock)
	c.now.Store(Start.UnixMicro())
	return c
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { return time.UnixMicro(c.now.Load()).UTC() }

// Config is the input of a demo.
type Config struct {
	// Address is the address of a sandbox server. Its clock must show Start, and
	// its payout gateway must be Payments.
	Address string
	// Payments is the payment service; its clock is Clock.
	Payments *payouttest.Simulator
	Clock    *Clock
	// Claims is the number of claims that are filed in addition to the published
	// cases.
	Claims int
	// Callers is the number of these claims that are worked on at the same time.
	Callers int
	// Patience is how long one call is repeated while the server cannot be reached
	// or is busy.
	Patience time.Duration
	// Progress receives how much of a step is done; it must not block.
	Progress func(what string, done, total int)
	// Called is called after every answered call; it may be nil.
	Called func()
}

// Run plays the demo and reports its results.
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
	verified, err := m.examine(ctx)
	if err != nil {
		return nil, err
	}
	load, err := m.fileLoad(ctx)
	if err != nil {
		return nil, err
	}
	if err := m.letTimePass(ctx, cases); err != nil {
		return nil, err
	}
	if err := m.takeBack(ctx, verified, steps[len(steps)-1].at.Add(rounds*time.Hour)); err != nil {
		return nil, err
	}
	if err := m.disagree(ctx, &verified.conflict, steps[len(steps)-1].at.Add((rounds+1)*time.Hour)); err != nil {
		return nil, err
	}
	report := &Report{}
	if report.Verification, err = m.compareVerification(ctx, verified); err != nil {
		return nil, err
	}
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
	// Days are compared when they are over.
	end := steps[len(steps)-1].at.Add(reckonAfter)
	if err := m.runDueWork(ctx, end); err != nil {
		return nil, err
	}
	if report.Statements, err = m.statements(ctx, end, report.Books); err != nil {
		return nil, err
	}
	report.Reckoning, err = m.reckon(ctx, end)
	return report, err
}

// reckonAfter is how long after the last step the days are compared with their files.
const reckonAfter = 48 * time.Hour

// market plays everybody around the server.
type market struct {
	config  Config
	claims  tenfoldv1.ClaimServiceClient
	results tenfoldv1.AuthenticationServiceClient
	books   tenfoldv1.DepositServiceClient
	sandbox tenfoldv1.SandboxServiceClient
	bills   tenfoldv1.StatementServiceClient
	files   tenfoldv1.ReconciliationServiceClient
	// Those of the verification.
	registry      tenfoldv1.AuthenticatorServiceClient
	keys          tenfoldv1.AuthenticatorKeyServiceClient
	signedResults tenfoldv1.SignedResultServiceClient
	commissions   tenfoldv1.CommissionServiceClient
	retractions   tenfoldv1.RetractionServiceClient
	jobs          tenfoldv1.JobServiceClient
	custody       tenfoldv1.CustodyServiceClient
	decisionRules tenfoldv1.DecisionRulesServiceClient
	// merchants have a book; they are in the order in which their books were
	// opened.
	merchants []string
}

func newMarket(c Config, conn *grpc.ClientConn) *market {
	return &market{
		config: c,
		claims: tenfoldv1.NewClaimServiceClient(conn), results: tenfoldv1.NewAuthenticationServiceClient(conn),
		books: tenfoldv1.NewDepositServiceClient(conn), sandbox: tenfoldv1.NewSandboxServiceClient(conn),
		bills: tenfoldv1.NewStatementServiceClient(conn), files: tenfoldv1.NewReconciliationServiceClient(conn),
		registry: tenfoldv1.NewAuthenticatorServiceClient(conn), keys: tenfoldv1.NewAuthenticatorKeyServiceClient(conn),
		signedResults: tenfoldv1.NewSignedResultServiceClient(conn), commissions: tenfoldv1.NewCommissionServiceClient(conn),
		retractions: tenfoldv1.NewRetractionServiceClient(conn), jobs: tenfoldv1.NewJobServiceClient(conn),
		custody: tenfoldv1.NewCustodyServiceClient(conn), decisionRules: tenfoldv1.NewDecisionRulesServiceClient(conn),
	}
}

// The identities of the callers.
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

// purse is the money of a merchant, in yuan.
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

// noticeEnds is the time at which every notice that was delivered at Start has
// lapsed, including the grace period. It is five minutes before midnight in China, so
// that the payouts of that moment may stand in the file of either day.
var noticeEnds = Start.Add(7*24*time.Hour + 14*time.Hour + 55*time.Minute)

// steps are the times to which the clock is moved. Accepted claims are paid first.
// Then notices lapse and the other payouts are sent. Then some payouts come back,
// and payouts that the gateway never decided fail for good.
var steps = []struct {
	what string
	at   time.Time
}{
	{"paying accepted claims", Start},
	{"sending payouts after lapsed notices", noticeEnds},
	{"taking payouts back", noticeEnds.Add(25 * time.Hour)},
	{"failing stalled payouts", noticeEnds.Add(80 * time.Hour)},
}

// rounds is the number of times that due work is done in each step, an hour apart.
// The outcome of an open payout is asked for within an hour, so the second round
// resolves the payouts that the first round left open. Each further round makes up
// for a server that was killed while it sent payouts. All rounds must be over
// before the time after which the gateway may not pay any more.
const rounds = 5

// letTimePass moves both clocks from step to step. Whenever time has done its part, the
// approvers look at what waits for them.
func (m *market) letTimePass(ctx context.Context, filed []filedCase) error {
	for i, step := range steps {
		for round := range rounds {
			m.config.Progress(step.what, round, rounds)
			if err := m.work(ctx, steps[i].at.Add(time.Duration(round)*time.Hour)); err != nil {
				return err
			}
			if round == 0 {
				if err := m.approveLarge(ctx, filed); err != nil {
					return err
				}
			}
		}
	}
	m.config.Progress("moving the clocks", 1, 1)
	return nil
}

// work does the work that is due at a time: first the server's part, then the
// reports of the payment service and their consequences.
func (m *market) work(ctx context.Context, at time.Time) error {
	m.config.Clock.now.Store(at.UnixMicro())
	if err := m.runDueWork(ctx, at); err != nil {
		return err
	}
	if err := m.reportOutcomes(ctx, at); err != nil {
		return err
	}
	return m.runDueWork(ctx, at)
}

// runDueWork moves the server's clock to a time and runs due work until none is
// left.
func (m *market) runDueWork(ctx context.Context, at time.Time) error {
	for {
		// The clock is moved before each run, because a server that was killed
		// shows its first time again.
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
			continue // The server was restarted in between.
		}
		if done.GetDeadlinesPassed()+done.GetResultsRecorded()+done.GetPayoutsInstructed()+done.GetOutcomesRecorded()+done.GetJobItemsDone() == 0 {
			return nil
		}
	}
}

// reportOutcomes sends the reports of the payment service at a time.
func (m *market) reportOutcomes(ctx context.Context, at time.Time) error {
	for _, r := range m.config.Payments.TakeReports() {
		if err := m.reportOutcome(ctx, at, r); err != nil {
			return err
		}
	}
	return nil
}

// reportOutcome sends one report. A server that was killed shows its first time again,
// at which nothing that is reported has happened: then its clock is moved first.
func (m *market) reportOutcome(ctx context.Context, at time.Time, r payouttest.Report) error {
	for {
		outcome := tenfoldv1.PayoutOutcome(tenfoldv1.PayoutOutcome_value["PAYOUT_OUTCOME_"+string(r.Answer.Outcome)])
		_, err := call(ctx, m, payments, m.claims.ReportPayoutOutcome, &tenfoldv1.ReportPayoutOutcomeRequest{
			Parent: "merchants/-", RequestId: fmt.Sprintf("report-%d-%s", outcome, r.OutNumber), OutNumber: r.OutNumber,
			Outcome: outcome, GatewayReference: r.Answer.GatewayReference, FailureCode: r.Answer.FailureCode,
			OccurredAt: timestamppb.New(r.Answer.OccurredAt), Amount: amountOf(&r.Answer), TryNumber: r.Answer.Try,
		})
		if status.Code(err) != codes.InvalidArgument {
			return err
		}
		shown, clockErr := call(ctx, m, operator, m.sandbox.GetClock, &tenfoldv1.GetClockRequest{})
		if clockErr != nil || !shown.GetNow().AsTime().Before(at) {
			return err
		}
		_, clockErr = call(ctx, m, operator, m.sandbox.AdvanceClock, &tenfoldv1.AdvanceClockRequest{
			Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(at)},
		})
		if clockErr != nil {
			return clockErr
		}
	}
}

// amountOf is the amount that a report names; nil for none.
func amountOf(a *payout.Answer) *tenfoldv1.Money {
	if !a.Told() {
		return nil
	}
	return &tenfoldv1.Money{CurrencyCode: a.Currency, MinorUnits: int64(a.Amount)}
}
