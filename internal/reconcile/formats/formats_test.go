package formats

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
)

const account = "1900000001"

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, china)

// sample is a small file of a format with the lines that it tells of.
type sample struct {
	format Format
	raw    []byte
	lines  []Line
	// told are the totals that the format does not have itself.
	told *Told
}

func (s *sample) options() Options {
	o := Options{Format: s.format, Day: day, Told: s.told}
	if s.format == CSV {
		o.Mapping = tableMapping()
	}
	return o
}

func tableMapping() *Mapping {
	return &Mapping{
		OutNumber: "number", Reference: "reference", Original: "paid", OrderID: "order", Amount: "amount", Currency: "CNY",
		Time: "when", TimeForm: time.DateTime, Zone: "Asia/Shanghai", Status: "status",
		Statuses: map[string]Status{"paid": Done, "under way": Processing, "refused": Failed},
	}
}

// entries are movements that every format can tell of: a payment, a transfer, what came back of
// one, and refunds.
func entries(refunds bool) []formatstest.Entry {
	at := day.Add(10 * time.Hour)
	all := []formatstest.Entry{
		{Minor: 10000, At: at, OutNumber: "T1", Reference: "4200000001", OrderID: "O1", Name: "糖,盐 14寸\"屏\"", Word: "交易"},
		{Minor: 1, At: at.Add(time.Minute), OutNumber: "T2", Reference: "4200000002", OrderID: "O2", Name: "=SUM(1)", Word: "交易"},
	}
	if refunds {
		return append(all,
			formatstest.Entry{Minor: -5000, At: at.Add(time.Hour), OutNumber: "R1", Reference: "5030000001", Original: "4200000001", OriginalOut: "T1", OrderID: "O1", Refund: true},
			formatstest.Entry{Minor: -1, At: at.Add(2 * time.Hour), OutNumber: "R2", Reference: "5030000002", Original: "4200000002", OriginalOut: "T2", OrderID: "O2", Refund: true, Status: "PROCESSING"})
	}
	return append(all,
		formatstest.Entry{Minor: -5000, At: at.Add(time.Hour), OutNumber: "P1", Reference: "6000000001", OrderID: "O1"},
		formatstest.Entry{Minor: 5000, At: at.Add(2 * time.Hour), OutNumber: "P1", Reference: "6000000002", OrderID: "O1", Word: "转账退回"})
}

