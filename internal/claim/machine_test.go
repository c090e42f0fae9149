package claim_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Would catch a list of edges that is not the table, and a trigger that nothing
// is said to pull.
func TestEdgesAreTheTable(t *testing.T) {
	t.Parallel()
	seen := make(map[claim.Edge]bool)
	for _, e := range claim.Edges() {
		if to, ok := claim.Next(e.From, e.Trigger); !ok || to != e.To || seen[e] {
			t.Errorf("%+v is not in the table, or stands twice", e)
		}
		seen[e] = true
	}
	pairs := 0
	for _, s := range append([]claim.State{claim.New}, claim.States()...) {
		pairs += len(claim.TriggersFrom(s))
	}
	if len(seen) != pairs {
		t.Errorf("%d edges, %d pairs", len(seen), pairs)
	}
}

// Would catch a trigger whose source is told wrongly.
func TestSourcesOfTriggers(t *testing.T) {
	t.Parallel()
	for trigger, want := range map[claim.Trigger]claim.Source{
		claim.Filed: claim.SourceFiling, claim.Accepted: claim.SourceAction, claim.ReviewUpheld: claim.SourceAction,
		claim.NoticeLapsed: claim.SourceDeadline, claim.ResultLapsed: claim.SourceDeadline,
		claim.PaidInFull: claim.SourceFact, claim.PayoutReturned: claim.SourceFact,
	} {
		if got := trigger.Source(); got != want {
			t.Errorf("%s is pulled by %s, want %s", trigger, got, want)
		}
	}
	for _, trigger := range claim.Triggers() {
		if (trigger.Source() == claim.SourceAction) != (len(trigger.Actions()) > 0) {
			t.Errorf("%s: %s with the actions %v", trigger, trigger.Source(), trigger.Actions())
		}
	}
}

// Would catch a diagram that leaves out a move or draws one that is refused.
func TestDiagramsDrawEveryEdge(t *testing.T) {
	t.Parallel()
	drawn := regexp.MustCompile(`(?m)^    (\S+) --> ([A-Z_]+): (.+)$`).FindAllStringSubmatch(claim.Mermaid(), -1)
	count := 0
	for _, d := range drawn {
		from := claim.State(d[1])
		if d[1] == "[*]" {
			from = claim.New
		}
		for _, trigger := range strings.Split(d[3], "<br>") {
			count++
			if to, ok := claim.Next(from, claim.Trigger(trigger)); !ok || string(to) != d[2] {
				t.Errorf("Mermaid draws %s", d[0])
			}
			if !strings.Contains(claim.DOT(), trigger) {
				t.Errorf("DOT lacks %s", trigger)
			}
		}
	}
	if count != len(claim.Edges()) {
		t.Errorf("Mermaid draws %d edges of %d", count, len(claim.Edges()))
	}
	if arrows := strings.Count(claim.DOT(), " -> "); arrows != len(drawn) {
		t.Errorf("DOT draws %d arrows, Mermaid %d", arrows, len(drawn))
	}
}

// Would catch a version that changes from call to call.
func TestMachineVersionIsStable(t *testing.T) {
	t.Parallel()
	v := claim.MachineVersion()
	if len(v) != 16 || v != claim.MachineVersion() {
		t.Errorf("version %q, then %q", v, claim.MachineVersion())
	}
}
