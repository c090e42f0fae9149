package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// filed is a claim that waits for the merchant's answer.
type filed struct {
	name, etag string
	merchant   int
	serial     int
}

// open registers the laboratory and opens a book with a deposit for each merchant.
func (b *bench) open(ctx context.Context, merchants int) error {
	m := b.newMeasure()
	if b.opened == 0 {
		_, err := send(ctx, m, b.callers.of(0).authentication.RegisterAuthenticator, &tenfoldv1.RegisterAuthenticatorRequest{
			RequestId: "register", AuthenticatorId: laboratory, Authenticator: &tenfoldv1.Authenticator{
				Kind: tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_ACCREDITED_LAB, DisplayName: "Laboratory of the bench",
			},
		})
		if err != nil {
			return err
		}
	}
	first := b.opened
	err := forAll(ctx, b.run.Callers, merchants-first, nil, func(ctx context.Context, caller, item int) error {
		s, n := b.callers.of(caller), first+item
		_, err := send(ctx, m, s.deposits.OpenBook, &tenfoldv1.OpenBookRequest{MerchantId: merchantID(n), RequestId: "open", CurrencyCode: currency})
		if err != nil {
			return err
		}
		_, err = send(ctx, m, s.deposits.TopUpDeposit, &tenfoldv1.TopUpDepositRequest{
			Name: bookName(n), RequestId: "top-up", Amount: yuan(deposit), PaymentReference: "deposit-" + merchantID(n),
		})
		return err
	})
	b.opened = max(b.opened, merchants)
	return err
}

// toNotified files a claim and records the result that decides it.
func (b *bench) toNotified(ctx context.Context, m *measure, s *stubs, merchant, serial int) (filed, error) {
	now := b.run.Now()
	f, err := send(ctx, m, s.claims.FileClaim, filing(merchant, serial, now))
	if err != nil {
		return filed{}, err
	}
	r, err := send(ctx, m, s.authentication.RecordResult, counterfeit(merchant, serial, f.GetClaim().GetName(), now))
	if err != nil {
		return filed{}, err
	}
	c := r.GetClaim()
	if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED {
		return filed{}, fmt.Errorf("claim %s is %s after its result", c.GetName(), c.GetState())
	}
	return filed{name: c.GetName(), etag: c.GetEtag(), merchant: merchant, serial: serial}, nil
}

// prefile files claims of the first merchants up to the state in which the merchant
// may accept. Then it vacuums, as pgbench does before its run; otherwise autovacuum
// would process the new rows at some time in the window.
func (b *bench) prefile(ctx context.Context, n, merchants int) ([]filed, error) {
	m := b.newMeasure()
	claims := make([]filed, n)
	first := b.take(n)
	err := forAll(ctx, b.run.Callers, n, nil, func(ctx context.Context, caller, item int) (err error) {
		claims[item], err = b.toNotified(ctx, m, b.callers.of(caller), item%merchants, first+item)
		return err
	})
	if err != nil {
		return nil, err
	}
	return claims, fill.Vacuum(ctx, b.db.ownerURL)
}

// take reserves n serials.
func (b *bench) take(n int) int { return int(b.serials.Add(int64(n))) - n }

// measureFiling runs W1: FileClaim, one call for each operation, over all
// merchants.
func (b *bench) measureFiling(ctx context.Context) (Workload, error) {
	m := b.newMeasure()
	err := forTime(ctx, b.run.Callers, b.run.Ramp, b.run.Window, m, func(ctx context.Context, caller int) error {
		serial := b.take(1)
		began := b.run.Now()
		_, err := send(ctx, m, b.callers.of(caller).claims.FileClaim, filing(serial%b.run.Merchants, serial, began))
		m.record(began)
		return err
	})
	return b.result("W1", "FileClaim", m), err
}

// accept runs W2, W3 and the reference without batching: AcceptClaim on claims that
// were filed before and wait for their merchant. The gateway holds the payouts back
// until all claims are accepted, so that only one kind of command is measured. W4
// measures all commands together.
func (b *bench) accept(ctx context.Context, id, title string, claims []filed) (Workload, error) {
	m := b.newMeasure()
	b.gateway.hold()
	defer b.gateway.release()
	err := forAll(ctx, b.run.Callers, len(claims), m, func(ctx context.Context, caller, item int) error {
		c := &claims[item]
		began := b.run.Now()
		_, err := send(ctx, m, b.callers.of(caller).claims.AcceptClaim, acceptance(c.serial, c.name, c.etag))
		m.record(began)
		return err
	})
	b.accepted += len(claims)
	return b.result(id, title, m), err
}

const (
	// payoutsOfClaim: the refund and the compensation.
	payoutsOfClaim = 2
	// drainMax is how long payouts may take once no new ones come.
	drainMax   = 3 * time.Minute
	drainPause = 50 * time.Millisecond
)

// drain waits until the gateway has paid everything that was accepted, so that the
// payouts of one workload do not slow down the next.
func (b *bench) drain(ctx context.Context) error {
	due := int64(b.accepted) * payoutsOfClaim
	return b.await(ctx, func() error {
		if paid := b.gateway.paid(); paid != due {
			return fmt.Errorf("the gateway has paid %d of %d payouts", paid, due)
		}
		return nil
	})
}

// await calls missing until it returns nil.
func (b *bench) await(ctx context.Context, missing func() error) error {
	ctx, cancel := context.WithTimeout(ctx, drainMax)
	defer cancel()
	for {
		err := missing()
		if err == nil {
			return nil
		}
		if pause(ctx, drainPause) != nil {
			return b.blame(errors.Join(context.Cause(ctx), err))
		}
	}
}
