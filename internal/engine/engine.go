// Package engine runs every change of a book as a command through one
// pipeline: commands queue in lanes, a lane takes all that have queued up,
// loads what they name, decides them one after the other in memory, writes
// everything set-based in one transaction, and answers after the commit. It
// leaves rules to claim, policy and ledger, and SQL to postgres.
package engine

import (
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
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
	// Ahead is how many commands must wait in a lane for it to decide them while
	// the batch before is being written; fewer wait for its end. More of them make
	// larger batches.
	Ahead int
	// Half is the most commands of a batch, or half of those that the lane has,
	// decided and being written included, where that is more.
	Half int
	// KeptMax is how many rows of books a lane keeps in memory, some hundred bytes
	// each.
	KeptMax int
	// QueueMax is the most commands waiting in one lane; beyond it callers get
	// QUEUE_FULL.
	QueueMax int
	// PlanAge is how long a lane keeps its cached plans.
	PlanAge time.Duration
	// LapseGrace is how long after a deadline it fires, so that an answer that
	// arrived in time and waits in a queue or on a slower clock wins.
	LapseGrace time.Duration
	// PayoutLife is how long the gateway may still pay an instruction.
	PayoutLife time.Duration
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Lanes:      2,
		BatchMax:   512,
		Ahead:      64,
		Half:       128,
		KeptMax:    8_000,
		QueueMax:   8192,
		PlanAge:    time.Minute,
		LapseGrace: 30 * time.Second,
		PayoutLife: 72 * time.Hour,
	}
}

// Engine runs commands.
type Engine struct {
	config  Config
	db      *postgres.DB
	clock   Clock
	log     *slog.Logger
	catalog atomic.Pointer[Catalog]
	ids     claim.IDs
	lanes   []*lane
	stop    chan struct{}
	stopped sync.WaitGroup

	previews   chan *postgres.Session
	reserver   *reserver
	onPayouts  atomic.Pointer[func([]payout.Payout)]
	onCommit   atomic.Pointer[func()]
	observer   atomic.Pointer[Observer]
	batches    atomic.Int64
	batchCalls atomic.Int64
}

// New starts an engine over a database whose schema is current.
func New(ctx context.Context, db *postgres.DB, clock Clock, config Config, log *slog.Logger) (*Engine, error) {
	e := &Engine{config: config, db: db, clock: clock, log: log, stop: make(chan struct{})}
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

// Close answers what is queued, then stops. Nothing may be submitted after.
func (e *Engine) Close() {
	close(e.stop)
	e.stopped.Wait()
	for range cap(e.previews) {
		(<-e.previews).Close()
	}
}

// OnPayouts sets what is told of new payouts after their commit. It must not
// block; payouts it drops are found again by the list of dues.
func (e *Engine) OnPayouts(f func([]payout.Payout)) { e.onPayouts.Store(&f) }

// OnCommit sets what is called after each commit that changed a book. It must not
// block, and it may be called from several lanes at once.
func (e *Engine) OnCommit(f func()) { e.onCommit.Store(&f) }

// Now is the engine's time, as precise as the database keeps it.
func (e *Engine) Now() time.Time { return e.clock().UTC().Truncate(time.Microsecond) }

// Catalog is the policies and authenticators as last read.
func (e *Engine) Catalog() *Catalog { return e.catalog.Load() }

// Batches gives how many batches were committed and how many commands ran in them.
func (e *Engine) Batches() (batches, commands int64) {
	return e.batches.Load(), e.batchCalls.Load()
}

// Role is what a principal may be.
type Role string

// The roles.
const (
	RoleOrderService  Role = "order-service"
	RoleSupport       Role = "support"
	RoleAdjudicator   Role = "adjudicator"
	RoleApprover      Role = "approver"
	RoleFinance       Role = "finance"
	RoleMerchant      Role = "merchant"
	RoleAuthenticator Role = "authenticator"
	RoleOperator      Role = "operator"
	RoleAuditor       Role = "auditor"
	// RoleSystem is the engine's own timers and workers.
	RoleSystem Role = "system"
)

// Principal is who makes a command: a workload in a role, for a person where
// one stands behind it.
type Principal struct {
	Workload string
	Role     Role
	Person   string
}

// Header is what every command carries.
type Header struct {
	MerchantID string
	Principal  Principal
	Method     string
	// RequestID is the caller's; timers and workers have none.
	RequestID string
	// ArrivedAt is when the request arrived; windows are judged by it.
	ArrivedAt time.Time
	// ValidateOnly decides on a snapshot and stores nothing.
	ValidateOnly bool
}

// Outcome is what a command did. What it names is set, the rest is not.
type Outcome struct {
	// Replayed says that the request had been carried out before: only the ids
	// below are set, and the resource is to be read as it is now.
	Replayed bool
	// MerchantID is the book, also where the header left it open.
	MerchantID string
	ClaimID    string
	ResultID   string
	PayoutID   string
	// TransferNumber is the first transfer of the outcome.
	TransferNumber int64
	EventNumber    int64

	Claim     *claim.Claim
	Proposal  *postgres.Proposal
	Evidence  *postgres.Evidence
	Result    *claim.Result
	Payout    *payout.Payout
	Transfers []ledger.Transfer
	Quotes    []policy.Share
	Currency  string
	OpenedAt  time.Time
}

// command is one change of a book.
type command interface {
	// need names what is known from the request to be needed.
	need(*call, *needs)
	// digest covers the request's content, for the request id.
	digest(*digest)
	// decide refuses, or stages the whole change on the book.
	decide(*Book) (Outcome, error)
}

// follower is a command whose needs follow from what was loaded before.
type follower interface {
	// follow names what else is needed, after round more rounds of loading.
	follow(b *Book, n *needs, round int)
}

// rounds is how often followers may ask for more.
const rounds = 4

// call is a command on its way through the pipeline.
type call struct {
	header Header
	cmd    command
	digest [32]byte
	ctx    context.Context
	done   chan struct{}
	// outcome and err are set before done is closed.
	outcome  Outcome
	err      error
	attempts int
	// made are the payouts the command made, told after the commit.
	made []payout.Payout
}

func (c *call) answer(err error) {
	if err != nil {
		c.outcome, c.err = Outcome{}, err
	}
	close(c.done)
}

// do queues a command and waits for its answer. When ctx ends first the caller
// gets its error and the command still runs: sent again with the same request
// id, it is answered from its stored outcome.
func (e *Engine) do(ctx context.Context, h Header, cmd command) (Outcome, error) {
	c := &call{header: h, cmd: cmd, ctx: ctx, done: make(chan struct{})}
	if c.header.ArrivedAt.IsZero() {
		c.header.ArrivedAt = e.Now()
	}
	c.digest = digestOf(cmd)
	if h.ValidateOnly {
		return e.preview(c)
	}
	if err := e.lane(h.MerchantID).submit(c); err != nil {
		return Outcome{}, err
	}
	select {
	case <-c.done:
		return c.outcome, c.err
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

func (e *Engine) lane(merchantID string) *lane {
	h := fnv.New32a()
	_, _ = h.Write([]byte(merchantID))
	return e.lanes[h.Sum32()%uint32(len(e.lanes))]
}

// queueFull is the answer of a queue beyond its bound.
func queueFull(most int) error {
	return fault.New(fault.QueueFull, "the queue of this book's lane is full (%d commands)", most).
		With("queueMax", most).After(200 * time.Millisecond)
}

// LapseGrace is how long after a deadline it fires.
func (e *Engine) LapseGrace() time.Duration { return e.config.LapseGrace }
