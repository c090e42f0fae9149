package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// PublishPolicyVersion publishes the next version of a policy at once, if the settings
// allow it; elsewhere it refuses with POLICY_PROPOSAL_REQUIRED, except for the replay of a
// request that was accepted. Policies belong to no book, so this runs outside the lanes. A
// version that does not tell when it was published is published now. Refuses with whatever
// Version.Check refuses, with POLICY_ALREADY_PUBLISHED, and with REQUEST_INVALID if the
// number is not the next one, the version would not take effect after its predecessor, or
// its currency is that of no book and no other version.
func (e *Engine) PublishPolicyVersion(ctx context.Context, h request.Header, v policy.Version) (replayed bool, err error) {
	told, now := publication{v}, e.Now()
	if v.PublishedAt.IsZero() {
		v.PublishedAt = now
	}
	if err := v.Check(); err != nil {
		return false, err
	}
	if v.PublishedAt.After(now.Add(e.config.ClockSkew)) {
		return false, fault.New(fault.RequestInvalid, "published_at must not be in the future").At("policy_version.published_at")
	}
	if v.PublishedAt.After(now) {
		v.PublishedAt = now
	}
	return e.changeCatalog(ctx, h, told, func(r request.Once) (bool, error) {
		r.Name = fmt.Sprintf("policies/%s/versions/%d", v.PolicyID, v.Number)
		return e.db.PublishPolicyVersion(ctx, r, &v, e.checkAtOnce)
	})
}

// checkAtOnce refuses a publication that nobody has approved.
func (e *Engine) checkAtOnce() error {
	if e.config.PoliciesAtOnce {
		return nil
	}
	return fault.New(fault.PolicyProposalRequired,
		"a policy version is published once two people other than its proposer approve it; propose it with PolicyProposalService.ProposePolicyVersion")
}

// changeCatalog runs a change of the catalog and makes it effective here at once.
func (e *Engine) changeCatalog(ctx context.Context, h request.Header, content request.Content, change func(request.Once) (bool, error)) (bool, error) {
	replayed, err := change(h.Once(request.DigestOf(content), e.Now()))
	if err != nil {
		return false, unfinished(err)
	}
	if err := e.ReloadCatalog(ctx); err != nil {
		return false, Unknown(err) // It is committed, and no refusal may say otherwise.
	}
	return replayed, nil
}

// unfinished tells the caller why a change of something shared was not made, or may not
// have been.
func unfinished(err error) error {
	switch {
	case errors.Is(err, postgres.ErrCommitUnknown):
		return Unknown(err)
	case errors.Is(err, postgres.ErrUnavailable):
		return Unavailable()
	case errors.Is(err, postgres.ErrContended):
		return fault.New(fault.TransactionContended, "another change of the catalog is in progress; try again").After(100 * time.Millisecond)
	}
	return err
}
