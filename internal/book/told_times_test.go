package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// times is a book in which every kind of fact can be told: a claim that is paid with a
// coupon, of which the consumer owes 1,000 back; another whose refund is under way; and a
// third without a result.
type times struct {
	*fixture
	paid, sent, filed *claim.Claim
	coupon, refund    payout.Payout
}

func newTimes(t *testing.T) *times {
	t.Helper()
	f := &times{fixture: newFixture(t)}
	f.open("m1", 0)
	f.done(f.request("m1", "TopUpDeposit"), &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 500_000, Currency: "CNY", Reference: "bounces", EffectiveAt: start.Add(-time.Hour),
	})
	f.authenticator("lab-1", claim.AccreditedLab)
	filing1 := filing(line("m1", "l1", 1, 10_000), 1)
	filing1.PayoutForm = claim.Coupon
	f.paid = f.accept(f.confirmNotice(f.found(filing1)))
	for _, p := range f.Made() {
		f.Send(p)
		a := said(payout.OutcomeSucceeded, 0)
		if p.Part == payout.Refund {
			a = said(payout.OutcomeSucceeded, 11_000)
		}
		o, err := f.report(p, a)
		f.must(err)
		f.paid = o.Claim
		if p.Part == payout.Compensation {
			f.coupon = *o.Payout
		}
	}
	f.sent = f.accept(f.confirmNotice(f.found(filing(line("m1", "l2", 1, 10_000), 1))))
	f.refund = f.Made()[0]
	f.Send(f.refund)
	f.filed = f.file(filing(line("m1", "l3", 1, 10_000), 1))
	return f
}

// fact is a command that tells when something happened.
type fact struct {
	// field is where the request has the time.
	field string
	of    func(f *times, at time.Time) book.Command
	// first is what must have come before; nil for nothing.
	first func(f *times) time.Time
	// kept says that the time is recorded as it is told.
	kept bool
}

func moving(kind ledger.Kind) func(*times, time.Time) book.Command {
	return func(_ *times, at time.Time) book.Command {
		return &book.MoneyMove{Kind: kind, Amount: 1, Currency: "CNY", Reference: "moves", EffectiveAt: at}
	}
}

func instructedAt(f *times) time.Time { return f.refund.CreatedAt }
func sentAt(f *times) time.Time       { return f.coupon.CreatedAt }
func paidAt(f *times) time.Time       { return f.filed.PaidAt }
func agoAt(*times) time.Time          { return start.Add(-time.Hour) }
func debitedAt(f *times) time.Time    { return f.paid.ConfirmedAt }

func proposed(kind proposal.Kind, from ledger.Purpose, reference string, at time.Time) book.Command {
	return &book.ProposeDecision{Kind: kind, Amount: 1, Currency: "CNY", From: from, Reference: reference, EffectiveAt: at, Note: "seen"}
}

// facts are all commands that tell times.
var facts = map[string]fact{
	"a top-up":     {"effective_at", moving(ledger.DepositToppedUp), nil, false},
	"a withdrawal": {"effective_at", moving(ledger.DepositWithdrawn), nil, false},
	"a hand-over":  {"effective_at", moving(ledger.ShopFundsHandedOver), nil, false},
	"a bounce": {"effective_at", func(_ *times, at time.Time) book.Command {
		return &book.ReverseTopUp{Reference: "bounces", EffectiveAt: at}
	}, agoAt, false},
	"money without an owner": {"effective_at", func(_ *times, at time.Time) book.Command {
		return proposed(proposal.SuspenseIn, ledger.SettlementClearing, "nobody's", at)
	}, nil, true},
	"a proposed top-up": {"effective_at", func(_ *times, at time.Time) book.Command {
		return proposed(proposal.TopUp, "", "proposed", at)
	}, nil, true},
	"a correction": {"effective_at", func(_ *times, at time.Time) book.Command {
		return proposed(proposal.CorrectTopUp, "", "bounces", at)
	}, agoAt, true},
	"a repayment": {"effective_at", func(f *times, at time.Time) book.Command {
		return &book.RepayClawBack{ClaimID: f.paid.ID, Amount: 1, Currency: "CNY", Reference: "back", EffectiveAt: at}
	}, debitedAt, false},
	"a purchase": {"occurred_at", func(f *times, at time.Time) book.Command {
		return &book.RedeemCoupon{OutNumber: f.coupon.OutNumber, Amount: 1, Currency: "CNY", Reference: "buys", EffectiveAt: at}
	}, sentAt, false},
	"a success": {"occurred_at", func(f *times, at time.Time) book.Command {
		return &book.AnswerPayout{OutNumber: f.refund.OutNumber, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded, OccurredAt: at}}
	}, instructedAt, false},
	"a report": {"issued_at", func(f *times, at time.Time) book.Command {
		r := result(f.filed, claim.Counterfeit, "R-times")
		r.IssuedAt = at
		return &book.RecordResult{Result: r}
	}, paidAt, false},
	"a refund": {"refund.refunded_at", func(f *times, at time.Time) book.Command {
		return &book.ReportOrderRefund{LineID: f.filed.OrderLineID, RefundID: "r1", Amount: 1, Currency: "CNY", RefundedAt: at}
	}, paidAt, true},
	"a refund in a filing": {"refunds[0].refunded_at", func(_ *times, at time.Time) book.Command {
		cmd := filing(line("m1", "l4", 1, 10_000), 1)
		cmd.Refunds = []book.OrderRefund{{RefundID: "r1", Amount: 1, Currency: "CNY", RefundedAt: at}}
		return &cmd
	}, paidAt, true},
	"what the claimant learned": {"learned_at", func(_ *times, at time.Time) book.Command {
		cmd := filing(line("m1", "l4", 1, 10_000), 1)
		cmd.LearnedAt = at
		return &cmd
	}, nil, true},
	"a delivery": {"order_line.delivered_at", func(_ *times, at time.Time) book.Command {
		cmd := filing(line("m1", "l4", 1, 10_000), 1)
		cmd.Line.DeliveredAt = at
		return &cmd
	}, nil, true},
}

