package main

import (
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newAuthenticator() *cobra.Command {
	cmd := newGroup("authenticator", "Keep the registry of the bodies whose results count", append(authenticatorVerbs(), registryVerbs()...))
	cmd.AddCommand(newAuthenticatorImport())
	return cmd
}

func newResult() *cobra.Command {
	cmd := newGroup("result", "Record, show and take back results of authentication", resultVerbs())
	cmd.Aliases = []string{"results"}
	cmd.AddCommand(newResultImport())
	return cmd
}

func authenticatorVerbs() []verb {
	return []verb{
		{
			use: "register ID", method: "AuthenticationService/RegisterAuthenticator", role: principal.RoleOperator,
			short:    "Register a brand, a laboratory or another body",
			long:     "Register a brand, a laboratory or another body whose results count from now on.",
			examples: []string{"authenticator register cti-lab --kind accredited-lab --display-name 'CTI Shanghai' --category beauty --category food/liquor"},
			args:     []input{{name: "ID", field: "authenticator_id", required: true}},
			flags: append([]input{
				{name: "kind", field: "authenticator.kind", usage: "brand, accredited-lab, appraiser, court or trace", required: true},
				{name: "display-name", field: "authenticator.display_name", usage: "name for people", required: true},
			}, limitFlags()...),
		},
		{
			use: "get ID", method: "AuthenticationService/GetAuthenticator", role: principal.RoleOperator,
			short: "Show an authenticator", long: "Show an authenticator: its kind, what it may judge, and whether it is suspended.",
			examples: []string{"authenticator get cti-lab"},
			args:     []input{{name: "ID", field: "name", required: true, as: authenticatorText}},
		},
		{
			use: "list", method: "AuthenticationService/ListAuthenticators", role: principal.RoleOperator, thing: "authenticator",
			short: "List the register by name", long: "List the bodies whose results count, by name.",
			examples: []string{"authenticator list --kind brand", "authenticator list -o csv"},
			flags:    []input{{name: "kind", field: "kind", usage: "only authenticators of this kind"}},
		},
	}
}

func resultVerbs() []verb {
	aResult := input{name: "RESULT", field: "name", required: true, as: under("results")}
	return []verb{
		{
			use: "record CLAIM", method: "AuthenticationService/RecordResult", role: principal.RoleOperator, about: "claim",
			short: "Record a report on units of a claim",
			long: "Record an authenticator's finding on units of a claim. The claim moves as far as its results decide it; a result that\n" +
				"contradicts another sends it to review. A laboratory itself calls as --role authenticator with its --scope.",
			examples: []string{"result record 1KJPW-D6M05-F2S5T-CT5FM --authenticator cti-lab --report CTI-2026-17 --counterfeit 1 --sample-source consumer-sample " +
				"--custody-intact --issued-at 2026-03-02T09:00:00Z --yes"},
			args: []input{aClaim("claim")},
			flags: append([]input{
				{name: "authenticator", field: "authenticator", usage: "who examined", required: true, as: authenticatorText},
				{name: "report", field: "report_number", usage: "the authenticator's number of the report", required: true},
				{name: "sample-source", field: "sample_source", usage: "what was examined: sealed-platform-sample, consumer-sample, trace-data or photos", required: true},
				{name: "issued-at", field: "issued_at", usage: "when the report was issued", required: true},
				{name: "custody-intact", field: "custody_intact", usage: "the chain of custody has no gap and every seal matched"},
				{name: "reinspection", field: "reinspection", usage: "a re-inspection by a body that both sides agreed on or that was drawn by lot"},
				{name: "report-digest", field: "report_digest", usage: "SHA-256 of the report, in lower-case hex"},
				{name: "statement", field: "statement", usage: "the finding in the authenticator's words, without personal data"},
				{name: "fee", field: "fee", usage: "cost of the result with its currency, such as 300.00CNY"},
				{name: "fee-paid-by", field: "fee_paid_by", usage: "who paid the fee first: claimant or platform"},
			}, unitFlags()...),
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_RECORD_RESULT, risk: "The result can decide the claim and hold the merchant's money",
		},
		{
			use: "get RESULT", method: "AuthenticationService/GetResult", role: principal.RoleOperator,
			short: "Show a result", long: "Show a result: what was examined, by whom, and what was found.",
			examples: []string{"result get m1/r-17"}, args: []input{aResult},
		},
		{
			use: "list CLAIM", method: "AuthenticationService/ListResults", role: principal.RoleSupport, thing: "result", about: "parent",
			short: "List the results of a claim, oldest first", long: "List the results of a claim, oldest first.",
			examples: []string{"result list 1KJPW-D6M05-F2S5T-CT5FM"}, args: []input{aClaim("parent")},
		},
		{
			use: "retract RESULT", method: "AuthenticationService/RetractResult", role: principal.RoleOperator,
			short:    "Take a result back",
			long:     "Take a result back. If the verdict rested on results, a person decides again, and until then no money moves.",
			examples: []string{"result retract m1/r-17 --note 'samples were mixed up' --yes"},
			args:     []input{aResult}, flags: []input{whyNote("the reason")}, risk: "The claim is decided again",
		},
	}
}
