package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// PolicyProposalsAbout says which proposals are meant.
type PolicyProposalsAbout struct {
	// PolicyID is the policy; empty for all.
	PolicyID string
	// State is as it stands at Now; empty for any.
	State policyproposal.State
	Now   time.Time
	// After is the last one of the page before; the zero key for none.
	After policyproposal.Key
}

const policyProposalColumns = `
	p.policy_id, p.proposal_number, p.version, p.terms, p.effective_from, p.state, p.note, p.workload, p.role, p.person_id,
	p.proposed_at, p.expires_at, p.ended_at`

// policyProposalRow is a proposal as it is stored.
type policyProposalRow struct {
	PolicyID      string          `db:"policy_id"`
	Number        int32           `db:"proposal_number"`
	Version       int32           `db:"version"`
	Terms         json.RawMessage `db:"terms"`
	EffectiveFrom time.Time       `db:"effective_from"`
	courseRow
}

// courseRow is what happened to a proposal, but for the votes.
type courseRow struct {
	State string `db:"state"`
	stepRow
	ProposedAt time.Time    `db:"proposed_at"`
	ExpiresAt  time.Time    `db:"expires_at"`
	EndedAt    sql.NullTime `db:"ended_at"`
}

func (r *courseRow) course() policyproposal.Course {
	c := policyproposal.Course{
		State: policyproposal.State(r.State), Proposed: r.step(policyproposal.ActionProposed, r.ProposedAt), ExpiresAt: r.ExpiresAt.UTC(),
	}
	if r.EndedAt.Valid {
		c.EndedAt = r.EndedAt.Time.UTC()
	}
	return c
}

// stepRow is who decided something, and why.
type stepRow struct {
	Note     string `db:"note"`
	Workload string `db:"workload"`
	Role     string `db:"role"`
	Person   string `db:"person_id"`
}

func (r *stepRow) step(action policyproposal.Action, at time.Time) policyproposal.Step {
	return policyproposal.Step{
		Action: action, Note: r.Note, At: at.UTC(),
		Principal: principal.Principal{Workload: r.Workload, Role: principal.Role(r.Role), Person: r.Person},
	}
}

// proposal reads the terms and compares them with the columns beside them.
func (r *policyProposalRow) proposal() (policyproposal.Proposal, error) {
	p := policyproposal.Proposal{
		Key: policyproposal.Key{PolicyID: r.PolicyID, Number: r.Number}, Course: r.course(),
	}
	err := json.Unmarshal(r.Terms, &p.Version)
	if v := &p.Version; err == nil && (v.PolicyID != r.PolicyID || v.Number != r.Version || !v.PublishedAt.IsZero() || !sameTime(v.EffectiveFrom, r.EffectiveFrom)) {
		err = errors.New("the terms are not those of the version")
	}
	if p.State == policyproposal.Published {
		p.Version.PublishedAt = p.EndedAt
	}
	return p, err
}

// PolicyProposal reads a proposal with what people decided on it.
func (db *DB) PolicyProposal(ctx context.Context, k policyproposal.Key) (policyproposal.Proposal, bool, error) {
	list, err := selectProposals(ctx, db.pool, `
		SELECT`+policyProposalColumns+`
		FROM policy_proposals p
		WHERE p.policy_id = $1 AND p.proposal_number = $2`, k.PolicyID, k.Number)
	if err != nil || len(list) == 0 {
		return policyproposal.Proposal{}, false, err
	}
	return list[0], true, nil
}

// PolicyProposals lists proposals by policy, the newest of each first.
func (db *DB) PolicyProposals(ctx context.Context, about PolicyProposalsAbout, limit int) ([]policyproposal.Proposal, error) {
	return selectProposals(ctx, db.pool, `
		SELECT`+policyProposalColumns+`
		FROM policy_proposals p
		WHERE ($1 = '' OR p.policy_id = $1)
			AND ($2 = '' OR $2 = CASE WHEN p.state = 'OPEN' AND p.expires_at <= $3 THEN 'EXPIRED' ELSE p.state END)
			AND (p.policy_id > $4 OR p.policy_id = $4 AND p.proposal_number < $5)
		ORDER BY p.policy_id, p.proposal_number DESC
		LIMIT $6`, about.PolicyID, string(about.State), about.Now, about.After.PolicyID, about.After.Number, limit)
}

