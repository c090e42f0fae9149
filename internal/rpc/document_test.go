package rpc_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documents")

// accessDocument is where the document lies, seen from this package.
const accessDocument = "../../docs/access.md"

// Would catch a document that tells of other rights than the server grants.
// What stands between its markers is generated. With -update it is written anew.
func TestAccessDocument(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile(accessDocument)
	if err != nil {
		t.Fatal(err)
	}
	got, err := generated(string(stored), map[string]string{"methods": methodTable(), "fields": fieldTable()})
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(accessDocument, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(stored) != got {
		t.Error("docs/access.md is stale; run: go test ./internal/rpc -run TestAccessDocument -update")
	}
}

// generated puts each part between its markers.
func generated(document string, parts map[string]string) (string, error) {
	const end = "<!-- end -->"
	for name, part := range parts {
		open := "<!-- generated: " + name + " -->\n"
		before, rest, found := strings.Cut(document, open)
		_, after, ended := strings.Cut(rest, end)
		if !found || !ended {
			return "", errors.New("the document has lost its markers of " + name)
		}
		document = before + open + part + end + after
	}
	return document, nil
}

// methodTable says which role may call which method.
func methodTable() string {
	var b strings.Builder
	b.WriteString("| method |")
	for _, role := range identity.Roles() {
		fmt.Fprintf(&b, " %s |", role)
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", len(identity.Roles())+1) + "\n")
	methods := rpc.MethodRoles()
	for _, method := range slices.Sorted(maps.Keys(methods)) {
		short, ours := strings.CutPrefix(method, "/tenfold.v1.")
		if !ours {
			continue // Health and reflection need no caller.
		}
		fmt.Fprintf(&b, "| %s |", short)
		for _, role := range identity.Roles() {
			b.WriteString(" " + right(methods[method], role) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func right(roles []principal.Role, role principal.Role) string {
	switch {
	case !slices.Contains(roles, role):
		return ""
	case role == principal.RoleMerchant || role == principal.RoleAuthenticator:
		return "own"
	}
	return "yes"
}

// fieldTable says what is hidden from whom.
func fieldTable() string {
	secrets := rpc.Secrets()
	slices.SortFunc(secrets, func(a, b rpc.Secret) int { return strings.Compare(a.Field, b.Field) })
	var b strings.Builder
	b.WriteString("| field | hidden from | but shown |\n| --- | --- | --- |\n")
	for _, s := range secrets {
		shown := ""
		if s.Own {
			shown = "where a merchant made the move or event"
		}
		var from []string
		for _, role := range s.From {
			from = append(from, string(role))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.TrimPrefix(s.Field, "tenfold.v1."), strings.Join(from, ", "), shown)
	}
	return b.String()
}
