package formats

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// proved reads bytes and proves what must hold of every report.
func proved(t *testing.T, raw []byte, o Options) {
	var lines []Line
	r, err := Read(bytes.NewReader(raw), int64(len(raw)), o, func(l *Line) { lines = append(lines, *l) })
	if err != nil {
		t.Fatalf("bytes in memory could not be read: %v", err)
	}
	var in, out money.Amount
	for _, l := range lines {
		if l.Status == Done {
			in, out = in+max(l.Amount, 0), out+max(-l.Amount, 0)
		}
		if l.Kind == "" || l.Status == "" || l.Currency == "" || !plausible(l.At) || l.Place < 1 || max(l.Amount, -l.Amount) > money.MaxAmount {
			t.Fatalf("a line without its facts: %+v", l)
		}
		for _, number := range []string{l.OutNumber, l.Reference, l.Original, l.OriginalOut, l.OrderID} {
			if len(number) > numberMax || number != "" && (!printableASCII(number) || isFormula(number)) {
				t.Fatalf("a number that is none: %q", number)
			}
		}
	}
	if r.Lines != len(lines) || r.In != in || r.Out != out {
		t.Fatalf("the report says %d lines, %d and %d; they are %d, %d and %d", r.Lines, r.In, r.Out, len(lines), in, out)
	}
	if r.Whole() != (r.Proof != "") {
		t.Fatalf("whole %t, and proved by %q", r.Whole(), r.Proof)
	}
	for _, p := range slices.Concat(r.Problems, r.Notices) {
		if len(p.String()) > 1200 || !utf8.ValidString(p.String()) {
			t.Fatalf("a problem of %d bytes", len(p.String()))
		}
	}
}

// fuzzed gives the samples of formats, changed in the ways of the tests, to a fuzz test.
func fuzzed(f *testing.F, add func(raw []byte, format Format), of ...Format) {
	byFormat := make(map[Format]sample)
	for _, s := range samples(f) {
		byFormat[s.format] = s
		if slices.Contains(of, s.format) {
			add(s.raw, s.format)
		}
	}
	for _, c := range changes() {
		raw := byFormat[c.format].raw
		if c.format == AlipayTrade || c.format == AlipayAccount {
			raw = []byte(decoded(raw))
		}
		if edited := c.edit(string(raw)); slices.Contains(of, c.format) && len(edited) < 8<<10 {
			add([]byte(edited), c.format)
		}
	}
}

// Would catch bytes that stop the reader of a bill or list, or are taken for lines that they
// are not.
func FuzzBills(f *testing.F) {
	all := []Format{WeChatTrade, WeChatFundFlow, AlipayTrade, AlipayAccount, Compensation}
	fuzzed(f, func(raw []byte, format Format) { f.Add(raw, byte(slices.Index(all, format))) }, all...)
	f.Fuzz(func(t *testing.T, raw []byte, which byte) {
		proved(t, raw, Options{Format: all[int(which)%len(all)], Day: day})
	})
}

// Would catch XML that stops the reader of statements, or makes it wait.
func FuzzStatements(f *testing.F) {
	fuzzed(f, func(raw []byte, _ Format) { f.Add(raw) }, Camt053)
	f.Fuzz(func(t *testing.T, raw []byte) { proved(t, raw, Options{Format: Camt053, Account: account}) })
}

// Would catch a table or a mapping that stops the reader of tables.
func FuzzTables(f *testing.F) {
	fuzzed(f, func(raw []byte, _ Format) { f.Add(raw, "amount", "2006-01-02 15:04:05", ",", false) }, CSV)
	f.Add([]byte("a;b\n1;2026\n"), "a", "2006", ";", true)
	f.Fuzz(func(t *testing.T, raw []byte, amount, form, separator string, minor bool) {
		m := tableMapping()
		m.Amount, m.TimeForm, m.Separator, m.Minor = amount, form, separator, minor
		proved(t, raw, Options{Format: CSV, Mapping: m, Told: &Told{Lines: 4, Sum: 10001}})
	})
}

// Would catch an archive that stops the reader, or unpacks to more than its bound.
func FuzzArchives(f *testing.F) {
	s := samples(f)[0]
	f.Add(gzipped(f, s.raw))
	f.Add(zipped(f, s.raw))
	f.Add(zipped(f, []byte("#支付宝业务汇总查询\r\n"), s.raw))
	f.Fuzz(func(t *testing.T, raw []byte) { proved(t, raw, Options{}) })
}
