package main

import (
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// evidenceRequestText reads the name of a request for evidence, or MERCHANT/CLAIM/NUMBER.
var evidenceRequestText = numberedText("evidenceRequests")

// anAnswer is the flag that names the request which evidence answers.
func anAnswer() input {
	return input{name: "request", field: "evidence_request", usage: "request for evidence that it answers: MERCHANT/CLAIM/NUMBER", as: evidenceRequestText}
}

// evidenceRequestVerbs are the commands that ask parties for evidence.
func evidenceRequestVerbs() []verb {
	aRequest := input{name: "REQUEST", field: "name", required: true, as: evidenceRequestText}
	return []verb{
		{
			use: "ask CLAIM", method: "EvidenceRequestService/RequestEvidence", role: principal.RoleSupport, about: "parent",
			short: "Ask a party of a claim for evidence",
			long: "Ask the consumer, the merchant or a laboratory for evidence until a time. A request decides nothing. Evidence that comes\n" +
				"late is taken, and marked as late.",
			examples: []string{
				"evidence ask 1KJPW-D6M05-F2S5T-CT5FM --party merchant --kind INVOICE --question 'who sold the batch?' --due 2026-03-20T09:00:00Z",
				"evidence ask 1KJPW-D6M05-F2S5T-CT5FM --authenticator cti-lab --kind PHOTO --question 'please show the seal' --due 2026-03-20T09:00:00Z",
			},
			args: []input{aClaim("parent")},
			flags: []input{
				{name: "party", field: "party", usage: "party that is asked; this or --authenticator"},
				{name: "authenticator", field: "authenticator", usage: "laboratory that is asked, with a part in the claim", as: authenticatorText},
				{name: "kind", field: "kind", usage: "kind of the evidence, in capitals such as INVOICE", required: true},
				{name: "question", field: "question", usage: "what is to be shown by it, without personal data", required: true},
				{name: "due", field: "due_at", usage: "when the evidence is due", required: true},
			},
			choose: []string{"party", "authenticator"},
		},
		{
			use: "requests", method: "EvidenceRequestService/ListEvidenceRequests", role: principal.RoleSupport, thing: "request",
			short: "List what parties are asked for",
			long: "List what a merchant or a laboratory is asked for, those due first; all of a claim with --claim; what is asked in all\n" +
				"books with --merchant -. With --mine a laboratory lists its own, and the order service gets what consumers are asked.",
			examples: []string{
				"evidence requests --merchant m1 --role merchant --scope merchants/m1", "evidence requests --claim 1KJPW-D6M05-F2S5T-CT5FM",
				"evidence requests --merchant - --due-until 2026-03-20T00:00:00Z", "evidence requests --mine --role authenticator --scope authenticators/cti-lab",
			},
			flags: []input{
				{name: "merchant", field: "parent", usage: "what this merchant is asked, or - for all books", as: merchantText},
				{name: "claim", field: "parent", usage: "what was asked on this claim", put: claimInto("parent")},
				{name: "authenticator", field: "parent", usage: "what this laboratory is asked", as: authenticatorText},
				{name: "mine", field: "parent", usage: "what the calling laboratory is asked", alone: true, put: ownInto("parent")},
				{name: "state", field: "state", usage: "only those in this state; the open ones if it is not given"},
				{name: "due-from", field: "due_from", usage: "only those that are due at this time or later"},
				{name: "due-until", field: "due_until", usage: "only those that are due before this time"},
			},
			choose: []string{"merchant", "claim", "authenticator", "mine"},
		},
		{
			use: "request REQUEST", method: "EvidenceRequestService/GetEvidenceRequest", role: principal.RoleSupport,
			short: "Show a request for evidence", long: "Show a request for evidence: who is asked for what until when, and whether it came.",
			examples: []string{"evidence request m1/1KJPW-D6M05-F2S5T-CT5FM/1"}, args: []input{aRequest},
		},
		{
			use: "unask REQUEST", method: "EvidenceRequestService/CancelEvidenceRequest", role: principal.RoleSupport,
			short: "End an open request for evidence", long: "End an open request for evidence, because the evidence is not needed.",
			examples: []string{"evidence unask m1/1KJPW-D6M05-F2S5T-CT5FM/1 --note 'the merchant accepted'"},
			args:     []input{aRequest}, flags: []input{whyNote("the reason, without personal data")},
		},
	}
}

func printEvidenceRequests(o *output, list []*tenfoldv1.EvidenceRequest) {
	if len(list) == 1 && !o.lists {
		printEvidenceRequest(o, list[0])
		return
	}
	t := o.newTable("Requests for evidence", column{title: "Request"}, column{title: "Asked"}, column{title: "Kind"}, column{title: "State"},
		column{title: "Due"}, column{title: ""})
	for _, x := range list {
		t.AppendRow(table.Row{x.GetName(), askedOf(x), x.GetKind(), word(x.GetState()), o.when(x.GetDueAt()), overdue(x)})
	}
	o.render(t)
}

// askedOf is who is asked: the party, or the laboratory by its id.
func askedOf(x *tenfoldv1.EvidenceRequest) string {
	if x.GetAuthenticator() != "" {
		return idOf(x.GetAuthenticator())
	}
	return word(x.GetParty())
}

// answering says which request a piece of evidence answers, and whether it came late.
func answering(e *tenfoldv1.Evidence) string {
	switch {
	case e.GetEvidenceRequest() == "":
		return ""
	case e.GetLate():
		return "request " + idOf(e.GetEvidenceRequest()) + ", late"
	}
	return "request " + idOf(e.GetEvidenceRequest())
}

// overdue says that evidence has not come in time.
func overdue(x *tenfoldv1.EvidenceRequest) string {
	if x.GetOverdueAt() != nil && x.GetEndedAt() == nil {
		return "overdue"
	}
	return ""
}

func printEvidenceRequest(o *output, x *tenfoldv1.EvidenceRequest) {
	answers := ""
	if x.GetAnswers() > 0 {
		answers = strconv.Itoa(int(x.GetAnswers()))
	}
	o.facts(x.GetName(), [][2]string{
		{"asked", askedOf(x)}, {"state", strings.TrimSpace(word(x.GetState()) + " " + overdue(x))}, {"kind", x.GetKind()},
		{"question", x.GetQuestion()}, {"due", o.since(x.GetDueAt())}, {"made", o.since(x.GetMadeAt())}, {"answers", answers},
		{"ended", o.since(x.GetEndedAt())}, {"note", x.GetNote()},
	}...)
}
