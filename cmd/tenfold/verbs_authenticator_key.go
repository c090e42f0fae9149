package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// keyVerbs are the commands about the public keys of authenticators.
func keyVerbs() []verb {
	aKey := input{name: "KEY", field: "name", required: true, as: keyText}
	return []verb{
		{
			use: "add ID", method: "AuthenticatorKeyService/AddAuthenticatorKey", role: principal.RoleOperator,
			short: "Ask for another public key of an authenticator",
			long: "Ask for another public key of an authenticator, which `tenfold authenticator approve` by another person gives it. Needs\n" +
				"--person. The proof is a statement that the body signed with the key itself, at most 48 hours ago.",
			examples: []string{"authenticator key add cti-lab --public-key cti-key.json --proof cti-proof.txt --valid-until 2027-03-02T00:00:00+08:00 --note 'key of 2026' --person oscar"},
			args:     []input{{name: "ID", field: "parent", required: true, as: authenticatorText}},
			flags: []input{
				{name: "public-key", field: "public_key", usage: "file with the public key as JSON (RFC 7517)", required: true, as: contentOfFile},
				{name: "proof", field: "proof", usage: "file with the proof that the body holds the private key", required: true, as: contentOfFile},
				{name: "algorithm", field: "algorithm", usage: "EdDSA, ES256, RS256 or PS256, where the key does not say it"},
				{name: "valid-from", field: "valid_from", usage: "when the key begins to count; when it is added if it is not given"},
				{name: "valid-until", field: "valid_until", usage: "when the key ceases to count", required: true},
				whyNote("the reason"),
			},
		},
		{
			use: "revoke KEY", method: "AuthenticatorKeyService/RevokeAuthenticatorKey", role: principal.RoleOperator,
			short: "Revoke a public key at once",
			long: "Revoke a public key at once: no result is recorded any more that it signed. What was recorded before still counts; take a\n" +
				"result back with `tenfold result retract`. A body revokes its own key as --role authenticator with its --scope.",
			examples: []string{"authenticator key revoke cti-lab/NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs --note 'the key was copied' --yes"},
			args:     []input{aKey}, flags: []input{whyNote("the reason")}, risk: "No result is recorded any more that the key signed",
		},
		{
			use: "get KEY", method: "AuthenticatorKeyService/GetAuthenticatorKey", role: principal.RoleOperator,
			short: "Show a public key", long: "Show a public key of an authenticator, and whether it counts.",
			examples: []string{"authenticator key get cti-lab/NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs -o json"},
			args:     []input{aKey},
		},
		{
			use: "list ID", method: "AuthenticatorKeyService/ListAuthenticatorKeys", role: principal.RoleOperator, thing: "key",
			short: "List the public keys of an authenticator", long: "List the public keys that an authenticator was ever given, in the order in which they were added.",
			examples: []string{"authenticator key list cti-lab"},
			args:     []input{{name: "ID", field: "parent", required: true, as: authenticatorText}},
		},
	}
}

// fileMax bounds what is read from a file into a field, in bytes. The server has bounds of its
// own for a key, a proof and a signed result.
const fileMax = 128 << 10

// contentOfFile reads a file into a text, without white space around it.
func contentOfFile(path string) (string, error) {
	content, err := readBounded(path, fileMax)
	if err != nil {
		return "", fmt.Errorf("cannot be read: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// keyText reads the name of a key, or ID/THUMBPRINT.
func keyText(text string) (string, error) {
	id, thumbprint, ok := strings.Cut(strings.TrimPrefix(text, "authenticators/"), "/")
	thumbprint = strings.TrimPrefix(thumbprint, "keys/")
	if !ok || !idPart.MatchString(id) || !idPart.MatchString(thumbprint) {
		return "", fmt.Errorf("must be ID/THUMBPRINT, such as cti-lab/NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs, not %s", shown(text))
	}
	return "authenticators/" + id + "/keys/" + thumbprint, nil
}

func printAuthenticatorKeys(o *output, list []*tenfoldv1.AuthenticatorKey) {
	t := o.newTable("Keys", column{title: "Key"}, column{title: "Called"}, column{title: "Algorithm"}, column{title: "State"},
		column{title: "From"}, column{title: "Until"}, column{title: "Revoked"}, column{title: "Why"})
	for _, k := range list {
		t.AppendRow(table.Row{
			strings.Replace(strings.TrimPrefix(k.GetName(), "authenticators/"), "/keys/", "/", 1), k.GetKeyId(), k.GetAlgorithm(), word(k.GetState()),
			o.when(k.GetValidFrom()), o.when(k.GetValidUntil()), o.when(k.GetRevokedAt()), k.GetRevocationReason(),
		})
	}
	o.render(t)
}
