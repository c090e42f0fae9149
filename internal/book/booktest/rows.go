package booktest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Rows are the rows of one book, as a database would hold them. Whoever reads them
// changes nothing of them.
type Rows struct {
	// Head is the book's own row; Open says whether there is one.
	Head book.Head
	Open bool

	Requests map[request.Key]request.Stored
	Persons  map[string]book.Person
	Lines    map[string]order.Line
	Refunds  map[RefundKey]book.Refund
	Groups   map[string]book.Group

	Claims    map[string]claim.Claim
	Units     map[UnitKey]book.UnitOwner
	Revisions map[RevisionKey]claim.Revision
	// Results carry whether they were taken back.
	Results     map[string]claim.Result
	Retractions map[string]book.Retraction
	Waits       map[string]book.Wait
	Appeals     map[RevisionKey]book.Appeal
	Approvals   map[ApprovalKey]book.Approval
	Evidence    []book.Evidence

	Holds   map[HoldKey]ledger.Hold
	Payouts map[string]payout.Payout
	Dues    map[string]book.Due
	Debts   map[DebtKey]debt.Debt
	// Proposals are without what people said to them: those are Votes.
	Proposals map[int64]proposal.Proposal
	Votes     []proposal.Vote

	// Transfers and Events are in the order in which they were made.
	Transfers []ledger.Transfer
	Events    []event.Event
}

// The keys of rows within a book.
type (
	// RefundKey names a refund of an order line.
	RefundKey struct{ Line, Refund string }
	// UnitKey names a unit of an order line.
	UnitKey struct {
		Line    string
		Ordinal int32
	}
	// RevisionKey names a revision of a claim.
	RevisionKey struct {
		Claim    string
		Revision int32
	}
	// ApprovalKey names what one person said to a revision.
	ApprovalKey struct {
		RevisionKey
		Person string
	}
	// HoldKey names a hold of a claim.
	HoldKey struct {
		Claim  string
		Number int32
	}
	// DebtKey names a debt.
	DebtKey struct {
		Kind debt.Kind
		ID   string
	}
)

func newRows(merchantID string) *Rows {
	return &Rows{
		Head:     book.Head{MerchantID: merchantID},
		Requests: make(map[request.Key]request.Stored), Persons: make(map[string]book.Person),
		Lines: make(map[string]order.Line), Refunds: make(map[RefundKey]book.Refund), Groups: make(map[string]book.Group),
		Claims: make(map[string]claim.Claim), Units: make(map[UnitKey]book.UnitOwner), Revisions: make(map[RevisionKey]claim.Revision),
		Results: make(map[string]claim.Result), Retractions: make(map[string]book.Retraction), Waits: make(map[string]book.Wait),
		Appeals: make(map[RevisionKey]book.Appeal), Approvals: make(map[ApprovalKey]book.Approval),
		Holds: make(map[HoldKey]ledger.Hold), Payouts: make(map[string]payout.Payout), Dues: make(map[string]book.Due),
		Debts: make(map[DebtKey]debt.Debt), Proposals: make(map[int64]proposal.Proposal),
	}
}

// errRequestStored says that a request id of a batch was used by a batch before.
var errRequestStored = errors.New("a request was stored before")

// write takes over what one book staged, as one statement of a database would:
// whatever the batch makes must not be there before it, and whatever it changes or
// ends must be, and as it was read. Rows that break that are an error, and the rows
// are of no use from then on; only errRequestStored changes nothing.
func (r *Rows) write(c *book.Changes) error {
	for i := range c.Requests {
		if _, stored := r.Requests[c.Requests[i].Key]; stored {
			return errRequestStored
		}
	}
	return errors.Join(
		r.writeHead(c), r.writeFiled(c), r.writeClaims(c), r.writeUnits(c), r.writeFindings(c), r.writeMoney(c), r.writeHistory(c),
	)
}

