package rpc_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/period"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	march    = "periods/2026-03"
	april    = "periods/2026-04"
	february = "periods/2026-02"
)

// closePeriodErr proposes to close a period.
func (f *fixture) closePeriodErr(name string) error {
	_, err := tenfoldv1.NewPeriodServiceClient(f.conn).ClosePeriod(f.asPerson("finance", "finance-1"),
		&tenfoldv1.ClosePeriodRequest{Name: name, RequestId: f.id(), Note: "month end"})
	return err
}

// noteSuspense explains an amount that lies in suspense in the book of m1.
func (f *fixture) noteSuspense(requestID string, minor int64) (*tenfoldv1.NoteSuspenseResponse, error) {
	return tenfoldv1.NewPeriodServiceClient(f.conn).NoteSuspense(f.asPerson("finance", "finance-1"), &tenfoldv1.NoteSuspenseRequest{
		Name: "merchants/m1", RequestId: requestID, Note: "asked the bank", Amount: fen(minor),
	})
}

// Would catch an explanation that is kept of another amount than the person saw, a repeated one
// that answers what somebody said since, and two of one moment of which one is an internal error.
func TestSuspenseIsExplainedAsSeen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.agreed(f.takingIn(500, "bank-1"))
	first := f.id()
	if r, err := f.noteSuspense(first, 500); err != nil || r.GetReplayed() || r.GetExplanation().GetAmount().GetMinorUnits() != 500 {
		t.Fatalf("explained: %v, %v", r, err)
	}
	f.agreed(f.takingIn(20, "bank-2"))
	if _, err := f.noteSuspense(f.id(), 500); refusal(err).reason != "SUSPENSE_CHANGED" || refusal(err).metadata["availableMinor"] != "520" {
		t.Errorf("of what does not lie there any more: %v", err)
	}
	const callers = 8
	errs := make(chan error, callers)
	for range callers {
		go func(id string) {
			_, err := f.noteSuspense(id, 520)
			errs <- err
		}(f.id())
	}
	kept := 0
	for range callers {
		switch err := <-errs; {
		case err == nil:
			kept++
		case refusal(err).reason != "TRANSACTION_CONTENDED":
			t.Errorf("at one time: %v", err)
		}
	}
	if kept == 0 {
		t.Error("of explanations at one time none was kept")
	}
	if r, err := f.noteSuspense(first, 500); err != nil || !r.GetReplayed() || r.GetExplanation().GetAmount().GetMinorUnits() != 500 {
		t.Errorf("repeated: %v, %v", r, err)
	}
}

// closer closes periods, and reads them.
type closer struct {
	*fixture
	periods tenfoldv1.PeriodServiceClient
}

func (f *closer) closing(person, name string) error {
	_, err := f.periods.ClosePeriod(f.asPerson("finance", person), &tenfoldv1.ClosePeriodRequest{Name: name, RequestId: f.id(), Note: "month end"})
	return err
}

func (f *closer) approving(person, name string) (*tenfoldv1.Period, error) {
	r, err := f.periods.ApprovePeriodChange(f.asPerson("approver", person), &tenfoldv1.ApprovePeriodChangeRequest{Name: name, RequestId: f.id()})
	return r.GetPeriod(), err
}

func (f *closer) audited() {
	f.t.Helper()
	if err := f.db.RecordAudit(f.t.Context(), f.now(), 2, 0); err != nil {
		f.t.Fatal(err)
	}
}

func (f *closer) closed(name string) *tenfoldv1.Period {
	f.t.Helper()
	if err := f.closing("finance-1", name); err != nil {
		f.t.Fatal(err)
	}
	p, err := f.approving("approver-1", name)
	if err != nil || !p.GetClosed() {
		f.t.Fatalf("closed: %v, %v", p, err)
	}
	return p
}

