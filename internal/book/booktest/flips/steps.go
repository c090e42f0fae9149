package flips

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/book/booktest/orders"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// step is one thing that may happen in a sequence.
type step struct {
	weight int
	// do does it and says what; empty where there was nothing to do it to.
	do func(*sequence) string
	// confirms says that it may debit the merchant, funds that it may on a claim that
	// is confirmed already.
	confirms, funds bool
}

var steps = []step{
	{weight: 4, do: (*sequence).fileOne},
	{weight: 14, do: (*sequence).recordOne},
	{weight: 2, do: (*sequence).retractOne},
	{weight: 3, do: (*sequence).commissionOne},
	{weight: 5, do: (*sequence).drawRetest},
	{weight: 4, do: (*sequence).answerDraw},
	{weight: 5, do: (*sequence).custodyOne},
	{weight: 3, do: (*sequence).askForEvidence},
	{weight: 10, do: (*sequence).decideReview},
	{weight: 12, do: (*sequence).confirmOne},
	{weight: 14, do: (*sequence).acceptOne, confirms: true},
	{weight: 2, do: (*sequence).withdrawOne},
	{weight: 6, do: (*sequence).appealOne},
	{weight: 7, do: (*sequence).decideAppeal, confirms: true},
	{weight: 5, do: (*sequence).reconsiderOne},
	{weight: 16, do: (*sequence).approveOne, confirms: true},
	{weight: 18, do: (*sequence).reviseOne},
	{weight: 4, do: (*sequence).refundOrder},
	{weight: 5, do: (*sequence).moneyIn},
	{weight: 3, do: (*sequence).moneyOut},
	{weight: 2, do: (*sequence).bounce},
	{weight: 8, do: (*sequence).sweepBook, funds: true},
	{weight: 22, do: (*sequence).gatewaySays},
	{weight: 7, do: (*sequence).retryOne},
	{weight: 2, do: (*sequence).stopClock},
	{weight: 2, do: (*sequence).extendHold},
	{weight: 9, do: (*sequence).timePasses, confirms: true},
	{weight: 4, do: (*sequence).redeemOne},
	{weight: 2, do: (*sequence).lapseOne},
	{weight: 4, do: (*sequence).repayOne},
	{weight: 5, do: (*sequence).proposeOne},
	{weight: 8, do: (*sequence).decideProposal},
	{weight: 3, do: (*sequence).adjustOne},
	{weight: 1, do: (*sequence).leave},
	{weight: 1, do: (*sequence).addEvidence},
	{weight: 1, do: (*sequence).addNote},
	{weight: 1, do: (*sequence).takeOrRelease},
	{weight: 2, do: (*sequence).assign},
}

// on gives a header for the sequence's book, made by one of a few persons.
func (w *sequence) on(method string) request.Header {
	w.requests++
	return request.Header{
		MerchantID: w.merchant, Method: method, RequestID: fmt.Sprintf("request-%d", w.requests),
		Principal: principal.Principal{
			Workload: "test", Role: principal.RoleOperator, Person: pick(w, "person-1", "person-2", "person-3", "person-4"),
		},
	}
}

// told gives what happened in a word; a refusal is one of the things that may.
func (w *sequence) told(what string, err error) string {
	if err == nil {
		return what
	}
	refusal, ok := fault.As(err)
	if !ok {
		w.wrongly("%s: %v", what, err)
		return what
	}
	return what + " refused " + string(refusal.Reason)
}