// selectProposals reads proposals by a query, with what people decided on them.
func selectProposals(ctx context.Context, from sqlx.QueryerContext, query string, args ...any) ([]policyproposal.Proposal, error) {
	var rows []policyProposalRow
	if err := sqlx.SelectContext(ctx, from, &rows, query, args...); err != nil {
		return nil, failure(ctx, "read policy proposals", err)
	}
	list := make([]policyproposal.Proposal, len(rows))
	policies, numbers := make([]string, len(rows)), make([]int32, len(rows))
	at := make(map[policyproposal.Key]*policyproposal.Proposal, len(rows))
	for i := range rows {
		var err error
		if list[i], err = rows[i].proposal(); err != nil {
			return nil, fmt.Errorf("read proposal %d of policy %s: %w", rows[i].Number, rows[i].PolicyID, err)
		}
		policies[i], numbers[i], at[list[i].Key] = rows[i].PolicyID, rows[i].Number, &list[i]
	}
	var votes []struct {
		PolicyID string `db:"policy_id"`
		Number   int32  `db:"proposal_number"`
		Action   string `db:"action"`
		stepRow
		VotedAt time.Time `db:"voted_at"`
	}
	err := sqlx.SelectContext(ctx, from, &votes, `
		SELECT v.policy_id, v.proposal_number, v.action, v.note, v.workload, v.role, v.person_id, v.voted_at
		FROM unnest($1::text[], $2::integer[]) AS k (policy_id, proposal_number)
		JOIN policy_proposal_votes v ON v.policy_id = k.policy_id AND v.proposal_number = k.proposal_number
		ORDER BY v.vote_number`, pq.Array(policies), pq.Array(numbers))
	for i := range votes {
		v := &votes[i]
		p := at[policyproposal.Key{PolicyID: v.PolicyID, Number: v.Number}]
		p.Voted = append(p.Voted, v.step(policyproposal.Action(v.Action), v.VotedAt))
	}
	return list, failure(ctx, "read policy votes", err)
}

// NextPolicyProposal is the number that the next proposal of a policy would have.
func (db *DB) NextPolicyProposal(ctx context.Context, policyID string) (int32, error) {
	var next int32
	err := db.pool.GetContext(ctx, &next, `
		SELECT coalesce(max(proposal_number), 0) + 1 FROM policy_proposals WHERE policy_id = $1`, policyID)
	return next, failure(ctx, "count policy proposals", err)
}

// ProposePolicyVersion stores a proposal under its request, with the outcome that the
// request names, and ends the one before it that has expired. Refuses with whatever
// check refuses, with PROPOSAL_STATE_CONFLICT while another proposal of the policy is
// open, and with what a publication is refused for. The stored request is that of the
// first time, and replayed says that there was one. Returns ErrContended if somebody
// has just proposed a version of the policy.
func (db *DB) ProposePolicyVersion(ctx context.Context, r request.Once, p *policyproposal.Proposal, check func() error) (stored request.Found, replayed bool, err error) {
	return db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		if err := check(); err != nil {
			return err
		}
		if err := endExpired(ctx, tx, p.PolicyID, p.Proposed.At); err != nil {
			return err
		}
		open, err := selectProposals(ctx, tx, `
			SELECT`+policyProposalColumns+`
			FROM policy_proposals p
			WHERE p.policy_id = $1 AND p.state = 'OPEN'`, p.PolicyID)
		switch {
		case err != nil:
			return err
		case len(open) > 0:
			return open[0].StillOpen()
		}
		if err := checkPublishable(ctx, tx, &p.Version); err != nil {
			return err
		}
		return insertProposal(ctx, tx, p)
	})
}

