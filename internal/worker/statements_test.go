package worker_test

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// statementFixture has a book with some transfers, and steps of a few lines.
func statementFixture(t *testing.T) (f *fixture, of job.Statement) {
	config := worker.Defaults()
	config.StatementLines = 4
	f = newFixtureOf(t, config, callMax)
	f.open("m0")
	f.open("m1")
	for i := range 3 {
		f.paying("m0", fmt.Sprintf("l%d", i), "wallet-1")
	}
	f.run(lookAgain)
	f.paysIn("m0", f.clock.Now())
	f.clock.Move(time.Hour)
	return f, job.Statement{MerchantID: "m0", From: start, Until: f.clock.Now()}
}

// paysIn tells of money that a merchant paid in at a time.
func (f *fixture) paysIn(merchant string, at time.Time) {
	f.t.Helper()
	f.tells(merchant, ledger.DepositToppedUp, at)
}

// tells tells of a movement of a merchant's money at a time.
func (f *fixture) tells(merchant string, kind ledger.Kind, at time.Time) {
	f.t.Helper()
	h := f.request(merchant, string(kind))
	if _, err := f.engine.Do(f.t.Context(), h, &book.MoneyMove{
		Kind: kind, Amount: 500, Currency: "CNY", Reference: h.RequestID, EffectiveAt: at,
	}); err != nil {
		f.t.Fatal(err)
	}
}

