package book

import (
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Run decides one command on the book and stages it, or leaves the book as it was.
func (b *Book) Run(c *Call) {
	b.begin(c)
	outcome, err := b.decide(c)
	if err == nil && !outcome.Replayed {
		err = b.finish(c, &outcome)
	}
	if err != nil {
		b.abandon()
		c.Err, c.Made = detached(err), nil
		return
	}
	if !outcome.Replayed {
		b.keep() // From here on nothing can refuse.
	}
	c.Outcome = outcome
}

// contain makes a panic the error of the command that caused it: a command that panics
// must not take the batch with it.
func contain(step string, c *Call, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%s %s: %v\n%s", step, c.Header.Method, r, debug.Stack())
	}
}

// detached gives a refusal a copy of the claim that it is about: its reader must not see
// what the next commands do to the claim meanwhile.
func detached(err error) error {
	if f, ok := fault.As(err); ok {
		if c, ok := f.Subject.(*claim.Claim); ok && c != nil {
			seen := *c
			seen.Units = slices.Clone(c.Units)
			f.Subject = &seen
		}
	}
	return err
}

func (b *Book) decide(c *Call) (o Outcome, err error) {
	defer contain("decide", c, &err)
	if o, replayed, err := b.Replay(c); replayed || err != nil {
		return o, err
	}
	if c.barred != nil {
		return Outcome{}, c.barred
	}
	if err := b.need(c.Command); err != nil {
		return Outcome{}, err
	}
	if o, err = c.Command.decide(b); err != nil {
		return Outcome{}, err
	}
	o.MerchantID, o.Currency = b.merchantID, b.head.Currency
	b.store(c, &o)
	return o, nil
}

// need refuses a command on a book that was never opened, unless it opens it.
func (b *Book) need(cmd Command) error {
	if _, opens := cmd.(*OpenBook); b.exists || opens {
		return nil
	}
	refused := fault.New(fault.MerchantNotFound, "no book is open for merchant %s; finance opens it with OpenBook", b.merchantID).
		With("merchantId", b.merchantID)
	first, can := cmd.(opening)
	switch {
	case !can:
		return refused
	case !b.settings.OpenBooks:
		refused.Detail += ", or the operator lets first claims open books (serve --open-books)"
		return refused
	}
	currency := first.opensIn()
	if currency == "" {
		refused.Detail += ", or send the content of the order line, which tells the book's currency"
		return refused
	}
	if err := money.CheckCurrency(currency); err != nil {
		return err
	}
	b.openWith(currency, openedByClaim)
	return nil
}

// Replay answers a request id that was carried out before, whether it is stored
// or staged by an earlier command of the batch.
func (b *Book) Replay(c *Call) (Outcome, bool, error) {
	h := &c.Header
	if h.RequestID == "" {
		return Outcome{}, false, nil
	}
	r := b.requests.get(h.Key())
	if r == nil {
		return Outcome{}, false, nil
	}
	if err := r.Replay(c.Digest); err != nil {
		f, files := c.Command.(*FileClaim)
		if !files || !f.storedWithoutRefunds(b, r) {
			return Outcome{}, false, err
		}
	}
	return Outcome{
		Replayed: true, MerchantID: b.merchantID, ClaimID: r.ClaimID, ResultID: r.ResultID, PayoutID: r.PayoutID,
		TransferNumber: r.TransferNumber, EventNumber: r.EventNumber,
	}, true, nil
}

// store stages the outcome under the request id.
func (b *Book) store(c *Call, o *Outcome) {
	o.EventNumber = b.head.EventNumber
	h := &c.Header
	if h.RequestID == "" {
		return
	}
	b.requests.add(h.Key(), request.Stored{
		Key:    h.Key(),
		Digest: c.Digest, ClaimID: o.ClaimID, ResultID: o.ResultID, PayoutID: o.PayoutID,
		TransferNumber: o.TransferNumber, EventNumber: o.EventNumber, RecordedAt: b.now,
	}, b.command)
}
