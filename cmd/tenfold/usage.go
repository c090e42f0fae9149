package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Annotations of flags.
const (
	flagGroup = "group"
	// flagOnce marks a flag that no environment variable sets: what is said for one call must
	// not be left behind for the next.
	flagOnce = "once"
	// flagWords holds what a flag is completed with.
	flagWords = "words"
)

// The groups of flags in help, in their order. Flags without a group stand first.
const (
	ownGroup        = "Flags"
	sendingGroup    = "Sending"
	outputGroup     = "Output"
	connectionGroup = "Connection"
)

// inGroup puts flags into a group of the help.
func inGroup(f *pflag.FlagSet, group string, names ...string) {
	for _, name := range names {
		// The error is for a missing flag; the callers have just made it.
		_ = f.SetAnnotation(name, flagGroup, []string{group})
	}
}

// saidOnce marks a flag that is said for one call only.
func saidOnce(f *pflag.FlagSet, name string) {
	_ = f.SetAnnotation(name, flagOnce, []string{"true"}) // The flag exists.
}

// completes tells what a flag is completed with: these words and no names of files.
func completes(f *pflag.FlagSet, name string, words ...string) {
	_ = f.SetAnnotation(name, flagWords, append([]string{}, words...)) // The flag exists.
}

// completing registers the words of every flag where args ask for completions, and there
// alone: the library keeps what it is given, and with it the whole tree, until the program
// ends.
func completing(root *cobra.Command, args []string) {
	if len(args) == 0 || args[0] != cobra.ShellCompRequestCmd && args[0] != cobra.ShellCompNoDescRequestCmd {
		return
	}
	each(root, func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if words, ok := f.Annotations[flagWords]; ok {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // The flag exists.
			}
		})
	})
}

func isSaidOnce(f *pflag.Flag) bool { return f.Annotations[flagOnce] != nil }

// prefixGroups groups the many flags of a server by the beginning of their names.
var prefixGroups = []struct {
	group    string
	prefixes []string
}{
	{"Access", []string{"tls-", "oidc-", "jwks-", "person-", "workloads-", "trust-", "insecure-"}},
	{"Database", []string{"database-", "owner-", "data-dir", "lanes", "batch-", "queue-", "cache-"}},
	{"Payout gateway", []string{"gateway", "hold-payouts"}},
	{"Events", []string{"nats-", "relay-", "webhook-", "watch-"}},
	{"HTTP", []string{"http-"}},
	{"Operation", []string{"ops-", "log-", "otlp-", "trace", "pprof", "profile", "audit-", "metrics"}},
	{"Sandbox", []string{"sandbox"}},
}

// groupOf is the group of a flag in help.
func groupOf(f *pflag.Flag) string {
	if g := f.Annotations[flagGroup]; g != nil {
		return g[0]
	}
	for _, g := range prefixGroups {
		if slices.ContainsFunc(g.prefixes, func(p string) bool { return strings.HasPrefix(f.Name, p) }) {
			return g.group
		}
	}
	return ownGroup
}

// groupedFlags are a command's flags by group, in the order of the help. A command with few
// flags has one group beside those of every remote command.
func groupedFlags(cmd *cobra.Command) (names []string, sets map[string]*pflag.FlagSet) {
	const many = 16
	sets = map[string]*pflag.FlagSet{}
	cmd.InitDefaultHelpFlag()
	own := 0
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[flagGroup] == nil {
			own++
		}
	})
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		g := groupOf(f)
		if own <= many && f.Annotations[flagGroup] == nil {
			g = ownGroup
		}
		if sets[g] == nil {
			sets[g] = pflag.NewFlagSet(g, pflag.ContinueOnError)
			names = append(names, g)
		}
		sets[g].AddFlag(f)
	})
	rank := func(name string) int { return slices.Index([]string{connectionGroup, outputGroup, sendingGroup}, name) }
	slices.SortStableFunc(names, func(a, b string) int {
		if a == ownGroup || b == ownGroup {
			return map[bool]int{true: -1, false: 1}[a == ownGroup]
		}
		return rank(b) - rank(a)
	})
	return names, sets
}

