// Package book is one merchant's book in memory and everything that can be asked of
// it: commands are decided on it one after the other, each staged whole or not at
// all. It reads and writes nothing: what commands need is named for whoever keeps
// the rows, who gives them to the book, and what was staged is handed over as rows to
// write. Lanes are left to engine, SQL to postgres.
package book

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Book is the part of one merchant's book that is in memory, with everything that the
// commands of a batch have staged so far. Nothing reaches the database before the
// whole batch is decided.
type Book struct {
	merchantID string
	// head is the book's row with what is staged; its version is the one that the
	// row must still have when the batch is written.
	head   Head
	exists bool
	opened bool // In this batch.
	// now is the record time of the batch. It is the clock's time, but always later
	// than the book's last record time, so that records of one batch are older than
	// those of the next even if another replica's clock is behind.
	now      time.Time
	catalog  *Catalog
	ids      *claim.IDs
	settings *Settings

	// asked records which needs were met: the rows they name are in memory, if they
	// exist.
	asked map[ask]asked
	// damaged are the rows that were asked for and cannot be read, each with the refusal
	// of the commands that need it.
	damaged map[damage]error

	claims   table[string, loadedClaim]
	lines    table[string, loadedLine]
	units    table[unitKey, unit]
	groups   table[string, Group]
	holds    table[holdKey, ledger.Hold]
	payouts  table[string, payout.Payout]
	waits    table[string, Wait]
	dues     table[string, Due]
	requests table[request.Key, request.Stored]
	persons  table[string, Person]
	results  table[string, claim.Result]
	refunds  table[refundKey, Refund]
	debts    table[debtKey, debt.Debt]
	// approvals stand by claim, revision and person, notes by claim and number.
	approvals table[approvalKey, Approval]
	notes     table[noteKey, Note]
	// commissions stand by claim and number.
	commissions table[commissionKey, commission.Commission]
	// custody are steps of custody by claim and number.
	custody table[custodyKey, custody.Step]
	// disclosures stand by claim, evidence and party.
	disclosures table[disclosureKey, Disclosure]
	// evidenceRequests stand by claim and number.
	evidenceRequests table[evidenceRequestKey, claim.EvidenceRequest]
	proposals        table[int64, proposal.Proposal]

	// Indexes find rows by something other than their key; they include staged rows.
	claimants   index[siblingKey] // Claims.
	resultsOf   index[string]     // Results by claim.
	refundsOf   index[string]     // Refunds by order line.
	payoutsOf   index[string]     // Payouts by claim.
	approvalsOf index[string]     // Persons by claim.
	notesOf     index[string]     // Numbers of notes by claim.
	// commissionsOf are numbers of commissions by claim.
	commissionsOf index[string]
	// custodyOf are numbers of steps of custody by claim.
	custodyOf index[string]
	// evidenceRequestsOf are numbers of requests for evidence by claim.
	evidenceRequestsOf index[string]

	// byReference are the transfers that commands asked for by external reference.
	byReference references
	// usual holds, by product, the usual award of its claims, as last read.
	usual lookup[string, Usual]
	// oldest is the order of the oldest debts, as last read.
	oldest lookup[debtKey, int]
	// listedAfter is the position after which they were read.
	listedAfter debt.Position
	// evidenceSums are how much evidence claims have, by claim and role, in step with what is
	// staged.
	evidenceSums table[evidenceKey, EvidenceSum]
	// pieces are when claims first had evidence with a digest, in step with what is staged.
	pieces table[pieceKey, EvidencePiece]
	// owed are the debts summed by kind, in step with what is staged.
	owed owed

	// judges are the authenticators that the batch's commands rest on.
	judges judges

	// These lists only grow, in the order in which their elements were made.
	transfers appendOnly[ledger.Transfer]
	revisions appendOnly[claim.Revision]
	events    appendOnly[event.Event]
	appeals   appendOnly[Appeal]
	retracted appendOnly[Retraction]
	votes     appendOnly[proposal.Vote]
	evidence  appendOnly[Evidence]
	// corrections are those of order lines.
	corrections appendOnly[LineCorrection]
	// owedBefore are amounts that took effect before they were recorded.
	owedBefore appendOnly[debt.Late]

	// The running command.
	command int
	call    *Call
	before  struct {
		head           Head
		exists, opened bool
	}
}

type unitKey struct {
	line    string
	ordinal int32
}

// unit says who owns a unit: as staged, and as stored in the database.
type unit struct {
	claimID string
	stored  string
}

type holdKey struct {
	claim  string
	number int32
}

type refundKey struct{ line, refund string }

type debtKey struct {
	kind debt.Kind
	id   string
}

type approvalKey struct {
	claim    string
	revision int32
	person   string
}

type noteKey struct {
	claim  string
	number int32
}
type commissionKey struct {
	claim  string
	number int32
}
type custodyKey struct {
	claim  string
	number int32
}
type disclosureKey struct {
	claim    string
	evidence int64
	party    EvidenceParty
}
type evidenceRequestKey struct {
	claim  string
	number int32
}

type evidenceKey struct{ claim, role string }

type loadedClaim struct {
	claim.Claim
	from int64 // The version in the database.
}

// changePayout gives a payout to change.
func (b *Book) changePayout(id string) *payout.Payout {
	p := b.payouts.edit(id, b.command)
	p.ChangedAt = b.now
	return p
}

// changeProposal gives a proposal to change.
func (b *Book) changeProposal(number int64) *proposal.Proposal {
	p := b.proposals.edit(number, b.command)
	p.ChangedAt = b.now
	return p
}