// writes begins the job of a statement.
func (f *fixture) writes(of job.Statement) job.Job {
	f.t.Helper()
	j, _, err := f.engine.WriteStatement(f.t.Context(), f.as("fay", "CreateStatementFile"), &of)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

// directly reads a statement in one go.
func (f *fixture) directly(of job.Statement) (raw []byte, end job.StatementEnd) {
	f.t.Helper()
	err := f.db.Snapshot(f.t.Context(), func(read postgres.Reader) error {
		s := reading.Statement{Read: read, Of: of}
		so, err := s.Begin(f.t.Context())
		if err != nil {
			return err
		}
		if raw, _, err = s.Page(f.t.Context(), postgres.TransferCursor{}, 1000, &so, false); err != nil {
			return err
		}
		end, err = s.End(f.t.Context(), &so)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return raw, end
}

// parts are the bytes that are kept of a statement, and in how many parts.
func (f *fixture) parts(j job.Job) (raw []byte, parts int) {
	f.t.Helper()
	var rows []struct {
		Start   int64  `db:"start_byte"`
		Size    int    `db:"size_bytes"`
		Content []byte `db:"content"`
	}
	if err := f.rows.Select(&rows, `SELECT start_byte, size_bytes, content FROM statement_parts WHERE job_id = $1 ORDER BY start_byte`, j.ID); err != nil {
		f.t.Fatal(err)
	}
	for _, r := range rows {
		piece, err := io.ReadAll(flate.NewReader(bytes.NewReader(r.Content)))
		if err != nil || len(piece) != r.Size || r.Start != int64(len(raw)) {
			f.t.Fatalf("a part at %d of %d bytes has %d behind %d (%v)", r.Start, r.Size, len(piece), len(raw), err)
		}
		raw = append(raw, piece...)
	}
	return raw, len(rows)
}

// isWritten checks that a statement is done, and has the bytes that are read in one go.
func (f *fixture) isWritten(j job.Job) {
	f.t.Helper()
	got := f.job(j.ID)
	want, end := f.directly(*j.Arguments.Statement)
	raw, parts := f.parts(j)
	digest := sha256.Sum256(raw)
	w := got.Cursor.Written
	if got.State != job.Done || w == nil || w.End == nil {
		f.t.Fatalf("the job is %s: %s", got.State, got.Failure)
	}
	if !bytes.Equal(raw, want) || *w.End != end || end.SHA256 != hex.EncodeToString(digest[:]) || w.Size != int64(len(raw)) || w.Parts != int64(parts) {
		f.t.Errorf("in %d parts:\n%s\nas %+v; want\n%s\nas %+v", parts, raw, w, want, end)
	}
	if got.Done != end.Lines || got.Total != end.Lines || !got.PartsUntil.Equal(got.EndedAt.Add(f.engine.StatementsKept())) {
		f.t.Errorf("%d of %d lines, kept until %s", got.Done, got.Total, got.PartsUntil)
	}
}

// Would catch a statement that loses or doubles lines when servers die between its steps, or
// whose digest, sums or progress go wrong when another server goes on.
func TestAStatementSurvivesItsServers(t *testing.T) {
	t.Parallel()
	f, of := statementFixture(t)
	j := f.writes(of)
	if _, end := f.directly(of); j.State != job.Queued || j.Total != end.Lines || end.Lines < 12 {
		t.Fatalf("the job is %s with %d lines of %d", j.State, j.Total, end.Lines)
	}
	f.dies(worker.JobTaken, 1)
	f.clock.Move(f.config.JobLease)
	f.dies(worker.JobCommanded, 2) // Before the part is kept.
	if got := f.job(j.ID); got.Done != 4 || got.Cursor.Written.Parts != 1 {
		t.Fatalf("after the first death %d lines in %d parts", got.Done, got.Cursor.Written.Parts)
	}
	if f.run(f.config.JobLease - time.Second); f.job(j.ID).Done != 4 {
		t.Fatal("another server went on within the lease")
	}
	f.clock.Move(time.Second)
	f.dies(worker.JobKept, 1) // Just after.
	if got := f.job(j.ID); got.Done != 8 {
		t.Fatalf("after the second death %d lines", got.Done)
	}
	f.run(f.config.JobLease)
	f.isWritten(j)
	again := f.writes(of)
	f.dies(worker.JobKept, int(f.job(j.ID).Cursor.Written.Parts)) // After the last part.
	f.isWritten(again)
	f.isWritten(f.wrote(job.Statement{From: of.From, Until: of.Until, Currency: "CNY"}))
	f.isWritten(f.wrote(job.Statement{MerchantID: "m0", From: of.From, Until: of.Until, OrderID: "order-l1", ByEffect: true}))
	f.isWritten(f.wrote(job.Statement{MerchantID: "m1", From: of.Until.Add(-time.Minute), Until: of.Until}))
}

// wrote has a statement be written whole.
func (f *fixture) wrote(of job.Statement) job.Job {
	f.t.Helper()
	j := f.writes(of)
	f.run(0)
	return j
}

// Would catch a slow server that keeps a part after another one has taken the statement over.
func TestTwoServersWriteOneStatement(t *testing.T) {
	t.Parallel()
	f, of := statementFixture(t)
	j := f.writes(of)
	other := f.begin(f.gateway, f.config)
	late := 0
	f.worker.AtJob(func(place string) {
		if place != worker.JobCommanded || late > 0 {
			return
		}
		late++ // Its lease is over, and another server writes all.
		f.clock.Move(f.config.JobLease)
		if _, err := other.worker.RunDue(context.Background()); err != nil {
			t.Error(err)
		}
	})
	f.run(0)
	f.isWritten(j)
	if got := f.job(j.ID); late != 1 || got.Lease != 2 {
		t.Errorf("taken %d times, late %d times", got.Lease, late)
	}
}

// Would catch a statement that goes on although it was cancelled or paused, that keeps parts of
// one that was cancelled or whose time has passed, or that cannot be resumed as it was.
func TestAStatementIsStoppedAndResumed(t *testing.T) {
	t.Parallel()
	f, of := statementFixture(t)
	j := f.writes(of)
	steps := map[int]job.Step{2: job.Pause, 4: job.Cancel}
	kept := 0
	f.worker.AtJob(func(place string) {
		if place == worker.JobCommanded {
			if by, ok := steps[kept]; ok {
				if _, err := f.change(j, "pia", by); err != nil {
					t.Error(err)
				}
			}
			kept++
		}
	})
	f.run(0)
	if got := f.job(j.ID); got.State != job.Paused || got.Done != 8 || got.PartsUntil.IsZero() {
		t.Fatalf("paused: %s after %d lines, kept until %s", got.State, got.Done, got.PartsUntil)
	}
	f.resume(j)
	f.run(0)
	if raw, parts := f.parts(j); f.job(j.ID).State != job.Cancelled || parts != 0 || f.job(j.ID).Done != 0 {
		t.Fatalf("cancelled: %+v with %d bytes", f.job(j.ID), len(raw))
	}
	f.resume(j)
	f.run(0)
	f.isWritten(j)
	if _, err := f.change(j, "pia", job.Cancel); err != nil { // Its parts are there still when it goes on.
		t.Fatal(err)
	}
	f.resume(j)
	f.run(0)
	f.isWritten(j)
	f.run(f.engine.StatementsKept() - time.Second)
	f.isWritten(j)
	f.run(time.Second)
	got := f.job(j.ID)
	if _, parts := f.parts(j); parts != 0 || got.State != job.Done || got.Cursor.Written.End == nil || !got.PartsUntil.IsZero() {
		t.Errorf("expired: %s with %d parts, %+v", got.State, parts, got.Cursor.Written)
	}
	stopped := f.writes(of)
	f.dies(worker.JobKept, 2)
	if _, err := f.change(stopped, "pia", job.Pause); err != nil {
		t.Fatal(err)
	}
	f.run(f.engine.StatementsKept())
	if _, parts := f.parts(stopped); parts != 0 || f.job(stopped.ID).State != job.Cancelled {
		t.Errorf("paused for ever: %s with %d parts", f.job(stopped.ID).State, parts)
	}
	f.resume(stopped)
	f.run(0)
	f.isWritten(stopped)
}

func (f *fixture) resume(j job.Job) {
	f.t.Helper()
	_, _, err := f.engine.ChangeStatement(f.t.Context(), f.as("", "ResumeStatementFile"), j.Arguments.Statement.MerchantID, j.ID, false, job.Resume)
	if err != nil {
		f.t.Fatal(err)
	}
}

// Would catch a statement that lacks a transfer which came in while it was written, though its
// sums have it, and one that is begun again for ever.
func TestLateTransfersBeginAStatementAgain(t *testing.T) {
	t.Parallel()
	f, of := statementFixture(t)
	of.ByEffect = true
	spoil := func(times int, late func()) {
		f.worker.AtJob(func(place string) {
			if place == worker.JobKept && times > 0 {
				times--
				late()
			}
		})
	}
	for name, late := range map[string]func(){
		"before the time":         func() { f.paysIn("m0", start.Add(-time.Hour)) },
		"among the written lines": func() { f.paysIn("m0", start) },
		"two that undo each other": func() {
			f.tells("m0", ledger.ShopFundsHandedOver, start)
			f.tells("m0", ledger.ShopFundsTakenBack, start)
		},
	} {
		j := f.writes(of)
		spoil(1, late)
		f.run(0)
		f.isWritten(j)
		if got := f.job(j.ID); got.Cursor.Pass != 1 {
			t.Errorf("%s: begun again %d times", name, got.Cursor.Pass)
		}
	}
	j := f.writes(of)
	spoil(1000, func() { f.paysIn("m0", start) })
	f.run(0)
	got := f.job(j.ID)
	if got.State != job.Failed || got.Failure == "" || got.PartsUntil.IsZero() {
		t.Fatalf("always late: %s, %s", got.State, got.Failure)
	}
	spoil(0, nil)
	f.resume(j)
	f.run(0)
	f.isWritten(j)
}
