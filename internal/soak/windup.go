package soak

import (
	"context"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// roundsMax bounds how often everything that is due is done, roundSpan is how much
	// time passes in between: more than the gateway has to pay. After dueSpan a payout
	// that nobody was told of is looked after.
	roundsMax = 60
	roundSpan = 80 * time.Hour
	dueSpan   = time.Minute
	pageRows  = 500
	// plenty is what pays every debt there can be.
	plenty = 1_000_000_000_000
	// good is a destination at which nothing goes wrong.
	good = "wallet-good"
)

// windUp lets money come in, and operators and the payment service work, until no
// confirmed claim waits for anything.
func (s *soak) windUp(ctx context.Context) error {
	for i := range s.Merchants {
		if err := s.moveMoney(ctx, s.merchant(i), ledger.DepositToppedUp, plenty); err != nil {
			return err
		}
	}
	for range roundsMax {
		if err := s.runDue(ctx, roundSpan); err != nil {
			return err
		}
		if err := s.deliver(ctx); err != nil {
			return err
		}
		waiting, err := s.payAgain(ctx)
		if err != nil {
			return err
		}
		if waiting == 0 && s.gateway.Pending() == 0 {
			return nil
		}
		// Nothing may be told to a replica and wait there until it is too late.
		if err := s.runDue(ctx, dueSpan); err != nil {
			return err
		}
	}
	return nil // What still waits is found wrong.
}

// runDue lets time pass and does what is due by then.
func (s *soak) runDue(ctx context.Context, span time.Duration) error {
	s.clock.move(span)
	if _, err := s.replicas[0].Load().worker.RunDue(ctx); err != nil {
		return fmt.Errorf("do what is due: %w", err)
	}
	return nil
}

// payAgain sends what failed elsewhere, and says how many confirmed claims wait for
// something.
func (s *soak) payAgain(ctx context.Context) (waiting int, err error) {
	var failed []claim.Claim
	err = s.eachClaim(ctx, func(c *claim.Claim) {
		if settled(c) {
			return
		}
		waiting++
		if c.State == claim.PayoutFailed {
			failed = append(failed, *c)
		}
	})
	if err != nil {
		return 0, err
	}
	for i := range failed {
		if err := s.retry(ctx, failed[i].MerchantID, failed[i].ID, good); err != nil {
			return 0, err
		}
	}
	return waiting, nil
}

// settled says whether a claim waits neither for money nor for the gateway.
func settled(c *claim.Claim) bool {
	if !c.State.Confirmed() {
		return c.Funding.InFlight() == 0
	}
	return c.State == claim.Paid && c.Funding.InFlight() == 0 && c.Funding.Payable() == 0 && c.Shortfall() == 0 && c.Funding.Advanced == 0
}

// eachClaim reads every claim.
func (s *soak) eachClaim(ctx context.Context, f func(*claim.Claim)) error {
	var after book.Key
	for {
		var rows []claim.Claim
		err := s.reading(ctx, func(db *postgres.DB) (err error) {
			rows, err = db.Reader().ClaimsAfter(ctx, "", after, pageRows)
			return err
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			f(&rows[i])
		}
		last := &rows[len(rows)-1]
		after = book.Key{MerchantID: last.MerchantID, ID: last.ID}
	}
}

// reconcile holds claims and payouts against each other and against the payment
// service's own account.
func (s *soak) reconcile(ctx context.Context, db *postgres.DB, r *Report) error {
	err := s.eachClaim(ctx, func(c *claim.Claim) {
		r.Claims[string(c.State)]++
		if !settled(c) {
			r.wrong("claim %s of merchant %s is %s in the end, awarded %+v, with %+v", c.ID, c.MerchantID, c.State, c.Award, c.Funding)
		}
	})
	if err != nil {
		return err
	}
	paid := s.gateway.Payments()
	for i := range s.Merchants {
		if err := s.eachPayout(ctx, db, s.merchant(i), func(p *payout.Payout) {
			r.Payouts[string(p.State)]++
			said, known := paid[p.OutNumber]
			delete(paid, p.OutNumber)
			stays := known && !said.Returned
			switch {
			case known && said.Minor != int64(p.Amount):
				r.wrong("payout %s of %d was paid as %d", p.OutNumber, p.Amount, said.Minor)
			case (p.State == payout.Succeeded) != stays:
				r.wrong("payout %s of %d is %s; the payment service paid it: %v, and it came back: %v", p.OutNumber, p.Amount, p.State, known, said.Returned)
			case p.State == payout.Instructed:
				r.wrong("payout %s of %d was never answered", p.OutNumber, p.Amount)
			}
		}); err != nil {
			return err
		}
	}
	for number, said := range paid {
		r.wrong("%d were paid under the out-number %s, which no payout has", said.Minor, number)
	}
	return s.reconcileCash(ctx, db, r)
}

// reconcileCash proves that what left the platform's cash is what was paid.
func (s *soak) reconcileCash(ctx context.Context, db *postgres.DB, r *Report) error {
	var left int64
	for i := range s.Merchants {
		head, _, err := db.Reader().Head(ctx, s.merchant(i))
		if err != nil {
			return err
		}
		left -= int64(head.Balances.At(ledger.PlatformCash).Of(ledger.PlatformCash))
	}
	if left != r.PaidMinor {
		r.wrong("%d left the platform's cash, the payment service paid %d", left, r.PaidMinor)
	}
	return nil
}

func (s *soak) eachPayout(ctx context.Context, db *postgres.DB, merchant string, f func(*payout.Payout)) error {
	from := ""
	for {
		page, err := db.Reader().Payouts(ctx, postgres.PayoutQuery{MerchantID: merchant}, from, pageRows)
		if err != nil {
			return err
		}
		for i := range page.Rows {
			f(&page.Rows[i])
		}
		if !page.More {
			return nil
		}
		from = page.Next
	}
}
