package worker

import "context"

// sweep frees references that a crash left reserved. It goes over the time of
// reservation once, in windows, from where it stopped the last time.
func (w *Worker) sweep(ctx context.Context) error {
	end := w.engine.Now().Add(-w.config.SweepAge)
	if earliest := end.Add(-w.config.SweepSpan); w.swept.Before(earliest) {
		w.swept = earliest
	}
	var freed int64
	for w.swept.Before(end) {
		until := w.swept.Add(w.config.SweepWindow)
		if until.After(end) {
			until = end
		}
		n, err := w.db.SweepReservations(ctx, w.swept, until, w.config.BatchMax)
		if err != nil {
			return err
		}
		freed += n
		if n < int64(w.config.BatchMax) {
			w.swept = until
		}
	}
	if freed > 0 {
		w.log.Info("orphaned reservations freed", "count", freed)
	}
	return nil
}
