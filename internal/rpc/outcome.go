package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// A command is answered from its own outcome, so that the effects of later commands
// do not show. The outcome of a replay holds ids alone, and its answer shows the
// present state of the resources that they name.

// claimAfter is the claim of an outcome in its BASIC view.
func (b *backend) claimAfter(ctx context.Context, o *book.Outcome) (*tenfoldv1.Claim, error) {
	c, err := b.claimOfOutcome(ctx, o)
	if err != nil {
		return nil, err
	}
	return callerOf(ctx).basicClaim(c), nil
}

func (b *backend) claimOfOutcome(ctx context.Context, o *book.Outcome) (*claim.Claim, error) {
	if !o.Replayed {
		return o.Claim, nil
	}
	c, found, err := b.db.Reader().Claim(ctx, o.MerchantID, o.ClaimID)
	if err == nil && !found {
		err = claimNotFound(o.ClaimID)
	}
	return &c, err
}

// bookAfter is the book of an outcome.
func (b *backend) bookAfter(ctx context.Context, o *book.Outcome) (*tenfoldv1.Book, error) {
	if !o.Replayed {
		return bookOf(o.Book), nil
	}
	return b.readBook(ctx, o.MerchantID)
}

// transfersAfter are the transfers of an outcome, which never change.
func (b *backend) transfersAfter(ctx context.Context, o *book.Outcome) ([]*tenfoldv1.Transfer, error) {
	if !o.Replayed || o.TransferNumber == 0 {
		return transfersOf(o.Transfers), nil
	}
	list, err := b.db.Reader().TransfersFrom(ctx, o.MerchantID, o.TransferNumber)
	return transfersOf(list), err
}

// moneyAnswer is the answer to a movement of the merchant's own money.
type moneyAnswer struct {
	book      *tenfoldv1.Book
	transfers []*tenfoldv1.Transfer
	replayed  bool
}

// moneyAfter are the book and the transfers of an outcome.
func (b *backend) moneyAfter(ctx context.Context, o *book.Outcome) (moneyAnswer, error) {
	transfers, err := b.transfersAfter(ctx, o)
	if err != nil {
		return moneyAnswer{}, err
	}
	p, err := b.bookAfter(ctx, o)
	return moneyAnswer{book: p, transfers: transfers, replayed: o.Replayed}, err
}

// payoutAfter is the payout of an outcome.
func (b *backend) payoutAfter(ctx context.Context, o *book.Outcome) (*tenfoldv1.Payout, error) {
	if !o.Replayed {
		return payoutOf(o.Payout), nil
	}
	p, found, err := b.db.Reader().Payout(ctx, o.MerchantID, o.PayoutID)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, fault.New(fault.PayoutNotFound, "merchant %s has no payout %s", o.MerchantID, o.PayoutID).With("payoutId", o.PayoutID)
	}
	return payoutOf(&p), nil
}

// proposalAfter is the proposal of an outcome, by its number.
func (b *backend) proposalAfter(ctx context.Context, number int64, o *book.Outcome) (*tenfoldv1.Proposal, error) {
	if !o.Replayed {
		return proposalOf(o.Proposal, o.Currency), nil
	}
	return b.readProposal(ctx, proposal.Key{MerchantID: o.MerchantID, Number: number})
}

// lineAfter is the order line of an outcome, by its id, with its refunds, and whether a
// claim has shown it.
func (b *backend) lineAfter(ctx context.Context, id string, o *book.Outcome) (p *tenfoldv1.OrderLine, seen bool, err error) {
	switch {
	case o.Replayed:
		return b.readRefunded(ctx, o.MerchantID, id)
	case o.Line == nil:
		return unseenLineOf(o.MerchantID, id, o.Currency, o.Refunds), false, nil
	}
	return orderLineOf(o.Line, o.Refunds), true, nil
}
