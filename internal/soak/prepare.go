package soak

import (
	"context"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const (
	currency = "CNY"
	cashier  = "cashier-1"
	day      = 24 * time.Hour
)

// authenticators examine goods.
var authenticators = []string{"lab-1", "lab-2"}

func (s *soak) merchant(i int) string { return fmt.Sprintf("merchant-%d", i+1) }

// prepare publishes a policy under which money is short and large amounts need
// approval, registers laboratories, and opens books with little money.
func (s *soak) prepare(ctx context.Context) error {
	promise := policy.Seeds()[0]
	promise.Number, promise.AdvanceLimit, promise.AdvanceLimitPerMerchant = 2, 60_000, 2_000_000
	promise.ApprovalOver, promise.ProtectedShare = 150_000, money.Ratio{Num: 1, Den: 10}
	promise.MinimumDeposit, promise.Windows.Hold = 100_000, 12*day
	promise.PublishedAt, promise.EffectiveFrom = Start.AddDate(-1, -1, 0), Start.AddDate(-1, 0, 0)
	first := s.replicas[0].Load().engine
	h := request.Header{Method: "PublishPolicyVersion", RequestID: "soak-policy", Principal: principal.Principal{Workload: "soak", Role: principal.RoleOperator}}
	if _, err := first.PublishPolicyVersion(ctx, h, promise); err != nil {
		return fmt.Errorf("publish the policy: %w", err)
	}
	for _, id := range authenticators {
		h.Method, h.RequestID = "RegisterAuthenticator", "soak-"+id
		if _, err := first.RegisterAuthenticator(ctx, h, claim.Authenticator{ID: id, Kind: claim.AccreditedLab, DisplayName: id}); err != nil {
			return fmt.Errorf("register %s: %w", id, err)
		}
	}
	for i := range s.replicas {
		if err := s.replicas[i].Load().engine.ReloadCatalog(ctx); err != nil {
			return err
		}
	}
	for i := range s.Merchants {
		err := s.send(ctx, s.merchant(i), "OpenBook", cashier, func(ctx context.Context, e *engine.Engine, h request.Header) error {
			_, err := e.Do(ctx, h, &book.OpenBook{Currency: currency})
			return err
		})
		if err != nil {
			return err
		}
		if err := s.moveMoney(ctx, s.merchant(i), ledger.DepositToppedUp, 500_000); err != nil {
			return err
		}
	}
	return nil
}

// moveMoney records a transfer of a merchant's money.
func (s *soak) moveMoney(ctx context.Context, merchant string, kind ledger.Kind, amount money.Amount) error {
	reference := fmt.Sprintf("soak-payment-%d", s.serial.Add(1))
	return s.send(ctx, merchant, string(kind), cashier, func(ctx context.Context, e *engine.Engine, h request.Header) error {
		_, err := e.Do(ctx, h, &book.MoneyMove{Kind: kind, Amount: amount, Currency: currency, Reference: reference})
		return err
	})
}
