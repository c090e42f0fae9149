package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

// Would catch a README by which nobody can file a claim, watch it, see it in JetStream, and
// bring it to its payout.
func TestREADMEFollowsAClaim(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(content), -1) {
		commands.WriteString(block[1])
	}
	if commands.Len() == 0 {
		t.Fatal("the README shows no commands")
	}
	address, web, broker := freeAddress(t), freeAddress(t), freeAddress(t)
	served(t, "--sandbox", "--insecure-loopback", "--sandbox-start", "2026-03-02T09:00:00Z", "--listen", address, "--http-listen", web,
		"--ops-listen", noOps, "--database-url", pgtest.New(t).AppURL, "--log-level", "error",
		"--nats-embedded", "--nats-listen", broker, "--nats-dir", filepath.Join(t.TempDir(), "nats"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := strings.NewReplacer("127.0.0.1:7412", web, ".bin/tenfold", self).Replace(commands.String())
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	shell.Env = append(os.Environ(), asProgram+"=1", "TENFOLD_SERVER="+address, "TENFOLD_NATS_URL=nats://"+broker)
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{`"state":"CLAIM_STATE_AUTHENTICATING"`, "is AUTHENTICATING, PENDING", "shop-1/1", "book_opened", "shop-1/2", "claim_filed",
		"payouts instructed", "PAYING", "PAID since", "compensation paid"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("nothing says %q:\n%s", want, out)
		}
	}
}
