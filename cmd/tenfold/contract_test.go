package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"mvdan.cc/sh/v3/syntax"
)

// machineOnly are the methods that no person calls, with the reason of each.
var machineOnly = map[string]string{
	"DepositService/OpenBook":            "`tenfold book open` opens one book as it opens many, by BatchOpenBooks",
	"PayoutGatewayService/Instruct":      "a payment service implements it; `tenfold gateway check` calls it to check one",
	"PolicyService/PublishPolicyVersion": "only a sandbox publishes at once; people propose versions with `tenfold policy publish`",
	"PayoutGatewayService/Query":         "a payment service implements it; `tenfold gateway check` calls it to check one",
}

// methodsOfContract are all methods of our services.
func methodsOfContract() []string {
	var all []string
	protoregistry.GlobalFiles.RangeFilesByPackage(protoreflect.FullName(strings.TrimSuffix(contractPackage, ".")), func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			s := f.Services().Get(i)
			for j := range s.Methods().Len() {
				all = append(all, string(s.Name())+"/"+string(s.Methods().Get(j).Name()))
			}
		}
		return true
	})
	slices.Sort(all)
	return all
}

// commandsByMethod are the paths of the commands that call each method.
func commandsByMethod() map[string][]string {
	calls := map[string][]string{}
	each(newRoot(), func(cmd *cobra.Command) {
		for method := range strings.FieldsSeq(cmd.Annotations[callsOf]) {
			calls[method] = append(calls[method], cmd.CommandPath())
		}
	})
	return calls
}

// Would catch a method that people can only call by JSON that they write by hand, a command
// that calls what the contract does not have, and an exception that is none any more.
func TestEveryMethodHasACommand(t *testing.T) {
	t.Parallel()
	calls, methods := commandsByMethod(), methodsOfContract()
	for _, m := range methods {
		switch reason, machines := machineOnly[m]; {
		case machines && (reason == "" || len(calls[m]) > 0):
			t.Errorf("%s is called by %v, and is for machines because %q", m, calls[m], reason)
		case !machines && len(calls[m]) == 0:
			t.Errorf("no command calls %s", m)
		}
	}
	for _, m := range slices.Concat(slices.Collect(maps.Keys(calls)), slices.Collect(maps.Keys(machineOnly))) {
		if !slices.Contains(methods, m) {
			t.Errorf("the contract has no method %s", m)
		}
	}
}

// leaves are the commands that do something, without those of the library.
func leaves(t *testing.T) []*cobra.Command {
	t.Helper()
	var all []*cobra.Command
	each(newRoot(), func(cmd *cobra.Command) {
		if !cmd.HasSubCommands() {
			all = append(all, cmd)
		}
	})
	return all
}

// wordsOfLine parts a command line as a shell does.
func wordsOfLine(t *testing.T, line string) []string {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(line), "")
	if err != nil || len(file.Stmts) != 1 {
		t.Fatalf("no command line: %s (%v)", line, err)
	}
	call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok {
		t.Fatalf("no plain command: %s", line)
	}
	parts := make([]string, len(call.Args))
	for i, w := range call.Args {
		for _, part := range w.Parts {
			switch part := part.(type) {
			case *syntax.Lit:
				parts[i] += part.Value
			case *syntax.SglQuoted:
				parts[i] += part.Value
			default:
				t.Fatalf("%s has more than plain and quoted words", line)
			}
		}
	}
	return parts
}

// Would catch a command that help does not explain, and an example that its own flags and
// arguments do not take.
func TestEveryCommandIsExplained(t *testing.T) {
	t.Parallel()
	root := newRoot()
	for _, cmd := range leaves(t) {
		path := cmd.CommandPath()
		if cmd.Long == "" || cmd.Long == cmd.Short || !strings.HasSuffix(strings.TrimSpace(cmd.Long), ".") {
			t.Errorf("%s has no sentence beyond its short text: %q", path, cmd.Long)
		}
		if strings.TrimSpace(cmd.Example) == "" {
			t.Errorf("%s has no example", path)
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", "")) {
			parseExample(t, root, path, strings.TrimSpace(line))
		}
	}
}

// parseExample parses an example as the program would, up to running it.
func parseExample(t *testing.T, root *cobra.Command, path, line string) {
	t.Helper()
	args := wordsOfLine(t, line)
	if args[0] != "tenfold" {
		t.Errorf("%s: the example calls %s", path, args[0])
		return
	}
	found, rest, err := root.Find(args[1:])
	if err != nil || found.CommandPath() != path {
		t.Errorf("%s: the example is one of %v, %v: %s", path, found.CommandPath(), err, line)
		return
	}
	err = found.ParseFlags(rest)
	if err == nil {
		err = found.ValidateArgs(found.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: %v: %s", path, err, line)
	}
}

// Would catch an example that a command refuses as wrong use although its flags are there:
// an amount, a time or a word that means nothing, or a required flag that is left out.
func TestExamplesOfVerbsAreComplete(t *testing.T) {
	t.Parallel()
	for _, cmd := range leaves(t) {
		if len(strings.Fields(cmd.Annotations[callsOf])) != 1 {
			continue
		}
		for line := range strings.Lines(cmd.Example) {
			args := wordsOfLine(t, strings.TrimSpace(line))
			reads := slices.ContainsFunc(args, func(a string) bool {
				return strings.HasSuffix(a, ".json") || strings.HasSuffix(a, ".yaml") || strings.HasSuffix(a, ".txt") || strings.HasSuffix(a, ".csv") || strings.HasSuffix(a, ".jws") || a == "-"
			})
			if reads {
				continue // Its file is not there.
			}
			// Port 1 has no server: what fails after the command was understood fails as unreachable.
			code, _, errOut := try(t, append(args[1:], "--server", "127.0.0.1:1", "--yes")...)
			if strings.Contains(errOut, "--yes") {
				code, _, errOut = try(t, append(args[1:], "--server", "127.0.0.1:1")...)
			}
			if code != exitFailed {
				t.Errorf("%s: exit %d: %s", line, code, errOut)
			}
		}
	}
}
