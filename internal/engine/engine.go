// Package engine runs every change of a book as a command through one pipeline:
// commands queue in lanes, a lane takes all that have queued up, loads what they
// name, decides them one after the other on the books in memory, writes everything
// set-based in one transaction, and answers after the commit. Rules are left to book,
// SQL to postgres.
package engine

import (
	"context"
	"errors"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Clock gives the time of day. There is one for the whole process; tests and
// the sandbox own theirs.
type Clock func() time.Time

// Config bounds the engine. Every value must be set; Defaults gives good ones.
type Config struct {
	// Lanes is how many transactions may run at once. A book always runs in
	// the same lane.
	Lanes int
	// BatchMax is the most commands in one transaction; 1 turns batching off.
	BatchMax int
	// Ahead is how many commands must wait in a lane before it decides them while the
	// previous batch is still being written. Fewer commands wait for that write to end.
	// A higher value makes larger batches.
	Ahead int
	// Half is the smallest cap on a batch. When more than 2×Half commands are in the
	// lane (queued, decided, or being written), a batch may take up to half of them.
	Half int
	// KeptMax is how many rows of books a lane keeps in memory. A row takes a few hundred
	// bytes.
	KeptMax int
	// QueueMax is how many commands may wait in one lane; further callers get
	// QUEUE_FULL.
	QueueMax int
	// PlanAge is how long a lane keeps its cached plans.
	PlanAge time.Duration
	// PoliciesAtOnce lets one caller publish a policy version, in a sandbox, and lets it
	// take effect in the past.
	PoliciesAtOnce bool
	// PoliciesWithoutLimits are the policies whose versions may lack the limits that
	// policy.Version.Lacking names.
	PoliciesWithoutLimits []string
	// RegisterByTwo has an authenticator that one person registers count once another person
	// has approved it.
	RegisterByTwo bool
	// PayoutsHeld says that no payout leaves this server. Only then can a person tell of one
	// that was made and not sent: elsewhere it may be on its way at this moment.
	PayoutsHeld bool
	// StatementsKept is how long a statement is kept that a server has written, or has begun.
	StatementsKept time.Duration
	// StatementLinesMax is how many lines it may have.
	StatementLinesMax int64
	book.Settings
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Lanes:    2,
		BatchMax: 512,
		Ahead:    64,
		Half:     128,
		KeptMax:  8_000,
		QueueMax: 8192,
		PlanAge:  time.Minute,

		StatementsKept: 7 * 24 * time.Hour, StatementLinesMax: job.StatementLinesMax,

		Settings: book.Settings{LapseGrace: 30 * time.Second, PayoutLife: 72 * time.Hour, ClockSkew: time.Minute},
	}
}

// Engine runs commands.
type Engine struct {
	config  Config
	db      *postgres.DB
	clock   Clock
	log     *slog.Logger
	catalog atomic.Pointer[book.Catalog]
	reloads reloads
	ids     claim.IDs
	lanes   []*lane
	closing sync.Once
	closed  chan struct{} // Closed once the lanes have ended; previews are refused then.
	stopped sync.WaitGroup

	previews chan *postgres.Session
	reserver *reserver
	hooks    Hooks
	errands  *errands
	// previewMax is at how many results the preview of a retraction stops to count.
	previewMax int
}

// Hooks are who is told of what the engine did. They must not block, and several
// lanes call them at once; nil tells nobody.
type Hooks struct {
	// Payouts is told of new payouts after their commit; those it drops are found
	// again by the list of dues.
	Payouts func([]payout.Payout)
	// Commit is called after each commit that changed a book.
	Commit func()
	// Observer is told how the pipeline fares.
	Observer *Observer
}

// New starts an engine over a database whose schema is current.
func New(ctx context.Context, db *postgres.DB, clock Clock, config Config, hooks Hooks, log *slog.Logger) (*Engine, error) {
	e := &Engine{config: config, db: db, clock: clock, hooks: hooks, log: log, closed: make(chan struct{}), errands: newErrands(), previewMax: job.PreviewMax}
	e.reloads.one = make(chan struct{}, 1)
	if err := e.ReloadCatalog(ctx); err != nil {
		return nil, err
	}
	const previews = 2
	e.previews = make(chan *postgres.Session, previews)
	for range previews {
		e.previews <- db.OpenSession()
	}
	e.reserver = newReserver(e)
	for range config.Lanes {
		l := newLane(e, config.QueueMax)
		e.lanes = append(e.lanes, l)
		e.stopped.Go(l.run)
	}
	e.stopped.Go(e.reserver.run)
	return e, nil
}

// Close answers the queued commands, then stops. What comes later is refused. A second
// call waits for the first.
func (e *Engine) Close() {
	e.closing.Do(func() {
		for _, l := range e.lanes {
			l.queue.shut()
		}
		e.reserver.queue.shut()
		e.stopped.Wait()
		close(e.closed)
		for range cap(e.previews) {
			(<-e.previews).Close()
		}
	})
}

// Now is the engine's time, as precise as the database keeps it.
func (e *Engine) Now() time.Time { return e.clock().UTC().Truncate(time.Microsecond) }

// Catalog gives the policies and the calendar as last read.
func (e *Engine) Catalog() *book.Catalog { return e.catalog.Load() }

// call is a command on its way through the pipeline.
type call struct {
	book.Call
	ctx      context.Context
	done     chan struct{} // Closed once Outcome and Err are set.
	answered atomic.Bool
	// committed says that its batch is, and that nothing but its answer is left.
	committed bool
	attempts  int
	// doubt is why an earlier try may have been carried out after all; nil for none.
	doubt error
}