// tell tells a fact, and gives the field and reason of the refusal.
func (f *times) tell(of fact, at time.Time) (book.Outcome, *fault.Error) {
	f.t.Helper()
	cmd, merchant := of.of(f, at), "m1"
	if _, by := cmd.(book.Addressed); by {
		merchant = "" // The out-number leads to the book.
	}
	o, err := f.Do(f.request(merchant, "any"), cmd)
	if err == nil {
		return o, nil
	}
	refusal, ok := fault.As(err)
	if !ok {
		f.t.Fatal(err)
	}
	return o, refusal
}

// Would catch a caller that is refused because its clock is a little ahead of ours, a time
// that is taken from further ahead, a refusal that names no field or leaves a trace, and
// money that is recorded to have moved before it did.
func TestB6FactsMayBeTheClockSkewAhead(t *testing.T) {
	t.Parallel()
	for name, of := range facts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTimes(t)
			before := f.head("m1")
			// The book has recorded at a time that is microseconds later than the clock's.
			seen := before.RecordedAt
			latest := seen.Add(booktest.ClockSkew)
			_, refusal := f.tell(of, latest.Add(time.Microsecond))
			future := refusal != nil && (errors.Is(refusal, fault.RequestInvalid) || refusal.Fields["rule"] == "NOT_IN_FUTURE")
			if !future || refusal.Field != of.field {
				t.Fatalf("beyond the skew: %v", refusal)
			}
			if diff := cmp.Diff(before, f.head("m1")); diff != "" {
				t.Errorf("the refusal left: %s", diff)
			}
			o, refusal := f.tell(of, latest)
			if refusal != nil {
				t.Fatalf("within the skew: %v", refusal)
			}
			for _, m := range f.Rows("m1").Transfers[before.TransferNumber:] {
				if m.EffectiveAt.After(m.RecordedAt) {
					t.Errorf("%s is effective at %s, after it was told", m.Kind, m.EffectiveAt)
				}
			}
			if o.Result != nil && !o.Result.IssuedAt.Equal(seen) {
				t.Errorf("the report is recorded as issued at %s", o.Result.IssuedAt)
			}
			if of.kept {
				f.keptAsTold(name, latest)
			}
			f.audited()
		})
	}
}

// keptAsTold proves that a fact which is told again is kept with the time it came with.
func (f *times) keptAsTold(name string, at time.Time) {
	f.t.Helper()
	rows := f.Rows("m1")
	found := false
	for _, r := range rows.Refunds {
		found = found || r.RefundedAt.Equal(at)
	}
	for _, c := range rows.Claims {
		found = found || c.LearnedAt.Equal(at)
	}
	for _, p := range rows.Proposals {
		found = found || p.EffectiveAt.Equal(at)
	}
	for _, l := range rows.Lines {
		found = found || l.Line.DeliveredAt.Equal(at)
	}
	if !found {
		f.t.Errorf("%s is not kept as told", name)
	}
}

// Would catch a fact that is taken although what must have come before it came later, and
// one that is refused because two clocks differ a little.
func TestB6FactsThatCannotHaveComeFirst(t *testing.T) {
	t.Parallel()
	for name, of := range facts {
		if of.first == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTimes(t)
			earliest := of.first(f).Add(-booktest.ClockSkew)
			before := f.head("m1")
			_, refusal := f.tell(of, earliest.Add(-time.Microsecond))
			if refusal == nil || !errors.Is(refusal, fault.RequestInvalid) || refusal.Field != of.field {
				t.Fatalf("before what came first: %v", refusal)
			}
			if diff := cmp.Diff(before, f.head("m1")); diff != "" {
				t.Errorf("the refusal left: %s", diff)
			}
			if _, refusal := f.tell(of, earliest); refusal != nil {
				t.Fatalf("as early as clocks may differ: %v", refusal)
			}
			f.audited()
		})
	}
}

