package book

import (
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// What becomes of the work of a body that is suspended.

// LeaveSuspended is a worker's command for an open commission of a body that is suspended: it ends,
// since nothing that the body says is recorded. Where the body was drawn, another one of its kind is
// drawn in its place, if there is one; where it was named, a person names another. Refuses with
// CLAIM_CHANGED if commission or body has changed since the worker saw it.
type LeaveSuspended struct {
	OnCommission
	// Body is the body of the commission.
	Body string
	// Draw is that of the other body; empty where none is drawn.
	Draw Drawing
}

func (m *LeaveSuspended) need(c *Call, n *Needs) {
	m.OnCommission.need(c, n)
	n.judge(c.Header.MerchantID, m.Body)
	needRetest(n, c.Header.MerchantID, m.ClaimID)
	for _, x := range m.Draw.Candidates {
		n.judge(c.Header.MerchantID, x.AuthenticatorID)
	}
}

func (m *LeaveSuspended) follow(b *Book, n *Needs, _ int) {
	if c := b.claims.get(m.ClaimID); c != nil {
		n.line(b.merchantID, c.OrderLineID)
	}
}

// Cover implements request.Content.
func (m *LeaveSuspended) Cover(d *request.Digest) {
	d.Texts(m.ClaimID, m.Body)
	d.Number(int64(m.Number))
}

func (m *LeaveSuspended) decide(b *Book) (Outcome, error) {
	x, err := m.of(b)
	if err != nil {
		return Outcome{}, err
	}
	if !x.State.Open() || x.AuthenticatorID != m.Body {
		return Outcome{}, claimMoved(m.ClaimID)
	}
	judge, err := b.judgeBy(m.Body)
	if err != nil {
		return Outcome{}, err
	}
	if !judge.LongSuspended(b.now) {
		return Outcome{}, claimMoved(m.ClaimID)
	}
	b.record(event.CommissionCancelled, m.ClaimID)
	b.detail("commission", number(int64(x.Number)))
	b.detail("authenticator", x.AuthenticatorID)
	b.detail("suspended", "true")
	b.endCommission(x, bodySuspended)
	ended := *b.commissions.get(commissionKey{m.ClaimID, m.Number})
	b.seekRetest(m.ClaimID)
	if len(ended.Seed) > 0 && !isRetest(&ended) {
		return m.replace(b, ended)
	}
	return b.commissioned(ended), nil
}

// bodySuspended is why the commission of a suspended body ends.
const bodySuspended = "The authenticator is suspended."

// replace draws another body in the place of the one that is suspended, with as much time as that one
// had. Where there is none, or the claim admits no commission any more, it stays at the end of the first.
func (m *LeaveSuspended) replace(b *Book, ended commission.Commission) (Outcome, error) {
	item := CommissionItem{
		ClaimID: m.ClaimID, Draw: m.Draw, DueAt: b.now.Add(ended.DueAt.Sub(ended.MadeAt)), Fee: ended.Fee, Replaces: ended.Number, Note: bodySuspended,
	}
	c := &b.claims.get(m.ClaimID).Claim
	item.FeeCurrency = c.Currency
	units, err := item.check(b, c, &ended)
	if err == nil {
		var body string
		var record []string
		if body, record, err = item.body(b, c, units); err == nil {
			return b.commissioned(item.make(b, c, units, &ended, chosen{body, record})), nil
		}
	}
	if _, refused := fault.As(err); !refused {
		return Outcome{}, err
	}
	return b.commissioned(ended), nil
}
