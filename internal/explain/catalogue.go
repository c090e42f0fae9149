package explain

import (
	"strings"
	"text/template"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// catalogue is everything that one language says. A word of the domain that it
// lacks is shown as it is; the package's tests find it.
type catalogue struct {
	// states say what a state is, as a whole sentence; names are its short form.
	states map[claim.State]string
	names  map[claim.State]string
	// money says what money does on entry of a state. English has none of its own:
	// internal/claim says it.
	money map[claim.State]string
	// triggers say what happened, as a clause.
	triggers  map[claim.Trigger]string
	parties   map[claim.Party]string
	actions   map[claim.Action]string
	deadlines map[claim.Deadline]string
	verdicts  map[claim.Verdict]string
	bases     map[policy.LegalBasis]string
	// effects say what would be done with an amount.
	effects map[claim.MoneyEffect]*template.Template
	roles   map[string]string
	phrases phrases
	// timeForm is how a time in Beijing is written.
	timeForm string
	// and stands between the parts of a list, none for an empty one.
	and, none string
}

// phrases are the sentences into which words and figures are put.
type phrases struct {
	why, note, result, turn, escalated, time, timeless     *template.Template
	awarded, floor, cap, funding, held, shortfall, noAward *template.Template
	choice, stays, moves, unpriced, deadline               *template.Template
}

// in gives the catalogue of a language; English for one that is not known.
func in(l Language) *catalogue {
	if l == Chinese {
		return chinese
	}
	return english
}

// phrase compiles a sentence. The catalogue is part of the program: a phrase
// that does not compile must not start.
func phrase(text string) *template.Template {
	return template.Must(template.New("").Option("missingkey=error").Parse(text))
}

// fields are what is put into a phrase.
type fields map[string]string

func fill(t *template.Template, f fields) string {
	var b strings.Builder
	if err := t.Execute(&b, f); err != nil {
		// Every phrase is written by the tests with the fields that it has.
		panic(err)
	}
	return b.String()
}

// word looks a word of the domain up.
func word[W ~string](words map[W]string, w W) string {
	if text, ok := words[w]; ok {
		return text
	}
	return string(w)
}
