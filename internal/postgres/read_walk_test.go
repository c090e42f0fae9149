package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// walked goes through a list page by page, makes more rows after each of the
// first pages, and gives the keys of the rows in the order in which they came.
func walked[T, C any](t *testing.T, b *bulk, size int, page func(C) (postgres.Page[T, C], error), key func(*T) string) []string {
	t.Helper()
	var keys []string
	var at C
	for pages := range 10_000 {
		p, err := page(at)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Rows) > size {
			t.Fatalf("%d rows on a page of %d", len(p.Rows), size)
		}
		for i := range p.Rows {
			keys = append(keys, key(&p.Rows[i]))
		}
		if !p.More {
			return keys
		}
		at = p.Next
		if pages < 3 {
			b.grow()
		}
	}
	t.Fatal("the list has no end")
	return nil
}

// grow adds rows that are newer than all before.
func (b *bulk) grow() {
	b.t.Helper()
	b.fill(b.last+1, b.last+20)
}

// once fails the test unless keys hold every one of want once and in its order,
// whatever came in beside them while the list was walked.
func once(t *testing.T, keys, want []string) {
	t.Helper()
	if len(want) == 0 {
		t.Fatal("nothing to walk")
	}
	known := make(map[string]bool, len(want))
	for _, k := range want {
		known[k] = true
	}
	got := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !known[k] })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%d rows, want %d: %.2000s", len(got), len(want), diff)
	}
}

