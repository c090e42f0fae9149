package rulefile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
)

// sound is a policy file without a fault.
const sound = `policy: promise-tenfold
version: 2
title: Fake one pays ten
legal_basis: PROMISE
currency: CNY
effective_from: 2027-01-01
multiplier: 10
base_components: [GOODS_PAID]
refund_mode: ON_TOP
refund_components: [GOODS_PAID, SHIPPING]
earlier_refunds: GROSS
source_order: [DEPOSIT, SHOP_FUNDS, PLATFORM_ADVANCE]
advance_limit: 10,000.00
advance_limit_per_merchant: 50000
approval_over: 10000.5
minimum_deposit: 1000
windows:
  claim: 365 days
  knowledge: 1096 days
  result: 15 working days
  review: 72 hours
  notice_delivery: 2 days
  notice: 1 working day
  grouping: 90 days
`

// Would catch a value of a file that is read as another one.
func TestPolicyFileIsRead(t *testing.T) {
	t.Parallel()
	p, err := rulefile.ReadPolicy("next.yaml", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Seeds()[0]
	want.Number, want.FixedPromise, want.PublishedAt = 2, "", time.Time{}
	want.ApprovalOver = 10_000_50
	want.EffectiveFrom = time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC)
	want.Windows.Result, want.Windows.Notice = policy.WorkingDays(15), policy.WorkingDays(1)
	if diff := cmp.Diff(want, p.Version); diff != "" {
		t.Errorf("it is read as another (-want +got):\n%s", diff)
	}
}

