package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// PolicyVersions reads every version of every policy.
func (db *DB) PolicyVersions(ctx context.Context) ([]policy.Version, error) {
	var rows []policyRow
	err := db.pool.SelectContext(ctx, &rows, `
		SELECT policy_id, version, legal_basis, published_at, effective_from, terms
		FROM policy_versions
		ORDER BY policy_id, version`)
	if err != nil {
		return nil, failure(ctx, "read policy versions", err)
	}
	out := make([]policy.Version, len(rows))
	for i := range rows {
		if out[i], err = rows[i].version(); err != nil {
			return nil, fmt.Errorf("read version %d of policy %s: %w", rows[i].Number, rows[i].PolicyID, err)
		}
	}
	return out, nil
}

// PublishPolicyVersion stores the next version of a policy under its request. Refuses
// with POLICY_ALREADY_PUBLISHED if the number is taken, and with REQUEST_INVALID if it
// is not the next one, the version would not take effect after its predecessor, or no book
// and no other version has its currency. replayed says that the same request had stored
// it before.
func (db *DB) PublishPolicyVersion(ctx context.Context, r request.Once, v *policy.Version, check func() error) (replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		if err := check(); err != nil {
			return err
		}
		return publish(ctx, tx, v)
	})
	return replayed, err
}

// checkSuccession compares a version with the newest one of its policy.
func checkSuccession(ctx context.Context, tx *sqlx.Tx, v *policy.Version) error {
	var last []struct {
		Number        int32     `db:"version"`
		EffectiveFrom time.Time `db:"effective_from"`
	}
	err := tx.SelectContext(ctx, &last, `
		SELECT version, effective_from FROM policy_versions WHERE policy_id = $1 ORDER BY version DESC LIMIT 1`, v.PolicyID)
	if err != nil {
		return failure(ctx, "read newest policy version", err)
	}
	next := int32(1)
	if len(last) > 0 {
		next = last[0].Number + 1
	}
	switch {
	case v.Number < next:
		return policyTaken(v)
	case v.Number > next:
		return fault.New(fault.RequestInvalid, "the next version of policy %s must be %d, not %d", v.PolicyID, next, v.Number).
			With("nextVersion", next).At("policy_version.name")
	case len(last) > 0 && !v.EffectiveFrom.After(last[0].EffectiveFrom):
		return fault.New(fault.RequestInvalid, "version %d must take effect after version %d, which takes effect at %s",
			v.Number, last[0].Number, last[0].EffectiveFrom.UTC().Format(time.RFC3339)).At("policy_version.effective_from")
	}
	return nil
}

// checkInUse refuses a version in a currency that no book is kept in and that no
// earlier version pays in: it could never apply, and is most likely a slip.
func checkInUse(ctx context.Context, tx *sqlx.Tx, v *policy.Version) error {
	var used bool
	err := tx.GetContext(ctx, &used, `
		SELECT EXISTS (SELECT 1 FROM books WHERE currency = $1)
			OR EXISTS (SELECT 1 FROM policy_versions WHERE terms ->> 'currency' = $1)`, v.Currency)
	if err != nil {
		return failure(ctx, "look for the policy's currency", err)
	}
	if !used {
		return fault.New(fault.RequestInvalid, "no book is kept in %s; open a book in it before you publish a policy for it", v.Currency).
			With("currency", v.Currency).At("policy_version.currency_code")
	}
	return nil
}

func insertPolicyVersion(ctx context.Context, db sqlx.ExecerContext, v *policy.Version) (int64, error) {
	terms, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("encode policy: %w", err)
	}
	res, err := db.ExecContext(ctx, `
		INSERT INTO policy_versions (policy_id, version, legal_basis, published_at, effective_from, terms)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (policy_id, version) DO NOTHING`,
		v.PolicyID, v.Number, string(v.Basis), v.PublishedAt, v.EffectiveFrom, string(terms))
	if err != nil {
		return 0, failure(ctx, "publish policy version", err)
	}
	return res.RowsAffected()
}

// SeedPolicies stores the versions that are not there yet.
func (db *DB) SeedPolicies(ctx context.Context, seeds []policy.Version) error {
	for i := range seeds {
		if _, err := insertPolicyVersion(ctx, db.pool, &seeds[i]); err != nil {
			return err
		}
	}
	return nil
}

// ResultOfReport finds the result of an authenticator's report in a book.
func (db *DB) ResultOfReport(ctx context.Context, merchantID, authenticatorID, reportNumber string) (string, bool, error) {
	var ids []string
	err := db.pool.SelectContext(ctx, &ids, `
		SELECT r.result_id
		FROM results r
		WHERE r.merchant_id = $1 AND r.authenticator_id = $2 AND `+plainReportOf("r.report_number")+` = `+plainReportOf("$3::text")+`
		ORDER BY r.report_number <> $3
		LIMIT 1`,
		merchantID, authenticatorID, reportNumber)
	if err != nil || len(ids) == 0 {
		return "", false, failure(ctx, "find report", err)
	}
	return ids[0], true, nil
}
