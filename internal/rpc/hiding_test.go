package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// hidden lists the fields that each role must not see. The role must see every other
// field of the answers that it gets. The list repeats the contract on purpose: a
// slip must be made twice.
var hidden = map[principal.Role][]string{
	principal.RoleOrderService: {
		"CustodyStep.note", "CustodyStep.role", "CustodyStep.person",
		"Note.person", "Note.number", "TimelineEntry.proposal_kind", "Authenticator.contacts", "Authenticator.suspension_reason", "AuthenticatorKey.revocation_reason",
		"TimelineCommission.shipment", "TimelineRetraction.job",
		"Commission.replaces", "Commission.draw_seed", "Commission.draw_candidates", "Commission.role", "Commission.person",
		"EvidenceRequest.role", "EvidenceRequest.person", "EvidenceRequest.note",
	},
	principal.RoleMerchant: {
		"CustodyStep.note", "CustodyStep.role", "CustodyStep.person",
		"Book.labels",
		"Claim.claimant_id", "Claim.claimant_role", "Claim.payout_destination", "Claim.assignee", "Claim.labels", "Claim.external_reference",
		"OrderLine.payer_id", "OrderLine.recipient_id",
		"OrderLineCorrection.reason", "OrderLineCorrection.corrected_as", "OrderLineCorrection.corrected_by",
		"Payout.destination", "Payout.original_payment_id", "Payout.gateway_reference", "Transfer.gateway_reference",
		"Move.person", "Move.workload", "Move.note", "VerdictSummary.note", "Claim.approvals", "Revision.author", "Revision.note", "Evidence.person",
		"Evidence.note", "Evidence.upload", "Note.person", "Note.number",
		"Event.person_commitment", "Event.workload", "Event.details", "Event.content",
		"TimelineEntry.person", "TimelineEntry.workload", "TimelineEntry.note", "TimelineEntry.document", "TimelineEntry.assignee",
		"TimelineEntry.proposal_kind", "TimelineEntry.notice_attempt", "TimelineEntry.webhook",
		"Authenticator.contacts", "Authenticator.suspension_reason", "AuthenticatorKey.revocation_reason",
		"EvidenceRequest.role", "EvidenceRequest.person", "EvidenceRequest.note",
		"TimelineCommission.shipment", "TimelineRetraction.job",
		"StatementFile.job", "StatementFile.created_by",
		"Proposal.from_account", "Proposal.to_account", "Proposal.booked_amount", "Proposal.effective_at", "Proposal.debt_kind", "Proposal.claim", "Proposal.payment_reference", "Proposal.note", "Proposal.proposed_by", "Proposal.votes",
	},
	principal.RoleAuthenticator: {
		"RevokeAuthenticatorKeyResponse.change", "CustodyStep.note", "CustodyStep.role", "CustodyStep.person",
		"Authenticator.contacts", "Authenticator.suspension_reason", "AuthenticatorKey.revocation_reason",
		"Claim.claimant_id", "Claim.claimant_role", "Claim.payout_destination", "Claim.assignee", "Claim.labels", "Claim.external_reference",
		"Claim.order_id", "Claim.order_line", "Claim.pricing_group", "Claim.award", "Claim.funding", "Claim.notice",
		"Claim.deadline", "Claim.calculation", "Claim.policy_version", "Claim.verdict", "Claim.units", "Claim.refund_units", "Claim.retest_at", "Claim.retest_held", "UnitVerdict.consequence", "Claim.results",
		"Claim.payouts", "Claim.holds", "Claim.balances", "Claim.action_effects", "Claim.appeals", "Claim.approvals", "Claim.revisions", "Claim.exposure",
		"Claim.confirmed_at", "Claim.sampling_case", "Claim.payout_form", "Claim.fees", "Claim.evidence", "Claim.hold_expires_at", "Claim.clock_stopped_at",
		"ClaimStateDetail.verdict", "ClaimStateDetail.deadline",
		"OrderLine.payer_id", "OrderLine.recipient_id", "OrderLine.payment_id", "OrderLine.order_id",
		"Payout.destination", "Payout.original_payment_id", "Payout.gateway_reference",
		"Move.person", "Move.workload", "Move.note", "VerdictSummary.note",
		"Event.person_commitment", "Event.workload", "Event.details", "Event.content",
		"Evidence.kind", "Evidence.reference", "Evidence.digest", "Evidence.note", "Evidence.role", "Evidence.person", "Evidence.added_at",
		"Evidence.upload", "Evidence.media_type", "Evidence.size_bytes", "Evidence.disclosed_to",
		"Evidence.evidence_request", "Evidence.late", "EvidenceRequest.role", "EvidenceRequest.person", "EvidenceRequest.note",
		"Commission.replaces", "Commission.draw_seed", "Commission.draw_candidates", "Commission.role", "Commission.person",
	},
}

