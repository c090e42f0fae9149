package explain

import (
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// Happening is an event in the life of a claim, with those of its facts that the reader
// may know. The text of it says nothing that is not in it.
type Happening struct {
	Kind event.Kind
	// Quarantined says that nothing more is known than that there is an event.
	Quarantined bool
	// To and Trigger are the move; both empty if the state did not change.
	To      claim.State
	Trigger claim.Trigger
	// Passed is the deadline that passed, and Escalates says that a person has to act.
	Passed    claim.Deadline
	Escalates bool
	// Money are the transfers.
	Money []Moved
	// Result is the result that was recorded or retracted; nil for none.
	Result *Finding
	// Verdict is the verdict that the event brought; nil for none.
	Verdict *Found
	// Paid is the payout that it tells of; nil for none.
	Paid *Paid
	// Refund is what was refunded outside; nil for none.
	Refund *Sum
	// At is a time that the event tells, apart from its own; zero for none.
	At time.Time
	// What is a word of the caller, such as the kind of evidence, and Where the
	// reference that goes with it.
	What, Where string
	// Failure is why an attempt failed; empty if it did not.
	Failure string
	// Body is the body that was commissioned, Drawn says that it was drawn by lot, Overdue that
	// its report is late.
	Body           string
	Drawn, Overdue bool
	// Retest says that the server drew it for a re-test, Suspended that its commission ended because
	// it is suspended; RetestHeld is why nobody could be drawn.
	Retest, Suspended bool
	RetestHeld        claim.RetestHeld
	// Sample is the sample that a step of custody was told of, Step what was done with it.
	Sample string
	Step   custody.Kind
	// Asked is the party that was asked for evidence, of a laboratory Body is its id; or that a file
	// of evidence was disclosed to. Empty if the reader must not know.
	Asked claim.Asked
	// Cause is why a result does not count any more, and Reweighed what became of the claim;
	// both empty for other events and for old ones.
	Cause     claim.RetractionCause
	Reweighed claim.Reweighed
	// Assignee is the reviewer that took the claim.
	Assignee string
	// Proposed is the decision that was proposed; empty if the reader must not know.
	Proposed proposal.Kind
}

// Sum is an amount with its currency.
type Sum struct {
	Amount   money.Amount
	Currency string
}

// sum writes an amount with its currency, as the language names it.
func (c *catalogue) sum(s Sum) string {
	if word, known := c.currencies[s.Currency]; known {
		return money.Format(s.Amount, s.Currency) + word
	}
	return money.Format(s.Amount, s.Currency) + " " + s.Currency
}

// Moved is a transfer.
type Moved struct {
	Kind ledger.Kind
	Sum  Sum
}

// Finding is an authentication result.
type Finding struct {
	Authenticator, Report string
	Rank                  int
	Units                 []claim.Unit
	// Fee is the cost of the result; zero for none.
	Fee Sum
}

// Found is a verdict with its award.
type Found struct {
	Revision             int
	Verdict              claim.Verdict
	Refund, Compensation Sum
}

// Paid is a payout and what was reported of it.
type Paid struct {
	OutNumber string
	Part      payout.Part
	Sum       Sum
	// Outcome is what was reported; empty if the event is no report.
	Outcome payout.Outcome
	// Reported is what was reported of the amount; zero for all of it.
	Reported Sum
	Failure  string
	// First is when the first outcome was recorded.
	First time.Time
	// Confirms says that the report confirms a known failure, Contradicts that it
	// contradicts what was known, Redirected that the money goes elsewhere.
	Confirms, Contradicts, Redirected bool
}

// history is what a language says of events.
type history struct {
	// kinds say what happened, in one sentence for each kind of event.
	kinds map[event.Kind]*template.Template
	// transfers say how money moved, as a clause for each kind of transfer.
	transfers map[ledger.Kind]*template.Template
	outcomes  map[payout.Outcome]string
	parts     map[payout.Part]string
	proposals map[proposal.Kind]string
	deadlines map[claim.Deadline]string

	// quarantined stands for an event that nobody can read, and unknown for a kind that
	// is newer than this program.
	quarantined, unknown *template.Template
	// These follow the sentence of the kind where they apply.
	moved, escalates, verdict, money, fee                *template.Template
	reported, failure, confirms, contradicts, redirected *template.Template
}

// sentence compiles a sentence in which a field may be missing.
func sentence(text string) *template.Template {
	return template.Must(template.New("").Option("missingkey=zero").Parse(text))
}

// Tell says what happened, in one language. Times are given in the place of the reader.
func Tell(l Language, place *time.Location, h *Happening) string {
	t := teller{words: in(l), place: place}
	if h.Quarantined {
		return fill(t.words.history.quarantined, nil)
	}
	parts := []string{t.what(h)}
	parts = append(parts, t.payout(h.Paid)...)
	if r := h.Result; r != nil && r.Fee.Amount > 0 {
		parts = append(parts, fill(t.words.history.fee, fields{"Amount": t.words.sum(r.Fee)}))
	}
	if v := h.Verdict; v != nil {
		parts = append(parts, t.verdict(v))
	}
	if h.Trigger != "" {
		parts = append(parts, fill(t.words.history.moved, fields{
			"State": word(t.words.names, h.To), "Trigger": word(t.words.triggers, h.Trigger),
		}))
	}
	if h.Escalates {
		parts = append(parts, fill(t.words.history.escalates, nil))
	}
	if text := t.money(h.Money); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, t.words.gap)
}

