package booktest

import (
	"cmp"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// load gives books what they need from their rows, and empties the needs.
func (s *Shelf) load(n *book.Needs, of func(merchantID string) *Rows) {
	bs := n.Books()
	each(&n.Requests, func(k request.Key) {
		if r, ok := of(k.MerchantID).Requests[k]; ok {
			bs.TakeRequest(r)
		}
	})
	each(&n.Persons, func(k book.Key) {
		if p, ok := of(k.MerchantID).Persons[k.ID]; ok {
			p.Salt = nil // Nobody needs it any more.
			bs.TakePerson(p)
		}
	})
	s.loadClaims(n, of)
	s.loadLines(n, of)
	s.loadMoney(n, of)
	each(&n.Results, func(k book.Key) {
		for _, x := range ofClaim(of(k.MerchantID).Results, k.ID, func(x *claim.Result) string { return x.ClaimID },
			func(a, b *claim.Result) int { return cmp.Compare(a.ID, b.ID) }) {
			x.Units = slices.Clone(x.Units)
			bs.TakeResult(x)
		}
	})
	each(&n.Approvals, func(k book.Key) {
		for _, a := range ofClaim(of(k.MerchantID).Approvals, k.ID, func(a *book.Approval) string { return a.ClaimID },
			func(a, b *book.Approval) int { return cmp.Compare(a.EventNumber, b.EventNumber) }) {
			bs.TakeApproval(a)
		}
	})
	each(&n.Notes, func(k book.Key) {
		notes := ofClaim(of(k.MerchantID).Notes, k.ID, func(a *book.Note) string { return a.ClaimID },
			func(a, b *book.Note) int { return cmp.Compare(a.Number, b.Number) })
		if len(notes) > 0 {
			bs.TakeNote(notes[len(notes)-1])
		}
	})
	each(&n.Commissions, func(k book.Key) {
		for _, x := range ofClaim(of(k.MerchantID).Commissions, k.ID, func(x *commission.Commission) string { return x.ClaimID },
			func(a, b *commission.Commission) int { return cmp.Compare(a.Number, b.Number) }) {
			x.Units = slices.Clone(x.Units)
			bs.TakeCommission(x)
		}
	})
	each(&n.Custody, func(k book.Key) {
		for _, x := range ofClaim(of(k.MerchantID).Custody, k.ID, func(x *custody.Step) string { return x.ClaimID },
			func(a, b *custody.Step) int { return cmp.Compare(a.Number, b.Number) }) {
			bs.TakeCustodyStep(x)
		}
	})
	each(&n.Disclosures, func(k book.Key) {
		for _, d := range ofClaim(of(k.MerchantID).Disclosures, k.ID, func(d *book.Disclosure) string { return d.ClaimID },
			func(a, b *book.Disclosure) int { return cmp.Compare(a.EventNumber, b.EventNumber) }) {
			bs.TakeDisclosure(d)
		}
	})
	each(&n.EvidenceRequests, func(k book.Key) {
		for _, x := range ofClaim(of(k.MerchantID).EvidenceRequests, k.ID, func(x *claim.EvidenceRequest) string { return x.ClaimID },
			func(a, b *claim.EvidenceRequest) int { return cmp.Compare(a.Number, b.Number) }) {
			bs.TakeEvidenceRequest(x)
		}
	})
	each(&n.Proposals, func(k proposal.Key) {
		if p, ok := of(k.MerchantID).Proposal(k.Number); ok {
			bs.TakeProposal(p)
		}
	})
	each(&n.EvidenceOf, func(k book.Key) {
		sums := make(map[string]book.EvidenceSum)
		for _, e := range of(k.MerchantID).Evidence {
			if e.ClaimID == k.ID {
				sum := sums[e.AddedAs]
				sums[e.AddedAs] = book.EvidenceSum{
					MerchantID: k.MerchantID, ClaimID: k.ID, Role: e.AddedAs, Pieces: sum.Pieces + 1,
					Bytes:     sum.Bytes + int64(len(e.Kind)+len(e.Reference)+len(e.Digest)+len(e.Note)),
					FileBytes: sum.FileBytes + e.Size,
				}
			}
		}
		for _, sum := range sums {
			bs.TakeEvidenceSum(sum)
		}
	})
	each(&n.Pieces, func(k book.PieceKey) {
		for _, e := range of(k.MerchantID).Evidence {
			if e.ClaimID == k.ClaimID && e.Digest == k.Digest {
				bs.TakePiece(book.EvidencePiece{PieceKey: k, AddedAt: e.AddedAt})
			}
		}
	})
	each(&n.Judges, func(k book.JudgeKey) {
		if b := s.registered[k.ID]; b != nil {
			bs.TakeJudge(book.Judge{MerchantID: k.MerchantID, Body: b})
		}
	})
	each(&n.Usual, func(k book.ProductKey) { bs.TakeUsual(s.usual(k)) })
}

// each hands every key to take and empties the list.
func each[K any](keys *[]K, take func(K)) {
	list := *keys
	*keys = nil
	for _, k := range list {
		take(k)
	}
}

// ofClaim lists the rows of a claim in their order.
func ofClaim[K comparable, V any](rows map[K]V, claimID string, id func(*V) string, order func(a, b *V) int) []V {
	var list []V
	for _, v := range rows {
		if id(&v) == claimID {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b V) int { return order(&a, &b) })
	return list
}

// Proposal gives a proposal with what people said to it.
func (r *Rows) Proposal(number int64) (proposal.Proposal, bool) {
	p, ok := r.Proposals[number]
	for _, v := range r.Votes {
		if v.Number == number {
			p.Votes = append(p.Votes, v)
		}
	}
	return p, ok
}

func (s *Shelf) loadClaims(n *book.Needs, of func(merchantID string) *Rows) {
	take := func(c claim.Claim) {
		c.Units = slices.Clone(c.Units)
		n.Books().TakeClaim(&c)
		n.WithPayouts(&c)
	}
	each(&n.Claims, func(k book.Key) {
		if c, ok := of(k.MerchantID).Claims[k.ID]; ok {
			take(c)
		}
	})
	each(&n.Siblings, func(k book.SiblingKey) {
		var siblings []claim.Claim
		for _, c := range of(k.MerchantID).Claims {
			if c.ClaimantID == k.ClaimantID && c.ProductID == k.ProductID {
				siblings = append(siblings, c)
			}
		}
		slices.SortFunc(siblings, func(a, b claim.Claim) int { return cmp.Compare(a.ID, b.ID) })
		for _, c := range siblings[:min(len(siblings), policy.MembersMax+1)] {
			take(c)
		}
	})
}

func (s *Shelf) loadLines(n *book.Needs, of func(merchantID string) *Rows) {
	bs := n.Books()
	each(&n.Lines, func(k book.Key) {
		if l, seen := of(k.MerchantID).Lines[k.ID]; seen {
			l = cloneLine(&l)
			bs.TakeLine(&l)
		}
		for _, r := range of(k.MerchantID).Refunds {
			if r.OrderLineID == k.ID {
				bs.TakeRefund(r)
			}
		}
	})
	each(&n.UnitsOf, func(k book.Key) {
		if !bs.HasLine(k) {
			return // Nobody owns a unit of a line that has not been seen.
		}
		for u, owner := range of(k.MerchantID).Units {
			if u.Line == k.ID {
				bs.TakeUnit(owner)
			}
		}
	})
}

func (s *Shelf) loadMoney(n *book.Needs, of func(merchantID string) *Rows) {
	bs := n.Books()
	each(&n.Holds, func(k book.Key) {
		for _, h := range ofClaim(of(k.MerchantID).Holds, k.ID, func(h *ledger.Hold) string { return h.ClaimID },
			func(a, b *ledger.Hold) int { return cmp.Compare(a.Number, b.Number) }) {
			bs.TakeHold(&h)
		}
	})
	take := func(rows *Rows, p *payout.Payout) {
		bs.TakePayout(p)
		if d, ok := rows.Dues[p.ID]; ok {
			bs.TakeDue(d)
		}
	}
	each(&n.Payouts, func(k book.Key) {
		if p, ok := of(k.MerchantID).Payouts[k.ID]; ok {
			take(of(k.MerchantID), &p)
		}
	})
	each(&n.PayoutsOf, func(k book.Key) {
		for _, p := range ofClaim(of(k.MerchantID).Payouts, k.ID, func(p *payout.Payout) string { return p.ClaimID },
			func(a, b *payout.Payout) int { return cmp.Compare(a.ID, b.ID) }) {
			take(of(k.MerchantID), &p)
		}
	})
	each(&n.Debts, func(k debt.Key) {
		if d, ok := of(k.MerchantID).Debts[DebtKey{k.Kind, k.ID}]; ok {
			bs.TakeDebt(d)
		}
	})
	each(&n.References, func(k book.Key) {
		for _, t := range of(k.MerchantID).Transfers {
			if t.ExternalReference == k.ID {
				bs.TakeTransfer(t)
			}
		}
	})
	each(&n.DebtSums, func(merchantID string) {
		r := of(merchantID)
		bs.TakeDebtSums(book.DebtSums{MerchantID: merchantID, Version: r.Head.Version, Sums: r.DebtSums()})
	})
	each(&n.Oldest, func(k book.DebtsAfter) {
		for _, d := range of(k.MerchantID).oldest(k.After) {
			bs.TakeOldest(d)
		}
	})
}

// DebtSums sums the debts of the book by kind.
func (r *Rows) DebtSums() debt.Sums {
	var sums debt.Sums
	for _, d := range r.Debts {
		sums = sums.Plus(d.Kind, debt.Sum{Open: d.Open, Count: 1})
	}
	return sums
}

// oldest lists the next debts after a position in the order in which income goes to
// them, at most book.DebtsMax.
func (r *Rows) oldest(after debt.Position) []debt.Debt {
	var list []debt.Debt
	for _, d := range r.Debts {
		if debt.PositionOf(&d).Compare(after) > 0 {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b debt.Debt) int { return debt.PositionOf(&a).Compare(debt.PositionOf(&b)) })
	return list[:min(len(list), book.DebtsMax)]
}

// usual gives what the newest claims of a merchant were awarded, and those of the
// merchant among the newest claims on a product, whoever sold it.
func (s *Shelf) usual(k book.ProductKey) book.Usual {
	var ofMerchant, ofProduct []claim.Claim
	for id, b := range s.books {
		for _, c := range b.rows.Claims {
			if id == k.MerchantID {
				ofMerchant = append(ofMerchant, c)
			}
			if k.ProductID != "" && c.ProductID == k.ProductID {
				ofProduct = append(ofProduct, c)
			}
		}
	}
	awarded := func(list []claim.Claim) (u policy.Usual) {
		slices.SortFunc(list, func(a, b claim.Claim) int { return cmp.Compare(b.ID, a.ID) })
		for _, c := range list[:min(len(list), book.UsualOver)] {
			confirmed := c.State == claim.Paying || c.State == claim.PayoutFailed || c.State == claim.Paid
			if c.MerchantID == k.MerchantID && confirmed && !c.ConfirmedAt.IsZero() {
				u.Awarded += c.Award.Refund + c.Award.Compensation
				u.Claims++
			}
		}
		return u
	}
	return book.Usual{ProductKey: k, OfMerchant: awarded(ofMerchant), OfProduct: awarded(ofProduct)}
}
