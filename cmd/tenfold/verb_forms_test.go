package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/tenfold-claims/tenfold/internal/money"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a line that cannot be named on the command line, or is taken for another.
func TestLinesAreNamedByTheirIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"m1/l1": "l1", "m1/2026/77": "2026%2F77", "m1/订单7": "%E8%AE%A2%E5%8D%957", "m1/50%": "50%25",
		"merchants/m1/orderLines/l1": "l1", "merchants/m1/orderLines/2026%2F77": "2026%2F77",
	} {
		if got, err := lineText(text); err != nil || got != "merchants/m1/orderLines/"+want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "l1", "m1/", "/l1", "m 1/l1", "merchants/m1", "merchants/m1/l1", "merchants/m1/orderLines/", "merchants/m1/orderLines/2026/77"} {
		if got, err := lineText(text); err == nil || len(err.Error()) > 300 {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
}

// Would catch an amount that is off by a digit, and one that is rounded or guessed.
func TestAmountsAreExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"12.34CNY": 1234, "12.34 CNY": 1234, "12CNY": 1200, "0.01CNY": 1, "1,234.50 CNY": 123450, "1234.50CNY": 123450, "500JPY": 500,
		"90071992547409.93CNY": 9007199254740993, "0000012.00CNY": 1200,
	} {
		if want > int64(money.MaxAmount) {
			if _, err := amountOf(text); err == nil {
				t.Errorf("%s is taken", text)
			}
			continue
		}
		got, err := amountOf(text)
		if err != nil || got.GetMinorUnits() != want {
			t.Errorf("%s is %v, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "12.34", "CNY", "12.3CNY", "12.345CNY", "1.5JPY", "-1.00CNY", "+1.00CNY", "0CNY", "0.00CNY", "1e3CNY", "12,34CNY", "1,2345.00CNY",
		".50CNY", "12.CNY", "12.34cny", "12.34  CNY", "１２CNY", "99999999999999999999CNY", "10000000000000.01CNY", strings.Repeat("9", 5000) + "CNY", "12.34CNY\n",
	} {
		if got, err := amountOf(text); err == nil || len(err.Error()) > 250 {
			t.Errorf("%.40q is %v, %.300v", text, got, err)
		}
	}
}

// Would catch a time in another zone than that of the screen, and a duration that is no such.
func TestTimesAndDurations(t *testing.T) {
	t.Parallel()
	place, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for _, text := range []string{"2026-03-02T09:00:00Z", "2026-03-02 17:00", "2026-03-02 17:00:00", "2026-03-02 17:00:00 +08:00", "2026-03-02T10:00:00+01:00"} {
		if got, err := timeOf(text, place); err != nil || !got.AsTime().Equal(want) {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "now", "2026-03-02", "2026-02-30 17:00", "2026-03-02T09:00:00", strings.Repeat("2", 999)} {
		if got, err := timeOf(text, place); err == nil || len(err.Error()) > 250 {
			t.Errorf("%.30q is %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]time.Duration{"7d": 168 * time.Hour, "36h": 36 * time.Hour, "1d12h": 36 * time.Hour, "90m": 90 * time.Minute} {
		if got, err := durationOf(text); err != nil || got.AsDuration() != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "7", "d", "-1d", "1w", "7d7", "999999d", "9999999999999999h", "1d-1h"} {
		if got, err := durationOf(text); err == nil {
			t.Errorf("%q is %v", text, got.AsDuration())
		}
	}
}

// Would catch units that a person did not name.
func TestOrdinals(t *testing.T) {
	t.Parallel()
	got, err := ordinalsOf("1,3-5, 9")
	if err != nil || len(got) != 5 || got[1] != 3 || got[3] != 5 || got[4] != 9 {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{"", "0", "1,", "3-1", "1-10001", "1,1", "1-3,2", "a", "-1", "1--2", "1-4000000000", strings.Repeat("1,", 3000)} {
		if got, err := ordinalsOf(text); err == nil || len(err.Error()) > 250 {
			t.Errorf("%.30q is %d units, %v", text, len(got), err)
		}
	}
}

// Would catch a text of a stranger that a spreadsheet runs, an amount that it does not compute
// with, and a table whose header depends on its rows.
func TestSheetsAreHarmless(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1+2": "'-1+2", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "＝1": "'＝1", "-12.50": "-12.50", "12.50": "12.50",
		"wallet-1": "wallet-1", "": "", "a=1": "a=1",
	} {
		if got := harmless(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"\x1b[2Jgone": "\uFFFD[2Jgone", "a\rb": "a\uFFFDb", "\u202Eabc": "\uFFFDabc", "a\nb": "a\nb", "假货 é": "假货 é", "\x1b[32myes\x1b[0m": "\x1b[32myes\x1b[0m",
		"\x1b[32myes\x1b[2J\x1b[0m": "\uFFFD[32myes\uFFFD[2J\uFFFD[0m",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q prints as %q, want %q", text, got, want)
		}
	}
	var w bytes.Buffer
	o := &output{w: &w, format: formatCSV, lists: true}
	sheet := o.newTable("", column{title: "Note"}, column{"Amount", true}, column{"Rest", true})
	sheet.currency = true
	o.render(sheet)
	sheet.AppendRow(table.Row{"=cmd|' /C calc'!A0", sumCell{&tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: -123456}}, sumCell{}})
	o.render(sheet)
	const want = "Note,Amount,Rest,Currency\nNote,Amount,Rest,Currency\n'=cmd|' /C calc'!A0,-1234.56,,CNY\n"
	if w.String() != want || o.failed != nil {
		t.Errorf("%q, %v; want %q", w.String(), o.failed, want)
	}
}

// Would catch states that all look alike on a terminal, and colours that change what is
// written.
func TestStatesHaveColours(t *testing.T) {
	t.Parallel()
	seen := map[text.Color]bool{}
	for state, colour := range stateColours {
		seen[colour] = true
		if got := text.StripEscape(stateColour(state)); got != state {
			t.Errorf("%s is written %q", state, got)
		}
	}
	if len(seen) != 3 {
		t.Errorf("states have %d colours", len(seen))
	}
	if got := stateColour("PAYING"); got != "PAYING" {
		t.Errorf("a state without a colour is written %q", got)
	}
	var out strings.Builder
	printClaims(&output{w: &out}, &tenfoldv1.ListClaimsResponse{Claims: []*tenfoldv1.Claim{{ClaimId: "C1", State: tenfoldv1.ClaimState_CLAIM_STATE_PAID}}})
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("a file is coloured: %q", out.String())
	}
}
