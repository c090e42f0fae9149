// Package period describes the months that finance closes: their bounds, the changes by
// which two persons close and reopen them, the checklist of a close, and the chain of
// digests over those changes. It is pure; what the books held is left to postgres.
package period

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// ID is a month of the business calendar, such as 2026-03.
type ID string

const form = "2006-01"

// Of is the month of a time.
func Of(at time.Time) ID { return ID(at.In(policy.Beijing).Format(form)) }

// Start is the first moment of the month.
func (p ID) Start() time.Time {
	t, _ := time.ParseInLocation(form, string(p), policy.Beijing) // An ID was parsed before.
	return t.UTC()
}

// End is the first moment after the month.
func (p ID) End() time.Time { return p.Start().In(policy.Beijing).AddDate(0, 1, 0).UTC() }

// Next is the month after it, and Previous the month before.
func (p ID) Next() ID { return Of(p.End()) }

// Previous is the month before it.
func (p ID) Previous() ID { return Of(p.Start().Add(-time.Microsecond)) }

// Grace is how long after its end a month may be closed: commands that were decided before
// the end have been written by then.
const Grace = time.Hour

// Action is what a change does to a month.
type Action string

// The actions.
const (
	Close  Action = "CLOSE"
	Reopen Action = "REOPEN"
)

// Actions lists the actions.
func Actions() []Action { return []Action{Close, Reopen} }

// ChangeState is where a change stands.
type ChangeState string

// The states of a change.
const (
	// Proposed waits for a second person.
	Proposed ChangeState = "PROPOSED"
	// Done was approved and made.
	Done ChangeState = "DONE"
	// Refused was refused by a person.
	Refused ChangeState = "REFUSED"
)

// ChangeStates lists the states of a change.
func ChangeStates() []ChangeState { return []ChangeState{Proposed, Done, Refused} }

// Step is what one person did to a change.
type Step struct {
	By   principal.Principal
	Note string
	At   time.Time
}

// Hash is a link of the chain.
type Hash [sha256.Size]byte

// Change is a close or a reopening of a month, by two persons.
type Change struct {
	// Number counts the changes from 1.
	Number   int64
	Period   ID
	Action   Action
	State    ChangeState
	Proposed Step
	// Decided is the second person's step; zero while the change is proposed.
	Decided Step
	// Link counts the changes that were made, from 1; zero for others.
	Link           int64
	Previous, Hash Hash
	// Books is how many books a close found, Heads the digest over their heads, and Sums
	// that over the sums; zero for a reopening.
	Books       int64
	Heads, Sums Hash
}

// Seal links a change that is made to the one before it.
func (c *Change) Seal(previous *Change) {
	if previous != nil {
		c.Link, c.Previous = previous.Link+1, previous.Hash
	} else {
		c.Link = 1
	}
	c.Hash = c.hash()
}

// hash is SHA-256 over the link before and what the change says. Persons are in no digest.
func (c *Change) hash() Hash {
	h := sha256.New()
	h.Write(c.Previous[:])
	fmt.Fprintf(h, "tenfold period 1\n%d %d %s %s %d %d %d %x %x\n%d %s\n%d %s\n", c.Link, c.Number, c.Period, c.Action,
		c.Proposed.At.UnixMicro(), c.Decided.At.UnixMicro(), c.Books, c.Heads, c.Sums,
		len(c.Proposed.Note), c.Proposed.Note, len(c.Decided.Note), c.Decided.Note)
	return Hash(h.Sum(nil))
}

// Check says what is wrong with a chain of changes that were made; empty if nothing is.
func Check(links []Change) string {
	var previous *Change
	for i := range links {
		c := links[i]
		c.Seal(previous)
		if c.Link != links[i].Link || c.Previous != links[i].Previous || c.Hash != links[i].Hash {
			return fmt.Sprintf("link %d does not follow from the one before it", links[i].Link)
		}
		previous = &links[i]
	}
	return ""
}

// Section is one of the sums that a close keeps.
type Section string

