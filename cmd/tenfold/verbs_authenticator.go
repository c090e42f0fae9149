package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// registryVerbs are the commands that change a registered authenticator and show its changes.
func registryVerbs() []verb {
	anID := func(field string) input {
		return input{name: "ID", field: field, required: true, as: authenticatorText}
	}
	aChange := input{name: "CHANGE", field: "name", required: true, as: changeText}
	return []verb{
		{
			use: "revise ID", method: "AuthenticatorService/ReviseAuthenticator", role: principal.RoleOperator,
			short: "Change what an authenticator may judge",
			long: "Give an authenticator another revision. What no flag names stays as it is; a flag that may be repeated gives the whole\n" +
				"list. A revision that widens trust waits for `tenfold authenticator approve` by another person, and needs --person.",
			examples: []string{
				"authenticator revise cti-lab --accreditation 'CNAS L0123 2024-02-01 2030-01-31' --note 'renewed' --person oscar",
				"authenticator revise cti-lab --category beauty --note 'food was given up'",
				"authenticator revise cti-lab --clear methods --note 'all methods' --person oscar",
			},
			args: []input{anID("name")},
			flags: append([]input{
				{name: "kind", field: "authenticator.kind", usage: "brand, accredited-lab, appraiser, court or trace"},
				{name: "display-name", field: "authenticator.display_name", usage: "name for people"},
				{name: "clear", field: "authenticator", usage: "list that is emptied: " + strings.Join(clearable, ", ") + "; may be repeated", often: true, put: checkClear},
				{name: "revision", field: "revision", usage: "revision that you have seen; the present one if it is not given"},
				whyNote("the reason"),
			}, limitFlags()...),
			complete: completeRevision,
		},
		{
			use: "suspend ID", method: "AuthenticatorService/SuspendAuthenticator", role: principal.RoleOperator,
			short: "Stop an authenticator at once",
			long: "Stop an authenticator at once: no result of it is recorded any more. What was recorded before still counts; take a\n" +
				"result back with `tenfold result retract`, and many with `tenfold authenticator retract-results`.",
			examples: []string{"authenticator suspend cti-lab --note 'reports were sold' --yes"},
			args:     []input{anID("name")}, flags: []input{whyNote("the reason")}, risk: "No result of the authenticator is recorded any more",
		},
		{
			use: "retract-results ID", method: "RetractionService/RetractResults", role: principal.RoleOperator,
			short: "Take results of an authenticator back, over all merchants",
			long: "Begin a job that takes results of an authenticator back, over all merchants, and weighs each claim anew: those that\n" +
				"every flag names. A claim stays as it is where other results find the same or a person decided; otherwise a person\n" +
				"decides again. Money stays where it is until then. --validate-only says what it would be about. Where much has been\n" +
				"paid, the job waits for `tenfold job approve` by another person. Needs --person.",
			examples: []string{
				"authenticator retract-results cti-lab --cause retracted --note 'reference was wrong' --issued-from '2026-02-01 00:00' --validate-only --person oscar",
				"authenticator retract-results cti-lab --cause suspended --note 'reports were sold' --recorded-from '2026-01-01 00:00' --person oscar --yes",
			},
			args: []input{anID("authenticator")},
			flags: []input{
				{name: "cause", field: "cause", usage: "why they do not count any more: retracted by the body itself, or suspended", required: true},
				whyNote("the reason, which every claim keeps"),
				{name: "recorded-from", field: "recorded_from", usage: "only results that were recorded at this time or later"},
				{name: "recorded-until", field: "recorded_until", usage: "only results that were recorded before this time; now if it is not given"},
				{name: "issued-from", field: "issued_from", usage: "only reports that were issued at this time or later"},
				{name: "issued-until", field: "issued_until", usage: "only reports that were issued before this time"},
				{name: "report", field: "report_numbers", usage: "only the report of this number; may be repeated", often: true},
			},
			risk: "Every claim behind these results is weighed again, paid ones too",
		},
		{
			use: "reinstate ID", method: "AuthenticatorService/ReinstateAuthenticator", role: principal.RoleOperator,
			short:    "Ask for the end of a suspension",
			long:     "Ask for the end of a suspension, which `tenfold authenticator approve` by another person ends. Needs --person.",
			examples: []string{"authenticator reinstate cti-lab --note 'accreditation body has inspected it' --person oscar"},
			args:     []input{anID("name")}, flags: []input{whyNote("the reason")},
		},
		{
			use: "approve CHANGE", method: "AuthenticatorService/ApproveAuthenticatorChange", role: principal.RoleApprover,
			short: "Approve a change that widens trust", long: "Approve an open change of an authenticator, which applies it. Needs --person, other than the one who asked for it.",
			examples: []string{"authenticator approve cti-lab/3 --person anna"},
			args:     []input{aChange}, flags: []input{{name: "note", field: "note", usage: "your note"}},
		},
		{
			use: "reject CHANGE", method: "AuthenticatorService/RefuseAuthenticatorChange", role: principal.RoleApprover,
			short: "Refuse a change that widens trust", long: "Refuse an open change of an authenticator, which ends it. Needs --person, other than the one who asked for it.",
			examples: []string{"authenticator reject cti-lab/3 --note 'not in the register of CNAS' --person anna"},
			args:     []input{aChange}, flags: []input{whyNote("the reason")},
		},
		{
			use: "withdraw CHANGE", method: "AuthenticatorService/WithdrawAuthenticatorChange", role: principal.RoleOperator,
			short: "Withdraw a change of your own", long: "Withdraw an open change that you asked for, which ends it. Needs --person.",
			examples: []string{"authenticator withdraw cti-lab/3 --person oscar"},
			args:     []input{aChange}, flags: []input{{name: "note", field: "note", usage: "the reason"}},
		},
		{
			use: "change CHANGE", method: "AuthenticatorService/GetAuthenticatorChange", role: principal.RoleOperator,
			short: "Show a change", long: "Show a change of an authenticator: what it does, who asked for it and who decided it.",
			examples: []string{"authenticator change cti-lab/3"}, args: []input{aChange},
		},
		{
			use: "changes ID", method: "AuthenticatorService/ListAuthenticatorChanges", role: principal.RoleOperator, thing: "change",
			short: "List the changes of an authenticator, newest first", long: "List the changes of an authenticator, the newest first.",
			examples: []string{"authenticator changes cti-lab", "authenticator changes cti-lab -o json"}, args: []input{anID("parent")},
		},
		{
			use: "find CATEGORY", method: "AuthenticatorService/FindAuthenticators", role: principal.RoleOperator, thing: "authenticator",
			short: "Find the bodies that may judge a product",
			long: "Find the bodies that may judge a product: those that are not suspended, whose limits cover it, and that are accredited.\n" +
				"Without --brand and --trademark those are found that may judge goods of every brand.",
			examples: []string{"authenticator find beauty/mascara --brand Dior", "authenticator find food/liquor --accredited-on 2026-03-02"},
			args:     []input{{name: "CATEGORY", field: "category", required: true}},
			flags: []input{
				{name: "brand", field: "brand", usage: "brand of the goods"},
				{name: "trademark", field: "trademark_number", usage: "registration number of the trademark on the goods"},
				{name: "method", field: "method", usage: "method that is to be used"},
				{name: "accredited-on", field: "accredited_on", usage: "day of the report, such as 2026-03-02; today if it is not given"},
			},
		},
		{
			use: "search", method: "AuthenticatorService/SearchAuthenticators", role: principal.RoleOperator, thing: "authenticator",
			short:    "Search the registry",
			long:     "List the bodies that match all flags, by id.",
			examples: []string{"authenticator search --text cti --state suspended", "authenticator search --brand Dior -o csv"},
			flags: []input{
				{name: "text", field: "text", usage: "a part of the name for people or of the id"},
				{name: "kind", field: "kind", usage: "brand, accredited-lab, appraiser, court or trace"},
				{name: "state", field: "state", usage: "active or suspended"},
				{name: "brand", field: "brand", usage: "brand that the body names"},
				{name: "trademark", field: "trademark_number", usage: "trademark number that the body names"},
				{name: "category", field: "category", usage: "category path that the body names"},
				{name: "method", field: "method", usage: "method that the body names"},
			},
		},
		{
			use: "open-changes", method: "AuthenticatorService/ListOpenAuthenticatorChanges", role: principal.RoleApprover, thing: "change",
			short: "List the changes that wait for a second person", long: "List the changes of authenticators that wait for a second person.",
			examples: []string{"authenticator open-changes"},
		},
		{
			use: "applied-changes", method: "AuthenticatorService/ListAppliedAuthenticatorChanges", role: principal.RoleOperator, thing: "change",
			short: "List the applied changes of all authenticators in their order",
			long: "List the applied changes of all authenticators in their order. Who keeps the number of the last one and goes on after\n" +
				"it misses none.",
			examples: []string{"authenticator applied-changes --after 17 -o json"},
			flags:    []input{{name: "after", field: "after_applied_number", usage: "only changes with a higher number"}},
		},
	}
}

