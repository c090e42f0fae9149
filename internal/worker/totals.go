package worker

// Totals counts what a worker has done since it was made.
type Totals struct {
	Done
	// OutcomesSucceeded and OutcomesFailed are the outcomes recorded, by what they
	// were; OutcomesUnknown are calls of the gateway that brought none.
	OutcomesSucceeded, OutcomesFailed, OutcomesUnknown int64
}

// Totals tells what was done so far.
func (w *Worker) Totals() Totals {
	o := &w.outcomes
	return Totals{
		Done:              w.counts(),
		OutcomesSucceeded: o.succeeded.Load(), OutcomesFailed: o.failed.Load(), OutcomesUnknown: o.unknown.Load(),
	}
}
