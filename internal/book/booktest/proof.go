package booktest

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// proof proves one book from its rows. It adds up by itself: none of the sums of the
// book, the claim or the debt are asked. What is only ever added to, it reads once and
// remembers; all other rows it looks at each time.
type proof struct {
	rows  *Rows
	wrong []string

	// events and transfers are how many were read; hash, at and last are the end of the
	// chain.
	events, transfers int
	hash              event.Hash
	at                time.Time
	// sums are the accounts as the transfers make them, flows what of each was for a
	// claim; of none for money of the merchant alone.
	sums  map[ledger.Purpose]ledger.Balance
	flows map[string]flow
	// ofPayouts is what of each was for a payout.
	ofPayouts map[string]flow
	// moved is where the moves have taken each claim.
	moved map[string]moved
}

// flow is what went onto accounts, debits less credits.
type flow map[ledger.Purpose]money.Amount

// onto is what an account gained, on the side on which it grows.
func (f flow) onto(p ledger.Purpose) money.Amount { return balance(p, f[p], 0) }

// balance is what debits and credits make of an account.
func balance(p ledger.Purpose, debits, credits money.Amount) money.Amount {
	if p.Normal() == ledger.Credit {
		return credits - debits
	}
	return debits - credits
}

// moved is the newest move of a claim.
type moved struct {
	state   claim.State
	version int64
	since   time.Time
	// confirmed is when the debit was first confirmed; zero before.
	confirmed time.Time
}

func newProof(rows *Rows) *proof {
	return &proof{
		rows: rows, hash: event.Genesis(rows.Head.MerchantID),
		sums: make(map[ledger.Purpose]ledger.Balance), flows: make(map[string]flow), ofPayouts: make(map[string]flow), moved: make(map[string]moved),
	}
}

// wrongly notes what is wrong with a subject.
func (p *proof) wrongly(subject, format string, args ...any) {
	p.wrong = append(p.wrong, p.rows.Head.MerchantID+": "+subject+": "+fmt.Sprintf(format, args...))
}

// equal notes when got is not want.
func equal[V comparable](p *proof, subject, what string, got, want V) {
	if got != want {
		p.wrongly(subject, "%s is %v, should be %v", what, got, want)
	}
}

// check gives what is wrong with the rows as they are.
func (p *proof) check() []string {
	p.wrong = nil
	p.checkEvents()
	p.checkAccounts()
	t := p.checkClaims()
	p.checkTotals(&t)
	p.checkPayoutFlows()
	p.checkPayoutDues()
	p.checkStrays()
	return p.wrong
}

// checkEvents reads the events that are new: numbered without gaps, chained from the
// book's first, their content like their rows, each transfer told once and in order.
func (p *proof) checkEvents() {
	for ; p.events < len(p.rows.Events); p.events++ {
		e := &p.rows.Events[p.events]
		subject := fmt.Sprintf("event %d", e.Number)
		equal(p, subject, "number", e.Number, int64(p.events+1))
		p.hash = event.Chain(p.hash, event.Encoding, e.Content)
		equal(p, subject, "hash", e.Hash, p.hash)
		if e.RecordedAt.Before(p.at) {
			p.wrongly(subject, "is recorded at %s, before the event before it", e.RecordedAt)
		}
		p.at = e.RecordedAt
		p.checkContent(subject, e)
		if e.Move != nil {
			p.move(subject, e)
		}
	}
	h := &p.rows.Head
	equal(p, "book", "number of its last event", h.EventNumber, int64(p.events))
	equal(p, "book", "hash of its last event", h.EventHash, p.hash)
	equal(p, "book", "time of its last event", h.RecordedAt.UnixMicro(), p.at.UnixMicro())
	var waived money.Amount
	for _, o := range p.rows.Proposals {
		if o.Kind == proposal.WriteOffWaiver && o.State == proposal.CarriedOut {
			waived += o.Amount
		}
	}
	equal(p, "book", "write-offs that are waived", h.Waived, waived)
	equal(p, "book", "number of its last transfer", h.TransferNumber, int64(p.transfers))
	equal(p, "book", "number of transfers that events tell of", p.transfers, len(p.rows.Transfers))
}

// checkContent compares an event's encoded content with its row and with the
// transfers.
func (p *proof) checkContent(subject string, e *event.Event) {
	c, err := event.Decode(event.Encoding, e.Content)
	if err != nil {
		p.wrongly(subject, "its content cannot be read: %v", err)
		return
	}
	equal(p, subject, "book", c.MerchantID, p.rows.Head.MerchantID)
	equal(p, subject, "number told", c.Number, e.Number)
	equal(p, subject, "kind told", c.Kind, e.Kind)
	equal(p, subject, "claim told", c.ClaimID, e.ClaimID)
	equal(p, subject, "time told", c.RecordedAt.UnixMicro(), e.RecordedAt.UnixMicro())
	equal(p, subject, "whether a move is told", c.Move != nil, e.Move != nil)
	if c.Move != nil && e.Move != nil {
		equal(p, subject, "move told", *c.Move, *e.Move)
	}
	for i := range c.Transfers {
		told := &c.Transfers[i]
		if p.transfers == len(p.rows.Transfers) {
			p.wrongly(subject, "transfer %d does not exist", told.Number)
			return
		}
		p.transfer(&p.rows.Transfers[p.transfers], told)
	}
}