// printUsage prints how a command is used.
func printUsage(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "Usage:\n  %s\n", cmd.UseLine())
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(w, "\nAliases:\n  %s\n", cmd.NameAndAliases())
	}
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nCommands:\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() || c.Name() == "help" {
				fmt.Fprintf(w, "  %-*s %s\n", cmd.Commands()[0].NamePadding(), c.Name(), c.Short)
			}
		}
	}
	names, sets := groupedFlags(cmd)
	for _, name := range names {
		fmt.Fprintf(w, "\n%s:\n%s", name, sets[name].FlagUsages())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n\"%s COMMAND --help\" explains a command.\n", cmd.CommandPath())
	}
	return nil
}

// wellUsed gives a whole tree of commands the same manners: every wrong use is a usage error
// that says what is missing or was meant, and help names the variable of every flag.
func wellUsed(root *cobra.Command) {
	root.SetUsageFunc(printUsage)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError{flagMeant(cmd, err)} })
	root.SuggestionsMinimumDistance = 2
	each(root, func(cmd *cobra.Command) {
		cmd.SuggestionsMinimumDistance = 2
		check := cmd.Args
		if cmd.HasSubCommands() {
			if cmd.RunE == nil && cmd.Run == nil {
				cmd.RunE = help
			}
			check = noSuchCommand
		}
		if check == nil {
			check = cobra.NoArgs
		}
		cmd.Args = func(cmd *cobra.Command, args []string) error { return argumentsMeant(cmd, args, check(cmd, args)) }
		if e, ok := explained[strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")]; ok {
			e.into(cmd)
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !isSaidOnce(f) {
				f.Usage += " [$" + variableOf(f.Name) + "]"
			}
		})
	})
}

// each visits a command and all below it.
func each(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		each(c, visit)
	}
}

// noSuchCommand refuses what a group of commands does not have.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("%q is no command of %q", bounded(args[0]), cmd.CommandPath())
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		return errors.New(text + "; did you mean " + alternatives(meant) + "?")
	}
	return errors.New(text + "; \"" + cmd.CommandPath() + " --help\" lists them")
}

func bounded(text string) string {
	if runes := []rune(text); len(runes) > shownMax {
		return string(runes[:shownMax]) + "…"
	}
	return text
}

// argumentsMeant turns an error about arguments into one that names what is missing.
func argumentsMeant(cmd *cobra.Command, args []string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[usageError](err); ok || cmd.HasSubCommands() {
		return usageError{err}
	}
	_, names, _ := strings.Cut(cmd.Use, " ")
	wanted := strings.Fields(names)
	required := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return strings.HasPrefix(name, "[") })
	switch {
	case len(args) < len(required):
		err = fmt.Errorf("%s is missing; usage: %s", required[len(args)], cmd.UseLine())
	case len(args) > len(wanted) && len(wanted) == 0:
		err = fmt.Errorf("%s takes no argument, but %s was given", cmd.CommandPath(), shown(args[0]))
	case len(args) > len(wanted):
		err = fmt.Errorf("%s is one argument too many; usage: %s", shown(args[len(wanted)]), cmd.UseLine())
	}
	return usageError{err}
}

// flagMeant adds to an error about a flag which one may have been meant.
func flagMeant(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	name := unknown.GetSpecifiedName()
	best, least := "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		d := distance(name, f.Name)
		if strings.HasPrefix(f.Name, name) && len(name) > 1 {
			d = 1
		}
		if d < least {
			best, least = f.Name, d
		}
	})
	if best != "" {
		return fmt.Errorf("there is no flag --%s; did you mean --%s?", bounded(name), best)
	}
	return fmt.Errorf("there is no flag --%s; \"%s --help\" lists them", bounded(name), cmd.CommandPath())
}

// distance is how many letters have to be changed, added or left out to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// explanation is what a command that is written by hand is explained by.
type explanation struct {
	long     string
	examples []string
	// calls are the methods that it calls, if the command does not say so itself.
	calls []string
}

func (e explanation) into(cmd *cobra.Command) {
	if cmd.Long == "" {
		cmd.Long = e.long
	}
	if cmd.Example == "" {
		cmd.Example = "  tenfold " + strings.Join(e.examples, "\n  tenfold ")
	}
	if len(e.calls) > 0 {
		calling(cmd, e.calls...)
	}
}
