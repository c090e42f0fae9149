package pdf_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/statement"
	"github.com/tenfold-claims/tenfold/internal/statement/pdf"
)

// made makes a document with lines, and gives the raw CSV that should be in it.
func made(t *testing.T, h *pdf.Head, lines int) (document, raw []byte) {
	t.Helper()
	scratch, err := os.CreateTemp(t.TempDir(), "scratch")
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	w, csv := pdf.New(h, scratch), bytes.NewBuffer(statement.CSV(statement.Titles()))
	kinds := ledger.Kinds()
	for i := range lines {
		kind := kinds[i%len(kinds)]
		l := statement.Line{
			Number: int64(i + 1), Merchant: "m1", Kind: string(kind), Debit: string(kind.Legs().Debit), Credit: string(kind.Legs().Credit),
			RecordedAt: h.From, EffectiveAt: h.From, Amount: int64(i), Currency: h.Currency, Order: "订单龘\n😀=1" + strconv.Itoa(i),
		}
		csv.Write(statement.CSV(l.Cells()))
		if err := w.Add(&l); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := w.Finish(&out, &pdf.End{Lines: int64(lines), Amount: "1.00", Digest: "00ff"}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), csv.Bytes()
}

func head(l pdf.Language) *pdf.Head {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	return &pdf.Head{
		Language: l, Book: "m1", Currency: "CNY", From: at, Until: at.AddDate(0, 1, 0), Made: at.AddDate(0, 2, 0),
		Accounts: []pdf.Account{{Code: "DEPOSIT", Opening: "0.00", Debits: "1.00", Credits: "2.00", Closing: "1.00"}},
		Totals:   []pdf.Total{{Code: "DEPOSIT_TOPPED_UP", Count: 1, Amount: "2.00"}},
	}
}

// object finds an object of a document by the tables behind it, the newest first.
func object(t *testing.T, document []byte, number int) []byte {
	t.Helper()
	end := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n?$`).FindSubmatch(document)
	if end == nil {
		t.Fatal("the document has no end")
	}
	for at, _ := strconv.Atoi(string(end[1])); ; {
		table := document[at:]
		if !bytes.HasPrefix(table, []byte("xref\n")) {
			t.Fatalf("no table at %d", at)
		}
		part := regexp.MustCompile(`^(\d+) (\d+)\n`)
		rest := table[len("xref\n"):]
		for m := part.FindSubmatch(rest); m != nil; m = part.FindSubmatch(rest) {
			first, _ := strconv.Atoi(string(m[1]))
			count, _ := strconv.Atoi(string(m[2]))
			rest = rest[len(m[0]):]
			if number >= first && number < first+count {
				offset, _ := strconv.Atoi(string(rest[20*(number-first):][:10]))
				if begin := fmt.Appendf(nil, "%d 0 obj\n", number); bytes.HasPrefix(document[offset:], begin) {
					return document[offset+len(begin):]
				}
				t.Fatalf("object %d is not at %d", number, offset)
			}
			rest = rest[20*count:]
		}
		before := regexp.MustCompile(`/Prev (\d+)`).FindSubmatch(rest[:bytes.Index(rest, []byte("%%EOF"))])
		if before == nil {
			t.Fatalf("no table has the object %d", number)
		}
		at, _ = strconv.Atoi(string(before[1]))
	}
}

// found is what an expression finds in an object.
func found(t *testing.T, in []byte, expression string) string {
	t.Helper()
	m := regexp.MustCompile(expression).FindSubmatch(in[:bytes.Index(in, []byte("endobj"))])
	if m == nil {
		t.Fatalf("%s is not in %.300s", expression, in)
	}
	return string(m[1])
}

// attached is the file in a document, found as a reader finds it: from the root on.
func attached(t *testing.T, document []byte) []byte {
	t.Helper()
	number := func(in []byte, expression string) int {
		n, _ := strconv.Atoi(found(t, in, expression))
		return n
	}
	last := document[bytes.LastIndex(document, []byte("trailer")):]
	root, _ := strconv.Atoi(string(regexp.MustCompile(`/Root (\d+)`).FindSubmatch(last)[1]))
	spec := object(t, document, number(object(t, document, root), `/EmbeddedFiles << /Names \[\(statement\.csv\) (\d+) 0 R`))
	file := object(t, document, number(spec, `/EF << /F (\d+) 0 R`))
	length := number(file, `/Length (\d+)`)
	begin := bytes.Index(file, []byte("stream\n")) + len("stream\n")
	if !bytes.HasPrefix(file[begin+length:], []byte("\nendstream\nendobj\n")) {
		t.Fatal("the attachment has another length than it says")
	}
	r, err := zlib.NewReader(bytes.NewReader(file[begin:][:length]))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if size := number(file, `/Size (\d+)`); size != len(raw) {
		t.Errorf("the attachment says that it has %d bytes, and has %d", size, len(raw))
	}
	return raw
}

// Would catch a document whose attachment a reader does not find, or finds with other bytes than
// those of the digest; a statement without lines; and one whose bytes differ from time to time.
func TestDocumentHasTheRawCSV(t *testing.T) {
	t.Parallel()
	for _, language := range []pdf.Language{pdf.English, pdf.Chinese} {
		for _, lines := range []int{0, 1, 200} {
			document, raw := made(t, head(language), lines)
			if got := attached(t, document); !bytes.Equal(got, raw) {
				t.Errorf("%s, %d lines: the attachment is %q", language, lines, got)
			}
			if again, _ := made(t, head(language), lines); !bytes.Equal(again, document) {
				t.Errorf("%s, %d lines: the same statement gives another document", language, lines)
			}
			open := head(language)
			open.Provisional = true
			if marked, _ := made(t, open, lines); bytes.Equal(marked, document) || !bytes.Equal(attached(t, marked), raw) {
				t.Errorf("%s, %d lines: a provisional statement is not marked, or has other lines", language, lines)
			}
		}
	}
}

// Would catch a document that prints every line of a long statement, and one that leaves those
// out of the attachment that it does not print.
func TestLongStatementIsCut(t *testing.T) {
	t.Parallel()
	pages := func(document []byte) int {
		return len(regexp.MustCompile(`/Type /Page\n`).FindAll(document, -1))
	}
	h := head(pdf.English)
	h.Most = 200
	full, _ := made(t, h, 200)
	document, raw := made(t, h, 600)
	if n, most := pages(document), pages(full); n > most+1 || n < 3 {
		t.Errorf("%d pages, and %d for the lines that are printed", n, most)
	}
	if !bytes.Equal(attached(t, document), raw) {
		t.Error("the attachment lacks lines")
	}
}

// Would catch an account or a kind of transfer that has no name in Chinese, and two kinds that
// have the same.
func TestChineseNamesEverything(t *testing.T) {
	t.Parallel()
	seen := make(map[string]string)
	check := func(code string) {
		name := pdf.ChineseName(code)
		if name == "" {
			t.Errorf("%s has no name", code)
		}
		if other := seen[name]; other != "" && other != code {
			t.Errorf("%s and %s are both called %s", code, other, name)
		}
		seen[name] = code
	}
	for _, p := range ledger.Purposes() {
		check(string(p))
	}
	for _, k := range ledger.Kinds() {
		check(string(k))
	}
}
