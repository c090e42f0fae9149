package rpc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// books of a finance team: what it imports, compares and looks after.
type financeDesk struct {
	*fixture
	files tenfoldv1.ReconciliationServiceClient
	ctx   context.Context
}

// table is the payment service's export.
func (d *financeDesk) table(entries []formatstest.Entry) []byte {
	d.t.Helper()
	var b bytes.Buffer
	if err := formatstest.Table(&b, slices.Values(entries)); err != nil {
		d.t.Fatal(err)
	}
	return b.Bytes()
}

// announce makes the request of a table.
func (d *financeDesk) announce(day string, raw []byte, entries []formatstest.Entry) *tenfoldv1.CreateImportRequest {
	digest := sha256.Sum256(raw)
	told := &tenfoldv1.ToldTotals{Lines: int64(len(entries))}
	for _, e := range entries {
		told.SumMinor += e.Minor
	}
	return &tenfoldv1.CreateImportRequest{
		RequestId: d.id(), Side: tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_GATEWAY, Account: "main", Day: day, Format: "csv",
		SizeBytes: int64(len(raw)), Digest: hex.EncodeToString(digest[:]), Told: told, Exclusive: true,
		Mapping: &tenfoldv1.TableMapping{
			OutNumber: "number", Reference: "reference", Amount: "amount", Currency: "CNY", Time: "when", TimeForm: time.DateTime, Zone: "Asia/Shanghai",
			Status: "status", Statuses: map[string]string{"paid": "done", "under way": "processing", "refused": "failed"},
		},
	}
}

func (d *financeDesk) chunk(name string, offset int, content []byte) (*tenfoldv1.UploadImportChunkResponse, error) {
	return d.files.UploadImportChunk(d.ctx, &tenfoldv1.UploadImportChunkRequest{Name: name, RequestId: d.id(), Offset: int64(offset), Content: content})
}

func (d *financeDesk) complete(name string) (*tenfoldv1.Import, error) {
	got, err := d.files.CompleteImport(d.ctx, &tenfoldv1.CompleteImportRequest{Name: name, RequestId: d.id()})
	return got.GetImport(), err
}

// taken imports a table, in chunks.
func (d *financeDesk) taken(day string, entries []formatstest.Entry) *tenfoldv1.Import {
	d.t.Helper()
	raw := d.table(entries)
	made, err := d.files.CreateImport(d.ctx, d.announce(day, raw, entries))
	if err != nil {
		d.t.Fatal(err)
	}
	half := len(raw) / 2
	_, err1 := d.chunk(made.GetImport().GetName(), 0, raw[:half])
	_, err2 := d.chunk(made.GetImport().GetName(), half, raw[half:])
	i, err3 := d.complete(made.GetImport().GetName())
	if err := errors.Join(err1, err2, err3); err != nil || i.GetState() != tenfoldv1.ImportState_IMPORT_STATE_WHOLE || i.GetLineCount() != int64(len(entries)) {
		d.t.Fatalf("%v %v", err, i)
	}
	return i
}

