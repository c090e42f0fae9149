package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/pgtest/cluster"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// passing says whether a command may succeed when it is sent again.
func passing(err error) bool {
	for _, reason := range []error{
		fault.DatabaseUnavailable, fault.OutcomeUnknown, fault.TransactionContended, fault.QueueFull,
		postgres.ErrUnavailable, postgres.ErrCommitUnknown, postgres.ErrContended,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// Would catch top-ups that were acknowledged and are lost, or are carried out twice, when the
// primary dies under load, its synchronous standby is promoted, and callers that got no
// answer send the same request again; and an engine that does not find the new primary.
func TestPromotedStandbyLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	servers := cluster.New(t)
	primary := servers.Make("a")
	standby := primary.Copy("b", "-R", "-X", "stream")
	primary.Crash()
	primary.Start("synchronous_standby_names=*") // From here on it commits nothing without its standby.
	standby.Start()
	pg, err := postgres.Open(primary.URL(embedpg.AppRole, cluster.Database, standby), 16)
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Close()
	e, err := engine.New(t.Context(), pg, time.Now, engine.Defaults(), engine.Hooks{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	const callers, each, before = 8, 60, 100
	var acknowledged atomic.Int64
	crash, promoted := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			merchant := fmt.Sprint("m", caller)
			sendUntil(ctx, t, e, promoted, promotionHeader(merchant, "open"), &book.OpenBook{Currency: "CNY"})
			for n := range each {
				reference := fmt.Sprintf("bank-%d-%d", caller, n)
				sendUntil(ctx, t, e, promoted, promotionHeader(merchant, reference), &book.MoneyMove{
					Kind: ledger.DepositToppedUp, Amount: 100, Currency: "CNY", Reference: reference,
				})
				if acknowledged.Add(1) == before {
					once.Do(func() { close(crash) })
				}
			}
		})
	}
	select {
	case <-crash:
	case <-ctx.Done():
		t.Fatal("nothing is acknowledged")
	}
	primary.Crash()
	standby.Promote()
	close(promoted)
	running.Wait()

	for caller := range callers {
		merchant := fmt.Sprint("m", caller)
		list, err := pg.Reader().Transfers(ctx, merchant, "", 0, 2*each)
		if err != nil {
			t.Fatal(err)
		}
		booked := make(map[string]int)
		for _, x := range list {
			booked[x.ExternalReference]++
		}
		for n := range each {
			if reference := fmt.Sprintf("bank-%d-%d", caller, n); booked[reference] != 1 {
				t.Errorf("%s was acknowledged and is booked %d times", reference, booked[reference])
			}
		}
		if len(list) != each {
			t.Errorf("%s has %d transfers, and %d were acknowledged", merchant, len(list), each)
		}
	}
	wrong, err := audit.Check(ctx, pg)
	if err != nil || len(wrong) > 0 {
		t.Errorf("audit: %v, %v", wrong, err)
	}
}

func promotionHeader(merchant, id string) request.Header {
	return request.Header{
		MerchantID: merchant, Method: "Promotion", RequestID: id,
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "operator-1"},
	}
}

// sendUntil sends a request until it is acknowledged. Where it fails before the standby was
// promoted, it waits for that.
func sendUntil(ctx context.Context, t *testing.T, e *engine.Engine, promoted <-chan struct{}, h request.Header, cmd book.Command) {
	for {
		_, err := e.Do(ctx, h, cmd)
		switch {
		case err == nil:
			return
		case ctx.Err() != nil || !passing(err):
			t.Errorf("%s of %s: %v", h.RequestID, h.MerchantID, err)
			return
		}
		select {
		case <-promoted:
		case <-ctx.Done():
		}
	}
}
