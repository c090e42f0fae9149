package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// TransferQuery selects transfers. Empty fields do not count.
type TransferQuery struct {
	// MerchantID is the book; empty for all books.
	MerchantID string
	// At most one of these names the claims or payouts that the transfers are for.
	ClaimID, OrderID, PaymentID, OutNumber, GatewayReference string
	// ExternalReference is the other side's number of a transfer of one book.
	ExternalReference string

	Kind ledger.Kind
	// Account is debited or credited.
	Account ledger.Purpose
	// Each pair bounds the time that it names.
	RecordedFrom, RecordedTo   time.Time
	EffectiveFrom, EffectiveTo time.Time
	AmountFrom, AmountTo       *money.Amount

	// ByEffect orders the transfers of one book by the time at which they took effect, and
	// not by that of their recording. NewestFirst reverses either order.
	ByEffect, NewestFirst bool
}

// Things counts the things that the query names.
func (q *TransferQuery) Things() int {
	n := 0
	for _, thing := range []string{q.ClaimID, q.OrderID, q.PaymentID, q.OutNumber, q.GatewayReference, q.ExternalReference} {
		if thing != "" {
			n++
		}
	}
	return n
}

// OfClaims says whether the transfers are found by claims, and so listed claim by claim.
func (q *TransferQuery) OfClaims() bool { return q.Things() > 0 && q.ExternalReference == "" }

// TransferCursor says where a page of transfers starts; the zero cursor is the first page.
type TransferCursor struct {
	// At is the time that the list is ordered by.
	At         time.Time
	MerchantID string
	// EventNumber is that of the transfer, in a list of all books.
	EventNumber int64
	// ClaimID and PayoutID are the place in a list that goes claim by claim.
	ClaimID, PayoutID string
	Number            int64
}

