// Package booktest drives books in memory for tests: it does for a command what the
// engine does around a book, and keeps what the book stages as rows, which it reads
// back as a database would. After every batch it proves the rows of the books that
// took part. Lanes, replicas and crashes are left to the tests of engine.
package booktest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Shelf holds books, a clock and a catalog. It belongs to one goroutine.
type Shelf struct {
	now      time.Time
	settings book.Settings
	ids      claim.IDs

	policies   []policy.Version
	rules      []claim.Rules
	days       *calendar.Calendar
	registered map[string]*authenticator.Body
	catalog    *book.Catalog

	books        map[string]*shelved
	reservations map[book.Reference]*reservation
	made         []payout.Payout

	// chance decides what is forgotten and read late; nil keeps everything in memory.
	chance *rand.Rand
	// seldom leaves proofs to Prove.
	seldom bool
	// broken is what the rows refused and what the proof found.
	broken []string
}

// shelved is one book: what of it is in memory, and its rows.
type shelved struct {
	// book is nil while nothing of it is in memory.
	book *book.Book
	// rows are what is written; late are the rows without the newest batch, whose
	// changes are pending.
	rows, late *Rows
	pending    *book.Changes
	proof      *proof
}

// PayoutLife, LapseGrace and ClockSkew are the settings that books on a shelf have: those of
// `serve`.
const (
	PayoutLife = 72 * time.Hour
	LapseGrace = 30 * time.Second
	ClockSkew  = time.Minute
)

// New makes a shelf without books, with the policies and the calendar that every
// installation begins with.
func New(now time.Time) *Shelf {
	s := &Shelf{
		now: now, settings: book.Settings{LapseGrace: LapseGrace, PayoutLife: PayoutLife, ClockSkew: ClockSkew},
		policies: policy.WithoutLimits(), days: seededCalendar(),
		registered: make(map[string]*authenticator.Body),
		books:      make(map[string]*shelved), reservations: make(map[book.Reference]*reservation),
	}
	s.reload()
	return s
}

// Forgetful has the shelf forget at random from now on: whole books between two
// batches, and of those in memory what a batch did not change. What is forgotten is
// read again from the rows, sometimes from those that lack the batch before, as a
// lane reads that decides ahead. It is said before the first book is opened.
func (s *Shelf) Forgetful(chance *rand.Rand) {
	if len(s.books) > 0 {
		panic("booktest: a shelf with books on it cannot become forgetful")
	}
	s.chance = chance
}

// Seldom has the shelf prove books only when Prove is called, which takes a quarter of the
// time off a run.
func (s *Shelf) Seldom() { s.seldom = true }

// OpenBooks lets first claims open books from now on.
func (s *Shelf) OpenBooks() { s.settings.OpenBooks = true }

// LimitDirect bounds from now on how much one caller may move.
func (s *Shelf) LimitDirect(l book.DirectLimit) { s.settings.DirectLimit = l }

// Now is the time.
func (s *Shelf) Now() time.Time { return s.now.UTC().Truncate(time.Microsecond) }

// Move moves the clock.
func (s *Shelf) Move(d time.Duration) { s.now = s.now.Add(d) }

// Catalog is the policies and the calendar.
func (s *Shelf) Catalog() *book.Catalog { return s.catalog }

func (s *Shelf) reload() {
	slices.SortStableFunc(s.policies, func(a, b policy.Version) int {
		if a.PolicyID != b.PolicyID {
			if a.PolicyID < b.PolicyID {
				return -1
			}
			return 1
		}
		return int(a.Number - b.Number)
	})
	s.catalog = book.NewCatalog(slices.Clone(s.policies), slices.Clone(s.rules), s.days)
}

// Publish publishes the next version of a policy. Refuses what Version.Check
// refuses, and a number that is not the next.
func (s *Shelf) Publish(v policy.Version) error {
	if err := v.Check(); err != nil {
		return err
	}
	next := int32(1)
	for i := range s.policies {
		if s.policies[i].PolicyID == v.PolicyID {
			next = max(next, s.policies[i].Number+1)
		}
	}
	if v.Number != next {
		return fault.New(fault.RequestInvalid, "the next version of policy %s is %d, not %d", v.PolicyID, next, v.Number)
	}
	s.policies = append(s.policies, v)
	s.reload()
	return nil
}

// Decide publishes versions of the decision rules, in place of those that a shelf begins with.
func (s *Shelf) Decide(rules ...claim.Rules) {
	s.rules = rules
	s.reload()
}

