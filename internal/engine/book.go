package engine

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Book is what is in memory of one merchant's book, with everything that the
// commands of a batch have staged so far. Commands read and change it through its
// methods only; nothing reaches the database before the whole batch is decided.
// A lane keeps a book from batch to batch, as long as nobody else changes it.
type Book struct {
	merchantID string
	// head is the book's row with what is staged; its version is the one that the
	// row must still have when the batch is written.
	head   postgres.Head
	exists bool
	opened bool // In this batch.
	// now is the record time of the batch: the clock's, but always after the
	// book's last record time, so that what one batch recorded is older than what
	// the next did, whichever replica's clock is behind.
	now     time.Time
	catalog *Catalog
	ids     *claim.IDs
	config  *Config

	// counted is how many rows its lane counts it for.
	counted int
	// asked are the needs that were met: what they name is in memory as far as it
	// exists.
	asked map[ask]asked

	claims   table[string, loadedClaim]
	lines    table[string, loadedLine]
	units    table[unitKey, unit]
	groups   table[string, postgres.Group]
	holds    table[holdKey, ledger.Hold]
	payouts  table[string, payout.Payout]
	waits    table[string, postgres.Wait]
	dues     table[string, postgres.Due]
	requests table[requestKey, postgres.Request]
	persons  table[string, postgres.Person]
	results  table[string, claim.Result]
	refunds  table[refundKey, postgres.Refund]
	debts    table[debtKey, postgres.Debt]
	// approvals stand by claim, revision and person.
	approvals table[approvalKey, postgres.Approval]
	proposals table[int64, postgres.Proposal]

	// Where rows are found by something else than their key, staged ones included.
	claimants   index[siblingKey] // Claims.
	resultsOf   index[string]     // Results by claim.
	refundsOf   index[string]     // Refunds by order line.
	payoutsOf   index[string]     // Payouts by claim.
	approvalsOf index[string]     // Persons by claim.
	byReference map[string][]ledger.Transfer
	// usual is what a product's claims are awarded, by product, as last read.
	usual map[string]postgres.Usual
	// oldest are the oldest debts, as last read.
	oldest []debtKey

	// What is only ever added to, in the order in which it was made.
	transfers appendOnly[ledger.Transfer]
	revisions appendOnly[claim.Revision]
	events    appendOnly[event.Event]
	appeals   appendOnly[postgres.Appeal]
	retracted appendOnly[postgres.Retraction]
	votes     appendOnly[postgres.ProposalVote]
	evidence  appendOnly[postgres.Evidence]

	// The running command.
	command int
	call    *call
	before  struct {
		head           postgres.Head
		exists, opened bool
	}
}

type unitKey struct {
	line    string
	ordinal int32
}

// unit is who owns a unit: as staged, and as the database has it.
type unit struct {
	claimID string
	stored  string
}

type holdKey struct {
	claim  string
	number int32
}

type requestKey struct{ workload, method, requestID string }

// keyOf gives what a call's outcome is stored under.
func keyOf(h *Header) requestKey { return requestKey{h.Principal.Workload, h.Method, h.RequestID} }

type refundKey struct{ line, refund string }

type debtKey struct {
	kind postgres.DebtKind
	id   string
}

type approvalKey struct {
	claim    string
	revision int32
	person   string
}

type loadedClaim struct {
	claim.Claim
	from int64 // The version in the database.
}

type loadedLine struct {
	line   *order.Line
	digest [32]byte
	seenAt time.Time
}

// appendOnly is a list whose tail belongs to the running command until kept.
type appendOnly[V any] struct {
	list []V
	kept int
}

func (a *appendOnly[V]) add(v V) *V {
	a.list = append(a.list, v)
	return &a.list[len(a.list)-1]
}

func (a *appendOnly[V]) undo() { a.list = a.list[:a.kept] }
func (a *appendOnly[V]) keep() { a.kept = len(a.list) }

// written empties the list: what it held is written and not looked at again.
func (a *appendOnly[V]) written() {
	clear(a.list)
	a.list, a.kept = a.list[:0], 0
}

