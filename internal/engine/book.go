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

// Book is what a batch has loaded of one merchant's book, with everything that
// its commands have staged so far. Commands read and change it through its
// methods only; nothing reaches the database before the whole batch is decided.
type Book struct {
	merchantID string
	head       postgres.Head
	exists     bool
	opened     bool // In this batch.
	// read is how the book was when it was read: what its row must still say when
	// the batch is written.
	read struct {
		exists  bool
		version int64
	}
	// now is the record time of the batch: the clock's, but always after the
	// book's last record time, so that what one batch recorded is older than what
	// the next did, whichever replica's clock is behind.
	now     time.Time
	catalog *Catalog
	ids     *claim.IDs
	config  *Config

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
	accounts table[ledger.Purpose, account]

	// claimants finds claims by claimant and product, staged ones included.
	claimants index

	// What is only ever added to, in the order in which it was made. stored
	// results and refunds come first.
	results   appendOnly[claim.Result]
	refunds   appendOnly[postgres.Refund]
	transfers appendOnly[ledger.Transfer]
	moves     appendOnly[postgres.Move]
	revisions appendOnly[claim.Revision]
	events    appendOnly[event.Event]

	// byReference are loaded transfers with an external reference.
	byReference []ledger.Transfer

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

type loadedClaim struct {
	claim.Claim
	from int64 // The version in the database.
}

type loadedLine struct {
	line   *order.Line
	digest [32]byte
	seenAt time.Time
}

// account is an account with what the batch adds to it; the stored balance is
// known only when it was loaded.
type account struct {
	known  bool
	stored ledger.Balance
	added  ledger.Balance
	// unsettled says that the batch before changes the account without knowing
	// its balance, so that a balance read now may be that before or after.
	unsettled bool
}

// appendOnly is a list whose tail belongs to the running command until kept.
type appendOnly[V any] struct {
	list   []V
	stored int // How many are in the database already.
	kept   int
}

// load puts in what the database has, before all that was made.
func (a *appendOnly[V]) load(v V) {
	a.list = slices.Insert(a.list, a.stored, v)
	a.stored++
	a.kept++
}

// carry takes over what the batch before has made.
func (a *appendOnly[V]) carry(before *appendOnly[V]) {
	for _, v := range before.made() {
		a.load(v)
	}
}
func (a *appendOnly[V]) add(v V) *V {
	a.list = append(a.list, v)
	return &a.list[len(a.list)-1]
}
func (a *appendOnly[V]) undo()     { a.list = a.list[:a.kept] }
func (a *appendOnly[V]) keep()     { a.kept = len(a.list) }
func (a *appendOnly[V]) made() []V { return a.list[a.stored:] }

func newBook(merchantID string, now time.Time, catalog *Catalog, ids *claim.IDs, config *Config) *Book {
	return &Book{
		merchantID: merchantID,
		now:        now,
		catalog:    catalog,
		ids:        ids,
		config:     config,
		claims:     newTable[string, loadedClaim](),
		lines:      newTable[string, loadedLine](),
		units:      newTable[unitKey, unit](),
		groups:     newTable[string, postgres.Group](),
		holds:      newTable[holdKey, ledger.Hold](),
		payouts:    newTable[string, payout.Payout](),
		waits:      newTable[string, postgres.Wait](),
		dues:       newTable[string, postgres.Due](),
		requests:   newTable[requestKey, postgres.Request](),
		persons:    newTable[string, postgres.Person](),
		accounts:   newTable[ledger.Purpose, account](),
		claimants:  make(index),
	}
}

// setHead takes over the book's row.
func (b *Book) setHead(h postgres.Head) {
	b.head, b.exists = h, true
	b.read.exists, b.read.version = true, h.Version
	b.passRecordTime()
}

// passRecordTime puts the batch's record time after the book's last.
func (b *Book) passRecordTime() {
	if !b.now.After(b.head.RecordedAt) {
		b.now = b.head.RecordedAt.Add(time.Microsecond)
	}
}

// refresh brings a book of the batch to the present time, for further commands.
func (b *Book) refresh(now time.Time, catalog *Catalog) {
	b.catalog = catalog
	if now.After(b.now) {
		b.now = now
	}
}

// carry makes b the book as it will be once the changes staged on before, of the
// batch that is being written, are committed. What those leave alone is read.
func (b *Book) carry(before *Book) {
	b.head, b.exists = before.head, true
	b.head.Version++
	b.read.exists, b.read.version = true, b.head.Version
	b.passRecordTime()
	b.claims.carry(&before.claims, func(l *loadedClaim) { l.from = l.Version })
	b.lines.carry(&before.lines, nil)
	b.units.carry(&before.units, func(u *unit) { u.stored = u.claimID })
	b.groups.carry(&before.groups, nil)
	b.holds.carry(&before.holds, nil)
	b.payouts.carry(&before.payouts, nil)
	b.waits.carry(&before.waits, nil)
	b.dues.carry(&before.dues, nil)
	b.requests.carry(&before.requests, nil)
	b.persons.carry(&before.persons, nil)
	b.accounts.carry(&before.accounts, func(a *account) {
		a.stored.Debits += a.added.Debits
		a.stored.Credits += a.added.Credits
		a.added, a.unsettled = ledger.Balance{}, !a.known
	})
	for _, c := range before.claims.changed {
		if l := b.claims.get(c); l != nil {
			b.claimants.put(siblingKey{l.ClaimantID, l.ProductID}, l.ID)
		}
	}
	b.results.carry(&before.results)
	b.refunds.carry(&before.refunds)
	for _, t := range before.transfers.made() {
		if t.ExternalReference != "" {
			b.byReference = append(b.byReference, t)
		}
	}
}

// begin starts a command; finish or abandon ends it.
func (b *Book) begin(c *call) {
	b.command++
	b.call = c
	b.before.head, b.before.exists, b.before.opened = b.head, b.exists, b.opened
}

func (b *Book) finish() {
	b.sealEvents()
	for _, t := range b.tables() {
		t.keep()
	}
	b.head.RecordedAt = b.now
}

func (b *Book) abandon() {
	for _, t := range b.tables() {
		t.undo()
	}
	b.head, b.exists, b.opened = b.before.head, b.before.exists, b.before.opened
}

// changed says whether any command of the batch staged something.
func (b *Book) changed() bool { return len(b.events.made()) > 0 }

func (b *Book) tables() []interface {
	keep()
	undo()
} {
	return []interface {
		keep()
		undo()
	}{
		&b.claims, &b.lines, &b.units, &b.groups, &b.holds, &b.payouts, &b.waits, &b.dues,
		&b.requests, &b.persons, &b.accounts,
		&b.results, &b.refunds, &b.transfers, &b.moves, &b.revisions, &b.events,
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

func (b *Book) event() *event.Event { return &b.events.list[len(b.events.list)-1] }

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
	c.State, c.StateSince, c.Escalated, c.Assignee = to, b.now, false, ""
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
	e := b.event()
	if e.Move != nil {
		e = b.record(e.Kind, c.ID)
		c.Version++
	}
	e.Move = &event.Move{From: string(from), To: string(c.State), Trigger: string(t), Version: c.Version}
	b.moves.add(postgres.Move{
		MerchantID: b.merchantID, ClaimID: c.ID, Version: c.Version, From: from, To: c.State,
		Trigger: t, EventNumber: e.Number, Note: note, RecordedAt: b.now,
	})
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
	case claim.New, claim.Appealed, claim.AwaitingApproval, claim.Paying, claim.PayoutFailed,
		claim.Paid, claim.Rejected, claim.Withdrawn, claim.Expired:
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

// post makes a transfer as part of the running event. It refuses what would
// take a loaded account below zero; the database refuses the same of the others.
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
	var a *account
	if b.accounts.get(p) == nil {
		a = b.accounts.add(p, account{}, b.command)
	} else {
		a = b.accounts.edit(p, b.command)
	}
	added, err := a.added.Add(by.Debits, by.Credits)
	if err != nil {
		return err
	}
	a.added = added
	if !a.known {
		return nil
	}
	total, err := a.stored.Add(added.Debits, added.Credits)
	if err != nil {
		return money.InCurrency(err, b.head.Currency)
	}
	if left := total.Of(p); left < 0 && !p.MayGoBelowZero() {
		return ledger.Insufficient(p, amount, left+amount, b.head.Currency)
	}
	return nil
}

// available is the balance of an account that was loaded.
func (b *Book) available(p ledger.Purpose) money.Amount {
	a := b.accounts.get(p)
	if a == nil || !a.known {
		return 0
	}
	return ledger.Balance{
		Debits:  a.stored.Debits + a.added.Debits,
		Credits: a.stored.Credits + a.added.Credits,
	}.Of(p)
}

// changes turns everything staged into rows to write.
func (b *Book) changes(c *postgres.Changes) {
	if b.opened {
		c.BooksOpened = append(c.BooksOpened, b.head)
	} else {
		c.Books = append(c.Books, b.head)
	}
	b.accounts.each(func(p ledger.Purpose, r *row[account]) {
		c.Accounts = append(c.Accounts, postgres.Account{MerchantID: b.merchantID, Purpose: p, Balance: r.value.added})
	})
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
		owner := postgres.UnitOwner{MerchantID: b.merchantID, OrderLineID: k.line, Ordinal: k.ordinal}
		if r.stored && (!r.live || r.value.claimID != r.value.stored) {
			owner.ClaimID = r.value.stored
			c.UnitsFreed = append(c.UnitsFreed, owner)
		}
		if r.live && r.value.claimID != r.value.stored {
			owner.ClaimID = r.value.claimID
			c.UnitsTaken = append(c.UnitsTaken, owner)
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
		func(d *postgres.Due) {
			c.DuesEnded = append(c.DuesEnded, postgres.Key{MerchantID: b.merchantID, ID: d.PayoutID})
			c.DuesBegun = append(c.DuesBegun, *d)
		},
		func(d *postgres.Due) {
			c.DuesEnded = append(c.DuesEnded, postgres.Key{MerchantID: b.merchantID, ID: d.PayoutID})
		})
	b.requests.staged(func(r *postgres.Request) { c.Requests = append(c.Requests, *r) }, unexpected[postgres.Request], unexpected[postgres.Request])
	b.persons.staged(func(p *postgres.Person) { c.Persons = append(c.Persons, *p) }, unexpected[postgres.Person], unexpected[postgres.Person])
	c.Results = append(c.Results, b.results.made()...)
	c.Refunds = append(c.Refunds, b.refunds.made()...)
	c.Transfers = append(c.Transfers, b.transfers.made()...)
	c.Moves = append(c.Moves, b.moves.made()...)
	c.Revisions = append(c.Revisions, b.revisions.made()...)
	c.Events = append(c.Events, b.events.made()...)
}

// unexpected is the staging of a change that the kind of row never undergoes.
func unexpected[V any](*V) { panic("engine: a row was changed in a way that its kind does not allow") }
