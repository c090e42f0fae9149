package book

import (
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// CorrectOrderLine is the order service's correction of a line that it told wrongly. It is
// possible while no claim rests on the line: then nobody is owed anything by what it says.
type CorrectOrderLine struct {
	// Line is the whole line as it should have been told.
	Line *order.Line
	// Revision is that of the line which the caller read.
	Revision int32
	// Note says why it is corrected.
	Note string
	// PaidLater is that of FileClaim.
	PaidLater bool
}

func (r *CorrectOrderLine) need(c *Call, n *Needs) { needRefund(c, n, r.Line.ID) }

// follow asks for the claims on the line. Those that were filed before a correction of the
// parties or the product had ended for good by then.
func (r *CorrectOrderLine) follow(b *Book, n *Needs, round int) {
	l := b.lines.get(r.Line.ID)
	if l == nil {
		return
	}
	for _, party := range parties(l.line) {
		n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: party, ProductID: l.line.ProductID})
	}
	if round > 0 {
		for _, c := range b.claimsOn(r.Line.ID) {
			n.payoutsOfClaim(b.merchantID, c.ID)
		}
	}
}

// Cover covers the line by its digest, which covers all of it.
func (r *CorrectOrderLine) Cover(d *request.Digest) {
	digest := r.Line.Digest()
	d.Texts(r.Line.ID, string(digest[:]), r.Note)
	d.Number(int64(r.Revision))
}

func (r *CorrectOrderLine) showsLine() string { return r.Line.ID }

func (r *CorrectOrderLine) decide(b *Book) (Outcome, error) {
	stored := b.lines.get(r.Line.ID)
	if stored == nil {
		return Outcome{}, fault.New(fault.OrderLineNotFound, "order line %s is not known; nothing has to be corrected", r.Line.ID).
			With("orderLineId", r.Line.ID).At("order_line.name")
	}
	if r.Revision != stored.revision {
		return Outcome{}, fault.New(fault.OrderLineChanged, "order line %s is at revision %d, not %d; read it again", r.Line.ID, stored.revision, r.Revision).
			With("orderLineId", r.Line.ID).With("revision", stored.revision).At("revision")
	}
	if err := r.check(b); err != nil {
		return Outcome{}, err
	}
	changed := stored.line.Differences(r.Line)
	if len(changed) == 0 {
		return Outcome{}, fault.New(fault.RequestInvalid, "order line %s is stored as it is told here; nothing has to be corrected", r.Line.ID).
			With("orderLineId", r.Line.ID).At("order_line")
	}
	if err := b.checkNobodyRests(r.Line, changed); err != nil {
		return Outcome{}, err
	}
	e := b.record(event.OrderLineCorrected, "")
	b.detail("order_line", r.Line.ID)
	b.detail("revision", number(int64(stored.revision+1)))
	b.detail("fields", strings.Join(changed, " "))
	who := &b.call.Header.Principal
	b.corrections.add(LineCorrection{
		Before: stored.seen(), Note: r.Note, CorrectedAs: string(who.Role), CorrectedBy: who.Person,
		EventNumber: e.Number, CorrectedAt: b.now,
	})
	l := b.lines.edit(r.Line.ID, b.command)
	l.line, l.digest, l.seenAt = r.Line, r.Line.Digest(), b.now
	l.revision++
	return Outcome{}, nil
}

// check refuses a line that FileClaim would refuse as well.
func (r *CorrectOrderLine) check(b *Book) error {
	f := FileClaim{Line: r.Line, PaidLater: r.PaidLater}
	if err := f.checkLine(b); err != nil {
		return err
	}
	return f.checkPayment(r.Line)
}

// restingFields are what a claim took over from its line when it was filed, or what decides
// who may claim under which policy. A claim that ended may be taken up again by a court or
// with new evidence, on these facts.
var restingFields = []string{
	"order_id", "payment_id", "paid_at", "delivered_at", "cancelled_before_shipment", "product_id", "category", "payer_id", "recipient_id",
}

// restingNamed is how many claims the refusal of a correction names.
const restingNamed = 10

// checkNobodyRests refuses a correction with the claims that rest on the line: those that
// are in force, those for which money has moved or may yet be paid, and, where the
// correction changes what they took over, those that a verdict may take up again.
func (b *Book) checkNobodyRests(l *order.Line, changed []string) error {
	taken := slices.ContainsFunc(changed, func(name string) bool { return slices.Contains(restingFields, name) })
	var resting []string
	why := "is in force or has moved money"
	for _, c := range b.claimsOn(l.ID) {
		_, mayRevive := claim.Next(c.State, claim.RevisedUpward)
		switch {
		case c.State.Live() || b.movedMoney(c):
		case mayRevive && (taken || l.CheckUnits(c.Ordinals()) != nil):
			why = "may be taken up again with what it took over from the line"
		default:
			continue
		}
		resting = append(resting, c.ID)
	}
	if len(resting) == 0 {
		return nil
	}
	slices.Sort(resting)
	named := resting[:min(len(resting), restingNamed)]
	return fault.New(fault.OrderLineInUse, "order line %s cannot be corrected: %d claims rest on it, of which %s %s",
		l.ID, len(resting), strings.Join(named, ", "), why).
		With("orderLineId", l.ID).With("claimIds", strings.Join(named, ",")).With("claims", len(resting)).At("order_line")
}

// movedMoney says whether money of a claim has moved, or may yet be paid under a number that
// was sent.
func (b *Book) movedMoney(c *claim.Claim) bool {
	return c.Funding != (claim.Funding{}) || b.mayYetBePaid(c, payout.Refund) > 0 || b.mayYetBePaid(c, payout.Compensation) > 0
}

// lineChanged refuses a line that is told otherwise than it is stored. It names the fields
// and no values.
func lineChanged(stored *loadedLine, told *order.Line) error {
	fields := stored.line.Differences(told)
	return fault.New(fault.OrderLineChanged, "order line %s is stored with different content: %s", told.ID, strings.Join(fields, ", ")).
		With("orderLineId", told.ID).With("fields", strings.Join(fields, ",")).With("revision", stored.revision).At("order_line")
}
