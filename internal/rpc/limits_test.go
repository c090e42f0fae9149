package rpc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a caller who takes the server's memory by one large request or
// one large header, and a limit that breaks the connection for the calls after.
func TestSizesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	r := f.filing("m1", "l1")
	r.Note = strings.Repeat("x", 9<<20)
	if code := status.Code(f.fileErr(r)); code != codes.ResourceExhausted {
		t.Errorf("nine megabytes: %v", code)
	}
	large := metadata.AppendToOutgoingContext(f.as("support"), "tenfold-person-token", strings.Repeat("x", 128<<10))
	if err := listAuthenticators(large, f.conn); err == nil {
		t.Error("a header of 128 kilobytes is let in")
	}
	if err := f.fileErr(f.filing("m1", "l1")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Would catch connections without end, each of which costs memory before
// anybody has said who calls.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bounds := peers.Defaults()
	bounds.ConnectionsMax = 1
	listener := bufconn.Listen(1 << 20)
	t.Cleanup(f.admit(peers.Listen(listener, bounds), rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, rpc.Defaults()))
	first := dial(t, listener)
	if err := listAuthenticators(f.as("support"), first); err != nil {
		t.Fatal(err)
	}
	second := dial(t, listener)
	ctx, cancel := context.WithTimeout(f.as("support"), 200*time.Millisecond)
	defer cancel()
	if err := listAuthenticators(ctx, second); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a second connection: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := listAuthenticators(f.as("support"), second); err != nil {
		t.Errorf("once there is room: %v", err)
	}
}

// Would catch a workload that may try what it may not without end.
func TestDeniedCallsCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	limited := tenfoldv1.NewClaimServiceClient(f.limitedTo(identity.Quota{PerSecond: 0.001, Burst: 2}))
	for _, want := range []string{"ACCESS_DENIED", "ACCESS_DENIED", "RATE_LIMITED"} {
		if _, err := limited.FileClaim(f.as("auditor"), f.filing("m1", "l1")); refusal(err).reason != want {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// Would catch a queue without a bound, or a full one that does not say when to
// come back, in details and in the trailer.
func TestQueueFull(t *testing.T) {
	t.Parallel()
	config := engine.Defaults()
	config.Lanes, config.QueueMax, config.BatchMax = 1, 1, 1
	f := newBounded(t, config, watch.Defaults())
	f.open("m1", 0)
	release := f.lockBook("m1")
	const callers = 8
	type answer struct {
		err     error
		trailer metadata.MD
	}
	answers := make(chan answer, callers)
	for i := range callers {
		r := f.filing("m1", "l"+string(rune('a'+i)))
		go func() {
			var a answer
			_, a.err = f.claims.FileClaim(f.as("order-service"), r, grpc.Trailer(&a.trailer))
			answers <- a
		}()
	}
	// With one command running and one waiting the others are refused at once.
	refusedNow := 0
	for refusedNow < callers-2 {
		a := <-answers
		got := refusal(a.err)
		if got.reason != "QUEUE_FULL" || got.code != codes.ResourceExhausted || got.retry <= 0 {
			t.Fatalf("refused as %+v", got)
		}
		if pause := a.trailer.Get("grpc-retry-pushback-ms"); len(pause) != 1 || pause[0] == "0" {
			t.Errorf("trailer %v", a.trailer)
		}
		refusedNow++
	}
	release()
	for range callers - refusedNow {
		if a := <-answers; a.err != nil && refusal(a.err).reason != "TRANSACTION_CONTENDED" {
			t.Errorf("after the wait: %v", a.err)
		}
	}
	f.audited()
}

// Would catch a pricing group that grows without a bound, and with it the work of
// one command.
func TestPricingGroupFull(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	filing := func(n int) *tenfoldv1.FileClaimRequest {
		r := f.filing("m1", fmt.Sprintf("l%d", n))
		r.ClaimantId, r.GetOrderLine().PayerId = "collector", "collector"
		return r
	}
	var requests []*tenfoldv1.FileClaimRequest
	for n := range policy.MembersMax {
		requests = append(requests, filing(n))
	}
	r, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{Requests: requests})
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range r.GetItems() {
		if item.GetClaim() == nil {
			t.Fatalf("claim %d: %v", i, item.GetStatus())
		}
	}
	got := refusal(f.fileErr(filing(policy.MembersMax)))
	if got.reason != "PRICING_GROUP_FULL" || got.code != codes.FailedPrecondition || got.metadata["membersMax"] != "500" {
		t.Errorf("%+v", got)
	}
}
