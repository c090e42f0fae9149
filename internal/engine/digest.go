package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// digestVersion counts the lists of fields that digests cover. A list that has
// been released never changes: a stored request must recognise its replay.
const digestVersion = 1

// grown is a content whose list of fields has grown since its first release. It
// is digested by the oldest list that covers all that is set in it, so that a
// content which could be sent before has the digest that it had then.
type grown interface{ digestVersion() int64 }

// digest covers the fields of a command one after the other, each with its
// length, so that no two contents look alike. It is over fields, not over the
// wire: a client that is upgraded still sends the same request.
type digest struct{ h hash.Hash }

func digestOf(c digested) [32]byte {
	d := &digest{h: sha256.New()}
	if g, ok := c.(grown); ok {
		d.number(g.digestVersion())
	} else {
		d.number(digestVersion)
	}
	c.digest(d)
	return [32]byte(d.h.Sum(nil))
}

func (d *digest) texts(values ...string) {
	for _, v := range values {
		d.number(int64(len(v)))
		_, _ = d.h.Write([]byte(v))
	}
}

func (d *digest) number(v int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	_, _ = d.h.Write(b[:])
}

func (d *digest) flag(v bool) {
	if v {
		d.number(1)
		return
	}
	d.number(0)
}

func (d *digest) time(t time.Time) {
	if t.IsZero() {
		d.number(0)
		return
	}
	d.number(t.UnixMicro())
}

func (d *digest) units(units []claim.Unit) {
	d.number(int64(len(units)))
	for _, u := range units {
		d.number(int64(u.Ordinal))
		d.texts(string(u.Verdict))
	}
}
