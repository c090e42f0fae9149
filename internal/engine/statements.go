package engine

import (
	"context"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
)

// StatementsKept is how long a statement is kept that a server has written.
func (e *Engine) StatementsKept() time.Duration { return e.config.StatementsKept }

// WriteStatement begins a job that writes a statement. Refuses with MERCHANT_NOT_FOUND, with
// STATEMENT_TOO_LONG, and with STATEMENT_LIMIT_REACHED a caller who has enough of them.
func (e *Engine) WriteStatement(ctx context.Context, h request.Header, s *job.Statement) (j job.Job, replayed bool, err error) {
	content := statementAsked{*s, string(h.Principal.Role)}
	if before, found, err := e.db.Reader().Request(ctx, h.Key()); err != nil || found {
		if err == nil {
			err = before.Replay(request.DigestOf(content))
		}
		if err == nil {
			j, err = e.Job(ctx, strings.TrimPrefix(before.Name, jobCollection))
		}
		return j, true, outsideErr(err)
	}
	var lines int64
	err = e.db.Snapshot(ctx, func(read postgres.Reader) error {
		of := reading.Statement{Read: read, Of: *s}
		lines, err = of.Count(ctx)
		return err
	})
	if err != nil {
		return j, false, outsideErr(err)
	}
	if most := e.config.StatementLinesMax; lines > most {
		return j, false, fault.New(fault.StatementTooLong, "the statement has %d lines, and a file at most %d: ask for a shorter time", lines, most).
			With("lines", lines).With("linesMax", most).At("until")
	}
	now := e.Now()
	j = job.Job{
		ID: e.ids.Next(now), Kind: job.StatementFile, State: job.Queued, Arguments: job.Arguments{Statement: s}, Created: h.Principal, CreatedAt: now, Version: 1,
		Total: lines,
	}
	var stored request.Found
	replayed, err = e.once(h, content, func(r request.Once) (replayed bool, err error) {
		r.Name = jobCollection + j.ID
		stored, replayed, err = e.db.CreateStatement(ctx, r, &j, job.Holds.Check)
		return replayed, err
	})
	if err == nil && replayed {
		j, err = e.Job(ctx, strings.TrimPrefix(stored.Name, jobCollection))
	}
	return j, replayed, err
}

// Statement reads the job of a statement of a book; of all books without a merchant. Another's is
// refused as absent, with JOB_NOT_FOUND, and so is to a merchant what others asked for.
func (e *Engine) Statement(ctx context.Context, merchant, id string, toMerchant bool) (job.Job, error) {
	j, err := e.Job(ctx, id)
	if err == nil {
		err = isStatement(&j, merchant, id, toMerchant)
	}
	return j, err
}

func isStatement(j *job.Job, merchant, id string, toMerchant bool) error {
	if j.Kind != job.StatementFile || j.Arguments.Statement.MerchantID != merchant || toMerchant && !j.OfMerchant() {
		return jobNotFound(id)
	}
	return nil
}

// ChangeStatement does to the job of a statement what a caller wants who may have it. Refuses as
// Statement does, and with JOB_STATE_CONFLICT.
func (e *Engine) ChangeStatement(ctx context.Context, h request.Header, merchant, id string, toMerchant bool, by job.Step) (j job.Job, replayed bool, err error) {
	if _, err := e.Statement(ctx, merchant, id, toMerchant); err != nil {
		return j, false, outsideErr(err)
	}
	return e.changeJob(ctx, h, id, by, func(j *job.Job) error { return j.MoveStatement(by, h.Principal, e.Now()) })
}

// statementAsked is the content of a request to write a statement.
type statementAsked struct {
	job.Statement
	role string
}

func (c statementAsked) Cover(d *request.Digest) {
	d.Texts(c.role, c.MerchantID, c.Currency, c.OrderID)
	d.Time(c.From)
	d.Time(c.Until)
	d.Flag(c.ByEffect)
}
