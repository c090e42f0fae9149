package book_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// tryFile files a claim that may be refused.
func (f *fixture) tryFile(cmd book.FileClaim) error {
	f.t.Helper()
	_, err := f.Do(f.request(cmd.Line.MerchantID, "FileClaim"), &cmd)
	return err
}

// Would catch a claim on an order that no policy could pay, one by a stranger,
// and a recipient of a gift who is taken for one.
func TestE1WhoMayClaimWhat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	for name, row := range map[string]struct {
		spoil  func(l *order.Line)
		reason fault.Reason
		rule   string
	}{
		"not paid":                 {func(l *order.Line) { l.PaidAt = time.Time{} }, fault.OrderNotEligible, "PAID"},
		"cancelled before it left": {func(l *order.Line) { l.CancelledBeforeShipment, l.ShippedAt = true, time.Time{} }, fault.OrderNotEligible, "NOT_CANCELLED"},
		"not delivered":            {func(l *order.Line) { l.DeliveredAt = time.Time{} }, fault.OrderNotEligible, "DELIVERED"},
		"delivered tomorrow":       {func(l *order.Line) { l.DeliveredAt = start.AddDate(0, 0, 1) }, fault.OrderNotEligible, "NOT_IN_FUTURE"},
		"bought by others":         {func(l *order.Line) { l.PayerID, l.RecipientID = "giver", "friend" }, fault.ClaimantNotEligible, ""},
	} {
		l := line("m1", "refused", 1, 10_000)
		cmd := filing(l, 1)
		row.spoil(l)
		refusal, ok := fault.As(f.tryFile(cmd))
		if !ok || refusal.Reason != row.reason || refusal.Fields["rule"] != row.rule {
			t.Errorf("%s: %v", name, refusal)
		}
	}
	gift := line("m1", "gift", 2, 20_000)
	gift.PayerID, gift.RecipientID = "giver", "friend"
	for unit, claimant := range []string{"giver", "friend"} {
		cmd := filing(gift, int32(unit+1))
		cmd.ClaimantID = claimant
		f.must(f.tryFile(cmd))
	}
	f.audited()
}

// Would catch a delivery that is taken for a consent to the goods: it opens the
// window of the claim, and nothing but the end of that window closes it.
func TestE2DeliveryBarsNoClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	for id, ago := range map[string]time.Duration{"just-now": 0, "long-ago": 365 * 24 * time.Hour} {
		l := line("m1", id, 1, 10_000)
		l.DeliveredAt = start.Add(-ago)
		l.PaidAt, l.ShippedAt = l.DeliveredAt.Add(-48*time.Hour), l.DeliveredAt.Add(-24*time.Hour)
		if c := f.file(filing(l, 1)); c.State != claim.Authenticating {
			t.Errorf("delivered %s before: %s", ago, c.State)
		}
	}
}

