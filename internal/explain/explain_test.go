package explain_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var update = flag.Bool("update", false, "rewrite the golden explanations")

var since = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// subject is a claim that stands in s as claims do: with an award from NOTIFIED
// on, held, funded or paid as the state says.
func subject(s claim.State) *explain.Subject {
	c := claim.Claim{
		ID: "3K7QX-8M2PD-R5T0C-2JWZ9", MerchantID: "m1", OrderID: "order-7", ProductID: "lipstick-3", State: s, StateSince: since, Currency: "CNY", Verdict: claim.Pending,
		Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}, {Ordinal: 2, Verdict: claim.Genuine}},
	}
	if fires := s.Fires(); len(fires) > 0 {
		c.Fires, c.Deadline = fires[len(fires)-1], since.AddDate(0, 0, 7)
	}
	out := &explain.Subject{Claimant: "buyer-9", Moved: explain.Move{Role: "operator", Note: "as agreed", At: since}}
	for _, e := range claim.Edges() {
		if e.To == s {
			out.Moved.Trigger = e.Trigger
		}
	}
	if s != claim.Authenticating && s != claim.InReview && s != claim.Expired {
		award(&c, out)
	}
	for _, a := range c.Allowed() {
		for _, p := range c.Prospects(a) {
			choice := explain.Choice{Action: a, Roles: []string{"merchant", "operator"}, Prospect: p}
			if p.Fires != claim.DeadlineNone {
				choice.Deadline = since.AddDate(0, 0, 3)
			}
			out.Choices = append(out.Choices, choice)
		}
	}
	out.Claim = c
	return out
}

func award(c *claim.Claim, out *explain.Subject) {
	c.Verdict, c.Revision = claim.Counterfeit, 1
	c.Award = claim.Award{Refund: 10_000, Compensation: 100_000}
	switch {
	case c.State == claim.Paid:
		c.Funding = claim.Funding{FromDeposit: 110_000, RefundPaid: 10_000, CompensationPaid: 100_000}
	case c.State.Confirmed():
		c.Funding = claim.Funding{FromDeposit: 60_000, Advanced: 20_000, RefundInFlight: 10_000}
	case c.State.Live():
		c.Funding = claim.Funding{Held: 60_000}
	}
	out.Revision = &claim.Revision{Number: 1, Verdict: claim.Counterfeit, Award: c.Award, Calculation: policy.Calculation{
		PolicyID: "promise-tenfold", Version: 1, Basis: policy.Promise, CounterfeitUnits: 1, Units: 2, Base: 10_000,
		Multiplier: money.Ratio{Num: 10, Den: 1}, CapApplied: true,
	}}
	out.Weighing = &claim.Weighing{Rules: 3, Results: []claim.Ranked{{ResultID: "r-1", Place: claim.Place{Rank: 3, Rung: 2, LoweredBy: claim.Lowerings()}}}, Units: []claim.UnitRuling{
		{Unit: c.Units[0], Rank: 3, Reason: claim.DecidesAlone}, {Unit: c.Units[1], Rank: 3, Reason: claim.DecidesAlone},
	}}
	out.Results = []claim.Result{{ID: "r-1", ReportNumber: "R-1"}}
	out.Result = &claim.Graded{Place: claim.Place{Rank: 3, Rung: 3}, Custody: custody.Standing{SampleID: "S1", State: custody.Complete, Intact: true}, Result: &claim.Result{
		AuthenticatorID: "lab-1", ReportNumber: "R-1", Kind: claim.AccreditedLab, Sample: claim.SealedPlatformSample,
		CustodyIntact: true, Units: c.Units,
	}}
}

func written(t explain.Text) string {
	lines := append([]string{t.Why, t.Turn, t.Time}, t.Award...)
	return strings.Join(append(lines, t.Choices...), "\n") + "\n"
}

// Would catch an explanation that reads otherwise than people have agreed to,
// in any state and language. With -update it writes them anew.
func TestEveryStateIsExplained(t *testing.T) {
	t.Parallel()
	for _, l := range explain.Languages() {
		for _, s := range claim.States() {
			t.Run(string(l)+"/"+string(s), func(t *testing.T) {
				t.Parallel()
				path := filepath.Join("testdata", strings.ToLower(string(l)), strings.ToLower(string(s))+".txt")
				got := written(explain.Explain(l, subject(s)))
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatalf("%v; run: go test ./internal/explain -update", err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("differs; if it is meant, run go test ./internal/explain -update:\n%s", diff)
				}
			})
		}
	}
}