// transfer adds the next transfer to the accounts, after comparing it with what its
// event tells of it.
func (p *proof) transfer(t, told *ledger.Transfer) {
	subject := fmt.Sprintf("transfer %d", t.Number)
	p.transfers++
	equal(p, subject, "number", t.Number, int64(p.transfers))
	exact := func(t *ledger.Transfer) ledger.Transfer {
		c := *t
		c.RecordedAt, c.EffectiveAt = time.UnixMicro(t.RecordedAt.UnixMicro()), time.UnixMicro(t.EffectiveAt.UnixMicro())
		return c
	}
	equal(p, subject, "row", exact(t), exact(told))
	legs := t.Kind.Legs()
	equal(p, subject, "pair of accounts of kind "+string(t.Kind), ledger.Legs{Debit: t.Debit, Credit: t.Credit}, legs)
	equal(p, subject, "currency", t.Currency, p.rows.Head.Currency)
	if t.Amount <= 0 {
		p.wrongly(subject, "moves %d", t.Amount)
	}
	debit := p.sums[t.Debit]
	debit.Debits += t.Amount
	p.sums[t.Debit] = debit
	credit := p.sums[t.Credit]
	credit.Credits += t.Amount
	p.sums[t.Credit] = credit
	f := p.flows[t.ClaimID]
	if f == nil {
		f = make(flow)
		p.flows[t.ClaimID] = f
	}
	f[t.Debit] += t.Amount
	f[t.Credit] -= t.Amount
	if t.PayoutID == "" {
		return
	}
	of := p.ofPayouts[t.PayoutID]
	if of == nil {
		of = make(flow)
		p.ofPayouts[t.PayoutID] = of
	}
	of[t.Debit] += t.Amount
	of[t.Credit] -= t.Amount
}

// move takes a claim along one move, which must be legal.
func (p *proof) move(subject string, e *event.Event) {
	m, was := e.Move, p.moved[e.ClaimID]
	equal(p, subject, "state from which "+e.ClaimID+" moves", claim.State(m.From), was.state)
	to, legal := claim.Next(claim.State(m.From), claim.Trigger(m.Trigger))
	if !legal || to != claim.State(m.To) {
		p.wrongly(subject, "%s does not lead from %q to %s", m.Trigger, m.From, m.To)
	}
	if m.Version <= was.version {
		p.wrongly(subject, "its move is of version %d, the one before of %d", m.Version, was.version)
	}
	is := moved{state: claim.State(m.To), version: m.Version, since: e.RecordedAt, confirmed: was.confirmed}
	if is.confirmed.IsZero() && (is.state == claim.Paying || is.state == claim.PayoutFailed || is.state == claim.Paid) {
		is.confirmed = e.RecordedAt
	}
	p.moved[e.ClaimID] = is
}

// checkAccounts compares the accounts of the book's row with the sums of the transfers.
func (p *proof) checkAccounts() {
	var debits, credits money.Amount
	for _, of := range ledger.Purposes() {
		subject := "account " + string(of)
		has := *p.rows.Head.Balances.At(of)
		equal(p, subject, "running total", has, p.sums[of])
		if left := balance(of, has.Debits, has.Credits); left < 0 && of != ledger.PlatformCash && of != ledger.SettlementClearing {
			p.wrongly(subject, "is below zero: %d", left)
		}
		debits += has.Debits
		credits += has.Credits
	}
	equal(p, "trial balance", "sum of debits", debits, credits)
}

// checkTotals compares the accounts, and what the book says as a whole, with what its
// claims say together.
func (p *proof) checkTotals(t *totals) {
	var topUps money.Amount
	for k, d := range p.rows.Debts {
		if k.Kind == topUp {
			topUps += d.Open
		}
	}
	merchant := p.flows[""]
	equal(p, "bounced top-ups", "amount open of them", topUps, merchant.onto(ledger.Receivable))
	for of, want := range map[ledger.Purpose]money.Amount{
		ledger.DepositHeld:        t.held[ledger.Deposit],
		ledger.ShopFundsHeld:      t.held[ledger.ShopFunds],
		ledger.ClaimPayable:       t.payable,
		ledger.PayoutClearing:     t.inFlight,
		ledger.Receivable:         t.owed + topUps,
		ledger.WriteOff:           t.writtenOff + merchant.onto(ledger.WriteOff),
		ledger.ReversalLoss:       t.lost,
		ledger.ConsumerReceivable: t.owedByConsumers,
		ledger.CouponLiability:    t.coupons,
	} {
		a := p.sums[of]
		equal(p, "account "+string(of), "balance", balance(of, a.Debits, a.Credits), want)
	}
	equal(p, "book", "exposure", p.rows.Head.Exposure, t.exposure)
	equal(p, "book", "number of units that are owned", len(p.rows.Units), t.units)
}

