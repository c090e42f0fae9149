package watch

import (
	"strings"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// LongestToken makes a token with everything in it as long as it may be, and says
// how many open transactions each of its positions has.
func LongestToken() (text string, open int) {
	id := strings.Repeat("m", 64)
	p := event.Position{High: 1 << 62}
	for next := p.High - 1<<20; ; next -= 1 << 20 {
		more := event.Position{High: p.High, Open: append([]uint64{next}, p.Open...)}
		if !fits(more) {
			break
		}
		p = more
	}
	t := token{
		kind: between, from: p, to: p, witness: postgres.Witness{MerchantID: id, Number: 1 << 62},
		cursor: cursor{merchantID: id, number: 1 << 62},
	}
	return t.encode(identity{}, identity{}), len(p.Open)
}
