package book

import (
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// bind puts into the running command's events the digests of the rows that it wrote, with
// the values that a reader asks for: so the chain of events covers awards, units, payees
// and prices. A row about a claim stands in the last event about that claim, where there
// is one, any other row in the command's last event.
//
// Rows that follow from others are not bound: units and waits from claims, the sums of
// accounts from transfers. Persons stand in no digest, because events name them by
// commitments alone. docs/event-encoding.md lists the columns.
func (b *Book) bind() {
	if b.events.kept == len(b.events.list) {
		return // A command without an event changed nothing but its request.
	}
	f := event.NewRowForm()
	bindAll(&b.lines, func(l, _ *loadedLine) { b.bindLine(f, l) })
	for i := b.corrections.kept; i < len(b.corrections.list); i++ {
		b.bindCorrection(f, &b.corrections.list[i])
	}
	bindMade(&b.refunds, func(r *Refund) { b.bindRefund(f, r) })
	bindMade(&b.groups, func(g *Group) { b.bindGroup(f, g) })
	bindAll(&b.claims, func(l, before *loadedClaim) { b.bindClaim(f, &l.Claim, before) })
	for i := b.revisions.kept; i < len(b.revisions.list); i++ {
		b.bindRevision(f, &b.revisions.list[i])
	}
	bindMade(&b.results, func(r *claim.Result) { b.bindResult(f, r) })
	for i := b.retracted.kept; i < len(b.retracted.list); i++ {
		b.bindRetraction(f, &b.retracted.list[i])
	}
	bindAll(&b.holds, func(h, _ *ledger.Hold) { b.bindHold(f, h) })
	bindAll(&b.payouts, func(p, before *payout.Payout) { b.bindPayout(f, p, before) })
	for i := b.appeals.kept; i < len(b.appeals.list); i++ {
		b.bindAppeal(f, &b.appeals.list[i])
	}
	bindMade(&b.approvals, func(a *Approval) { b.bindApproval(f, a) })
	for i := b.evidence.kept; i < len(b.evidence.list); i++ {
		b.bindEvidence(f, &b.evidence.list[i])
	}
	bindMade(&b.notes, func(n *Note) { b.bindNote(f, n) })
	bindMade(&b.custody, func(x *custody.Step) { b.bindCustody(f, x) })
	bindAll(&b.commissions, func(x, _ *commission.Commission) { b.bindCommission(f, x) })
	bindMade(&b.disclosures, func(d *Disclosure) { b.bindDisclosure(f, d) })
	bindAll(&b.evidenceRequests, func(r, _ *claim.EvidenceRequest) { b.bindEvidenceRequest(f, r) })
	bindAll(&b.proposals, func(p, _ *proposal.Proposal) { b.bindProposal(f, p) })
	for i := b.votes.kept; i < len(b.votes.list); i++ {
		b.bindVote(f, &b.votes.list[i])
	}
	b.bindDebts(f)
	b.bindMarks(f)
	for i := b.events.kept; i < len(b.events.list); i++ {
		if e := &b.events.list[i]; e.Note != "" {
			f.Texts(e.Note)
			e.Rows = append(e.Rows, event.Row{Table: "events", Digest: f.Digest()})
		}
	}
	bindMade(&b.requests, func(r *request.Stored) { b.bindRequest(f, r) })
}

// bindAll binds every row that the running command left in a table, with what it was
// before; nil for a row that the command made.
func bindAll[K comparable, V any](t *table[K, V], bind func(v, before *V)) {
	for i := range t.touched {
		u := &t.touched[i]
		switch r := t.rows[u.key]; {
		case !r.live:
		case u.fresh || !u.before.live:
			bind(&r.value, nil)
		default:
			bind(&r.value, &u.before.value)
		}
	}
}

// bindMade binds the rows that the running command made in a table whose rows never change.
func bindMade[K comparable, V any](t *table[K, V], bind func(*V)) {
	bindAll(t, func(v, before *V) {
		if before == nil {
			bind(v)
		}
	})
}

// tell adds a row to the event that tells of it, and empties the form. A claim of which no
// event of the command tells gets one.
func (b *Book) tell(table, claimID, key string, f *event.RowForm, facts ...event.Detail) *event.Event {
	e := b.event()
	if claimID != "" && e.ClaimID != claimID {
		e = b.lastEventOf(claimID)
	}
	e.Rows = append(e.Rows, event.Row{Table: table, Key: key, Digest: f.Digest(), Facts: facts})
	return e
}

// tellIn adds a row to the event that the row names, and empties the form.
func (b *Book) tellIn(number int64, table, key string, f *event.RowForm, facts ...event.Detail) {
	for i := b.events.kept; i < len(b.events.list); i++ {
		if e := &b.events.list[i]; e.Number == number {
			e.Rows = append(e.Rows, event.Row{Table: table, Key: key, Digest: f.Digest(), Facts: facts})
		}
	}
}

func (b *Book) lastEventOf(claimID string) *event.Event {
	for i := len(b.events.list) - 1; i >= b.events.kept; i-- {
		if e := &b.events.list[i]; e.ClaimID == claimID {
			return e
		}
	}
	return b.record(event.ClaimRepriced, claimID)
}

func fact(key, value string) event.Detail { return event.Detail{Key: key, Value: value} }

func factOf(key string, amount money.Amount) event.Detail { return fact(key, number(int64(amount))) }

func number(v int64) string { return strconv.FormatInt(v, 10) }

func (b *Book) bindLine(f *event.RowForm, l *loadedLine) {
	f.Texts(l.line.OrderID, l.line.PaymentID, l.line.ProductID)
	f.Times(l.line.PaidAt)
	f.Bytes(l.digest[:])
	f.Times(l.seenAt)
	if l.revision == 1 {
		b.tell("order_lines", "", l.line.ID, f)
		return
	}
	b.tell("order_lines", "", l.line.ID, f, fact("revision", number(int64(l.revision))))
}

// bindCorrection binds who corrected a line and why. What the line said before is bound by
// the event that told of that revision.
func (b *Book) bindCorrection(f *event.RowForm, c *LineCorrection) {
	f.Texts(c.Note, c.CorrectedAs)
	f.Numbers(c.EventNumber)
	f.Times(c.CorrectedAt)
	b.tell("order_line_corrections", "", c.Before.Line.ID, f, fact("revision", number(int64(c.Before.Revision))))
}

func (b *Book) bindRefund(f *event.RowForm, r *Refund) {
	f.Texts(r.OrderLineID, r.RefundID)
	f.Numbers(int64(r.Amount))
	f.Times(r.RefundedAt, r.RecordedAt)
	b.tell("order_line_refunds", "", r.RefundID, f,
		fact("order_line", r.OrderLineID), factOf("amount_minor", r.Amount), fact("refunded_at", event.Stamp(r.RefundedAt)))
}

func (b *Book) bindGroup(f *event.RowForm, g *Group) {
	f.Texts(g.ClaimantID, g.ProductID)
	f.Times(g.AnchorPaidAt, g.RecordedAt)
	b.tell("pricing_groups", g.ID, "", f)
}

// bindClaim tells in the open what was filed, another destination than before, and what the
// claim can still cost where that has changed.
func (b *Book) bindClaim(f *event.RowForm, c *claim.Claim, before *loadedClaim) {
	m := &c.Funding
	f.Numbers(c.Version)
	f.Texts(string(c.State))
	f.Times(c.StateSince)
	f.Texts(string(c.Verdict))
	f.Numbers(int64(c.Revision))
	f.Texts(c.OrderLineID, c.OrderID, c.PaymentID, c.ProductID)
	f.Times(c.PaidAt)
	f.Texts(c.ClaimantID, c.Destination, claim.Describe(c.Units), string(c.BasisChosen), string(c.Basis), c.PolicyID)
	f.Numbers(int64(c.PolicyVersion))
	f.Texts(c.GroupID)
	f.Flags(c.Remedies.Refund, c.Remedies.Compensation)
	f.Texts(string(c.Grounds))
	f.Times(c.LearnedAt, c.ArrivedAt, c.FiledAt)
	f.Texts(c.Currency)
	f.Numbers(int64(c.Award.Refund), int64(c.Award.Compensation), int64(m.Held), int64(m.FromDeposit), int64(m.FromShopFunds),
		int64(m.Advanced), int64(m.RefundInFlight), int64(m.RefundPaid), int64(m.CompensationInFlight), int64(m.CompensationPaid))
	f.Times(c.NoticeConfirmedAt)
	f.Texts(string(c.Fires))
	f.Times(c.Deadline)
	f.Flags(c.Escalated)
	f.Numbers(int64(m.WrittenOff), int64(m.Lost), int64(m.ClawedBack), int64(m.RefundFailed), int64(m.CompensationFailed),
		int64(m.Repaid), int64(c.AppealedRevision))
	f.Times(c.ConfirmedAt, c.ClockStoppedAt, c.HoldExpiresAt)
	f.Numbers(int64(c.Potential))
	f.Texts(c.SamplingCase, string(c.PayoutForm))
	f.Numbers(int64(c.Fees.Claimant), int64(c.Fees.Fronted), int64(c.Fees.Merchant), int64(c.Fees.Consumer), int64(c.Fees.Owed),
		int64(c.Fees.WrittenOff))
	f.Flags(c.ByResults)
	f.Numbers(int64(c.Highest.Refund), int64(c.Highest.Compensation))
	f.Flags(c.Fraud)
	f.Numbers(int64(c.Fees.FromShopFunds), int64(c.Reconsiderations))
	f.LaterTime("changed_at", c.ChangedAt)
	f.Later("labels", string(c.Labels))
	f.Later("external_reference", c.ExternalReference)
	f.LaterTime("escalated_at", c.EscalatedAt)
	f.LaterTime("retest_at", c.RetestAt)
	f.Later("retest_held", string(c.RetestHeld))
	var facts []event.Detail
	switch {
	case before == nil:
		facts = []event.Detail{
			fact("claimant", c.ClaimantID), fact("destination", c.Destination), fact("units", ordinals(c.Units)),
			fact("basis", string(c.BasisChosen)), factOf("potential_minor", c.Potential),
			fact("learned_at", event.Stamp(c.LearnedAt)), fact("paid_at", event.Stamp(c.PaidAt)),
		}
	case before.Destination != c.Destination:
		facts = []event.Detail{fact("destination", c.Destination)}
	}
	x := exposureChange(c, before)
	if x != nil {
		facts = append(facts, x.After.Facts()...)
	}
	b.tell("claims", c.ID, "", f, facts...).Exposure = x
}

// exposureChange is how the running command changed what a claim can still cost; nil where it
// did not.
func exposureChange(c *claim.Claim, before *loadedClaim) *event.ExposureChange {
	x := &event.ExposureChange{After: exposed(c)}
	if before != nil {
		x.Before = exposed(&before.Claim)
	}
	if x.Before == x.After {
		return nil
	}
	return x
}

// exposed is what a claim can still cost, and by when. Where that is nothing, so is the rest.
func exposed(c *claim.Claim) event.Exposure {
	amount := c.Exposure()
	if amount == 0 {
		return event.Exposure{}
	}
	return event.Exposure{Amount: amount, Held: min(c.Funding.Held, amount), Due: c.Deadline.UTC()}
}

// ordinals writes the ordinals of units: "1 2".
func ordinals(units []claim.Unit) string {
	parts := make([]string, len(units))
	for i, u := range units {
		parts[i] = strconv.Itoa(int(u.Ordinal))
	}
	return strings.Join(parts, " ")
}

func (b *Book) bindRevision(f *event.RowForm, v *claim.Revision) {
	f.Numbers(int64(v.Number))
	f.Texts(string(v.Verdict), claim.Describe(v.Units))
	f.Numbers(int64(v.Award.Refund), int64(v.Award.Compensation))
	f.Texts(string(v.Basis), v.PolicyID)
	f.Numbers(int64(v.Version))
	f.Texts(v.Cause, v.Note, v.Explained)
	f.Numbers(v.EventNumber)
	f.Times(v.RecordedAt)
	b.tell("claim_revisions", v.ClaimID, number(int64(v.Number)), f,
		fact("verdict", string(v.Verdict)), fact("units", claim.Describe(v.Units)),
		factOf("refund_minor", v.Award.Refund), factOf("compensation_minor", v.Award.Compensation),
		fact("basis", string(v.Basis)), fact("policy", v.PolicyID), fact("policy_version", number(int64(v.Version))),
		fact("cause", v.Cause))
}

func (b *Book) bindResult(f *event.RowForm, r *claim.Result) {
	f.Texts(r.OrderLineID, r.AuthenticatorID, string(r.Kind), r.ReportNumber, string(r.Sample))
	f.Flags(r.Reinspection, r.CustodyIntact)
	f.Texts(claim.Describe(r.Units))
	f.Times(r.IssuedAt)
	f.Texts(r.ReportDigest, r.Statement)
	f.Numbers(r.EventNumber)
	f.Times(r.RecordedAt)
	f.Numbers(int64(r.Fee))
	f.Texts(r.FeeCurrency, string(r.FeePaidBy))
	if r.Commission > 0 {
		f.Later("commission_number", number(int64(r.Commission)))
	}
	f.Later("sample_id", r.SampleID)
	if r.Rules > 0 {
		f.Later("rules_version", number(int64(r.Rules)))
	}
	f.Later("signing_key", r.SigningKey)
	f.Later("signed_statement", r.Signed)
	f.Later("unused_key", r.UnusedKey)
	b.tell("results", r.ClaimID, r.ID, f)
}

func (b *Book) bindRetraction(f *event.RowForm, r *Retraction) {
	f.Texts(r.Note)
	f.Numbers(r.EventNumber)
	f.Times(r.RetractedAt)
	f.Later("cause", string(r.Cause))
	f.Later("job_id", r.Job)
	f.Later("reweighed", string(r.Reweighed))
	b.tell("result_retractions", r.ClaimID, r.ResultID, f)
}

func (b *Book) bindHold(f *event.RowForm, h *ledger.Hold) {
	f.Texts(string(h.Source), string(h.State))
	f.Numbers(int64(h.Amount), int64(h.Captured), int64(h.Released))
	f.Times(h.PlacedAt, h.EndedAt)
	b.tell("holds", h.ClaimID, number(int64(h.Number)), f)
}

// bindPayout tells amount, payee and numbers of a payout that is made or redirected; of
// another change it tells the state alone.
func (b *Book) bindPayout(f *event.RowForm, p, before *payout.Payout) {
	f.Texts(string(p.Part), string(p.State))
	f.Numbers(int64(p.Amount))
	f.Texts(p.Currency, p.OutNumber, p.PaymentID, p.Destination)
	f.Times(p.NotAfter)
	f.Texts(p.GatewayReference, p.FailureCode)
	f.Times(p.CreatedAt, p.AnsweredAt)
	f.Texts(string(p.Form))
	f.Flags(p.RidesPayment, p.Superseded)
	f.Texts(string(p.Coupon.State))
	f.Numbers(int64(p.Coupon.Redeemed))
	f.Times(p.Coupon.ExpiresAt)
	f.Numbers(int64(p.Try), int64(p.Arrived), int64(p.CameBack))
	f.LaterTime("changed_at", p.ChangedAt)
	if before != nil && before.Destination == p.Destination {
		b.tell("payouts", p.ClaimID, p.ID, f, fact("state", string(p.State)))
		return
	}
	b.tell("payouts", p.ClaimID, p.ID, f,
		fact("out_number", p.OutNumber), fact("part", string(p.Part)), fact("state", string(p.State)), factOf("amount_minor", p.Amount),
		fact("destination", p.Destination), fact("form", string(p.Form)), fact("payment", p.PaymentID))
}

func (b *Book) bindAppeal(f *event.RowForm, a *Appeal) {
	f.Texts(a.Note)
	f.List(a.Evidence)
	f.Numbers(a.EventNumber)
	f.Times(a.AppealedAt)
	b.tell("appeals", a.ClaimID, number(int64(a.Revision)), f)
}

func (b *Book) bindApproval(f *event.RowForm, a *Approval) {
	f.Numbers(int64(a.Amount))
	f.Texts(a.Note)
	f.Numbers(a.EventNumber)
	f.Times(a.ApprovedAt)
	b.tellIn(a.EventNumber, "approvals", number(int64(a.Revision)), f)
}

func (b *Book) bindEvidence(f *event.RowForm, e *Evidence) {
	f.Texts(e.Kind, e.Reference, e.Digest, e.Note, e.AddedAs)
	f.Times(e.AddedAt)
	f.Later("upload_id", e.UploadID)
	f.Later("media_type", e.MediaType)
	if e.Size > 0 {
		f.Later("size_bytes", number(e.Size))
	}
	f.Later("disclosed_to", string(e.DisclosedTo))
	if e.Request > 0 {
		f.Later("request_number", number(int64(e.Request)))
		f.Later("late", strconv.FormatBool(e.Late))
	}
	b.tellIn(e.EventNumber, "evidence", "", f)
}

func (b *Book) bindNote(f *event.RowForm, n *Note) {
	f.Texts(string(n.Visibility), n.Text)
	f.Numbers(n.EventNumber)
	f.Texts(n.AddedAs)
	f.Times(n.AddedAt)
	b.tellIn(n.EventNumber, "claim_notes", number(int64(n.Number)), f)
}

func (b *Book) bindCommission(f *event.RowForm, x *commission.Commission) {
	f.Texts(x.AuthenticatorID, string(x.State), claim.Describe(x.Units), x.Questions)
	f.List(x.Photos)
	f.Times(x.DueAt)
	f.Numbers(int64(x.Fee), int64(x.Replaces))
	f.Bytes(x.Seed)
	f.List(x.Candidates)
	f.Texts(x.MadeAs)
	f.Times(x.MadeAt)
	f.Numbers(x.EventNumber)
	f.Times(x.AcceptedAt, x.ShippedAt)
	f.Texts(x.Shipment)
	f.Times(x.ReceivedAt, x.OverdueAt)
	f.Numbers(int64(x.Chases))
	f.Times(x.ChasedAt, x.EndedAt)
	f.Texts(x.Note)
	b.tell("commissions", x.ClaimID, number(int64(x.Number)), f, fact("state", string(x.State)))
}

func (b *Book) bindCustody(f *event.RowForm, x *custody.Step) {
	f.Texts(x.SampleID, string(x.Kind), custody.UnitsText(x.Units))
	f.Times(x.HappenedAt)
	f.Texts(x.Place, x.Actor, x.AuthenticatorID)
	f.List(x.Seals)
	f.Numbers(x.Weight)
	f.List(x.Evidence)
	f.Numbers(int64(x.Corrects))
	f.Texts(x.Note, x.RecordedAs)
	f.Times(x.RecordedAt)
	f.Numbers(x.EventNumber)
	b.tellIn(x.EventNumber, "custody_steps", number(int64(x.Number)), f)
}

func (b *Book) bindDisclosure(f *event.RowForm, d *Disclosure) {
	f.Texts(d.Note, d.MadeAs)
	f.Times(d.MadeAt)
	f.Numbers(d.EventNumber)
	b.tellIn(d.EventNumber, "evidence_disclosures", number(d.Evidence)+"/"+string(d.Party), f)
}

func (b *Book) bindEvidenceRequest(f *event.RowForm, r *claim.EvidenceRequest) {
	f.Texts(string(r.Asked), r.AuthenticatorID, string(r.State), r.Kind, r.Question)
	f.Times(r.DueAt)
	f.Texts(r.MadeAs)
	f.Times(r.MadeAt)
	f.Numbers(r.EventNumber, int64(r.Answers))
	f.Times(r.OverdueAt, r.EndedAt)
	f.Texts(r.Note)
	b.tell("evidence_requests", r.ClaimID, number(int64(r.Number)), f, fact("state", string(r.State)))
}

func (b *Book) bindProposal(f *event.RowForm, p *proposal.Proposal) {
	f.Texts(string(p.Kind), string(p.State))
	f.Numbers(int64(p.Amount))
	f.Texts(string(p.DebtKind), p.DebtID)
	f.NumberOrNull(p.Undoes)
	f.Texts(p.Note)
	f.Times(p.ProposedAt, p.EndedAt)
	f.NumberOrNull(p.TransferNumber)
	f.Numbers(int64(p.Undone))
	f.LaterTime("changed_at", p.ChangedAt)
	f.Later("payment_reference", p.Reference)
	f.Later("from_account", string(p.From))
	f.Later("to_account", string(p.To))
	if p.Booked > 0 {
		f.Later("booked_minor", number(int64(p.Booked)))
	}
	f.LaterTime("effective_at", p.EffectiveAt)
	b.tell("proposals", "", number(p.Number), f)
}

func (b *Book) bindVote(f *event.RowForm, v *proposal.Vote) {
	f.Flags(v.Approved)
	f.Texts(v.Note)
	f.Numbers(v.EventNumber)
	f.Times(v.VotedAt)
	b.tellIn(v.EventNumber, "proposal_votes", number(v.Number), f)
}

// bindMarks binds what the book's row says beside its sums, when the command opened the
// book or changed it.
func (b *Book) bindMarks(f *event.RowForm) {
	h, old := &b.head, &b.before.head
	if b.before.exists && h.Sweep == old.Sweep && h.Demanded == old.Demanded && h.DemandDeadline.Equal(old.DemandDeadline) &&
		h.DemandLapsedAt.Equal(old.DemandLapsedAt) && h.ExitBegunAt.Equal(old.ExitBegunAt) && h.ExitedAt.Equal(old.ExitedAt) && h.Waived == old.Waived &&
		h.Labels == old.Labels {
		return
	}
	s := &h.Sweep
	f.Texts(h.Currency)
	f.Times(h.OpenedAt, s.Since)
	f.Numbers(int64(s.Deposit), int64(s.ShopFunds), int64(h.Demanded))
	f.Times(h.DemandDeadline, h.ExitBegunAt, h.ExitedAt, h.DemandLapsedAt)
	f.Texts(string(s.After.Kind))
	f.Times(s.After.Since)
	f.Texts(s.After.ID)
	f.Numbers(int64(h.Waived))
	f.Later("labels", string(h.Labels))
	var facts []event.Detail
	for _, v := range []event.Detail{
		fact("sweep_since", event.Stamp(s.Since)), fact("demand_deadline_at", event.Stamp(h.DemandDeadline)),
		fact("demand_lapsed_at", event.Stamp(h.DemandLapsedAt)), fact("exit_begun_at", event.Stamp(h.ExitBegunAt)),
		fact("exited_at", event.Stamp(h.ExitedAt)),
	} {
		if v.Value != "" {
			facts = append(facts, v)
		}
	}
	if h.Demanded > 0 {
		facts = append(facts, factOf("demanded_minor", h.Demanded))
	}
	b.tell("books", "", "", f, facts...)
}

func (b *Book) bindRequest(f *event.RowForm, r *request.Stored) {
	f.Bytes(r.Digest[:])
	f.TextsOrNull(r.ClaimID, r.ResultID, r.PayoutID)
	f.NumberOrNull(r.TransferNumber)
	f.Numbers(r.EventNumber)
	f.Times(r.RecordedAt)
	b.tell("requests", "", "", f)
}