func newBook(merchantID string, ids *claim.IDs, config *Config) *Book {
	return &Book{
		merchantID:  merchantID,
		ids:         ids,
		config:      config,
		asked:       make(map[ask]asked),
		claims:      newTable[string, loadedClaim](),
		lines:       newTable[string, loadedLine](),
		units:       newTable[unitKey, unit](),
		groups:      newTable[string, postgres.Group](),
		holds:       newTable[holdKey, ledger.Hold](),
		payouts:     newTable[string, payout.Payout](),
		waits:       newTable[string, postgres.Wait](),
		dues:        newTable[string, postgres.Due](),
		requests:    newTable[requestKey, postgres.Request](),
		persons:     newTable[string, postgres.Person](),
		results:     newTable[string, claim.Result](),
		refunds:     newTable[refundKey, postgres.Refund](),
		claimants:   make(index[siblingKey]),
		resultsOf:   make(index[string]),
		refundsOf:   make(index[string]),
		payoutsOf:   make(index[string]),
		byReference: make(map[string][]ledger.Transfer),
		debts:       newTable[debtKey, postgres.Debt](),
		approvals:   newTable[approvalKey, postgres.Approval](),
		proposals:   newTable[int64, postgres.Proposal](),
		approvalsOf: make(index[string]),
		usual:       make(map[string]postgres.Usual),
	}
}

// begin starts a command; finish or abandon ends it.
func (b *Book) begin(c *call) {
	b.command++
	b.call = c
	b.before.head, b.before.exists, b.before.opened = b.head, b.exists, b.opened
}

func (b *Book) finish() error {
	if err := b.account(); err != nil {
		return err
	}
	b.sealEvents()
	for _, t := range b.tables() {
		t.keep()
	}
	b.head.RecordedAt = b.now
	return nil
}

func (b *Book) abandon() {
	for _, t := range b.tables() {
		t.undo()
	}
	b.head, b.exists, b.opened = b.before.head, b.before.exists, b.before.opened
}

// changed says whether any command of the batch staged something.
func (b *Book) changed() bool { return len(b.events.list) > 0 }

func (b *Book) tables() []interface {
	keep()
	undo()
} {
	return []interface {
		keep()
		undo()
	}{
		&b.claims, &b.lines, &b.units, &b.groups, &b.holds, &b.payouts, &b.waits, &b.dues,
		&b.requests, &b.persons, &b.results, &b.refunds, &b.debts, &b.approvals, &b.proposals,
		&b.appeals, &b.retracted, &b.votes, &b.evidence,
		&b.transfers, &b.revisions, &b.events,
	}
}

// Claim gives a loaded claim to read; CLAIM_NOT_FOUND when the book has none.
func (b *Book) Claim(id string) (*claim.Claim, error) {
	if c := b.claims.get(id); c != nil {
		return &c.Claim, nil
	}
	return nil, fault.New(fault.ClaimNotFound, "merchant %s has no claim %s", b.merchantID, id).With("claimId", id)
}

// change gives a claim to change and counts its version up once a command.
func (b *Book) change(id string) *claim.Claim {
	fresh := b.claims.rows[id].mark != b.command
	c := b.claims.edit(id, b.command)
	if fresh {
		c.Version++
	}
	return &c.Claim
}

func (b *Book) freeUnits(c *claim.Claim) {
	for _, u := range c.Units {
		k := unitKey{c.OrderLineID, u.Ordinal}
		// The owner was loaded with the claim's command or is known by it.
		b.units.load(k, unit{claimID: c.ID, stored: c.ID})
		b.units.drop(k, b.command)
	}
}

// takeUnit makes claimID the owner of a unit that nobody owns.
func (b *Book) takeUnit(k unitKey, claimID string) {
	u := unit{claimID: claimID}
	if r, ok := b.units.rows[k]; ok {
		u.stored = r.value.stored
	}
	b.units.add(k, u, b.command)
}
