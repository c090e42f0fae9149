package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ProposePolicyVersion stores the next version of a policy as a proposal, which two
// other people approve before it is published. Refuses with PERSON_REQUIRED, with what
// Version.CheckTerms refuses, with POLICY_NOTICE_TOO_SHORT if the version would take
// effect less than seven days from now, with PROPOSAL_STATE_CONFLICT while another
// proposal of the policy is open, and with REQUEST_INVALID for a version that tells when
// it was published, that lacks a limit, or that could not be published.
func (e *Engine) ProposePolicyVersion(ctx context.Context, h request.Header, v policy.Version, note string) (p policyproposal.Proposal, replayed bool, err error) {
	if h.Principal.Person == "" {
		return p, false, fault.New(fault.PersonRequired, "a policy version must be proposed by a person, but the call names no person")
	}
	if !v.PublishedAt.IsZero() {
		return p, false, fault.New(fault.RequestInvalid,
			"published_at must be left out: a version is published when it is approved").At("policy_version.published_at")
	}
	if err := v.CheckTerms(); err != nil {
		return p, false, err
	}
	number, err := e.db.NextPolicyProposal(ctx, v.PolicyID)
	if err != nil {
		return p, false, err
	}
	p = policyproposal.Proposal{
		Key: policyproposal.Key{PolicyID: v.PolicyID, Number: number}, Version: v, Course: policyproposal.Begin(h.Principal, note, e.Now()),
	}
	key := p.Key
	replayed, err = e.changeCatalog(ctx, h, proposed{publication{v}, note}, func(r request.Once) (bool, error) {
		r.Name = p.Name()
		stored, replayed, err := e.db.ProposePolicyVersion(ctx, r, &p, func() error { return e.checkProposal(&p.Version) })
		if replayed {
			_, err = fmt.Sscanf(strings.TrimPrefix(stored.Name, "policies/"+v.PolicyID+"/"), "proposals/%d", &key.Number)
		}
		return replayed, err
	})
	if err == nil && replayed {
		p, err = e.PolicyProposal(ctx, key)
	}
	return p, replayed, err
}

// checkProposal refuses what only the present time and the settings of the server forbid.
func (e *Engine) checkProposal(v *policy.Version) error {
	if err := e.checkLimits(v); err != nil {
		return err
	}
	earliest := policyproposal.Earliest(e.Now())
	if !v.EffectiveFrom.Before(earliest) {
		return nil
	}
	return fault.New(fault.PolicyNoticeTooShort,
		"effective_from must be at least seven days after the publication (E-Commerce Law Art. 34): not before %s if it were approved now",
		earliest.Format(time.RFC3339)).
		With("earliestEffectiveFrom", earliest.Format(time.RFC3339)).At("policy_version.effective_from")
}

// checkLimits refuses a version that lacks a limit, unless the settings admit its policy.
func (e *Engine) checkLimits(v *policy.Version) error {
	if slices.Contains(e.config.PoliciesWithoutLimits, v.PolicyID) {
		return nil
	}
	return v.CheckLimits()
}

// DecidePolicyProposal records an approval, a refusal or a withdrawal of a proposal by a
// person. The second approval publishes the version, and its time is that of the
// publication. Refuses with what Proposal.CheckVote refuses, with PROPOSAL_NOT_FOUND,
// and an approval with POLICY_NOTICE_TOO_SHORT or what else speaks against the
// publication by now.
func (e *Engine) DecidePolicyProposal(
	ctx context.Context, h request.Header, k policyproposal.Key, vote policyproposal.Action, note string,
) (p policyproposal.Proposal, replayed bool, err error) {
	if h.Principal.Person == "" {
		return p, false, fault.New(fault.PersonRequired, "a policy proposal must be decided by a person, but the call names no person")
	}
	content := decided{Key: k, vote: vote, note: note}
	replayed, err = e.changeCatalog(ctx, h, content, func(r request.Once) (replayed bool, err error) {
		r.Name = k.Name()
		p, replayed, err = e.db.DecidePolicyProposal(ctx, r, k, func(p *policyproposal.Proposal) (policyproposal.Step, error) {
			now := p.Later(e.Now())
			if err := p.CheckVote(vote, h.Principal.Person, now); err != nil {
				return policyproposal.Step{}, err
			}
			if vote == policyproposal.ActionApproved {
				if err := cmp.Or(p.CheckEffect(now), e.checkLimits(&p.Version)); err != nil {
					return policyproposal.Step{}, err
				}
			}
			return policyproposal.Step{Action: vote, Principal: h.Principal, Note: note, At: now}, nil
		})
		return replayed, err
	})
	if err == nil && replayed {
		p, err = e.PolicyProposal(ctx, k)
	}
	return p, replayed, err
}

// PolicyProposal reads a proposal as it stands now. PROPOSAL_NOT_FOUND.
func (e *Engine) PolicyProposal(ctx context.Context, k policyproposal.Key) (policyproposal.Proposal, error) {
	p, found, err := e.db.PolicyProposal(ctx, k)
	if err == nil && !found {
		err = postgres.PolicyProposalNotFound(k)
	}
	return p.At(e.Now()), err
}

// proposed is the content of a request to propose a version.
type proposed struct {
	publication
	note string
}

func (p proposed) Cover(d *request.Digest) {
	p.publication.Cover(d)
	d.Texts(p.note)
}

// decided is the content of a request to decide a proposal.
type decided struct {
	policyproposal.Key
	vote policyproposal.Action
	note string
}

func (c decided) Cover(d *request.Digest) {
	d.Texts(c.PolicyID, string(c.vote), c.note)
	d.Number(int64(c.Number))
}
