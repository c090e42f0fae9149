package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Would catch wrong use that ends with the code of failed work, and errors that do not say what
// is missing or was meant.
func TestWrongUseIsToldAndHasItsCode(t *testing.T) {
	t.Parallel()
	const id = "1KJPW-D6M05-F2S5T-CT5FM"
	for _, c := range []struct{ line, want string }{
		{"serv", `did you mean serve`},
		{"claim gett " + id, `did you mean get`},
		{"webhook creat", `did you mean create`},
		{"claim nonsense", `"tenfold claim --help" lists them`},
		{strings.Repeat("x", 500), "…"},
		{"claim list --merchnt m1", "did you mean --merchant"},
		{"claim list --stat paid", "did you mean --state"},
		{"claim list --" + strings.Repeat("y", 500), "…"},
		{"claim get", "NAME|ID is missing"},
		{"claim decide", "CLAIM is missing"},
		{"webhook create m1", "URL is missing"},
		{"claim get a b", `"b" is one argument too many`},
		{"version now", "takes no argument"},
		{"claim list --state PAYD", "--state must be authenticating, in-review"},
		{"claim list --waits-for me", "--waits-for must be authenticator"},
		{"claim list --due-from yesterday", "--due-from must be a time such as"},
		{"claim find --due-until 2026-13-01", "--due-until must be a time such as"},
		{"claim list --queue foo", "--queue (TENFOLD_QUEUE) must be review"},
		{"claim list --limit 0", "--limit (TENFOLD_LIMIT) must be at least 1"},
		{"claim list --limit many", "--limit"},
		{"claim get 1KJPW-D6M05-F2S5T-CT5FX", "check character does not fit"},
		{"claim get 12345", "is not a claim id"},
		{"claim accept 1KJPW-D6M05-F2S5T-CT5FX --yes", "CLAIM names no claim"},
		{"proposal get 106", "PROPOSAL must be MERCHANT/ID"},
		{"proposal get m1/x --role nobody", "--role (TENFOLD_ROLE) must be one of"},
		{"book top-up m1 --payment-reference p --yes", "--amount is missing"},
		{"book top-up m1 --amount 12.34 --payment-reference p --yes", "such as 12.34CNY"},
		{"book top-up m1 --amount 1.00CNY --payment-reference p\u200b1 --yes", "--payment-reference"},
		{"book top-up m1 --amount 1.00CNY --payment-reference p", "say --yes"},
		{"book transfers m1 -o yaml", "--output (TENFOLD_OUTPUT) must be table, json, jsonl or csv"},
		{"claim get " + id + " --tz Mars", "--tz (TENFOLD_TZ) must be the name of a time zone"},
		{"request get m1 FileClaim r1", "METHOD"},
	} {
		code, out, errOut := try(t, strings.Fields(c.line)...)
		if code != exitUsage || out != "" || !strings.Contains(errOut, c.want) {
			t.Errorf("%.60s: exit %d, %q %q; want %q", c.line, code, out, errOut, c.want)
		}
		if len(errOut) > 600 {
			t.Errorf("%.60s: the error has %d bytes", c.line, len(errOut))
		}
	}
}

// Would catch an environment that moves money or decides a claim in place of a person.
func TestWhatIsSaidOnceComesFromNoVariable(t *testing.T) {
	t.Parallel()
	all := func(name string) (string, bool) { return strings.ToLower(name), name != "TENFOLD_LIMIT" }
	for _, cmd := range leaves(t) {
		if cmd.Annotations[callsOf] == "" {
			continue
		}
		flags := pflag.NewFlagSet("once", pflag.ContinueOnError)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if isSaidOnce(f) {
				flags.AddFlag(f)
			}
			if f.Name == "yes" || f.Name == "amount" || f.Name == "note" || f.Name == "decision" || f.Name == "request-id" {
				if !isSaidOnce(f) {
					t.Errorf("%s takes --%s from the environment", cmd.CommandPath(), f.Name)
				}
			}
		})
		if err := fromEnvironment(flags, all); err != nil {
			t.Errorf("%s: %v", cmd.CommandPath(), err)
		}
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Changed {
				t.Errorf("%s has --%s from the environment", cmd.CommandPath(), f.Name)
			}
		})
	}
}