// one gives a claim that state admits, any where none is named.
func (w *sequence) one(states ...claim.State) *claim.Claim {
	var fit []*claim.Claim
	all := w.claims()
	for _, id := range w.ids {
		c := all[id]
		for _, s := range states {
			if c.State == s {
				fit = append(fit, c)
			}
		}
		if len(states) == 0 {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[w.rand.IntN(len(fit))]
}

// mostly gives a claim in one of the states, where there is one and as a rule, else any.
func (w *sequence) mostly(states ...claim.State) *claim.Claim {
	if c := w.one(states...); c != nil && w.rand.IntN(10) > 0 {
		return c
	}
	return w.one()
}

// name tells claims of a sequence apart in what is told.
func (w *sequence) name(id string) string {
	for i, of := range w.ids {
		if of == id {
			return fmt.Sprintf("c%d", i+1)
		}
	}
	return id
}

// verdicts are random ones on the claim's units. Where the best basis is asked for, none of
// them is compensated by one basis alone: what is owed is judged by one basis for all units.
func (w *sequence) verdicts(c *claim.Claim) []claim.Unit {
	units := make([]claim.Unit, len(c.Units))
	for i, u := range c.Units {
		units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: pick(w, claim.Counterfeit, claim.Counterfeit, claim.Genuine, claim.Inconclusive, claim.GrayMarket)}
		if w.basis == policy.Promise && w.rand.IntN(4) == 0 {
			units[i].Verdict = claim.Tampered
		}
	}
	return units
}

func (w *sequence) fileOne() string {
	const claimsMax = 5
	if len(w.ids) >= claimsMax {
		return ""
	}
	w.number++
	now := w.place.Now()
	id := fmt.Sprintf("%s-l%d", w.merchant, w.number)
	quantity := int32(1 + w.rand.IntN(3))
	l := booktest.Line(w.merchant, id, quantity, money.Amount(quantity)*pick[money.Amount](w, 66, 1_000, 9_999, 20_000))
	l.PaidAt = now.AddDate(0, 0, -10-w.rand.IntN(20))
	l.ShippedAt, l.DeliveredAt = l.PaidAt.Add(time.Hour), l.PaidAt.Add(48*time.Hour)
	l.Category, l.PayerID, l.RecipientID = w.category, "consumer-"+w.merchant, "consumer-"+w.merchant
	cmd := booktest.Filing(l)
	cmd.LearnedAt, cmd.Basis = now.Add(-time.Hour), w.basis
	cmd.SamplingCase = pick(w, "", "", "case-"+w.merchant)
	cmd.PayoutForm = pick(w, claim.Cash, claim.Cash, claim.Wallet, claim.Coupon)
	for o := int32(1); o <= quantity; o++ {
		if len(cmd.Ordinals) == 0 || w.rand.IntN(3) > 0 {
			cmd.Ordinals = append(cmd.Ordinals, o)
		}
	}
	h := w.on("FileClaim")
	o, err := w.place.Do(h, &cmd)
	if err == nil {
		w.ids, w.lines = append(w.ids, o.ClaimID), append(w.lines, id)
		w.facts.Claims = append(w.facts.Claims, orders.Claim{
			Line: len(w.facts.Lines), Claimant: cmd.ClaimantID, Ordinals: cmd.Ordinals, Remedies: cmd.Remedies, Learned: cmd.LearnedAt,
		})
		w.facts.Lines = append(w.facts.Lines, orders.Line{
			ID: id, Quantity: quantity, Price: l.GoodsPaid, PaidAt: l.PaidAt, Payer: l.PayerID, Recipient: l.RecipientID,
		})
	}
	return w.told(fmt.Sprintf("file c%d of %d in %s", len(w.ids), len(cmd.Ordinals), w.category), err)
}

func (w *sequence) decideReview() string {
	c := w.one(claim.InReview)
	if c == nil {
		return ""
	}
	h := w.on("DecideReview")
	decision := pick(w, book.Uphold, book.Uphold, book.Uphold, book.Reject, book.OpenRefund, book.Retest, book.Expire)
	var units []claim.Unit
	if decision == book.Uphold {
		units = w.verdicts(c)
	}
	_, err := w.place.Do(h, &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: decision, Units: units, Note: "as examined", Override: w.override()})
	return w.told(fmt.Sprintf("review %s %s %v", w.name(c.ID), decision, units), err)
}

func (w *sequence) confirmOne() string {
	c := w.one(claim.Notified)
	if c == nil {
		return ""
	}
	h := w.on("ConfirmNotice")
	_, err := w.place.Do(h, &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})
	return w.told("notice "+w.name(c.ID), err)
}