// Would catch a term that is lost, or changed, between a version and its file.
func TestPolicyFileHoldsEveryTerm(t *testing.T) {
	t.Parallel()
	full := policy.Seeds()[0]
	full.Title, full.Categories = "“十倍”: a title, with #signs", nil
	full.Multiplier, full.Floor, full.Cap = money.Ratio{Num: 5, Den: 2}, 5, 1_234_567_89
	full.BaseComponents = []policy.Component{policy.GoodsPaid, policy.SellerDiscount, policy.PlatformSubsidy, policy.Shipping}
	full.AbnormalFactor, full.AbnormalOver, full.ReconsiderationsMax = 3, 1, 10
	full.ReversalBorneBy, full.AuthenticationFee = policy.BorneConsumer, policy.FeeSplit
	full.ProtectedShare, full.ClauseDigest = money.Ratio{Num: 1, Den: 10}, strings.Repeat("0f", 32)
	full.Consequences = policy.Consequences{
		NotOurProduct: policy.Tenfold, GrayMarket: policy.Review, Tampered: policy.Tenfold, Altered: policy.Review,
		NotAsDescribed: policy.Review, Inconclusive: policy.RefundPath,
	}
	w := &full.Windows
	w.Result, w.Review, w.NoticeDelivery, w.Notice = policy.WorkingDays(1), policy.Lasting(time.Second), policy.Lasting(90*time.Minute), policy.WorkingDays(7)
	w.Panel, w.Approval, w.TopUp, w.Hold = policy.WorkingDays(9), policy.Lasting(25*time.Hour), policy.WorkingDays(5), 60*24*time.Hour
	w.ExitQuarantine, w.Funds, w.NoticeDeemed = 31*24*time.Hour, policy.WorkingDays(8), policy.Lasting(16*24*time.Hour)
	w.Reconsideration = policy.WorkingDays(12)
	yen := policy.Seeds()[1]
	yen.Currency, yen.Floor, yen.Title = "JPY", 1_000, "null"
	for _, v := range append(policy.Seeds(), full, yen, policy.WithoutLimits()[2]) {
		content, err := rulefile.WritePolicy(&v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := rulefile.ReadPolicy("written.yaml", content)
		if err != nil {
			t.Fatalf("%v\n%s", err, content)
		}
		v.PublishedAt = time.Time{}
		if diff := cmp.Diff(v, got.Version); diff != "" {
			t.Errorf("%s comes back as another (-want +got):\n%s\n%s", v.Title, diff, content)
		}
	}
	full.Windows.Hold = time.Millisecond
	if content, err := rulefile.WritePolicy(&full); err == nil {
		t.Errorf("a hold of a millisecond is written as\n%s", content)
	}
}

// Would catch a fault of a policy file that is not told, is told at another line, hides the
// others, or repeats a large value.
func TestFaultsOfPolicyFiles(t *testing.T) {
	t.Parallel()
	set := func(changes ...string) string {
		content := sound
		for i := 0; i < len(changes); i += 2 {
			if !strings.Contains(content, changes[i]) {
				t.Fatalf("%q is not in the file", changes[i])
			}
			content = strings.Replace(content, changes[i], changes[i+1], 1)
		}
		return content
	}
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"empty":               {"", []string{`f: the file is empty`}},
		"comments alone":      {"# nothing\n", []string{`f: the file is empty`}},
		"a list":              {"- a\n", []string{`f:1: the file must hold the keys of a policy`}},
		"no YAML":             {"policy: [\ntitle: x\n", []string{`f:2: did not find expected ',' or ']'`}},
		"two documents":       {sound + "---\npolicy: x\n", []string{`f:25: the file must hold one document`}},
		"too large":           {strings.Repeat("#", 1<<20+1), []string{`f: the file has more than 1048576 bytes`}},
		"an unknown key":      {set("approval_over", "aproval_over"), []string{`f:15: "aproval_over" is no key of a policy`}},
		"an unknown window":   {set("  notice:", "  notices:"), []string{`f:18: windows.notice is missing`, `f:23: "notices" is no key of a policy below windows`}},
		"a key twice":         {set("version: 2", "version: 2\nversion: 3"), []string{`f:3: "version" is set twice`}},
		"an anchor":           {set("title: Fake", "title: &t Fake"), []string{`f:1: title is missing`, `f:3: a key must be a plain word, and a value must be written out`}},
		"floor above the cap": {set("refund_mode", "floor: 2\ncap: 1.99\nrefund_mode"), []string{`f:10: cap: the cap of 199 must not be below the floor of 200`}},
		"cap before floor":    {set("refund_mode", "cap: 1.99\nfloor: 2\nrefund_mode"), []string{`f:9: cap: the cap of 199 must not be below the floor of 200`}},
		"another basis": {set("PROMISE", "GOODWILL"), []string{
			`f:4: legal_basis: the legal basis must be PROMISE, FOOD_SAFETY_148 or CONSUMER_PROTECTION_55`,
			`f:16: minimum_deposit: only a promise for all categories can hold terms of the merchant`,
		}},
		"everything at once": {
			set("version: 2", "version: two", "currency: CNY", "currency: yuan", "2027-01-01", "next year", "multiplier: 10", "multiplier: 2.5",
				"[GOODS_PAID]\nrefund_mode", "[GOODS]\nrefund_mode", "10,000.00", "10,00", "advance_limit_per_merchant: 50000", "advance_limit_per_merchant: -1",
				"10000.5", "10000.555", "claim: 365 days", "claim: 365 working days", "72 hours", "3 fortnights", "notice_delivery: 2 days", "notice_delivery: 0 days",
				"grouping: 90 days", "grouping: 99999 days", "1 working day", "3000 working days"),
			[]string{
				`f:2: a whole number must stand here, not "two"`,
				`f:5: currency_code: a currency must be an ISO 4217 code of three capital letters`,
				`f:6: effective_from must be a date such as 2027-01-01, or a time such as 2027-01-01T00:00:00+08:00, not "next year"`,
				`f:7: a whole number or a fraction such as 5/2 must stand here, not "2.5"`,
				`f:8: base_components[0]: the entry must be one of [GOODS_PAID SELLER_DISCOUNT PLATFORM_SUBSIDY SHIPPING]`,
				`f:13: an amount such as 10,000.00 must stand here, not "10,00"`,
				`f:14: an amount such as 10,000.00 must stand here, not "-1"`,
				`f:15: an amount such as 10,000.00 must stand here, not "10000.555"`,
				`f:18: this period cannot be given in working days`,
				`f:21: a period such as 7 days, 36 hours or 5 working days must stand here, not "3 fortnights"`,
				`f:22: the period must be longer than nothing; leave the key out where it may be missing`,
				`f:23: windows.notice: the window must be at most 2500 working days`,
				`f:24: windows.grouping: the window must be positive and at most 87660 hours`,
			},
		},
		"nothing but a name": {"policy: p q\n", []string{
			`f:1: policy must be 1 to 64 letters, digits, dashes or underscores, not "p q"`,
			`f:1: version is missing`, `f:1: title is missing`, `f:1: legal_basis is missing`, `f:1: currency is missing`, `f:1: effective_from is missing`,
			`f:1: multiplier is missing`, `f:1: base_components is missing`, `f:1: refund_mode is missing`, `f:1: earlier_refunds is missing`,
			`f:1: source_order is missing`, `f:1: windows is missing`,
		}},
		"values of another kind": {set("title: Fake one pays ten", "title: [a]", "[GOODS_PAID]\nrefund_mode", "GOODS_PAID\nrefund_mode", "windows:\n", "windows: 3\nx:\n"), []string{
			`f:3: a single value must stand here`, `f:8: a list must stand here, such as [A, B]`, `f:17: windows must hold periods by their names`,
			`f:18: "x" is no key of a policy`,
		}},
		"a refund of nothing": {set("refund_components: [GOODS_PAID, SHIPPING]\n", ""), []string{
			`f: refund_components: refund mode ON_TOP needs at least one refund component`,
		}},
		"a large value": {set("10000.5", strings.Repeat("9", 400)), []string{
			`f:15: the amount "9999999999999999999999999999999999999999…" is larger than the largest, 10,000,000,000,000.00`,
		}},
		"a long period":      {set("365 days", "999999999 days"), []string{`f:18: the period "999999999 days" is too long`}},
		"nothing":            {set("title: Fake one pays ten", "title:"), []string{`f:3: a single value must stand here`}},
		"too fine an amount": {set("10000.5", "1.005"), []string{`f:15: an amount of CNY such as 10,000.00 must stand here, not "1.005"`}},
		"no amount":          {set("10000.5", "0.00"), []string{`f:15: the amount must be above zero; leave the key out where there is none`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := rulefile.ReadPolicy("f", []byte(c.content))
			if err == nil {
				t.Fatalf("read as %+v", p.Version)
			}
			if diff := cmp.Diff(c.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("told otherwise (-want +got):\n%s", diff)
			}
		})
	}
}

