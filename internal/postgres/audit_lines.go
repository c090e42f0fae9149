package postgres

import (
	"database/sql"
	"fmt"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// AuditedLine is an order line with what is wrong with it; nil for nothing.
type AuditedLine struct {
	ID    string
	Wrong error
	// Revision is what it counts, Corrections how many are stored.
	Revision, Corrections int32
}

// AuditedCorrection is a correction of an order line, and what is wrong with the content
// before it; nil for nothing.
type AuditedCorrection struct {
	ID          string
	Revision    int32
	Wrong       error
	CorrectedBy string
	EventNumber int64
}

// Corrections reads the corrections of a book after one, by line and revision.
func (a *Audit) Corrections(merchantID, after string, revision int32, limit int) ([]AuditedCorrection, error) {
	return page(a, "audit corrections", `
		SELECT`+lineColumns+`, l.corrected_by, l.event_number
		FROM order_line_corrections l
		WHERE l.merchant_id = $1 AND (l.order_line_id, l.revision) > ($2, $3)
		ORDER BY l.order_line_id, l.revision
		LIMIT $4`,
		func(rows *sql.Rows) (c AuditedCorrection, err error) {
			var s storedLine
			if err := rows.Scan(append(s.columns(), &c.CorrectedBy, &c.EventNumber)...); err != nil {
				return c, err
			}
			c.ID, c.Revision = s.id, s.revision
			_, c.Wrong = s.line()
			return c, nil
		}, merchantID, after, revision, limit)
}

// Lines reads the order lines of a book after a given one.
func (a *Audit) Lines(merchantID, after string, limit int) ([]AuditedLine, error) {
	return page(a, "audit order lines", `
		SELECT`+lineColumns+`,
		       (SELECT count(*) FROM order_line_corrections c
		        WHERE c.merchant_id = l.merchant_id AND c.order_line_id = l.order_line_id AND c.revision < l.revision)
		FROM order_lines l
		WHERE l.merchant_id = $1 AND l.order_line_id > $2
		ORDER BY l.order_line_id
		LIMIT $3`,
		func(rows *sql.Rows) (l AuditedLine, err error) {
			var s storedLine
			if err := rows.Scan(append(s.columns(), &l.Corrections)...); err != nil {
				return l, err
			}
			l.ID, l.Revision = s.id, s.revision
			_, l.Wrong = s.line()
			return l, nil
		}, merchantID, after, limit)
}

// PolicyVersions reads all policy versions. One that cannot be read is an error.
func (a *Audit) PolicyVersions() ([]policy.Version, error) {
	rows, err := page(a, "audit policy versions", `
		SELECT policy_id, version, legal_basis, published_at, effective_from, terms
		FROM policy_versions
		ORDER BY policy_id, version`,
		func(rows *sql.Rows) (r policyRow, err error) {
			return r, rows.Scan(&r.PolicyID, &r.Number, &r.Basis, &r.PublishedAt, &r.EffectiveFrom, &r.Terms)
		})
	if err != nil {
		return nil, err
	}
	out := make([]policy.Version, len(rows))
	for i := range rows {
		if out[i], err = rows[i].version(); err != nil {
			return nil, fmt.Errorf("read version %d of policy %s: %w", rows[i].Number, rows[i].PolicyID, err)
		}
	}
	return out, nil
}

// Groups reads the pricing groups of a book after one, in order.
func (a *Audit) Groups(merchantID, after string, limit int) ([]book.Group, error) {
	return page(a, "audit pricing groups", `
		SELECT group_id, claimant_id, product_id
		FROM pricing_groups
		WHERE merchant_id = $1 AND group_id > $2
		ORDER BY group_id
		LIMIT $3`,
		func(rows *sql.Rows) (g book.Group, err error) {
			return g, rows.Scan(&g.ID, &g.ClaimantID, &g.ProductID)
		},
		merchantID, after, limit)
}

// ClaimsOf reads all claims of some claimants on some products, by claimant, product and id.
func (a *Audit) ClaimsOf(merchantID string, claimants, products []string) ([]*claim.Claim, error) {
	return page(a, "audit claims of groups", `
		SELECT`+claimColumns+`
		FROM (SELECT DISTINCT claimant, product FROM unnest($2::text[], $3::text[]) AS k (claimant, product)) k
		JOIN claims c ON c.merchant_id = $1 AND c.claimant_id = k.claimant AND c.product_id = k.product
		ORDER BY c.claimant_id, c.product_id, c.claim_id`, scanClaim, merchantID, pq.Array(claimants), pq.Array(products))
}

// LinesOf reads order lines by id, without those that are not as they were first seen.
func (a *Audit) LinesOf(merchantID string, ids []string) (map[string]*order.Line, error) {
	lines, err := page(a, "audit order lines of claims", `
		SELECT`+lineColumns+`
		FROM order_lines l
		WHERE l.merchant_id = $1 AND l.order_line_id = ANY ($2::text[])`,
		func(rows *sql.Rows) (*order.Line, error) {
			var s storedLine
			if err := rows.Scan(s.columns()...); err != nil {
				return nil, err
			}
			l, _ := s.line() // What is wrong with it is told with the line.
			return l, nil
		}, merchantID, pq.Array(ids))
	out := make(map[string]*order.Line, len(lines))
	for _, l := range lines {
		if l != nil {
			out[l.ID] = l
		}
	}
	return out, err
}

// RefundsOf sums the refunds of order lines.
func (a *Audit) RefundsOf(merchantID string, ids []string) (map[string]money.Amount, error) {
	type sum struct {
		line   string
		amount money.Amount
	}
	sums, err := page(a, "audit refunds of order lines", `
		SELECT order_line_id, sum(amount_minor)::bigint
		FROM order_line_refunds
		WHERE merchant_id = $1 AND order_line_id = ANY ($2::text[])
		GROUP BY order_line_id`,
		func(rows *sql.Rows) (s sum, err error) { return s, rows.Scan(&s.line, (*int64)(&s.amount)) },
		merchantID, pq.Array(ids))
	out := make(map[string]money.Amount, len(sums))
	for _, s := range sums {
		out[s.line] = s.amount
	}
	return out, err
}
