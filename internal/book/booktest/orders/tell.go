package orders

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// merchant is whose book the facts are told to.
const merchant = "m1"

// Shelf makes a shelf with the policies and the laboratory that facts are drawn for.
func Shelf() (*booktest.Shelf, error) {
	s := booktest.New(booktest.Start)
	v := policy.WithoutLimits()[0]
	v.Number, v.Cap = 2, limit
	v.PublishedAt, v.EffectiveFrom = booktest.Start.AddDate(-2, 0, -30), booktest.Start.AddDate(-2, 0, 0)
	if err := s.Publish(v); err != nil {
		return nil, err
	}
	return s, s.Register(claim.Authenticator{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"})
}

// Told is what came of facts that were told in one order.
type Told struct {
	Done  []string
	Wrong []string
	// Claims are the claims in the end, in the order of the facts.
	Claims []claim.Claim
}

// Tell tells the facts in a random order, with payments between them, and then lets
// everybody do what is due until nothing is.
func (f *Facts) Tell(s *booktest.Shelf, r *rand.Rand) (told Told) {
	t := &telling{Facts: f, shelf: s, rand: r, ids: make([]string, len(f.Claims)), verdicts: make([]int, len(f.Claims)), refunds: make([]int, len(f.Lines))}
	defer func() {
		if e := recover(); e != nil {
			failed, ok := e.(failure)
			if !ok {
				panic(e)
			}
			t.told.Wrong = append(t.told.Wrong, failed.Error())
		}
		t.told.Wrong = append(t.told.Wrong, s.Prove()...)
		told = t.told
	}()
	t.do("OpenBook", &book.OpenBook{Currency: "CNY"})
	t.topUp(f.Deposit)
	for t.tellOne() {
		for range r.IntN(4) {
			if !f.Knew {
				t.moveOne()
			}
		}
	}
	t.topUp(1_000_000_000)
	t.end()
	for _, id := range t.ids {
		t.told.Claims = append(t.told.Claims, s.Rows(merchant).Claims[id])
	}
	return told
}

type failure struct{ error }

// telling is one order under way.
type telling struct {
	*Facts
	shelf *booktest.Shelf
	rand  *rand.Rand
	told  Told
	count int
	// ids are the claims that are filed; verdicts and refunds are how many are told.
	ids               []string
	verdicts, refunds []int
}

func (t *telling) header(method string) request.Header {
	t.count++
	return request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprint("request-", t.count),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: fmt.Sprint("person-", t.count)},
	}
}

// do runs a command that must not be refused.
func (t *telling) do(what string, cmd book.Command) book.Outcome {
	o, err := t.try(what, cmd)
	if err != nil {
		panic(failure{fmt.Errorf("%s: %w", what, err)})
	}
	return o
}

// try runs a command that may be refused.
func (t *telling) try(what string, cmd book.Command) (book.Outcome, error) {
	o, err := t.shelf.Do(t.header(fmt.Sprintf("%T", cmd)), cmd)
	if err != nil {
		refusal, ok := fault.As(err)
		if !ok {
			panic(failure{fmt.Errorf("%s: %w", what, err)})
		}
		what += " refused " + string(refusal.Reason)
	}
	t.told.Done = append(t.told.Done, what)
	return o, err
}

// system runs a command of the engine's own.
func (t *telling) system(what string, cmd book.Command) {
	if _, err := t.shelf.Do(request.System(merchant, fmt.Sprintf("%T", cmd)), cmd); err != nil {
		panic(failure{fmt.Errorf("%s: %w", what, err)})
	}
	t.told.Done = append(t.told.Done, what)
}

