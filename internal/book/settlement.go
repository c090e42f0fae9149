package book

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// deciding is the claim whose verdict a command changes, and whether it counts with that
// verdict. There is none where no verdict changes.
type deciding struct {
	id    string
	stays bool
}

// counts says whether what was found on a claim is in force: the claim owns its units, or
// is about to.
func (d deciding) counts(c *claim.Claim) bool {
	switch {
	case !c.Owed():
		return false
	case c.ID == d.id:
		return d.stays
	}
	return c.State.Live()
}

// settled is what a claim is owed, and the window that it is owed in.
type settled struct {
	policy.Share
	window *window
}

// window is a pricing group: claims whose payments lie in one grouping window, in the
// order of the payments.
type window struct {
	claims []*claim.Claim
	ends   time.Time
	// group is the id of the group; empty if it is to get one.
	group string
}

// settlement computes what all claims are owed that an order line touches, from what is
// known: those on the product of the claim's own claimant, and, if the line was refunded
// from outside, those of everybody who claims on the line. docs/settlement.md defines it.
func (b *Book) settlement(lineID string, d deciding) ([]settled, error) {
	productID := b.lines.get(lineID).line.ProductID
	var claimants []string
	if c := b.claims.get(d.id); c != nil {
		claimants = []string{c.ClaimantID}
	}
	if b.refunded(lineID) > 0 {
		for _, c := range b.claimsOn(lineID) {
			if !slices.Contains(claimants, c.ClaimantID) {
				claimants = append(claimants, c.ClaimantID)
			}
		}
	}
	s := b.newSettling(d)
	var all []settled
	for _, claimant := range claimants {
		shares, err := s.family(claimant, productID)
		if err != nil {
			return nil, err
		}
		all = append(all, shares...)
	}
	return all, nil
}

// parties are those who may claim on a line.
func parties(l *order.Line) []string {
	if l.RecipientID == "" || l.RecipientID == l.PayerID {
		return []string{l.PayerID}
	}
	return []string{l.PayerID, l.RecipientID}
}

// settling is one computation of what is owed.
type settling struct {
	b *Book
	deciding
	// set is what is set off against the claims on each line.
	set map[string]map[string]policy.SetOff
	// known is when each claimant knew, by the claimant's own account.
	known map[string]time.Time
	// on has the claims of each claimant by line.
	on map[string]map[string][]*claim.Claim
}

func (b *Book) newSettling(d deciding) *settling {
	return &settling{
		b: b, deciding: d, set: make(map[string]map[string]policy.SetOff),
		known: make(map[string]time.Time), on: make(map[string]map[string][]*claim.Claim),
	}
}

// setOffs divides what was refunded on a line from outside between the claims on it.
func (s *settling) setOffs(lineID string) (map[string]policy.SetOff, error) {
	if known, ok := s.set[lineID]; ok {
		return known, nil
	}
	of := make(map[string]policy.SetOff)
	if refunded := s.b.refunded(lineID); refunded > 0 {
		claims := s.claimsOn(lineID)
		found := make([]policy.Found, len(claims))
		for i, c := range claims {
			found[i] = policy.Found{
				ClaimantID: c.ClaimantID, Ordinals: c.Ordinals(), WantsRefund: c.Remedies.Refund,
				Refunded: min(c.Highest.Refund, c.Funding.RefundPaid+c.Funding.RefundInFlight),
			}
			if s.counts(c) {
				found[i].Units = c.OwedUnits()
			}
		}
		set, err := policy.SetOffs(s.b.lines.get(lineID).line, refunded, found)
		if err != nil {
			return nil, money.InCurrency(err, s.b.head.Currency)
		}
		for i, c := range claims {
			of[c.ID] = set[i]
		}
	}
	s.set[lineID] = of
	return of, nil
}

// claimsOn gives the loaded claims that were ever filed on a line.
func (b *Book) claimsOn(lineID string) []*claim.Claim {
	l := b.lines.get(lineID).line
	var on []*claim.Claim
	for _, claimant := range parties(l) {
		for _, c := range b.siblings(claimant, l.ProductID) {
			if c.OrderLineID == lineID {
				on = append(on, c)
			}
		}
	}
	return on
}

// claimsOn is the book's claimsOn, which looks through each claimant's claims once.
func (s *settling) claimsOn(lineID string) []*claim.Claim {
	l := s.b.lines.get(lineID).line
	var on []*claim.Claim
	for _, claimant := range parties(l) {
		byLine, ok := s.on[claimant]
		if !ok {
			byLine = make(map[string][]*claim.Claim)
			for _, c := range s.b.siblings(claimant, l.ProductID) {
				byLine[c.OrderLineID] = append(byLine[c.OrderLineID], c)
			}
			s.on[claimant] = byLine
		}
		on = append(on, byLine[lineID]...)
	}
	return on
}

// family gives what a claimant is owed for a product, window by window.
func (s *settling) family(claimantID, productID string) ([]settled, error) {
	var all []settled
	siblings := s.b.siblings(claimantID, productID)
	if len(siblings) > 0 {
		s.known[claimantID] = firstKnown(siblings)
	}
	for _, w := range s.windows(siblings) {
		shares, err := s.price(w.claims)
		if err != nil {
			return nil, err
		}
		for _, share := range shares {
			all = append(all, settled{share, w})
		}
	}
	return all, nil
}

