package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// must gives what a read found.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// there gives the row that a read must find.
func there[T any](v T, found bool, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil || !found {
			t.Fatalf("found %t, %v", found, err)
		}
		return v
	}
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Would catch a claim that is shown otherwise than the engine has it, or shown
// under a merchant whose it is not.
func TestReadClaim(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c, r := b.paying("l1"), b.pg.Reader()
	same(t, *c, there(r.Claim(t.Context(), "m1", c.ID))(t))
	same(t, *c, there(r.Claim(t.Context(), "", c.ID))(t))
	for _, merchant := range []string{"m2", ""} {
		id := c.ID
		if merchant == "" {
			id = "nobody's"
		}
		if _, found, err := r.Claim(t.Context(), merchant, id); found || err != nil {
			t.Errorf("claim %s of %q: found %t, %v", id, merchant, found, err)
		}
	}
}

// Would catch a history without who made it, in the wrong order, or that still
// names a person who was erased.
func TestReadHistory(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c, r := b.paying("l1"), b.pg.Reader()
	c = b.answer(payout.OutcomeSucceeded, b.payouts(c)...)

	moves := must(r.Moves(t.Context(), "m1", c.ID, 0, 10))(t)
	var path []claim.State
	for _, m := range moves {
		path = append(path, m.To)
		if m.Workload != "test" || m.Role != "operator" || m.Person != "reviewer-1" {
			t.Errorf("the move to %s was made by %+v", m.To, m)
		}
	}
	same(t, []claim.State{claim.Authenticating, claim.Notified, claim.Paying, claim.Paid}, path)
	if m := moves[2]; m.Note != "agreed" || m.From != claim.Notified || m.Trigger != claim.Accepted || !m.RecordedAt.After(start) {
		t.Errorf("the acceptance: %+v", m)
	}
	same(t, moves[1:3], must(r.Moves(t.Context(), "m1", c.ID, moves[0].Version, 2))(t))

	revision := there(r.Revision(t.Context(), "m1", c.ID))(t)
	if revision.Number != c.Revision || revision.Award != c.Award || len(revision.Calculation.Steps) == 0 ||
		revision.Calculation.ConsumerTotal != c.Award.Total() || len(revision.Units) != 1 {
		t.Errorf("revision %+v of claim %+v", revision, c)
	}
	same(t, []claim.Revision{revision}, must(r.Revisions(t.Context(), "m1", c.ID, 0, 10))(t))
	same(t, 0, len(must(r.Revisions(t.Context(), "m1", c.ID, revision.Number, 10))(t)))

	b.run(`DELETE FROM person_commitments WHERE person_id = 'reviewer-1'`)
	for _, m := range must(r.Moves(t.Context(), "m1", c.ID, 0, 10))(t) {
		if m.Person != "" || m.Workload != "test" {
			t.Errorf("after the erasure: %+v", m)
		}
	}
}

// Would catch parts of a claim that are left out or are those of another claim.
func TestReadParts(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.paying("other")
	c, r := b.file("l1"), b.pg.Reader()
	recorded := b.record(c, claim.Counterfeit).Result
	same(t, *recorded, there(r.Result(t.Context(), "m1", recorded.ID))(t))
	same(t, []claim.Result{*recorded}, must(r.Results(t.Context(), "m1", c.ID, "", 10))(t))
	same(t, 0, len(must(r.Results(t.Context(), "m1", c.ID, recorded.ID, 10))(t)))

	stored := there(r.Claim(t.Context(), "m1", c.ID))(t)
	holds := must(r.Holds(t.Context(), postgres.HoldQuery{MerchantID: "m1", ClaimID: c.ID, State: ledger.Held}, postgres.HoldKey{}, 10))(t)
	if len(holds.Rows) != 1 || holds.More || holds.Rows[0].Open() != stored.Award.Total() {
		t.Errorf("holds: %+v of %+v", holds, stored.Award)
	}
	none := must(r.Holds(t.Context(), postgres.HoldQuery{MerchantID: "m1", ClaimID: c.ID, State: ledger.Captured}, postgres.HoldKey{}, 10))(t)
	same(t, 0, len(none.Rows))
	same(t, 2, len(must(r.Holds(t.Context(), postgres.HoldQuery{MerchantID: "m1"}, postgres.HoldKey{}, 10))(t).Rows))

	l, refunds, _, err := r.OrderLine(t.Context(), "m1", "l1")
	if err != nil || len(refunds) != 1 || refunds[0].RefundID != "refund-l1" || refunds[0].Amount != 100 {
		t.Fatalf("refunds %+v, %v", refunds, err)
	}
	same(t, line("l1"), &l.Line)
	if l, _, found, err := r.OrderLine(t.Context(), "m1", "l2"); l != nil || found || err != nil {
		t.Errorf("a line that is not stored: %v, %t, %v", l, found, err)
	}
}

