package claim

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

// alphabet is Crockford's base 32: no I, L, O or U, so that an id read out
// over the phone has one spelling.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	idDigits    = 19 // 45 bits of milliseconds, 50 random bits
	timeDigits  = 9
	groupLength = 5
)

// IDs makes speakable, time-ordered ids that are unique across books: nine digits
// of milliseconds since 1970, ten random digits and a check digit, in four groups
// of five. The ids of one source increase as long as time does, even within a
// millisecond.
type IDs struct {
	mu     sync.Mutex
	milli  uint64
	random uint64
}

// randomBits leaves room in the ten random digits to count up within a millisecond.
const randomBits = 49

// Next makes an id for something that happens at now.
func (s *IDs) Next(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if milli := uint64(now.UnixMilli()); milli != s.milli {
		var b [8]byte
		// crypto/rand never fails: it ends the program rather than return less.
		_, _ = rand.Read(b[:])
		s.milli, s.random = milli, binary.BigEndian.Uint64(b[:])>>(64-randomBits)
	} else {
		// A random step keeps the next id from being guessed from this one.
		var b [4]byte
		_, _ = rand.Read(b[:])
		s.random += 1 + uint64(binary.BigEndian.Uint32(b[:]))>>4
	}
	return idOf(s.milli, s.random)
}

// FirstID is before every id that was made at a time or after it, and after every id that was
// made in an earlier millisecond.
func FirstID(at time.Time) string {
	milli := max(at.UnixMilli(), 0)
	if milli >= 1<<(5*timeDigits) {
		milli = 1<<(5*timeDigits) - 1
	}
	const timeLetters = timeDigits + 1 // With the dash between them.
	return idOf(uint64(milli), 0)[:timeLetters]
}

func idOf(milli, random uint64) string {
	var d [idDigits + 1]byte
	for i := timeDigits - 1; i >= 0; i-- {
		d[i] = byte(milli & 31)
		milli >>= 5
	}
	for i := idDigits - 1; i >= timeDigits; i-- {
		d[i] = byte(random & 31)
		random >>= 5
	}
	d[idDigits] = check(d[:idDigits])
	var b strings.Builder
	b.Grow(idDigits + 4)
	for i, v := range d {
		if i > 0 && i%groupLength == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[v])
	}
	return b.String()
}

// check is the Luhn check digit in base 32: it catches every single wrong digit and
// every swap of neighbours except 0 and Z.
func check(digits []byte) byte {
	sum, double := 0, true
	for i := len(digits) - 1; i >= 0; i-- {
		v := int(digits[i])
		if double {
			v *= 2
			v = v/32 + v%32
		}
		sum += v
		double = !double
	}
	return byte((32 - sum%32) % 32)
}

// ParseID reads an id as people write it: in any case, with or without dashes, with
// O for 0, and with I or L for 1. It returns the canonical spelling, or false if
// the check digit or the form is wrong.
func ParseID(s string) (string, bool) {
	d, formed := digitsOf(s)
	if !formed || check(d[:idDigits]) != d[idDigits] {
		return "", false
	}
	var b strings.Builder
	for i, v := range d {
		if i > 0 && i%groupLength == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[v])
	}
	return b.String(), true
}

// Mistyped says that a text has the form of an id and a check character that does not fit.
func Mistyped(s string) bool {
	d, formed := digitsOf(s)
	return formed && check(d[:idDigits]) != d[idDigits]
}

// digitsOf reads the digits of an id, and says whether it has the form of one.
func digitsOf(s string) (d [idDigits + 1]byte, formed bool) {
	n := 0
	for _, r := range strings.ToUpper(s) {
		switch r {
		case '-', ' ':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		v := strings.IndexRune(alphabet, r)
		if v < 0 || n > idDigits {
			return d, false
		}
		d[n] = byte(v)
		n++
	}
	return d, n == idDigits+1
}

// Compact is the id without dashes, as payout out-numbers carry it.
func Compact(id string) string { return strings.ReplaceAll(id, "-", "") }

// CompactFrom is how the out-numbers of payouts begin that are made from a time on: every number
// made before it sorts before it.
func CompactFrom(at time.Time) string { return Compact(idOf(uint64(at.UnixMilli()), 0))[:timeDigits] }
