package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/bench"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementFileMemory is what the file of a statement may take of memory, whatever its length.
const statementFileMemory = 100 << 20

// statementFiles are the forms of files that are measured, with their names.
var statementFiles = []struct {
	name, format string
	// byJob says that the lines are read from a file that servers have written.
	byJob bool
}{
	{"CSV", formatCSV, false}, {"Excel sheet", formatSheet, false}, {"Parquet", formatColumns, false}, {"PDF with the CSV attached", formatPaper, false},
	{"CSV, by a job", formatCSV, true},
}

// measureFiles writes a statement of so many lines as `tenfold book statement` does, in each form,
// into a directory. A server that makes up the lines stands in for one that reads them, so that
// what is measured is the command.
func measureFiles(cmd *cobra.Command, dir string, lines int, progress func(doing string, percent int)) (list []bench.StatementFile, err error) {
	folder, err := os.MkdirTemp(dir, "tenfold-bench-statements-*")
	if err != nil {
		return nil, fmt.Errorf("make a directory for statements: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	made := newMadeStatement(lines)
	for i, f := range statementFiles {
		progress("writing "+f.name, 100*i/len(statementFiles))
		s := statementFlags{file: filepath.Join(folder, strconv.Itoa(i)+"."+f.format), language: "en"}
		o := output{format: f.format, w: io.Discard, errOut: io.Discard, place: time.UTC}
		r := &tenfoldv1.ListStatementLinesRequest{
			Parent: "merchants/m1", From: timestamppb.New(madeFrom), Until: timestamppb.New(madeFrom.AddDate(0, 1, 0)), PageSize: pageMax,
		}
		from := pageSource(cmd.Context(), made, r)
		if f.byJob {
			from = fileSource(cmd.Context(), &madeFile{made: made}, &tenfoldv1.StatementFile{End: made.end})
		}
		peak := watchMemory()
		began := time.Now()
		err := s.write(cmd, &o, made, r, from)
		took, memory := time.Since(began), peak()
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(s.file)
		if err != nil {
			return nil, fmt.Errorf("look at a statement: %w", err)
		}
		list = append(list, bench.StatementFile{
			Name: f.name, Lines: lines, Seconds: took.Seconds(), PeakBytes: memory, FileBytes: info.Size(), Met: memory <= statementFileMemory,
		})
	}
	return list, nil
}

// memoryLookEvery is how often the size of the program is looked at.
const memoryLookEvery = 10 * time.Millisecond

// watchMemory watches how much memory the program has of the system until peak is called, which
// gives the most that it had.
func watchMemory() (peak func() uint64) {
	debug.FreeOSMemory()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(memoryLookEvery)
		defer tick.Stop()
		var highest uint64
		samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
		for {
			metrics.Read(samples)
			highest = max(highest, samples[0].Value.Uint64()-samples[1].Value.Uint64())
			select {
			case <-tick.C:
			case <-done:
				most <- highest
				return
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-most
	}
}

// madeFrom is when the first transfer of a made statement was recorded.
var madeFrom = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// madeStatement is a service that makes up the lines of a statement: captures and payouts in turn,
// with the numbers and references that they have.
type madeStatement struct {
	tenfoldv1.StatementServiceClient
	lines int
	end   *tenfoldv1.StatementEnd
}

func newMadeStatement(lines int) *madeStatement {
	m := &madeStatement{lines: lines}
	digest, sum := forms.NewDigest(), int64(0)
	for n := range lines {
		p := m.line(n)
		l := rpc.LineOf(p)
		digest.Add(forms.CSV(l.Cells()))
		sum += p.GetTransfer().GetAmount().GetMinorUnits()
	}
	m.end = &tenfoldv1.StatementEnd{Lines: int64(lines), Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: sum}, CsvSha256: digest.Sum()}
	return m
}

// line makes a line by its place.
func (m *madeStatement) line(n int) *tenfoldv1.StatementLine {
	at := madeFrom.Add(time.Duration(n) * time.Second)
	t := &tenfoldv1.Transfer{
		Name: "merchants/m1/transfers/" + strconv.Itoa(n+1), Kind: tenfoldv1.TransferKind_TRANSFER_KIND_DEPOSIT_CAPTURED,
		Debit: tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_DEPOSIT_HELD, Credit: tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_CLAIM_PAYABLE,
		Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: int64(n%900_000 + 1)},
		Claim:  "merchants/m1/claims/1KJPW-D6M0A-XN3JD-" + fmt.Sprintf("%05d", n%100_000), OrderLineName: "merchants/m1/orderLines/l" + strconv.Itoa(n),
		OrderId: "order-" + strconv.Itoa(n), RecordedAt: timestamppb.New(at), EffectiveAt: timestamppb.New(at), EventNumber: int64(n + 1), Revision: 1,
	}
	if n%2 == 1 {
		t.Kind = tenfoldv1.TransferKind_TRANSFER_KIND_PAYOUT_CONFIRMED
		t.Debit, t.Credit = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_PAYOUT_CLEARING, tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_PLATFORM_CASH
		t.OutNumber, t.GatewayReference = fmt.Sprintf("1KJPWD6M0AXN3%07d", n), fmt.Sprintf("42000%015d", n)
	}
	return &tenfoldv1.StatementLine{
		Number: int64(n + 1), Transfer: t, DebitBalance: &tenfoldv1.SignedMoney{CurrencyCode: "CNY", MinorUnits: int64(n) * 3},
		CreditBalance: &tenfoldv1.SignedMoney{CurrencyCode: "CNY", MinorUnits: int64(n) * 5},
	}
}

// GetStatement gives the number of lines, which stands before those of a document.
func (m *madeStatement) GetStatement(context.Context, *tenfoldv1.GetStatementRequest, ...grpc.CallOption) (*tenfoldv1.GetStatementResponse, error) {
	return &tenfoldv1.GetStatementResponse{Sums: []*tenfoldv1.StatementSums{{CurrencyCode: "CNY", Lines: int64(m.lines)}}}, nil
}

// ListStatementLines gives a page of lines.
func (m *madeStatement) ListStatementLines(
	_ context.Context, r *tenfoldv1.ListStatementLinesRequest, _ ...grpc.CallOption,
) (*tenfoldv1.ListStatementLinesResponse, error) {
	from, _ := strconv.Atoi(r.GetPageToken()) // The token is ours; it is empty for the first page.
	until := min(from+int(r.GetPageSize()), m.lines)
	page := &tenfoldv1.ListStatementLinesResponse{}
	for n := from; n < until; n++ {
		page.Lines = append(page.Lines, m.line(n))
	}
	if until < m.lines {
		page.NextPageToken = strconv.Itoa(until)
	} else {
		page.End = m.end
	}
	return page, nil
}

// madeFile is a service that makes up the content of a made statement's file, for a reader that
// goes on where it stopped.
type madeFile struct {
	tenfoldv1.StatementFileServiceClient
	made *madeStatement
	// raw are bytes that were made and not read, and lines how many lines were made.
	raw   []byte
	lines int
}

// GetStatementFileContent gives the next piece: pieces are as long as those of a server.
func (m *madeFile) GetStatementFileContent(
	_ context.Context, r *tenfoldv1.GetStatementFileContentRequest, _ ...grpc.CallOption,
) (*tenfoldv1.GetStatementFileContentResponse, error) {
	if r.GetOffset() == 0 {
		m.raw = forms.CSV(forms.Titles())
	}
	for len(m.raw) < pieceSize && m.lines < m.made.lines {
		l := rpc.LineOf(m.made.line(m.lines))
		m.raw = append(m.raw, forms.CSV(l.Cells())...)
		m.lines++
	}
	n := min(len(m.raw), pieceSize)
	p := &tenfoldv1.GetStatementFileContentResponse{Content: bytes.Clone(m.raw[:n]), SizeBytes: r.GetOffset() + int64(len(m.raw))}
	if m.lines < m.made.lines {
		p.SizeBytes++ // There is more.
	}
	m.raw = append(m.raw[:0], m.raw[n:]...)
	p.Crc32C = castagnoli(p.GetContent())
	return p, nil
}