// Register registers an authenticator. Refuses one that is known.
func (s *Shelf) Register(a claim.Authenticator) error {
	if s.registered[a.ID] != nil {
		return fault.New(fault.AuthenticatorRegistered, "authenticator %s is registered already", a.ID)
	}
	s.SetBody(authenticator.Body{
		ID: a.ID, Version: 1, Revision: 1, Changes: 1, RegisteredAt: s.Now(),
		Content: authenticator.Content{Kind: a.Kind, DisplayName: a.DisplayName, Categories: a.Categories},
	})
	return nil
}

// SetBody has an authenticator be as it is given from now on.
func (s *Shelf) SetBody(b authenticator.Body) { s.registered[b.ID] = &b }

// Rows are the rows of a merchant's book to read; rows of a book that nobody has
// opened are empty.
func (s *Shelf) Rows(merchantID string) *Rows { return s.at(merchantID).rows }

// Merchants lists the merchants whose books are open, in order.
func (s *Shelf) Merchants() []string {
	var open []string
	for _, id := range slices.Sorted(maps.Keys(s.books)) {
		if s.books[id].rows.Open {
			open = append(open, id)
		}
	}
	return open
}

func (s *Shelf) at(merchantID string) *shelved {
	b := s.books[merchantID]
	if b == nil {
		b = &shelved{rows: newRows(merchantID), late: newRows(merchantID)}
		b.proof = newProof(b.rows)
		s.books[merchantID] = b
	}
	return b
}

// Forget forgets what of a book is in memory, as after a restart.
func (s *Shelf) Forget(merchantID string) { s.at(merchantID).book = nil }

// Made gives the payouts that were made since the last call: what a worker is told.
func (s *Shelf) Made() []payout.Payout {
	made := s.made
	s.made = nil
	return made
}

// ErrBroken says that rows were refused or that books do not agree with themselves.
var ErrBroken = errors.New("the books are broken")

// Broken is everything that was found wrong so far.
func (s *Shelf) Broken() []string { return slices.Clone(s.broken) }

func (s *Shelf) breaks(format string, args ...any) {
	s.broken = append(s.broken, fmt.Sprintf(format, args...))
}

// Prove proves every book once more from its first row on, and gives everything
// that was found wrong so far.
func (s *Shelf) Prove() []string {
	for _, id := range slices.Sorted(maps.Keys(s.books)) {
		if rows := s.books[id].rows; rows.Open {
			s.broken = append(s.broken, newProof(rows).check()...)
		}
	}
	return s.Broken()
}

// Do runs one command on a book, with what it needs from outside of books: it finds
// the payout that an out-number names, and reserves references that are unique over all
// books. Where a refusal ends something, a
// command of its own does that afterwards.
func (s *Shelf) Do(h request.Header, cmd book.Command) (book.Outcome, error) {
	if a, ok := cmd.(book.Addressed); ok {
		if err := s.address(&h, a); err != nil {
			return book.Outcome{}, err
		}
	}
	if _, ok := cmd.(book.Previewed); ok {
		h.ValidateOnly = true
	}
	if m, ok := cmd.(book.Moving); ok {
		if p, found := s.Rows(h.MerchantID).Proposal(m.Proposal()); found {
			m.Reserve(&p)
		}
	}
	o, err := s.underReservations(h, cmd)
	if after, ok := cmd.(book.Ending); ok && err != nil && !h.ValidateOnly {
		if method, next := after.After(err); next != nil {
			_, _ = s.one(request.System(h.MerchantID, method), next) // Its refusal says that another was first.
		}
	}
	return o, err
}

// one runs one command as a batch of its own; a preview stores nothing.
func (s *Shelf) one(h request.Header, cmd book.Command) (book.Outcome, error) {
	c := s.call(h, cmd)
	if h.ValidateOnly {
		return s.preview(c)
	}
	s.batch([]*book.Call{c})
	return c.Outcome, c.Err
}

func (s *Shelf) call(h request.Header, cmd book.Command) *book.Call {
	if h.ArrivedAt.IsZero() {
		h.ArrivedAt = s.Now()
	}
	c := book.NewCall(h, cmd)
	return &c
}

// Asked is a command with its header, for Together.
type Asked struct {
	Header request.Header
	Of     book.Command
}

// Answer is what a command was answered.
type Answer struct {
	Outcome book.Outcome
	Err     error
}

// Together runs commands as one batch: each sees what those before it staged, and
// all of it is written at once. It reserves nothing.
func (s *Shelf) Together(commands ...Asked) []Answer {
	calls := make([]*book.Call, len(commands))
	for i, c := range commands {
		calls[i] = s.call(c.Header, c.Of)
	}
	s.batch(calls)
	answers := make([]Answer, len(calls))
	for i, c := range calls {
		answers[i] = Answer{c.Outcome, c.Err}
	}
	return answers
}