// ownWords are the fields of that list that a merchant sees where a merchant made
// the move, the event or the evidence.
var ownWords = []string{
	"Move.person", "Move.workload", "Move.note", "Evidence.person", "Evidence.note", "Evidence.upload",
	"Event.person_commitment", "Event.workload", "Event.details",
	"TimelineEntry.person", "TimelineEntry.workload", "TimelineEntry.note", "TimelineEntry.document",
	"TimelineEntry.notice_attempt", "TimelineEntry.webhook",
}

// contractMethod finds a method of the contract by its full name.
func contractMethod(t *testing.T, full string) protoreflect.MethodDescriptor {
	t.Helper()
	service, method, _ := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + method))
	if err != nil {
		t.Fatal(err)
	}
	return found.(protoreflect.MethodDescriptor)
}

// fill sets every field of a message, and of those inside it. Texts are word.
func fill(m protoreflect.Message, word string) {
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		switch {
		case f.IsList() && f.Message() != nil:
			fill(m.Mutable(f).List().AppendMutable().Message(), word)
		case f.IsList():
			m.Mutable(f).List().Append(something(f, word))
		case f.IsMap():
			m.Mutable(f).Map().Set(something(f.MapKey(), word).MapKey(), something(f.MapValue(), word))
		case f.Message() != nil:
			fill(m.Mutable(f).Message(), word)
		default:
			m.Set(f, something(f, word))
		}
	}
}

// somethings are values of fields that are not their zero value. The kinds
// without one are texts and those of 32 signed bits.
var somethings = map[protoreflect.Kind]protoreflect.Value{
	protoreflect.BytesKind:    protoreflect.ValueOfBytes([]byte("x")),
	protoreflect.BoolKind:     protoreflect.ValueOfBool(true),
	protoreflect.EnumKind:     protoreflect.ValueOfEnum(1),
	protoreflect.Int64Kind:    protoreflect.ValueOfInt64(1),
	protoreflect.Sint64Kind:   protoreflect.ValueOfInt64(1),
	protoreflect.Sfixed64Kind: protoreflect.ValueOfInt64(1),
	protoreflect.Uint64Kind:   protoreflect.ValueOfUint64(1),
	protoreflect.Fixed64Kind:  protoreflect.ValueOfUint64(1),
	protoreflect.Uint32Kind:   protoreflect.ValueOfUint32(1),
	protoreflect.Fixed32Kind:  protoreflect.ValueOfUint32(1),
	protoreflect.DoubleKind:   protoreflect.ValueOfFloat64(1),
	protoreflect.FloatKind:    protoreflect.ValueOfFloat32(1),
}

func something(f protoreflect.FieldDescriptor, word string) protoreflect.Value {
	if f.Kind() == protoreflect.StringKind {
		return protoreflect.ValueOfString(word)
	}
	if v, ok := somethings[f.Kind()]; ok {
		return v
	}
	return protoreflect.ValueOfInt32(1)
}

// differ calls f for each field that before has and after has not, and for
// each that both have.
func differ(before, after protoreflect.Message, f func(field protoreflect.FieldDescriptor, shown bool)) {
	before.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		shown := after.Has(field)
		f(field, shown)
		switch {
		case !shown || field.Message() == nil || field.IsMap():
		case field.IsList():
			differ(value.List().Get(0).Message(), after.Get(field).List().Get(0).Message(), f)
		default:
			differ(value.Message(), after.Get(field).Message(), f)
		}
		return true
	})
}

