package booktest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Rows are the rows of one book, as a database would hold them. Whoever reads them
// changes nothing of them.
type Rows struct {
	// Head is the book's own row; Open says whether there is one.
	Head book.Head
	Open bool

	Requests map[request.Key]request.Stored
	Persons  map[string]book.Person
	Lines    map[string]book.LineSeen
	Refunds  map[RefundKey]book.Refund
	Groups   map[string]book.Group

	Claims    map[string]claim.Claim
	Units     map[UnitKey]book.UnitOwner
	Revisions map[RevisionKey]claim.Revision
	// Results carry whether they were taken back.
	Results     map[string]claim.Result
	Retractions map[string]book.Retraction
	Waits       map[string]book.Wait
	Appeals     map[RevisionKey]book.Appeal
	Approvals   map[ApprovalKey]book.Approval
	Evidence    []book.Evidence
	Notes       map[NoteKey]book.Note
	Commissions map[CommissionKey]commission.Commission
	Custody     map[CustodyKey]custody.Step
	Disclosures map[DisclosureKey]book.Disclosure
	// EvidenceRequests ask parties for evidence.
	EvidenceRequests map[EvidenceRequestKey]claim.EvidenceRequest
	// Corrections are those of order lines.
	Corrections map[CorrectionKey]book.LineCorrection

	Holds   map[HoldKey]ledger.Hold
	Payouts map[string]payout.Payout
	Dues    map[string]book.Due
	Debts   map[DebtKey]debt.Debt
	// DebtsWere are debts as they were before they changed or ended, LateDebts those that took
	// effect before they were recorded.
	DebtsWere []DebtWas
	LateDebts []debt.Late
	// Proposals are without what people said to them: those are Votes.
	Proposals map[int64]proposal.Proposal
	Votes     []proposal.Vote

	// Transfers and Events are in the order in which they were made.
	Transfers []ledger.Transfer
	Events    []event.Event
}

// The keys of rows within a book.
type (
	// RefundKey names a refund of an order line.
	RefundKey struct{ Line, Refund string }
	// CorrectionKey names a revision of an order line that was corrected.
	CorrectionKey struct {
		Line     string
		Revision int32
	}
	// UnitKey names a unit of an order line.
	UnitKey struct {
		Line    string
		Ordinal int32
	}
	// RevisionKey names a revision of a claim.
	RevisionKey struct {
		Claim    string
		Revision int32
	}
	// ApprovalKey names what one person said to a revision.
	ApprovalKey struct {
		RevisionKey
		Person string
	}
	// NoteKey names a note on a claim.
	NoteKey struct {
		Claim  string
		Number int32
	}
	// CommissionKey names a commission of a claim.
	CommissionKey struct {
		Claim  string
		Number int32
	}
	// CustodyKey names a step of custody of a claim.
	CustodyKey struct {
		Claim  string
		Number int32
	}
	// DisclosureKey names a disclosure of evidence to a party.
	DisclosureKey struct {
		Claim    string
		Evidence int64
		Party    book.EvidenceParty
	}
	// EvidenceRequestKey names a request for evidence of a claim.
	EvidenceRequestKey struct {
		Claim  string
		Number int32
	}
	// HoldKey names a hold of a claim.
	HoldKey struct {
		Claim  string
		Number int32
	}
	// DebtKey names a debt.
	DebtKey struct {
		Kind debt.Kind
		ID   string
	}
)

// DebtWas is a debt as it was from Recorded on until before another time.
type DebtWas struct {
	debt.Debt
	Until time.Time
}

func newRows(merchantID string) *Rows {
	return &Rows{
		Head:     book.Head{MerchantID: merchantID},
		Requests: make(map[request.Key]request.Stored), Persons: make(map[string]book.Person),
		Lines: make(map[string]book.LineSeen), Corrections: make(map[CorrectionKey]book.LineCorrection),
		Refunds: make(map[RefundKey]book.Refund), Groups: make(map[string]book.Group),
		Claims: make(map[string]claim.Claim), Units: make(map[UnitKey]book.UnitOwner), Revisions: make(map[RevisionKey]claim.Revision),
		Results: make(map[string]claim.Result), Retractions: make(map[string]book.Retraction), Waits: make(map[string]book.Wait),
		Appeals: make(map[RevisionKey]book.Appeal), Approvals: make(map[ApprovalKey]book.Approval),
		Notes: make(map[NoteKey]book.Note), Commissions: make(map[CommissionKey]commission.Commission),
		Custody: make(map[CustodyKey]custody.Step),
		Holds:   make(map[HoldKey]ledger.Hold), Payouts: make(map[string]payout.Payout), Dues: make(map[string]book.Due),
		Disclosures:      make(map[DisclosureKey]book.Disclosure),
		EvidenceRequests: make(map[EvidenceRequestKey]claim.EvidenceRequest),
		Debts:            make(map[DebtKey]debt.Debt), Proposals: make(map[int64]proposal.Proposal),
	}
}

func cloneClaim(c claim.Claim) claim.Claim {
	c.Units = slices.Clone(c.Units)
	return c
}

func cloneLine(l *book.LineSeen) book.LineSeen {
	c := *l
	c.Line.Discounts, c.Line.Promises = slices.Clone(l.Line.Discounts), slices.Clone(l.Line.Promises)
	return c
}

// SortedClaims lists the claims in order of id, which is that of their filing.
func (r *Rows) SortedClaims() []claim.Claim {
	return sorted(r.Claims, func(a, b *claim.Claim) int { return cmp.Compare(a.ID, b.ID) })
}

// SortedPayouts lists the payouts, oldest first.
func (r *Rows) SortedPayouts() []payout.Payout {
	return sorted(r.Payouts, func(a, b *payout.Payout) int { return cmp.Compare(a.ID, b.ID) })
}

// SortedResults lists the results, oldest first.
func (r *Rows) SortedResults() []claim.Result {
	return sorted(r.Results, func(a, b *claim.Result) int { return cmp.Compare(a.ID, b.ID) })
}

// DueWaits lists what had a deadline at most at before, in the order of deadlines.
func (r *Rows) DueWaits(before time.Time) []book.Wait {
	return waiting(r.Waits, before, func(w *book.Wait) time.Time { return w.Deadline })
}

// ExpiredHolds lists what is held for too long at a time, in the order of its ends.
func (r *Rows) ExpiredHolds(before time.Time) []book.Wait {
	return waiting(r.Waits, before, func(w *book.Wait) time.Time { return w.HoldExpires })
}

func waiting(waits map[string]book.Wait, before time.Time, until func(*book.Wait) time.Time) []book.Wait {
	due := make(map[string]book.Wait)
	for id, w := range waits {
		if at := until(&w); !at.IsZero() && !at.After(before) {
			due[id] = w
		}
	}
	return sorted(due, func(a, b *book.Wait) int {
		return cmp.Or(until(a).Compare(until(b)), cmp.Compare(a.ClaimID, b.ClaimID))
	})
}

func sorted[K comparable, V any](rows map[K]V, order func(a, b *V) int) []V {
	return slices.SortedFunc(maps.Values(rows), func(a, b V) int { return order(&a, &b) })
}
