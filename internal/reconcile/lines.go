package reconcile

import (
	"hash/maphash"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// A million lines are kept at a time, so a line is kept in few bytes: its numbers stand in an
// arena, and the index knows places in it. Two numbers are the same only if their bytes are.

const (
	chunkBits = 20
	chunkSize = 1 << chunkBits
	// slabSize is how many lines are allocated at once; growing never copies.
	slabSize = 1 << 14
)

// text is a text in the arena.
type text struct {
	at  uint32
	len uint8
}

// arena keeps texts of at most 255 bytes.
type arena struct{ chunks [][]byte }

func (a *arena) put(s string) text {
	if s == "" {
		return text{}
	}
	n := len(a.chunks)
	if n == 0 || len(a.chunks[n-1])+len(s) > chunkSize {
		a.chunks = append(a.chunks, make([]byte, 0, chunkSize))
		n++
	}
	c := &a.chunks[n-1]
	t := text{uint32(n-1)<<chunkBits | uint32(len(*c)), uint8(len(s))}
	*c = append(*c, s...)
	return t
}

func (a *arena) get(t text) string {
	if t.len == 0 {
		return ""
	}
	at := t.at & (chunkSize - 1)
	return string(a.chunks[t.at>>chunkBits][at : at+uint32(t.len)])
}

// is compares without making a string.
func (a *arena) is(t text, s string) bool {
	if int(t.len) != len(s) {
		return false
	}
	if t.len == 0 {
		return true
	}
	at := t.at & (chunkSize - 1)
	return string(a.chunks[t.at>>chunkBits][at:at+uint32(t.len)]) == s
}

// kept is a line as it is kept.
type kept struct {
	amount money.Amount
	// places and sizes are where the numbers of the line stand in the arena, by kind of key: our
	// number, the channel's, and those of the payment that a refund gives back.
	places [keyKinds]uint32
	sizes  [keyKinds]uint8
	// next are the lines that follow with the same key, by kind of key; zero for none.
	next   [keyKinds]int32
	place  int32
	source uint16
	kind   uint8
	status uint8
	// used says that the line is about a payout.
	used bool
}

// The keys by which lines are found.
const (
	keyOut = iota
	keyReference
	keyOriginal
	keyOriginalOut
	keyKinds
)

// lines are those of all files that are compared.
type lines struct {
	arena arena
	slabs [][]kept
	n     int32
	seed  maphash.Seed
	heads map[uint64]int32
}

func newLines() *lines { return &lines{seed: maphash.MakeSeed(), heads: make(map[uint64]int32), n: 1} }

// at gives a line; numbers count from 1.
func (l *lines) at(i int32) *kept { return &l.slabs[i/slabSize][i%slabSize] }

// add keeps a line and indexes it. What has a number of ours is found by that alone.
func (l *lines) add(source int, x *formats.Line, ours func(string) bool) {
	if int(l.n)/slabSize == len(l.slabs) {
		l.slabs = append(l.slabs, make([]kept, slabSize))
	}
	i := l.n
	l.n++
	k := l.at(i)
	*k = kept{
		amount: x.Amount, place: int32(x.Place), source: uint16(source), kind: uint8(kindIndex(x.Kind)), status: uint8(statusIndex(x.Status)),
	}
	l.put(k, keyOut, x.OutNumber)
	l.put(k, keyReference, x.Reference)
	l.index(i, keyOut, x.OutNumber)
	if ours(x.OutNumber) {
		return
	}
	l.index(i, keyReference, x.Reference)
	if x.Kind == formats.Refund {
		l.put(k, keyOriginal, x.Original)
		l.put(k, keyOriginalOut, x.OriginalOut)
		l.index(i, keyOriginal, x.Original)
		l.index(i, keyOriginalOut, x.OriginalOut)
	}
}

// put keeps a number of a line.
func (l *lines) put(k *kept, kind int, number string) {
	t := l.arena.put(number)
	k.places[kind], k.sizes[kind] = t.at, t.len
}

// number is a number of a line, by kind of key.
func (l *lines) number(k *kept, kind int) string {
	return l.arena.get(text{k.places[kind], k.sizes[kind]})
}

func (l *lines) hash(kind int, key string) uint64 {
	return maphash.String(l.seed, key)*keyKinds + uint64(kind)
}

// index puts a line in front of those with the same key.
func (l *lines) index(i int32, kind int, key string) {
	if key == "" {
		return
	}
	h := l.hash(kind, key)
	l.at(i).next[kind] = l.heads[h]
	l.heads[h] = i
}

// each calls f for the lines with a key.
func (l *lines) each(kind int, key string, f func(*kept)) {
	if key == "" {
		return
	}
	for i := l.heads[l.hash(kind, key)]; i != 0; i = l.at(i).next[kind] {
		k := l.at(i)
		// Two keys may share a place.
		if l.arena.is(text{k.places[kind], k.sizes[kind]}, key) {
			f(k)
		}
	}
}

var (
	allKinds    = formats.Kinds()
	allStatuses = formats.Statuses()
)

func kindIndex(k formats.Kind) int {
	for i, one := range allKinds {
		if one == k {
			return i
		}
	}
	return len(allKinds) - 1
}

func statusIndex(s formats.Status) int {
	for i, one := range allStatuses {
		if one == s {
			return i
		}
	}
	return 0
}

func (k *kept) kindOf() formats.Kind     { return allKinds[k.kind] }
func (k *kept) statusOf() formats.Status { return allStatuses[k.status] }
