package book_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var update = flag.Bool("update", false, "rewrite what the scenarios in testdata tell")

// currency is that of every scenario.
const currency = "CNY"

// A scenario is a story of books as a text. A line that begins at the margin is a
// command with named arguments; the indented lines below it tell what came of it, and
// -update writes them anew:
//
//	accept claim=c1
//	    c1  NOTIFIED → PAYING  ACCEPTED
//	    DEPOSIT_HELD        → CLAIM_PAYABLE             2,200.00  DEPOSIT_CAPTURED  c1
//
// A move names the claim, its states and the trigger. A transfer names the account that
// is debited, the account that is credited, the amount in yuan, its kind, and the claim
// or payout that it is for. An award is told when it is fixed, a deadline when it is
// set, a refusal with its reason. Lines that begin with # are for the reader.
//
// The commands stand in scenario_commands_test.go. Books belong to the merchant m1, and
// amounts are in CNY. The story begins on Monday, 2 March 2026, at 17:00 in Beijing.
type scenario struct {
	*booktest.Shelf
	count int

	// names are what the story calls claims, payouts and results, by id; ids the other
	// way round.
	names, ids map[string]string
	lines      map[string]*order.Line
	proposals  map[string]int64
	reports    int

	// shown is what the story has told so far, by word of the ledger and the state
	// machine.
	shown map[string]bool
}