// table applies what a batch does to the rows of one table.
type table[K comparable, V any] struct {
	name          string
	rows          map[K]V
	key           func(*V) K
	made, changed []V
	ended         []K
	// check refuses a row that the table may not hold; old is nil for one that is
	// made.
	check func(old, row *V) error
}

func (t *table[K, V]) write() error {
	wrong := func(k K, format string, args ...any) error {
		return fmt.Errorf("%s %v: %s", t.name, k, fmt.Sprintf(format, args...))
	}
	var errs []error
	touched := make(map[K]bool, len(t.made)+len(t.changed)+len(t.ended))
	touch := func(k K, there bool) {
		_, stored := t.rows[k]
		switch {
		case touched[k]:
			errs = append(errs, wrong(k, "is written twice in one batch"))
		case stored && !there:
			errs = append(errs, wrong(k, "is there already"))
		case !stored && there:
			errs = append(errs, wrong(k, "is not there"))
		}
		touched[k] = true
	}
	for i := range t.made {
		touch(t.key(&t.made[i]), false)
	}
	for i := range t.changed {
		touch(t.key(&t.changed[i]), true)
	}
	for _, k := range t.ended {
		touch(k, true)
	}
	for i := range t.made {
		if err := t.check(nil, &t.made[i]); err != nil {
			errs = append(errs, wrong(t.key(&t.made[i]), "%v", err))
		}
	}
	for i := range t.changed {
		old := t.rows[t.key(&t.changed[i])]
		if err := t.check(&old, &t.changed[i]); err != nil {
			errs = append(errs, wrong(t.key(&t.changed[i]), "%v", err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, list := range [][]V{t.made, t.changed} {
		for i := range list {
			t.rows[t.key(&list[i])] = list[i]
		}
	}
	for _, k := range t.ended {
		delete(t.rows, k)
	}
	return nil
}

// only makes rows that never change.
func only[K comparable, V any](name string, rows map[K]V, made []V, key func(*V) K) error {
	return (&table[K, V]{name: name, rows: rows, key: key, made: made, check: anything[V]}).write()
}

// anything is the check of a table that asks nothing of its rows.
func anything[V any](_, _ *V) error { return nil }

func (r *Rows) writeHead(c *book.Changes) error {
	var errs []error
	for _, h := range c.BooksOpened {
		if r.Open {
			errs = append(errs, errors.New("the book is opened twice"))
		}
		r.Head, r.Open = h, true
	}
	for _, h := range c.Books {
		if !r.Open || h.Version != r.Head.Version {
			errs = append(errs, fmt.Errorf("the book was read at version %d and is at %d", h.Version, r.Head.Version))
		}
		h.Version++
		h.OpenedAt, h.Currency = r.Head.OpenedAt, r.Head.Currency
		r.Head = h
	}
	for _, h := range c.BooksRead {
		if !r.Open || h.Version != r.Head.Version {
			errs = append(errs, fmt.Errorf("the book was decided on at version %d and is at %d", h.Version, r.Head.Version))
		}
	}
	if len(c.BooksMissing) > 0 && r.Open {
		errs = append(errs, errors.New("the book was taken for one that nobody has opened"))
	}
	return errors.Join(append(errs, checkHead(&r.Head))...)
}

// checkHead refuses a book that no database may hold.
func checkHead(h *book.Head) error {
	var errs []error
	for _, p := range ledger.Purposes() {
		a := h.Balances.At(p)
		if a.Debits < 0 || a.Credits < 0 {
			errs = append(errs, fmt.Errorf("a running total of %s is below zero", p))
		}
		if balance(p, a.Debits, a.Credits) < 0 && p != ledger.PlatformCash && p != ledger.SettlementClearing {
			errs = append(errs, fmt.Errorf("%s is below zero", p))
		}
	}
	if h.Exposure < 0 {
		errs = append(errs, fmt.Errorf("the exposure is %d", h.Exposure))
	}
	if h.Sweep.Since.IsZero() && (h.Sweep.Deposit != 0 || h.Sweep.ShopFunds != 0) {
		errs = append(errs, errors.New("income waits since no time"))
	}
	return errors.Join(errs...)
}

func (r *Rows) writeFiled(c *book.Changes) error {
	lines := make([]order.Line, len(c.Lines))
	for i := range c.Lines {
		lines[i] = cloneLine(&c.Lines[i].Line)
	}
	return errors.Join(
		only("person", r.Persons, c.Persons, func(p *book.Person) string { return p.PersonID }),
		only("order line", r.Lines, lines, func(l *order.Line) string { return l.ID }),
		only("refund", r.Refunds, c.Refunds, func(f *book.Refund) RefundKey { return RefundKey{f.OrderLineID, f.RefundID} }),
		only("pricing group", r.Groups, c.Groups, func(g *book.Group) string { return g.ID }),
	)
}

// writeClaims compares the version of each changed claim with the one that was read.
func (r *Rows) writeClaims(c *book.Changes) error {
	var errs []error
	changed := make([]claim.Claim, len(c.ClaimsChanged))
	for i := range c.ClaimsChanged {
		of := &c.ClaimsChanged[i]
		if old, there := r.Claims[of.Claim.ID]; there && old.Version != of.From {
			errs = append(errs, fmt.Errorf("claim %s was read at version %d and is at %d", of.Claim.ID, of.From, old.Version))
		}
		changed[i] = cloneClaim(of.Claim)
	}
	filed := make([]claim.Claim, len(c.ClaimsFiled))
	for i := range c.ClaimsFiled {
		filed[i] = cloneClaim(c.ClaimsFiled[i])
	}
	claims := table[string, claim.Claim]{
		name: "claim", rows: r.Claims, key: func(c *claim.Claim) string { return c.ID }, made: filed, changed: changed, check: checkClaim,
	}
	ended := make([]string, len(c.WaitsEnded))
	for i := range c.WaitsEnded {
		ended[i] = c.WaitsEnded[i].ID
	}
	waits := table[string, book.Wait]{
		name: "wait", rows: r.Waits, key: func(w *book.Wait) string { return w.ClaimID },
		made: c.WaitsBegun, changed: c.WaitsChanged, ended: ended, check: anything[book.Wait],
	}
	return errors.Join(append(errs, claims.write(), waits.write())...)
}

// checkClaim refuses a claim that no database may hold, and one whose filing is told
// otherwise than before.
func checkClaim(old, c *claim.Claim) error {
	f := &c.Funding
	sent := f.RefundInFlight + f.RefundPaid + f.RefundFailed + f.CompensationInFlight + f.CompensationPaid + f.CompensationFailed
	funded := f.FromDeposit + f.FromShopFunds + f.Advanced + f.WrittenOff + f.Lost + f.ClawedBack
	switch {
	case min(c.Award.Refund, c.Award.Compensation, f.Held, f.FromDeposit, f.FromShopFunds, f.Advanced, f.WrittenOff, f.Lost,
		f.ClawedBack, f.RefundInFlight, f.RefundPaid, f.RefundFailed, f.CompensationInFlight, f.CompensationPaid,
		f.CompensationFailed, f.Repaid, c.Potential, c.Fees.Claimant, c.Fees.Fronted, c.Fees.Merchant, c.Fees.Consumer,
		c.Fees.Owed, c.Fees.WrittenOff) < 0:
		return fmt.Errorf("an amount is below zero: %+v %+v %+v", c.Award, *f, c.Fees)
	case sent > funded:
		return fmt.Errorf("%d are sent, paid or failed, and %d are funded", sent, funded)
	case (c.Fires == claim.DeadlineNone) != c.Deadline.IsZero():
		return fmt.Errorf("%q fires at %s", c.Fires, c.Deadline)
	}
	if old == nil {
		return checkFiled(c)
	}
	if was, is := filing(old), filing(c); was != is {
		return fmt.Errorf("was filed as %+v and is told as %+v", was, is)
	}
	return nil
}

// checkFiled refuses a claim that is filed with what only a change of it writes.
func checkFiled(c *claim.Claim) error {
	f := &c.Funding
	if f.WrittenOff+f.Lost+f.ClawedBack+f.RefundFailed+f.CompensationFailed+f.Repaid != 0 || c.Fees != (claim.Fees{}) ||
		c.DecidedBy != "" || c.AppealedRevision != 0 || !c.ConfirmedAt.IsZero() || !c.ClockStoppedAt.IsZero() || !c.HoldExpiresAt.IsZero() {
		return fmt.Errorf("is filed with %+v, %+v, or decided", *f, c.Fees)
	}
	return nil
}

// filed is what a claim says of its filing, for ever.
type filed struct {
	line, order, payment, product, claimant, basis, group, grounds, currency, by, sample string
	paid, learned, arrived, filed                                                        int64
	refund, compensation                                                                 bool
	potential                                                                            int64
}

func filing(c *claim.Claim) filed {
	return filed{
		c.OrderLineID, c.OrderID, c.PaymentID, c.ProductID, c.ClaimantID, string(c.BasisChosen), c.GroupID, string(c.Grounds),
		c.Currency, c.FiledBy, c.SamplingCase,
		c.PaidAt.UnixMicro(), c.LearnedAt.UnixMicro(), c.ArrivedAt.UnixMicro(), c.FiledAt.UnixMicro(),
		c.Remedies.Refund, c.Remedies.Compensation, int64(c.Potential),
	}
}

// writeUnits compares the owner of each unit that is freed or passed on with the one
// that it is taken from.
func (r *Rows) writeUnits(c *book.Changes) error {
	key := func(u *book.UnitOwner) UnitKey { return UnitKey{u.OrderLineID, u.Ordinal} }
	var passed []book.UnitOwner
	var freed []UnitKey
	var errs []error
	from := func(k UnitKey, owner string) {
		if has := r.Units[k].ClaimID; has != owner {
			errs = append(errs, fmt.Errorf("unit %v is taken from claim %q and belongs to %q", k, owner, has))
		}
	}
	for i := range c.UnitsFreed {
		u := &c.UnitsFreed[i]
		from(key(u), u.ClaimID)
		freed = append(freed, key(u))
	}
	for i := range c.UnitsPassed {
		u := &c.UnitsPassed[i]
		from(key(&u.UnitOwner), u.From)
		passed = append(passed, u.UnitOwner)
	}
	units := table[UnitKey, book.UnitOwner]{
		name: "unit", rows: r.Units, key: key, made: c.UnitsTaken, changed: passed, ended: freed, check: anything[book.UnitOwner],
	}
	return errors.Join(append(errs, units.write())...)
}

// writeFindings writes what was found on claims, and what people said to it.
func (r *Rows) writeFindings(c *book.Changes) error {
	revisions := slices.Clone(c.Revisions)
	for i := range revisions {
		revisions[i].Units = slices.Clone(revisions[i].Units)
	}
	results := slices.Clone(c.Results)
	var errs []error
	for i := range results {
		x := &results[i]
		x.Units = slices.Clone(x.Units)
		for id, other := range r.Results {
			if other.AuthenticatorID == x.AuthenticatorID && other.ReportNumber == x.ReportNumber {
				errs = append(errs, fmt.Errorf("report %s is recorded as result %s already", x.ReportNumber, id))
			}
		}
		if x.Fee < 0 || (x.Fee > 0) != (x.FeePaidBy != claim.FeePayerNone) {
			errs = append(errs, fmt.Errorf("result %s cost %d, paid by %q", x.ID, x.Fee, x.FeePaidBy))
		}
	}
	errs = append(errs,
		only("revision", r.Revisions, revisions, func(v *claim.Revision) RevisionKey { return RevisionKey{v.ClaimID, v.Number} }),
		only("result", r.Results, results, func(x *claim.Result) string { return x.ID }),
		only("retraction", r.Retractions, c.Retractions, func(x *book.Retraction) string { return x.ResultID }),
		only("appeal", r.Appeals, c.Appeals, func(a *book.Appeal) RevisionKey { return RevisionKey{a.ClaimID, a.Revision} }),
		only("approval", r.Approvals, c.Approvals, func(a *book.Approval) ApprovalKey {
			return ApprovalKey{RevisionKey{a.ClaimID, a.Revision}, a.Person}
		}),
	)
	// A result does not tell by itself that it was taken back.
	for id, x := range r.Results {
		_, x.Retracted = r.Retractions[id]
		r.Results[id] = x
	}
	for _, e := range c.Evidence {
		if slices.ContainsFunc(r.Evidence, func(o book.Evidence) bool { return o.ClaimID == e.ClaimID && o.EventNumber == e.EventNumber }) {
			errs = append(errs, fmt.Errorf("evidence of event %d is there already", e.EventNumber))
		}
	}
	r.Evidence = append(r.Evidence, c.Evidence...)
	return errors.Join(errs...)
}

func (r *Rows) writeMoney(c *book.Changes) error {
	holds := table[HoldKey, ledger.Hold]{
		name: "hold", rows: r.Holds, key: func(h *ledger.Hold) HoldKey { return HoldKey{h.ClaimID, h.Number} },
		made: c.HoldsPlaced, changed: c.HoldsChanged, check: checkHold,
	}
	payouts := table[string, payout.Payout]{
		name: "payout", rows: r.Payouts, key: func(p *payout.Payout) string { return p.ID },
		made: c.PayoutsMade, changed: c.PayoutsChanged, check: checkPayout,
	}
	duesEnded := make([]string, len(c.DuesEnded))
	for i := range c.DuesEnded {
		duesEnded[i] = c.DuesEnded[i].ID
	}
	dues := table[string, book.Due]{
		name: "due", rows: r.Dues, key: func(d *book.Due) string { return d.PayoutID },
		made: c.DuesBegun, changed: c.DuesChanged, ended: duesEnded, check: anything[book.Due],
	}
	debtKey := func(d *debt.Debt) DebtKey { return DebtKey{d.Kind, d.ID} }
	debtsEnded := make([]DebtKey, len(c.DebtsEnded))
	for i := range c.DebtsEnded {
		debtsEnded[i] = debtKey(&c.DebtsEnded[i])
	}
	debts := table[DebtKey, debt.Debt]{
		name: "debt", rows: r.Debts, key: debtKey, made: c.DebtsBegun, changed: c.DebtsChanged, ended: debtsEnded, check: checkDebt,
	}
	proposals := table[int64, proposal.Proposal]{
		name: "proposal", rows: r.Proposals, key: func(p *proposal.Proposal) int64 { return p.Number },
		made: withoutVotes(c.ProposalsMade), changed: withoutVotes(c.ProposalsChanged), check: checkProposal,
	}
	errs := []error{holds.write(), payouts.write(), dues.write(), debts.write(), proposals.write()}
	for _, v := range c.Votes {
		if slices.ContainsFunc(r.Votes, func(o proposal.Vote) bool { return o.Number == v.Number && principal.Same(o.Person, v.Person) }) {
			errs = append(errs, fmt.Errorf("%s has voted on proposal %d before", v.Person, v.Number))
		}
	}
	r.Votes = append(r.Votes, c.Votes...)
	return errors.Join(errs...)
}

func checkHold(old, h *ledger.Hold) error {
	ended := h.Captured+h.Released == h.Amount
	switch {
	case old != nil && old.State != ledger.Held:
		return fmt.Errorf("is changed after it was %s", old.State)
	case old != nil && (old.Source != h.Source || old.Amount != h.Amount || !old.PlacedAt.Equal(h.PlacedAt)):
		return errors.New("is of another source or amount than before")
	case h.Amount <= 0, h.Captured < 0, h.Released < 0, h.Captured+h.Released > h.Amount:
		return fmt.Errorf("of %d has given %d and %d", h.Amount, h.Captured, h.Released)
	case (h.State == ledger.Held) == ended, (h.State == ledger.Held) != h.EndedAt.IsZero():
		return fmt.Errorf("is %s with %d of %d given", h.State, h.Captured+h.Released, h.Amount)
	}
	return nil
}

func checkPayout(old, p *payout.Payout) error {
	switch {
	case p.Amount <= 0:
		return fmt.Errorf("pays %d", p.Amount)
	case len(p.OutNumber) < 1, len(p.OutNumber) > 32:
		return fmt.Errorf("has the out-number %q", p.OutNumber)
	case p.State != payout.Instructed && p.AnsweredAt.IsZero():
		return fmt.Errorf("is %s and was never answered", p.State)
	case p.Coupon.State != payout.CouponNone && p.Form != claim.Coupon:
		return fmt.Errorf("in the form %s has a coupon that is %s", p.Form, p.Coupon.State)
	case p.Coupon.Redeemed < 0, p.Coupon.Redeemed > p.Amount,
		(p.Coupon.State == payout.CouponRedeemed) != (p.Coupon.Redeemed == p.Amount):
		return fmt.Errorf("has a coupon that is %s with %d of %d spent", p.Coupon.State, p.Coupon.Redeemed, p.Amount)
	case old == nil && p.Coupon != payout.Coupon{}:
		return errors.New("is made with a coupon")
	case old != nil && (old.ClaimID != p.ClaimID || old.Part != p.Part || old.Amount != p.Amount || old.OutNumber != p.OutNumber ||
		old.Form != p.Form || old.PaymentID != p.PaymentID || old.RidesPayment != p.RidesPayment || !old.CreatedAt.Equal(p.CreatedAt)):
		return fmt.Errorf("was made as %+v and is told as %+v", *old, *p)
	}
	return nil
}

func checkDebt(old, d *debt.Debt) error {
	switch {
	case d.Open <= 0:
		return fmt.Errorf("has %d open", d.Open)
	case old != nil && old.SamplingCase != d.SamplingCase:
		return fmt.Errorf("was of case %q and is of case %q", old.SamplingCase, d.SamplingCase)
	}
	return nil
}

func checkProposal(old, p *proposal.Proposal) error {
	switch {
	case p.Amount <= 0, p.Undone < 0, p.Undone > p.Amount:
		return fmt.Errorf("of %d is undone by %d", p.Amount, p.Undone)
	case (p.Kind == proposal.WriteOff) != (p.DebtKind != ""), (p.DebtKind == "") != (p.DebtID == ""):
		return fmt.Errorf("of kind %s is about the debt %s %s", p.Kind, p.DebtKind, p.DebtID)
	case p.Kind.Undoes() != (p.Undoes != 0):
		return fmt.Errorf("of kind %s undoes %d", p.Kind, p.Undoes)
	case (p.State == proposal.Open) != p.EndedAt.IsZero(), (p.State == proposal.CarriedOut) != (p.TransferNumber != 0):
		return fmt.Errorf("is %s, ended at %s by transfer %d", p.State, p.EndedAt, p.TransferNumber)
	case old != nil && (old.Kind != p.Kind || old.Amount != p.Amount || old.DebtKind != p.DebtKind || old.DebtID != p.DebtID ||
		old.Undoes != p.Undoes || old.Note != p.Note || !principal.Same(old.ProposedBy, p.ProposedBy) || !old.ProposedAt.Equal(p.ProposedAt)):
		return fmt.Errorf("was made as %+v and is told as %+v", *old, *p)
	}
	return nil
}

func withoutVotes(list []proposal.Proposal) []proposal.Proposal {
	out := slices.Clone(list)
	for i := range out {
		out[i].Votes = nil
	}
	return out
}

// writeHistory writes transfers, events and requests.
func (r *Rows) writeHistory(c *book.Changes) error {
	var errs []error
	for _, t := range c.Transfers {
		for i := range r.Transfers {
			o := &r.Transfers[i]
			switch {
			case o.Number == t.Number:
				errs = append(errs, fmt.Errorf("transfer %d is there already", t.Number))
			case t.ExternalReference != "" && o.ExternalReference == t.ExternalReference && o.Kind == t.Kind:
				errs = append(errs, fmt.Errorf("transfer %d has the reference %s of transfer %d", t.Number, t.ExternalReference, o.Number))
			case t.Reverses != 0 && o.Reverses == t.Reverses && o.Kind == t.Kind:
				errs = append(errs, fmt.Errorf("transfer %d reverses %d, as transfer %d does", t.Number, t.Reverses, o.Number))
			}
		}
		if t.Amount <= 0 || t.Debit == t.Credit {
			errs = append(errs, fmt.Errorf("transfer %d moves %d from %s to %s", t.Number, t.Amount, t.Debit, t.Credit))
		}
		r.Transfers = append(r.Transfers, t)
	}
	for _, e := range c.Events {
		for i := range r.Events {
			if r.Events[i].Number == e.Number {
				errs = append(errs, fmt.Errorf("event %d is there already", e.Number))
			}
		}
		e.Transfers, e.Details = slices.Clone(e.Transfers), slices.Clone(e.Details)
		r.Events = append(r.Events, e)
	}
	return errors.Join(append(errs,
		only("request", r.Requests, c.Requests, func(q *request.Stored) request.Key { return q.Key }))...)
}

func cloneClaim(c claim.Claim) claim.Claim {
	c.Units = slices.Clone(c.Units)
	return c
}

func cloneLine(l *order.Line) order.Line {
	c := *l
	c.Discounts, c.Promises = slices.Clone(l.Discounts), slices.Clone(l.Promises)
	return c
}

// SortedClaims lists the claims in order of id, which is that of their filing.
func (r *Rows) SortedClaims() []claim.Claim {
	return sorted(r.Claims, func(a, b *claim.Claim) int { return cmp.Compare(a.ID, b.ID) })
}

// SortedPayouts lists the payouts, oldest first.
func (r *Rows) SortedPayouts() []payout.Payout {
	return sorted(r.Payouts, func(a, b *payout.Payout) int { return cmp.Compare(a.ID, b.ID) })
}

// SortedResults lists the results, oldest first.
func (r *Rows) SortedResults() []claim.Result {
	return sorted(r.Results, func(a, b *claim.Result) int { return cmp.Compare(a.ID, b.ID) })
}

// DueWaits lists what had a deadline at most at before, in the order of deadlines.
func (r *Rows) DueWaits(before time.Time) []book.Wait {
	return waiting(r.Waits, before, func(w *book.Wait) time.Time { return w.Deadline })
}

// ExpiredHolds lists what is held for too long at a time, in the order of its ends.
func (r *Rows) ExpiredHolds(before time.Time) []book.Wait {
	return waiting(r.Waits, before, func(w *book.Wait) time.Time { return w.HoldExpires })
}

func waiting(waits map[string]book.Wait, before time.Time, until func(*book.Wait) time.Time) []book.Wait {
	due := make(map[string]book.Wait)
	for id, w := range waits {
		if at := until(&w); !at.IsZero() && !at.After(before) {
			due[id] = w
		}
	}
	return sorted(due, func(a, b *book.Wait) int {
		return cmp.Or(until(a).Compare(until(b)), cmp.Compare(a.ClaimID, b.ClaimID))
	})
}

func sorted[K comparable, V any](rows map[K]V, order func(a, b *V) int) []V {
	return slices.SortedFunc(maps.Values(rows), func(a, b V) int { return order(&a, &b) })
}
