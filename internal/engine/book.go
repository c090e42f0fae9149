package engine

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
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

// setHead takes over the book's row.
func (b *Book) setHead(h postgres.Head) { b.head, b.exists = h, true }

// refresh brings the book to the present time, for the next commands. Record time
// never goes back, and a batch's lies after that of the batch before.
func (b *Book) refresh(now time.Time, catalog *Catalog) {
	b.catalog = catalog
	if now.After(b.now) {
		b.now = now
	}
	if !b.changed() && !b.now.After(b.head.RecordedAt) {
		b.now = b.head.RecordedAt.Add(time.Microsecond)
	}
}

// written makes what the batch staged the book as it stands: as the database has
// it once the batch is written.
func (b *Book) written() {
	if !b.changed() {
		return
	}
	if !b.opened {
		b.head.Version++
	}
	b.opened = false
	b.claims.written(func(l *loadedClaim) { l.from = l.Version })
	b.lines.written(nil)
	b.units.written(func(u *unit) { u.stored = u.claimID })
	b.groups.written(nil)
	b.holds.written(nil)
	b.payouts.written(nil)
	b.waits.written(nil)
	b.dues.written(nil)
	b.requests.forget() // What was written before is looked up again by those who need it.
	b.requests.written(nil)
	b.persons.written(nil)
	b.results.written(nil)
	b.refunds.written(nil)
	b.debts.written(nil)
	b.approvals.written(nil)
	b.proposals.written(nil)
	b.appeals.written()
	b.retracted.written()
	b.votes.written()
	b.evidence.written()
	for i := range b.transfers.list {
		b.reference(&b.transfers.list[i])
	}
	b.transfers.written()
	b.revisions.written()
	b.events.written()
}

// shed forgets what the batch did not change, as if the book had not been asked for
// anything yet. What it did change stays until the next batch: the database may not
// tell of it before it is written, and what is read meanwhile does not replace it.
func (b *Book) shed() {
	b.claims.forget()
	b.lines.forget()
	b.units.forget()
	b.groups.forget()
	b.holds.forget()
	b.payouts.forget()
	b.waits.forget()
	b.dues.forget()
	b.persons.forget()
	b.results.forget()
	b.refunds.forget()
	b.debts.forget()
	b.approvals.forget()
	b.proposals.forget()
	b.asked = make(map[ask]asked)
	b.byReference = make(map[string][]ledger.Transfer)
	b.usual = make(map[string]postgres.Usual)
	b.oldest = nil
	b.reindex()
}

// reindex makes the rows in memory found by what they share.
func (b *Book) reindex() {
	b.claimants, b.resultsOf, b.refundsOf = make(index[siblingKey]), make(index[string]), make(index[string])
	b.payoutsOf, b.approvalsOf = make(index[string]), make(index[string])
	for id, r := range b.claims.rows {
		b.claimants.put(siblingKey{r.value.ClaimantID, r.value.ProductID}, id)
	}
	for id, r := range b.results.rows {
		b.resultsOf.put(r.value.ClaimID, id)
	}
	for k := range b.refunds.rows {
		b.refundsOf.put(k.line, k.refund)
	}
	for id, r := range b.payouts.rows {
		b.payoutsOf.put(r.value.ClaimID, id)
	}
	for k := range b.approvals.rows {
		b.approvalsOf.put(k.claim, k.person)
	}
}

// reference makes a transfer found by its external reference, once.
func (b *Book) reference(t *ledger.Transfer) {
	if t.ExternalReference == "" {
		return
	}
	list := b.byReference[t.ExternalReference]
	if !slices.ContainsFunc(list, func(o ledger.Transfer) bool { return o.Number == t.Number }) {
		b.byReference[t.ExternalReference] = append(list, *t)
	}
}

