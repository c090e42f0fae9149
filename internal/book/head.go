package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Head is a book's row: its mutex and the heads of its sequences.
type Head struct {
	MerchantID     string
	Currency       string
	Version        int64
	EventNumber    int64
	EventHash      event.Hash
	TransferNumber int64
	RecordedAt     time.Time
	OpenedAt       time.Time
	Balances       ledger.Balances
	// Exposure is what open claims may yet cost the merchant.
	Exposure money.Amount
	Sweep    Sweep
	// Demanded is the amount that the merchant must pay into the deposit by
	// DemandDeadline; zero means none.
	Demanded       money.Amount
	DemandDeadline time.Time
	// DemandLapsedAt is when the lapse of that deadline was recorded; zero before.
	DemandLapsedAt time.Time
	// ExitBegunAt and ExitedAt are when the merchant gave notice and left; zero before.
	ExitBegunAt time.Time
	ExitedAt    time.Time
	// Waived is how much of what was written off the merchant need not pay when leaving.
	Waived money.Amount
	// Labels are the marketplace's own: no decision heeds them.
	Labels claim.Labels
}

// Free is the amount that the merchant may take out: all of the merchant's money in
// the book, less exposure and debts (rule A8).
func (h *Head) Free() money.Amount {
	var all money.Amount
	for _, p := range []ledger.Purpose{ledger.Deposit, ledger.DepositHeld, ledger.ShopFunds, ledger.ShopFundsHeld} {
		all += h.Balances.At(p).Of(p)
	}
	return max(0, all-h.Exposure-h.Balances.At(ledger.Receivable).Of(ledger.Receivable))
}

// Sweep is income that waits to pay what the merchant owes.
type Sweep struct {
	// Since is when it came in; zero for none.
	Since time.Time
	// Deposit and ShopFunds are the amounts of it that may be used.
	Deposit   money.Amount
	ShopFunds money.Amount
	// After is the last debt that the sweep under way has looked at; zero before the
	// first.
	After debt.Position
}
