package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// StatementReport is the statement of a merchant over the whole demo.
type StatementReport struct {
	Merchant string `json:"merchant"`
	Lines    int64  `json:"lines"`
	Amount   int64  `json:"amount_minor"`
	// Digest is the SHA-256 of the raw CSV.
	Digest string `json:"csv_sha256"`
	// Ties says that the lines lead from nothing to the accounts of the book, and have the digest.
	Ties bool `json:"ties"`
}

// ReckoningReport is the comparison of the payouts with the files of the payment service, and of the
// debits with the marketplace's bill.
type ReckoningReport struct {
	// Days were compared; Lines and Payouts is what was in them.
	Days    int   `json:"days"`
	Lines   int64 `json:"lines"`
	Payouts int64 `json:"payouts"`
	// Planted are the breaks that the first files have, by class and number, and Found those that
	// were found.
	Planted []string `json:"planted"`
	Found   []string `json:"found"`
	// Left are breaks that are still open with the files as they should be.
	Left []string `json:"left"`
}

// Matches says that exactly the planted breaks were found, and that none is left.
func (r *ReckoningReport) Matches() bool {
	return r.Lines > 0 && len(r.Planted) > 0 && slices.Equal(r.Planted, r.Found) && len(r.Left) == 0
}

// atEnd makes a call when all days of the demo are over. A server that was killed shows its first
// time again; then its clock is moved first.
func atEnd[Response any](ctx context.Context, m *market, end time.Time, f func() (Response, error)) (Response, error) {
	const tries = 5
	for try := 1; ; try++ {
		response, err := f()
		if status.Code(err) != codes.InvalidArgument || try == tries {
			return response, err
		}
		if _, err := call(ctx, m, operator, m.sandbox.AdvanceClock, &tenfoldv1.AdvanceClockRequest{
			Target: &tenfoldv1.AdvanceClockRequest_To{To: timestamppb.New(end)},
		}); err != nil {
			return response, err
		}
	}
}

func dayOf(t *timestamppb.Timestamp) string {
	return t.AsTime().In(policy.Beijing).Format(time.DateOnly)
}

// statements reads the statement of every book that the demo opened, and adds its lines up.
func (m *market) statements(ctx context.Context, end time.Time, books []BookReport) ([]StatementReport, error) {
	reports := make([]StatementReport, len(books))
	for i := range books {
		m.config.Progress("adding up statements", i, len(books))
		r, err := m.statementOf(ctx, end, &books[i])
		if err != nil {
			return nil, err
		}
		reports[i] = r
	}
	return reports, nil
}

func (m *market) statementOf(ctx context.Context, end time.Time, b *BookReport) (StatementReport, error) {
	r := StatementReport{Merchant: b.Merchant}
	balances, digest := make(map[string]int64), statement.NewDigest()
	request := &tenfoldv1.ListStatementLinesRequest{
		Parent: "merchants/" + b.Merchant, From: timestamppb.New(Start.AddDate(0, 0, -1)), Until: timestamppb.New(end), PageSize: pageSize,
	}
	for {
		page, err := atEnd(ctx, m, end, func() (*tenfoldv1.ListStatementLinesResponse, error) {
			return call(ctx, m, finance, m.bills.ListStatementLines, request)
		})
		if err != nil {
			return r, err
		}
		for _, l := range page.GetLines() {
			t := l.GetTransfer()
			balances[strings.TrimPrefix(t.GetDebit().String(), "ACCOUNT_PURPOSE_")] += t.GetAmount().GetMinorUnits()
			balances[strings.TrimPrefix(t.GetCredit().String(), "ACCOUNT_PURPOSE_")] -= t.GetAmount().GetMinorUnits()
			r.Lines, r.Amount = r.Lines+1, r.Amount+t.GetAmount().GetMinorUnits()
			line := rpc.LineOf(l)
			digest.Add(statement.CSV(line.Cells()))
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			r.Digest = digest.Sum()
			r.Ties = page.GetEnd().GetLines() == r.Lines && page.GetEnd().GetAmount().GetMinorUnits() == r.Amount && page.GetEnd().GetCsvSha256() == r.Digest
			break
		}
	}
	for _, a := range b.Accounts {
		r.Ties = r.Ties && balances[a.Purpose] == a.Debits-a.Credits
		delete(balances, a.Purpose)
	}
	r.Ties = r.Ties && len(balances) == 0
	return r, nil
}

// pageSize is how many entries of a list are read at once.
const pageSize = 1000

// files are the files of a day.
type files struct {
	payments, bill []formatstest.Entry
}

