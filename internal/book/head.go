package book

import (
	"time"

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
	// Demanded is what the merchant is asked to pay into the deposit until
	// DemandDeadline; zero for nothing.
	Demanded       money.Amount
	DemandDeadline time.Time
	// DemandLapsedAt is when that deadline had passed; zero before.
	DemandLapsedAt time.Time
	// ExitBegunAt and ExitedAt are the merchant's leaving; zero before.
	ExitBegunAt time.Time
	ExitedAt    time.Time
}

// Free is what the merchant may take out: all money of the merchant that the book
// has, less what open claims may yet cost and what is owed (rule A8).
func (h *Head) Free() money.Amount {
	var all money.Amount
	for _, p := range []ledger.Purpose{ledger.Deposit, ledger.DepositHeld, ledger.ShopFunds, ledger.ShopFundsHeld} {
		all += h.Balances.At(p).Of(p)
	}
	return max(0, all-h.Exposure-h.Balances.At(ledger.Receivable).Of(ledger.Receivable))
}

// Sweep is income that waits to be used for what the merchant owes.
type Sweep struct {
	// Since is when it came in; zero for none.
	Since time.Time
	// Deposit and ShopFunds are what of it may be used.
	Deposit   money.Amount
	ShopFunds money.Amount
}