// windows lays the grouping windows over the payments of the claims that count of a
// claimant on a product, in the order of the payments, whichever claim was filed first (rule C7). Each window begins
// with the first payment that no earlier one holds.
func (s *settling) windows(siblings []*claim.Claim) []*window {
	var counting []*claim.Claim
	for _, c := range siblings {
		if s.counts(c) {
			counting = append(counting, c)
		}
	}
	slices.SortStableFunc(counting, func(a, c *claim.Claim) int {
		return cmp.Or(a.PaidAt.Compare(c.PaidAt), cmp.Compare(a.ID, c.ID))
	})
	var all []*window
	for _, c := range counting {
		if len(all) == 0 || c.PaidAt.After(all[len(all)-1].ends) {
			all = append(all, &window{ends: c.PaidAt.Add(s.b.groupingOf(c))})
		}
		last := all[len(all)-1]
		last.claims = append(last.claims, c)
	}
	// Windows keep the ids of the groups that their claims were in, no two the same.
	used := make(map[string]bool)
	for _, w := range all {
		for _, c := range w.claims {
			if w.group == "" && !used[c.GroupID] {
				w.group = c.GroupID
				used[w.group] = true
			}
		}
	}
	return all
}

// groupingOf is the length of the window that a claim's payment begins.
func (b *Book) groupingOf(c *claim.Claim) time.Duration {
	versions, _ := b.catalog.open(b.lines.get(c.OrderLineID).line, c.LearnedAt, c.ArrivedAt)
	return grouping(versions)
}

