package postgres

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// Proposal reads a proposal with what people said to it.
func (r Reader) Proposal(ctx context.Context, k proposal.Key) (proposal.Proposal, bool, error) {
	p, found, err := readOne(ctx, r, "read proposal", `
		SELECT`+proposalColumns+`
		FROM proposals p
		WHERE p.merchant_id = $1 AND p.proposal_number = $2`, scanProposal, k.MerchantID, k.Number)
	if err != nil || !found {
		return p, found, err
	}
	list := []proposal.Proposal{p}
	err = r.votes(ctx, list)
	return list[0], true, err
}

// Proposals lists a book's proposals before a number, those in one state where one
// is named, the newest first.
func (r Reader) Proposals(ctx context.Context, merchantID string, state proposal.State, before int64, limit int) ([]proposal.Proposal, error) {
	var list []proposal.Proposal
	var err error
	if state == "" {
		list, err = read(ctx, r, "list proposals", `
			SELECT`+proposalColumns+`
			FROM proposals p
			WHERE p.merchant_id = $1 AND p.proposal_number < $2
			ORDER BY p.proposal_number DESC
			LIMIT $3`, scanProposal, merchantID, before, limit)
	} else {
		list, err = read(ctx, r, "list proposals in a state", `
			SELECT`+proposalColumns+`
			FROM proposals p
			WHERE p.merchant_id = $1 AND p.state = $2 AND p.proposal_number < $3
			ORDER BY p.proposal_number DESC
			LIMIT $4`, scanProposal, merchantID, string(state), before, limit)
	}
	if err != nil {
		return nil, err
	}
	return list, r.votes(ctx, list)
}

// votes reads what people said to proposals of one book.
func (r Reader) votes(ctx context.Context, list []proposal.Proposal) error {
	if len(list) == 0 {
		return nil
	}
	at := make(map[proposal.Key]*proposal.Proposal, len(list))
	for i := range list {
		at[list[i].Key] = &list[i]
	}
	votes, err := read(ctx, r, "list votes", `
		SELECT`+voteColumns+`
		FROM unnest($2::bigint[]) AS k (number)
		JOIN proposal_votes v ON v.merchant_id = $1 AND v.proposal_number = k.number
		ORDER BY v.event_number`,
		scanVote, list[0].MerchantID, pgwire.Bigints(list, func(p *proposal.Proposal) int64 { return p.Number }))
	for _, v := range votes {
		p := at[v.Key]
		p.Votes = append(p.Votes, v)
	}
	return err
}
