package postgres

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Queue is a list of claims that wait for people.
type Queue string

// The queues.
const (
	// QueueReview waits for a review.
	QueueReview Queue = "REVIEW"
	// QueueAppeal waits for the appeal panel.
	QueueAppeal Queue = "APPEAL"
	// QueueApproval waits for approval of the amount.
	QueueApproval Queue = "APPROVAL"
	// QueueOverdue holds the claims that only a person can take further, because a
	// deadline passed or the gateway contradicted itself, the longest escalated first.
	QueueOverdue Queue = "OVERDUE"
	// QueueStuckPayouts holds claims with a payout that failed, or that has had no
	// outcome for too long. Failed ones come first.
	QueueStuckPayouts Queue = "STUCK_PAYOUTS"
	// QueueUnfunded holds confirmed claims that are short of money, the oldest shortfall
	// first.
	QueueUnfunded Queue = "UNFUNDED"
)

func (r Reader) queue(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	switch q.Queue {
	case QueueReview:
		return r.inState(ctx, claim.InReview, q, from, size)
	case QueueAppeal:
		return r.inState(ctx, claim.Appealed, q, from, size)
	case QueueApproval:
		return r.inState(ctx, claim.AwaitingApproval, q, from, size)
	case QueueOverdue:
		return r.escalated(ctx, q, from, size)
	case QueueStuckPayouts:
		return r.stuck(ctx, q, from, size)
	case QueueUnfunded:
		return r.unfunded(ctx, q, from, size)
	}
	return ClaimPage{}, nil
}

// inState lists a queue that is one state.
func (r Reader) inState(ctx context.Context, s claim.State, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	if q.State != "" && q.State != s {
		return ClaimPage{}, nil
	}
	l := claimListing("list claims of queue", `
		SELECT`+claimColumns+`, k.n > $1
		FROM (
			SELECT w.merchant_id, w.claim_id, w.n
			FROM (
				SELECT w.merchant_id, w.claim_id, w.since, row_number() OVER (ORDER BY w.state, w.since, w.claim_id) AS n
				FROM waits w
				WHERE w.state IN ('IN_REVIEW', 'APPEALED', 'AWAITING_APPROVAL', 'PAYOUT_FAILED')
				  AND w.state <= $21 AND (w.state, w.since, w.claim_id) >= ($21, $22, $3)
				ORDER BY w.state, w.since, w.claim_id
				LIMIT $1 + 1) w
			WHERE $4 = '' OR w.merchant_id = $4 OR w.n > $1) k
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		WHERE `+claimAsked+` OR k.n > $1
		LIMIT $2`)
	l.far = q.narrow()
	l.cursor = func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID, Since: c.StateSince} }
	return l.page(ctx, r, size, append(q.args(from), string(s), from.Since)...)
}

// escalatedSince is what the queue of escalated claims is ordered by. Those from before the
// time was kept come first.
const escalatedSince = `coalesce(c.escalated_at, '0001-01-01 00:00:00+00'::timestamptz)`

func (r Reader) escalated(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	l := claimListing("list escalated claims", `
		SELECT`+claimColumns+`, c.n > $1
		FROM (
			SELECT`+claimColumns+`, row_number() OVER (ORDER BY `+escalatedSince+`, c.claim_id) AS n
			FROM claims c
			WHERE c.escalated AND (`+escalatedSince+`, c.claim_id) >= ($21, $3)
			ORDER BY `+escalatedSince+`, c.claim_id
			LIMIT $1 + 1) c
		WHERE `+claimAsked+` OR c.n > $1
		LIMIT $2`)
	l.cursor = func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID, Since: c.EscalatedAt} }
	return l.page(ctx, r, size, append(q.args(from), from.Since)...)
}

