package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// notified files a claim of m1 on a line and has it found counterfeit.
func (f *fixture) notified(lineID string) *claim.Claim {
	f.t.Helper()
	f.do("RegisterAuthenticator", nil)
	paid := start.AddDate(0, -1, 0)
	o := f.do("FileClaim", &book.FileClaim{
		Line: &order.Line{
			MerchantID: "m1", ID: lineID, OrderID: "o-" + lineID, PaymentID: "p-" + lineID, PaidAt: paid,
			ShippedAt: paid.Add(time.Hour), DeliveredAt: paid.Add(48 * time.Hour), ProductID: "product", Category: "cosmetics",
			Quantity: 1, Currency: "CNY", UnitPrice: 10_000, GoodsPaid: 10_000, PayerID: "buyer-" + lineID, RecipientID: "buyer-" + lineID,
		},
		ClaimantID: "buyer-" + lineID, Ordinals: []int32{1}, Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: start.AddDate(0, 0, -3), Destination: "wallet",
	})
	return f.do("RecordResult", &book.RecordResult{Result: claim.Result{
		ClaimID: o.Claim.ID, AuthenticatorID: "lab-1", ReportNumber: "R-" + lineID, Sample: claim.SealedPlatformSample,
		CustodyIntact: true, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, IssuedAt: start,
	}}).Claim
}

// do runs a command of m1, or registers the authenticator.
func (f *fixture) do(method string, cmd book.Command) book.Outcome {
	f.t.Helper()
	if cmd == nil {
		h := request.Header{Method: method, RequestID: "lab-1", Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator}}
		if _, err := f.engine.RegisterAuthenticator(f.t.Context(), h, claim.Authenticator{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"}); err != nil {
			f.t.Fatal(err)
		}
		return book.Outcome{}
	}
	h := f.header(method)
	h.Principal.Person = "person-1"
	o, err := f.engine.Do(f.t.Context(), h, cmd)
	if err != nil {
		f.t.Fatal(err)
	}
	return o
}

func (f *fixture) read(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	got, found, err := f.db.Reader().Claim(f.t.Context(), c.MerchantID, c.ID)
	if err != nil || !found {
		f.t.Fatal(found, err)
	}
	return &got
}

// createConfirming makes a webhook of m1 that confirms notices, or not.
func (f *fixture) createConfirming(url string, confirms bool) {
	f.t.Helper()
	if _, _, _, err := f.hooks.Create(f.t.Context(), f.request("CreateWebhook"), webhook.Endpoint{URL: url, ConfirmsNotices: confirms}); err != nil {
		f.t.Fatal(err)
	}
}

// told gives what the events tell of the delivery of a claim's notice, in order.
func (f *fixture) told(c *claim.Claim) []string {
	f.t.Helper()
	var contents []string
	if err := f.admin.Select(&contents, `SELECT content FROM events WHERE claim_id = $1 AND kind IN ('NOTICE_CONFIRMED', 'NOTICE_ATTEMPTED') ORDER BY event_number`, c.ID); err != nil {
		f.t.Fatal(err)
	}
	return contents
}

// Would catch a notice that a webhook took and that counts as undelivered, one that a
// webhook took which does not stand for notices, and a period that begins twice.
func TestAWebhookDeliversNotices(t *testing.T) {
	t.Parallel()
	for _, confirms := range []bool{true, false} {
		f := newFixture(t, bounds())
		r := newReceiver(t)
		f.createConfirming(r.URL, confirms)
		c := f.notified("l1")
		f.advance(time.Hour)
		f.step()
		f.step()
		got := f.read(c)
		if !got.NoticeConfirmedAt.IsZero() != confirms || (got.Fires == claim.DeadlineNotice) != confirms {
			t.Fatalf("confirms %v: delivered %s, runs %s", confirms, got.NoticeConfirmedAt, got.Fires)
		}
		if !confirms {
			continue
		}
		if !got.NoticeConfirmedAt.Equal(start.Add(time.Hour)) {
			t.Errorf("the period begins at %s", got.NoticeConfirmedAt)
		}
		told := f.told(c)
		if len(told) != 1 || !strings.Contains(told[0], `"webhook":"`) || !strings.Contains(told[0], `"notice_event":"`) {
			t.Errorf("the events tell %q", told)
		}
	}
}

// Would catch a notice of an older revision that starts the period of a newer one, which
// the merchant has not seen.
func TestAnOldNoticeDeliversNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	f.createConfirming(r.URL, true)
	c := f.notified("l1")
	var once sync.Once
	r.answers(func(string) int {
		// The verdict changes while the merchant's system takes the notice of the first.
		once.Do(func() {
			f.do("ReportOrderRefund", &book.ReportOrderRefund{LineID: "l1", RefundID: "r1", Amount: 4_000, Currency: "CNY", RefundedAt: start})
		})
		return http.StatusOK
	})
	f.step()
	got := f.read(c)
	if got.Revision != 2 || got.NoticeConfirmedAt.IsZero() {
		t.Fatalf("revision %d, delivered %s", got.Revision, got.NoticeConfirmedAt)
	}
	newest := f.told(c)
	if len(newest) != 1 {
		t.Fatalf("the events tell %q", newest)
	}
	var confirming int64
	if err := f.admin.Get(&confirming, `SELECT event_number FROM claim_revisions WHERE claim_id = $1 AND revision = 2`, c.ID); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(newest[0], `"notice_event":"`+strconv.FormatInt(confirming, 10)+`"`) {
		t.Errorf("revision 2 was made by event %d, and the events tell %q", confirming, newest)
	}
}

// Would catch attempts that leave no proof, and a proof for each of many tries.
func TestFailedNoticesAreKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	r.answers(func(string) int { return http.StatusConflict })
	f.createConfirming(r.URL, true)
	c := f.notified("l1")
	for range 30 {
		f.step()
		f.advance(20 * time.Hour)
	}
	told := f.told(c)
	if len(told) != 2 || slices.ContainsFunc(told, func(s string) bool {
		return !strings.Contains(s, `"channel":"webhook"`) || !strings.Contains(s, "409")
	}) {
		t.Errorf("the events tell %q", told)
	}
	if got := f.read(c); !got.NoticeConfirmedAt.IsZero() {
		t.Errorf("delivered %s", got.NoticeConfirmedAt)
	}
}

// deaf is who cannot record what became of notices.
type deaf struct{ err error }

func (d deaf) Delivered(context.Context, *webhook.Notice) error { return d.err }
func (d deaf) Failed(context.Context, *webhook.Notice) error    { return d.err }

// Would catch a delivery that is done with although nobody could record it: the notice
// would count as undelivered for ever.
func TestADeliveryWaitsForItsRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	f.createConfirming(r.URL, true)
	c := f.notified("l1")
	away := errors.New("the database is away")
	if err := f.replicaTelling(bounds(), deaf{away}).Step(t.Context()); !errors.Is(err, away) {
		t.Fatalf("a step that cannot record: %v", err)
	}
	f.advance(2 * time.Minute)
	f.step()
	if got := f.read(c); got.NoticeConfirmedAt.IsZero() {
		t.Error("the notice was taken and is not confirmed")
	}
}
