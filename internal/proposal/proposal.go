// Package proposal describes decisions about a merchant's money that need two
// approvers besides their proposer. Whether one can be carried out on a book as it
// is, and what it moves, is left to book.
package proposal

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Kind is what a proposal is about.
type Kind string

// The kinds of proposal.
const (
	// WriteOff gives up what the merchant owes.
	WriteOff Kind = "WRITE_OFF"
	// WriteOffRecovery takes what was given up from the deposit after all.
	WriteOffRecovery Kind = "WRITE_OFF_RECOVERY"
	// DepositForfeiture takes a penalty from the deposit.
	DepositForfeiture Kind = "DEPOSIT_FORFEITURE"
	// Penalty takes a penalty from shop funds.
	Penalty Kind = "PENALTY"
	// PenaltyReversal gives a penalty back, wherever it was taken from.
	PenaltyReversal Kind = "PENALTY_REVERSAL"
	// WriteOffWaiver lets a merchant leave without paying what was given up. It moves no
	// money.
	WriteOffWaiver Kind = "WRITE_OFF_WAIVER"
	// SuspenseIn takes in money that arrived and matches nothing.
	SuspenseIn Kind = "SUSPENSE_IN"
	// SuspenseOut gives money without an owner back, or to the merchant it belongs to.
	SuspenseOut Kind = "SUSPENSE_OUT"
	// Reclassify moves money to the account where it belongs.
	Reclassify Kind = "RECLASSIFY"
	// CorrectTopUp sets a mistyped top-up to the amount that was paid.
	CorrectTopUp Kind = "CORRECT_TOP_UP"
	// TopUp, TopUpReversal, Withdrawal, HandOver and TakeBack are the movements of a
	// merchant's money above the limit of what one caller may book.
	TopUp         Kind = "TOP_UP"
	TopUpReversal Kind = "TOP_UP_REVERSAL"
	Withdrawal    Kind = "WITHDRAWAL"
	HandOver      Kind = "HAND_OVER"
	TakeBack      Kind = "TAKE_BACK"
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{
		WriteOff, WriteOffRecovery, DepositForfeiture, Penalty, PenaltyReversal, WriteOffWaiver,
		SuspenseIn, SuspenseOut, Reclassify, CorrectTopUp, TopUp, TopUpReversal, Withdrawal, HandOver, TakeBack,
	}
}

// Moves says whether proposals of the kind move money when they are carried out.
func (k Kind) Moves() bool { return k != WriteOffWaiver }

// Undoes says whether proposals of the kind undo an earlier one.
func (k Kind) Undoes() bool {
	return k == WriteOffRecovery || k == PenaltyReversal
}

// Corrects says whether proposals of the kind are about a top-up that is booked.
func (k Kind) Corrects() bool { return k == CorrectTopUp || k == TopUpReversal }

// State is where a proposal stands.
type State string

// The states of a proposal.
const (
	// Open waits for approvers.
	Open State = "OPEN"
	// CarriedOut was approved and done.
	CarriedOut State = "CARRIED_OUT"
	// Refused was refused by one person.
	Refused State = "REFUSED"
	// Void lost what it was about before it was approved.
	Void State = "VOID"
)

// States lists the states.
func States() []State {
	return []State{Open, CarriedOut, Refused, Void}
}

// Key names a proposal.
type Key struct {
	MerchantID string
	// Number is that of the event which made it.
	Number int64
}

// Proposal is a decision about a merchant's money that needs two approvers besides its
// proposer. Its content never changes.
type Proposal struct {
	Key
	Kind   Kind
	State  State
	Amount money.Amount
	// DebtKind and DebtID name the debt of a write-off.
	DebtKind debt.Kind
	DebtID   string
	// Reference is the payment reference of the top-up that it corrects or takes back, or
	// the one under which its money moves; empty where neither is.
	Reference string
	// From is the account that money comes from, for SuspenseIn and Reclassify, and To the
	// account that it goes to, for SuspenseOut and Reclassify.
	From, To ledger.Purpose
	// Booked is the amount at which a top-up was booked when its correction was proposed.
	Booked money.Amount
	// EffectiveAt is when the money moved outside; zero for the time of the second approval.
	EffectiveAt time.Time
	// Undoes is the number of the proposal that it undoes; zero for none.
	Undoes     int64
	Note       string
	ProposedBy string
	ProposedAt time.Time
	// EndedAt is when it was carried out, refused or void; zero while it is open.
	EndedAt time.Time
	// TransferNumber is the transfer that carried it out; zero before, and for a kind that
	// moves no money.
	TransferNumber int64
	// Undone is the amount of it that later proposals have undone.
	Undone money.Amount
	// ChangedAt is when it changed last; zero if that was before it was kept.
	ChangedAt time.Time
	// Votes are what people decided on it, in order of time.
	Votes []Vote
}

// Vote is what one person says to a proposal.
type Vote struct {
	Key
	Person      string
	Approved    bool
	Note        string
	EventNumber int64
	VotedAt     time.Time
}

// CheckApprover refuses who may not agree to the proposal: with PERSON_REQUIRED
// nobody, with SAME_PERSON who made it and who has approved it already.
func (p *Proposal) CheckApprover(person string) error {
	if person == "" {
		return fault.New(fault.PersonRequired, "a proposal must be approved by a person, but the call names no person")
	}
	same := func(what string) error {
		return fault.New(fault.SamePerson, "the person who %s proposal %d cannot approve it", what, p.Number).With("proposalNumber", p.Number)
	}
	if principal.Same(person, p.ProposedBy) {
		return same("made")
	}
	for _, v := range p.Votes {
		if principal.Same(v.Person, person) {
			return fault.New(fault.SamePerson, "this person has already approved proposal %d; the second approver must be somebody else", p.Number).
				With("proposalNumber", p.Number)
		}
	}
	return nil
}
