package evidence

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Observer is told what becomes of files. Every func must be set.
type Observer struct {
	// Clock measures how long calls take. A sandbox moves the clock of the files, not this one.
	Clock func() time.Time
	// Received is told of each piece that was taken, Completed of each call that would complete
	// an upload.
	Received  func(bytes int)
	Completed func(Outcome)
	// Called is told of each call of the store, and of the scanner for malware.
	Called func(call Call, took time.Duration, failed bool)
	// Damaged is told of each read of a file that the store does not have as it was stored.
	Damaged func()
	// Dropped is told of each upload that was dropped because no claim named it.
	Dropped func()
}

// Outcome is how a call ended that would complete an upload.
type Outcome string

// The outcomes.
const (
	// Stored is a file that was stored, now or before.
	Stored Outcome = "stored"
	// Incomplete is a call for an upload of which bytes are missing, or that is another's.
	Incomplete Outcome = "incomplete"
	// Differs is a file that does not have its digest.
	Differs Outcome = "differs"
	// Refused is a file of a type that is not taken.
	Refused Outcome = "refused"
	// Malware is a file in which malware was found.
	Malware Outcome = "malware"
	// Unavailable is a store or a scanner that did not answer.
	Unavailable Outcome = "unavailable"
	// Failed is another failure, such as a caller who went away.
	Failed Outcome = "failed"
)

// Outcomes lists the outcomes.
func Outcomes() []Outcome {
	return []Outcome{Stored, Incomplete, Differs, Refused, Malware, Unavailable, Failed}
}

// ends are the outcomes that refusals stand for.
var ends = map[fault.Reason]Outcome{
	fault.UploadNotFound: Incomplete, fault.UploadStateConflict: Incomplete, fault.UploadDigestMismatch: Differs,
	fault.MediaTypeRefused: Refused, fault.MalwareFound: Malware, fault.EvidenceStoreUnavailable: Unavailable,
}

// outcomeOf is the outcome that an error stands for.
func outcomeOf(err error) Outcome {
	if err == nil {
		return Stored
	}
	if refused, ok := fault.As(err); ok && ends[refused.Reason] != "" {
		return ends[refused.Reason]
	}
	return Failed
}

// Call is a call of the store or of the scanner.
type Call string

// The calls.
const (
	CallPut    Call = "put"
	CallOpen   Call = "open"
	CallDelete Call = "delete"
	CallRetain Call = "retain"
	CallTidy   Call = "tidy"
	CallCheck  Call = "check"
	CallScan   Call = "scan"
)

// Calls lists the calls.
func Calls() []Call {
	return []Call{CallPut, CallOpen, CallDelete, CallRetain, CallTidy, CallCheck, CallScan}
}

// unobserved is told everything and keeps nothing.
var unobserved = Observer{
	Clock: func() time.Time { return time.Time{} }, Received: func(int) {}, Completed: func(Outcome) {},
	Called: func(Call, time.Duration, bool) {}, Damaged: func() {}, Dropped: func() {},
}

// timed carries out a call and tells the observer of it. What a store returns beside its
// failures is no failure, and neither is a caller who went away.
func (o *Observer) timed(ctx context.Context, call Call, do func() error) error {
	began := o.Clock()
	err := do()
	failed := err != nil && ctx.Err() == nil && !errors.Is(err, errPieces) &&
		!errors.Is(err, object.ErrMissing) && !errors.Is(err, object.ErrDiffers) && !errors.Is(err, object.ErrRetained)
	o.Called(call, o.Clock().Sub(began), failed)
	return err
}

// Watched is a store whose calls an observer is told of.
func Watched(store object.Store, o *Observer) object.Store { return &watched{store, o} }

type watched struct {
	store object.Store
	o     *Observer
}

func (w *watched) Put(ctx context.Context, n object.Name, size int64, content io.Reader) error {
	return w.o.timed(ctx, CallPut, func() error { return w.store.Put(ctx, n, size, content) })
}

func (w *watched) Open(ctx context.Context, n object.Name, offset, length int64) (r io.ReadCloser, err error) {
	err = w.o.timed(ctx, CallOpen, func() error {
		r, err = w.store.Open(ctx, n, offset, length)
		return err
	})
	return r, err
}

func (w *watched) Delete(ctx context.Context, n object.Name) error {
	return w.o.timed(ctx, CallDelete, func() error { return w.store.Delete(ctx, n) })
}

func (w *watched) Retain(ctx context.Context, n object.Name, until time.Time) error {
	return w.o.timed(ctx, CallRetain, func() error { return w.store.Retain(ctx, n, until) })
}

func (w *watched) Tidy(ctx context.Context, age time.Duration) error {
	return w.o.timed(ctx, CallTidy, func() error { return w.store.Tidy(ctx, age) })
}

func (w *watched) Check(ctx context.Context) error {
	return w.o.timed(ctx, CallCheck, func() error { return w.store.Check(ctx) })
}