func written(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// samples are files of all formats.
func samples(t testing.TB) []sample {
	t.Helper()
	refunds, transfers := entries(true), entries(false)
	line := func(e *formatstest.Entry, kind Kind, edit func(*Line)) Line {
		l := Line{Kind: kind, Status: Done, Amount: money.Amount(e.Minor), Currency: "CNY", At: e.At, OutNumber: e.OutNumber, Reference: e.Reference}
		if edit != nil {
			edit(&l)
		}
		return l
	}
	refund := func(e *formatstest.Entry, edit func(*Line)) Line {
		l := line(e, Refund, edit)
		l.Original, l.OriginalOut = e.Original, e.OriginalOut
		return l
	}
	flow := []Line{
		line(&transfers[0], Payment, nil), line(&transfers[1], Payment, nil), line(&transfers[2], Transfer, nil), line(&transfers[3], Return, nil),
	}
	statement := slices.Clone(transfers)
	statement[3].Word = "return"
	bank := slices.Clone(flow)
	bank[0].Kind, bank[1].Kind = Other, Other
	table := slices.Clone(bank)
	table[3].Kind = Other
	for i := range table {
		table[i].OrderID = transfers[i].OrderID
	}
	var deductions []Line
	for _, e := range transfers {
		deductions = append(deductions, Line{Kind: Deduction, Status: Done, Amount: money.Amount(e.Minor), Currency: "CNY", At: e.At, OrderID: e.OrderID})
	}
	no := func(*Line) {}
	return []sample{
		{format: WeChatTrade, raw: written(t, func(w io.Writer) error { return formatstest.WeChatTrade(w, account, slices.Values(refunds)) }),
			lines: []Line{line(&refunds[0], Payment, nil), line(&refunds[1], Payment, nil), refund(&refunds[2], no), refund(&refunds[3], func(l *Line) { l.Status = Processing })}},
		{format: WeChatFundFlow, raw: written(t, func(w io.Writer) error { return formatstest.WeChatFundFlow(w, slices.Values(transfers)) }), lines: flow},
		{format: AlipayTrade, raw: written(t, func(w io.Writer) error { return formatstest.AlipayTrade(w, account, day, slices.Values(refunds)) }),
			lines: []Line{line(&refunds[0], Payment, nil), line(&refunds[1], Payment, nil),
				refund(&refunds[2], func(l *Line) { l.Reference = "" }), refund(&refunds[3], func(l *Line) { l.Reference = "" })}},
		{format: AlipayAccount, raw: written(t, func(w io.Writer) error { return formatstest.AlipayAccount(w, account, day, slices.Values(transfers)) }),
			lines: []Line{line(&transfers[0], Payment, nil), line(&transfers[1], Payment, nil), flow[2], flow[3]}},
		{format: Compensation, raw: written(t, func(w io.Writer) error { return formatstest.Compensation(w, slices.Values(transfers)) }),
			lines: deductions, told: &Told{Lines: 4, Sum: 10001}},
		{format: Camt053, raw: written(t, func(w io.Writer) error { return formatstest.Camt053(w, "08", account, slices.Values(statement)) }), lines: bank},
		{format: CSV, raw: written(t, func(w io.Writer) error { return formatstest.Table(w, slices.Values(transfers)) }), lines: table,
			told: &Told{Lines: 4, Sum: 10001}},
	}
}

func read(t testing.TB, raw []byte, o Options) (*Report, []Line) {
	t.Helper()
	var lines []Line
	r, err := Read(bytes.NewReader(raw), int64(len(raw)), o, func(l *Line) { lines = append(lines, *l) })
	if err != nil {
		t.Fatal(err)
	}
	return r, lines
}

var likeTold = cmp.Options{cmpopts.IgnoreUnexported(Line{}), cmpopts.IgnoreFields(Line{}, "Place"), cmpopts.EquateApproxTime(0)}

// Would catch a format that is read as another, a sign, a unit, a time or a number that is
// lost on the way, and a name with a separator that shifts the values behind it.
func TestEveryFormatIsReadBack(t *testing.T) {
	t.Parallel()
	seen := make(map[Format]bool)
	for _, s := range samples(t) {
		seen[s.format] = true
		for _, packed := range []struct {
			name string
			raw  []byte
		}{{"", s.raw}, {"gzip", gzipped(t, s.raw)}, {"zip", zipped(t, s.raw)}} {
			o := s.options()
			if s.format != CSV {
				o.Format = "" // It is recognised.
			}
			r, lines := read(t, packed.raw, o)
			if !r.Whole() || r.Format != s.format || r.Packed != packed.name || r.Proof == "" || r.Lines != len(s.lines) {
				t.Errorf("%s %s: %+v", s.format, packed.name, r)
			}
			if diff := cmp.Diff(s.lines, lines, likeTold); diff != "" {
				t.Errorf("%s %s: %s", s.format, packed.name, diff)
			}
		}
	}
	for _, f := range Formats() {
		if !seen[f] {
			t.Errorf("no file of %s was read", f)
		}
	}
}

func gzipped(t testing.TB, raw []byte) []byte {
	t.Helper()
	return written(t, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		if _, err := z.Write(raw); err != nil {
			return err
		}
		return z.Close()
	})
}

func zipped(t testing.TB, all ...[]byte) []byte {
	t.Helper()
	return written(t, func(w io.Writer) error {
		z := zip.NewWriter(w)
		for i, raw := range all {
			f, err := z.Create(strings.Repeat("../", i) + "bill.csv")
			if err == nil {
				_, err = f.Write(raw)
			}
			if err != nil {
				return err
			}
		}
		return z.Close()
	})
}

