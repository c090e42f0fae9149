package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// newRules groups the commands on the decision rules.
func newRules() *cobra.Command {
	return group(&cobra.Command{
		Use: "rules", Short: "Show, propose and approve versions of the decision rules", Args: cobra.NoArgs, RunE: help,
		Long: "Read the decision rules, by which results rank and decide claims, and publish versions of them. One person proposes\n" +
			"a version, and two others approve it.",
	}, rulesVerbs())
}

// rulesNumber is a number of a version or of a proposal.
var rulesNumber = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)

// numberAfter reads a number, or the name that ends with it.
func numberAfter(prefix string) func(text string) (string, error) {
	return func(text string) (string, error) {
		number := strings.TrimPrefix(text, prefix)
		if !rulesNumber.MatchString(number) {
			return "", fmt.Errorf("must be a number such as 4, not %s", shown(text))
		}
		return prefix + number, nil
	}
}

// rulesVerbs are the commands on the decision rules.
func rulesVerbs() []verb {
	proposal := input{name: "PROPOSAL", field: "name", required: true, as: numberAfter("decisionRulesProposals/")}
	return []verb{
		{
			use: "list", method: "DecisionRulesService/ListDecisionRules", role: principal.RoleOperator, thing: "version",
			short:    "List the versions of the decision rules, newest first",
			long:     "List the versions of the decision rules, newest first. A claim is decided by the version that was in force when it was filed.",
			examples: []string{"rules list", "rules list -o jsonl"},
		},
		{
			use: "show VERSION", method: "DecisionRulesService/GetDecisionRules", role: principal.RoleOperator,
			short: "Show a version of the decision rules",
			long: "Show a version of the decision rules. The object decisionRules of its JSON is what `tenfold rules propose` reads, once\n" +
				"name, note and effectiveFrom are those of the next version and publishedAt is left out.",
			examples: []string{"rules show 4", "rules show 4 -o json"},
			args:     []input{{name: "VERSION", field: "name", required: true, as: numberAfter("decisionRules/")}},
		},
		{
			use: "propose FILE", method: "DecisionRulesService/ProposeDecisionRules", role: principal.RoleOperator,
			short: "Propose the next version of the decision rules, from DecisionRules in JSON",
			long: "Propose the next version of the decision rules, from a file in JSON, or from the standard input for \"-\". Two other\n" +
				"people approve it with `tenfold rules approve`. Needs --person.",
			examples: []string{"rules propose rules.json --person oscar --validate-only", "rules propose rules.json --person oscar"},
			args:     []input{{name: "FILE", required: true, put: fromFile("decision_rules")}},
		},
		{
			use: "proposals", method: "DecisionRulesService/ListDecisionRulesProposals", role: principal.RoleOperator, thing: "proposal",
			short:    "List proposals of decision rules, newest first",
			long:     "List proposals of decision rules, newest first, with what people decided on them.",
			examples: []string{"rules proposals --state open"},
			flags:    []input{{name: "state", field: "state", usage: "open, published, refused, withdrawn or expired"}},
		},
		{
			use: "proposal PROPOSAL", method: "DecisionRulesService/GetDecisionRulesProposal", role: principal.RoleOperator,
			short:    "Show a proposal of decision rules",
			long:     "Show a proposal of decision rules with everything that happened to it.",
			examples: []string{"rules proposal 1"},
			args:     []input{proposal},
		},
		{
			use: "approve PROPOSAL", method: "DecisionRulesService/ApproveDecisionRulesProposal", role: principal.RoleApprover,
			short:    "Approve a proposal of decision rules; the second approval publishes them",
			long:     "Approve a proposal of decision rules. The second approval, by another person, publishes them. Needs --person.",
			examples: []string{"rules approve 1 --person anna --yes"},
			args:     []input{proposal}, flags: []input{aNote()}, risk: "With the second approval, the rules decide the claims that are filed once they are in force",
		},
		{
			use: "refuse PROPOSAL", method: "DecisionRulesService/RefuseDecisionRulesProposal", role: principal.RoleApprover,
			short:    "Refuse a proposal of decision rules",
			long:     "End a proposal of decision rules. One person other than its proposer is enough. Needs --person.",
			examples: []string{"rules refuse 1 --note 'photos must not decide' --person anna --yes"},
			args:     []input{proposal}, flags: []input{whyNote("the reason")}, risk: "The proposal ends",
		},
		{
			use: "withdraw PROPOSAL", method: "DecisionRulesService/WithdrawDecisionRulesProposal", role: principal.RoleOperator,
			short:    "Withdraw an own proposal of decision rules",
			long:     "End an own proposal of decision rules. Needs --person.",
			examples: []string{"rules withdraw 1 --person oscar --yes"},
			args:     []input{proposal}, flags: []input{aNote()}, risk: "The proposal ends",
		},
	}
}

