package book_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book/booktest/orders"
)

const (
	// ordersOfEach is in how many orders each set of facts is told.
	ordersOfEach = 6
	// ordersThorough is of how many sets one is told to a shelf that forgets at random and
	// is proved after every command; the others are proved at their end.
	ordersThorough = 8
	// ordersMany is from how many sets on memory is spent for speed.
	ordersMany = 5_000
	// ordersTogether is how many sets one goroutine tells.
	ordersTogether = 50
)

// A failure names the seed of its facts and the order; TENFOLD_ORDERS=1
// TENFOLD_ORDERS_SEED=… repeats it.
//
// Would catch sums of consumers, lines or the merchant that depend on what was told or
// paid first: each set of facts is told in several orders, with payments, failures and
// late successes between any two of them, and must end with what the rules give.
func TestEveryOrderOfFactsGivesTheSameSums(t *testing.T) {
	t.Parallel()
	sets, first := uint64(1_000), rand.Uint64N(1<<40)
	if raced {
		sets = 100
	}
	for name, of := range map[string]*uint64{"TENFOLD_ORDERS": &sets, "TENFOLD_ORDERS_SEED": &first} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			*of = n
		}
	}
	if sets >= ordersMany {
		debug.SetGCPercent(800) // Such a run is one of its own, and makes little that lasts.
	}
	t.Logf("%d sets of facts from seed %d on", sets, first)
	for from := uint64(0); from < sets; from += ordersTogether {
		t.Run(fmt.Sprint(first+from), func(t *testing.T) {
			t.Parallel()
			for seed := first + from; seed < first+min(sets, from+ordersTogether) && !t.Failed(); seed++ {
				tellInOrders(t, seed)
			}
		})
	}
}

func tellInOrders(t *testing.T, seed uint64) {
	t.Helper()
	facts := orders.Draw(rand.New(rand.NewPCG(seed, 0)))
	for n := range uint64(ordersOfEach) {
		shelf, err := orders.Shelf()
		if err != nil {
			t.Fatal(err)
		}
		if seed%ordersThorough == 0 || os.Getenv("TENFOLD_ORDERS") == "1" {
			shelf.Forgetful(rand.New(rand.NewPCG(seed, 1_000+n)))
		} else {
			shelf.Seldom()
		}
		told := facts.Tell(shelf, rand.New(rand.NewPCG(seed, 1+n)))
		if len(told.Wrong) == 0 {
			told.Wrong = facts.Judge(&told)
		}
		for _, wrong := range told.Wrong {
			t.Error(wrong)
		}
		if t.Failed() {
			t.Fatalf("seed %d in order %d: of %+v was told %q", seed, n, *facts, told.Done)
		}
	}
}
