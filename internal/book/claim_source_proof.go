package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// checkSource refuses a person's verdict that owes compensation on nothing but weak results while
// the merchant may still prove where its goods come from (rule V12). Which results are weak is a
// rule of the claim. Refuses with SOURCE_PROOF_MISSING.
func (b *Book) checkSource(c *claim.Claim, units []claim.Unit) error {
	from := b.rules(c).SourceProofFrom
	if from == 0 || b.sourceAsked(c.ID) {
		return nil
	}
	graded := b.grades(c.ID)
	for _, u := range units {
		if !u.Owed() {
			continue
		}
		rank := claim.WeakestRank
		for i := range graded {
			if g := &graded[i]; !g.Retracted && slices.ContainsFunc(g.Units, func(x claim.Unit) bool { return x.Ordinal == u.Ordinal && x.Verdict == u.Verdict }) {
				rank = min(rank, g.Rank)
			}
		}
		if rank >= from {
			return fault.New(fault.SourceProofMissing, "unit %d rests on results of rank %d at best: ask the merchant for evidence of the kind %s first, "+
				"and decide once it has answered or its time has passed", u.Ordinal, rank, claim.ProofOfSource).
				With("claimId", c.ID).With("ordinal", u.Ordinal).With("rank", rank).With("evidenceKind", claim.ProofOfSource).At("unit_verdicts").About(c)
		}
	}
	return nil
}

// sourceAsked says whether the merchant was asked to prove its source, and has answered or let
// the time pass.
func (b *Book) sourceAsked(claimID string) bool {
	return slices.ContainsFunc(b.evidenceRequestsOn(claimID), func(r *claim.EvidenceRequest) bool {
		return r.Asked == claim.AskedMerchant && r.Kind == claim.ProofOfSource &&
			(r.State == claim.RequestAnswered || r.State == claim.RequestOpen && !b.now.Before(r.DueAt))
	})
}