// printDecisionRules prints versions, and of a single one the ladder too.
func printDecisionRules(o *output, list []*tenfoldv1.DecisionRules) {
	t := o.newTable("Decision rules", column{"Version", true}, column{title: "In force from"}, column{title: "Published"},
		column{title: "Decides alone up to"}, column{title: "Quorums"}, column{title: "Re-inspection"}, column{"Unsigned ranks lower by", true}, column{title: "Note"})
	for _, r := range list {
		var quorums, again []string
		for _, q := range r.GetQuorums() {
			quorums = append(quorums, fmt.Sprintf("rank %d: %d", q.GetRank(), q.GetBodies()))
		}
		if r.GetReinspectionIndependent() {
			again = append(again, "by another body")
		}
		if r.GetReinspectionFinal() {
			again = append(again, "the first is final")
		}
		t.AppendRow(table.Row{
			strings.TrimPrefix(r.GetName(), "decisionRules/"), o.when(r.GetEffectiveFrom()), o.when(r.GetPublishedAt()), r.GetDecidesAlone(),
			strings.Join(quorums, ", "), strings.Join(again, ", "), r.GetUnsignedRanks(), r.GetNote(),
		})
	}
	o.render(t)
	if len(list) == 1 {
		printLadder(o, list[0])
	}
}

// printLadder prints the ladder of a version and what it asks of custody.
func printLadder(o *output, r *tenfoldv1.DecisionRules) {
	t := o.newTable("Ladder", column{"Rank", true}, column{title: "Bodies"}, column{title: "Samples"}, column{title: ""})
	for _, g := range r.GetLadder() {
		again := ""
		if g.GetReinspection() {
			again = "re-inspections"
		}
		t.AppendRow(table.Row{g.GetRank(), cmp.Or(enumWords(g.GetAuthenticatorKinds()), "any"), cmp.Or(enumWords(g.GetSampleSources()), "any"), again})
	}
	o.render(t)
	c := r.GetCustody()
	unrecorded := "has a gap"
	if c.GetUnrecordedAsTold() {
		unrecorded = "is as told"
	}
	o.facts("Custody",
		[2]string{"sealed samples", enumWords(c.GetPlatformSteps())},
		[2]string{"consumers' samples", enumWords(c.GetConsumerSteps())},
		[2]string{"without steps", unrecorded},
		[2]string{"weights may differ by", fmt.Sprintf("%s or %d per mille", cmp.Or(grams(c.GetWeightToleranceMilligrams()), "0 g"), c.GetWeightTolerancePerMille())},
	)
}

// enumWords writes values of an enum as words.
func enumWords[E protoreflect.Enum](list []E) string {
	words := make([]string, len(list))
	for i, e := range list {
		words[i] = word(e)
	}
	return strings.Join(words, ", ")
}

func printRulesProposals(o *output, list []*tenfoldv1.DecisionRulesProposal) {
	t := o.newTable("Proposals of decision rules", column{"Proposal", true}, column{"Version", true}, column{title: "State"}, column{title: "In force from"},
		column{title: "Expires"}, column{title: "What happened"})
	for _, p := range list {
		var steps []string
		for _, s := range p.GetSteps() {
			steps = append(steps, listed(" ", o.when(s.GetActedAt()), word(s.GetAction()), s.GetPerson(), led("– ", s.GetNote())))
		}
		t.AppendRow(table.Row{
			strings.TrimPrefix(p.GetName(), "decisionRulesProposals/"), strings.TrimPrefix(p.GetDecisionRules().GetName(), "decisionRules/"),
			word(p.GetState()), o.when(p.GetDecisionRules().GetEffectiveFrom()), o.when(p.GetExpiresAt()), strings.Join(steps, "\n"),
		})
	}
	o.render(t)
}
