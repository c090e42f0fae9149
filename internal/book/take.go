package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// What the database has is given to the books one row at a time. A row that is in
// memory stays as it is there: it is newer.

// TakeRequest takes a stored request over.
func (bs Books) TakeRequest(r request.Stored) { bs[r.MerchantID].requests.load(r.Key, r) }

// TakePerson takes a person's commitment over.
func (bs Books) TakePerson(p Person) { bs[p.MerchantID].persons.load(p.PersonID, p) }

// TakeClaim takes a claim over, with the rows that follow from it: a wait exists
// exactly while the claim is listed, a debt while the claim tells of one.
func (bs Books) TakeClaim(c *claim.Claim) {
	b := bs[c.MerchantID]
	b.claims.load(c.ID, loadedClaim{Claim: *c, from: c.Version})
	if listed(c) {
		b.waits.load(c.ID, waitOf(c))
	}
	for _, d := range debt.Of(c) {
		b.debts.load(debtKey{d.Kind, d.ID}, d)
	}
}

// TakeLine takes an order line over.
func (bs Books) TakeLine(l *LineSeen) {
	line := l.Line
	bs[line.MerchantID].lines.load(line.ID, loadedLine{
		line: &line, digest: line.Digest(), revision: l.Revision, from: l.Revision, seenAt: l.RecordedAt,
	})
}

// HasLine says whether an order line is in memory.
func (bs Books) HasLine(k Key) bool { return bs[k.MerchantID].lines.get(k.ID) != nil }

// TakeRefund takes a refund of an order line over.
func (bs Books) TakeRefund(r Refund) {
	b := bs[r.MerchantID]
	b.refunds.load(refundKey{r.OrderLineID, r.RefundID}, r)
}

// TakeUnit takes over who owns a unit.
func (bs Books) TakeUnit(u UnitOwner) {
	bs[u.MerchantID].units.load(unitKey{u.OrderLineID, u.Ordinal}, unit{claimID: u.ClaimID, stored: u.ClaimID})
}

// TakeResult takes an authentication result over.
func (bs Books) TakeResult(r claim.Result) {
	b := bs[r.MerchantID]
	b.results.load(r.ID, r)
}

// TakeHold takes a hold over.
func (bs Books) TakeHold(h *ledger.Hold) {
	bs[h.MerchantID].holds.load(holdKey{h.ClaimID, h.Number}, *h)
}

// TakePayout takes a payout over. Its due is taken over by itself.
func (bs Books) TakePayout(p *payout.Payout) { bs[p.MerchantID].payouts.load(p.ID, *p) }

// TakeDue takes over that a worker looks after a payout.
func (bs Books) TakeDue(d Due) { bs[d.MerchantID].dues.load(d.PayoutID, d) }

// TakeDebt takes a debt over that no claim tells of.
func (bs Books) TakeDebt(d debt.Debt) { bs[d.MerchantID].debts.load(debtKey{d.Kind, d.ID}, d) }

// TakeOldest takes over the next of a book's oldest debts, in the order in which
// income goes to them. What is in memory of the debt is newer.
func (bs Books) TakeOldest(d debt.Debt) {
	b, k := bs[d.MerchantID], debtKey{d.Kind, d.ID}
	b.debts.load(k, d)
	if _, ok := b.oldest[k]; !ok { // Two sweeps of one batch have asked twice.
		b.oldest[k] = len(b.oldest)
	}
}

// TakeApproval takes an approval over.
func (bs Books) TakeApproval(a Approval) {
	b := bs[a.MerchantID]
	b.approvals.load(approvalKey{a.ClaimID, a.Revision, a.Person}, a)
}

// TakeNote takes the newest note of a claim over.
func (bs Books) TakeNote(n Note) { bs[n.MerchantID].notes.load(noteKey{n.ClaimID, n.Number}, n) }

// TakeDisclosure takes a disclosure over.
func (bs Books) TakeDisclosure(d Disclosure) {
	bs[d.MerchantID].disclosures.load(disclosureKey{d.ClaimID, d.Evidence, d.Party}, d)
}

// TakeEvidenceRequest takes a request for evidence over.
func (bs Books) TakeEvidenceRequest(r claim.EvidenceRequest) {
	bs[r.MerchantID].evidenceRequests.load(evidenceRequestKey{r.ClaimID, r.Number}, r)
}

// TakeCommission takes a commission over.
func (bs Books) TakeCommission(x commission.Commission) {
	bs[x.MerchantID].commissions.load(commissionKey{x.ClaimID, x.Number}, x)
}

// TakeCustodyStep takes a step of custody over.
func (bs Books) TakeCustodyStep(x custody.Step) {
	bs[x.MerchantID].custody.load(custodyKey{x.ClaimID, x.Number}, x)
}

// TakeProposal takes a proposal over, with what people said to it.
func (bs Books) TakeProposal(p proposal.Proposal) { bs[p.MerchantID].proposals.load(p.Number, p) }

// TakeTransfer takes a transfer over that was asked for by its reference.
func (bs Books) TakeTransfer(t ledger.Transfer) { bs[t.MerchantID].byReference.add(&t) }

// TakeEvidenceSum takes over how much evidence a claim has.
func (bs Books) TakeEvidenceSum(s EvidenceSum) {
	bs[s.MerchantID].evidenceSums.load(evidenceKey{s.ClaimID, s.Role}, s)
}

// TakePiece takes over when a claim first had a piece of evidence. What is in memory may be
// of a later time, at which the same was added once more.
func (bs Books) TakePiece(p EvidencePiece) {
	b, k := bs[p.MerchantID], pieceKey{p.ClaimID, p.Digest}
	if have := b.pieces.get(k); have != nil {
		if p.AddedAt.Before(have.AddedAt) {
			have.AddedAt = p.AddedAt
		}
		return
	}
	b.pieces.load(k, p)
}

// TakeUsual takes over what claims are usually awarded.
func (bs Books) TakeUsual(u Usual) { bs[u.MerchantID].usual[u.ProductID] = u }
