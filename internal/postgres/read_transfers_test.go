package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// lateTransfers is how many transfers the book f1 has: more than a page looks at. Every fifth
// took effect up to ten days before it was recorded, three each belong to one event, and the
// transfers of some events have one record time.
const lateTransfers = 3000

// newLedger is a bulk with two books whose record times follow their numbers, as those of the
// engine do.
func newLedger(t *testing.T) *bulk {
	t.Helper()
	b := newBulk(t, 1, 100)
	b.tell()
	return b
}

// tell makes those books.
func (b *bulk) tell() {
	b.t.Helper()
	for merchant, rows := range map[string]int{"f1": lateTransfers, "f2": 150} {
		b.run(`
			INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
			VALUES ($1, 'CNY', 1, 1, sha256('x'), $2, $3, $3)`, merchant, rows, start)
		b.run(`
			INSERT INTO transfers (
				merchant_id, transfer_number, event_number, kind, debit_purpose, credit_purpose, amount_minor, currency, claim_id, external_reference,
				recorded_at, effective_at)
			SELECT $1, n, (n + 2) / 3, k.kind, k.debit, k.credit, 1 + n * 7919 % 1000, 'CNY', 'F' || (n + 2) / 3 % 40,
			       CASE WHEN n % 100 = 0 THEN 'ref' || n END, at,
			       CASE WHEN n % 5 = 0 THEN at - n * 104729 % 864000 * interval '1 second' ELSE at END
			FROM generate_series(1, $2::integer) n
			CROSS JOIN LATERAL (SELECT $3::timestamptz + n / 6 * interval '7 minutes' AS at) x
			CROSS JOIN LATERAL (
				SELECT (ARRAY['DEPOSIT_TOPPED_UP', 'DEPOSIT_HELD', 'DEPOSIT_RELEASED'])[1 + n % 3] AS kind,
				       (ARRAY['SETTLEMENT_CLEARING', 'DEPOSIT', 'DEPOSIT_HELD'])[1 + n % 3] AS debit,
				       (ARRAY['DEPOSIT', 'DEPOSIT_HELD', 'DEPOSIT'])[1 + n % 3] AS credit) k`, merchant, rows, start)
		b.run(`
			INSERT INTO events (merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash, first_transfer, last_transfer)
			SELECT t.merchant_id, t.event_number, 'X', min(t.claim_id), max(t.recorded_at), 1, '', decode(repeat('00', 32), 'hex'),
			       min(t.transfer_number), max(t.transfer_number)
			FROM transfers t
			WHERE t.merchant_id = $1
			GROUP BY t.merchant_id, t.event_number`, merchant)
		// All transfers of an event are recorded with it.
		b.run(`
			UPDATE transfers t
			SET recorded_at = e.recorded_at, effective_at = CASE WHEN t.effective_at = t.recorded_at THEN e.recorded_at ELSE t.effective_at END
			FROM events e
			WHERE t.merchant_id = $1 AND e.merchant_id = t.merchant_id AND e.event_number = t.event_number`, merchant)
	}
	b.run(`ANALYZE transfers, events, books`)
}

