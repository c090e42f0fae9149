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

// hidden is what each role must not see. It repeats the server's table on
// purpose: a field that is shown by a slip must be shown twice.
var hidden = map[principal.Role][]string{
	principal.RoleMerchant: {
		"Claim.claimant_id", "Claim.claimant_role", "Claim.payout_destination", "Claim.assignee",
		"OrderLine.payer_id", "OrderLine.recipient_id",
		"Payout.destination", "Payout.original_payment_id", "Payout.gateway_reference",
		"Move.person", "Move.workload", "Move.note", "VerdictSummary.note", "Claim.approvals", "Revision.author", "Revision.note", "Evidence.person",
		"Evidence.note",
		"Event.person_commitment", "Event.workload", "Event.details", "Event.content",
	},
	principal.RoleAuthenticator: {
		"Claim.claimant_id", "Claim.claimant_role", "Claim.payout_destination", "Claim.assignee",
		"Claim.order_id", "Claim.order_line", "Claim.pricing_group", "Claim.award", "Claim.funding", "Claim.notice",
		"Claim.deadline", "Claim.calculation", "Claim.policy_version", "Claim.verdict", "Claim.units", "Claim.results",
		"Claim.payouts", "Claim.holds", "Claim.balances", "Claim.action_effects", "Claim.appeals", "Claim.approvals", "Claim.revisions", "Claim.exposure",
		"Claim.confirmed_at", "Claim.sampling_case", "Claim.payout_form", "Claim.fees", "Claim.evidence", "Claim.hold_expires_at", "Claim.clock_stopped_at",
		"ClaimStateDetail.verdict", "ClaimStateDetail.deadline",
		"OrderLine.payer_id", "OrderLine.recipient_id", "OrderLine.payment_id", "OrderLine.order_id",
		"Payout.destination", "Payout.original_payment_id", "Payout.gateway_reference",
		"Move.person", "Move.workload", "Move.note", "VerdictSummary.note",
		"Event.person_commitment", "Event.workload", "Event.details", "Event.content",
	},
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

// fill sets every field of a message, and of those inside it.
func fill(m protoreflect.Message) {
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		switch {
		case f.IsList() && f.Message() != nil:
			fill(m.Mutable(f).List().AppendMutable().Message())
		case f.IsList():
			m.Mutable(f).List().Append(something(f))
		case f.IsMap():
		case f.Message() != nil:
			fill(m.Mutable(f).Message())
		default:
			m.Set(f, something(f))
		}
	}
}

// somethings are values of fields that are not their zero value. The kinds
// without one are those of 32 signed bits.
var somethings = map[protoreflect.Kind]protoreflect.Value{
	protoreflect.StringKind:   protoreflect.ValueOfString("x"),
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

func something(f protoreflect.FieldDescriptor) protoreflect.Value {
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
		case !shown || field.Message() == nil:
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
	meet := func(what string, role principal.Role, answer protoreflect.MessageDescriptor) {
		m := dynamicpb.NewMessage(answer)
		fill(m)
		before := proto.Clone(m)
		rpc.Cover(role, m)
		differ(before.ProtoReflect(), m, func(field protoreflect.FieldDescriptor, shown bool) {
			name := string(field.Parent().Name()) + "." + string(field.Name())
			must := !slices.Contains(hidden[role], name)
			if shown != must {
				t.Errorf("%s as %s: %s is shown: %t", what, role, name, shown)
			}
			if !must {
				met[string(role)+" "+name] = true
			}
		})
	}
	for full, roles := range rpc.MethodRoles() {
		for _, role := range roles {
			meet(full, role, contractMethod(t, full).Output())
			meet("a refusal of "+full, role, (&tenfoldv1.ClaimStateDetail{}).ProtoReflect().Descriptor())
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

// Would catch a field of the contract whose name says that it holds a person or
// a person's words, and that nobody has decided on.
func TestPersonalFieldsAreDecidedOn(t *testing.T) {
	t.Parallel()
	personal := []string{
		"claimant_id", "payer_id", "recipient_id", "payout_destination", "destination", "person", "assignee", "note",
	}
	// CalculationStep's notes are the engine's own words on the price. A gateway is
	// called, and an auditor sees everything.
	decided := []string{"CalculationStep.note", "AccessRefusal.person"}
	for _, s := range rpc.Secrets() {
		decided = append(decided, strings.TrimPrefix(s.Field, "tenfold.v1."))
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			m := file.Messages().Get(i)
			if strings.HasSuffix(string(m.Name()), "Request") {
				continue // Callers know what they send.
			}
			for j := range m.Fields().Len() {
				name := string(m.Name()) + "." + string(m.Fields().Get(j).Name())
				if slices.Contains(personal, string(m.Fields().Get(j).Name())) && !slices.Contains(decided, name) {
					t.Errorf("nobody has decided who sees %s: add it to the table of internal/rpc/hiding.go", name)
				}
			}
		}
		return true
	})
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
