package worker

// Totals counts a worker's work since it was made.
type Totals struct {
	Done
	// OutcomesSucceeded and OutcomesFailed count the recorded outcomes;
	// OutcomesUnknown counts the gateway calls that brought none.
	OutcomesSucceeded, OutcomesFailed, OutcomesUnknown int64
}

// Totals gives the totals so far.
func (w *Worker) Totals() Totals {
	o := &w.outcomes
	return Totals{
		Done:              w.counts(),
		OutcomesSucceeded: o.succeeded.Load(), OutcomesFailed: o.failed.Load(), OutcomesUnknown: o.unknown.Load(),
	}
}
