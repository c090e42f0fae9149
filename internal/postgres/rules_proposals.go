package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const rulesProposalColumns = `
	p.proposal_number, p.version, p.content, p.note, p.effective_from, p.state, p.workload, p.role, p.person_id, p.proposed_at,
	p.expires_at, p.ended_at`

// rulesProposalRow is a proposal as it is stored. The note of its course is that of the version.
type rulesProposalRow struct {
	Number        int32           `db:"proposal_number"`
	Version       int32           `db:"version"`
	Content       json.RawMessage `db:"content"`
	EffectiveFrom time.Time       `db:"effective_from"`
	courseRow
}

func (r *rulesProposalRow) proposal() (policyproposal.Rules, error) {
	p := policyproposal.Rules{
		Number: r.Number, Course: r.course(),
		Rules: claim.Rules{Version: r.Version, Note: r.Note, EffectiveFrom: r.EffectiveFrom.UTC()},
	}
	if p.State == policyproposal.Published {
		p.Rules.PublishedAt = p.EndedAt
	}
	return p, readRules(r.Content, &p.Rules)
}

// RulesProposal reads a proposal of decision rules with what people decided on it.
func (db *DB) RulesProposal(ctx context.Context, number int32) (policyproposal.Rules, bool, error) {
	list, err := selectRulesProposals(ctx, db.pool, `
		SELECT`+rulesProposalColumns+`
		FROM rules_proposals p
		WHERE p.proposal_number = $1`, number)
	if err != nil || len(list) == 0 {
		return policyproposal.Rules{}, false, err
	}
	return list[0], true, nil
}

// RulesProposals lists proposals of decision rules before a number, or all for zero, the newest
// first: those in a state as it stands at a time, or in any.
func (db *DB) RulesProposals(ctx context.Context, state policyproposal.State, now time.Time, before int32, limit int) ([]policyproposal.Rules, error) {
	return selectRulesProposals(ctx, db.pool, `
		SELECT`+rulesProposalColumns+`
		FROM rules_proposals p
		WHERE ($1 = '' OR $1 = CASE WHEN p.state = 'OPEN' AND p.expires_at <= $2 THEN 'EXPIRED' ELSE p.state END)
			AND ($3 = 0 OR p.proposal_number < $3)
		ORDER BY p.proposal_number DESC
		LIMIT $4`, string(state), now, before, limit)
}

func selectRulesProposals(ctx context.Context, from sqlx.QueryerContext, query string, args ...any) ([]policyproposal.Rules, error) {
	var rows []rulesProposalRow
	if err := sqlx.SelectContext(ctx, from, &rows, query, args...); err != nil {
		return nil, failure(ctx, "read proposals of decision rules", err)
	}
	list := make([]policyproposal.Rules, len(rows))
	numbers := make([]int32, len(rows))
	at := make(map[int32]*policyproposal.Rules, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].proposal(); err != nil {
			return nil, err
		}
		numbers[i], at[rows[i].Number] = rows[i].Number, &list[i]
	}
	var votes []struct {
		Number int32  `db:"proposal_number"`
		Action string `db:"action"`
		stepRow
		VotedAt time.Time `db:"voted_at"`
	}
	err := sqlx.SelectContext(ctx, from, &votes, `
		SELECT v.proposal_number, v.action, v.note, v.workload, v.role, v.person_id, v.voted_at
		FROM unnest($1::integer[]) AS k (proposal_number)
		JOIN rules_proposal_votes v ON v.proposal_number = k.proposal_number
		ORDER BY v.vote_number`, pq.Array(numbers))
	for i := range votes {
		v := &votes[i]
		at[v.Number].Voted = append(at[v.Number].Voted, v.step(policyproposal.Action(v.Action), v.VotedAt))
	}
	return list, failure(ctx, "read votes on decision rules", err)
}

// NextRulesProposal is the number that the next proposal of decision rules would have.
func (db *DB) NextRulesProposal(ctx context.Context) (int32, error) {
	var next int32
	err := db.pool.GetContext(ctx, &next, `SELECT coalesce(max(proposal_number), 0) + 1 FROM rules_proposals`)
	return next, failure(ctx, "count proposals of decision rules", err)
}

