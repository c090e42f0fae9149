package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Head reads a book's row.
func (r Reader) Head(ctx context.Context, merchantID string) (book.Head, bool, error) {
	return readOne(ctx, r, "read book", `
		SELECT`+headColumns+`
		FROM books b
		WHERE b.merchant_id = $1`, scanHead, merchantID)
}

// Accounts reads every account of a book's chart, in the order of a trial
// balance.
func (r Reader) Accounts(ctx context.Context, merchantID string) ([]Account, error) {
	stored, err := read(ctx, r, "read accounts", `
		SELECT a.merchant_id, a.purpose, a.debits_minor, a.credits_minor
		FROM accounts a
		WHERE a.merchant_id = $1`, scanAccount, merchantID)
	if err != nil {
		return nil, err
	}
	balances := make(map[ledger.Purpose]ledger.Balance, len(stored))
	for _, a := range stored {
		balances[a.Purpose] = a.Balance
	}
	chart := ledger.Purposes()
	accounts := make([]Account, len(chart))
	for i, p := range chart {
		accounts[i] = Account{MerchantID: merchantID, Purpose: p, Balance: balances[p]}
	}
	return accounts, nil
}

// Transfer reads one transfer.
func (r Reader) Transfer(ctx context.Context, merchantID string, number int64) (ledger.Transfer, bool, error) {
	return readOne(ctx, r, "read transfer", `
		SELECT`+transferColumns+`
		FROM transfers t
		WHERE t.merchant_id = $1 AND t.transfer_number = $2`, scanTransfer, merchantID, number)
}

// Transfers reads a book's transfers after a number, those of one claim where
// one is named, oldest first.
func (r Reader) Transfers(ctx context.Context, merchantID, claimID string, after int64, limit int) ([]ledger.Transfer, error) {
	if claimID == "" {
		return read(ctx, r, "list transfers", `
			SELECT`+transferColumns+`
			FROM transfers t
			WHERE t.merchant_id <= $1 AND (t.merchant_id, t.transfer_number) > ($1, $2)
			ORDER BY t.merchant_id, t.transfer_number
			LIMIT $3`, scanTransfer, merchantID, after, limit)
	}
	return read(ctx, r, "list transfers of claim", `
		SELECT`+transferColumns+`
		FROM events e
		CROSS JOIN LATERAL (
			SELECT`+transferRow+`
			FROM transfers t
			WHERE t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
			OFFSET 0) t
		WHERE e.claim_id = $1 AND e.merchant_id = $2 AND t.claim_id = $1 AND t.transfer_number > $3
		ORDER BY e.event_number, t.transfer_number
		LIMIT $4`, scanTransfer, claimID, merchantID, after, limit)
}

// commandTransfersMax is the most transfers that one command without a claim makes.
const commandTransfersMax = 2

// TransfersFrom reads the transfers of the command whose first transfer is
// given: those that follow it and belong to the same event.
func (r Reader) TransfersFrom(ctx context.Context, merchantID string, first int64) ([]ledger.Transfer, error) {
	rows, err := r.Transfers(ctx, merchantID, "", first-1, commandTransfersMax)
	return slices.DeleteFunc(rows, func(t ledger.Transfer) bool { return t.EventNumber != rows[0].EventNumber }), err
}

// HoldKey names a hold.
type HoldKey struct {
	MerchantID string
	ClaimID    string
	Number     int32
}

// HoldQuery selects holds. Empty fields do not count.
type HoldQuery struct {
	// MerchantID is the book; empty for all books.
	MerchantID string
	ClaimID    string

	State  ledger.HoldState
	Source ledger.Purpose
	// Each pair bounds the time that it names. A hold that has not ended lies within no
	// bounds on its end.
	PlacedFrom, PlacedTo time.Time
	EndedFrom, EndedTo   time.Time
	AmountFrom, AmountTo *money.Amount
}

// Holds lists holds from one on, by merchant and then by claim, the oldest claim first.
func (r Reader) Holds(ctx context.Context, q HoldQuery, from HoldKey, size int) (Page[ledger.Hold, HoldKey], error) {
	from.MerchantID, from.ClaimID = max(from.MerchantID, q.MerchantID), max(from.ClaimID, q.ClaimID)
	last := HoldKey{MerchantID: orLast(q.MerchantID), ClaimID: orLast(q.ClaimID)}
	l := listing[ledger.Hold, HoldKey]{what: "list holds", query: `
		SELECT` + holdColumns + `, h.n > $1
		FROM (
			SELECT` + holdColumns + `, row_number() OVER (ORDER BY h.merchant_id, h.claim_id, h.hold_number) AS n
			FROM holds h
			WHERE (h.merchant_id, h.claim_id, h.hold_number) >= ($3, $4, $5) AND (h.merchant_id, h.claim_id) <= ($6, $7)
			ORDER BY h.merchant_id, h.claim_id, h.hold_number
			LIMIT $1 + 1) h
		WHERE ($8 = '' OR h.state = $8) AND ($9 = '' OR h.source = $9)
		  AND ($10::timestamptz IS NULL OR h.placed_at >= $10) AND ($11::timestamptz IS NULL OR h.placed_at <= $11)
		  AND ($12::timestamptz IS NULL OR h.ended_at >= $12) AND ($13::timestamptz IS NULL OR h.ended_at <= $13)
		  AND ($14::bigint IS NULL OR h.amount_minor >= $14) AND ($15::bigint IS NULL OR h.amount_minor <= $15)
		   OR h.n > $1
		LIMIT $2`}
	l.scan = fillHold
	l.cursor = func(h *ledger.Hold) HoldKey { return HoldKey{h.MerchantID, h.ClaimID, h.Number} }
	return l.page(ctx, r, size, from.MerchantID, from.ClaimID, from.Number, last.MerchantID, last.ClaimID,
		string(q.State), string(q.Source), orNull(q.PlacedFrom), orNull(q.PlacedTo), orNull(q.EndedFrom), orNull(q.EndedTo),
		amountOrNull(q.AmountFrom), amountOrNull(q.AmountTo))
}

// orLast is an id, or what sorts behind every id where none is asked for.
func orLast(id string) string {
	if id == "" {
		return afterEveryID
	}
	return id
}
