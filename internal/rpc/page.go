package rpc

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// pageDefault is the size of a page if the caller named none; the contract's
	// rules bound it.
	pageDefault = 50
	// separator separates the parts of a cursor; no id contains it.
	separator = "\x1f"
)

// page is the part of a list that a request asks for.
type page struct {
	size int
	// cursor is where the previous page ended: the parts of its last row's key.
	cursor  []string
	binding []byte
	tokens  cipher.AEAD
}

// pageRequest is the common part of list requests.
type pageRequest interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// tokensUnder seals page tokens under a key. A page may end at a row that its reader must not
// see, such as another merchant's claim between two that match; so nobody reads a token.
func tokensUnder(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// pageOf reads the page of a list request. parts is how many parts its cursors
// have. Refuses with PAGE_TOKEN_INVALID the token of another query or caller.
func (b *backend) pageOf(ctx context.Context, r pageRequest, parts int) (page, error) {
	p := page{size: int(r.GetPageSize()), binding: binding(ctx, r), tokens: b.tokens, cursor: make([]string, parts)}
	if p.size == 0 {
		p.size = pageDefault
	}
	if r.GetPageToken() == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(r.GetPageToken())
	if err == nil {
		raw, err = p.tokens.Open(nil, nil, raw, p.binding)
	}
	if err != nil {
		return page{}, fault.New(fault.PageTokenInvalid, "the page token belongs to another query or caller").At("page_token")
	}
	cursor := strings.Split(string(raw), separator)
	if len(cursor) != parts {
		return page{}, fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	}
	p.cursor = cursor
	return p, nil
}

// token is the page token of the rows after the one with the given key.
func (p *page) token(key ...string) string {
	return base64.RawURLEncoding.EncodeToString(p.tokens.Seal(nil, nil, []byte(strings.Join(key, separator)), p.binding))
}

// number reads a part of the cursor as a number; zero on the first page.
func (p *page) number(part int) (int64, error) {
	if p.cursor[part] == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(p.cursor[part], 10, 64)
	if err != nil {
		return 0, fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	}
	return n, nil
}

// binding is a digest of the caller and of the query, without size, token and
// whether to count.
func binding(ctx context.Context, r pageRequest) []byte {
	who := callerOf(ctx)
	query := proto.Clone(r)
	m := query.ProtoReflect()
	for _, field := range []protoreflect.Name{"page_size", "page_token", "with_total"} {
		if f := m.Descriptor().Fields().ByName(field); f != nil {
			m.Clear(f)
		}
	}
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(query)
	if err != nil {
		// A message that came over the wire can be encoded again.
		panic(err)
	}
	h := sha256.New()
	for _, part := range []string{string(m.Descriptor().FullName()), who.Workload, string(who.Role), who.Scope, string(content)} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return h.Sum(nil)
}

// listed makes the page of a list out of rows that were read one beyond it, and the
// token of the next page; empty for none. A page ends early where its answer would become
// too large. key gives the parts of a row's cursor.
func listed[Row any, Message proto.Message](p *page, rows []Row, message func(*Row) Message, key func(*Row) []string) (list []Message, next string) {
	list = fill(rows[:min(len(rows), p.size)], message)
	if len(list) < len(rows) {
		next = p.token(key(&rows[len(list)-1])...)
	}
	return list, next
}

// each makes a message of each row.
func each[Row, Message any](rows []Row, message func(*Row) Message) []Message {
	list := make([]Message, len(rows))
	for i := range rows {
		list[i] = message(&rows[i])
	}
	return list
}

// claimCursorParts are the id of a claim, the time since when it waits, and the
// result that it is listed for.
const claimCursorParts = 3

// claimCursor reads the cursor of a list of claims.
func claimCursor(p *page) (postgres.ClaimCursor, error) {
	since, err := p.number(1)
	if err != nil || p.cursor[0] == "" {
		return postgres.ClaimCursor{}, err
	}
	c := postgres.ClaimCursor{ClaimID: p.cursor[0], ResultID: p.cursor[2]}
	if since != 0 {
		c.Since = time.UnixMicro(since).UTC()
	}
	return c, nil
}

// microseconds writes a time for a cursor; zero for no time.
func microseconds(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return decimal(t.UnixMicro())
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
