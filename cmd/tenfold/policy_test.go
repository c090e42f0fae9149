package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/rulefile"
)

const policiesDocument = "../../docs/policies.md"

// blocks are the blocks of code of a document in one language.
func blocks(t *testing.T, document, language string) []string {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(content), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatalf("%s has no block in %s", document, language)
	}
	return list
}

// policySandbox is a sandbox in December, and calls its commands in a directory.
type policySandbox struct {
	t       *testing.T
	address string
	dir     string
}

func newPolicySandbox(t *testing.T) *policySandbox {
	t.Helper()
	return &policySandbox{t: t, dir: t.TempDir(), address: served(t, "--sandbox", "--insecure-loopback", "--sandbox-start", "2026-12-01T09:00:00Z",
		"--listen", "127.0.0.1:0", "--ops-listen", noOps, "--database-url", pgtest.New(t).AppURL, "--log-level", "error")}
}

func (s *policySandbox) write(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// says runs a command, and fails the test unless it ends with a code and prints something.
func (s *policySandbox) says(code int, want string, args ...string) string {
	s.t.Helper()
	got, out, errOut := try(s.t, append(args, "--server="+s.address)...)
	if got != code || !strings.Contains(out+errOut, want) {
		s.t.Fatalf("%v: exit %d, %q %q; want %d and %q", args, got, out, errOut, code, want)
	}
	return out + errOut
}

// policyFiles are the files that the page on policies shows, under the names that it gives
// them.
func policyFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{"2026.csv": blocks(t, policiesDocument, "csv")[0]}
	for _, block := range blocks(t, policiesDocument, "yaml") {
		name, _, _ := strings.Cut(strings.TrimPrefix(block, "# "), "\n")
		files[name] = block
	}
	return files
}

// Would catch a file of the page on policies that is refused, or a key that the page
// leaves out. Its commands are walked.
func TestPoliciesDocument(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	for name, content := range policyFiles(t) {
		if strings.HasSuffix(name, ".yaml") {
			s.says(exitOK, "is valid; nothing was proposed", "policy", "publish", s.write(name, content), "--validate-only", "--person", "olga")
		}
	}
	content, err := os.ReadFile(policiesDocument)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range rulefile.Keys() {
		if !regexp.MustCompile("(?m)^\\| .*`" + key + "`").Match(content) {
			t.Errorf("the page does not explain the key %s", key)
		}
	}
}

