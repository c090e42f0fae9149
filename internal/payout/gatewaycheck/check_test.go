package gatewaycheck_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/cmd/gatewaystub/payments"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewaycheck"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

type (
	instruct = func(context.Context, *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error)
	query    = func(context.Context, *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error)
)

// service is the stub, or a service that breaks a rule where the stub keeps it.
type service struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer
	*payments.Service
	instruct instruct
	query    query
}

func (s *service) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	return s.instruct(ctx, r)
}

func (s *service) Query(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	return s.query(ctx, r)
}

// newService makes a service that keeps all rules.
func newService(t *testing.T) *service {
	t.Helper()
	stub, err := payments.Open(filepath.Join(t.TempDir(), "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stub.Close() })
	return &service{Service: stub, instruct: stub.Instruct, query: stub.Query}
}

// checked checks a service.
func checked(t *testing.T, s tenfoldv1.PayoutGatewayServiceServer, change func(*gatewaycheck.Config)) (*gatewaycheck.Report, error) {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
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
	config := gatewaycheck.Config{
		Destination: "wallet-1", FailDestination: "fail-1", WaitDestination: "wait-1", Amount: 100, Currency: "CNY",
		PaymentID: "check", Form: tenfoldv1.PayoutForm_PAYOUT_FORM_CASH,
		CallMax: 2 * time.Second, Wait: 200 * time.Millisecond, Skew: 300 * time.Millisecond, Life: 100 * time.Millisecond,
		Run: "T", Now: time.Now, Show: func(string, int, int) {},
	}
	if change != nil {
		change(&config)
	}
	return gatewaycheck.Run(t.Context(), tenfoldv1.NewPayoutGatewayServiceClient(conn), config)
}

// Would catch a stub that breaks a rule, a rule that is not played, and a check that finds
// something where nothing is.
func TestStubKeepsEveryRule(t *testing.T) {
	t.Parallel()
	report, err := checked(t, newService(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range report.Findings {
		if f.Result != gatewaycheck.Kept || f.Rule != gatewaycheck.Rules()[i] || f.About == "" {
			t.Errorf("%+v", f)
		}
	}
	if len(report.Paid) == 0 || report.PaidMinor != int64(100*len(report.Paid)) || report.Calls < 50 {
		t.Errorf("paid %v, %d, in %d calls", report.Paid, report.PaidMinor, report.Calls)
	}
	if again, err := checked(t, newService(t), func(c *gatewaycheck.Config) { c.FailDestination, c.WaitDestination = "", "" }); err != nil {
		t.Error(err)
	} else if n := skipped(again); n != 3 || again.Broken() != nil {
		t.Errorf("without two destinations %d rules were skipped, %v broken", n, again.Broken())
	}
}

func skipped(r *gatewaycheck.Report) (n int) {
	for _, f := range r.Findings {
		if f.Result == gatewaycheck.Skipped {
			n++
		}
	}
	return n
}

// changedAnswers makes a service whose every answer is changed.
func changedAnswers(change func(*tenfoldv1.QueryResponse)) func(*service) {
	return func(s *service) {
		ask, tell := s.query, s.instruct
		s.query = func(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			a, err := ask(ctx, r)
			if err == nil {
				change(a)
			}
			return a, err
		}
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			a, err := tell(ctx, r)
			if err != nil {
				return nil, err
			}
			// Both answers have the same fields.
			raw, _ := proto.Marshal(a)
			q := new(tenfoldv1.QueryResponse)
			_ = proto.Unmarshal(raw, q)
			change(q)
			raw, _ = proto.Marshal(q)
			out := new(tenfoldv1.InstructResponse)
			return out, proto.Unmarshal(raw, out)
		}
	}
}

// changedInstructions makes a service that takes instructions for others.
func changedInstructions(change func(*tenfoldv1.InstructRequest)) func(*service) {
	return func(s *service) {
		tell := s.instruct
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			r = proto.Clone(r).(*tenfoldv1.InstructRequest)
			change(r)
			return tell(ctx, r)
		}
	}
}

const (
	succeeded = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED
	failed    = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_FAILED
	notFound  = tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND
)

// onSuccess changes answers that say SUCCEEDED.
func onSuccess(change func(*tenfoldv1.QueryResponse)) func(*service) {
	return changedAnswers(func(a *tenfoldv1.QueryResponse) {
		if a.GetOutcome() == succeeded {
			change(a)
		}
	})
}

// broken are services that each break one rule.
var broken = []struct {
	what  string
	rule  gatewaycheck.Rule
	spoil func(*service)
}{
	{"stalls", gatewaycheck.CallAnswered, func(s *service) {
		tell := s.instruct
		var once atomic.Bool
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			if once.CompareAndSwap(false, true) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return tell(ctx, r)
		}
	}},
	{"fails inside", gatewaycheck.CallAnswered, func(s *service) {
		ask := s.query
		var calls atomic.Int64
		s.query = func(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			if calls.Add(1) == 9 {
				return nil, status.Error(codes.Internal, "nil pointer")
			}
			return ask(ctx, r)
		}
	}},
	{"has an outcome of its own", gatewaycheck.AnswerForm, onSuccess(func(a *tenfoldv1.QueryResponse) { a.Outcome = 9 })},
	{"answers nothing", gatewaycheck.AnswerForm, onSuccess(func(a *tenfoldv1.QueryResponse) { a.Outcome = 0 })},
	{"has a long reference", gatewaycheck.AnswerForm, onSuccess(func(a *tenfoldv1.QueryResponse) { a.GatewayReference = strings.Repeat("r", 65) })},
	{"has words for a code", gatewaycheck.AnswerForm, changedAnswers(func(a *tenfoldv1.QueryResponse) {
		if a.GetOutcome() == failed {
			a.FailureCode = "the account is closed"
		}
	})},
	{"has a code without a failure", gatewaycheck.AnswerForm, onSuccess(func(a *tenfoldv1.QueryResponse) { a.FailureCode = "OK" })},
	{"answers about another number", gatewaycheck.AnswerOutNumber, onSuccess(func(a *tenfoldv1.QueryResponse) { a.OutNumber = "N1" })},
	{"pays yuan for fen", gatewaycheck.AnswerAmount, onSuccess(func(a *tenfoldv1.QueryResponse) { a.Amount.MinorUnits *= 100 })},
	{"pays in another currency", gatewaycheck.AnswerAmount, onSuccess(func(a *tenfoldv1.QueryResponse) { a.Amount.CurrencyCode = "USD" })},
	{"counts tries from two", gatewaycheck.AnswerTry, onSuccess(func(a *tenfoldv1.QueryResponse) { a.TryNumber = 9 })},
	{"tells no time", gatewaycheck.AnswerTime, onSuccess(func(a *tenfoldv1.QueryResponse) { a.OccurredAt = nil })},
	{"is an hour ahead", gatewaycheck.AnswerTime, onSuccess(func(a *tenfoldv1.QueryResponse) { a.OccurredAt = timestamppb.New(a.OccurredAt.AsTime().Add(time.Hour)) })},
	{"is an hour behind", gatewaycheck.AnswerTime, onSuccess(func(a *tenfoldv1.QueryResponse) {
		a.OccurredAt = timestamppb.New(a.OccurredAt.AsTime().Add(-time.Hour))
	})},
	{"fails what it does not know", gatewaycheck.UnknownNotFound, changedAnswers(func(a *tenfoldv1.QueryResponse) {
		if a.GetOutcome() == notFound {
			a.Outcome, a.OccurredAt = failed, timestamppb.Now()
		}
	})},
	{"pays nothing", gatewaycheck.Pays, changedInstructions(func(r *tenfoldv1.InstructRequest) { r.Destination = "fail" })},
	{"never ends a payment", gatewaycheck.Pays, changedInstructions(func(r *tenfoldv1.InstructRequest) { r.Destination = "wait" })},
	{"forgets for a moment", gatewaycheck.KnownOnceAnswered, func(s *service) {
		ask := s.query
		var mu sync.Mutex
		asked := make(map[string]int)
		s.query = func(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			a, err := ask(ctx, r)
			mu.Lock()
			defer mu.Unlock()
			if asked[r.GetOutNumber()]++; err == nil && a.GetOutcome() == succeeded && asked[r.GetOutNumber()] == 1 {
				return &tenfoldv1.QueryResponse{Outcome: notFound}, nil
			}
			return a, err
		}
	}},
	{"takes a query for an instruction", gatewaycheck.QueryChangesNothing, func(s *service) {
		ask, tell := s.query, s.instruct
		var mu sync.Mutex
		queried := make(map[string]bool)
		s.query = func(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			mu.Lock()
			defer mu.Unlock()
			a, err := ask(ctx, r)
			queried[r.GetOutNumber()] = queried[r.GetOutNumber()] || a.GetOutcome() == notFound
			return a, err
		}
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			mu.Lock()
			defer mu.Unlock()
			if queried[r.GetOutNumber()] {
				return nil, status.Error(codes.FailedPrecondition, "this number was closed by a query")
			}
			return tell(ctx, r)
		}
	}},
	{"pays again when it is told again", gatewaycheck.RepeatedPaysOnce, func(s *service) {
		tell := s.instruct
		var n atomic.Int64
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			a, err := tell(ctx, r)
			if err == nil && a.GetOutcome() == succeeded {
				a.GatewayReference = fmt.Sprint("payment-", n.Add(1))
			}
			return a, err
		}
	}},
	{"refuses what it was told already", gatewaycheck.RepeatedPaysOnce, func(s *service) {
		tell, ask := s.instruct, s.query
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			if a, err := ask(ctx, &tenfoldv1.QueryRequest{OutNumber: r.GetOutNumber()}); err == nil && a.GetOutcome() == succeeded {
				return nil, status.Error(codes.AlreadyExists, "this number was paid")
			}
			return tell(ctx, r)
		}
	}},
	{"looks first and pays then, without a lock", gatewaycheck.AtOncePaysOnce, racing},
	{"compares no amounts", gatewaycheck.OtherContent, changedInstructions(func(r *tenfoldv1.InstructRequest) {
		if r.GetAmount().GetMinorUnits() == 101 {
			r.Amount.MinorUnits = 100
		}
	})},
	{"compares no destinations", gatewaycheck.OtherContent, changedInstructions(func(r *tenfoldv1.InstructRequest) { r.Destination = strings.TrimSuffix(r.Destination, "-other") })},
	{"compares no forms", gatewaycheck.OtherContent, changedInstructions(func(r *tenfoldv1.InstructRequest) { r.Form = 1 })},
	{"compares numbers without case", gatewaycheck.CaseMatters, func(s *service) {
		tell, ask := s.instruct, s.query
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			r = proto.Clone(r).(*tenfoldv1.InstructRequest)
			r.OutNumber = strings.ToLower(r.OutNumber)
			return tell(ctx, r)
		}
		s.query = func(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			return ask(ctx, &tenfoldv1.QueryRequest{OutNumber: strings.ToLower(r.GetOutNumber())})
		}
	}},
	{"fails what its caller cancels", gatewaycheck.CancelledCall, func(s *service) {
		tell := s.instruct
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			// The call is still under way when its caller has gone, and is given up then.
			if n := r.GetOutNumber(); strings.HasSuffix(n, cancelledNumber) {
				<-ctx.Done()
				r = proto.Clone(r).(*tenfoldv1.InstructRequest)
				r.NotAfter = timestamppb.New(time.Unix(1, 0))
			}
			return tell(ctx, r)
		}
	}},
	{"pays nothing as a success", gatewaycheck.Impossible, changedInstructions(func(r *tenfoldv1.InstructRequest) {
		if r.GetAmount().GetMinorUnits() == 0 && r.GetAmount() != nil {
			r.Amount.MinorUnits = 1
		}
	})},
	{"pays to nobody", gatewaycheck.Impossible, changedInstructions(func(r *tenfoldv1.InstructRequest) {
		if r.GetDestination() == "" {
			r.Destination = "suspense"
		}
	})},
	{"pays after not_after", gatewaycheck.NotAfterPassed, changedInstructions(func(r *tenfoldv1.InstructRequest) {
		if r.NotAfter.AsTime().Before(time.Now()) {
			r.NotAfter = timestamppb.New(time.Now().Add(time.Hour))
		}
	})},
	{"pays a later not_after again", gatewaycheck.LaterNotAfter, func(s *service) {
		tell := s.instruct
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			a, err := tell(ctx, r)
			if err == nil && r.GetTryNumber() == 2 && a.GetOutcome() == succeeded {
				a.GatewayReference, a.TryNumber = "again", 2
			}
			return a, err
		}
	}},
	{"has failures that end", gatewaycheck.Fails, changedInstructions(func(r *tenfoldv1.InstructRequest) { r.Destination = strings.TrimPrefix(r.Destination, "fail") })},
	{"begins no new try", gatewaycheck.NewTry, changedInstructions(func(r *tenfoldv1.InstructRequest) {
		if r.GetTryNumber() == 2 {
			r.NotAfter = timestamppb.New(r.NotAfter.AsTime().Add(-time.Hour))
		}
	})},
	{"begins a new try without being told to", gatewaycheck.NewTry, func(s *service) {
		tell := s.instruct
		var n atomic.Int64
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			r = proto.Clone(r).(*tenfoldv1.InstructRequest)
			if r.GetDestination() == "fail-1" {
				r.NotAfter = timestamppb.New(r.NotAfter.AsTime().Add(time.Duration(n.Add(1)) * time.Second))
			}
			return tell(ctx, r)
		}
	}},
	{"lets payments run on after not_after", gatewaycheck.NotAfterEnds, changedInstructions(func(r *tenfoldv1.InstructRequest) {
		if r.GetDestination() == "wait-1" {
			r.NotAfter = timestamppb.New(time.Now().Add(time.Hour))
		}
	})},
	{"pays what waits at once", gatewaycheck.NotAfterEnds, changedInstructions(func(r *tenfoldv1.InstructRequest) { r.Destination = strings.TrimPrefix(r.Destination, "wait-") })},
	{"takes an outcome back", gatewaycheck.FinalStays, func(s *service) {
		ask, tell := s.query, s.instruct
		var ended atomic.Bool
		s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
			ended.Store(r.GetDestination() == "wait-1")
			return tell(ctx, r)
		}
		s.query = func(ctx context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			a, err := ask(ctx, r)
			if err == nil && a.GetOutcome() == succeeded && ended.Load() {
				a.Outcome, a.Amount, a.FailureCode = failed, nil, "RECALLED"
			}
			return a, err
		}
	}},
}