// beforeAll and afterAll are times before and after every other.
var (
	beforeAll = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	afterAll  = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// transferAsked covers every condition of a query on a transfer t.
const transferAsked = `(
	($3 = '' OR t.kind = $3) AND ($4 = '' OR t.debit_purpose = $4 OR t.credit_purpose = $4)
	AND t.recorded_at BETWEEN $5 AND $6 AND t.effective_at BETWEEN $7 AND $8
	AND t.amount_minor BETWEEN $9 AND $10)`

// asked are the parameters $3 to $10, those of transferAsked.
func (q *TransferQuery) asked() []any {
	from, to := int64(0), int64(math.MaxInt64)
	if q.AmountFrom != nil {
		from = int64(*q.AmountFrom)
	}
	if q.AmountTo != nil {
		to = int64(*q.AmountTo)
	}
	return []any{
		string(q.Kind), string(q.Account), orElse(q.RecordedFrom, beforeAll), orElse(q.RecordedTo, afterAll),
		orElse(q.EffectiveFrom, beforeAll), orElse(q.EffectiveTo, afterAll), from, to,
	}
}

func orElse(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// TransferPage is a page of transfers.
type TransferPage = Page[ledger.Transfer, TransferCursor]

// FindTransfers lists the transfers of a query from a cursor on.
func (r Reader) FindTransfers(ctx context.Context, q TransferQuery, from TransferCursor, size int) (TransferPage, error) {
	switch {
	case q.ExternalReference != "":
		return r.transfersOfReference(ctx, q, from, size)
	case q.OfClaims():
		return r.transfersOfClaims(ctx, q, from, size)
	case q.MerchantID == "":
		return r.transfersOfAll(ctx, q, from, size)
	case q.ByEffect:
		return r.transfersByEffect(ctx, q, from, size)
	}
	first, last, err := r.numbersOf(ctx, q.MerchantID, q.RecordedFrom, q.RecordedTo)
	if err != nil {
		return TransferPage{}, err
	}
	if from.Number > 0 && q.NewestFirst {
		last = min(last, from.Number)
	} else {
		first = max(first, from.Number)
	}
	return r.transfersBetween(ctx, q, first, last, size)
}

// LastTransferAt is the number of the last transfer of a book that was recorded at a time
// or before it; zero for none. Within a book record times follow the numbers, which have
// no gaps, so that a search by halves finds it.
func (r Reader) LastTransferAt(ctx context.Context, merchantID string, at time.Time) (int64, error) {
	number, _, err := readOne(ctx, r, "find transfer at a time", `
		WITH RECURSIVE halves (low, high) AS (
			SELECT 0::bigint, b.transfer_number
			FROM books b
			WHERE b.merchant_id = $1
			UNION ALL
			SELECT CASE WHEN t.recorded_at <= $2 THEN t.transfer_number ELSE h.low END,
			       CASE WHEN t.recorded_at <= $2 THEN h.high ELSE t.transfer_number - 1 END
			FROM halves h
			CROSS JOIN LATERAL (
				SELECT t.transfer_number, t.recorded_at
				FROM transfers t
				WHERE t.merchant_id = $1 AND t.transfer_number = (h.low + h.high + 1) / 2
				LIMIT 1) t
			WHERE h.low < h.high)
		SELECT h.low
		FROM halves h
		WHERE h.low = h.high`, func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }, merchantID, at)
	return number, err
}

// numbersOf are the first and the last number of the transfers of a book that were recorded
// in a time.
func (r Reader) numbersOf(ctx context.Context, merchantID string, from, to time.Time) (first, last int64, err error) {
	first, last = 1, math.MaxInt64
	if !from.IsZero() {
		// Times have microseconds.
		before, err := r.LastTransferAt(ctx, merchantID, from.Add(-time.Microsecond))
		if err != nil {
			return 0, 0, err
		}
		first = before + 1
	}
	if !to.IsZero() {
		last, err = r.LastTransferAt(ctx, merchantID, to)
	}
	return first, last, err
}

// direction turns a listing around.
func direction(query string, newestFirst bool) string {
	if newestFirst {
		return strings.NewReplacer("{from}", "<=", "{to}", ">=", "{order}", " DESC").Replace(query)
	}
	return strings.NewReplacer("{from}", ">=", "{to}", "<=", "{order}", "").Replace(query)
}

// transfersBetween lists the transfers of a book with numbers in a range.
func (r Reader) transfersBetween(ctx context.Context, q TransferQuery, first, last int64, size int) (TransferPage, error) {
	if q.NewestFirst {
		first, last = last, first
	}
	l := listing[ledger.Transfer, TransferCursor]{what: "list transfers in a range", query: direction(`
		SELECT`+transferColumns+`, t.n > $1
		FROM (
			SELECT`+transferRow+`, row_number() OVER (ORDER BY t.merchant_id{order}, t.transfer_number{order}) AS n
			FROM transfers t
			WHERE (t.merchant_id, t.transfer_number) {from} ($11, $12) AND (t.merchant_id, t.transfer_number) {to} ($11, $13)
			ORDER BY t.merchant_id{order}, t.transfer_number{order}
			LIMIT $1 + 1) t
		WHERE `+transferAsked+` OR t.n > $1
		LIMIT $2`, q.NewestFirst)}
	l.scan = fillTransfer
	l.cursor = func(t *ledger.Transfer) TransferCursor { return TransferCursor{Number: t.Number} }
	return l.page(ctx, r, size, append(q.asked(), q.MerchantID, first, last)...)
}

// transfersOfAll lists the transfers of all books by the events that made them.
func (r Reader) transfersOfAll(ctx context.Context, q TransferQuery, from TransferCursor, size int) (TransferPage, error) {
	start, end := orElse(q.RecordedFrom, beforeAll), orElse(q.RecordedTo, afterAll)
	if q.NewestFirst {
		start, end = end, start
	}
	if from.MerchantID == "" {
		from = TransferCursor{At: start}
		if q.NewestFirst {
			from.MerchantID, from.EventNumber, from.Number = afterEveryID, math.MaxInt64, math.MaxInt64
		}
	}
	l := listing[ledger.Transfer, TransferCursor]{what: "list transfers of all books", far: true, query: direction(`
		SELECT`+transferColumns+`, e.n > $1
		FROM (
			SELECT e.merchant_id, e.event_number, e.first_transfer, e.last_transfer,
			       row_number() OVER (ORDER BY e.recorded_at{order}, e.merchant_id{order}, e.event_number{order}) AS n
			FROM events e
			WHERE e.first_transfer IS NOT NULL AND (e.recorded_at, e.merchant_id, e.event_number) {from} ($11, $12, $13)
			  AND e.recorded_at {to} $14
			ORDER BY e.recorded_at{order}, e.merchant_id{order}, e.event_number{order}
			LIMIT $1 + 1) e
		CROSS JOIN LATERAL (
			SELECT`+transferRow+`
			FROM transfers t
			WHERE t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
			ORDER BY t.transfer_number{order}
			OFFSET 0) t
		WHERE ((e.merchant_id, e.event_number) <> ($12, $13) OR t.transfer_number {from} $15) AND `+transferAsked+` OR e.n > $1
		LIMIT $2`, q.NewestFirst)}
	l.scan = fillTransfer
	l.cursor = func(t *ledger.Transfer) TransferCursor {
		return TransferCursor{At: t.RecordedAt, MerchantID: t.MerchantID, EventNumber: t.EventNumber, Number: t.Number}
	}
	return l.page(ctx, r, size, append(q.asked(), from.At, from.MerchantID, from.EventNumber, end, from.Number)...)
}

// transfersByEffect lists the transfers of a book by the time at which they took effect. Most
// took it when they were recorded, in the order of their numbers; an index holds the others.
func (r Reader) transfersByEffect(ctx context.Context, q TransferQuery, from TransferCursor, size int) (TransferPage, error) {
	start, end := orElse(q.EffectiveFrom, beforeAll), orElse(q.EffectiveTo, afterAll)
	if q.NewestFirst {
		start, end = end, start
	}
	if from.Number == 0 {
		from = TransferCursor{At: start}
		if q.NewestFirst {
			from.Number = math.MaxInt64
		}
	}
	prompt, err := r.promptTransfers(ctx, q, from, end, size)
	if err != nil {
		return TransferPage{}, err
	}
	l := listing[ledger.Transfer, TransferCursor]{what: "list transfers told late", query: direction(`
		SELECT`+transferColumns+`, t.n > $1
		FROM (
			SELECT`+transferRow+`,
			       row_number() OVER (ORDER BY t.merchant_id{order}, t.effective_at{order}, t.transfer_number{order}) AS n
			FROM transfers t
			WHERE t.effective_at <> t.recorded_at AND (t.merchant_id, t.effective_at, t.transfer_number) {from} ($11, $12, $13)
			  AND (t.merchant_id, t.effective_at) {to} ($11, $14)
			ORDER BY t.merchant_id{order}, t.effective_at{order}, t.transfer_number{order}
			LIMIT $1 + 1) t
		WHERE `+transferAsked+` OR t.n > $1
		LIMIT $2`, q.NewestFirst)}
	l.scan, l.cursor = fillTransfer, effectCursor
	late, err := l.page(ctx, r, size, append(q.asked(), q.MerchantID, from.At, from.Number, end)...)
	if err != nil {
		return TransferPage{}, err
	}
	return mergedByEffect(prompt, late, q.NewestFirst, size), nil
}

func effectCursor(t *ledger.Transfer) TransferCursor {
	return TransferCursor{At: t.EffectiveAt, Number: t.Number}
}

// compareEffects orders two places by effect.
func compareEffects(a, b TransferCursor) int {
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Number, b.Number))
}