// reckon compares every day with its files: first with files that have planted breaks, and then
// with files as they should be.
func (m *market) reckon(ctx context.Context, end time.Time) (*ReckoningReport, error) {
	right, err := m.rightFiles(ctx)
	if err != nil {
		return nil, err
	}
	r := &ReckoningReport{Days: len(right)}
	busiest := slices.MaxFunc(slices.Sorted(maps.Keys(right)), func(a, b string) int { return cmp.Compare(len(right[a].payments), len(right[b].payments)) })
	wrong := maps.Clone(right)
	wrong[busiest], r.Planted = planted(right[busiest], busiest)
	r.Planted = append(r.Planted, forgotten(right, wrong)...)
	slices.Sort(r.Planted)
	for n, all := range []map[string]*files{wrong, right} {
		for i, day := range slices.Sorted(maps.Keys(all)) {
			m.config.Progress("comparing days with their files", n*len(all)+i, 2*len(all))
			got, err := m.compareDay(ctx, end, day, all[day], n)
			if err != nil {
				return nil, err
			}
			if n == 0 {
				r.Lines, r.Payouts = r.Lines+got.GetLines(), r.Payouts+got.GetPayouts()
			}
		}
		open, err := m.openBreaks(ctx)
		if err != nil {
			return nil, err
		}
		if r.Left = open; n == 0 {
			r.Found = open
		}
	}
	return r, nil
}

// rightFiles are the files as they should be, by day: the payment service's record of what it paid
// and took back, and the marketplace's bill of what shops lost.
func (m *market) rightFiles(ctx context.Context) (map[string]*files, error) {
	all := make(map[string]*files)
	of := func(day string) *files {
		if all[day] == nil {
			all[day] = &files{}
		}
		return all[day]
	}
	payments := m.config.Payments.Payments()
	payouts := &tenfoldv1.ListPayoutsRequest{Parent: "merchants/-", PageSize: pageSize}
	for more := true; more; more = payouts.PageToken != "" {
		page, err := call(ctx, m, finance, m.claims.ListPayouts, payouts)
		if err != nil {
			return nil, err
		}
		for _, p := range page.GetPayouts() {
			made, there := payments[p.GetOutNumber()]
			if !there {
				continue
			}
			e := formatstest.Entry{Minor: -made.Minor, At: p.GetAnsweredAt().AsTime(), OutNumber: p.GetOutNumber(), Reference: "channel-" + p.GetOutNumber()}
			if made.Returned {
				e.Minor = made.Minor
			}
			f := of(dayOf(p.GetAnsweredAt()))
			f.payments = append(f.payments, e)
		}
		payouts.PageToken = page.GetNextPageToken()
	}
	transfers := &tenfoldv1.ListTransfersRequest{Parent: "merchants/-", PageSize: pageSize}
	for more := true; more; more = transfers.PageToken != "" {
		page, err := call(ctx, m, finance, m.books.ListTransfers, transfers)
		if err != nil {
			return nil, err
		}
		for _, t := range page.GetTransfers() {
			if lost := taken[t.GetKind()]; lost != 0 && t.GetClaim() != "" {
				f := of(dayOf(t.GetRecordedAt()))
				f.bill = append(f.bill, formatstest.Entry{
					Minor: -lost * t.GetAmount().GetMinorUnits(), At: t.GetRecordedAt().AsTime(), OrderID: t.GetOrderId(), Reference: "item-1",
				})
			}
		}
		transfers.PageToken = page.GetNextPageToken()
	}
	return all, nil
}

// taken are the kinds of transfer that stand in the marketplace's bill: 1 for what a shop lost, -1
// for what it got back.
var taken = map[tenfoldv1.TransferKind]int64{
	tenfoldv1.TransferKind_TRANSFER_KIND_DEPOSIT_CAPTURED: 1, tenfoldv1.TransferKind_TRANSFER_KIND_SHOP_FUNDS_CAPTURED: 1,
	tenfoldv1.TransferKind_TRANSFER_KIND_RECOVERED_FROM_DEPOSIT: 1, tenfoldv1.TransferKind_TRANSFER_KIND_RECOVERED_FROM_SHOP_FUNDS: 1,
	tenfoldv1.TransferKind_TRANSFER_KIND_WRITE_OFF_RECOVERED: 1,
	tenfoldv1.TransferKind_TRANSFER_KIND_DEPOSIT_RESTORED:    -1, tenfoldv1.TransferKind_TRANSFER_KIND_SHOP_FUNDS_RESTORED: -1,
	tenfoldv1.TransferKind_TRANSFER_KIND_FEE_REFUNDED: -1, tenfoldv1.TransferKind_TRANSFER_KIND_FEE_REFUNDED_TO_SHOP_FUNDS: -1,
}

