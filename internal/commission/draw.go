package commission

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Candidate is a body that a commission can be drawn for.
type Candidate struct {
	AuthenticatorID string
	// Load is how many open commissions it has.
	Load int64
	// Cost is what its results usually cost, in the currency of the book; zero if that is
	// not known.
	Cost money.Amount
}

// SeedLength is the length of the seed of a draw.
const SeedLength = 32

// drawPrefix keeps the digest of a draw apart from every other digest. Its number is that of
// the rules below: other rules take another.
const drawPrefix = "tenfold draw 1\n"

// ticketsMax is how many tickets a candidate has who has no work and costs no more than any
// other.
const ticketsMax = 1_000_000

// Draw draws one of the candidates by lot. Each has tickets: a million, divided by one more
// than its load, and of these the part that the cheapest known cost is of its own. A
// candidate whose cost is not known has the tickets of the dearest. The candidates stand in
// the order of their ids, and the first eight bytes of SHA-256 of the prefix and the seed, as
// a number modulo all tickets, say whose ticket is drawn. It gives the record of the draw
// beside the winner: the candidates with load, cost and tickets. Without a candidate the
// winner is empty.
func Draw(seed []byte, candidates []Candidate) (winner string, record []string) {
	list := slices.Clone(candidates)
	slices.SortFunc(list, func(a, b Candidate) int { return strings.Compare(a.AuthenticatorID, b.AuthenticatorID) })
	list = slices.CompactFunc(list, func(a, b Candidate) bool { return a.AuthenticatorID == b.AuthenticatorID })
	if len(list) == 0 {
		return "", nil
	}
	var least, most money.Amount
	for _, c := range list {
		if c.Cost > 0 && (least == 0 || c.Cost < least) {
			least = c.Cost
		}
		most = max(most, c.Cost)
	}
	tickets := make([]uint64, len(list))
	var all uint64
	for i, c := range list {
		tickets[i] = ticketsOf(&c, least, most)
		all += tickets[i]
		record = append(record, fmt.Sprintf(recordForm, c.AuthenticatorID, c.Load, c.Cost, tickets[i]))
	}
	digest := sha256.Sum256(append([]byte(drawPrefix), seed...))
	drawn := binary.BigEndian.Uint64(digest[:8]) % all
	for i, c := range list {
		if drawn < tickets[i] {
			return c.AuthenticatorID, record
		}
		drawn -= tickets[i]
	}
	panic("commission: a ticket beyond all tickets was drawn")
}

// ticketsOf are the tickets of a candidate: at least one.
func ticketsOf(c *Candidate, least, most money.Amount) uint64 {
	n := uint64(ticketsMax) / (1 + uint64(max(0, c.Load)))
	cost := c.Cost
	if cost == 0 {
		cost = most
	}
	if cost > 0 {
		// Both are scaled down together, so that the product stays below 2^64.
		l, k := uint64(least), uint64(cost)
		for l > 1<<40 {
			l, k = l>>1, k>>1
		}
		n = n * l / max(1, k)
	}
	return max(1, n)
}

// Entry is what the record of a draw says of a candidate.
type Entry struct {
	Candidate
	Tickets int64
}

const recordForm = "%s load=%d cost=%d tickets=%d"

// ReadRecord reads the record of a draw. What cannot be read is left out.
func ReadRecord(record []string) []Entry {
	var out []Entry
	for _, text := range record {
		var e Entry
		var cost int64
		if _, err := fmt.Sscanf(text, recordForm, &e.AuthenticatorID, &e.Load, &cost, &e.Tickets); err == nil {
			e.Cost = money.Amount(cost)
			out = append(out, e)
		}
	}
	return out
}
