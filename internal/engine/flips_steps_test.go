package engine_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// flipStep is one thing that may happen in a sequence.
type flipStep struct {
	weight int
	// do does it and says what; empty where there was nothing to do it to.
	do func(*flips) string
	// confirms says that it may debit the merchant, funds that it may on a claim that
	// is confirmed already.
	confirms, funds bool
}

var flipSteps = []flipStep{
	{weight: 4, do: (*flips).fileOne},
	{weight: 14, do: (*flips).recordOne},
	{weight: 2, do: (*flips).retractOne},
	{weight: 10, do: (*flips).decideReview},
	{weight: 12, do: (*flips).confirmOne},
	{weight: 14, do: (*flips).acceptOne, confirms: true},
	{weight: 2, do: (*flips).withdrawOne},
	{weight: 6, do: (*flips).appealOne},
	{weight: 7, do: (*flips).decideAppeal, confirms: true},
	{weight: 16, do: (*flips).approveOne, confirms: true},
	{weight: 18, do: (*flips).reviseOne},
	{weight: 4, do: (*flips).refundOrder},
	{weight: 5, do: (*flips).moneyIn},
	{weight: 3, do: (*flips).moneyOut},
	{weight: 2, do: (*flips).bounce},
	{weight: 8, do: (*flips).sweepBook, funds: true},
	{weight: 22, do: (*flips).gatewaySays},
	{weight: 7, do: (*flips).retryOne},
	{weight: 2, do: (*flips).stopClock},
	{weight: 2, do: (*flips).extendHold},
	{weight: 9, do: (*flips).timePasses, confirms: true},
}

// on gives a header for the sequence's book, made by one of a few persons, and one
// of the replicas to send it to.
func (w *flips) on(method string) (request.Header, *engine.Engine) {
	h := w.request(w.merchant, method)
	h.Principal.Person = pick(w, "person-1", "person-2", "person-3", "person-4")
	return h, w.replicas[w.rand.IntN(len(w.replicas))]
}

// told gives what happened in a word; a refusal is one of the things that may.
func (w *flips) told(what string, err error) string {
	w.t.Helper()
	if err == nil {
		return what
	}
	refusal, ok := fault.As(err)
	if !ok {
		w.t.Errorf("%s: %v", what, err)
		return what
	}
	return what + " refused " + string(refusal.Reason)
}

