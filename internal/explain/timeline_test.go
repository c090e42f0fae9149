package explain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"text/template"
	"time"
	"unicode"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// constants are the values of the constants of one type in a source file.
func constants(t *testing.T, path, kind string) []string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == kind {
			out = append(out, strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s has no constants of type %s", path, kind)
	}
	return out
}

func kindsOfEvents(t *testing.T) []event.Kind {
	t.Helper()
	var out []event.Kind
	for _, k := range constants(t, "../event/event.go", "Kind") {
		out = append(out, event.Kind(k))
	}
	return out
}

func reasons(t *testing.T) []fault.Reason {
	t.Helper()
	var out []fault.Reason
	for _, r := range constants(t, "../fault/reason.go", "Reason") {
		out = append(out, fault.Reason(r))
	}
	return out
}

// Would catch a kind of event or transfer, an outcome, a decision or a deadline that a
// timeline cannot put into words, and a reason that a refusal cannot.
func TestEverythingThatHappensIsSaid(t *testing.T) {
	t.Parallel()
	outcomes := []payout.Outcome{payout.Processing, payout.OutcomeSucceeded, payout.OutcomeFailed, payout.OutcomeReturned, payout.NotFound}
	for _, l := range Languages() {
		c := in(l)
		lacks(t, l, "kind of event", c.history.kinds, kindsOfEvents(t))
		lacks(t, l, "listed kind of event", c.history.kinds, event.Kinds())
		lacks(t, l, "kind of transfer", c.history.transfers, ledger.Kinds())
		lacks(t, l, "outcome", c.history.outcomes, outcomes)
		lacks(t, l, "part", c.history.parts, payout.Parts())
		lacks(t, l, "proposal", c.history.proposals, proposal.Kinds())
		lacks(t, l, "passed deadline", c.history.deadlines, append(claim.Deadlines(), claim.DeadlineNone))
		lacks(t, l, "reason", c.refusals.reasons, reasons(t))
		lacks(t, l, "state of a payout", c.refusals.states, []payout.State{payout.Instructed, payout.Succeeded, payout.Failed, payout.Returned})
		lacks(t, l, "outage", c.refusals.outages, []string{"DeadlineExceeded", "Canceled", "Internal", "Unimplemented"})
	}
}

// full is a happening of a kind with every fact that an event can have.
func full(k event.Kind) *Happening {
	sum := Sum{110_000, "CNY"}
	h := &Happening{
		Kind: k, To: claim.Paying, Trigger: claim.NoticeLapsed, Passed: claim.DeadlineReview, Escalates: true,
		Result:  &Finding{Authenticator: "lab-1", Report: "R-1", Rank: 3, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, Fee: sum},
		Verdict: &Found{Revision: 2, Verdict: claim.Counterfeit, Refund: Sum{10_000, "CNY"}, Compensation: Sum{100_000, "CNY"}},
		Paid: &Paid{
			OutNumber: "T1", Part: payout.Refund, Sum: sum, Outcome: payout.OutcomeFailed, Reported: Sum{5, "CNY"}, Failure: "ACCOUNT_CLOSED",
			First: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Confirms: true,
		},
		Refund: &sum, At: time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC), What: "ticket", Where: "crm://4711", Failure: "bounced", Assignee: "reviewer-7",
		Proposed: proposal.WriteOff,
	}
	for _, kind := range ledger.Kinds() {
		h.Money = append(h.Money, Moved{kind, Sum{1_234, "CNY"}})
	}
	return h
}

// broken says what is wrong with a text.
func broken(l Language, text string) string {
	chinese := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	switch {
	case strings.TrimSpace(text) == "":
		return "is empty"
	case strings.Contains(text, "<no value>"), strings.Contains(text, "{{"), strings.Contains(text, "%!"):
		return "has a hole"
	case chinese != (l == Chinese):
		return "is in another language"
	case strings.Contains(text, "  "), strings.Contains(text, " ."), strings.Contains(text, "。。"), strings.Contains(text, ".."):
		return "is badly put together"
	}
	return ""
}

// Would catch a kind of event that has no text of its own, or a hole in one, with every
// fact and without any.
func TestEveryKindOfEventIsTold(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		told := make(map[string]event.Kind)
		for _, k := range event.Kinds() {
			for _, h := range []*Happening{{Kind: k}, full(k)} {
				text := Tell(l, Place(), h)
				if what := broken(l, text); what != "" {
					t.Errorf("%s, %s: the text %s: %q", l, k, what, text)
				}
			}
			bare := Tell(l, Place(), &Happening{Kind: k})
			if other, twice := told[bare]; twice {
				t.Errorf("%s: %s and %s read alike: %q", l, k, other, bare)
			}
			told[bare] = k
		}
		for _, h := range []*Happening{{Quarantined: true, Kind: event.ClaimFiled}, {Kind: "NEWER"}} {
			if what := broken(l, Tell(l, Place(), h)); what != "" {
				t.Errorf("%s: %v %s", l, h, what)
			}
		}
	}
}