func (w *sequence) acceptOne() string {
	c := w.one(claim.Notified)
	if c == nil {
		return ""
	}
	h := w.on("AcceptClaim")
	_, err := w.place.Do(h, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	return w.told("accept "+w.name(c.ID), err)
}

func (w *sequence) withdrawOne() string {
	c := w.one()
	if c == nil || w.rand.IntN(2) == 0 {
		return ""
	}
	h := w.on("WithdrawClaim")
	_, err := w.place.Do(h, &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "settled"})
	return w.told("withdraw "+w.name(c.ID), err)
}

func (w *sequence) appealOne() string {
	c := w.one(claim.Notified)
	if c == nil {
		return ""
	}
	h := w.on("AppealClaim")
	_, err := w.place.Do(h, &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "genuine", Evidence: []string{"invoice-1"}})
	return w.told("appeal "+w.name(c.ID), err)
}

func (w *sequence) reconsiderOne() string {
	c := w.one(claim.Rejected, claim.Expired)
	if c == nil {
		return ""
	}
	h := w.on("RequestReconsideration")
	photo := fmt.Sprintf("photo-%d", w.requests)
	_, err := w.place.Do(h, &book.ReconsiderClaim{
		OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "look again", Kind: "PHOTO", Reference: photo, Digest: photo,
	})
	return w.told("reconsider "+w.name(c.ID), err)
}

func (w *sequence) decideAppeal() string {
	c := w.one(claim.Appealed)
	if c == nil {
		return ""
	}
	decision := pick(w, book.AppealDismissed, book.AppealDismissed, book.AppealUpheld, book.AppealUpheldInPart)
	var units []claim.Unit
	if decision == book.AppealUpheldInPart {
		units = w.verdicts(c)
	}
	h := w.on("DecideAppeal")
	_, err := w.place.Do(h, &book.DecideAppeal{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: decision, Units: units, Note: "as heard", Override: w.override()})
	return w.told(fmt.Sprintf("appeal of %s %s %v", w.name(c.ID), decision, units), err)
}

func (w *sequence) approveOne() string {
	c := w.one(claim.AwaitingApproval)
	if c == nil {
		return ""
	}
	h := w.on("ApproveClaim")
	refuse := w.rand.IntN(6) == 0
	_, err := w.place.Do(h, &book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Refuse: refuse})
	return w.told(fmt.Sprintf("approve %s, refuse %v", w.name(c.ID), refuse), err)
}

func (w *sequence) reviseOne() string {
	c := w.mostly(claim.Notified, claim.Appealed, claim.AwaitingApproval, claim.Paying, claim.PayoutFailed, claim.Paid, claim.Rejected, claim.Expired)
	if c == nil {
		return ""
	}
	ground := book.RevisionGrounds()[w.rand.IntN(len(book.RevisionGrounds()))]
	units := w.verdicts(c)
	if w.rand.IntN(3) == 0 || ground == book.GroundFraud {
		for i := range units {
			units[i].Verdict = claim.Genuine
		}
	}
	h := w.on("ReviseVerdict")
	_, err := w.place.Do(h, &book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: ground, Units: units, Document: "docket-1", Override: w.override()})
	return w.told(fmt.Sprintf("revise %s %s %v", w.name(c.ID), ground, units), err)
}

func (w *sequence) refundOrder() string {
	if len(w.lines) == 0 {
		return ""
	}
	w.number++
	line := w.rand.IntN(len(w.lines))
	cmd := book.ReportOrderRefund{
		LineID: w.lines[line], RefundID: fmt.Sprint("refund-", w.number),
		Amount: pick[money.Amount](w, 10, 500, 9_000, 30_000), Currency: "CNY", RefundedAt: w.place.Now(),
	}
	h := w.on("ReportOrderRefund")
	_, err := w.place.Do(h, &cmd)
	if err == nil {
		w.facts.Lines[line].Refunds = append(w.facts.Lines[line].Refunds, cmd.Amount)
	}
	return w.told(fmt.Sprintf("order refund %d on %s", cmd.Amount, cmd.LineID), err)
}

