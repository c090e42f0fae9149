package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// StatementJobMemory is what a server may take of memory that writes a statement, whatever its
// length.
const StatementJobMemory = 100 << 20

// statementPool is how many connections a worker gets that does nothing else.
const statementPool = 8

// measureStatement has a worker write the statement of all transfers of the merchant as a job.
func (c *FinanceConfig) measureStatement(ctx context.Context, url string, report *FinanceReport) (err error) {
	c.doing(0, "writing a statement as a job")
	db, err := postgres.Open(url, statementPool)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	log := slog.New(slog.DiscardHandler)
	e, err := engine.New(ctx, db, c.Now, engine.Defaults(), engine.Hooks{}, log)
	if err != nil {
		return err
	}
	defer e.Close()
	config := worker.Defaults()
	w := worker.New(db, e, nil, worker.NewHints(config.HintsMax), config, log)
	h := request.Header{
		Method: "StatementFileService/CreateStatementFile", RequestID: "bench", Principal: principal.Principal{Workload: "bench", Role: principal.RoleFinance},
	}
	peak := func() uint64 { return 0 }
	if c.Watch != nil {
		peak = c.Watch()
	}
	began := c.Now()
	j, _, err := e.WriteStatement(ctx, h, &job.Statement{
		MerchantID: fill.HotMerchant, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Until: began.Truncate(time.Microsecond),
	})
	if err == nil {
		_, err = w.RunDue(ctx)
	}
	if err == nil {
		j, err = e.Job(ctx, j.ID)
	}
	took, memory := c.Now().Sub(began), peak()
	switch {
	case err != nil:
		return err
	case j.State != job.Done:
		return fmt.Errorf("the job of the statement is %s: %s", j.State, j.Failure)
	}
	report.Job = StatementFile{
		Name: "raw CSV, kept by the server", Lines: int(j.Done), Seconds: took.Seconds(), PeakBytes: memory, FileBytes: j.Cursor.Written.Size,
		Met: memory <= StatementJobMemory,
	}
	return nil
}
