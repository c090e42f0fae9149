package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// RepayClawBack records that a consumer repaid a claw-back. Refuses with
// CLAW_BACK_EXCEEDED if the amount is more than is owed and has arrived beyond the award.
type RepayClawBack struct {
	ClaimID  string
	Amount   money.Amount
	Currency string
	// Reference is the payment's own; it is unique across books.
	Reference string
	// EffectiveAt is when it was paid; zero for now.
	EffectiveAt time.Time
}

// References implements Referring.
func (r *RepayClawBack) References() []Reference { return payments(r.Reference) }

func (r *RepayClawBack) need(c *Call, n *Needs) {
	n.claim(c.Header.MerchantID, r.ClaimID)
	n.reference(c.Header.MerchantID, r.Reference)
}

func (r *RepayClawBack) Cover(d *request.Digest) {
	d.Texts(r.ClaimID, r.Currency, r.Reference)
	d.Number(int64(r.Amount))
	d.Time(r.EffectiveAt)
}

func (r *RepayClawBack) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(r.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.checkAmount(r.Amount, r.Currency); err != nil {
		return Outcome{}, err
	}
	at, err := b.moved(r.EffectiveAt, "effective_at")
	if err == nil {
		err = b.notBefore(r.EffectiveAt, c.ConfirmedAt, "effective_at", "a repayment", "the claim was paid")
	}
	if err != nil {
		return Outcome{}, err
	}
	if _, used := b.transferWith(r.Reference, ledger.ClawBackRepaid); used {
		return Outcome{}, ReferenceUsed(r.Reference)
	}
	// What exceeds the award may still be on its way: the award itself is not given back.
	if owed := max(0, min(c.Funding.ClawedBack, c.Funding.Paid()-c.Award.Total())); r.Amount > owed {
		return Outcome{}, fault.New(fault.ClawBackExceeded, "only %s %s can be repaid for claim %s, not %s",
			money.Format(owed, c.Currency), c.Currency, c.ID, money.Format(r.Amount, c.Currency)).
			With("claimId", c.ID).With("owedMinor", int64(owed)).With("askedMinor", int64(r.Amount)).With("currency", c.Currency).
			At("amount.minor_units").About(c)
	}
	first := b.head.TransferNumber + 1
	b.record(event.ClawBackRepaid, c.ID)
	c = b.change(c.ID)
	if err := b.post(ledger.ClawBackRepaid, r.Amount, posting{claim: c, external: r.Reference, at: at}); err != nil {
		return Outcome{}, err
	}
	o := b.about(c.ID)
	o.TransferNumber, o.Transfers = first, b.transferred(first).Transfers
	return o, nil
}
