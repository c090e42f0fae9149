package telemetry

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// Worker reports a worker's totals.
func (t *Telemetry) Worker(w *worker.Worker) error {
	total := func(f func(worker.Totals) int64) func() (float64, bool) {
		return always(func() int64 { return f(w.Totals()) })
	}
	if err := t.gateway(w); err != nil {
		return err
	}
	const outcomes, ofOutcomes = "tenfold.payout.outcomes", "Outcomes of payouts that the gateway reported, and calls without an outcome (unknown)."
	return t.ask([]reading{
		{name: "tenfold.deadlines.passed", about: "Deadlines that have fired.", total: true,
			read: total(func(d worker.Totals) int64 { return d.DeadlinesPassed })},
		{name: "tenfold.payouts.held", about: "1 while this server keeps payouts from the gateway, else 0.", read: whether(w.Holds)},
		{name: "tenfold.payout.instructions", about: "Instructions sent to the gateway, repetitions included.", total: true,
			read: total(func(d worker.Totals) int64 { return d.PayoutsInstructed })},
		{name: "tenfold.payout.queries", about: "Queries sent to the gateway about payouts.", total: true,
			read: total(func(d worker.Totals) int64 { return d.PayoutsQueried })},
		{name: outcomes, about: ofOutcomes, total: true, label: "outcome", value: "succeeded",
			read: total(func(d worker.Totals) int64 { return d.OutcomesSucceeded })},
		{name: outcomes, about: ofOutcomes, total: true, label: "outcome", value: "failed",
			read: total(func(d worker.Totals) int64 { return d.OutcomesFailed })},
		{name: outcomes, about: ofOutcomes, total: true, label: "outcome", value: "unknown",
			read: total(func(d worker.Totals) int64 { return d.OutcomesUnknown })},
	})
}

// gateway reports how a worker calls the gateway.
func (t *Telemetry) gateway(w *worker.Worker) error {
	const (
		calls, ofCalls     = "tenfold.gateway.calls", "Calls to the gateway by how they ended: answered, unanswered, cut short for others, or foreign: with an answer that cannot be about the payout."
		flights, ofFlights = "tenfold.gateway.in_flight", "Calls to the gateway under way, and payouts in the slow lane."
		breaker, ofBreaker = "tenfold.gateway.breaker", "1 for the state that the breaker between worker and gateway is in, 0 for the others."
	)
	var readings []reading
	for outcome, f := range map[string]func(worker.Totals) int64{
		"answered":   func(d worker.Totals) int64 { return d.CallsAnswered },
		"unanswered": func(d worker.Totals) int64 { return d.CallsUnanswered },
		"cut":        func(d worker.Totals) int64 { return d.CallsCut },
		"foreign":    func(d worker.Totals) int64 { return d.CallsForeign },
	} {
		readings = append(readings, reading{name: calls, about: ofCalls, total: true, label: "outcome", value: outcome,
			read: always(func() int64 { return f(w.Totals()) })})
	}
	readings = append(readings,
		reading{name: flights, about: ofFlights, label: "what", value: "calls", read: always(func() int { return w.InFlight().Calls })},
		reading{name: flights, about: ofFlights, label: "what", value: "slow", read: always(func() int { return w.InFlight().Slow })})
	for _, state := range worker.BreakerStates() {
		readings = append(readings, reading{name: breaker, about: ofBreaker, label: "state", value: string(state),
			read: whether(func() bool { return w.Breaker() == state })})
	}
	return t.ask(readings)
}

// Watches reports the number of followers.
func (t *Telemetry) Watches(h *watch.Hub) error {
	return t.ask([]reading{{name: "tenfold.watch.followers", about: "Open watches.", read: always(h.Followers)}})
}

// Quarantine reports the events that readers of this process could not read.
func (t *Telemetry) Quarantine(q *watch.Quarantine) error {
	var readings []reading
	for _, by := range watch.Readers() {
		readings = append(readings, reading{
			name: "tenfold.events.unreadable", about: "Events that could not be read and were quarantined, by reader.", total: true,
			label: "reader", value: string(by), read: always(func() int64 { return q.Unreadable(by) }),
		})
	}
	return t.ask(readings)
}

// Relay reports the state of a relay; clock gives real time.
func (t *Telemetry) Relay(r *relay.Relay, clock func() time.Time) error {
	return t.ask([]reading{
		{name: "tenfold.relay.leading", about: "1 if this replica relays events, 0 if it is a standby.",
			read: whether(func() bool { return r.State().Leading })},
		{name: "tenfold.relay.events", about: "Events that the sink has stored.", total: true,
			read: always(func() int64 { return r.State().Relayed })},
		{name: "tenfold.relay.lag", unit: "s", about: "Age of the oldest event that waits to be stored.",
			read: always(func() float64 { return r.State().Lag(clock()).Seconds() })},
	})
}

// RefusedAttempts reports the attempts that found no room in the access log.
func (t *Telemetry) RefusedAttempts(l *accesslog.Log) error {
	var readings []reading
	for _, reason := range append(rpc.RefusedAttempts(), otherReasons) {
		readings = append(readings, reading{
			name: "tenfold.access.dropped", about: "Refused attempts that found no room in the access log, by the reason of the refusal.", total: true,
			label: "reason", value: string(reason), read: always(func() int64 { return droppedFor(l, reason) }),
		})
	}
	return t.ask(readings)
}

// otherReasons stands for the reasons by which resources beyond a caller's scope are not there.
const otherReasons fault.Reason = "OUT_OF_SCOPE"

// droppedFor is how many attempts with a reason were dropped.
func droppedFor(l *accesslog.Log, reason fault.Reason) int64 {
	dropped := l.DroppedByReason()
	if reason != otherReasons {
		return dropped[string(reason)]
	}
	var n int64
	for other, of := range dropped {
		if !slices.Contains(rpc.RefusedAttempts(), fault.Reason(other)) {
			n += of
		}
	}
	return n
}

// Database reports the state of the connection pool, and whether the database
// answers.
func (t *Telemetry) Database(db *postgres.DB, answers func() bool) error {
	const name, about = "tenfold.database.connections", "Connections to the database."
	return t.ask([]reading{
		{name: "tenfold.database.up", about: "1 if the database answered when it was last asked, otherwise 0.",
			read: whether(answers)},
		{name: name, about: about, label: "state", value: "used", read: always(func() int { return db.Connections().Used })},
		{name: name, about: about, label: "state", value: "idle", read: always(func() int { return db.Connections().Idle })},
		{name: "tenfold.database.connections.max", about: "How many connections to the database may be open.",
			read: always(func() int { return db.Connections().Most })},
	})
}
