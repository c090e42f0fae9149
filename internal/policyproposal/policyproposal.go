// Package policyproposal describes policy versions that are proposed: who may decide
// them, when they can take effect, and what happened to them. What a version may say
// is left to policy, and storing to postgres.
package policyproposal

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Approvers is how many people other than the proposer must approve a version.
const Approvers = 2

// Life is how long a proposal may stay open. A month is long enough for approvers on
// leave, and too short for a forgotten proposal to surprise anybody.
const Life = 30 * 24 * time.Hour

// State is where a proposal stands.
type State string

// The states of a proposal.
const (
	// Open waits for approvers.
	Open State = "OPEN"
	// Published was approved by two people.
	Published State = "PUBLISHED"
	// Refused was refused by one person.
	Refused State = "REFUSED"
	// Withdrawn was taken back by its proposer.
	Withdrawn State = "WITHDRAWN"
	// Expired was decided by nobody in time.
	Expired State = "EXPIRED"
)

// States lists the states.
func States() []State { return []State{Open, Published, Refused, Withdrawn, Expired} }

// Action is what happened to a proposal.
type Action string

// The actions. A vote is one of approval, refusal and withdrawal.
const (
	ActionProposed  Action = "PROPOSED"
	ActionApproved  Action = "APPROVED"
	ActionRefused   Action = "REFUSED"
	ActionWithdrawn Action = "WITHDRAWN"
	ActionPublished Action = "PUBLISHED"
	ActionExpired   Action = "EXPIRED"
)

// Actions lists the actions.
func Actions() []Action {
	return []Action{ActionProposed, ActionApproved, ActionRefused, ActionWithdrawn, ActionPublished, ActionExpired}
}

// Votes lists the actions that people decide a proposal by.
func Votes() []Action { return []Action{ActionApproved, ActionRefused, ActionWithdrawn} }

// Key names a proposal. Those of a policy are numbered from 1 without gaps.
type Key struct {
	PolicyID string
	Number   int32
}

// Name is the name of the proposal in the contract.
func (k Key) Name() string { return fmt.Sprintf("policies/%s/proposals/%d", k.PolicyID, k.Number) }

// Proposal is a policy version that is published once two people other than its
// proposer approve it. Its content never changes.
type Proposal struct {
	Key
	// State is as it is stored: an open proposal whose time is over is told by
	// StateAt.
	State State
	// Version is without a time of publication until it is published.
	Version policy.Version
	// Proposed is who proposed it, why and when.
	Proposed  Step
	ExpiresAt time.Time
	// EndedAt is when it was published, refused or withdrawn, or expired; zero while
	// it is open.
	EndedAt time.Time
	// Voted are the decisions of people, in their order.
	Voted []Step
}

// Step is one thing that happened to a proposal.
type Step struct {
	Action    Action
	Principal principal.Principal
	Note      string
	At        time.Time
}

// Due says whether an open proposal has expired by now.
func (p *Proposal) Due(now time.Time) bool { return p.State == Open && !now.Before(p.ExpiresAt) }

// At is the proposal as it stands at a time: one that is due has expired.
func (p Proposal) At(now time.Time) Proposal {
	if p.Due(now) {
		p.State, p.EndedAt = Expired, p.ExpiresAt
	}
	return p
}

// Steps are everything that happened to the proposal, in its order.
func (p *Proposal) Steps() []Step {
	steps := append([]Step{p.Proposed}, p.Voted...)
	switch p.State {
	case Published:
		last := steps[len(steps)-1]
		last.Action, last.Note, last.At = ActionPublished, "", p.EndedAt
		steps = append(steps, last)
	case Expired:
		steps = append(steps, Step{Action: ActionExpired, At: p.EndedAt})
	case Open, Refused, Withdrawn:
	}
	return steps
}

// Approved counts the approvals.
func (p *Proposal) Approved() int {
	n := 0
	for _, v := range p.Voted {
		if v.Action == ActionApproved {
			n++
		}
	}
	return n
}

