package claim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// words are the verdicts as the tables below write them.
var words = map[string]claim.Verdict{
	"fake": claim.Counterfeit, "real": claim.Genuine, "unclear": claim.Inconclusive, "none": claim.Pending,
	"foreign": claim.NotOurProduct, "gray": claim.GrayMarket, "tampered": claim.Tampered, "altered": claim.Altered,
	"other": claim.NotAsDescribed,
}

// rank is a result's strength as its issuer, sample and custody make it.
type rank struct {
	kind         claim.AuthenticatorKind
	sample       claim.SampleSource
	reinspection bool
}

// ranks are the ways to a result, strongest first.
var ranks = map[string]rank{
	"judgment":     {kind: claim.Court, sample: claim.ConsumerSample},
	"reinspection": {kind: claim.AccreditedLab, sample: claim.SealedPlatformSample, reinspection: true},
	"sealed-lab":   {kind: claim.AccreditedLab, sample: claim.SealedPlatformSample},
	"sealed-brand": {kind: claim.Brand, sample: claim.SealedPlatformSample},
	"brand":        {kind: claim.Brand, sample: claim.ConsumerSample},
	"lab":          {kind: claim.AccreditedLab, sample: claim.ConsumerSample},
	"appraiser":    {kind: claim.Appraiser, sample: claim.ConsumerSample},
	"trace":        {kind: claim.Trace, sample: claim.TraceData},
	"photos":       {kind: claim.Brand, sample: claim.Photos},
}

// readResult reads "sealed-lab: 1=fake 2=real", with a "!" before the colon
// where the chain of custody is broken.
func readResult(t *testing.T, text string) claim.Result {
	t.Helper()
	name, verdicts, ok := strings.Cut(text, ":")
	broken := strings.HasSuffix(name, "!")
	by, known := ranks[strings.TrimSuffix(name, "!")]
	if !ok || !known {
		t.Fatalf("cannot read the result %q", text)
	}
	return claim.Result{
		Kind: by.kind, Sample: by.sample, Reinspection: by.reinspection, CustodyIntact: !broken,
		Units: readUnits(t, verdicts),
	}
}

// readUnits reads "1=fake 2=real".
func readUnits(t *testing.T, text string) []claim.Unit {
	t.Helper()
	var units []claim.Unit
	for _, pair := range strings.Fields(text) {
		var ordinal int32
		number, word, _ := strings.Cut(pair, "=")
		if _, err := fmt.Sscan(number, &ordinal); err != nil {
			t.Fatalf("cannot read the unit %q: %v", pair, err)
		}
		v, ok := words[word]
		if !ok {
			t.Fatalf("%q is no verdict", word)
		}
		units = append(units, claim.Unit{Ordinal: ordinal, Verdict: v})
	}
	return units
}

// Would catch evidence that counts for more or less than the domain rules say.
func TestRankOfResults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind           claim.AuthenticatorKind
		sample         claim.SampleSource
		reinspection   bool
		intact, broken int
	}{
		{claim.Court, claim.ConsumerSample, false, 1, 1},
		{claim.Court, claim.Photos, false, 1, 1},
		{claim.AccreditedLab, claim.SealedPlatformSample, true, 2, 3},
		{claim.AccreditedLab, claim.ConsumerSample, true, 2, 3},
		{claim.AccreditedLab, claim.SealedPlatformSample, false, 3, 4},
		{claim.Brand, claim.SealedPlatformSample, false, 4, 5},
		{claim.AccreditedLab, claim.ConsumerSample, false, 5, 6},
		{claim.Brand, claim.ConsumerSample, false, 5, 6},
		// Only a second laboratory re-inspects; a brand stays a party.
		{claim.Brand, claim.SealedPlatformSample, true, 4, 5},
		{claim.Appraiser, claim.SealedPlatformSample, false, 6, 7},
		{claim.Appraiser, claim.ConsumerSample, false, 6, 7},
		{claim.Trace, claim.TraceData, false, 7, 8},
		{claim.Trace, claim.SealedPlatformSample, false, 7, 8},
		{claim.Brand, claim.TraceData, false, 7, 8},
		{claim.Brand, claim.Photos, false, 8, 8},
		{claim.AccreditedLab, claim.Photos, true, 8, 8},
	} {
		for intact, want := range map[bool]int{true: c.intact, false: c.broken} {
			x := claim.Exhibit{Kind: c.kind, Sample: c.sample, Reinspection: c.reinspection, CustodyIntact: intact}
			if got := claim.FirstRules().Rank(&x); got != want {
				t.Errorf("%s on %s, re-inspection %t, custody intact %t: rank %d, want %d",
					c.kind, c.sample, c.reinspection, intact, got, want)
			}
		}
	}
}

