package audit

import (
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// pageGroups is how many pricing groups are priced at a time.
const pageGroups = 500

// checkPrices prices the live claims of every pricing group anew, from order lines,
// units, refunds and policy versions, and compares the awards with it.
func (b *inspection) checkPrices() error {
	list, err := b.rows.PolicyVersions()
	if err != nil {
		b.wrong("policy versions", "%v", err)
		return nil
	}
	versions := policy.NewVersions(list)
	after := ""
	for {
		groups, err := b.rows.Groups(b.head.MerchantID, after, pageGroups)
		if err != nil || len(groups) == 0 {
			return err
		}
		claimants, products := make([]string, len(groups)), make([]string, len(groups))
		wanted := make(map[string]bool, len(groups))
		for i, g := range groups {
			claimants[i], products[i], wanted[g.ID] = g.ClaimantID, g.ProductID, true
		}
		after = groups[len(groups)-1].ID
		claims, err := b.rows.ClaimsOf(b.head.MerchantID, claimants, products)
		if err != nil {
			return err
		}
		f := &facts{versions: versions}
		if err := f.read(b.rows, b.head.MerchantID, claims); err != nil {
			return err
		}
		for _, siblings := range bySiblings(claims) {
			for _, group := range byGroup(siblings) {
				if wanted[group[0].GroupID] {
					b.checkGroup(f, group, siblings)
				}
			}
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}

// bySiblings splits claims, in order of claimant and product, into those of one claimant
// on one product.
func bySiblings(claims []*claim.Claim) [][]*claim.Claim {
	var out [][]*claim.Claim
	for i, c := range claims {
		if i == 0 || c.ClaimantID != claims[i-1].ClaimantID || c.ProductID != claims[i-1].ProductID {
			out = append(out, nil)
		}
		last := len(out) - 1
		out[last] = append(out[last], c)
	}
	return out
}

func byGroup(siblings []*claim.Claim) map[string][]*claim.Claim {
	out := make(map[string][]*claim.Claim)
	for _, c := range siblings {
		out[c.GroupID] = append(out[c.GroupID], c)
	}
	return out
}

// facts are what prices follow from.
type facts struct {
	versions policy.Versions
	lines    map[string]*order.Line
	refunds  map[string]money.Amount
}

func (f *facts) read(rows *postgres.Audit, merchantID string, claims []*claim.Claim) error {
	var ids []string
	for _, c := range claims {
		ids = append(ids, c.OrderLineID)
	}
	var err error
	if f.lines, err = rows.LinesOf(merchantID, ids); err != nil {
		return err
	}
	f.refunds, err = rows.RefundsOf(merchantID, ids)
	return err
}

// price is what one claim alone is owed under a version, without floor and cap: at least
// and at most, by how much of the refunds of its line falls on it.
type price struct {
	compensationMin, compensationMax money.Amount
	refundMin, refundMax             money.Amount
}

// priceOf prices some units of a claim under a version.
func (f *facts) priceOf(c *claim.Claim, units []int32, v *policy.Version, knowing bool) (price, error) {
	alone := *v
	alone.Floor, alone.Cap = 0, 0
	m := policy.Member{
		ClaimID: c.ID, Line: f.lines[c.OrderLineID], Units: units, BoughtAfterKnowledge: knowing, Remedies: c.Remedies,
		Basis: v.Basis, Versions: map[policy.LegalBasis]*policy.Version{v.Basis: &alone},
	}
	most, err := policy.Price([]policy.Member{m})
	if err != nil {
		return price{}, err
	}
	least := most
	if m.Refunded = f.refunds[c.OrderLineID]; m.Refunded > 0 {
		m.SetOff = m.Refunded // At most all of it falls on these units.
		if least, err = policy.Price([]policy.Member{m}); err != nil {
			return price{}, err
		}
	}
	return price{
		min(least[0].Compensation, most[0].Compensation), max(least[0].Compensation, most[0].Compensation),
		min(least[0].Refund, most[0].Refund), max(least[0].Refund, most[0].Refund),
	}, nil
}

// ofVersion is what the claims of a group that were priced under one version have and are
// owed together.
type ofVersion struct {
	version *policy.Version
	claims  []*claim.Claim
	// has is the sum of their compensations without fees. least and most are the sums of
	// their products.
	has, least, most money.Amount
	// keeps says that one of them was bought knowingly: where that was told after the debit,
	// the claim has more than it is owed, in whichever state it is since (rule C8).
	keeps bool
}

// checkGroup compares the awards of the live claims of a pricing group with what they are
// owed: the refund of each, and the sum of compensations under each version.
func (b *inspection) checkGroup(f *facts, group, siblings []*claim.Claim) {
	var by []*ofVersion
	kept := false
	for _, c := range group {
		if !c.State.Live() || !c.Owed() || f.lines[c.OrderLineID] == nil {
			continue
		}
		subject := "claim " + c.ID
		v := b.versionOf(subject, f, c)
		if v == nil {
			continue
		}
		knowing := knew(c, siblings)
		p, err := f.priceOf(c, c.OwedUnits(), v, knowing)
		if err != nil {
			b.wrong(subject, "cannot be priced: %v", err)
			continue
		}
		if c.Award.Refund < p.refundMin || c.Award.Refund > p.refundMax {
			b.wrong(subject, "has a refund of %d, should be between %d and %d", c.Award.Refund, p.refundMin, p.refundMax)
		}
		of := find(&by, v)
		of.claims = append(of.claims, c)
		of.has += c.Award.Compensation - feeIn(c, v)
		of.least += p.compensationMin
		of.most += p.compensationMax
		of.keeps = of.keeps || knowing
		kept = kept || knowing
	}
	for _, of := range by {
		// What one keeps may count towards what the claims under another version are owed.
		if kept && len(by) > 1 {
			of.least, of.keeps = 0, true
		}
		b.checkSum(f, of, group)
	}
}

// versionOf gives the version under which a claim was priced; it must have been in force
// when the goods were paid, and be of a basis that the claimant chose.
func (b *inspection) versionOf(subject string, f *facts, c *claim.Claim) *policy.Version {
	if c.BasisChosen != policy.Best && c.BasisChosen != c.Basis {
		b.wrong(subject, "was priced on basis %s, not on %s", c.Basis, c.BasisChosen)
	}
	v := f.versions.InForce(policy.Bought(f.lines[c.OrderLineID]))[c.Basis]
	if v == nil || v.PolicyID != c.PolicyID || v.Number != c.PolicyVersion {
		b.wrong(subject, "was priced under version %d of policy %q, which was not in force", c.PolicyVersion, c.PolicyID)
		return nil
	}
	return v
}

// knew says whether the claimant bought the goods of a claim knowing that they were
// counterfeit, by the account of any claim on the product (rule C8).
func knew(c *claim.Claim, siblings []*claim.Claim) bool {
	for _, s := range siblings {
		if s.LearnedAt.Before(c.PaidAt) {
			return true
		}
	}
	return false
}

// feeIn is the part of a claim's compensation that gives back what the claimant paid for
// results (rule C11).
func feeIn(c *claim.Claim, v *policy.Version) money.Amount {
	if v.FeeRule() != policy.FeeAdded {
		return 0
	}
	return min(c.Fees.Claimant, c.Award.Compensation)
}

func find(by *[]*ofVersion, v *policy.Version) *ofVersion {
	for _, of := range *by {
		if of.version.PolicyID == v.PolicyID && of.version.Number == v.Number {
			return of
		}
	}
	of := &ofVersion{version: v}
	*by = append(*by, of)
	return of
}

// due is min(cap, max(floor, sum)): what the claims of a group with this sum of products
// are owed together.
func due(v *policy.Version, sum money.Amount) money.Amount {
	if sum > 0 {
		sum = max(sum, v.Floor)
	}
	if v.Cap > 0 {
		sum = min(sum, v.Cap)
	}
	return sum
}

func (b *inspection) checkSum(f *facts, of *ofVersion, group []*claim.Claim) {
	subject := fmt.Sprintf("pricing group %s, version %d of policy %s", of.claims[0].GroupID, of.version.Number, of.version.PolicyID)
	least, most := due(of.version, of.least), due(of.version, of.most)
	if of.keeps {
		var err error
		if most, err = f.ceiling(of.version, group); err != nil {
			b.wrong(subject, "cannot be priced: %v", err)
			return
		}
		// What one claim kept is at most what the whole group was ever owed.
		most *= money.Amount(len(of.claims))
	}
	if of.has < least || of.has > most {
		b.wrong(subject, "its claims are awarded compensations of %d, should be between %d and %d", of.has, least, most)
	}
}

// ceiling is the most that a group was ever owed under a version: for all units that its
// claims, ended ones included, were filed on.
func (f *facts) ceiling(v *policy.Version, group []*claim.Claim) (money.Amount, error) {
	var sum money.Amount
	for _, c := range group {
		if f.lines[c.OrderLineID] == nil {
			continue
		}
		p, err := f.priceOf(c, c.Ordinals(), v, false)
		if err != nil {
			return 0, err
		}
		sum += p.compensationMax + 1 // Shares of a line are rounded.
	}
	return due(v, sum), nil
}
