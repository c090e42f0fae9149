package book

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// FileClaim files a consumer's claim on units of one order line.
type FileClaim struct {
	// Line is the order line as the order service holds it. It is nil if LineID names
	// a line that is already stored.
	Line   *order.Line
	LineID string
	// Refunds are those of the line that the order service knows of, each told as by
	// ReportOrderRefund.
	Refunds []OrderRefund

	// ClaimantID is the line's payer or recipient. Only a quote may leave it empty.
	ClaimantID  string
	Ordinals    []int32
	Basis       policy.LegalBasis
	Remedies    policy.Remedies
	Grounds     claim.Grounds
	LearnedAt   time.Time
	Destination string
	// Note is kept with the filing.
	Note string
	// PayoutForm is what the compensation is paid in; empty for cash.
	PayoutForm claim.PayoutForm
	// SamplingCase is the product-level case it belongs to; empty for none.
	SamplingCase string
	// PaidLater says that a line which was paid after it was shipped was sold so. It is
	// no part of the claim: the times of the line say it once it is stored.
	PaidLater bool
	// Evidence is what the consumer filed the claim with; its claim is left out.
	Evidence []AddEvidence
	// Labels and ExternalReference are the marketplace's own.
	Labels            claim.Labels
	ExternalReference string
}

func (f *FileClaim) lineID() string {
	if f.Line != nil {
		return f.Line.ID
	}
	return f.LineID
}

// opensIn is the currency of the line; a line that is only named is one that the book has.
func (f *FileClaim) opensIn() string {
	if f.Line == nil {
		return ""
	}
	return f.Line.Currency
}

func (f *FileClaim) need(c *Call, n *Needs) {
	m := c.Header.MerchantID
	needRefund(c, n, f.lineID())
	if f.Line != nil {
		n.claimsOf(SiblingKey{MerchantID: m, ClaimantID: f.ClaimantID, ProductID: f.Line.ProductID})
	}
}

func (f *FileClaim) follow(b *Book, n *Needs, round int) {
	f.followEarlier(b, n, round)
	if len(f.Refunds) > 0 {
		followRefund(b, n, f.lineID())
	}
	l := f.Line
	if stored := b.lines.get(f.lineID()); stored != nil {
		l = stored.line
	}
	if l == nil {
		return
	}
	if round == 0 && f.Line == nil {
		n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: f.ClaimantID, ProductID: l.ProductID})
	}
	if round == 0 || f.LearnedAt.IsZero() {
		return
	}
	// Claims on goods that were bought knowingly, by what this one tells, are repriced.
	for _, s := range b.siblings(f.ClaimantID, l.ProductID) {
		if s.Revision > 0 && s.State.Live() && f.LearnedAt.Before(s.PaidAt) {
			followGroup(b, n, s)
			n.holdsOf(b.merchantID, s.ID)
		}
	}
}

func (f *FileClaim) Cover(d *request.Digest) {
	d.Texts(f.lineID(), f.ClaimantID, string(f.Basis), string(f.Grounds), f.Destination, f.Note)
	d.Flag(f.Remedies.Refund)
	d.Flag(f.Remedies.Compensation)
	d.Time(f.LearnedAt)
	d.Number(int64(len(f.Ordinals)))
	for _, o := range f.Ordinals {
		d.Number(int64(o))
	}
	switch f.DigestVersion() {
	case withFormAndCase:
		d.Texts(string(f.PayoutForm), f.SamplingCase)
	case withRefunds, withEvidence, withLabels, withUploads:
		d.Texts(string(cmp.Or(f.PayoutForm, claim.Cash)), f.SamplingCase)
		d.Number(int64(len(f.Refunds)))
		for i := range f.Refunds {
			f.Refunds[i].cover(d)
		}
	}
	if f.DigestVersion() >= withEvidence {
		d.Number(int64(len(f.Evidence)))
		for i := range f.Evidence {
			f.Evidence[i].coverReference(d)
		}
	}
	if f.DigestVersion() >= withLabels {
		d.Texts(string(f.Labels), f.ExternalReference)
	}
	if f.DigestVersion() == withUploads {
		for i := range f.Evidence {
			f.Evidence[i].coverFile(d)
		}
	}
}

