package engine_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// proposals are a fixture with an engine outside of a sandbox.
type proposals struct {
	*fixture
	live *engine.Engine
}

func newProposals(t *testing.T) *proposals {
	t.Helper()
	f := &proposals{fixture: newFixture(t)}
	f.live = f.outside(engine.Defaults())
	return f
}

// outside starts an engine that is in no sandbox.
func (f *proposals) outside(config engine.Config) *engine.Engine {
	f.t.Helper()
	e, err := engine.New(f.t.Context(), f.pg, f.clock.Now, config, engine.Hooks{}, slog.New(slog.DiscardHandler))
	f.must(err)
	f.t.Cleanup(e.Close)
	return e
}

// as is a header of a person.
func (f *proposals) as(person, method string) request.Header {
	h := f.request("", method)
	h.Principal.Person = person
	return h
}

// next is a second version of the promise that takes effect in ten days.
func next() policy.Version {
	v := policy.Seeds()[0]
	v.Number, v.Multiplier.Num = 2, 9
	v.PublishedAt, v.EffectiveFrom = time.Time{}, start.AddDate(0, 0, 10)
	return v
}

func (f *proposals) propose(person string, v policy.Version) (policyproposal.Proposal, error) {
	p, _, err := f.live.ProposePolicyVersion(f.t.Context(), f.as(person, "ProposePolicyVersion"), v, "the market wants nine")
	return p, err
}

func (f *proposals) vote(person string, vote policyproposal.Action, k policyproposal.Key) (policyproposal.Proposal, error) {
	p, _, err := f.live.DecidePolicyProposal(f.t.Context(), f.as(person, string(vote)), k, vote, "")
	return p, err
}

// traces counts everything that a proposal leaves behind.
func (f *proposals) traces() string {
	var counts []string
	for _, query := range []string{
		`SELECT count(*) FROM policy_versions`, `SELECT count(*) FROM policy_proposals`,
		`SELECT count(*) FROM policy_proposals WHERE state = 'OPEN'`, `SELECT count(*) FROM policy_proposal_votes`,
		`SELECT count(*) FROM catalog_requests`,
	} {
		counts = append(counts, fmt.Sprint(f.rows(query)))
	}
	return strings.Join(counts, " ")
}

// trail is what happened to a proposal in lines.
func trail(p *policyproposal.Proposal) []string {
	var lines []string
	for _, s := range p.Steps() {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", s.At.Sub(start), s.Action, s.Principal.Person)))
	}
	return lines
}

// Would catch a version that is published before two people have approved it, one that
// tells of another time of publication than the second approval, one that other replicas
// do not know, a replay that decides anew, and a trail that leaves somebody out.
func TestP2TwoPeoplePublishAVersion(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	v := next()
	h := f.as("olga", "ProposePolicyVersion")
	var p policyproposal.Proposal
	for _, replay := range []bool{false, true} {
		var replayed bool
		var err error
		p, replayed, err = f.live.ProposePolicyVersion(t.Context(), h, v, "the market wants nine")
		if err != nil || replayed != replay || p.Name() != "policies/promise-tenfold/proposals/1" || p.State != policyproposal.Open {
			t.Fatalf("replayed %t, %+v, %v", replayed, p, err)
		}
	}
	f.clock.Move(time.Hour)
	first, err := f.vote("anna", policyproposal.ActionApproved, p.Key)
	f.must(err)
	if _, published := f.live.Catalog().Policy(v.PolicyID, 2); published || first.State != policyproposal.Open {
		t.Fatalf("one approval makes it %s", first.State)
	}
	f.clock.Move(time.Hour)
	h = f.as("bert", "ApprovePolicyProposal")
	for _, replay := range []bool{false, true} {
		got, replayed, err := f.live.DecidePolicyProposal(t.Context(), h, p.Key, policyproposal.ActionApproved, "fine")
		if err != nil || replayed != replay || got.State != policyproposal.Published {
			t.Fatalf("replayed %t, %s, %v", replayed, got.State, err)
		}
		want := []string{"0s PROPOSED olga", "1h0m0s APPROVED anna", "2h0m0s APPROVED bert", "2h0m0s PUBLISHED bert"}
		if diff := cmp.Diff(want, trail(&got)); diff != "" {
			t.Error(diff)
		}
		f.clock.Move(20 * 24 * time.Hour)
	}
	published := start.Add(2 * time.Hour)
	for _, e := range []*engine.Engine{f.live, f.outside(engine.Defaults())} {
		got, ok := e.Catalog().Policy(v.PolicyID, 2)
		if !ok || !got.PublishedAt.Equal(published) || !got.EffectiveFrom.Equal(v.EffectiveFrom) || got.Multiplier.Num != 9 {
			t.Fatalf("published as %+v", got)
		}
	}
	stored, err := f.live.PolicyProposal(t.Context(), p.Key)
	f.must(err)
	if !stored.Version.PublishedAt.Equal(published) || stored.Proposed.Note != "the market wants nine" || stored.Voted[1].Note != "fine" {
		t.Errorf("stored as %+v", stored)
	}
}

