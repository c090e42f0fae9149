package client_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// constants are the names that a file declares as constants.
func constants(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				names = append(names, spec.(*ast.ValueSpec).Names[0].Name)
			}
		}
		return true
	})
	return names
}

// Would catch a reason of the server that callers have no name for.
func TestEveryReasonHasAName(t *testing.T) {
	t.Parallel()
	ours, theirs := constants(t, "reasons.go"), constants(t, "../internal/fault/reason.go")
	if len(theirs) == 0 || !slices.Equal(ours, theirs) {
		t.Errorf("the client names %v\nthe server %v", ours, theirs)
	}
}

// Would catch a refusal that a caller cannot tell from another, or that loses its
// facts on the way.
func TestRefusalsAreToldByReason(t *testing.T) {
	t.Parallel()
	c := dial(t, serveproctest.Start(t).Address, "operator", client.Defaults())
	open(t, c, "m1")
	first := filing(t, c, "m1", 1)
	filed, err := c.Claims.FileClaim(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	again := proto.CloneOf(first)
	again.RequestId = client.NewRequestID()
	_, err = c.Claims.FileClaim(t.Context(), again)
	var refused *client.Error
	if !errors.Is(err, client.ClaimAlreadyFiled) || errors.Is(err, client.ClaimNotFound) || !errors.As(err, &refused) {
		t.Fatalf("filed twice: %v", err)
	}
	if refused.Code != codes.AlreadyExists || status.Code(err) != codes.AlreadyExists || refused.Facts["claimId"] != filed.GetClaim().GetClaimId() {
		t.Errorf("filed twice: %+v", refused)
	}
	_, err = c.Claims.AcceptClaim(t.Context(), &tenfoldv1.AcceptClaimRequest{
		Name: filed.GetClaim().GetName(), RequestId: client.NewRequestID(), Etag: filed.GetClaim().GetEtag(),
	})
	if !errors.As(err, &refused) || refused.Reason != client.ClaimStateConflict || refused.Claim.GetWaitsFor() != tenfoldv1.WaitsFor_WAITS_FOR_AUTHENTICATOR {
		t.Errorf("accepted too early: %+v", refused)
	}
	again.Units = nil
	if _, err = c.Claims.FileClaim(t.Context(), again); !errors.As(err, &refused) || refused.Fields["units"] == "" {
		t.Errorf("without units: %+v", refused)
	}
	batch, err := c.Claims.BatchFileClaims(t.Context(), &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{first, again}})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.OfItem(batch.GetItems()[0].GetStatus()); err != nil {
		t.Errorf("an item that was accepted: %v", err)
	}
	if err := client.OfItem(batch.GetItems()[1].GetStatus()); !errors.Is(err, client.RequestInvalid) || status.Code(err) != codes.InvalidArgument {
		t.Errorf("an item without units: %v", err)
	}
}

// lossy is a network that loses answers: the call arrives, and its caller hears
// that it did not.
func lossy(calls *int, lose func(n int) bool) grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		*calls++
		err := invoke(ctx, method, request, response, conn, options...)
		if lose(*calls) {
			return status.Error(codes.Unavailable, "connection reset")
		}
		return err
	})
}

// Would catch a claim that is filed twice, or not at all, because an answer was
// lost.
func TestLostAnswersAreAskedForAgain(t *testing.T) {
	t.Parallel()
	server := serveproctest.Start(t)
	open(t, dial(t, server.Address, "operator", client.Defaults()), "m1")
	request := filing(t, dial(t, server.Address, "operator", client.Defaults()), "m1", 1)
	calls := 0
	c := dial(t, server.Address, "operator", quick(), lossy(&calls, func(n int) bool { return n <= 2 }))
	filed, err := c.Claims.FileClaim(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if calls != 3 || !filed.GetReplayed() {
		t.Errorf("after %d calls, replayed %v", calls, filed.GetReplayed())
	}
}

// Would catch a client that stays with a server that is gone although it knows another, or that
// calls the second while the first is there.
func TestTheNextServerIsCalled(t *testing.T) {
	t.Parallel()
	first, second := serveproctest.Start(t), serveproctest.Start(t)
	open(t, dial(t, first.Address, "operator", client.Defaults()), "m1")
	open(t, dial(t, second.Address, "operator", client.Defaults()), "m2")
	both := dial(t, first.Address+", "+second.Address, "operator", quick())
	read := func(merchant string) error {
		_, err := both.Books.GetBook(t.Context(), &tenfoldv1.GetBookRequest{Name: "merchants/" + merchant})
		return err
	}
	if err := read("m1"); err != nil {
		t.Fatalf("the first server is not called: %v", err)
	}
	first.Kill()
	defer first.Restart() // Its end is checked like that of every server.
	if err := read("m2"); err != nil {
		t.Fatalf("the second server is not called: %v", err)
	}
	as := client.Identity{Workload: "test", Role: "operator"}
	for _, wrong := range []string{"", "a", first.Address + ",", first.Address + "," + first.Address, strings.Repeat("localhost:1,", 20) + "localhost:2"} {
		if c, err := client.Dial(wrong, as.Dial, client.Defaults()); err == nil {
			_ = c.Close()
			t.Errorf("%.40q is taken for addresses", wrong)
		}
	}
}

// Would catch calls that are sent again although that does something else, and calls
// that are sent again for ever.
func TestWhatIsNotSentAgain(t *testing.T) {
	t.Parallel()
	server := serveproctest.Start(t)
	calls := 0
	never := dial(t, server.Address, "operator", quick(), lossy(&calls, func(int) bool { return true }))
	read := func() error {
		_, err := never.Sandbox.GetClock(t.Context(), &tenfoldv1.GetClockRequest{})
		return err
	}
	if err := read(); status.Code(err) != codes.Unavailable || calls != quick().TriesMax {
		t.Errorf("a server that never answers: %d calls, %v", calls, err)
	}
	calls = 0
	by := &tenfoldv1.AdvanceClockRequest{Target: &tenfoldv1.AdvanceClockRequest_By{By: durationpb.New(time.Hour)}}
	if _, err := never.Sandbox.AdvanceClock(t.Context(), by); status.Code(err) != codes.Unavailable || calls != 1 {
		t.Errorf("a clock that would move twice: %d calls, %v", calls, err)
	}
	calls = 0
	to := &tenfoldv1.AdvanceClockRequest{Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))}}
	if _, err := never.Sandbox.AdvanceClock(t.Context(), to); status.Code(err) != codes.Unavailable || calls != quick().TriesMax {
		t.Errorf("a clock that moves once: %d calls, %v", calls, err)
	}
	calls = 0
	answered := dial(t, server.Address, "operator", quick(), lossy(&calls, func(int) bool { return false }))
	open(t, answered, "m1")
	filed, err := answered.Claims.FileClaim(t.Context(), filing(t, answered, "m1", 1))
	if err != nil {
		t.Fatal(err)
	}
	calls = 0
	_, err = answered.Claims.WithdrawClaim(t.Context(), &tenfoldv1.WithdrawClaimRequest{
		Name: filed.GetClaim().GetName(), RequestId: client.NewRequestID(), Etag: "0",
	})
	if !errors.Is(err, client.ClaimChanged) || calls != 1 {
		t.Errorf("an etag that is old: %d calls, %v", calls, err)
	}
	calls = 0
	config := quick()
	config.TriesMax, config.CallMax = 1<<30, 300*time.Millisecond
	patient := dial(t, server.Address, "operator", config, lossy(&calls, func(int) bool { return true }))
	if _, err := patient.Sandbox.GetClock(t.Context(), &tenfoldv1.GetClockRequest{}); err == nil || calls < 2 {
		t.Errorf("a call without end: %d calls, %v", calls, err)
	}
}

