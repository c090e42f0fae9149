package internal_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/syntax"
)

// builtins are what a shell does by itself.
var builtins = strings.Fields(`: . [ alias bg break builtin cd command continue declare dirs disown echo eval exec exit
	export false fg getopts hash jobs kill let local mapfile popd printf pushd pwd read readarray readonly return set
	shift shopt source test times trap true type typeset ulimit umask unalias unset wait`)

// prefixes are the words behind which another program is named, with its flags and
// variables between them.
var prefixes = []string{"builtin", "command", "env", "exec", "nice", "nohup", "sudo", "xargs"}

// shellCalls notes the programs of the scripts and of the Makefile.
func shellCalls(t *testing.T, c calls) {
	t.Helper()
	var scripts []string
	for _, pattern := range []string{"../scripts/*.sh", "../.ci/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no scripts in %s: %v", pattern, err)
		}
		scripts = append(scripts, found...)
	}
	for _, name := range scripts {
		text := readFile(t, name)
		place := strings.TrimPrefix(name, "../")
		first, _, _ := strings.Cut(text, "\n")
		for _, word := range strings.Fields(strings.TrimPrefix(first, "#!")) {
			c.add(path.Base(word), place)
		}
		noteScript(t, c, place, text)
	}
	for _, recipe := range recipes(readFile(t, "../Makefile")) {
		noteScript(t, c, "Makefile", recipe)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// noteScript notes the programs of one script that is called without others.
func noteScript(t *testing.T, c calls, place, script string) {
	t.Helper()
	found, passesOn, err := programsOf(script)
	if err == nil && passesOn {
		err = fmt.Errorf("runs its arguments, which are not known here")
	}
	if err != nil {
		t.Errorf("%s: %v:\n%s", place, err, script)
	}
	for _, name := range found {
		c.add(name, place)
	}
}

// programsOf lists the programs that a script calls, but for those of this
// repository, and says whether it also runs what its arguments name.
func programsOf(script string) (found []string, passesOn bool, err error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, false, err
	}
	s := shell{functions: make(map[string]bool)}
	// Functions first: whether one runs its arguments decides what its calls call.
	syntax.Walk(file, func(n syntax.Node) bool {
		if f, ok := n.(*syntax.FuncDecl); ok {
			s.functions[f.Name.Value] = runsArguments(f.Body)
		}
		return true
	})
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.FuncDecl:
			inside := s
			inside.found = nil
			syntax.Walk(n.Body, func(n syntax.Node) bool {
				if call, ok := n.(*syntax.CallExpr); ok {
					inside.command(call.Args)
				}
				return true
			})
			s.found, s.unknown = append(s.found, inside.found...), append(s.unknown, inside.unknown...)
			return false
		case *syntax.CallExpr:
			s.command(n.Args)
		}
		return true
	})
	if len(s.unknown) > 0 {
		err = fmt.Errorf("cannot tell which program is called by %q", s.unknown)
	}
	return s.found, s.passesOn, err
}

// shell is what is known of a script.
type shell struct {
	// functions are those that the script declares; true are those that run their
	// arguments.
	functions map[string]bool
	found     []string
	unknown   []string
	// passesOn says that a call outside of functions runs the script's arguments.
	passesOn bool
}

// command notes what a simple command calls.
func (s *shell) command(words []*syntax.Word) {
	if len(words) == 0 {
		return // Only variables are set.
	}
	if runsAll(words[0]) {
		s.passesOn = true
		return
	}
	name, ok := nameOf(words[0])
	if !ok {
		s.unknown = append(s.unknown, name)
		return
	}
	runsArguments, own := s.functions[name]
	switch {
	case own && runsArguments:
		s.command(words[1:])
		return
	case own, isFile(name):
		return
	case !slices.Contains(builtins, name):
		s.found = append(s.found, path.Base(name))
	}
	switch {
	case slices.Contains(prefixes, name):
		rest := words[1:]
		for len(rest) > 0 {
			word, _ := nameOf(rest[0])
			if name == "command" && (word == "-v" || word == "-V") {
				return // It only asks.
			}
			if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
				break
			}
			rest = rest[1:]
		}
		s.command(rest)
	case name == "find":
		for i, word := range words {
			if flag, _ := nameOf(word); flag == "-exec" || flag == "-execdir" {
				s.command(words[i+1:])
			}
		}
	}
}

// runsArguments says whether a function calls what its arguments name.
func runsArguments(body syntax.Node) (runs bool) {
	syntax.Walk(body, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			one := shell{}
			one.command(call.Args)
			runs = runs || one.passesOn
		}
		return true
	})
	return runs
}

