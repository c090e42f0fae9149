package policyproposal

import (
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// RulesNotice is how long before it takes effect a version of the decision rules must be
// published. Every server has read it by then.
const RulesNotice = 24 * time.Hour

// Rules is a version of the decision rules that is published once two people other than its
// proposer approve it. Its content never changes.
type Rules struct {
	// Number counts the proposals from 1.
	Number int32
	Course
	// Rules are without a time of publication until they are published.
	Rules claim.Rules
}

// Name is the name of the proposal in the contract.
func (p *Rules) Name() string { return RulesName(p.Number) }

// RulesName is the name of a proposal of decision rules in the contract.
func RulesName(number int32) string { return fmt.Sprintf("decisionRulesProposals/%d", number) }

// At is the proposal as it stands at a time: one that is due has expired.
func (p Rules) At(now time.Time) Rules {
	p.Course = p.Course.At(now)
	return p
}

// CheckVote refuses a vote like Proposal.CheckVote.
func (p *Rules) CheckVote(vote Action, person string, now time.Time) error {
	return p.checkVote(vote, person, now, p.Number, fmt.Sprintf("proposal %d of the decision rules", p.Number), p.with)
}

func (p *Rules) with(f *fault.Error) *fault.Error { return f.With("proposalNumber", p.Number) }

// StillOpen refuses another proposal beside this one, with PROPOSAL_STATE_CONFLICT.
func (p *Rules) StillOpen() error {
	return p.with(fault.New(fault.ProposalStateConflict,
		"proposal %d of the decision rules is still open; it must be decided or withdrawn before another one is made", p.Number)).
		With("state", p.State)
}

// CheckEffect refuses rules that could not take effect as they say if they were published now,
// with DECISION_RULES_NOTICE_TOO_SHORT and the earliest time that would do.
func (p *Rules) CheckEffect(now time.Time) error {
	earliest := wholeSecond(now.Add(RulesNotice))
	if !p.Rules.EffectiveFrom.Before(earliest) {
		return nil
	}
	return p.with(fault.New(fault.DecisionRulesNoticeTooShort,
		"decision rules must take effect at least %s after their publication, so that every server has read them: not before %s if they were published now",
		RulesNotice, earliest.Format(time.RFC3339))).
		With("earliestEffectiveFrom", earliest.Format(time.RFC3339)).At("decision_rules.effective_from")
}
