package engine

import (
	"fmt"
	"runtime/debug"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// run decides one command on the book and stages it, or leaves the book as it was.
func (b *Book) run(c *call) {
	b.begin(c)
	outcome, err := b.decide(c)
	if err != nil {
		b.abandon()
		c.err, c.made = err, nil
		return
	}
	if !outcome.Replayed {
		if err := b.finish(); err != nil {
			b.abandon()
			c.err, c.made = err, nil
			return
		}
	}
	c.outcome = outcome
}

func (b *Book) decide(c *call) (o Outcome, err error) {
	defer func() {
		// A command that breaks must not take the batch with it.
		if r := recover(); r != nil {
			err = fmt.Errorf("decide %s: %v\n%s", c.header.Method, r, debug.Stack())
		}
	}()
	if o, replayed, err := b.replay(c); replayed || err != nil {
		return o, err
	}
	if _, opens := c.cmd.(*OpenBook); !b.exists && !opens {
		return Outcome{}, fault.New(fault.MerchantNotFound, "no book is open for merchant %s", b.merchantID).
			With("merchantId", b.merchantID)
	}
	if o, err = c.cmd.decide(b); err != nil {
		return Outcome{}, err
	}
	o.MerchantID, o.Currency, o.OpenedAt = b.merchantID, b.head.Currency, b.head.OpenedAt
	b.store(c, &o)
	return o, nil
}

// replay answers a request id that was carried out before, whether it is stored
// or staged by an earlier command of the batch.
func (b *Book) replay(c *call) (Outcome, bool, error) {
	h := &c.header
	if h.RequestID == "" {
		return Outcome{}, false, nil
	}
	r := b.requests.get(keyOf(h))
	if r == nil {
		return Outcome{}, false, nil
	}
	if r.Digest != c.digest {
		return Outcome{}, false, fault.New(fault.RequestIDReused,
			"request id %s was used for another content of %s", h.RequestID, h.Method).
			With("requestId", h.RequestID).At("request_id")
	}
	return Outcome{
		Replayed: true, MerchantID: b.merchantID, ClaimID: r.ClaimID, ResultID: r.ResultID, PayoutID: r.PayoutID,
		TransferNumber: r.TransferNumber, EventNumber: r.EventNumber,
	}, true, nil
}

// store stages the outcome under the request id.
func (b *Book) store(c *call, o *Outcome) {
	o.EventNumber = b.head.EventNumber
	h := &c.header
	if h.RequestID == "" {
		return
	}
	b.requests.add(keyOf(h), postgres.Request{
		RequestKey: postgres.RequestKey{
			MerchantID: b.merchantID, Workload: h.Principal.Workload, Method: h.Method, RequestID: h.RequestID,
		},
		Digest: c.digest, ClaimID: o.ClaimID, ResultID: o.ResultID, PayoutID: o.PayoutID,
		TransferNumber: o.TransferNumber, EventNumber: o.EventNumber, RecordedAt: b.now,
	}, b.command)
}