// size is how many rows the book holds in memory.
func (b *Book) size() int {
	return len(b.claims.rows) + len(b.lines.rows) + len(b.units.rows) + len(b.groups.rows) + len(b.holds.rows) +
		len(b.payouts.rows) + len(b.waits.rows) + len(b.dues.rows) + len(b.requests.rows) + len(b.persons.rows) +
		len(b.results.rows) + len(b.refunds.rows) + len(b.byReference) + len(b.asked)
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

// record starts an event of the running command; moves and transfers that
// follow belong to it.
func (b *Book) record(kind event.Kind, claimID string) *event.Event {
	b.head.EventNumber++
	h := &b.call.header
	return b.events.add(event.Event{
		MerchantID: b.merchantID,
		Number:     b.head.EventNumber,
		Kind:       kind,
		RecordedAt: b.now,
		Actor:      event.Actor{Workload: h.Principal.Workload, Role: string(h.Principal.Role), Person: b.commitment(h.Principal.Person)},
		Method:     h.Method,
		RequestID:  h.RequestID,
		ClaimID:    claimID,
	})
}

// detail adds a fact to the running event.
func (b *Book) detail(key, value string) {
	e := b.event()
	e.Details = append(e.Details, event.Detail{Key: key, Value: value})
}

// detailOf adds a fact to an earlier event of the running command.
func (b *Book) detailOf(number int64, key, value string) {
	for i := b.events.kept; i < len(b.events.list); i++ {
		if e := &b.events.list[i]; e.Number == number {
			e.Details = append(e.Details, event.Detail{Key: key, Value: value})
		}
	}
}

func (b *Book) event() *event.Event { return &b.events.list[len(b.events.list)-1] }

// eventOf gives the running event when it is about a claim, else another of the
// command about that claim: what happened to siblings in between is told apart.
func (b *Book) eventOf(claimID string) *event.Event {
	e := b.event()
	if e.ClaimID == claimID {
		return e
	}
	kind := event.ClaimRepriced
	for i := b.events.kept; i < len(b.events.list); i++ {
		if earlier := &b.events.list[i]; earlier.ClaimID == claimID {
			kind = earlier.Kind
		}
	}
	return b.record(kind, claimID)
}

// sealEvents encodes the command's events and links them to the chain.
func (b *Book) sealEvents() {
	for i := b.events.kept; i < len(b.events.list); i++ {
		e := &b.events.list[i]
		e.Seal(b.head.EventHash)
		b.head.EventHash = e.Hash
	}
}

// commitment stands for a person in events; it is made on first sight.
func (b *Book) commitment(person string) string {
	if person == "" {
		return ""
	}
	if p := b.persons.get(person); p != nil {
		return hex.EncodeToString(p.Commitment[:])
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // Never fails: the program ends rather than go on with less.
	p := postgres.Person{MerchantID: b.merchantID, PersonID: person, Salt: salt, Commitment: event.Commit(salt, person)}
	b.persons.add(person, p, b.command)
	return hex.EncodeToString(p.Commitment[:])
}

// move takes a claim along its state table, as part of the running event, and
// sets what it waits for next.
func (b *Book) move(id string, t claim.Trigger, note string) error {
	to, ok := claim.Next(b.claims.get(id).State, t)
	if !ok {
		return b.claims.get(id).Refuse(t)
	}
	c := b.change(id)
	from := c.State
	c.State, c.StateSince, c.Escalated, c.Assignee, c.ClockStoppedAt = to, b.now, false, "", time.Time{}
	b.trace(c, from, t, note)
	if to.Final() && !to.Live() {
		b.freeUnits(c)
	}
	b.wait(c, b.deadlineOf(c))
	return nil
}

// trace writes a move into history: exactly one a running event. A second move
// of the same command, of a claim that has nothing to pay, counts a version of
// its own.
func (b *Book) trace(c *claim.Claim, from claim.State, t claim.Trigger, note string) {
	e := b.eventOf(c.ID)
	if e.Move != nil {
		e = b.record(e.Kind, c.ID)
		c.Version++
	}
	e.Move = &event.Move{From: string(from), To: string(c.State), Trigger: string(t), Version: c.Version}
	e.Note = note
}

// deadline is what time will do to a claim.
type deadline struct {
	fires claim.Deadline
	at    time.Time
}

// deadlineOf gives the deadline of a state just entered.
func (b *Book) deadlineOf(c *claim.Claim) deadline {
	w := b.catalog.windows(c)
	switch c.State {
	case claim.Authenticating:
		return deadline{claim.DeadlineResult, b.after(b.now, w.Result)}
	case claim.InReview:
		return deadline{claim.DeadlineReview, b.after(b.now, w.Review)}
	case claim.Notified:
		return deadline{claim.DeadlineNoticeDelivery, b.after(b.now, w.NoticeDelivery)}
	case claim.Appealed:
		return deadline{claim.DeadlineAppeal, b.after(b.now, w.PanelSpan())}
	case claim.AwaitingApproval:
		return deadline{claim.DeadlineApproval, b.after(b.now, w.ApprovalSpan())}
	case claim.New, claim.Paying, claim.PayoutFailed, claim.Paid, claim.Rejected, claim.Withdrawn, claim.Expired:
	}
	return deadline{}
}

// after is when a span that begins at t ends, by the calendar.
func (b *Book) after(t time.Time, s policy.Span) time.Time { return b.catalog.Calendar.After(t, s) }

// wait sets a claim's deadline and its row in the list that timers and queues read.
func (b *Book) wait(c *claim.Claim, d deadline) {
	c.Fires, c.Deadline = d.fires, d.at
	switch old := b.waits.get(c.ID); {
	case !listed(c) && old != nil:
		b.waits.drop(c.ID, b.command)
	case listed(c) && old != nil:
		*b.waits.edit(c.ID, b.command) = waitOf(c)
	case listed(c):
		b.waits.add(c.ID, waitOf(c), b.command)
	}
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

// posting is what a transfer is for.
type posting struct {
	claim    *claim.Claim
	payoutID string
	external string
	reverses int64
	at       time.Time // When it happened outside; zero for now.
}

// post makes a transfer as part of the running event. It refuses what would take
// an account below zero that may not go there.
func (b *Book) post(k ledger.Kind, amount money.Amount, p posting) error {
	legs := k.Legs()
	if amount <= 0 {
		return fault.New(fault.AmountOutOfRange, "a transfer moves at least one minor unit, not %d", amount).
			With("currency", b.head.Currency)
	}
	if err := b.grow(legs.Debit, ledger.Balance{Debits: amount}, amount); err != nil {
		return err
	}
	if err := b.grow(legs.Credit, ledger.Balance{Credits: amount}, amount); err != nil {
		return err
	}
	b.head.TransferNumber++
	e := b.event()
	if p.claim != nil {
		e = b.eventOf(p.claim.ID)
	}
	t := ledger.Transfer{
		MerchantID: b.merchantID, Number: b.head.TransferNumber, Kind: k,
		Debit: legs.Debit, Credit: legs.Credit, Amount: amount, Currency: b.head.Currency,
		EventNumber: e.Number, PayoutID: p.payoutID, ExternalReference: p.external,
		Reverses: p.reverses, RecordedAt: b.now, EffectiveAt: p.at,
	}
	if p.claim != nil {
		t.ClaimID, t.OrderLineID = p.claim.ID, p.claim.OrderLineID
	}
	if t.EffectiveAt.IsZero() {
		t.EffectiveAt = b.now
	}
	b.transfers.add(t)
	e.Transfers = append(e.Transfers, t)
	return nil
}

// grow adds to an account's running totals.
func (b *Book) grow(p ledger.Purpose, by ledger.Balance, amount money.Amount) error {
	a := b.head.Balances.At(p)
	total, err := a.Add(by.Debits, by.Credits)
	if err != nil {
		return money.InCurrency(err, b.head.Currency)
	}
	if left := total.Of(p); left < 0 && !p.MayGoBelowZero() {
		return ledger.Insufficient(p, amount, left+amount, b.head.Currency)
	}
	*a = total
	return nil
}

// available is the balance of an account.
func (b *Book) available(p ledger.Purpose) money.Amount { return b.head.Balances.At(p).Of(p) }

// changes turns everything staged into rows to write.
func (b *Book) changes(c *postgres.Changes) {
	if b.opened {
		c.BooksOpened = append(c.BooksOpened, b.head)
	} else {
		c.Books = append(c.Books, b.head)
	}
	b.claims.staged(
		func(l *loadedClaim) { c.ClaimsFiled = append(c.ClaimsFiled, l.Claim) },
		func(l *loadedClaim) {
			c.ClaimsChanged = append(c.ClaimsChanged, postgres.ClaimChanged{Claim: l.Claim, From: l.from})
		},
		unexpected[loadedClaim])
	b.lines.staged(func(l *loadedLine) {
		c.Lines = append(c.Lines, postgres.LineSeen{Line: *l.line, RecordedAt: l.seenAt})
	}, unexpected[loadedLine], unexpected[loadedLine])
	b.units.each(func(k unitKey, r *row[unit]) {
		owner := postgres.UnitOwner{MerchantID: b.merchantID, OrderLineID: k.line, Ordinal: k.ordinal, ClaimID: r.value.claimID}
		switch {
		case r.stored && r.live && r.value.claimID != r.value.stored:
			c.UnitsPassed = append(c.UnitsPassed, postgres.UnitPassed{UnitOwner: owner, From: r.value.stored})
		case r.live && !r.stored:
			c.UnitsTaken = append(c.UnitsTaken, owner)
		case r.stored && !r.live:
			owner.ClaimID = r.value.stored
			c.UnitsFreed = append(c.UnitsFreed, owner)
		}
	})
	b.groups.staged(func(g *postgres.Group) { c.Groups = append(c.Groups, *g) }, unexpected[postgres.Group], unexpected[postgres.Group])
	b.holds.staged(
		func(h *ledger.Hold) { c.HoldsPlaced = append(c.HoldsPlaced, *h) },
		func(h *ledger.Hold) { c.HoldsChanged = append(c.HoldsChanged, *h) },
		unexpected[ledger.Hold])
	b.payouts.staged(
		func(p *payout.Payout) { c.PayoutsMade = append(c.PayoutsMade, *p) },
		func(p *payout.Payout) { c.PayoutsChanged = append(c.PayoutsChanged, *p) },
		unexpected[payout.Payout])
	b.waits.staged(
		func(w *postgres.Wait) { c.WaitsBegun = append(c.WaitsBegun, *w) },
		func(w *postgres.Wait) { c.WaitsChanged = append(c.WaitsChanged, *w) },
		func(w *postgres.Wait) {
			c.WaitsEnded = append(c.WaitsEnded, postgres.Key{MerchantID: b.merchantID, ID: w.ClaimID})
		})
	b.dues.staged(
		func(d *postgres.Due) { c.DuesBegun = append(c.DuesBegun, *d) },
		// Ended and begun again in one batch: the payout failed and was retried.
		func(d *postgres.Due) { c.DuesChanged = append(c.DuesChanged, *d) },
		func(d *postgres.Due) {
			c.DuesEnded = append(c.DuesEnded, postgres.Key{MerchantID: b.merchantID, ID: d.PayoutID})
		})
	b.requests.staged(func(r *postgres.Request) { c.Requests = append(c.Requests, *r) }, unexpected[postgres.Request], unexpected[postgres.Request])
	b.persons.staged(func(p *postgres.Person) { c.Persons = append(c.Persons, *p) }, unexpected[postgres.Person], unexpected[postgres.Person])
	// A result that is retracted stays as it is: the retraction is a row of its own.
	b.results.staged(func(r *claim.Result) { c.Results = append(c.Results, *r) }, func(*claim.Result) {}, unexpected[claim.Result])
	b.debts.staged(
		func(d *postgres.Debt) { c.DebtsBegun = append(c.DebtsBegun, *d) },
		func(d *postgres.Debt) { c.DebtsChanged = append(c.DebtsChanged, *d) },
		func(d *postgres.Debt) { c.DebtsEnded = append(c.DebtsEnded, *d) })
	b.approvals.staged(func(a *postgres.Approval) { c.Approvals = append(c.Approvals, *a) }, unexpected[postgres.Approval], unexpected[postgres.Approval])
	c.Appeals = append(c.Appeals, b.appeals.list...)
	c.Retractions = append(c.Retractions, b.retracted.list...)
	b.proposals.staged(
		func(p *postgres.Proposal) { c.ProposalsMade = append(c.ProposalsMade, *p) },
		func(p *postgres.Proposal) { c.ProposalsChanged = append(c.ProposalsChanged, *p) },
		unexpected[postgres.Proposal])
	c.Votes = append(c.Votes, b.votes.list...)
	c.Evidence = append(c.Evidence, b.evidence.list...)
	b.refunds.staged(func(r *postgres.Refund) { c.Refunds = append(c.Refunds, *r) }, unexpected[postgres.Refund], unexpected[postgres.Refund])
	c.Transfers = append(c.Transfers, b.transfers.list...)
	c.Revisions = append(c.Revisions, b.revisions.list...)
	c.Events = append(c.Events, b.events.list...)
}

// unexpected is the staging of a change that the kind of row never undergoes.
func unexpected[V any](*V) { panic("engine: a row was changed in a way that its kind does not allow") }