func (t *telling) topUp(amount money.Amount) {
	if amount > 0 {
		t.do("top-up", &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY", Reference: fmt.Sprint("wire-", t.count)})
	}
}

// tellOne tells one more fact; false if all are told.
func (t *telling) tellOne() bool {
	var open []func()
	for i := range t.Claims {
		switch {
		case t.ids[i] == "":
			open = append(open, func() { t.file(i) })
		case t.verdicts[i] < len(t.Claims[i].Found):
			open = append(open, func() { t.find(i) })
		}
	}
	for i := range t.Lines {
		if t.refunds[i] < len(t.Lines[i].Refunds) {
			open = append(open, func() { t.refund(i) })
		}
	}
	if len(open) == 0 {
		return false
	}
	open[t.rand.IntN(len(open))]()
	return true
}

func (t *telling) line(i int) *order.Line {
	l := &t.Lines[i]
	category := "cosmetics"
	if t.Food {
		category = "food/eggs"
	}
	return &order.Line{
		MerchantID: merchant, ID: l.ID, OrderID: "order-" + l.ID, PaymentID: "payment-" + l.ID,
		PaidAt: l.PaidAt, ShippedAt: l.PaidAt.Add(time.Hour), DeliveredAt: l.PaidAt.Add(48 * time.Hour),
		ProductID: "product-1", Category: category, Quantity: l.Quantity, Currency: "CNY",
		UnitPrice: (l.Price + money.Amount(l.Quantity) - 1) / money.Amount(l.Quantity), GoodsPaid: l.Price, ShippingPaid: l.Shipping,
		PayerID: l.Payer, RecipientID: l.Recipient,
	}
}

// file files a claim; refunds of its line may come with it.
func (t *telling) file(i int) {
	c := &t.Claims[i]
	cmd := &book.FileClaim{
		Line: t.line(c.Line), ClaimantID: c.Claimant, Ordinals: c.Ordinals, Basis: t.Basis, Remedies: c.Remedies,
		Grounds: claim.GroundsTrademark, LearnedAt: c.Learned, Destination: "wallet-" + c.Claimant,
	}
	if t.rand.IntN(3) == 0 && t.refunds[c.Line] < len(t.Lines[c.Line].Refunds) {
		cmd.Refunds = []book.OrderRefund{t.nextRefund(c.Line)}
	}
	t.ids[i] = t.do(fmt.Sprintf("c%d filed with %d refunds", i+1, len(cmd.Refunds)), cmd).ClaimID
}

func (t *telling) nextRefund(line int) book.OrderRefund {
	n := t.refunds[line]
	t.refunds[line]++
	return book.OrderRefund{
		RefundID: fmt.Sprint("refund-", n+1), Amount: t.Lines[line].Refunds[n], Currency: "CNY", RefundedAt: booktest.Start.Add(-day),
	}
}

func (t *telling) refund(line int) {
	r := t.nextRefund(line)
	t.do(fmt.Sprintf("%s refunded %d", t.Lines[line].ID, r.Amount), &book.ReportOrderRefund{
		LineID: t.Lines[line].ID, RefundID: r.RefundID, Amount: r.Amount, Currency: r.Currency, RefundedAt: r.RefundedAt,
	})
}

// find gives a claim its next verdict: the first by a result, the others by courts.
func (t *telling) find(i int) {
	c := &t.Claims[i]
	found := c.Found[t.verdicts[i]]
	t.verdicts[i]++
	units := c.units(found)
	what := fmt.Sprintf("c%d found %v", i+1, found)
	if t.verdicts[i] == 1 {
		t.do(what, &book.RecordResult{Result: claim.Result{
			ClaimID: t.ids[i], AuthenticatorID: "lab-1", ReportNumber: fmt.Sprint("report-", i), Sample: claim.SealedPlatformSample,
			CustodyIntact: true, Units: units, IssuedAt: booktest.Start,
		}})
		return
	}
	t.do(what, &book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: t.ids[i]}, Ground: book.GroundCourtDecision, Units: units, Document: "docket"})
}

// claims gives the filed claims that are in a state, in the order of the facts.
func (t *telling) claims(states ...claim.State) (in []claim.Claim) {
	for _, id := range t.ids {
		if c, filed := t.shelf.Rows(merchant).Claims[id]; filed && slices.Contains(states, c.State) {
			in = append(in, c)
		}
	}
	return in
}