// Would catch a client that gives up where the server says how long to wait, or
// comes back before.
func TestWaitsAsTheServerSays(t *testing.T) {
	t.Parallel()
	server := serveproctest.Start(t, "--rate-limit", "20", "--rate-burst", "1")
	calls := 0
	c := dial(t, server.Address, "operator", quick(), lossy(&calls, func(int) bool { return false }))
	const reads = 10
	for range reads {
		if _, err := c.Sandbox.GetClock(t.Context(), &tenfoldv1.GetClockRequest{}); err != nil {
			t.Fatal(err)
		}
	}
	if calls == reads || calls > 3*reads {
		t.Errorf("%d reads took %d calls", reads, calls)
	}
	config := quick()
	config.TriesMax = 1
	once, refusals := dial(t, server.Address, "operator", config), 0
	for range reads {
		if _, err := once.Sandbox.GetClock(t.Context(), &tenfoldv1.GetClockRequest{}); errors.Is(err, client.RateLimited) {
			refusals++
		}
	}
	if refusals == 0 {
		t.Error("nobody was ever limited")
	}
}

// Would catch a call that fails because the server is started anew meanwhile.
func TestCallsOutlastARestart(t *testing.T) {
	t.Parallel()
	server := serveproctest.Start(t)
	config := client.Defaults()
	config.TriesMax = 100
	c := dial(t, server.Address, "operator", config)
	open(t, c, "m1")
	request := filing(t, c, "m1", 1)
	server.Kill()
	answered := make(chan error, 1)
	go func() {
		_, err := c.Claims.FileClaim(t.Context(), request)
		answered <- err
	}()
	server.Restart()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// Would catch ids that the contract refuses, that repeat, or that do not.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, id := range []string{
		client.NewRequestID(), client.NewRequestID(), client.RequestIDOf(), client.RequestIDOf(""), client.RequestIDOf("a", "b"),
		client.RequestIDOf("ab"), client.RequestIDOf("a", "", "b"), client.RequestIDOf("b", "a"),
	} {
		if seen[id] || len(id) > 64 || id == "" {
			t.Errorf("id %q", id)
		}
		seen[id] = true
	}
	if first, second := client.RequestIDOf("order", "1"), client.RequestIDOf("order", "1"); first != second {
		t.Error("the same words make two ids")
	}
}

// Would catch bounds under which nothing is ever sent, or everything at once.
func TestBoundsAreChecked(t *testing.T) {
	t.Parallel()
	if c, err := client.Dial("127.0.0.1:1", client.Identity{Workload: "w", Role: "support"}.Dial, client.Config{}); err == nil {
		_ = c.Close()
		t.Error("a client without bounds")
	}
}

// Would catch an item whose refusal loses how long to wait.
func TestRefusalOfAnItemSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	err := client.OfItem(&tenfoldv1.ItemStatus{
		Code: int32(codes.ResourceExhausted), Reason: tenfoldv1.Reason_REASON_QUEUE_FULL, RetryAfter: durationpb.New(time.Second),
	})
	var refused *client.Error
	if !errors.As(err, &refused) || refused.Reason != client.QueueFull || refused.RetryAfter != time.Second {
		t.Errorf("%+v", refused)
	}
}