// teller tells of events in one language.
type teller struct {
	words *catalogue
	place *time.Location
}

func (t *teller) when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return t.words.when(at, t.place)
}

// yes is a text for what is so; empty for what is not.
func yes(so bool) string {
	if so {
		return "yes"
	}
	return ""
}

// what is the sentence of the kind.
func (t *teller) what(h *Happening) string {
	of, known := t.words.history.kinds[h.Kind]
	if !known {
		return fill(t.words.history.unknown, nil)
	}
	f := fields{
		"At": t.when(h.At), "What": h.What, "Where": h.Where, "Failure": h.Failure, "Assignee": h.Assignee,
		"Body": h.Body, "Drawn": yes(h.Drawn), "Overdue": yes(h.Overdue), "Sample": h.Sample, "Step": "",
	}
	f["Retest"], f["Suspended"], f["Why"] = yes(h.Retest), yes(h.Suspended), ""
	if h.RetestHeld != "" {
		f["Why"] = word(t.words.retestHolds, h.RetestHeld)
	}
	if h.Step != "" {
		f["Step"] = word(t.words.steps, h.Step)
	}
	switch {
	case h.Asked != "":
		f["Party"] = word(t.words.asked, h.Asked)
	case h.Body != "":
		f["Party"] = h.Body
	}
	if h.Cause != "" {
		f["Cause"] = word(t.words.causes, h.Cause)
	}
	if h.Reweighed != "" {
		f["Reweighed"] = word(t.words.reweighings, h.Reweighed)
	}
	if h.Proposed != "" {
		f["Proposed"] = word(t.words.history.proposals, h.Proposed)
	}
	if h.Passed != "" {
		f["Deadline"] = word(t.words.history.deadlines, h.Passed)
	}
	if h.Refund != nil {
		f["Refund"] = t.words.sum(*h.Refund)
	}
	if r := h.Result; r != nil {
		f["Report"], f["Authenticator"], f["Rank"] = r.Report, r.Authenticator, strconv.Itoa(r.Rank)
		f["Units"] = (&writer{words: t.words}).units(r.Units)
	}
	if p := h.Paid; p != nil {
		f["OutNumber"], f["Part"], f["Amount"] = p.OutNumber, word(t.words.history.parts, p.Part), t.words.sum(p.Sum)
		f["Outcome"] = word(t.words.history.outcomes, p.Outcome)
	}
	return fill(of, f)
}

// payout says what else was reported of a payout.
func (t *teller) payout(p *Paid) []string {
	var out []string
	if p == nil {
		return nil
	}
	of := t.words.history
	if p.Reported.Amount > 0 {
		out = append(out, fill(of.reported, fields{"Amount": t.words.sum(p.Reported)}))
	}
	if p.Failure != "" {
		out = append(out, fill(of.failure, fields{"Code": p.Failure}))
	}
	switch {
	case p.Confirms:
		out = append(out, fill(of.confirms, fields{"First": t.when(p.First)}))
	case p.Contradicts:
		out = append(out, fill(of.contradicts, fields{"First": t.when(p.First)}))
	case p.Redirected:
		out = append(out, fill(of.redirected, nil))
	}
	return out
}

func (t *teller) verdict(v *Found) string {
	total := Sum{v.Refund.Amount + v.Compensation.Amount, v.Refund.Currency}
	return fill(t.words.history.verdict, fields{
		"Revision": strconv.Itoa(v.Revision), "Verdict": word(t.words.verdicts, v.Verdict), "Total": t.words.sum(total),
		"Refund": t.words.sum(v.Refund), "Compensation": t.words.sum(v.Compensation),
	})
}

// money says how money moved; transfers of one kind are summed up.
func (t *teller) money(list []Moved) string {
	type key struct {
		kind     ledger.Kind
		currency string
	}
	sums := make(map[key]money.Amount)
	var order []key
	for _, m := range list {
		k := key{m.Kind, m.Sum.Currency}
		if _, known := sums[k]; !known {
			order = append(order, k)
		}
		sums[k] += m.Sum.Amount
	}
	var parts []string
	for _, k := range order {
		if of, known := t.words.history.transfers[k.kind]; known {
			parts = append(parts, fill(of, fields{"Amount": t.words.sum(Sum{sums[k], k.currency})}))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fill(t.words.history.money, fields{"List": strings.Join(parts, t.words.and)})
}

// Place is where the times of texts are read unless the reader says otherwise.
func Place() *time.Location { return policy.Beijing }

// when writes a time as it is in a place.
func (c *catalogue) when(at time.Time, place *time.Location) string {
	form := c.timeForm
	if place.String() != Place().String() {
		form = c.foreignForm
	}
	return at.In(place).Format(form)
}