// Would catch help without the variable of a flag, without groups, or with one block of forty.
func TestHelpGroupsFlagsAndNamesVariables(t *testing.T) {
	t.Parallel()
	_, out, _ := try(t, "claim", "list", "--help")
	for _, want := range []string{"[$TENFOLD_SERVER]", "\nConnection:\n", "\nOutput:\n", "\nFlags:\n", "Examples:\n  tenfold claim list"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if _, out, _ = try(t, "book", "top-up", "--help"); strings.Contains(out, "$TENFOLD_YES") || !strings.Contains(out, "\nSending:\n") {
		t.Errorf("a flag that is said once names a variable, or stands in no group:\n%s", out)
	}
	if _, out, _ = try(t, "serve", "--help"); !strings.Contains(out, "\nAccess:\n") || !strings.Contains(out, "\nPayout gateway:\n") {
		t.Errorf("the flags of serve are one block:\n%s", out)
	}
	for _, args := range [][]string{{"--version"}, {"version"}, {"version", "-o", "json"}} {
		if code, out, errOut := try(t, args...); code != exitOK || !strings.Contains(out, "ersion") && !strings.Contains(out, "tenfold ") {
			t.Errorf("%v: exit %d, %q %q", args, code, out, errOut)
		}
	}
	if _, out, _ := try(t, "--help"); !strings.Contains(out, "Exit codes: 0 done, 1 ") {
		t.Errorf("help does not tell the exit codes:\n%s", out)
	}
}

// Would catch a shell that completes file names where there are words.
func TestWordsComplete(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"claim list --queue ":              "stuck-payouts",
		"claim list --state ":              "in-review",
		"claim list --waits-for ":          "payout-gateway",
		"claim list --language ":           "zh",
		"claim list -o ":                   "csv",
		"claim decide X --decision ":       "retest",
		"claim watch --start ":             "beginning",
		"result record X --sample-source ": "trace-data",
		"authenticator list --kind ":       "court",
		"proposal list --state ":           "carried-out",
		"book debts --kind ":               "top-up",
		"webhook create --kinds ":          "claim-filed",
	} {
		args := strings.Split(line, " ")
		code, out, errOut := try(t, append([]string{cobra.ShellCompRequestCmd}, args...)...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%q: exit %d, %q %q; want %q", line, code, out, errOut, want)
		}
	}
}

// Would catch a suggestion that is far from what was typed, or none for one wrong letter.
func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"merchnt", "merchant", 1}, {"state", "stats", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q are %d apart, want %d", c.a, c.b, got, c.want)
		}
	}
}

// Would catch an error that names a variable to somebody who typed a flag, or a flag or a
// variable that does not exist.
func TestErrorsNameTheFlagFirst(t *testing.T) {
	t.Parallel()
	flags := map[string]bool{} // Whether a variable sets the flag.
	for _, cmd := range leaves(t) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags[f.Name] = flags[f.Name] || !isSaidOnce(f) })
	}
	named := regexp.MustCompile(`(?:--([a-z0-9-]+) \()?(TENFOLD_[A-Z0-9_]+)`)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			for _, m := range named.FindAllStringSubmatch(text.Value, -1) {
				if seen++; !flags[m[1]] || variableOf(m[1]) != m[2] {
					t.Errorf("%s: %s: a setting is named by its flag with its variable in brackets, such as %s", file, text.Value, settingOf("listen"))
				}
			}
			return true
		})
	}
	if seen < 50 {
		t.Errorf("%d settings are named in errors; the walk is blind", seen)
	}
}
