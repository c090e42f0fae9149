package explain

import (
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a state, a party or a deadline of which a consumer is told nothing.
func TestEveryWordForConsumersIsSaid(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		words := in(l).consumer
		lacks(t, l, "state for consumers", words.states, claim.States())
		lacks(t, l, "turn for consumers", words.turns, claim.Parties())
		lacks(t, l, "deadline for consumers", words.deadlines, claim.Deadlines())
		lacks(t, l, "advice for consumers", words.advice, claim.States())
	}
}

// consumed is a claim in a state with a deadline, an award, and facts that are none of a
// consumer's affair.
func consumed(s claim.State, fires claim.Deadline) *Subject {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := claim.Claim{
		ID: "C-1", OrderID: "o-1", ProductID: "p-1", State: s, StateSince: at, Currency: "CNY", Verdict: claim.Counterfeit, Fires: fires, Revision: 1,
		Award: claim.Award{Refund: 10_000, Compensation: 100_000}, Assignee: "person-7", Escalated: true,
		Funding: claim.Funding{Held: 77_700, FromDeposit: 12_300, Advanced: 45_600, RefundPaid: 10_000, CompensationInFlight: 5_000},
	}
	if fires != claim.DeadlineNone {
		c.Deadline = at.AddDate(0, 0, 7)
	}
	return &Subject{
		Claim: c, Moved: Move{Trigger: claim.ReviewUpheld, Role: "adjudicator", Note: "secret note", At: at},
		Result: &claim.Graded{Result: &claim.Result{AuthenticatorID: "secret-lab", ReportNumber: "secret-report"}},
		Revision: &claim.Revision{Number: 1, Verdict: claim.Counterfeit, Award: c.Award, Note: "secret note", Calculation: policy.Calculation{
			PolicyID: "secret-policy", Version: 1, Base: 10_000, Multiplier: money.Ratio{Num: 10, Den: 1},
		}},
		Choices: []Choice{
			{Action: claim.ActionWithdraw, Roles: []string{"order-service"}}, {Action: claim.ActionWithdraw}, {Action: claim.ActionReviseVerdict},
		},
	}
}

// inside are words of the trade, which no consumer is told.
var inside = []string{
	"secret", "person-7", "deposit", "shop funds", "set aside", "held", "hold", "advance", "adjudicator", "approver", "gateway", "escalat", "shortfall",
	"777.00", "123.00", "456.00", "revision", "policy", "multiplier", "保证金", "货款", "冻结", "垫付", "升级", "差额", "审核人", "复核人", "规则", "倍数",
}

// Would catch a text that tells a consumer about the merchant's money, about persons, notes
// or how the work is done, or that does not say what happened, whose turn it is, until
// when, and what to do: in every state, with every deadline.
func TestConsumersAreToldWhatConcernsThem(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for _, s := range claim.States() {
			for _, fires := range append(s.Fires(), claim.DeadlineNone) {
				subject := consumed(s, fires)
				text := ToConsumer(l, subject)
				all := append(append([]string{text.Why, text.Turn, text.Time}, text.Award...), text.Choices...)
				for _, line := range all {
					if what := broken(l, line); what != "" && !(line == text.Time && s.Final()) {
						t.Errorf("%s, %s: a line %s: %q", l, s, what, line)
					}
					for _, never := range inside {
						if strings.Contains(strings.ToLower(line), never) {
							t.Errorf("%s, %s: a consumer is told %q: %q", l, s, never, line)
						}
					}
				}
				if fires != claim.DeadlineNone && !strings.Contains(text.Time, "17:00") {
					t.Errorf("%s, %s: no time is given: %q", l, s, text.Time)
				}
				if len(text.Choices) != 2 {
					t.Errorf("%s, %s: a consumer can do %q", l, s, text.Choices)
				}
			}
		}
	}
}

// Would catch an amount that is promised although a person decides anew, one that is left
// out, and a debt of the consumer that nobody mentions.
func TestConsumersAreToldAmountsThatHold(t *testing.T) {
	t.Parallel()
	told := func(s claim.State, change func(*claim.Claim)) string {
		subject := consumed(s, claim.DeadlineNone)
		change(&subject.Claim)
		return strings.Join(ToConsumer(English, subject).Award, " ")
	}
	same := func(*claim.Claim) {}
	for _, c := range []struct {
		state  claim.State
		change func(*claim.Claim)
		want   string
	}{
		{claim.InReview, same, "It is not decided yet whether you get money."},
		{claim.Notified, same, "If the claim is confirmed as it stands, you get 1,100.00 CNY: a refund of 100.00 CNY and a compensation of 1,000.00 CNY."},
		{claim.Paying, same, "You get 1,100.00 CNY: a refund of 100.00 CNY and a compensation of 1,000.00 CNY. 100.00 CNY has been paid to you, and 50.00 CNY is on its way."},
		{claim.Rejected, same, ""},
		{claim.Rejected, func(c *claim.Claim) { c.Funding.ClawedBack = 10_000 }, "You were paid without grounds and have to pay back 100.00 CNY."},
	} {
		if got := told(c.state, c.change); got != c.want {
			t.Errorf("in %s: %q, want %q", c.state, got, c.want)
		}
	}
	stopped := consumed(claim.Notified, claim.DeadlineNotice)
	stopped.Claim.ClockStoppedAt = stopped.Claim.StateSince
	if text := ToConsumer(English, stopped).Time; !strings.Contains(text, "stopped") || strings.Contains(text, "17:00") {
		t.Errorf("with a stopped clock: %q", text)
	}
}