// Would catch payouts of another claim or state, or one that is not found.
func TestReadPayouts(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.paying("other")
	c, r := b.paying("l1"), b.pg.Reader()
	made := b.payouts(c)
	if len(made) != 2 || made[0].Part != payout.Refund || made[0].Amount+made[1].Amount != c.Award.Total() {
		t.Fatalf("payouts: %+v of %+v", made, c.Award)
	}
	b.answer(payout.OutcomeSucceeded, made[0])
	first := there(r.Payout(t.Context(), "m1", made[0].ID))(t)
	if first.State != payout.Succeeded || first.OutNumber != made[0].OutNumber || first.AnsweredAt.IsZero() {
		t.Errorf("payout: %+v", first)
	}
	open := must(r.Payouts(t.Context(), postgres.PayoutQuery{MerchantID: "m1", State: payout.Instructed}, made[1].ID, 10))(t)
	same(t, []payout.Payout{made[1]}, open.Rows)
	same(t, 4, len(must(r.Payouts(t.Context(), postgres.PayoutQuery{MerchantID: "m1"}, "", 10))(t).Rows))
	if _, found, err := r.Payout(t.Context(), "m2", made[0].ID); found || err != nil {
		t.Errorf("another merchant's payout: found %t, %v", found, err)
	}
}

// Would catch a book that is shown without an account, with another's transfers
// or with a wrong sum of what is not funded.
func TestReadLedger(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c, r := b.paying("l1"), b.pg.Reader()
	head := there(r.Head(t.Context(), "m1"))(t)
	if head.Currency != "CNY" || head.EventNumber == 0 || head.TransferNumber == 0 || !head.OpenedAt.Equal(start) {
		t.Errorf("head: %+v", head)
	}
	var purposes []ledger.Purpose
	var sum ledger.Balance
	for _, a := range must(r.Accounts(t.Context(), "m1"))(t) {
		purposes = append(purposes, a.Purpose)
		sum.Debits, sum.Credits = sum.Debits+a.Balance.Debits, sum.Credits+a.Balance.Credits
		if a.Purpose == ledger.Deposit && a.Balance.Of(a.Purpose) != 1_000_000-c.Award.Total() {
			t.Errorf("deposit: %+v", a)
		}
	}
	same(t, ledger.Purposes(), purposes)
	if sum.Debits != sum.Credits || sum.Debits == 0 {
		t.Errorf("accounts do not balance: %+v", sum)
	}

	all := must(r.Transfers(t.Context(), "m1", "", 0, 100))(t)
	same(t, head.TransferNumber, int64(len(all)))
	same(t, all[1:3], must(r.Transfers(t.Context(), "m1", "", 1, 2))(t))
	same(t, all[1], there(r.Transfer(t.Context(), "m1", 2))(t))
	same(t, all[1:], must(r.Transfers(t.Context(), "m1", c.ID, 0, 100))(t))
	same(t, 0, len(must(r.Transfers(t.Context(), "m2", c.ID, 0, 100))(t)))
	o := b.topUp(500)
	same(t, o.Transfers, must(r.TransfersFrom(t.Context(), "m1", o.TransferNumber))(t))
}

// Would catch a stored request under another key, or one that lost its outcome.
func TestReadRequest(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	c := b.file("l1")
	k := request.Key{MerchantID: "m1", Workload: "test", Method: "FileClaim", RequestID: b.newest()}
	stored := there(b.pg.Reader().Request(t.Context(), k))(t)
	if stored.Key != k || stored.ClaimID != c.ID || stored.EventNumber == 0 || !stored.RecordedAt.After(start) {
		t.Errorf("request: %+v", stored)
	}
	k.Workload = "another"
	if _, found, err := b.pg.Reader().Request(t.Context(), k); found || err != nil {
		t.Errorf("another workload's request: found %t, %v", found, err)
	}
}

