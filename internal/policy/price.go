package policy

import (
	"fmt"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
)

// MembersMax bounds the claims that are priced together, and so the work of one
// command.
const MembersMax = 500

// Remedies are what the claimant asks for.
type Remedies struct {
	Refund       bool `json:"refund"`
	Compensation bool `json:"compensation"`
}

// Member is one claim in the form that pricing needs.
type Member struct {
	ClaimID string
	Line    *order.Line
	// Units are the ordinals found counterfeit; empty if there are none.
	Units []int32
	// Refunded is the amount that was refunded on the whole line, apart from the
	// engine's own payouts. SetOff is the part of it that falls on these units; see
	// the function of that name.
	Refunded money.Amount
	SetOff   money.Amount
	// BoughtAfterKnowledge means that only the refund is owed (rule C8), and beside it
	// the compensation that the claim has kept from before this was told.
	BoughtAfterKnowledge bool
	Remedies             Remedies
	// AuthenticationFee is the fee that the claimant has proved to have fronted. A
	// policy may add it to the compensation (rule C11).
	AuthenticationFee money.Amount
	// Basis is the legal basis the claimant chose, or Best.
	Basis LegalBasis
	// Versions are those in force at the line's payment time; see Versions.InForce.
	Versions map[LegalBasis]*Version
	// Kept is the compensation that the claim has already.
	Kept Kept
}

// Kept is the compensation that a claim has already, without its fee. Where a group's
// total allows, money stays where it is, and so does what a merchant has confirmed.
type Kept struct {
	// Out is what the consumer was paid, or may still be paid by what was sent.
	Out money.Amount
	// Stands says that the claim keeps Award, beyond what is out, while others are
	// decided.
	Stands bool
	Award  money.Amount
}

// standing is the award that stands.
func (k Kept) standing() money.Amount {
	if !k.Stands {
		return 0
	}
	return k.Award
}

// Share is the total that one claim is owed.
type Share struct {
	ClaimID      string
	Basis        LegalBasis
	PolicyID     string
	Version      int32
	Refund       money.Amount
	Compensation money.Amount
	// SetOff is the amount by which refunds from outside lower Refund (rule C10).
	SetOff money.Amount
	// AuthenticationFee is the part of Compensation that is a fee (rule C11).
	AuthenticationFee money.Amount
	Calculation       Calculation
}

// Price computes what each of a claimant's claims is owed. The members are the live
// claims of one claimant on one product of one merchant within one window (rule C7);
// the shares come back in the same order.
//
// Members of one policy version and basis form a group. The compensation of the group
// is the sum of the members' products, at least the version's floor if any product is
// positive, and at most its cap. It does not depend on the order of the members, nor on
// what any of them has already; the shares sum to it. Refunds belong to each member
// alone and no cap applies to them (rule C9). The same is true of an authentication fee,
// which is part of the member's compensation but of no total.
//
// What members keep comes first, whatever their order: what is out, and then the awards
// that stand, as far as the group's total reaches. After that, each other member in
// turn gets what the group owes on account of those up to it, less what was given before,
// and no less than is out. What none of these takes up goes to the last member that keeps
// its award and has a product of its own.
//
// Members that ask for Best are put on one basis together (rule C5), the one that
// gives the consumer the most over all members; see choose. Their basis may change
// when a member joins.
//
// Refuses more than MembersMax members with PRICING_GROUP_FULL, a member without a
// version for its basis with POLICY_NOT_FOUND, mixed currencies with
// CURRENCY_MISMATCH, units that are not the line's or are named by two members with
// UNITS_OUT_OF_RANGE, and sums beyond money.MaxAmount with AMOUNT_OUT_OF_RANGE.
func Price(members []Member) ([]Share, error) {
	if len(members) > MembersMax {
		return nil, fault.New(fault.PricingGroupFull, "the pricing group is full: at most %d claims are priced together", MembersMax).
			With("membersMax", MembersMax)
	}
	if len(members) == 0 {
		return nil, nil
	}
	currency, err := checkMembers(members)
	if err != nil {
		return nil, err
	}
	shares, err := price(members)
	if err != nil {
		return nil, money.InCurrency(err, currency)
	}
	return shares, nil
}

// checkMembers gives the currency that all members share.
func checkMembers(members []Member) (string, error) {
	units := make(map[string][]int32, len(members))
	for i := range members {
		m := &members[i]
		if m.Line == nil {
			return "", fmt.Errorf("price claim %s: it has no order line", m.ClaimID)
		}
		if m.Line.Currency != members[0].Line.Currency {
			return "", fault.New(fault.CurrencyMismatch, "claims in different currencies cannot be priced together").
				With("expected", members[0].Line.Currency).With("given", m.Line.Currency)
		}
		for _, a := range []money.Amount{m.Refunded, m.SetOff, m.AuthenticationFee, m.Kept.Out, m.Kept.Award} {
			if err := a.Check(); err != nil {
				return "", money.InCurrency(err, m.Line.Currency)
			}
		}
		units[m.Line.ID] = append(units[m.Line.ID], m.Units...)
	}
	// The units of one line are checked together: two claims that name the same
	// unit would pay it twice.
	for i := range members {
		l := members[i].Line
		if err := l.CheckUnits(units[l.ID]); err != nil {
			return "", err
		}
		delete(units, l.ID)
	}
	return members[0].Line.Currency, nil
}

// pricing is one call of Price: everything about each member that does not depend
// on the others.
type pricing struct {
	members []Member
	spent   []spent
	// demands holds, for each member, its demand under each basis open to it.
	demands [][len(bases)]demand
}

func price(members []Member) ([]Share, error) {
	p := &pricing{
		members: members,
		spent:   make([]spent, len(members)),
		demands: make([][len(bases)]demand, len(members)),
	}
	for i := range members {
		m := &members[i]
		s, err := newSpent(m)
		if err != nil {
			return nil, err
		}
		s.refunded = min(m.SetOff, s.goods+s.shipping)
		p.spent[i] = s
		if err := p.demand(i); err != nil {
			return nil, err
		}
	}
	chosen, heads, err := p.choose()
	if err != nil {
		return nil, err
	}
	shares := make([]Share, len(members))
	for i := range members {
		shares[i] = p.share(i, chosen)
		if members[i].Basis == Best {
			shares[i].Calculation.Alternatives = p.alternatives(i, chosen, heads)
		}
	}
	return shares, nil
}

// demand fills in member i's demands: one for an explicit basis, and for Best one
// for each basis with a version in the line's currency.
func (p *pricing) demand(i int) error {
	m := &p.members[i]
	found := false
	for b, basis := range bases {
		v := m.Versions[basis]
		if v == nil || (m.Basis != Best && m.Basis != basis) {
			continue
		}
		if v.Currency != m.Line.Currency {
			if m.Basis == Best {
				continue
			}
			return fault.New(fault.CurrencyMismatch, "policy %s has another currency than the order line", v.PolicyID).
				With("expected", v.Currency).With("given", m.Line.Currency)
		}
		d, err := newDemand(m, &p.spent[i], v)
		if err != nil {
			return err
		}
		p.demands[i][b], found = d, true
	}
	if !found && m.Basis != Best && !slices.Contains(bases[:], m.Basis) {
		return fault.New(fault.RequestInvalid, "%q is not a legal basis", m.Basis).At("legal_basis")
	}
	if !found {
		return fault.New(fault.PolicyNotFound, "no policy with legal basis %s was in force when the order was paid", m.Basis).
			With("claimId", m.ClaimID).With("legalBasis", m.Basis)
	}
	return nil
}