// Would catch a page that leaves out or repeats rows at its edge, at the bound
// of what it looks at, or because rows are added meanwhile.
func TestListsOfClaimsGiveEachOnce(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, bulkRows)
	const newest = ` ORDER BY claim_id DESC`
	// Results are on the oldest claims only, up to eight on each.
	const withResults = `claim_id IN (SELECT claim_id FROM results)`
	lateFiled := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	for _, list := range []struct {
		name string
		q    postgres.ClaimQuery
		size int
		want string
	}{
		{"merchant", postgres.ClaimQuery{MerchantID: "hot"}, 999, `merchant_id = 'hot'` + newest},
		{"merchant, rare final state", postgres.ClaimQuery{MerchantID: "hot", State: claim.Rejected}, 1, `merchant_id = 'hot' AND state = 'REJECTED'` + newest},
		{"merchant, rare waiting state", postgres.ClaimQuery{MerchantID: "hot", State: claim.InReview}, 50, `merchant_id = 'hot' AND state = 'IN_REVIEW'` + newest},
		{"merchant, paying", postgres.ClaimQuery{MerchantID: "m5", State: claim.Paying}, 100, `merchant_id = 'm5' AND state = 'PAYING'` + newest},
		{"order", postgres.ClaimQuery{OrderID: "hot"}, 1000, `order_id = 'hot'` + newest},
		{"order of one claim", postgres.ClaimQuery{OrderID: "o20000"}, 1, `order_id = 'o20000'` + newest},
		{"claimant", postgres.ClaimQuery{ClaimantID: "hot", State: claim.Rejected, OrderID: "hot"}, 3, `claimant_id = 'hot' AND state = 'REJECTED'` + newest},
		{"claimant of few", postgres.ClaimQuery{ClaimantID: "c5000"}, 1, `claimant_id = 'c5000'` + newest},
		{"product", postgres.ClaimQuery{ProductID: "p7"}, 11, `product_id = 'p7'` + newest},
		{"product, one claimant", postgres.ClaimQuery{ProductID: "hot", MerchantID: "hot", State: claim.InReview}, 2, `product_id = 'hot' AND state = 'IN_REVIEW'` + newest},
		{"merchant, oldest first", postgres.ClaimQuery{MerchantID: "hot", OldestFirst: true}, 999, `merchant_id = 'hot' ORDER BY claim_id`},
		{"merchant, oldest first, rare state", postgres.ClaimQuery{MerchantID: "hot", OldestFirst: true, State: claim.Rejected}, 1, `merchant_id = 'hot' AND state = 'REJECTED' ORDER BY claim_id`},
		{"merchant, oldest first, waiting", postgres.ClaimQuery{MerchantID: "hot", OldestFirst: true, State: claim.InReview}, 1, `merchant_id = 'hot' AND state = 'IN_REVIEW' ORDER BY claim_id`},
		{"merchant, waiting, filed late", postgres.ClaimQuery{MerchantID: "hot", State: claim.Notified, FiledFrom: lateFiled}, 40, `merchant_id = 'hot' AND state = 'NOTIFIED' AND filed_at >= '2026-01-02 03:00+00'` + newest},
		{"product, oldest first, filed early", postgres.ClaimQuery{ProductID: "hot", OldestFirst: true, FiledTo: lateFiled, Verdict: claim.Counterfeit}, 800, `product_id = 'hot' AND filed_at <= '2026-01-02 03:00+00' ORDER BY claim_id`},
		{"authenticator", postgres.ClaimQuery{AuthenticatorID: "lab"}, 7, withResults + newest},
		{"authenticator, oldest first", postgres.ClaimQuery{AuthenticatorID: "lab", OldestFirst: true}, 300, withResults + ` ORDER BY claim_id`},
		{"authenticator and state", postgres.ClaimQuery{AuthenticatorID: "lab", State: claim.Rejected}, 1, withResults + ` AND state = 'REJECTED'` + newest},
		{"product and authenticator", postgres.ClaimQuery{ProductID: "hot", AuthenticatorID: "lab"}, 500, withResults + ` AND product_id = 'hot'` + newest},
		{"payment", postgres.ClaimQuery{PaymentID: "hot"}, 1000, `payment_id = 'hot'` + newest},
		{"payment of one claim", postgres.ClaimQuery{PaymentID: "pay20000"}, 1, `payment_id = 'pay20000'` + newest},
		{"payment, oldest first, rare state", postgres.ClaimQuery{PaymentID: "hot", OldestFirst: true, State: claim.Rejected}, 2, `payment_id = 'hot' AND state = 'REJECTED' ORDER BY claim_id`},
		{"external reference", postgres.ClaimQuery{ExternalReference: "hot"}, 1000, `external_reference = 'hot'` + newest},
		{"external reference of one claim", postgres.ClaimQuery{ExternalReference: "ref20000"}, 1, `external_reference = 'ref20000'` + newest},
		{"external reference, oldest first, rare state", postgres.ClaimQuery{ExternalReference: "hot", OldestFirst: true, State: claim.Rejected}, 2, `external_reference = 'hot' AND state = 'REJECTED' ORDER BY claim_id`},
		{"out-number", postgres.ClaimQuery{OutNumber: "out20000"}, 1, `claim_id = 'C000020000'`},
		{"gateway reference", postgres.ClaimQuery{GatewayReference: "gw10000"}, 1, `claim_id IN (SELECT claim_id FROM payouts WHERE gateway_reference = 'gw10000')` + newest},
		{"gateway reference, hot", postgres.ClaimQuery{GatewayReference: "hot", OldestFirst: true}, 700, `merchant_id = 'hot' ORDER BY claim_id`},
		{"report in another spelling", postgres.ClaimQuery{ReportNumber: "ＲＥＰＯＲＴ\u3000２\u200b0 000"}, 1, `claim_id = 'C000002500'`},
		{"assignee", postgres.ClaimQuery{Assignee: "hot"}, 1000, `assignee = 'hot'` + newest},
		{"assignee of a merchant, oldest first", postgres.ClaimQuery{Assignee: "hot", MerchantID: "m4", OldestFirst: true}, 90, `assignee = 'hot' AND merchant_id = 'm4' ORDER BY claim_id`},
		{"assignee by deadline", postgres.ClaimQuery{Assignee: "hot", ByDeadline: true}, 500, `assignee = 'hot' AND deadline_at IS NOT NULL ORDER BY deadline_at, claim_id`},
		{"state", postgres.ClaimQuery{State: claim.InReview}, 1000, `state = 'IN_REVIEW'` + newest},
		{"state, oldest first", postgres.ClaimQuery{State: claim.PayoutFailed, OldestFirst: true}, 1000, `state = 'PAYOUT_FAILED' ORDER BY claim_id`},
		{"state that ended", postgres.ClaimQuery{State: claim.Rejected}, 1, `state = 'REJECTED'` + newest},
		{"state of paying", postgres.ClaimQuery{State: claim.Paying, OldestFirst: true}, 300, `state = 'PAYING' ORDER BY claim_id`},
		{"waiting for funds", postgres.ClaimQuery{State: claim.Paying, WaitsFor: claim.PartyMerchantFunds}, 300, `state = 'PAYING'` + newest},
		{"deadline", postgres.ClaimQuery{ByDeadline: true, State: claim.InReview}, 900, `state = 'IN_REVIEW' AND deadline_at IS NOT NULL ORDER BY deadline_at, claim_id`},
		{"deadline, latest first", postgres.ClaimQuery{ByDeadline: true, OldestFirst: true, MerchantID: "hot"}, 999, `merchant_id = 'hot' AND deadline_at IS NOT NULL ORDER BY deadline_at DESC, claim_id DESC`},
		{"deadline in a range", postgres.ClaimQuery{ByDeadline: true, DeadlineFrom: lateFiled.AddDate(0, 0, 6), DeadlineTo: lateFiled.AddDate(0, 0, 7)}, 77, `deadline_at BETWEEN '2026-01-08 03:00+00' AND '2026-01-09 03:00+00' ORDER BY deadline_at, claim_id`},
		{"deadline in a range, latest first", postgres.ClaimQuery{ByDeadline: true, OldestFirst: true, DeadlineFrom: lateFiled.AddDate(0, 0, 6), DeadlineTo: lateFiled.AddDate(0, 0, 7)}, 77, `deadline_at BETWEEN '2026-01-08 03:00+00' AND '2026-01-09 03:00+00' ORDER BY deadline_at DESC, claim_id DESC`},
		{"review, filed late", postgres.ClaimQuery{Queue: postgres.QueueReview, FiledFrom: lateFiled}, 90, `state = 'IN_REVIEW' AND filed_at >= '2026-01-02 03:00+00' ORDER BY state_since, claim_id`},
		{"stuck, filed late", postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, FiledFrom: lateFiled}, 50, `state IN ('PAYOUT_FAILED', 'PAYING') AND filed_at >= '2026-01-02 03:00+00'
			ORDER BY state = 'PAYING', CASE state WHEN 'PAYOUT_FAILED' THEN state_since END, claim_id`},
		{"review", postgres.ClaimQuery{Queue: postgres.QueueReview}, 1000, `state = 'IN_REVIEW' ORDER BY state_since, claim_id`},
		{"review of merchant", postgres.ClaimQuery{Queue: postgres.QueueReview, MerchantID: "hot"}, 1, `state = 'IN_REVIEW' AND merchant_id = 'hot' ORDER BY state_since, claim_id`},
		{"approval", postgres.ClaimQuery{Queue: postgres.QueueApproval, State: claim.AwaitingApproval}, 100, `state = 'AWAITING_APPROVAL' ORDER BY state_since, claim_id`},
		{"overdue", postgres.ClaimQuery{Queue: postgres.QueueOverdue}, 900, `escalated ORDER BY escalated_at NULLS FIRST, claim_id`},
		{"overdue in state", postgres.ClaimQuery{Queue: postgres.QueueOverdue, State: claim.Rejected, MerchantID: "hot"}, 1, `escalated AND state = 'REJECTED' ORDER BY escalated_at NULLS FIRST, claim_id`},
		{"unfunded", postgres.ClaimQuery{Queue: postgres.QueueUnfunded}, 100, `state = 'PAYING' ORDER BY confirmed_at, claim_id`},
		{"unfunded of merchant", postgres.ClaimQuery{Queue: postgres.QueueUnfunded, MerchantID: "m5"}, 7, `state = 'PAYING' AND merchant_id = 'm5' ORDER BY confirmed_at, claim_id`},
		{"stuck", postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts}, 100, `state IN ('PAYOUT_FAILED', 'PAYING')
			ORDER BY state = 'PAYING', CASE state WHEN 'PAYOUT_FAILED' THEN state_since END, claim_id`},
		{"stuck, paying", postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying}, 7, `state = 'PAYING' ORDER BY claim_id`},
		{"stuck, failed", postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.PayoutFailed, MerchantID: "m3"}, 1799, `state = 'PAYOUT_FAILED' ORDER BY state_since, claim_id`},
	} {
		t.Run(list.name, func(t *testing.T) {
			want := b.ids(`SELECT claim_id FROM claims WHERE ` + list.want)
			got := walked(t, b, list.size,
				func(from postgres.ClaimCursor) (postgres.ClaimPage, error) {
					return b.reader.Claims(t.Context(), list.q, from, list.size)
				},
				func(c *claim.Claim) string { return c.ID })
			once(t, got, want)
		})
	}
}

