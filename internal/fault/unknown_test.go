package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch an unknown outcome that passes for a refusal, by itself or by what caused
// it: whoever gives something back on a refusal would give it back on this.
func TestUnknownIsNoRefusal(t *testing.T) {
	t.Parallel()
	u := &fault.Unknown{Cause: errors.Join(fault.New(fault.TransactionContended, "the book stayed busy"), errors.New("broken"))}
	err := fmt.Errorf("top up: %w", u)
	if f, ok := fault.As(err); ok {
		t.Errorf("it is found as the refusal %v", f)
	}
	if errors.Is(err, fault.TransactionContended) {
		t.Error("it is told apart by the reason of its cause")
	}
	if found, ok := fault.AsUnknown(err); !ok || found != u || !errors.Is(err, fault.OutcomeUnknown) {
		t.Errorf("it is not found as what it is: %v", err)
	}
	if strings.Contains(err.Error(), "nothing") {
		t.Errorf("it says what nobody knows: %q", err)
	}
}
