package bench

import (
	"context"
	"errors"
)

// measureCommands runs W1, W2 and W3 on one server.
func (r *run) measureCommands(ctx context.Context) (err error) {
	r.doing("W1: opening %d books", r.Merchants)
	b, err := r.newBench(ctx, "commands")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(b.blame(err), b.close()) }()
	if err := b.open(ctx, r.Merchants); err != nil {
		return err
	}
	r.doing("W1: filing claims")
	w1, err := b.measureFiling(ctx)
	if err != nil {
		return err
	}
	w2, err := b.prefileAndAccept(ctx, "W2", "AcceptClaim, one merchant", r.Accepts, 1)
	if err != nil {
		return err
	}
	w3, err := b.prefileAndAccept(ctx, "W3", "AcceptClaim, all merchants", r.Accepts, r.Merchants)
	if err != nil {
		return err
	}
	r.report.Workloads = append(r.report.Workloads, w1, w2, w3)
	return nil
}

// prefileAndAccept prepares claims that wait for their merchants, and then measures
// their acceptance.
func (b *bench) prefileAndAccept(ctx context.Context, id, title string, n, merchants int) (Workload, error) {
	b.run.doing("%s: filing %d claims", id, n)
	claims, err := b.prefile(ctx, n, merchants)
	if err != nil {
		return Workload{}, err
	}
	b.run.doing("%s: accepting the claims", id)
	w, err := b.accept(ctx, id, title, claims)
	if err != nil {
		return Workload{}, err
	}
	return w, b.drain(ctx)
}

// measureOnes runs W2 on a server with one command in each transaction, with the
// same callers and calls. To save time, a server with batches files the claims.
func (r *run) measureOnes(ctx context.Context) (err error) {
	const id = "ones"
	b, err := r.newBench(ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(b.blame(err), b.close()) }()
	if err := b.open(ctx, 1); err != nil {
		return err
	}
	r.doing("batches of one: filing %d claims", r.AcceptsOfOne)
	claims, err := b.prefile(ctx, r.AcceptsOfOne, 1)
	if err != nil {
		return err
	}
	if err := b.stop(); err != nil {
		return err
	}
	if err := b.serve(ctx, 1); err != nil {
		return err
	}
	r.doing("batches of one: accepting the claims")
	w, err := b.accept(ctx, id, "W2 in batches of one", claims)
	r.report.Workloads = append(r.report.Workloads, w)
	return err
}

// measureLives runs W4, W5 and W6 on a new database.
func (r *run) measureLives(ctx context.Context) (err error) {
	r.doing("W4: opening %d books", r.Merchants)
	b, err := r.newBench(ctx, "lives")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(b.blame(err), b.close()) }()
	if err := b.open(ctx, r.Merchants); err != nil {
		return err
	}
	l := newLives(b)
	r.doing(soaking)
	w4, course, err := l.soak(ctx)
	if err != nil {
		return err
	}
	r.report.Soak = newSoak(r.Plan, course)
	r.doing("W5: GetClaim during %.0f claims per second", w4.PerSecond/2)
	w5, half, err := l.reads(ctx, w4.PerSecond/2)
	if err != nil {
		return err
	}
	r.doing("W6: %d watchers during %.0f claims per second", r.Watchers, w4.PerSecond/2)
	w6, err := l.watched(ctx, w4.PerSecond/2)
	if err != nil {
		return err
	}
	r.report.Workloads = append(r.report.Workloads, w4, w5, half, w6)
	r.doing("checking that %d claims are PAID", l.paid.Load())
	return l.settle(ctx)
}
