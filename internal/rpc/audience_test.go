package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) explained(role string, name string, audience tenfoldv1.Audience) *tenfoldv1.ClaimExplanation {
	f.t.Helper()
	r, err := f.claims.ExplainClaim(f.as(role), &tenfoldv1.ExplainClaimRequest{Name: name, Audience: audience})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetExplanation()
}

// Would catch an explanation for a reader that offers what only others may do.
func TestReadersAreToldTheirOwnActions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	name := f.notified("m1", "l1").GetName()
	action := func(words ...string) []tenfoldv1.ClaimAction {
		var out []tenfoldv1.ClaimAction
		for _, w := range words {
			out = append(out, tenfoldv1.ClaimAction(tenfoldv1.ClaimAction_value["CLAIM_ACTION_"+w]))
		}
		slices.Sort(out)
		return out
	}
	for audience, want := range map[tenfoldv1.Audience][]tenfoldv1.ClaimAction{
		tenfoldv1.Audience_AUDIENCE_CONSUMER:    action("WITHDRAW"),
		tenfoldv1.Audience_AUDIENCE_MERCHANT:    action("ACCEPT", "APPEAL", "CONFIRM_NOTICE"),
		tenfoldv1.Audience_AUDIENCE_SUPPORT:     action("WITHDRAW"),
		tenfoldv1.Audience_AUDIENCE_ADJUDICATOR: action("REVISE_VERDICT"),
		tenfoldv1.Audience_AUDIENCE_APPROVER:    action(),
		tenfoldv1.Audience_AUDIENCE_FINANCE:     action(),
		tenfoldv1.Audience_AUDIENCE_OPERATOR:    action("ACCEPT", "APPEAL", "CONFIRM_NOTICE", "RECORD_RESULT", "WITHDRAW"),
	} {
		e := f.explained("support", name, audience)
		var effects []tenfoldv1.ClaimAction
		for _, a := range e.GetActionEffects() {
			if !slices.Contains(effects, a.GetAction()) {
				effects = append(effects, a.GetAction())
			}
		}
		allowed := slices.Clone(e.GetClaim().GetAllowedActions())
		slices.Sort(effects)
		slices.Sort(allowed)
		if !slices.Equal(effects, want) || !slices.Equal(allowed, want) {
			t.Errorf("%s may %v, and is told %v; want %v", audience, allowed, effects, want)
		}
	}
	everybody := f.explained("support", name, tenfoldv1.Audience_AUDIENCE_UNSPECIFIED)
	if got := everybody.GetClaim().GetAllowedActions(); !slices.Equal(got, action("WITHDRAW")) {
		t.Errorf("without an audience the caller is told of %v", got)
	}
}

// Would catch a reader without a role, who would be told what every role can do.
func TestEveryReaderHasARole(t *testing.T) {
	t.Parallel()
	for _, a := range explain.Audiences() {
		if role := rpc.ReaderRole(a); !slices.Contains(identity.Roles(), role) {
			t.Errorf("%s reads as %q", a, role)
		}
	}
}

// forConsumers are the fields of an explanation that a consumer is shown. The list repeats
// the code on purpose: a slip must be made twice.
var forConsumers = []string{
	"ClaimExplanation.claim", "ClaimExplanation.action_effects", "ClaimExplanation.text",
	"Claim.name", "Claim.claim_id", "Claim.state", "Claim.state_since", "Claim.units", "Claim.order_id", "Claim.product_id", "Claim.remedies",
	"Claim.filed_at", "Claim.waits_for", "Claim.deadline", "Claim.allowed_actions", "Claim.verdict", "Claim.award",
	"UnitVerdict.ordinal", "UnitVerdict.verdict", "UnitVerdict.consequence", "Claim.refund_units", "Deadline.passes_at", "Deadline.kind", "Award.refund", "Award.compensation",
	"Money.currency_code", "Money.minor_units", "ActionEffect.action", "ActionEffect.method", "ActionEffect.next_state",
	"ExplanationText.language", "ExplanationText.why", "ExplanationText.turn", "ExplanationText.time", "ExplanationText.award", "ExplanationText.choices",
}

// Would catch a field that an explanation for consumers has and must not, a secret in its
// text, and an award that is told while a person still decides.
func TestConsumersAreShownTheirOwnAffairs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	for _, c := range []*tenfoldv1.Claim{f.appealed(f.eventfulUntilNotice()), f.notified("m1", "l2"), f.inReview("l3")} {
		e := f.explained("order-service", c.GetName(), tenfoldv1.Audience_AUDIENCE_CONSUMER)
		var walk func(m protoreflect.Message)
		walk = func(m protoreflect.Message) {
			m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
				name := string(field.Parent().Name()) + "." + string(field.Name())
				if field.Message() != nil && field.Message().ParentFile().Package() != "tenfold.v1" {
					return true // A time.
				}
				if !slices.Contains(forConsumers, name) {
					t.Errorf("a consumer is shown %s", name)
				}
				switch {
				case field.IsList() && field.Message() != nil:
					for i := range v.List().Len() {
						walk(v.List().Get(i).Message())
					}
				case field.Message() != nil:
					walk(v.Message())
				}
				return true
			})
		}
		walk(e.ProtoReflect())
		text := protojson.Format(e)
		for _, never := range []string{"secret", "person-1", "panel-1", "reviewer-7", "sandbox-fail", "wallet", "consumer-l", "deposit"} {
			if strings.Contains(text, never) {
				t.Errorf("a consumer is told %q: %s", never, text)
			}
		}
		open := c.GetState() == tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW
		if open != (e.GetClaim().GetAward() == nil) || open != (e.GetClaim().GetVerdict() == 0) || open && e.GetClaim().GetUnits()[0].GetVerdict() != 0 {
			t.Errorf("in %s a consumer is told the award %v, verdict %s", c.GetState(), e.GetClaim().GetAward(), e.GetClaim().GetVerdict())
		}
	}
}

// Would catch a caller who learns by another audience what is hidden from its role.
func TestAudienceShowsNoMoreThanTheCallersRole(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	name := f.eventful().GetName()
	for number := range tenfoldv1.Audience_name {
		for _, role := range []string{"merchant", "support"} {
			text := protojson.Format(f.explained(role, name, tenfoldv1.Audience(number)))
			asMerchant := role == "merchant" || tenfoldv1.Audience(number) == tenfoldv1.Audience_AUDIENCE_MERCHANT
			for _, never := range []string{"secret of", "reviewer-7", "panel-1", "consumer-l1", "sandbox-fail-1", "the invoice is of another batch"} {
				if asMerchant && strings.Contains(text, never) {
					t.Errorf("%s asking for %s is told %q", role, tenfoldv1.Audience(number), never)
				}
			}
		}
	}
	_, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: name, Audience: 99})
	if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "audience" {
		t.Errorf("no audience: %v", err)
	}
	_, err = f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: name, TimeZone: "Nowhere"})
	if got := refusal(err); got.reason != "REQUEST_INVALID" || got.field != "time_zone" {
		t.Errorf("no zone: %v", err)
	}
}
