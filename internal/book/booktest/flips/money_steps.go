package flips

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// coupons are the payouts whose coupon can be spent.
func (w *sequence) coupons() []payout.Payout {
	var fit []payout.Payout
	for _, p := range w.payouts() {
		if p.Coupon.State == payout.CouponIssued {
			fit = append(fit, p)
		}
	}
	return fit
}

func (w *sequence) redeemOne() string {
	fit := w.coupons()
	if len(fit) == 0 {
		return ""
	}
	p := fit[w.rand.IntN(len(fit))]
	w.number++
	cmd := book.RedeemCoupon{
		OutNumber: p.OutNumber, Amount: pick(w, p.Amount, p.Amount/3+1, 1), Currency: "CNY", Reference: fmt.Sprintf("%s-buy-%d", w.merchant, w.number),
	}
	w.must(w.place.Send(p))
	_, err := w.place.Do(w.on("ReportCouponRedeemed"), &cmd)
	return w.told(fmt.Sprintf("redeem %d of %s", cmd.Amount, w.name(p.ClaimID)), err)
}

func (w *sequence) lapseOne() string {
	fit := w.coupons()
	if len(fit) == 0 {
		return ""
	}
	p := fit[w.rand.IntN(len(fit))]
	if w.rand.IntN(2) == 0 { // The other half is told too early and refused.
		w.place.Move(max(0, p.Coupon.ExpiresAt.Add(time.Minute).Sub(w.place.Now())))
	}
	w.must(w.place.Send(p))
	_, err := w.place.Do(w.on("ReportCouponLapsed"), &book.LapseCoupon{OutNumber: p.OutNumber})
	return w.told("coupon lapses of "+w.name(p.ClaimID), err)
}

// repayOne lets the consumer give back a part of what has arrived beyond the award.
func (w *sequence) repayOne() string {
	c := w.one()
	if c == nil {
		return ""
	}
	owed := min(c.Funding.ClawedBack, c.Funding.Paid()-c.Award.Total())
	if owed <= 0 {
		return ""
	}
	w.number++
	cmd := book.RepayClawBack{
		ClaimID: c.ID, Amount: pick(w, owed, owed/2+1, 1), Currency: "CNY",
		Reference: fmt.Sprintf("%s-back-%d", w.merchant, w.number),
	}
	_, err := w.place.Do(w.on("RecordConsumerRepayment"), &cmd)
	if err == nil {
		for _, part := range payout.Parts() {
			w.again[slice{c.ID, part}] += cmd.Amount
		}
	}
	return w.told(fmt.Sprintf("repay %d of %s", cmd.Amount, w.name(c.ID)), err)
}

// proposeOne proposes a decision about the merchant's money, or to undo one.
func (w *sequence) proposeOne() string {
	kinds := slices.DeleteFunc(proposal.Kinds(), adjusts)
	cmd := book.ProposeDecision{
		Kind: kinds[w.rand.IntN(len(kinds))], Amount: pick[money.Amount](w, 1, 1_000, 12_345, 40_000), Currency: "CNY",
	}
	switch {
	case cmd.Kind.Undoes():
		if len(w.carriedOut) == 0 {
			return ""
		}
		of := w.carriedOut[w.rand.IntN(len(w.carriedOut))]
		cmd.Undoes, cmd.Amount = of.Number, of.Amount
		if cmd.Kind = proposal.PenaltyReversal; of.Kind == proposal.WriteOff {
			cmd.Kind, cmd.Amount = proposal.WriteOffRecovery, pick(w, of.Amount, of.Amount/2+1)
		}
	case cmd.Kind == proposal.WriteOff:
		kind, id, open := w.debt()
		if id == "" {
			return ""
		}
		cmd.DebtKind, cmd.DebtID, cmd.Amount = kind, id, pick(w, cmd.Amount, open, open/2+1)
	}
	o, err := w.place.Do(w.on("ProposeDecision"), &cmd)
	if err == nil {
		w.proposals = append(w.proposals, o.Proposal.Number)
	}
	return w.told(fmt.Sprintf("propose %s %d of %s", cmd.Kind, cmd.Amount, w.name(cmd.DebtID)), err)
}