// The lists of fields after the first: each covers all of the one before it.
const (
	withFormAndCase = 2
	withRefunds     = 3
	withEvidence    = 4
	withLabels      = 5
	withUploads     = 6
)

// DigestVersion is the oldest list of fields that says all of the filing.
func (f *FileClaim) DigestVersion() int64 {
	switch {
	case slices.ContainsFunc(f.Evidence, func(e AddEvidence) bool { return e.UploadID != "" }):
		return withUploads
	case f.Labels != "" || f.ExternalReference != "":
		return withLabels
	case len(f.Evidence) > 0:
		return withEvidence
	case len(f.Refunds) > 0:
		return withRefunds
	case f.SamplingCase != "" || f.PayoutForm != "" && f.PayoutForm != claim.Cash:
		return withFormAndCase
	}
	return request.FirstVersion
}

// storedWithoutRefunds says whether r is this filing as it was stored before its digest
// covered refunds. Each refund must be kept as it is told here: then nothing of the
// filing is lost, whatever r was.
func (f *FileClaim) storedWithoutRefunds(b *Book, r *request.Stored) bool {
	for i := range f.Refunds {
		have := b.refunds.get(refundKey{f.lineID(), f.Refunds[i].RefundID})
		if have == nil || f.Refunds[i].Currency != b.head.Currency || !have.same(&f.Refunds[i]) {
			return false
		}
	}
	bare := *f
	bare.Refunds = nil
	return r.Replay(request.DigestOf(&bare)) == nil
}

func (f *FileClaim) decide(b *Book) (Outcome, error) {
	l, seen, err := f.line(b)
	if err != nil {
		return Outcome{}, err
	}
	arrived := b.call.Header.ArrivedAt
	if err := f.checkEligible(l, b.arrived().Add(b.settings.ClockSkew)); err != nil {
		return Outcome{}, err
	}
	versions, err := f.versions(b.catalog, l, arrived)
	if err != nil {
		return Outcome{}, err
	}
	if err := f.checkUnits(b, l); err != nil {
		return Outcome{}, err
	}
	groupID, size := b.findGroup(f.ClaimantID, l, grouping(versions))
	// Beyond the bound, claims are not loaded, ended ones included: one more could not
	// be priced together with its group.
	if size >= policy.MembersMax || len(b.siblings(f.ClaimantID, l.ProductID)) > policy.MembersMax {
		return Outcome{}, fault.New(fault.PricingGroupFull, "the pricing group is full: at most %d claims on one product are priced together", policy.MembersMax).
			With("membersMax", policy.MembersMax)
	}

	if !seen {
		b.lines.add(l.ID, loadedLine{line: l, digest: l.Digest(), revision: 1, seenAt: b.now}, b.command)
		b.knowsLine(l.ID)
	}
	for i, r := range f.Refunds {
		if err := b.tellRefund(l.ID, r, fmt.Sprintf("refunds[%d]", i)); err != nil {
			return Outcome{}, err
		}
	}
	// From here on nothing but an amount out of range can refuse.
	id := b.ids.Next(b.now)
	if groupID == "" {
		groupID = id
		b.groups.add(groupID, Group{
			MerchantID: b.merchantID, ID: groupID, ClaimantID: f.ClaimantID, ProductID: l.ProductID,
			AnchorPaidAt: l.PaidAt, RecordedAt: b.now,
		}, b.command)
	}
	c, err := f.stage(b, id, groupID, l, versions)
	if err != nil {
		return Outcome{}, err
	}
	for i := range f.Evidence {
		e := f.Evidence[i]
		e.ClaimID = id
		b.addEvidence(&e)
	}
	if err := b.learn(c); err != nil {
		return Outcome{}, err
	}
	return Outcome{ClaimID: id, Claim: c}, nil
}