// forgotten takes two payments out of the wrong files, as far as there are such, and gives the
// breaks by class and number: one that was made just before midnight, whose day is compared while
// the file of the next one is not there, and one that was not.
func forgotten(right, wrong map[string]*files) (all []string) {
	found := make(map[string]bool)
	for _, day := range slices.Sorted(maps.Keys(right)) {
		midnight, _ := time.ParseInLocation(time.DateOnly, day, policy.Beijing)
		midnight = midnight.AddDate(0, 0, 1)
		// The first payments of a day have other plants.
		for i, e := range slices.Backward(right[day].payments) {
			class := "MISSING_IN_FILE"
			if midnight.Sub(e.At) < 10*time.Minute {
				class = "CUT_OFF"
			}
			if e.Minor > 0 || found[class] || i == 0 {
				continue
			}
			found[class] = true
			all = append(all, class+" "+e.OutNumber)
			wrong[day] = &files{bill: wrong[day].bill, payments: slices.DeleteFunc(slices.Clone(wrong[day].payments), func(other formatstest.Entry) bool {
				return other.OutNumber == e.OutNumber
			})}
			break
		}
	}
	return all
}

// plants are what is done to a payment so that a break of a class is found.
var plants = []struct {
	class string
	plant func(formatstest.Entry) []formatstest.Entry
}{
	{"AMOUNT_DIFFERS", func(e formatstest.Entry) []formatstest.Entry {
		e.Minor--
		return []formatstest.Entry{e}
	}},
	{"UNIT_DIFFERS", func(e formatstest.Entry) []formatstest.Entry {
		e.Minor *= 100
		return []formatstest.Entry{e}
	}},
	{"SIGN_DIFFERS", func(e formatstest.Entry) []formatstest.Entry {
		e.Minor = -e.Minor
		return []formatstest.Entry{e}
	}},
	{"DUPLICATE_PAYOUT", func(e formatstest.Entry) []formatstest.Entry {
		second := e
		second.Reference += "-2"
		return []formatstest.Entry{e, second}
	}},
	{"STATUS_DIFFERS", func(e formatstest.Entry) []formatstest.Entry {
		e.Status = "under way"
		return []formatstest.Entry{e}
	}},
	{"REFUND_NOT_COMPLETED", func(e formatstest.Entry) []formatstest.Entry {
		e.Status, e.Refund = "under way", true
		return []formatstest.Entry{e}
	}},
	{"RETURN_NOT_BOOKED", func(e formatstest.Entry) []formatstest.Entry {
		back := e
		back.Minor, back.Reference = -e.Minor, e.Reference+"-back"
		return []formatstest.Entry{e, back}
	}},
}

// planted are the files of a day with a break of each class, as far as it has payments, and the
// breaks by class and number.
func planted(f *files, day string) (*files, []string) {
	out, all := &files{}, []string{}
	next := 0
	for _, e := range f.payments {
		if next == len(plants) || e.Minor > 0 {
			out.payments = append(out.payments, e)
			continue
		}
		out.payments = append(out.payments, plants[next].plant(e)...)
		all = append(all, plants[next].class+" "+e.OutNumber)
		next++
	}
	noon, _ := time.ParseInLocation(time.DateOnly, day, policy.Beijing)
	noon = noon.Add(12 * time.Hour)
	stranger := formatstest.Entry{Minor: -100, At: noon, OutNumber: claim.Compact(new(claim.IDs).Next(Start.Add(-time.Hour))), Reference: "channel-stranger"}
	out.payments = append(out.payments, stranger)
	all = append(all, "MISSING_IN_LEDGER "+stranger.OutNumber)
	out.bill = slices.Clone(f.bill)
	if len(out.bill) > 0 {
		out.bill[0].Minor--
		out.bill = append(out.bill, formatstest.Entry{Minor: -700, At: noon, OrderID: "order-of-nobody", Reference: "item-1"})
		all = append(all, "STATEMENT_DIFFERS "+out.bill[0].OrderID, "ORPHAN_DEBIT order-of-nobody")
	}
	slices.Sort(all)
	return out, all
}

