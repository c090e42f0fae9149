package postgres

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// PayoutQuery selects payouts. Empty fields do not count.
type PayoutQuery struct {
	// MerchantID is the book; empty for all books.
	MerchantID string
	// At most one of these names the payouts.
	ClaimID, OutNumber, GatewayReference string

	State payout.State
	Part  payout.Part
	Form  claim.PayoutForm
	// Each pair bounds the time that it names. A payout without an answer lies within no
	// bounds on that.
	CreatedFrom, CreatedTo   time.Time
	AnsweredFrom, AnsweredTo time.Time
	AmountFrom, AmountTo     *money.Amount

	// NewestFirst reverses the order of a list of a merchant or of all merchants.
	NewestFirst bool
}

// OfOneThing says whether the query names the payouts, which are then listed oldest first.
func (q *PayoutQuery) OfOneThing() bool { return q.ClaimID != "" || q.References() > 0 }

// References counts the numbers that the query names.
func (q *PayoutQuery) References() int {
	n := 0
	for _, r := range []string{q.OutNumber, q.GatewayReference} {
		if r != "" {
			n++
		}
	}
	return n
}

// payoutAsked covers every condition of a query on a payout p.
const payoutAsked = `(
	($3 = '' OR p.merchant_id = $3) AND ($4 = '' OR p.state = $4) AND ($5 = '' OR p.part = $5) AND ($6 = '' OR p.form = $6)
	AND ($7::timestamptz IS NULL OR p.created_at >= $7) AND ($8::timestamptz IS NULL OR p.created_at <= $8)
	AND ($9::timestamptz IS NULL OR p.answered_at >= $9) AND ($10::timestamptz IS NULL OR p.answered_at <= $10)
	AND ($11::bigint IS NULL OR p.amount_minor >= $11) AND ($12::bigint IS NULL OR p.amount_minor <= $12))`

// asked are the parameters $3 to $12, those of payoutAsked.
func (q *PayoutQuery) asked() []any {
	return []any{
		q.MerchantID, string(q.State), string(q.Part), string(q.Form), orNull(q.CreatedFrom), orNull(q.CreatedTo),
		orNull(q.AnsweredFrom), orNull(q.AnsweredTo), amountOrNull(q.AmountFrom), amountOrNull(q.AmountTo),
	}
}

// Payout reads one payout.
func (r Reader) Payout(ctx context.Context, merchantID, payoutID string) (payout.Payout, bool, error) {
	return readOne(ctx, r, "read payout", `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.payout_id = $2`, payoutValue, merchantID, payoutID)
}

func payoutValue(rows *sql.Rows) (p payout.Payout, err error) { return p, fillPayout(rows, &p) }

// Payouts lists payouts from one on, oldest first unless the query says otherwise.
func (r Reader) Payouts(ctx context.Context, q PayoutQuery, from string, size int) (Page[payout.Payout, string], error) {
	l := listing[payout.Payout, string]{
		scan:   fillPayout,
		cursor: func(p *payout.Payout) string { return p.ID },
	}
	around := func(walk string) string {
		return `
		SELECT` + payoutColumns + `, p.n > $1
		FROM (` + direction(walk, q.NewestFirst) + `) p
		WHERE ` + payoutAsked + ` OR p.n > $1
		LIMIT $2`
	}
	switch {
	case q.OutNumber != "":
		l.what, l.query = "list payout of out-number", payoutOfOutNumber
		return l.page(ctx, r, size, append(q.asked(), string(book.OutNumber), q.OutNumber)...)
	case q.GatewayReference != "":
		l.what, l.query = "list payouts of gateway reference", around(`
			SELECT`+payoutColumns+`, row_number() OVER (ORDER BY p.gateway_reference, p.claim_id, p.payout_id) AS n
			FROM payouts p
			WHERE p.gateway_reference <> '' AND p.gateway_reference <= $13 AND (p.gateway_reference, p.claim_id, p.payout_id) >= ($13, $14, $15)
			ORDER BY p.gateway_reference, p.claim_id, p.payout_id
			LIMIT $1 + 1`)
		l.cursor = func(p *payout.Payout) string { return p.ClaimID + "/" + p.ID }
		claimID, id, _ := strings.Cut(from, "/")
		return l.page(ctx, r, size, append(q.asked(), q.GatewayReference, claimID, id)...)
	case q.ClaimID != "":
		l.what, l.query = "list payouts of claim", around(`
			SELECT`+payoutColumns+`, row_number() OVER (ORDER BY p.payout_id) AS n
			FROM payouts p
			WHERE p.claim_id = $13 AND p.payout_id >= $14
			ORDER BY p.payout_id
			LIMIT $1 + 1`)
		return l.page(ctx, r, size, append(q.asked(), q.ClaimID, from)...)
	}
	first, last := q.ids(from)
	if q.MerchantID != "" {
		l.what, l.query = "list payouts of merchant", around(`
			SELECT`+payoutColumns+`, row_number() OVER (ORDER BY p.merchant_id{order}, p.payout_id{order}) AS n
			FROM payouts p
			WHERE (p.merchant_id, p.payout_id) {from} ($13, $14) AND (p.merchant_id, p.payout_id) {to} ($13, $15)
			ORDER BY p.merchant_id{order}, p.payout_id{order}
			LIMIT $1 + 1`)
		return l.page(ctx, r, size, append(q.asked(), q.MerchantID, first, last)...)
	}
	l.what, l.query = "list payouts of all merchants", around(`
			SELECT`+payoutColumns+`, row_number() OVER (ORDER BY p.payout_id{order}) AS n
			FROM payouts p
			WHERE p.payout_id {from} $13 AND p.payout_id {to} $14
			ORDER BY p.payout_id{order}
			LIMIT $1 + 1`)
	return l.page(ctx, r, size, append(q.asked(), first, last)...)
}

// ids are the ids of payouts between which a list lies, in its order: they begin with the
// millisecond of their making.
func (q *PayoutQuery) ids(from string) (first, last string) {
	first, last = "", afterEveryID
	if !q.CreatedFrom.IsZero() {
		first = claim.FirstID(q.CreatedFrom)
	}
	if !q.CreatedTo.IsZero() {
		last = claim.FirstID(q.CreatedTo.Add(time.Millisecond))
	}
	if q.NewestFirst {
		first, last = last, first
	}
	if from != "" {
		first = from
	}
	return first, last
}

// payoutOfOutNumber lists the payout with an out-number, which is reserved before the payout
// is sent.
const payoutOfOutNumber = `
		SELECT` + payoutColumns + `, false
		FROM (
			SELECT s.merchant_id, s.holder
			FROM reservations s
			WHERE s.kind = $13 AND s.reference = $14
			LIMIT $1) s
		CROSS JOIN LATERAL (
			SELECT` + payoutColumns + `
			FROM payouts p
			WHERE p.merchant_id = s.merchant_id AND p.payout_id = s.holder
			LIMIT 1) p
		WHERE ` + payoutAsked + `
		LIMIT $2`
