package main

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// Would catch a program that does not serve, does not end, or serves although its
// certificate is missing.
func TestRunServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-journal", filepath.Join(t.TempDir(), "journal")}, w)
		_ = w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "serving on 127.0.0.1:") {
		t.Fatalf("%q, %v", line, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	for want, args := range map[string][]string{
		"-tls-cert":                {"-tls-cert", "none", "-tls-key", "none"},
		"-tls-cert and":            {"-tls-client-ca", "none"},
		"open the journal":         {"-journal", t.TempDir()},
		"flag provided but not de": {"-what", "ever"},
	} {
		if err := run(t.Context(), append([]string{"-listen", "127.0.0.1:0"}, args...), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
