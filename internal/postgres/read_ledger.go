package postgres

import (
	"context"
	"database/sql"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Head reads a book's row.
func (r Reader) Head(ctx context.Context, merchantID string) (Head, bool, error) {
	return readOne(ctx, r, "read book", `
		SELECT`+headColumns+`
		FROM books b
		WHERE b.merchant_id = $1`, scanHead, merchantID)
}

// Accounts reads every account of a book, in the order of a trial balance.
func (r Reader) Accounts(ctx context.Context, merchantID string) ([]Account, error) {
	accounts, err := read(ctx, r, "read accounts", `
		SELECT a.merchant_id, a.purpose, a.debits_minor, a.credits_minor
		FROM accounts a
		WHERE a.merchant_id = $1`, scanAccount, merchantID)
	chart := ledger.Purposes()
	slices.SortFunc(accounts, func(a, b Account) int {
		return slices.Index(chart, a.Purpose) - slices.Index(chart, b.Purpose)
	})
	return accounts, err
}

// Shortfall sums what a book's confirmed claims were awarded and nobody has
// funded.
func (r Reader) Shortfall(ctx context.Context, merchantID string) (money.Amount, error) {
	sum, _, err := readOne(ctx, r, "sum shortfalls", `
		SELECT coalesce(sum(greatest(0, c.award_refund_minor + c.award_compensation_minor
		       - c.from_deposit_minor - c.from_shop_funds_minor - c.advanced_minor)), 0)::bigint
		FROM waits w
		JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
		WHERE w.merchant_id = $1 AND w.state IN ('PAYING', 'PAYOUT_FAILED')`,
		func(rows *sql.Rows) (a money.Amount, err error) { return a, rows.Scan((*int64)(&a)) }, merchantID)
	return sum, err
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
			WHERE t.merchant_id = $1 AND t.transfer_number > $2
			ORDER BY t.transfer_number
			LIMIT $3`, scanTransfer, merchantID, after, limit)
	}
	return read(ctx, r, "list transfers of claim", `
		SELECT`+transferColumns+`
		FROM transfers t
		WHERE t.claim_id = $1 AND t.merchant_id = $2 AND t.transfer_number > $3
		ORDER BY t.transfer_number
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

// HoldKey names a hold within its book.
type HoldKey struct {
	ClaimID string
	Number  int32
}

// HoldQuery names holds of a book: all, or those of one claim, or in one state.
type HoldQuery struct {
	MerchantID string
	ClaimID    string
	State      ledger.HoldState
}

// Holds lists holds after one, oldest claim first.
func (r Reader) Holds(ctx context.Context, q HoldQuery, after HoldKey, size int) (Page[ledger.Hold, HoldKey], error) {
	limit := examined(size, q.State != "")
	rows, err := read(ctx, r, "list holds", `
		SELECT`+holdColumns+`
		FROM holds h
		WHERE h.merchant_id = $1 AND ($2 = '' OR h.claim_id = $2) AND (h.claim_id, h.hold_number) > ($3, $4)
		ORDER BY h.claim_id, h.hold_number
		LIMIT $5`,
		func(rows *sql.Rows) (ledger.Hold, error) {
			h, err := scanHold(rows)
			return *h, err
		}, q.MerchantID, q.ClaimID, after.ClaimID, after.Number, limit)
	if err != nil {
		return Page[ledger.Hold, HoldKey]{}, err
	}
	keep := func(h *ledger.Hold) bool { return q.State == "" || h.State == q.State }
	return pageOf(rows, size, limit, keep, func(h *ledger.Hold) HoldKey { return HoldKey{h.ClaimID, h.Number} }), nil
}

// PayoutQuery names payouts of a book: all, or those of one claim, or in one state.
type PayoutQuery struct {
	MerchantID string
	ClaimID    string
	State      payout.State
}

// Payout reads one payout.
func (r Reader) Payout(ctx context.Context, merchantID, payoutID string) (payout.Payout, bool, error) {
	return readOne(ctx, r, "read payout", `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.payout_id = $2`, payoutValue, merchantID, payoutID)
}

func payoutValue(rows *sql.Rows) (payout.Payout, error) {
	p, err := scanPayout(rows)
	return *p, err
}

// Payouts lists payouts after one, oldest first.
func (r Reader) Payouts(ctx context.Context, q PayoutQuery, after string, size int) (Page[payout.Payout, string], error) {
	limit := examined(size, q.State != "")
	query, args := `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.payout_id > $2
		ORDER BY p.payout_id
		LIMIT $3`, []any{q.MerchantID, after, limit}
	if q.ClaimID != "" {
		query, args = `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.payout_id > $2 AND p.claim_id = $4
		ORDER BY p.payout_id
		LIMIT $3`, append(args, q.ClaimID)
	}
	rows, err := read(ctx, r, "list payouts", query, payoutValue, args...)
	if err != nil {
		return Page[payout.Payout, string]{}, err
	}
	keep := func(p *payout.Payout) bool { return q.State == "" || p.State == q.State }
	return pageOf(rows, size, limit, keep, func(p *payout.Payout) string { return p.ID }), nil
}
