package job_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Would catch a statement that can be moved where a job cannot, or the other way round, one whose
// parts are kept for ever or dropped too soon, and one that a person must move.
func TestStatementsMove(t *testing.T) {
	t.Parallel()
	const keep = 24 * time.Hour
	kept := map[job.State]time.Time{job.Queued: {}, job.Paused: now.Add(keep), job.Cancelled: now}
	allowed := map[job.State]map[job.Step]job.State{
		job.Proposed:  {job.Approve: job.Queued, job.Cancel: job.Cancelled},
		job.Queued:    {job.Pause: job.Paused, job.Cancel: job.Cancelled},
		job.Running:   {job.Pause: job.Paused, job.Cancel: job.Cancelled},
		job.Paused:    {job.Resume: job.Queued, job.Cancel: job.Cancelled},
		job.Failed:    {job.Resume: job.Queued, job.Cancel: job.Cancelled},
		job.Done:      {job.Cancel: job.Cancelled},
		job.Cancelled: {job.Resume: job.Queued},
	}
	for _, from := range job.States() {
		for _, by := range job.Steps() {
			j := job.Job{ID: "j", Kind: job.StatementFile, State: from, Cursor: job.Cursor{Phase: job.Writing, Pass: 3, Written: &job.Written{Size: 1}}}
			err := j.MoveStatement(by, principal.Principal{Workload: "w"}, now)
			to, ok := allowed[from][by]
			if !ok {
				if !errors.Is(err, fault.JobStateConflict) || j.State != from {
					t.Errorf("%s by %s: %s, %v", from, by, j.State, err)
				}
				continue
			}
			j.KeepParts(now, keep)
			if err != nil || j.State != to || !j.PartsUntil.Equal(kept[to]) || j.Cursor.Pass != 0 {
				t.Errorf("%s by %s: %s, kept until %s, %v", from, by, j.State, j.PartsUntil, err)
			}
			if dropped := j.Cursor.Written == nil; dropped != (from == job.Done) {
				t.Errorf("%s by %s: what was written is dropped: %t", from, by, dropped)
			}
		}
	}
	other := job.Job{Kind: job.Retraction, State: job.Done}
	if err := other.Move(job.Cancel, principal.Principal{Person: "p"}, now); !errors.Is(err, fault.JobStateConflict) {
		t.Errorf("a retraction that is done was cancelled: %v", err)
	}
	if other.KeepParts(now, keep); !other.PartsUntil.IsZero() {
		t.Errorf("a retraction keeps parts until %s", other.PartsUntil)
	}
}

// Would catch a statement that is spoilt for ever, that fails without a reason, or that counts as
// written after its time although it never was.
func TestStatementsEnd(t *testing.T) {
	t.Parallel()
	j := job.Job{Kind: job.StatementFile, State: job.Running, Done: 5, Total: 9, Cursor: job.Cursor{Phase: job.Writing, Written: &job.Written{}}}
	for pass := 1; pass <= job.StatementPasses; pass++ {
		j.Spoil(now)
		if failed := j.State == job.Failed; failed != (pass == job.StatementPasses) || failed != (j.Failure != "") || j.Cursor.Written != nil || j.Done != 0 {
			t.Errorf("spoilt %d times: %+v", pass, j)
		}
	}
	for _, from := range []job.State{job.Paused, job.Failed, job.Cancelled} {
		j := job.Job{Kind: job.StatementFile, State: from, Cursor: job.Cursor{Written: &job.Written{}}}
		if j.Expire(now); j.State != job.Cancelled || j.Cursor.Written != nil {
			t.Errorf("%s expired: %+v", from, j)
		}
	}
	done := job.Job{Kind: job.StatementFile, State: job.Done, Cursor: job.Cursor{Written: &job.Written{End: &job.StatementEnd{}}}}
	if done.Expire(now); done.State != job.Done || done.Cursor.Written == nil {
		t.Errorf("done and expired: %+v", done)
	}
}

// Would catch a bound that lets one more through, or is told wrongly.
func TestHoldsAreBounded(t *testing.T) {
	t.Parallel()
	below := job.Holds{OpenOfBook: job.OpenOfBookMax - 1, HeldOfBook: job.HeldOfBookMax - 1, Open: job.OpenMax - 1, Held: job.HeldMax - 1}
	if err := below.Check(); err != nil {
		t.Error(err)
	}
	for name, raise := range map[string]func(*job.Holds){
		"open of a book": func(h *job.Holds) { h.OpenOfBook++ }, "held of a book": func(h *job.Holds) { h.HeldOfBook++ },
		"open": func(h *job.Holds) { h.Open++ }, "held": func(h *job.Holds) { h.Held++ },
	} {
		h := below
		if raise(&h); !errors.Is(h.Check(), fault.StatementLimitReached) {
			t.Errorf("%s: %v", name, h.Check())
		}
	}
}
