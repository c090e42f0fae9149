package postgres

import (
	"context"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
)

// partAnchor is a column of the results or payouts of claims with an index on it, the
// claim's id, and the part's own. A claim is listed by its first part under the anchor:
// that one stays the first, whatever comes in later.
type partAnchor struct {
	what string
	// table holds the parts, and id is the column of their ids.
	table, id string
	// key is what the index is on, of a row p, and value what it is compared with.
	key, value string
	// only is the condition of an index that does not hold every part.
	only string
	// of gives the last parameter; nil where the value is a parameter of every list.
	of func(*ClaimQuery) string
}

// plainReport is a report number as the index holds it: without width, without what
// nobody sees, without spaces, and without the case of Latin letters.
const plainReport = `lower(regexp_replace(normalize(translate({text},
	U&'\00AD\034F\061C\180E\200B\200C\200D\200E\200F\2028\2029\202A\202B\202C\202D\202E\2060\FEFF', ''), NFKC), '\s', '', 'g'))`

func plainReportOf(text string) string { return strings.ReplaceAll(plainReport, "{text}", text) }

var (
	byAuthenticator = partAnchor{
		what: "list claims of authenticator", table: "results", id: "result_id", key: "p.authenticator_id", value: "$16",
	}
	byReport = partAnchor{
		what: "list claims of report", table: "results", id: "result_id",
		key: plainReportOf("p.report_number"), value: plainReportOf("$22::text"),
		of: func(q *ClaimQuery) string { return q.ReportNumber },
	}
	byGatewayReference = partAnchor{
		what: "list claims of gateway reference", table: "payouts", id: "payout_id", key: "p.gateway_reference", value: "$22",
		only: "p.gateway_reference <> '' AND", of: func(q *ClaimQuery) string { return q.GatewayReference },
	}
)

// foundClaim is a claim with the part for which it is listed.
type foundClaim struct {
	claim.Claim
	partID string
}

// list gives a page of the claims with a part under the anchor.
func (a partAnchor) list(ctx context.Context, r Reader, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	last := from.ResultID
	walk := `
		SELECT p.merchant_id, p.claim_id, p.{id} AS part_id,
		       row_number() OVER (ORDER BY {key} DESC, p.claim_id DESC, p.{id} DESC) AS n
		FROM {table} p
		WHERE {only} {key} >= {value} AND ({key}, p.claim_id, p.{id}) <= ({value}, $3, $21)
		ORDER BY {key} DESC, p.claim_id DESC, p.{id} DESC
		LIMIT $1 + 1`
	if q.OldestFirst {
		walk = `
		SELECT p.merchant_id, p.claim_id, p.{id} AS part_id,
		       row_number() OVER (ORDER BY {key}, p.claim_id, p.{id}) AS n
		FROM {table} p
		WHERE {only} {key} <= {value} AND ({key}, p.claim_id, p.{id}) >= ({value}, $3, $21)
		ORDER BY {key}, p.claim_id, p.{id}
		LIMIT $1 + 1`
	} else if last == "" {
		last = afterEveryID
	}
	query := strings.NewReplacer("{table}", a.table, "{id}", a.id, "{key}", a.key, "{value}", a.value, "{only}", a.only).Replace(`
		SELECT` + claimColumns + `, k.part_id, k.n > $1
		FROM (` + walk + `) k
		CROSS JOIN LATERAL (
			SELECT` + claimColumns + `
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		WHERE k.n > $1 OR ` + claimAsked + ` AND k.part_id = (
			SELECT p.{id}
			FROM {table} p
			WHERE {only} {key} = {value} AND p.claim_id = k.claim_id AND p.merchant_id = k.merchant_id
			ORDER BY p.{id}
			LIMIT 1)
		LIMIT $2`)
	l := listing[foundClaim, ClaimCursor]{what: a.what, far: true, query: query}
	l.weigh = func(f *foundClaim) int { return claimWeight(&f.Claim) }
	l.scan = func(row scanner, f *foundClaim) error { return fillClaim(wider{row, &f.partID}, &f.Claim) }
	l.cursor = func(f *foundClaim) ClaimCursor { return ClaimCursor{ClaimID: f.ID, ResultID: f.partID} }
	args := append(q.args(from), last)
	if a.of != nil {
		args = append(args, a.of(&q))
	}
	found, err := l.page(ctx, r, size, args...)
	p := ClaimPage{Next: found.Next, More: found.More}
	for i := range found.Rows {
		p.Rows = append(p.Rows, found.Rows[i].Claim)
	}
	return p, err
}

// claimOfOutNumber lists the claim whose payout has an out-number, which is reserved
// before the payout is sent.
func (r Reader) claimOfOutNumber(ctx context.Context, q ClaimQuery, size int) (ClaimPage, error) {
	args := append(q.args(ClaimCursor{}), string(book.OutNumber), q.OutNumber)
	return claimListing("list claim of out-number", `
		SELECT`+claimColumns+`, false
		FROM (
			SELECT s.merchant_id, s.holder
			FROM reservations s
			WHERE s.kind = $21 AND s.reference = $22 AND $3 >= ''
			LIMIT $1) s
		CROSS JOIN LATERAL (
			SELECT p.claim_id
			FROM payouts p
			WHERE p.merchant_id = s.merchant_id AND p.payout_id = s.holder
			LIMIT 1) p
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = s.merchant_id AND c.claim_id = p.claim_id
			LIMIT 1) c
		WHERE `+claimAsked+`
		LIMIT $2`).page(ctx, r, size, args...)
}