func newScenario(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{
		Shelf: booktest.New(start), names: make(map[string]string), ids: make(map[string]string),
		lines: make(map[string]*order.Line), proposals: make(map[string]int64), shown: make(map[string]bool),
	}
	for id, kind := range map[string]claim.AuthenticatorKind{
		"lab-1": claim.AccreditedLab, "lab-2": claim.AccreditedLab, "lab-3": claim.AccreditedLab, "court-1": claim.Court,
	} {
		if err := s.Register(claim.Authenticator{ID: id, Kind: kind}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

const indent = "    "

// play runs a story and tells it with what came of its commands. An error names the
// line.
func (s *scenario) play(text string) (string, error) {
	var told strings.Builder
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if strings.HasPrefix(line, indent) {
			continue // It is told anew.
		}
		told.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		out, err := s.command(line)
		if err != nil {
			return "", fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
		for _, one := range out {
			told.WriteString(indent + one + "\n")
		}
	}
	return told.String(), nil
}

// command runs one command and tells what came of it.
func (s *scenario) command(line string) (out []string, err error) {
	word, args, err := readArgs(line)
	if err != nil {
		return nil, err
	}
	do, known := commands[word]
	if !known {
		return nil, fmt.Errorf("%q is no command", word)
	}
	defer func() {
		if r := recover(); r != nil {
			bad, ok := r.(badArgument)
			if !ok {
				panic(r)
			}
			err = bad.error
		}
	}()
	s.shown[word] = true
	merchant := args.text("merchant", "m1")
	before := s.mark(merchant)
	told, failed := do(s, merchant, args)
	if rest := args.unused(); len(rest) > 0 {
		return nil, fmt.Errorf("%s knows no argument %v", word, rest)
	}
	out = append(out, told...)
	out = append(out, s.since(merchant, before)...)
	if broken := s.Broken(); len(broken) > 0 {
		return nil, fmt.Errorf("the books are broken: %q", broken)
	}
	if failed != nil {
		refusal, ok := fault.As(failed)
		if !ok {
			return nil, failed
		}
		s.shown[string(refusal.Reason)] = true
		out = append(out, s.named(fmt.Sprintf("refused %s: %s", refusal.Reason, refusal.Detail)))
	}
	if len(out) == 0 {
		out = append(out, "nothing happens")
	}
	return out, nil
}

// mark is a place in the history of a book.
type mark struct {
	events int
	waits  map[string]book.Wait
}

func (s *scenario) mark(merchant string) mark {
	r := s.Rows(merchant)
	return mark{len(r.Events), maps.Clone(r.Waits)}
}

// since tells what happened since a mark, event by event, and which deadlines were set.
func (s *scenario) since(merchant string, m mark) []string {
	r := s.Rows(merchant)
	revisions := make(map[int64][]claim.Revision)
	for _, v := range r.Revisions {
		revisions[v.EventNumber] = append(revisions[v.EventNumber], v)
	}
	s.namePayouts(r)
	var out []string
	for i := m.events; i < len(r.Events); i++ {
		e := &r.Events[i]
		var lines []string
		for _, v := range revisions[e.Number] {
			lines = append(lines, s.award(&v))
		}
		if e.Move != nil {
			s.shown[e.Move.Trigger] = true
			from := cmp.Or(e.Move.From, "-")
			lines = append(lines, fmt.Sprintf("%s  %s → %s  %s", s.named(e.ClaimID), from, e.Move.To, e.Move.Trigger))
		}
		for k := range e.Transfers {
			lines = append(lines, s.transfer(&e.Transfers[k]))
		}
		s.shown[string(e.Kind)] = true
		if facts := factsOf(e); len(lines) == 0 || facts != "" || e.Kind == event.HoldExpired {
			lines = slices.Insert(lines, 0, strings.Join(slices.DeleteFunc([]string{s.named(e.ClaimID), string(e.Kind), facts},
				func(part string) bool { return part == "" }), "  "))
		}
		out = append(out, lines...)
	}
	for _, id := range slices.SortedFunc(maps.Keys(r.Waits), func(a, b string) int { return cmp.Compare(s.names[a], s.names[b]) }) {
		w, was := r.Waits[id], m.waits[id]
		if w.Fires != was.Fires || !w.Deadline.Equal(was.Deadline) {
			out = append(out, s.named(id)+"  "+deadlineOf(&w))
		}
	}
	return out
}

func deadlineOf(w *book.Wait) string {
	if w.Fires == claim.DeadlineNone || w.Deadline.IsZero() {
		return "has no deadline"
	}
	return fmt.Sprintf("until %s  %s", inBeijing(w.Deadline), w.Fires)
}

func inBeijing(t time.Time) string { return t.In(policy.Beijing).Format("2006-01-02 15:04") }

func (s *scenario) award(v *claim.Revision) string {
	line := fmt.Sprintf("%s  is awarded %s and %s", s.named(v.ClaimID), yuan(v.Award.Refund), yuan(v.Award.Compensation))
	if v.Award == (claim.Award{}) {
		line = s.named(v.ClaimID) + "  is awarded nothing"
	}
	return line + "  " + string(v.Verdict) + " by " + v.Cause
}

func (s *scenario) transfer(t *ledger.Transfer) string {
	s.shown[string(t.Kind)] = true
	line := fmt.Sprintf("%-19s → %-19s %12s  %s", t.Debit, t.Credit, yuan(t.Amount), t.Kind)
	switch {
	case t.PayoutID != "":
		line += "  " + s.named(t.PayoutID)
	case t.ClaimID != "":
		line += "  " + s.named(t.ClaimID)
	}
	return line
}

func yuan(a money.Amount) string { return money.Format(a, currency) }

// telling are the details of events that a reader of a story wants to know.
var telling = []string{"approval", "contradicts", "deadline", "debt", "final", "kind", "redirected", "void"}

// factsOf are those details of an event.
func factsOf(e *event.Event) string {
	var facts []string
	for _, d := range e.Details {
		if slices.Contains(telling, d.Key) && e.Kind != event.ProposalApproved && e.Kind != event.EvidenceAdded {
			facts = append(facts, d.Key+" "+d.Value)
		}
		if name, is := strings.CutSuffix(d.Key, "_minor"); is {
			var minor int64
			if _, err := fmt.Sscan(d.Value, &minor); err == nil {
				facts = append(facts, name+" "+yuan(money.Amount(minor)))
			}
		}
	}
	return strings.Join(facts, ", ")
}

// named puts names in place of the ids in a text.
func (s *scenario) named(text string) string {
	for id, name := range s.names {
		text = strings.ReplaceAll(text, id, name)
	}
	for name, number := range s.proposals {
		text = strings.ReplaceAll(text, fmt.Sprintf("proposal %d ", number), "proposal "+name+" ")
	}
	return text
}

// name gives something a name in the story.
func (s *scenario) name(id, name string) {
	s.names[id], s.ids[name] = name, id
}

// namePayouts names new payouts after their claim and part: c1-refund,
// c1-compensation, and c1-compensation-2 for the second.
func (s *scenario) namePayouts(r *booktest.Rows) {
	count := make(map[string]int)
	for _, p := range r.SortedPayouts() {
		name := s.names[p.ClaimID] + "-" + strings.ToLower(string(p.Part))
		if count[name]++; count[name] > 1 {
			name = fmt.Sprintf("%s-%d", name, count[name])
		}
		if s.names[p.ID] == "" {
			s.name(p.ID, name)
			s.Send(p)
		}
	}
}

// id gives what the story calls by a name.
func (s *scenario) id(name string) string {
	id, known := s.ids[name]
	if !known {
		panic(badArgument{fmt.Errorf("nothing is called %q", name)})
	}
	return id
}

// payoutsOf gives a claim's payouts in a state, by their names.
func (s *scenario) payoutsOf(merchant, claimID string, state payout.State) []string {
	var names []string
	for _, p := range s.Rows(merchant).SortedPayouts() {
		if p.ClaimID == claimID && p.State == state {
			names = append(names, s.names[p.ID])
		}
	}
	return names
}

// stories reads testdata, in order of name.
func stories(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	list := make(map[string]string)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list[file] = string(text)
	}
	return list
}

// Would catch a book that moves a claim or money otherwise than an accountant has read
// and found right: a transfer too much or too few, another amount, a claim that goes on
// or is refused where it should not.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for file, text := range stories(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			told, err := s.play(text)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, wrong := range s.Prove() {
				t.Errorf("proof: %s", wrong)
			}
			if *update {
				if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := gocmp.Diff(strings.Split(text, "\n"), strings.Split(told, "\n")); diff != "" {
				t.Errorf("%s tells otherwise than what comes of it; read the difference, and if it is right, run: "+
					"go test ./internal/book -run TestScenarios -update\n%s", file, diff)
			}
		})
	}
}

