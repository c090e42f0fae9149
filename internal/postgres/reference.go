package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// PolicyVersions reads every version of every policy.
func (db *DB) PolicyVersions(ctx context.Context) ([]policy.Version, error) {
	var terms []json.RawMessage
	err := db.pool.SelectContext(ctx, &terms, `
		SELECT terms FROM policy_versions ORDER BY policy_id, version`)
	if err != nil {
		return nil, failure(ctx, "read policy versions", err)
	}
	out := make([]policy.Version, len(terms))
	for i, t := range terms {
		if err := json.Unmarshal(t, &out[i]); err != nil {
			return nil, fmt.Errorf("read terms of a policy: %w", err)
		}
	}
	return out, nil
}

// PublishPolicyVersion stores a version. A policy's versions are numbered by
// the publisher; POLICY_ALREADY_PUBLISHED when the number is taken.
func (db *DB) PublishPolicyVersion(ctx context.Context, v *policy.Version) error {
	n, err := db.insertPolicyVersion(ctx, v)
	if err != nil {
		return err
	}
	if n == 0 {
		return policyTaken(v)
	}
	return nil
}

func (db *DB) insertPolicyVersion(ctx context.Context, v *policy.Version) (int64, error) {
	terms, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("encode policy: %w", err)
	}
	res, err := db.pool.ExecContext(ctx, `
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
		if _, err := db.insertPolicyVersion(ctx, &seeds[i]); err != nil {
			return err
		}
	}
	return nil
}

// Authenticators reads every registered authenticator.
func (db *DB) Authenticators(ctx context.Context) ([]claim.Authenticator, error) {
	var rows []struct {
		ID           string         `db:"authenticator_id"`
		Kind         string         `db:"kind"`
		DisplayName  string         `db:"display_name"`
		Categories   pq.StringArray `db:"categories"`
		RegisteredAt time.Time      `db:"registered_at"`
	}
	err := db.pool.SelectContext(ctx, &rows, `
		SELECT authenticator_id, kind, display_name, categories, registered_at
		FROM authenticators
		ORDER BY authenticator_id`)
	if err != nil {
		return nil, failure(ctx, "read authenticators", err)
	}
	out := make([]claim.Authenticator, len(rows))
	for i, r := range rows {
		out[i] = claim.Authenticator{
			ID: r.ID, Kind: claim.AuthenticatorKind(r.Kind), DisplayName: r.DisplayName,
			Categories: r.Categories, RegisteredAt: r.RegisteredAt.UTC(),
		}
	}
	return out, nil
}

// RegisterAuthenticator stores an authenticator; false when its id is taken.
func (db *DB) RegisterAuthenticator(ctx context.Context, a claim.Authenticator) (bool, error) {
	res, err := db.pool.ExecContext(ctx, `
		INSERT INTO authenticators (authenticator_id, kind, display_name, categories, registered_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (authenticator_id) DO NOTHING`,
		a.ID, string(a.Kind), a.DisplayName, pq.Array(orEmpty(a.Categories)), a.RegisteredAt)
	if err != nil {
		return false, failure(ctx, "register authenticator", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// ResultOfReport finds the result of an authenticator's report in a book.
func (db *DB) ResultOfReport(ctx context.Context, merchantID, authenticatorID, reportNumber string) (string, bool, error) {
	var ids []string
	err := db.pool.SelectContext(ctx, &ids, `
		SELECT result_id FROM results WHERE merchant_id = $1 AND authenticator_id = $2 AND report_number = $3`,
		merchantID, authenticatorID, reportNumber)
	if err != nil || len(ids) == 0 {
		return "", false, failure(ctx, "find report", err)
	}
	return ids[0], true, nil
}
