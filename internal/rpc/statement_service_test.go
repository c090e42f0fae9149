package rpc_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementOf reads every page of a statement.
func (f *fixture) statementOf(role string, r *tenfoldv1.ListStatementLinesRequest) ([]*tenfoldv1.StatementLine, *tenfoldv1.StatementEnd) {
	f.t.Helper()
	r = proto.CloneOf(r)
	var lines []*tenfoldv1.StatementLine
	for {
		page, err := tenfoldv1.NewStatementServiceClient(f.conn).ListStatementLines(f.as(role), r)
		if err != nil {
			f.t.Fatalf("%v: %v", r, err)
		}
		lines = append(lines, page.GetLines()...)
		if (page.GetNextPageToken() == "") != (page.GetEnd() != nil) {
			f.t.Fatalf("a page with the token %q ends as %v", page.GetNextPageToken(), page.GetEnd())
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return lines, page.GetEnd()
		}
	}
}

// Would catch a statement whose lines do not lead from its opening to its closing balances, that
// leaves out or repeats a transfer at an end of its time or of a page, whose sums or digest are
// not those of its lines, or that shows a merchant what is hidden from it or another's book.
func TestStatements(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 100_000)
	f.advance(48 * time.Hour)
	from := f.now()
	f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	f.advance(time.Hour)
	late := f.topUp("m1", 70_000, "late")
	late.EffectiveAt = timestamppb.New(from.Add(-time.Hour))
	if _, err := f.books.TopUpDeposit(f.as("finance"), late); err != nil {
		t.Fatal(err)
	}
	second := f.notified("m1", "l2")
	f.advance(time.Hour)
	until := f.now()
	f.accept(f.confirm(second))
	f.advance(time.Hour)
	for _, c := range []struct {
		role, parent, currency, order string
		basis                         tenfoldv1.StatementBasis
	}{
		{"finance", "merchants/m1", "", "", tenfoldv1.StatementBasis_STATEMENT_BASIS_UNSPECIFIED},
		{"merchant", "merchants/m1", "", "", tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE},
		{"auditor", "merchants/-", "CNY", "", tenfoldv1.StatementBasis_STATEMENT_BASIS_RECORDED},
		{"merchant", "merchants/m1", "", "order-l2", tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE},
		{"finance", "merchants/-", "CNY", "order-l2", tenfoldv1.StatementBasis_STATEMENT_BASIS_RECORDED},
	} {
		for _, times := range [][2]time.Time{{from, until}, {from.AddDate(-1, 0, 0), f.now()}, {until, f.now()}} {
			r := &tenfoldv1.ListStatementLinesRequest{
				Parent: c.parent, CurrencyCode: c.currency, Basis: c.basis, From: timestamppb.New(times[0]), Until: timestamppb.New(times[1]), PageSize: 3,
				OrderId: c.order,
			}
			f.checkStatement(t, c.role, r)
		}
	}
	f.checkStatementRefusals(t, from, until)
}

// checkStatement compares the lines of a statement with the transfers of its time, and its sums
// with its lines.
func (f *fixture) checkStatement(t *testing.T, role string, r *tenfoldv1.ListStatementLinesRequest) {
	t.Helper()
	got, err := tenfoldv1.NewStatementServiceClient(f.conn).GetStatement(f.as(role), &tenfoldv1.GetStatementRequest{
		Name: r.GetParent(), From: r.GetFrom(), Until: r.GetUntil(), Basis: r.GetBasis(), OrderId: r.GetOrderId(),
	})
	if err != nil || len(got.GetSums()) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	sums := got.GetSums()[0]
	lines, end := f.statementOf(role, r)
	balances, closing := map[tenfoldv1.AccountPurpose]int64{}, map[tenfoldv1.AccountPurpose]int64{}
	grows := map[tenfoldv1.AccountPurpose]int64{}
	debits := map[tenfoldv1.AccountPurpose]bool{5: true, 9: true, 10: true, 11: true, 12: true, 14: true, 15: true}
	for _, a := range sums.GetAccounts() {
		balances[a.GetPurpose()], closing[a.GetPurpose()] = a.GetOpening().GetMinorUnits(), a.GetClosing().GetMinorUnits()
		if grows[a.GetPurpose()] = -1; debits[a.GetPurpose()] {
			grows[a.GetPurpose()] = 1
		}
	}
	digest, total := sha256.New(), int64(0)
	digest.Write(statement.CSV(statement.Titles()))
	for i, l := range lines {
		x := l.GetTransfer()
		at := x.GetRecordedAt().AsTime()
		if r.GetBasis() == tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE {
			at = x.GetEffectiveAt().AsTime()
		}
		balances[x.GetDebit()] += grows[x.GetDebit()] * x.GetAmount().GetMinorUnits()
		balances[x.GetCredit()] -= grows[x.GetCredit()] * x.GetAmount().GetMinorUnits()
		total += x.GetAmount().GetMinorUnits()
		if l.GetNumber() != int64(i)+1 || at.Before(r.GetFrom().AsTime()) || !at.Before(r.GetUntil().AsTime()) ||
			l.GetDebitBalance().GetMinorUnits() != balances[x.GetDebit()] || l.GetCreditBalance().GetMinorUnits() != balances[x.GetCredit()] {
			t.Errorf("line %d of %v: %v, with balances of %d and %d", i+1, r, l, balances[x.GetDebit()], balances[x.GetCredit()])
		}
		if role == "merchant" && x.GetGatewayReference() != "" {
			t.Errorf("a merchant sees the channel's reference of %s", x.GetName())
		}
		if r.GetOrderId() != "" && x.GetOrderId() != r.GetOrderId() {
			t.Errorf("the statement of %s has a transfer of the order %q", r.GetOrderId(), x.GetOrderId())
		}
		line := rpc.LineOf(l)
		digest.Write(statement.CSV(line.Cells()))
	}
	for p, balance := range balances {
		if balance != closing[p] {
			t.Errorf("%v: the lines lead to %d on %s, and it closes with %d", r, balance, p, closing[p])
		}
	}
	if n := int64(len(lines)); n == 0 || sums.GetLines() != n || end.GetLines() != n || sums.GetAmount().GetMinorUnits() != total ||
		end.GetAmount().GetMinorUnits() != total || end.GetCsvSha256() != hex.EncodeToString(digest.Sum(nil)) {
		t.Errorf("%v: %d lines of %d, told as %v and %v", r, n, total, sums, end)
	}
}

