package client_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func TestMain(m *testing.M) { os.Exit(serveproctest.Main(m)) }

// quick are bounds of a client whose test does not want to wait.
func quick() client.Config {
	c := client.Defaults()
	c.PauseMin, c.PauseMax = time.Millisecond, 100*time.Millisecond
	return c
}

// dial makes a client that calls in a role.
func dial(t *testing.T, address, role string, config client.Config, more ...grpc.DialOption) *client.Client {
	t.Helper()
	c, err := client.Dial(address, client.Identity{Workload: "test-" + role, Role: role, Person: "person-1"}.Dial, config, more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// open opens a book.
func open(t *testing.T, c *client.Client, merchant string) {
	t.Helper()
	_, err := c.Books.OpenBook(t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: merchant, RequestId: client.NewRequestID(), CurrencyCode: "CNY"})
	if err != nil {
		t.Fatal(err)
	}
}

// filing is a claim on the only unit of the nth order line of a merchant.
func filing(t *testing.T, c *client.Client, merchant string, n int) *tenfoldv1.FileClaimRequest {
	t.Helper()
	clock, err := c.Sandbox.GetClock(t.Context(), &tenfoldv1.GetClockRequest{})
	if err != nil {
		t.Fatal(err)
	}
	paid := clock.GetNow().AsTime().AddDate(0, -1, 0)
	price := &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 10_000}
	line := fmt.Sprintf("merchants/%s/orderLines/l%d", merchant, n)
	return &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + merchant, RequestId: client.RequestIDOf("claim", line),
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: &tenfoldv1.OrderLine{
			Name: line, OrderId: fmt.Sprintf("order-%d", n), PaymentId: fmt.Sprintf("payment-%d", n),
			PaidAt: timestamppb.New(paid), ShippedAt: timestamppb.New(paid.Add(time.Hour)), DeliveredAt: timestamppb.New(paid.Add(48 * time.Hour)),
			ProductId: "sandbox-counterfeit-1", Category: "beauty/mascara", Quantity: 1, UnitPrice: price, GoodsPaid: price,
			PayerId: fmt.Sprintf("buyer-%d", n),
		}},
		ClaimantId: fmt.Sprintf("buyer-%d", n), Units: []int32{1}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Remedies:  []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:   tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt: timestamppb.New(paid.AddDate(0, 0, 20)), PayoutDestination: "wallet-1",
	}
}