// Would catch a refusal of the server that is told at another line than that of its field.
func TestRefusalsAreToldAtTheirLines(t *testing.T) {
	t.Parallel()
	p, err := rulefile.ReadPolicy("f", []byte(sound))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"policy_version.name":           "f:2: name: no",
		"policy_version.effective_from": "f:6: effective_from: no",
		"policy_version.windows.notice": "f:23: windows.notice: no",
		"policy_version.windows.panel":  "f:17: windows.panel: no",
		"policy_version.categories[3]":  "f: categories[3]: no",
		"note":                          "f: note: no",
	} {
		if got := p.At(field, "no").Error(); got != want {
			t.Errorf("%s is told as %q, want %q", field, got, want)
		}
	}
}

// Would catch a calendar file of either form that is read wrongly.
func TestCalendarFileIsRead(t *testing.T) {
	t.Parallel()
	want := []calendar.Day{
		{Date: calendar.Date{Year: 2027, Month: time.January, Day: 1}, Kind: calendar.Holiday, Name: "New Year"},
		{Date: calendar.Date{Year: 2027, Month: time.February, Day: 6}, Kind: calendar.Working, Name: "made up for, by, and by"},
	}
	for file, content := range map[string]string{
		"c.csv":  "\ufeffdate,kind,name\r\n2027-02-06,working,\"made up for, by, and by\"\r\n 2027-01-01 , HOLIDAY,New Year\r\n",
		"c.CSV":  "date,kind,name\n2027-01-01,Holiday,New Year\n\n2027-02-06,WORKING,\"made up for, by, and by\"",
		"c.yaml": "- {date: 2027-02-06, kind: WORKING, name: 'made up for, by, and by'}\n- date: 2027-01-01\n  kind: holiday\n  name: New Year\n",
	} {
		got, err := rulefile.ReadCalendar(file, []byte(content))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v, read as another (-want +got):\n%s", file, err, diff)
		}
	}
}