// payouts gives the payouts in a state, oldest first.
func (t *telling) payouts(in payout.State) (of []payout.Payout) {
	for _, p := range t.shelf.Rows(merchant).SortedPayouts() {
		if p.State == in {
			of = append(of, p)
		}
	}
	return of
}

// moveOne lets money move, as it may between any two facts.
func (t *telling) moveOne() {
	switch t.rand.IntN(6) {
	case 0, 1:
		if list := t.claims(claim.Notified); len(list) > 0 {
			t.accept(&list[t.rand.IntN(len(list))])
		}
	case 2, 3:
		if list := t.payouts(payout.Instructed); len(list) > 0 {
			said := pick(t.rand, payout.OutcomeSucceeded, payout.OutcomeSucceeded, payout.OutcomeFailed)
			t.say(&list[t.rand.IntN(len(list))], said)
		}
	case 4:
		// The gateway paid after it had said that it had not.
		if list := t.payouts(payout.Failed); len(list) > 0 {
			t.say(&list[t.rand.IntN(len(list))], payout.OutcomeSucceeded)
		}
	case 5:
		t.sweep()
	}
}

func (t *telling) accept(c *claim.Claim) {
	if c.NoticeConfirmedAt.IsZero() {
		t.do("notice of "+t.name(c.ID), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})
	}
	now := t.shelf.Rows(merchant).Claims[c.ID]
	t.do("accept "+t.name(c.ID), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: now.Etag()}})
}

func (t *telling) name(id string) string { return fmt.Sprint("c", slices.Index(t.ids, id)+1) }

func (t *telling) say(p *payout.Payout, said payout.Outcome) {
	t.system(fmt.Sprintf("gateway of %s %s %s %d: %s", t.name(p.ClaimID), p.Part, p.State, p.Amount, said), &book.AnswerPayout{
		PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: said}, NotAfter: p.NotAfter,
	})
}

func (t *telling) sweep() {
	if !t.shelf.Rows(merchant).Head.Sweep.Since.IsZero() {
		t.system("sweep", &book.SweepBook{})
	}
}

// end lets everybody do what is due until nothing is.
func (t *telling) end() {
	const roundsMax = 30
	for range roundsMax {
		before := len(t.told.Done)
		t.sweep()
		for _, c := range t.claims(claim.Notified) {
			// Another may have changed it meanwhile.
			if now := t.shelf.Rows(merchant).Claims[c.ID]; now.State == claim.Notified {
				t.accept(&now)
			}
		}
		for _, p := range t.payouts(payout.Instructed) {
			t.say(&p, payout.OutcomeSucceeded)
		}
		t.retryFailed()
		if len(t.told.Done) == before {
			return
		}
	}
	t.told.Wrong = append(t.told.Wrong, "nothing comes to an end")
}

// retryFailed lets the gateway confirm that what failed is dead, and operators send again
// what is still owed.
func (t *telling) retryFailed() {
	for _, p := range t.payouts(payout.Failed) {
		if _, looked := t.shelf.Rows(merchant).Dues[p.ID]; looked {
			t.shelf.Move(max(0, p.NotAfter.Add(time.Hour).Sub(t.shelf.Now())))
			t.say(&p, payout.OutcomeFailed)
		}
	}
	for _, c := range t.claims(claim.PayoutFailed) {
		for _, p := range t.payouts(payout.Failed) {
			now := t.shelf.Rows(merchant).Payouts[p.ID]
			if p.ClaimID == c.ID && now.State == payout.Failed && !now.Superseded && t.shelf.Rows(merchant).Claims[c.ID].State == claim.PayoutFailed {
				_, _ = t.try("retry "+t.name(c.ID), &book.RetryPayout{PayoutID: p.ID})
			}
		}
	}
}
