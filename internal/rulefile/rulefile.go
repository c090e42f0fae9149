// Package rulefile reads the files in which people write down policies and calendars. It
// reads strictly, and tells every fault with its line, not only the first. What a policy
// or a calendar may say is left to policy and calendar.
package rulefile

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// SizeMax bounds a file: a calendar of ten years has a tenth of it.
const SizeMax = 1 << 20

// Fault is what is wrong at a line.
type Fault struct {
	// Line counts from 1; zero is the file as a whole.
	Line int
	Text string
}

// Faults are everything that is wrong with a file.
type Faults struct {
	File string
	List []Fault
}

// Error tells each fault on a line of its own, in the order of the file.
func (f *Faults) Error() string {
	slices.SortStableFunc(f.List, func(a, b Fault) int { return a.Line - b.Line })
	lines := make([]string, len(f.List))
	for i, one := range f.List {
		lines[i] = f.File + ": " + one.Text
		if one.Line > 0 {
			lines[i] = fmt.Sprintf("%s:%d: %s", f.File, one.Line, one.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// add notes a fault.
func (f *Faults) add(line int, format string, args ...any) {
	f.List = append(f.List, Fault{Line: line, Text: fmt.Sprintf(format, args...)})
}

// Note notes a fault that somebody else has found in the file; line 0 means the whole of it.
func (f *Faults) Note(line int, format string, args ...any) { f.add(line, format, args...) }

// orNone gives the faults as an error; nil if there are none.
func (f *Faults) orNone() error {
	if len(f.List) == 0 {
		return nil
	}
	return f
}

// yamlLine finds the line in an error of the parser, which has no other way to tell it.
var yamlLine = regexp.MustCompile(`line ([0-9]+): `)

// document reads the one document of a YAML file, which is of a kind.
func (f *Faults) document(content []byte, kind yaml.Kind, holds string) *yaml.Node {
	if len(content) > SizeMax {
		f.add(0, "the file has more than %d bytes", SizeMax)
		return nil
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		f.syntax(err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		f.add(second.Line, "the file must hold one document")
		return nil
	case !errors.Is(err, io.EOF):
		f.syntax(err)
		return nil
	}
	root := first.Content[0]
	if root.Kind != kind {
		f.add(root.Line, "the file must hold %s", holds)
		return nil
	}
	return root
}

// syntax notes an error of the parser at its line.
func (f *Faults) syntax(err error) {
	line, text := 0, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1]) // It consists of digits.
		text = strings.Replace(text, m[0], "", 1)
	}
	if errors.Is(err, io.EOF) {
		text = "the file is empty"
	}
	f.add(line, "%s", text)
}

// pairs calls f for each key of a mapping with its value, and notes keys that occur
// twice or are no plain words.
func (f *Faults) pairs(mapping *yaml.Node, take func(key, value *yaml.Node)) {
	seen := make(map[string]bool)
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := mapping.Content[i], mapping.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || value.Kind == yaml.AliasNode || value.Anchor != "":
			f.add(key.Line, "a key must be a plain word, and a value must be written out")
		case seen[key.Value]:
			f.add(key.Line, "%s is set twice", quoted(key.Value))
		default:
			seen[key.Value] = true
			take(key, value)
		}
	}
}

// quotedMax bounds what is repeated of a file in a fault.
const quotedMax = 40

// quoted repeats a text of the file, but not all of a long one.
func quoted(text string) string {
	if r := []rune(text); len(r) > quotedMax {
		text = string(r[:quotedMax]) + "…"
	}
	return strconv.Quote(text)
}
