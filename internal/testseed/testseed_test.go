package testseed_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// Would catch a failure that its seed does not repeat, or tests that try the same
// choices every day.
func TestNew(t *testing.T) {
	t.Setenv("TEST_SEED", "")
	if first, second := testseed.New(t), testseed.New(t); first == second {
		t.Errorf("two seeds by chance are both %d", first)
	}
	t.Setenv("TEST_SEED", "18446744073709551615")
	if seed := testseed.New(t); seed != 1<<64-1 {
		t.Errorf("the seed is %d", seed)
	}
}