// checkStatementRefusals asks for statements that cannot be, and reads on after a late transfer.
func (f *fixture) checkStatementRefusals(t *testing.T, from, until time.Time) {
	t.Helper()
	statements := tenfoldv1.NewStatementServiceClient(f.conn)
	asked := func(change func(*tenfoldv1.ListStatementLinesRequest)) *tenfoldv1.ListStatementLinesRequest {
		r := &tenfoldv1.ListStatementLinesRequest{Parent: "merchants/m1", From: timestamppb.New(from), Until: timestamppb.New(until)}
		change(r)
		return r
	}
	for name, c := range map[string]struct {
		role, reason, field string
		change              func(*tenfoldv1.ListStatementLinesRequest)
	}{
		"no time at all":     {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.ListStatementLinesRequest) { r.Until = r.From }},
		"an open end":        {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.ListStatementLinesRequest) { r.Until = timestamppb.New(f.now().AddDate(1, 0, 0)) }},
		"no beginning":       {"finance", "REQUEST_INVALID", "from", func(r *tenfoldv1.ListStatementLinesRequest) { r.From = nil }},
		"nobody's":           {"finance", "MERCHANT_NOT_FOUND", "", func(r *tenfoldv1.ListStatementLinesRequest) { r.Parent = "merchants/nobody" }},
		"two currencies":     {"finance", "REQUEST_INVALID", "currency_code", func(r *tenfoldv1.ListStatementLinesRequest) { r.CurrencyCode = "CNY" }},
		"no currency":        {"finance", "REQUEST_INVALID", "currency_code", func(r *tenfoldv1.ListStatementLinesRequest) { r.Parent = "merchants/-" }},
		"another merchant's": {"merchant", "MERCHANT_NOT_FOUND", "", func(r *tenfoldv1.ListStatementLinesRequest) { r.Parent = "merchants/m2" }},
		"everybody's":        {"merchant", "ACCESS_DENIED", "", func(r *tenfoldv1.ListStatementLinesRequest) { r.Parent = "merchants/-" }},
		"all by effect": {"finance", "REQUEST_INVALID", "basis", func(r *tenfoldv1.ListStatementLinesRequest) {
			r.Parent, r.CurrencyCode, r.Basis = "merchants/-", "CNY", tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE
		}},
		"another's token": {"finance", "PAGE_TOKEN_INVALID", "page_token", func(r *tenfoldv1.ListStatementLinesRequest) { r.PageToken = "AAAA" }},
	} {
		_, err := statements.ListStatementLines(f.as(c.role), asked(c.change))
		if got := refusal(err); got.reason != c.reason || got.field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := asked(func(r *tenfoldv1.ListStatementLinesRequest) {
		r.Basis, r.PageSize = tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE, 3
	})
	page, err := statements.ListStatementLines(f.as("finance"), r)
	if err != nil {
		t.Fatal(err)
	}
	late := f.topUp("m1", 1, "later")
	late.EffectiveAt = timestamppb.New(from)
	if _, err := f.books.TopUpDeposit(f.as("finance"), late); err != nil {
		t.Fatal(err)
	}
	for r.PageToken = page.GetNextPageToken(); err == nil && r.PageToken != ""; r.PageToken = page.GetNextPageToken() {
		page, err = statements.ListStatementLines(f.as("finance"), r)
	}
	if got := refusal(err); got.reason != "PAGE_TOKEN_INVALID" || got.field != "page_token" {
		t.Errorf("a statement that has changed while it was read: %v", err)
	}
}
