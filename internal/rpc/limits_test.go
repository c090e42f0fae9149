package rpc_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
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
	config := rpc.Defaults()
	config.ConnectionsMax = 1
	listener := bufconn.Listen(1 << 20)
	t.Cleanup(f.listen(listener, rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, config))
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