type weighing struct {
	// rule is the rule that it is an example of.
	rule    string
	name    string
	claimed string
	results []string
	want    string
	trigger claim.Trigger // Empty while undecided.
}

var weighings = []weighing{
	{"V1", "no result leaves the claim waiting", "1", nil, "1=none", ""},
	{"V1", "a sealed lab result decides", "1", []string{"sealed-lab: 1=fake"}, "1=fake", claim.ResultCounterfeit},
	{"V1", "a brand's word on the consumer's sample decides", "1", []string{"brand: 1=fake"}, "1=fake", claim.ResultCounterfeit},
	{"V1", "a genuine item ends the claim", "1", []string{"lab: 1=real"}, "1=real", claim.ResultGenuine},
	{"V4", "what cannot be told goes to a person", "1", []string{"sealed-lab: 1=unclear"}, "1=unclear", claim.ResultUndecided},

	{"V1", "the stronger rank wins", "1", []string{"brand: 1=fake", "sealed-lab: 1=real"}, "1=real", claim.ResultGenuine},
	{"V1", "many weak results do not outvote a strong one", "1",
		[]string{"brand: 1=real", "lab: 1=real", "brand: 1=real", "sealed-lab: 1=fake"}, "1=fake", claim.ResultCounterfeit},
	{"V1", "a judgment beats a re-inspection", "1", []string{"reinspection: 1=fake", "judgment: 1=real"}, "1=real", claim.ResultGenuine},
	{"V1", "a re-inspection beats the first laboratory", "1", []string{"sealed-lab: 1=fake", "reinspection: 1=real"}, "1=real", claim.ResultGenuine},
	{"V4", "a finding beats a stronger shrug", "1", []string{"reinspection: 1=unclear", "brand: 1=fake"}, "1=fake", claim.ResultCounterfeit},

	{"V3", "equal ranks that disagree are a conflict", "1", []string{"sealed-lab: 1=fake", "sealed-lab: 1=real"}, "1=unclear", claim.ResultUndecided},
	{"V3", "brand and laboratory on consumers' samples weigh the same", "1", []string{"brand: 1=fake", "lab: 1=real"}, "1=unclear", claim.ResultUndecided},
	{"V3", "a third equal result does not settle a conflict", "1",
		[]string{"lab: 1=fake", "lab: 1=real", "lab: 1=fake"}, "1=unclear", claim.ResultUndecided},
	{"V3", "a stronger result settles a conflict", "1",
		[]string{"lab: 1=fake", "lab: 1=real", "reinspection: 1=fake"}, "1=fake", claim.ResultCounterfeit},
	{"V3", "a weaker result does not settle a conflict", "1",
		[]string{"sealed-lab: 1=fake", "sealed-lab: 1=real", "brand: 1=fake"}, "1=unclear", claim.ResultUndecided},
	{"V3", "a conflict of weak results below a strong one is none", "1",
		[]string{"sealed-lab: 1=fake", "lab: 1=real", "lab: 1=fake"}, "1=fake", claim.ResultCounterfeit},

	{"V6", "a gap in custody costs one rank", "1", []string{"sealed-brand: 1=real", "sealed-lab!: 1=fake"}, "1=unclear", claim.ResultUndecided},
	{"V6", "a gap in custody takes the last deciding rank", "1", []string{"brand!: 1=fake"}, "1=fake", claim.ResultUndecided},
	{"V6", "a gap in custody does not touch a judgment", "1", []string{"judgment!: 1=fake", "reinspection: 1=real"}, "1=fake", claim.ResultCounterfeit},

	{"V1", "an appraiser alone does not decide", "1", []string{"appraiser: 1=fake"}, "1=fake", claim.ResultUndecided},
	{"V2", "trace data alone never decide", "1", []string{"trace: 1=fake"}, "1=fake", claim.ResultUndecided},
	{"V2", "photos alone never decide", "1", []string{"photos: 1=fake"}, "1=fake", claim.ResultUndecided},
	{"V2", "photos, codes and an appraiser together do not decide either", "1",
		[]string{"photos: 1=fake", "trace: 1=fake", "appraiser: 1=fake"}, "1=fake", claim.ResultUndecided},
	{"V2", "weak evidence does not close a claim as genuine", "1", []string{"trace: 1=real"}, "1=real", claim.ResultUndecided},

	{"V5", "a unit without a result keeps the claim waiting", "1 2", []string{"sealed-lab: 1=fake"}, "1=fake 2=none", ""},
	{"V5", "one counterfeit unit is enough", "1 2", []string{"sealed-lab: 1=real 2=fake"}, "1=real 2=fake", claim.ResultCounterfeit},
	{"V5", "results on different units add up", "1 2", []string{"sealed-lab: 1=real", "brand: 2=fake"}, "1=real 2=fake", claim.ResultCounterfeit},
	{"V5", "a result binds only the units it names", "1 2",
		[]string{"sealed-lab: 1=fake", "brand: 1=real 2=real"}, "1=fake 2=real", claim.ResultCounterfeit},
	{"V4", "one undecided unit takes the whole claim to a person", "1 2 3",
		[]string{"sealed-lab: 1=fake 2=real", "photos: 3=fake"}, "1=fake 2=real 3=fake", claim.ResultUndecided},
	{"V1", "every unit genuine ends the claim", "1 2", []string{"lab: 1=real 2=real"}, "1=real 2=real", claim.ResultGenuine},
	{"V5", "results on units that are not claimed say nothing", "2", []string{"sealed-lab: 1=fake"}, "2=none", ""},
}

