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
	// roundsMax limits how often due work is done. roundSpan is the time between
	// two rounds, which is longer than the gateway's deadline. After dueSpan, a
	// payout whose outcome was not reported is checked.
	roundsMax = 60
	roundSpan = 80 * time.Hour
	dueSpan   = time.Minute
	pageRows  = 500
	// plenty is an amount that pays every possible debt.
	plenty = 1_000_000_000_000
	// good is a destination to which payments succeed.
	good = "wallet-good"
)

// windUp tops up the merchants' money, and lets operators and the payment service
// work, until no confirmed claim waits for anything.
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
		// Nothing that was reported to a replica may wait there until it is too
		// late.
		if err := s.runDue(ctx, dueSpan); err != nil {
			return err
		}
	}
	return nil // The report names the claims that still wait.
}

// runDue moves the clock by span and does the work that is due.
func (s *soak) runDue(ctx context.Context, span time.Duration) error {
	s.clock.move(span)
	if _, err := s.replicas[0].Load().worker.RunDue(ctx); err != nil {
		return fmt.Errorf("do due work: %w", err)
	}
	return nil
}

// payAgain sends failed payouts to another destination, and returns the number of
// confirmed claims that wait for something.
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

// settled says whether a claim waits for neither money nor the gateway.
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
			rows, _, err = db.Reader().ClaimsAfter(ctx, "", after, pageRows)
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

// reconcile compares claims and payouts with each other and with the payment
// service's own account.
func (s *soak) reconcile(ctx context.Context, db *postgres.DB, r *Report) error {
	err := s.eachClaim(ctx, func(c *claim.Claim) {
		r.Claims[string(c.State)]++
		if !settled(c) {
			r.wrong("claim %s of merchant %s is %s at the end, with award %+v and funding %+v", c.ID, c.MerchantID, c.State, c.Award, c.Funding)
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
				r.wrong("payout %s of %d was paid with %d", p.OutNumber, p.Amount, said.Minor)
			case (p.State == payout.Succeeded) != stays:
				r.wrong("payout %s of %d is %s, but at the payment service it was paid: %v, and came back: %v", p.OutNumber, p.Amount, p.State, known, said.Returned)
			case p.State == payout.Instructed:
				r.wrong("payout %s of %d was never answered", p.OutNumber, p.Amount)
			}
		}); err != nil {
			return err
		}
	}
	for number, said := range paid {
		r.wrong("the payment service paid %d under out-number %s, which no payout has", said.Minor, number)
	}
	return s.reconcileCash(ctx, db, r)
}

// reconcileCash checks that the platform's cash decreased by the amount that was
// paid.
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
		r.wrong("%d left the platform's cash, but the payment service paid %d", left, r.PaidMinor)
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
