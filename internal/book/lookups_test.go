package book_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// promise publishes another promise, in force for a year.
func (f *fixture) promise(id string, change func(*policy.Version)) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.PolicyID = id
	change(&v)
	f.publish(v)
}

// Would catch a promise in another currency that takes the place of the one in this
// currency, for a claim on the promise as for one on the best basis.
func TestPromiseInAnotherCurrencyDoesNotHideThisOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	_, err := f.Do(f.request("dollars", "OpenBook"), &book.OpenBook{Currency: "USD"})
	f.must(err)
	f.promise("promise-usd", func(v *policy.Version) { v.Currency = "USD" })
	if c := f.found(filing(line("m1", "l1", 1, 10_000), 1)); c.PolicyID != "promise-tenfold" || c.Award.Compensation != 100_000 {
		t.Errorf("on the promise: %s %+v", c.PolicyID, c.Award)
	}
	best := filing(line("m1", "l2", 1, 10_000), 1)
	best.Basis = policy.Best
	if c := f.found(best); c.PolicyID != "promise-tenfold" || c.Award.Compensation != 100_000 {
		t.Errorf("on the best basis: %s %+v", c.PolicyID, c.Award)
	}
	dear := line("dollars", "l3", 1, 10_000)
	dear.Currency = "USD"
	if c := f.found(filing(dear, 1)); c.PolicyID != "promise-usd" || c.Award.Compensation != 100_000 {
		t.Errorf("in dollars: %s %+v", c.PolicyID, c.Award)
	}
	f.audited()
}

// Would catch a claim without an award whose fee and deadlines follow a policy for
// other goods, whatever moves it, or that cannot be moved by a replica which has never
// seen its order line.
func TestUnpricedClaimFollowsThePolicyOfItsGoods(t *testing.T) {
	t.Parallel()
	for name, basis := range map[string]policy.LegalBasis{"promise": policy.Promise, "best": policy.Best} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 500_000)
			labs(f)
			f.promise("promise-wine", func(v *policy.Version) {
				v.Categories, v.AuthenticationFee = []string{"wine"}, policy.FeeLoser
				v.Windows.Result, v.Windows.Review = policy.Lasting(time.Hour), policy.Lasting(2*time.Hour)
			})
			within := policy.WithoutLimits()[0].Windows
			f.governed(basis, "cosmetics", within.Result.Duration, within.Review.Duration, 0)
			f.governed(basis, "wine", time.Hour, 2*time.Hour, 3_000)
			f.audited()
		})
	}
}

// governed files claims on goods of a category and fails unless a result is due within
// one span, a review within another, and the consumer of a genuine product owes so much
// of a test that cost 3,000.
func (f *fixture) governed(basis policy.LegalBasis, category string, due, review time.Duration, owes money.Amount) {
	f.t.Helper()
	file := func(id string) *claim.Claim {
		l := line("m1", id+"-"+category, 1, 10_000)
		l.Category, l.ProductID = category, "product-of-"+category
		cmd := filing(l, 1)
		cmd.Basis = basis
		return f.file(cmd)
	}
	within := func(what string, c *claim.Claim, state claim.State, want time.Duration) {
		// Record times of one instant lie a microsecond apart.
		if got := c.Deadline.Sub(c.StateSince).Truncate(time.Millisecond); c.State != state || got != want {
			f.t.Errorf("%s, %s: %s within %s, want %s within %s", category, what, c.State, got, state, want)
		}
	}
	tested, unclear, stopped, lapsed := file("tested"), file("unclear"), file("stopped"), file("lapsed")
	within("filed", tested, claim.Authenticating, due)
	// A replica that has never seen these order lines goes on.
	f.Forget("m1")
	tested, err := f.tested(tested, claim.Genuine, "genuine-"+category, 3_000, claim.FeePayerPlatform)
	f.must(err)
	if tested.State != claim.Rejected || tested.Fees.Consumer != owes {
		f.t.Errorf("%s: %s, the consumer owes %d, want %d", category, tested.State, tested.Fees.Consumer, owes)
	}
	within("unclear", f.record(unclear, result(unclear, claim.Inconclusive, "unclear-"+category)), claim.InReview, review)

	f.Forget("m1")
	for _, resume := range []bool{false, true} {
		stop := &book.StopClock{OnClaim: book.OnClaim{ClaimID: stopped.ID}, Resume: resume}
		o, err := f.Do(f.request("m1", "StopClock"), stop)
		f.must(err)
		stopped = o.Claim
	}
	within("stopped for no time", stopped, claim.Authenticating, due)

	f.Move(due + time.Hour)
	f.Forget("m1")
	o, err := f.Do(request.System("m1", "PassDeadline"),
		&book.PassDeadline{OnClaim: book.OnClaim{ClaimID: lapsed.ID}, Fires: lapsed.Fires, Deadline: lapsed.Deadline})
	f.must(err)
	within("lapsed", o.Claim, claim.InReview, review)
}

