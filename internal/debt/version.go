package debt

import (
	"math/bits"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Late is an amount that was owed by the time of effect before it was recorded: a top-up was
// taken back with a time in the past.
type Late struct {
	MerchantID string
	// ID is the payment reference of the top-up.
	ID string
	// Event is the number of the event that tells of it.
	Event int64
	// From is when it took effect, Until when it was recorded.
	From, Until time.Time
	Open        money.Amount
}

// Fork is where a time from one instant until before another lies in the tree of times: the
// second in it, since 1970, that the highest power of two divides. No other second in it is
// divisible by that power. So the times that hold an instant lie at few seconds, which Forks
// lists; the number of times that are over does not matter.
func Fork(from, until time.Time) int64 {
	first, last := from.Unix(), until.Add(-time.Microsecond).Unix()
	shift := bits.Len64(uint64((first-1)^last)) - 1
	return last >> shift << shift
}

// forkBits is how many powers of two a second can be divisible by: for the next 30,000 years.
const forkBits = 40

// Forks are the seconds at which times that hold an instant may lie: those up to its own
// second, and those after it.
func Forks(at time.Time) (upTo, after []int64) {
	second := at.Unix()
	for shift := range forkBits {
		down := second >> shift << shift
		if n := len(upTo); n == 0 || upTo[n-1] != down {
			upTo = append(upTo, down)
		}
		if down == second {
			continue
		}
		up := down + 1<<shift
		if n := len(after); n == 0 || after[n-1] != up {
			after = append(after, up)
		}
	}
	return upTo, after
}