// Would catch a claim that is taken after its window, or more than three years
// after the claimant knew, and a refusal that shows no other way.
func TestE4WindowsCloseClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	for name, row := range map[string]struct {
		basis     policy.LegalBasis
		delivered time.Duration
		learned   time.Duration
		closed    time.Duration // How long before the filing; zero where it is open.
	}{
		"on the last day of the promise":      {policy.Promise, 365 * 24 * time.Hour, time.Hour, 0},
		"an hour after the promise":           {policy.Promise, 365*24*time.Hour + time.Hour, time.Hour, time.Hour},
		"the statute outlasts the promise":    {policy.ConsumerProtection55, 366 * 24 * time.Hour, time.Hour, 0},
		"three years after it was known":      {policy.ConsumerProtection55, time.Hour, policy.KnowledgeMax, 0},
		"more than three years after that":    {policy.ConsumerProtection55, time.Hour, policy.KnowledgeMax + time.Hour, time.Hour},
		"more than three years from delivery": {policy.ConsumerProtection55, policy.KnowledgeMax + time.Hour, time.Hour, time.Hour},
	} {
		l := line("m1", strings.ReplaceAll(name, " ", "-"), 1, 10_000)
		l.DeliveredAt = start.Add(-row.delivered)
		l.PaidAt, l.ShippedAt = l.DeliveredAt.Add(-48*time.Hour), l.DeliveredAt.Add(-24*time.Hour)
		cmd := filing(l, 1)
		cmd.Basis, cmd.LearnedAt = row.basis, start.Add(-row.learned)
		err := f.tryFile(cmd)
		if row.closed == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		refusal, ok := fault.As(err)
		if !ok || refusal.Reason != fault.ClaimWindowClosed || refusal.Fields["closedAt"] != start.Add(-row.closed).Format(time.RFC3339) ||
			!strings.Contains(refusal.Detail, "12315") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Would catch money that is set aside on the word of a claim alone, more of it
// than the award, and a notice that fails because the merchant has too little.
func TestA1HoldComesWithTheNotice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 150_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	rich, poor := f.file(filing(line("m1", "l1", 1, 10_000), 1)), f.file(filing(line("m1", "l2", 1, 10_000), 1))
	f.balanced("m1", balances{ledger.Deposit: 150_000, ledger.SettlementClearing: 150_000})

	rich = f.record(rich, result(rich, claim.Counterfeit, "R-1"))
	f.balanced("m1", balances{ledger.Deposit: 40_000, ledger.DepositHeld: 110_000, ledger.SettlementClearing: 150_000})
	poor = f.record(poor, result(poor, claim.Counterfeit, "R-2"))
	f.balanced("m1", balances{ledger.DepositHeld: 150_000, ledger.SettlementClearing: 150_000})
	for _, c := range []*claim.Claim{rich, poor} {
		if c.State != claim.Notified || c.HoldExpiresAt.IsZero() {
			t.Errorf("claim is %s and held until %s", c.State, c.HoldExpiresAt)
		}
	}
	if rich.Funding.Held != 110_000 || poor.Funding.Held != 40_000 {
		t.Errorf("held %d and %d", rich.Funding.Held, poor.Funding.Held)
	}
}

// Would catch a verdict that falls and gives the merchant's money back to another
// source than it came from, or cancels less of a debt than the claim had made; and
// a part of it that goes back in another order than the reverse of its taking.
func TestM5ReversalRestoresTheSources(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 150_000)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 40_000))
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))))
	if want := (claim.Funding{
		FromDeposit: 150_000, FromShopFunds: 40_000, Advanced: 30_000, RefundPaid: 20_000, CompensationPaid: 200_000,
	}); c.Funding != want {
		t.Fatalf("paid: %+v", c.Funding)
	}

	// Half of it: the debt of 30,000, the shop funds of 40,000, and the rest from the deposit.
	c = f.revisedTo(c, claim.Counterfeit, claim.Genuine)
	f.balanced("m1", balances{
		ledger.Deposit: 40_000, ledger.ShopFunds: 40_000, ledger.ReversalLoss: 110_000,
		ledger.PlatformCash: -220_000, ledger.SettlementClearing: 190_000,
	})
	c = f.revisedTo(c, claim.Genuine, claim.Genuine)
	f.balanced("m1", balances{
		ledger.Deposit: 150_000, ledger.ShopFunds: 40_000, ledger.ReversalLoss: 220_000,
		ledger.PlatformCash: -220_000, ledger.SettlementClearing: 190_000,
	})
	if c.State != claim.Rejected || c.Funding.Borne() != 0 {
		t.Errorf("claim is %s with %+v", c.State, c.Funding)
	}
}

// Would catch a refund that rides back on a payment which is too old for it, and a
// compensation that rides on one at all.
func TestO1OnlyARefundRidesAYoungPayment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 900_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	for id, row := range map[string]struct {
		age   time.Duration
		rides bool
	}{
		"young": {365*24*time.Hour - time.Minute, true},
		"old":   {365*24*time.Hour + time.Minute, false},
	} {
		l := line("m1", id, 1, 20_000)
		l.PaidAt = start.Add(-row.age)
		l.ShippedAt, l.DeliveredAt = l.PaidAt.Add(time.Hour), l.PaidAt.Add(48*time.Hour)
		c := f.accept(f.confirmNotice(f.found(filing(l, 1))))
		made := f.Made()
		if len(made) != 2 {
			t.Fatalf("%s: %d payouts", id, len(made))
		}
		for _, p := range made {
			if p.RidesPayment != (row.rides && p.Part == payout.Refund) || p.PaymentID != l.PaymentID || p.Destination != c.Destination {
				t.Errorf("%s: %+v", id, p)
			}
		}
	}
}