// adjusts says whether proposals of a kind adjust an account, correct a top-up, or move the
// merchant's money.
func adjusts(k proposal.Kind) bool {
	switch k {
	case proposal.SuspenseIn, proposal.SuspenseOut, proposal.Reclassify, proposal.CorrectTopUp,
		proposal.TopUp, proposal.TopUpReversal, proposal.Withdrawal, proposal.HandOver, proposal.TakeBack:
		return true
	case proposal.WriteOff, proposal.WriteOffRecovery, proposal.WriteOffWaiver, proposal.DepositForfeiture, proposal.Penalty, proposal.PenaltyReversal:
	}
	return false
}

// adjustOne has people agree to an adjustment at once.
func (w *sequence) adjustOne() string {
	all := slices.DeleteFunc(proposal.Kinds(), func(k proposal.Kind) bool { return !adjusts(k) })
	cmd := w.adjustment(all[w.rand.IntN(len(all))], pick[money.Amount](w, 1, 1_000, 12_345))
	if cmd.Kind == proposal.SuspenseOut {
		w.agree(w.adjustment(proposal.SuspenseIn, cmd.Amount))
	}
	return w.told(fmt.Sprintf("%s of %d from %s to %s under %s", cmd.Kind, cmd.Amount, cmd.From, cmd.To, cmd.Reference), w.agree(cmd))
}

// agree proposes and approves, each by another person.
func (w *sequence) agree(cmd *book.ProposeDecision) error {
	by := func(person, method string) request.Header {
		h := w.on(method)
		h.Principal.Person = person
		return h
	}
	o, err := w.place.Do(by("person-1", "ProposeDecision"), cmd)
	for _, person := range []string{"person-2", "person-3"} {
		if err == nil {
			_, err = w.place.Do(by(person, "ApproveProposal"), &book.ApproveProposal{OnProposal: book.OnProposal{Number: o.Proposal.Number}})
		}
	}
	return err
}

// adjustment is a proposal of a kind that adjusts something. Some name what there is not,
// and are refused.
func (w *sequence) adjustment(kind proposal.Kind, amount money.Amount) *book.ProposeDecision {
	w.number++
	cmd := &book.ProposeDecision{Kind: kind, Amount: amount, Currency: "CNY", Reference: fmt.Sprintf("%s-adjust-%d", w.merchant, w.number)}
	switch kind {
	case proposal.SuspenseIn:
		cmd.From = pick(w, ledger.SettlementClearing, ledger.PlatformCash)
	case proposal.SuspenseOut:
		cmd.To = pick(w, ledger.SettlementClearing, ledger.PlatformCash, ledger.Deposit, ledger.ShopFunds)
		if cmd.To == ledger.Deposit || cmd.To == ledger.ShopFunds {
			cmd.Reference = ""
		}
	case proposal.Reclassify:
		pair := pick(w, [2]ledger.Purpose{ledger.Deposit, ledger.ShopFunds}, [2]ledger.Purpose{ledger.SettlementClearing, ledger.PlatformCash})
		at := w.rand.IntN(len(pair))
		cmd.From, cmd.To, cmd.Reference = pair[at], pair[1-at], ""
	case proposal.CorrectTopUp, proposal.TopUpReversal:
		if len(w.topUps) > 0 {
			cmd.Reference = w.topUps[w.rand.IntN(len(w.topUps))]
		}
	case proposal.TopUp, proposal.Withdrawal, proposal.HandOver, proposal.TakeBack:
	case proposal.WriteOff, proposal.WriteOffRecovery, proposal.WriteOffWaiver, proposal.DepositForfeiture, proposal.Penalty, proposal.PenaltyReversal:
	}
	return cmd
}

