package evidence

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Run looks after uploads until ctx ends: see Sweep. Any number of servers may run it.
func (f *Files) Run(ctx context.Context) {
	if f.store == nil {
		return
	}
	for {
		wait := time.NewTimer(f.config.Pause/2 + rand.N(f.config.Pause))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return
		}
		if _, err := f.Sweep(ctx); err != nil && ctx.Err() == nil {
			f.log.Error("uploads are not looked after", "error", err)
		}
	}
}

// Swept counts what one look after uploads did.
type Swept struct {
	// Kept are uploads that turned out to be evidence, Removed those that were dropped.
	Kept, Removed int
}

// Sweep keeps the uploads that are evidence of a claim, and drops those that have expired
// with their files. One that fails keeps no other from its turn; the first failure is returned.
func (f *Files) Sweep(ctx context.Context) (done Swept, err error) {
	if err := f.ready(); err != nil {
		return done, err
	}
	now := f.moment()
	named, err := f.db.Reader().NamedUploads(ctx, now.Add(-f.config.Named), f.config.BatchMax)
	if err != nil {
		return done, err
	}
	for i := range named {
		kept, one := f.settle(ctx, &named[i])
		if kept {
			done.Kept++
		}
		err = errors.Join(err, one)
	}
	expired, failed := f.db.Reader().ExpiredUploads(ctx, now, f.config.BatchMax)
	if failed != nil {
		return done, errors.Join(err, failed)
	}
	for i := range expired {
		switch one := f.remove(ctx, &expired[i]); {
		case one == nil:
			done.Removed++
			f.config.Observer.Dropped()
		case !errors.Is(one, fault.UploadStateConflict):
			err = errors.Join(err, one)
		}
	}
	return done, errors.Join(err, f.store.Tidy(ctx, f.config.Unfinished))
}

// settle notes what became of an upload that was named. The store keeps a file of evidence
// before that is noted.
func (f *Files) settle(ctx context.Context, n *postgres.NamedUpload) (kept bool, err error) {
	if n.Evidence && f.config.Retention > 0 {
		until := n.NamedAt.Add(f.config.Retention)
		if err := f.store.Retain(ctx, nameOf(&postgres.Upload{UploadKey: n.UploadKey, Digest: n.Digest}), until); err != nil {
			return false, f.failed(ctx, "retain file", err)
		}
	}
	return n.Evidence, f.db.SettleUpload(ctx, n)
}
