package main

import (
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// proposing is a kind of proposal, as people write it.
type proposing struct {
	// word names the command, and kind the kind of the contract.
	word, kind         string
	short, long, flags string
	inputs             []input
	// maybeNothing says that the amount may be zero.
	maybeNothing bool
}

// proposals are the kinds of proposal.
func proposals() []proposing {
	undoes := input{name: "undoes", field: "undoes", usage: "the proposal that it undoes, such as m1/106", required: true, as: under("proposals")}
	reference := func(usage string) input {
		return input{name: "payment-reference", field: "payment_reference", usage: usage, required: true}
	}
	moved := reference("reference under which the money moves; it can be used once over all merchants")
	topUp := reference("reference of the top-up")
	account := func(flag, usage string) input {
		return input{name: flag, field: flag + "_account", usage: usage, required: true}
	}
	effective := input{name: "effective-at", field: "effective_at", usage: "when the money moved; the second approval if it is not given"}
	return []proposing{
		{word: "write-off", kind: "write-off", short: "Propose to write off a debt of the merchant",
			long:  "Propose to write off an advance or a fee of a claim (--claim), or a bounced top-up (--payment-reference).",
			flags: "--debt-kind advance --claim 1KJPW-D6M05-F2S5T-CT5FM --amount 70.00CNY --note insolvent",
			inputs: []input{
				{name: "debt-kind", field: "debt_kind", usage: "advance, fee or top-up", required: true},
				{name: "claim", field: "claim", usage: "the claim of an advance or a fee", put: claimInto("claim")},
				{name: "payment-reference", field: "payment_reference", usage: "the reference of a bounced top-up"},
			}},
		{word: "recovery", kind: "write-off-recovery", short: "Propose to take a written-off debt from the deposit after all",
			long:  "Propose to take a debt that was written off from the deposit after all.",
			flags: "--undoes m1/106 --amount 70.00CNY --note 'paid again'", inputs: []input{undoes}},
		{word: "forfeiture", kind: "deposit-forfeiture", short: "Propose a penalty from the deposit", long: "Propose to take a penalty from the deposit.",
			flags: "--amount 500.00CNY --note 'third counterfeit this year'"},
		{word: "penalty", kind: "penalty", short: "Propose a penalty from shop funds", long: "Propose to take a penalty from shop funds.",
			flags: "--amount 500.00CNY --note 'third counterfeit this year'"},
		{word: "penalty-reversal", kind: "penalty-reversal", short: "Propose to give a penalty back in full",
			long:  "Propose to give a penalty back in full, to where it was taken from.",
			flags: "--undoes m1/107 --amount 500.00CNY --note 'the court says so'", inputs: []input{undoes}},
		{word: "waiver", kind: "write-off-waiver", short: "Propose to let a leaving merchant be paid out without a recovery",
			long:  "Propose to pay out a merchant who leaves without the recovery of what was written off, up to an amount.",
			flags: "--amount 70.00CNY --note 'agreed in the settlement'"},
		{word: "suspense-in", kind: "suspense-in", short: "Propose to take in money that matches nothing",
			long:   "Propose to take money into suspense that arrived at the bank (settlement-clearing) or in the platform's cash, and matches nothing.",
			flags:  "--from settlement-clearing --amount 500.00CNY --payment-reference bank-88 --note 'no name on it'",
			inputs: []input{account("from", "where it arrived: settlement-clearing or platform-cash"), moved, effective}},
		{word: "suspense-out", kind: "suspense-out", short: "Propose to take money out of suspense",
			long: "Propose to take money out of suspense: back to its payer (settlement-clearing or platform-cash, with --payment-reference),\n" +
				"or to the merchant's deposit or shop funds.",
			flags: "--to deposit --amount 200.00CNY --note 'the merchant showed the slip'",
			inputs: []input{
				account("to", "where it goes: settlement-clearing, platform-cash, deposit or shop-funds"),
				{name: "payment-reference", field: "payment_reference", usage: "reference of the payment back to the payer; it can be used once over all merchants"},
				{name: "effective-at", field: "effective_at", usage: "when it went back; the second approval if it is not given"},
			}},
		{word: "reclassify", kind: "reclassify", short: "Propose to move money to the account where it belongs",
			long: "Propose to move money between deposit and shop-funds, or between settlement-clearing and platform-cash. Other accounts\n" +
				"follow from claims and debts.",
			flags:  "--from deposit --to shop-funds --amount 50.00CNY --note 'it was sales money'",
			inputs: []input{account("from", "the account on which it stands"), account("to", "the account where it belongs")}},
		{word: "correct-top-up", kind: "correct-top-up", short: "Propose to set a mistyped top-up to the amount that was paid",
			long: "Propose to set a top-up to the amount that was paid (--amount, which may be 0.00). The difference alone is booked; what the\n" +
				"deposit does not have of it, the merchant owes. It takes effect when the top-up did.",
			flags: "--payment-reference bank-17 --amount 1000.00CNY --note 'a zero too many'", inputs: []input{topUp}, maybeNothing: true},
		{word: "top-up", kind: "top-up", short: "Propose to book a deposit payment", long: "Propose to book a deposit payment above the limit of one caller.",
			flags: "--amount 90000.00CNY --payment-reference bank-19 --note 'seen at the bank'", inputs: []input{moved, effective}},
		{word: "reverse-top-up", kind: "top-up-reversal", short: "Propose to take back a top-up whose payment bounced",
			long:   "Propose to take back a top-up whose payment bounced, above the limit of one caller. --amount is what it is booked at.",
			flags:  "--amount 90000.00CNY --payment-reference bank-19 --note 'it bounced'",
			inputs: []input{topUp, {name: "effective-at", field: "effective_at", usage: "when it bounced; the second approval if it is not given"}}},
		{word: "withdraw", kind: "withdrawal", short: "Propose to pay back free deposit", long: "Propose to pay back free deposit above the limit of one caller.",
			flags: "--amount 90000.00CNY --payment-reference bank-20 --note 'asked for by letter'", inputs: []input{moved, effective}},
		{word: "hand-over", kind: "hand-over", short: "Propose to take over sales proceeds", long: "Propose to book sales proceeds that the settlement system hands over, above the limit of one caller.",
			flags: "--amount 90000.00CNY --payment-reference s-2026-03-02 --note 'monthly settlement'", inputs: []input{moved, effective}},
		{word: "take-back", kind: "take-back", short: "Propose to give back free sales proceeds", long: "Propose to give free sales proceeds back to the settlement system, above the limit of one caller.",
			flags: "--amount 90000.00CNY --payment-reference s-2026-03-09 --note 'monthly settlement'", inputs: []input{moved, effective}},
	}
}

// verb makes the command of a kind of proposal. Before stands before its word.
func (p *proposing) verb(group, before string) verb {
	amount := input{name: "amount", field: "amount", usage: "amount with its currency, such as 70.00CNY", required: true}
	if p.maybeNothing {
		amount.usage, amount.put = "the amount that was paid, with its currency, such as 1000.00CNY or 0.00CNY", putSum
	}
	return verb{
		use: before + p.word + " MERCHANT", method: "MerchantMoneyService/ProposeDecision", role: principal.RoleFinance,
		short: p.short, long: p.long + " It moves no money: two people other than the proposer approve it. Needs --person.",
		examples: []string{group + " " + before + p.word + " m1 --person fay " + p.flags}, args: []input{aMerchant("parent")},
		flags: append([]input{amount, whyNote("the reason, without personal data")}, p.inputs...),
		fixed: map[string]string{"kind": p.kind},
	}
}

// putSum fills the amount of a proposal, which may be zero.
func putSum(x *call, texts []string) error {
	sum, err := sumOf(texts[0])
	if err == nil {
		x.request.(*tenfoldv1.ProposeDecisionRequest).Amount = proto.CloneOf(sum)
	}
	return err
}

// vote makes a command that says yes or no to a proposal.
func vote(group, use, method, short, long, risk string) verb {
	example := use + " m1/106 --person anna"
	if group != "" {
		example = group + " " + example
	}
	return verb{
		use: use + " PROPOSAL", method: method, role: principal.RoleApprover, short: short, long: long + " Needs --person.",
		examples: []string{example}, risk: risk, flags: []input{aNote()},
		args: []input{{name: "PROPOSAL", field: "name", required: true, as: under("proposals")}},
	}
}

func approveVerb(group string) verb {
	return vote(group, "approve", "MerchantMoneyService/ApproveProposal", "Agree to a proposal about a merchant's money",
		"Record that one person agrees to a proposal. `tenfold inbox` lists what waits.", "With the second approval the proposal is carried out")
}

func refuseVerb(group string) verb {
	v := vote(group, "refuse", "MerchantMoneyService/RefuseProposal", "Refuse a proposal about a merchant's money",
		"End a proposal. One person is enough, the proposer included.", "The proposal ends")
	v.aliases = []string{"reject"}
	return v
}

// proposalVerbs are the decisions about a merchant's money that need two approvers.
func proposalVerbs() []verb {
	list := []verb{
		{
			use: "list MERCHANT", method: "MerchantMoneyService/ListProposals", role: principal.RoleFinance, thing: "proposal",
			short: "List the proposals about a merchant's money, or about all merchants', newest first",
			long: "List the proposals about a merchant's money with the votes on them, newest first. \"-\" stands for all " +
				"merchants: in the state open, that is what waits for approvers. A merchant sees what would take its money or give it back.",
			examples: []string{"proposal list m1 --state open", "proposal list - --state open --role approver"}, args: []input{aMerchant("parent")},
			flags: []input{
				{name: "state", field: "state", usage: "only proposals in this state: open, carried-out, refused or void"},
				byFilter(`kind = WRITE_OFF AND proposed_at >= "2026-03-01T00:00:00+08:00"`),
			},
		},
		{
			use: "get PROPOSAL", method: "MerchantMoneyService/GetProposal", role: principal.RoleFinance,
			short: "Show a proposal and the votes on it", long: "Show a proposal about a merchant's money and the votes on it.",
			examples: []string{"proposal get m1/106"},
			args:     []input{{name: "PROPOSAL", field: "name", required: true, as: under("proposals")}},
		},
		approveVerb("proposal"), refuseVerb("proposal"),
	}
	for _, p := range proposals() {
		list = append(list, p.verb("proposal", "propose-"))
	}
	return list
}

func newProposal() *cobra.Command {
	return newGroup("proposal", "Decide with two approvers about a merchant's money", proposalVerbs())
}

// newPropose makes the short commands of proposals.
func newPropose() *cobra.Command {
	var list []verb
	for _, p := range proposals() {
		list = append(list, p.verb("propose", ""))
	}
	return newGroup("propose", "Propose a decision about a merchant's money to two approvers", list)
}

// newDecisions makes the short commands of approvers.
func newDecisions() []*cobra.Command {
	inbox := verb{
		use: "inbox", method: "MerchantMoneyService/ListProposals", role: principal.RoleApprover, thing: "proposal",
		short: "List the open proposals about all merchants' money, newest first",
		long: "List the proposals about all merchants' money that wait for approvers, newest first, with the votes on them so far.\n" +
			"`tenfold approve` and `tenfold refuse` decide them.",
		examples: []string{"inbox", "inbox -o csv --bom", "inbox --filter 'kind = CORRECT_TOP_UP'"},
		flags:    []input{byFilter(`kind = SUSPENSE_IN AND amount >= 100000`)},
		fixed:    map[string]string{"parent": "merchants/-", "state": "open"},
	}
	approve, refuse := approveVerb(""), refuseVerb("")
	return []*cobra.Command{inbox.command(), approve.command(), refuse.command()}
}
