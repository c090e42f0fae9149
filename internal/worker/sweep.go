package worker

import "context"

// sweep frees references that a crash left reserved. It goes through the times of
// reservation once, in windows, continuing where it stopped the last time.
func (w *Worker) sweep(ctx context.Context) error {
	end := w.engine.Now().Add(-w.config.SweepAge)
	if earliest := end.Add(-w.config.SweepSpan); w.cleared.Before(earliest) {
		w.cleared = earliest
	}
	var freed int64
	for w.cleared.Before(end) {
		until := w.cleared.Add(w.config.SweepWindow)
		if until.After(end) {
			until = end
		}
		n, err := w.db.SweepReservations(ctx, w.cleared, until, w.config.BatchMax)
		if err != nil {
			return err
		}
		freed += n
		if n < int64(w.config.BatchMax) {
			w.cleared = until
		}
	}
	if freed > 0 {
		w.log.Info("orphaned reservations freed", "count", freed)
	}
	return nil
}