// sums is where the money of a claim is.
type sums struct {
	State   claim.State
	Award   claim.Award
	Funding claim.Funding
}

// Would catch a refund told with a claim that is not set off against a claim that is
// already paid, or by other sums than a refund told alone, before or after the filing;
// and one that histories do not show.
func TestRefundToldWithAClaimIsLikeOneToldAlone(t *testing.T) {
	t.Parallel()
	told := book.OrderRefund{RefundID: "r1", Amount: 10_000, Currency: "CNY", RefundedAt: start}
	var want map[string]sums
	for _, how := range []string{"alone, before", "with the claim", "alone, after", "alone, before, and with the claim", "with the claim, and alone"} {
		f := newFixture(t)
		labs(f)
		f.open("m1", 500_000)
		paid := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1))))
		for _, p := range f.Made() {
			f.Send(p)
			paid = f.answer(p, payout.OutcomeSucceeded)
		}
		if paid.State != claim.Paid {
			t.Fatalf("the first claim is %s", paid.State)
		}
		alone := func() {
			_, err := f.Do(f.request("m1", "ReportOrderRefund"), &book.ReportOrderRefund{
				LineID: "l1", RefundID: told.RefundID, Amount: told.Amount, Currency: told.Currency, RefundedAt: told.RefundedAt,
			})
			f.must(err)
		}
		second := filing(line("m1", "l1", 2, 20_000), 2)
		// A replica that has neither the line nor the paid claim in memory goes on.
		f.Forget("m1")
		switch how {
		case "alone, before":
			alone()
		case "with the claim", "with the claim, and alone":
			second.Refunds = []book.OrderRefund{told}
		case "alone, before, and with the claim":
			alone()
			second.Refunds = []book.OrderRefund{told}
		}
		other := f.file(second)
		if how == "alone, after" || how == "with the claim, and alone" {
			alone()
		}
		other = f.record(other, result(other, claim.Counterfeit, "R-2"))
		got := map[string]sums{}
		for i, c := range f.read(paid, other) {
			got[[]string{"paid", "other"}[i]] = sums{c.State, c.Award, c.Funding}
		}
		if want == nil {
			want = got
			if got["paid"].Funding.ClawedBack != 10_000 || got["other"].Award.Refund != 10_000 {
				t.Errorf("%s: %+v", how, got)
			}
		}
		if !cmp.Equal(got, want) {
			t.Errorf("%s: %s", how, cmp.Diff(want, got))
		}
		if n := f.told("m1", event.OrderRefundReported); n != 1 {
			t.Errorf("%s: %d events tell of the refund", how, n)
		}
		f.audited()
	}
}

