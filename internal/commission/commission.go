// Package commission holds the examination of units that a body was commissioned with:
// its states, what moves it from one to the next, and the draw of a body by lot. What a
// result of the body decides is left to claim, and money to ledger. It is pure.
package commission

import (
	"slices"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// State says how far a commission has come.
type State string

// The states of a commission.
const (
	// Offered waits for the body to accept or decline.
	Offered State = "OFFERED"
	// Accepted waits for the item to be shipped, or for the report where the body needs none.
	Accepted State = "ACCEPTED"
	// Shipped waits for the item to arrive at the body.
	Shipped State = "SHIPPED"
	// Received waits for the report on the item that the body has.
	Received State = "RECEIVED"
	// Reported waits for nobody: the body has reported on every unit.
	Reported State = "REPORTED"
	// Declined waits for nobody: the body does not examine.
	Declined State = "DECLINED"
	// Cancelled waits for nobody: the examination is not needed, or another body has it.
	Cancelled State = "CANCELLED"
)

// States lists every state in the order of a commission's life.
func States() []State {
	return []State{Offered, Accepted, Shipped, Received, Reported, Declined, Cancelled}
}

// Open says whether the body may still report.
func (s State) Open() bool { return s == Offered || s == Accepted || s == Shipped || s == Received }

// Step moves a commission from one state to another.
type Step string

// The steps.
const (
	// Accept is the body's consent.
	Accept Step = "ACCEPT"
	// Decline is the body's refusal, also after it had accepted.
	Decline Step = "DECLINE"
	// Ship is the dispatch of the item to the body.
	Ship Step = "SHIP"
	// Receive is the arrival of the item at the body.
	Receive Step = "RECEIVE"
	// Report is the body's result on the last of the units.
	Report Step = "REPORT"
	// Cancel is the end of a commission by those who gave it.
	Cancel Step = "CANCEL"
)

// Steps lists every step.
func Steps() []Step { return []Step{Accept, Decline, Ship, Receive, Report, Cancel} }

// rules are all moves of a commission: any other pair is refused.
var rules = map[State]map[Step]State{
	Offered: {Accept: Accepted, Decline: Declined, Report: Reported, Cancel: Cancelled},
	// The item may be handed over without a shipment.
	Accepted: {Ship: Shipped, Receive: Received, Decline: Declined, Report: Reported, Cancel: Cancelled},
	Shipped:  {Receive: Received, Decline: Declined, Report: Reported, Cancel: Cancelled},
	Received: {Decline: Declined, Report: Reported, Cancel: Cancelled},
}

// Next gives the state that a step leads to from s, and whether it is allowed.
func Next(s State, by Step) (State, bool) {
	to, ok := rules[s][by]
	return to, ok
}

// The bounds of a commission.
const (
	// PerClaimMax is how many commissions a claim can have: more than it can need, and few
	// enough to be read with the claim at once.
	PerClaimMax = 50
	// DueMax is how far ahead a report can be due: half a year, by which every test that
	// laboratories offer is done.
	DueMax = 183 * 24 * time.Hour
	// PhotosMax is how many photos a body is shown.
	PhotosMax = 20
)

// Commission is the examination of units of a claim by one body until a time.
type Commission struct {
	MerchantID string
	ClaimID    string
	// Number counts the claim's commissions from 1.
	Number          int32
	AuthenticatorID string
	State           State
	// Units are the units to examine, each with the body's verdict on it so far.
	Units []claim.Unit
	// Questions says what is to be found out.
	Questions string
	// Photos are the digests of evidence of the claim that the body is shown.
	Photos []string
	DueAt  time.Time
	// Fee is the agreed cost in the currency of the book; zero if none was agreed.
	Fee money.Amount
	// Replaces is the commission that this one takes the place of; zero for none.
	Replaces int32
	// Seed and Candidates are those of the draw; empty if the body was named.
	Seed       []byte
	Candidates []string
	// MadeAs is the role in which it was given, MadeBy the person, if one is known.
	MadeAs      string
	MadeBy      string
	MadeAt      time.Time
	EventNumber int64
	AcceptedAt  time.Time
	ShippedAt   time.Time
	// Shipment is what names the shipment with its carrier.
	Shipment   string
	ReceivedAt time.Time
	// OverdueAt is when it was found to be overdue; zero if it was not.
	OverdueAt time.Time
	// Chases is how often the body was reminded, ChasedAt when last.
	Chases   int32
	ChasedAt time.Time
	EndedAt  time.Time
	// Note is why it ended.
	Note string
}

// Covers says whether a unit is to be examined.
func (c *Commission) Covers(ordinal int32) bool {
	return slices.ContainsFunc(c.Units, func(u claim.Unit) bool { return u.Ordinal == ordinal })
}

// Ordinals lists the units to examine.
func (c *Commission) Ordinals() []int32 {
	out := make([]int32, len(c.Units))
	for i, u := range c.Units {
		out[i] = u.Ordinal
	}
	return out
}

// Find takes over what the body found on units, and says whether that was the last of them.
// What points to the units is not changed: they are copied.
func (c *Commission) Find(found []claim.Unit) (complete bool) {
	c.Units = slices.Clone(c.Units)
	complete = true
	for i := range c.Units {
		for _, f := range found {
			if f.Ordinal == c.Units[i].Ordinal {
				c.Units[i].Verdict = f.Verdict
			}
		}
		complete = complete && c.Units[i].Verdict != claim.Pending
	}
	return complete
}

// Take moves the commission by a step. Refuses with COMMISSION_STATE_CONFLICT a step that
// its state does not know.
func (c *Commission) Take(by Step, now time.Time) error {
	to, ok := Next(c.State, by)
	if !ok {
		return c.Refuse("%s is not possible", by)
	}
	c.State = to
	switch by {
	case Accept:
		c.AcceptedAt = now
	case Ship:
		c.ShippedAt = now
	case Receive:
		c.ReceivedAt = now
	case Report, Decline, Cancel:
		c.EndedAt = now
	}
	return nil
}

// Refuse refuses what a commission in its state does not allow.
func (c *Commission) Refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.CommissionStateConflict, "commission %d of claim %s is %s: "+format,
		append([]any{c.Number, c.ClaimID, c.State}, args...)...).
		With("claimId", c.ClaimID).With("commission", strconv.Itoa(int(c.Number))).With("state", string(c.State))
}
