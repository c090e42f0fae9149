package postgres

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Changes is everything that a batch of commands decided, over all its books.
// Rows of one kind are in the order in which they were made.
type Changes struct {
	BooksOpened []Head
	// Books carries, in Version, the version that the book was read at.
	Books []Head
	// BooksRead are books that were decided on and not changed, with the version
	// they were read at; BooksMissing are those that did not exist.
	BooksRead    []Head
	BooksMissing []string

	Lines   []LineSeen
	Refunds []Refund
	Groups  []Group
	Persons []Person

	ClaimsFiled   []claim.Claim
	ClaimsChanged []ClaimChanged
	UnitsTaken    []UnitOwner
	UnitsFreed    []UnitOwner
	UnitsPassed   []UnitPassed
	Revisions     []claim.Revision
	Results       []claim.Result
	WaitsBegun    []Wait
	WaitsChanged  []Wait
	WaitsEnded    []Key

	HoldsPlaced  []ledger.Hold
	HoldsChanged []ledger.Hold
	Transfers    []ledger.Transfer
	DebtsBegun   []Debt
	DebtsChanged []Debt
	DebtsEnded   []Debt

	Appeals     []Appeal
	Approvals   []Approval
	Retractions []Retraction

	ProposalsMade    []Proposal
	ProposalsChanged []Proposal
	Votes            []ProposalVote
	Evidence         []Evidence

	PayoutsMade    []payout.Payout
	PayoutsChanged []payout.Payout
	DuesBegun      []Due
	DuesChanged    []Due
	DuesEnded      []Key

	Events   []event.Event
	Requests []Request
}

// UnitPassed is a unit that goes from one claim to another.
type UnitPassed struct {
	UnitOwner
	From string
}

// LineSeen is an order line seen for the first time.
type LineSeen struct {
	Line       order.Line
	RecordedAt time.Time
}

// ClaimChanged is a claim with the version it was loaded at.
type ClaimChanged struct {
	Claim claim.Claim
	From  int64
}

// Move is a claim's change of state as its history keeps it, with its event.
type Move struct {
	MerchantID  string
	ClaimID     string
	Version     int64
	From        claim.State
	To          claim.State
	Trigger     claim.Trigger
	EventNumber int64
	Note        string
	RecordedAt  time.Time
}

// Wait is what an open claim waits for.
type Wait struct {
	MerchantID string
	ClaimID    string
	State      claim.State
	Since      time.Time
	Fires      claim.Deadline
	Deadline   time.Time
	// HoldExpires is when what is held goes back to the merchant; zero for never.
	HoldExpires time.Time
}

// Debt is what a merchant owes, or what is yet to be set aside: what later income
// goes to.
type Debt struct {
	MerchantID string
	Kind       DebtKind
	// ID is the claim, or the payment reference of a top-up that bounced.
	ID           string
	SamplingCase string
	// Since is its age: the oldest is paid first.
	Since time.Time
	Open  money.Amount
}

// DebtKind says to whom something is owed.
type DebtKind string

// The kinds of debt, in the order in which income goes to them.
const (
	// DebtShortfall is owed to a consumer.
	DebtShortfall DebtKind = "SHORTFALL"
	// DebtAdvance is owed to the platform, which advanced it for a claim.
	DebtAdvance DebtKind = "ADVANCE"
	// DebtFee is owed to the platform for a test.
	DebtFee DebtKind = "FEE"
	// DebtTopUp is owed to the platform for a top-up that bounced.
	DebtTopUp DebtKind = "TOP_UP"
	// DebtHold is not owed yet: it is to be set aside for a claim.
	DebtHold DebtKind = "HOLD"
)

// DebtKinds lists the kinds in the order in which income goes to them.
func DebtKinds() []DebtKind {
	return []DebtKind{DebtShortfall, DebtAdvance, DebtFee, DebtTopUp, DebtHold}
}

// Appeal is a merchant's objection to one revision of a claim.
type Appeal struct {
	MerchantID  string
	ClaimID     string
	Revision    int32
	Note        string
	Evidence    []string
	EventNumber int64
	AppealedAt  time.Time
}

// Approval is one person's word on the amount of one revision.
type Approval struct {
	MerchantID  string
	ClaimID     string
	Revision    int32
	Person      string
	Amount      money.Amount
	Note        string
	EventNumber int64
	ApprovedAt  time.Time
}

// Retraction is an authenticator taking a result back.
type Retraction struct {
	MerchantID  string
	ResultID    string
	ClaimID     string
	Note        string
	EventNumber int64
	RetractedAt time.Time
}

// Due is a payout to look after.
type Due struct {
	MerchantID string
	PayoutID   string
	DueAt      time.Time
	Attempts   int32
}
