// Package event is the history of a book: what each command did, numbered without
// gaps and chained by hash from the book's first event. The hashed encoding is
// versioned and documented in docs/event-encoding.md; a released version never
// changes.
package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// The encodings. Events are sealed in the newest one; all of them are read.
const (
	// EncodingV1 tells of moves, transfers and details.
	EncodingV1 = 1
	// EncodingV2 also binds the rows that the command wrote.
	EncodingV2 = 2
	// Encoding is the one in which events are sealed.
	Encoding = EncodingV2
)

// Hash links an event to the one before it.
type Hash [sha256.Size]byte

// Kind says what happened.
type Kind string

// The kinds of event.
const (
	BookOpened          Kind = "BOOK_OPENED"
	DepositToppedUp     Kind = "DEPOSIT_TOPPED_UP"
	DepositWithdrawn    Kind = "DEPOSIT_WITHDRAWN"
	TopUpReversed       Kind = "TOP_UP_REVERSED"
	ShopFundsHandedOver Kind = "SHOP_FUNDS_HANDED_OVER"
	ShopFundsTakenBack  Kind = "SHOP_FUNDS_TAKEN_BACK"
	ClaimFiled          Kind = "CLAIM_FILED"
	ResultRecorded      Kind = "RESULT_RECORDED"
	ClaimRepriced       Kind = "CLAIM_REPRICED"
	DeadlinePassed      Kind = "DEADLINE_PASSED"
	ReviewAssigned      Kind = "REVIEW_ASSIGNED"
	ReviewDecided       Kind = "REVIEW_DECIDED"
	NoticeConfirmed     Kind = "NOTICE_CONFIRMED"
	ClaimAccepted       Kind = "CLAIM_ACCEPTED"
	ClaimWithdrawn      Kind = "CLAIM_WITHDRAWN"
	ClaimPaid           Kind = "CLAIM_PAID"
	PayoutAnswered      Kind = "PAYOUT_ANSWERED"
	PayoutRetried       Kind = "PAYOUT_RETRIED"
	ClaimAppealed       Kind = "CLAIM_APPEALED"
	AppealDecided       Kind = "APPEAL_DECIDED"
	ClaimApproved       Kind = "CLAIM_APPROVED"
	ApprovalRefused     Kind = "APPROVAL_REFUSED"
	VerdictRevised      Kind = "VERDICT_REVISED"
	ResultRetracted     Kind = "RESULT_RETRACTED"
	OrderRefundReported Kind = "ORDER_REFUND_REPORTED"
	ClockStopped        Kind = "CLOCK_STOPPED"
	ClockResumed        Kind = "CLOCK_RESUMED"
	HoldExpired         Kind = "HOLD_EXPIRED"
	HoldExtended        Kind = "HOLD_EXTENDED"
	BookSwept           Kind = "BOOK_SWEPT"
	ClaimFunded         Kind = "CLAIM_FUNDED"
	HoldToppedUp        Kind = "HOLD_TOPPED_UP"
	DebtRecovered       Kind = "DEBT_RECOVERED"
	DepositDemanded     Kind = "DEPOSIT_DEMANDED"
	DepositDemandMet    Kind = "DEPOSIT_DEMAND_MET"
	DepositDemandLapsed Kind = "DEPOSIT_DEMAND_LAPSED"
	ExitBegun           Kind = "EXIT_BEGUN"
	ExitCancelled       Kind = "EXIT_CANCELLED"
	MerchantExited      Kind = "MERCHANT_EXITED"
	ProposalMade        Kind = "PROPOSAL_MADE"
	ProposalApproved    Kind = "PROPOSAL_APPROVED"
	ProposalRefused     Kind = "PROPOSAL_REFUSED"
	PenaltyReversed     Kind = "PENALTY_REVERSED"
	ClawBackRepaid      Kind = "CLAW_BACK_REPAID"
	CouponRedeemed      Kind = "COUPON_REDEEMED"
	CouponLapsed        Kind = "COUPON_LAPSED"
	EvidenceAdded       Kind = "EVIDENCE_ADDED"
	NoticeAttempted     Kind = "NOTICE_ATTEMPTED"
	ClaimReconsidered   Kind = "RECONSIDERATION_REQUESTED"
	NoteAdded           Kind = "NOTE_ADDED"
	OrderLineCorrected  Kind = "ORDER_LINE_CORRECTED"

	PayoutDestinationChanged Kind = "PAYOUT_DESTINATION_CHANGED"
	ClaimLabelsSet           Kind = "CLAIM_LABELS_SET"
	BookLabelsSet            Kind = "BOOK_LABELS_SET"
	ExternalReferenceSet     Kind = "EXTERNAL_REFERENCE_SET"

	CommissionMade      Kind = "COMMISSION_MADE"
	CommissionAccepted  Kind = "COMMISSION_ACCEPTED"
	CommissionDeclined  Kind = "COMMISSION_DECLINED"
	CommissionShipped   Kind = "COMMISSION_SHIPPED"
	CommissionReceived  Kind = "COMMISSION_RECEIVED"
	CommissionChased    Kind = "COMMISSION_CHASED"
	CommissionCancelled Kind = "COMMISSION_CANCELLED"

	CustodyStepAdded Kind = "CUSTODY_STEP_ADDED"

	EvidenceRequested        Kind = "EVIDENCE_REQUESTED"
	EvidenceRequestCancelled Kind = "EVIDENCE_REQUEST_CANCELLED"
	EvidenceRequestOverdue   Kind = "EVIDENCE_REQUEST_OVERDUE"
	EvidenceDisclosed        Kind = "EVIDENCE_DISCLOSED"

	// RetestHeld tells of a re-test for which nobody could be drawn.
	RetestHeld Kind = "RETEST_HELD"
)