// Would catch a queue that misses what waits for people: above all a claim that
// is paid already and whose payout the gateway contradicts.
func TestQueuesHoldWhatWaitsForPeople(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	queue := func(q postgres.Queue) []string {
		t.Helper()
		var ids []string
		for _, c := range must(b.pg.Reader().Claims(t.Context(), postgres.ClaimQuery{Queue: q}, postgres.ClaimCursor{}, 10))(t).Rows {
			ids = append(ids, c.ID)
		}
		return ids
	}
	for _, q := range []postgres.Queue{postgres.QueueReview, postgres.QueueApproval, postgres.QueueOverdue, postgres.QueueStuckPayouts} {
		same(t, 0, len(queue(q)))
	}

	contradicted := b.paying("l1")
	made := b.payouts(contradicted)
	b.answer(payout.OutcomeSucceeded, made...)
	b.answer(payout.OutcomeFailed, made[0])
	reviewed := b.file("l2")
	b.record(reviewed, claim.Inconclusive)
	failed := b.paying("l3")
	b.answer(payout.OutcomeFailed, b.payouts(failed)[0])
	unanswered := b.paying("l4")
	b.run(`UPDATE payout_dues d SET attempts = 9 + (p.claim_id = $1)::integer FROM payouts p WHERE p.payout_id = d.payout_id`, unanswered.ID)

	same(t, []string{contradicted.ID}, queue(postgres.QueueOverdue))
	same(t, []string{reviewed.ID}, queue(postgres.QueueReview))
	same(t, []string{failed.ID, unanswered.ID}, queue(postgres.QueueStuckPayouts))

	stored := there(b.pg.Reader().Claim(t.Context(), "m1", reviewed.ID))(t)
	b.now = stored.Deadline.Add(time.Hour)
	b.do(b.engine.Do(t.Context(), request.System("m1", "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: book.Wait{
		MerchantID: "m1", ClaimID: stored.ID, Fires: stored.Fires, Deadline: stored.Deadline,
	}.ClaimID}, Fires: book.Wait{
		MerchantID: "m1", ClaimID: stored.ID, Fires: stored.Fires, Deadline: stored.Deadline,
	}.Fires, Deadline: book.Wait{
		MerchantID: "m1", ClaimID: stored.ID, Fires: stored.Fires, Deadline: stored.Deadline,
	}.Deadline}))
	same(t, []string{contradicted.ID, reviewed.ID}, queue(postgres.QueueOverdue))
}

// Would catch a full claim put together from two moments, and a reader that
// outlives its snapshot's failure.
func TestSnapshotSeesOneMoment(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	err := b.pg.Snapshot(t.Context(), func(r postgres.Reader) error {
		before := there(r.Head(t.Context(), "m1"))(t)
		c := b.file("l1")
		if _, found, err := r.Claim(t.Context(), "m1", c.ID); found || err != nil {
			t.Errorf("a claim of later: found %t, %v", found, err)
		}
		same(t, before, there(r.Head(t.Context(), "m1"))(t))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	if err := b.pg.Snapshot(t.Context(), func(postgres.Reader) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("Snapshot: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := b.pg.Reader().Claim(ctx, "m1", "c"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone: %v", err)
	}
}

// Would catch an index made for lists that the pipeline takes: filing would walk
// a product's whole history for each claim, in a database that has never been
// analysed or whose products have few claims on average.
func TestPipelineLeavesTheIndexOfProductsAlone(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for _, id := range []string{"l1", "l2", "l3"} {
		b.record(b.file(id), claim.Counterfeit)
	}
	// A server process tells what it used when its connection ends.
	b.engine.Close()
	b.engine = nil
	used := make(map[string]int64)
	for deadline := time.NewTimer(10 * time.Second); used["claims_of_claimant"]+used["claims_of_product"] == 0; {
		select {
		case <-deadline.C:
			t.Fatal("the pipeline looked for no siblings")
		default:
		}
		var rows []struct {
			Name  string `db:"indexrelname"`
			Scans int64  `db:"idx_scan"`
		}
		if err := b.admin.SelectContext(t.Context(), &rows, `SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE relname = 'claims'`); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			used[row.Name] = row.Scans
		}
	}
	if n := used["claims_of_product"]; n > 0 {
		t.Errorf("claims_of_product was scanned %d times", n)
	}
}