func (f *closer) statement(merchant, name string) *tenfoldv1.GetPeriodStatementResponse {
	f.t.Helper()
	r, err := f.periods.GetPeriodStatement(f.as("finance"), &tenfoldv1.GetPeriodStatementRequest{Name: "merchants/" + merchant, Period: name})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// told books a top-up that took effect at a time.
func (f *closer) told(merchant string, minor int64, reference string, at time.Time) {
	f.t.Helper()
	r := f.topUp(merchant, minor, reference)
	r.EffectiveAt = timestamppb.New(at)
	if _, err := f.books.TopUpDeposit(f.as("finance"), r); err != nil {
		f.t.Fatal(err)
	}
}

// depositOf is the opening and the closing balance of the deposit in a statement.
func depositOf(r *tenfoldv1.GetPeriodStatementResponse) (opening, closing int64) {
	for _, a := range r.GetSums()[0].GetAccounts() {
		if a.GetPurpose() == deposit {
			return a.GetOpening().GetMinorUnits(), a.GetClosing().GetMinorUnits()
		}
	}
	return -1, -1
}

// Would catch a period that one person closes or that is closed with something missing or out
// of order, a closed period whose statement changes, a late fact that is lost, counted twice or
// shown in its own month, a chain that does not hold, and a reopening without a trace.
func TestPeriodsAreClosedByTwoPersons(t *testing.T) {
	t.Parallel()
	f := &closer{fixture: newFixture(t)}
	f.periods = tenfoldv1.NewPeriodServiceClient(f.conn)
	f.open("m1", 0)
	f.open("m2", 0)
	inMarch := f.now().Add(time.Hour)
	f.advance(2 * time.Hour)
	f.told("m1", 1_000, "bank-1", inMarch)
	f.told("m2", 70, "bank-2", inMarch)
	f.told("m1", 400, "bank-0", inMarch.AddDate(0, 0, -20))
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 9, "bank-7")); err != nil {
		t.Fatal(err)
	}
	f.agreed(f.takingIn(500, "bank-3"))
	if err := f.closing("finance-1", march); refusal(err).reason != "PERIOD_STATE_CONFLICT" || refusal(err).metadata["possibleFrom"] == "" {
		t.Errorf("before its end: %v", err)
	}
	f.advance(31 * 24 * time.Hour)
	got := refusal(f.closing("finance-1", march))
	if got.reason != "PERIOD_NOT_CLEAN" || got.metadata["suspenseUnexplained"] != "1" || got.metadata["auditMissing"] != "1" || got.metadata["sweepsDue"] != "" {
		t.Errorf("not clean: %+v", got)
	}
	f.audited()
	if _, err := f.noteSuspense(f.id(), 500); err != nil {
		t.Fatal(err)
	}
	if err := f.closing("finance-1", march); err != nil {
		t.Fatal(err)
	}
	if _, err := f.approving("finance-1", march); refusal(err).reason != "SAME_PERSON" {
		t.Errorf("by the same person: %v", err)
	}
	if err := f.closing("finance-2", february); refusal(err).reason != "PERIOD_STATE_CONFLICT" {
		t.Errorf("beside another change: %v", err)
	}
	if r := f.statement("m1", march); !r.GetProvisional() {
		t.Error("an open period is not marked provisional")
	}
	p, err := f.approving("approver-1", march)
	if err != nil || !p.GetClosed() || len(p.GetChanges()) != 1 || p.GetChanges()[0].GetBooks() != 2 || p.GetChanges()[0].GetSumsSha256() == "" {
		t.Fatalf("closed: %v, %v", p, err)
	}
	before := f.statement("m1", march)
	all := f.statement("-", march)
	// A fact of March comes in after the close: it belongs to April, with its own time.
	f.told("m1", 20, "bank-4", inMarch)
	// One of a month before the first that was closed is late, too.
	f.told("m1", 10, "bank-6", inMarch.AddDate(0, 0, -20))
	f.told("m1", 7, "bank-5", f.now())
	for name, pair := range map[string][2]*tenfoldv1.GetPeriodStatementResponse{
		"m1": {before, f.statement("m1", march)}, "all": {all, f.statement("-", march)},
	} {
		if diff := cmp.Diff(pair[0], pair[1], protocmp.Transform()); diff != "" || pair[1].GetProvisional() {
			t.Errorf("the closed period of %s changed: %s", name, diff)
		}
	}
	for _, merchant := range []string{"m1", "-"} {
		r := f.statement(merchant, april)
		opening, closing := depositOf(r)
		late := r.GetSums()[0].GetLateTotals()
		if _, was := depositOf(f.statement(merchant, march)); opening != was || closing != was+37 || len(late) != 1 || late[0].GetAmount().GetMinorUnits() != 30 {
			t.Errorf("April of %s: opening %d, closing %d after %d, late %v", merchant, opening, closing, was, late)
		}
	}
	owner, err := sqlx.ConnectContext(t.Context(), "postgres", f.pg.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = owner.Close() }()
	// A close of an earlier version kept no opening sums; they are what was there before it.
	if _, err := owner.ExecContext(t.Context(), `DELETE FROM period_sums WHERE section = 'OPENING'`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, f.statement("-", march), protocmp.Transform()); diff != "" {
		t.Errorf("without opening sums: %s", diff)
	}
	// The last one of m2 was being written when March was closed: it took effect as it was recorded.
	if _, err := owner.ExecContext(t.Context(), `UPDATE period_heads SET transfer_number = transfer_number - 1 WHERE merchant_id = 'm2'`); err != nil {
		t.Fatal(err)
	}
	if late := f.lateTied("m1", april); len(late) != 2 || !late[1].GetEffectiveAt().AsTime().Equal(inMarch) {
		t.Errorf("late in m1: %v", late)
	}
	if late := f.lateTied("m2", april); len(late) != 1 || !late[0].GetEffectiveAt().AsTime().Equal(late[0].GetRecordedAt().AsTime()) {
		t.Errorf("late in m2: %v", late)
	}
	f.reopened(before)
}