// one gives a claim that state admits, any where none is named.
func (w *flips) one(states ...claim.State) *claim.Claim {
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
func (w *flips) mostly(states ...claim.State) *claim.Claim {
	if c := w.one(states...); c != nil && w.rand.IntN(10) > 0 {
		return c
	}
	return w.one()
}

// name tells claims of a sequence apart in what is told.
func (w *flips) name(id string) string {
	for i, of := range w.ids {
		if of == id {
			return fmt.Sprintf("c%d", i+1)
		}
	}
	return id
}

// verdicts are random ones on the claim's units.
func (w *flips) verdicts(c *claim.Claim) []claim.Unit {
	units := make([]claim.Unit, len(c.Units))
	for i, u := range c.Units {
		units[i] = claim.Unit{Ordinal: u.Ordinal, Verdict: pick(w, claim.Counterfeit, claim.Counterfeit, claim.Genuine, claim.Inconclusive)}
	}
	return units
}

func (w *flips) fileOne() string {
	const claimsMax = 5
	if len(w.ids) >= claimsMax {
		return ""
	}
	w.number++
	now := w.clock.Now()
	id := fmt.Sprintf("%s-l%d", w.merchant, w.number)
	quantity := int32(1 + w.rand.IntN(3))
	l := line(w.merchant, id, quantity, money.Amount(quantity)*pick[money.Amount](w, 66, 1_000, 9_999, 20_000))
	l.PaidAt = now.AddDate(0, 0, -10-w.rand.IntN(20))
	l.ShippedAt, l.DeliveredAt = l.PaidAt.Add(time.Hour), l.PaidAt.Add(48*time.Hour)
	l.Category, l.PayerID, l.RecipientID = w.category, "consumer-"+w.merchant, "consumer-"+w.merchant
	cmd := filing(l)
	cmd.LearnedAt, cmd.Basis = now.Add(-time.Hour), w.basis
	cmd.SamplingCase = pick(w, "", "", "case-"+w.merchant)
	for o := int32(1); o <= quantity; o++ {
		if len(cmd.Ordinals) == 0 || w.rand.IntN(3) > 0 {
			cmd.Ordinals = append(cmd.Ordinals, o)
		}
	}
	h, e := w.on("FileClaim")
	o, err := e.Do(w.t.Context(), h, &cmd)
	if err == nil {
		w.ids, w.lines = append(w.ids, o.ClaimID), append(w.lines, id)
	}
	return w.told(fmt.Sprintf("file c%d of %d in %s", len(w.ids), len(cmd.Ordinals), w.category), err)
}

func (w *flips) recordOne() string {
	c := w.mostly(claim.Authenticating, claim.InReview)
	if c == nil {
		return ""
	}
	w.number++
	r := result(c, claim.Counterfeit, fmt.Sprintf("%s-r%d", w.merchant, w.number))
	r.AuthenticatorID = pick(w, "lab-1", "lab-1", "lab-2", "court-1")
	r.IssuedAt, r.CustodyIntact = w.clock.Now(), w.rand.IntN(4) > 0
	if w.rand.IntN(3) == 0 {
		r.Units = w.verdicts(c)
	}
	h, e := w.on("RecordResult")
	_, err := e.Do(w.t.Context(), h, &book.RecordResult{Result: r})
	return w.told(fmt.Sprintf("result on %s: %v", w.name(c.ID), r.Units), err)
}

func (w *flips) retractOne() string {
	var results []struct {
		ID      string `db:"result_id"`
		ClaimID string `db:"claim_id"`
	}
	w.must(w.rows.SelectContext(w.t.Context(), &results,
		`SELECT result_id, claim_id FROM results WHERE merchant_id = $1 ORDER BY result_id`, w.merchant))
	if len(results) == 0 {
		return ""
	}
	r := results[w.rand.IntN(len(results))]
	h, e := w.on("RetractResult")
	_, err := e.Do(w.t.Context(), h, &book.RetractResult{OnClaim: book.OnClaim{ClaimID: r.ClaimID}, ResultID: r.ID, Note: "another sample"})
	return w.told("retract of "+w.name(r.ClaimID), err)
}

func (w *flips) decideReview() string {
	c := w.one(claim.InReview)
	if c == nil {
		return ""
	}
	h, e := w.on("DecideReview")
	decision := pick(w, book.Uphold, book.Uphold, book.Uphold, book.Reject, book.Retest, book.Expire)
	var units []claim.Unit
	if decision == book.Uphold {
		units = w.verdicts(c)
	}
	_, err := e.Do(w.t.Context(), h, &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: decision, Units: units, Note: "as examined"})
	return w.told(fmt.Sprintf("review %s %s %v", w.name(c.ID), decision, units), err)
}

func (w *flips) confirmOne() string {
	c := w.one(claim.Notified)
	if c == nil {
		return ""
	}
	h, e := w.on("ConfirmNotice")
	_, err := e.Do(w.t.Context(), h, &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})
	return w.told("notice "+w.name(c.ID), err)
}

func (w *flips) acceptOne() string {
	c := w.one(claim.Notified)
	if c == nil {
		return ""
	}
	h, e := w.on("AcceptClaim")
	_, err := e.Do(w.t.Context(), h, &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	return w.told("accept "+w.name(c.ID), err)
}

func (w *flips) withdrawOne() string {
	c := w.one()
	if c == nil || w.rand.IntN(2) == 0 {
		return ""
	}
	h, e := w.on("WithdrawClaim")
	_, err := e.Do(w.t.Context(), h, &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "settled"})
	return w.told("withdraw "+w.name(c.ID), err)
}

func (w *flips) appealOne() string {
	c := w.one(claim.Notified)
	if c == nil {
		return ""
	}
	h, e := w.on("AppealClaim")
	_, err := e.Do(w.t.Context(), h, &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "genuine", Evidence: []string{"invoice-1"}})
	return w.told("appeal "+w.name(c.ID), err)
}

func (w *flips) decideAppeal() string {
	c := w.one(claim.Appealed)
	if c == nil {
		return ""
	}
	decision := pick(w, book.AppealDismissed, book.AppealDismissed, book.AppealUpheld, book.AppealUpheldInPart)
	var units []claim.Unit
	if decision == book.AppealUpheldInPart {
		units = w.verdicts(c)
	}
	h, e := w.on("DecideAppeal")
	_, err := e.Do(w.t.Context(), h, &book.DecideAppeal{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: decision, Units: units, Note: "as heard"})
	return w.told(fmt.Sprintf("appeal of %s %s %v", w.name(c.ID), decision, units), err)
}