// income lets money of the merchant come in or go out.
func (w *sequence) income(kind ledger.Kind, amount money.Amount) string {
	w.number++
	reference := fmt.Sprintf("%s-%d", w.merchant, w.number)
	h := w.on(string(kind))
	_, err := w.place.Do(h, &book.MoneyMove{Kind: kind, Amount: amount, Currency: "CNY", Reference: reference})
	if err == nil && kind == ledger.DepositToppedUp {
		w.topUps = append(w.topUps, reference)
	}
	return w.told(fmt.Sprintf("%s %d", kind, amount), err)
}

func (w *sequence) moneyIn() string {
	return w.income(pick(w, ledger.DepositToppedUp, ledger.ShopFundsHandedOver), pick[money.Amount](w, 1, 7_777, 60_000, 250_000))
}

func (w *sequence) moneyOut() string {
	return w.income(pick(w, ledger.DepositWithdrawn, ledger.ShopFundsTakenBack), pick[money.Amount](w, 5_000, 50_000))
}

func (w *sequence) bounce() string {
	if len(w.topUps) == 0 {
		return ""
	}
	h := w.on("ReverseTopUp")
	_, err := w.place.Do(h, &book.ReverseTopUp{Reference: w.topUps[w.rand.IntN(len(w.topUps))]})
	return w.told("bounce", err)
}

func (w *sequence) sweepBook() string {
	head, err := w.place.Head()
	w.must(err)
	if head.Sweep.Since.IsZero() {
		return ""
	}
	_, err = w.place.Do(request.System(w.merchant, "SweepBook"), &book.SweepBook{})
	return w.told("sweep", err)
}

// gatewaySays has the gateway speak of a payout: of one that is open as a rule, of
// any now and then, also against what it said before.
func (w *sequence) gatewaySays() string {
	rows := w.payouts()
	if len(rows) == 0 {
		return ""
	}
	p := rows[w.rand.IntN(len(rows))]
	if w.rand.IntN(5) > 0 {
		for _, r := range rows {
			if r.State == payout.Instructed {
				p = r
			}
		}
	}
	said := pick(w, payout.OutcomeSucceeded, payout.OutcomeSucceeded, payout.OutcomeSucceeded, payout.OutcomeFailed, payout.OutcomeReturned, payout.Processing)
	a := payout.Answer{Outcome: said, OccurredAt: w.place.Now()}
	if w.rand.IntN(4) == 0 {
		// It paid less than was asked, or more; or as much as was asked, and says so.
		a.Amount, a.Currency = pick(w, p.Amount/2+1, p.Amount, p.Amount+1, 2*p.Amount), "CNY"
	}
	if w.rand.IntN(4) == 0 {
		a.Try = 1 + w.rand.Int32N(p.Try)
	}
	return w.answer(p, a)
}

// say has the gateway tell the outcome of a payout.
func (w *sequence) say(p payout.Payout, said payout.Outcome) string {
	return w.answer(p, payout.Answer{Outcome: said, OccurredAt: w.place.Now()})
}

