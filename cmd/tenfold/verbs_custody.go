package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newCustody() *cobra.Command {
	return newGroup("custody", "Record who had a sample, and see whether its chain of custody holds", custodyVerbs())
}

func custodyVerbs() []verb {
	return []verb{
		{
			use: "add CLAIM", method: "CustodyService/AddCustodyStep", role: principal.RoleSupport, about: "parent",
			short: "Add a step of custody of a sample",
			long: "Add a step of custody of a sample, in any order. The first step with a name begins the sample. A step that was told\n" +
				"wrongly is corrected by another one with --corrects. The results of the claim are ranked anew, and the claim can move.",
			examples: []string{
				"custody add 1KJPW-D6M05-F2S5T-CT5FM --sample S1 --kind sealed --at 2026-03-02T09:00:00Z --seal A-117 --weight-milligrams 310000",
				"custody add 1KJPW-D6M05-F2S5T-CT5FM --sample S1 --kind arrived --at 2026-03-04T09:00:00Z --seal A-117 --authenticator cti-lab",
			},
			args: []input{aClaim("parent")},
			flags: []input{
				{name: "sample", field: "sample", usage: "the sample, as its first step names it", required: true},
				{name: "kind", field: "kind", usage: "what was done with it", required: true},
				{name: "at", field: "happened_at", usage: "when it was done", required: true},
				{name: "units", field: "units", usage: "units that the sample consists of, such as 1,3-5; in the first step all of them if it is not given", put: unitsInto},
				{name: "place", field: "place", usage: "where it was done, without personal data"},
				{name: "actor", field: "actor", usage: "who did it, such as a carrier, without personal data"},
				{name: "authenticator", field: "authenticator", usage: "the body that had the sample", as: authenticatorText},
				{name: "seal", field: "seals", usage: "number of a seal that was put on or found; may be repeated", often: true},
				{name: "weight-milligrams", field: "weight_milligrams", usage: "weight in milligrams"},
				{name: "evidence", field: "evidence_digests", usage: "SHA-256 of evidence of the claim that shows the step; may be repeated", often: true},
				{name: "corrects", field: "corrects", usage: "number of the step in whose place this one stands"},
				{name: "note", field: "note", usage: "remark, without personal data"},
			},
		},
		{
			use: "list CLAIM", method: "CustodyService/ListCustodySteps", role: principal.RoleSupport, thing: "step",
			short: "List the steps of custody of a claim's samples",
			long: "List the steps of custody of a claim's samples in the order in which they were added, and how the chain of each sample\n" +
				"stands as far as it has come. How it stands for a result is shown with the result.",
			examples: []string{"custody list 1KJPW-D6M05-F2S5T-CT5FM", "custody list 1KJPW-D6M05-F2S5T-CT5FM --sample S1"},
			args:     []input{aClaim("parent")},
			flags:    []input{{name: "sample", field: "sample", usage: "only steps of this sample"}},
		},
	}
}

func printCustodySteps(o *output, list []*tenfoldv1.CustodyStep) {
	t := o.newTable("Steps of custody", column{"Step", true}, column{title: "Sample"}, column{title: "What"}, column{title: "When"},
		column{title: "Where"}, column{title: "Who"}, column{title: "Seals"}, column{"Weight", true}, column{title: ""})
	for _, x := range list {
		who := strings.TrimSpace(x.GetActor() + " " + idOf(x.GetAuthenticator()))
		t.AppendRow(table.Row{
			x.GetNumber(), x.GetSample(), word(x.GetKind()), o.when(x.GetHappenedAt()), x.GetPlace(), who, strings.Join(x.GetSeals(), ", "),
			grams(x.GetWeightMilligrams()), correction(x),
		})
	}
	o.render(t)
}

// grams writes a weight; nothing where there is none.
func grams(milligrams int64) string {
	if milligrams == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(milligrams)/1000, 'f', -1, 64) + " g"
}

func correction(x *tenfoldv1.CustodyStep) string {
	switch {
	case x.GetCorrectedBy() > 0:
		return fmt.Sprintf("corrected by step %d", x.GetCorrectedBy())
	case x.GetCorrects() > 0:
		return fmt.Sprintf("corrects step %d", x.GetCorrects())
	}
	return ""
}

// printStandings prints how the chains of samples stand. A file of CSV is one table: that of the
// steps.
func printStandings(o *output, list []*tenfoldv1.CustodyStanding) {
	if o.format == formatCSV {
		return
	}
	for _, x := range list {
		facts := [][2]string{{"state", word(x.GetState())}}
		for _, f := range x.GetFindings() {
			facts = append(facts, [2]string{word(f.GetState()), whereFound(f)})
		}
		o.facts("Chain of custody of "+x.GetSample(), facts...)
	}
}

// whereFound says where a chain of custody does not hold.
func whereFound(f *tenfoldv1.CustodyFinding) string {
	var parts []string
	if f.GetStep() > 0 {
		parts = append(parts, fmt.Sprintf("at step %d", f.GetStep()))
	}
	if f.GetBefore() > 0 {
		parts = append(parts, fmt.Sprintf("after step %d", f.GetBefore()))
	}
	if f.GetMissing() != 0 {
		parts = append(parts, "no step "+word(f.GetMissing()))
	}
	return strings.Join(parts, ", ")
}
