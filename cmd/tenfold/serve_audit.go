package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/telemetry"
)

// auditEveryMin is the shortest pause between two audits: one reads the whole database.
const auditEveryMin = time.Minute

func checkAuditEvery(every time.Duration) error {
	if every != 0 && every < auditEveryMin {
		return fmt.Errorf("--audit-every (TENFOLD_AUDIT_EVERY) must be 0 or at least %s, not %s", auditEveryMin, every)
	}
	return nil
}

// audits audits all books at once and then every so often, one book at a time, until ctx
// ends. What is wrong goes to the log and to the metrics; nothing is repaired.
func audits(ctx context.Context, every time.Duration, db *postgres.DB, now func() time.Time, told *telemetry.Audits, log *slog.Logger) {
	told.Begun(time.Now())
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		auditOnce(ctx, db, now, told, log)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// auditPool is how many connections an audit of a server uses.
const auditPool = 2

// discrepanciesLogged bounds the lines of the log; tenfold audit lists all of them.
const discrepanciesLogged = 20

func auditOnce(ctx context.Context, db *postgres.DB, now func() time.Time, told *telemetry.Audits, log *slog.Logger) {
	begun, at := time.Now(), now()
	r, err := audit.Run(ctx, db, audit.Options{Workers: 1})
	for i, d := range r.Discrepancies {
		if i == discrepanciesLogged {
			break
		}
		log.ErrorContext(ctx, "discrepancy", "merchant", d.MerchantID, "class", d.Class, "subject", d.Subject, "detail", d.Detail)
	}
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			log.ErrorContext(ctx, "audit failed", "books", r.Books, "error", err)
		}
		return
	}
	if _, err := audit.Keep(ctx, db, at, &r); err != nil {
		log.ErrorContext(ctx, "record audit", "error", err)
	}
	took := time.Since(begun)
	log.InfoContext(ctx, "books audited", "books", r.Books, "discrepancies", len(r.Discrepancies), "took", took)
	told.Ended(time.Now(), took, len(r.Discrepancies))
}