// promptTransfers lists those transfers of a book that took effect when they were recorded.
func (r Reader) promptTransfers(ctx context.Context, q TransferQuery, from TransferCursor, end time.Time, size int) (TransferPage, error) {
	low, high := from.At, end
	if q.NewestFirst {
		low, high = high, low
	}
	first, last, err := r.numbersOf(ctx, q.MerchantID, low, high)
	if err != nil {
		return TransferPage{}, err
	}
	if q.NewestFirst {
		first, last = last, first
	}
	l := listing[ledger.Transfer, TransferCursor]{what: "list prompt transfers", query: direction(`
		SELECT`+transferColumns+`, t.n > $1
		FROM (
			SELECT`+transferRow+`, row_number() OVER (ORDER BY t.merchant_id{order}, t.transfer_number{order}) AS n
			FROM transfers t
			WHERE (t.merchant_id, t.transfer_number) {from} ($11, $12) AND (t.merchant_id, t.transfer_number) {to} ($11, $13)
			ORDER BY t.merchant_id{order}, t.transfer_number{order}
			LIMIT $1 + 1) t
		WHERE t.effective_at = t.recorded_at AND (t.recorded_at <> $14 OR t.transfer_number {from} $15) AND `+transferAsked+` OR t.n > $1
		LIMIT $2`, q.NewestFirst)}
	l.scan = fillTransfer
	// Up to the row at which the page ended, all that took effect promptly is on it.
	l.cursor = func(t *ledger.Transfer) TransferCursor { return TransferCursor{At: t.RecordedAt, Number: t.Number} }
	return l.page(ctx, r, size, append(q.asked(), q.MerchantID, first, last, from.At, from.Number)...)
}