// line gives the order line, stored or as sent, and says whether it is stored.
func (f *FileClaim) line(b *Book) (*order.Line, bool, error) {
	stored := b.lines.get(f.lineID())
	if f.Line == nil {
		if stored == nil {
			return nil, false, fault.New(fault.OrderLineNotFound, "order line %s is not known yet; send its content", f.LineID).
				With("orderLineId", f.LineID).At("order_line_name")
		}
		return stored.line, true, nil
	}
	if err := f.checkLine(b); err != nil {
		return nil, false, err
	}
	if stored != nil {
		if stored.digest != f.Line.Digest() {
			return nil, false, lineChanged(stored, f.Line)
		}
		return stored.line, true, nil
	}
	return f.Line, false, f.checkPayment(f.Line)
}

// checkLine refuses a line that cannot be, and one of another merchant or currency.
func (f *FileClaim) checkLine(b *Book) error {
	if f.Line.MerchantID != b.merchantID {
		return fault.New(fault.RequestInvalid, "order line %s belongs to another merchant", f.Line.ID).
			With("orderLineId", f.Line.ID).At("order_line")
	}
	if err := f.Line.Check(); err != nil {
		return err
	}
	if f.Line.Currency != b.head.Currency {
		return fault.New(fault.CurrencyMismatch, "the book's currency is %s, but the order line's is %s", b.head.Currency, f.Line.Currency).
			With("expected", b.head.Currency).With("given", f.Line.Currency).At("order_line.unit_price.currency_code")
	}
	return nil
}

// checkEligible refuses a claim that no policy could pay (rules E1, E2). A time after
// latest is still to come.
func (f *FileClaim) checkEligible(l *order.Line, latest time.Time) error {
	ineligible := func(rule, detail string) *fault.Error {
		return fault.New(fault.OrderNotEligible, "order line %s %s", l.ID, detail).
			With("orderLineId", l.ID).With("rule", rule).At("order_line")
	}
	switch {
	case l.PaidAt.IsZero():
		return ineligible("PAID", "has not been paid")
	case l.CancelledBeforeShipment:
		return ineligible("NOT_CANCELLED", "was cancelled before shipment")
	case l.DeliveredAt.IsZero():
		return ineligible("DELIVERED", "has not been delivered")
	case l.PaidAt.After(latest):
		return ineligible("NOT_IN_FUTURE", "has a payment time in the future").At("order_line.paid_at")
	case l.DeliveredAt.After(latest):
		return ineligible("NOT_IN_FUTURE", "has a delivery time in the future").At("order_line.delivered_at")
	case f.LearnedAt.After(latest):
		return fault.New(fault.RequestInvalid, "learned_at must not be in the future").At("learned_at")
	case f.ClaimantID != "" && f.ClaimantID != l.PayerID && f.ClaimantID != l.RecipientID:
		return fault.New(fault.ClaimantNotEligible, "the claimant neither paid for order line %s nor received it", l.ID).
			With("orderLineId", l.ID).At("claimant_id")
	}
	return nil
}

// versions gives the policy versions under which the claim may be priced: in force at
// payment, with a claim window that is still open.
func (f *FileClaim) versions(catalog *Catalog, l *order.Line, arrived time.Time) (map[policy.LegalBasis]*policy.Version, error) {
	open, closed := catalog.open(l, f.LearnedAt, arrived)
	if f.Basis != policy.Best {
		v := open[f.Basis]
		if v == nil {
			if u := catalog.Policies.InForce(policy.Bought(l))[f.Basis]; u != nil {
				return nil, windowClosed(closesAt(u, l.DeliveredAt, f.LearnedAt))
			}
			return nil, noPolicy(catalog, l, fault.New(fault.PolicyNotFound,
				"no policy with legal basis %s was in force for category %q when the order was paid", f.Basis, l.Category).
				With("legalBasis", f.Basis))
		}
		return map[policy.LegalBasis]*policy.Version{f.Basis: v}, nil
	}
	switch {
	case len(open) > 0:
		return open, nil
	case !closed.IsZero():
		return nil, windowClosed(closed)
	}
	return nil, noPolicy(catalog, l, fault.New(fault.PolicyNotFound, "no policy was in force for category %q when the order was paid", l.Category))
}

