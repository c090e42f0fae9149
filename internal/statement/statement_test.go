package statement_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/statement"
)

func line(external string) statement.Line {
	return statement.Line{
		Number: 1, Merchant: "m1", Transfer: 7, RecordedAt: time.Date(2026, 3, 2, 9, 0, 0, 1000, time.UTC),
		EffectiveAt: time.Date(2026, 3, 1, 8, 0, 0, 0, time.FixedZone("", 8*3600)), Kind: "DEPOSIT_TOPPED_UP", Debit: "SETTLEMENT_CLEARING",
		Credit: "DEPOSIT", Amount: 123_456_789, Currency: "CNY", DebitAfter: -5, CreditAfter: 123_456_789, External: external, Event: 3,
	}
}

// Would catch a raw statement whose bytes change, on which every digest that was given out rests.
func TestRawStatement(t *testing.T) {
	t.Parallel()
	l := line("a \"b\", 中")
	const want = "line,merchant,transfer,recorded_at,effective_at,kind,debit,credit,amount,currency,debit_balance,credit_balance,claim,order_id,order_line," +
		"revision,out_number,gateway_reference,external_reference,reverses,event\n" +
		"1,m1,7,2026-03-02T09:00:00.000001Z,2026-03-01T00:00:00.000000Z,DEPOSIT_TOPPED_UP,SETTLEMENT_CLEARING,DEPOSIT,1234567.89,CNY,-0.05,1234567.89," +
		",,,,,,\"a \"\"b\"\", 中\",,3\n"
	if got := string(statement.CSV(statement.Titles())) + string(statement.CSV(l.Cells())); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Would catch a digest that depends on where the pages of a statement end, or is not that of its
// bytes.
func TestDigestGoesOn(t *testing.T) {
	t.Parallel()
	all := bytes.NewBuffer(statement.CSV(statement.Titles()))
	d := statement.NewDigest()
	for i := range 100 {
		raw := []byte(strings.Repeat("x", i))
		all.Write(raw)
		d.Add(raw)
		state, err := d.State()
		if err != nil {
			t.Fatal(err)
		}
		if d, err = statement.Resumed(state); err != nil {
			t.Fatal(err)
		}
	}
	if want := sha256.Sum256(all.Bytes()); d.Sum() != hex.EncodeToString(want[:]) {
		t.Errorf("%s, want %x", d.Sum(), want)
	}
	if _, err := statement.Resumed([]byte("nonsense")); err == nil {
		t.Error("a digest goes on from nonsense")
	}
}

// Would catch a text that a spreadsheet takes for a formula, a number that becomes a text, and a
// cell that is lost: any text comes back as it was, but for one apostrophe.
func FuzzGuarded(f *testing.F) {
	for _, text := range []string{"=1+1", "+1", "-1", "@x", "\t=1", "|x", "＝１", "'", "", "plain", "%0A", "\r", "a=b", "=\"a\"\n,b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := line(text)
		cells := l.Cells()
		guarded := statement.Guarded(cells)
		for i, c := range statement.Columns() {
			cell := guarded[i]
			if c.Number && cell != cells[i] || strings.TrimPrefix(cell, "'") != strings.TrimPrefix(cells[i], "'") {
				t.Errorf("%q became %q", cells[i], cell)
			}
			if !c.Number && cell != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(cell)[0]) {
				t.Errorf("%q is a formula", cell)
			}
		}
		r := csv.NewReader(bytes.NewReader(statement.CSV(guarded)))
		r.LazyQuotes = false
		if back, err := r.Read(); err == nil && !strings.Contains(text, "\r") && !slices.Equal(back, guarded) {
			t.Errorf("%q came back as %q", guarded, back)
		} else if err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// Would catch a file whose lines come back other than they were written, or that is taken for a
// statement and is none.
func TestLinesComeBack(t *testing.T) {
	t.Parallel()
	lines := []statement.Line{line("a \"b\", 中\n=1"), {
		Number: 2, Merchant: "m-2", Transfer: 1 << 60, RecordedAt: time.Unix(0, 0), EffectiveAt: time.Unix(1, 0), Kind: "K", Debit: "D", Credit: "C",
		Amount: 5, Currency: "JPY", DebitAfter: -1 << 40, Claim: "c", Order: "o", OrderLine: "l", Revision: 3, OutNumber: "n", Channel: "g",
		External: "e", Reverses: 4, Event: 5,
	}}
	raw := statement.CSV(statement.Titles())
	for i := range lines {
		raw = append(raw, statement.CSV(lines[i].Cells())...)
	}
	r := statement.NewReader(bytes.NewReader(raw))
	for i := range lines {
		got, err := r.Next()
		if err != nil || !slices.Equal(got.Cells(), lines[i].Cells()) {
			t.Errorf("line %d came back as %+v, %v", i+1, got, err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("behind the last: %v", err)
	}
	for name, text := range map[string]string{
		"other columns": "line,merchant\n", "no number": strings.Replace(string(raw), "\n2,", "\ntwo,", 1), "cut off": string(raw[:len(raw)-20]),
	} {
		r := statement.NewReader(strings.NewReader(text))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if err == io.EOF {
			t.Errorf("%s is taken for a statement", name)
		}
	}
}
