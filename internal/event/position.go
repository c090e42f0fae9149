package event

import (
	"encoding/binary"
	"slices"
)

// Position is a point in the event stream of all books. It says which transactions
// had been seen by then. Transactions become visible in another order than their
// numbers, so a number alone would lose late ones.
//
// Only transactions that wrote events count for High. Their commits are on disk
// before anybody sees them, so no number up to High is ever given out again, even
// after a crash or a failover. That is not true of higher numbers.
type Position struct {
	// High is the newest transaction whose events have been seen; zero at the
	// beginning of history.
	High uint64
	// Open are the transactions before High that had not ended by then, in order.
	// Their events are still to be seen.
	Open []uint64
}

// Sees says whether the events of a transaction are before the position.
func (p Position) Sees(transaction uint64) bool {
	if transaction > p.High {
		return false
	}
	_, open := slices.BinarySearch(p.Open, transaction)
	return !open
}

// Covers says whether everything before q is also before p. Of two positions of one
// database, one covers the other.
func (p Position) Covers(q Position) bool {
	return q.High <= p.High && !slices.ContainsFunc(p.Open, q.Sees)
}

// Append adds the position's encoding to b.
func (p Position) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, p.High)
	b = binary.AppendUvarint(b, uint64(len(p.Open)))
	last := p.High
	for _, open := range slices.Backward(p.Open) {
		b = binary.AppendUvarint(b, last-open)
		last = open
	}
	return b
}

// DecodePosition reads a position from the front of b; false if there is none.
func DecodePosition(b []byte) (p Position, rest []byte, ok bool) {
	next := func() (v uint64) {
		v, n := binary.Uvarint(b)
		ok = ok && n > 0
		b = b[max(n, 0):]
		return v
	}
	ok = true
	p.High = next()
	count := next()
	if count > uint64(len(b)) {
		return Position{}, nil, false
	}
	last := p.High
	for range count {
		step := next()
		if step == 0 || step > last {
			return Position{}, nil, false
		}
		last -= step
		p.Open = append(p.Open, last)
	}
	slices.Reverse(p.Open)
	return p, b, ok
}
