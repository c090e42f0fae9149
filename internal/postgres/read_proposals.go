package postgres

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/money"
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

// ProposalQuery selects proposals. Empty fields do not count.
type ProposalQuery struct {
	// MerchantID is the book; empty for all books.
	MerchantID string
	State      proposal.State
	Kind       proposal.Kind
	// Kinds are those that the reader may see; nil for all.
	Kinds                    []proposal.Kind
	ProposedFrom, ProposedTo time.Time
	AmountFrom, AmountTo     *money.Amount
}

// ProposalCursor is a place in a list of proposals; the zero cursor is its beginning.
type ProposalCursor struct {
	ProposedAt time.Time
	proposal.Key
}

// ProposalRead is a proposal with the currency of its book.
type ProposalRead struct {
	proposal.Proposal
	Currency string
}

// proposalWalks are the walks of a book or of all books, in a state or in any.
var proposalWalks = map[[2]bool]struct{ where, order string }{
	{false, false}: {`(p.proposed_at, p.merchant_id, p.proposal_number) <= ($4, $3, $5)`,
		`p.proposed_at DESC, p.merchant_id DESC, p.proposal_number DESC`},
	{false, true}: {`p.state = $6 AND (p.proposed_at, p.merchant_id, p.proposal_number) <= ($4, $3, $5)`,
		`p.proposed_at DESC, p.merchant_id DESC, p.proposal_number DESC`},
	{true, false}: {`p.merchant_id = $3 AND p.proposal_number <= $5`, `p.merchant_id DESC, p.proposal_number DESC`},
	{true, true}:  {`p.merchant_id = $3 AND p.state = $6 AND p.proposal_number <= $5`, `p.merchant_id DESC, p.state DESC, p.proposal_number DESC`},
}

// Proposals lists proposals from a place on, the newest first.
func (r Reader) Proposals(ctx context.Context, q ProposalQuery, from ProposalCursor, size int) (Page[ProposalRead, ProposalCursor], error) {
	if from.Number == 0 {
		from = ProposalCursor{ProposedAt: orElse(q.ProposedTo, afterAll), Key: proposal.Key{MerchantID: afterEveryID, Number: math.MaxInt64}}
	}
	if q.MerchantID != "" {
		from.MerchantID = q.MerchantID
	}
	walk := proposalWalks[[2]bool{q.MerchantID != "", q.State != ""}]
	l := listing[proposal.Proposal, ProposalCursor]{what: "list proposals", query: `
		SELECT` + proposalColumns + `, p.n > $1
		FROM (
			SELECT p.*, row_number() OVER (ORDER BY ` + walk.order + `) AS n
			FROM proposals p
			WHERE ` + walk.where + `
			ORDER BY ` + walk.order + `
			LIMIT $1 + 1) p
		WHERE ($6 = '' OR p.state = $6) AND ($7 = '' OR p.kind = $7) AND (cardinality($8::text[]) = 0 OR p.kind = ANY ($8))
		  AND p.proposed_at BETWEEN $9 AND $10 AND $4::timestamptz IS NOT NULL
		  AND ($11::bigint IS NULL OR p.amount_minor >= $11) AND ($12::bigint IS NULL OR p.amount_minor <= $12)
		   OR p.n > $1
		LIMIT $2`}
	l.scan = fillProposal
	l.cursor = func(p *proposal.Proposal) ProposalCursor { return ProposalCursor{p.ProposedAt, p.Key} }
	kinds := make([]string, len(q.Kinds))
	for i, k := range q.Kinds {
		kinds[i] = string(k)
	}
	found, err := l.page(ctx, r, size, from.MerchantID, from.ProposedAt, from.Number, string(q.State), string(q.Kind), pq.Array(kinds),
		orElse(q.ProposedFrom, beforeAll), orElse(q.ProposedTo, afterAll), amountOrNull(q.AmountFrom), amountOrNull(q.AmountTo))
	if err == nil {
		err = r.votes(ctx, found.Rows)
	}
	page := Page[ProposalRead, ProposalCursor]{Next: found.Next, More: found.More}
	if err != nil || len(found.Rows) == 0 {
		return page, err
	}
	merchants := make([]string, len(found.Rows))
	for i := range found.Rows {
		merchants[i] = found.Rows[i].MerchantID
	}
	currencies, err := r.Currencies(ctx, merchants)
	for i := range found.Rows {
		page.Rows = append(page.Rows, ProposalRead{Proposal: found.Rows[i], Currency: currencies[merchants[i]]})
	}
	return page, err
}

// Currencies reads the currencies of books.
func (r Reader) Currencies(ctx context.Context, merchants []string) (map[string]string, error) {
	out := make(map[string]string)
	_, err := read(ctx, r, "read currencies of books", `
		SELECT b.merchant_id, b.currency
		FROM books b
		WHERE b.merchant_id = ANY ($1::text[])`, func(rows *sql.Rows) (struct{}, error) {
		var merchant, currency string
		err := rows.Scan(&merchant, &currency)
		out[merchant] = currency
		return struct{}{}, err
	}, pq.Array(distinct(merchants)))
	return out, err
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
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