// Would catch a claim whose missing money is explained as the payment service's turn.
func TestMissingMoneyIsExplained(t *testing.T) {
	t.Parallel()
	s := subject(claim.Paying)
	s.Claim.Funding = claim.Funding{FromDeposit: 80_000, RefundPaid: 10_000, CompensationPaid: 70_000}
	for l, want := range map[explain.Language]string{
		explain.English: "It waits for money of the merchant: the rest of the award is not funded.",
		explain.Chinese: "下一步：商家资金到账，赔付金额尚有差额。",
	} {
		if got := explain.Explain(l, s).Turn; got != want {
			t.Errorf("%s: %s", l, got)
		}
	}
}

// Would catch a verdict that a person decides anew, read to a buyer as a promise, and a
// decision that lost its result without a word of it.
func TestContestedVerdictsAreSaidToBe(t *testing.T) {
	t.Parallel()
	for l, want := range map[explain.Language][4]string{
		explain.English: {"That verdict is contested and may change: nobody should be promised its amount.", "Report R-1 of lab-1 was taken back.",
			"taken back: the body was suspended and is not believed any more.", "together with others of this body"},
		explain.Chinese: {"该结论存在争议，可能改变，请勿向任何人承诺该金额。", "lab-1的报告R-1已被撤回。", "该机构已被暂停", "其他结果一并撤回"},
	} {
		for _, state := range claim.States() {
			s := subject(state)
			award(&s.Claim, s)
			contested := state == claim.Authenticating || state == claim.InReview || state == claim.Appealed
			if got := written(explain.Explain(l, s)); strings.Contains(got, want[0]) != contested || strings.Contains(got, want[1]) {
				t.Errorf("%s, %s: %s", l, state, got)
			}
			s.Retracted = []explain.Retracted{{Result: *s.Result.Result}}
			if got := explain.Explain(l, s).Why; !strings.Contains(got, want[1]) {
				t.Errorf("%s, %s: %s", l, state, got)
			}
			s.Retracted[0].Cause, s.Retracted[0].Job = claim.CauseSuspended, "job-1"
			if got := explain.Explain(l, s).Why; !strings.Contains(got, want[2]) || !strings.Contains(got, want[3]) {
				t.Errorf("%s, %s: %s", l, state, got)
			}
		}
	}
}

// Would catch an explanation that does not say which order, product, merchant and buyer it is
// about, one that names the buyer to who must not know, and an amount in Chinese that reads
// as a code.
func TestExplanationsNameWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	for l, want := range map[explain.Language][]string{
		explain.English: {"order order-7", "product lipstick-3", "merchant m1", "buyer-9", "1,100.00 CNY"},
		explain.Chinese: {"订单order-7", "商品lipstick-3", "商家m1", "索赔人buyer-9", "1,100.00元", "#1 假货，#2 正品"},
	} {
		s := subject(claim.Notified)
		for _, part := range want {
			if got := written(explain.Explain(l, s)); !strings.Contains(got, part) {
				t.Errorf("%s lacks %q: %s", l, part, got)
			}
		}
		if s.Claimant = ""; strings.Contains(written(explain.Explain(l, s)), "buyer-9") {
			t.Errorf("%s names the claimant", l)
		}
	}
	if got := explain.ToConsumer(explain.Chinese, subject(claim.Notified)); !strings.Contains(got.Why, "订单order-7，商品lipstick-3") || strings.Contains(written(got), "CNY") {
		t.Errorf("to the consumer: %s", written(got))
	}
}

// Would catch an explanation that threatens with a deadline which cannot pass, because
// the clock stands still.
func TestStoppedClockIsExplained(t *testing.T) {
	t.Parallel()
	for l, want := range map[explain.Language]string{
		explain.English: "The clock has been stopped since 2026-03-03 17:00 Beijing time; no deadline passes until it resumes.",
		explain.Chinese: "时限自北京时间2026年3月3日17:00起中止，恢复计时之前不会到期。",
	} {
		s := subject(claim.Notified)
		s.Claim.ClockStoppedAt = since.AddDate(0, 0, 1)
		if got := explain.Explain(l, s).Time; got != want {
			t.Errorf("%s: %s", l, got)
		}
	}
}

// Would catch a golden explanation of a state that is no more.
func TestEveryGoldenHasItsState(t *testing.T) {
	t.Parallel()
	for _, l := range explain.Languages() {
		files, err := os.ReadDir(filepath.Join("testdata", strings.ToLower(string(l))))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != len(claim.States()) {
			t.Errorf("%d golden explanations in %s for %d states", len(files), l, len(claim.States()))
		}
	}
}
