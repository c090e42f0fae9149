package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newAuthenticator() *cobra.Command {
	cmd := newGroup("authenticator", "Keep the registry of the bodies whose results count", append(authenticatorVerbs(), registryVerbs()...))
	cmd.AddCommand(newAuthenticatorImport(), newGroup("key", "Keep the public keys of authenticators", keyVerbs()))
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
		{
			use: "report ID", method: "CommissionService/GetBodyReport", role: principal.RoleSupport,
			short: "Count what a body was asked for, how soon it reported, and which of its results fell",
			long: "Count the commissions that a body was given in a time and how soon it reported on them, and its results of that time with\n" +
				"those that were taken back or that the verdict does not bear out any more.",
			examples: []string{"authenticator report cti-lab --from 2026-01-01T00:00:00+08:00"},
			args:     []input{{name: "ID", field: "name", required: true, as: authenticatorText}},
			flags: []input{
				{name: "from", field: "from", usage: "the first moment that counts", required: true},
				{name: "until", field: "until", usage: "the first moment that does not count any more; 92 days later if it is not given"},
			},
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
				{name: "custody-intact", field: "custody_intact", usage: "your word that the chain of custody has no gap and every seal matched, where no step of custody tells"},
				{name: "sample", field: "sample", usage: "the sample that was examined, as its steps of custody name it"},
				{name: "reinspection", field: "reinspection", usage: "a re-inspection by a body that both sides agreed on or that was drawn by lot"},
				{name: "report-digest", field: "report_digest", usage: "SHA-256 of the report, in lower-case hex"},
				{name: "statement", field: "statement", usage: "the finding in the authenticator's words, without personal data"},
				{name: "fee", field: "fee", usage: "cost of the result with its currency, such as 300.00CNY"},
				{name: "fee-paid-by", field: "fee_paid_by", usage: "who paid the fee first: claimant or platform"},
				answeredCommission(), corrected(),
				{name: "method", field: "methods", usage: "method that was tested by; the authenticator must be registered for it"},
				{name: "brand", field: "brand", usage: "brand that the goods bear; the authenticator must be registered for it"},
				{name: "trademark-number", field: "trademark_number", usage: "registration number of the trademark that the goods bear; the authenticator must be registered for it"},
			}, unitFlags()...),
			action: tenfoldv1.ClaimAction_CLAIM_ACTION_RECORD_RESULT, risk: "The result can decide the claim and hold the merchant's money",
		},
		{
			use: "record-signed MERCHANT", method: "SignedResultService/RecordSignedResult", role: principal.RoleOperator,
			short: "Record a result that its body signed",
			long: "Record a result that its body signed, a JSON Web Signature in the compact form. Body, claim and finding are those of the\n" +
				"signed content. A laboratory itself calls as --role authenticator with its --scope.",
			examples: []string{"result record-signed m1 --file report.txt --yes"},
			args:     []input{{name: "MERCHANT", field: "parent", required: true, as: merchantText}},
			flags: []input{
				{name: "file", field: "signed_result", usage: "file with the signed result", required: true, as: contentOfFile},
				{name: "report-digest", field: "report_digest", usage: "SHA-256 of the report that came with it, in lower-case hex"},
				{name: "fee", field: "fee", usage: "cost of the result with its currency, such as 300.00CNY"},
				{name: "fee-paid-by", field: "fee_paid_by", usage: "who paid the fee first: claimant or platform"},
				answeredCommission(), corrected(),
			},
			risk: "The result can decide the claim and hold the merchant's money",
		},
		{
			use: "verify RESULT", method: "SignedResultService/GetSignedResult", role: principal.RoleAuditor,
			short: "Verify the signature of a result again",
			long: "Verify a result again: that a key of its body signed it, that the key counted when it was recorded, and that the result\n" +
				"says what was signed.",
			examples: []string{"result verify m1/r-17", "result verify m1/r-17 -o json"}, args: []input{aResult},
			print: printVerified,
		},
		{
			use: "get RESULT", method: "AuthenticationService/GetResult", role: principal.RoleOperator,
			short: "Show a result", long: "Show a result: what was examined, by whom, and what was found.",
			examples: []string{"result get m1/r-17"}, args: []input{aResult},
		},
		{
			use: "list [CLAIM]", method: "AuthenticationService/ListResults", role: principal.RoleSupport, thing: "result",
			short: "List the results of a claim or of a body, oldest first",
			long: "List the results of a claim, oldest first. With --authenticator they are those of a body over all merchants, with --mine\n" +
				"the calling body's own; --day leaves those of one day.",
			examples: []string{
				"result list 1KJPW-D6M05-F2S5T-CT5FM", "result list --mine --day 2026-03-02 --role authenticator --scope authenticators/cti-lab",
				"result list --authenticator cti-lab --recorded-from 2026-03-01T00:00:00Z",
			},
			args: []input{{name: "CLAIM", field: "parent", put: claimInto("parent")}},
			flags: []input{
				{name: "authenticator", field: "parent", usage: "those of this body over all merchants", as: authenticatorText},
				{name: "mine", field: "parent", usage: "those of the calling body over all merchants", alone: true, put: ownInto("parent")},
				{name: "day", field: "recorded_from", usage: "only those that were recorded on this day in the zone of --tz, such as 2026-03-02", put: dayInto("recorded_from", "recorded_until")},
				{name: "recorded-from", field: "recorded_from", usage: "only those that were recorded at this time or later"},
				{name: "recorded-until", field: "recorded_until", usage: "only those that were recorded before this time"},
			},
			complete: oneSubject,
		},
		{
			use: "retract RESULT", method: "AuthenticationService/RetractResult", role: principal.RoleOperator,
			short:    "Take a result back",
			long:     "Take a result back. If the verdict rested on it, a person decides again, and until then no money moves.",
			examples: []string{"result retract m1/r-17 --note 'samples were mixed up' --yes"},
			args:     []input{aResult}, flags: []input{whyNote("the reason")}, risk: "The claim is decided again",
		},
	}
}

// corrected is the flag of the earlier result that a result corrects.
func corrected() input {
	return input{name: "supersedes", field: "supersedes", usage: "earlier result of the same authenticator that it corrects: MERCHANT/RESULT", as: under("results")}
}

// answeredCommission is the flag of the commission that a result answers.
func answeredCommission() input {
	return input{name: "commission", field: "commission", usage: "commission that it answers: MERCHANT/CLAIM/NUMBER", as: commissionText}
}

// printVerified says whether a result is what its body signed.
func printVerified(o *output, _ *call, answer proto.Message) {
	v := answer.(*tenfoldv1.GetSignedResultResponse)
	if v.GetVerified() {
		fmt.Fprintf(o.w, "%s is what %s signed\n", v.GetResult().GetName(), v.GetResult().GetAuthenticator())
	} else {
		fmt.Fprintf(o.w, "%s is NOT what %s signed: %s\n", v.GetResult().GetName(), v.GetResult().GetAuthenticator(), v.GetProblemDetail())
	}
	if k := v.GetKey(); k != nil {
		printAuthenticatorKeys(o, []*tenfoldv1.AuthenticatorKey{k})
	}
	fmt.Fprintln(o.w, v.GetSignedResult())
}

// oneSubject refuses a list of results of nothing, and of a claim and a body at once.
func oneSubject(x *call) error {
	said := x.cmd.Flags().NArg()
	for _, name := range []string{"authenticator", "mine"} {
		if x.cmd.Flags().Changed(name) {
			said++
		}
	}
	if said != 1 {
		return usageError{errors.New("name a CLAIM, or a body by --authenticator or --mine; exactly one of them")}
	}
	return nil
}