// Would catch refunds in a filing that are taken in another currency, without bounds, or
// in place of a refund that is known otherwise; and a refusal that leaves a trace.
func TestRefundsInAFilingAreCheckedLikeRefundsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	good := book.OrderRefund{RefundID: "r1", Amount: 1, Currency: "CNY", RefundedAt: start}
	first := filing(line("m1", "l1", 2, 20_000), 1)
	first.Refunds = []book.OrderRefund{good, good} // Twice the same is one.
	f.file(first)
	if n := len(f.Rows("m1").Refunds); n != 1 {
		t.Fatalf("%d refunds are stored", n)
	}
	before := f.head("m1").EventNumber
	for name, row := range map[string]struct {
		spoil  func(*book.OrderRefund)
		reason error
		field  string
	}{
		"yen":             {func(r *book.OrderRefund) { r.RefundID, r.Currency = "r2", "JPY" }, fault.CurrencyMismatch, "amount.currency_code"},
		"nothing":         {func(r *book.OrderRefund) { r.RefundID, r.Amount = "r2", 0 }, fault.AmountOutOfRange, "amount.minor_units"},
		"beyond all":      {func(r *book.OrderRefund) { r.RefundID, r.Amount = "r2", money.MaxAmount+1 }, fault.AmountOutOfRange, "amount.minor_units"},
		"too much in all": {func(r *book.OrderRefund) { r.RefundID, r.Amount = "r2", money.MaxAmount }, fault.AmountOutOfRange, "amount.minor_units"},
		"in the future":   {func(r *book.OrderRefund) { r.RefundID, r.RefundedAt = "r2", start.Add(time.Hour) }, fault.RequestInvalid, "refunded_at"},
		"at no time":      {func(r *book.OrderRefund) { r.RefundID, r.RefundedAt = "r2", time.Time{} }, fault.RequestInvalid, "refunded_at"},
		"another amount":  {func(r *book.OrderRefund) { r.Amount = 10_000 }, fault.ReferenceAlreadyUsed, "refund_id"},
		"another time":    {func(r *book.OrderRefund) { r.RefundedAt = start.Add(-time.Hour) }, fault.ReferenceAlreadyUsed, "refund_id"},
		"yen, known id":   {func(r *book.OrderRefund) { r.Currency = "JPY" }, fault.CurrencyMismatch, "amount.currency_code"},
	} {
		bad := good
		row.spoil(&bad)
		named := filing(line("m1", "l1", 2, 20_000), 2)
		named.Line, named.LineID = nil, "l1"
		named.Refunds = []book.OrderRefund{{RefundID: "fine", Amount: 1, Currency: "CNY", RefundedAt: start}, bad}
		for _, tell := range []struct {
			method, field string
			command       book.Command
		}{
			{"FileClaim", "refunds[1].", &named},
			{"ReportOrderRefund", "refund.", &book.ReportOrderRefund{
				LineID: "l1", RefundID: bad.RefundID, Amount: bad.Amount, Currency: bad.Currency, RefundedAt: bad.RefundedAt,
			}},
		} {
			_, err := f.Do(f.request("m1", tell.method), tell.command)
			refusal, ok := fault.As(err)
			if !ok || !errors.Is(refusal, row.reason) || refusal.Field != tell.field+row.field {
				t.Errorf("%s in %s: %v at %+v", name, tell.method, err, refusal)
			}
		}
	}
	if n := len(f.Rows("m1").Refunds); n != 1 {
		t.Errorf("%d refunds are stored", n)
	}
	if after := f.head("m1").EventNumber; after != before {
		t.Errorf("refusals left %d events", after-before)
	}
	f.audited()
}

// Would catch a filing with other refunds that is answered as the replay of one without
// them, and a filing that could be sent before and is no longer known as its replay.
func TestFilingsWithOtherRefundsAreOtherRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	h := f.request("m1", "FileClaim")
	send := func(refunds ...book.OrderRefund) (book.Outcome, error) {
		cmd := filing(line("m1", "l1", 1, 10_000), 1)
		cmd.Refunds = refunds
		return f.Do(h, &cmd)
	}
	r := book.OrderRefund{RefundID: "r1", Amount: 4_000, Currency: "CNY", RefundedAt: start}
	_, err := send(r)
	f.must(err)
	if o, err := send(r); err != nil || !o.Replayed {
		t.Errorf("the same again: replayed %t, %v", o.Replayed, err)
	}
	seen := map[[32]byte]string{}
	for name, refunds := range map[string][]book.OrderRefund{
		"the refund": {r},
		"none":       nil,
		"two":        {r, {RefundID: "r2", Amount: 1, Currency: "CNY", RefundedAt: start}},
		"an id":      {{RefundID: "r3", Amount: 4_000, Currency: "CNY", RefundedAt: start}},
		"an amount":  {{RefundID: "r1", Amount: 4_001, Currency: "CNY", RefundedAt: start}},
		"a currency": {{RefundID: "r1", Amount: 4_000, Currency: "USD", RefundedAt: start}},
		"a time":     {{RefundID: "r1", Amount: 4_000, Currency: "CNY", RefundedAt: start.Add(-time.Hour)}},
	} {
		for form, change := range map[string]func(*book.FileClaim){
			"":               func(*book.FileClaim) {},
			", as a coupon":  func(c *book.FileClaim) { c.PayoutForm = claim.Coupon },
			", in a case":    func(c *book.FileClaim) { c.SamplingCase = "case-1" },
			", case, wallet": func(c *book.FileClaim) { c.SamplingCase, c.PayoutForm = "case-1", claim.Wallet },
		} {
			cmd := filing(line("m1", "l1", 1, 10_000), 1)
			cmd.Refunds = refunds
			change(&cmd)
			digest := request.DigestOf(&cmd)
			if other, twice := seen[digest]; twice {
				t.Errorf("%s%s has the digest of %s", name, form, other)
			}
			seen[digest] = name + form
		}
		if name == "the refund" {
			continue
		}
		if _, err := send(refunds...); !errors.Is(err, fault.RequestIDReused) {
			t.Errorf("with %s: %v", name, err)
		}
	}
	for list, change := range map[string]func(*book.FileClaim){
		"FIRST":  func(*book.FileClaim) {},
		"SECOND": func(c *book.FileClaim) { c.SamplingCase, c.PayoutForm = "case-1", claim.Wallet },
	} {
		cmd := filing(line("m1", "l1", 1, 10_000), 1)
		change(&cmd)
		if digest := request.DigestOf(&cmd); hex.EncodeToString(digest[:]) != releasedFilings[list] {
			t.Errorf("the %s list of fields gives %x, was stored with %s", list, digest, releasedFilings[list])
		}
	}
	f.audited()
}

