package explain

import (
	"strings"
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// catalogue holds everything that one language says. A word of the domain that it
// lacks is shown unchanged; the package's tests find it.
type catalogue struct {
	// states describe each state in a whole sentence; names are its short form.
	states map[claim.State]string
	names  map[claim.State]string
	// money describes the effect on money on entry of a state. English has none of
	// its own: internal/claim has the words.
	money map[claim.State]string
	// triggers say what happened, as a clause.
	triggers  map[claim.Trigger]string
	parties   map[claim.Party]string
	actions   map[claim.Action]string
	deadlines map[claim.Deadline]string
	verdicts  map[claim.Verdict]string
	// consequences say what the policy makes of a verdict.
	consequences map[policy.Consequence]string
	bases        map[policy.LegalBasis]string
	// causes say why a result does not count any more, reweighings what became of its claim.
	causes      map[claim.RetractionCause]string
	reweighings map[claim.Reweighed]string
	// commissions say how far a commission has come.
	commissions map[commission.State]string
	// steps name what was done with a sample, custody say how its chain stands.
	steps   map[custody.Kind]string
	custody map[custody.State]*template.Template
	// asked name the parties that are asked for evidence, but for laboratories.
	asked map[claim.Asked]string
	// lowerings say why a result ranks lower than others of its kind.
	lowerings map[claim.Lowering]string
	// retestHolds say why nobody can be drawn for a re-test.
	retestHolds map[claim.RetestHeld]string
	// reasons say by which rule a unit has its verdict.
	reasons map[claim.Reason]string
	// effects say what would be done with an amount.
	effects  map[claim.MoneyEffect]*template.Template
	roles    map[string]string
	phrases  phrases
	history  *history
	refusals *refusals
	consumer *consumerWords
	// timeForm is the format of a time in Beijing, foreignForm that of a time elsewhere.
	timeForm, foreignForm string
	// gap separates sentences.
	gap string
	// and separates the clauses of a list, and comma its words; none stands for an empty list.
	and, comma, none string
	// currencies are the words that follow amounts, for currencies that have one.
	currencies map[string]string
}

// phrases are the sentences that words and figures are put into.
type phrases struct {
	about, why, note, result, broken, weighed, ranked, ruled, uncommissioned, retracted, turn, escalated, commissioned, overdue, retest, retestHeld, requested, missing, time, timeless, stopped *template.Template
	awarded, contested, floor, cap, funding, held, shortfall, noAward, refundable                                                                                                                *template.Template
	choice, stays, moves, unpriced, deadline                                                                                                                                                     *template.Template
}

// in gives the catalogue of a language, or English if the language is unknown.
func in(l Language) *catalogue {
	if l == Chinese {
		return chinese
	}
	return english
}

// phrase compiles a sentence. The catalogue is part of the program, so a phrase
// that does not compile must not start.
func phrase(text string) *template.Template {
	return template.Must(template.New("").Option("missingkey=error").Parse(text))
}

// fields are the values put into a phrase.
type fields map[string]string

func fill(t *template.Template, f fields) string {
	var b strings.Builder
	if err := t.Execute(&b, f); err != nil {
		// The tests write every phrase with the fields that it has.
		panic(err)
	}
	return b.String()
}

// word looks up a word of the domain.
func word[W ~string](words map[W]string, w W) string {
	if text, ok := words[w]; ok {
		return text
	}
	return string(w)
}
