package claim

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/custody"
)

// Rules are one version of the decision rules: how results rank, what lowers a rank, and which
// results decide. Versions are data. The version that was in force when a claim was filed
// decides it to the end.
type Rules struct {
	Version       int32
	Note          string
	PublishedAt   time.Time
	EffectiveFrom time.Time
	// Ladder gives the rank of a result: that of the first rung that it fits.
	Ladder []Rung
	// DecidesAlone is the weakest rank on which a verdict may rest without a person (rule V1).
	DecidesAlone int
	// Quorum is how many bodies must find the same; one at ranks that it does not name.
	Quorum       []Quorum
	Reinspection ReinspectionRules
	Custody      CustodyRules
	// SourceProofFrom is the strongest rank of those on which a person finds compensation owed only
	// after the merchant was asked to prove its source, and answered or let the time pass (rule
	// V12); zero for none.
	SourceProofFrom int
	Unsigned        UnsignedRules
}

// UnsignedRules are what a version makes of a result without a signature, of a body that could
// have signed it.
type UnsignedRules struct {
	// Ranks is by how many ranks it counts less.
	Ranks int
}

// Lowering is a reason for which a result ranks lower than its rung.
type Lowering string

// The reasons.
const (
	// LoweredByCustody is a gap in the chain of custody (rule V6).
	LoweredByCustody Lowering = "CUSTODY"
	// LoweredUnsigned is a missing signature of a body that could have signed (rule V11).
	LoweredUnsigned Lowering = "UNSIGNED"
)

// Lowerings lists the reasons, in the order in which they are told.
func Lowerings() []Lowering { return []Lowering{LoweredByCustody, LoweredUnsigned} }

// Rung is one step of the ladder.
type Rung struct {
	Rank int
	// Kinds and Samples are those that it is for; empty for all.
	Kinds   []AuthenticatorKind
	Samples []SampleSource
	// Reinspection says that it is for re-inspections alone, which examine goods.
	Reinspection bool
}

// Unrecorded is what a version makes of a physical sample without steps of custody.
type Unrecorded string

// The ways to take a sample without steps.
const (
	// UnrecordedAsTold takes the word of whoever records the result.
	UnrecordedAsTold Unrecorded = "AS_TOLD"
	// UnrecordedGap takes it as a gap.
	UnrecordedGap Unrecorded = "GAP"
)

// CustodyRules are what a version asks of the chain of custody.
type CustodyRules struct {
	Unrecorded Unrecorded
	// Platform and Consumer are the steps that must stand before the test, for sealed samples
	// of the platform and for those of consumers.
	Platform []custody.Kind
	Consumer []custody.Kind
	// WeightMilligrams and WeightPerMille bound by how much a weight may differ from the one
	// before: by the larger of both.
	WeightMilligrams int64
	WeightPerMille   int64
}

// The ends of the ladder. A judgment is what it is, whoever had the goods; nothing is weaker
// than photos.
const (
	StrongestRank = 1
	WeakestRank   = 8
)

// Exhibit is all that the ladder looks at in a result.
type Exhibit struct {
	Kind         AuthenticatorKind
	Sample       SampleSource
	Reinspection bool
	// CustodyIntact is computed from the steps of custody.
	CustodyIntact bool
	// Unsigned says that the body did not sign it and could have.
	Unsigned bool
}

// Rank orders results: 1 is the strongest, 8 the weakest.
func (r *Rules) Rank(x *Exhibit) int { return r.place(x).Rank }

// Place is where a result stands on the ladder.
type Place struct {
	Rank int
	// Rung is the rank that it would have but for what lowers it.
	Rung int
	// LoweredBy says what lowers it, in the order of Lowerings.
	LoweredBy []Lowering
}

