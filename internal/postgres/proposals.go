package postgres

import (
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

const proposalColumns = `
	p.merchant_id, p.proposal_number, p.kind, p.state, p.amount_minor, p.debt_kind, p.debt_id,
	coalesce(p.undoes_number, 0), p.note, p.proposed_by, p.proposed_at, p.ended_at,
	coalesce(p.transfer_number, 0), p.undone_minor, p.changed_at, p.payment_reference, p.from_account, p.to_account,
	coalesce(p.booked_minor, 0), p.effective_at`

func scanProposal(rows *sql.Rows) (p proposal.Proposal, err error) { return p, fillProposal(rows, &p) }

func fillProposal(row scanner, p *proposal.Proposal) error {
	var ended, changed, effective sql.NullTime
	err := row.Scan(&p.MerchantID, &p.Number, (*string)(&p.Kind), (*string)(&p.State), (*int64)(&p.Amount),
		(*string)(&p.DebtKind), &p.DebtID, &p.Undoes, &p.Note, &p.ProposedBy, &p.ProposedAt, &ended,
		&p.TransferNumber, (*int64)(&p.Undone), &changed, &p.Reference, (*string)(&p.From), (*string)(&p.To),
		(*int64)(&p.Booked), &effective)
	p.EndedAt, p.ChangedAt, p.EffectiveAt = ended.Time, changed.Time, effective.Time
	inUTC(&p.ProposedAt, &p.EndedAt, &p.ChangedAt, &p.EffectiveAt)
	return err
}

const voteColumns = `
	v.merchant_id, v.proposal_number, v.person_id, v.approved, v.note, v.event_number, v.voted_at`

func scanVote(rows *sql.Rows) (v proposal.Vote, err error) {
	err = rows.Scan(&v.MerchantID, &v.Number, &v.Person, &v.Approved, &v.Note, &v.EventNumber, &v.VotedAt)
	inUTC(&v.VotedAt)
	return v, err
}

func proposalKeys(keys []proposal.Key) []any {
	return []any{
		pgwire.Texts(keys, func(k *proposal.Key) string { return k.MerchantID }),
		pgwire.Bigints(keys, func(k *proposal.Key) int64 { return k.Number }),
	}
}

// Proposals reads the proposals among keys, with what people said to them.
func (tx *Tx) Proposals(keys []proposal.Key) ([]proposal.Proposal, error) {
	var out []proposal.Proposal
	at := make(map[proposal.Key]int)
	err := tx.query("read proposals", `
		SELECT`+proposalColumns+`
		FROM unnest($1::text[], $2::bigint[]) AS k (merchant_id, number)
		JOIN proposals p ON p.merchant_id = k.merchant_id AND p.proposal_number = k.number`,
		proposalKeys(keys),
		func(rows *sql.Rows) error {
			p, err := scanProposal(rows)
			at[p.Key] = len(out)
			out = append(out, p)
			return err
		})
	if err != nil || len(out) == 0 {
		return out, err
	}
	err = tx.query("read votes", `
		SELECT`+voteColumns+`
		FROM unnest($1::text[], $2::bigint[]) AS k (merchant_id, number)
		JOIN proposal_votes v ON v.merchant_id = k.merchant_id AND v.proposal_number = k.number
		ORDER BY v.event_number`,
		proposalKeys(keys),
		func(rows *sql.Rows) error {
			v, err := scanVote(rows)
			p := &out[at[v.Key]]
			p.Votes = append(p.Votes, v)
			return err
		})
	return out, err
}

func putProposal(r *pgwire.Records, p *proposal.Proposal) {
	r.Texts(p.MerchantID)
	r.Bigints(p.Number)
	r.Texts(string(p.Kind), string(p.State))
	r.Bigints(int64(p.Amount))
	r.Texts(string(p.DebtKind), p.DebtID)
	r.BigintOrNull(p.Undoes)
	r.Texts(p.Note, p.ProposedBy)
	r.Times(p.ProposedAt, p.EndedAt)
	r.BigintOrNull(p.TransferNumber)
	r.Bigints(int64(p.Undone))
	r.Times(p.ChangedAt)
	r.Texts(p.Reference, string(p.From), string(p.To))
	r.BigintOrNull(int64(p.Booked))
	r.Times(p.EffectiveAt)
}

func (tx *Tx) writeProposals(c *book.Changes) {
	if rows := c.ProposalsMade; len(rows) > 0 {
		tx.gather("make proposals", len(rows), `
			INSERT INTO proposals (
				merchant_id, proposal_number, kind, state, amount_minor, debt_kind, debt_id, undoes_number,
				note, proposed_by, proposed_at, ended_at, transfer_number, undone_minor,
				changed_at, payment_reference, from_account, to_account, booked_minor, effective_at)
			SELECT
				r.merchant_id, r.proposal_number, r.kind, r.state, r.amount_minor, r.debt_kind, r.debt_id,
				r.undoes_number, r.note, r.proposed_by, r.proposed_at, r.ended_at, r.transfer_number,
				r.undone_minor, r.changed_at, r.payment_reference, r.from_account, r.to_account, r.booked_minor, r.effective_at
			FROM unnest($1::proposals[]) r`,
			pgwire.RowsOf(tx.s.types["proposals"], rows, putProposal))
	}
	rows := c.ProposalsChanged
	if len(rows) == 0 {
		return
	}
	tx.gather("change proposals", len(rows), `
		UPDATE proposals p
		SET state = k.state, ended_at = k.ended_at, transfer_number = k.transfer_number, undone_minor = k.undone_minor,
		    changed_at = k.changed_at
		FROM unnest($1::proposals[]) k
		WHERE p.merchant_id = k.merchant_id AND p.proposal_number = k.proposal_number`,
		pgwire.RowsOf(tx.s.types["proposals"], rows, putProposal))
}

func (tx *Tx) writeVotes(c *book.Changes) {
	rows := c.Votes
	if len(rows) == 0 {
		return
	}
	tx.gather("write votes", len(rows), `
		INSERT INTO proposal_votes (merchant_id, proposal_number, person_id, approved, note, event_number, voted_at)
		SELECT r.merchant_id, r.proposal_number, r.person_id, r.approved, r.note, r.event_number, r.voted_at
		FROM unnest($1::proposal_votes[]) r`,
		pgwire.RowsOf(tx.s.types["proposal_votes"], rows, func(r *pgwire.Records, v *proposal.Vote) {
			r.Texts(v.MerchantID)
			r.Bigints(v.Number)
			r.Texts(v.Person)
			r.Booleans(v.Approved)
			r.Texts(v.Note)
			r.Bigints(v.EventNumber)
			r.Times(v.VotedAt)
		}))
}