// Would catch a command that decides otherwise when the book was forgotten, when rows
// were shed, or when the rows of the batch before are not written yet.
func TestScenariosWhateverIsInMemory(t *testing.T) {
	t.Parallel()
	const seeds = 8
	for file, text := range stories(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			want, err := s.play(text)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for seed := range uint64(seeds) {
				forgetful := newScenario(t)
				forgetful.Forgetful(rand.New(rand.NewPCG(seed, 0)))
				got, err := forgetful.play(text)
				if err != nil {
					t.Fatalf("%s, seed %d: %v", file, seed, err)
				}
				if diff := gocmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("%s on a shelf that forgets by seed %d:\n%s", file, seed, diff)
				}
			}
		})
	}
}

// Would catch a kind of transfer, a trigger or a command that nobody has shown to an
// accountant.
func TestScenariosShowEverything(t *testing.T) {
	t.Parallel()
	shown := make(map[string]bool)
	for file, text := range stories(t) {
		s := newScenario(t)
		if _, err := s.play(text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		maps.Copy(shown, s.shown)
	}
	for _, k := range ledger.Kinds() {
		if !shown[string(k)] {
			t.Errorf("no scenario makes a transfer of kind %s", k)
		}
	}
	for _, trigger := range claim.Triggers() {
		if !shown[string(trigger)] {
			t.Errorf("no scenario pulls the trigger %s", trigger)
		}
	}
	for word := range commands {
		if !shown[word] {
			t.Errorf("no scenario has the command %s", word)
		}
	}
}
