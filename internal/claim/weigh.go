package claim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Reason says by which rule a unit has its verdict, or waits for a person.
type Reason string

// The reasons.
const (
	// NoResult has no result on the unit.
	NoResult Reason = "NO_RESULT"
	// DecidesAlone has results of a rank that decides alone (rule V1).
	DecidesAlone Reason = "DECIDES_ALONE"
	// FinalReinspection has a re-inspection, which is final inside the platform (rule V3).
	FinalReinspection Reason = "FINAL_REINSPECTION"
	// TooWeak has results that do not decide without a person (rules V1 and V2).
	TooWeak Reason = "TOO_WEAK"
	// QuorumMissing has too few bodies that find the same.
	QuorumMissing Reason = "QUORUM_MISSING"
	// Conflicting has results of one rank that disagree (rule V3).
	Conflicting Reason = "CONFLICTING"
	// NotTold has results by which it cannot be told (rule V4).
	NotTold Reason = "NOT_TOLD"
	// ByPerson has the verdict of a person who weighed the results.
	ByPerson Reason = "BY_PERSON"
)

// Weighing is what was weighed for a decision: the results with their ranks, and for each unit
// the verdict with the rule that gave it.
type Weighing struct {
	// Rules is the version of the decision rules.
	Rules   int32
	Results []Ranked
	Units   []UnitRuling
}

// Ranked is a result with its place on the ladder.
type Ranked struct {
	ResultID string
	Place
}

// UnitRuling is the verdict on a unit, with the rank of the results that gave it; zero for none.
type UnitRuling struct {
	Unit
	Rank   int
	Reason Reason
}

// Verdicts are the verdicts on the units.
func (w *Weighing) Verdicts() []Unit {
	units := make([]Unit, len(w.Units))
	for i := range w.Units {
		units[i] = w.Units[i].Unit
	}
	return units
}

// Trigger is what the weighing pulls. It is none while a unit has no result at all.
func (w *Weighing) Trigger() (t Trigger, decided bool) {
	var counterfeit, refund, undecided bool
	for i := range w.Units {
		switch u := &w.Units[i]; {
		case u.Reason == NoResult:
			return "", false
		case !u.decided():
			undecided = true
		case u.Owed():
			counterfeit = true
		case u.Consequence == policy.RefundPath:
			refund = true
		}
	}
	switch {
	case undecided:
		return ResultUndecided, true
	case counterfeit:
		return ResultCounterfeit, true
	case refund:
		return ResultRefundPath, true
	}
	return ResultGenuine, true
}

// decided says whether results alone decide the unit. What could not be told decides where
// the policy gives it a consequence that no person has to decide.
func (u *UnitRuling) decided() bool {
	switch u.Reason {
	case DecidesAlone, FinalReinspection:
		return u.Consequence != policy.Review
	case NotTold:
		return u.Consequence == policy.RefundPath
	case NoResult, TooWeak, QuorumMissing, Conflicting, ByPerson:
	}
	return false
}

// FindsSame says whether two weighings give every unit the same verdict and pull the same trigger.
func (w *Weighing) FindsSame(other *Weighing) bool {
	t, decided := w.Trigger()
	otherTrigger, otherDecided := other.Trigger()
	return t == otherTrigger && decided == otherDecided && slices.Equal(w.Verdicts(), other.Verdicts())
}

// ByPerson is the weighing as a person decided it.
func (w Weighing) ByPerson(units []Unit) Weighing {
	w.Units = slices.Clone(w.Units)
	for i := range w.Units {
		if k := slices.IndexFunc(units, func(u Unit) bool { return u.Ordinal == w.Units[i].Ordinal }); k >= 0 {
			w.Units[i].Unit, w.Units[i].Reason = units[k], ByPerson
		}
	}
	return w
}

