package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Would catch a statement that servers wrote whose bytes, in any form, are others than those of the
// one that the command reads itself, a command that cannot be taken up, and a job that the commands
// for jobs do not know.
func TestBookStatementByJob(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.says(exitOK, "300.00", "book", "top-up", "m1", "--amount", "300.00CNY", "--payment-reference", "=1+1", "--yes")
	d.says(exitOK, "80.00", "book", "hand-over", "m1", "--amount", "80CNY", "--settlement-reference", "s-1", "--yes")
	d.says(exitOK, "", "sandbox", "advance", "24h")
	folder := t.TempDir()
	time := []string{"--from", "2026-03-02", "--until", "2026-03-03"}
	read := func(name string, args ...string) string {
		t.Helper()
		path := filepath.Join(folder, name)
		d.says(exitOK, "2 lines", append([]string{"book", "statement", "m1", "--file", path}, args...)...)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	direct := map[string]string{}
	for _, form := range []string{"csv", "jsonl"} {
		direct[form] = read("direct."+form, append([]string{"-o", form}, time...)...)
	}
	code, _, said := try(t, append([]string{"book", "statement", "m1", "--job", "-o", "csv", "--file", filepath.Join(folder, "job.csv"), "--server", d.address}, time...)...)
	found := regexp.MustCompile(`--resume (\S+) takes it up`).FindStringSubmatch(said)
	if code != exitOK || found == nil || !strings.Contains(said, "2 lines, 380.00 CNY in all, SHA-256 of the raw CSV") || !strings.Contains(said, "provisional") {
		t.Fatalf("%d: %s", code, said)
	}
	id := found[1]
	raw, err := os.ReadFile(filepath.Join(folder, "job.csv"))
	if err != nil || string(raw) != direct["csv"] {
		t.Errorf("the job wrote %s (%v), and the command %s", raw, err, direct["csv"])
	}
	for form, want := range direct {
		if got := read("resumed."+form, "--resume", id, "-o", form); got != want {
			t.Errorf("%s by a job has %d bytes, and without one %d, or others", form, len(got), len(want))
		}
	}
	digest := sha256.Sum256(raw)
	if columns := read("columns.parquet", "--resume", id, "-o", "parquet"); !strings.Contains(columns, hex.EncodeToString(digest[:])) {
		t.Error("the columns do not tell the digest of the CSV")
	}
	if paper := read("paper.pdf", "--resume", id, "-o", "pdf"); !strings.HasPrefix(paper, "%PDF-") {
		t.Errorf("on paper: %.40q", paper)
	}
	d.says(exitOK, "STATEMENT", "job", "list", "--kind", "statement")
	d.says(exitOK, "2 of 2", "job", "get", id)
	d.says(exitOK, "DONE", "job", "watch", id)
	d.says(exitOK, "380.00 CNY", "book", "statement-file", "m1/"+id)
	d.says(exitOK, id, "book", "statement-files", "m1")
	d.says(exitOK, "CANCELLED", "job", "cancel", id, "--person", "oscar", "--yes")
	d.says(exitOK, "QUEUED", "job", "resume", id, "--person", "oscar")
	d.says(exitOK, "CANCELLED", "book", "cancel-statement", "m1/"+id, "--yes")
	if got := read("again.csv", "--resume", "jobs/"+id, "-o", "csv"); got != direct["csv"] {
		t.Errorf("written anew: %s", got)
	}
	d.says(exitFailed, "JOB_STATE_CONFLICT", "book", "resume-statement", "m1/"+id)
	for _, wrong := range [][]string{
		append([]string{"--job (TENFOLD_JOB) and --resume", "book", "statement", "m1", "--job"}, time...),
		append([]string{"leave out --job", "book", "statement", "m1", "--resume", id, "-o", "csv"}, time...),
		{"--resume must be the id of a job", "book", "statement", "m1", "--resume", "no id", "-o", "csv"},
		{"--until (TENFOLD_UNTIL) is missing", "book", "statement", "m1", "--job", "-o", "csv", "--from", "2026-03-02"},
		{"must be MERCHANT/JOB", "book", "statement-file", id},
	} {
		d.says(exitUsage, wrong[0], wrong[1:]...)
	}
	d.says(exitFailed, "JOB_NOT_FOUND", "book", "statement", "m1", "--resume", "none", "-o", "csv")
}
