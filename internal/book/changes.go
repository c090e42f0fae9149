package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Changes is everything that a batch of commands decided, over all its books.
// Rows of one kind are in the order in which they were made.
type Changes struct {
	BooksOpened []Head
	// Books carries, in Version, the version that the book was read at.
	Books []Head
	// BooksRead are books that were read but not changed, with the version they were
	// read at; BooksMissing are those that did not exist.
	BooksRead    []Head
	BooksMissing []string
	// Judged are the authenticators that results rest on, with the versions they were read at.
	Judged []Judged

	Lines        []LineSeen
	LinesChanged []LineChanged
	Corrections  []LineCorrection

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
	DebtsBegun   []debt.Debt
	DebtsChanged []debt.Debt
	// DebtsEnded have the time at which they ended as Recorded.
	DebtsEnded []debt.Debt
	// DebtsKept are those that changed or ended: as the database has them they are kept, until
	// before Recorded.
	DebtsKept []debt.Debt
	DebtsLate []debt.Late

	Appeals     []Appeal
	Approvals   []Approval
	Retractions []Retraction

	ProposalsMade    []proposal.Proposal
	ProposalsChanged []proposal.Proposal
	Votes            []proposal.Vote
	Evidence         []Evidence
	Notes            []Note
	Custody          []custody.Step

	CommissionsMade    []commission.Commission
	CommissionsChanged []commission.Commission

	Disclosures []Disclosure

	EvidenceRequestsMade    []claim.EvidenceRequest
	EvidenceRequestsChanged []claim.EvidenceRequest

	PayoutsMade    []payout.Payout
	PayoutsChanged []payout.Payout
	DuesBegun      []Due
	DuesChanged    []Due
	DuesEnded      []Key

	Events   []event.Event
	Requests []request.Stored
}

// UnitPassed is a unit that goes from one claim to another.
type UnitPassed struct {
	UnitOwner
	From string
}

// LineSeen is an order line with its revision and when that was recorded.
type LineSeen struct {
	Line       order.Line
	Revision   int32
	RecordedAt time.Time
}

// LineChanged is a line with the revision it was loaded at.
type LineChanged struct {
	LineSeen
	From int32
}

// ClaimChanged is a claim with the version it was loaded at.
type ClaimChanged struct {
	Claim claim.Claim
	From  int64
}
