package postgres

import (
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// PublishedRules is a version of the decision rules, with the proposal that published it.
type PublishedRules struct {
	claim.Rules
	// Proposal is the number of the published proposal that has the version; zero for none, as of
	// the versions that came with migrations. Same says that it proposed exactly this, and Approvers
	// is how many people other than its proposer approved it.
	Proposal  int32
	Same      bool
	Approvers int
}

// Rules reads every version of the decision rules, by number, and the highest number among the
// published proposals.
func (a *Audit) Rules() (list []PublishedRules, proposed int32, err error) {
	list, err = page(a, "audit decision rules", `
		SELECT d.version, d.note, d.published_at, d.effective_from, d.content, coalesce(p.proposal_number, 0),
			coalesce(p.content::jsonb = d.content::jsonb AND p.note = d.note AND p.effective_from = d.effective_from AND p.ended_at = d.published_at, false),
			(SELECT count(DISTINCT lower(v.person_id)) FROM rules_proposal_votes v
			WHERE v.proposal_number = p.proposal_number AND v.action = 'APPROVED' AND lower(v.person_id) <> lower(p.person_id))
		FROM decision_rules d
		LEFT JOIN rules_proposals p ON p.version = d.version AND p.state = 'PUBLISHED'
		ORDER BY d.version`,
		func(rows *sql.Rows) (x PublishedRules, err error) {
			var content []byte
			if err = rows.Scan(&x.Version, &x.Note, &x.PublishedAt, &x.EffectiveFrom, &content, &x.Proposal, &x.Same, &x.Approvers); err != nil {
				return x, err
			}
			inUTC(&x.PublishedAt, &x.EffectiveFrom)
			return x, readRules(content, &x.Rules)
		})
	if err != nil {
		return nil, 0, err
	}
	highest, err := page(a, "audit proposals of decision rules", `SELECT coalesce(max(version), 0) FROM rules_proposals WHERE state = 'PUBLISHED'`,
		func(rows *sql.Rows) (n int32, err error) { return n, rows.Scan(&n) })
	if err != nil || len(highest) == 0 {
		return list, 0, err
	}
	return list, highest[0], nil
}
