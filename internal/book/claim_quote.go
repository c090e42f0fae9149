package book

import (
	"cmp"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// QuotePayout computes what a claim would be paid if its units were found counterfeit,
// given the claimant's other claims as they stand; it files nothing. Without a
// claimant no other claims count. It is refused where filing would be.
type QuotePayout struct {
	FileClaim
	// AuthenticationFee is the fee that the claimant is assumed to have fronted, in
	// FeeCurrency.
	AuthenticationFee money.Amount
	FeeCurrency       string
}

// StoresNothing implements Previewed.
func (q *QuotePayout) StoresNothing() {}

func (q *QuotePayout) follow(b *Book, n *Needs, round int) {
	q.FileClaim.follow(b, n, round)
	if round == 0 {
		return
	}
	l := q.Line
	if stored := b.lines.get(q.LineID); stored != nil {
		l = stored.line
	}
	if l == nil {
		return
	}
	for _, s := range b.siblings(q.ClaimantID, l.ProductID) {
		followGroup(b, n, s)
	}
}

// decide gives the share on the chosen basis first. If the choice was Best, the share
// on each single basis follows, the best for the consumer first.
func (q *QuotePayout) decide(b *Book) (Outcome, error) {
	if q.LearnedAt.IsZero() {
		q.LearnedAt = b.call.Header.ArrivedAt
	}
	if q.AuthenticationFee != 0 && q.FeeCurrency != b.head.Currency {
		return Outcome{}, fault.New(fault.CurrencyMismatch, "the book's currency is %s, but the fee's is %s", b.head.Currency, q.FeeCurrency).
			With("expected", b.head.Currency).With("given", q.FeeCurrency).At("authentication_fee.currency_code")
	}
	chosen, err := q.share(b)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{Quotes: []policy.Share{chosen}}
	if q.Basis != policy.Best {
		return o, nil
	}
	for _, a := range chosen.Calculation.Alternatives {
		b.abandon()
		b.begin(b.call)
		alone := *q
		alone.Basis = a.Basis
		s, err := alone.share(b)
		if err != nil {
			return Outcome{}, err
		}
		o.Quotes = append(o.Quotes, s)
	}
	slices.SortStableFunc(o.Quotes[1:], func(x, y policy.Share) int {
		return cmp.Compare(y.Calculation.ConsumerTotal, x.Calculation.ConsumerTotal)
	})
	return o, nil
}

// share prices the claim as if it were filed and every unit counterfeit.
func (q *QuotePayout) share(b *Book) (policy.Share, error) {
	o, err := q.FileClaim.decide(b)
	if err != nil {
		return policy.Share{}, err
	}
	c := b.change(o.ClaimID)
	c.Verdict = claim.Counterfeit
	for i := range c.Units {
		c.Units[i].Verdict = claim.Counterfeit
	}
	shares, err := b.quoted(c, q.AuthenticationFee)
	if err != nil {
		return policy.Share{}, err
	}
	at := slices.IndexFunc(shares, func(s policy.Share) bool { return s.ClaimID == c.ID })
	return shares[at], nil
}

// quoted prices the window of a claim as if the claim were found counterfeit, with a fee.
func (b *Book) quoted(c *claim.Claim, fee money.Amount) ([]policy.Share, error) {
	c.Fees.Claimant = fee
	all, err := b.settlement(c.OrderLineID, deciding{c.ID, true})
	if err != nil {
		return nil, err
	}
	shares := make([]policy.Share, len(all))
	for i := range all {
		shares[i] = all[i].Share
	}
	return shares, nil
}
