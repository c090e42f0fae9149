package policy

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// group goes through the members of one version in their order.
type group struct {
	version *Version
	members int
	owed    bool
	sum     money.Amount
	total   money.Amount
	// most is the total of all members, kept the part of it that members to come keep.
	most, kept money.Amount
	// last is the index, among all members, of the last one that keeps its award and has
	// a product; −1 while there is none.
	last int
}

// award is what the group owes on account of one member.
type award struct {
	// position counts the member within its group, from 1.
	position int
	// sum is the sum of the products up to this member.
	sum           money.Amount
	before, after money.Amount
	floored       bool
	capped        bool
	// kept is the part of the share that the member has already; grown is the amount by
	// which the share exceeds that because nobody else takes it up.
	kept, grown money.Amount
}

// share is never below zero. The total never falls; it only stops growing once the
// earlier members have all that is owed.
func (a award) share() money.Amount { return a.after - a.before }

// count adds a member's demand to the sum.
func (g *group) count(d *demand) error {
	sum, err := g.sum.Add(d.counted)
	if err != nil {
		return err
	}
	g.members++
	g.sum, g.owed = sum, g.owed || d.owed
	return nil
}

// take adds a member's demand, and raises the total by the award that the member keeps, or
// else to what is then owed. A member without a product of its own has no part in what
// others lack.
func (g *group) take(d *demand, stands bool, kept money.Amount) (award, error) {
	if err := g.count(d); err != nil {
		return award{}, err
	}
	a := award{position: g.members, sum: g.sum, before: g.total, after: g.total, kept: kept}
	g.kept -= kept
	switch {
	case stands:
		a.after += kept
	case d.owed:
		a.after = max(a.before+kept, min(g.most-g.kept, g.due()))
	}
	a.limit(g)
	g.total = a.after
	return a, nil
}

// due is the amount owed to all members so far: min(cap, max(floor, sum)). The
// floor applies only once something is owed (rules C6, C7 and C9).
func (g *group) due() money.Amount {
	due := g.sum
	if g.owed {
		due = max(due, g.version.Floor)
	}
	if g.version.Cap > 0 {
		due = min(due, g.version.Cap)
	}
	return due
}

// limit says whether the total after the award is the floor or the cap.
func (a *award) limit(g *group) {
	a.floored = g.owed && a.sum < g.version.Floor && a.after == g.version.Floor
	a.capped = g.version.Cap > 0 && a.sum > g.version.Cap && a.after == g.version.Cap
}

// grow gives the last kept member with a product the amount that the group is owed
// beyond the shares of all its members. There is such an amount only where no open
// member has taken it.
func (g *group) grow(a *award) {
	left := g.due() - g.total
	if left <= 0 {
		return
	}
	own := a.share()
	a.position, a.sum = g.members, g.sum
	a.before, a.after, a.grown = g.total-own, g.total+left, left
	a.limit(g)
	g.total = a.after
}

// outcome is a price for all members under one assignment of bases.
type outcome struct {
	// choice is each member's basis, as an index into bases.
	choice []int
	awards []award
	// total is all compensation and all refunds.
	total money.Amount
}

// evaluate prices the members under the bases chosen for them.
func (p *pricing) evaluate(choice []int) (*outcome, error) {
	o := &outcome{choice: choice, awards: make([]award, len(choice))}
	groups, of, err := p.groups(choice)
	if err != nil {
		return nil, err
	}
	turns := p.turns()
	kept := p.keep(turns, choice, groups, of)
	for _, i := range turns {
		d, g, stands := &p.demands[i][choice[i]], groups[of[i]], p.members[i].Kept.Stands
		if o.awards[i], err = g.take(d, stands, kept[i]); err != nil {
			return nil, err
		}
		if stands && d.owed {
			g.last = i
		}
		if o.total, err = money.Sum(o.total, o.awards[i].share(), d.refund, d.fee); err != nil {
			return nil, err
		}
	}
	return o, o.grow(groups)
}

// turns gives the members, as indexes, in the order in which they get their shares: those
// whose awards stand, then those of whom something is out, then the others.
func (p *pricing) turns() []int {
	rank := func(k Kept) int {
		switch {
		case k.Stands:
			return 0
		case k.Out > 0:
			return 1
		}
		return 2
	}
	order := make([]int, len(p.members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(p.members[a].Kept) - rank(p.members[b].Kept) })
	return order
}