func (d *financeDesk) compare(day string) *tenfoldv1.ReconcileDayResponse {
	d.t.Helper()
	got, err := d.files.ReconcileDay(d.ctx, &tenfoldv1.ReconcileDayRequest{RequestId: d.id(), Day: day})
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

// breaks are the breaks of a list, as class, number, state and close reason.
func (d *financeDesk) breaks(r *tenfoldv1.ListBreaksRequest) (all []*tenfoldv1.Break, shown []string) {
	d.t.Helper()
	r.PageSize = 1 // Every page holds one.
	for {
		page, err := d.files.ListBreaks(d.ctx, r)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, b := range page.GetBreaks() {
			all = append(all, b)
			text := fmt.Sprintf("%v %s %v", b.GetClass(), b.GetNumber(), b.GetState())
			shown = append(shown, strings.NewReplacer("BREAK_CLASS_", "", "BREAK_STATE_", "").Replace(text))
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return all, shown
		}
	}
}

func (d *financeDesk) refusedFor(err error, code codes.Code, reason fault.Reason) {
	d.t.Helper()
	want := reasonCase{code: code, retry: reason == fault.ReconciliationRunning}
	want.check(d.t, string(reason), err)
}

// Would catch a file that is taken twice or in part, bytes that are not those that were said, a
// difference that is not found, is lost when the day is compared again, or is closed without a
// person's reason or a later file; and a break that two people change unseen by each other.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	d := &financeDesk{f, tenfoldv1.NewReconciliationServiceClient(f.conn), f.asPerson("finance", "fay")}
	c := f.settled("l1")
	payouts, err := f.claims.ListPayouts(f.as("finance"), &tenfoldv1.ListPayoutsRequest{Parent: c.GetName()})
	if err != nil || len(payouts.GetPayouts()) != 2 {
		t.Fatalf("%v, %v", payouts, err)
	}
	day := f.now().In(time.FixedZone("", 8*60*60)).Format(time.DateOnly)
	if _, err := d.files.ReconcileDay(d.ctx, &tenfoldv1.ReconcileDayRequest{RequestId: d.id(), Day: day}); refusal(err).reason != "REQUEST_INVALID" {
		t.Errorf("a day that has not ended is compared: %v", err)
	}
	f.advance(24 * time.Hour)

	first, second := payouts.GetPayouts()[0], payouts.GetPayouts()[1]
	paid := func(p *tenfoldv1.Payout, off int64) formatstest.Entry {
		return formatstest.Entry{Minor: -p.GetAmount().GetMinorUnits() - off, At: start, OutNumber: p.GetOutNumber(), Reference: "g" + p.GetOutNumber()}
	}
	_, id, _ := strings.Cut(c.GetName(), "/claims/")
	stranger := formatstest.Entry{Minor: -5, At: start, OutNumber: claim.Compact(id), Reference: "g-stranger"}
	entries := []formatstest.Entry{paid(first, 7), stranger}
	d.refusedImports(day, entries)
	i := d.taken(day, entries)
	d.takenOnce(day, entries, i)

	// The first payout differs, the second is missing, and the stranger is unknown.
	if trial, err := d.files.ReconcileDay(d.ctx, &tenfoldv1.ReconcileDayRequest{RequestId: d.id(), Day: day, ValidateOnly: true}); err != nil || len(trial.GetBreaks()) != 3 {
		t.Fatalf("%v, %v", trial, err)
	}
	if _, shown := d.breaks(&tenfoldv1.ListBreaksRequest{}); len(shown) != 0 {
		t.Errorf("a trial keeps %v", shown)
	}
	if got := d.compare(day); got.GetOpened() != 3 || got.GetLines() != 2 || got.GetPayouts() != 2 || len(got.GetMatches()) != 1 {
		t.Errorf("compared %v", got)
	}
	want := []string{"AMOUNT_DIFFERS " + first.GetOutNumber() + " OPEN", "MISSING_IN_FILE " + second.GetOutNumber() + " OPEN", "MISSING_IN_LEDGER " + stranger.OutNumber + " OPEN"}
	all, shown := d.breaks(&tenfoldv1.ListBreaksRequest{State: tenfoldv1.BreakState_BREAK_STATE_OPEN})
	slices.Sort(shown)
	if !slices.Equal(shown, want) {
		t.Fatalf("found %v, want %v", shown, want)
	}
	for _, b := range all {
		if b.GetClass() == tenfoldv1.BreakClass_BREAK_CLASS_AMOUNT_DIFFERS &&
			(b.GetClaim() != c.GetName() || b.GetPayout() != first.GetName() || b.GetFound().GetMinorUnits() != first.GetAmount().GetMinorUnits()+7 || b.GetImport() != i.GetName()) {
			t.Errorf("a break without its facts: %v", b)
		}
	}
	lines, err := d.files.ListImportLines(d.ctx, &tenfoldv1.ListImportLinesRequest{Parent: i.GetName()})
	if err != nil || len(lines.GetLines()) != 2 || lines.GetLines()[0].GetPayout() != first.GetName() || lines.GetLines()[0].GetRule() != tenfoldv1.MatchRule_MATCH_RULE_OUT_NUMBER {
		t.Errorf("%v, %v", lines, err)
	}
	if lines, err = d.files.ListImportLines(d.ctx, &tenfoldv1.ListImportLinesRequest{Parent: i.GetName(), Unmatched: true}); err != nil || len(lines.GetLines()) != 1 {
		t.Errorf("%v, %v", lines, err)
	}
	d.looksAfter(day, all)

	// Another download with another difference does not give a break more time.
	differing := func() *tenfoldv1.Break {
		list, _ := d.breaks(&tenfoldv1.ListBreaksRequest{State: tenfoldv1.BreakState_BREAK_STATE_OPEN})
		return list[slices.IndexFunc(list, func(b *tenfoldv1.Break) bool { return b.GetClass() == tenfoldv1.BreakClass_BREAK_CLASS_AMOUNT_DIFFERS })]
	}
	before := differing()
	f.advance(time.Hour)
	d.taken(day, []formatstest.Entry{paid(first, 8), stranger})
	d.compare(day)
	if now := differing(); now.GetFound().GetMinorUnits() != before.GetFound().GetMinorUnits()+1 || !now.GetDueTime().AsTime().Equal(before.GetDueTime().AsTime()) {
		t.Errorf("it was due at %v with %v, and is now at %v with %v", before.GetDueTime(), before.GetFound(), now.GetDueTime(), now.GetFound())
	}

	// A whole file settles what nobody has closed; comparing it again changes nothing.
	d.taken(day, []formatstest.Entry{paid(first, 0), paid(second, 0)})
	if got := d.compare(day); got.GetSettled() != 2 || got.GetOpened() != 0 || len(got.GetBreaks()) != 0 {
		t.Errorf("compared %v", got)
	}
	if got := d.compare(day); got.GetSettled() != 0 || got.GetOpened() != 0 {
		t.Errorf("compared %v", got)
	}
	if _, shown := d.breaks(&tenfoldv1.ListBreaksRequest{State: tenfoldv1.BreakState_BREAK_STATE_OPEN}); len(shown) != 0 {
		t.Errorf("open: %v", shown)
	}
	if list, err := d.files.ListImports(d.ctx, &tenfoldv1.ListImportsRequest{Day: day, State: tenfoldv1.ImportState_IMPORT_STATE_REFUSED}); err != nil || len(list.GetImports()) != 1 {
		t.Errorf("%v, %v", list, err)
	}

	// A file of another day or account is not kept as thousands of breaks.
	ids, many := new(claim.IDs), []formatstest.Entry{}
	for range 1_100 {
		many = append(many, formatstest.Entry{Minor: -1, At: start, OutNumber: claim.Compact(ids.Next(start)), Reference: d.id()})
	}
	d.taken(day, many)
	_, err = d.files.ReconcileDay(d.ctx, &tenfoldv1.ReconcileDayRequest{RequestId: d.id(), Day: day})
	d.refusedFor(err, codes.FailedPrecondition, fault.ReconciliationImplausible)
	f.audited()
}