// String writes a weighing as events keep it: "rules 2; r-1=5 r-2=6; 1=COUNTERFEIT/5/DECIDES_ALONE".
// A result that ranks lower than its rung has that and the reasons behind its rank:
// "r-1=6/5/UNSIGNED", "r-1=7/5/CUSTODY,UNSIGNED". The consequence of a verdict stands behind its reason where it does not follow from itself:
// "1=TAMPERED/3/DECIDES_ALONE/REVIEW".
func (w *Weighing) String() string {
	results, units := make([]string, len(w.Results)), make([]string, len(w.Units))
	for i, r := range w.Results {
		results[i] = r.ResultID + "=" + r.Place.String()
	}
	for i, u := range w.Units {
		units[i] = fmt.Sprintf("%d=%s/%d/%s", u.Ordinal, u.Verdict, u.Rank, u.Reason)
		if u.Consequence != policy.NoConsequence {
			units[i] += "/" + string(u.Consequence)
		}
	}
	return fmt.Sprintf("rules %d; %s; %s", w.Rules, strings.Join(results, " "), strings.Join(units, " "))
}

// ReadWeighing reads what String wrote; false for any other text.
func ReadWeighing(text string) (w Weighing, ok bool) {
	parts := strings.Split(text, "; ")
	if len(parts) != 3 {
		return w, false
	}
	if _, err := fmt.Sscanf(parts[0], "rules %d", &w.Rules); err != nil {
		return w, false
	}
	for _, word := range strings.Fields(parts[1]) {
		id, text, _ := strings.Cut(word, "=")
		place, ok := readPlace(text)
		if !ok {
			return w, false
		}
		w.Results = append(w.Results, Ranked{id, place})
	}
	for _, word := range strings.Fields(parts[2]) {
		fields := strings.FieldsFunc(word, func(r rune) bool { return r == '=' || r == '/' })
		if len(fields) == 4 {
			fields = append(fields, string(policy.NoConsequence))
		}
		if len(fields) != 5 {
			return w, false
		}
		ordinal, err := strconv.ParseInt(fields[0], 10, 32)
		rank, other := strconv.Atoi(fields[2])
		if err != nil || other != nil {
			return w, false
		}
		w.Units = append(w.Units, UnitRuling{
			Unit: Unit{Ordinal: int32(ordinal), Verdict: Verdict(fields[1]), Consequence: policy.Consequence(fields[4])},
			Rank: rank, Reason: Reason(fields[3]),
		})
	}
	return w, true
}

// String writes a place as events keep it: "5", or "6/5/UNSIGNED" for one that was lowered.
func (p Place) String() string {
	if len(p.LoweredBy) == 0 {
		return strconv.Itoa(p.Rank)
	}
	why := make([]string, len(p.LoweredBy))
	for i, l := range p.LoweredBy {
		why[i] = string(l)
	}
	return fmt.Sprintf("%d/%d/%s", p.Rank, p.Rung, strings.Join(why, ","))
}

// readPlace reads what String wrote. A place from before reasons were kept has the rank alone,
// for its rung too.
func readPlace(text string) (p Place, ok bool) {
	parts := strings.Split(text, "/")
	var err error
	if p.Rank, err = strconv.Atoi(parts[0]); err != nil {
		return p, false
	}
	p.Rung = p.Rank
	switch len(parts) {
	case 1:
		return p, true
	case 3:
		if p.Rung, err = strconv.Atoi(parts[1]); err != nil {
			return p, false
		}
		for _, why := range strings.Split(parts[2], ",") {
			p.LoweredBy = append(p.LoweredBy, Lowering(why))
		}
		return p, true
	}
	return p, false
}

// Weigh turns all results of a claim into a verdict for each unit, with the rule that gave it.
// For each unit the strongest rank with a result decides. Results of that rank that disagree
// are a conflict (V3). A verdict on a rank weaker than the rules' needs a person (V1), and
// photos or codes alone never decide (V2). The table says what follows from each verdict that
// decides.
func (r *Rules) Weigh(units []Unit, results []Graded, table *policy.Consequences) Weighing {
	w := Weighing{Rules: r.Version}
	for i := range results {
		if !results[i].Retracted {
			w.Results = append(w.Results, Ranked{results[i].ID, results[i].Place})
		}
	}
	for _, u := range units {
		w.Units = append(w.Units, r.weighUnit(u.Ordinal, r.onUnit(u.Ordinal, results), table))
	}
	return w
}