// groups gives the groups of the members, with their totals, and the one that each member
// is of.
func (p *pricing) groups(choice []int) (groups []*group, of []int, err error) {
	of = make([]int, len(choice))
	for i, b := range choice {
		d := &p.demands[i][b]
		// A handful: the versions that were in force in one window.
		of[i] = slices.IndexFunc(groups, func(g *group) bool { return sameVersion(g.version, d.version) })
		if of[i] < 0 {
			of[i] = len(groups)
			groups = append(groups, &group{version: d.version})
		}
		if err := groups[of[i]].count(d); err != nil {
			return nil, nil, err
		}
	}
	for i, g := range groups {
		groups[i] = &group{version: g.version, last: -1, most: g.due()}
	}
	return groups, of, nil
}

// keep gives, for each member, the part of its group's total that it has already: first
// all that is out, then the awards that stand.
func (p *pricing) keep(turns, choice []int, groups []*group, of []int) []money.Amount {
	kept := make([]money.Amount, len(choice))
	left := make([]money.Amount, len(groups))
	for i, g := range groups {
		left[i] = g.most
	}
	for _, has := range []func(Kept) money.Amount{
		func(k Kept) money.Amount { return k.Out },
		Kept.standing,
	} {
		for _, i := range turns {
			if !p.demands[i][choice[i]].owed {
				continue
			}
			more := max(0, min(has(p.members[i].Kept)-kept[i], left[of[i]]))
			kept[i] += more
			left[of[i]] -= more
			groups[of[i]].kept += more
		}
	}
	return kept
}

// grow gives kept members the amounts that their groups leave.
func (o *outcome) grow(groups []*group) error {
	for _, g := range groups {
		if g.last < 0 {
			continue
		}
		a := &o.awards[g.last]
		g.grow(a)
		var err error
		if o.total, err = o.total.Add(a.grown); err != nil {
			return err
		}
	}
	return nil
}

func sameVersion(a, b *Version) bool {
	return a.PolicyID == b.PolicyID && a.Number == b.Number && a.Basis == b.Basis
}

// preferences are all orders in which the bases can be preferred, as indexes into
// bases; the earlier one wins a tie.
var preferences = [...][len(bases)]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}

// choose puts the members that ask for Best on the basis with the largest total for
// the consumer; if totals tie, PROMISE comes before FOOD_SAFETY_148 before
// CONSUMER_PROTECTION_55 (rule C5). It does so for all of them together: 46 eggs
// paid in 46 payments must not collect a second floor by alternating bases. The
// total also counts the members with an explicit basis, because they may share a
// group, its floor and its cap with the others.
//
// If no version of the common basis was in force at a member's payment, the member
// takes the next basis in the order of preference. So the candidates are the
// orders, not just the bases. The second result is the best outcome for each basis
// at the head of the order.
func (p *pricing) choose() (*outcome, [len(bases)]*outcome, error) {
	var best *outcome
	var heads [len(bases)]*outcome
	if !slices.ContainsFunc(p.members, func(m Member) bool { return m.Basis == Best }) {
		only, err := p.evaluate(p.assign(preferences[0]))
		return only, heads, err
	}
	for _, preference := range preferences {
		choice := p.assign(preference)
		head := &heads[preference[0]]
		if *head != nil && slices.Equal((*head).choice, choice) {
			continue
		}
		o, err := p.evaluate(choice)
		if err != nil {
			return nil, heads, err
		}
		if *head == nil || o.total > (*head).total {
			*head = o
		}
		if best == nil || o.total > best.total {
			best = o
		}
	}
	return best, heads, nil
}

// assign gives each member the first basis of the order that is open to it. To a
// member with an explicit basis only that one is open.
func (p *pricing) assign(preference [len(bases)]int) []int {
	choice := make([]int, len(p.members))
	for i := range p.members {
		for _, b := range preference {
			if p.demands[i][b].version != nil {
				choice[i] = b
				break
			}
		}
	}
	return choice
}

// alternatives gives the results of member i on each basis open to it.
func (p *pricing) alternatives(i int, chosen *outcome, heads [len(bases)]*outcome) []Alternative {
	var list []Alternative
	for b, basis := range bases {
		d := &p.demands[i][b]
		if d.version == nil {
			continue
		}
		o := heads[b]
		if chosen.choice[i] == b {
			o = chosen
		}
		list = append(list, Alternative{
			Basis:        basis,
			PolicyID:     d.version.PolicyID,
			Version:      d.version.Number,
			Compensation: o.awards[i].share() + d.fee,
			Refund:       d.refund,
			JointTotal:   o.total,
			Chosen:       chosen.choice[i] == b,
		})
	}
	return list
}