// debt names a debt that can be given up, with what may be open of it; none where
// nothing is owed.
func (w *sequence) debt() (debt.Kind, string, money.Amount) {
	if len(w.topUps) > 0 && w.rand.IntN(4) == 0 {
		return debt.TopUp, w.topUps[w.rand.IntN(len(w.topUps))], 1
	}
	all := w.claims()
	for _, i := range w.rand.Perm(len(w.ids)) {
		switch c := all[w.ids[i]]; {
		case c.Fees.Owed > 0:
			return debt.Fee, c.ID, c.Fees.Owed
		case c.Funding.Advanced > 0:
			return debt.Advance, c.ID, c.Funding.Advanced
		}
	}
	return "", "", 0
}

// decideProposal has a few people decide a proposal.
func (w *sequence) decideProposal() string {
	if len(w.proposals) == 0 {
		return ""
	}
	// The newest is open as a rule.
	number := w.proposals[len(w.proposals)-1-w.rand.IntN(min(2, len(w.proposals)))]
	on := book.OnProposal{Number: number}
	if w.rand.IntN(8) == 0 {
		_, err := w.place.Do(w.on("RefuseProposal"), &book.RefuseProposal{OnProposal: on})
		return w.told(fmt.Sprintf("refuse proposal %d", number), err)
	}
	what := fmt.Sprintf("approve proposal %d", number)
	for range 1 + w.rand.IntN(5) {
		o, err := w.place.Do(w.on("ApproveProposal"), &book.ApproveProposal{OnProposal: on})
		if what = w.told(what, err); err == nil && o.Proposal.State == proposal.CarriedOut {
			if !o.Proposal.Kind.Undoes() {
				w.carriedOut = append(w.carriedOut, *o.Proposal)
			}
			break
		}
	}
	return what
}

// leave lets the merchant begin to leave, stay after all, or go.
func (w *sequence) leave() string {
	w.number++
	var cmd book.Command
	switch w.rand.IntN(3) {
	case 0:
		cmd = &book.BeginExit{}
	case 1:
		cmd = &book.CancelExit{}
	default:
		cmd = &book.CompleteExit{
			DepositReference: fmt.Sprintf("%s-out-%d", w.merchant, w.number), ShopFundsReference: fmt.Sprintf("%s-shop-%d", w.merchant, w.number),
		}
	}
	_, err := w.place.Do(w.on("Exit"), cmd)
	return w.told(fmt.Sprintf("%T", cmd), err)
}

func (w *sequence) addEvidence() string {
	c := w.one()
	if c == nil {
		return ""
	}
	_, err := w.place.Do(w.on("AddEvidence"), &book.AddEvidence{ClaimID: c.ID, Kind: "PHOTO", Reference: "files/1", Digest: "d"})
	return w.told("evidence on "+w.name(c.ID), err)
}

func (w *sequence) addNote() string {
	c := w.one()
	if c == nil {
		return ""
	}
	_, err := w.place.Do(w.on("AddNote"), &book.AddNote{
		ClaimID: c.ID, Visibility: pick(w, book.NoteVisibilities()...), Text: "the claimant called",
	})
	return w.told("note on "+w.name(c.ID), err)
}

// override is a reason to decide what another person works on, half of the time.
func (w *sequence) override() book.Override {
	return book.Override{OverrideReason: pick(w, "", "the colleague is away")}
}

func (w *sequence) takeOrRelease() string {
	state := pick(w, claim.InReview, claim.Appealed)
	c := w.mostly(state)
	if c == nil {
		return ""
	}
	on := book.OnClaim{ClaimID: c.ID}
	cmd := pick[book.Command](w, &book.TakeClaim{OnClaim: on, State: state}, &book.ReleaseClaim{OnClaim: on})
	_, err := w.place.Do(w.on("Work"), cmd)
	return w.told(fmt.Sprintf("%T %s", cmd, w.name(c.ID)), err)
}

func (w *sequence) assign() string {
	c := w.mostly(claim.InReview)
	if c == nil {
		return ""
	}
	_, err := w.place.Do(w.on("AssignReview"), &book.AssignReview{OnClaim: book.OnClaim{ClaimID: c.ID}, Assignee: pick(w, "", "person-1", "person-5")})
	return w.told("assign "+w.name(c.ID), err)
}
