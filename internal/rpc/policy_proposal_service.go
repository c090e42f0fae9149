package rpc

import (
	"context"
	"math"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// policyProposalService implements PolicyProposalService.
type policyProposalService struct {
	tenfoldv1.UnimplementedPolicyProposalServiceServer
	backend
}

func (s *policyProposalService) ProposePolicyVersion(ctx context.Context, r *tenfoldv1.ProposePolicyVersionRequest) (*tenfoldv1.ProposePolicyVersionResponse, error) {
	v, err := policyVersion(r.GetPolicyVersion())
	if err != nil {
		return nil, err
	}
	p, replayed, err := s.engine.ProposePolicyVersion(ctx, s.header(ctx, "", r), v, r.GetNote())
	if err != nil {
		return nil, err
	}
	out := policyProposalOf(&p)
	if r.GetValidateOnly() && !replayed {
		out.Name = ""
	}
	changes := s.engine.Catalog().Policies.Preview(&p.Version)
	return &tenfoldv1.ProposePolicyVersionResponse{PolicyProposal: out, Replayed: replayed, Changes: each(changes, policyChangeOf)}, nil
}

// policyVote is a request to decide a proposal.
type policyVote interface {
	mutation
	GetName() string
	GetNote() string
}

func (s *policyProposalService) decide(ctx context.Context, r policyVote, vote policyproposal.Action) (*tenfoldv1.PolicyProposal, bool, error) {
	p, replayed, err := s.engine.DecidePolicyProposal(ctx, s.header(ctx, "", r), proposalOfPolicy(r.GetName()), vote, r.GetNote())
	return policyProposalOf(&p), replayed, err
}

func (s *policyProposalService) ApprovePolicyProposal(ctx context.Context, r *tenfoldv1.ApprovePolicyProposalRequest) (*tenfoldv1.ApprovePolicyProposalResponse, error) {
	p, replayed, err := s.decide(ctx, r, policyproposal.ActionApproved)
	return answer(&tenfoldv1.ApprovePolicyProposalResponse{PolicyProposal: p, Replayed: replayed}, err)
}

func (s *policyProposalService) RefusePolicyProposal(ctx context.Context, r *tenfoldv1.RefusePolicyProposalRequest) (*tenfoldv1.RefusePolicyProposalResponse, error) {
	p, replayed, err := s.decide(ctx, r, policyproposal.ActionRefused)
	return answer(&tenfoldv1.RefusePolicyProposalResponse{PolicyProposal: p, Replayed: replayed}, err)
}

func (s *policyProposalService) WithdrawPolicyProposal(ctx context.Context, r *tenfoldv1.WithdrawPolicyProposalRequest) (*tenfoldv1.WithdrawPolicyProposalResponse, error) {
	p, replayed, err := s.decide(ctx, r, policyproposal.ActionWithdrawn)
	return answer(&tenfoldv1.WithdrawPolicyProposalResponse{PolicyProposal: p, Replayed: replayed}, err)
}

// proposalOfPolicy reads a name whose form the contract's rules have checked.
func proposalOfPolicy(name string) policyproposal.Key {
	id, _ := nameOf(name)
	return policyproposal.Key{PolicyID: id, Number: int32(numberOf(name))}
}

func (s *policyProposalService) GetPolicyProposal(ctx context.Context, r *tenfoldv1.GetPolicyProposalRequest) (*tenfoldv1.GetPolicyProposalResponse, error) {
	p, err := s.engine.PolicyProposal(ctx, proposalOfPolicy(r.GetName()))
	return answer(&tenfoldv1.GetPolicyProposalResponse{PolicyProposal: policyProposalOf(&p)}, err)
}

func (s *policyProposalService) ListPolicyProposals(ctx context.Context, r *tenfoldv1.ListPolicyProposalsRequest) (*tenfoldv1.ListPolicyProposalsResponse, error) {
	const cursorParts = 2
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	number, err := p.number(1)
	if err != nil {
		return nil, err
	}
	if number < 0 || number > math.MaxInt32 {
		return nil, fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	}
	id, _ := nameOf(r.GetParent())
	now := s.engine.Now()
	rows, err := s.db.PolicyProposals(ctx, postgres.PolicyProposalsAbout{
		PolicyID: anchor(id), State: policyProposalStates.domain(r.GetState()), Now: now,
		After: policyproposal.Key{PolicyID: p.cursor[0], Number: int32(number)},
	}, p.size+1)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i] = rows[i].At(now)
	}
	list, next := listed(&p, rows, policyProposalOf,
		func(x *policyproposal.Proposal) []string { return []string{x.PolicyID, decimal(int64(x.Number))} })
	return &tenfoldv1.ListPolicyProposalsResponse{PolicyProposals: list, NextPageToken: next}, nil
}

func (s *policyProposalService) PreviewPolicyVersion(ctx context.Context, r *tenfoldv1.PreviewPolicyVersionRequest) (*tenfoldv1.PreviewPolicyVersionResponse, error) {
	v, err := s.previewed(ctx, r)
	if err != nil {
		return nil, err
	}
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.PreviewPolicyVersionResponse{
		PolicyVersion: policyVersionOf(&v), Changes: each(catalog.Policies.Preview(&v), policyChangeOf), LimitsLacking: v.Lacking(),
	}, nil
}

// previewed is the version that a request gives or names.
func (s *policyProposalService) previewed(ctx context.Context, r *tenfoldv1.PreviewPolicyVersionRequest) (policy.Version, error) {
	name := r.GetName()
	switch {
	case r.GetPolicyVersion() != nil:
		v, err := policyVersion(r.GetPolicyVersion())
		if err == nil {
			err = v.CheckTerms()
		}
		return v, err
	case strings.Contains(name, "/proposals/"):
		p, err := s.engine.PolicyProposal(ctx, proposalOfPolicy(name))
		return p.Version, err
	}
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return policy.Version{}, err
	}
	v, err := publishedVersion(catalog, name)
	if err != nil {
		return policy.Version{}, err
	}
	return *v, nil
}
