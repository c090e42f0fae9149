package flips

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// countVariable says how many sequences are run, seedVariable which is the first: with
// one sequence it repeats the one that a failure named.
const (
	countVariable = "TENFOLD_FLIPS"
	seedVariable  = "TENFOLD_FLIPS_SEED"
)

// Many are sequences that a test runs, each in a book of its own.
type Many struct {
	// Usual is how many there are unless TENFOLD_FLIPS says otherwise. The first has a
	// seed by chance unless TENFOLD_FLIPS_SEED says otherwise.
	Usual uint64
	// Together is how many sequences one parallel test runs, one after the other.
	Together uint64
	// Thorough is of how many sequences one is proved after every step, the others at
	// their end; a sequence that is run alone always is.
	Thorough uint64
}

// Run runs the sequences. Each parallel test calls prepare once, and what that gives
// makes the place of each of its sequences. A failure names the seed and what was done.
func (m Many) Run(t *testing.T, prepare func(t *testing.T) func(merchant string, seed uint64) Place) {
	count, first := fromEnvironment(t, countVariable, m.Usual), fromEnvironment(t, seedVariable, rand.Uint64N(1<<40))
	t.Logf("%d sequences from seed %d on", count, first)
	for from := uint64(0); from < count; from += m.Together {
		t.Run(fmt.Sprint(first+from), func(t *testing.T) {
			t.Parallel()
			placeOf := prepare(t)
			for seed := first + from; seed < first+min(count, from+m.Together) && !t.Failed(); seed++ {
				merchant := fmt.Sprintf("flips-%d", seed)
				told := Run(placeOf(merchant, seed), merchant, seed, count == 1 || seed%m.Thorough == 0)
				for _, wrong := range told.Wrong {
					t.Error(wrong)
				}
				if t.Failed() {
					t.Errorf("seed %d did: %q", seed, told.Done)
				}
			}
		})
	}
}

func fromEnvironment(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