// Would catch a version that one person publishes alone by another spelling, that is dated
// back, that never could be in force, or that takes any amount; and a refusal that leaves a
// row or a used request id behind.
func TestP2ProposalsAreRefused(t *testing.T) {
	t.Parallel()
	type V = policy.Version
	for name, c := range map[string]struct {
		person string
		change func(v *V)
		reason fault.Reason
		field  string
		text   string
	}{
		"nobody":                  {"", func(*V) {}, fault.PersonRequired, "", "names no person"},
		"dated back":              {"olga", func(v *V) { v.PublishedAt = start.AddDate(0, 0, -30) }, fault.RequestInvalid, "published_at", "left out"},
		"in force in the past":    {"olga", func(v *V) { v.EffectiveFrom = start.AddDate(0, 0, -1) }, fault.PolicyNoticeTooShort, "effective_from", "2026-03-09"},
		"in force a second early": {"olga", func(v *V) { v.EffectiveFrom = start.AddDate(0, 0, 7).Add(-time.Second) }, fault.PolicyNoticeTooShort, "effective_from", "2026-03-09"},
		"not the next":            {"olga", func(v *V) { v.Number = 3 }, fault.RequestInvalid, "name", "must be 2, not 3"},
		"published already":       {"olga", func(v *V) { v.Number = 1 }, fault.PolicyAlreadyPublished, "name", "version 1"},
		"floor above the cap":     {"olga", func(v *V) { v.Floor, v.Cap = 1_000, 999 }, fault.RequestInvalid, "cap", "must not be below the floor"},
		"a currency of no book":   {"olga", func(v *V) { v.PolicyID, v.Number, v.Currency = "promise-usd", 1, "USD" }, fault.RequestInvalid, "currency_code", "no book is kept in USD"},
		"no approval":             {"olga", func(v *V) { v.ApprovalOver = 0 }, fault.RequestInvalid, "approval_over", "must set approval_over;"},
		"no limit at all": {"olga", func(v *V) {
			v.ApprovalOver, v.AdvanceLimitPerMerchant, v.MinimumDeposit = 0, 0, 0
		}, fault.RequestInvalid, "approval_over", "approval_over, advance_limit_per_merchant and minimum_deposit;"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newProposals(t)
			v, before := next(), f.traces()
			c.change(&v)
			_, err := f.propose(c.person, v)
			refusal, ok := fault.As(err)
			if !ok || refusal.Reason != c.reason || strings.TrimPrefix(refusal.Field, "policy_version.") != c.field || !strings.Contains(refusal.Detail, c.text) {
				t.Errorf("answered %v at %q", err, refusal.Field)
			}
			if after := f.traces(); after != before {
				t.Errorf("the rows were %s and are %s", before, after)
			}
		})
	}
}