// Would catch an entry that leaves out what support asks for: times, amounts that add
// up, the first outcome, who decides next.
func TestEntryTellsItsFacts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)
	failed := &Happening{Kind: event.PayoutAnswered, Paid: &Paid{
		OutNumber: "T1", Part: payout.Refund, Sum: Sum{10_000, "CNY"}, Outcome: payout.OutcomeFailed, Failure: "CLOSED", First: at, Confirms: true,
	}}
	released := &Happening{Kind: event.ClaimRepriced, Money: []Moved{
		{ledger.DepositReleased, Sum{3_000, "CNY"}}, {ledger.DepositReleased, Sum{2_000, "CNY"}},
	}}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]string{
		"The payment service reported about payout T1 (refund, 100.00 CNY): the payout failed. The payment service gave the code CLOSED. " +
			"The failure, first reported at 2026-03-12 17:00 Beijing time, is final.": Tell(English, Place(), failed),
		"支付渠道告知打款T1（退款，100.00元）的结果：打款失败。支付渠道代码：CLOSED。该失败（首次告知于北京时间2026年3月12日17:00）已最终确认。": Tell(Chinese, Place(), failed),
		"The award was calculated anew, because something else about the order line or the pricing group changed. " +
			"Money: 50.00 CNY released to the deposit.": Tell(English, Place(), released),
		"The hold was extended until 2026-03-12 10:00 (UTC+01:00).": Tell(English, berlin, &Happening{Kind: event.HoldExtended, At: at}),
	} {
		if got != want {
			t.Errorf("it reads %q, want %q", got, want)
		}
	}
}

// Would catch a refusal without words, with a hole where a fact is missing or hidden, or
// one that does not tell the facts that it has.
func TestEveryReasonIsSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for _, reason := range reasons(t) {
			named := fieldsOf(in(l).refusals.reasons[reason])
			facts := map[string]string{"currency": "CNY"}
			for _, key := range named {
				facts[key] = "fact-" + key
			}
			for _, r := range []*Refused{{Reason: reason}, {Reason: reason, Facts: facts, Field: "some.field", Rule: "STRING_PATTERN", RetryAfter: time.Second}} {
				text := Refusal(l, r)
				if what := broken(l, text); what != "" {
					t.Errorf("%s, %s: the text %s: %q", l, reason, what, text)
				}
				if r.RetryAfter > 0 && !strings.Contains(text, "1s") {
					t.Errorf("%s, %s does not say when to try again: %q", l, reason, text)
				}
			}
		}
	}
}

// Would catch a text that waits for a fact which no refusal has, because its key is
// misspelt or has changed: the fact would never be shown.
func TestTextsOfRefusalsNameFactsThatThereAre(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../rpc/facts.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range Languages() {
		for reason, of := range in(l).refusals.reasons {
			for _, key := range fieldsOf(of) {
				if !strings.Contains(string(source), `"`+key+`"`) {
					t.Errorf("%s, %s shows %q, which is no fact", l, reason, key)
				}
			}
		}
	}
}

// fieldsOf are the fields that a text can show.
func fieldsOf(of *template.Template) []string {
	var out []string
	for _, part := range strings.Split(of.Root.String(), "{{.")[1:] {
		name, _, _ := strings.Cut(part, "}}")
		if name != "Field" && name != "Rule" && name != "Detail" {
			out = append(out, name)
		}
	}
	return out
}

// Would catch a refusal whose amounts, times and states are shown as programs write them.
func TestRefusalTellsItsFactsAsPeopleReadThem(t *testing.T) {
	t.Parallel()
	short := &Refused{Reason: fault.DepositInsufficient, Facts: map[string]string{"availableMinor": "500000", "requiredMinor": "600001", "currency": "CNY"}}
	late := &Refused{Reason: fault.AppealWindowClosed, Facts: map[string]string{"closedAt": "2026-03-12T09:00:00Z"}}
	wrong := &Refused{Reason: fault.ClaimStateConflict, Facts: map[string]string{"claimId": "C1", "state": "PAID"}}
	field := &Refused{Reason: fault.RequestInvalid, Field: "units", Rule: "REPEATED_MAX_ITEMS", Detail: "units: too many"}
	for want, got := range map[string]string{
		"The deposit is not sufficient: 5,000.00 CNY is available, and 6,000.01 CNY is required.": Refusal(English, short),
		"保证金不足：可用5,000.00元，需要6,000.01元。":                                                          Refusal(Chinese, short),
		"The time to appeal is over; it ended at 2026-03-12 17:00 Beijing time.":                  Refusal(English, late),
		"申诉期限已过，截止北京时间2026年3月12日17:00。":                                                           Refusal(Chinese, late),
		"索赔C1目前不能进行此操作：当前状态为“已赔付”。":                                                               Refusal(Chinese, wrong),
		"请求无效：字段units项数过多。":                                                                       Refusal(Chinese, field),
		"The request is not valid: field units has too many items.":                               Refusal(English, field),
		"The request was not carried out.":                                                        Refusal(English, &Refused{Reason: "NEWER"}),
	} {
		if got != want {
			t.Errorf("it reads %q, want %q", got, want)
		}
	}
}