// mergedByEffect makes one page of two. Where either goes on, the page ends before.
func mergedByEffect(a, b TransferPage, newestFirst bool, size int) TransferPage {
	compare := compareEffects
	if newestFirst {
		compare = func(a, b TransferCursor) int { return compareEffects(b, a) }
	}
	out := TransferPage{Rows: append(a.Rows, b.Rows...)}
	slices.SortFunc(out.Rows, func(x, y ledger.Transfer) int { return compare(effectCursor(&x), effectCursor(&y)) })
	for _, p := range []TransferPage{a, b} {
		if p.More && (!out.More || compare(p.Next, out.Next) < 0) {
			out.More, out.Next = true, p.Next
		}
	}
	for i := range out.Rows {
		at := effectCursor(&out.Rows[i])
		if out.More && compare(at, out.Next) >= 0 {
			out.Rows = out.Rows[:i]
			break
		}
		if i == size {
			out.More, out.Next, out.Rows = true, at, out.Rows[:i]
			break
		}
	}
	return out
}

// transfersOfReference lists the transfers of a book with an external reference: a few.
func (r Reader) transfersOfReference(ctx context.Context, q TransferQuery, from TransferCursor, size int) (TransferPage, error) {
	if from.Number == 0 && q.NewestFirst {
		from.Number = math.MaxInt64
	}
	rows, err := read(ctx, r, "list transfers of reference", direction(`
		SELECT`+transferColumns+`
		FROM transfers t
		WHERE t.merchant_id = $1 AND t.external_reference = $2 AND `+transferAsked+` AND t.transfer_number {from} $11
		ORDER BY t.transfer_number{order}
		LIMIT $12`, q.NewestFirst), scanTransfer, append(append([]any{q.MerchantID, q.ExternalReference}, q.asked()...), from.Number, size+1)...)
	page := TransferPage{Rows: rows}
	if len(rows) > size {
		page.Rows, page.More, page.Next = rows[:size], true, TransferCursor{Number: rows[size].Number}
	}
	return page, err
}

// claimsExamined is how many claims a page of transfers goes through.
const claimsExamined = 100

// transferAnchor is a claim whose transfers are listed, or one of its payouts.
type transferAnchor struct{ MerchantID, ClaimID, PayoutID string }

// transfersOfClaims lists the transfers of claims, claim by claim.
func (r Reader) transfersOfClaims(ctx context.Context, q TransferQuery, from TransferCursor, size int) (TransferPage, error) {
	anchors, err := r.transferAnchors(ctx, q, from)
	if err != nil {
		return TransferPage{}, err
	}
	var page TransferPage
	if len(anchors) > claimsExamined {
		next := anchors[claimsExamined]
		page.More, page.Next = true, TransferCursor{ClaimID: next.ClaimID, PayoutID: next.PayoutID}
		anchors = anchors[:claimsExamined]
	}
	anchors = slices.DeleteFunc(anchors, func(a transferAnchor) bool { return q.MerchantID != "" && a.MerchantID != q.MerchantID })
	if len(anchors) == 0 {
		return page, nil
	}
	first := int64(0)
	if anchors[0].ClaimID == from.ClaimID && anchors[0].PayoutID == from.PayoutID {
		first = from.Number
	}
	page.Rows, err = r.transfersUnder(ctx, q, anchors, first, size+1)
	if len(page.Rows) > size {
		next := page.Rows[size]
		page.Rows, page.More, page.Next = page.Rows[:size], true, TransferCursor{ClaimID: next.ClaimID, Number: next.Number}
		if anchors[0].PayoutID != "" {
			page.Next.PayoutID = next.PayoutID
		}
	}
	return page, err
}

