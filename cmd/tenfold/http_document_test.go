package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// example is what a document shows: commands, and what they answer.
type example struct{ commands, answer string }

// examples are those of a document, in order.
func examples(t *testing.T, document string) []example {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var list []example
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```\n\n```json\n(.*?)```").FindAllStringSubmatch(string(content), -1) {
		list = append(list, example{m[1], m[2]})
	}
	if shells := strings.Count(string(content), "```sh\n"); len(list) == 0 || len(list) != shells {
		t.Fatalf("%s shows %d commands and %d answers", document, shells, len(list))
	}
	return list
}

// shows says whether an answer has everything that a document shows of it. An
// ellipsis stands for any text.
func shows(shown, got any) bool {
	switch shown := shown.(type) {
	case map[string]any:
		fields, ok := got.(map[string]any)
		for name, value := range shown {
			ok = ok && shows(value, fields[name])
		}
		return ok
	case []any:
		items, ok := got.([]any)
		ok = ok && len(items) >= len(shown)
		for i, value := range shown {
			ok = ok && shows(value, items[i])
		}
		return ok
	case string:
		text, ok := got.(string)
		return ok && text != "" && (shown == "…" || shown == text)
	}
	return shown == got
}

// Would catch examples that nobody can follow: a path, a field or an answer that is
// another than the document shows.
func TestHTTPDocument(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	served(t, "--sandbox", "--insecure-loopback", "--sandbox-start", "2026-03-02T09:00:00Z", "--listen", "127.0.0.1:0",
		"--http-listen", address, "--ops-listen", noOps, "--database-url", pgtest.New(t).AppURL, "--log-level", "error")
	list := examples(t, "../../docs/http.md")
	const end = "\n== end of example ==\n"
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, e := range list {
		script.WriteString(strings.ReplaceAll(e.commands, "127.0.0.1:7412", address) + "printf '" + strings.ReplaceAll(end, "\n", `\n`) + "'\n")
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	shell.Dir = t.TempDir()
	var errOut strings.Builder
	shell.Stderr = &errOut
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, errOut.String(), out)
	}
	answers := strings.Split(string(out), end)
	for i, e := range list {
		var shown, got any
		if err := json.Unmarshal([]byte(e.answer), &shown); err != nil {
			t.Errorf("the document shows no JSON: %v\n%s", err, e.answer)
		}
		if err := json.Unmarshal([]byte(answers[i]), &got); err != nil || !shows(shown, got) {
			t.Errorf("%s\nanswers %s\nthe document shows %s", e.commands, answers[i], e.answer)
		}
	}
}

// Would catch a server that opens a port for HTTP with settings that mean nothing,
// or believes callers of other machines over it.
func TestServeChecksItsHTTPSettings(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--http-origins (TENFOLD_HTTP_ORIGINS) needs":            {"--http-origins", "https://tool.example"},
		"--http-origins (TENFOLD_HTTP_ORIGINS): \"*\"":           {"--http-listen", "127.0.0.1:0", "--http-origins", "*"},
		"--http-listen (TENFOLD_HTTP_LISTEN) must be a loopback": {"--http-listen", "0.0.0.0:7412"},
		"--http-listen (TENFOLD_HTTP_LISTEN) must be HOST:PORT":  {"--http-listen", "7412"},
	} {
		if code, _, errOut := try(t, append([]string{"serve", "--sandbox", "--insecure-loopback"}, args...)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q; want %q", args, code, errOut, want)
		}
	}
}
