package policy_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch an award that slips past its approvers, or one held up for nothing.
func TestApprovalOfLargeAndAbnormalAwards(t *testing.T) {
	t.Parallel()
	v := version(policy.Promise, func(v *policy.Version) {
		v.ApprovalOver, v.AbnormalFactor, v.AbnormalOver = 1_000_000, 3, 5_000
	})
	ten := policy.Usual{Awarded: 20_001, Claims: 10} // 2,000.1 on average.
	for _, c := range []struct {
		name  string
		award money.Amount
		usual []policy.Usual
		want  policy.ApprovalCause
	}{
		{"at the limit", 1_000_000, nil, policy.ApprovalNotNeeded},
		{"above the limit", 1_000_001, nil, policy.ApprovalLarge},
		{"at three times the average, rounded down", 6_000, []policy.Usual{ten}, policy.ApprovalNotNeeded},
		{"above three times the average", 6_001, []policy.Usual{ten}, policy.ApprovalAbnormal},
		{"small, however unusual", 5_000, []policy.Usual{{Awarded: 10, Claims: 10}}, policy.ApprovalNotNeeded},
		{"no claim yet", 900_000, []policy.Usual{{}}, policy.ApprovalNotNeeded},
		{"usual for the merchant, not for the product", 9_000, []policy.Usual{{Awarded: 90_000, Claims: 10}, ten}, policy.ApprovalAbnormal},
		{"a sum that leaves 64 bits when it is multiplied", 5_001, []policy.Usual{{Awarded: 1 << 62, Claims: 1 << 40}}, policy.ApprovalNotNeeded},
		{"claims that were awarded nothing", 5_001, []policy.Usual{{Claims: 4}}, policy.ApprovalAbnormal},
		{"amounts at their bound", 1_000_000, []policy.Usual{{Awarded: money.MaxAmount, Claims: 1}}, policy.ApprovalNotNeeded},
	} {
		if got := v.Approval(c.award, c.usual...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := version(policy.Promise).Approval(money.MaxAmount, ten); got != policy.ApprovalNotNeeded {
		t.Errorf("a version without limits asks for approval: %s", got)
	}
}

// Would catch terms of a merchant that are read from another basis, category,
// currency or time, or that have no default.
func TestMerchantTermsStandInTheGeneralPromise(t *testing.T) {
	t.Parallel()
	publish := func(number int32, day int, change func(v *policy.Version)) policy.Version {
		v := entry("promise", number, policy.Promise, day)
		v.MinimumDeposit = money.Amount(number) * 1_000
		change(&v)
		return v
	}
	as := func(*policy.Version) {}
	list := []policy.Version{
		publish(1, 5, as),
		publish(2, 10, func(v *policy.Version) {
			v.ProtectedShare, v.Windows.TopUp = money.Ratio{Num: 1, Den: 5}, policy.WorkingDays(3)
			v.Windows.ExitQuarantine = 24 * time.Hour
		}),
		publish(3, 20, func(v *policy.Version) { v.Categories = []string{"food"} }),
		publish(8, 1, func(v *policy.Version) { v.PolicyID, v.Currency = "dollars", "USD" }),
		publish(9, 12, func(v *policy.Version) { v.PolicyID, v.Basis = "statute", policy.FoodSafety148 }),
	}
	none := policy.Terms{TopUp: policy.Lasting(7 * 24 * time.Hour), ExitQuarantine: 30 * 24 * time.Hour}
	first := none
	first.MinimumDeposit = 1_000
	second := policy.Terms{
		MinimumDeposit: 2_000, ProtectedShare: money.Ratio{Num: 1, Den: 5},
		TopUp: policy.WorkingDays(3), ExitQuarantine: 24 * time.Hour,
	}
	for _, c := range []struct {
		name string
		day  int
		want policy.Terms
	}{
		{"before the first", 4, none},
		{"the first", 9, first},
		{"the second", 15, second},
		{"none, once the promise is for food only", 21, none},
	} {
		for range 2 { // In either order of the versions.
			if got := policy.NewVersions(list).MerchantTerms("CNY", onDay(c.day)); got != c.want {
				t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
			}
			slices.Reverse(list)
		}
	}
	if got, err := second.Protected(1_003); err != nil || got != 201 {
		t.Errorf("a fifth of 1,003 is %d, %v", got, err)
	}
	if got, err := none.Protected(money.MaxAmount); err != nil || got != 0 {
		t.Errorf("nothing of it is %d, %v", got, err)
	}
}

// Would catch a version that was stored before there were working days, or
// before a term was thought of, and cannot be read or has no period.
func TestStoredVersionsStayReadable(t *testing.T) {
	t.Parallel()
	const stored = `{"policy_id":"p","number":1,"windows":{"claim":3600000000000,"knowledge":3600000000000,` +
		`"result":7200000000000,"review":10800000000000,"notice_delivery":3600000000000,"notice":3600000000000,"grouping":3600000000000}}`
	var v policy.Version
	if err := json.Unmarshal([]byte(stored), &v); err != nil {
		t.Fatal(err)
	}
	w := &v.Windows
	for name, c := range map[string]struct{ got, want policy.Span }{
		"result":          {w.Result, policy.Lasting(2 * time.Hour)},
		"panel":           {w.PanelSpan(), policy.Lasting(3 * time.Hour)},
		"approval":        {w.ApprovalSpan(), policy.Lasting(3 * time.Hour)},
		"top_up":          {w.TopUpSpan(), policy.Lasting(7 * 24 * time.Hour)},
		"hold":            {policy.Lasting(w.HoldMax()), policy.Lasting(90 * 24 * time.Hour)},
		"exit_quarantine": {policy.Lasting(w.ExitQuarantineMin()), policy.Lasting(30 * 24 * time.Hour)},
	} {
		if c.got != c.want {
			t.Errorf("%s is %s, want %s", name, c.got, c.want)
		}
	}
	if v.ReversalBearer() != policy.BornePlatform || v.FeeRule() != policy.FeeNone {
		t.Errorf("reversals fall on %s, fees go by %s", v.ReversalBearer(), v.FeeRule())
	}
	again, err := json.Marshal(v)
	if err != nil || !strings.Contains(string(again), `"result":7200000000000,`) || strings.Contains(string(again), "panel") {
		t.Errorf("stored again as %s, %v", again, err)
	}

	w.Notice, w.Panel, w.Hold = policy.WorkingDays(7), policy.WorkingDays(15), time.Hour
	again, err = json.Marshal(v)
	var back policy.Version
	if err := errors.Join(err, json.Unmarshal(again, &back)); err != nil || back.Windows != v.Windows {
		t.Errorf("%v: %+v came back as %+v", err, v.Windows, back.Windows)
	}
	if back.Windows.Notice.String() != "7 working days" || back.Windows.Result.String() != "2h0m0s" {
		t.Errorf("spans are %s and %s", back.Windows.Notice, back.Windows.Result)
	}
	if err := json.Unmarshal([]byte(`"a week"`), &back.Windows.Notice); err == nil {
		t.Error("a text was read as a span")
	}
}

// Would catch a term that is published although it contradicts another or lies
// beyond its bounds.
func TestTermsAreChecked(t *testing.T) {
	t.Parallel()
	type V = policy.Version
	const invalid, outside = fault.RequestInvalid, fault.AmountOutOfRange
	for _, c := range []struct {
		name   string
		mutate func(v *V)
		reason fault.Reason
		field  string
	}{
		{"negative advance of a merchant", func(v *V) { v.AdvanceLimitPerMerchant = -1 }, outside, "advance_limit_per_merchant"},
		{"advance of a merchant without its source", func(v *V) {
			v.SourceOrder, v.AdvanceLimit, v.AdvanceLimitPerMerchant = v.SourceOrder[:2], 0, 1
		}, invalid, "advance_limit_per_merchant"},
		{"negative approval", func(v *V) { v.ApprovalOver = -1 }, outside, "approval_over"},
		{"negative abnormal", func(v *V) { v.AbnormalFactor, v.AbnormalOver = 2, -1 }, outside, "abnormal_over"},
		{"negative factor", func(v *V) { v.AbnormalFactor = -1 }, invalid, "abnormal_factor"},
		{"vast factor", func(v *V) { v.AbnormalFactor = 1_001 }, invalid, "abnormal_factor"},
		{"abnormal without a factor", func(v *V) { v.AbnormalOver = 1 }, invalid, "abnormal_over"},
		{"unknown bearer", func(v *V) { v.ReversalBorneBy = "LOTTERY" }, invalid, "reversal_borne_by"},
		{"unknown rule of the fee", func(v *V) { v.AuthenticationFee = "LOTTERY" }, invalid, "authentication_fee"},
		{"negative deposit", func(v *V) { v.MinimumDeposit = -1 }, outside, "minimum_deposit"},
		{"deposit for one category", func(v *V) { v.MinimumDeposit, v.Categories = 1, []string{"food"} }, invalid, "minimum_deposit"},
		{"deposit by statute", func(v *V) { v.MinimumDeposit, v.Basis, v.FixedPromise = 1, policy.FoodSafety148, "" }, invalid, "minimum_deposit"},
		{"an unknown effect of a fixed promise", func(v *V) { v.FixedPromise = "NEVER" }, invalid, "fixed_promise"},
		{"a promise that replaces a statute", func(v *V) { v.Basis = policy.FoodSafety148 }, invalid, "fixed_promise"},
		{"share above all", func(v *V) { v.ProtectedShare = money.Ratio{Num: 6, Den: 5} }, invalid, "protected_share"},
		{"negative share", func(v *V) { v.ProtectedShare = money.Ratio{Num: -1, Den: 5} }, invalid, "protected_share"},
		{"share for one category", func(v *V) {
			v.ProtectedShare, v.Categories = money.Ratio{Num: 1, Den: 5}, []string{"food"}
		}, invalid, "protected_share"},
		{"both units of time", func(v *V) { v.Windows.Notice.WorkingDays = 7 }, invalid, "windows.notice"},
		{"negative working days", func(v *V) { v.Windows.Notice = policy.WorkingDays(-7) }, invalid, "windows.notice_working_days"},
		{"too many working days", func(v *V) { v.Windows.Panel = policy.WorkingDays(2_501) }, invalid, "windows.panel_working_days"},
		{"negative panel", func(v *V) { v.Windows.Panel = policy.Lasting(-1) }, invalid, "windows.panel"},
		{"endless approval", func(v *V) { v.Windows.Approval = policy.Lasting(1 << 62) }, invalid, "windows.approval"},
		{"negative top-up", func(v *V) { v.Windows.TopUp = policy.Lasting(-1) }, invalid, "windows.top_up"},
		{"negative hold", func(v *V) { v.Windows.Hold = -1 }, invalid, "windows.hold"},
		{"endless quarantine", func(v *V) { v.Windows.ExitQuarantine = 1 << 62 }, invalid, "windows.exit_quarantine"},
	} {
		e, ok := fault.As(version(policy.Promise, c.mutate).Check())
		if !ok || e.Reason != c.reason || e.Field != "policy_version."+c.field {
			t.Errorf("%s: refusal is %+v, want %s at %s", c.name, e, c.reason, c.field)
		}
	}
	full := version(policy.Promise, func(v *V) {
		v.AdvanceLimitPerMerchant, v.ApprovalOver, v.AbnormalFactor, v.AbnormalOver = 1, 1, 1_000, 1
		v.ReversalBorneBy, v.AuthenticationFee = policy.BorneConsumer, policy.FeeSplit
		v.MinimumDeposit, v.ProtectedShare = 1, money.Ratio{Num: 1, Den: 1}
		v.Windows.Notice, v.Windows.Panel = policy.WorkingDays(7), policy.WorkingDays(2_500)
		v.Windows.Hold, v.Windows.ExitQuarantine = time.Hour, time.Hour
	})
	if err := full.Check(); err != nil {
		t.Error(err)
	}
}