// answer has the gateway speak, in answer to a worker or by a report of its own.
func (w *sequence) answer(p payout.Payout, a payout.Answer) string {
	said := a.Outcome
	if p.Form == claim.Coupon && said == payout.OutcomeSucceeded {
		a.ExpiresAt = w.place.Now().Add(10 * 24 * time.Hour)
	}
	h := w.on("ReportPayoutOutcome")
	var o book.Outcome
	var err error
	if w.rand.IntN(2) == 0 {
		o, err = w.place.Do(request.System(w.merchant, "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: a, NotAfter: p.NotAfter})
	} else {
		w.must(w.place.Send(p))
		o, err = w.place.Do(h, &book.AnswerPayout{OutNumber: p.OutNumber, Answer: a})
	}
	counted := p.Reached()
	if p.State == payout.Instructed {
		counted = p.Amount
	}
	if err == nil {
		w.again[slice{p.ClaimID, p.Part}] += max(0, o.Payout.Reached()-counted)
	}
	return w.told(fmt.Sprintf("gateway of %s %s %s %d: %s %d", w.name(p.ClaimID), p.Part, p.State, p.Amount, said, a.Amount), err)
}

// confirmFailure lets the time pass in which a failed payout could still be paid,
// and has the gateway say after that that it was not.
func (w *sequence) confirmFailure(p payout.Payout) string {
	if p.State != payout.Failed {
		return ""
	}
	w.place.Move(max(0, p.NotAfter.Add(time.Hour).Sub(w.place.Now())))
	_, err := w.place.Do(request.System(w.merchant, "AnswerPayout"), &book.AnswerPayout{
		PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: payout.OutcomeFailed}, NotAfter: p.NotAfter,
	})
	return w.told(fmt.Sprintf("gateway confirms that %s of %s failed", p.Part, w.name(p.ClaimID)), err)
}

func (w *sequence) retryOne() string {
	var fit []payout.Payout
	for _, p := range w.payouts() {
		if waits(&p) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return w.retry(fit[w.rand.IntN(len(fit))], pick(w, "", "", fmt.Sprint("wallet-", w.number)))
}

func (w *sequence) retry(p payout.Payout, destination string) string {
	h := w.on("RetryPayout")
	_, err := w.place.Do(h, &book.RetryPayout{PayoutID: p.ID, Destination: destination})
	return w.told(fmt.Sprintf("retry %s %s %d to %q", w.name(p.ClaimID), p.Part, p.Amount, destination), err)
}

func (w *sequence) stopClock() string {
	c := w.one()
	if c == nil {
		return ""
	}
	h := w.on("StopClock")
	_, err := w.place.Do(h, &book.StopClock{OnClaim: book.OnClaim{ClaimID: c.ID}, Resume: !c.ClockStoppedAt.IsZero(), Note: "a test is under way"})
	return w.told("clock of "+w.name(c.ID), err)
}

func (w *sequence) extendHold() string {
	c := w.one()
	if c == nil || c.HoldExpiresAt.IsZero() {
		return ""
	}
	h := w.on("ExtendHold")
	_, err := w.place.Do(h, &book.ExtendHold{OnClaim: book.OnClaim{ClaimID: c.ID}, Until: c.HoldExpiresAt.Add(10 * 24 * time.Hour), Note: "a test takes longer"})
	return w.told("extend hold of "+w.name(c.ID), err)
}

// timePasses moves the clock and lets pass what is due by then.
func (w *sequence) timePasses() string {
	span := pick[time.Duration](w, 1, 1, 1, 3) * time.Duration(1+w.rand.IntN(96)) * time.Hour
	w.place.Move(span)
	what := fmt.Sprint(span, " pass")
	waits, err := w.place.DueWaits(w.place.Now().Add(-booktest.LapseGrace))
	w.must(err)
	for _, wait := range waits {
		_, err := w.place.Do(request.System(w.merchant, "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: wait.ClaimID}, Fires: wait.Fires, Deadline: wait.Deadline})
		what = w.told(fmt.Sprintf("%s, %s of %s", what, wait.Fires, w.name(wait.ClaimID)), err)
	}
	expired, err := w.place.ExpiredHolds(w.place.Now())
	w.must(err)
	for _, wait := range expired {
		_, err := w.place.Do(request.System(wait.MerchantID, "ExpireHold"), &book.ExpireHold{OnClaim: book.OnClaim{ClaimID: wait.ClaimID}, ExpiresAt: wait.HoldExpires})
		if errors.Is(err, fault.ClaimChanged) {
			err = nil // A deadline took it just before.
		}
		what = w.told(fmt.Sprintf("%s, hold of %s expires", what, w.name(wait.ClaimID)), err)
	}
	return what
}