// answer ends a call. What may have been carried out is never answered by a refusal: an
// earlier try could still come true after what the refusal rests on was read.
//
// Only the first answer counts.
func (c *call) answer(err error) {
	if c.answered.Swap(true) {
		return
	}
	if err != nil {
		c.Outcome, c.Err = book.Outcome{}, err
	}
	if c.doubt != nil && c.Err != nil {
		c.Outcome, c.Err = book.Outcome{}, Unknown(errors.Join(c.Err, c.doubt))
	}
	close(c.done)
}

// Do runs one command on a book, with what it needs from outside of books: it finds
// the payout that an out-number names, and reserves references that are unique over all
// books. Where a refusal ends something, a command of its own does that afterwards.
func (e *Engine) Do(ctx context.Context, h request.Header, cmd book.Command) (book.Outcome, error) {
	if a, ok := cmd.(book.Addressed); ok {
		if err := e.address(ctx, &h, a); err != nil {
			return book.Outcome{}, err
		}
	}
	if _, ok := cmd.(book.Previewed); ok {
		h.ValidateOnly = true
	}
	if m, ok := cmd.(book.Moving); ok {
		if err := e.moving(ctx, h, m); err != nil {
			return book.Outcome{}, err
		}
	}
	o, err := e.underReservations(ctx, h, cmd)
	if after, ok := cmd.(book.Ending); ok && err != nil && !h.ValidateOnly {
		if method, next := after.After(err); next != nil {
			e.end(ctx, request.System(h.MerchantID, method), next)
		}
	}
	return o, err
}

// moving reads the proposal of a command that may carry it out, for the reference under
// which its money moves. A proposal that is not there is refused by the command.
func (e *Engine) moving(ctx context.Context, h request.Header, cmd book.Moving) error {
	p, found, err := e.db.Reader().Proposal(ctx, proposal.Key{MerchantID: h.MerchantID, Number: cmd.Proposal()})
	if err == nil && found {
		cmd.Reserve(&p)
	}
	return err
}

// address finds book and payout of the out-number that a command names, if any. A
// header without a merchant takes the payout's.
func (e *Engine) address(ctx context.Context, h *request.Header, cmd book.Addressed) error {
	outNumber, payoutID := cmd.Address()
	if outNumber == "" {
		return nil
	}
	held, found, err := e.db.Reserved(ctx, book.OutNumber, outNumber)
	if err == nil && !found && e.config.PayoutsHeld {
		held, found, err = e.unsent(ctx, h.MerchantID, outNumber)
	}
	switch {
	case err != nil:
		return err
	case !found:
		return fault.New(fault.PayoutNotFound, "no payout has the out-number %s", outNumber).
			With("outNumber", outNumber).At("out_number")
	case h.MerchantID != "" && h.MerchantID != held.MerchantID:
		return book.PayoutNotFound(h.MerchantID, outNumber)
	}
	h.MerchantID, *payoutID = held.MerchantID, held.Holder
	return nil
}

// unsent finds a payout that was made and not sent yet, in the book of a merchant that the
// caller names, and reserves its number as if it were sent. A person tells of such a payout
// where the payment was made under another number (docs/operating.md).
func (e *Engine) unsent(ctx context.Context, merchantID, outNumber string) (held postgres.Reservation, found bool, err error) {
	id, ok := claim.ParseID(outNumber)
	if merchantID == "" || !ok || claim.Compact(id) != outNumber {
		return held, false, nil
	}
	p, found, err := e.db.Reader().Payout(ctx, merchantID, id)
	if err != nil || !found {
		return held, false, err
	}
	holder, _, err := e.Reserve(ctx, postgres.Reservation{Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: merchantID, Holder: id})
	return holder, err == nil, err
}

// end runs what a refusal calls for. Its own refusal says that another was first.
func (e *Engine) end(ctx context.Context, h request.Header, cmd book.Command) {
	_, err := e.do(ctx, h, cmd)
	if _, refused := fault.As(err); err != nil && !refused {
		e.log.Warn("end after a refusal", "method", h.Method, "merchant", h.MerchantID, "error", err)
	}
}

// do queues a command and waits for its answer. If ctx ends first, the caller gets
// ctx's error and the command still runs: a call with the same request id is answered
// from the stored outcome.
func (e *Engine) do(ctx context.Context, h request.Header, cmd book.Command) (book.Outcome, error) {
	if h.ArrivedAt.IsZero() {
		h.ArrivedAt = e.Now()
	}
	c := &call{Call: book.NewCall(h, cmd), ctx: ctx, done: make(chan struct{})}
	if h.ValidateOnly {
		return e.preview(c)
	}
	if err := e.lane(h.MerchantID).submit(c); err != nil {
		return book.Outcome{}, err
	}
	select {
	case <-c.done:
		return c.Outcome, c.Err
	case <-ctx.Done():
		return book.Outcome{}, ctx.Err()
	}
}

func (e *Engine) lane(merchantID string) *lane {
	h := fnv.New32a()
	_, _ = h.Write([]byte(merchantID))
	return e.lanes[h.Sum32()%uint32(len(e.lanes))]
}

// queueFull is the refusal of a command for a lane whose queue is full.
func queueFull(most int) error {
	return fault.New(fault.QueueFull, "the command queue for this book is full (%d commands)", most).
		With("queueMax", most).After(200 * time.Millisecond)
}

// ClockSkew is how far the clock of whoever tells a fact may be ahead of the engine's.
func (e *Engine) ClockSkew() time.Duration { return e.config.ClockSkew }

// LapseGrace is how long after a deadline it fires.
func (e *Engine) LapseGrace() time.Duration { return e.config.LapseGrace }