func (w *flips) approveOne() string {
	c := w.one(claim.AwaitingApproval)
	if c == nil {
		return ""
	}
	h, e := w.on("ApproveClaim")
	refuse := w.rand.IntN(6) == 0
	_, err := e.Do(w.t.Context(), h, &book.ApproveClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Refuse: refuse})
	return w.told(fmt.Sprintf("approve %s, refuse %v", w.name(c.ID), refuse), err)
}

func (w *flips) reviseOne() string {
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
	h, e := w.on("ReviseVerdict")
	_, err := e.Do(w.t.Context(), h, &book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: ground, Units: units, Document: "docket-1"})
	return w.told(fmt.Sprintf("revise %s %s %v", w.name(c.ID), ground, units), err)
}

func (w *flips) refundOrder() string {
	if len(w.lines) == 0 {
		return ""
	}
	w.number++
	cmd := book.ReportOrderRefund{
		LineID: w.lines[w.rand.IntN(len(w.lines))], RefundID: fmt.Sprint("refund-", w.number),
		Amount: pick[money.Amount](w, 10, 500, 9_000, 30_000), Currency: "CNY", RefundedAt: w.clock.Now(),
	}
	h, e := w.on("ReportOrderRefund")
	_, err := e.Do(w.t.Context(), h, &cmd)
	return w.told(fmt.Sprintf("order refund %d on %s", cmd.Amount, cmd.LineID), err)
}

// income lets money of the merchant come in or go out.
func (w *flips) income(kind ledger.Kind, amount money.Amount) string {
	w.number++
	reference := fmt.Sprintf("%s-%d", w.merchant, w.number)
	h, e := w.on(string(kind))
	_, err := e.Do(w.t.Context(), h, &book.MoneyMove{Kind: kind, Amount: amount, Currency: "CNY", Reference: reference})
	if err == nil && kind == ledger.DepositToppedUp {
		w.topUps = append(w.topUps, reference)
	}
	return w.told(fmt.Sprintf("%s %d", kind, amount), err)
}

func (w *flips) moneyIn() string {
	return w.income(pick(w, ledger.DepositToppedUp, ledger.ShopFundsHandedOver), pick[money.Amount](w, 1, 7_777, 60_000, 250_000))
}

func (w *flips) moneyOut() string {
	return w.income(pick(w, ledger.DepositWithdrawn, ledger.ShopFundsTakenBack), pick[money.Amount](w, 5_000, 50_000))
}

func (w *flips) bounce() string {
	if len(w.topUps) == 0 {
		return ""
	}
	h, e := w.on("ReverseTopUp")
	_, err := e.Do(w.t.Context(), h, &book.ReverseTopUp{Reference: w.topUps[w.rand.IntN(len(w.topUps))]})
	return w.told("bounce", err)
}

func (w *flips) sweepBook() string {
	due, err := w.pg.BooksToSweep(w.t.Context(), postgres.BookDue{}, 1)
	w.must(err)
	if len(due) == 0 {
		return ""
	}
	_, e := w.on("SweepBook")
	_, err = e.Do(w.t.Context(), request.System(w.merchant, "SweepBook"), &book.SweepBook{})
	return w.told("sweep", err)
}

// gatewaySays has the gateway speak of a payout: of one that is open as a rule, of
// any now and then, also against what it said before.
func (w *flips) gatewaySays() string {
	rows := w.payoutRows()
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
	return w.say(p, said)
}

