package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
)

// Would catch a command of the page that does not do what it says on a server: an import that
// breaks off or is taken twice, a day that is not compared, and a break that nobody can look
// after from a shell.
func TestReconcileOnAServer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	c := &channelFiles{t, t.TempDir()}
	says := func(code int, want string, args ...string) string {
		t.Helper()
		return d.says(code, want, append([]string{"reconcile"}, args...)...)
	}
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	bill := c.write("flow.csv", func(w io.Writer) error {
		return formatstest.WeChatFundFlow(w, slices.Values([]formatstest.Entry{
			{Minor: -500, At: at, OutNumber: "X1", Reference: "b-1"}, {Minor: 700, At: at, OutNumber: "X2", Reference: "b-2", Word: "交易"},
		}))
	})
	of := []string{"--account", "1900000001", "--day", "2026-03-01", "--exclusive"}
	says(exitUsage, "--account (TENFOLD_ACCOUNT) and --day (TENFOLD_DAY) must be given", "import", bill)
	says(exitUsage, "--side (TENFOLD_SIDE) must be gateway, channel or marketplace", append([]string{"import", bill, "--side", "bank"}, of...)...)
	says(exitMismatch, "WRONG_DAY", "import", bill, "--account", "1900000001", "--day", "2026-02-01")
	says(exitOK, "would be taken; nothing was imported", append([]string{"import", bill, "--validate-only"}, of...)...)
	says(exitOK, "no file of the day is imported", "run", "2026-03-01")
	out := says(exitOK, "2 lines of 2026-03-01, wechat-fund-flow", append([]string{"import", bill}, of...)...)
	says(exitOK, "had taken this file before", append([]string{"import", bill}, of...)...)
	id := strings.TrimPrefix(strings.Fields(out)[0], "imports/")
	id = strings.TrimSuffix(id, ":")
	says(exitOK, "wechat-fund-flow", "show", id)
	says(exitOK, id, "imports", "--day", "2026-03-01")
	says(exitOK, "b-1", "lines", id, "--unmatched", "-o", "csv")
	says(exitOK, "1 break opened, 0 settled", "run", "2026-03-01")
	list := says(exitOK, "X1", "breaks", "--state", "open", "-o", "csv")
	at2 := strings.Index(list, "breaks/")
	name := list[at2:]
	name = name[:strings.IndexAny(name, ",\n")]
	says(exitOK, "fay", "assign", name, "fay", "--person", "finn")
	says(exitFailed, "PERSON_REQUIRED", "comment", name, "asked the bank")
	says(exitOK, "asked the bank", "comment", name, "asked the bank", "--person", "finn")
	says(exitOK, "EXPLAINED", "resolve", name, "a fee of the bank", "--reason", "explained", "--person", "finn")
	says(exitFailed, "BREAK_STATE_CONFLICT", "resolve", name, "again", "--reason", "explained", "--person", "finn")
	shown := says(exitOK, "a fee of the bank", "break", name)
	for _, want := range []string{"MISSING_IN_LEDGER", "5.00", "fay"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the break is shown without %s: %s", want, shown)
		}
	}
	if got := fmt.Sprint(says(exitOK, "", "breaks", "--overdue", "-o", "csv")); strings.Contains(got, "breaks/") {
		t.Errorf("overdue: %s", got)
	}
}
