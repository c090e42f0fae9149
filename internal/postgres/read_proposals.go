package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

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
// is named, the newest first, and of some kinds only where kinds are named.
func (r Reader) Proposals(ctx context.Context, merchantID string, state proposal.State, kinds []proposal.Kind, before int64, limit int) ([]proposal.Proposal, error) {
	var list []proposal.Proposal
	var err error
	of := make([]string, len(kinds))
	for i, k := range kinds {
		of[i] = string(k)
	}
	if state == "" {
		list, err = read(ctx, r, "list proposals", `
			SELECT`+proposalColumns+`
			FROM proposals p
			WHERE p.merchant_id = $1 AND p.proposal_number < $2 AND (cardinality($4::text[]) = 0 OR p.kind = ANY ($4))
			ORDER BY p.proposal_number DESC
			LIMIT $3`, scanProposal, merchantID, before, limit, pq.Array(of))
	} else {
		list, err = read(ctx, r, "list proposals in a state", `
			SELECT`+proposalColumns+`
			FROM proposals p
			WHERE p.merchant_id = $1 AND p.state = $2 AND p.proposal_number < $3 AND (cardinality($5::text[]) = 0 OR p.kind = ANY ($5))
			ORDER BY p.proposal_number DESC
			LIMIT $4`, scanProposal, merchantID, string(state), before, limit, pq.Array(of))
	}
	if err != nil {
		return nil, err
	}
	return list, r.votes(ctx, list)
}

// ProposalCursor is a place in the list of all books' proposals.
type ProposalCursor struct {
	ProposedAt time.Time
	proposal.Key
}

// BeforeProposals is the place before the newest proposal.
var BeforeProposals = ProposalCursor{ProposedAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// ProposalRead is a proposal with the currency of its book.
type ProposalRead struct {
	proposal.Proposal
	Currency string
}

// AllProposals lists the proposals of all books after a place, those in one state where
// one is named, the newest first.
func (r Reader) AllProposals(ctx context.Context, state proposal.State, after ProposalCursor, limit int) ([]ProposalRead, error) {
	var list []proposal.Proposal
	var err error
	if state == "" {
		list, err = read(ctx, r, "list proposals of all books", `
			SELECT`+proposalColumns+`
			FROM proposals p
			WHERE (p.proposed_at, p.merchant_id, p.proposal_number) < ($1, $2, $3)
			ORDER BY p.proposed_at DESC, p.merchant_id DESC, p.proposal_number DESC
			LIMIT $4`, scanProposal, after.ProposedAt, after.MerchantID, after.Number, limit)
	} else {
		list, err = read(ctx, r, "list proposals of all books in a state", `
			SELECT`+proposalColumns+`
			FROM proposals p
			WHERE p.state = $5 AND (p.proposed_at, p.merchant_id, p.proposal_number) < ($1, $2, $3)
			ORDER BY p.proposed_at DESC, p.merchant_id DESC, p.proposal_number DESC
			LIMIT $4`, scanProposal, after.ProposedAt, after.MerchantID, after.Number, limit, string(state))
	}
	if err == nil {
		err = r.votes(ctx, list)
	}
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := make([]ProposalRead, len(list))
	currencies, err := r.currencies(ctx, list)
	for i := range list {
		out[i] = ProposalRead{Proposal: list[i], Currency: currencies[list[i].MerchantID]}
	}
	return out, err
}

// currencies reads the currencies of the books of proposals.
func (r Reader) currencies(ctx context.Context, of []proposal.Proposal) (map[string]string, error) {
	out, merchants := make(map[string]string), make([]string, len(of))
	for i := range of {
		merchants[i] = of[i].MerchantID
	}
	_, err := read(ctx, r, "read currencies of books", `
		SELECT b.merchant_id, b.currency
		FROM books b
		WHERE b.merchant_id = ANY ($1::text[])`, func(rows *sql.Rows) (struct{}, error) {
		var merchant, currency string
		err := rows.Scan(&merchant, &currency)
		out[merchant] = currency
		return struct{}{}, err
	}, pq.Array(merchants))
	return out, err
}

// votes reads what people said to proposals.
func (r Reader) votes(ctx context.Context, list []proposal.Proposal) error {
	if len(list) == 0 {
		return nil
	}
	at := make(map[proposal.Key]*proposal.Proposal, len(list))
	merchants, numbers := make([]string, len(list)), make([]int64, len(list))
	for i := range list {
		at[list[i].Key], merchants[i], numbers[i] = &list[i], list[i].MerchantID, list[i].Number
	}
	votes, err := read(ctx, r, "list votes", `
		SELECT`+voteColumns+`
		FROM unnest($1::text[], $2::bigint[]) AS k (merchant_id, number)
		JOIN proposal_votes v ON v.merchant_id = k.merchant_id AND v.proposal_number = k.number
		ORDER BY v.event_number`,
		scanVote, pq.Array(merchants), pq.Array(numbers))
	for _, v := range votes {
		p := at[v.Key]
		p.Votes = append(p.Votes, v)
	}
	return err
}
