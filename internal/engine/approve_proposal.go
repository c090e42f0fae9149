package engine

import (
	"context"
	"errors"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// onProposal is a command on a proposal that exists.
type onProposal struct {
	Number int64
}

func (o *onProposal) need(c *call, n *needs) { n.proposal(c.header.MerchantID, o.Number) }

func (o *onProposal) follow(b *Book, n *needs, round int) {
	p := b.proposals.get(o.Number)
	switch {
	case p == nil || round > 1:
	case p.Undoes == 0:
		n.owed(b.merchantID, p.DebtKind, p.DebtID)
	case round == 0:
		n.proposal(b.merchantID, p.Undoes)
	default:
		if of := b.proposals.get(p.Undoes); of != nil {
			n.owed(b.merchantID, of.DebtKind, of.DebtID)
		}
	}
}

// open gives the proposal if it still waits for people.
func (o *onProposal) open(b *Book) (*postgres.Proposal, error) {
	p := b.proposals.get(o.Number)
	switch {
	case p == nil:
		return nil, proposalNotFound(b.merchantID, o.Number)
	case p.State != postgres.ProposalOpen:
		return nil, proposalConflict(p, "proposal %d is %s", p.Number, p.State)
	}
	return p, nil
}

// vote keeps what the caller says to the proposal, as part of the running event.
func (o *onProposal) vote(b *Book, approved bool, note string) {
	p := b.proposals.edit(o.Number, b.command)
	v := postgres.ProposalVote{
		ProposalKey: p.ProposalKey, Person: b.call.header.Principal.Person, Approved: approved, Note: note,
		EventNumber: b.event().Number, VotedAt: b.now,
	}
	// A copy, so that what a refused command adds never shows.
	p.Votes = append(p.Votes[:len(p.Votes):len(p.Votes)], v)
	b.votes.add(v)
	b.detail("proposal", strconv.FormatInt(p.Number, 10))
	b.detail("kind", string(p.Kind))
}

func proposalNotFound(merchantID string, number int64) *fault.Error {
	return fault.New(fault.ProposalNotFound, "merchant %s has no proposal %d", merchantID, number).With("proposalNumber", number)
}

func proposalConflict(p *postgres.Proposal, format string, args ...any) *fault.Error {
	return fault.New(fault.ProposalStateConflict, format, args...).With("proposalNumber", p.Number).With("state", p.State)
}

// ApproveProposal is one of two people agreeing to a proposal; the second one
// carries it out. Refuses with SAME_PERSON who proposed it and who has approved it
// already, and with PROPOSAL_STATE_CONFLICT where what it is about has become less
// than was proposed, which voids it.
type ApproveProposal struct {
	onProposal
	Note string
}

// NewApproveProposal makes the command.
func NewApproveProposal(number int64, note string) ApproveProposal {
	return ApproveProposal{onProposal{number}, note}
}

func (a *ApproveProposal) digest(d *digest) { d.number(a.Number); d.texts(a.Note) }

func (a *ApproveProposal) decide(b *Book) (Outcome, error) {
	p, err := a.open(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := checkApprover(p, b.call.header.Principal.Person); err != nil {
		return Outcome{}, err
	}
	if err := b.checkDecision(p); err != nil {
		if lost(err) {
			return Outcome{}, voidProposal(p, err)
		}
		return Outcome{}, err
	}
	b.record(event.ProposalApproved, b.claimOfDecision(p))
	a.vote(b, true, a.Note)
	p = b.proposals.edit(a.Number, b.command)
	if len(p.Votes) < approversNeeded {
		return b.proposed(a.Number), nil
	}
	if err := b.carryOut(p); err != nil {
		return Outcome{}, err
	}
	o := b.proposed(a.Number)
	o.Transfers = b.transferred(p.TransferNumber).Transfers
	return o, nil
}

// checkApprover refuses who may not agree to a proposal.
func checkApprover(p *postgres.Proposal, person string) error {
	if person == "" {
		return fault.New(fault.PersonRequired, "a proposal is approved by a person; none was named")
	}
	same := func(what string) error {
		return fault.New(fault.SamePerson, "who %s proposal %d does not approve it", what, p.Number).With("proposalNumber", p.Number)
	}
	if person == p.ProposedBy {
		return same("made")
	}
	for _, v := range p.Votes {
		if v.Person == person {
			return same("has approved")
		}
	}
	return nil
}

// lost says whether a refusal means that what a proposal is about is not there any
// more; otherwise it may be carried out later.
func lost(err error) bool {
	return errors.Is(err, fault.DebtNotFound) || errors.Is(err, fault.DebtExceeded) || errors.Is(err, fault.ProposalStateConflict)
}

// voidProposal refuses a proposal whose ground is gone, with the amounts of err.
func voidProposal(p *postgres.Proposal, err error) error {
	f := proposalConflict(p, "proposal %d is void: what it is about is not there any more", p.Number).With("state", postgres.ProposalVoid)
	if why, ok := fault.As(err); ok {
		for k, v := range why.Fields {
			if f.Fields[k] == "" {
				f.With(k, v)
			}
		}
	}
	return f
}

// ApproveProposal runs the command. A refusal changes nothing, so that a proposal
// whose ground is gone is ended by a command of its own.
func (e *Engine) ApproveProposal(ctx context.Context, h Header, cmd ApproveProposal) (Outcome, error) {
	o, err := e.do(ctx, h, &cmd)
	if f, ok := fault.As(err); ok && !h.ValidateOnly && f.Fields["state"] == string(postgres.ProposalVoid) {
		_, err := e.do(ctx, system(h.MerchantID, "VoidProposal"), &VoidProposal{onProposal{cmd.Number}})
		if _, refused := fault.As(err); err != nil && !refused {
			e.log.Warn("void proposal", "merchant", h.MerchantID, "proposal", cmd.Number, "error", err)
		}
	}
	return o, err
}

// VoidProposal ends a proposal whose ground is gone.
type VoidProposal struct{ onProposal }

func (v *VoidProposal) digest(d *digest) { d.number(v.Number) }

func (v *VoidProposal) decide(b *Book) (Outcome, error) {
	p, err := v.open(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.checkDecision(p); err == nil || !lost(err) {
		return Outcome{}, proposalConflict(p, "proposal %d has its ground", p.Number)
	}
	b.record(event.ProposalRefused, b.claimOfDecision(p))
	b.detail("proposal", strconv.FormatInt(v.Number, 10))
	b.detail("void", "true")
	p = b.proposals.edit(v.Number, b.command)
	p.State, p.EndedAt = postgres.ProposalVoid, b.now
	return b.proposed(v.Number), nil
}

// RefuseProposal is one person ending a proposal; one is enough, and it may be the
// proposer, who takes it back.
type RefuseProposal struct {
	onProposal
	Note string
}

// NewRefuseProposal makes the command.
func NewRefuseProposal(number int64, note string) RefuseProposal {
	return RefuseProposal{onProposal{number}, note}
}

func (r *RefuseProposal) digest(d *digest) { d.number(r.Number); d.texts(r.Note) }

func (r *RefuseProposal) decide(b *Book) (Outcome, error) {
	person := b.call.header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a proposal is refused by a person; none was named")
	}
	p, err := r.open(b)
	if err != nil {
		return Outcome{}, err
	}
	for _, v := range p.Votes {
		if v.Person == person {
			return Outcome{}, fault.New(fault.SamePerson, "who has approved proposal %d does not refuse it", p.Number).
				With("proposalNumber", p.Number)
		}
	}
	b.record(event.ProposalRefused, b.claimOfDecision(p))
	r.vote(b, false, r.Note)
	p = b.proposals.edit(r.Number, b.command)
	p.State, p.EndedAt = postgres.ProposalRefused, b.now
	return b.proposed(r.Number), nil
}

// RefuseProposal runs the command.
func (e *Engine) RefuseProposal(ctx context.Context, h Header, cmd RefuseProposal) (Outcome, error) {
	return e.do(ctx, h, &cmd)
}
