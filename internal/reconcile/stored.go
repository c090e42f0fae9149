package reconcile

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// ImportState is the state of an imported file.
type ImportState string

// The states of an import.
const (
	// Uploading waits for bytes.
	Uploading ImportState = "UPLOADING"
	// Reading has all bytes and is being read.
	Reading ImportState = "READING"
	// Whole was read; its lines are compared.
	Whole ImportState = "WHOLE"
	// Refused has a problem; nothing of it was taken.
	Refused ImportState = "REFUSED"
)

// ImportStates lists the states of an import.
func ImportStates() []ImportState { return []ImportState{Uploading, Reading, Whole, Refused} }

// Bounds of imports.
const (
	// FileMax bounds the bytes of a file that is kept, packed or not.
	FileMax = 256 << 20
	// ChunkMax bounds the bytes that one call carries.
	ChunkMax = 1 << 20
)

// Import is a file that was imported, or is about to be.
type Import struct {
	ID      string
	Account string
	Side    Side
	// Day is the day of the file, as text: 2026-03-01.
	Day       string
	Format    formats.Format
	Mapping   *formats.Mapping
	Exclusive bool
	Told      *formats.Told
	Size      int64
	Digest    [32]byte
	Received  int64
	State     ImportState
	// Version is that of the readers; zero before it was read.
	Version int
	// Report is what the file holds; nil before it was read.
	Report      *formats.Report
	By          principal.Principal
	CreatedAt   time.Time
	CompletedAt time.Time
}

// StoredLine is a line of an import with the payout that it is about.
type StoredLine struct {
	formats.Line
	// Number counts the lines of the file from 1.
	Number               int64
	Rule                 Rule
	MerchantID, PayoutID string
}

// BreakState is the state of a break.
type BreakState string

// The states of a break.
const (
	// Open waits for a person or another file.
	Open BreakState = "OPEN"
	// Closed is done.
	Closed BreakState = "CLOSED"
)

// BreakStates lists the states of a break.
func BreakStates() []BreakState { return []BreakState{Open, Closed} }

// CloseReason says why a break was closed.
type CloseReason string

// The reasons to close a break.
const (
	// Settled: a later comparison did not find it any more.
	Settled CloseReason = "SETTLED"
	// Timing: both sides agree, at different times.
	Timing CloseReason = "TIMING"
	// ChannelCorrected: the other side corrected its record.
	ChannelCorrected CloseReason = "CHANNEL_CORRECTED"
	// LedgerCorrected: the engine was told the outcome.
	LedgerCorrected CloseReason = "LEDGER_CORRECTED"
	// Recovered: the money was recovered outside.
	Recovered CloseReason = "RECOVERED"
	// Explained: it is no difference; the note says why.
	Explained CloseReason = "EXPLAINED"
)

// CloseReasons lists the reasons to close a break.
func CloseReasons() []CloseReason {
	return []CloseReason{Settled, Timing, ChannelCorrected, LedgerCorrected, Recovered, Explained}
}

// BreakAction is what happened to a break.
type BreakAction string

// What happens to a break.
const (
	Opened    BreakAction = "OPENED"
	Assigned  BreakAction = "ASSIGNED"
	Commented BreakAction = "COMMENTED"
	Ended     BreakAction = "CLOSED"
	// SeenAgain: a break that was settled was found once more, and is open again; or one that is
	// open was found with other amounts, or in another file.
	SeenAgain BreakAction = "SEEN_AGAIN"
)

// BreakActions lists what happens to a break.
func BreakActions() []BreakAction {
	return []BreakAction{Opened, SeenAgain, Assigned, Commented, Ended}
}

// StoredBreak is a break as it is kept.
type StoredBreak struct {
	Break
	ID       string
	Day      string
	Version  int64
	State    BreakState
	Assignee string
	OpenedAt time.Time
	DueAt    time.Time
	ClosedAt time.Time
	Reason   CloseReason
	Notes    []BreakNote
}

// BreakNote is what happened to a break, and who did it.
type BreakNote struct {
	Action   BreakAction
	Text     string
	Assignee string
	By       principal.Principal
	At       time.Time
}

// Due is by when a break should be closed. Money that may have left twice, or come back unseen,
// is looked after within a day, and so are books that disagree with themselves; what the next file
// may settle within three.
func (c Class) Due(opened time.Time) time.Time {
	switch c {
	case Duplicate, Unknown, ReturnUnbooked, Orphan, UnitDiffers, SignDiffers,
		HoldsDiffer, ReceivableDiffers, CouponsDiffer, SourceMixDiffers, FeeMischarged, BalanceNegative, BooksDiffer:
		return opened.Add(24 * time.Hour)
	case Missing, CutOff, AmountDiffers, StatusDiffers, RefundOpen, StatementDiffers:
	}
	return opened.Add(72 * time.Hour)
}

// ParseDay reads a day such as 2026-03-01, in China, where the files are of.
func ParseDay(text string) (time.Time, error) {
	day, err := time.ParseInLocation(time.DateOnly, text, policy.Beijing)
	if err != nil {
		return time.Time{}, fault.New(fault.RequestInvalid, "day must be a day of the calendar such as 2026-03-01, not %s", text).At("day")
	}
	return day, nil
}

// DayText is a day as text.
func DayText(day time.Time) string { return day.In(policy.Beijing).Format(time.DateOnly) }

// Subject is what makes a break one of its day, side and class. Of the side BOOKS it makes it one
// of its class, whatever the day.
func (b *Break) Subject() string {
	if b.Side == Books {
		return b.MerchantID + ": " + b.Number
	}
	if b.PayoutID != "" {
		return b.PayoutID
	}
	return b.Number
}
