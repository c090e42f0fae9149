package book

import (
	"errors"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// OnProposal is a command on a proposal that exists.
type OnProposal struct {
	Number int64
}

func (o *OnProposal) need(c *Call, n *Needs) { n.proposal(c.Header.MerchantID, o.Number) }

func (o *OnProposal) follow(b *Book, n *Needs, round int) {
	p := b.proposals.get(o.Number)
	switch {
	case p == nil || round > 1:
	case p.Kind.Corrects():
		n.topUp(b.merchantID, p.Reference)
	case p.Reference != "":
		n.reference(b.merchantID, p.Reference)
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
func (o *OnProposal) open(b *Book) (*proposal.Proposal, error) {
	p := b.proposals.get(o.Number)
	switch {
	case p == nil:
		return nil, proposalNotFound(b.merchantID, o.Number)
	case p.State != proposal.Open:
		return nil, proposalConflict(p, "proposal %d is already %s", p.Number, p.State)
	}
	return p, nil
}

// vote keeps what the caller says to the proposal, as part of the running event.
func (o *OnProposal) vote(b *Book, approved bool, note string) {
	p := b.changeProposal(o.Number)
	v := proposal.Vote{
		Key: p.Key, Person: b.call.Header.Principal.Person, Approved: approved, Note: note,
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

func proposalConflict(p *proposal.Proposal, format string, args ...any) *fault.Error {
	return fault.New(fault.ProposalStateConflict, format, args...).With("proposalNumber", p.Number).With("state", p.State)
}

// ApproveProposal is one of the two approvals that a proposal needs; the second one
// carries it out. Refuses with SAME_PERSON the proposer and anyone who has already
// approved it. Refuses with PROPOSAL_STATE_CONFLICT, and voids the proposal, when the
// debt or penalty that it concerns has become smaller than proposed.
type ApproveProposal struct {
	OnProposal
	Note string
	// reserves is the reference under which the proposal moves money.
	reserves []Reference
}

// Moving is a command on a proposal that may move money under a reference. Whoever runs it
// reads the proposal first, since the command does not say the reference.
type Moving interface {
	Referring
	// Proposal gives the number of the proposal, and Reserve takes the proposal over.
	Proposal() int64
	Reserve(*proposal.Proposal)
}

// Proposal implements Moving.
func (a *ApproveProposal) Proposal() int64 { return a.Number }

// Reserve implements Moving. The approval that carries the proposal out reserves its reference;
// one before it looks whether something else has it. The proposal holds it, and not the request.
func (a *ApproveProposal) Reserve(p *proposal.Proposal) {
	a.reserves = nil
	if p.State == proposal.Open && movesUnder(p) {
		a.reserves = []Reference{{
			Kind: PaymentReference, Value: p.Reference, Holder: "proposal " + strconv.FormatInt(p.Number, 10), Looked: !approvedNext(p),
		}}
	}
}

// movesUnder says whether a proposal moves money under a reference that it must hold.
func movesUnder(p *proposal.Proposal) bool { return p.Reference != "" && !p.Kind.Corrects() }

// approvedNext says whether the next approval of an open proposal carries it out.
func approvedNext(p *proposal.Proposal) bool { return len(p.Votes)+1 >= approversNeeded }

// holds says whether the command reserved the reference of its proposal.
func (a *ApproveProposal) holds() bool { return len(a.reserves) > 0 && !a.reserves[0].Looked }

// References implements Referring.
func (a *ApproveProposal) References() []Reference { return a.reserves }

func (a *ApproveProposal) Cover(d *request.Digest) { d.Number(a.Number); d.Texts(a.Note) }

func (a *ApproveProposal) decide(b *Book) (Outcome, error) {
	p, err := a.open(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := p.CheckApprover(b.call.Header.Principal.Person); err != nil {
		return Outcome{}, err
	}
	if movesUnder(p) && approvedNext(p) && !a.holds() {
		return Outcome{}, fault.New(fault.TransactionContended, "proposal %d was approved just now; try again", p.Number)
	}
	if err := b.checkDecision(p); err != nil {
		if lost(err) {
			return Outcome{}, voidProposal(p, err)
		}
		return Outcome{}, err
	}
	b.record(event.ProposalApproved, b.claimOfDecision(p))
	a.vote(b, true, a.Note)
	p = b.changeProposal(a.Number)
	if len(p.Votes) < approversNeeded {
		return b.proposed(a.Number), nil
	}
	if err := b.carryOut(p); err != nil {
		return Outcome{}, err
	}
	o := b.proposed(a.Number)
	if p.Kind.Moves() {
		o.Transfers = b.transferred(p.TransferNumber).Transfers
	}
	return o, nil
}

// lost says whether a refusal means that the proposal can never be carried out,
// because what it concerns is gone, or is not what it was. After other refusals it may
// be carried out later.
func lost(err error) bool {
	for _, reason := range []fault.Reason{
		fault.DebtNotFound, fault.DebtExceeded, fault.ProposalStateConflict, fault.TransferAlreadyReversed, fault.ReferenceAlreadyUsed,
	} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}

// voidProposal refuses a proposal that is no longer valid, with the amounts of err.
func voidProposal(p *proposal.Proposal, err error) error {
	f := proposalConflict(p, "proposal %d is void: %s", p.Number, voidOf(p.Kind)).With("state", proposal.Void)
	if why, ok := fault.As(err); ok {
		for k, v := range why.Fields {
			if f.Fields[k] == "" {
				f.With(k, v)
			}
		}
	}
	return f
}

// voidOf says why a proposal of a kind is void.
func voidOf(k proposal.Kind) string {
	switch k {
	case proposal.CorrectTopUp, proposal.TopUpReversal:
		return "the top-up that it concerns was reversed, or corrected since"
	case proposal.SuspenseIn, proposal.SuspenseOut, proposal.TopUp, proposal.Withdrawal, proposal.HandOver, proposal.TakeBack:
		return "its payment reference was used by something else"
	case proposal.WriteOff, proposal.WriteOffRecovery, proposal.DepositForfeiture, proposal.Penalty, proposal.PenaltyReversal,
		proposal.WriteOffWaiver, proposal.Reclassify:
	}
	return "the debt or penalty that it concerns is gone, or smaller than proposed"
}

// After implements Ending. A refusal changes nothing, so that a proposal whose
// ground is gone is ended by a command of its own.
func (a *ApproveProposal) After(refusal error) (method string, next Command) {
	f, ok := fault.As(refusal)
	// Of a reference that is used, VoidProposal says whether this book moved the money under it.
	if ok && (f.Fields["state"] == string(proposal.Void) || f.Reason == fault.ReferenceAlreadyUsed) {
		return "VoidProposal", &VoidProposal{OnProposal{a.Number}}
	}
	return "", nil
}

// VoidProposal ends a proposal that is no longer valid.
type VoidProposal struct{ OnProposal }

func (v *VoidProposal) Cover(d *request.Digest) { d.Number(v.Number) }

func (v *VoidProposal) decide(b *Book) (Outcome, error) {
	p, err := v.open(b)
	if err != nil {
		return Outcome{}, err
	}
	if err := b.checkDecision(p); err == nil || !lost(err) {
		return Outcome{}, proposalConflict(p, "proposal %d is still valid and cannot be voided", p.Number)
	}
	b.record(event.ProposalRefused, b.claimOfDecision(p))
	b.detail("proposal", strconv.FormatInt(v.Number, 10))
	b.detail("void", "true")
	p = b.changeProposal(v.Number)
	p.State, p.EndedAt = proposal.Void, b.now
	return b.proposed(v.Number), nil
}

// RefuseProposal is one person's refusal, which ends the proposal. One refusal is
// enough, and proposers may refuse their own proposals to take them back.
type RefuseProposal struct {
	OnProposal
	Note string
}

func (r *RefuseProposal) Cover(d *request.Digest) { d.Number(r.Number); d.Texts(r.Note) }

func (r *RefuseProposal) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a proposal must be refused by a person, but the call names no person")
	}
	p, err := r.open(b)
	if err != nil {
		return Outcome{}, err
	}
	for _, v := range p.Votes {
		if principal.Same(v.Person, person) {
			return Outcome{}, fault.New(fault.SamePerson, "the person who approved proposal %d cannot refuse it", p.Number).
				With("proposalNumber", p.Number)
		}
	}
	b.record(event.ProposalRefused, b.claimOfDecision(p))
	r.vote(b, false, r.Note)
	p = b.changeProposal(r.Number)
	p.State, p.EndedAt = proposal.Refused, b.now
	return b.proposed(r.Number), nil
}
