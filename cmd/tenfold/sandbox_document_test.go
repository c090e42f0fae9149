package main

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// Would catch a test id that the page on the sandbox does not tell, or one that is none.
func TestSandboxDocumentNamesTheTestIDs(t *testing.T) {
	t.Parallel()
	ids := func(path, pattern string) []string {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(content), -1) {
			all = append(all, m[1])
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	contract := ids("../../proto/tenfold/v1/sandbox_service.proto", `(?m)^//   (sandbox-[a-z]+) `)
	page := ids("../../docs/sandbox.md", "(?m)^\\| `(sandbox-[a-z]+)`")
	if len(contract) < 14 || !slices.Equal(contract, page) {
		t.Errorf("the contract has %v,\nthe page has %v", contract, page)
	}
}
