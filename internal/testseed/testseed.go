// Package testseed chooses the seed of a test's random choices, and says in the
// test's log how to repeat them. Tests of properties, by rapid, have their own way.
package testseed

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// variable names a seed for every test that asks for one.
const variable = "TEST_SEED"

// New returns the seed that TEST_SEED names, or one by chance.
func New(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(variable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", variable, err)
		}
	}
	t.Logf("%s=%d repeats the choices of this test", variable, seed)
	return seed
}
