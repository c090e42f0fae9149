package payments_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/cmd/gatewaystub/payments"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, path string, now *time.Time) *payments.Service {
	t.Helper()
	s, err := payments.Open(path, func() time.Time { return *now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func request(number, destination string) *tenfoldv1.InstructRequest {
	return &tenfoldv1.InstructRequest{
		OutNumber: number, Payout: "merchants/m1/payouts/p1", Claim: "merchants/m1/claims/C1",
		Part: tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION, OriginalPaymentId: "pay-1", Destination: destination,
		Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 100}, NotAfter: timestamppb.New(start.Add(time.Hour)),
		Form: tenfoldv1.PayoutForm_PAYOUT_FORM_CASH, TryNumber: 1,
	}
}

// Would catch a payment that is forgotten or made again after a crash, and a journal that
// cannot be read because its last line was cut.
func TestPaymentsOutliveACrash(t *testing.T) {
	t.Parallel()
	now, path := start, filepath.Join(t.TempDir(), "journal")
	s := open(t, path, &now)
	first, err := s.Instruct(t.Context(), request("N1", "wallet-1"))
	if err != nil || first.GetOutcome() != tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED {
		t.Fatalf("%v, %v", first, err)
	}
	if _, err := s.Instruct(t.Context(), request("N2", "wait-1")); err != nil {
		t.Fatal(err)
	}
	journal, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The crash cuts the line of N2.
	if err := os.WriteFile(path, journal[:len(journal)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	for range 2 {
		s = open(t, path, &now)
		again, err := s.Instruct(t.Context(), request("N1", "wallet-1"))
		if diff := cmp.Diff(first, again, protocmp.Transform()); err != nil || diff != "" {
			t.Errorf("after the crash N1 tells %s, %v", diff, err)
		}
		if a, err := s.Query(t.Context(), &tenfoldv1.QueryRequest{OutNumber: "N2"}); err != nil || a.GetOutcome() != tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND {
			t.Errorf("what was not stored is %v, %v", a, err)
		}
	}
	if _, err := s.Instruct(t.Context(), request("N2", "wait-1")); err != nil {
		t.Fatal(err)
	}
	s = open(t, path, &now)
	if a, err := s.Query(t.Context(), &tenfoldv1.QueryRequest{OutNumber: "N2"}); err != nil || a.GetOutcome() != tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING {
		t.Errorf("what was stored after the crash is %v, %v", a, err)
	}
	if err := os.WriteFile(path, []byte("{\"OutNumber\": 7}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := payments.Open(path, time.Now); err == nil {
		t.Error("a damaged journal was taken for an empty one")
	}
}

// Would catch a payment that is told although it could not be stored.
func TestWhatCannotBeStoredIsUnknown(t *testing.T) {
	t.Parallel()
	now := start
	s := open(t, filepath.Join(t.TempDir(), "journal"), &now)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if a, err := s.Instruct(t.Context(), request("N1", "wallet-1")); status.Code(err) != codes.Unavailable {
		t.Errorf("%v, %v", a, err)
	}
	if a, err := s.Query(t.Context(), &tenfoldv1.QueryRequest{OutNumber: "N1"}); err != nil || a.GetOutcome() != tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND {
		t.Errorf("%v, %v", a, err)
	}
}
