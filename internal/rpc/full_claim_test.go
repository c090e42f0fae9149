package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) masked(name string, view tenfoldv1.ClaimView, paths ...string) (*tenfoldv1.Claim, error) {
	r := &tenfoldv1.GetClaimRequest{Name: name, View: view}
	if paths != nil {
		r.ReadMask = &fieldmaskpb.FieldMask{Paths: paths}
	}
	got, err := f.claims.GetClaim(f.as("operator"), r)
	return got.GetClaim(), err
}

// fieldsSet names the fields of a message that are set.
func fieldsSet(m proto.Message) []string {
	var set []string
	m.ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set = append(set, string(fd.Name()))
		return true
	})
	slices.Sort(set)
	return set
}

const (
	basic = tenfoldv1.ClaimView_CLAIM_VIEW_BASIC
	full  = tenfoldv1.ClaimView_CLAIM_VIEW_FULL
	unset = tenfoldv1.ClaimView_CLAIM_VIEW_UNSPECIFIED
)

// Would catch an answer that holds more or less than was asked for.
func TestReadMask(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	name := f.notified("m1", "l1").GetName()
	all, err := f.masked(name, full)
	if err != nil {
		t.Fatal(err)
	}
	fullOnly := []string{"order_line", "claimant_role", "calculation", "results", "holds", "balances", "action_effects"}
	for _, field := range fullOnly {
		if !slices.Contains(fieldsSet(all), field) {
			t.Errorf("the FULL view lacks %s", field)
		}
	}
	few, err := f.masked(name, basic)
	if err != nil || slices.ContainsFunc(fieldsSet(few), func(f string) bool { return slices.Contains(fullOnly, f) }) {
		t.Errorf("the BASIC view has %v, %v", fieldsSet(few), err)
	}
	for _, row := range []struct {
		view  tenfoldv1.ClaimView
		paths []string
		want  []string
	}{
		{unset, []string{"state"}, []string{"state"}},
		{basic, []string{"state", "etag"}, []string{"etag", "state"}},
		{unset, []string{"holds", "balances", "claim_id"}, []string{"balances", "claim_id", "holds"}},
		{full, []string{"funding.held"}, []string{"funding"}},
		{unset, []string{"calculation.refund"}, []string{"calculation"}},
		{full, []string{"*"}, fieldsSet(all)},
		{basic, []string{"*"}, fieldsSet(few)},
		{full, nil, fieldsSet(all)},
	} {
		got, err := f.masked(name, row.view, row.paths...)
		if err != nil || !slices.Equal(fieldsSet(got), row.want) {
			t.Errorf("%v of %s: %v, %v; want %v", row.paths, row.view, fieldsSet(got), err, row.want)
		}
	}
	held, err := f.masked(name, unset, "funding.held")
	if err != nil || len(fieldsSet(held.GetFunding())) != 1 || !proto.Equal(held.GetFunding().GetHeld(), all.GetFunding().GetHeld()) {
		t.Errorf("funding.held: %v, %v", held, err)
	}
}

// Would catch a path that is dropped in silence although nobody knows it.
func TestReadMaskRefusesUnknownPaths(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	name := f.notified("m1", "l1").GetName()
	for path, view := range map[string]tenfoldv1.ClaimView{
		"colour": full, "funding.colour": unset, "results.statement": full, "State": basic, "": full, "calculation": basic, "state.x": basic,
	} {
		_, err := f.masked(name, view, "state", path)
		got := refusal(err)
		if got.code != codes.InvalidArgument || got.reason != "REQUEST_INVALID" || got.field != "read_mask" || got.metadata["path"] != path {
			t.Errorf("%q: %+v", path, got)
		}
	}
	if _, err := f.masked(name, full, slices.Repeat([]string{"state"}, 101)...); refusal(err).field != "read_mask" {
		t.Errorf("a mask without bound: %v", err)
	}
}

// effect gives what an action is told to do by a trigger.
func effect(t *testing.T, list []*tenfoldv1.ActionEffect, a tenfoldv1.ClaimAction, by tenfoldv1.ClaimTrigger) *tenfoldv1.ActionEffect {
	t.Helper()
	for _, e := range list {
		if e.GetAction() == a && e.GetTrigger() == by {
			return e
		}
	}
	t.Fatalf("%s by %s is not among %v", a, by, list)
	return nil
}

func moved(e *tenfoldv1.ActionEffect, of tenfoldv1.MoneyEffect) int64 {
	for _, m := range e.GetMovements() {
		if m.GetEffect() == of {
			return m.GetAmount().GetMinorUnits()
		}
	}
	return 0
}