// racing looks whether a number is known, and pays under a lock of its own only then. The
// first call about a number stays between the two until another has looked as well, or it
// has been alone for a while.
func racing(s *service) {
	const alone = 250 * time.Millisecond
	tell := s.instruct
	var mu sync.Mutex
	known, met, second := make(map[string]bool), make(map[string]int), make(map[string]chan struct{})
	s.instruct = func(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
		mu.Lock()
		seen := known[r.GetOutNumber()]
		met[r.GetOutNumber()]++
		mine := met[r.GetOutNumber()]
		switch mine {
		case 1:
			second[r.GetOutNumber()] = make(chan struct{})
		case 2:
			close(second[r.GetOutNumber()])
		}
		looked := second[r.GetOutNumber()]
		mu.Unlock()
		if mine == 1 {
			select {
			case <-looked:
			case <-time.After(alone):
			case <-ctx.Done():
			}
		}
		a, err := tell(ctx, r)
		mu.Lock()
		defer mu.Unlock()
		known[r.GetOutNumber()] = true
		if err == nil && !seen && mine > 1 {
			a.GatewayReference = fmt.Sprint("twice-", mine)
		}
		return a, err
	}
}

// cancelledNumber is the end of the first number that the check cancels.
var cancelledNumber = "10x"

// Would catch a rule that nobody can break: each of these services breaks one, and the
// check must name it and what was seen. Every rule must have its service.
func TestBrokenServicesAreFound(t *testing.T) {
	t.Parallel()
	left := gatewaycheck.Rules()
	for _, row := range broken {
		left = slices.DeleteFunc(left, func(r gatewaycheck.Rule) bool { return r == row.rule })
		t.Run(row.what, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			row.spoil(s)
			report, err := checked(t, s, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(report.Broken(), row.rule) {
				t.Errorf("broken are %v, and %s is not among them", report.Broken(), row.rule)
			}
			for _, f := range report.Findings {
				if f.Result != gatewaycheck.Kept && (len(f.Seen) == 0 || len(f.Seen[0]) > 500) {
					t.Errorf("%s says %q", f.Rule, f.Seen)
				}
			}
		})
	}
	if len(left) > 0 {
		t.Errorf("no service breaks %v", left)
	}
}

// Would catch a check that reports broken rules where there is no service, or that takes
// it for one that keeps them.
func TestNoServiceIsNoReport(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]codes.Code{"nobody": codes.Unimplemented, "a stranger": codes.Unauthenticated} {
		s := newService(t)
		s.query = func(context.Context, *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
			return nil, status.Error(code, "no")
		}
		if report, err := checked(t, s, nil); err == nil || report != nil || !strings.Contains(err.Error(), code.String()) {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}
