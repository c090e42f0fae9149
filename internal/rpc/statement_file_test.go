package rpc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/statement"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) statementFiles() tenfoldv1.StatementFileServiceClient {
	return tenfoldv1.NewStatementFileServiceClient(f.conn)
}

// fileOf is a request for a file of the statement of m1 until now.
func (f *fixture) fileOf(change func(*tenfoldv1.CreateStatementFileRequest)) *tenfoldv1.CreateStatementFileRequest {
	r := &tenfoldv1.CreateStatementFileRequest{
		Parent: "merchants/m1", RequestId: f.id(), From: timestamppb.New(start.AddDate(0, -1, 0)), Until: timestamppb.New(f.now()),
	}
	change(r)
	return r
}

// written waits until nobody writes a file: a worker beside the test may be at it.
func (f *fixture) written(ctx context.Context, name string) *tenfoldv1.StatementFile {
	f.t.Helper()
	for {
		f.runDueWork()
		got, err := f.statementFiles().GetStatementFile(ctx, &tenfoldv1.GetStatementFileRequest{Name: name})
		if err != nil {
			f.t.Fatal(err)
		}
		if s := got.GetFile().GetState(); s != tenfoldv1.JobState_JOB_STATE_QUEUED && s != tenfoldv1.JobState_JOB_STATE_RUNNING {
			return got.GetFile()
		}
	}
}

// statementBytes reads a file in pieces.
func (f *fixture) statementBytes(ctx context.Context, name string, length int32) []byte {
	f.t.Helper()
	var raw []byte
	for {
		p, err := f.statementFiles().GetStatementFileContent(ctx, &tenfoldv1.GetStatementFileContentRequest{Name: name, Offset: int64(len(raw)), Length: length})
		if err != nil {
			f.t.Fatal(err)
		}
		if crc32.Checksum(p.GetContent(), crc32.MakeTable(crc32.Castagnoli)) != p.GetCrc32C() || length > 0 && len(p.GetContent()) > int(length) {
			f.t.Fatalf("a piece of %d bytes at %d is damaged", len(p.GetContent()), len(raw))
		}
		raw = append(raw, p.GetContent()...)
		if int64(len(raw)) >= p.GetSizeBytes() || len(p.GetContent()) == 0 {
			return raw
		}
	}
}

// Would catch a file with other bytes than the lines that are listed, for staff, merchants, the
// platform and orders, one that shows a merchant what is hidden from it, and one whose progress
// or end is not told.
func TestStatementFilesHaveTheBytesOfTheLines(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 100_000)
	f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	f.advance(48 * time.Hour)
	for name, c := range map[string]struct {
		role string
		ask  func(*tenfoldv1.CreateStatementFileRequest)
	}{
		"finance": {"finance", func(*tenfoldv1.CreateStatementFileRequest) {}},
		"the merchant": {"merchant", func(r *tenfoldv1.CreateStatementFileRequest) {
			r.Basis = tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE
		}},
		"the platform": {"auditor", func(r *tenfoldv1.CreateStatementFileRequest) { r.Parent, r.CurrencyCode = "merchants/-", "CNY" }},
		"an order":     {"support", func(r *tenfoldv1.CreateStatementFileRequest) { r.OrderId = "order-l1" }},
	} {
		r := f.fileOf(c.ask)
		made, err := f.statementFiles().CreateStatementFile(f.as(c.role), r)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := f.statementFiles().CreateStatementFile(f.as(c.role), r); err != nil || !again.GetReplayed() || again.GetFile().GetName() != made.GetFile().GetName() {
			t.Errorf("%s, sent again: %v, %v", name, again, err)
		}
		file := f.written(f.as(c.role), made.GetFile().GetName())
		lines, end := f.statementOf(c.role, &tenfoldv1.ListStatementLinesRequest{
			Parent: r.GetParent(), From: r.GetFrom(), Until: r.GetUntil(), Basis: r.GetBasis(), CurrencyCode: r.GetCurrencyCode(), OrderId: r.GetOrderId(), PageSize: 3,
		})
		var want bytes.Buffer
		want.Write(statement.CSV(statement.Titles()))
		for _, p := range lines {
			l := rpc.LineOf(p)
			want.Write(statement.CSV(l.Cells()))
			if back := rpc.StatementLineOf(&l); !proto.Equal(back, p) {
				t.Errorf("%s: %v came back as %v", name, p, back)
			}
		}
		raw := f.statementBytes(f.as(c.role), made.GetFile().GetName(), 1000)
		digest := sha256.Sum256(raw)
		if len(lines) < 4 || !bytes.Equal(raw, want.Bytes()) || !proto.Equal(file.GetEnd(), end) || end.GetCsvSha256() != hex.EncodeToString(digest[:]) {
			t.Errorf("%s: the file is\n%s\nand the lines\n%s\nends %v, %v", name, raw, want.Bytes(), file.GetEnd(), end)
		}
		if file.GetState() != tenfoldv1.JobState_JOB_STATE_DONE || file.GetDoneLines() != end.GetLines() || file.GetTotalLines() != end.GetLines() ||
			file.GetSizeBytes() != int64(len(raw)) || file.GetExpireTime() == nil || (file.GetJob() == "") != (c.role == "merchant") {
			t.Errorf("%s: %v", name, file)
		}
		if bytes.Contains(raw, []byte(",sim-")) == (c.role == "merchant") {
			t.Errorf("%s: the numbers of the channel: %s", name, raw)
		}
	}
	f.audited()
}

