package rpc

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func policyProposalOf(p *policyproposal.Proposal) *tenfoldv1.PolicyProposal {
	out := &tenfoldv1.PolicyProposal{
		Name: p.Name(), State: policyProposalStates.proto(p.State), PolicyVersion: policyVersionOf(&p.Version),
		Note: p.Proposed.Note, ProposedBy: p.Proposed.Principal.Person, ProposedAt: stamp(p.Proposed.At),
		ExpiresAt: stamp(p.ExpiresAt), EndedAt: stamp(p.EndedAt),
	}
	out.Steps, out.UpdateTime = policyStepsOf(&p.Course)
	return out
}

// policyStepsOf are everything that happened to a proposed version, and the time of the last of it.
func policyStepsOf(c *policyproposal.Course) (steps []*tenfoldv1.PolicyProposalStep, last *timestamppb.Timestamp) {
	for _, s := range c.Steps() {
		last = stamp(s.At)
		steps = append(steps, &tenfoldv1.PolicyProposalStep{
			Action: policyProposalActions.proto(s.Action), Person: s.Principal.Person, Workload: s.Principal.Workload,
			Role: string(s.Principal.Role), Note: s.Note, ActedAt: stamp(s.At),
		})
	}
	return steps, last
}

func policyChangeOf(c *policy.Change) *tenfoldv1.PolicyChange {
	out := &tenfoldv1.PolicyChange{
		LegalBasis: legalBases.proto(c.Basis), CurrencyCode: c.Currency, Categories: c.Categories,
		Before: versionNameOf(c.Before), After: versionNameOf(c.After),
	}
	for _, t := range c.Terms {
		out.Terms = append(out.Terms, &tenfoldv1.PolicyTermChange{Field: t.Field, Before: t.Before, After: t.After})
	}
	return out
}

// versionNameOf names a version; no version has no name.
func versionNameOf(v *policy.Version) string {
	if v == nil {
		return ""
	}
	return policyVersionName(v.PolicyID, v.Number)
}
