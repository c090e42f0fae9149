package request

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"
)

// FirstVersion is the number of the first list of fields that a content's digest
// covers. A list that has been released never changes: a stored request must
// recognise its replay.
const FirstVersion = 1

// Content is what a request id covers.
type Content interface {
	// Cover adds every field of the content to a digest.
	Cover(*Digest)
}

// Grown is a content whose list of fields has grown since its first release. It
// is digested by the oldest list that covers all that is set in it, so that a
// content which could be sent before has the digest that it had then.
type Grown interface {
	Content
	// DigestVersion is the number of that list.
	DigestVersion() int64
}

// Digest covers the fields of a content one after the other, each with its
// length, so that no two contents look alike. It is over fields, not over the
// wire: a client that is upgraded still sends the same request.
type Digest struct{ h hash.Hash }

// DigestOf gives the digest of a content.
func DigestOf(c Content) [32]byte {
	d := &Digest{h: sha256.New()}
	if g, ok := c.(Grown); ok {
		d.Number(g.DigestVersion())
	} else {
		d.Number(FirstVersion)
	}
	c.Cover(d)
	return d.sum()
}

// DigestOfTexts gives the digest of texts alone, which has no version: requests to
// webhooks have been stored under it from the first.
func DigestOfTexts(values ...string) [32]byte {
	d := &Digest{h: sha256.New()}
	d.Texts(values...)
	return d.sum()
}

func (d *Digest) sum() [32]byte { return [32]byte(d.h.Sum(nil)) }

// Texts covers texts, each with its length.
func (d *Digest) Texts(values ...string) {
	for _, v := range values {
		d.Number(int64(len(v)))
		_, _ = d.h.Write([]byte(v))
	}
}

// Number covers a number.
func (d *Digest) Number(v int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	_, _ = d.h.Write(b[:])
}

// Flag covers a yes or no.
func (d *Digest) Flag(v bool) {
	if v {
		d.Number(1)
		return
	}
	d.Number(0)
}

// Time covers a time to the microsecond; zero is a time of its own.
func (d *Digest) Time(t time.Time) {
	if t.IsZero() {
		d.Number(0)
		return
	}
	d.Number(t.UnixMicro())
}