// The sections.
const (
	// Opening: all transfers up to the beginning of the month, without the late ones.
	Opening Section = "OPENING"
	// Closing: all transfers up to the end of the month.
	Closing Section = "CLOSING"
	// Late: those of them that took effect before the month, and came in after the close of the
	// month before.
	Late Section = "LATE"
)

// Sections lists the sections.
func Sections() []Section { return []Section{Opening, Closing, Late} }

// Sums are what a close keeps of all books: totals by section and currency.
type Sums map[Section]map[string]ledger.Totals

// Add adds a sum to a section.
func (s Sums) Add(to Section, currency string, kind ledger.Kind, sum ledger.Total) {
	if s[to] == nil {
		s[to] = make(map[string]ledger.Totals)
	}
	if s[to][currency] == nil {
		s[to][currency] = make(ledger.Totals)
	}
	s[to][currency].Add(kind, sum.Amount, sum.Count)
}

// Lines are the sums of a section, a line for each currency and kind, sorted.
func (s Sums) Lines(section Section) []string {
	var lines []string
	for currency, totals := range s[section] {
		for kind, sum := range totals {
			lines = append(lines, fmt.Sprintf("%s,%s,%s,%d,%d", section, currency, kind, sum.Amount, sum.Count))
		}
	}
	slices.Sort(lines)
	return lines
}

// Digest is SHA-256 over the lines of the sums, sorted within each section. A close that kept
// no opening sums has no lines of them.
func (s Sums) Digest() Hash {
	h := sha256.New()
	for _, section := range Sections() {
		for _, line := range s.Lines(section) {
			h.Write([]byte(line + "\n"))
		}
	}
	return Hash(h.Sum(nil))
}

// Books are the closed months, as changes left them.
type Books struct {
	// Closed are the changes that closed the months which are closed, oldest first.
	Closed []Change
	// Open is the change that waits for a second person; nil for none.
	Open *Change
	// Last is the last change that was made; nil for none.
	Last *Change
	// Newest is the number of the newest change, made or not.
	Newest int64
}

// Fold reads the changes in the order of their numbers; those that were made follow each
// other in that order, too, because one change at a time is open.
func Fold(changes []Change) Books {
	var b Books
	for i := range changes {
		c := &changes[i]
		b.Newest = c.Number
		switch c.State {
		case Proposed:
			b.Open = c
			continue
		case Refused:
			continue
		case Done:
		}
		b.Last = c
		switch c.Action {
		case Close:
			b.Closed = append(b.Closed, *c)
		case Reopen:
			b.Closed = b.Closed[:len(b.Closed)-1]
		}
	}
	return b
}

// Closing gives the change that closed a month; nil while it is open.
func (b *Books) Closing(p ID) *Change {
	for i := range b.Closed {
		if b.Closed[i].Period == p {
			return &b.Closed[i]
		}
	}
	return nil
}

// Before gives the close of the last closed month before p; nil for none.
func (b *Books) Before(p ID) *Change {
	for i := len(b.Closed) - 1; i >= 0; i-- {
		if b.Closed[i].Period < p {
			return &b.Closed[i]
		}
	}
	return nil
}

// ClosedUntil is the first moment that no closed month covers; zero while none is closed.
func (b *Books) ClosedUntil() time.Time {
	if len(b.Closed) == 0 {
		return time.Time{}
	}
	return b.Closed[len(b.Closed)-1].Period.End()
}

// CheckPropose refuses a change of a month that cannot be made: another one is open, the
// month stands so already, it is not over, or it is not the next or the last one.
func (b *Books) CheckPropose(p ID, a Action, person string, now time.Time) error {
	if person == "" {
		return fault.New(fault.PersonRequired, "a period must be closed and reopened by persons, but the call names none")
	}
	if b.Open != nil {
		return conflict(b.Open.Period, "%s of period %s waits for a second person", b.Open.Action, b.Open.Period).With("changeNumber", b.Open.Number)
	}
	return b.checkChange(p, a, now)
}

