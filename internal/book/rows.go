package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Key names one row of a book by the book and the rest of its key.
type Key struct {
	MerchantID string
	ID         string
}

// SiblingKey names the claims of one claimant on one product.
type SiblingKey struct {
	MerchantID string
	ClaimantID string
	ProductID  string
}

// DebtsAfter names the debts of a book after a position.
type DebtsAfter struct {
	MerchantID string
	After      debt.Position
}

// Person is the commitment that stands for a person in a book's events.
type Person struct {
	MerchantID string
	PersonID   string
	Salt       []byte
	Commitment event.Hash
}

// UnitOwner says which live claim owns a unit.
type UnitOwner struct {
	MerchantID  string
	OrderLineID string
	Ordinal     int32
	ClaimID     string
}

// Refund is a refund of an order line that the order service reported.
type Refund struct {
	MerchantID  string
	OrderLineID string
	RefundID    string
	Amount      money.Amount
	RefundedAt  time.Time
	RecordedAt  time.Time
}

// LineCorrection is what an order line said before the order service corrected it.
type LineCorrection struct {
	// Before is the line with the revision that was corrected, and when it was recorded.
	Before LineSeen
	// Note says why it was corrected.
	Note string
	// CorrectedAs is the role in which it was corrected, CorrectedBy the person, if one is
	// known.
	CorrectedAs string
	CorrectedBy string
	EventNumber int64
	CorrectedAt time.Time
}

// Group is a pricing group: claims of one claimant on one product whose
// payments lie at most the grouping window from the anchor.
type Group struct {
	MerchantID   string
	ID           string
	ClaimantID   string
	ProductID    string
	AnchorPaidAt time.Time
	RecordedAt   time.Time
}

// Wait is the deadline, or the money, that an open claim waits for.
type Wait struct {
	MerchantID string
	ClaimID    string
	State      claim.State
	Since      time.Time
	Fires      claim.Deadline
	Deadline   time.Time
	// HoldExpires is when held money goes back to the merchant; zero means never.
	HoldExpires time.Time
	// Assignee is the person who works on the claim; empty for nobody.
	Assignee string
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

// Approval is one person's vote on the amount of one revision.
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

// Retraction says that a result does not count any more, and why.
type Retraction struct {
	MerchantID  string
	ResultID    string
	ClaimID     string
	Note        string
	EventNumber int64
	RetractedAt time.Time
	// Cause, Job and Reweighed are empty for retractions of before these columns; Job also
	// for one that no job made.
	Cause     claim.RetractionCause
	Job       string
	Reweighed claim.Reweighed
}

// Due is a payout that a worker has to look after.
type Due struct {
	MerchantID string
	PayoutID   string
	DueAt      time.Time
	Attempts   int32
}

// Evidence is what somebody added to a claim.
type Evidence struct {
	MerchantID  string
	ClaimID     string
	EventNumber int64
	// Kind says what it is, in the words of the person who added it; Reference says where it
	// is kept; Digest is its SHA-256 in hex.
	Kind      string
	Reference string
	Digest    string
	Note      string
	// AddedAs is the role in which it was added, AddedBy the person, if one is known.
	AddedAs string
	AddedBy string
	AddedAt time.Time
	EvidenceFile
	EvidenceAnswer
}

// EvidenceAnswer says which request for evidence a piece answers, and whether it came after it
// was due; empty where nobody had asked.
type EvidenceAnswer struct {
	Request int32
	Late    bool
}

// EvidenceFile is a file that was uploaded as evidence; empty for a reference.
type EvidenceFile struct {
	UploadID string
	// MediaType is what the file is by its bytes, Size how many they are.
	MediaType string
	Size      int64
	// DisclosedTo are the parties that may read it beside the one that added it.
	DisclosedTo EvidenceParties
}

// Disclosure is a file of evidence that was disclosed to a further party after it was added.
type Disclosure struct {
	MerchantID string
	ClaimID    string
	// Evidence is the event that told of the evidence.
	Evidence int64
	Party    EvidenceParty
	// Note is why. It is for the marketplace's own people.
	Note string
	// MadeAs is the role in which it was disclosed, MadeBy the person, if one is known.
	MadeAs      string
	MadeBy      string
	MadeAt      time.Time
	EventNumber int64
}

// Note is what a person wrote on a claim.
type Note struct {
	MerchantID string
	ClaimID    string
	// Number counts the claim's notes from 1.
	Number      int32
	Visibility  NoteVisibility
	Text        string
	EventNumber int64
	// AddedAs is the role in which it was written, AddedBy the person.
	AddedAs string
	AddedBy string
	AddedAt time.Time
}

// ProductKey names a product of a book.
type ProductKey struct {
	MerchantID string
	ProductID  string
}

// EvidenceSum is how much evidence callers in one role have added to a claim.
type EvidenceSum struct {
	MerchantID string
	ClaimID    string
	Role       string
	Pieces     int64
	// Bytes are those of all texts, FileBytes those of all files.
	Bytes, FileBytes int64
}

// Usual is what the latest confirmed claims of a merchant and of one of its
// products were awarded.
type Usual struct {
	ProductKey
	OfMerchant policy.Usual
	OfProduct  policy.Usual
}
