package policy_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// leaves calls f with the path of each field of a struct that holds no struct of its
// own, and with the field.
func leaves(v reflect.Value, path string, f func(path string, field reflect.Value)) {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = v.Type().Field(i).Name
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		field := v.Field(i)
		if field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[time.Time]() {
			leaves(field, at, f)
			continue
		}
		f(at, field)
	}
}

// changed sets a field to another value.
func changed(t *testing.T, field reflect.Value) {
	t.Helper()
	switch {
	case field.Kind() == reflect.String:
		field.SetString(field.String() + "-OTHER")
	case field.CanInt():
		field.SetInt(field.Int() + 7)
	case field.Kind() == reflect.Slice:
		field.Set(reflect.Append(field, reflect.New(field.Type().Elem()).Elem()))
		field.Index(field.Len() - 1).SetString("OTHER")
	case field.Type() == reflect.TypeFor[time.Time]():
		field.Set(reflect.ValueOf(field.Interface().(time.Time).Add(time.Hour)))
	default:
		t.Fatalf("a field of kind %s cannot be changed here", field.Kind())
	}
}

// Would catch a term of a version that no comparison shows, so that approvers agree to
// a change of which they were not told.
func TestComparisonShowsEveryTerm(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"policy_id": true, "number": true, "published_at": true, "effective_from": true}
	before := *seeded(policy.Promise, func(v *policy.Version) { v.ProtectedShare = money.Ratio{Num: 1, Den: 2} })
	var count int
	leaves(reflect.ValueOf(&before).Elem(), "", func(path string, _ reflect.Value) {
		after := before
		after.Categories, after.SourceOrder = slices.Clone(before.Categories), slices.Clone(before.SourceOrder)
		leaves(reflect.ValueOf(&after).Elem(), "", func(at string, field reflect.Value) {
			if at == path {
				changed(t, field)
			}
		})
		found := policy.Differences(&before, &after)
		if names[path] != (len(found) == 0) {
			t.Errorf("another %s is told as %v", path, found)
		}
		count++
	})
	if count < 40 {
		t.Errorf("only %d fields were changed", count)
	}
}

// Would catch a default that is spelled out and told as a change.
func TestComparisonKnowsDefaults(t *testing.T) {
	t.Parallel()
	before := *seeded(policy.Promise)
	after := before
	w := &after.Windows
	w.Panel, w.Approval, w.TopUp = w.PanelSpan(), w.ApprovalSpan(), w.TopUpSpan()
	w.Hold, w.ExitQuarantine, w.Funds = w.HoldMax(), w.ExitQuarantineMin(), w.FundsSpan()
	w.NoticeDeemed, w.Reconsideration = w.NoticeDeemedSpan(), w.ReconsiderationSpan()
	after.ReversalBorneBy, after.AuthenticationFee, after.ReconsiderationsMax = after.ReversalBearer(), after.FeeRule(), policy.ReconsiderationsDefault
	if got := policy.Differences(&before, &after); len(got) != 0 {
		t.Errorf("told as %v", got)
	}
}

