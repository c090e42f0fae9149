package reconcile

import (
	"encoding/binary"
	"iter"
)

// matchesChunk is how many bytes of matches are kept in one piece.
const matchesChunk = 1 << 20

// Matches keeps matches in their order and in little memory: a million take some thirty
// megabytes. The zero value is empty; a nil one is, too, and takes none.
type Matches struct {
	// imports, rules and merchants are the names that occur, which matches have by number.
	imports, rules, merchants names
	chunks                    [][]byte
}

// names numbers the names that occur.
type names struct {
	number map[string]uint64
	list   []string
}

func (n *names) of(name string) uint64 {
	at, ok := n.number[name]
	if !ok {
		if n.number == nil {
			n.number = make(map[string]uint64)
		}
		at = uint64(len(n.list))
		n.number[name] = at
		n.list = append(n.list, name)
	}
	return at
}

// Add keeps a match.
func (s *Matches) Add(m *Match) {
	last := len(s.chunks) - 1
	if need := 5*binary.MaxVarintLen64 + len(m.PayoutID); last < 0 || len(s.chunks[last])+need > cap(s.chunks[last]) {
		s.chunks = append(s.chunks, make([]byte, 0, max(matchesChunk, need)))
		last++
	}
	b := s.chunks[last]
	for _, n := range []uint64{s.imports.of(m.Import), uint64(m.Place), s.rules.of(string(m.Rule)), s.merchants.of(m.MerchantID), uint64(len(m.PayoutID))} {
		b = binary.AppendUvarint(b, n)
	}
	s.chunks[last] = append(b, m.PayoutID...)
}

// Batches gives the matches in their order, at most so many at a time. A batch is valid until
// the next one.
func (s *Matches) Batches(most int) iter.Seq[[]Match] {
	return func(yield func([]Match) bool) {
		if s == nil {
			return
		}
		batch := make([]Match, 0, most)
		for _, b := range s.chunks {
			for len(b) > 0 {
				var m Match
				m, b = s.next(b)
				if batch = append(batch, m); len(batch) < most {
					continue
				}
				if !yield(batch) {
					return
				}
				batch = batch[:0]
			}
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

// next reads the first match of a chunk, and gives what is behind it.
func (s *Matches) next(b []byte) (Match, []byte) {
	var n [5]uint64
	for i := range n {
		value, size := binary.Uvarint(b)
		n[i], b = value, b[size:]
	}
	return Match{
		Import: s.imports.list[n[0]], Place: int(n[1]), Rule: Rule(s.rules.list[n[2]]), MerchantID: s.merchants.list[n[3]], PayoutID: string(b[:n[4]]),
	}, b[n[4]:]
}