// price prices the claims of one window, confirmed ones first.
func (s *settling) price(window []*claim.Claim) ([]policy.Share, error) {
	ordered := slices.Clone(window)
	slices.SortStableFunc(ordered, func(a, c *claim.Claim) int {
		switch x, y := a.State.Confirmed(), c.State.Confirmed(); {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
	members := make([]policy.Member, len(ordered))
	for i, c := range ordered {
		var err error
		if members[i], err = s.member(c); err != nil {
			return nil, err
		}
	}
	return policy.Price(members)
}

// member turns a claim into its form for pricing.
func (s *settling) member(c *claim.Claim) (policy.Member, error) {
	set, err := s.setOffs(c.OrderLineID)
	if err != nil {
		return policy.Member{}, err
	}
	l := s.b.lines.get(c.OrderLineID).line
	m := policy.Member{
		ClaimID:              c.ID,
		Line:                 l,
		Units:                c.OwedUnits(),
		Refunded:             s.b.refunded(c.OrderLineID),
		SetOff:               set[c.ID].Found,
		BoughtAfterKnowledge: s.known[c.ClaimantID].Before(c.PaidAt),
		Remedies:             c.Remedies,
		Basis:                c.BasisChosen,
		AuthenticationFee:    c.Fees.Claimant,
	}
	fee := s.b.feeAdded(c)
	m.Kept.Out = max(0, min(s.b.compensationOut(c), c.Highest.Compensation)-fee)
	if c.ID != s.id && keeps(c) {
		m.Kept.Stands, m.Kept.Award = true, c.Award.Compensation-fee
	}
	open, _ := s.b.catalog.open(l, c.LearnedAt, c.ArrivedAt)
	m.Versions = paying(c, open)
	return m, nil
}

// paying leaves out the versions by which something found on a claim would not be compensated:
// a verdict that one basis compensates does not make another basis do so. Where none is left,
// such as after a correction of the line, all of them stay: what was decided is priced.
func paying(c *claim.Claim, open map[policy.LegalBasis]*policy.Version) map[policy.LegalBasis]*policy.Version {
	pay := make(map[policy.LegalBasis]*policy.Version, len(open))
	for basis, v := range open {
		table := v.Consequence()
		if !slices.ContainsFunc(c.Units, func(u claim.Unit) bool {
			return u.Consequence == policy.Tenfold && u.Verdict.Consequence(&table) != policy.Tenfold
		}) {
			pay[basis] = v
		}
	}
	if len(pay) == 0 || c.BasisChosen != policy.Best && pay[c.BasisChosen] == nil {
		return open
	}
	return pay
}

// compensationOut is the compensation that the consumer has, or may yet get under a
// number that was sent.
func (b *Book) compensationOut(c *claim.Claim) money.Amount {
	f := &c.Funding
	return f.CompensationPaid + f.CompensationInFlight + b.mayYetBePaid(c, payout.Compensation)
}

// reprice computes anew what is owed after what counts of a claim has changed, revises
// every claim whose award changes, and applies the consequences to the others. stays says
// whether the claim itself counts; cause, note and the running event belong to that claim.
func (b *Book) reprice(id string, stays bool, cause, note string) error {
	lineID := b.claims.get(id).OrderLineID
	all, err := b.settlement(lineID, deciding{id, stays})
	if err != nil {
		return err
	}
	// The claim's own revision belongs to the running event, so it comes first.
	if i := slices.IndexFunc(all, func(s settled) bool { return s.ClaimID == id }); i >= 0 {
		b.revise(b.change(id), &all[i], cause, note)
	}
	for i := range all {
		if all[i].ClaimID == id {
			continue
		}
		if err := b.repriced(&all[i], causeRepriced); err != nil {
			return err
		}
	}
	return b.rebalance(lineID, id)
}

// repriced gives a claim another award, or the same on another basis, that did not come
// from its own verdict, and applies the consequences.
func (b *Book) repriced(s *settled, cause string) error {
	old := b.claims.get(s.ClaimID)
	if old.Award == award(&s.Share) && old.Basis == s.Basis {
		if old.GroupID != s.window.group {
			b.record(event.ClaimRepriced, s.ClaimID)
			b.regroup(b.change(s.ClaimID), s.window)
		}
		return nil
	}
	b.record(event.ClaimRepriced, s.ClaimID)
	c := b.change(s.ClaimID)
	before := c.Award
	b.revise(c, s, cause, "")
	if cause == causeOrderRefunded {
		// A refund from outside lowers the compensation of every verdict alike.
		c.Highest.Compensation -= max(0, before.Compensation-c.Award.Compensation)
	}
	return b.react(c, c.Award.Total() > before.Total())
}

// react applies the consequences of an award that rose (more) or fell while the verdict
// stayed the same.
func (b *Book) react(c *claim.Claim, more bool) error {
	switch {
	case c.State == claim.InReview || c.State == claim.Authenticating:
	case more && (c.State != claim.Notified || !c.NoticeConfirmedAt.IsZero()):
		return b.notify(c, claim.RevisedUpward, "")
	case c.State.Confirmed():
		return b.stand(c, claim.RevisedSettled, "")
	}
	return b.adjust(c)
}

// adjust brings the money of an unconfirmed claim in line with its repriced award.
// While a person decides, the money stays where it is. If the award asks nothing more
// of the merchant, there is nothing left to approve and the claim goes on.
func (b *Book) adjust(c *claim.Claim) error {
	if c.State == claim.InReview || c.State == claim.Authenticating {
		b.trimFailed(c)
		return nil
	}
	if err := b.level(c); err != nil {
		return err
	}
	more := max(0, c.Award.Total()-c.Funding.Borne())
	if more == 0 && c.State == claim.AwaitingApproval {
		return b.confirm(c.ID, claim.RevisedSettled, "")
	}
	return b.hold(c, more)
}

// revise gives a claim the award of a share.
func (b *Book) revise(c *claim.Claim, s *settled, cause, note string) {
	c.Award, c.Basis, c.PolicyID, c.PolicyVersion = award(&s.Share), s.Basis, s.PolicyID, s.Version
	c.Highest = c.Highest.Max(claim.Award{Refund: s.Refund + s.SetOff, Compensation: s.Compensation})
	b.regroup(c, s.window)
	b.revision(c, cause, note, s.Calculation)
}

// regroup moves a claim to the pricing group of its window.
func (b *Book) regroup(c *claim.Claim, w *window) {
	if c.GroupID == w.group {
		return
	}
	if w.group == "" {
		w.group = b.ids.Next(b.now)
		b.groups.add(w.group, Group{
			MerchantID: b.merchantID, ID: w.group, ClaimantID: c.ClaimantID, ProductID: c.ProductID,
			AnchorPaidAt: w.claims[0].PaidAt, RecordedAt: b.now,
		}, b.command)
	}
	c.GroupID = w.group
	b.detail("pricing_group", w.group)
}

// rebalance shifts what others than the merchant bear of claims on a line whose verdicts
// have fallen, where a refund from outside tells that the price was given back twice. The
// given claim is not among them: its command has done so.
func (b *Book) rebalance(lineID, except string) error {
	if b.refunded(lineID) == 0 {
		return nil
	}
	for _, c := range b.claimsOn(lineID) {
		undecided := c.State == claim.InReview || c.State == claim.Authenticating
		if c.ID == except || undecided || c.Funding.Lost+c.Funding.ClawedBack == 0 {
			continue
		}
		lost, owed, err := b.burden(c, 0)
		if err != nil {
			return err
		}
		if lost == c.Funding.Lost && owed == c.Funding.ClawedBack {
			continue
		}
		b.record(event.ClaimRepriced, c.ID)
		if err := b.level(b.change(c.ID)); err != nil {
			return err
		}
	}
	return nil
}

// paidTwice is how much of out, which the consumer has or will have for a claim, exceeds
// what any verdict on the claim has given, with what is known today of refunds from
// outside.
func (b *Book) paidTwice(c *claim.Claim, out money.Amount) (money.Amount, error) {
	if b.lines.get(c.OrderLineID) == nil {
		return 0, fault.New(fault.OrderLineNotFound, "claim %s is levelled without its order line", c.ID)
	}
	s := b.newSettling(deciding{})
	set, err := s.setOffs(c.OrderLineID)
	if err != nil {
		return 0, err
	}
	of := set[c.ID]
	return max(0, out-max(0, c.Highest.Refund-of.Found-of.Fallen)-c.Highest.Compensation), nil
}