// runsAll says whether a word is "$@".
func runsAll(w *syntax.Word) bool {
	if len(w.Parts) != 1 {
		return false
	}
	part := w.Parts[0]
	if quoted, ok := part.(*syntax.DblQuoted); ok && len(quoted.Parts) == 1 {
		part = quoted.Parts[0]
	}
	parameter, ok := part.(*syntax.ParamExp)
	return ok && (parameter.Param.Value == "@" || parameter.Param.Value == "*")
}

// nameOf writes a word out. It is not known where its last part, the name of the
// program, holds a variable.
func nameOf(w *syntax.Word) (name string, known bool) {
	const variable = "\x00"
	var text strings.Builder
	var write func(parts []syntax.WordPart)
	write = func(parts []syntax.WordPart) {
		for _, part := range parts {
			switch part := part.(type) {
			case *syntax.Lit:
				text.WriteString(part.Value)
			case *syntax.SglQuoted:
				text.WriteString(part.Value)
			case *syntax.DblQuoted:
				write(part.Parts)
			default:
				text.WriteString(variable)
			}
		}
	}
	write(w.Parts)
	name = text.String()
	if strings.Contains(path.Base(name), variable) {
		return strings.ReplaceAll(name, variable, "$…"), false
	}
	if strings.Contains(name, variable) {
		name = path.Base(name)
	}
	return name, true
}

// isFile says whether a program is part of this repository, or built by make.
func isFile(name string) bool {
	name = strings.TrimPrefix(name, "./")
	if built, ok := strings.CutPrefix(name, ".bin/"); ok {
		return builtPrograms()[built]
	}
	if !strings.Contains(name, "/") || path.IsAbs(name) {
		return false
	}
	_, err := os.Stat(filepath.Join("..", name))
	return err == nil
}

// toolLine finds the tools of a go.mod.
var toolLine = regexp.MustCompile(`(?m)^(?:\t|tool )(\S+)$`)

// builtPrograms are what make puts into .bin: our commands and the tools.
func builtPrograms() map[string]bool {
	built := make(map[string]bool)
	commands, err := filepath.Glob("../cmd/*")
	if err != nil {
		return nil
	}
	for _, command := range commands {
		built[path.Base(command)] = true
	}
	for _, file := range []string{"../tools/go.mod", "../tools/release/go.mod", "../tools/helm/go.mod", "../tools/s3/go.mod"} {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil
		}
		for _, match := range toolLine.FindAllStringSubmatch(string(text), -1) {
			built[path.Base(match[1])] = true
		}
	}
	return built
}

// recipes gives the scripts of a Makefile: each line of a recipe, and what the
// function shell runs.
func recipes(makefile string) []string {
	makefile = strings.ReplaceAll(makefile, "\\\n", " ")
	variables, within := map[string]string{"MAKE": "make"}, ""
	set := regexp.MustCompile(`^([A-Za-z_]+) *[:?]?= *(.*)$`)
	var lines []string
	for line := range strings.Lines(makefile) {
		line = strings.TrimRight(line, "\n")
		name, defines := strings.CutPrefix(line, "define ")
		switch match := set.FindStringSubmatch(line); {
		case defines:
			within = name
		case line == "endef":
			within = ""
		case within != "":
			variables[within] += strings.TrimPrefix(line, "\t") + "\n"
		case strings.HasPrefix(line, "\t"):
			lines = append(lines, line)
		case match != nil:
			variables[match[1]] = match[2]
		}
	}
	var scripts []string
	for _, value := range variables {
		expand(value, variables, &scripts)
	}
	for _, line := range lines {
		scripts = append(scripts, strings.TrimLeft(expand(line, variables, &scripts), "\t@+-"))
	}
	return scripts
}

// expand writes a text of a Makefile out. Functions are empty; what the function
// shell runs is added to the scripts.
func expand(text string, variables map[string]string, scripts *[]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found || rest == "" {
			return out.String()
		}
		if rest[0] != '(' {
			out.WriteString(map[byte]string{'$': "$"}[rest[0]]) // Nothing for $@ and $<.
			text = rest[1:]
			continue
		}
		open, end := 0, 0
		for end = range rest {
			if rest[end] == '(' {
				open++
			} else if rest[end] == ')' {
				open--
			}
			if open == 0 {
				break
			}
		}
		name := rest[1:end]
		if script, ok := strings.CutPrefix(name, "shell "); ok {
			*scripts = append(*scripts, script)
		}
		out.WriteString(expand(variables[name], variables, scripts))
		text = rest[end+1:]
	}
}
