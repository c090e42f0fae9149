package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// backlogPause is how often the backlog is counted. Scrapes read the last
	// count, so the database's load does not depend on the number of scrapes.
	backlogPause = 15 * time.Second
	// backlogMax bounds each count.
	backlogMax = 10_000
	// backlogTimeout is how long one count may take.
	backlogTimeout = 5 * time.Second
	// keysAhead is how long before its end a body's newest key is shown as expiring: another key
	// takes two persons here, and often a ceremony there.
	keysAhead = 30 * 24 * time.Hour
	// backlogAge is how long a count is shown; after that no count is better than
	// an old one.
	backlogAge = time.Minute
)

// Backlog counts the work that waits, over all books. Every replica counts the
// same: use the largest value of several, not the sum.
type Backlog struct {
	db     *postgres.DB
	engine *engine.Engine
	clock  engine.Clock
	log    *slog.Logger
	last   atomic.Pointer[counted]
}

// counted is one count: deadlines and payouts by the engine's time, the rest by real time.
type counted struct {
	postgres.Backlog
	now, late, at time.Time
	keys          postgres.KeysEnding
	// calendarUntil is when the years end of which the calendar is set.
	calendarUntil time.Time
}

// Backlog prepares to count; clock gives real time.
func (t *Telemetry) Backlog(db *postgres.DB, e *engine.Engine, clock engine.Clock, log *slog.Logger) (*Backlog, error) {
	b := &Backlog{db: db, engine: e, clock: clock, log: log}
	return b, t.ask(b.readings())
}

// Run counts again and again until ctx ends.
func (b *Backlog) Run(ctx context.Context) {
	again(ctx, backlogPause, b.Count, func(err error) { b.log.WarnContext(ctx, "cannot count the backlog", "error", err) })
}