// short makes a confirmed claim of 110,000 for each 10,000 paid, of which nobody
// has funded anything but an advance.
func (f *fixture) short(lineID string, paid money.Amount, samplingCase string) *claim.Claim {
	f.t.Helper()
	cmd := filing(line("m1", lineID, 1, paid), 1)
	cmd.SamplingCase = samplingCase
	return f.accept(f.confirmNotice(f.found(cmd)))
}

// lacks fails the test unless claims are short of so much.
func (f *fixture) lacks(when string, claims []*claim.Claim, want ...money.Amount) {
	f.t.Helper()
	for i, c := range claims {
		if got := f.current(c).Shortfall(); got != want[i] {
			f.t.Errorf("%s claim %d lacks %d, want %d", when, i+1, got, want[i])
		}
	}
	f.audited()
}

// Would catch income that pays a later claim before an earlier one, or the claims of
// one sampling case one after the other instead of in proportion.
func TestF2ACaseSharesAndClaimsQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(0, policy.SourceDeposit)
	f.open("m1", 0)
	f.authenticator("lab-1", claim.AccreditedLab)
	claims := []*claim.Claim{
		f.short("l1", 10_000, ""), f.short("l2", 20_000, "case-1"), f.short("l3", 10_000, "case-1"), f.short("l4", 10_000, ""),
	}
	f.lacks("at first", claims, 110_000, 220_000, 110_000, 110_000)

	// The oldest has all of its 110,000. Of the other 165,001 two thirds are 110,000
	// and two thirds of a fen, which the larger remainder takes.
	f.topUp("m1", 110_000+165_001)
	f.sweep("m1")
	f.lacks("after the first income", claims, 0, 220_000-110_001, 110_000-55_000, 110_000)
	f.topUp("m1", 164_999+50_000)
	f.sweep("m1")
	f.lacks("after the second", claims, 0, 0, 0, 60_000)
}

// Would catch income that pays the platform before a consumer, the younger debt
// before the older, or a hold before either; and shop funds of which nothing is left
// for ordinary business.
func TestF3IncomeGoesToConsumersFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := policy.WithoutLimits()[0]
	v.Number, v.AdvanceLimit, v.ProtectedShare = 2, 25_000, money.Ratio{Num: 1, Den: 4}
	f.publish(v)
	f.open("m1", 0)
	f.authenticator("lab-1", claim.AccreditedLab)
	claims := []*claim.Claim{f.short("l1", 10_000, ""), f.short("l2", 10_000, "")}
	waiting := f.found(filing(line("m1", "l3", 1, 10_000), 1))
	f.lacks("at first", claims, 85_000, 85_000)

	f.topUp("m1", 90_000)
	f.sweep("m1")
	f.lacks("after 90,000", claims, 0, 80_000)
	if err := f.move("m1", ledger.DepositWithdrawn, 1); !errors.Is(err, fault.DepositInsufficient) {
		t.Errorf("something is left of it: %v", err)
	}
	// Of 160,000 of shop funds 40,000 are protected: 80,000 go to the other consumer,
	// 25,000 to the older advance, 15,000 to the younger.
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 160_000))
	f.sweep("m1")
	f.lacks("after 160,000 of shop funds", claims, 0, 0)
	first, second := f.current(claims[0]), f.current(claims[1])
	if first.Funding.Advanced != 0 || second.Funding.Advanced != 10_000 || f.current(waiting).Funding.Held != 0 {
		t.Errorf("advanced %d and %d, held %d", first.Funding.Advanced, second.Funding.Advanced, f.current(waiting).Funding.Held)
	}
	f.topUp("m1", 30_000)
	f.sweep("m1")
	if second = f.current(second); second.Funding.Advanced != 0 || f.current(waiting).Funding.Held != 20_000 {
		t.Errorf("advanced %d, held %d", second.Funding.Advanced, f.current(waiting).Funding.Held)
	}
	if free := f.balances("m1")[ledger.ShopFunds]; free != 40_000 {
		t.Errorf("of the shop funds %d are left", free)
	}
	f.audited()
}
