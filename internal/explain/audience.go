package explain

import (
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Audience is the reader of an explanation.
type Audience string

// The audiences. Without one an explanation is for everybody who may see the claim.
const (
	Consumer    Audience = "CONSUMER"
	Merchant    Audience = "MERCHANT"
	Support     Audience = "SUPPORT"
	Adjudicator Audience = "ADJUDICATOR"
	Approver    Audience = "APPROVER"
	Finance     Audience = "FINANCE"
	Operator    Audience = "OPERATOR"
)

// Audiences lists the audiences.
func Audiences() []Audience {
	return []Audience{Consumer, Merchant, Support, Adjudicator, Approver, Finance, Operator}
}

// consumerWords is what a language says to a consumer. It holds nothing about the
// merchant's money, about persons and notes, or about how a claim is worked on.
type consumerWords struct {
	// states say what happened.
	states map[claim.State]string
	// turns say whose turn it is.
	turns map[claim.Party]string
	// deadlines say until when, and what then.
	deadlines map[claim.Deadline]*template.Template
	// actions say what the consumer can do with the claim, and advice what else there is
	// to do in a state.
	actions map[claim.Action]string
	advice  map[claim.State]string

	number, timeless, stopped                    *template.Template
	stake, due, reached, none, repay, refundable *template.Template
}

// Open says whether a claim in a state still has to be decided, so that an earlier
// verdict says nothing to a consumer.
func Open(s claim.State) bool { return s == claim.Authenticating || s == claim.InReview }

// ToConsumer explains a claim to its consumer, in plain words.
func ToConsumer(l Language, s *Subject) Text {
	w := s.writer(l)
	words, c := w.words.consumer, &s.Claim
	t := Text{
		Why:   fill(words.number, fields{"Claim": c.ID, "Order": c.OrderID, "Product": c.ProductID}) + w.words.gap + word(words.states, c.State),
		Turn:  word(words.turns, c.WaitsFor()),
		Time:  w.consumerTime(),
		Award: w.consumerAward(s.Revision),
	}
	told := make(map[claim.Action]bool)
	for i := range s.Choices {
		action := s.Choices[i].Action
		if text, known := words.actions[action]; known && !told[action] {
			told[action] = true
			t.Choices = append(t.Choices, text)
		}
	}
	if text := words.advice[c.State]; text != "" {
		t.Choices = append(t.Choices, text)
	}
	return t
}

func (w *writer) consumerTime() string {
	words, c := w.words.consumer, w.claim
	of, known := words.deadlines[c.Fires]
	switch {
	case c.State.Final():
		return ""
	case !c.ClockStoppedAt.IsZero():
		return fill(words.stopped, nil)
	case !known || c.Deadline.IsZero():
		return fill(words.timeless, nil)
	}
	return fill(of, fields{"At": w.at(c.Deadline)})
}

// consumerAward says what the consumer gets. An amount of which a person decides anew is
// not told: it may never be paid.
func (w *writer) consumerAward(r *claim.Revision) []string {
	words, c := w.words.consumer, w.claim
	var out []string
	switch {
	case c.State == claim.Withdrawn || c.State == claim.Expired || c.State == claim.Rejected:
	case r == nil || Open(c.State):
		out = append(out, fill(words.none, nil))
	case !c.State.Confirmed():
		out = append(out, fill(words.stake, w.amounts(r)))
	default:
		out = append(out, fill(words.due, w.amounts(r)), fill(words.reached, fields{
			"Paid": w.amount(c.Funding.Paid()), "InFlight": w.amount(c.Funding.InFlight()),
		}))
	}
	if units := c.RefundUnits(); len(units) > 0 {
		out = append(out, fill(words.refundable, fields{"Units": w.ordinals(units)}))
	}
	if owed := c.Funding.ClawedBack; owed > 0 {
		out = append(out, fill(words.repay, fields{"Amount": w.amount(owed)}))
	}
	return out
}

func (w *writer) amounts(r *claim.Revision) fields {
	return fields{
		"Total": w.amount(r.Award.Total()), "Refund": w.amount(r.Award.Refund), "Compensation": w.amount(r.Award.Compensation),
	}
}