// Would catch an effect that is told and does not come about: another state,
// other money, another deadline than the command then brings.
func TestActionEffectsComeTrue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 100_000)
	read := func(name string) *tenfoldv1.Claim {
		c, err := f.masked(name, full)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := read(f.notified("m1", "l1").GetName())

	told := effect(t, c.GetActionEffects(), tenfoldv1.ClaimAction_CLAIM_ACTION_CONFIRM_NOTICE, tenfoldv1.ClaimTrigger_CLAIM_TRIGGER_UNSPECIFIED)
	confirmed := f.confirm(c)
	if off := confirmed.GetDeadline().GetPassesAt().AsTime().Sub(told.GetDeadline().GetPassesAt().AsTime()).Abs(); off > time.Second ||
		confirmed.GetDeadline().GetKind() != told.GetDeadline().GetKind() || confirmed.GetState() != told.GetNextState() {
		t.Errorf("told %v, came %v", told.GetDeadline(), confirmed.GetDeadline())
	}

	c = read(c.GetName())
	told = effect(t, c.GetActionEffects(), tenfoldv1.ClaimAction_CLAIM_ACTION_ACCEPT, tenfoldv1.ClaimTrigger_CLAIM_TRIGGER_ACCEPTED)
	accepted := f.accept(c)
	funding := accepted.GetFunding()
	if accepted.GetState() != told.GetNextState() {
		t.Errorf("told %s, came %s", told.GetNextState(), accepted.GetState())
	}
	if captured := funding.GetCapturedFromDeposit().GetMinorUnits() + funding.GetCapturedFromShopFunds().GetMinorUnits(); captured !=
		moved(told, tenfoldv1.MoneyEffect_MONEY_EFFECT_CAPTURE) {
		t.Errorf("told %v, captured %d", told, captured)
	}
	if more := funding.GetAdvanced().GetMinorUnits() + funding.GetShortfall().GetMinorUnits(); more == 0 ||
		more != moved(told, tenfoldv1.MoneyEffect_MONEY_EFFECT_FUND) {
		t.Errorf("told %v, advanced or short of %d", told, more)
	}
	if sent := funding.GetInFlight().GetMinorUnits() + funding.GetShortfall().GetMinorUnits(); sent != moved(told, tenfoldv1.MoneyEffect_MONEY_EFFECT_INSTRUCT) {
		t.Errorf("told %v, sent %d", told, sent)
	}
	f.audited()
}