// Would catch a field that a role sees and must not, in whatever answer it
// stands, and one that is taken from who needs it: every method's answer, full
// of values, meets every role that may call it.
func TestEveryAnswerMeetsEveryRole(t *testing.T) {
	t.Parallel()
	met := make(map[string]bool)
	meet := func(what string, role principal.Role, answer protoreflect.MessageDescriptor, maker string) {
		m := dynamicpb.NewMessage(answer)
		fill(m, maker)
		before := proto.Clone(m)
		rpc.Cover(role, m)
		differ(before.ProtoReflect(), m, func(field protoreflect.FieldDescriptor, shown bool) {
			name := string(field.Parent().Name()) + "." + string(field.Name())
			own := role == principal.RoleMerchant && maker == "merchant" && slices.Contains(ownWords, name)
			must := own || !slices.Contains(hidden[role], name)
			if shown != must {
				t.Errorf("%s as %s, made by %s: %s is shown: %t", what, role, maker, name, shown)
			}
			if !must {
				met[string(role)+" "+name] = true
			}
		})
	}
	for full, roles := range rpc.MethodRoles() {
		for _, role := range roles {
			for _, maker := range []string{"merchant", "support"} {
				meet(full, role, contractMethod(t, full).Output(), maker)
				meet("a refusal of "+full, role, (&tenfoldv1.ClaimStateDetail{}).ProtoReflect().Descriptor(), maker)
			}
		}
	}
	for _, name := range hidden[principal.RoleMerchant] {
		if !met["merchant "+name] {
			t.Errorf("no answer to a merchant has %s", name)
		}
	}
	for role := range hidden {
		if !slices.Contains(identity.Roles(), role) {
			t.Errorf("role %s does not exist", role)
		}
	}
}

// Would catch a merchant who reads what reviewers and consumers wrote, or who
// cannot read its own words; over the wire, by every way to them.
func TestMerchantSeesItsOwnWordsOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.confirm(f.notified("m1", "l1"))
	accepted, err := f.claims.AcceptClaim(f.as("merchant"), &tenfoldv1.AcceptClaimRequest{
		Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Note: "we agree",
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := accepted.GetClaim(); a.GetClaimantId() != "" || a.GetPayoutDestination() != "" || a.GetFunding() == nil {
		t.Errorf("AcceptClaim: %v", a)
	}
	moves, err := f.claims.ListMoves(f.as("merchant"), &tenfoldv1.ListMovesRequest{Parent: c.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, m := range moves.GetMoves() {
		words = append(words, m.GetNote()+m.GetPerson())
	}
	if got := strings.Join(words, ""); got != "we agreeperson-1" {
		t.Errorf("a merchant reads %q", words)
	}
	full := &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL}
	seen, err := f.claims.GetClaim(f.as("merchant"), full)
	if err != nil {
		t.Fatal(err)
	}
	if s := seen.GetClaim(); s.GetOrderLine().GetPayerId() != "" || s.GetOrderLine().GetOrderId() == "" ||
		len(s.GetPayouts()) == 0 || s.GetPayouts()[0].GetDestination() != "" {
		t.Errorf("GetClaim: %v", s)
	}
	if s := f.claim(c.GetName()); s.GetClaimantId() == "" || s.GetPayouts()[0].GetDestination() == "" {
		t.Errorf("support sees less than it needs: %v", s)
	}
}

// Would catch a way over HTTP by which a merchant gets what calls over gRPC hide.
func TestMerchantSeesTheSameOverHTTP(t *testing.T) {
	t.Parallel()
	h := newFixture(t).overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	h.open("m1", 500_000)
	c := h.notified("m1", "l1")
	want, err := h.claims.GetClaim(h.as("merchant"), &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		t.Fatal(err)
	}
	if want.GetClaim().GetClaimantId() != "" || want.GetClaim().GetOrderLine().GetOrderId() == "" {
		t.Errorf("over gRPC: %v", want)
	}
	var plain, connect tenfoldv1.GetClaimResponse
	h.send(inRole("merchant"), "GET", "/v1/"+c.GetName()+"?view=CLAIM_VIEW_FULL", nil, &plain)
	h.send(inRole("merchant"), "POST", "/tenfold.v1.ClaimService/GetClaim",
		&tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL}, &connect)
	if !proto.Equal(&plain, want) || !proto.Equal(&connect, want) {
		t.Errorf("over gRPC %v, by path %v, by Connect %v", want, &plain, &connect)
	}
}
