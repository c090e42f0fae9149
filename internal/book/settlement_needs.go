package book

import "github.com/tenfold-claims/tenfold/internal/claim"

// What a settlement looks at, asked for before it is made.

// followGroup asks for what settling a claim needs: its siblings, the order lines of
// those that count, and, where such a line was refunded from outside, the claims of the
// others who claim on it.
func followGroup(b *Book, n *Needs, c *claim.Claim) {
	n.claimsOf(familyOf(c))
	n.line(b.merchantID, c.OrderLineID)
	followFamily(b, n, c.ClaimantID, c.ProductID, c.ID)
	for _, party := range b.claimingOn(c.OrderLineID) {
		n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: party, ProductID: c.ProductID})
		followFamily(b, n, party, c.ProductID, c.ID)
	}
}

func familyOf(c *claim.Claim) SiblingKey {
	return SiblingKey{MerchantID: c.MerchantID, ClaimantID: c.ClaimantID, ProductID: c.ProductID}
}

// followFamily asks for what pricing a claimant's claims on a product needs.
func followFamily(b *Book, n *Needs, claimantID, productID, decided string) {
	for _, s := range b.siblings(claimantID, productID) {
		if s.ID != decided && (!s.State.Live() || !s.Owed()) {
			continue
		}
		n.line(b.merchantID, s.OrderLineID)
		n.holdsOf(b.merchantID, s.ID)
		for _, party := range b.claimingOn(s.OrderLineID) {
			n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: party, ProductID: productID})
		}
	}
}

// claimingOn gives those who may claim on a line that was refunded from outside; nobody
// if the line was not, or is not loaded.
func (b *Book) claimingOn(lineID string) []string {
	l := b.lines.get(lineID)
	if l == nil || b.refunded(lineID) == 0 {
		return nil
	}
	return parties(l.line)
}

// followLine asks for what tells how much of a claim was paid twice.
func followLine(b *Book, n *Needs, claimID string) {
	c := b.claims.get(claimID)
	if c == nil {
		return
	}
	n.line(b.merchantID, c.OrderLineID)
	for _, party := range b.claimingOn(c.OrderLineID) {
		n.claimsOf(SiblingKey{MerchantID: b.merchantID, ClaimantID: party, ProductID: c.ProductID})
	}
}

// followExcess asks for what tells how much of a claim was paid twice, if more is out than
// its award.
func followExcess(b *Book, n *Needs, claimID string) {
	if c := b.claims.get(claimID); c != nil && c.Funding.Paid()+c.Funding.InFlight() > c.Award.Total() {
		followLine(b, n, claimID)
	}
}
