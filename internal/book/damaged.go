package book

// damage names rows that cannot be read, by the need that asks for them.
type damage struct {
	of   ask
	kind need
}

// TakeDamagedLine notes that an order line cannot be read, with the refusal of every
// command that needs it.
func (bs Books) TakeDamagedLine(k Key, refusal error) {
	bs[k.MerchantID].cannotRead(refusal, ask{of: k.ID}, needLine, needUnits)
}

// TakeDamagedClaim notes that a claim cannot be read.
func (bs Books) TakeDamagedClaim(k Key, refusal error) {
	bs[k.MerchantID].cannotRead(refusal, ask{of: k.ID}, needClaim)
}

// TakeDamagedSibling notes that a claim of a claimant on a product cannot be read.
func (bs Books) TakeDamagedSibling(k SiblingKey, refusal error) {
	bs[k.MerchantID].cannotRead(refusal, ask{k.ClaimantID, k.ProductID}, needSiblings)
}

// TakeDamagedResult notes that a result on a claim cannot be read.
func (bs Books) TakeDamagedResult(ofClaim Key, refusal error) {
	bs[ofClaim.MerchantID].cannotRead(refusal, ask{of: ofClaim.ID}, needResults)
}

func (b *Book) cannotRead(refusal error, of ask, kinds ...need) {
	if b.damaged == nil {
		b.damaged = make(map[damage]error)
	}
	for _, kind := range kinds {
		b.damaged[damage{of, kind}] = refusal
	}
}

// forgetDamage lets the next commands ask again for what could not be read: it may have
// been mended.
func (b *Book) forgetDamage() {
	for d := range b.damaged {
		known := b.asked[d.of]
		known.drop(d.kind)
		b.asked[d.of] = known
	}
	b.damaged = nil
}

// Bar refuses a call by itself if it needs a row that cannot be read. It is asked after
// the last round of loading, and before the call is run. Nothing is decided on a row as
// if it were missing, and no other call is refused for it.
func (n *Needs) Bar(c *Call) {
	b := n.books[c.Header.MerchantID]
	if len(b.damaged) == 0 || c.barred != nil {
		return
	}
	n.probing, n.met = true, nil
	c.Need(n)
	for round := range Rounds {
		c.Follow(b, n, round)
	}
	if c.barred == nil {
		c.barred = n.met
	}
	n.probing, n.met = false, nil
}
