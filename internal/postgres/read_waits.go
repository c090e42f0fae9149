package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Lists of claims that wait walk the narrow table of waits, and look up those claims
// whose row there fits.

// waitAnchor is a column of waits with an index on it and the claim's id.
type waitAnchor struct {
	column, parameter string
	// only is the condition of an index that does not hold every wait.
	only string
}

var (
	waitsOfMerchant = waitAnchor{column: "merchant_id", parameter: "$4"}
	inState         = waitAnchor{column: "state", parameter: "$8"}
	ofAssignee      = waitAnchor{column: "assignee", parameter: "$18", only: "w.assignee <> '' AND"}
)

// waits lists the claims under an anchor, in the order of filing.
func (r Reader) waits(ctx context.Context, a waitAnchor, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	walk := `
		SELECT w.merchant_id, w.claim_id, w.state, w.assignee, row_number() OVER (ORDER BY w.{anchor} DESC, w.claim_id DESC) AS n
		FROM waits w
		WHERE {only} w.{anchor} >= {value} AND (w.{anchor}, w.claim_id) <= ({value}, $3)
		ORDER BY w.{anchor} DESC, w.claim_id DESC
		LIMIT $1 + 1`
	if q.OldestFirst {
		walk = `
		SELECT w.merchant_id, w.claim_id, w.state, w.assignee, row_number() OVER (ORDER BY w.{anchor}, w.claim_id) AS n
		FROM waits w
		WHERE {only} w.{anchor} <= {value} AND (w.{anchor}, w.claim_id) >= ({value}, $3)
		ORDER BY w.{anchor}, w.claim_id
		LIMIT $1 + 1`
	}
	walk = strings.NewReplacer("{anchor}", a.column, "{value}", a.parameter, "{only}", a.only).Replace(walk)
	l := waitListing("list waiting claims by "+a.column, walk)
	l.far = q.narrow()
	return l.page(ctx, r, size, q.args(from)...)
}

// waitListing is a listing of the claims whose waits a walk gives and fit the query.
func waitListing(what, walk string) listing[claim.Claim, ClaimCursor] {
	return claimListing(what, `
		SELECT`+claimColumns+`, k.n > $1
		FROM (
			SELECT w.merchant_id, w.claim_id, w.n
			FROM (`+walk+`) w
			WHERE ($4 = '' OR w.merchant_id = $4) AND ($8 = '' OR w.state = $8) AND ($18 = '' OR w.assignee = $18) OR w.n > $1) k
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		WHERE `+claimAsked+` OR k.n > $1
		LIMIT $2`)
}

// byDeadline lists the claims whose deadline runs, in the order of deadlines: those of an
// assignee, of a merchant, or of all.
func (r Reader) byDeadline(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	if q.State != "" && len(q.State.Fires()) == 0 {
		return ClaimPage{}, nil // No deadline runs in it.
	}
	// The index holds first the column that all rows of the list share, if there is one.
	first, value, only := "", "", ""
	switch {
	case q.Assignee != "":
		first, value, only = "w.assignee, ", "$18, ", "w.assignee <> '' AND "
	case q.MerchantID != "":
		first, value = "w.merchant_id, ", "$4, "
	}
	// The walk goes from a deadline, with the claim there, to another.
	start, end, up, down, order := boundOr(q.DeadlineFrom, "-infinity"), boundOr(q.DeadlineTo, "infinity"), ">=", "<=", ""
	id := from.ClaimID
	if q.OldestFirst {
		start, end, up, down, order = end, start, "<=", ">=", " DESC"
		if id == "" {
			id = afterEveryID
		}
	}
	if from.ClaimID != "" {
		start = from.Since
	}
	columns := strings.ReplaceAll(first, ",", order+",") + "w.deadline_at" + order + ", w.claim_id" + order
	l := waitListing("list claims by deadline", `
		SELECT w.merchant_id, w.claim_id, w.state, w.assignee, row_number() OVER (ORDER BY `+columns+`) AS n
		FROM waits w
		WHERE `+only+`w.deadline_at IS NOT NULL
		  AND (`+first+`w.deadline_at, w.claim_id) `+up+` (`+value+`$21::timestamptz, $3)
		  AND (`+first+`w.deadline_at) `+down+` (`+value+`$22::timestamptz)
		ORDER BY `+columns+`
		LIMIT $1 + 1`)
	l.far = q.narrow()
	l.cursor = func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID, Since: c.Deadline} }
	return l.page(ctx, r, size, append(append([]any{id}, q.asked()...), start, end)...)
}

// boundOr is a bound of a range of times, or the end beyond all of them.
func boundOr(t time.Time, end string) any {
	if t.IsZero() {
		return end
	}
	return t
}

// Unassigned lists claims in a state that nobody works on, the longest wait first.
func (r Reader) Unassigned(ctx context.Context, s claim.State, merchantID string, limit int) ([]claim.Claim, error) {
	p, err := claimListing("list unassigned claims", `
		SELECT`+claimColumns+`, k.n > $1
		FROM (
			SELECT w.merchant_id, w.claim_id, w.n
			FROM (
				SELECT w.merchant_id, w.claim_id,
				       row_number() OVER (ORDER BY w.assignee, w.state, w.since, w.claim_id) AS n
				FROM waits w
				WHERE w.assignee <= '' AND w.state IN ('IN_REVIEW', 'APPEALED')
				  AND (w.assignee, w.state) >= ('', $3) AND (w.assignee, w.state) <= ('', $3)
				ORDER BY w.assignee, w.state, w.since, w.claim_id
				LIMIT $1 + 1) w
			WHERE $4 = '' OR w.merchant_id = $4 OR w.n > $1) k
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		LIMIT $2`).page(ctx, r, limit, string(s), merchantID)
	return p.Rows, err
}

// Assigned lists the claims that a person works on, oldest first, up to limit.
func (r Reader) Assigned(ctx context.Context, person string, limit int) ([]claim.Claim, error) {
	p, err := r.Claims(ctx, ClaimQuery{Assignee: person, OldestFirst: true}, ClaimCursor{}, limit)
	return p.Rows, err
}