// limitFlags are what a body may judge, and whom to ask there.
func limitFlags() []input {
	return []input{
		{name: "category", field: "authenticator.categories", usage: "category path that it may judge, with all below it; may be repeated, every category if it has none", often: true},
		{name: "brand", field: "authenticator.brands", usage: "brand whose goods it may judge; may be repeated", often: true},
		{name: "trademark", field: "authenticator.trademark_numbers", usage: "registration number of a trademark whose goods it may judge; may be repeated", often: true},
		{name: "method", field: "authenticator.methods", usage: "method that it may test by; may be repeated, every method if it has none", often: true},
		{name: "accreditation", field: "authenticator.accreditations", usage: "'SCHEME NUMBER FROM UNTIL', such as 'CNAS L0123 2024-02-01 2030-01-31'; may be repeated",
			often: true, put: putAccreditations},
		{name: "signature-algorithm", field: "authenticator.signature_algorithms",
			usage: "algorithm by which it may sign results: EdDSA, ES256, RS256 or PS256; may be repeated, EdDSA and ES256 if it has none", often: true},
		{name: "signed-only", field: "authenticator.signed_only", usage: "only results that it signed are recorded"},
		{name: "contact", field: "authenticator.contacts", usage: "'ROLE EMAIL-OR-PHONE NAME', such as 'reports lab@example.com Report desk'; may be repeated",
			often: true, put: putContacts},
	}
}