// checkStrays finds rows that belong to no row of another kind.
func (p *proof) checkStrays() {
	r := p.rows
	for id, c := range r.Claims {
		g := r.Groups[c.GroupID]
		if _, ok := r.Lines[c.OrderLineID]; !ok {
			p.wrongly("claim "+id, "is on order line %q, which does not exist", c.OrderLineID)
		}
		if g.ClaimantID != c.ClaimantID || g.ProductID != c.ProductID {
			p.wrongly("claim "+id, "is of pricing group %q, which does not exist or is of somebody else", c.GroupID)
		}
	}
	strays(p, "unit", r.Units, func(k UnitKey) string { return r.Units[k].ClaimID })
	strays(p, "hold", r.Holds, func(k HoldKey) string { return k.Claim })
	strays(p, "revision", r.Revisions, func(k RevisionKey) string { return k.Claim })
	strays(p, "wait", r.Waits, func(id string) string { return id })
	strays(p, "result", r.Results, func(id string) string { return r.Results[id].ClaimID })
	strays(p, "payout", r.Payouts, func(id string) string { return r.Payouts[id].ClaimID })
	for k := range r.Debts {
		if _, ok := r.Claims[k.ID]; !ok && k.Kind != topUp {
			p.wrongly("debt", "%v belongs to no claim", k)
		}
	}
	for k := range r.Appeals {
		if _, ok := r.Revisions[k]; !ok {
			p.wrongly("appeal", "%v is against no revision", k)
		}
	}
	for k := range r.Approvals {
		if _, ok := r.Revisions[k.RevisionKey]; !ok {
			p.wrongly("approval", "%v is of no revision", k)
		}
	}
	for k := range r.Notes {
		if _, ok := r.Claims[k.Claim]; !ok {
			p.wrongly("note", "%v is on no claim", k)
		}
		if _, before := r.Notes[NoteKey{k.Claim, k.Number - 1}]; k.Number > 1 && !before {
			p.wrongly("note", "%v comes after none", k)
		}
	}
	for k := range r.Commissions {
		if _, ok := r.Claims[k.Claim]; !ok {
			p.wrongly("commission", "%v is on no claim", k)
		}
		if _, before := r.Commissions[CommissionKey{k.Claim, k.Number - 1}]; k.Number > 1 && !before {
			p.wrongly("commission", "%v comes after none", k)
		}
	}
	p.checkRetests()
	for k := range r.Custody {
		if _, ok := r.Claims[k.Claim]; !ok {
			p.wrongly("step of custody", "%v is on no claim", k)
		}
		if _, before := r.Custody[CustodyKey{k.Claim, k.Number - 1}]; k.Number > 1 && !before {
			p.wrongly("step of custody", "%v comes after none", k)
		}
	}
	for id, x := range r.Results {
		of, ok := r.Commissions[CommissionKey{x.ClaimID, x.Commission}]
		if x.Commission > 0 && (!ok || of.AuthenticatorID != x.AuthenticatorID) {
			p.wrongly("result "+id, "answers commission %d, which its body does not have", x.Commission)
		}
	}
	p.checkEvidenceRequests()
	for id := range p.flows {
		if _, ok := r.Claims[id]; !ok && id != "" {
			p.wrongly("transfers", "belong to claim %q, which does not exist", id)
		}
	}
	for k, q := range r.Requests {
		if q.EventNumber < 1 || q.EventNumber > r.Head.EventNumber {
			p.wrongly("request "+k.RequestID, "names event %d, which does not exist", q.EventNumber)
		}
	}
}

// strays finds rows whose claim does not exist.
func strays[K comparable, V any](p *proof, what string, rows map[K]V, claimID func(K) string) {
	for k := range rows {
		if id := claimID(k); p.rows.Claims[id].ID != id {
			p.wrongly(what, "%v belongs to claim %q, which does not exist", k, id)
		}
	}
}

// checkEvidenceRequests proves that requests for evidence count the evidence that names them.
func (p *proof) checkEvidenceRequests() {
	r := p.rows
	answers := make(map[EvidenceRequestKey]int32)
	for i := range r.Evidence {
		e := &r.Evidence[i]
		if e.Request > 0 {
			answers[EvidenceRequestKey{e.ClaimID, e.Request}]++
		}
	}
	for k, x := range r.EvidenceRequests {
		if _, ok := r.Claims[k.Claim]; !ok {
			p.wrongly("request for evidence", "%v is on no claim", k)
		}
		if _, before := r.EvidenceRequests[EvidenceRequestKey{k.Claim, k.Number - 1}]; k.Number > 1 && !before {
			p.wrongly("request for evidence", "%v comes after none", k)
		}
		if x.Answers != answers[k] {
			p.wrongly("request for evidence", "%v counts %d answers of %d", k, x.Answers, answers[k])
		}
		delete(answers, k)
	}
	for k := range r.Disclosures {
		if !slices.ContainsFunc(r.Evidence, func(e book.Evidence) bool { return e.ClaimID == k.Claim && e.EventNumber == k.Evidence }) {
			p.wrongly("disclosure", "%v is of no evidence", k)
		}
	}
	for k := range answers {
		p.wrongly("evidence", "answers request %v, which does not exist", k)
	}
}
