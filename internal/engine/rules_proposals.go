package engine

import (
	"cmp"
	"context"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ProposeDecisionRules stores the next version of the decision rules as a proposal, which two
// other people approve before it is published. Refuses with PERSON_REQUIRED, with what
// Rules.CheckTerms refuses, with DECISION_RULES_NOTICE_TOO_SHORT if the rules would take effect
// less than a day from now, with PROPOSAL_STATE_CONFLICT while another proposal is open, and with
// REQUEST_INVALID for rules that tell when they were published or do not follow the newest ones.
func (e *Engine) ProposeDecisionRules(ctx context.Context, h request.Header, r claim.Rules) (p policyproposal.Rules, replayed bool, err error) {
	if h.Principal.Person == "" {
		return p, false, fault.New(fault.PersonRequired, "decision rules must be proposed by a person, but the call names no person")
	}
	if !r.PublishedAt.IsZero() {
		return p, false, fault.New(fault.RequestInvalid,
			"published_at must be left out: rules are published when they are approved").At("decision_rules.published_at")
	}
	if err := r.CheckTerms(); err != nil {
		return p, false, err
	}
	number, err := e.db.NextRulesProposal(ctx)
	if err != nil {
		return p, false, err
	}
	p = policyproposal.Rules{Number: number, Rules: r, Course: policyproposal.Begin(h.Principal, r.Note, e.Now())}
	replayed, err = e.changeCatalog(ctx, h, proposedRules{r}, func(once request.Once) (bool, error) {
		once.Name = p.Name()
		stored, replayed, err := e.db.ProposeRules(ctx, once, &p, func() error { return p.CheckEffect(e.Now()) })
		if replayed {
			_, err = fmt.Sscanf(stored.Name, "decisionRulesProposals/%d", &number)
		}
		return replayed, err
	})
	if err == nil && replayed {
		p, err = e.RulesProposal(ctx, number)
	}
	return p, replayed, err
}

// DecideRulesProposal records an approval, a refusal or a withdrawal of a proposal by a person.
// The second approval publishes the rules, and its time is that of the publication. Refuses with
// what Rules.CheckVote refuses, with PROPOSAL_NOT_FOUND, and an approval with
// DECISION_RULES_NOTICE_TOO_SHORT or what else speaks against the publication by now.
func (e *Engine) DecideRulesProposal(
	ctx context.Context, h request.Header, number int32, vote policyproposal.Action, note string,
) (p policyproposal.Rules, replayed bool, err error) {
	if h.Principal.Person == "" {
		return p, false, fault.New(fault.PersonRequired, "a proposal of decision rules must be decided by a person, but the call names no person")
	}
	content := decidedRules{number, vote, note}
	replayed, err = e.changeCatalog(ctx, h, content, func(once request.Once) (replayed bool, err error) {
		once.Name = policyproposal.RulesName(number)
		p, replayed, err = e.db.DecideRulesProposal(ctx, once, number, func(p *policyproposal.Rules) (policyproposal.Step, error) {
			now := p.Later(e.Now())
			if err := p.CheckVote(vote, h.Principal.Person, now); err != nil {
				return policyproposal.Step{}, err
			}
			if vote == policyproposal.ActionApproved {
				if err := cmp.Or(p.CheckEffect(now), p.Rules.CheckTerms()); err != nil {
					return policyproposal.Step{}, err
				}
			}
			return policyproposal.Step{Action: vote, Principal: h.Principal, Note: note, At: now}, nil
		})
		return replayed, err
	})
	if err == nil && replayed {
		p, err = e.RulesProposal(ctx, number)
	}
	return p, replayed, err
}

// RulesProposal reads a proposal of decision rules as it stands now. PROPOSAL_NOT_FOUND.
func (e *Engine) RulesProposal(ctx context.Context, number int32) (policyproposal.Rules, error) {
	p, found, err := e.db.RulesProposal(ctx, number)
	if err == nil && !found {
		err = postgres.RulesProposalNotFound(number)
	}
	return p.At(e.Now()), err
}

// proposedRules is the content of a request to propose decision rules.
type proposedRules struct{ claim.Rules }

func (p proposedRules) Cover(d *request.Digest) {
	d.Number(int64(p.Version))
	d.Texts(p.Note, string(p.Custody.Unrecorded))
	d.Time(p.EffectiveFrom)
	d.Number(int64(len(p.Ladder)))
	for _, g := range p.Ladder {
		d.Number(int64(g.Rank))
		d.Flag(g.Reinspection)
		coverList(d, g.Kinds)
		coverList(d, g.Samples)
	}
	d.Number(int64(len(p.Quorum)))
	for _, q := range p.Quorum {
		d.Number(int64(q.Rank))
		d.Number(int64(q.Bodies))
	}
	d.Flag(p.Reinspection.Independent)
	d.Flag(p.Reinspection.Final)
	for _, list := range [][]custody.Kind{p.Rules.Custody.Platform, p.Rules.Custody.Consumer} {
		coverList(d, list)
	}
	for _, n := range []int64{int64(p.DecidesAlone), p.Custody.WeightMilligrams, p.Custody.WeightPerMille, int64(p.Unsigned.Ranks), int64(p.SourceProofFrom)} {
		d.Number(n)
	}
	if p.Reinspection.RetestDays != 0 { // Requests from before there was one have none.
		d.Number(int64(p.Reinspection.RetestDays))
	}
}

func coverList[T ~string](d *request.Digest, list []T) {
	d.Number(int64(len(list)))
	for _, entry := range list {
		d.Texts(string(entry))
	}
}

// decidedRules is the content of a request to decide a proposal of decision rules.
type decidedRules struct {
	number int32
	vote   policyproposal.Action
	note   string
}

func (c decidedRules) Cover(d *request.Digest) {
	d.Texts(string(c.vote), c.note)
	d.Number(int64(c.number))
}
