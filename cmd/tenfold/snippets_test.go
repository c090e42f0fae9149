package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// Would catch commands of a document that work in bash alone: zsh does not part the value of a
// variable at its blanks.
func TestSnippetsNeedNoWordSplitting(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	parsed := 0
	for _, document := range append(documents, "../../README.md") {
		content, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)\n```(?:sh)?\n(.*?)\n```").FindAllStringSubmatch(string(content), -1) {
			file, err := syntax.NewParser().Parse(strings.NewReader(block[1]), "")
			if err != nil {
				continue // A table or a diagram, which no shell reads.
			}
			parsed++
			syntax.Walk(file, func(n syntax.Node) bool {
				call, ok := n.(*syntax.CallExpr)
				if !ok {
					return true
				}
				for _, w := range call.Args {
					if p, bare := w.Parts[0].(*syntax.ParamExp); bare && len(w.Parts) == 1 {
						t.Errorf("%s: $%s stands without quotes:\n%s", document, p.Param.Value, block[1])
					}
				}
				return true
			})
		}
	}
	if parsed < 20 {
		t.Errorf("only %d blocks of commands were found", parsed)
	}
}
