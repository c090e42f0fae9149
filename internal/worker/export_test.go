package worker

import "context"

// Sweep takes one step of the loop of that name.
func (w *Worker) Sweep(ctx context.Context) error { return w.sweep(ctx) }
