package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// How a commission comes along: what its body and the marketplace tell of it, and what time does.

// OnCommission names a commission. Every command on one embeds it.
type OnCommission struct {
	ClaimID string
	Number  int32
	// AuthenticatorID names the body that acts; empty for the marketplace.
	AuthenticatorID string
}

func (o *OnCommission) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, o.ClaimID)
	n.commissionsOf(c.Header.MerchantID, o.ClaimID)
}

// of gives the commission. Another body's is COMMISSION_NOT_FOUND.
func (o *OnCommission) of(b *Book) (*commission.Commission, error) {
	if _, err := b.Claim(o.ClaimID); err != nil {
		return nil, err
	}
	x, err := b.commission(o.ClaimID, o.Number)
	if err == nil && o.AuthenticatorID != "" && o.AuthenticatorID != x.AuthenticatorID {
		err = noCommission(o.ClaimID, o.Number)
	}
	return x, err
}

// MoveCommission takes a commission along by a step of its body or of the marketplace.
type MoveCommission struct {
	OnCommission
	Step commission.Step
	// Shipment is what names a shipment with its carrier; empty for other steps.
	Shipment string
	// Note is why the commission ends; empty for other steps.
	Note string
}

func (m *MoveCommission) need(c *Call, n *Needs) {
	m.OnCommission.need(c, n)
	if m.Step == commission.Decline {
		needRetest(n, c.Header.MerchantID, m.ClaimID)
	}
}

// follow asks for the body, who must be believed for what it takes over.
func (m *MoveCommission) follow(b *Book, n *Needs, _ int) {
	c, x := b.claims.get(m.ClaimID), b.commissions.get(commissionKey{m.ClaimID, m.Number})
	if c == nil || x == nil || m.Step != commission.Accept && m.Step != commission.Receive {
		return
	}
	n.judge(b.merchantID, x.AuthenticatorID)
	n.line(b.merchantID, c.OrderLineID)
}

// checkBody refuses the consent of a body by whose word nothing is recorded now, and the receipt that
// a suspended one tells by itself. Declining needs nobody's trust.
func (m *MoveCommission) checkBody(b *Book, x *commission.Commission) error {
	if m.Step != commission.Accept && (m.Step != commission.Receive || m.AuthenticatorID == "") {
		return nil
	}
	judge, err := b.judgeBy(x.AuthenticatorID)
	if err != nil {
		return err
	}
	if m.Step == commission.Receive {
		err = judge.CheckActive()
	} else {
		err = judge.CheckResult(b.today(b.claims.get(m.ClaimID).OrderLineID))
	}
	if refusal, ok := fault.As(err); ok {
		return refusal.At("name")
	}
	return err
}

// Cover implements request.Content.
func (m *MoveCommission) Cover(d *request.Digest) {
	d.Texts(m.ClaimID, string(m.Step), m.Shipment, m.Note)
	d.Number(int64(m.Number))
}

var stepEvents = map[commission.Step]event.Kind{
	commission.Accept:  event.CommissionAccepted,
	commission.Decline: event.CommissionDeclined,
	commission.Ship:    event.CommissionShipped,
	commission.Receive: event.CommissionReceived,
	commission.Cancel:  event.CommissionCancelled,
}

func (m *MoveCommission) decide(b *Book) (Outcome, error) {
	x, err := m.of(b)
	if err != nil {
		return Outcome{}, err
	}
	kind, ok := stepEvents[m.Step]
	if _, known := commission.Next(x.State, m.Step); !known || !ok {
		return Outcome{}, x.Refuse("%s is not possible", m.Step)
	}
	if err := m.checkBody(b, x); err != nil {
		return Outcome{}, err
	}
	b.record(kind, m.ClaimID)
	b.detail("commission", number(int64(x.Number)))
	b.detail("authenticator", x.AuthenticatorID)
	if m.Note != "" {
		b.detail("note", m.Note)
	}
	x = b.commissions.edit(commissionKey{m.ClaimID, x.Number}, b.command)
	if err := x.Take(m.Step, b.now); err != nil {
		return Outcome{}, err
	}
	if m.Step == commission.Ship {
		x.Shipment = m.Shipment
		b.detail("shipment", m.Shipment)
	}
	if !x.State.Open() {
		x.Note = m.Note
	}
	moved := *x
	if m.Step == commission.Decline {
		b.seekRetest(m.ClaimID) // Another one is drawn. Who cancels a re-test decides, until more is told.
	}
	return b.commissioned(moved), nil
}

// ChaseCommission reminds a body of an open commission.
type ChaseCommission struct {
	OnCommission
	Note string
}

// Cover implements request.Content.
func (m *ChaseCommission) Cover(d *request.Digest) {
	d.Texts(m.ClaimID, m.Note)
	d.Number(int64(m.Number))
}

func (m *ChaseCommission) decide(b *Book) (Outcome, error) {
	x, err := m.of(b)
	if err != nil {
		return Outcome{}, err
	}
	if !x.State.Open() {
		return Outcome{}, x.Refuse("nobody is waited for")
	}
	x = b.chase(x)
	b.detail("note", m.Note)
	return b.commissioned(*x), nil
}

// chase records that a body is reminded.
func (b *Book) chase(x *commission.Commission) *commission.Commission {
	b.record(event.CommissionChased, x.ClaimID)
	b.detail("commission", number(int64(x.Number)))
	b.detail("authenticator", x.AuthenticatorID)
	x = b.commissions.edit(commissionKey{x.ClaimID, x.Number}, b.command)
	x.Chases++
	x.ChasedAt = b.now
	return x
}

// PassCommission is a worker's command for a commission whose time it saw pass: the body is
// reminded, once, and the commission stands among those that are overdue. It is refused with
// CLAIM_CHANGED if the commission has changed since.
type PassCommission struct {
	OnCommission
	DueAt time.Time
}

// Cover implements request.Content.
func (m *PassCommission) Cover(d *request.Digest) {
	d.Texts(m.ClaimID)
	d.Number(int64(m.Number))
	d.Time(m.DueAt)
}

func (m *PassCommission) decide(b *Book) (Outcome, error) {
	x, err := m.of(b)
	if err != nil {
		return Outcome{}, err
	}
	if !x.State.Open() || !x.OverdueAt.IsZero() || !x.DueAt.Equal(m.DueAt) || !passed(x.DueAt, b.now.Add(-b.settings.LapseGrace)) {
		return Outcome{}, claimMoved(m.ClaimID)
	}
	x = b.chase(x)
	b.detail("overdue", "true")
	x.OverdueAt = b.now
	return b.commissioned(*x), nil
}
