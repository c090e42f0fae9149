package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// retracted says that a result no longer counts.
func retracted(r *tenfoldv1.AuthenticationResult) string {
	if r.GetRetracted() {
		return "taken back"
	}
	return ""
}

// printRevisions prints the verdicts of a claim and the award of each.
func printRevisions(o *output, list []*tenfoldv1.Revision) {
	if len(list) == 0 && !o.lists {
		return
	}
	t := o.newTable("Verdicts", column{"No.", true}, column{title: "When"}, column{title: "Verdict"}, column{title: "Because"},
		column{"Refund", true}, column{"Compensation", true}, column{title: "By"}, column{title: "Note"})
	t.currency = true
	for _, v := range list {
		t.AppendRow(table.Row{
			v.GetNumber(), o.when(v.GetRevisedAt()), word(v.GetVerdict()), v.GetCause(),
			sumCell{v.GetAward().GetRefund()}, sumCell{v.GetAward().GetCompensation()}, v.GetAuthor(), v.GetNote(),
		})
	}
	o.render(t)
}

func printAppeals(o *output, list []*tenfoldv1.Appeal) {
	if len(list) == 0 && !o.lists {
		return
	}
	t := o.newTable("Appeals", column{"Against", true}, column{title: "When"}, column{title: "Reasons"}, column{title: "Evidence"}, column{title: "Ended"})
	for _, a := range list {
		ended := "waits for the panel"
		if a.GetEndedAt() != nil {
			ended = word(a.GetEndedBy()) + " at " + o.when(a.GetEndedAt())
		}
		t.AppendRow(table.Row{a.GetRevision(), o.when(a.GetAppealedAt()), a.GetNote(), strings.Join(a.GetEvidence(), ", "), ended})
	}
	o.render(t)
}

func printApprovals(o *output, list []*tenfoldv1.Approval) {
	if len(list) == 0 && !o.lists {
		return
	}
	t := o.newTable("Approvals", column{"Of", true}, column{title: "When"}, column{title: "Person"}, column{"Amount", true}, column{title: "Counts"}, column{title: "Note"})
	t.currency = true
	for _, a := range list {
		counts := "yes"
		if !a.GetCounts() {
			counts = "no: the claim has changed since"
		}
		t.AppendRow(table.Row{a.GetRevision(), o.when(a.GetApprovedAt()), a.GetPerson(), sumCell{a.GetAmount()}, counts, a.GetNote()})
	}
	o.render(t)
}

func printEvidence(o *output, list []*tenfoldv1.Evidence) {
	if len(list) == 0 && !o.lists {
		return
	}
	t := o.newTable("Evidence", column{"Number", true}, column{title: "When"}, column{title: "Kind"}, column{title: "Kept at"}, column{title: "By"},
		column{title: "Disclosed to"}, column{title: "Answers"}, column{title: "Note"})
	for _, e := range list {
		kept, parties := e.GetReference(), []string(nil)
		for _, p := range e.GetDisclosedTo() {
			parties = append(parties, word(p))
		}
		if e.GetMediaType() != "" {
			kept = fmt.Sprintf("here: %s, %d bytes", e.GetMediaType(), e.GetSizeBytes())
		}
		t.AppendRow(table.Row{e.GetEventNumber(), o.when(e.GetAddedAt()), e.GetKind(), kept, byWhom("", e.GetRole(), e.GetPerson()),
			strings.Join(parties, ", "), answering(e), e.GetNote()})
	}
	o.render(t)
}