// again counts until ctx ends, with a pause between two counts. A count that fails is told
// of, and the next one may not.
func again(ctx context.Context, pause time.Duration, count func(context.Context) error, failed func(error)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := count(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Count counts once.
func (b *Backlog) Count(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, backlogTimeout)
	defer cancel()
	c := counted{now: b.engine.Now(), at: b.clock()}
	c.late = c.now.Add(-b.engine.LapseGrace())
	var err error
	if c.Backlog, err = b.db.Reader().Backlog(ctx, c.late, c.at, backlogMax); err != nil {
		return err
	}
	if c.keys, err = b.db.Reader().KeysEnding(ctx, c.now, keysAhead, backlogMax); err != nil {
		return err
	}
	catalog, err := b.engine.RecentCatalog(ctx)
	if err != nil {
		return err
	}
	c.calendarUntil = catalog.Calendar.SetUntil(c.now)
	b.last.Store(&c)
	return nil
}

// of reads from the last count.
func (b *Backlog) of(f func(*counted) int64) func() (float64, bool) {
	return b.from(func(c *counted) float64 { return float64(f(c)) })
}

// lag reads the age of the oldest row at the last count.
func (b *Backlog) lag(f func(*counted) (now, oldest time.Time)) func() (float64, bool) {
	return b.from(func(c *counted) float64 {
		now, oldest := f(c)
		if oldest.IsZero() {
			return 0
		}
		return max(0, now.Sub(oldest).Seconds())
	})
}

func (b *Backlog) from(f func(*counted) float64) func() (float64, bool) {
	return func() (float64, bool) {
		c := b.last.Load()
		if c == nil || b.clock().Sub(c.at) > backlogAge {
			return 0, false
		}
		return f(c), true
	}
}

func (b *Backlog) readings() []reading {
	const (
		payouts, ofPayouts       = "tenfold.payouts", "Payouts without an outcome: open, and those among them that are stuck after many queries."
		claims, ofClaims         = "tenfold.claims.waiting", "Claims that wait for people, by state."
		breaks, ofBreaks         = "tenfold.reconciliation.breaks", "Breaks between the engine and files of channels, and inside the books: open, and those among them whose time has passed."
		asked, ofAsked           = "tenfold.evidence.requests", "Requests for evidence: open, and those among them whose time has passed."
		jobs, ofJobs             = "tenfold.jobs", "Jobs: open, on which servers work or which they are to take, proposed, which wait for a second person, and failed."
		retests, ofRetests       = "tenfold.retests", "Claims whose results disagree at one rank: due, for which a body was to be drawn and was not, and held, for which nobody could be."
		files, ofFiles           = "tenfold.statements", "Statements that servers write: open, and kept until they expire."
		keys, ofKeys             = "tenfold.signing.keys", "Bodies that are not suspended and whose newest signing key expires within 30 days, or has expired."
		deliveries, ofDeliveries = "tenfold.webhook.deliveries", "Webhook deliveries: due, and dead, which no receiver took."
	)
	return []reading{
		{name: payouts, about: ofPayouts, label: "state", value: "open", read: b.of(func(c *counted) int64 { return c.PayoutsOpen })},
		{name: payouts, about: ofPayouts, label: "state", value: "stuck", read: b.of(func(c *counted) int64 { return c.PayoutsStuck })},
		{name: "tenfold.payouts.unknown_age", unit: "s", about: "Age of the oldest payout about which the gateway was asked and gave no outcome.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.now, c.OldestUnknown })},
		{name: claims, about: ofClaims, label: "state", value: "IN_REVIEW", read: b.of(func(c *counted) int64 { return c.InReview })},
		{name: claims, about: ofClaims, label: "state", value: "APPEALED", read: b.of(func(c *counted) int64 { return c.Appealed })},
		{name: claims, about: ofClaims, label: "state", value: "AWAITING_APPROVAL", read: b.of(func(c *counted) int64 { return c.AwaitingApproval })},
		{name: claims, about: ofClaims, label: "state", value: "PAYOUT_FAILED", read: b.of(func(c *counted) int64 { return c.PayoutFailed })},
		{name: "tenfold.claims.unfunded", about: "Confirmed claims that wait for money of the merchant.",
			read: b.of(func(c *counted) int64 { return c.Unfunded })},
		{name: "tenfold.claims.unfunded.age", unit: "s", about: "For how long the oldest of them has been short of money.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.late, c.OldestUnfunded })},
		{name: breaks, about: ofBreaks, label: "state", value: "open", read: b.of(func(c *counted) int64 { return c.BreaksOpen })},
		{name: breaks, about: ofBreaks, label: "state", value: "overdue", read: b.of(func(c *counted) int64 { return c.BreaksOverdue })},
		{name: asked, about: ofAsked, label: "state", value: "open", read: b.of(func(c *counted) int64 { return c.EvidenceAsked })},
		{name: asked, about: ofAsked, label: "state", value: "overdue", read: b.of(func(c *counted) int64 { return c.EvidenceOverdue })},
		{name: "tenfold.evidence.requests.lag", unit: "s", about: "For how long the oldest open request for evidence has been overdue.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.late, c.OldestAsked })},
		{name: jobs, about: ofJobs, label: "state", value: "open", read: b.of(func(c *counted) int64 { return c.JobsOpen })},
		{name: jobs, about: ofJobs, label: "state", value: "proposed", read: b.of(func(c *counted) int64 { return c.JobsProposed })},
		{name: jobs, about: ofJobs, label: "state", value: "failed", read: b.of(func(c *counted) int64 { return c.JobsFailed })},
		{name: "tenfold.jobs.lag", unit: "s", about: "For how long the oldest job that is due has been left by all servers.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.late, c.OldestJob })},
		{name: retests, about: ofRetests, label: "state", value: "due", read: b.of(func(c *counted) int64 { return c.RetestsDue })},
		{name: retests, about: ofRetests, label: "state", value: "held", read: b.of(func(c *counted) int64 { return c.RetestsHeld })},
		{name: files, about: ofFiles, label: "state", value: "open", read: b.of(func(c *counted) int64 { return c.StatementsOpen })},
		{name: files, about: ofFiles, label: "state", value: "kept", read: b.of(func(c *counted) int64 { return c.StatementsKept })},
		{name: "tenfold.statements.sweep.lag", unit: "s", about: "For how long the oldest statement that should have been dropped has been left.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.late, c.OldestExpired })},
		{name: "tenfold.evidence.unnamed", about: "Uploads that no claim is known to have.",
			read: b.of(func(c *counted) int64 { return c.UploadsWaiting })},
		{name: "tenfold.evidence.sweep.lag", unit: "s", about: "For how long the oldest upload that should have been dropped has been left.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.late, c.OldestUnswept })},
		{name: "tenfold.reconciliation.lag", unit: "s", about: "For how long the time of the oldest overdue break has passed.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.at, c.OldestBreak })},
		{name: "tenfold.deadlines.late", about: "Deadlines that passed longer ago than the grace period and have not fired.",
			read: b.of(func(c *counted) int64 { return c.DeadlinesLate })},
		{name: "tenfold.deadlines.lag", unit: "s", about: "How long ago the oldest late deadline should have fired.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.late, c.OldestLate })},
		{name: deliveries, about: ofDeliveries, label: "state", value: "due", read: b.of(func(c *counted) int64 { return c.DeliveriesDue })},
		{name: deliveries, about: ofDeliveries, label: "state", value: "dead", read: b.of(func(c *counted) int64 { return c.DeadLetters })},
		{name: "tenfold.events.quarantined", about: "Events of which readers get no more than that they exist.",
			read: b.of(func(c *counted) int64 { return c.Quarantined })},
		{name: "tenfold.webhook.lag", unit: "s", about: "How long ago the oldest due delivery became due.",
			read: b.lag(func(c *counted) (now, oldest time.Time) { return c.at, c.OldestDelivery })},
		{name: keys, about: ofKeys, label: "state", value: "expiring", read: b.of(func(c *counted) int64 { return c.keys.Expiring })},
		{name: keys, about: ofKeys, label: "state", value: "expired", read: b.of(func(c *counted) int64 { return c.keys.Expired })},
		{name: "tenfold.calendar.left", unit: "s", about: "For how long the years last of which the calendar is set; below zero if this year is not set.",
			read: b.from(func(c *counted) float64 { return c.calendarUntil.Sub(c.now).Seconds() })},
	}
}
