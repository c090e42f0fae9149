package watch

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Start says where a watch without a token begins.
type Start int

// The starts.
const (
	// FromClaims delivers the claims in their current state, then events.
	FromClaims Start = iota
	// FromNow delivers events from now on.
	FromNow
	// FromBeginning delivers every event.
	FromBeginning
)

// Query says what to watch: all books or one, and in them all claims, one claim, or
// the claims of one order.
type Query struct {
	MerchantID string // Empty for all books.
	ClaimID    string
	OrderID    string
	Start      Start
	// Heartbeat is the longest time without a delivery.
	Heartbeat time.Duration
}

func (q *Query) identity() identity {
	return identify(strings.Join([]string{q.MerchantID, q.ClaimID, q.OrderID}, "\x1f"))
}

// Delivery is one message to a follower: claims, events or neither, and the token
// with which to continue after it.
type Delivery struct {
	Claims []claim.Claim
	Events []*Event
	Token  string
}

const (
	// deliveryEvents and deliveryBytes bound one delivery.
	deliveryEvents = 256
	deliveryBytes  = 1 << 20
	// eventBytes is more than an event takes beside its content.
	eventBytes = 1 << 10
	// deliveryClaims is how many claims one delivery holds.
	deliveryClaims = 200
)

// Follow delivers the events that a query asks for, from a token on if one is
// given, until ctx ends or emit fails. Every event is delivered once, and those of
// a book in order and without gaps. When nothing is left to deliver, and then after
// every heartbeat interval without events, an empty delivery reports the position.
//
// Returns WATCH_TOKEN_INVALID for a token of another query or database,
// WATCH_TOO_SLOW if emit is too slow, WATCH_ENDED if the server stops or the
// database goes away, WATCHERS_FULL, and MERCHANT_NOT_FOUND.
func (h *Hub) Follow(ctx context.Context, q Query, resume string, emit func(*Delivery) error) error {
	s, at, err := h.subscribe(ctx, q.MerchantID)
	if err != nil {
		return interrupted(err)
	}
	defer h.leave(s)
	f := &follower{hub: h, query: q, sub: s, at: at, reader: h.db.Reader(), emit: emit, ordered: make(map[string]bool)}
	return interrupted(f.run(ctx, resume))
}

// interrupted turns an outage into the end of the watch.
func interrupted(err error) error {
	if errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, errCrowded) {
		return ended()
	}
	return err
}

// follower is one watch.
type follower struct {
	hub    *Hub
	query  Query
	sub    *subscription
	reader postgres.Reader
	emit   func(*Delivery) error
	// at is the position of the hub's reader when the queue began.
	at position
	// position is where delivery has come to.
	position token
	// sent counts deliveries.
	sent int
	// ordered are the claims of the watched order, by id; claimsOfOrder are those
	// to be delivered first.
	ordered       map[string]bool
	claimsOfOrder []claim.Claim
}

func (f *follower) run(ctx context.Context, resume string) error {
	if err := f.knowOrder(ctx); err != nil {
		return err
	}
	if err := f.begin(ctx, resume); err != nil {
		return err
	}
	if k := f.position.kind; k == claimsAtNumber || k == claimsAtPosition {
		if err := f.deliverClaims(ctx); err != nil {
			return err
		}
	}
	for {
		if err := f.catchUp(ctx); err != nil {
			return err
		}
		if err := f.tail(ctx); !errors.Is(err, errBehind) {
			return err
		}
		f.at = f.sub.clear()
	}
}

// ofBook says whether one book is watched.
func (f *follower) ofBook() bool { return f.query.MerchantID != "" }

// begin finds the position of a token, or of the requested start.
func (f *follower) begin(ctx context.Context, resume string) error {
	if f.ofBook() {
		return f.beginBook(ctx, resume)
	}
	if resume != "" {
		return f.resumeAll(ctx, resume)
	}
	f.position = token{kind: atPosition}
	switch f.query.Start {
	case FromBeginning:
	case FromClaims:
		f.position.kind = claimsAtPosition
		fallthrough
	case FromNow:
		f.position.from, f.position.witness = f.at.seen, f.at.witness
	}
	return nil
}

func (f *follower) resumeAll(ctx context.Context, resume string) (err error) {
	if f.position, err = decode(resume, f.at.database, f.query.identity()); err != nil {
		return err
	}
	switch f.position.kind {
	case atPosition, claimsAtPosition, between:
	case atNumber, claimsAtNumber:
		return tokenInvalid("belongs to another query")
	}
	w := f.position.witness
	if w.Transaction == 0 {
		return nil
	}
	e, found, err := f.reader.EventAt(ctx, w.MerchantID, w.Number)
	if err == nil && (!found || e.Transaction != w.Transaction || [8]byte(e.Hash[:8]) != [8]byte(w.Hash[:8])) {
		err = tokenInvalid("belongs to a history that this database does not have")
	}
	return err
}

func (f *follower) beginBook(ctx context.Context, resume string) error {
	head, found, err := f.reader.Head(ctx, f.query.MerchantID)
	switch {
	case err != nil:
		return err
	case !found:
		return fault.New(fault.MerchantNotFound, "no book is open for merchant %s", f.query.MerchantID).
			With("merchantId", f.query.MerchantID)
	case resume != "":
		return f.resumeBook(ctx, resume)
	}
	f.position = token{kind: atNumber}
	switch f.query.Start {
	case FromBeginning:
	case FromClaims:
		f.position.kind = claimsAtNumber
		fallthrough
	case FromNow:
		f.reach(head.EventNumber, head.EventHash)
	}
	return nil
}

