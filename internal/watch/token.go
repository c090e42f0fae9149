package watch

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// identity is a short name of a database or a query.
type identity [8]byte

func identify(text string) identity {
	sum := sha256.Sum256([]byte(text))
	return identity(sum[:len(identity{})])
}

// kind says what a token holds.
type kind byte

const (
	// atNumber is a position in one book.
	atNumber kind = iota + 1
	// atPosition is a position across all books.
	atPosition
	// between is a point within one step or catch-up across all books.
	between
	// claimsAtNumber and claimsAtPosition are points within the claims that are
	// delivered first; events then continue from the position.
	claimsAtNumber
	claimsAtPosition
)

// withoutClaims is the kind of the position once the claims are delivered.
func (k kind) withoutClaims() kind {
	if k == claimsAtNumber {
		return atNumber
	}
	return atPosition
}

// token is the position that deliveries have reached.
type token struct {
	kind kind
	// number and hash are those of the last event delivered from one book.
	number int64
	hash   [8]byte
	// Everything up to from is delivered. Between the two, to is the position that
	// delivery is moving to. witness proves the later of them.
	from, to event.Position
	witness  postgres.Witness
	// cursor is the last event delivered on the way, or the last claim.
	cursor cursor
}

// cursor is a point in the order of books.
type cursor struct {
	merchantID string
	number     int64
	claimID    string
}

const (
	tokenVersion = 1
	// positionMax bounds the encoding of a position, so that the longest token,
	// with two positions and three names, stays under 1 KiB. It leaves room for
	// some sixty transactions that were open at one time.
	positionMax = 250
	checkLength = 4
)

// fits says whether a token can hold a position. Otherwise the reader waits at the
// previous position until fewer transactions are under way.
func fits(p event.Position) bool { return len(p.Append(nil)) <= positionMax }

// encode writes a token for a query on a database.
func (t *token) encode(database, query identity) string {
	b := append([]byte{tokenVersion}, database[:]...)
	b = append(b, query[:]...)
	b = append(b, byte(t.kind))
	switch t.kind {
	case atNumber, claimsAtNumber:
		b = binary.AppendVarint(b, t.number)
		b = append(b, t.hash[:]...)
	case atPosition, claimsAtPosition:
		b = t.from.Append(b)
		b = appendWitness(b, &t.witness)
	case between:
		b = t.from.Append(b)
		b = t.to.Append(b)
		b = appendWitness(b, &t.witness)
	}
	b = appendText(b, t.cursor.merchantID)
	b = binary.AppendVarint(b, t.cursor.number)
	b = appendText(b, t.cursor.claimID)
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(append(b, sum[:checkLength]...))
}

func appendText(b []byte, text string) []byte {
	b = binary.AppendUvarint(b, uint64(len(text)))
	return append(b, text...)
}

func appendWitness(b []byte, w *postgres.Witness) []byte {
	b = appendText(b, w.MerchantID)
	b = binary.AppendVarint(b, w.Number)
	return append(b, w.Hash[:len(token{}.hash)]...)
}

// tokenInvalid refuses a token.
func tokenInvalid(why string) error {
	return fault.New(fault.WatchTokenInvalid, "the resume token %s; start again without a token", why).At("resume_token")
}

// decode reads a token that encode wrote for the same query on the same database.
func decode(text string, database, query identity) (token, error) {
	const broken = "is damaged"
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < checkLength {
		return token{}, tokenInvalid(broken)
	}
	body := raw[:len(raw)-checkLength]
	sum := sha256.Sum256(body)
	if !bytes.Equal(sum[:checkLength], raw[len(body):]) {
		return token{}, tokenInvalid(broken)
	}
	r := reader{b: body}
	if r.byte() != tokenVersion {
		return token{}, tokenInvalid("has an unknown version")
	}
	if identity(r.bytes(len(database))) != database {
		return token{}, tokenInvalid("belongs to another database")
	}
	if identity(r.bytes(len(query))) != query {
		return token{}, tokenInvalid("belongs to another query")
	}
	t := token{kind: kind(r.byte())}
	switch t.kind {
	case atNumber, claimsAtNumber:
		t.number = r.number()
		t.hash = [8]byte(r.bytes(len(t.hash)))
	case atPosition, claimsAtPosition:
		t.from = r.position()
		t.witness = r.witness(t.from.High)
	case between:
		t.from, t.to = r.position(), r.position()
		t.witness = r.witness(t.to.High)
	default:
		return token{}, tokenInvalid(broken)
	}
	t.cursor = cursor{merchantID: r.text(), number: r.number(), claimID: r.text()}
	if r.failed || len(r.b) > 0 {
		return token{}, tokenInvalid(broken)
	}
	return t, nil
}

// reader reads the parts of a token; a missing part reads as zero.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.b) || n < 0 {
		r.failed = true
		return make([]byte, max(n, 0)&0xff)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte { return r.bytes(1)[0] }

func (r *reader) number() int64 {
	v, n := binary.Varint(r.b)
	r.bytes(n)
	r.failed = r.failed || n <= 0
	return v
}

func (r *reader) text() string {
	length, n := binary.Uvarint(r.b)
	r.bytes(n)
	if n <= 0 || length > uint64(len(r.b)) {
		r.failed = true
		return ""
	}
	return string(r.bytes(int(length)))
}

func (r *reader) position() event.Position {
	p, rest, ok := event.DecodePosition(r.b)
	r.failed = r.failed || !ok
	r.b = rest
	return p
}

func (r *reader) witness(transaction uint64) postgres.Witness {
	w := postgres.Witness{MerchantID: r.text(), Number: r.number(), Transaction: transaction}
	copy(w.Hash[:], r.bytes(len(token{}.hash)))
	return w
}