// weigh weighs the examples of a rule, each in several orders: results arrive as they please.
func weigh(t *testing.T, rule string) {
	t.Helper()
	rules, table, found := claim.FirstRules(), policy.DefaultConsequences(), 0
	for _, c := range weighings {
		if c.rule != rule {
			continue
		}
		found++
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var claimed []claim.Unit
			for _, number := range strings.Fields(c.claimed) {
				claimed = append(claimed, readUnits(t, number+"=none")...)
			}
			var results []claim.Graded
			for _, text := range c.results {
				r := readResult(t, text)
				results = append(results, rules.Grade(&r, nil))
			}
			want := readUnits(t, c.want)
			const orders = 20
			random := rand.New(rand.NewPCG(1, 2))
			for range orders {
				w := rules.Weigh(claimed, results, &table)
				units := w.Verdicts()
				trigger, decided := w.Trigger()
				if again, ok := claim.ReadWeighing(w.String()); !ok || again.String() != w.String() {
					t.Fatalf("%q is read as %q, %t", w.String(), again.String(), ok)
				}
				if !slices.Equal(units, want) || trigger != c.trigger || decided != (c.trigger != "") {
					t.Fatalf("%v give %v and %q (decided: %t), want %v and %q", results, units, trigger, decided, want, c.trigger)
				}
				random.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
			}
		})
	}
	if found == 0 {
		t.Errorf("no example is of rule %s", rule)
	}
}

// Would catch a verdict that rests on a weaker result than another, and a payout that an
// appraiser triggers alone.
func TestV1OnlyStrongRanksDecideAlone(t *testing.T) {
	t.Parallel()
	weigh(t, "V1")
}

// Would catch a claim that photos or codes decide, alone or together.
func TestV2PhotosAndCodesDecideNothing(t *testing.T) {
	t.Parallel()
	weigh(t, "V2")
}

// Would catch a conflict that nobody looks at, and one that a weak result or a majority ends.
func TestV3EqualRanksThatDisagreeAreAConflict(t *testing.T) {
	t.Parallel()
	weigh(t, "V3")
}

// Would catch a word on photos or codes that passes for a re-inspection: one that has the
// re-inspection of the goods not count, or has its rank.
func TestV3NobodyReinspectsPhotos(t *testing.T) {
	t.Parallel()
	rules := *claim.FirstRules()
	rules.Reinspection.Final = true
	rules.Ladder = append([]claim.Rung{{Rank: 2, Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Reinspection: true}}, rules.Ladder...)
	for _, sample := range []claim.SampleSource{claim.Photos, claim.TraceData} {
		early, late := readResult(t, "reinspection: 1=real"), readResult(t, "reinspection: 1=fake")
		early.ID, late.ID, early.Sample = "1", "2", sample
		graded := []claim.Graded{rules.Grade(&early, nil), rules.Grade(&late, nil)}
		table := policy.DefaultConsequences()
		w := rules.Weigh(readUnits(t, "1=none"), graded, &table)
		if u := w.Units[0]; graded[0].Rank < 7 || u.Verdict != claim.Counterfeit || u.Reason != claim.FinalReinspection || u.Rank != 2 {
			t.Errorf("%s of rank %d: %s", sample, graded[0].Rank, w.String())
		}
	}
}

// Would catch a unit of which it cannot be told that is compensated or closed.
func TestV4WhatCannotBeToldGoesToAPerson(t *testing.T) {
	t.Parallel()
	weigh(t, "V4")
}

// Would catch a result that decides a unit which it does not name.
func TestV5AResultBindsTheUnitsItNames(t *testing.T) {
	t.Parallel()
	weigh(t, "V5")
}