// Would catch commands that hide what happened, that take a fault for success, or that do
// not say where a file is wrong.
func TestPolicyCommands(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	written := s.says(exitOK, "multiplier: 3", "policy", "show", "consumer-protection-55", "--as-file")
	good := strings.NewReplacer("version: 1", "version: 2", "2014-03-15", "2027-01-01", "floor: 500.00", "floor: 500.00\napproval_over: 10000",
		"advance_limit: 500000.00", "advance_limit: 1000\nadvance_limit_per_merchant: 5000").Replace(written)
	publish := func(code int, want, content string, more ...string) {
		t.Helper()
		s.says(code, want, append([]string{"policy", "publish", s.write("p.yaml", content), "--person", "olga", "--note", "why"}, more...)...)
	}
	replaced := func(old, with string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in\n%s", old, good)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, c := range map[string]struct {
		code          int
		want, content string
	}{
		"as it was":              {exitFailed, "p.yaml:2: name: version 1 of policy consumer-protection-55 has already been published", strings.Replace(good, "version: 2", "version: 1", 1)},
		"not the next":           {exitFailed, "p.yaml:2: name: the next version of policy consumer-protection-55 must be 2, not 4", replaced("version: 2", "version: 4")},
		"a key misspelled":       {exitUsage, `p.yaml:7: "multiplyer" is no key of a policy`, replaced("multiplier", "multiplyer")},
		"a cap below the floor":  {exitUsage, "p.yaml:9: cap: the cap of 49999 must not be below the floor of 50000", replaced("floor: 500.00", "cap: 499.99\nfloor: 500.00")},
		"dated back":             {exitFailed, "p.yaml:6: effective_from: ", replaced("2027-01-01", "2026-12-08")},
		"a currency of no book":  {exitFailed, "p.yaml:5: currency_code: no book is kept in EUR", strings.Replace(replaced("currency: CNY", "currency: EUR"), "policy: consumer-protection-55\nversion: 2", "policy: euros\nversion: 1", 1)},
		"no limit":               {exitFailed, "approval_over: the version must set approval_over", replaced("approval_over: 10000\n", "")},
		"a title without an end": {exitFailed, "p.yaml:3: title: ", replaced("title: ", "title: "+strings.Repeat("x", 201)+"\n#")},
	} {
		for _, more := range [][]string{nil, {"--validate-only"}} {
			t.Log(name)
			publish(c.code, c.want, c.content, more...)
		}
	}
	s.says(exitFailed, "PERSON_REQUIRED", "policy", "publish", s.write("p.yaml", good), "--note", "why")
	s.says(exitUsage, "--note must say why", "policy", "publish", s.write("p.yaml", good), "--person", "olga")
	s.says(exitUsage, "read the policy", "policy", "publish", filepath.Join(s.dir, "absent.yaml"), "--person", "olga")
	if out := s.says(exitOK, "", "policy", "proposals", "--output", "json"); strings.Contains(out, "olga") {
		t.Fatalf("something was proposed: %s", out)
	}

	publish(exitOK, "proposed: policies/consumer-protection-55/proposals/1", good)
	publish(exitFailed, "proposal 1 of policy consumer-protection-55 is still open", good)
	const first = "consumer-protection-55/proposals/1"
	s.says(exitOK, "approval_over", "policy", "diff", first)
	s.says(exitFailed, "SAME_PERSON", "policy", "approve", first, "--person", "OLGA")
	s.says(exitOK, "It expires at 2026-12-31", "policy", "approve", first, "--person", "anna")
	s.says(exitFailed, "SAME_PERSON", "policy", "approve", first, "--person", "Anna")
	s.says(exitUsage, "--note must say why", "policy", "reject", first, "--person", "bert")
	s.says(exitOK, "REFUSED bert – too much", "policy", "reject", first, "--person", "bert", "--note", "too much")
	s.says(exitFailed, "PROPOSAL_STATE_CONFLICT", "policy", "withdraw", first, "--person", "olga")
	publish(exitOK, "proposals/2", good)
	s.says(exitFailed, "ACCESS_DENIED", "policy", "withdraw", "consumer-protection-55/proposals/2", "--person", "anna")
	s.says(exitOK, "WITHDRAWN olga", "policy", "withdraw", "policies/consumer-protection-55/proposals/2", "--person", "olga")
	s.says(exitOK, `"POLICY_PROPOSAL_ACTION_REFUSED"`, "policy", "proposals", "consumer-protection-55", "--output", "json")
	if out := s.says(exitOK, "REFUSED", "policy", "proposals", "--state", "refused"); strings.Contains(out, "WITHDRAWN") {
		t.Errorf("listed among the refused: %s", out)
	}
	s.says(exitUsage, "--state", "policy", "proposals", "--state", "gone")

	s.says(exitOK, "The version lacks limits: approval_over, advance_limit_per_merchant", "policy", "show", "consumer-protection-55/1")
	s.says(exitOK, "multiplier", "policy", "diff", "promise-tenfold/1", "consumer-protection-55")
	s.says(exitOK, `"multiplier"`, "policy", "diff", "promise-tenfold/1", s.write("p.yaml", good), "--output", "json")
	s.says(exitOK, "FOOD_SAFETY_148 in CNY for food: no version, then food-safety-148/1", "policy", "diff", "food-safety-148")
	s.says(exitUsage, "names no proposal", "policy", "approve", "promise-tenfold/1", "--person", "anna")
	s.says(exitUsage, "names no policy", "policy", "show", "promise tenfold")
	s.says(exitUsage, "names more than a policy", "policy", "list", "promise-tenfold/1")
	s.says(exitFailed, "has no versions", "policy", "show", "nobody")
	s.says(exitFailed, "POLICY_NOT_FOUND", "policy", "show", "promise-tenfold/9")
	s.says(exitFailed, "PROPOSAL_NOT_FOUND", "policy", "show", "promise-tenfold/proposals/9")
	s.says(exitOK, "food-safety-148/1", "policy", "list")
}

