package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func decisionRulesOf(r *claim.Rules) *tenfoldv1.DecisionRules {
	p := &tenfoldv1.DecisionRules{
		Name: decisionRulesName(r.Version), Note: r.Note, PublishedAt: stamp(r.PublishedAt), EffectiveFrom: stamp(r.EffectiveFrom),
		DecidesAlone: int32(r.DecidesAlone), ReinspectionIndependent: r.Reinspection.Independent, ReinspectionFinal: r.Reinspection.Final,
		UnsignedRanks: int32(r.Unsigned.Ranks), SourceProofFrom: int32(r.SourceProofFrom), RetestDays: int32(r.Reinspection.RetestDays),
		Custody: &tenfoldv1.CustodyTerms{
			UnrecordedAsTold: r.Custody.Unrecorded == claim.UnrecordedAsTold,
			PlatformSteps:    custodyKinds.protos(r.Custody.Platform), ConsumerSteps: custodyKinds.protos(r.Custody.Consumer),
			WeightToleranceMilligrams: r.Custody.WeightMilligrams, WeightTolerancePerMille: int32(r.Custody.WeightPerMille),
		},
	}
	for _, g := range r.Ladder {
		p.Ladder = append(p.Ladder, &tenfoldv1.RankRung{
			Rank: int32(g.Rank), AuthenticatorKinds: authenticatorKinds.protos(g.Kinds), SampleSources: sampleSources.protos(g.Samples),
			Reinspection: g.Reinspection,
		})
	}
	for _, q := range r.Quorum {
		p.Quorums = append(p.Quorums, &tenfoldv1.RankQuorum{Rank: int32(q.Rank), Bodies: int32(q.Bodies)})
	}
	return p
}

func decisionRules(p *tenfoldv1.DecisionRules) claim.Rules {
	c := p.GetCustody()
	r := claim.Rules{
		Version: int32(numberOf(p.GetName())), Note: p.GetNote(), PublishedAt: moment(p.GetPublishedAt()), EffectiveFrom: moment(p.GetEffectiveFrom()),
		DecidesAlone: int(p.GetDecidesAlone()),
		Reinspection: claim.ReinspectionRules{
			Independent: p.GetReinspectionIndependent(), Final: p.GetReinspectionFinal(), RetestDays: int(p.GetRetestDays()),
		},
		Unsigned:        claim.UnsignedRules{Ranks: int(p.GetUnsignedRanks())},
		SourceProofFrom: int(p.GetSourceProofFrom()),
		Custody: claim.CustodyRules{
			Unrecorded: claim.UnrecordedGap, Platform: custodyKinds.domains(c.GetPlatformSteps()), Consumer: custodyKinds.domains(c.GetConsumerSteps()),
			WeightMilligrams: c.GetWeightToleranceMilligrams(), WeightPerMille: int64(c.GetWeightTolerancePerMille()),
		},
	}
	for _, g := range p.GetLadder() {
		r.Ladder = append(r.Ladder, claim.Rung{
			Rank: int(g.GetRank()), Kinds: authenticatorKinds.domains(g.GetAuthenticatorKinds()), Samples: sampleSources.domains(g.GetSampleSources()),
			Reinspection: g.GetReinspection(),
		})
	}
	for _, q := range p.GetQuorums() {
		r.Quorum = append(r.Quorum, claim.Quorum{Rank: int(q.GetRank()), Bodies: int(q.GetBodies())})
	}
	return r
}

func rulesProposalOf(p *policyproposal.Rules) *tenfoldv1.DecisionRulesProposal {
	out := &tenfoldv1.DecisionRulesProposal{
		Name: p.Name(), State: policyProposalStates.proto(p.State), DecisionRules: decisionRulesOf(&p.Rules),
		ProposedBy: p.Proposed.Principal.Person, ProposedAt: stamp(p.Proposed.At),
		ExpiresAt: stamp(p.ExpiresAt), EndedAt: stamp(p.EndedAt),
	}
	out.Steps, out.UpdateTime = policyStepsOf(&p.Course)
	return out
}
