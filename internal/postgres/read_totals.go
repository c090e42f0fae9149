package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// countedMax is how many claims of a list are counted exactly.
const countedMax = 1000

// Total is how many claims a list has.
type Total struct {
	Claims int64
	// Estimate says that there are more claims than are counted, and that the total is
	// the planner's expectation from table statistics.
	Estimate bool
}

// TotalClaims says how many claims a query finds: exactly if they are few and close to
// each other, otherwise as an estimate. It examines no more rows than a page does.
func (r Reader) TotalClaims(ctx context.Context, q ClaimQuery) (Total, error) {
	first, err := r.Claims(ctx, q, ClaimCursor{}, countedMax)
	if err != nil || !first.More {
		return Total{Claims: int64(len(first.Rows))}, err
	}
	expected, err := r.expected(ctx, &q)
	return Total{Claims: max(expected, int64(len(first.Rows))+1), Estimate: true}, err
}

// expected is what the planner expects of a query.
func (r Reader) expected(ctx context.Context, q *ClaimQuery) (int64, error) {
	switch q.Queue {
	case QueueReview:
		return r.expectedInState(ctx, q, claim.InReview)
	case QueueAppeal:
		return r.expectedInState(ctx, q, claim.Appealed)
	case QueueApproval:
		return r.expectedInState(ctx, q, claim.AwaitingApproval)
	case QueueStuckPayouts:
		failed, err := r.expectedInState(ctx, q, claim.PayoutFailed)
		if err != nil {
			return 0, err
		}
		unanswered, err := r.expectedRows(ctx, `
			EXPLAIN (FORMAT JSON)
			SELECT
			FROM payout_dues d
			WHERE d.attempts >= 10 AND ($1 = '' OR d.merchant_id = $1)`, q.MerchantID)
		return failed + unanswered, err
	case QueueUnfunded:
		return r.expectedRows(ctx, `
			EXPLAIN (FORMAT JSON)
			SELECT
			FROM debts d
			WHERE d.kind = 'SHORTFALL' AND ($1 = '' OR d.merchant_id = $1)`, q.MerchantID)
	case QueueOverdue:
	}
	return r.expectedRows(ctx, `
		EXPLAIN (FORMAT JSON)
		SELECT
		FROM claims c
		WHERE (NOT $1::boolean OR c.escalated) AND c.claim_id BETWEEN $2 AND $3 AND `+claimAsked,
		append([]any{q.Queue == QueueOverdue, beforeEveryID, afterEveryID}, q.asked()...)...)
}

func (r Reader) expectedInState(ctx context.Context, q *ClaimQuery, s claim.State) (int64, error) {
	return r.expectedRows(ctx, `
		EXPLAIN (FORMAT JSON)
		SELECT
		FROM waits w
		WHERE w.state = $1 AND ($2 = '' OR w.merchant_id = $2)`, string(s), q.MerchantID)
}

// expectedRows reads what a plan says of its root.
func (r Reader) expectedRows(ctx context.Context, query string, args ...any) (int64, error) {
	raw, _, err := readOne(ctx, r, "estimate", query, func(rows *sql.Rows) (text []byte, err error) { return text, rows.Scan(&text) }, args...)
	if err != nil {
		return 0, err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		} `json:"Plan"`
	}
	if err := json.Unmarshal(raw, &plans); err != nil {
		return 0, fmt.Errorf("read a plan: %w", err)
	}
	if len(plans) != 1 {
		return 0, fmt.Errorf("read a plan: one statement has %d", len(plans))
	}
	return int64(plans[0].Plan.Rows), nil
}