// refusedImports tries files that are not taken.
func (d *financeDesk) refusedImports(day string, entries []formatstest.Entry) {
	d.t.Helper()
	raw := d.table(entries)
	_, err := d.files.GetImport(d.ctx, &tenfoldv1.GetImportRequest{Name: "imports/none"})
	d.refusedFor(err, codes.NotFound, fault.ImportNotFound)
	for name, change := range map[string]func(*tenfoldv1.CreateImportRequest){
		"a day that is none":    func(r *tenfoldv1.CreateImportRequest) { r.Day = "2026-02-30" },
		"a day to come":         func(r *tenfoldv1.CreateImportRequest) { r.Day = "2027-02-03" },
		"no mapping":            func(r *tenfoldv1.CreateImportRequest) { r.Mapping = nil },
		"a mapping of nothing":  func(r *tenfoldv1.CreateImportRequest) { r.Mapping = &tenfoldv1.TableMapping{} },
		"a mapping for a bill":  func(r *tenfoldv1.CreateImportRequest) { r.Format = "wechat-trade" },
		"a format that is none": func(r *tenfoldv1.CreateImportRequest) { r.Format = "excel" },
		"too many bytes":        func(r *tenfoldv1.CreateImportRequest) { r.SizeBytes = 1 << 40 },
		"the marketplace's": func(r *tenfoldv1.CreateImportRequest) {
			r.Side = tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_MARKETPLACE
		},
		"the books': no file is theirs": func(r *tenfoldv1.CreateImportRequest) {
			r.Side = tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_BOOKS
		},
		"no digest": func(r *tenfoldv1.CreateImportRequest) { r.Digest = "abc" },
	} {
		r := d.announce(day, raw, entries)
		change(r)
		if _, err := d.files.CreateImport(d.ctx, r); refusal(err).reason != "REQUEST_INVALID" {
			d.t.Errorf("%s: %v", name, err)
		}
	}
	// Other totals than were told: the file is refused, and nothing of it is kept.
	r := d.announce(day, raw, entries)
	r.Told.SumMinor++
	made, err := d.files.CreateImport(d.ctx, r)
	if err != nil {
		d.t.Fatal(err)
	}
	name := made.GetImport().GetName()
	_, err = d.chunk(name, 5, raw)
	d.refusedFor(err, codes.FailedPrecondition, fault.ImportChunkMisplaced)
	_, err = d.chunk(name, 0, append(slices.Clone(raw), 'x'))
	d.refusedFor(err, codes.FailedPrecondition, fault.ImportChunkMisplaced)
	if got, err := d.chunk(name, 0, raw[:9]); err != nil || got.GetReplayed() || got.GetImport().GetReceivedBytes() != 9 {
		d.t.Fatalf("%v, %v", got, err)
	}
	if got, err := d.chunk(name, 0, raw[:9]); err != nil || !got.GetReplayed() {
		d.t.Fatalf("%v, %v", got, err)
	}
	_, err = d.chunk(name, 0, []byte("others..."))
	d.refusedFor(err, codes.FailedPrecondition, fault.ImportChunkMisplaced)
	_, err = d.complete(name)
	d.refusedFor(err, codes.FailedPrecondition, fault.ImportChunkMisplaced)
	if _, err := d.chunk(name, 9, raw[9:]); err != nil {
		d.t.Fatal(err)
	}
	got, err := d.complete(name)
	if err != nil || got.GetState() != tenfoldv1.ImportState_IMPORT_STATE_REFUSED || len(got.GetProblems()) != 1 || got.GetProblems()[0].GetCode() != "SUMMARY_DIFFERS" {
		d.t.Fatalf("%v, %v", got, err)
	}
	if lines, err := d.files.ListImportLines(d.ctx, &tenfoldv1.ListImportLinesRequest{Parent: name}); err != nil || len(lines.GetLines()) != 0 {
		d.t.Errorf("a refused file has %v, %v", lines, err)
	}
	_, err = d.chunk(name, 9, raw[10:])
	d.refusedFor(err, codes.FailedPrecondition, fault.ImportStateConflict)
	// Bytes that are not those that were said.
	r = d.announce(day, raw, entries)
	r.Digest = strings.Repeat("0", 64)
	if made, err = d.files.CreateImport(d.ctx, r); err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.chunk(made.GetImport().GetName(), 0, raw); err != nil {
		d.t.Fatal(err)
	}
	_, err = d.complete(made.GetImport().GetName())
	d.refusedFor(err, codes.FailedPrecondition, fault.ImportChunkMisplaced)
}