func (f *follower) resumeBook(ctx context.Context, resume string) (err error) {
	if f.position, err = decode(resume, f.at.database, f.query.identity()); err != nil {
		return err
	}
	switch f.position.kind {
	case atNumber, claimsAtNumber:
	case atPosition, claimsAtPosition, between:
		return tokenInvalid("belongs to another query")
	}
	if f.position.number == 0 {
		return nil
	}
	e, found, err := f.reader.EventAt(ctx, f.query.MerchantID, f.position.number)
	if err == nil && (!found || [8]byte(e.Hash[:8]) != f.position.hash) {
		err = tokenInvalid("belongs to a history that this database does not have")
	}
	return err
}

// reach records the last event of one book.
func (f *follower) reach(number int64, hash event.Hash) {
	f.position.number, f.position.hash = number, [8]byte(hash[:8])
}

// knowOrder reads the claims of the watched order. Events report claims that are
// filed later.
func (f *follower) knowOrder(ctx context.Context) error {
	if f.query.OrderID == "" {
		return nil
	}
	q := postgres.ClaimQuery{MerchantID: f.query.MerchantID, OrderID: f.query.OrderID}
	for more, from := true, (postgres.ClaimCursor{}); more; {
		p, err := f.reader.Claims(ctx, q, from, deliveryClaims)
		if err != nil {
			return err
		}
		for i := range p.Rows {
			f.ordered[p.Rows[i].ID] = true
		}
		f.claimsOfOrder = append(f.claimsOfOrder, p.Rows...)
		more, from = p.More, p.Next
	}
	return nil
}

// asksFor says whether the query asks for an event.
func (f *follower) asksFor(ctx context.Context, e *Event) (bool, error) {
	q := &f.query
	switch {
	case q.ClaimID != "":
		return e.ClaimID == q.ClaimID, nil
	case q.OrderID == "" || f.ordered[e.ClaimID]:
		return true, nil
	case e.Kind != event.ClaimFiled:
		return false, nil
	}
	content, err := e.Decoded()
	if err != nil { // Its claim is of some order, whatever the event says.
		c, found, err := f.reader.Claim(ctx, e.MerchantID, e.ClaimID)
		if ctx.Err() != nil || errors.Is(err, postgres.ErrUnavailable) {
			return false, err
		}
		if err != nil || !found || c.OrderID != q.OrderID {
			return false, nil // A claim that cannot be read either is of no known order.
		}
		f.ordered[e.ClaimID] = true
		return true, nil
	}
	for _, d := range content.Details {
		if d.Key == "order" && d.Value == q.OrderID {
			f.ordered[e.ClaimID] = true
			return true, nil
		}
	}
	return false, nil
}

// deliverClaims delivers the claims in their current state. Events after the
// position, which was taken before, report what happens to them in the meantime.
func (f *follower) deliverClaims(ctx context.Context) error {
	for more := true; more; {
		var claims []claim.Claim
		var err error
		if claims, more, err = f.claims(ctx); err != nil {
			return err
		}
		if len(claims) == 0 {
			f.claimsDelivered()
		}
		for len(claims) > 0 {
			n := inOneDelivery(claims)
			if last := &claims[n-1]; more || n < len(claims) {
				f.position.cursor = cursor{merchantID: last.MerchantID, claimID: last.ID}
			} else {
				f.claimsDelivered()
			}
			if err := f.send(ctx, &Delivery{Claims: claims[:n:n]}); err != nil {
				return err
			}
			claims = claims[n:]
		}
	}
	f.claimsOfOrder = nil
	return nil
}

// claimsDelivered records that events come next.
func (f *follower) claimsDelivered() {
	f.position.kind, f.position.cursor = f.position.kind.withoutClaims(), cursor{}
}

// claimBytes is more than a claim takes in a message apart from its units, and unitBytes more
// than one of those, as JSON.
const claimBytes, unitBytes = 4 << 10, 56

// inOneDelivery is how many of the first of some claims one delivery holds: at least one.
func inOneDelivery(claims []claim.Claim) int {
	size := 0
	for i := range claims {
		if size += claimBytes + unitBytes*len(claims[i].Units); size > deliveryBytes && i > 0 {
			return i
		}
	}
	return len(claims)
}

// byPage says whether the claims are too many to be read at once.
func (f *follower) byPage() bool { return f.query.ClaimID == "" && f.query.OrderID == "" }

// restOfOrder are the claims of the watched order after the one that was delivered last. A
// claim that was filed since then is among those that events report.
func (f *follower) restOfOrder() []claim.Claim {
	after := f.position.cursor.claimID
	if after == "" {
		return f.claimsOfOrder
	}
	at := slices.IndexFunc(f.claimsOfOrder, func(c claim.Claim) bool { return c.ID == after })
	return f.claimsOfOrder[at+1:]
}

// claims reads the next claims that the query asks for, and says whether more may follow.
func (f *follower) claims(ctx context.Context) (list []claim.Claim, more bool, err error) {
	q, after := &f.query, f.position.cursor
	if f.byPage() {
		return f.reader.ClaimsAfter(ctx, q.MerchantID, book.Key{MerchantID: after.merchantID, ID: after.claimID}, deliveryClaims)
	}
	if q.OrderID != "" {
		return f.restOfOrder(), false, nil
	}
	c, found, err := f.reader.Claim(ctx, q.MerchantID, q.ClaimID)
	if err == nil && !found {
		err = fault.New(fault.ClaimNotFound, "there is no claim with the id %s", q.ClaimID).With("claimId", q.ClaimID)
	}
	return []claim.Claim{c}, false, err
}
