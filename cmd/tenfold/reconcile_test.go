package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
)

const reconciliationDocument = "../../docs/reconciliation.md"

// channelFiles writes files of channels into a directory.
type channelFiles struct {
	t   *testing.T
	dir string
}

func (c *channelFiles) write(name string, write func(io.Writer) error) string {
	c.t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func (c *channelFiles) text(name, text string) string {
	return c.write(name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

// Would catch a file whose problem is not told with its place, a bad file that ends with the
// code of a good one, and commands or a mapping of the page that nobody can follow.
func TestReconcileCheckAndCompare(t *testing.T) {
	t.Parallel()
	c := &channelFiles{t, t.TempDir()}
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	refund := func(status string) []formatstest.Entry {
		return []formatstest.Entry{
			{Minor: 10000, At: at, OutNumber: "T1", Reference: "42", Name: "糖,盐"},
			{Minor: -500, At: at, OutNumber: "R1", Reference: "50", Original: "42", OriginalOut: "T1", Refund: true, Status: status},
		}
	}
	bill := func(name, status string) string {
		return c.write(name, func(w io.Writer) error {
			return formatstest.WeChatTrade(w, "1900000001", slices.Values(refund(status)))
		})
	}
	morning, evening := bill("morning.csv", "PROCESSING"), bill("evening.csv", "SUCCESS")
	says := func(code int, want string, args ...string) {
		t.Helper()
		got, out, errOut := try(t, append([]string{"reconcile"}, args...)...)
		if got != code || !strings.Contains(out+errOut, want) {
			t.Fatalf("%v: exit %d, %q %q; want %d and %q", args, got, out, errOut, code, want)
		}
	}
	says(exitOK, "proved by the summary of the bill", "check", morning, "--account", "1900000001", "--day", "2026-03-01")
	says(exitOK, "in 100.00, out 5.00 CNY", "check", evening)
	says(exitMismatch, "WRONG_DAY", "check", morning, "--day", "2026-03-02")
	says(exitMismatch, "WRONG_ACCOUNT at 2", "check", morning, "--account", "7")
	says(exitMismatch, "TRUNCATED at 2", "check", c.text("cut.csv", strings.Split(read(t, morning), "`SUCCESS,`OTHERS")[0]+"`SUCCESS"))
	says(exitUsage, "--format (TENFOLD_FORMAT) must be", "check", morning, "--format", "excel")
	says(exitUsage, "--day (TENFOLD_DAY) must be a day", "check", morning, "--day", "1.3.2026")
	says(exitUsage, "belong together", "check", morning, "--lines", "2")
	says(exitUsage, "no such file", "check", morning+"x")
	says(exitUsage, "is no file of bytes", "check", c.dir)
	says(exitMismatch, "status PROCESSING → DONE", "compare", morning, evening)
	says(exitOK, "the same lines", "compare", morning, morning)

	// What the page shows.
	table := []formatstest.Entry{{Minor: -1000, At: at, OutNumber: "P1", Reference: "a"}, {Minor: -234, At: at, OutNumber: "P2", Reference: "b"}}
	payments := c.write("payments.csv", func(w io.Writer) error { return formatstest.Table(w, slices.Values(table)) })
	mapping := c.text("mapping.json", blocks(t, reconciliationDocument, "json")[0])
	shown := 0
	for _, line := range strings.Split(strings.Join(blocks(t, reconciliationDocument, "sh"), ""), "\n") {
		words := strings.Fields(strings.NewReplacer("bill-morning.csv", morning, "bill-evening.csv", morning, "bill.csv", morning,
			"payments.csv", payments, "mapping.json", mapping).Replace(line))
		if len(words) > 2 && (words[2] == "check" || words[2] == "compare") {
			shown++
			says(exitOK, "", words[2:]...)
		}
	}
	if shown != 3 {
		t.Errorf("the page shows %d commands without a server", shown)
	}
	says(exitUsage, "is no mapping", "check", payments, "--mapping", c.text("bad.json", `{"colour": "red"}`))
	says(exitUsage, "must hold one mapping", "check", payments, "--mapping", c.text("two.json", `{}{}`))
	says(exitMismatch, "MAPPING_INVALID", "check", payments, "--mapping", c.text("empty.json", `{}`))

	code, out, _ := try(t, "reconcile", "check", payments, "--mapping", mapping, "-o", "json")
	var told fileReport
	if err := json.Unmarshal([]byte(out), &told); err != nil || code != exitMismatch || told.Whole || told.Lines != 2 || told.OutMinor != 1234 ||
		len(told.Problems) != 1 || told.Problems[0].Code != string(formats.SummaryMissing) {
		t.Errorf("in JSON: exit %d, %v, %s", code, err, out)
	}
	page := read(t, reconciliationDocument)
	for _, word := range slices.Concat(textsOf(formats.Codes()), textsOf(formats.Formats())) {
		if !strings.Contains(page, "`"+word+"`") {
			t.Errorf("%s does not tell of %s", reconciliationDocument, word)
		}
	}
}

func textsOf[T ~string](all []T) []string {
	var words []string
	for _, one := range all {
		words = append(words, string(one))
	}
	return words
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