// noPolicy refuses a line for which there is no version: with otherwise, or, where no
// version of any kind pays in its currency, for that.
func noPolicy(catalog *Catalog, l *order.Line, otherwise *fault.Error) error {
	if !catalog.Policies.Pay(l.Currency) {
		return fault.New(fault.CurrencyMismatch, "no policy pays in %s", l.Currency).
			With("given", l.Currency).At("order_line.unit_price.currency_code")
	}
	return otherwise.At("legal_basis_choice")
}

func windowClosed(at time.Time) error {
	return fault.New(fault.ClaimWindowClosed, "claims on this order line could be filed until %s; a court or the 12315 hotline may still help",
		at.UTC().Format(time.RFC3339)).With("closedAt", at.UTC().Format(time.RFC3339))
}

func grouping(versions map[policy.LegalBasis]*policy.Version) time.Duration {
	var widest time.Duration
	for _, v := range versions {
		widest = max(widest, v.Windows.Grouping)
	}
	return widest
}

// checkUnits refuses units that the line does not have, units that another claim owns, and
// units that were decided before, without new evidence (rule E3).
func (f *FileClaim) checkUnits(b *Book, l *order.Line) error {
	if err := l.CheckUnits(f.Ordinals); err != nil {
		if refusal, ok := fault.As(err); ok {
			refusal.At("units")
		}
		return err
	}
	for _, o := range f.Ordinals {
		if u := b.units.get(unitKey{l.ID, o}); u != nil {
			return fault.New(fault.ClaimAlreadyFiled, "unit %d of order line %s already belongs to claim %s", o, l.ID, u.claimID).
				With("claimId", u.claimID).With("ordinal", o).At("units")
		}
	}
	return f.checkRefiled(b, l)
}

func (f *FileClaim) stage(b *Book, id, groupID string, l *order.Line, versions map[policy.LegalBasis]*policy.Version) (*claim.Claim, error) {
	potential, err := policy.Potential(&policy.Member{
		ClaimID: id, Line: l, Units: f.Ordinals, Remedies: f.Remedies, Basis: f.Basis, Versions: versions,
	})
	if err != nil {
		return nil, err
	}
	units := make([]claim.Unit, len(f.Ordinals))
	for i, o := range f.Ordinals {
		units[i] = claim.Unit{Ordinal: o, Verdict: claim.Pending}
		b.takeUnit(unitKey{l.ID, o}, id)
	}
	b.knowsClaim(id)
	b.record(event.ClaimFiled, id)
	b.detail("order_line", l.ID)
	b.detail("order", l.OrderID)
	c := &b.claims.add(id, loadedClaim{Claim: claim.Claim{
		MerchantID: b.merchantID, ID: id, Version: 1,
		State: claim.Authenticating, StateSince: b.now, Verdict: claim.Pending,
		OrderLineID: l.ID, OrderID: l.OrderID, PaymentID: l.PaymentID, ProductID: l.ProductID, PaidAt: l.PaidAt,
		ClaimantID: f.ClaimantID, Destination: f.Destination, Units: units,
		BasisChosen: f.Basis, GroupID: groupID, Remedies: f.Remedies, Grounds: f.Grounds,
		LearnedAt: f.LearnedAt, ArrivedAt: b.call.Header.ArrivedAt, FiledAt: b.now, Currency: b.head.Currency,
		FiledBy: b.call.Header.Principal.Person, Potential: potential, SamplingCase: f.SamplingCase,
		PayoutForm: cmp.Or(f.PayoutForm, claim.Cash), ChangedAt: b.now, Labels: f.Labels, ExternalReference: f.ExternalReference,
	}}, b.command).Claim
	b.trace(c, claim.New, claim.Filed, f.Note)
	b.wait(c, b.deadlineOf(c))
	filed := *c
	return &filed, nil
}
