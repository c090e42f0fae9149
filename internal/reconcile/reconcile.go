package reconcile

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// Side says whose record a file is.
type Side string

// The sides beside the engine.
const (
	// Gateway is the payment service's own record of what it paid.
	Gateway Side = "GATEWAY"
	// Channel is the record of the bank or payment channel behind it.
	Channel Side = "CHANNEL"
	// Marketplace is the marketplace's record of what it took from shops.
	Marketplace Side = "MARKETPLACE"
	// Books is the engine itself: an audit found that its books disagree with themselves.
	Books Side = "BOOKS"
)

// Sides lists the sides.
func Sides() []Side { return append(FileSides(), Books) }

// FileSides lists the sides of which there are files.
func FileSides() []Side { return []Side{Gateway, Channel, Marketplace} }

// Rule is a way in which a line is found to be about a payout.
type Rule string

// The rules, in the order in which they are tried. None compares by likeness.
const (
	// ByOutNumber: the line has the payout's out-number.
	ByOutNumber Rule = "OUT_NUMBER"
	// ByReference: the line has the gateway's reference of the payout.
	ByReference Rule = "GATEWAY_REFERENCE"
	// ByOriginalPayment: the line is a refund of the payout's original payment with exactly its
	// amount, and there is no second such line and no second such payout.
	ByOriginalPayment Rule = "ORIGINAL_PAYMENT"
	// ByOrder: the line is a deduction for the order of a claim.
	ByOrder Rule = "ORDER"
)

// Rules lists the rules in their order.
func Rules() []Rule { return []Rule{ByOutNumber, ByReference, ByOriginalPayment, ByOrder} }

// Class says in what engine and file differ.
type Class string

// The classes of breaks.
const (
	// Missing: the engine has paid, and the file does not tell of it.
	Missing Class = "MISSING_IN_FILE"
	// CutOff: the same, so close to the end of the day that the next file may tell of it.
	CutOff Class = "CUT_OFF"
	// Unknown: the file tells of a payment with a number of ours that the engine does not have,
	// or of a payment from an account from which only payouts are paid.
	Unknown Class = "MISSING_IN_LEDGER"
	// AmountDiffers, UnitDiffers, SignDiffers: another amount; a hundred times or a hundredth,
	// as fen taken for yuan; the other direction.
	AmountDiffers Class = "AMOUNT_DIFFERS"
	UnitDiffers   Class = "UNIT_DIFFERS"
	SignDiffers   Class = "SIGN_DIFFERS"
	// Duplicate: the same money was paid twice.
	Duplicate Class = "DUPLICATE_PAYOUT"
	// StatusDiffers: one says paid, and the other does not.
	StatusDiffers Class = "STATUS_DIFFERS"
	// RefundOpen: a refund was begun, and the file does not say that it was completed.
	RefundOpen Class = "REFUND_NOT_COMPLETED"
	// ReturnUnbooked: money came back, and the engine does not know.
	ReturnUnbooked Class = "RETURN_NOT_BOOKED"
	// StatementDiffers: the marketplace took another amount from a shop than the engine debited.
	StatementDiffers Class = "STATEMENT_DIFFERS"
	// Orphan: the marketplace took money for an order on which there is no claim.
	Orphan Class = "ORPHAN_DEBIT"
)

// The classes of breaks inside the books.
const (
	// HoldsDiffer: what is set aside is not what the open holds say.
	HoldsDiffer Class = "HOLDS_DIFFER"
	// ReceivableDiffers: what a merchant owes is not what claims and debts say.
	ReceivableDiffers Class = "RECEIVABLE_DIFFERS"
	// CouponsDiffer: coupons that were issued are not those that were redeemed, lapsed or are left.
	CouponsDiffer Class = "COUPONS_DIFFER"
	// SourceMixDiffers: deposit and shop funds bear a claim in other shares than its transfers say.
	SourceMixDiffers Class = "SOURCE_MIX_DIFFERS"
	// FeeMischarged: a fee is charged to somebody else than its transfers say.
	FeeMischarged Class = "FEE_MISCHARGED"
	// BalanceNegative: an account is below zero that cannot be.
	BalanceNegative Class = "BALANCE_NEGATIVE"
	// BooksDiffer: anything else that the audit found.
	BooksDiffer Class = "BOOKS_DIFFER"
)

// Classes lists the classes.
func Classes() []Class { return append(FileClasses(), BooksClasses()...) }

// BooksClasses lists the classes of breaks inside the books.
func BooksClasses() []Class {
	return []Class{HoldsDiffer, ReceivableDiffers, CouponsDiffer, SourceMixDiffers, FeeMischarged, BalanceNegative, BooksDiffer}
}

// FileClasses lists the classes of breaks between the engine and files.
func FileClasses() []Class {
	return []Class{
		Missing, CutOff, Unknown, AmountDiffers, UnitDiffers, SignDiffers, Duplicate, StatusDiffers, RefundOpen, ReturnUnbooked,
		StatementDiffers, Orphan,
	}
}

// Payout is a payout as the engine has it.
type Payout struct {
	MerchantID, ID, ClaimID string
	Part                    payout.Part
	Form                    string
	State                   payout.State
	// Amount was instructed; Reached has arrived, and CameBack of that came back.
	Amount, Reached, CameBack money.Amount
	Currency                  string
	OutNumber                 string
	Reference                 string
	// PaymentID is the original payment.
	PaymentID string
	// Superseded says that the money has since gone out under another number.
	Superseded bool
	// At is when the gateway's last answer happened.
	At time.Time
}

// Account is one account of a side whose files are compared.
type Account struct {
	Side Side
	// Name tells it from other accounts of the side.
	Name string
	// Exclusive says that only payouts are paid from the account.
	Exclusive bool
}

// Source is one imported file.
type Source struct {
	// Import names the file, for the breaks of its lines.
	Import  string
	Account Account
	Format  formats.Format
	// Day is the day that the file is of, at midnight.
	Day time.Time
}

// Settings say how to compare.
type Settings struct {
	// Day is compared, at midnight in the zone of the files.
	Day time.Time
	// CutOff is how long before the end of the day a payment may stand in the next file.
	CutOff time.Duration
	// Ours says whether a number has the form of our out-numbers.
	Ours func(string) bool
}

// Break is one difference.
type Break struct {
	Class Class
	Side  Side
	// MerchantID, PayoutID and ClaimID name the payout; empty where there is none.
	MerchantID, PayoutID, ClaimID string
	// Import and Place name the line; empty and zero where there is none.
	Import string
	Place  int
	// Number is the number by which people find it: out-number, reference or order.
	Number string
	// Expected is the engine's amount and Found that of the file.
	Expected, Found money.Amount
	Currency        string
	// Detail says in a sentence what differs.
	Detail string
}

// Match is a line that is about a payout.
type Match struct {
	Import               string
	Place                int
	Rule                 Rule
	MerchantID, PayoutID string
}

// Summary counts what was compared.
type Summary struct {
	Payouts, Lines int
	// ByRule counts the matched lines by rule.
	ByRule map[Rule]int
	// Foreign are lines of other business: payments of buyers, fees, refunds of others.
	Foreign int
	// CutOff are payouts whose line stands in the file of a neighbouring day.
	CutOff int
	// ByClass counts the breaks.
	ByClass map[Class]int
}

// outgoing says whether a line tells of money that left, or should.
func outgoing(k formats.Kind, a money.Amount) bool { return k != formats.Return && a < 0 }