// say has the gateway speak, in answer to a worker or by a report of its own.
func (w *flips) say(p payoutRow, said payout.Outcome) string {
	a := payout.Answer{Outcome: said, OccurredAt: w.clock.Now()}
	h, e := w.on("ReportPayoutOutcome")
	var o book.Outcome
	var err error
	if w.rand.IntN(2) == 0 {
		o, err = e.Do(w.t.Context(), request.System(w.merchant, "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: a, NotAfter: p.NotAfter})
	} else {
		_, _, err = e.Reserve(w.t.Context(), postgres.Reservation{
			Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: w.merchant, Holder: p.ID,
		})
		w.must(err)
		o, err = e.Do(w.t.Context(), h, &book.AnswerPayout{OutNumber: p.OutNumber, Answer: a})
	}
	if err == nil && p.State == payout.Failed && o.Payout.State == payout.Succeeded {
		w.late[slice{p.ClaimID, p.Part}] += p.Amount
	}
	return w.told(fmt.Sprintf("gateway of %s %s %s %d: %s", w.name(p.ClaimID), p.Part, p.State, p.Amount, said), err)
}

// confirmFailure lets the time pass in which a failed payout could still be paid,
// and has the gateway say after that that it was not.
func (w *flips) confirmFailure(p payoutRow) string {
	if p.State != payout.Failed {
		return ""
	}
	w.clock.Move(max(0, p.NotAfter.Add(time.Hour).Sub(w.clock.Now())))
	_, e := w.on("AnswerPayout")
	_, err := e.Do(w.t.Context(), request.System(w.merchant, "AnswerPayout"), &book.AnswerPayout{
		PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: payout.OutcomeFailed}, NotAfter: p.NotAfter,
	})
	return w.told(fmt.Sprintf("gateway confirms that %s of %s failed", p.Part, w.name(p.ClaimID)), err)
}

func (w *flips) retryOne() string {
	var fit []payoutRow
	for _, p := range w.payoutRows() {
		if p.State == payout.Failed || p.State == payout.Returned {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return w.retry(fit[w.rand.IntN(len(fit))], pick(w, "", "", fmt.Sprint("wallet-", w.number)))
}

func (w *flips) retry(p payoutRow, destination string) string {
	h, e := w.on("RetryPayout")
	_, err := e.Do(w.t.Context(), h, &book.RetryPayout{PayoutID: p.ID, Destination: destination})
	return w.told(fmt.Sprintf("retry %s %s %d to %q", w.name(p.ClaimID), p.Part, p.Amount, destination), err)
}

func (w *flips) stopClock() string {
	c := w.one()
	if c == nil {
		return ""
	}
	h, e := w.on("StopClock")
	_, err := e.Do(w.t.Context(), h, &book.StopClock{OnClaim: book.OnClaim{ClaimID: c.ID}, Resume: !c.ClockStoppedAt.IsZero(), Note: "a test is under way"})
	return w.told("clock of "+w.name(c.ID), err)
}

func (w *flips) extendHold() string {
	c := w.one()
	if c == nil || c.HoldExpiresAt.IsZero() {
		return ""
	}
	h, e := w.on("ExtendHold")
	_, err := e.Do(w.t.Context(), h, &book.ExtendHold{OnClaim: book.OnClaim{ClaimID: c.ID}, Until: c.HoldExpiresAt.Add(10 * 24 * time.Hour), Note: "a test takes longer"})
	return w.told("extend hold of "+w.name(c.ID), err)
}

// timePasses moves the clock and lets pass what is due by then.
func (w *flips) timePasses() string {
	span := time.Duration(1+w.rand.IntN(96)) * time.Hour
	w.clock.Move(span)
	what := fmt.Sprint(span, " pass")
	waits, err := w.pg.DueWaits(w.t.Context(), w.clock.Now().Add(-w.engine.LapseGrace()), postgres.WaitCursor{}, 1_000)
	w.must(err)
	for _, wait := range waits {
		if wait.MerchantID != w.merchant {
			continue
		}
		_, e := w.on("PassDeadline")
		_, err := e.Do(w.t.Context(), request.System(w.merchant, "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: wait.ClaimID}, Fires: wait.Fires, Deadline: wait.Deadline})
		what = w.told(fmt.Sprintf("%s, %s of %s", what, wait.Fires, w.name(wait.ClaimID)), err)
	}
	expired, err := w.pg.ExpiredHolds(w.t.Context(), w.clock.Now(), postgres.WaitCursor{}, 1_000)
	w.must(err)
	for _, wait := range expired {
		if wait.MerchantID != w.merchant {
			continue
		}
		_, e := w.on("ExpireHold")
		_, err := e.Do(w.t.Context(), request.System(wait.MerchantID, "ExpireHold"), &book.ExpireHold{OnClaim: book.OnClaim{ClaimID: wait.ClaimID}, ExpiresAt: wait.HoldExpires})
		if errors.Is(err, fault.ClaimChanged) {
			err = nil // A deadline took it just before.
		}
		what = w.told(fmt.Sprintf("%s, hold of %s expires", what, w.name(wait.ClaimID)), err)
	}
	return what
}