// Would catch an import that sets a part of a file, that takes a try for the truth, or that
// does not tell of a year that is not set as a whole.
func TestCalendarCommands(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	good := "date,kind,name\n2027-01-01,HOLIDAY,New Year\n2027-02-06,HOLIDAY,Spring Festival\n2027-05-01,HOLIDAY,Labour Day\n2027-10-01,HOLIDAY,National Day\n"
	bad := s.write("bad.csv", good+"2027-02-30,HOLIDAY,a day\n2027-01-02,FEAST,another\n")
	for _, more := range [][]string{nil, {"--validate-only"}} {
		s.says(exitUsage, "bad.csv:6: date must be", append([]string{"calendar", "import", bad, "--person", "olga"}, more...)...)
		s.says(exitUsage, "bad.csv:7: kind must be", append([]string{"calendar", "import", bad, "--person", "olga"}, more...)...)
	}
	whole := s.write("2027.csv", good)
	s.says(exitOK, "4 days: valid; nothing was set\n2027 is set", "calendar", "import", whole, "--person", "olga", "--validate-only")
	s.says(exitFailed, "PERSON_REQUIRED", "calendar", "import", whole)
	if out := s.says(exitOK, "2027 is not set as a whole: it lacks New Year on 1 January, the Spring Festival, Labour Day on 1 May, National Day on 1 October",
		"calendar", "list", "2027"); strings.Contains(out, "HOLIDAY") {
		t.Errorf("a day is set: %s", out)
	}
	part := s.write("part.yaml", "- {date: 2027-01-01, kind: HOLIDAY, name: New Year}\n")
	s.says(exitOK, "1 day: set\n2027 is not set as a whole: it lacks the Spring Festival", "calendar", "import", part, "--person", "olga")
	s.says(exitOK, "4 days: set\n2027 is set", "calendar", "import", whole, "--person", "olga")
	s.says(exitOK, "2027 is set", "calendar", "list", "2027")
	var told struct{ CalendarYear struct{ Set bool } }
	if out := s.says(exitOK, "", "calendar", "list", "2027", "--output", "json"); json.Unmarshal([]byte(out), &told) != nil || !told.CalendarYear.Set {
		t.Errorf("the year is not told to be set: %s", out)
	}
	s.says(exitUsage, "is no year", "calendar", "list", "27")
}

// Would catch a server that serves under policies without limits though nobody allowed it,
// that does not say which version lacks what, or that can be talked out of it by the name
// of another policy.
func TestServeAsksForLimits(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t) // Its policies lack limits.
	serve := []string{"serve", "--insecure-loopback", "--listen", "127.0.0.1:0", "--ops-listen", noOps, "--database-url", db.AppURL,
		"--gateway", "127.0.0.1:1", "--log-level", "error"}
	for allowed, asked := range map[string]string{
		"":                                "consumer-protection-55,food-safety-148,promise-tenfold",
		"promise-tenfold,food-safety-148": "promise-tenfold,food-safety-148,consumer-protection-55",
		"consumer-protection":             "consumer-protection,consumer-protection-55,food-safety-148,promise-tenfold",
	} {
		code, _, errOut := try(t, append(serve, "--allow-policy-without-limits="+allowed)...)
		if code != exitUsage || !strings.Contains(errOut, "version 1 of policy consumer-protection-55 lacks approval_over and advance_limit_per_merchant;") ||
			!strings.HasSuffix(errOut, "--allow-policy-without-limits="+asked+"\n") {
			t.Errorf("allowing %q: exit %d, %s", allowed, code, errOut)
		}
		if named := strings.Contains(errOut, "policy promise-tenfold lacks approval_over, advance_limit_per_merchant and minimum_deposit"); named == strings.Contains(allowed, "promise") {
			t.Errorf("allowing %q: %s", allowed, errOut)
		}
	}
	if code, _, errOut := try(t, append(serve, "--allow-policy-without-limits=all of them")...); code != exitUsage || !strings.Contains(errOut, "must name policies by their ids") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	served(t, append(serve[1:], "--allow-policy-without-limits=promise-tenfold,food-safety-148,consumer-protection-55")...)
}