// Kinds lists the kinds of event.
func Kinds() []Kind {
	return []Kind{
		BookOpened, DepositToppedUp, DepositWithdrawn, TopUpReversed, ShopFundsHandedOver, ShopFundsTakenBack,
		ClaimFiled, ResultRecorded, ClaimRepriced, DeadlinePassed, ReviewAssigned, ReviewDecided, NoticeConfirmed,
		ClaimAccepted, ClaimWithdrawn, ClaimPaid, PayoutAnswered, PayoutRetried, ClaimAppealed, AppealDecided,
		ClaimApproved, ApprovalRefused, VerdictRevised, ResultRetracted, OrderRefundReported, ClockStopped, ClockResumed,
		HoldExpired, HoldExtended, BookSwept, ClaimFunded, HoldToppedUp, DebtRecovered, DepositDemanded, DepositDemandMet,
		DepositDemandLapsed, ExitBegun, ExitCancelled, MerchantExited, ProposalMade, ProposalApproved, ProposalRefused,
		PenaltyReversed, ClawBackRepaid, CouponRedeemed, CouponLapsed, EvidenceAdded, NoticeAttempted,
		ClaimReconsidered, NoteAdded, OrderLineCorrected, PayoutDestinationChanged,
		ClaimLabelsSet, ExternalReferenceSet, BookLabelsSet,
		CommissionMade, CommissionAccepted, CommissionDeclined, CommissionShipped, CommissionReceived, CommissionChased,
		CommissionCancelled, CustodyStepAdded,
		EvidenceRequested, EvidenceRequestCancelled, EvidenceRequestOverdue, EvidenceDisclosed,
		RetestHeld,
	}
}

// Actor is the caller of a command. The person appears only as a salted commitment,
// so that the person can be erased and the chain still verifies.
type Actor struct {
	Workload string
	Role     string
	// Person is the commitment to the acting person in hex; empty for none.
	Person string
}

// Move is a claim's change of state.
type Move struct {
	From    string
	To      string
	Trigger string
	// Version is the claim's version after the move.
	Version int64
}

// Event is one entry of a book's history.
type Event struct {
	MerchantID string
	Number     int64
	Kind       Kind
	RecordedAt time.Time
	Actor      Actor
	// Method and RequestID name the command; timers and workers have no request id.
	Method    string
	RequestID string
	// ClaimID is the claim it is about; empty if only the merchant's money moved.
	ClaimID string
	// Move is nil if no claim changed its state.
	Move *Move
	// Note is the mover's reason as given. It is kept beside the content and not in
	// it; Decode leaves it empty.
	Note string
	// Transfers are the transfers of the command, in number order.
	Transfers []ledger.Transfer
	// Details are further facts in a fixed order.
	Details []Detail
	// Rows are the rows that the command wrote about the same claim, or about the
	// merchant; the first encoding has none.
	Rows []Row

	// Exposure is how the command changed what the claim can still cost; nil where it did not.
	// It is kept beside the content; Decode leaves it empty.
	Exposure *ExposureChange

	// Content is the encoded event; Hash covers it together with the previous hash.
	Content string
	Hash    Hash
}

// TransferNumbers gives the first and the last number of the event's transfers,
// which are consecutive; zero if it has none.
func (e *Event) TransferNumbers() (first, last int64) {
	if n := len(e.Transfers); n > 0 {
		return e.Transfers[0].Number, e.Transfers[n-1].Number
	}
	return 0, 0
}

// Detail is one further fact of an event.
type Detail struct {
	Key   string
	Value string
}

// Detail gives the value of a further fact; empty if the event does not have it.
func (e *Event) Detail(key string) string {
	for _, d := range e.Details {
		if d.Key == key {
			return d.Value
		}
	}
	return ""
}

// Chain is the hash of an event: SHA-256 over the version, the previous hash and
// the content.
func Chain(previous Hash, version byte, content string) Hash {
	h := sha256.New()
	h.Write([]byte{version})
	h.Write(previous[:])
	h.Write([]byte(content))
	var out Hash
	h.Sum(out[:0])
	return out
}

// Genesis is the hash before the first event of a merchant's book: it ties the
// chain to its book.
func Genesis(merchantID string) Hash {
	return sha256.Sum256([]byte("tenfold book " + merchantID))
}

// Commit is the commitment to a person: HMAC-SHA-256 under a salt of its own.
// Without the salt the commitment reveals nothing.
func Commit(salt []byte, person string) Hash {
	m := hmac.New(sha256.New, salt)
	m.Write([]byte(person))
	var out Hash
	m.Sum(out[:0])
	return out
}

// Word is the kind's name for brokers and outside receivers, such as claim_filed.
func (k Kind) Word() string { return strings.ToLower(string(k)) }