func (b *Books) checkChange(p ID, a Action, now time.Time) error {
	closed := b.Closing(p) != nil
	switch {
	case a == Close && closed:
		return conflict(p, "period %s is already closed", p)
	case a == Reopen && !closed:
		return conflict(p, "period %s is not closed", p)
	case a == Reopen && b.Closed[len(b.Closed)-1].Period != p:
		last := b.Closed[len(b.Closed)-1].Period
		return conflict(p, "only the last closed period can be reopened, which is %s", last).With("lastClosed", last)
	case a == Reopen:
		return nil
	case now.Before(p.End().Add(Grace)):
		return conflict(p, "period %s can be closed from %s on", p, p.End().Add(Grace).Format(time.RFC3339)).
			With("possibleFrom", p.End().Add(Grace).Format(time.RFC3339))
	case len(b.Closed) > 0 && b.Closed[len(b.Closed)-1].Period.Next() != p:
		next := b.Closed[len(b.Closed)-1].Period.Next()
		return conflict(p, "periods are closed in their order: the next one is %s", next).With("nextPeriod", next)
	}
	return nil
}

// CheckDecide refuses to decide a change that is not open, and the approval of who proposed
// it. Who proposed it may refuse it.
func (b *Books) CheckDecide(p ID, approve bool, person string, now time.Time) error {
	switch {
	case person == "":
		return fault.New(fault.PersonRequired, "a change of a period must be decided by a person, but the call names none")
	case b.Open == nil || b.Open.Period != p:
		return conflict(p, "no change of period %s waits for a second person", p)
	case !approve:
		return nil
	case principal.Same(person, b.Open.Proposed.By.Person):
		return fault.New(fault.SamePerson, "the person who proposed to %s period %s cannot approve it", verbs[b.Open.Action], p).
			With("changeNumber", b.Open.Number)
	}
	return b.checkChange(p, b.Open.Action, now)
}

var verbs = map[Action]string{Close: "close", Reopen: "reopen"}

func conflict(p ID, format string, args ...any) *fault.Error {
	return fault.New(fault.PeriodStateConflict, format, args...).With("period", p)
}

// Item is a question that a close asks.
type Item string

// The items of the checklist.
const (
	// SweepsDone: no income of the month waits to be used for debts.
	SweepsDone Item = "SWEEPS_DONE"
	// SuspenseExplained: a person has said what lies in suspense in each book.
	SuspenseExplained Item = "SUSPENSE_EXPLAINED"
	// BreaksAssigned: somebody works on each open break of a day of the month.
	BreaksAssigned Item = "BREAKS_ASSIGNED"
	// AuditPassed: an audit of all books since the end of the month found nothing.
	AuditPassed Item = "AUDIT_PASSED"
)

// Items lists the items.
func Items() []Item { return []Item{SweepsDone, SuspenseExplained, BreaksAssigned, AuditPassed} }

// Checked is the answer to an item.
type Checked struct {
	Item Item
	// Open is how many things are missing; zero for a clean item.
	Open int64
	// Missing says what is missing; empty for a clean item.
	Missing string
	// Examples name some of the things.
	Examples []string
}

// NotClean refuses a close whose checklist is not clean, and names every item.
func NotClean(p ID, list []Checked) error {
	text := ""
	for _, c := range list {
		if c.Open > 0 {
			if text != "" {
				text += "; "
			}
			text += c.Missing
		}
	}
	if text == "" {
		return nil
	}
	refusal := fault.New(fault.PeriodNotClean, "period %s cannot be closed: %s", p, text).With("period", p)
	for _, c := range list {
		switch {
		case c.Open == 0:
		case c.Item == SweepsDone:
			refusal.With("sweepsDue", c.Open)
		case c.Item == SuspenseExplained:
			refusal.With("suspenseUnexplained", c.Open)
		case c.Item == BreaksAssigned:
			refusal.With("breaksUnassigned", c.Open)
		case c.Item == AuditPassed:
			refusal.With("auditMissing", c.Open)
		}
	}
	return refusal
}