// Would catch a role that is told of actions it may not take, or not of those it
// may; a choice without an amount where nothing is priced yet.
func TestActionEffectsAreThoseOfTheRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.notified("m1", "l1")
	reviewed := f.inReview("l2")
	for _, role := range []string{"support", "merchant", "operator", "auditor", "adjudicator", "order-service"} {
		for _, name := range []string{c.GetName(), reviewed.GetName()} {
			r, err := f.claims.GetClaim(f.as(role), &tenfoldv1.GetClaimRequest{Name: name, View: full})
			if err != nil {
				t.Fatal(err)
			}
			for _, action := range r.GetClaim().GetAllowedActions() {
				told := slices.ContainsFunc(r.GetClaim().GetActionEffects(), func(e *tenfoldv1.ActionEffect) bool {
					return e.GetAction() == action && slices.Contains(allowed[e.GetMethod()], role)
				})
				if may := slices.ContainsFunc(f.machine(0).GetActions(), func(a *tenfoldv1.ActionDescription) bool {
					return a.GetAction() == action && slices.Contains(a.GetRoles(), role)
				}); told != may {
					t.Errorf("%s may %s: %t, and is told: %t", role, action, may, told)
				}
			}
		}
	}
	r, err := f.claims.GetClaim(f.as("adjudicator"), &tenfoldv1.GetClaimRequest{Name: reviewed.GetName(), View: full})
	if err != nil {
		t.Fatal(err)
	}
	uphold := effect(t, r.GetClaim().GetActionEffects(), tenfoldv1.ClaimAction_CLAIM_ACTION_DECIDE_REVIEW, tenfoldv1.ClaimTrigger_CLAIM_TRIGGER_REVIEW_UPHELD)
	upheld, err := f.claims.DecideReview(f.as("adjudicator"), &tenfoldv1.DecideReviewRequest{
		Name: reviewed.GetName(), RequestId: f.id(), Etag: r.GetClaim().GetEtag(), Note: "both", Decision: tenfoldv1.ReviewDecision_REVIEW_DECISION_UPHOLD,
		UnitVerdicts: []*tenfoldv1.UnitVerdict{
			{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT}, {Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	came, told := upheld.GetClaim().GetDeadline(), uphold.GetDeadline()
	if off := came.GetPassesAt().AsTime().Sub(told.GetPassesAt().AsTime()).Abs(); off > time.Second || came.GetKind() != told.GetKind() {
		t.Errorf("told %v, came %v", told, came)
	}
	if !uphold.GetUnpriced() || len(uphold.GetMovements()) != 0 || uphold.GetNextState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED {
		t.Errorf("%v", uphold)
	}
}

// Would catch an explanation that does not say what happened, by whom, on which
// result, and what it costs; or a merchant who reads another's.
func TestExplainClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.notified("m1", "l1")
	explained := func(l tenfoldv1.Language) *tenfoldv1.ClaimExplanation {
		r, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: "merchants/-/claims/" + c.GetClaimId(), Language: l})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetExplanation()
	}
	e := explained(0)
	if e.GetLastMove().GetTrigger() != tenfoldv1.ClaimTrigger_CLAIM_TRIGGER_RESULT_COUNTERFEIT || e.GetResult().GetReportNumber() == "" ||
		e.GetVerdict().GetRevision() != c.GetRevision() || e.GetCalculation() == nil || e.GetText().GetLanguage() != tenfoldv1.Language_LANGUAGE_ENGLISH {
		t.Errorf("%v", e)
	}
	if !strings.Contains(e.GetText().GetWhy(), e.GetResult().GetReportNumber()) || !strings.Contains(e.GetText().GetAward()[0], "a compensation of 2,000.00 CNY") {
		t.Errorf("%v", e.GetText())
	}
	if d := e.GetDeadlineEffect(); !d.GetEscalates() || d.GetNextState() != c.GetState() {
		t.Errorf("an undelivered notice: %v", d)
	}
	if zh := explained(tenfoldv1.Language_LANGUAGE_CHINESE); zh.GetText().GetTurn() != "下一步：商家答复。" || len(zh.GetText().GetChoices()) != len(e.GetActionEffects()) {
		t.Errorf("%v", zh.GetText())
	}
	f.confirm(c)
	if d := explained(0).GetDeadlineEffect(); d.GetEscalates() || d.GetNextState() != tenfoldv1.ClaimState_CLAIM_STATE_PAYING || len(d.GetMovements()) == 0 {
		t.Errorf("a delivered notice: %v", d)
	}
	_, err := f.claims.ExplainClaim(f.as("merchant"), &tenfoldv1.ExplainClaimRequest{Name: "merchants/m2/claims/" + c.GetClaimId()})
	if got := refusal(err); got.reason != "CLAIM_NOT_FOUND" {
		t.Errorf("of another merchant: %+v", got)
	}
	reviewed := f.inReview("l2")
	decide := f.rejecting(reviewed)
	if _, err := f.claims.DecideReview(f.as("adjudicator"), decide); err != nil {
		t.Fatal(err)
	}
	r, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: reviewed.GetName()})
	if err != nil || !strings.Contains(r.GetExplanation().GetText().GetWhy(), "no proof") || r.GetExplanation().GetResult() != nil {
		t.Errorf("%v, %v", r.GetExplanation().GetText(), err)
	}
	// What the marketplace's people write to each other is not for the merchant.
	asMerchant, err := f.claims.ExplainClaim(f.as("merchant"), &tenfoldv1.ExplainClaimRequest{Name: reviewed.GetName()})
	if err != nil || strings.Contains(asMerchant.String(), "no proof") || asMerchant.GetExplanation().GetText().GetWhy() == "" {
		t.Errorf("as merchant: %v, %v", asMerchant, err)
	}
}

// Would catch a FULL answer put together from several moments: a hold that the
// claim does not know of, a balance that none of its holds explains.
func TestFullClaimIsOfOneMoment(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	var name atomic.Value
	withdraw := func(c *tenfoldv1.Claim) {
		t.Helper()
		_, err := f.claims.WithdrawClaim(f.as("support"), &tenfoldv1.WithdrawClaimRequest{Name: c.GetName(), RequestId: f.id()})
		if err != nil {
			t.Fatal(err)
		}
	}
	first := f.file("m1", "first")
	withdraw(first)
	name.Store(first.GetName())
	done, torn := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(torn)
		for {
			select {
			case <-done:
				return
			default:
			}
			c, err := f.masked(name.Load().(string), full)
			if err != nil {
				torn <- err.Error()
				return
			}
			var open, held int64
			for _, h := range c.GetHolds() {
				if h.GetState() == tenfoldv1.HoldState_HOLD_STATE_HELD {
					open += h.GetAmount().GetMinorUnits() - h.GetCaptured().GetMinorUnits() - h.GetReleased().GetMinorUnits()
				}
			}
			for _, b := range c.GetBalances() {
				if b.GetPurpose() == tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_DEPOSIT_HELD {
					held = b.GetBalance().GetMinorUnits()
				}
			}
			// No other claim of the book has anything held meanwhile.
			if claimed := c.GetFunding().GetHeld().GetMinorUnits(); c.GetState() == tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED && (open != claimed || held != claimed) {
				torn <- fmt.Sprintf("the claim has %d held, its holds %d, the book %d", claimed, open, held)
				return
			}
		}
	}()
	for i := range 8 {
		c := f.file("m1", fmt.Sprintf("l%d", i))
		name.Store(c.GetName())
		f.runDueWork()
		withdraw(c)
	}
	close(done)
	if what, ok := <-torn; ok {
		t.Error(what)
	}
}
