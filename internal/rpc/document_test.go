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

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
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
	got, err := generated(string(stored), map[string]string{"methods": methodTable(), "fields": fieldTable(t), "facts": factTable()})
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

// Would catch a queue that the page on reading does not know, or one that it made up.
func TestReadingDocumentListsTheQueues(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reading.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| queue | holds")
	table, _, _ = strings.Cut(table, "\n\n")
	named := 0
	for number, name := range tenfoldv1.ClaimQueue_name {
		if number == 0 {
			continue
		}
		named++
		if !strings.Contains(table, "\n| "+strings.TrimPrefix(name, "CLAIM_QUEUE_")+" |") {
			t.Errorf("docs/reading.md does not list %s", name)
		}
	}
	if lines := strings.Count(table, "\n| ") - 1; lines != named {
		t.Errorf("docs/reading.md lists %d queues of %d", lines, named)
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

// outerRoles are the roles that do not see everything.
func outerRoles() []principal.Role {
	return slices.DeleteFunc(identity.Roles(), func(role principal.Role) bool {
		return rpc.Shows(tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES, role)
	})
}

// received are the messages that reach a role: in answers, and in the details of
// refusals.
func received(t *testing.T, role principal.Role) map[protoreflect.FullName]protoreflect.MessageDescriptor {
	t.Helper()
	all := make(map[protoreflect.FullName]protoreflect.MessageDescriptor)
	var take func(m protoreflect.MessageDescriptor)
	take = func(m protoreflect.MessageDescriptor) {
		if _, ok := all[m.FullName()]; ok || rpc.Plain(m) {
			return
		}
		all[m.FullName()] = m
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			if sees, _ := rpc.Sees(role, f); sees && rpc.HeldBy(f) != nil {
				take(rpc.HeldBy(f))
			}
		}
	}
	take((&tenfoldv1.ClaimStateDetail{}).ProtoReflect().Descriptor())
	for method, roles := range rpc.MethodRoles() {
		if slices.Contains(roles, role) {
			take(contractMethod(t, method).Output())
		}
	}
	return all
}

// columns are the head of a table with a column for each outer role.
func columns(first string) string {
	var b strings.Builder
	b.WriteString("| " + first + " |")
	for _, role := range outerRoles() {
		fmt.Fprintf(&b, " %s |", role)
	}
	return b.String() + "\n|" + strings.Repeat(" --- |", len(outerRoles())+1) + "\n"
}

// fieldTable says which fields are kept from a role that gets their message.
func fieldTable(t *testing.T) string {
	t.Helper()
	rows := make(map[string]map[principal.Role]string)
	kept := make(map[string]bool)
	for _, role := range outerRoles() {
		for _, m := range received(t, role) {
			for i := range m.Fields().Len() {
				f := m.Fields().Get(i)
				name := string(m.Name()) + "." + string(f.Name())
				if rows[name] == nil {
					rows[name] = make(map[principal.Role]string)
				}
				switch sees, own := rpc.Sees(role, f); {
				case own:
					rows[name][role], kept[name] = "own", true
				case sees:
					rows[name][role] = "yes"
				default:
					rows[name][role], kept[name] = "no", true
				}
			}
		}
	}
	var b strings.Builder
	b.WriteString(columns("field"))
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, role := range outerRoles() {
			b.WriteString(" " + rows[name][role] + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// factTable says which facts of refusals are kept from a role.
func factTable() string {
	facts := rpc.Facts()
	var b strings.Builder
	b.WriteString(columns("fact"))
	for _, key := range slices.Sorted(maps.Keys(facts)) {
		if facts[key] == tenfoldv1.ShownTo_SHOWN_TO_EVERYONE {
			continue
		}
		fmt.Fprintf(&b, "| %s |", key)
		for _, role := range outerRoles() {
			if rpc.Shows(facts[key], role) {
				b.WriteString(" yes |")
			} else {
				b.WriteString(" no |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