// Would catch a line of a file that shows a merchant less or more than a line that it lists: a
// field of a transfer that becomes hidden must be hidden in both.
func TestFilesHideOneColumn(t *testing.T) {
	t.Parallel()
	fields := (&tenfoldv1.Transfer{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		hidden := !rpc.Shows(rpc.ShownTo(fields.Get(i)), principal.RoleMerchant)
		if hidden != (fields.Get(i).Name() == "gateway_reference") {
			t.Errorf("%s is hidden from merchants: %t; tell package reading", fields.Get(i).Name(), hidden)
		}
	}
	for _, role := range identity.Roles() {
		readers := rpc.MethodRoles()["/tenfold.v1.StatementFileService/CreateStatementFile"]
		for _, r := range readers {
			if r == role && role != principal.RoleMerchant && !rpc.Shows(tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES, role) {
				t.Errorf("%s may ask for a file, and does not see all of its columns", role)
			}
		}
	}
}

// Would catch a file that another merchant reads, stops or resumes, or that a merchant gets from
// staff with what is hidden from it; a wrong request that is taken; content of what is not
// written, was cancelled or has expired; and a caller who fills the database.
func TestStatementFilesAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 100_000)
	f.advance(time.Hour)
	plain := func(*tenfoldv1.CreateStatementFileRequest) {}
	for name, c := range map[string]struct {
		role, reason, field string
		change              func(*tenfoldv1.CreateStatementFileRequest)
	}{
		"no time at all":      {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.CreateStatementFileRequest) { r.Until = r.From }},
		"an open end":         {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.CreateStatementFileRequest) { r.Until = timestamppb.New(f.now().Add(time.Hour)) }},
		"no currency":         {"finance", "REQUEST_INVALID", "currency_code", func(r *tenfoldv1.CreateStatementFileRequest) { r.Parent = "merchants/-" }},
		"a currency too many": {"finance", "REQUEST_INVALID", "currency_code", func(r *tenfoldv1.CreateStatementFileRequest) { r.CurrencyCode = "CNY" }},
		"no book":             {"finance", "MERCHANT_NOT_FOUND", "", func(r *tenfoldv1.CreateStatementFileRequest) { r.Parent = "merchants/nobody" }},
		"another's book":      {"merchant", "MERCHANT_NOT_FOUND", "", func(r *tenfoldv1.CreateStatementFileRequest) { r.Parent = "merchants/m2" }},
		"the platform's":      {"merchant", "ACCESS_DENIED", "", func(r *tenfoldv1.CreateStatementFileRequest) { r.Parent, r.CurrencyCode = "merchants/-", "CNY" }},
		"a consumer's side":   {"order-service", "ACCESS_DENIED", "", plain},
	} {
		_, err := f.statementFiles().CreateStatementFile(f.as(c.role), f.fileOf(c.change))
		if got := refusal(err); got.reason != c.reason || got.field != c.field {
			t.Errorf("%s: %+v", name, got)
		}
	}
	tried, err := f.statementFiles().CreateStatementFile(f.as("merchant"), f.fileOf(func(r *tenfoldv1.CreateStatementFileRequest) { r.ValidateOnly = true }))
	if err != nil || tried.GetFile().GetName() != "" || tried.GetFile().GetTotalLines() != 1 {
		t.Errorf("only tried: %v, %v", tried, err)
	}
	own, err := f.statementFiles().CreateStatementFile(f.as("merchant"), f.fileOf(plain))
	if err != nil {
		t.Fatal(err)
	}
	staffs, err := f.statementFiles().CreateStatementFile(f.as("finance"), f.fileOf(plain))
	if err != nil {
		t.Fatal(err)
	}
	f.statementFilesOfOthers(own.GetFile().GetName(), staffs.GetFile().GetName())
	f.statementFileEnds(own.GetFile().GetName())
	f.statementFilesAreCounted()
}