// Would catch a filing that was stored before its digest covered refunds and whose
// replay is refused, and a filing whose refund would be lost by such a replay.
func TestFilingsStoredWithoutTheirRefundsRecogniseTheirReplays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	h := f.request("m1", "FileClaim")
	// Under the list that leaves refunds out, a filing looks like one without any.
	bare := filing(line("m1", "l1", 1, 10_000), 1)
	first, err := f.Do(h, &bare)
	f.must(err)
	full := filing(line("m1", "l1", 1, 10_000), 1)
	full.Refunds = []book.OrderRefund{{RefundID: "r1", Amount: 4_000, Currency: "CNY", RefundedAt: start}}
	if _, err := f.Do(h, &full); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("with a refund that is not kept: %v", err)
	}
	_, err = f.Do(f.request("m1", "ReportOrderRefund"), &book.ReportOrderRefund{
		LineID: "l1", RefundID: "r1", Amount: 4_000, Currency: "CNY", RefundedAt: start,
	})
	f.must(err)
	f.Forget("m1")
	again, err := f.Do(h, &full)
	if err != nil || !again.Replayed || again.ClaimID != first.ClaimID {
		t.Errorf("with a refund that is kept: %+v, %v", again, err)
	}
	for name, change := range map[string]func(*book.OrderRefund){
		"amount":   func(r *book.OrderRefund) { r.Amount++ },
		"currency": func(r *book.OrderRefund) { r.Currency = "USD" },
		"time":     func(r *book.OrderRefund) { r.RefundedAt = start.Add(-time.Hour) },
	} {
		other := full
		other.Refunds = slices.Clone(full.Refunds)
		change(&other.Refunds[0])
		if _, err := f.Do(h, &other); !errors.Is(err, fault.RequestIDReused) {
			t.Errorf("with another %s: %v", name, err)
		}
	}
}

// releasedFilings are digests of the lists of fields without refunds, as requests were
// stored with them.
var releasedFilings = map[string]string{
	"FIRST":  "a45c3f836a0314f40fdbec21a2e7168330af6253f39f0cb79ef1606967254d56",
	"SECOND": "9cd07abe26557540c7af68d60500a9f0fc53fdcae4dc659268450f5b888e3023",
}

// Would catch a coupon for which the gateway named no expiry and that lapses as soon as
// it is issued: the consumer would lose what is left on it.
func TestCouponWithoutExpiryDoesNotLapse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	labs(f)
	cmd := filing(line("m1", "l1", 1, 10_000), 1)
	cmd.PayoutForm = claim.Coupon
	f.accept(f.confirmNotice(f.found(cmd)))
	for _, p := range f.Made() {
		f.Send(p)
		f.answer(p, payout.OutcomeSucceeded)
		if p.Form != claim.Coupon {
			continue
		}
		before := f.balances("m1")
		for range 2 {
			_, err := f.lapseCoupon(p)
			if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.PayoutStateConflict {
				t.Errorf("a coupon without an end lapses: %v", err)
			}
			f.Move(10 * 365 * 24 * time.Hour)
		}
		if after := f.balances("m1"); !cmp.Equal(after, before) {
			t.Errorf("the refusals moved money: %s", cmp.Diff(before, after))
		}
	}
	f.audited()
}

// Would catch a timer's command for an instant that was never set, which must not count
// as one that has passed.
func TestInstantsThatWereNeverSetDoNotPass(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	labs(f)
	c := f.withdraw(f.file(filing(line("m1", "l1", 1, 10_000), 1)))
	on := book.OnClaim{ClaimID: c.ID}
	for method, command := range map[string]book.Command{
		"PassDeadline": &book.PassDeadline{OnClaim: on, Fires: c.Fires, Deadline: c.Deadline},
		"ExpireHold":   &book.ExpireHold{OnClaim: on, ExpiresAt: c.HoldExpiresAt},
	} {
		if _, err := f.Do(request.System("m1", method), command); !errors.Is(err, fault.ClaimChanged) {
			t.Errorf("%s at no time: %v", method, err)
		}
	}
	f.audited()
}
