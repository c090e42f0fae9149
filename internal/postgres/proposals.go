package postgres

import (
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// ProposalKind is what a proposal is about.
type ProposalKind string

// The kinds of proposal.
const (
	// ProposalWriteOff gives up what the merchant owes.
	ProposalWriteOff ProposalKind = "WRITE_OFF"
	// ProposalWriteOffRecovery takes what was given up from the deposit after all.
	ProposalWriteOffRecovery ProposalKind = "WRITE_OFF_RECOVERY"
	// ProposalDepositForfeiture takes a penalty from the deposit.
	ProposalDepositForfeiture ProposalKind = "DEPOSIT_FORFEITURE"
	// ProposalPenalty takes a penalty from shop funds.
	ProposalPenalty ProposalKind = "PENALTY"
	// ProposalPenaltyReversal gives a penalty back, wherever it was taken from.
	ProposalPenaltyReversal ProposalKind = "PENALTY_REVERSAL"
)

// ProposalKinds lists the kinds.
func ProposalKinds() []ProposalKind {
	return []ProposalKind{
		ProposalWriteOff, ProposalWriteOffRecovery, ProposalDepositForfeiture, ProposalPenalty, ProposalPenaltyReversal,
	}
}

// Undoes says whether proposals of the kind undo an earlier one.
func (k ProposalKind) Undoes() bool {
	return k == ProposalWriteOffRecovery || k == ProposalPenaltyReversal
}

// ProposalState is where a proposal stands.
type ProposalState string

// The states of a proposal.
const (
	// ProposalOpen waits for approvers.
	ProposalOpen ProposalState = "OPEN"
	// ProposalCarriedOut was approved and done.
	ProposalCarriedOut ProposalState = "CARRIED_OUT"
	// ProposalRefused was refused by one person.
	ProposalRefused ProposalState = "REFUSED"
	// ProposalVoid lost what it was about before it was approved.
	ProposalVoid ProposalState = "VOID"
)

// ProposalStates lists the states.
func ProposalStates() []ProposalState {
	return []ProposalState{ProposalOpen, ProposalCarriedOut, ProposalRefused, ProposalVoid}
}

// ProposalKey names a proposal.
type ProposalKey struct {
	MerchantID string
	// Number is that of the event which made it.
	Number int64
}

// Proposal is a decision about a merchant's money that needs two approvers besides
// its proposer. What is proposed never changes.
type Proposal struct {
	ProposalKey
	Kind   ProposalKind
	State  ProposalState
	Amount money.Amount
	// DebtKind and DebtID name the debt of a write-off.
	DebtKind DebtKind
	DebtID   string
	// Undoes is the number of the proposal that it undoes; zero for none.
	Undoes     int64
	Note       string
	ProposedBy string
	ProposedAt time.Time
	// EndedAt is when it was carried out, refused or void; zero while it is open.
	EndedAt time.Time
	// TransferNumber is the transfer that carried it out; zero before.
	TransferNumber int64
	// Undone is what of it later proposals have undone.
	Undone money.Amount
	// Votes are what people said to it, in their order.
	Votes []ProposalVote
}

// ProposalVote is what one person says to a proposal.
type ProposalVote struct {
	ProposalKey
	Person      string
	Approved    bool
	Note        string
	EventNumber int64
	VotedAt     time.Time
}

const proposalColumns = `
	p.merchant_id, p.proposal_number, p.kind, p.state, p.amount_minor, p.debt_kind, p.debt_id,
	coalesce(p.undoes_number, 0), p.note, p.proposed_by, p.proposed_at, p.ended_at,
	coalesce(p.transfer_number, 0), p.undone_minor`

func scanProposal(rows *sql.Rows) (p Proposal, err error) {
	var ended sql.NullTime
	err = rows.Scan(&p.MerchantID, &p.Number, (*string)(&p.Kind), (*string)(&p.State), (*int64)(&p.Amount),
		(*string)(&p.DebtKind), &p.DebtID, &p.Undoes, &p.Note, &p.ProposedBy, &p.ProposedAt, &ended,
		&p.TransferNumber, (*int64)(&p.Undone))
	p.EndedAt = ended.Time
	inUTC(&p.ProposedAt, &p.EndedAt)
	return p, err
}

const voteColumns = `
	v.merchant_id, v.proposal_number, v.person_id, v.approved, v.note, v.event_number, v.voted_at`

func scanVote(rows *sql.Rows) (v ProposalVote, err error) {
	err = rows.Scan(&v.MerchantID, &v.Number, &v.Person, &v.Approved, &v.Note, &v.EventNumber, &v.VotedAt)
	inUTC(&v.VotedAt)
	return v, err
}

func proposalKeys(keys []ProposalKey) []any {
	return []any{
		texts(keys, func(k *ProposalKey) string { return k.MerchantID }),
		bigints(keys, func(k *ProposalKey) int64 { return k.Number }),
	}
}

// Proposals reads the proposals among keys, with what people said to them.
func (tx *Tx) Proposals(keys []ProposalKey) ([]Proposal, error) {
	var out []Proposal
	at := make(map[ProposalKey]int)
	err := tx.query("read proposals", `
		SELECT`+proposalColumns+`
		FROM unnest($1::text[], $2::bigint[]) AS k (merchant_id, number)
		JOIN proposals p ON p.merchant_id = k.merchant_id AND p.proposal_number = k.number`,
		proposalKeys(keys),
		func(rows *sql.Rows) error {
			p, err := scanProposal(rows)
			at[p.ProposalKey] = len(out)
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
			p := &out[at[v.ProposalKey]]
			p.Votes = append(p.Votes, v)
			return err
		})
	return out, err
}

func putProposal(r *records, p *Proposal) {
	r.texts(p.MerchantID)
	r.bigints(p.Number)
	r.texts(string(p.Kind), string(p.State))
	r.bigints(int64(p.Amount))
	r.texts(string(p.DebtKind), p.DebtID)
	r.bigintOrNull(p.Undoes)
	r.texts(p.Note, p.ProposedBy)
	r.times(p.ProposedAt, p.EndedAt)
	r.bigintOrNull(p.TransferNumber)
	r.bigints(int64(p.Undone))
}

func (tx *Tx) writeProposals(c *Changes) error {
	if rows := c.ProposalsMade; len(rows) > 0 {
		err := tx.gather("make proposals", len(rows), `
			INSERT INTO proposals (
				merchant_id, proposal_number, kind, state, amount_minor, debt_kind, debt_id, undoes_number,
				note, proposed_by, proposed_at, ended_at, transfer_number, undone_minor)
			SELECT
				r.merchant_id, r.proposal_number, r.kind, r.state, r.amount_minor, r.debt_kind, r.debt_id,
				r.undoes_number, r.note, r.proposed_by, r.proposed_at, r.ended_at, r.transfer_number,
				r.undone_minor
			FROM unnest($1::proposals[]) r`,
			rowsOf(tx.s.types["proposals"], rows, putProposal))
		if err != nil {
			return err
		}
	}
	rows := c.ProposalsChanged
	if len(rows) == 0 {
		return nil
	}
	return tx.gather("change proposals", len(rows), `
		UPDATE proposals p
		SET state = k.state, ended_at = k.ended_at, transfer_number = k.transfer_number, undone_minor = k.undone_minor
		FROM unnest($1::proposals[]) k
		WHERE p.merchant_id = k.merchant_id AND p.proposal_number = k.proposal_number`,
		rowsOf(tx.s.types["proposals"], rows, putProposal))
}

func (tx *Tx) writeVotes(c *Changes) error {
	rows := c.Votes
	if len(rows) == 0 {
		return nil
	}
	return tx.gather("write votes", len(rows), `
		INSERT INTO proposal_votes (merchant_id, proposal_number, person_id, approved, note, event_number, voted_at)
		SELECT r.merchant_id, r.proposal_number, r.person_id, r.approved, r.note, r.event_number, r.voted_at
		FROM unnest($1::proposal_votes[]) r`,
		rowsOf(tx.s.types["proposal_votes"], rows, func(r *records, v *ProposalVote) {
			r.texts(v.MerchantID)
			r.bigints(v.Number)
			r.texts(v.Person)
			r.booleans(v.Approved)
			r.texts(v.Note)
			r.bigints(v.EventNumber)
			r.times(v.VotedAt)
		}))
}
