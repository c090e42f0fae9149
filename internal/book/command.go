package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Command is one change of a book. All of them are in this package.
type Command interface {
	// Content is what the request id covers.
	request.Content
	// need names the rows that the request itself shows to be needed.
	need(*Call, *Needs)
	// decide refuses, or stages the whole change on the book.
	decide(*Book) (Outcome, error)
}

// follower is a command whose needs depend on rows that were loaded before.
type follower interface {
	// follow names further needs, after the given number of extra rounds of loading.
	follow(b *Book, n *Needs, round int)
}

// Rounds is how often commands may ask for more, and RoundsMin how often they are asked at
// least: some ask by the number of the round. After that, one in which nobody asks for
// anything is the last.
const (
	Rounds    = 6
	RoundsMin = 2
)

// Referring is a command that completes only while its request holds references
// which are unique over all books. Whoever runs it reserves them first.
type Referring interface {
	Command
	References() []Reference
}

// Addressed is a command that may name its payout by out-number, without a book.
// Whoever runs it finds the payout first.
type Addressed interface {
	Command
	// Address gives the out-number, empty for none, and where the payout's id goes.
	Address() (outNumber string, payoutID *string)
}

// Previewed is a command that is decided on a snapshot and never stored.
type Previewed interface {
	Command
	StoresNothing()
}

// Ending is a command after whose refusal another has to run.
type Ending interface {
	Command
	// After gives that command with its method; nil for none.
	After(refusal error) (method string, next Command)
}

// opening is a command that can open the book that it needs, in a currency; empty if what it
// says does not tell one.
type opening interface {
	Command
	opensIn() (currency string)
}

// Settings bound what commands decide.
type Settings struct {
	// LapseGrace is how long after a deadline its timer fires, so that an answer that
	// arrived in time still counts if it waits in a queue or met a slower clock.
	LapseGrace time.Duration
	// PayoutLife is how long after an instruction the gateway may still pay it.
	PayoutLife time.Duration
	// ClockSkew is how far the clock of whoever tells a fact may be ahead of ours.
	ClockSkew time.Duration
	// OpenBooks lets the first claim on a merchant open the merchant's book.
	OpenBooks bool
	// DirectLimit is how much of a merchant's money one caller may move.
	DirectLimit DirectLimit
}

// Call is a command with its header, and what came of it.
type Call struct {
	Header  request.Header
	Command Command
	Digest  [32]byte
	// Outcome and Err are set by Run, Made are the payouts that the command made: a
	// worker is told of them after the commit.
	Outcome Outcome
	Err     error
	Made    []payout.Payout
	// barred is why the command must not be decided: it could not name its needs, or needs
	// a row that cannot be read.
	barred error
}

// NewCall makes a call.
func NewCall(h request.Header, c Command) Call {
	return Call{Header: h, Command: c, Digest: request.DigestOf(c)}
}

// Reset forgets what came of a call, so that it is decided afresh.
func (c *Call) Reset() { c.Outcome, c.Err, c.Made, c.barred = Outcome{}, nil, nil, nil }

// Need names what the command needs of its book.
func (c *Call) Need(n *Needs) {
	defer contain("name needs of", c, &c.barred)
	if p := c.Header.Principal.Person; p != "" {
		n.person(c.Header.MerchantID, p)
	}
	if _, shows := c.Command.(showingBook); shows {
		n.debtSums(c.Header.MerchantID)
	}
	c.Command.need(c, n)
}

// Follow names what else the command needs, after round more rounds of loading.
func (c *Call) Follow(b *Book, n *Needs, round int) {
	if c.barred != nil {
		return
	}
	defer contain("follow needs of", c, &c.barred)
	if f, ok := c.Command.(follower); ok {
		f.follow(b, n, round)
	}
	if o, ok := c.Command.(interface{ onClaim() string }); ok {
		followPolicy(b, n, o.onClaim())
		followExcess(b, n, o.onClaim())
	}
}

// Outcome says what a command did. Fields that do not apply are empty.
type Outcome struct {
	// Replayed says that the request had been carried out before. Then only the ids
	// below are set, and the caller reads the resource as it is now.
	Replayed bool
	// MerchantID names the book, even if the header did not.
	MerchantID string
	ClaimID    string
	ResultID   string
	PayoutID   string
	// TransferNumber is the first transfer of the outcome.
	TransferNumber int64
	EventNumber    int64

	Claim      *claim.Claim
	Proposal   *proposal.Proposal
	Evidence   *Evidence
	Note       *Note
	Commission *commission.Commission
	Custody    *custody.Step
	Result     *claim.Result
	// Reweighed is what became of a claim whose results a job took back; empty if it took none.
	Reweighed claim.Reweighed
	Payout    *payout.Payout
	Transfers []ledger.Transfer
	Quotes    []policy.Share
	Currency  string

	EvidenceRequest *claim.EvidenceRequest
	// Book, and Line with its Refunds, are set for commands that are answered with
	// them. They show the state right after the command, before any later one. Line is nil
	// while no claim has shown it.
	Book    *Standing
	Line    *LineSeen
	Refunds []Refund
}
