package bench

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch lists that are measured on claims that are not there: every anchor
// and queue must find some, but for those that are meant to find nothing.
func TestRunLists(t *testing.T) {
	t.Parallel()
	// The database's account must be able to enter, which t.TempDir forbids.
	dir, err := os.MkdirTemp("", "tenfold-lists-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	report, err := RunLists(t.Context(), ListsConfig{Claims: []int{6_000}, Pages: 20, Seed: 7, Dir: dir, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Sizes) != 1 || report.Seed != 7 || report.Sizes[0].Bytes == 0 {
		t.Fatalf("%+v", report)
	}
	figures := report.Sizes[0].Lists
	if len(figures) != len(lists(6_000)) {
		t.Errorf("%d lists are measured of %d", len(figures), len(lists(6_000)))
	}
	for _, f := range figures {
		// Those of one merchant among thousands may find nothing on a page.
		few := strings.Contains(f.Name, "nothing fits") || strings.Contains(f.Name, "of a merchant") || f.Name == "product" || f.Name == "merchant"
		if f.Plan == "" || f.P99Millis == 0 || (f.Rows == 0 && !few) {
			t.Errorf("%+v", f)
		}
	}
}

// Would catch a queue that was added and is not measured.
func TestListsNameEveryQueue(t *testing.T) {
	t.Parallel()
	seen := make(map[postgres.Queue]bool)
	anchors := make(map[string]bool)
	for _, l := range lists(1000) {
		q, _ := l.query(rand.New(rand.NewPCG(1, 0)))
		seen[q.Queue] = true
		for name, value := range map[string]string{
			"merchant": q.MerchantID, "order": q.OrderID, "claimant": q.ClaimantID, "product": q.ProductID, "authenticator": q.AuthenticatorID,
		} {
			anchors[name] = anchors[name] || value != ""
		}
	}
	for _, q := range []postgres.Queue{postgres.QueueReview, postgres.QueueApproval, postgres.QueueOverdue, postgres.QueueStuckPayouts} {
		if !seen[q] {
			t.Errorf("queue %s is not measured", q)
		}
	}
	for name, measured := range anchors {
		if !measured {
			t.Errorf("%s is not measured", name)
		}
	}
}

// Would catch a list that is too slow and yet reported as met, or nonsense that
// is found out about only after minutes.
func TestListsReport(t *testing.T) {
	t.Parallel()
	r := &ListsReport{Sizes: []ListsSize{{Lists: []ListFigure{{Met: true}}}}}
	if r.Missed() {
		t.Error("nothing was missed")
	}
	r.Sizes = append(r.Sizes, ListsSize{Lists: []ListFigure{{Met: true}, {}}})
	if !r.Missed() {
		t.Error("a list was missed")
	}
	for name, c := range map[string]ListsConfig{
		"no claims": {Pages: 1}, "few claims": {Claims: []int{1}, Pages: 1}, "no pages": {Claims: []int{10_000}},
		"too many claims": {Claims: []int{10_000, 1_000_000_000}, Pages: 1},
	} {
		if c.Check() == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

// Would catch a walk of a whole table that goes unseen where it matters.
func TestWalksAreFound(t *testing.T) {
	t.Parallel()
	step := postgres.PlanStep{Type: "Limit", Steps: []postgres.PlanStep{
		{Type: "Seq Scan", Relation: "claims"}, {Type: "Index Scan", Relation: "waits", Index: "waits_key"},
	}}
	by, walked := ways([]postgres.PlanStep{step, step})
	if got := fmt.Sprint(by, walked); got != "[all of claims waits_key] [claims]" {
		t.Errorf("%s", got)
	}
}