func (r Reader) unfunded(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	l := claimListing("list unfunded claims", `
		SELECT`+claimColumns+`, k.n > $1
		FROM (
			SELECT d.merchant_id, d.debt_id, d.n
			FROM (
				SELECT d.merchant_id, d.debt_id, row_number() OVER (ORDER BY d.since, d.debt_id) AS n
				FROM debts d
				WHERE d.kind = 'SHORTFALL' AND (d.since, d.debt_id) >= ($21, $3)
				ORDER BY d.since, d.debt_id
				LIMIT $1 + 1) d
			WHERE $4 = '' OR d.merchant_id = $4 OR d.n > $1) k
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.debt_id
			LIMIT 1) c
		WHERE `+claimAsked+` OR k.n > $1
		LIMIT $2`)
	l.far = q.narrow()
	l.cursor = func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID, Since: c.ConfirmedAt} }
	return l.page(ctx, r, size, append(q.args(from), from.Since)...)
}

// beforeEveryID sorts before every id that the engine makes.
const beforeEveryID = "-"

// stuck lists the claims whose payout failed, then those whose payout has no outcome.
// Only cursors of the former have a time.
func (r Reader) stuck(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	var failed ClaimPage
	if from.ClaimID == "" || !from.Since.IsZero() {
		var err error
		if failed, err = r.inState(ctx, claim.PayoutFailed, q, from, size); err != nil || failed.More {
			return failed, err
		}
		from = ClaimCursor{ClaimID: beforeEveryID}
	}
	left := size - len(failed.Rows)
	switch {
	case q.State != "" && q.State != claim.Paying:
		return failed, nil
	case left == 0:
		failed.More, failed.Next = true, from
		return failed, nil
	}
	unanswered, err := r.unanswered(ctx, q, from, left)
	if err != nil {
		return ClaimPage{}, err
	}
	p := ClaimPage{Rows: failed.Rows, Next: unanswered.Next, More: unanswered.More}
	for i := range unanswered.Rows {
		p.Rows = append(p.Rows, unanswered.Rows[i].Claim)
	}
	return p, nil
}

// unansweredClaim is a claim with the payout for which it is listed.
type unansweredClaim struct {
	claim.Claim
	payoutID string
}

// unanswered lists claims in payment by their oldest payout that was asked about many
// times without an outcome.
func (r Reader) unanswered(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (Page[unansweredClaim, ClaimCursor], error) {
	l := listing[unansweredClaim, ClaimCursor]{what: "list unanswered payouts", far: q.narrow(), query: `
		SELECT` + claimColumns + `, k.payout_id, k.n > $1
		FROM (
			SELECT d.merchant_id, d.payout_id, d.n
			FROM (
				SELECT d.merchant_id, d.payout_id, row_number() OVER (ORDER BY d.payout_id) AS n
				FROM payout_dues d
				WHERE d.attempts >= 10 AND d.payout_id >= $3
				ORDER BY d.payout_id
				LIMIT $1 + 1) d
			WHERE d.n > $1 OR ($4 = '' OR d.merchant_id = $4) AND (
				SELECT c.state = 'PAYING' AND NOT EXISTS (
					SELECT
					FROM payouts o
					JOIN payout_dues e ON e.merchant_id = o.merchant_id AND e.payout_id = o.payout_id
					WHERE o.claim_id = c.claim_id AND o.merchant_id = c.merchant_id AND o.payout_id < d.payout_id
					  AND e.attempts >= 10)
				FROM payouts p
				JOIN claims c ON c.merchant_id = p.merchant_id AND c.claim_id = p.claim_id
				WHERE p.merchant_id = d.merchant_id AND p.payout_id = d.payout_id)) k
		CROSS JOIN LATERAL (
			SELECT p.claim_id
			FROM payouts p
			WHERE p.merchant_id = k.merchant_id AND p.payout_id = k.payout_id
			LIMIT 1) p
		CROSS JOIN LATERAL (
			SELECT` + claimColumns + `
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = p.claim_id
			LIMIT 1) c
		WHERE ` + claimAsked + ` OR k.n > $1
		LIMIT $2`}
	l.scan = func(row scanner, u *unansweredClaim) error { return fillClaim(wider{row, &u.payoutID}, &u.Claim) }
	l.weigh = func(u *unansweredClaim) int { return claimWeight(&u.Claim) }
	l.cursor = func(u *unansweredClaim) ClaimCursor { return ClaimCursor{ClaimID: u.payoutID} }
	return l.page(ctx, r, size, q.args(from)...)
}