// ProposeRules stores a proposal under its request, and ends the one before it that has expired.
// Refuses with whatever check refuses, with PROPOSAL_STATE_CONFLICT while another proposal is
// open, and with REQUEST_INVALID rules that do not follow the newest version. The stored request
// is that of the first time, and replayed says that there was one. Returns ErrContended if
// somebody has just proposed rules.
func (db *DB) ProposeRules(ctx context.Context, r request.Once, p *policyproposal.Rules, check func() error) (stored request.Found, replayed bool, err error) {
	return db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		if err := check(); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE rules_proposals SET state = 'EXPIRED', ended_at = expires_at
			WHERE state = 'OPEN' AND expires_at <= $1`, p.Proposed.At)
		if err != nil {
			return failure(ctx, "end expired proposal of decision rules", err)
		}
		open, err := selectRulesProposals(ctx, tx, `
			SELECT`+rulesProposalColumns+`
			FROM rules_proposals p
			WHERE p.state = 'OPEN'`)
		switch {
		case err != nil:
			return err
		case len(open) > 0:
			return open[0].StillOpen()
		}
		if err := checkRulesSuccession(ctx, tx, &p.Rules, p.Proposed.At); err != nil {
			return err
		}
		content, err := encodeRules(&p.Rules)
		if err != nil {
			return err
		}
		who := p.Proposed.Principal
		_, err = tx.ExecContext(ctx, `
			INSERT INTO rules_proposals (proposal_number, version, content, note, effective_from, state, workload, role, person_id,
				proposed_at, expires_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL)`,
			p.Number, p.Rules.Version, content, p.Rules.Note, p.Rules.EffectiveFrom, string(p.State), who.Workload, string(who.Role),
			who.Person, p.Proposed.At, p.ExpiresAt)
		var e *pq.Error
		if errors.As(err, &e) && (constraintOf(e) == "rules_proposals_key" || constraintOf(e) == "rules_proposals_open_once") {
			return ErrContended
		}
		return failure(ctx, "store proposal of decision rules", err)
	})
}

// checkRulesSuccession refuses rules that do not follow the newest version at a time.
func checkRulesSuccession(ctx context.Context, tx *sqlx.Tx, r *claim.Rules, now time.Time) error {
	newest := claim.Rules{}
	err := tx.QueryRowContext(ctx, `
		SELECT version, published_at, effective_from FROM decision_rules ORDER BY version DESC LIMIT 1`).
		Scan(&newest.Version, &newest.PublishedAt, &newest.EffectiveFrom)
	if err != nil {
		return failure(ctx, "read newest decision rules", err)
	}
	return r.CheckSuccession(&newest, now)
}

// DecideRulesProposal stores what a person decides on a proposal under its request. vote gives
// the decision on the proposal as it stands, which is locked meanwhile, or refuses it. The second
// approval publishes the version with the time of the decision. Refuses with PROPOSAL_NOT_FOUND,
// and rules that do not follow the newest version any more. decided is the proposal afterwards;
// of a replay it is empty.
func (db *DB) DecideRulesProposal(
	ctx context.Context, r request.Once, number int32, vote func(*policyproposal.Rules) (policyproposal.Step, error),
) (decided policyproposal.Rules, replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		found, err := selectRulesProposals(ctx, tx, `
			SELECT`+rulesProposalColumns+`
			FROM rules_proposals p
			WHERE p.proposal_number = $1
			FOR NO KEY UPDATE`, number)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return RulesProposalNotFound(number)
		}
		decided = found[0]
		step, err := vote(&decided)
		if err != nil {
			return err
		}
		decided.Voted = append(decided.Voted, step)
		_, err = tx.ExecContext(ctx, `
			INSERT INTO rules_proposal_votes (proposal_number, vote_number, action, workload, role, person_id, note, voted_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			number, len(decided.Voted), string(step.Action), step.Principal.Workload, string(step.Principal.Role), step.Principal.Person, step.Note, step.At)
		if err != nil {
			return failure(ctx, "store vote on decision rules", err)
		}
		ended, published := decided.End()
		if !ended {
			return nil
		}
		if published {
			decided.Rules.PublishedAt = step.At
			if err := publishRules(ctx, tx, &decided.Rules); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE rules_proposals SET state = $2, ended_at = $3
			WHERE proposal_number = $1`, number, string(decided.State), decided.EndedAt)
		return failure(ctx, "end proposal of decision rules", err)
	})
	return decided, replayed, err
}

// publishRules stores a version of the decision rules.
func publishRules(ctx context.Context, tx *sqlx.Tx, r *claim.Rules) error {
	if err := checkRulesSuccession(ctx, tx, r, r.PublishedAt); err != nil {
		return err
	}
	content, err := encodeRules(r)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO decision_rules (version, note, published_at, effective_from, content)
		VALUES ($1, $2, $3, $4, $5)`, r.Version, r.Note, r.PublishedAt, r.EffectiveFrom, content)
	return failure(ctx, "publish decision rules", err)
}

// RulesProposalNotFound is the refusal of a proposal that does not exist.
func RulesProposalNotFound(number int32) *fault.Error {
	return fault.New(fault.ProposalNotFound, "the decision rules have no proposal %d", number).With("proposalNumber", number)
}