// Would catch a list of transfers that leaves out, repeats or misplaces some: at the edge of a
// page, at the bound of what it looks at, where transfers took effect before they were
// recorded, or at the bounds of a time.
func TestListsOfTransfersGiveEachOnce(t *testing.T) {
	t.Parallel()
	b := newLedger(t)
	from, to := start.Add(10*time.Hour), start.Add(40*time.Hour)
	within := fmt.Sprintf(`BETWEEN '%s' AND '%s'`, from.Format(time.RFC3339), to.Format(time.RFC3339))
	small := money.Amount(5)
	for _, list := range []struct {
		name string
		q    postgres.TransferQuery
		size int
		want string
	}{
		{"merchant", postgres.TransferQuery{MerchantID: "f1"}, 999, `merchant_id = 'f1' ORDER BY transfer_number`},
		{"newest first", postgres.TransferQuery{MerchantID: "f1", NewestFirst: true}, 1000, `merchant_id = 'f1' ORDER BY transfer_number DESC`},
		{"kind", postgres.TransferQuery{MerchantID: "f1", Kind: "DEPOSIT_HELD"}, 500, `merchant_id = 'f1' AND kind = 'DEPOSIT_HELD' ORDER BY transfer_number`},
		{"account", postgres.TransferQuery{MerchantID: "f1", Account: ledger.DepositHeld, NewestFirst: true}, 999,
			`merchant_id = 'f1' AND 'DEPOSIT_HELD' IN (debit_purpose, credit_purpose) ORDER BY transfer_number DESC`},
		{"small amounts", postgres.TransferQuery{MerchantID: "f1", AmountTo: &small}, 7, `merchant_id = 'f1' AND amount_minor <= 5 ORDER BY transfer_number`},
		{"recorded in a time", postgres.TransferQuery{MerchantID: "f1", RecordedFrom: from, RecordedTo: to}, 100,
			`merchant_id = 'f1' AND recorded_at ` + within + ` ORDER BY transfer_number`},
		{"recorded in a time, newest first", postgres.TransferQuery{MerchantID: "f1", RecordedFrom: from, RecordedTo: to, NewestFirst: true}, 100,
			`merchant_id = 'f1' AND recorded_at ` + within + ` ORDER BY transfer_number DESC`},
		{"by effect", postgres.TransferQuery{MerchantID: "f1", ByEffect: true}, 40, `merchant_id = 'f1' ORDER BY effective_at, transfer_number`},
		{"by effect, newest first", postgres.TransferQuery{MerchantID: "f1", ByEffect: true, NewestFirst: true}, 999,
			`merchant_id = 'f1' ORDER BY effective_at DESC, transfer_number DESC`},
		{"by effect, rare", postgres.TransferQuery{MerchantID: "f1", ByEffect: true, AmountTo: &small}, 3,
			`merchant_id = 'f1' AND amount_minor <= 5 ORDER BY effective_at, transfer_number`},
		{"took effect in a time", postgres.TransferQuery{MerchantID: "f1", ByEffect: true, EffectiveFrom: from, EffectiveTo: to}, 33,
			`merchant_id = 'f1' AND effective_at ` + within + ` ORDER BY effective_at, transfer_number`},
		{"took effect in a time, newest first", postgres.TransferQuery{MerchantID: "f1", ByEffect: true, NewestFirst: true, EffectiveFrom: from, EffectiveTo: to}, 33,
			`merchant_id = 'f1' AND effective_at ` + within + ` ORDER BY effective_at DESC, transfer_number DESC`},
		{"all", postgres.TransferQuery{Kind: "DEPOSIT_HELD", Account: ledger.Deposit, RecordedFrom: start.Add(-time.Minute), RecordedTo: to}, 1,
			`merchant_id IN ('f1', 'f2') AND kind = 'DEPOSIT_HELD' AND recorded_at <= '` + to.Format(time.RFC3339) + `' ORDER BY recorded_at, merchant_id, transfer_number`},
		{"all, newest first", postgres.TransferQuery{NewestFirst: true, RecordedTo: to}, 50,
			`merchant_id IN ('f1', 'f2') AND recorded_at <= '` + to.Format(time.RFC3339) + `' ORDER BY recorded_at DESC, merchant_id DESC, transfer_number DESC`},
		{"reference", postgres.TransferQuery{MerchantID: "f1", ExternalReference: "ref300"}, 1, `merchant_id = 'f1' AND external_reference = 'ref300'`},
	} {
		t.Run(list.name, func(t *testing.T) {
			want := b.ids(`SELECT merchant_id || '/' || transfer_number FROM transfers WHERE ` + list.want)
			once(t, walked(t, b, list.size,
				func(from postgres.TransferCursor) (postgres.TransferPage, error) {
					return b.reader.FindTransfers(t.Context(), list.q, from, list.size)
				},
				func(x *ledger.Transfer) string { return fmt.Sprintf("%s/%d", x.MerchantID, x.Number) }), want)
		})
	}
	t.Run("payouts of all", func(t *testing.T) {
		for _, newest := range []bool{false, true} {
			order := map[bool]string{false: "", true: " DESC"}[newest]
			want := b.ids(`SELECT payout_id FROM payouts WHERE state = 'SUCCEEDED' ORDER BY payout_id` + order)
			q := postgres.PayoutQuery{State: payout.Succeeded, NewestFirst: newest}
			once(t, walked(t, b, 7, func(from string) (postgres.Page[payout.Payout, string], error) {
				return b.reader.Payouts(t.Context(), q, from, 7)
			}, func(p *payout.Payout) string { return p.ID }), want)
		}
	})
	t.Run("holds of all", func(t *testing.T) {
		want := b.ids(`SELECT merchant_id || claim_id || hold_number FROM holds ORDER BY merchant_id, claim_id, hold_number`)
		once(t, walked(t, b, 11, func(from postgres.HoldKey) (postgres.Page[ledger.Hold, postgres.HoldKey], error) {
			return b.reader.Holds(t.Context(), postgres.HoldQuery{}, from, 11)
		}, func(h *ledger.Hold) string { return fmt.Sprint(h.MerchantID, h.ClaimID, h.Number) }), want)
	})
}

// Would catch a search by halves that is off by one: at the time of a transfer, right before
// it, before the first one and after the last.
func TestLastTransferAtATime(t *testing.T) {
	t.Parallel()
	b := newLedger(t)
	for _, at := range []time.Time{
		start.Add(-time.Hour), start, start.Add(7*time.Minute - time.Microsecond), start.Add(7 * time.Minute), start.Add(31 * time.Hour), start.AddDate(1, 0, 0),
	} {
		var want int64
		if err := b.admin.GetContext(t.Context(), &want, `
			SELECT coalesce(max(transfer_number), 0) FROM transfers WHERE merchant_id = 'f1' AND recorded_at <= $1`, at); err != nil {
			t.Fatal(err)
		}
		if got, err := b.reader.LastTransferAt(t.Context(), "f1", at); err != nil || got != want {
			t.Errorf("at %s: transfer %d, want %d (%v)", at, got, want, err)
		}
	}
	if got, err := b.reader.LastTransferAt(t.Context(), "nobody", start); err != nil || got != 0 {
		t.Errorf("of no book: transfer %d (%v)", got, err)
	}
}
