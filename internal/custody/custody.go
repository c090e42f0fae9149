// Package custody computes from the recorded steps of a sample whether its chain of custody
// holds: who had it, where, under which seals and with which weight. It is pure.
package custody

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Kind is what was done with a sample.
type Kind string

// The kinds of step, in the order in which they come up.
const (
	// Bought is the purchase of the sample by the platform.
	Bought Kind = "BOUGHT"
	// Received is the arrival of the sample with the platform.
	Received Kind = "RECEIVED"
	// Unboxed is the opening of its parcel.
	Unboxed Kind = "UNBOXED"
	// Sealed puts seals on it.
	Sealed Kind = "SEALED"
	// Shipped hands it to a carrier.
	Shipped Kind = "SHIPPED"
	// Arrived is its arrival with the body that tests it.
	Arrived Kind = "ARRIVED"
	// Tested is its examination by a body. Seals are those that were broken for it.
	Tested Kind = "TESTED"
	// Retained puts it away until nobody can appeal any more. Seals are new ones.
	Retained Kind = "RETAINED"
	// Returned gives it back.
	Returned Kind = "RETURNED"
	// Destroyed ends it.
	Destroyed Kind = "DESTROYED"
)

// Kinds lists the kinds of step.
func Kinds() []Kind {
	return []Kind{Bought, Received, Unboxed, Sealed, Shipped, Arrived, Tested, Retained, Returned, Destroyed}
}

// follows are the kinds that may come right before each kind, the last the one that is missing
// where none of them does. The empty kind is the beginning.
var follows = map[Kind][]Kind{
	Bought:    {""},
	Received:  {"", Returned, Bought},
	Unboxed:   {Received},
	Sealed:    {"", Tested, Unboxed, Received},
	Shipped:   {"", Retained, Sealed},
	Arrived:   {"", Shipped},
	Tested:    {Tested, Arrived},
	Retained:  {Sealed, Tested},
	Returned:  {Sealed, Retained, Tested},
	Destroyed: {Sealed, Retained, Tested},
}

// ByBody says whether a body must be named with a step of this kind.
func (k Kind) ByBody() bool { return k == Arrived || k == Tested }

// beforeBody says whether a step of this kind comes up before the sample arrives with the body
// that tests it.
func (k Kind) beforeBody() bool { return slices.Index(Kinds(), k) < slices.Index(Kinds(), Arrived) }

// StepsMax is the largest number of steps of one claim.
const StepsMax = 200

// Step is one thing that was done with a sample. Steps are only added; a correction is a step
// of its own, and the step that it corrects does not count any more.
type Step struct {
	MerchantID string
	ClaimID    string
	// Number counts the steps of the claim from 1, in the order in which they were recorded.
	Number   int32
	SampleID string
	Kind     Kind
	// Units are the units of the claim that the sample consists of, in its first step alone.
	Units []int32
	// HappenedAt is when it was done, as told.
	HappenedAt time.Time
	Place      string
	// Actor names who did it, as told: a courier, a warehouse, a video desk.
	Actor string
	// AuthenticatorID is the body that had the sample; empty for none.
	AuthenticatorID string
	Seals           []string
	// Weight is in milligrams; zero if it was not weighed.
	Weight int64
	// Evidence are digests of evidence of the claim.
	Evidence []string
	// Corrects is the number of the step in whose place this one stands; zero for none.
	Corrects int32
	Note     string

	RecordedAs  string
	RecordedBy  string
	RecordedAt  time.Time
	EventNumber int64
}

// State is how a chain stands.
type State string

// The states of a chain. The first finding gives the state.
const (
	// Complete has every step, and every seal and weight is as it was.
	Complete State = "COMPLETE"
	// Gap lacks a step.
	Gap State = "GAP"
	// SealDiffers has a seal that is not the one that was put on.
	SealDiffers State = "SEAL_DIFFERS"
	// WeightDiffers has a weight that changed by more than the rules allow.
	WeightDiffers State = "WEIGHT_DIFFERS"
	// AsTold has no steps, and the rules take the caller's word.
	AsTold State = "AS_TOLD"
	// NotNeeded has no sample whose custody could be lost.
	NotNeeded State = "NOT_NEEDED"
)