// Would catch a fault of a calendar file that is not told, or told at another line, and a
// file of which a part is taken.
func TestFaultsOfCalendarFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, content string
		want          []string
	}{
		"empty":          {"f.csv", "", []string{`f.csv: the file holds no days`}},
		"a header alone": {"f.csv", "date,kind,name\n", []string{`f.csv: the file holds no days`}},
		"no header":      {"f.csv", "2027-01-01,HOLIDAY,New Year\n", []string{`f.csv:1: the first line must be date,kind,name`}},
		"a broken quote": {"f.csv", "date,kind,name\n2027-01-01,HOLIDAY,\"New Year\n", []string{`f.csv:2: extraneous or missing " in quoted-field`}},
		"everything at once": {"f.csv", "date,kind,name\n2027-02-29,HOLIDAY,a\n2027-01-01,FEAST,a\n2027-01-01,HOLIDAY,\n2027-01-02,HOLIDAY\n1999-01-01,HOLIDAY,a\n27-1-1,HOLIDAY,a\n", []string{
			`f.csv:2: date must be a day of this century such as 2027-02-06, not "2027-02-29"`,
			`f.csv:3: kind must be HOLIDAY or WORKING, not "FEAST"`,
			`f.csv:4: 2027-01-01 is set twice, first in line 3`,
			`f.csv:4: name must have 1 to 100 characters, not 0`,
			`f.csv:5: a line must have 3 values, not 2`,
			`f.csv:6: date must be a day of this century such as 2027-02-06, not "1999-01-01"`,
			`f.csv:7: date must be a day of this century such as 2027-02-06, not "27-1-1"`,
		}},
		"empty YAML":               {"f.yaml", "", []string{`f.yaml: the file is empty`}},
		"a faulty second document": {"f.yaml", "- {date: 2027-01-01, kind: HOLIDAY, name: a}\n---\n[", []string{`f.yaml:3: did not find expected node content`}},
		"no list":                  {"f.yaml", "date: 2027-01-01\n", []string{`f.yaml:1: the file must hold a list of days, each with date, kind and name`}},
		"no days":                  {"f.yaml", "[]\n", []string{`f.yaml: the file holds no days`}},
		"YAML at once": {"f.yaml", "- 2027-01-01\n- {date: 2027-01-01, kind: HOLIDAY}\n- {date: 2027-01-01}\n- {dates: 2027-01-01, kind: HOLIDAY, name: a}\n- {date: [1], kind: HOLIDAY, name: a}\n", []string{
			`f.yaml:1: a day must hold date, kind and name`, `f.yaml:2: the day lacks name`, `f.yaml:3: the day lacks kind and name`,
			`f.yaml:4: "dates" is no key of a day`, `f.yaml:5: a single value must stand here`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			days, err := rulefile.ReadCalendar(c.file, []byte(c.content))
			if err == nil || days != nil {
				t.Fatalf("read as %v, %v", days, err)
			}
			if diff := cmp.Diff(c.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("told otherwise (-want +got):\n%s", diff)
			}
		})
	}
	many := "date,kind,name\n"
	for d := (calendar.Date{Year: 2027, Month: time.January, Day: 1}); d.Year < 2029; d = d.Next() {
		many += d.String() + ",HOLIDAY,a\n"
	}
	if _, err := rulefile.ReadCalendar("f.csv", []byte(many)); err == nil || err.Error() != "f.csv: the file holds 731 days; at most 400 can be set at once" {
		t.Errorf("two years at once: %v", err)
	}
}