// Would catch a file that counts as whole although its end, its middle or a line is missing, or
// although something is in it twice: half of a day would be imported as the day.
func TestNothingCutOrDoubledIsWhole(t *testing.T) {
	t.Parallel()
	for _, s := range samples(t) {
		whole := strings.TrimRight(string(s.raw), "\r\n")
		if s.format == Compensation || s.format == CSV {
			whole = string(s.raw) // The end of the last line is a part of these.
		}
		for cut := 0; cut < len(whole); cut++ {
			if cut < len(whole)-200 {
				cut += 6 // The ends of lines are cut below.
			}
			if r, _ := read(t, s.raw[:cut], s.options()); r.Whole() && !endsInTotals(s.format, whole[cut:]) {
				t.Errorf("%s: whole after %d of %d bytes, without %q", s.format, cut, len(whole), whole[cut:])
			}
		}
		lines := strings.SplitAfter(string(s.raw), "\n")
		for i, line := range lines {
			if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "<?xml") {
				continue
			}
			without := strings.Join(lines[:i], "") + strings.Join(lines[i+1:], "")
			if r, _ := read(t, []byte(without), s.options()); r.Whole() {
				t.Errorf("%s: whole without line %d, %q", s.format, i+1, line)
			}
			twice := strings.Join(lines[:i+1], "") + strings.Join(lines[i:], "")
			if r, _ := read(t, []byte(twice), s.options()); r.Whole() {
				t.Errorf("%s: whole with line %d twice, %q", s.format, i+1, line)
			}
		}
		if r, _ := read(t, append(slices.Clone(s.raw), s.raw...), s.options()); r.Whole() {
			t.Errorf("%s: whole although the file is in it twice", s.format)
		}
	}
}

// endsInTotals says that only the sum of discounts is missing, which is told beside the others.
func endsInTotals(f Format, missing string) bool {
	return f == AlipayTrade && decoded([]byte(missing)) == "，商家优惠退款共0.00元"
}

// Would catch an archive that is read although it is cut: its last lines would be missing.
func TestCutArchivesAreNotWhole(t *testing.T) {
	t.Parallel()
	s := samples(t)[0]
	for _, raw := range [][]byte{gzipped(t, s.raw), zipped(t, s.raw)} {
		for cut := 1; cut < len(raw); cut++ {
			if r, _ := read(t, raw[:cut], Options{Format: s.format}); r.Whole() {
				t.Fatalf("whole after %d of %d bytes of an archive", cut, len(raw))
			}
		}
		changed := slices.Clone(raw)
		for i := len(raw) / 3; i < len(raw)/2; i++ {
			changed[i] ^= 0x55
		}
		if r, _ := read(t, changed, Options{Format: s.format}); r.Whole() {
			t.Error("whole although bytes of the archive were changed")
		}
	}
}

// Would catch a version of the message that is not read, and another message that is.
func TestVersionsOfStatements(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"02": true, "04": true, "08": true, "14": true, "99": true, "8": false, "xx": false} {
		raw := written(t, func(w io.Writer) error {
			return formatstest.Camt053(w, version, account, slices.Values(entries(false)))
		})
		if r, lines := read(t, raw, Options{}); r.Whole() != want || want && len(lines) != 4 {
			t.Errorf("version %s: whole %t with %d lines, %v", version, r.Whole(), len(lines), r.Problems)
		}
	}
}

// Would catch a character for private use that is taken for a broken file, and one that is
// decoded as another.
func TestUserDefinedCharacters(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]rune{
		"\xaa\xa1": 0xe000, "\xaf\xfe": 0xe233, "\xf8\xa1": 0xe234, "\xfe\xfe": 0xe4c5, "\xa1\x40": 0xe4c6, "\xa7\xa0": 0xe765, "\xa1\x7e": 0xe504, "\xa1\x80": 0xe505,
		"\x82\x35\x95\x31": 0, "\xbd\xbb": '交',
	} {
		got, ok := fromGB18030(newGB18030(), []byte("a"+raw+"z"))
		if want == 0 {
			continue
		}
		if !ok || got != "a"+string(want)+"z" {
			t.Errorf("%x gives %q, %t; want %q", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"\xaa", "\x81\x30", "\xff\xff", "\x81\x30\x81"} {
		if got, ok := fromGB18030(newGB18030(), []byte("a"+raw)); ok {
			t.Errorf("%x gives %q", raw, got)
		}
	}
}

// failing is a store that breaks after some bytes.
type failing struct {
	raw  []byte
	from int64
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, io.ErrClosedPipe
	}
	return bytes.NewReader(f.raw).ReadAt(p, off)
}

// Would catch a store that fails while a file is read, and is told as a fault of the file.
func TestFailuresOfTheStoreAreErrors(t *testing.T) {
	t.Parallel()
	s := samples(t)[0]
	for _, raw := range [][]byte{s.raw, gzipped(t, s.raw), zipped(t, s.raw)} {
		for _, from := range []int64{0, 10} {
			if _, err := Read(&failing{raw, from}, int64(len(raw)), Options{}, nil); err == nil {
				t.Errorf("a store that fails after %d bytes gives no error", from)
			}
		}
	}
}
