package explain

import (
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Refused is a refusal with what its caller may know of it.
type Refused struct {
	Reason fault.Reason
	// Facts are the metadata of the refusal.
	Facts map[string]string
	// Field is the wrong field of the request; empty for none.
	Field string
	// Rule is the rule of the contract that the field breaks, such as STRING_PATTERN;
	// empty for others.
	Rule string
	// Detail is the sentence of the refusal, which is English.
	Detail string
	// RetryAfter is how long to wait; zero if waiting does not help.
	RetryAfter time.Duration
}

// refusals is what a language says of refusals.
type refusals struct {
	// reasons have one text for each reason. Its fields are the facts, by their keys, and
	// Field, Rule and Detail. Any of them may be missing.
	reasons map[fault.Reason]*template.Template
	// rules say which rule a field breaks, by the end of the rule's name.
	rules []rule
	// outages say what failed where no rule refused, by the name of the code.
	outages map[string]string
	// states are the words for the states of payouts.
	states map[payout.State]string
	// retry follows where waiting helps.
	retry *template.Template
	other string
}

// rule is the end of a rule's name with its words.
type rule struct{ end, words string }

// Refusal says why a request was refused. A reason without a text does not exist; the
// tests walk all of them.
func Refusal(l Language, r *Refused) string {
	c := in(l)
	of, known := c.refusals.reasons[r.Reason]
	if !known {
		return c.refusals.other
	}
	text := fill(of, c.facts(r))
	if r.RetryAfter > 0 {
		text += c.gap + fill(c.refusals.retry, fields{"After": r.RetryAfter.String()})
	}
	return text
}

// Outage says what failed where no rule refused the request; code is the name of the
// canonical code.
func Outage(l Language, code string) string {
	c := in(l)
	if text, known := c.refusals.outages[code]; known {
		return text
	}
	return c.refusals.other
}

// timeFact matches a fact that is a time.
var timeFact = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`)

// facts are the facts of a refusal as they are read: amounts in their currency, times in
// Beijing, states by their names.
func (c *catalogue) facts(r *Refused) fields {
	f := fields{"Field": r.Field, "Detail": r.Detail, "Rule": c.rule(r.Rule)}
	for key, value := range r.Facts {
		f[key] = c.fact(key, value, r.Facts["currency"])
	}
	return f
}

func (c *catalogue) fact(key, value, currency string) string {
	switch {
	case strings.HasSuffix(key, "Minor") && currency != "":
		return c.minor(value, currency)
	case key == "state":
		if words, known := c.names[claim.State(value)]; known {
			return words
		}
		return word(c.refusals.states, payout.State(value))
	case timeFact.MatchString(value):
		if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
			return c.when(at, Place())
		}
	}
	return value
}

// minor writes an amount that a fact gives in minor units.
func (c *catalogue) minor(text, currency string) string {
	var amount money.Amount
	for _, digit := range text {
		if digit < '0' || digit > '9' || amount > money.MaxAmount {
			return text
		}
		amount = amount*10 + money.Amount(digit-'0')
	}
	return c.sum(Sum{amount, currency})
}

// rule says which rule a field breaks; empty if no words are known for it.
func (c *catalogue) rule(name string) string {
	for _, r := range c.refusals.rules {
		if strings.HasSuffix(name, r.end) {
			return r.words
		}
	}
	return ""
}
