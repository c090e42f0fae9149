package bench

// nameList keeps names in memory that holds no pointers: the callers' collector,
// made to look at one string for each claim of a long run, would show as slow
// calls of the server. It grows without moving what it holds.
type nameList struct {
	blocks []*nameBlock
	n      int
}

// nameBlock holds names one after the other, each with its length.
type nameBlock [4096]struct {
	length uint8
	text   [nameMax]byte
}

// nameMax is the most bytes that a claim's name has in a run.
const nameMax = 127

// add appends a name; what is longer than nameMax is cut off, and not found.
func (l *nameList) add(name string) {
	at := l.n % len(nameBlock{})
	if at == 0 {
		l.blocks = append(l.blocks, new(nameBlock))
	}
	slot := &l.blocks[len(l.blocks)-1][at]
	slot.length = uint8(copy(slot.text[:], name))
	l.n++
}

// at gives the name with number i, counted from zero.
func (l *nameList) at(i int) string {
	slot := &l.blocks[i/len(nameBlock{})][i%len(nameBlock{})]
	return string(slot.text[:slot.length])
}
