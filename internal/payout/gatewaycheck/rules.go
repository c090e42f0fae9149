// Package gatewaycheck plays a caller of the payout gateway against a payment service, and
// says which rules of the contract the service breaks. It makes real payments to the
// destinations that it is given, so those must be made for tests.
package gatewaycheck

import (
	"fmt"
	"slices"
	"time"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Rule is one rule of the gateway's contract, as docs/gateway.md explains it.
type Rule string

// The rules, in the order in which they are played.
const (
	CallAnswered        Rule = "CALL_ANSWERED"
	AnswerForm          Rule = "ANSWER_FORM"
	AnswerOutNumber     Rule = "ANSWER_OUT_NUMBER"
	AnswerAmount        Rule = "ANSWER_AMOUNT"
	AnswerTry           Rule = "ANSWER_TRY"
	AnswerTime          Rule = "ANSWER_TIME"
	UnknownNotFound     Rule = "UNKNOWN_NOT_FOUND"
	Pays                Rule = "PAYS"
	KnownOnceAnswered   Rule = "KNOWN_ONCE_ANSWERED"
	QueryChangesNothing Rule = "QUERY_CHANGES_NOTHING"
	RepeatedPaysOnce    Rule = "REPEATED_PAYS_ONCE"
	AtOncePaysOnce      Rule = "AT_ONCE_PAYS_ONCE"
	OtherContent        Rule = "OTHER_CONTENT"
	CaseMatters         Rule = "CASE_MATTERS"
	CancelledCall       Rule = "CANCELLED_CALL"
	Impossible          Rule = "IMPOSSIBLE"
	NotAfterPassed      Rule = "NOT_AFTER_PASSED"
	LaterNotAfter       Rule = "LATER_NOT_AFTER"
	Fails               Rule = "FAILS"
	NewTry              Rule = "NEW_TRY"
	NotAfterEnds        Rule = "NOT_AFTER_ENDS"
	FinalStays          Rule = "FINAL_STAYS"
)

// rules says of each rule what it demands.
var rules = []struct {
	Rule
	about string
}{
	{CallAnswered, "every call is answered within the limit"},
	{AnswerForm, "an answer has an outcome of the contract, and texts of its form"},
	{AnswerOutNumber, "an answer is about the out-number that was asked about"},
	{AnswerAmount, "an answer tells the amount and currency of the instruction"},
	{AnswerTry, "an answer is about a try that was made"},
	{AnswerTime, "a final answer has its time, by a clock that agrees with ours"},
	{UnknownNotFound, "a query for a number that was never instructed is NOT_FOUND"},
	{Pays, "an instruction that can be paid ends in SUCCEEDED"},
	{KnownOnceAnswered, "a number is known as soon as its instruction is answered"},
	{QueryChangesNothing, "a query changes nothing, before the instruction and after it"},
	{RepeatedPaysOnce, "the same instruction again gets the outcome of the first"},
	{AtOncePaysOnce, "the same instruction many times at once has one outcome"},
	{OtherContent, "a number with other content is ALREADY_EXISTS, and keeps its outcome"},
	{CaseMatters, "numbers that differ by case alone are different numbers"},
	{CancelledCall, "a call that its caller cancels pays once or never"},
	{Impossible, "an instruction that nobody could pay is refused for good"},
	{NotAfterPassed, "an instruction after its not_after is not paid"},
	{LaterNotAfter, "a paid number with a later not_after is not paid again"},
	{Fails, "an instruction that cannot be paid ends in FAILED, and stays so"},
	{NewTry, "after FAILED, a later not_after begins a new try, and nothing else does"},
	{NotAfterEnds, "a payment under way at not_after ends, and is not paid later"},
	{FinalStays, "a final outcome is the same at the end of the check"},
}

// Rules lists the rules.
func Rules() []Rule {
	all := make([]Rule, len(rules))
	for i, r := range rules {
		all[i] = r.Rule
	}
	return all
}

// Result says how a rule came out.
type Result string

// The results of a rule.
const (
	Kept    Result = "KEPT"
	Broken  Result = "BROKEN"
	Skipped Result = "SKIPPED"
)

// Finding is how one rule came out.
type Finding struct {
	Rule   Rule   `json:"rule"`
	About  string `json:"about"`
	Result Result `json:"result"`
	// Seen are what was seen where the rule is broken, and why it was skipped.
	Seen []string `json:"seen"`
}

// Report is what a check found.
type Report struct {
	Findings []Finding `json:"rules"`
	// Paid are the out-numbers that the service says it paid, each once, and the sum that
	// must have left: only the account of the service can show that it did.
	Paid      []string `json:"paid"`
	PaidMinor int64    `json:"paidMinor"`
	Currency  string   `json:"currency"`
	Calls     int      `json:"calls"`
}

// Broken lists the rules that are broken.
func (r *Report) Broken() []Rule {
	var all []Rule
	for _, f := range r.Findings {
		if f.Result == Broken {
			all = append(all, f.Rule)
		}
	}
	return all
}

// seenMax bounds how much is told of one rule, and textMax how much of one text.
const seenMax, textMax = 5, 64

// note keeps what was seen of a broken rule.
func (c *check) note(rule Rule, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried[rule] = true
	if seen := fmt.Sprintf(format, args...); len(c.seen[rule]) < seenMax && !slices.Contains(c.seen[rule], seen) {
		c.seen[rule] = append(c.seen[rule], seen)
	}
}

// try says that a rule was played.
func (c *check) try(all ...Rule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range all {
		c.tried[r] = true
	}
}

// report sums up what was noted.
func (c *check) report() *Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &Report{Currency: c.config.Currency, Calls: c.calls, Paid: []string{}}
	for _, r := range rules {
		f := Finding{Rule: r.Rule, About: r.about, Result: Kept, Seen: []string{}}
		switch seen := c.seen[r.Rule]; {
		case len(seen) > 0:
			f.Result, f.Seen = Broken, seen
		case !c.tried[r.Rule]:
			f.Result, f.Seen = Skipped, []string{c.why(r.Rule)}
		}
		out.Findings = append(out.Findings, f)
	}
	for number, a := range c.final {
		if a.GetOutcome() == tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED {
			out.Paid = append(out.Paid, number)
			out.PaidMinor += c.config.Amount
		}
	}
	slices.Sort(out.Paid)
	return out
}

// why says why a rule was not played.
func (c *check) why(r Rule) string {
	switch {
	case (r == Fails || r == NewTry) && c.config.FailDestination == "":
		return "no destination was given that cannot be paid"
	case r == NotAfterEnds && c.config.WaitDestination == "":
		return "no destination was given whose payments stay under way"
	}
	return "an earlier rule is broken"
}

// Config says what to check with.
type Config struct {
	// Destination can be paid. FailDestination cannot, and payments to WaitDestination stay
	// under way until not_after; the rules about them are left out where they are empty.
	Destination, FailDestination, WaitDestination string
	// Amount, in minor units of Currency, is what each instruction pays.
	Amount   int64
	Currency string
	// PaymentID is the original payment that instructions name.
	PaymentID string
	// Form is the form of the payments.
	Form tenfoldv1.PayoutForm
	// CallMax is how long a call may take, Wait how long a payment may be under way, and
	// Skew how far the service's clock may be off.
	CallMax, Wait, Skew time.Duration
	// Life is how long the payments that are to run out may be paid.
	Life time.Duration
	// Run is the beginning of the out-numbers, [A-Za-z0-9]{1,20}: no two runs may share it.
	Run string
	// Now gives the time.
	Now func() time.Time
	// Show takes how far the check has come.
	Show func(what string, done, total int)
}
