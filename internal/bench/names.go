package bench

// nameList keeps names in memory without pointers. One string for each claim of a
// long run would keep the callers' garbage collector busy, which would show as slow
// calls of the server. The list grows without copying its names.
type nameList struct {
	blocks []*nameBlock
	n      int
}

// nameBlock holds names one after the other, each with its length.
type nameBlock [4096]struct {
	length uint8
	text   [nameMax]byte
}

// nameMax is the largest size of a claim's name in a run, in bytes.
const nameMax = 127

// add appends a name. A name longer than nameMax is cut off, and will not be found.
func (l *nameList) add(name string) {
	at := l.n % len(nameBlock{})
	if at == 0 {
		l.blocks = append(l.blocks, new(nameBlock))
	}
	slot := &l.blocks[len(l.blocks)-1][at]
	slot.length = uint8(copy(slot.text[:], name))
	l.n++
}

// at returns the name with number i, counted from zero.
func (l *nameList) at(i int) string {
	slot := &l.blocks[i/len(nameBlock{})][i%len(nameBlock{})]
	return string(slot.text[:slot.length])
}
