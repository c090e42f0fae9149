package rpc_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/claim"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// refusalsOf lists what the auditor sees.
func (f *fixture) refusalsOf(request *tenfoldv1.ListRefusalsRequest) []*tenfoldv1.AccessRefusal {
	f.t.Helper()
	if err := f.refusals.Flush(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	var all []*tenfoldv1.AccessRefusal
	for {
		r, err := tenfoldv1.NewAuditServiceClient(f.conn).ListRefusals(f.as("auditor"), request)
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, r.GetRefusals()...)
		if request.PageToken = r.GetNextPageToken(); request.PageToken == "" {
			return all
		}
	}
}

// Would catch a refused attempt that the auditor does not see, sees of another,
// or sees without what the caller was after.
func TestRefusedAttemptsAreListed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 500_000)
	other := f.notified("m2", "l2")
	reviewed := f.inReview("l1")
	f.refused(2, func() error { return listAuthenticators(t.Context(), f.conn) })
	f.refused(1, func() error {
		return listAuthenticators(caller.Identity{Workload: "w", Role: "king"}.Attach(t.Context()), f.conn)
	})
	f.refused(3, func() error { _, err := f.claims.FileClaim(f.as("auditor"), f.filing("m1", "l9")); return err })
	f.refused(1, func() error {
		_, err := f.claims.GetClaim(f.as("merchant"), &tenfoldv1.GetClaimRequest{Name: "merchants/-/claims/" + other.GetClaimId()})
		return err
	})
	f.refused(1, func() error {
		_, err := f.books.GetBook(f.as("merchant"), &tenfoldv1.GetBookRequest{Name: "merchants/m2"})
		return err
	})
	var brand string
	for _, x := range reviewed.GetResults() {
		if x.GetAuthenticator() != "authenticators/sandbox-lab" {
			brand = x.GetName()
		}
	}
	f.refused(1, func() error {
		_, err := f.results.GetResult(f.as("authenticator"), &tenfoldv1.GetResultRequest{Name: brand})
		return err
	})
	// What is refused for another reason than who calls is no attempt.
	f.refused(1, func() error {
		_, err := f.results.GetResult(f.as("support"), &tenfoldv1.GetResultRequest{Name: "merchants/m1/results/none"})
		return err
	})
	f.refused(1, func() error { return f.fileErr(f.filing("nobody", "l1")) })
	at := timestamppb.New(start)
	refused := func(attempts int32, method string, reason tenfoldv1.Reason, r *tenfoldv1.AccessRefusal) *tenfoldv1.AccessRefusal {
		r.RefusedAt, r.Attempts, r.Method, r.Reason = at, attempts, method, reason
		return r
	}
	merchant := func(target string) *tenfoldv1.AccessRefusal {
		return &tenfoldv1.AccessRefusal{Workload: "test", Role: "merchant", Person: "person-1", Scope: "merchants/m1", Target: target}
	}
	want := []*tenfoldv1.AccessRefusal{
		refused(1, "AuthenticationService/GetResult", tenfoldv1.Reason_REASON_RESULT_NOT_FOUND, &tenfoldv1.AccessRefusal{
			Workload: "test", Role: "authenticator", Person: "person-1", Scope: "authenticators/sandbox-lab", Target: brand,
		}),
		refused(1, "DepositService/GetBook", tenfoldv1.Reason_REASON_MERCHANT_NOT_FOUND, merchant("merchants/m2")),
		refused(1, "ClaimService/GetClaim", tenfoldv1.Reason_REASON_CLAIM_NOT_FOUND, merchant("merchants/-/claims/"+other.GetClaimId())),
		refused(3, "ClaimService/FileClaim", tenfoldv1.Reason_REASON_ACCESS_DENIED, &tenfoldv1.AccessRefusal{Workload: "test", Role: "auditor", Person: "person-1"}),
		refused(1, "AuthenticationService/ListAuthenticators", tenfoldv1.Reason_REASON_CREDENTIAL_INVALID, &tenfoldv1.AccessRefusal{}),
		refused(2, "AuthenticationService/ListAuthenticators", tenfoldv1.Reason_REASON_CREDENTIAL_MISSING, &tenfoldv1.AccessRefusal{}),
	}
	for _, size := range []int32{0, 1, 4} {
		if diff := cmp.Diff(want, f.refusalsOf(&tenfoldv1.ListRefusalsRequest{PageSize: size}), protocmp.Transform()); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
	}
	if diff := cmp.Diff(want[:4], f.refusalsOf(&tenfoldv1.ListRefusalsRequest{Workload: "test", PageSize: 3}), protocmp.Transform()); diff != "" {
		t.Errorf("of one workload: %s", diff)
	}
	for what, request := range map[string]*tenfoldv1.ListRefusalsRequest{
		"of nobody":       {Workload: "nobody"},
		"before it began": {Until: at},
		"after it ended":  {From: timestamppb.New(start.Add(1e6)), Workload: "test"},
	} {
		if got := f.refusalsOf(request); len(got) != 0 {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// refused makes a call so many times that must be refused each time.
func (f *fixture) refused(times int, call func() error) {
	f.t.Helper()
	for range times {
		if err := call(); err == nil {
			f.t.Error("not refused")
		}
	}
}

// Would catch an answer that tells a merchant which claims of others exist.
func TestAnothersClaimLooksLikeNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	there := f.file("m2", "l1")
	get := func(ctx context.Context, id string) refused {
		_, err := f.claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: "merchants/-/claims/" + id})
		return refusal(err)
	}
	var ids claim.IDs
	absent := ids.Next(start)
	mine, none := get(f.as("merchant"), there.GetClaimId()), get(f.as("merchant"), absent)
	none.message = strings.ReplaceAll(none.message, absent, there.GetClaimId())
	none.metadata["claimId"] = there.GetClaimId()
	if diff := cmp.Diff(mine, none, cmp.AllowUnexported(refused{})); diff != "" {
		t.Errorf("another's claim is told from none: %s", diff)
	}
	if _, err := f.claims.ListClaims(f.as("merchant"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Filter: `claimant_id = "consumer-l1"`}); refusal(err).reason != "FILTER_UNSUPPORTED" {
		t.Errorf("a merchant looks for a consumer: %v", err)
	}
}