// Would catch the same in the lists of what belongs to claims.
func TestListsOfPartsGiveEachOnce(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, bulkRows)
	for _, list := range []struct {
		name string
		q    postgres.PayoutQuery
		size int
		want string
	}{
		{"all", postgres.PayoutQuery{MerchantID: "hot"}, 1000, `true`},
		{"state", postgres.PayoutQuery{MerchantID: "hot", State: payout.Failed}, 1, `state = 'FAILED'`},
		{"claim", postgres.PayoutQuery{MerchantID: "hot", ClaimID: "C000000009"}, 1, `claim_id = 'C000000009'`},
	} {
		t.Run("payouts/"+list.name, func(t *testing.T) {
			want := b.ids(`SELECT payout_id FROM payouts WHERE merchant_id = 'hot' AND ` + list.want + ` ORDER BY payout_id`)
			once(t, walked(t, b, list.size,
				func(from string) (postgres.Page[payout.Payout, string], error) {
					return b.reader.Payouts(t.Context(), list.q, from, list.size)
				},
				func(p *payout.Payout) string { return p.ID }), want)
		})
	}
	for _, list := range []struct {
		name string
		q    postgres.HoldQuery
		size int
		want string
	}{
		{"all", postgres.HoldQuery{MerchantID: "hot"}, 777, `true`},
		{"state", postgres.HoldQuery{MerchantID: "hot", State: ledger.Held}, 1, `state = 'HELD'`},
		{"claim", postgres.HoldQuery{MerchantID: "hot", ClaimID: "C000000010"}, 1, `claim_id = 'C000000010'`},
	} {
		t.Run("holds/"+list.name, func(t *testing.T) {
			want := b.ids(`SELECT claim_id || '/' || hold_number FROM holds WHERE merchant_id = 'hot' AND ` + list.want + ` ORDER BY claim_id, hold_number`)
			once(t, walked(t, b, list.size,
				func(from postgres.HoldKey) (postgres.Page[ledger.Hold, postgres.HoldKey], error) {
					return b.reader.Holds(t.Context(), list.q, from, list.size)
				},
				func(h *ledger.Hold) string { return h.ClaimID + "/" + string(rune('0'+h.Number)) }), want)
		})
	}
	t.Run("transfers", func(t *testing.T) {
		want := b.ids(`SELECT claim_id FROM transfers WHERE merchant_id = 'hot' ORDER BY transfer_number`)
		after := int64(0)
		var got []string
		for {
			rows, err := b.reader.Transfers(t.Context(), "hot", "", after, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				break
			}
			for _, row := range rows {
				got, after = append(got, row.ClaimID), row.Number
			}
		}
		once(t, got, want)
	})
}