// loadedLine is an order line. What line points to is never changed: a correction points
// to another.
type loadedLine struct {
	line     *order.Line
	digest   [32]byte
	revision int32
	from     int32 // The revision in the database.
	seenAt   time.Time
}

func (l *loadedLine) seen() LineSeen {
	return LineSeen{Line: *l.line, Revision: l.revision, RecordedAt: l.seenAt}
}

// New makes a book of which nothing is in memory yet.
func New(merchantID string, ids *claim.IDs, settings *Settings) *Book {
	b := &Book{
		merchantID:   merchantID,
		ids:          ids,
		settings:     settings,
		asked:        make(map[ask]asked),
		claims:       newTable[string, loadedClaim](),
		lines:        newTable[string, loadedLine](),
		units:        newTable[unitKey, unit](),
		groups:       newTable[string, Group](),
		holds:        newTable[holdKey, ledger.Hold](),
		payouts:      newTable[string, payout.Payout](),
		waits:        newTable[string, Wait](),
		dues:         newTable[string, Due](),
		requests:     newTable[request.Key, request.Stored](),
		persons:      newTable[string, Person](),
		results:      newTable[string, claim.Result](),
		refunds:      newTable[refundKey, Refund](),
		debts:        newTable[debtKey, debt.Debt](),
		approvals:    newTable[approvalKey, Approval](),
		notes:        newTable[noteKey, Note](),
		commissions:  newTable[commissionKey, commission.Commission](),
		custody:      newTable[custodyKey, custody.Step](),
		proposals:    newTable[int64, proposal.Proposal](),
		byReference:  references{found: make(map[string][]ledger.Transfer)},
		usual:        make(lookup[string, Usual]),
		oldest:       make(lookup[debtKey, int]),
		evidenceSums: newTable[evidenceKey, EvidenceSum](),
		pieces:       newTable[pieceKey, EvidencePiece](),
		judges:       judges{bodies: make(map[string]*authenticator.Body)},

		evidenceRequests: newTable[evidenceRequestKey, claim.EvidenceRequest](),
		disclosures:      newTable[disclosureKey, Disclosure](),
	}
	b.claims.index = func(id string, l *loadedClaim) { b.claimants.put(siblingKey{l.ClaimantID, l.ProductID}, id) }
	b.results.index = func(id string, r *claim.Result) { b.resultsOf.put(r.ClaimID, id) }
	b.refunds.index = func(k refundKey, _ *Refund) { b.refundsOf.put(k.line, k.refund) }
	b.payouts.index = func(id string, p *payout.Payout) { b.payoutsOf.put(p.ClaimID, id) }
	b.approvals.index = func(k approvalKey, _ *Approval) { b.approvalsOf.put(k.claim, k.person) }
	b.notes.index = func(k noteKey, _ *Note) { b.notesOf.put(k.claim, strconv.Itoa(int(k.number))) }
	b.commissions.index = func(k commissionKey, _ *commission.Commission) {
		b.commissionsOf.put(k.claim, strconv.Itoa(int(k.number)))
	}
	b.custody.index = func(k custodyKey, _ *custody.Step) { b.custodyOf.put(k.claim, strconv.Itoa(int(k.number))) }
	b.evidenceRequests.index = func(k evidenceRequestKey, _ *claim.EvidenceRequest) {
		b.evidenceRequestsOf.put(k.claim, strconv.Itoa(int(k.number)))
	}
	b.claims.wrote = func(l *loadedClaim) { l.from = l.Version }
	b.lines.wrote = func(l *loadedLine) { l.from = l.revision }
	b.units.wrote = func(u *unit) { u.stored = u.claimID }
	b.requests.brief = true // Those of batches before are looked up by whoever needs them.
	b.transfers.wrote = b.byReference.add
	b.reindex()
	return b
}

// begin starts a command; keep or abandon ends it.
func (b *Book) begin(c *Call) {
	b.command++
	b.call = c
	b.before.head, b.before.exists, b.before.opened = b.head, b.exists, b.opened
}

// finish completes the change of the running command and shows it in the outcome.
func (b *Book) finish(c *Call, o *Outcome) (err error) {
	defer contain("finish", c, &err)
	if err := b.account(); err != nil {
		return err
	}
	b.sumDebts()
	b.bind()
	b.sealEvents()
	b.head.RecordedAt = b.now
	b.show(c.Command, o)
	return nil
}

// keep makes the running command's change part of the batch.
func (b *Book) keep() {
	for i := range kinds {
		kinds[i].rows(b).keep()
	}
}

func (b *Book) abandon() {
	for i := range kinds {
		kinds[i].rows(b).undo()
	}
	b.head, b.exists, b.opened = b.before.head, b.before.exists, b.before.opened
}

// Changed says whether any command of the batch staged something.
func (b *Book) Changed() bool { return len(b.events.list) > 0 }

// Claim gives a loaded claim to read; CLAIM_NOT_FOUND when the book has none.
func (b *Book) Claim(id string) (*claim.Claim, error) {
	if c := b.claims.get(id); c != nil {
		return &c.Claim, nil
	}
	return nil, b.noClaim(id)
}

func (b *Book) noClaim(id string) *fault.Error {
	return fault.New(fault.ClaimNotFound, "merchant %s has no claim %s", b.merchantID, id).With("claimId", id)
}

// change gives a claim for editing and increments its version once per command.
func (b *Book) change(id string) *claim.Claim {
	fresh := b.claims.rows[id].mark != b.command
	c := b.claims.edit(id, b.command)
	if fresh {
		c.Version++
		c.ChangedAt = b.now
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