// statementFilesOfOthers asks for files that belong to others, in every way.
func (f *fixture) statementFilesOfOthers(own, staffs string) {
	f.t.Helper()
	id := own[len("merchants/m1/statementFiles/"):]
	other := caller.Identity{Workload: "test", Role: "merchant", Person: "person-2", Scope: "merchants/m2"}.Attach(f.t.Context())
	for name, c := range map[string]struct {
		ctx  context.Context
		file string
	}{
		"one of staff":                      {f.as("merchant"), staffs},
		"another merchant":                  {other, own},
		"under the own book":                {other, "merchants/m2/statementFiles/" + id},
		"under all books":                   {f.as("merchant"), "merchants/-/statementFiles/" + id},
		"staff, under another book":         {f.as("finance"), "merchants/m2/statementFiles/" + id},
		"staff, under all books":            {f.as("finance"), "merchants/-/statementFiles/" + id},
		"staff, a file that does not exist": {f.as("finance"), "merchants/m1/statementFiles/none"},
	} {
		for call, err := range map[string]error{
			"get":     errorOf(f.statementFiles().GetStatementFile(c.ctx, &tenfoldv1.GetStatementFileRequest{Name: c.file})),
			"content": errorOf(f.statementFiles().GetStatementFileContent(c.ctx, &tenfoldv1.GetStatementFileContentRequest{Name: c.file})),
			"cancel":  errorOf(f.statementFiles().CancelStatementFile(c.ctx, &tenfoldv1.CancelStatementFileRequest{Name: c.file, RequestId: f.id()})),
			"resume":  errorOf(f.statementFiles().ResumeStatementFile(c.ctx, &tenfoldv1.ResumeStatementFileRequest{Name: c.file, RequestId: f.id()})),
		} {
			if refusal(err).reason != "JOB_NOT_FOUND" {
				f.t.Errorf("%s, %s: %v", name, call, err)
			}
		}
	}
	if err := errorOf(f.statementFiles().ListStatementFiles(other, &tenfoldv1.ListStatementFilesRequest{Parent: "merchants/m1"})); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		f.t.Errorf("another's list: %v", err)
	}
	for role, want := range map[string]int{"merchant": 1, "finance": 2} {
		list, err := f.statementFiles().ListStatementFiles(f.as(role), &tenfoldv1.ListStatementFilesRequest{Parent: "merchants/m1"})
		if err != nil || len(list.GetFiles()) != want {
			f.t.Errorf("%s lists %v, %v", role, list, err)
		}
	}
	page, err := f.statementFiles().ListStatementFiles(f.as("finance"), &tenfoldv1.ListStatementFilesRequest{Parent: "merchants/m1", PageSize: 1})
	if err != nil || len(page.GetFiles()) != 1 || page.GetFiles()[0].GetName() != staffs {
		f.t.Fatalf("the newest: %v, %v", page, err)
	}
	page, err = f.statementFiles().ListStatementFiles(f.as("finance"), &tenfoldv1.ListStatementFilesRequest{
		Parent: "merchants/m1", PageSize: 1, PageToken: page.GetNextPageToken(),
	})
	if err != nil || len(page.GetFiles()) != 1 || page.GetFiles()[0].GetName() != own || page.GetNextPageToken() != "" {
		f.t.Errorf("the next: %v, %v", page, err)
	}
}

// statementFileEnds reads the content of a merchant's file in every state.
func (f *fixture) statementFileEnds(name string) {
	f.t.Helper()
	read := func() error {
		return errorOf(f.statementFiles().GetStatementFileContent(f.as("merchant"), &tenfoldv1.GetStatementFileContentRequest{Name: name}))
	}
	cancelled, err := f.statementFiles().CancelStatementFile(f.as("merchant"), &tenfoldv1.CancelStatementFileRequest{Name: name, RequestId: f.id()})
	if err != nil || cancelled.GetFile().GetState() != tenfoldv1.JobState_JOB_STATE_CANCELLED {
		f.t.Fatalf("%v, %v", cancelled, err)
	}
	if got := refusal(read()); got.reason != "STATEMENT_NOT_READY" || got.metadata["state"] != "CANCELLED" {
		f.t.Errorf("cancelled: %+v", got)
	}
	if err := errorOf(f.statementFiles().CancelStatementFile(f.as("merchant"), &tenfoldv1.CancelStatementFileRequest{Name: name, RequestId: f.id()})); refusal(err).reason != "JOB_STATE_CONFLICT" {
		f.t.Errorf("cancelled twice: %v", err)
	}
	r := &tenfoldv1.ResumeStatementFileRequest{Name: name, RequestId: f.id()}
	if _, err := f.statementFiles().ResumeStatementFile(f.as("merchant"), r); err != nil {
		f.t.Fatal(err)
	}
	if again, err := f.statementFiles().ResumeStatementFile(f.as("merchant"), r); err != nil || !again.GetReplayed() {
		f.t.Errorf("resumed again: %v, %v", again, err)
	}
	f.written(f.as("merchant"), name)
	raw := f.statementBytes(f.as("merchant"), name, 0)
	beyond := &tenfoldv1.GetStatementFileContentRequest{Name: name, Offset: int64(len(raw)) + 1}
	if got := refusal(errorOf(f.statementFiles().GetStatementFileContent(f.as("merchant"), beyond))); got.reason != "REQUEST_INVALID" || got.field != "offset" {
		f.t.Errorf("beyond its end: %+v", got)
	}
	f.advance(engine.Defaults().StatementsKept)
	if got := refusal(read()); got.reason != "STATEMENT_NOT_READY" || got.metadata["state"] != "DONE" {
		f.t.Errorf("expired: %+v", got)
	}
	done, err := f.statementFiles().GetStatementFile(f.as("merchant"), &tenfoldv1.GetStatementFileRequest{Name: name})
	if err != nil || done.GetFile().GetEnd().GetCsvSha256() == "" {
		f.t.Errorf("expired: %v, %v", done, err)
	}
}

