package ledger

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Transfer moves one positive amount from one account of a book to another. It
// never changes: an error is corrected by another transfer that names it.
type Transfer struct {
	MerchantID string
	// Number counts the transfers of the book from 1, without gaps.
	Number int64
	Kind   Kind
	Debit  Purpose
	Credit Purpose
	Amount money.Amount
	// Currency is the book's.
	Currency string
	// EventNumber is the event of the command that made the transfer.
	EventNumber int64

	// ClaimID, OrderLineID and PayoutID are what it was for; empty if it was for
	// none.
	ClaimID     string
	OrderLineID string
	PayoutID    string
	// ExternalReference is the other side's number, such as a payment reference.
	ExternalReference string
	// Reverses is the number of the transfer this one undoes; zero for none.
	Reverses int64

	// RecordedAt is the record time; EffectiveAt is when it happened outside.
	RecordedAt  time.Time
	EffectiveAt time.Time
}

// HoldState is the state of a hold.
type HoldState string

// The states of a hold.
const (
	// Held is set aside, except for what was captured or released so far.
	Held HoldState = "HELD"
	// Captured is captured to the last unit.
	Captured HoldState = "CAPTURED"
	// Released is given back, except for what was captured before.
	Released HoldState = "RELEASED"
	// Expired is given back because its time ran out.
	Expired HoldState = "EXPIRED"
)

// HoldStates lists the states of a hold.
func HoldStates() []HoldState { return []HoldState{Held, Captured, Released, Expired} }

// Hold is money set aside for one claim from one source. Amount = Captured +
// Released + what is still held.
type Hold struct {
	MerchantID string
	ClaimID    string
	// Number counts the holds of the claim from 1.
	Number int32
	// Source is Deposit or ShopFunds.
	Source   Purpose
	State    HoldState
	Amount   money.Amount
	Captured money.Amount
	Released money.Amount
	PlacedAt time.Time
	// EndedAt is when nothing was held any more; zero before.
	EndedAt time.Time
}

// Open is the amount that the hold still sets aside.
func (h *Hold) Open() money.Amount { return h.Amount - h.Captured - h.Released }