// endExpired writes down that an open proposal of a policy has expired.
func endExpired(ctx context.Context, tx *sqlx.Tx, policyID string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE policy_proposals SET state = 'EXPIRED', ended_at = expires_at
		WHERE policy_id = $1 AND state = 'OPEN' AND expires_at <= $2`, policyID, now)
	return failure(ctx, "end expired policy proposal", err)
}

func insertProposal(ctx context.Context, tx *sqlx.Tx, p *policyproposal.Proposal) error {
	terms, err := json.Marshal(p.Version)
	if err != nil {
		return fmt.Errorf("encode policy: %w", err)
	}
	who := p.Proposed.Principal
	_, err = tx.ExecContext(ctx, `
		INSERT INTO policy_proposals (policy_id, proposal_number, version, terms, effective_from, state, note,
			workload, role, person_id, proposed_at, expires_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL)`,
		p.PolicyID, p.Number, p.Version.Number, string(terms), p.Version.EffectiveFrom, string(p.State), p.Proposed.Note,
		who.Workload, string(who.Role), who.Person, p.Proposed.At, p.ExpiresAt)
	return failure(ctx, "store policy proposal", err)
}

// DecidePolicyProposal stores what a person decides on a proposal under its request.
// vote gives the decision on the proposal as it stands, which is locked meanwhile, or
// refuses it. The second approval publishes the version with the time of the decision.
// Refuses with PROPOSAL_NOT_FOUND, and with what a publication is refused for. decided is
// the proposal afterwards; of a replay it is empty.
func (db *DB) DecidePolicyProposal(
	ctx context.Context, r request.Once, k policyproposal.Key, vote func(*policyproposal.Proposal) (policyproposal.Step, error),
) (decided policyproposal.Proposal, replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		found, err := selectProposals(ctx, tx, `
			SELECT`+policyProposalColumns+`
			FROM policy_proposals p
			WHERE p.policy_id = $1 AND p.proposal_number = $2
			FOR NO KEY UPDATE`, k.PolicyID, k.Number)
		switch {
		case err != nil:
			return err
		case len(found) == 0:
			return PolicyProposalNotFound(k)
		}
		decided = found[0]
		step, err := vote(&decided)
		if err != nil {
			return err
		}
		decided.Voted = append(decided.Voted, step)
		if err := insertVote(ctx, tx, &decided); err != nil {
			return err
		}
		return endProposal(ctx, tx, &decided, step)
	})
	return decided, replayed, err
}

// PolicyProposalNotFound is the refusal of a proposal that does not exist.
func PolicyProposalNotFound(k policyproposal.Key) *fault.Error {
	return fault.New(fault.ProposalNotFound, "policy %s has no proposal %d", k.PolicyID, k.Number).
		With("policyId", k.PolicyID).With("proposalNumber", k.Number)
}

// insertVote stores the last vote on a proposal.
func insertVote(ctx context.Context, tx *sqlx.Tx, p *policyproposal.Proposal) error {
	v := &p.Voted[len(p.Voted)-1]
	_, err := tx.ExecContext(ctx, `
		INSERT INTO policy_proposal_votes (policy_id, proposal_number, vote_number, action, workload, role, person_id, note, voted_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.PolicyID, p.Number, len(p.Voted), string(v.Action), v.Principal.Workload, string(v.Principal.Role), v.Principal.Person, v.Note, v.At)
	return failure(ctx, "store policy vote", err)
}

// endProposal ends a proposal by its last vote, if that decides it, and publishes a version
// that is approved.
func endProposal(ctx context.Context, tx *sqlx.Tx, p *policyproposal.Proposal, last policyproposal.Step) error {
	ended, published := p.End()
	if !ended {
		return nil
	}
	if published {
		p.Version.PublishedAt = last.At
		if err := publish(ctx, tx, &p.Version); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE policy_proposals SET state = $3, ended_at = $4
		WHERE policy_id = $1 AND proposal_number = $2`, p.PolicyID, p.Number, string(p.State), p.EndedAt)
	return failure(ctx, "end policy proposal", err)
}

// publish stores a version that may be published.
func publish(ctx context.Context, tx *sqlx.Tx, v *policy.Version) error {
	if err := checkPublishable(ctx, tx, v); err != nil {
		return err
	}
	n, err := insertPolicyVersion(ctx, tx, v)
	if err == nil && n == 0 {
		return policyTaken(v)
	}
	return err
}

// checkPublishable refuses a version that does not follow the newest one of its policy, or
// whose currency is not in use.
func checkPublishable(ctx context.Context, tx *sqlx.Tx, v *policy.Version) error {
	if err := checkSuccession(ctx, tx, v); err != nil {
		return err
	}
	return checkInUse(ctx, tx, v)
}