// compareDay imports the files of a day and compares it; n counts the downloads of the day.
func (m *market) compareDay(ctx context.Context, end time.Time, day string, f *files, n int) (*tenfoldv1.ReconcileDayResponse, error) {
	id := fmt.Sprintf("%s-%d", day, n)
	table := &tenfoldv1.CreateImportRequest{
		RequestId: "payments-" + id, Side: tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_GATEWAY, Account: "main", Format: "csv", Exclusive: true,
		Mapping: &tenfoldv1.TableMapping{
			OutNumber: "number", Reference: "reference", Amount: "amount", Currency: currency, Time: "when", TimeForm: time.DateTime, Zone: "Asia/Shanghai",
			Status: "status", Statuses: map[string]string{"paid": "done", "under way": "processing", "refused": "failed"},
			Kind: "kind", Kinds: map[string]string{"refund": "refund"},
		},
	}
	bill := &tenfoldv1.CreateImportRequest{
		RequestId: "bill-" + id, Side: tenfoldv1.ReconciliationSide_RECONCILIATION_SIDE_MARKETPLACE, Account: "shops", Format: "marketplace-compensation",
	}
	for _, file := range []struct {
		request *tenfoldv1.CreateImportRequest
		entries []formatstest.Entry
		write   func(io.Writer, []formatstest.Entry) error
	}{
		{table, f.payments, func(w io.Writer, e []formatstest.Entry) error { return formatstest.TableOfKinds(w, slices.Values(e)) }},
		{bill, f.bill, func(w io.Writer, e []formatstest.Entry) error { return formatstest.Compensation(w, slices.Values(e)) }},
	} {
		if len(file.entries) == 0 {
			continue
		}
		var raw bytes.Buffer
		if err := file.write(&raw, file.entries); err != nil {
			return nil, err
		}
		file.request.Day, file.request.Told = day, &tenfoldv1.ToldTotals{Lines: int64(len(file.entries))}
		for _, e := range file.entries {
			file.request.Told.SumMinor += e.Minor
		}
		if err := m.importFile(ctx, end, file.request, raw.Bytes()); err != nil {
			return nil, err
		}
	}
	return atEnd(ctx, m, end, func() (*tenfoldv1.ReconcileDayResponse, error) {
		return call(ctx, m, finance, m.files.ReconcileDay, &tenfoldv1.ReconcileDayRequest{RequestId: "compare-" + id, Day: day})
	})
}

// importFile imports a file.
func (m *market) importFile(ctx context.Context, end time.Time, r *tenfoldv1.CreateImportRequest, raw []byte) error {
	digest := sha256.Sum256(raw)
	r.SizeBytes, r.Digest = int64(len(raw)), hex.EncodeToString(digest[:])
	made, err := atEnd(ctx, m, end, func() (*tenfoldv1.CreateImportResponse, error) { return call(ctx, m, finance, m.files.CreateImport, r) })
	if err != nil {
		return err
	}
	name, sent := made.GetImport().GetName(), 0
	for chunk := range slices.Chunk(raw, chunkMax) {
		if _, err := call(ctx, m, finance, m.files.UploadImportChunk, &tenfoldv1.UploadImportChunkRequest{
			Name: name, RequestId: fmt.Sprintf("%s-%d", r.GetRequestId(), sent), Offset: int64(sent), Content: chunk,
		}); err != nil {
			return err
		}
		sent += len(chunk)
	}
	for {
		done, err := call(ctx, m, finance, m.files.CompleteImport, &tenfoldv1.CompleteImportRequest{Name: name, RequestId: "complete-" + r.GetRequestId()})
		switch {
		case err != nil:
			return err
		case done.GetImport().GetState() == tenfoldv1.ImportState_IMPORT_STATE_WHOLE:
			return nil
		case done.GetImport().GetState() == tenfoldv1.ImportState_IMPORT_STATE_REFUSED:
			return fmt.Errorf("the file %s is refused: %v", r.GetRequestId(), done.GetImport().GetProblems())
		}
	}
}

// chunkMax is how many bytes of a file one call carries.
const chunkMax = 1 << 20

// openBreaks are the open breaks, by class and number.
func (m *market) openBreaks(ctx context.Context) ([]string, error) {
	all := []string{}
	r := &tenfoldv1.ListBreaksRequest{State: tenfoldv1.BreakState_BREAK_STATE_OPEN, PageSize: pageSize}
	for {
		page, err := call(ctx, m, finance, m.files.ListBreaks, r)
		if err != nil {
			return nil, err
		}
		for _, b := range page.GetBreaks() {
			all = append(all, strings.TrimPrefix(b.GetClass().String(), "BREAK_CLASS_")+" "+b.GetNumber())
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			slices.Sort(all)
			return all, nil
		}
	}
}