// Would catch a version that begins with or before the version before it, so that one of
// them is never in force.
func TestVersionsDoNotOverlap(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	v := next()
	p, err := f.propose("olga", v)
	f.must(err)
	for _, person := range []string{"anna", "bert"} {
		_, err = f.vote(person, policyproposal.ActionApproved, p.Key)
		f.must(err)
	}
	for _, earlier := range []time.Duration{0, time.Second, 24 * time.Hour} {
		v.Number, v.EffectiveFrom = 3, start.AddDate(0, 0, 10).Add(-earlier)
		before := f.traces()
		_, err := f.propose("olga", v)
		if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.RequestInvalid || refusal.Field != "policy_version.effective_from" ||
			!strings.Contains(refusal.Detail, "must take effect after version 2, which takes effect at 2026-03-12T09:00:00Z") {
			t.Errorf("%s before the version before it: %v", earlier, err)
		}
		if after := f.traces(); after != before {
			t.Errorf("the rows were %s and are %s", before, after)
		}
	}
}

// Would catch one person who counts as two by another spelling, a proposer who decides the
// own proposal, somebody else who withdraws it, and a decision on what has ended.
func TestP2VotesAreRefused(t *testing.T) {
	t.Parallel()
	const approve, refuse, withdraw = policyproposal.ActionApproved, policyproposal.ActionRefused, policyproposal.ActionWithdrawn
	for name, c := range map[string]struct {
		// before are the votes that are accepted first, as person and action.
		before [][2]string
		person string
		vote   policyproposal.Action
		number int32
		reason fault.Reason
		text   string
	}{
		"nobody":                         {nil, "", approve, 1, fault.PersonRequired, "names no person"},
		"no such proposal":               {nil, "anna", approve, 2, fault.ProposalNotFound, "has no proposal 2"},
		"the proposer approves":          {nil, "olga", approve, 1, fault.SamePerson, "cannot approve it"},
		"the proposer, spelled wide":     {nil, "ＯＬＧＡ\u200b ", approve, 1, fault.SamePerson, "cannot approve it"},
		"the proposer refuses":           {nil, "Olga", refuse, 1, fault.SamePerson, "can withdraw it"},
		"somebody withdraws":             {nil, "anna", withdraw, 1, fault.AccessDenied, "only the person who made proposal 1"},
		"approves twice":                 {[][2]string{{"anna", "APPROVED"}}, "anna", approve, 1, fault.SamePerson, "already approved"},
		"approves twice, spelled anew":   {[][2]string{{"anna", "APPROVED"}}, " ANNA", approve, 1, fault.SamePerson, "already approved"},
		"refuses what they approved":     {[][2]string{{"anna", "APPROVED"}}, "Anna", refuse, 1, fault.SamePerson, "cannot refuse it"},
		"after two approvals":            {[][2]string{{"anna", "APPROVED"}, {"bert", "APPROVED"}}, "carl", approve, 1, fault.ProposalStateConflict, "already PUBLISHED"},
		"refused after two approvals":    {[][2]string{{"anna", "APPROVED"}, {"bert", "APPROVED"}}, "carl", refuse, 1, fault.ProposalStateConflict, "already PUBLISHED"},
		"after a refusal":                {[][2]string{{"anna", "REFUSED"}}, "bert", approve, 1, fault.ProposalStateConflict, "already REFUSED"},
		"after the withdrawal":           {[][2]string{{" OLGA", "WITHDRAWN"}}, "bert", approve, 1, fault.ProposalStateConflict, "already WITHDRAWN"},
		"withdrawn after it has ended":   {[][2]string{{"anna", "REFUSED"}}, "olga", withdraw, 1, fault.ProposalStateConflict, "already REFUSED"},
		"withdrawn after an approval is": {[][2]string{{"anna", "APPROVED"}, {"olga", "WITHDRAWN"}}, "bert", approve, 1, fault.ProposalStateConflict, "already WITHDRAWN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newProposals(t)
			p, err := f.propose("olga", next())
			f.must(err)
			for _, v := range c.before {
				_, err := f.vote(v[0], policyproposal.Action(v[1]), p.Key)
				f.must(err)
			}
			before := f.traces()
			p.Number = c.number
			_, err = f.vote(c.person, c.vote, p.Key)
			if refusal, ok := fault.As(err); !ok || refusal.Reason != c.reason || !strings.Contains(refusal.Detail, c.text) {
				t.Errorf("answered %v", err)
			}
			if after := f.traces(); after != before {
				t.Errorf("the rows were %s and are %s", before, after)
			}
		})
	}
}