// Would catch a break inside the books that says another book, claim or amount, that has amounts
// although it is about none, that no filter finds, or that nobody is asked to look after before the
// month is closed.
func TestBreaksInsideTheBooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	d := &financeDesk{f, tenfoldv1.NewReconciliationServiceClient(f.conn), f.asPerson("finance", "fay")}
	id := strings.TrimPrefix(f.file("m1", "l1").GetName(), "merchants/m1/claims/")
	if _, err := audit.Keep(t.Context(), f.db, f.now(), &audit.Report{Books: 1, Discrepancies: []audit.Discrepancy{
		{MerchantID: "m1", Subject: "claim " + id, Detail: "amount held is 7, should be 5", Class: reconcile.HoldsDiffer, Expected: 5, Found: 7, Currency: "CNY"},
		{MerchantID: "m1", Subject: "claim " + id, Detail: "deposit in open holds is 7, should be 5", Class: reconcile.HoldsDiffer, Expected: 5, Found: 7, Currency: "CNY"},
		{MerchantID: "m1", Subject: "event 3", Detail: "its hash does not follow"},
	}}); err != nil {
		t.Fatal(err)
	}
	list, _ := d.breaks(&tenfoldv1.ListBreaksRequest{Side: tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_BOOKS, Merchant: "merchants/m1"})
	if len(list) != 2 {
		t.Fatalf("breaks: %v", list)
	}
	for _, b := range list {
		holds := b.GetClass() == tenfoldv1.BreakClass_BREAK_CLASS_HOLDS_DIFFER
		switch {
		case b.GetBook() != "merchants/m1", b.GetState() != tenfoldv1.BreakState_BREAK_STATE_OPEN, b.GetImport() != "":
			t.Errorf("a break inside the books: %v", b)
		case holds && (b.GetClaim() != "merchants/m1/claims/"+id || b.GetExpected().GetMinorUnits() != 5 || b.GetFound().GetMinorUnits() != 7 ||
			strings.Count(b.GetDetail(), "should be 5") != 2):
			t.Errorf("of holds: %v", b)
		case !holds && (b.GetClass() != tenfoldv1.BreakClass_BREAK_CLASS_BOOKS_DIFFER || b.GetExpected() != nil || b.GetFound() != nil || b.GetClaim() != ""):
			t.Errorf("of an event: %v", b)
		}
	}
	month, err := tenfoldv1.NewPeriodServiceClient(f.conn).GetPeriod(f.as("finance"), &tenfoldv1.GetPeriodRequest{Name: march})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range month.GetPeriod().GetChecks() {
		if c.GetItem() == tenfoldv1.PeriodCheckItem_PERIOD_CHECK_ITEM_BREAKS_ASSIGNED && c.GetMissing() != 2 {
			t.Errorf("%d breaks are not assigned", c.GetMissing())
		}
	}
}

