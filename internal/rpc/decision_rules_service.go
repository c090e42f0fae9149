package rpc

import (
	"context"
	"math"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// decisionRulesService implements DecisionRulesService.
type decisionRulesService struct {
	tenfoldv1.UnimplementedDecisionRulesServiceServer
	backend
}

func (s *decisionRulesService) GetDecisionRules(ctx context.Context, r *tenfoldv1.GetDecisionRulesRequest) (*tenfoldv1.GetDecisionRulesResponse, error) {
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	list := catalog.Rules.List()
	number := int32(numberOf(r.GetName()))
	k := slices.IndexFunc(list, func(v claim.Rules) bool { return v.Version == number })
	if k < 0 {
		return nil, fault.New(fault.DecisionRulesNotFound, "the decision rules have no version %d", number).At("name")
	}
	return &tenfoldv1.GetDecisionRulesResponse{DecisionRules: decisionRulesOf(&list[k])}, nil
}

func (s *decisionRulesService) ListDecisionRules(ctx context.Context, r *tenfoldv1.ListDecisionRulesRequest) (*tenfoldv1.ListDecisionRulesResponse, error) {
	p, before, err := s.pageBefore(ctx, r)
	if err != nil {
		return nil, err
	}
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	rows := slices.Clone(catalog.Rules.List())
	slices.Reverse(rows)
	rows = slices.DeleteFunc(rows, func(v claim.Rules) bool { return before > 0 && v.Version >= before })
	list, next := listed(&p, rows, decisionRulesOf, func(v *claim.Rules) []string { return []string{decimal(int64(v.Version))} })
	return &tenfoldv1.ListDecisionRulesResponse{DecisionRules: list, NextPageToken: next}, nil
}

// pageBefore is a page of a list by falling numbers, and the number before which it begins; zero
// for the first page.
func (s *decisionRulesService) pageBefore(ctx context.Context, r pageRequest) (page, int32, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return p, 0, err
	}
	number, err := p.number(0)
	if err == nil && (number < 0 || number > math.MaxInt32) {
		err = fault.New(fault.PageTokenInvalid, "the page token does not hold a position in this list").At("page_token")
	}
	return p, int32(number), err
}

func (s *decisionRulesService) ProposeDecisionRules(ctx context.Context, r *tenfoldv1.ProposeDecisionRulesRequest) (*tenfoldv1.ProposeDecisionRulesResponse, error) {
	p, replayed, err := s.engine.ProposeDecisionRules(ctx, s.header(ctx, "", r), decisionRules(r.GetDecisionRules()))
	if err != nil {
		return nil, err
	}
	out := rulesProposalOf(&p)
	if r.GetValidateOnly() && !replayed {
		out.Name = ""
	}
	return &tenfoldv1.ProposeDecisionRulesResponse{DecisionRulesProposal: out, Replayed: replayed}, nil
}

func (s *decisionRulesService) decide(ctx context.Context, r policyVote, vote policyproposal.Action) (*tenfoldv1.DecisionRulesProposal, bool, error) {
	p, replayed, err := s.engine.DecideRulesProposal(ctx, s.header(ctx, "", r), int32(numberOf(r.GetName())), vote, r.GetNote())
	return rulesProposalOf(&p), replayed, err
}

func (s *decisionRulesService) ApproveDecisionRulesProposal(ctx context.Context, r *tenfoldv1.ApproveDecisionRulesProposalRequest) (*tenfoldv1.ApproveDecisionRulesProposalResponse, error) {
	p, replayed, err := s.decide(ctx, r, policyproposal.ActionApproved)
	return answer(&tenfoldv1.ApproveDecisionRulesProposalResponse{DecisionRulesProposal: p, Replayed: replayed}, err)
}

func (s *decisionRulesService) RefuseDecisionRulesProposal(ctx context.Context, r *tenfoldv1.RefuseDecisionRulesProposalRequest) (*tenfoldv1.RefuseDecisionRulesProposalResponse, error) {
	p, replayed, err := s.decide(ctx, r, policyproposal.ActionRefused)
	return answer(&tenfoldv1.RefuseDecisionRulesProposalResponse{DecisionRulesProposal: p, Replayed: replayed}, err)
}

func (s *decisionRulesService) WithdrawDecisionRulesProposal(ctx context.Context, r *tenfoldv1.WithdrawDecisionRulesProposalRequest) (*tenfoldv1.WithdrawDecisionRulesProposalResponse, error) {
	p, replayed, err := s.decide(ctx, r, policyproposal.ActionWithdrawn)
	return answer(&tenfoldv1.WithdrawDecisionRulesProposalResponse{DecisionRulesProposal: p, Replayed: replayed}, err)
}

func (s *decisionRulesService) GetDecisionRulesProposal(ctx context.Context, r *tenfoldv1.GetDecisionRulesProposalRequest) (*tenfoldv1.GetDecisionRulesProposalResponse, error) {
	p, err := s.engine.RulesProposal(ctx, int32(numberOf(r.GetName())))
	return answer(&tenfoldv1.GetDecisionRulesProposalResponse{DecisionRulesProposal: rulesProposalOf(&p)}, err)
}

func (s *decisionRulesService) ListDecisionRulesProposals(ctx context.Context, r *tenfoldv1.ListDecisionRulesProposalsRequest) (*tenfoldv1.ListDecisionRulesProposalsResponse, error) {
	p, before, err := s.pageBefore(ctx, r)
	if err != nil {
		return nil, err
	}
	now := s.engine.Now()
	rows, err := s.db.RulesProposals(ctx, policyProposalStates.domain(r.GetState()), now, before, p.size+1)
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i] = rows[i].At(now)
	}
	list, next := listed(&p, rows, rulesProposalOf, func(x *policyproposal.Rules) []string { return []string{decimal(int64(x.Number))} })
	return &tenfoldv1.ListDecisionRulesProposalsResponse{DecisionRulesProposals: list, NextPageToken: next}, nil
}
