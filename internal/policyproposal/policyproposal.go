// Package policyproposal describes versions of policies and of the decision rules that are
// proposed: who may decide them, when they can take effect, and what happened to them. What a
// version may say is left to policy and claim, and storing to postgres.
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
	Course
	// Version is without a time of publication until it is published.
	Version policy.Version
}

// Course is what happened to a proposed version.
type Course struct {
	// State is as it is stored: an open proposal whose time is over is told by
	// At.
	State State
	// Proposed is who proposed it, why and when.
	Proposed  Step
	ExpiresAt time.Time
	// EndedAt is when it was published, refused or withdrawn, or expired; zero while
	// it is open.
	EndedAt time.Time
	// Voted are the decisions of people, in their order.
	Voted []Step
}

// Begin is the course of a proposal that a person makes.
func Begin(by principal.Principal, note string, at time.Time) Course {
	return Course{State: Open, Proposed: Step{Action: ActionProposed, Principal: by, Note: note, At: at}, ExpiresAt: at.Add(Life)}
}

// Step is one thing that happened to a proposal.
type Step struct {
	Action    Action
	Principal principal.Principal
	Note      string
	At        time.Time
}

// Due says whether an open proposal has expired by now.
func (p *Course) Due(now time.Time) bool { return p.State == Open && !now.Before(p.ExpiresAt) }

// At is the proposal as it stands at a time: one that is due has expired.
func (p Proposal) At(now time.Time) Proposal {
	p.Course = p.Course.At(now)
	return p
}

// At is the course as it stands at a time.
func (p Course) At(now time.Time) Course {
	if p.Due(now) {
		p.State, p.EndedAt = Expired, p.ExpiresAt
	}
	return p
}

// End ends a course by its last vote, if that decides it, and says whether that publishes the
// version.
func (p *Course) End() (ended, published bool) {
	last := p.Voted[len(p.Voted)-1]
	switch {
	case last.Action == ActionRefused:
		p.State = Refused
	case last.Action == ActionWithdrawn:
		p.State = Withdrawn
	case p.Approved() < Approvers:
		return false, false
	default:
		p.State, published = Published, true
	}
	p.EndedAt = last.At
	return true, published
}

// Steps are everything that happened to the proposal, in its order.
func (p *Course) Steps() []Step {
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
func (p *Course) Approved() int {
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
func (p *Course) Later(now time.Time) time.Time {
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
	return p.checkVote(vote, person, now, p.Number, fmt.Sprintf("proposal %d of policy %s", p.Number, p.PolicyID), p.with)
}

// checkVote refuses a vote on the proposal of a number. It is called by name where it has ended,
// and with names it in the refusal.
func (p *Course) checkVote(vote Action, person string, now time.Time, number int32, name string, with func(*fault.Error) *fault.Error) error {
	if person == "" {
		return fault.New(fault.PersonRequired, "a proposal must be decided by a person, but the call names no person")
	}
	if at := p.At(now); at.State != Open {
		return with(fault.New(fault.ProposalStateConflict, "%s is already %s, since %s", name, at.State, at.EndedAt.UTC().Format(time.RFC3339))).
			With("state", at.State)
	}
	own := principal.Same(person, p.Proposed.Principal.Person)
	voted := slices.ContainsFunc(p.Voted, func(v Step) bool { return principal.Same(v.Principal.Person, person) })
	switch {
	case vote == ActionWithdrawn && !own:
		return with(fault.New(fault.AccessDenied, "only the person who made proposal %d can withdraw it; others refuse it", number))
	case vote == ActionWithdrawn:
		return nil
	case own && vote == ActionApproved:
		return with(fault.New(fault.SamePerson, "the person who made proposal %d cannot approve it", number))
	case own:
		return with(fault.New(fault.SamePerson, "the person who made proposal %d cannot refuse it, but can withdraw it", number))
	case voted && vote == ActionApproved:
		return with(fault.New(fault.SamePerson, "this person has already approved proposal %d; the second approver must be somebody else", number))
	case voted:
		return with(fault.New(fault.SamePerson, "the person who approved proposal %d cannot refuse it", number))
	}
	return nil
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
	return wholeSecond(published.Add(policy.NoticeMin))
}

// wholeSecond is a time, or the next one in whole seconds.
func wholeSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); !whole.Equal(t) {
		t = whole.Add(time.Second)
	}
	return t.UTC()
}