// Would catch a broken chain of custody that costs nothing, and one that costs a judgment its
// rank.
func TestV6ABrokenChainCostsARank(t *testing.T) {
	t.Parallel()
	weigh(t, "V6")
}

// Would catch a result that names no sample and has a gap because another body has a sample of the
// same units, one that takes the chain of another body's sample, and one that takes a test that
// came after its report.
func TestV6AResultIsOfTheSampleThatItsBodyTested(t *testing.T) {
	t.Parallel()
	rules := claim.FirstRules()
	step := func(n int32, sample string, kind custody.Kind, body string, hour int) custody.Step {
		return custody.Step{Number: n, SampleID: sample, Kind: kind, Units: []int32{1}, AuthenticatorID: body, HappenedAt: moment.Add(time.Duration(hour) * time.Hour)}
	}
	steps := []custody.Step{
		step(1, "S1", custody.Arrived, "lab-1", 0), step(2, "S1", custody.Tested, "lab-1", 1),
		step(3, "S2", custody.Arrived, "lab-2", 2), step(4, "S2", custody.Tested, "lab-2", 3),
	}
	for name, x := range map[string]struct {
		body   string
		hour   int
		more   []custody.Step
		sample string
		state  custody.State
	}{
		"its own":          {"lab-1", 9, nil, "S1", custody.Complete},
		"another's own":    {"lab-2", 9, nil, "S2", custody.Complete},
		"none of its own":  {"lab-3", 9, nil, "", custody.Gap},
		"before its test":  {"lab-2", 2, nil, "", custody.Gap},
		"two of its own":   {"lab-1", 9, []custody.Step{step(5, "S3", custody.Tested, "lab-1", 4)}, "", custody.Gap},
		"a corrected test": {"lab-1", 9, []custody.Step{step(5, "S3", custody.Tested, "lab-1", 4), {Number: 6, SampleID: "S3", Kind: custody.Received, HappenedAt: moment, Corrects: 5}}, "S1", custody.Complete},
	} {
		r := readResult(t, "lab: 1=fake")
		r.AuthenticatorID, r.IssuedAt = x.body, moment.Add(time.Duration(x.hour)*time.Hour)
		g := rules.Grade(&r, append(slices.Clone(steps), x.more...))
		if g.Custody.SampleID != x.sample || g.Custody.State != x.state {
			t.Errorf("%s: %+v", name, g.Custody)
		}
	}
}

// Would catch a claim shown as genuine while a unit of it is open or in doubt.
func TestOverallFoldsUnits(t *testing.T) {
	t.Parallel()
	for units, want := range map[string]claim.Verdict{
		"1=fake":                  claim.Counterfeit,
		"1=real 2=fake":           claim.Counterfeit,
		"1=none 2=unclear 3=fake": claim.Counterfeit,
		"1=real 2=real":           claim.Genuine,
		"1=real 2=unclear":        claim.Inconclusive,
		"1=unclear 2=real":        claim.Inconclusive,
		"1=unclear 2=none":        claim.Pending,
		"1=none 2=unclear":        claim.Pending,
		"1=real 2=none 3=real":    claim.Pending,
		"1=tampered 2=none":       claim.Pending,
		"1=unclear 2=gray":        claim.Inconclusive,
		"1=gray 2=tampered":       claim.Tampered,
		"1=real 2=gray":           claim.GrayMarket,
		"1=tampered 2=fake":       claim.Counterfeit,
	} {
		if got := claim.Overall(readUnits(t, units)); got != want {
			t.Errorf("%s is %s, want %s", units, got, want)
		}
	}
}

// Would catch verdicts on units that nobody claimed, or two on one unit.
func TestCheckUnits(t *testing.T) {
	t.Parallel()
	c := &claim.Claim{ID: "c-1", Units: readUnits(t, "2=fake 3=none 5=fake")}
	if got := c.Ordinals(); !slices.Equal(got, []int32{2, 3, 5}) {
		t.Errorf("ordinals are %v", got)
	}
	if got := c.OwedUnits(); !slices.Equal(got, []int32{2, 5}) {
		t.Errorf("counterfeit ordinals are %v", got)
	}
	for units, want := range map[string]fault.Reason{
		"":                     "",
		"5=real 2=fake":        "",
		"2=fake 4=fake":        fault.UnitNotClaimed,
		"2=fake 3=real 2=fake": fault.RequestInvalid,
	} {
		err := c.CheckUnits(readUnits(t, units), "unit_verdicts")
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", units, err)
			}
			continue
		}
		if refusal, ok := fault.As(err); !ok || refusal.Reason != want || refusal.Field != "unit_verdicts" {
			t.Errorf("%q: %v, want %s at unit_verdicts", units, err, want)
		}
	}
}