// Finding is one fault of a chain.
type Finding struct {
	// State is Gap, SealDiffers or WeightDiffers.
	State State
	// Step is the step at which it shows; zero for the chain as a whole.
	Step int32
	// Before is the step that it is compared with; zero for none.
	Before int32
	// Missing is the kind of step that the chain lacks; empty if that cannot be told.
	Missing Kind
}

// Standing is how the chain of a sample stands.
type Standing struct {
	// SampleID is empty if there is no sample.
	SampleID string
	State    State
	Findings []Finding
	// Intact says that the rank is not lowered.
	Intact bool
}

func (s *Standing) find(f Finding) {
	if len(s.Findings) == 0 {
		s.State, s.Intact = f.State, false
	}
	s.Findings = append(s.Findings, f)
}

// Terms are what the decision rules ask of a chain.
type Terms struct {
	// Requires are kinds that must stand before the test.
	Requires []Kind
	// Milligrams and PerMille bound by how much a weight may differ: by the larger of both.
	Milligrams int64
	PerMille   int64
}

// allows says whether a weight may follow another.
func (t *Terms) allows(before, now int64) bool {
	differs := max(before, now) - min(before, now)
	return differs <= t.Milligrams || differs <= before/1000*t.PerMille+before%1000*t.PerMille/1000
}

// Test is the test for whose result a chain is examined.
type Test struct {
	AuthenticatorID string
	IssuedAt        time.Time
}

// Of gives the steps of a sample that count, in the order in which they happened.
func Of(steps []Step, sampleID string) []Step {
	corrected := make(map[int32]bool)
	for i := range steps {
		corrected[steps[i].Corrects] = true
	}
	var out []Step
	for i := range steps {
		if steps[i].SampleID == sampleID && !corrected[steps[i].Number] {
			out = append(out, steps[i])
		}
	}
	slices.SortStableFunc(out, func(x, y Step) int {
		return cmp.Or(x.HappenedAt.Compare(y.HappenedAt), cmp.Compare(x.Number, y.Number))
	})
	return out
}

// Samples lists the samples of steps, in the order of their first steps.
func Samples(steps []Step) []string {
	var out []string
	for i := range steps {
		if !slices.Contains(out, steps[i].SampleID) {
			out = append(out, steps[i].SampleID)
		}
	}
	return out
}

// UnitsText writes units as they are stored.
func UnitsText(units []int32) string {
	parts := make([]string, len(units))
	for i, u := range units {
		parts[i] = strconv.Itoa(int(u))
	}
	return strings.Join(parts, " ")
}

// ReadUnits reads what UnitsText wrote; it fails on any other text.
func ReadUnits(text string) ([]int32, error) {
	var units []int32
	for _, word := range strings.Fields(text) {
		n, err := strconv.ParseInt(word, 10, 32)
		if err != nil {
			return nil, err
		}
		units = append(units, int32(n))
	}
	return units, nil
}

// UnitsOf gives the units of a sample.
func UnitsOf(steps []Step, sampleID string) []int32 {
	for i := range steps {
		if steps[i].SampleID == sampleID {
			return steps[i].Units
		}
	}
	return nil
}

