package claim

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// The bounds of a version of the decision rules.
const (
	rungsMax   = 40
	bodiesMax  = 10
	weightMost = 1_000_000_000
	perMille   = 1000
)

// CheckTerms refuses rules that could not stand, whenever they are published, with
// REQUEST_INVALID, and names the field at fault.
func (r *Rules) CheckTerms() error {
	for _, check := range []func() error{
		r.checkLadder, r.checkDecidesAlone, r.checkQuorum, r.checkCustody, r.checkUnsigned, r.checkSourceProof, r.checkRetest, r.checkEffect,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func rulesInvalid(path, format string, args ...any) error {
	return fault.New(fault.RequestInvalid, format, args...).At("decision_rules." + path)
}

// checkLadder asks for a rung for every result, and keeps the first rank for judgments, which
// nothing lowers.
func (r *Rules) checkLadder() error {
	if len(r.Ladder) == 0 || len(r.Ladder) > rungsMax {
		return rulesInvalid("ladder", "the ladder must have 1 to %d rungs, not %d", rungsMax, len(r.Ladder))
	}
	for i, g := range r.Ladder {
		path := fmt.Sprintf("ladder[%d]", i)
		if g.Rank < StrongestRank || g.Rank > WeakestRank {
			return rulesInvalid(path+".rank", "a rank must be from %d to %d, not %d", StrongestRank, WeakestRank, g.Rank)
		}
		if err := knownOnce(path+".authenticator_kinds", g.Kinds, AuthenticatorKinds()); err != nil {
			return err
		}
		if err := knownOnce(path+".sample_sources", g.Samples, SampleSources()); err != nil {
			return err
		}
		if (g.Rank == StrongestRank) != slices.Equal(g.Kinds, []AuthenticatorKind{Court}) {
			return rulesInvalid(path, "rank %d is for courts and authorities, and they are for rank %d", StrongestRank, StrongestRank)
		}
	}
	if last := r.Ladder[len(r.Ladder)-1]; len(last.Kinds)+len(last.Samples) > 0 || last.Reinspection {
		return rulesInvalid("ladder", "the last rung must be for every result")
	}
	for _, sample := range SampleSources() {
		if x := (Exhibit{Kind: Court, Sample: sample, CustodyIntact: true}); r.Rank(&x) != StrongestRank {
			return rulesInvalid("ladder", "a judgment must have rank %d, whatever was examined", StrongestRank)
		}
	}
	return nil
}

// checkDecidesAlone keeps photos, codes and sources of trace data from deciding without a person
// (rule V2).
func (r *Rules) checkDecidesAlone() error {
	if r.DecidesAlone < StrongestRank || r.DecidesAlone >= WeakestRank {
		return rulesInvalid("decides_alone", "the weakest rank that decides alone must be from %d to %d, not %d", StrongestRank, WeakestRank-1, r.DecidesAlone)
	}
	for _, kind := range AuthenticatorKinds() {
		for _, sample := range SampleSources() {
			for _, again := range []bool{false, true} {
				x := Exhibit{Kind: kind, Sample: sample, Reinspection: again, CustodyIntact: true}
				weak := sample == Photos || sample == TraceData || kind == Trace
				if kind != Court && weak && r.Rank(&x) <= r.DecidesAlone {
					return rulesInvalid("decides_alone", "results of %s on %s have rank %d, and photos and codes never decide alone (rule V2)", kind, sample, r.Rank(&x))
				}
			}
		}
	}
	return nil
}

func (r *Rules) checkQuorum() error {
	for i, q := range r.Quorum {
		path := fmt.Sprintf("quorums[%d]", i)
		switch {
		case q.Rank < StrongestRank || q.Rank > r.DecidesAlone:
			return rulesInvalid(path+".rank", "a quorum is for a rank that decides alone, from %d to %d, not %d", StrongestRank, r.DecidesAlone, q.Rank)
		case q.Bodies < 1 || q.Bodies > bodiesMax:
			return rulesInvalid(path+".bodies", "a quorum has 1 to %d bodies, not %d", bodiesMax, q.Bodies)
		case slices.ContainsFunc(r.Quorum[:i], func(o Quorum) bool { return o.Rank == q.Rank }):
			return rulesInvalid(path+".rank", "rank %d has two quorums", q.Rank)
		}
	}
	return nil
}

// checkCustody admits no version that takes anybody's word in place of steps: the first one
// does, for claims from before there were steps.
func (r *Rules) checkCustody() error {
	c := &r.Custody
	if c.Unrecorded != UnrecordedGap {
		return rulesInvalid("custody.unrecorded", "a physical sample without steps of custody must have a gap (rule V6)")
	}
	if err := knownOnce("custody.platform_steps", c.Platform, custody.Kinds()); err != nil {
		return err
	}
	if err := knownOnce("custody.consumer_steps", c.Consumer, custody.Kinds()); err != nil {
		return err
	}
	if c.WeightMilligrams < 0 || c.WeightMilligrams > weightMost {
		return rulesInvalid("custody.weight_tolerance_milligrams", "the weight must be from 0 to %d mg", weightMost)
	}
	if c.WeightPerMille < 0 || c.WeightPerMille > perMille {
		return rulesInvalid("custody.weight_tolerance_per_mille", "the share must be from 0 to %d per mille", perMille)
	}
	return nil
}

func (r *Rules) checkUnsigned() error {
	if r.Unsigned.Ranks < 0 || r.Unsigned.Ranks >= WeakestRank {
		return rulesInvalid("unsigned_ranks", "an unsigned result can count 0 to %d ranks less, not %d", WeakestRank-1, r.Unsigned.Ranks)
	}
	return nil
}

// checkSourceProof asks for proof of the source for results alone that a person has to weigh.
func (r *Rules) checkSourceProof() error {
	if n := r.SourceProofFrom; n != 0 && (n <= r.DecidesAlone || n > WeakestRank) {
		return rulesInvalid("source_proof_from", "the rank from which the merchant proves its source first must be from %d to %d, or 0 for none, not %d",
			r.DecidesAlone+1, WeakestRank, n)
	}
	return nil
}

// checkRetest has the server draw only where the drawn body's result ends the conflict: where it is
// a re-inspection without anybody's word, is final, and ranks above the results that disagree.
func (r *Rules) checkRetest() error {
	n := r.Reinspection.RetestDays
	switch {
	case n < 0 || n > RetestDaysMax:
		return rulesInvalid("retest_days", "a body that the server draws for a re-test has 1 to %d days, or 0 if none is drawn, not %d", RetestDaysMax, n)
	case n > 0 && (!r.Reinspection.Independent || !r.Reinspection.Final):
		return rulesInvalid("retest_days", "a body is drawn for a re-test only where re-inspections are another body's and final (rule V3)")
	case n > 0 && r.retestRank() > r.DecidesAlone:
		return rulesInvalid("retest_days", "a re-inspection has rank %d, and does not decide alone", r.retestRank())
	}
	return nil
}

func (r *Rules) checkEffect() error {
	if r.EffectiveFrom.IsZero() {
		return rulesInvalid("effective_from", "the rules must have a time from which they are in force")
	}
	return nil
}

// CheckSuccession refuses rules that do not follow a version: another number than the next, and
// a time at which that version is not in force yet. A version that is published later than now, as
// the built-in ones are for a sandbox whose clock stands before the release, does not stand in the way.
func (r *Rules) CheckSuccession(newest *Rules, now time.Time) error {
	if r.Version != newest.Version+1 {
		return rulesInvalid("name", "the next version of the decision rules is %d, not %d", newest.Version+1, r.Version)
	}
	if !r.EffectiveFrom.After(newest.EffectiveFrom) && !newest.PublishedAt.After(now) {
		return rulesInvalid("effective_from", "version %d takes effect at %s, and the next one must do so later",
			newest.Version, newest.EffectiveFrom.UTC().Format(time.RFC3339))
	}
	return nil
}

// knownOnce refuses unknown and repeated entries.
func knownOnce[T ~string](path string, list, known []T) error {
	for i, entry := range list {
		if !slices.Contains(known, entry) {
			return rulesInvalid(fmt.Sprintf("%s[%d]", path, i), "the entry must be one of %v", known)
		}
		if slices.Contains(list[:i], entry) {
			return rulesInvalid(fmt.Sprintf("%s[%d]", path, i), "%s is listed twice", entry)
		}
	}
	return nil
}
