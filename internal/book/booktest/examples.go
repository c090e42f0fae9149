package booktest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Start is the time at which the examples are told: a Monday in March.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Beijing reads a time in Beijing in 2026, such as "02-13 15:00".
func Beijing(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", "2026-"+text, policy.Beijing)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// InWorkingDays is the second version of the promise, with periods in working days, in
// force when the examples' lines are paid.
func InWorkingDays() policy.Version {
	v := policy.WithoutLimits()[0]
	v.Number = 2
	v.Windows.Result, v.Windows.NoticeDelivery = policy.WorkingDays(15), policy.WorkingDays(2)
	v.Windows.Review, v.Windows.Notice = policy.WorkingDays(3), policy.WorkingDays(7)
	v.PublishedAt, v.EffectiveFrom = Start.AddDate(-1, 0, -30), Start.AddDate(-1, 0, 0)
	return v
}

// Line is an order line of one product, paid a month before the start.
func Line(merchant, id string, quantity int32, paid money.Amount) *order.Line {
	at := Start.AddDate(0, -1, 0)
	return &order.Line{
		MerchantID: merchant, ID: id, OrderID: "order-" + id, PaymentID: "payment-" + id,
		PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(48 * time.Hour),
		ProductID: "product-1", Category: "cosmetics", Quantity: quantity, Currency: "CNY",
		UnitPrice: paid / money.Amount(quantity), GoodsPaid: paid, PayerID: "consumer-" + id, RecipientID: "consumer-" + id,
	}
}

// Filing is a claim on units of a line, on the promise, for refund and compensation.
func Filing(l *order.Line, ordinals ...int32) book.FileClaim {
	return book.FileClaim{
		Line: l, ClaimantID: l.PayerID, Ordinals: ordinals, Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: Start.AddDate(0, 0, -3), Destination: "wallet-1",
	}
}

// Egg is the filing of one of several payments of one consumer for the same food: 66
// fen for one egg, with the statutory floor of 1,000 yuan.
func Egg(merchant string, n int) book.FileClaim {
	l := Line(merchant, fmt.Sprintf("egg-%02d", n), 1, 66)
	l.Category, l.PayerID, l.RecipientID = "food/eggs", "eater", "eater"
	cmd := Filing(l, 1)
	cmd.Basis, cmd.Grounds = policy.FoodSafety148, claim.GroundsUnsafeFood
	return cmd
}

// Result is the result of the laboratory lab-1 on every unit of a claim.
func Result(c *claim.Claim, v claim.Verdict, report string) claim.Result {
	units := make([]claim.Unit, len(c.Units))
	for i, u := range c.Units {
		units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: v}
	}
	return claim.Result{
		ClaimID: c.ID, AuthenticatorID: "lab-1", ReportNumber: report, Sample: claim.SealedPlatformSample,
		CustodyIntact: true, Units: units, IssuedAt: Start,
	}
}
