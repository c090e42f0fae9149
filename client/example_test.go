package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// connect calls the sandbox of the examples, where an operator may do everything.
func connect() *client.Client {
	c, err := client.Dial(serveproctest.Sandbox(), client.Identity{Workload: "shop", Role: "operator", Person: "person-1"}.Dial, client.Defaults())
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// openShop opens the book of a merchant.
func openShop(ctx context.Context, c *client.Client, merchant string) {
	_, err := c.Books.OpenBook(ctx, &tenfoldv1.OpenBookRequest{
		MerchantId: merchant, RequestId: client.RequestIDOf("open", merchant), CurrencyCode: "CNY",
	})
	if err != nil {
		log.Fatal(err)
	}
}

// complaint is a claim on a mascara that the merchant sold for 100 yuan.
func complaint(merchant string) *tenfoldv1.FileClaimRequest {
	paid := time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)
	price := &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 100_00}
	return &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + merchant, RequestId: client.RequestIDOf("order-77", "line-1"),
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: &tenfoldv1.OrderLine{
			Name: "merchants/" + merchant + "/orderLines/l1", OrderId: "order-77", PaymentId: "payment-77", PayerId: "buyer-9",
			PaidAt: timestamppb.New(paid), ShippedAt: timestamppb.New(paid.Add(time.Hour)), DeliveredAt: timestamppb.New(paid.Add(48 * time.Hour)),
			// The sandbox's laboratory finds such products counterfeit.
			ProductId: "sandbox-counterfeit-1", Category: "beauty/mascara", Quantity: 1, UnitPrice: price, GoodsPaid: price,
		}},
		ClaimantId: "buyer-9", Units: []int32{1}, PayoutDestination: "wallet-9",
		LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE, Grounds: tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		Remedies:  []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		LearnedAt: timestamppb.New(paid.AddDate(0, 0, 20)),
	}
}

// A claim is filed, found to be justified, accepted by the merchant and paid.
func Example() {
	ctx := context.Background()
	c, err := client.Dial(serveproctest.Sandbox(), client.Identity{Workload: "shop", Role: "operator", Person: "person-1"}.Dial, client.Defaults())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	openShop(ctx, c, "example-life")
	filed, err := c.Claims.FileClaim(ctx, complaint("example-life"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(filed.GetClaim().GetState())

	// The laboratory's result arrives.
	if _, err = c.Sandbox.RunDueWork(ctx, &tenfoldv1.RunDueWorkRequest{}); err != nil {
		log.Fatal(err)
	}
	read, err := c.Claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: filed.GetClaim().GetName()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(read.GetClaim().GetState(), "for", read.GetClaim().GetAward().GetCompensation().GetMinorUnits()/100, "yuan")

	// The etag says on which state of the claim the merchant agrees.
	accepted, err := c.Claims.AcceptClaim(ctx, &tenfoldv1.AcceptClaimRequest{
		Name: read.GetClaim().GetName(), RequestId: client.NewRequestID(), Etag: read.GetClaim().GetEtag(),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(accepted.GetClaim().GetState())

	// The payouts arrive.
	if _, err = c.Sandbox.RunDueWork(ctx, &tenfoldv1.RunDueWorkRequest{}); err != nil {
		log.Fatal(err)
	}
	if read, err = c.Claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: filed.GetClaim().GetName()}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(read.GetClaim().GetState())
	// Output:
	// CLAIM_STATE_AUTHENTICATING
	// CLAIM_STATE_NOTIFIED for 1000 yuan
	// CLAIM_STATE_PAYING
	// CLAIM_STATE_PAID
}

// A process that was killed before it heard the answer makes the same id out of the
// same order, and so files nothing twice.
func ExampleRequestIDOf() {
	ctx := context.Background()
	c := connect()
	defer c.Close()
	openShop(ctx, c, "example-again")
	for range 2 {
		request := complaint("example-again")
		request.RequestId = client.RequestIDOf("order-77", "line-1", "first attempt")
		filed, err := c.Claims.FileClaim(ctx, request)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(filed.GetClaim().GetState(), "replayed:", filed.GetReplayed())
	}
	// Output:
	// CLAIM_STATE_AUTHENTICATING replayed: false
	// CLAIM_STATE_AUTHENTICATING replayed: true
}

// A refusal is told apart by its reason, and carries facts.
func ExampleError() {
	ctx := context.Background()
	c := connect()
	defer c.Close()
	openShop(ctx, c, "example-twice")
	filed, err := c.Claims.FileClaim(ctx, complaint("example-twice"))
	if err != nil {
		log.Fatal(err)
	}
	again := complaint("example-twice")
	again.RequestId = client.NewRequestID()
	_, err = c.Claims.FileClaim(ctx, again)
	var refused *client.Error
	if errors.Is(err, client.ClaimAlreadyFiled) && errors.As(err, &refused) {
		fmt.Println(refused.Reason, refused.Code)
		fmt.Println("by the claim filed before:", refused.Facts["claimId"] == filed.GetClaim().GetClaimId())
	}
	// Output:
	// CLAIM_ALREADY_FILED AlreadyExists
	// by the claim filed before: true
}

// Each item of a batch is accepted or refused by itself.
func ExampleOfItem() {
	ctx := context.Background()
	c := connect()
	defer c.Close()
	openShop(ctx, c, "example-batch")
	good := complaint("example-batch")
	bad := proto.CloneOf(good)
	bad.RequestId, bad.Units = client.NewRequestID(), []int32{7}
	batch, err := c.Claims.BatchFileClaims(ctx, &tenfoldv1.BatchFileClaimsRequest{Requests: []*tenfoldv1.FileClaimRequest{good, bad}})
	if err != nil {
		log.Fatal(err)
	}
	for i, item := range batch.GetItems() {
		err := client.OfItem(item.GetStatus())
		fmt.Println(i, "accepted:", err == nil, "no such unit:", errors.Is(err, client.UnitsOutOfRange))
	}
	// Output:
	// 0 accepted: true no such unit: false
	// 1 accepted: false no such unit: true
}

// A watch goes on over broken connections. Who keeps the token of the last message
// with what the message brought misses nothing and gets nothing twice.
func ExampleClient_Watch() {
	ctx := context.Background()
	c := connect()
	defer c.Close()
	openShop(ctx, c, "example-watch")
	if _, err := c.Claims.FileClaim(ctx, complaint("example-watch")); err != nil {
		log.Fatal(err)
	}
	enough := errors.New("seen enough")
	request := &tenfoldv1.WatchClaimsRequest{Parent: "merchants/example-watch", Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING}
	err := c.Watch(ctx, request, func(m *tenfoldv1.WatchClaimsResponse) error {
		for _, e := range m.GetEvents() {
			fmt.Println(e.GetNumber(), e.GetKind())
			if e.GetKind() == tenfoldv1.EventKind_EVENT_KIND_CLAIM_FILED {
				return enough
			}
		}
		return nil
	})
	fmt.Println("ended because:", err)
	// Output:
	// 1 EVENT_KIND_BOOK_OPENED
	// 2 EVENT_KIND_CLAIM_FILED
	// ended because: seen enough
}
