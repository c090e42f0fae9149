package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch a refusal that its reason cannot be told from once a layer has
// wrapped it.
func TestRefusalIsFoundThroughWraps(t *testing.T) {
	t.Parallel()
	refusal := fault.New(fault.DepositInsufficient, "the deposit has %d", 5)
	wrapped := fmt.Errorf("fund claim: %w", fmt.Errorf("post: %w", refusal))
	if !errors.Is(wrapped, fault.DepositInsufficient) || errors.Is(wrapped, fault.ShopFundsInsufficient) {
		t.Errorf("%v is taken for another reason", wrapped)
	}
	if got, ok := fault.As(wrapped); !ok || got != refusal {
		t.Errorf("the refusal inside %v is %v", wrapped, got)
	}
	for _, other := range []error{nil, errors.New("outage"), fault.DepositInsufficient} {
		if got, ok := fault.As(other); ok || got != nil {
			t.Errorf("%v holds the refusal %v", other, got)
		}
	}
}

// Would catch a text that differs from one run to the next, or loses a fact.
func TestRefusalTellsItsFactsInOrder(t *testing.T) {
	t.Parallel()
	err := fault.New(fault.AmountOutOfRange, "all of %s", "it").
		With("maxMinor", int64(7)).With("currency", "CNY").With("claimId", "c-1")
	const want = "AMOUNT_OUT_OF_RANGE: all of it claimId=c-1 currency=CNY maxMinor=7"
	for range 20 {
		if got := err.Error(); got != want {
			t.Fatalf("the refusal reads %q, want %q", got, want)
		}
	}
	if got := fault.New(fault.ClaimNotFound, "none").Error(); got != "CLAIM_NOT_FOUND: none" {
		t.Errorf("without facts it reads %q", got)
	}
}

// Would catch a chained call that loses what was said before it.
func TestRefusalIsBuiltInOneChain(t *testing.T) {
	t.Parallel()
	subject := &struct{ name string }{"claim"}
	err := fault.New(fault.QueueFull, "full").With("queueMax", 3).At("units").After(time.Second).About(subject)
	if err.Reason != fault.QueueFull || err.Detail != "full" || err.Fields["queueMax"] != "3" ||
		err.Field != "units" || err.RetryAfter != time.Second || err.Subject != subject {
		t.Errorf("the refusal is %+v", err)
	}
}