// Examine finds the faults of a sample's chain: up to the last test by the body before the
// report was issued, or as far as it has come where there is no test to look for. A step that is
// asked for before the arrival counts only if no body is named with it: a body does not vouch
// for what was done before it had the sample.
func Examine(steps []Step, sampleID string, terms *Terms, test *Test) Standing {
	s := Standing{SampleID: sampleID, State: Complete, Intact: true}
	chain := Of(steps, sampleID)
	if test != nil {
		last := -1
		for i := range chain {
			if chain[i].Kind == Tested && chain[i].AuthenticatorID == test.AuthenticatorID && !chain[i].HappenedAt.After(test.IssuedAt) {
				last = i
			}
		}
		if last < 0 {
			s.find(Finding{State: Gap, Missing: Tested})
		} else {
			chain = chain[:last+1]
		}
		for _, k := range terms.Requires {
			if k != Tested && !slices.ContainsFunc(chain, func(x Step) bool {
				return x.Kind == k && (x.AuthenticatorID == "" || !k.beforeBody())
			}) {
				s.find(Finding{State: Gap, Missing: k})
			}
		}
	}
	s.walk(held(chain), terms)
	return s
}

// held leaves out what bodies tell of the time in which they did not have the sample: a seal that
// a body puts on before the arrival would pass for the one that it arrived under.
func held(chain []Step) []Step {
	out := make([]Step, 0, len(chain))
	with := ""
	for _, x := range chain {
		if x.AuthenticatorID != "" && x.AuthenticatorID != with && !x.Kind.ByBody() {
			continue
		}
		switch x.Kind {
		case Arrived:
			with = x.AuthenticatorID
		case Bought, Received, Shipped, Returned, Destroyed:
			with = ""
		case Unboxed, Sealed, Tested, Retained:
		}
		out = append(out, x)
	}
	return out
}

// walk compares each step of a chain with those before it.
func (s *Standing) walk(chain []Step, terms *Terms) {
	var sealed, weighed, before *Step
	for i := range chain {
		x := &chain[i]
		s.order(before, x)
		if sealed != nil && compared(x) && !sameSeals(sealed.Seals, x.Seals) {
			s.find(Finding{State: SealDiffers, Step: x.Number, Before: sealed.Number})
		}
		switch x.Kind {
		case Unboxed, Sealed, Tested, Retained:
			weighed = nil // It is in another package from here on.
		case Bought, Received, Shipped, Arrived, Returned, Destroyed:
		}
		if x.Weight > 0 {
			if weighed == nil {
				weighed = x
			} else if !terms.allows(weighed.Weight, x.Weight) {
				s.find(Finding{State: WeightDiffers, Step: x.Number, Before: weighed.Number})
			}
		}
		switch {
		case x.Kind == Sealed, x.Kind == Retained && len(x.Seals) > 0:
			sealed = x
		case x.Kind == Tested, x.Kind == Unboxed:
			sealed = nil
		}
		before = x
	}
}

// order finds what is missing between two steps.
func (s *Standing) order(before, x *Step) {
	var kind Kind
	var number int32
	if before != nil {
		kind, number = before.Kind, before.Number
	}
	missing := Kind("")
	switch may := follows[x.Kind]; {
	case slices.Contains(may, kind):
		if x.Kind != Tested || before.AuthenticatorID == x.AuthenticatorID {
			return
		}
		missing = Arrived // It was with another body.
	case slices.Index(Kinds(), kind) < slices.Index(Kinds(), x.Kind):
		missing = may[len(may)-1]
	}
	s.find(Finding{State: Gap, Step: x.Number, Before: number, Missing: missing})
}

// compared says whether a step tells the seals that the sample arrived under: an arrival
// always does, a shipment and a test where they name some.
func compared(x *Step) bool {
	return x.Kind == Arrived || len(x.Seals) > 0 && (x.Kind == Shipped || x.Kind == Tested)
}

func sameSeals(put, found []string) bool {
	return slices.Equal(plainSeals(put), plainSeals(found))
}

func plainSeals(list []string) []string {
	out := make([]string, len(list))
	for i, seal := range list {
		out[i] = PlainSeal(seal)
	}
	slices.Sort(out)
	return out
}

// PlainSeal is a seal number as numbers are compared: in one width and case, without spaces
// and without characters that nobody sees.
func PlainSeal(number string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp) {
			return -1
		}
		return unicode.ToUpper(r)
	}, norm.NFKC.String(number))
}