// lateTied lists the late transfers of a book in a period, which must make up the late section
// of its statement.
func (f *closer) lateTied(merchant, name string) (all []*tenfoldv1.Transfer) {
	f.t.Helper()
	sums := map[tenfoldv1.TransferKind]int64{}
	for token, more := "", true; more; more = token != "" {
		r, err := f.periods.ListLateTransfers(f.as("finance"), &tenfoldv1.ListLateTransfersRequest{
			Parent: "merchants/" + merchant, Period: name, PageSize: 1, PageToken: token,
		})
		if err != nil {
			f.t.Fatal(err)
		}
		for _, t := range r.GetTransfers() {
			sums[t.GetKind()] += t.GetAmount().GetMinorUnits()
		}
		all, token = append(all, r.GetTransfers()...), r.GetNextPageToken()
	}
	for _, late := range f.statement(merchant, name).GetSums()[0].GetLateTotals() {
		sums[late.GetKind()] -= late.GetAmount().GetMinorUnits()
	}
	for kind, difference := range sums {
		if difference != 0 {
			f.t.Errorf("late transfers of %s and the late section differ by %d in %s", merchant, difference, kind)
		}
	}
	return all
}

// reopened reopens March, which takes the late fact back into its own month, and closes it again.
func (f *closer) reopened(before *tenfoldv1.GetPeriodStatementResponse) {
	f.t.Helper()
	t := f.t
	if _, err := f.periods.ReopenPeriod(f.asPerson("finance", "finance-1"), &tenfoldv1.ReopenPeriodRequest{Name: april, RequestId: f.id(), Note: "n"}); refusal(err).reason != "PERIOD_STATE_CONFLICT" {
		t.Errorf("an open period is reopened: %v", err)
	}
	r := &tenfoldv1.ReopenPeriodRequest{Name: march, RequestId: f.id(), Note: "the bank sent more"}
	for range 2 {
		if _, err := f.periods.ReopenPeriod(f.asPerson("finance", "finance-1"), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.approving("finance-1", march); refusal(err).reason != "SAME_PERSON" {
		t.Errorf("reopened by one person: %v", err)
	}
	if p, err := f.approving("approver-2", march); err != nil || p.GetClosed() || len(p.GetChanges()) != 2 {
		t.Fatalf("reopened: %v, %v", p, err)
	}
	_, was := depositOf(before)
	if _, now := depositOf(f.statement("m1", march)); now != was+30 {
		t.Errorf("reopened March has %d, not %d", now, was+30)
	}
	f.closed(march)
	links, err := f.periods.ListPeriodChanges(f.as("auditor"), &tenfoldv1.ListPeriodChangesRequest{PageSize: 2})
	if err != nil || len(links.GetChanges()) != 2 || links.GetNextPageToken() == "" || links.GetChanges()[0].GetPreviousHash() != links.GetChanges()[1].GetHash() {
		t.Errorf("changes: %v, %v", links, err)
	}
	changes, err := f.db.Reader().PeriodChanges(t.Context())
	if wrong := period.Check(changes); err != nil || wrong != "" || len(changes) != 3 {
		t.Errorf("%d links: %s, %v", len(changes), wrong, err)
	}
	changes[1].Books++
	if period.Check(changes) == "" {
		t.Error("a changed link is not found")
	}
	if len(f.statement("m1", april).GetSums()[0].GetLateTotals()) != 0 {
		t.Error("the late fact is still late")
	}
}
