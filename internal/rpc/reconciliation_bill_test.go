package rpc_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// billed imports the marketplace's bill of a day: rows of order, what it gave back and what it took.
func (d *financeDesk) billed(day string, rows ...string) {
	d.t.Helper()
	raw := []byte("orderNo,itemId,billTime,inAmount,outAmount\n")
	lines, sum := int64(0), int64(0)
	for _, row := range rows {
		var order string
		var in, out int64
		if _, err := fmt.Sscan(row, &order, &in, &out); err != nil {
			d.t.Fatal(err)
		}
		raw = fmt.Appendf(raw, "%s,1,%s 12:00:0%d,%d.%02d,%d.%02d\n", order, day, lines, in/100, in%100, out/100, out%100)
		lines, sum = lines+1, sum+in-out
	}
	digest := sha256.Sum256(raw)
	made, err := d.files.CreateImport(d.ctx, &tenfoldv1.CreateImportRequest{
		RequestId: d.id(), Side: tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_MARKETPLACE, Account: "shops", Day: day, Format: "marketplace-compensation",
		SizeBytes: int64(len(raw)), Digest: hex.EncodeToString(digest[:]), Told: &tenfoldv1.ToldTotals{Lines: lines, SumMinor: sum},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.chunk(made.GetImport().GetName(), 0, raw); err != nil {
		d.t.Fatal(err)
	}
	if i, err := d.complete(made.GetImport().GetName()); err != nil || i.GetState() != tenfoldv1.ImportState_IMPORT_STATE_WHOLE {
		d.t.Fatalf("%v, %v", i, err)
	}
}

// Would catch a bill of the marketplace that is not compared, a deduction for an order without a
// claim or of another amount that nobody finds, one that the marketplace forgot, and money that the
// shop got back and that counts as taken.
func TestMarketplaceBill(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.open("m2", 100_000)
	d := &financeDesk{f, tenfoldv1.NewReconciliationServiceClient(f.conn), f.asPerson("finance", "fay")}
	first := f.settled("l1")
	f.settled("l2")
	f.file("m1", "l3") // There is a claim, and nothing was taken for it.
	if _, err := f.claims.ReviseVerdict(f.asPerson("adjudicator", "court-desk"), f.revising(f.claim(first.GetName()), tenfoldv1.RevisionGround_REVISION_GROUND_COURT_DECISION,
		tenfoldv1.Verdict_VERDICT_GENUINE)); err != nil {
		t.Fatal(err)
	}
	// The merchant has 1,000.00 of 2,200.00; the rest is advanced, and paid back from a top-up.
	f.paid(f.accept(f.confirm(f.notified("m2", "l4"))))
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 150_000, "late")); err != nil {
		t.Fatal(err)
	}
	f.runDueWork()
	day := f.now().In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
	f.advance(24 * time.Hour)

	bill := []string{"order-l1 0 220000", "order-l1 220000 0", "order-l2 0 220000", "order-l4 0 100000", "order-l4 0 120000"}
	var opened []string
	shown := func() []string {
		all, _ := d.breaks(&tenfoldv1.ListBreaksRequest{State: tenfoldv1.BreakState_BREAK_STATE_OPEN})
		var found []string
		for _, b := range all {
			found = append(found, fmt.Sprintf("%s %s %d %d %s", strings.TrimPrefix(b.GetClass().String(), "BREAK_CLASS_"), b.GetNumber(),
				b.GetExpected().GetMinorUnits(), b.GetFound().GetMinorUnits(), merchantOf(b.GetClaim())))
		}
		slices.Sort(found)
		return found
	}
	d.billed(day, append(slices.Clone(bill[:2]), "order-l3 0 5", "order-l4 0 220100", "order-none 0 700")...)
	if got := d.compare(day); got.GetLines() != 5 || len(got.GetSides()) != 1 || got.GetOpened() != 4 {
		t.Errorf("compared %v", got)
	}
	opened = shown()
	if want := []string{"ORPHAN_DEBIT order-none 0 700 ", "STATEMENT_DIFFERS order-l2 220000 0 m1", "STATEMENT_DIFFERS order-l3 0 5 m1", "STATEMENT_DIFFERS order-l4 220000 220100 m2"}; !slices.Equal(opened, want) {
		t.Errorf("found %q, want %q", opened, want)
	}
	d.billed(day, bill...)
	if got := d.compare(day); got.GetSettled() != 4 || len(got.GetBreaks()) != 0 || len(got.GetMatches()) != 1 || got.GetMatches()[0].GetCount() != 5 {
		t.Errorf("a whole bill: %v", got)
	}
	if left := shown(); len(left) != 0 {
		t.Errorf("left are %q", left)
	}
	f.audited()
}