// transfersUnder reads the transfers of claims or payouts, the first of which starts at a
// number.
func (r Reader) transfersUnder(ctx context.Context, q TransferQuery, anchors []transferAnchor, from int64, limit int) ([]ledger.Transfer, error) {
	merchants, claims, payouts := make([]string, len(anchors)), make([]string, len(anchors)), make([]string, len(anchors))
	for i, a := range anchors {
		merchants[i], claims[i], payouts[i] = a.MerchantID, a.ClaimID, a.PayoutID
	}
	return read(ctx, r, "list transfers of claims", `
		SELECT`+transferColumns+`
		FROM unnest($1::text[], $2::text[], $11::text[]) WITH ORDINALITY AS k (merchant_id, claim_id, payout_id, place)
		CROSS JOIN LATERAL (
			SELECT`+transferRow+`
			FROM events e
			CROSS JOIN LATERAL (
				SELECT`+transferRow+`
				FROM transfers t
				WHERE t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
				OFFSET 0) t
			WHERE e.merchant_id = k.merchant_id AND e.claim_id = k.claim_id AND t.claim_id = k.claim_id
			  AND (k.payout_id = '' OR t.payout_id = k.payout_id) AND (k.place > 1 OR t.transfer_number >= $12)
			OFFSET 0) t
		WHERE `+transferAsked+`
		ORDER BY k.place, t.transfer_number
		LIMIT $13`, scanTransfer, append(append([]any{pq.Array(merchants), pq.Array(claims)}, q.asked()...), pq.Array(payouts), from, limit)...)
}

// transferAnchors finds the claims or payouts of a query from a cursor on, one more than a
// page goes through.
func (r Reader) transferAnchors(ctx context.Context, q TransferQuery, from TransferCursor) ([]transferAnchor, error) {
	scan := func(rows *sql.Rows) (a transferAnchor, err error) {
		return a, rows.Scan(&a.MerchantID, &a.ClaimID, &a.PayoutID)
	}
	const limit = claimsExamined + 1
	of := func(column, value string) ([]transferAnchor, error) {
		return read(ctx, r, "find claims of transfers", strings.ReplaceAll(`
			SELECT c.merchant_id, c.claim_id, ''
			FROM claims c
			WHERE {column} <> '' AND {column} <= $1 AND ({column}, c.claim_id) >= ($1, $2)
			ORDER BY {column}, c.claim_id
			LIMIT $3`, "{column}", column), scan, value, from.ClaimID, limit)
	}
	switch {
	case q.ClaimID != "":
		return read(ctx, r, "find claim of transfers", `
			SELECT c.merchant_id, c.claim_id, ''
			FROM claims c
			WHERE c.claim_id = $1
			LIMIT $2`, scan, q.ClaimID, limit)
	case q.OrderID != "":
		return of("c.order_id", q.OrderID)
	case q.PaymentID != "":
		return of("c.payment_id", q.PaymentID)
	case q.OutNumber != "":
		return read(ctx, r, "find payout of transfers", `
			SELECT p.merchant_id, p.claim_id, p.payout_id
			FROM (
				SELECT s.merchant_id, s.holder
				FROM reservations s
				WHERE s.kind = $1 AND s.reference = $2
				LIMIT 1) s
			CROSS JOIN LATERAL (
				SELECT p.merchant_id, p.claim_id, p.payout_id
				FROM payouts p
				WHERE p.merchant_id = s.merchant_id AND p.payout_id = s.holder
				LIMIT 1) p`, scan, string(book.OutNumber), q.OutNumber)
	}
	return read(ctx, r, "find payouts of transfers", `
		SELECT p.merchant_id, p.claim_id, p.payout_id
		FROM payouts p
		WHERE p.gateway_reference <> '' AND p.gateway_reference <= $1 AND (p.gateway_reference, p.claim_id, p.payout_id) >= ($1, $2, $3)
		ORDER BY p.gateway_reference, p.claim_id, p.payout_id
		LIMIT $4`, scan, q.GatewayReference, from.ClaimID, from.PayoutID, limit)
}