// authenticatorIn is the authenticator in a request that has one.
func authenticatorIn(x *call) *tenfoldv1.Authenticator {
	m := x.request.ProtoReflect()
	return m.Mutable(x.verb.field("authenticator")).Message().Interface().(*tenfoldv1.Authenticator)
}

func putAccreditations(x *call, texts []string) error {
	for _, text := range texts {
		a, err := accreditationOf(text)
		if err != nil {
			return err
		}
		body := authenticatorIn(x)
		body.Accreditations = append(body.Accreditations, a)
	}
	return nil
}

// accreditationOf reads SCHEME NUMBER FROM UNTIL. The days are checked by the server.
func accreditationOf(text string) (*tenfoldv1.Accreditation, error) {
	parts := strings.Fields(text)
	if len(parts) != 4 {
		return nil, fmt.Errorf("must be SCHEME NUMBER FROM UNTIL, such as 'CNAS L0123 2024-02-01 2030-01-31', not %s", shown(text))
	}
	return &tenfoldv1.Accreditation{Scheme: parts[0], Number: parts[1], ValidFrom: parts[2], ValidUntil: parts[3]}, nil
}

func putContacts(x *call, texts []string) error {
	for _, text := range texts {
		c, err := contactOf(text)
		if err != nil {
			return err
		}
		body := authenticatorIn(x)
		body.Contacts = append(body.Contacts, c)
	}
	return nil
}

// contactOf reads ROLE EMAIL-OR-PHONE NAME, of which the name may be left out.
func contactOf(text string) (*tenfoldv1.AuthenticatorContact, error) {
	parts := strings.Fields(text)
	if len(parts) < 2 {
		return nil, fmt.Errorf("must be ROLE EMAIL-OR-PHONE NAME, such as 'reports lab@example.com Report desk', not %s", shown(text))
	}
	c := &tenfoldv1.AuthenticatorContact{Role: parts[0], DisplayName: strings.Join(parts[2:], " ")}
	if strings.Contains(parts[1], "@") {
		c.Email = parts[1]
	} else {
		c.Phone = parts[1]
	}
	return c, nil
}

// clearable are the lists of an authenticator that --clear empties.
var clearable = []string{"categories", "brands", "trademark-numbers", "methods", "accreditations", "contacts", "signature-algorithms"}

func checkClear(_ *call, texts []string) error {
	for _, text := range texts {
		if !slices.Contains(clearable, text) {
			return fmt.Errorf("must be one of %s, not %s", strings.Join(clearable, ", "), shown(text))
		}
	}
	return nil
}

// completeRevision takes from the present revision whatever no flag names.
func completeRevision(x *call) error {
	r := x.request.(*tenfoldv1.ReviseAuthenticatorRequest)
	got, err := tenfoldv1.NewAuthenticationServiceClient(x.conn).GetAuthenticator(x.cmd.Context(), &tenfoldv1.GetAuthenticatorRequest{Name: r.GetName()})
	if err != nil {
		return refusal(err)
	}
	cleared, err := x.cmd.Flags().GetStringArray("clear")
	if err != nil {
		return err
	}
	now, next := got.GetAuthenticator(), authenticatorIn(x)
	if next.GetKind() == tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_UNSPECIFIED {
		next.Kind = now.GetKind()
	}
	if next.GetDisplayName() == "" {
		next.DisplayName = now.GetDisplayName()
	}
	to, from := next.ProtoReflect(), now.ProtoReflect()
	for _, name := range clearable {
		fd := to.Descriptor().Fields().ByName(protoreflect.Name(strings.ReplaceAll(name, "-", "_")))
		switch given := to.Get(fd).List().Len() > 0; {
		case given && slices.Contains(cleared, name):
			return usageError{fmt.Errorf("--clear %s empties a list that another flag fills", name)}
		case !given && from.Has(fd) && !slices.Contains(cleared, name):
			to.Set(fd, from.Get(fd))
		}
	}
	if !x.cmd.Flags().Changed("signed-only") {
		next.SignedOnly = now.GetSignedOnly()
	}
	if r.GetRevision() == 0 {
		r.Revision = now.GetRevision()
	}
	return nil
}

// changeText reads the name of a change of an authenticator, or ID/NUMBER.
func changeText(text string) (string, error) {
	id, number, ok := strings.Cut(strings.TrimPrefix(text, "authenticators/"), "/")
	number = strings.TrimPrefix(number, "changes/")
	if _, err := wholeNumber(number); !ok || err != nil || !idPart.MatchString(id) {
		return "", fmt.Errorf("must be ID/NUMBER, such as cti-lab/3, not %s", shown(text))
	}
	return "authenticators/" + id + "/changes/" + number, nil
}