// Would catch a claim that a queue lists once for each of its payouts, or for a
// payout that is not the claim's oldest without an outcome.
func TestStuckClaimIsListedOnce(t *testing.T) {
	t.Parallel()
	b := newBulk(t, hotRows+1, hotRows+1000)
	b.run(`
		INSERT INTO payouts (
			merchant_id, payout_id, claim_id, part, state, amount_minor, currency, out_number, payment_id, destination,
			not_after, gateway_reference, failure_code, created_at, answered_at)
		SELECT merchant_id, payout_id || '-2', claim_id, 'COMPENSATION', state, amount_minor, currency, out_number || '2', payment_id,
		       destination, not_after, gateway_reference, failure_code, created_at, answered_at
		FROM payouts`)
	b.run(`INSERT INTO payout_dues (merchant_id, payout_id, due_at, attempts) SELECT merchant_id, payout_id || '-2', due_at, attempts FROM payout_dues`)
	q := postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts, State: claim.Paying}
	once(t, walked(t, b, 10,
		func(from postgres.ClaimCursor) (postgres.ClaimPage, error) {
			return b.reader.Claims(t.Context(), q, from, 10)
		},
		func(c *claim.Claim) string { return c.ID }),
		b.ids(`SELECT claim_id FROM claims WHERE state = 'PAYING' ORDER BY claim_id`))
}

// Would catch a total that is not what the list holds where it is counted, that
// is far off where it is estimated, or that is said to be exact when it is not.
func TestTotalsOfLists(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, bulkRows)
	for name, list := range map[string]struct {
		q        postgres.ClaimQuery
		want     string
		estimate bool
	}{
		"few":                   {postgres.ClaimQuery{ClaimantID: "c5000"}, `claimant_id = 'c5000'`, false},
		"none":                  {postgres.ClaimQuery{OrderID: "nothing"}, `false`, false},
		"hot merchant":          {postgres.ClaimQuery{MerchantID: "hot"}, `merchant_id = 'hot'`, true},
		"hot merchant in state": {postgres.ClaimQuery{MerchantID: "hot", State: claim.Notified}, `merchant_id = 'hot' AND state = 'NOTIFIED'`, true},
		"review":                {postgres.ClaimQuery{Queue: postgres.QueueReview}, `state = 'IN_REVIEW'`, true},
		"overdue":               {postgres.ClaimQuery{Queue: postgres.QueueOverdue}, `escalated`, true},
		"stuck":                 {postgres.ClaimQuery{Queue: postgres.QueueStuckPayouts}, `state IN ('PAYOUT_FAILED', 'PAYING')`, true},
	} {
		got, err := b.reader.TotalClaims(t.Context(), list.q)
		want := int64(len(b.ids(`SELECT claim_id FROM claims WHERE ` + list.want)))
		if err != nil || got.Estimate != list.estimate {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if !got.Estimate && got.Claims != want {
			t.Errorf("%s: %d claims, want %d", name, got.Claims, want)
		}
		if got.Estimate && (got.Claims < want/3 || got.Claims > 3*want) {
			t.Errorf("%s: some %d claims, there are %d", name, got.Claims, want)
		}
	}
}