// told is a change in a line.
func told(changes []policy.Change) []string {
	var lines []string
	name := func(v *policy.Version) string {
		if v == nil {
			return "none"
		}
		return fmt.Sprintf("%s %d", v.PolicyID, v.Number)
	}
	for _, c := range changes {
		line := fmt.Sprintf("%s %s %q: %s to %s", c.Basis, c.Currency, c.Categories, name(c.Before), name(c.After))
		for _, term := range c.Terms {
			if term.Before != "" && term.After != "" {
				line += fmt.Sprintf("; %s %s to %s", term.Field, term.Before, term.After)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// Would catch a preview that misses a category that a version drops, one for which it
// comes before another policy, or one that other versions go on to govern; or that tells
// of terms which do not differ.
func TestPreviewTellsWhatChangesForWhich(t *testing.T) {
	t.Parallel()
	type V = policy.Version
	next := func(id string, change func(v *V)) V {
		seeds := policy.Seeds()
		v := seeds[slices.IndexFunc(seeds, func(v V) bool { return v.PolicyID == id })]
		v.Number = 2
		v.PublishedAt = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		v.EffectiveFrom = v.PublishedAt.AddDate(0, 0, 10)
		change(&v)
		return v
	}
	for name, c := range map[string]struct {
		version V
		want    []string
	}{
		"nothing but the number": {
			next("promise-tenfold", func(*V) {}), []string{`PROMISE CNY ["" "food"]: promise-tenfold 1 to promise-tenfold 2`},
		},
		"rate, cap and window": {
			next("promise-tenfold", func(v *V) {
				v.Multiplier.Num, v.Cap, v.Windows.Notice = 9, 5_000_00, policy.WorkingDays(5)
			}),
			[]string{`PROMISE CNY ["" "food"]: promise-tenfold 1 to promise-tenfold 2; multiplier 10 to 9; cap none to 5,000.00 CNY; ` +
				`windows.notice 7 days to 5 working days`},
		},
		"a category instead of all": {
			next("promise-tenfold", func(v *V) { v.Categories, v.MinimumDeposit = []string{"beauty"}, 0 }),
			[]string{
				`PROMISE CNY ["" "food"]: promise-tenfold 1 to none`,
				`PROMISE CNY ["beauty"]: promise-tenfold 1 to promise-tenfold 2; categories every category to beauty; minimum_deposit 1,000.00 CNY to none`,
			},
		},
		"another policy for some goods": {
			next("promise-tenfold", func(v *V) {
				v.PolicyID, v.Number, v.Categories, v.Multiplier.Num, v.MinimumDeposit = "promise-liquor", 1, []string{"food/liquor"}, 20, 0
			}),
			[]string{`PROMISE CNY ["food/liquor"]: promise-tenfold 1 to promise-liquor 1; categories every category to food/liquor; multiplier 10 to 20; ` +
				`minimum_deposit 1,000.00 CNY to none`},
		},
		"another policy for all goods comes first": {
			next("promise-tenfold", func(v *V) { v.PolicyID, v.Number, v.Multiplier.Num = "promise-other", 1, 2 }),
			[]string{`PROMISE CNY ["" "food"]: promise-tenfold 1 to promise-other 1; multiplier 10 to 2`},
		},
		"another currency": {
			next("promise-tenfold", func(v *V) { v.PolicyID, v.Number, v.Currency = "promise-usd", 1, "USD" }),
			[]string{`PROMISE USD [""]: none to promise-usd 1`},
		},
		"a floor of one category": {
			next("food-safety-148", func(v *V) { v.Floor = 2_000_00 }),
			[]string{`FOOD_SAFETY_148 CNY ["food"]: food-safety-148 1 to food-safety-148 2; floor 1,000.00 CNY to 2,000.00 CNY`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := c.version.Check(); err != nil {
				t.Fatal(err)
			}
			published := policy.NewVersions(policy.Seeds())
			if diff := cmp.Diff(c.want, told(published.Preview(&c.version))); diff != "" {
				t.Errorf("told otherwise (-want +got):\n%s", diff)
			}
			// A published version is compared with what was before it.
			if diff := cmp.Diff(c.want, told(policy.NewVersions(append(policy.Seeds(), c.version)).Preview(&c.version))); diff != "" {
				t.Errorf("told otherwise once it is published (-want +got):\n%s", diff)
			}
		})
	}
}

// Would catch a version without limits that counts as safe, and a limit that is asked
// for where it has no place.
func TestLackingLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version policy.Version
		want    []string
	}{
		"the seeds":                 {*seeded(policy.Promise), nil},
		"a statute":                 {*seeded(policy.ConsumerProtection55), nil},
		"nothing":                   {policy.WithoutLimits()[0], []string{"approval_over", "advance_limit_per_merchant", "minimum_deposit"}},
		"nothing of a statute":      {policy.WithoutLimits()[2], []string{"approval_over", "advance_limit_per_merchant"}},
		"no approval":               {*seeded(policy.Promise, func(v *policy.Version) { v.ApprovalOver = 0 }), []string{"approval_over"}},
		"no deposit":                {*seeded(policy.Promise, func(v *policy.Version) { v.MinimumDeposit = 0 }), []string{"minimum_deposit"}},
		"no deposit for some goods": {*seeded(policy.Promise, func(v *policy.Version) { v.MinimumDeposit, v.Categories = 0, []string{"food"} }), nil},
		"no bound for a merchant":   {*seeded(policy.Promise, func(v *policy.Version) { v.AdvanceLimitPerMerchant = 0 }), []string{"advance_limit_per_merchant"}},
		"no bound, but no advance":  {*seeded(policy.Promise, func(v *policy.Version) { v.AdvanceLimit, v.AdvanceLimitPerMerchant = 0, 0 }), nil},
		"no bound, but not as a source": {*seeded(policy.Promise, func(v *policy.Version) {
			v.SourceOrder, v.AdvanceLimit, v.AdvanceLimitPerMerchant = v.SourceOrder[:2], 0, 0
		}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, c.version.Lacking()); diff != "" {
				t.Error(diff)
			}
			if err := c.version.CheckLimits(); (err != nil) != (len(c.want) > 0) {
				t.Errorf("answered %v", err)
			}
		})
	}
}

// Would catch a version without limits that governs claims and is not told of: in force,
// yet to come, or replaced while its orders may still be claimed for; one that is told of
// for ever; and one that a version in another currency seems to replace.
func TestUnlimitedVersionsThatGovern(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	bare := func(number int32, from time.Time, change func(v *policy.Version)) policy.Version {
		v := policy.WithoutLimits()[0]
		v.Number, v.EffectiveFrom = number, from
		change(&v)
		return v
	}
	limited := func(v *policy.Version) {
		v.ApprovalOver, v.AdvanceLimitPerMerchant, v.MinimumDeposit = 1, 1, 1
	}
	nothing := func(*policy.Version) {}
	dollars := func(v *policy.Version) { limited(v); v.Currency = "USD" }
	for name, c := range map[string]struct {
		versions []policy.Version
		want     []string
	}{
		"in force":       {[]policy.Version{bare(1, now.AddDate(-1, 0, 0), nothing)}, []string{"1 false"}},
		"with limits":    {[]policy.Version{bare(1, now.AddDate(-1, 0, 0), limited)}, nil},
		"yet to come":    {[]policy.Version{bare(1, now.AddDate(-1, 0, 0), limited), bare(2, now.AddDate(0, 1, 0), nothing)}, []string{"2 false"}},
		"not yet mended": {[]policy.Version{bare(1, now.AddDate(-1, 0, 0), nothing), bare(2, now.AddDate(0, 0, 1), limited)}, []string{"1 false"}},
		"just mended":    {[]policy.Version{bare(1, now.AddDate(-1, 0, 0), nothing), bare(2, now, limited)}, []string{"1 true"}},
		"long mended":    {[]policy.Version{bare(1, now.AddDate(-3, 0, 0), nothing), bare(2, now.AddDate(-1, 0, -1), limited)}, nil},
		"in dollars":     {[]policy.Version{bare(1, now.AddDate(-3, 0, 0), nothing), bare(2, now.AddDate(-2, 0, 0), dollars)}, []string{"1 false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, u := range policy.NewVersions(c.versions).Unlimited(now) {
				got = append(got, fmt.Sprintf("%d %t", u.Version.Number, u.Superseded))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
