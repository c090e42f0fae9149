package booktest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// first gives the first row of a table that fits, with its key.
func first[K comparable, V any](t *testing.T, rows map[K]V, fits func(*V) bool) (K, V) {
	t.Helper()
	for k, v := range rows {
		if fits(&v) {
			return k, v
		}
	}
	t.Fatal("no row fits")
	panic("unreachable")
}

func in(state claim.State) func(*claim.Claim) bool {
	return func(c *claim.Claim) bool { return c.State == state }
}

// Would catch a fault of the books that the proof overlooks: each is made by hand, and
// what finds it must be named.
func TestProofFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(t *testing.T, r *Rows)
		told  string
	}{
		"an event is lost":         {func(_ *testing.T, r *Rows) { r.Events = r.Events[:len(r.Events)-1] }, "number of its last event"},
		"an event is changed":      {func(_ *testing.T, r *Rows) { r.Events[2].Content += " " }, "event 3: hash"},
		"an event is left out":     {func(_ *testing.T, r *Rows) { r.Events = append(r.Events[:3:3], r.Events[4:]...) }, "event 5: number"},
		"a row tells another kind": {func(_ *testing.T, r *Rows) { r.Events[1].Kind = event.BookSwept }, "event 2: kind told"},
		"a transfer is lost":       {func(_ *testing.T, r *Rows) { r.Transfers = r.Transfers[:len(r.Transfers)-1] }, "does not exist"},
		"a transfer is changed":    {func(_ *testing.T, r *Rows) { r.Transfers[0].Amount++ }, "transfer 1: row"},
		"nobody tells of a transfer": {func(_ *testing.T, r *Rows) {
			t := r.Transfers[0]
			t.Number = int64(len(r.Transfers) + 1)
			r.Transfers = append(r.Transfers, t)
		}, "number of transfers that events tell of"},
		"a balance is wrong":       {func(_ *testing.T, r *Rows) { r.Head.Balances.At(ledger.Suspense).Credits = 7 }, "account SUSPENSE: running total"},
		"an account is below zero": {func(_ *testing.T, r *Rows) { r.Head.Balances.At(ledger.Suspense).Debits = 7 }, "account SUSPENSE: is below zero"},
		"debits are not credits":   {func(_ *testing.T, r *Rows) { r.Head.Balances.At(ledger.Penalty).Credits = 7 }, "trial balance"},
		"the exposure is wrong":    {func(_ *testing.T, r *Rows) { r.Head.Exposure++ }, "book: exposure"},
		"a hold sets less aside": {func(t *testing.T, r *Rows) {
			k, h := first(t, r.Holds, func(h *ledger.Hold) bool { return h.State == ledger.Held })
			h.Amount--
			r.Holds[k] = h
		}, "_HELD: balance"},
		"a hold is lost": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Holds, func(h *ledger.Hold) bool { return h.State == ledger.Held })
			delete(r.Holds, k)
		}, "amount held"},
		"a payout is lost": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Payouts, func(p *payout.Payout) bool { return p.State == payout.Succeeded })
			delete(r.Payouts, k)
		}, "amount paid and repaid"},
		"a payout is under way twice": {func(t *testing.T, r *Rows) {
			_, p := first(t, r.Payouts, func(p *payout.Payout) bool { return p.State == payout.Instructed })
			p.ID = "again"
			r.Payouts["again"] = p
		}, "in flight"},
		"a claim says that more is paid": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Paid))
			c.Funding.RefundPaid++
			r.Claims[k] = c
		}, "amount paid and repaid"},
		"a claim is paid by nobody": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Paid))
			c.Funding.FromDeposit--
			r.Claims[k] = c
		}, "amount payable"},
		"a coupon is spent unseen": {func(t *testing.T, r *Rows) {
			k, p := first(t, r.Payouts, func(p *payout.Payout) bool { return p.Coupon.State == payout.CouponIssued })
			p.Coupon.Redeemed = 5
			r.Payouts[k] = p
		}, "account COUPON_LIABILITY"},
		"a debt is not listed": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Debts, func(d *debt.Debt) bool { return d.Kind == debt.Shortfall })
			delete(r.Debts, k)
		}, "number of debts"},
		"a debt is listed as less": {func(t *testing.T, r *Rows) {
			k, d := first(t, r.Debts, func(d *debt.Debt) bool { return d.Kind == debt.Advance })
			d.Open--
			r.Debts[k] = d
		}, "debt ADVANCE"},
		"a bounced top-up is made up": {func(_ *testing.T, r *Rows) {
			r.Debts[DebtKey{debt.TopUp, "x"}] = debt.Debt{Kind: debt.TopUp, ID: "x", Open: 5}
		}, "bounced top-ups"},
		"a claim jumps": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Appealed))
			c.State = claim.Notified
			r.Claims[k] = c
		}, "state is NOTIFIED, should be APPEALED"},
		"a wait is not listed": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Claims, in(claim.Appealed))
			delete(r.Waits, k)
		}, "whether it is listed"},
		"a wait is listed after the end": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Claims, in(claim.Paid))
			r.Waits[k] = book.Wait{ClaimID: k}
		}, "whether it is listed"},
		"a wait is listed with another time": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Claims, in(claim.Appealed))
			w := r.Waits[k]
			w.Deadline = w.Deadline.Add(time.Second)
			r.Waits[k] = w
		}, "wait is"},
		"a unit is freed": {func(t *testing.T, r *Rows) {
			_, c := first(t, r.Claims, in(claim.Paid))
			delete(r.Units, UnitKey{c.OrderLineID, 1})
		}, "number of units that are owned"},
		"a unit belongs to a claim that ended": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Withdrawn))
			r.Units[UnitKey{c.OrderLineID, 1}] = book.UnitOwner{ClaimID: k}
		}, "is WITHDRAWN, and unit 1 belongs to"},
		"a revision is lost": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Appealed))
			delete(r.Revisions, RevisionKey{k, c.Revision})
		}, "number of revisions"},
		"an award is not the revision's": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Appealed))
			c.Award.Refund++
			r.Claims[k] = c
		}, "award is"},
		"an appeal is lost": {func(t *testing.T, r *Rows) {
			k, c := first(t, r.Claims, in(claim.Appealed))
			delete(r.Appeals, RevisionKey{k, c.AppealedRevision})
		}, "revision appealed against"},
		"an approval of nothing": {func(_ *testing.T, r *Rows) {
			r.Approvals[ApprovalKey{RevisionKey{"none", 1}, "x"}] = book.Approval{}
		}, "is of no revision"},
		"nobody looks after a payout": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Payouts, func(p *payout.Payout) bool { return p.State == payout.Instructed })
			delete(r.Dues, k)
		}, "nobody looks after it"},
		"a paid payout is looked after": {func(t *testing.T, r *Rows) {
			k, _ := first(t, r.Payouts, func(p *payout.Payout) bool { return p.State == payout.Succeeded })
			r.Dues[k] = book.Due{PayoutID: k}
		}, "still looked after"},
		"a claim is on no line": {func(t *testing.T, r *Rows) { delete(r.Lines, "paid") }, `on order line "paid"`},
		"a claim is of no group": {func(t *testing.T, r *Rows) {
			_, c := first(t, r.Claims, in(claim.Paid))
			delete(r.Groups, c.GroupID)
		}, "is of pricing group"},
		"a hold belongs to nothing": {func(_ *testing.T, r *Rows) { r.Holds[HoldKey{"none", 1}] = ledger.Hold{} }, `belongs to claim "none"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := lived(t)
			test.spoil(t, l.Rows("m1"))
			if wrong := strings.Join(l.Prove(), "\n"); !strings.Contains(wrong, test.told) {
				t.Errorf("the proof does not tell %q; it tells:\n%s", test.told, wrong)
			}
		})
	}
}

// Would catch a move that the state table does not have, also where the events are
// sound.
func TestProofKnowsTheMoves(t *testing.T) {
	t.Parallel()
	p := newProof(newRows("m1"))
	filed := &event.Event{ClaimID: "c", Move: &event.Move{To: "AUTHENTICATING", Trigger: "FILED", Version: 1}}
	p.move("event 1", filed)
	if len(p.wrong) > 0 {
		t.Fatalf("a filing is wrong: %q", p.wrong)
	}
	for _, m := range []event.Move{
		{From: "AUTHENTICATING", To: "PAID", Trigger: "PAID_IN_FULL", Version: 2},
		{From: "AUTHENTICATING", To: "IN_REVIEW", Trigger: "RESULT_COUNTERFEIT", Version: 2},
		{From: "NOTIFIED", To: "PAYING", Trigger: "ACCEPTED", Version: 2},
		{From: "AUTHENTICATING", To: "NOTIFIED", Trigger: "RESULT_COUNTERFEIT", Version: 1},
	} {
		p := newProof(newRows("m1"))
		p.move("event 1", filed)
		if p.move("event 2", &event.Event{ClaimID: "c", Move: &m}); len(p.wrong) == 0 {
			t.Errorf("%+v is legal", m)
		}
	}
}

// Would catch a command whose outcome depends on what is in memory: a book that
// forgets at random, and reads rows that lack the batch before, must end as one that
// remembers everything.
func TestForgetfulShelfEndsAlike(t *testing.T) {
	t.Parallel()
	const seeds = 20
	want := lived(t).Rows("m1").Head
	for seed := range uint64(seeds) {
		l := newLife(t)
		l.Forgetful(rand.New(rand.NewPCG(seed, 0)))
		l.live()
		got := l.Rows("m1").Head
		if got.Balances != want.Balances || got.Exposure != want.Exposure || got.EventNumber != want.EventNumber {
			t.Errorf("a shelf that forgets by seed %d ends with %+v, another with %+v", seed, got, want)
		}
	}
}
