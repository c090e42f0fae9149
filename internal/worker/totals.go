package worker

// Totals counts a worker's work since it was made.
type Totals struct {
	Done
	// OutcomesSucceeded and OutcomesFailed count the recorded outcomes;
	// OutcomesUnknown counts the gateway calls that brought none.
	OutcomesSucceeded, OutcomesFailed, OutcomesUnknown int64
	// The gateway calls by how they ended: with an answer, without one, cut by the
	// worker, and with an answer that cannot be about the payout.
	CallsAnswered, CallsUnanswered, CallsCut, CallsForeign int64
}

// Totals gives the totals so far.
func (w *Worker) Totals() Totals {
	o, c := &w.outcomes, &w.calls
	return Totals{
		Done:              w.counts(),
		OutcomesSucceeded: o.succeeded.Load(), OutcomesFailed: o.failed.Load(), OutcomesUnknown: o.unknown.Load(),
		CallsAnswered: c.answered.Load(), CallsUnanswered: c.unanswered.Load(), CallsCut: c.cut.Load(), CallsForeign: c.foreign.Load(),
	}
}

// InFlight counts what is under way to the gateway.
func (w *Worker) InFlight() InFlight { return w.flights.count() }

// Breaker gives the state of the breaker between the worker and the gateway.
func (w *Worker) Breaker() BreakerState { return w.breaker.now() }
