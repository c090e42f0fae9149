package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

const cliDocument = "../../docs/cli.md"

// commonFlags are described once for all commands.
var commonFlags = []string{connectionGroup, outputGroup, sendingGroup}

// describeCommand writes what docs/cli.md says of one command.
func describeCommand(w *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(w, "\n### %s\n\n```\n%s\n```\n\n%s\n", cmd.CommandPath(), cmd.UseLine(), strings.ReplaceAll(cmd.Long, "\n", " "))
	if calls := cmd.Annotations[callsOf]; calls != "" {
		f := cmd.Flag("role")
		fmt.Fprintf(w, "\nCalls %s; role `%s` unless another is named.\n", strings.ReplaceAll(calls, " ", ", "), f.DefValue)
	}
	var rows []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !slices.Contains(commonFlags, groupOf(f)) {
			rows = append(rows, fmt.Sprintf("| `--%s` | %s |", f.Name, strings.ReplaceAll(usageOf(cmd, f), "|", `\|`)))
		}
	})
	if len(rows) > 0 {
		fmt.Fprintf(w, "\n| flag | |\n| --- | --- |\n%s\n", strings.Join(rows, "\n"))
	}
	fmt.Fprintf(w, "\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
}

// usageOf is the text of a flag without its variable, which follows from its name. Commands
// that call no server have defaults that depend on the machine.
func usageOf(cmd *cobra.Command, f *pflag.Flag) string {
	text, _, _ := strings.Cut(f.Usage, " [$")
	if cmd.Annotations[callsOf] != "" && f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" && f.DefValue != "0s" {
		text += fmt.Sprintf(" (default `%s`)", f.DefValue)
	}
	return text
}

// describeCommon writes the flags that many commands have.
func describeCommon(w *strings.Builder) {
	for _, g := range commonFlags {
		seen := map[string]*pflag.Flag{}
		each(newRoot(), func(cmd *cobra.Command) {
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				if groupOf(f) == g && seen[f.Name] == nil {
					seen[f.Name] = f
				}
			})
		})
		fmt.Fprintf(w, "\n### %s\n\n| flag | |\n| --- | --- |\n", g)
		for _, name := range slices.Sorted(maps.Keys(seen)) {
			text, _, _ := strings.Cut(seen[name].Usage, " [$")
			if name == "yes" {
				text = "do it without asking"
			}
			fmt.Fprintf(w, "| `--%s` | %s |\n", name, text)
		}
	}
}

// Would catch a page on the commands that is not what the commands say of themselves.
func TestCLIDocument(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(cliDocument)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- generated: commands -->\n", "<!-- end -->\n"
	head, rest, ok := strings.Cut(string(content), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/cli.md has lost its markers")
	}
	var w strings.Builder
	w.WriteString("\n## Flags of many commands\n")
	describeCommon(&w)
	w.WriteString("\n## Commands\n")
	for _, cmd := range leaves(t) {
		describeCommand(&w, cmd)
	}
	want := head + begin + w.String() + end + tail
	if *update {
		if err := os.WriteFile(cliDocument, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(content) != want {
		t.Error("docs/cli.md is stale; run: go test ./cmd/tenfold -run TestCLIDocument -update")
	}
}