// takenOnce imports a file that was taken already.
func (d *financeDesk) takenOnce(day string, entries []formatstest.Entry, i *tenfoldv1.Import) {
	d.t.Helper()
	again, err := d.files.CreateImport(d.ctx, d.announce(day, d.table(entries), entries))
	if err != nil || !again.GetReplayed() || again.GetImport().GetName() != i.GetName() {
		d.t.Errorf("%v, %v", again, err)
	}
	if got, err := d.files.CompleteImport(d.ctx, &tenfoldv1.CompleteImportRequest{Name: i.GetName(), RequestId: d.id()}); err != nil || !got.GetReplayed() {
		d.t.Errorf("%v, %v", got, err)
	}
}

// looksAfter assigns, comments and closes a break of a stranger's number.
func (d *financeDesk) looksAfter(day string, all []*tenfoldv1.Break) {
	d.t.Helper()
	at := slices.IndexFunc(all, func(b *tenfoldv1.Break) bool {
		return b.GetClass() == tenfoldv1.BreakClass_BREAK_CLASS_MISSING_IN_LEDGER
	})
	b := all[at]
	_, err := d.files.GetBreak(d.ctx, &tenfoldv1.GetBreakRequest{Name: "breaks/none"})
	d.refusedFor(err, codes.NotFound, fault.BreakNotFound)
	assign := &tenfoldv1.AssignBreakRequest{Name: b.GetName(), RequestId: d.id(), Etag: b.GetEtag(), Assignee: "finn"}
	assigned, err := d.files.AssignBreak(d.ctx, assign)
	if err != nil || assigned.GetBreak().GetAssignee() != "finn" {
		d.t.Fatalf("%v, %v", assigned, err)
	}
	if again, err := d.files.AssignBreak(d.ctx, assign); err != nil || !again.GetReplayed() {
		d.t.Errorf("%v, %v", again, err)
	}
	comment := &tenfoldv1.CommentBreakRequest{Name: b.GetName(), RequestId: d.id(), Etag: b.GetEtag(), Note: "asked the bank"}
	_, err = d.files.CommentBreak(d.ctx, comment)
	d.refusedFor(err, codes.Aborted, fault.BreakChanged)
	comment.Etag = assigned.GetBreak().GetEtag()
	commented, err := d.files.CommentBreak(d.ctx, comment)
	if err != nil {
		d.t.Fatal(err)
	}
	if mine, _ := d.breaks(&tenfoldv1.ListBreaksRequest{Assignee: "finn", Day: day}); len(mine) != 1 {
		d.t.Errorf("finn has %v", mine)
	}
	closing := &tenfoldv1.CloseBreakRequest{Name: b.GetName(), RequestId: d.id(), Etag: commented.GetBreak().GetEtag(), Note: "it came back",
		Reason: tenfoldv1.BreakCloseReason_BREAK_CLOSE_REASON_RECOVERED}
	if _, err := d.files.CloseBreak(d.as("finance"), closing); err != nil {
		d.t.Fatal(err)
	}
	got, err := d.files.GetBreak(d.ctx, &tenfoldv1.GetBreakRequest{Name: b.GetName()})
	var actions []string
	for _, n := range got.GetBreak().GetNotes() {
		actions = append(actions, n.GetAction())
	}
	if err != nil || !slices.Equal(actions, []string{"OPENED", "ASSIGNED", "COMMENTED", "CLOSED"}) || got.GetBreak().GetCloseTime() == nil {
		d.t.Errorf("%v, %v", got, err)
	}
	closing.RequestId, closing.Etag = d.id(), got.GetBreak().GetEtag()
	_, err = d.files.CloseBreak(d.ctx, closing)
	d.refusedFor(err, codes.FailedPrecondition, fault.BreakStateConflict)
	// Nobody is overdue on the day; two days later one of a day's term is.
	if late, _ := d.breaks(&tenfoldv1.ListBreaksRequest{Overdue: true}); len(late) != 0 {
		d.t.Errorf("overdue: %v", late)
	}
	if old, _ := d.breaks(&tenfoldv1.ListBreaksRequest{MinAgeDays: 1}); len(old) != 0 {
		d.t.Errorf("old: %v", old)
	}
	if of, _ := d.breaks(&tenfoldv1.ListBreaksRequest{Merchant: "merchants/m1"}); len(of) != 2 {
		d.t.Errorf("about m1: %v", of)
	}
}
