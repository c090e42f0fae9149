package postgres

import (
	"context"
	"database/sql"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// TransferFacts are what a transfer's claim and payout add to it.
type TransferFacts struct {
	OrderID string
	// Revision is that of the verdict under which the transfer was made; zero before the
	// first one.
	Revision         int32
	GatewayReference string
}

// FactsOfTransfers reads the facts of transfers, in their order.
func (r Reader) FactsOfTransfers(ctx context.Context, list []ledger.Transfer) ([]TransferFacts, error) {
	facts := make([]TransferFacts, len(list))
	merchants, claims, payouts, events := make([]string, len(list)), make([]string, len(list)), make([]string, len(list)), make([]int64, len(list))
	some := false
	for i := range list {
		t := &list[i]
		merchants[i], claims[i], payouts[i], events[i] = t.MerchantID, t.ClaimID, t.PayoutID, t.EventNumber
		some = some || t.ClaimID != ""
	}
	if !some {
		return facts, nil
	}
	err := r.each(ctx, "read facts of transfers", `
		SELECT k.place - 1, c.order_id, coalesce(v.revision, 0), coalesce(p.gateway_reference, '')
		FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY AS k (merchant_id, claim_id, payout_id, event_number, place)
		CROSS JOIN LATERAL (
			SELECT c.order_id
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		LEFT JOIN LATERAL (
			SELECT v.revision
			FROM claim_revisions v
			WHERE v.merchant_id = k.merchant_id AND v.claim_id = k.claim_id AND v.event_number <= k.event_number
			ORDER BY v.revision DESC
			LIMIT 1) v ON true
		LEFT JOIN LATERAL (
			SELECT p.gateway_reference
			FROM payouts p
			WHERE p.merchant_id = k.merchant_id AND p.payout_id = k.payout_id
			LIMIT 1) p ON true
		WHERE k.claim_id <> ''`,
		[]any{pq.Array(merchants), pq.Array(claims), pq.Array(payouts), pq.Array(events)}, func(rows *sql.Rows) error {
			var place int
			var f TransferFacts
			if err := rows.Scan(&place, &f.OrderID, &f.Revision, &f.GatewayReference); err != nil {
				return err
			}
			facts[place] = f
			return nil
		})
	return facts, err
}