// Would catch an approval that publishes a version less than seven days before it takes
// effect, and a refusal that does not say which time would do.
func TestP2ApprovalComesInTime(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	p, err := f.propose("olga", next())
	f.must(err)
	_, err = f.vote("anna", policyproposal.ActionApproved, p.Key)
	f.must(err)
	f.clock.Move(3*24*time.Hour + time.Millisecond)
	before := f.traces()
	_, err = f.vote("bert", policyproposal.ActionApproved, p.Key)
	refusal, ok := fault.As(err)
	const earliest = "2026-03-12T09:00:01Z"
	if !ok || refusal.Reason != fault.PolicyNoticeTooShort || refusal.Fields["earliestEffectiveFrom"] != earliest ||
		!strings.Contains(refusal.Detail, "can no longer take effect at 2026-03-12T09:00:00Z") || !strings.Contains(refusal.Detail, earliest+" or later") {
		t.Fatalf("approved a millisecond late: %v", err)
	}
	if after := f.traces(); after != before {
		t.Errorf("the rows were %s and are %s", before, after)
	}
	_, err = f.vote("olga", policyproposal.ActionWithdrawn, p.Key)
	f.must(err)
	v := next()
	v.EffectiveFrom, err = time.Parse(time.RFC3339, earliest)
	f.must(err)
	again, err := f.propose("olga", v)
	f.must(err)
	if again.Number != 2 {
		t.Errorf("it is proposal %d", again.Number)
	}
}

// Would catch a proposal that somebody approves long after everybody forgot it, and one
// that keeps a policy from being changed for ever.
func TestProposalExpires(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	v := next()
	v.EffectiveFrom = start.AddDate(1, 0, 0)
	p, err := f.propose("olga", v)
	f.must(err)
	_, err = f.vote("anna", policyproposal.ActionApproved, p.Key)
	f.must(err)
	before := f.traces()
	if _, err := f.propose("rita", v); !errors.Is(err, fault.ProposalStateConflict) || f.traces() != before {
		t.Errorf("another proposal beside an open one: %v", err)
	}
	f.clock.Move(policyproposal.Life)
	if _, err := f.vote("bert", policyproposal.ActionApproved, p.Key); !errors.Is(err, fault.ProposalStateConflict) {
		t.Errorf("approved after its time: %v", err)
	}
	stood, err := f.live.PolicyProposal(t.Context(), p.Key)
	f.must(err)
	want := []string{"0s PROPOSED olga", "0s APPROVED anna", "720h0m0s EXPIRED"}
	if diff := cmp.Diff(want, trail(&stood)); diff != "" || stood.State != policyproposal.Expired {
		t.Errorf("it is %s: %s", stood.State, diff)
	}
	again, err := f.propose("rita", v)
	f.must(err)
	if again.Number != 2 || f.rows(`SELECT count(*) FROM policy_proposals WHERE state = 'EXPIRED' AND ended_at = expires_at`) != 1 {
		t.Errorf("it is proposal %d", again.Number)
	}
}

