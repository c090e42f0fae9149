package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const (
	// caresMax is the number of claims that a caller drives at once. turnsMax is
	// the number of turns that it takes on each of them.
	caresMax, turnsMax = 6, 30
	// siblings is the number of claims that a consumer has on one product.
	siblings = 3
	// bookTurns: one turn in bookTurns is about the book and not about a claim.
	bookTurns = 12
)

// destinations are payout destinations; the name of each says how the payments end.
var destinations = []string{
	payouttest.Succeed, payouttest.Succeed, payouttest.Succeed, payouttest.Process, payouttest.Fail,
	payouttest.Stall, payouttest.Lose, payouttest.Miss, payouttest.Double, payouttest.Return,
}

// persons decide and approve.
var persons = []string{"person-1", "person-2", "person-3", "person-4"}

// caller plays a consumer's order service, laboratory, merchant and deciders, one
// command after the other.
type caller struct {
	*soak
	random *rand.Rand
	name   string
	filed  int
	cares  []*care
}

// care is a claim that a caller drives.
type care struct {
	merchant, id, line string
	turns              int
}

func (s *soak) newCaller(i int) *caller {
	return &caller{soak: s, random: rand.New(rand.NewPCG(s.Seed, uint64(i)+16)), name: fmt.Sprintf("consumer-%d", i+1)}
}

func one[V any](c *caller, of ...V) V { return of[c.random.IntN(len(of))] }

func (c *caller) run(ctx context.Context) error {
	for c.answered.Load() < c.Commands {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := c.turn(ctx); err != nil {
			return err
		}
	}
	return nil
}

// turn sends one command.
func (c *caller) turn(ctx context.Context) error {
	switch {
	case len(c.cares) == 0, len(c.cares) < caresMax && c.random.IntN(4) == 0:
		return c.file(ctx)
	case c.random.IntN(bookTurns) == 0:
		return c.trade(ctx)
	}
	i := c.random.IntN(len(c.cares))
	k := c.cares[i]
	if k.turns++; k.turns > turnsMax {
		c.cares = slices.Delete(c.cares, i, i+1)
		return nil
	}
	now, found, err := c.read(ctx, k)
	if err != nil || !found {
		return err
	}
	return c.turnTo(ctx, k, &now)
}

// read reads a claim.
func (c *caller) read(ctx context.Context, k *care) (now claim.Claim, found bool, err error) {
	err = c.reading(ctx, func(db *postgres.DB) (err error) {
		now, found, err = db.Reader().Claim(ctx, k.merchant, k.id)
		return err
	})
	return now, found, err
}

// file files a claim on a product on which the consumer has other claims.
func (c *caller) file(ctx context.Context) error {
	n := c.filed
	c.filed++
	merchant := c.merchant((n/siblings + len(c.name)) % c.Merchants)
	consumer := fmt.Sprintf("%s-%d", c.name, n/siblings)
	quantity := int32(1 + c.random.IntN(3))
	price := one[money.Amount](c, 500, 2_000, 9_999)
	at := c.clock.now().Add(-20 * day)
	l := &order.Line{
		MerchantID: merchant, ID: fmt.Sprintf("line-%s-%d", consumer, n), OrderID: fmt.Sprintf("order-%s-%d", consumer, n),
		PaymentID: fmt.Sprintf("payment-%s-%d", consumer, n), PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(2 * day),
		ProductID: "product-" + consumer, Category: one(c, "cosmetics", "food/eggs"), Quantity: quantity, Currency: currency,
		UnitPrice: price, GoodsPaid: money.Amount(quantity) * price, PayerID: consumer, RecipientID: consumer,
	}
	cmd := book.FileClaim{
		Line: l, ClaimantID: consumer, Basis: one(c, policy.Promise, policy.Best), Grounds: claim.GroundsTrademark,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, LearnedAt: at.Add(10 * day), Destination: one(c, destinations...),
	}
	for o := int32(1); o <= quantity; o++ {
		cmd.Ordinals = append(cmd.Ordinals, o)
	}
	return c.send(ctx, merchant, "FileClaim", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
		o, err := e.Do(ctx, h, &cmd)
		if err == nil {
			c.cares = append(c.cares, &care{merchant: merchant, id: o.ClaimID, line: l.ID})
		}
		return err
	})
}

// trade moves a merchant's money, or records a refund on the order of a claim.
func (c *caller) trade(ctx context.Context) error {
	merchant := c.merchant(c.random.IntN(c.Merchants))
	switch c.random.IntN(6) {
	case 0:
		return c.moveMoney(ctx, merchant, ledger.DepositToppedUp, one[money.Amount](c, 10_000, 300_000))
	case 1, 2:
		return c.moveMoney(ctx, merchant, ledger.ShopFundsHandedOver, one[money.Amount](c, 7_777, 90_000))
	case 3:
		return c.moveMoney(ctx, merchant, one(c, ledger.DepositWithdrawn, ledger.ShopFundsTakenBack), 20_000)
	}
	k := one(c, c.cares...)
	cmd := book.ReportOrderRefund{
		LineID: k.line, RefundID: fmt.Sprintf("refund-%d", c.serial.Add(1)), Amount: one[money.Amount](c, 100, 1_500, 20_000),
		Currency: currency, RefundedAt: c.clock.now(),
	}
	return c.send(ctx, k.merchant, "ReportOrderRefund", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &cmd)
		return err
	})
}

// deliverReports sends the reports of the payment service to the replicas until the
// trade is over. The remaining reports are sent at the end.
func (s *soak) deliverReports(ctx context.Context, over <-chan struct{}) error {
	for {
		if err := s.deliver(ctx); err != nil {
			return err
		}
		if done, err := pause(ctx, over); done || err != nil {
			return err
		}
	}
}

func (s *soak) deliver(ctx context.Context) error {
	for _, r := range s.gateway.TakeReports() {
		err := s.send(ctx, "", "ReportPayoutOutcome", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
			_, err := e.Do(ctx, h, &book.AnswerPayout{OutNumber: r.OutNumber, Answer: r.Answer})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