// Would catch a line whose steps cannot have come in the order told, one that is refused
// although it was sold to be paid later, and a line that is stored and cannot be claimed on
// any more because its times are read anew.
func TestE1LinesArePaidBeforeTheyAreShipped(t *testing.T) {
	t.Parallel()
	hour := time.Hour
	for name, row := range map[string]struct {
		shipped, delivered time.Duration // After the payment; zero shipped for not told.
		field              string
		later              bool // It may be sold so.
	}{
		"in order":                   {hour, 2 * hour, "", false},
		"all at once":                {time.Nanosecond, time.Nanosecond, "", false},
		"delivered before shipped":   {2 * hour, hour, "order_line.delivered_at", false},
		"shipped before paid":        {-hour, hour, "order_line.shipped_at", true},
		"delivered before paid":      {-2 * hour, -hour, "order_line.shipped_at", true},
		"delivered, not shipped yet": {0, -hour, "order_line.delivered_at", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 500_000)
			l := line("m1", "l1", 2, 10_000)
			l.ShippedAt, l.DeliveredAt = time.Time{}, l.PaidAt.Add(row.delivered)
			if row.shipped != 0 {
				l.ShippedAt = l.PaidAt.Add(row.shipped)
			}
			err := f.tryFile(filing(l, 1))
			refusal, _ := fault.As(err)
			if row.field == "" {
				f.must(err)
				return
			}
			if !errors.Is(err, fault.RequestInvalid) || refusal.Field != row.field {
				t.Fatalf("%v at %v", err, refusal)
			}
			later := filing(l, 1)
			later.PaidLater = true
			if err = f.tryFile(later); (err == nil) != row.later {
				t.Fatalf("sold to be paid later: %v", err)
			}
			if row.later {
				f.must(f.tryFile(filing(l, 2)))
			}
		})
	}
}

// Would catch a report on goods that are paid later which is refused because it was issued
// before the payment, and one that was issued before the goods left the merchant.
func TestReportsOnGoodsThatArePaidLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	l := line("m1", "l1", 1, 10_000)
	l.PaidAt = l.DeliveredAt.Add(240 * time.Hour)
	cmd := filing(l, 1)
	cmd.PaidLater = true
	c := f.file(cmd)
	r := result(c, claim.Counterfeit, "R-1")
	r.IssuedAt = l.ShippedAt.Add(-time.Hour)
	_, err := f.Do(f.request("m1", "RecordResult"), &book.RecordResult{Result: r})
	if refusal, _ := fault.As(err); !errors.Is(err, fault.RequestInvalid) || refusal.Field != "issued_at" {
		t.Fatalf("before the goods left: %v", err)
	}
	r.IssuedAt = l.DeliveredAt.Add(time.Hour)
	f.must(f.recordErr(r))
	f.audited()
}

func (f *fixture) recordErr(r claim.Result) error {
	_, err := f.Do(f.request("m1", "RecordResult"), &book.RecordResult{Result: r})
	return err
}

// Would catch a worker that can never record what the gateway said because the gateway's
// clock is wrong, and money that is recorded to have moved in the future.
func TestClockOfTheGatewayMayBeWrong(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{start.AddDate(10, 0, 0), start.AddDate(-10, 0, 0)} {
		f, c, made := onePaying(t)
		a := payout.Answer{Outcome: payout.OutcomeSucceeded, OccurredAt: at}
		f.must(f.asked(made[0], a))
		if c = f.current(c); c.Funding.RefundPaid != 20_000 {
			t.Fatalf("with a clock at %s: %+v", at, c.Funding)
		}
		for _, m := range f.Rows("m1").Transfers {
			if m.EffectiveAt.After(m.RecordedAt) {
				t.Errorf("%s is effective at %s", m.Kind, m.EffectiveAt)
			}
		}
		f.audited()
	}
}

// Would catch a coupon that is told to have ended before it was issued.
func TestCouponDoesNotEndBeforeItIsIssued(t *testing.T) {
	t.Parallel()
	f := newTimes(t)
	_, err := f.report(f.refund, payout.Answer{
		Outcome: payout.OutcomeSucceeded, OccurredAt: f.Now(), ExpiresAt: f.Now().Add(-time.Hour),
	})
	if refusal, _ := fault.As(err); !errors.Is(err, fault.RequestInvalid) || refusal.Field != "coupon_expires_at" {
		t.Fatalf("%v", err)
	}
	f.audited()
}
