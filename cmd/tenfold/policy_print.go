package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func printVersions(o *output, all *tenfoldv1.ListPolicyVersionsResponse) {
	t := o.newTable("Policy versions", column{title: "Version"}, column{title: "Title"}, column{title: "Legal basis"}, column{title: "Categories"},
		column{"Multiplier", true}, column{"Approval over", true}, column{title: "Published"}, column{title: "In force from"})
	for _, v := range all.GetPolicyVersions() {
		over := "none"
		if v.GetApprovalOver() != nil {
			over = sum(v.GetApprovalOver())
		}
		t.AppendRow(table.Row{
			shortPolicyName(v.GetName()), v.GetTitle(), word(v.GetLegalBasis()), cmp.Or(strings.Join(v.GetCategories(), ", "), "every category"),
			ratioText(v.GetMultiplier()), over, o.when(v.GetPublishedAt()), o.when(v.GetEffectiveFrom()),
		})
	}
	o.render(t)
}

// shortPolicyName is the name of a version as the commands take it.
func shortPolicyName(name string) string {
	return strings.Replace(strings.TrimPrefix(name, "policies/"), "/versions/", "/", 1)
}

func ratioText(r *tenfoldv1.Ratio) string {
	if r.GetDenominator() == 1 {
		return fmt.Sprint(r.GetNumerator())
	}
	return fmt.Sprintf("%d/%d", r.GetNumerator(), r.GetDenominator())
}

// printVersion prints every term of a version, with what holds where it says nothing.
func printVersion(o *output, m *tenfoldv1.PolicyVersion) error {
	v, err := rpc.PolicyVersionOfMessage(m)
	if err != nil {
		return err
	}
	t := o.newTable("Policy version "+shortPolicyName(m.GetName()), column{title: "Term"}, column{title: "Value"})
	t.AppendRow(table.Row{"published_at", o.when(m.GetPublishedAt())})
	t.AppendRow(table.Row{"effective_from", o.when(m.GetEffectiveFrom())})
	for _, term := range policy.Differences(nil, &v) {
		t.AppendRow(table.Row{term.Field, term.After})
	}
	o.render(t)
	if lacking := v.Lacking(); len(lacking) > 0 {
		fmt.Fprintf(o.w, "The version lacks limits: %s.\n", strings.Join(lacking, ", "))
	}
	return nil
}

// printChanges prints what a version changes, a table for each group of categories.
func printChanges(o *output, changes []*tenfoldv1.PolicyChange) {
	if len(changes) == 0 {
		fmt.Fprintln(o.w, "It changes nothing.")
	}
	for _, c := range changes {
		categories := make([]string, len(c.GetCategories()))
		for i, category := range c.GetCategories() {
			categories[i] = cmp.Or(category, "every category that no policy names")
		}
		printTerms(o, fmt.Sprintf("%s in %s for %s: %s, then %s", word(c.GetLegalBasis()), c.GetCurrencyCode(), strings.Join(categories, ", "),
			cmp.Or(shortPolicyName(c.GetBefore()), "no version"), cmp.Or(shortPolicyName(c.GetAfter()), "no version")), c)
	}
}

func printTerms(o *output, title string, c *tenfoldv1.PolicyChange) {
	t := o.newTable(title, column{title: "Term"}, column{title: "Before"}, column{title: "After"})
	for _, term := range c.GetTerms() {
		t.AppendRow(table.Row{term.GetField(), cmp.Or(term.GetBefore(), "–"), cmp.Or(term.GetAfter(), "–")})
	}
	if len(c.GetTerms()) == 0 {
		t.AppendRow(table.Row{"no term differs", "", ""})
	}
	o.render(t)
}

func printPolicyProposals(o *output, all *tenfoldv1.ListPolicyProposalsResponse) {
	t := o.newTable("Policy proposals", column{title: "Proposal"}, column{title: "Version"}, column{title: "State"}, column{title: "In force from"},
		column{title: "What happened"})
	for _, p := range all.GetPolicyProposals() {
		var steps []string
		for _, s := range p.GetSteps() {
			steps = append(steps, listed(" ", o.when(s.GetActedAt()), word(s.GetAction()), s.GetPerson(), led("– ", s.GetNote())))
		}
		t.AppendRow(table.Row{
			strings.TrimPrefix(p.GetName(), "policies/"), numberOfVersion(p.GetPolicyVersion().GetName()), word(p.GetState()),
			o.when(p.GetPolicyVersion().GetEffectiveFrom()), strings.Join(steps, "\n"),
		})
	}
	o.render(t)
}

func printPolicyProposal(o *output, p *tenfoldv1.PolicyProposal) {
	printPolicyProposals(o, &tenfoldv1.ListPolicyProposalsResponse{PolicyProposals: []*tenfoldv1.PolicyProposal{p}})
	if p.GetState() == tenfoldv1.PolicyProposalState_POLICY_PROPOSAL_STATE_OPEN {
		fmt.Fprintf(o.w, "It expires at %s.\n", o.when(p.GetExpiresAt()))
	}
}