// statementFilesAreCounted asks for files until there are enough.
func (f *fixture) statementFilesAreCounted() {
	f.t.Helper()
	var names []string
	for i := range job.HeldOfBookMax + 1 {
		made, err := f.statementFiles().CreateStatementFile(f.as("merchant"), f.fileOf(func(*tenfoldv1.CreateStatementFileRequest) {}))
		got := refusal(err)
		if last := i == job.HeldOfBookMax; last != (got.reason == "STATEMENT_LIMIT_REACHED") || last && got.metadata["statementsMax"] != "32" {
			f.t.Fatalf("file %d: %v, %v", i, made, err)
		}
		names = append(names, made.GetFile().GetName())
		if len(names) == job.OpenOfBookMax {
			for _, name := range names {
				f.written(f.as("merchant"), name)
			}
			names = nil
		}
	}
}

// Would catch a file that is begun although it would be too long.
func TestStatementFilesAreBounded(t *testing.T) {
	t.Parallel()
	config := engine.Defaults()
	config.StatementLinesMax = 1
	f := newBounded(t, config, watch.Defaults())
	f.open("m1", 500_000)
	f.advance(time.Hour)
	plain := func(*tenfoldv1.CreateStatementFileRequest) {}
	if _, err := f.statementFiles().CreateStatementFile(f.as("finance"), f.fileOf(plain)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 100, "pay-2")); err != nil {
		t.Fatal(err)
	}
	f.advance(time.Hour)
	_, err := f.statementFiles().CreateStatementFile(f.as("finance"), f.fileOf(plain))
	if got := refusal(err); got.reason != "STATEMENT_TOO_LONG" || got.field != "until" || got.metadata["lines"] != "2" || got.metadata["linesMax"] != "1" {
		t.Errorf("%+v", got)
	}
}

// Would catch files that come under way again beyond the limit, whoever resumes them, and one that
// cannot go on although it counts already.
func TestResumedStatementFilesAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.advance(time.Hour)
	files, jobs, desk := f.statementFiles(), tenfoldv1.NewJobServiceClient(f.conn), f.as("finance")
	makeAll := func() (names []string) {
		for range job.OpenOfBookMax {
			made, err := files.CreateStatementFile(desk, f.fileOf(func(*tenfoldv1.CreateStatementFileRequest) {}))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, made.GetFile().GetName())
		}
		return names
	}
	cancel := func(name string) {
		if _, err := files.CancelStatementFile(desk, &tenfoldv1.CancelStatementFileRequest{Name: name, RequestId: f.id()}); err != nil {
			t.Fatal(err)
		}
	}
	resume := func(name string) error {
		return errorOf(files.ResumeStatementFile(desk, &tenfoldv1.ResumeStatementFileRequest{Name: name, RequestId: f.id()}))
	}
	jobOf := func(name string) string { return "jobs/" + name[strings.LastIndex(name, "/")+1:] }
	first := makeAll()
	for _, name := range first {
		cancel(name)
	}
	second := makeAll()
	for by, err := range map[string]error{
		"of files": resume(first[0]),
		"of jobs": errorOf(jobs.ResumeJob(f.asPerson("operator", "olga"),
			&tenfoldv1.ResumeJobRequest{Name: jobOf(first[0]), RequestId: f.id()})),
	} {
		if got := refusal(err); got.reason != "STATEMENT_LIMIT_REACHED" {
			t.Errorf("one too many is resumed by the service %s: %+v", by, got)
		}
	}
	if _, err := jobs.PauseJob(f.asPerson("operator", "olga"), &tenfoldv1.PauseJobRequest{Name: jobOf(second[0]), RequestId: f.id()}); err != nil {
		t.Fatal(err)
	}
	if err := resume(second[0]); err != nil {
		t.Errorf("one that counts already does not go on: %v", err)
	}
	cancel(second[1])
	if err := resume(first[0]); err != nil {
		t.Errorf("where there is room again: %v", err)
	}
}