// Later gives a time that is not before anything that happened to the proposal, so
// that its steps stay in order where the clocks of two servers differ.
func (p *Proposal) Later(now time.Time) time.Time {
	for _, s := range append([]Step{p.Proposed}, p.Voted...) {
		if s.At.After(now) {
			now = s.At
		}
	}
	return now
}

// CheckVote refuses a vote: with PERSON_REQUIRED that of nobody, with
// PROPOSAL_STATE_CONFLICT one on a proposal that has ended, with SAME_PERSON an
// approval by the proposer and a second vote of one person, and with ACCESS_DENIED a
// withdrawal by anybody but the proposer.
func (p *Proposal) CheckVote(vote Action, person string, now time.Time) error {
	if person == "" {
		return fault.New(fault.PersonRequired, "a policy proposal must be decided by a person, but the call names no person")
	}
	if at := p.At(now); at.State != Open {
		return p.conflict(&at)
	}
	own := principal.Same(person, p.Proposed.Principal.Person)
	voted := slices.ContainsFunc(p.Voted, func(v Step) bool { return principal.Same(v.Principal.Person, person) })
	switch {
	case vote == ActionWithdrawn && !own:
		return p.with(fault.New(fault.AccessDenied, "only the person who made proposal %d can withdraw it; others refuse it", p.Number))
	case vote == ActionWithdrawn:
		return nil
	case own && vote == ActionApproved:
		return p.with(fault.New(fault.SamePerson, "the person who made proposal %d cannot approve it", p.Number))
	case own:
		return p.with(fault.New(fault.SamePerson, "the person who made proposal %d cannot refuse it, but can withdraw it", p.Number))
	case voted && vote == ActionApproved:
		return p.with(fault.New(fault.SamePerson, "this person has already approved proposal %d; the second approver must be somebody else", p.Number))
	case voted:
		return p.with(fault.New(fault.SamePerson, "the person who approved proposal %d cannot refuse it", p.Number))
	}
	return nil
}

func (p *Proposal) conflict(at *Proposal) error {
	return p.with(fault.New(fault.ProposalStateConflict, "proposal %d of policy %s is already %s, since %s",
		p.Number, p.PolicyID, at.State, at.EndedAt.UTC().Format(time.RFC3339))).With("state", at.State)
}

// with names the proposal in a refusal.
func (p *Proposal) with(f *fault.Error) *fault.Error {
	return f.With("proposalNumber", p.Number).With("policyId", p.PolicyID)
}

// StillOpen refuses another proposal for a policy beside this one, with
// PROPOSAL_STATE_CONFLICT.
func (p *Proposal) StillOpen() error {
	return p.with(fault.New(fault.ProposalStateConflict,
		"proposal %d of policy %s is still open; it must be decided or withdrawn before another one is made", p.Number, p.PolicyID)).
		With("state", p.State)
}

// CheckEffect refuses a version that could not take effect as it says if it were
// published now, with POLICY_NOTICE_TOO_SHORT and the earliest time that would do.
func (p *Proposal) CheckEffect(now time.Time) error {
	earliest := Earliest(now)
	if !p.Version.EffectiveFrom.Before(earliest) {
		return nil
	}
	return p.with(fault.New(fault.PolicyNoticeTooShort,
		"the version can no longer take effect at %s, because that is less than seven days away (E-Commerce Law Art. 34); "+
			"withdraw or refuse the proposal, and propose the version to take effect at %s or later",
		p.Version.EffectiveFrom.UTC().Format(time.RFC3339), earliest.Format(time.RFC3339))).
		With("earliestEffectiveFrom", earliest.Format(time.RFC3339))
}

// Earliest is the earliest time, in whole seconds, at which a version that is published
// at a time can take effect.
func Earliest(published time.Time) time.Time {
	earliest := published.Add(policy.NoticeMin)
	if whole := earliest.Truncate(time.Second); !whole.Equal(earliest) {
		earliest = whole.Add(time.Second)
	}
	return earliest.UTC()
}