// place finds the rung of a result, and what lowers it: a gap in the chain of custody costs one
// rank (rule V6), a missing signature as many as the version says (rule V11). A judgment is what
// it is.
func (r *Rules) place(x *Exhibit) Place {
	p := Place{Rung: WeakestRank}
	for i := range r.Ladder {
		if r.Ladder[i].fits(x) {
			p.Rung = r.Ladder[i].Rank
			break
		}
	}
	p.Rank = p.Rung
	lower := func(by int, why Lowering) {
		if to := min(p.Rank+by, WeakestRank); to > p.Rank && p.Rung > StrongestRank {
			p.Rank, p.LoweredBy = to, append(p.LoweredBy, why)
		}
	}
	if !x.CustodyIntact {
		lower(1, LoweredByCustody)
	}
	if x.Unsigned {
		lower(r.Unsigned.Ranks, LoweredUnsigned)
	}
	return p
}

func (g *Rung) fits(x *Exhibit) bool {
	return (len(g.Kinds) == 0 || slices.Contains(g.Kinds, x.Kind)) &&
		(len(g.Samples) == 0 || slices.Contains(g.Samples, x.Sample)) && (!g.Reinspection || x.Reinspection && x.Sample.Physical())
}

// Graded is a result with what it counts for.
type Graded struct {
	*Result
	Place
	Custody custody.Standing
}

// Extendable says whether the result may be extended to units that it does not name: only one
// that decides alone, on a sample whose chain of custody is recorded and complete (rule V6).
func (g *Graded) Extendable(r *Rules) bool {
	return !g.Retracted && g.Rank <= r.DecidesAlone && g.Custody.State == custody.Complete
}

// Grade ranks a result by the steps of custody of its claim.
func (r *Rules) Grade(x *Result, steps []custody.Step) Graded {
	standing := r.custody(x, steps)
	return Graded{Result: x, Custody: standing, Place: r.place(&Exhibit{
		Kind: x.Kind, Sample: x.Sample, Reinspection: x.Reinspection, CustodyIntact: standing.Intact,
		Unsigned: x.SigningKey == "" && x.UnusedKey != "",
	})}
}

// custody computes how the chain of custody of a result stands. A result that names no sample
// is of the only sample that has all its units, or of the only one of these that its body tested
// before the report was issued.
func (r *Rules) custody(x *Result, steps []custody.Step) custody.Standing {
	terms := custody.Terms{Milligrams: r.Custody.WeightMilligrams, PerMille: r.Custody.WeightPerMille}
	switch x.Sample {
	case SealedPlatformSample:
		terms.Requires = r.Custody.Platform
	case ConsumerSample:
		terms.Requires = r.Custody.Consumer
	case TraceData, Photos:
		if r.Custody.Unrecorded == UnrecordedAsTold {
			return custody.Standing{State: custody.AsTold, Intact: x.CustodyIntact}
		}
		return custody.Standing{State: custody.NotNeeded, Intact: true}
	}
	if x.Kind == Court {
		return custody.Standing{State: custody.NotNeeded, Intact: true}
	}
	candidates := samplesOf(x.Units, steps)
	if x.SampleID != "" && slices.Contains(custody.Samples(steps), x.SampleID) && !slices.Contains(candidates, x.SampleID) {
		// The first step came later, and does not tell of every unit of the result.
		return custody.Standing{SampleID: x.SampleID, State: custody.Gap, Findings: []custody.Finding{{State: custody.Gap}}}
	}
	if x.SampleID != "" {
		candidates = []string{x.SampleID}
	}
	if len(candidates) > 1 {
		candidates = testedBy(x, candidates, steps)
	}
	switch {
	case len(candidates) == 1:
		return custody.Examine(steps, candidates[0], &terms, &custody.Test{AuthenticatorID: x.AuthenticatorID, IssuedAt: x.IssuedAt})
	case len(candidates) == 0 && r.Custody.Unrecorded == UnrecordedAsTold:
		return custody.Standing{State: custody.AsTold, Intact: x.CustodyIntact}
	}
	return custody.Standing{State: custody.Gap, Findings: []custody.Finding{{State: custody.Gap}}}
}

