package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes of every command.
const (
	exitOK = iota
	// exitFailed: the command could not do its work.
	exitFailed
	// exitUsage: a flag, an argument or a setting is wrong or missing.
	exitUsage
	// exitMismatch: a check found a difference.
	exitMismatch
)

// errMismatch marks a command that did its work and found a difference.
var errMismatch = errors.New("the figures do not match")

// errBehind marks a schema that lacks migrations.
var errBehind = errors.New("the schema is behind this binary")

// usageError marks a wrong or missing setting.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// run is the whole program: it parses args, runs the command and returns the exit
// code.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	completing(root, args)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errMismatch), errors.Is(err, errBehind), errors.Is(err, errNotWhole):
		fmt.Fprintln(errOut, "tenfold:", err)
		return exitMismatch
	case errors.As(err, &usage):
		fmt.Fprintln(errOut, "tenfold:", err)
		return exitUsage
	}
	fmt.Fprintln(errOut, "tenfold:", err)
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:     "tenfold",
		Short:   "The fake-one-pays-ten compensation engine",
		Version: version + " (" + revision() + ")",
		Long: "Tenfold pays the buyer of a counterfeit ten times its price, from the merchant's deposit. These commands serve it and\n" +
			"call it. docs/cli.md explains every command.\n\n" +
			"Exit codes: 0 done, 1 the work failed or was refused, 2 wrong use (a command, flag, argument or setting), 3 a check\n" +
			"found a difference. Flags that name a variable can be set by it; the command line comes first.",
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return fromConfigFile(cmd.Flags())
		},
	}
	root.AddCommand(newServe(), newMigrate(), newDemo(), newBench(), newSoak(), newChaos(), newAudit(), newClaim(), newBook(), newEvent(), newRelay(), newGateway(), newWebhook(), newPolicy(), newRules(), newCalendar(), newPerson(), newAccessLog(), newReconcile(), newReport(), newConsole(), newVersion())
	root.AddCommand(newPayout(), newProposal(), newAuthenticator(), newCommission(), newCustody(), newJob(), newResult(), newRequest(), newOrderLine(), newRefund(), newRefusal(), newNotice(), newEvidence(), newSandbox())
	root.AddCommand(newPropose(), newWhoami())
	root.AddCommand(newDecisions()...)
	wellUsed(root)
	return root
}

// fromEnvironment sets every flag that was not given from its environment variable:
// --database-url from TENFOLD_DATABASE_URL.
func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := variableOf(f.Name)
		value, ok := lookup(name)
		if !ok || f.Changed || failed != nil || isSaidOnce(f) {
			return
		}
		if err := setFrom(flags, f, value, name); err != nil {
			failed = usageError{fmt.Errorf("%s: %w", name, err)}
		}
	})
	return failed
}

// variableOf is the environment variable of a flag.
func variableOf(flag string) string {
	return "TENFOLD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// settingOf names a flag in an error, with its variable in brackets.
func settingOf(flag string) string { return "--" + flag + " (" + variableOf(flag) + ")" }

// logger makes a logger with the default settings.
func logger(w io.Writer) *slog.Logger { return structured(w, opsConfig{}) }

// structured makes a logger with the configured level and format.
func structured(w io.Writer, c opsConfig) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.logLevel)) != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if c.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