// Would catch approvals at one moment that publish a version twice, that count one person
// twice, or of which a third is kept.
func TestApprovalsAtOnce(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	p, err := f.propose("olga", next())
	f.must(err)
	people := []string{"anna", "ANNA", "bert", "Bert", "carl", "dora"}
	errs := make([]error, len(people))
	var all sync.WaitGroup
	for i, person := range people {
		all.Go(func() { _, errs[i] = f.vote(person, policyproposal.ActionApproved, p.Key) })
	}
	all.Wait()
	accepted := 0
	for i, err := range errs {
		switch {
		case err == nil:
			accepted++
		case !errors.Is(err, fault.SamePerson) && !errors.Is(err, fault.ProposalStateConflict) && !errors.Is(err, fault.TransactionContended):
			t.Errorf("%s is answered %v", people[i], err)
		}
	}
	votes := f.rows(`SELECT count(DISTINCT lower(person_id)) FROM policy_proposal_votes`)
	if accepted != 2 || votes != 2 || f.rows(`SELECT count(*) FROM policy_versions WHERE version = 2`) != 1 {
		t.Errorf("%d approvals are accepted, %d kept", accepted, votes)
	}
}

// Would catch a caller who publishes a version alone, and the replay of a publication from
// before two people were needed that is refused, or carried out again.
func TestPublicationNeedsTwoPeople(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	v := next()
	v.PublishedAt = start.AddDate(0, 0, -30)
	h := f.as("olga", "PublishPolicyVersion")
	before := f.traces()
	if _, err := f.live.PublishPolicyVersion(t.Context(), h, v); !errors.Is(err, fault.PolicyProposalRequired) || f.traces() != before {
		t.Fatalf("published at once: %v", err)
	}
	replayed, err := f.engine.PublishPolicyVersion(t.Context(), h, v) // In a sandbox.
	if err != nil || replayed {
		t.Fatalf("replayed %t, %v", replayed, err)
	}
	before = f.traces()
	if replayed, err = f.live.PublishPolicyVersion(t.Context(), h, v); err != nil || !replayed || f.traces() != before {
		t.Errorf("replayed %t, %v", replayed, err)
	}
}

// Would catch a policy without limits that is refused although the operator of the server
// names it, and one that is not named and slips through beside it.
func TestPoliciesWithoutLimitsAreNamed(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	config := engine.Defaults()
	config.PoliciesWithoutLimits = []string{"food-safety-148"}
	f.live = f.outside(config)
	bare := policy.WithoutLimits()
	for i, want := range []error{fault.RequestInvalid, nil} {
		v := bare[i]
		v.Number, v.PublishedAt, v.EffectiveFrom = 2, time.Time{}, start.AddDate(0, 0, 8)
		if _, err := f.propose("olga", v); !errors.Is(err, want) {
			t.Errorf("%s is answered %v", v.PolicyID, err)
		}
	}
}

// Would catch a preview of the request that stores something.
func TestProposalIsOnlyTried(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	before := f.traces()
	h := f.as("olga", "ProposePolicyVersion")
	h.ValidateOnly = true
	_, _, err := f.live.ProposePolicyVersion(t.Context(), h, next(), "why")
	f.must(err)
	if after := f.traces(); after != before {
		t.Errorf("the rows were %s and are %s", before, after)
	}
	p, err := f.propose("olga", next())
	f.must(err)
	before = f.traces()
	h = f.as("anna", "ApprovePolicyProposal")
	h.ValidateOnly = true
	_, _, err = f.live.DecidePolicyProposal(t.Context(), h, p.Key, policyproposal.ActionApproved, "")
	f.must(err)
	if after := f.traces(); after != before {
		t.Errorf("the rows were %s and are %s", before, after)
	}
}

// Would catch a proposal in a new currency that is refused although a book is kept in it.
func TestProposalInTheCurrencyOfABook(t *testing.T) {
	t.Parallel()
	f := newProposals(t)
	_, err := f.engine.Do(t.Context(), request.Header{
		MerchantID: "dollars", Method: "OpenBook", RequestID: "open", Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator},
	}, &book.OpenBook{Currency: "USD"})
	f.must(err)
	v := next()
	v.PolicyID, v.Number, v.Currency = "promise-usd", 1, "USD"
	_, err = f.propose("olga", v)
	f.must(err)
}
