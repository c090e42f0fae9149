package main

import (
	"strings"
	"testing"
)

// example is what a document shows: commands, and what they answer.
type example struct{ commands, answer string }

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
