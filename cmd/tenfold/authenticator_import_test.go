package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func readBodies(content string) (*bodyFile, error) {
	f := newBodyFile("f.csv")
	return f, f.read(strings.NewReader(content))
}

// Would catch a fault in a file of authenticators that is not told, or told of another line,
// an impossible day that is sent to the server, and a page without a column.
func TestFaultsInFilesOfAuthenticators(t *testing.T) {
	t.Parallel()
	const head = "authenticator,kind,display_name"
	for content, want := range map[string]string{
		"":                          "f.csv: the file holds no authenticators",
		head + "\n":                 "f.csv: the file holds no authenticators",
		"authenticator,kind\na,b\n": "f.csv:1: the column display_name is missing",
		head + ",brand\n":           `f.csv:1: "brand" is no column`,
		head + "\ndior,brand\n":     "f.csv:2: must have 3 values like the first line, not 2",
		head + "\ndior,,Dior\n":     "f.csv:2: kind is missing",
		head + "\n,brand,Dior\n":    "f.csv:2: authenticator is missing",
		head + "\nd r,brand,D\n":    "f.csv:2: authenticator must be an id",
		head + "\ndior,oracle,D\n":  "f.csv:2: kind must be",
		head + "\na,brand,A\n\nb,brand,B\na,brand,A\n":                               `f.csv:5: authenticator "a" stands in line 2 already`,
		head + ",accreditations\nl,accredited-lab,L,CNAS L1 2026-02-30 2027-01-01\n": "f.csv:2: accreditations[0].valid_from must be a day",
		head + ",accreditations\nl,accredited-lab,L,CNAS L1 2026-02-03 2026-02-02\n": "f.csv:2: accreditations[0].valid_until 2026-02-02 must not be before",
		head + ",accreditations\nl,accredited-lab,L,CNAS L1 2026-02-03\n":            "f.csv:2: accreditations must be SCHEME NUMBER FROM UNTIL",
		head + ",contacts\nl,accredited-lab,L,reports\n":                             "f.csv:2: contacts must be ROLE EMAIL-OR-PHONE NAME",
		head + ",brands\nl,brand,L,Dior;ＤＩＯＲ\n":                                      "f.csv:2: brands[1] says the same as brands[0]",
		head + "\nl,brand,\"" + strings.Repeat("长", 300) + "\"\n":                    "f.csv:2: display_name must have at most 200 characters, not 300",
		head + "\nl,brand,\xb6\xa9\n":                                                "f.csv:2: is not in UTF-8",
		head + "\nl,\"brand\n":                                                       "f.csv:",
		head + strings.Repeat("\n,brand,D", 200):                                     "f.csv:52: and perhaps more",
		head + "\n" + manyBodies(bodiesMax+1):                                        "the file has more than 2000 authenticators",
	} {
		f, err := readBodies(content)
		if err == nil || !strings.Contains(err.Error(), want) || len(f.List) == 0 || len(f.List) > csvFaultsMax+1 {
			t.Errorf("%.200q: %.300v; want %q", content, err, want)
		}
	}
	page, err := os.ReadFile(verificationDocument)
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, c := range bodyColumns {
		fmt.Fprintf(&rows, "| `%s` | %s |\n", c.name, c.meaning)
	}
	if !strings.Contains(string(page), "| --- | --- |\n"+rows.String()+"\n") {
		t.Errorf("%s does not have the columns:\n%s", verificationDocument, rows.String())
	}
}

func manyBodies(n int) string {
	var rows strings.Builder
	for i := range n {
		fmt.Fprintf(&rows, "a%d,brand,Brand %d\n", i, i)
	}
	return rows.String()
}

// Would catch a file that ends the command, or of which a body is taken that the registry
// refuses.
func FuzzAuthenticatorFile(f *testing.F) {
	f.Add("authenticator,kind,display_name,brands\ndior,brand,Dior,Dior;Lancôme\n")
	f.Add("kind,authenticator,display_name,accreditations,contacts\naccredited-lab,l,L,CNAS L1 2024-02-29 2027-01-01,reports a@b.c Desk; x 021\n")
	f.Add("\ufeffauthenticator,kind\n\"")
	f.Fuzz(func(t *testing.T, content string) {
		file, err := readBodies(content)
		if (err == nil) != (len(file.items) > 0 && len(file.List) == 0) {
			t.Fatalf("%d bodies, %d faults, %v", len(file.items), len(file.List), err)
		}
		for i, x := range file.items {
			if !idPart.MatchString(x.GetAuthenticatorId()) || x.GetAuthenticator().GetDisplayName() == "" ||
				x.GetAuthenticator().GetKind() == tenfoldv1.AuthenticatorKind_AUTHENTICATOR_KIND_UNSPECIFIED || file.lines[i] < 2 {
				t.Fatalf("line %d is taken as %v", file.lines[i], x)
			}
		}
	})
}

// Would catch a file of which a part is registered, or twice, a fault of the server without its
// line, and a command of the registry that cannot be carried out as its page says: one person
// asks, another approves, a suspension is at once.
func TestRegistryFromTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	document := func(kind string) string {
		for _, b := range blocks(t, verificationDocument, kind) {
			if strings.Contains(b, "authenticator") && strings.Contains(b, "dior") || strings.Contains(b, "authenticator register") {
				return b
			}
		}
		t.Fatalf("%s has no %s of authenticators", verificationDocument, kind)
		return ""
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(strings.TrimSpace(document("sh")), "\\\n", " "), "\n") {
		s.says(exitOK, "", shellWords(line)[1:]...)
	}
	path := s.write("brands.csv", document("csv"))
	s.says(exitOK, "1 registered, 1 revised, 0 waiting for a second person, 0 unchanged; nothing was changed", "authenticator", "import", path, "--validate-only")
	s.says(exitOK, "0 authenticators", "authenticator", "search", "--brand", "Dior")
	s.says(exitOK, "1 registered, 1 revised, 0 waiting", "authenticator", "import", path)
	s.says(exitOK, "imported before", "authenticator", "import", path)
	s.says(exitOK, "0 registered, 0 revised, 0 waiting for a second person, 2 unchanged", "authenticator", "import", path, "--note", "once more")
	s.says(exitOK, "Parfums Christian Dior", "authenticator", "find", "beauty/mascara", "--brand", "dior")
	s.says(exitOK, "SUSPENDED since", "authenticator", "get", "cti-lab")
	s.says(exitOK, "cti-lab/4", "authenticator", "open-changes")
	s.says(exitOK, "REVISED", "authenticator", "changes", "cti-lab")
	// The suspension is to end already, and only one change may wait. Nothing of the file is taken.
	wider := s.write("wider.csv", strings.NewReplacer("beauty;food/liquor", "", "dior,", "lancome,").Replace(document("csv")))
	s.says(exitFailed, wider+":3: nothing was registered", "authenticator", "import", wider, "--person", "oscar")
	s.says(exitOK, "0 authenticators", "authenticator", "search", "--text", "lancome")
	bad := s.write("bad.csv", strings.Replace(document("csv"), "2030-01-31", "2030-02-30", 1))
	s.says(exitUsage, bad+":3: accreditations[0].valid_until", "authenticator", "import", bad)
	s.says(exitUsage, "no such file", "authenticator", "import", path+"x")
}

// shellWords are the words of a line, of which some stand in single quotes.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = slices.Concat(words, strings.Fields(part))
		}
	}
	return words
}
