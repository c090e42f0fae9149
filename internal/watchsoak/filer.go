package watchsoak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/client"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// filePause is the pause of a filer between two claims.
const filePause = 15 * time.Millisecond

func merchant(n int) string { return fmt.Sprintf("merchant-%d", n+1) }

// dial connects in a role, over the road.
func (s *soak) dial(role string) (*client.Client, error) {
	c := client.Defaults()
	c.PauseMin, c.PauseMax = 10*time.Millisecond, 200*time.Millisecond
	return client.Dial(s.road.address(), client.Identity{Workload: "soak", Role: role, Person: "soak"}.Dial, c)
}

// openBooks opens a book for every merchant.
func (s *soak) openBooks(ctx context.Context) (err error) {
	c, err := s.dial("operator")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for n := range s.Merchants {
		_, err := c.Books.OpenBook(ctx, &tenfoldv1.OpenBookRequest{
			MerchantId: merchant(n), RequestId: client.RequestIDOf("open", merchant(n)), CurrencyCode: "CNY",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// file files claims with a merchant until over is closed, and repeats each call
// until it is answered.
func (s *soak) file(ctx context.Context, n int, over <-chan struct{}) (err error) {
	c, err := s.dial("order-service")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for serial := 1; ; serial++ {
		select {
		case <-over:
			return nil
		default:
		}
		request := filing(merchant(n), serial, s.Now())
		for {
			_, err := c.Claims.FileClaim(ctx, request)
			if err == nil {
				break
			}
			if !passing(err) {
				return fmt.Errorf("file claim %d of %s: %w", serial, merchant(n), err)
			}
		}
		s.claims.Add(1)
		if err := pause(ctx, filePause); err != nil {
			return err
		}
	}
}

// passing says whether the same request may succeed later.
func passing(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded || code == codes.Aborted || code == codes.ResourceExhausted
}

// filing is a request for the single unit of an order line.
func filing(merchant string, serial int, now time.Time) *tenfoldv1.FileClaimRequest {
	paid := now.AddDate(0, -1, 0)
	line := fmt.Sprintf("merchants/%s/orderLines/line-%d", merchant, serial)
	price := &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 10_000}
	consumer := fmt.Sprintf("consumer-%d", serial)
	return &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + merchant, RequestId: client.RequestIDOf("file", line),
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: &tenfoldv1.OrderLine{
			Name: line, OrderId: fmt.Sprintf("order-%d", serial), PaymentId: fmt.Sprintf("payment-%d", serial),
			PaidAt: timestamppb.New(paid), ShippedAt: timestamppb.New(paid.Add(time.Hour)), DeliveredAt: timestamppb.New(paid.Add(48 * time.Hour)),
			ProductId: fmt.Sprintf("product-%d", serial%100), Category: "cosmetics", Quantity: 1, UnitPrice: price, GoodsPaid: price, PayerId: consumer,
		}},
		ClaimantId: consumer, Units: []int32{1}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Remedies:  []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:   tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt: timestamppb.New(paid.AddDate(0, 0, 20)), PayoutDestination: "wallet-1",
	}
}
