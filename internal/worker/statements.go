package worker

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
)

const (
	// statementPartsDropped is how many parts of a statement are dropped in one transaction:
	// some 20 MB of the table.
	statementPartsDropped = 256
	// statementsExpired is how often that is done in one pass, so that a pass ends.
	statementsExpired = 64
)

// stepStatement takes the job of a statement one step forward: it reads some lines on one
// snapshot, and keeps their bytes together with how far it has come. A server that dies in
// between has kept nothing of the step.
func (w *Worker) stepStatement(ctx context.Context, j *job.Job) error {
	if j.Cursor.Phase != job.Writing {
		return w.beginStatement(ctx, j)
	}
	s := statementStep{so: *j.Cursor.Written, merchant: j.OfMerchant()}
	err := w.db.Snapshot(ctx, func(read postgres.Reader) error {
		return s.read(ctx, &reading.Statement{Read: read, Of: *j.Arguments.Statement}, w.config.StatementLines)
	})
	if errors.Is(err, reading.ErrSpoiled) {
		return w.keepStatement(ctx, j, nil, func(j *job.Job) { j.Spoil(w.engine.Now()) })
	}
	if err != nil {
		return err
	}
	part, err := s.part(j.Cursor.Written.Size)
	if err != nil {
		return err
	}
	w.atJob(jobCommanded)
	err = w.keepStatement(ctx, j, part, func(j *job.Job) {
		j.Cursor.Written = &s.so
		j.Done, j.Total = s.lines, max(j.Total, s.lines)
		if s.so.End != nil {
			j.State, j.EndedAt, j.Total = job.Done, w.engine.Now(), s.lines
		}
	})
	if err == nil {
		w.done.items.Add(1)
		w.atJob(jobKept)
	}
	return err
}

// beginStatement drops what an earlier try has left, and writes down the balances before the
// first line.
func (w *Worker) beginStatement(ctx context.Context, j *job.Job) error {
	more, err := w.db.DropParts(ctx, j, statementPartsDropped)
	if err != nil || more {
		return err
	}
	var lines int64
	var written job.Written
	err = w.db.Snapshot(ctx, func(read postgres.Reader) error {
		of := reading.Statement{Read: read, Of: *j.Arguments.Statement}
		if lines, err = of.Count(ctx); err != nil {
			return err
		}
		so, err := of.Begin(ctx)
		if err != nil {
			return err
		}
		written.Running, err = so.Put()
		return err
	})
	if err != nil {
		return err
	}
	return w.keepStatement(ctx, j, nil, func(j *job.Job) {
		j.Cursor.Phase, j.Cursor.Written, j.Done, j.Total = job.Writing, &written, 0, lines
	})
}

// keepStatement keeps a step of a statement. A step that succeeded ends the count of those that
// failed.
func (w *Worker) keepStatement(ctx context.Context, j *job.Job, part *postgres.StatementPart, change func(*job.Job)) error {
	kept, err := w.db.StepStatement(ctx, j, part, func(now *job.Job) {
		if now.State == job.Running {
			now.Attempts, now.RetryAt, now.Failure = 0, time.Time{}, ""
			change(now)
		}
		now.LeaseUntil = w.engine.Now().Add(w.config.JobLease)
		w.leave(now)
	})
	if err == nil {
		*j = kept
	}
	return err
}

// statementStep is a step of a statement: some lines, and where it stands after them.
type statementStep struct {
	so       job.Written
	merchant bool
	raw      []byte
	lines    int64
}

// read reads the lines of the step, and after the last of them what all lines are together.
func (s *statementStep) read(ctx context.Context, of *reading.Statement, size int) error {
	running, err := reading.RunningOf(s.so.Running)
	if err != nil {
		return err
	}
	from := postgres.TransferCursor{
		At: s.so.At, MerchantID: s.so.MerchantID, EventNumber: s.so.EventNumber, ClaimID: s.so.ClaimID, PayoutID: s.so.PayoutID, Number: s.so.Number,
	}
	raw, page, err := of.Page(ctx, from, size, &running, s.merchant)
	if err != nil {
		return err
	}
	next := page.Next
	s.raw, s.lines = raw, running.Lines
	s.so = job.Written{
		Size: s.so.Size + int64(len(raw)), Parts: s.so.Parts, At: next.At, MerchantID: next.MerchantID, EventNumber: next.EventNumber,
		ClaimID: next.ClaimID, PayoutID: next.PayoutID, Number: next.Number,
	}
	if len(raw) > 0 {
		s.so.Parts++
	}
	if page.More {
		s.so.Running, err = running.Put()
		return err
	}
	end, err := of.End(ctx, &running)
	s.so.End = &end
	return err
}

// part compresses the bytes of the step; nil where it has none, as over all books when the lines
// are in another currency.
func (s *statementStep) part(start int64) (*postgres.StatementPart, error) {
	if len(s.raw) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, err = z.Write(s.raw)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("compress a part of a statement: %w", err)
	}
	return &postgres.StatementPart{Start: start, Size: len(s.raw), Content: b.Bytes()}, nil
}

// expireStatements drops the parts of statements whose time has passed, each some at a time.
func (w *Worker) expireStatements(ctx context.Context) error {
	for range statementsExpired {
		found, err := w.db.ExpireParts(ctx, w.engine.Now(), statementPartsDropped)
		if err != nil || !found || ctx.Err() != nil {
			return err
		}
	}
	return nil
}