// Standing is how the chain of a sample stands, as far as it has come.
func (r *Rules) Standing(steps []custody.Step, sampleID string) custody.Standing {
	return custody.Examine(steps, sampleID, &custody.Terms{Milligrams: r.Custody.WeightMilligrams, PerMille: r.Custody.WeightPerMille}, nil)
}

// testedBy gives the samples that the body of a result says it tested before the report was issued;
// all of them if it says so of none.
func testedBy(x *Result, samples []string, steps []custody.Step) []string {
	var own []string
	for _, id := range samples {
		if slices.ContainsFunc(custody.Of(steps, id), func(s custody.Step) bool {
			return s.Kind == custody.Tested && s.AuthenticatorID == x.AuthenticatorID && !s.HappenedAt.After(x.IssuedAt)
		}) {
			own = append(own, id)
		}
	}
	if len(own) == 0 {
		return samples
	}
	return own
}

// samplesOf lists the samples that have all of some units.
func samplesOf(units []Unit, steps []custody.Step) []string {
	var out []string
	for _, id := range custody.Samples(steps) {
		of := custody.UnitsOf(steps, id)
		if !slices.ContainsFunc(units, func(u Unit) bool { return !slices.Contains(of, u.Ordinal) }) {
			out = append(out, id)
		}
	}
	return out
}

// FirstRules are the rules from before there were versions. A database has them as version 1.
func FirstRules() *Rules {
	return &Rules{
		Version:      1,
		Ladder:       firstLadder(),
		DecidesAlone: 5,
		Custody: CustodyRules{
			Unrecorded:       UnrecordedAsTold,
			Platform:         []custody.Kind{custody.Received, custody.Sealed, custody.Shipped, custody.Arrived, custody.Tested},
			Consumer:         []custody.Kind{custody.Arrived, custody.Tested},
			WeightMilligrams: 5_000,
			WeightPerMille:   20,
		},
	}
}

func firstLadder() []Rung {
	return []Rung{
		{Rank: 1, Kinds: []AuthenticatorKind{Court}},
		{Rank: 8, Samples: []SampleSource{Photos}},
		{Rank: 7, Samples: []SampleSource{TraceData}},
		{Rank: 7, Kinds: []AuthenticatorKind{Trace}},
		{Rank: 2, Kinds: []AuthenticatorKind{AccreditedLab}, Reinspection: true},
		{Rank: 3, Kinds: []AuthenticatorKind{AccreditedLab}, Samples: []SampleSource{SealedPlatformSample}},
		{Rank: 4, Kinds: []AuthenticatorKind{Brand}, Samples: []SampleSource{SealedPlatformSample}},
		{Rank: 5, Kinds: []AuthenticatorKind{Brand, AccreditedLab}},
		{Rank: 6},
	}
}

// RuleVersions are all versions of the decision rules.
type RuleVersions struct{ list []Rules }

// NewRuleVersions takes versions over. Without any, the first rules are in force.
func NewRuleVersions(list []Rules) RuleVersions {
	if len(list) == 0 {
		list = []Rules{*FirstRules()}
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(x, y Rules) int { return cmp.Compare(x.Version, y.Version) })
	return RuleVersions{list}
}

// List gives the versions, oldest first.
func (v RuleVersions) List() []Rules { return v.list }

// Version gives a version by its number. A result from before there were versions has the
// number zero, and the first version.
func (v RuleVersions) Version(number int32) *Rules {
	for i := range v.list {
		if v.list[i].Version == max(number, 1) {
			return &v.list[i]
		}
	}
	return &v.list[0]
}

// At gives the version that is in force for a claim that is filed at a time: the newest that
// had taken effect.
func (v RuleVersions) At(filedAt time.Time) *Rules {
	in := &v.list[0]
	for i := range v.list {
		if !v.list[i].EffectiveFrom.After(filedAt) {
			in = &v.list[i]
		}
	}
	return in
}
