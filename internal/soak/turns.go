package soak

import (
	"context"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// turnTo sends the command that the state of the claim usually asks for, and
// sometimes another one.
func (c *caller) turnTo(ctx context.Context, k *care, now *claim.Claim) error {
	if c.random.IntN(8) == 0 {
		return c.disturb(ctx, k, now)
	}
	switch now.State {
	case claim.Authenticating:
		return c.examine(ctx, k, now)
	case claim.InReview:
		return c.decide(ctx, k, now)
	case claim.Notified:
		return c.answer(ctx, k, now)
	case claim.Appealed:
		return c.hear(ctx, k, now)
	case claim.AwaitingApproval:
		return c.approve(ctx, k)
	case claim.PayoutFailed:
		return c.retry(ctx, k.merchant, k.id, one(c, "", "wallet-"+k.id))
	case claim.Paid, claim.Rejected, claim.Expired:
		if c.random.IntN(3) == 0 {
			return c.revise(ctx, k, now)
		}
	case claim.New, claim.Paying, claim.Withdrawn:
	}
	return nil
}

// verdicts are random unit verdicts on a claim.
func (c *caller) verdicts(now *claim.Claim) []claim.Unit {
	units := make([]claim.Unit, len(now.Units))
	for i, u := range now.Units {
		units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: one(c, claim.Counterfeit, claim.Counterfeit, claim.Counterfeit, claim.Genuine)}
	}
	return units
}

// disturb sends a command that nothing asks for.
func (c *caller) disturb(ctx context.Context, k *care, now *claim.Claim) error {
	switch c.random.IntN(4) {
	case 0:
		return c.send(ctx, k.merchant, "WithdrawClaim", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
			_, err := e.Do(ctx, h, &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: k.id}})
			return err
		})
	case 1:
		return c.examine(ctx, k, now)
	case 2:
		return c.send(ctx, k.merchant, "StopClock", one(c, persons...), func(ctx context.Context, e *engine.Engine, h request.Header) error {
			_, err := e.Do(ctx, h, &book.StopClock{OnClaim: book.OnClaim{ClaimID: k.id}, Resume: !now.ClockStoppedAt.IsZero(), Note: "a test is under way"})
			return err
		})
	}
	return c.revise(ctx, k, now)
}

func (c *caller) examine(ctx context.Context, k *care, now *claim.Claim) error {
	r := claim.Result{
		ClaimID: k.id, AuthenticatorID: one(c, authenticators...), ReportNumber: fmt.Sprintf("report-%d", c.serial.Add(1)),
		Sample: claim.SealedPlatformSample, CustodyIntact: true, Units: c.verdicts(now), IssuedAt: c.clock.now(),
	}
	return c.send(ctx, k.merchant, "RecordResult", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.RecordResult{Result: r})
		return err
	})
}

func (c *caller) decide(ctx context.Context, k *care, now *claim.Claim) error {
	decision := one(c, book.Uphold, book.Uphold, book.Uphold, book.Reject, book.Retest, book.Expire)
	var units []claim.Unit
	if decision == book.Uphold {
		units = c.verdicts(now)
	}
	return c.send(ctx, k.merchant, "DecideReview", one(c, persons...), func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.DecideReview{OnClaim: book.OnClaim{ClaimID: k.id}, Decision: decision, Units: units})
		return err
	})
}

// answer plays the merchant. The merchant confirms the notice, and then accepts or
// appeals, or does neither, so that the notice lapses.
func (c *caller) answer(ctx context.Context, k *care, now *claim.Claim) error {
	switch {
	case now.NoticeConfirmedAt.IsZero() && c.random.IntN(4) > 0:
		return c.send(ctx, k.merchant, "ConfirmNotice", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
			_, err := e.Do(ctx, h, &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: k.id}})
			return err
		})
	case c.random.IntN(3) == 0:
		return c.send(ctx, k.merchant, "AppealClaim", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
			_, err := e.Do(ctx, h, &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: k.id}, Note: "genuine goods", Evidence: []string{"invoice-1"}})
			return err
		})
	case c.random.IntN(3) == 0:
		return nil
	}
	return c.send(ctx, k.merchant, "AcceptClaim", "", func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: k.id, Etag: now.Etag()}})
		return err
	})
}

func (c *caller) hear(ctx context.Context, k *care, now *claim.Claim) error {
	decision := one(c, book.AppealDismissed, book.AppealDismissed, book.AppealUpheld, book.AppealUpheldInPart)
	var units []claim.Unit
	if decision == book.AppealUpheldInPart {
		units = c.verdicts(now)
	}
	return c.send(ctx, k.merchant, "DecideAppeal", one(c, persons...), func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.DecideAppeal{OnClaim: book.OnClaim{ClaimID: k.id}, Decision: decision, Units: units})
		return err
	})
}

func (c *caller) approve(ctx context.Context, k *care) error {
	refuse := c.random.IntN(8) == 0
	return c.send(ctx, k.merchant, "ApproveClaim", one(c, persons...), func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: k.id}, Refuse: refuse})
		return err
	})
}

func (c *caller) revise(ctx context.Context, k *care, now *claim.Claim) error {
	ground, units := one(c, book.RevisionGrounds()...), c.verdicts(now)
	if ground == book.GroundFraud || c.random.IntN(3) == 0 {
		for i := range units {
			units[i].Verdict = claim.Genuine
		}
	}
	return c.send(ctx, k.merchant, "ReviseVerdict", one(c, persons...), func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: k.id}, Ground: ground, Units: units, Document: "docket-1"})
		return err
	})
}

// retry plays an operator, who sends failed or returned payouts again, to the same
// or another destination.
func (s *soak) retry(ctx context.Context, merchant, claimID, destination string) error {
	var failed string
	err := s.reading(ctx, func(db *postgres.DB) error {
		page, err := db.Reader().Payouts(ctx, postgres.PayoutQuery{MerchantID: merchant, ClaimID: claimID}, "", 1_000)
		for _, p := range page.Rows {
			if (p.State == payout.Failed || p.State == payout.Returned) && !p.Superseded {
				failed = p.ID
			}
		}
		return err
	})
	if err != nil || failed == "" {
		return err
	}
	return s.send(ctx, merchant, "RetryPayout", persons[0], func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.RetryPayout{PayoutID: failed, Destination: destination})
		return err
	})
}