// finding is what one result found on a unit.
type finding struct {
	*Graded
	verdict Verdict
}

// onUnit gives the findings on a unit that count. Where a re-inspection is final, later ones do
// not count beside it.
func (r *Rules) onUnit(ordinal int32, results []Graded) []finding {
	var list []finding
	final := ""
	for i := range results {
		g := &results[i]
		k := slices.IndexFunc(g.Units, func(u Unit) bool { return u.Ordinal == ordinal })
		if g.Retracted || k < 0 {
			continue
		}
		list = append(list, finding{g, g.Units[k].Verdict})
		if r.final(g) && g.Units[k].Verdict != Inconclusive && (final == "" || g.ID < final) {
			final = g.ID
		}
	}
	return slices.DeleteFunc(list, func(f finding) bool { return final != "" && r.final(f.Graded) && f.ID != final })
}

// final says whether a result is a re-inspection that is final: nobody inspects photos or codes.
func (r *Rules) final(g *Graded) bool {
	return r.Reinspection.Final && g.Reinspection && g.Kind == AccreditedLab && g.Sample.Physical()
}

// weighUnit gives the verdict on one unit, and what follows from it where results alone decide.
func (r *Rules) weighUnit(ordinal int32, found []finding, table *policy.Consequences) UnitRuling {
	u := UnitRuling{Unit: Unit{Ordinal: ordinal, Verdict: Pending}, Rank: WeakestRank + 1}
	conflict, final := false, false
	bodies := make(map[string]bool)
	for _, f := range found {
		switch {
		case f.verdict == Inconclusive && u.Verdict != Pending:
			continue // Another result already says more than "cannot tell".
		case u.Verdict == Inconclusive || f.Rank < u.Rank:
			u.Rank, u.Verdict, conflict, final = f.Rank, f.verdict, false, false
			clear(bodies)
		case f.Rank == u.Rank && f.verdict != u.Verdict:
			conflict = true
		}
		if f.Rank == u.Rank {
			bodies[f.AuthenticatorID] = true
			final = final || r.final(f.Graded)
		}
	}
	switch {
	case len(found) == 0:
		u.Rank, u.Reason = 0, NoResult
	case conflict:
		u.Verdict, u.Reason = Inconclusive, Conflicting
	case u.Verdict == Inconclusive:
		u.Reason = NotTold
	case u.Rank > r.DecidesAlone:
		u.Reason = TooWeak
	case len(bodies) < r.quorum(u.Rank):
		u.Reason = QuorumMissing
	case final:
		u.Reason = FinalReinspection
	default:
		u.Reason = DecidesAlone
	}
	strong := u.Rank <= r.DecidesAlone && len(bodies) >= r.quorum(u.Rank)
	if strong && (u.Reason == DecidesAlone || u.Reason == FinalReinspection || u.Reason == NotTold) {
		u.Consequence = u.Verdict.Consequence(table)
	}
	if u.Reason == NotTold && u.Consequence == policy.Review {
		u.Consequence = policy.NoConsequence // The reason says it.
	}
	return u
}

// Quorum is how many bodies must find the same at a rank for it to decide.
type Quorum struct {
	Rank   int
	Bodies int
}

func (r *Rules) quorum(rank int) int {
	for _, q := range r.Quorum {
		if q.Rank == rank {
			return q.Bodies
		}
	}
	return 1
}

// ReinspectionRules are what a version asks of re-inspections (rule V3).
type ReinspectionRules struct {
	// Independent refuses one by a body that has examined a unit already, of a unit that no body
	// has examined, or of photos or codes; and takes the result of a laboratory that was drawn by lot for units
	// which another body has examined as one.
	Independent bool
	// Final has the first re-inspection of a unit stand against later ones.
	Final bool
	// RetestDays has the server draw another body where results of one rank disagree, and gives it
	// so many days for its report; zero leaves the re-test to a person.
	RetestDays int
}
