package rpc

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/policyproposal"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// MethodRoles are the roles that may call each method; none for an open one.
func MethodRoles() map[string][]principal.Role {
	out := make(map[string][]principal.Role, len(methods))
	for method, row := range methods {
		out[method] = row.roles
	}
	return out
}

func callerIn(role principal.Role) caller {
	return caller{identity.Caller{Principal: principal.Principal{Role: role}}}
}

// QuotingRoles are the roles that may ask for quotes.
func QuotingRoles() []string {
	var out []string
	for _, role := range methods["/tenfold.v1.ClaimService/QuotePayout"].roles {
		out = append(out, string(role))
	}
	return out
}

// Hides says whether a field is hidden from a role.
func Hides(role string, m proto.Message, field string) bool {
	return hides(principal.Role(role), m, protoreflect.Name(field))
}

// AnswerMax and Weight bound answers.
const AnswerMax = answerMax

// Weight is weight.
func Weight(m proto.Message) int { return weight(m) }

// Cover clears what a role must not see in an answer.
func Cover(role principal.Role, answer proto.Message) { coverFrom(role, answer) }

// CoverApart covers a message with veils that are woven for some types alone.
func CoverApart(role principal.Role, types []protoreflect.MessageDescriptor, m proto.Message) {
	r := m.ProtoReflect()
	weave(role, types)[r.Descriptor().FullName()].cover(r)
}

// StatusOf is the status that a caller in a role gets for an error.
func StatusOf(role principal.Role, err error) *status.Status {
	s, _ := statusOf(err, callerIn(role))
	return s
}

// PutIntoWords hides fields of an entry from a role and writes its text.
func PutIntoWords(entry *tenfoldv1.TimelineEntry, role principal.Role, l explain.Language) {
	putIntoWords(entry, role, l, explain.Place())
}

// ReaderRole is the role whose actions and fields a reader of explanations has.
func ReaderRole(a explain.Audience) principal.Role { return readerRoles[a] }

// Localized adds to a status its text in a language.
func Localized(s *status.Status, l explain.Language) *status.Status { return localized(s, l) }

// Spoken is the language of a call with these accept-language headers.
func Spoken(headers ...string) explain.Language { return spokenIn(headers) }

// ItemStatusOf is the status that an item of a batch gets for an error.
func ItemStatusOf(role principal.Role, err error) *tenfoldv1.ItemStatus {
	return itemStatus(StatusOf(role, err))
}

// FileItem files an item of a batch on a server whose engine panics.
func FileItem(ctx context.Context, r *tenfoldv1.FileClaimRequest) *tenfoldv1.BatchFileClaimsItem {
	s := claimService{
		backend: backend{observer: &Observer{}, log: slog.New(slog.DiscardHandler)}, validator: protovalidate.GlobalValidator,
	}
	return s.fileItem(ctx, r)
}

// Shows says whether a role sees what is shown to an audience.
func Shows(to tenfoldv1.ShownTo, role principal.Role) bool { return shows(to, role) }

// ShownTo is what the contract says of a field.
func ShownTo(field protoreflect.FieldDescriptor) tenfoldv1.ShownTo { return shownTo(field) }

// HeldBy is the type of the messages in a field; nil for none.
func HeldBy(field protoreflect.FieldDescriptor) protoreflect.MessageDescriptor { return heldBy(field) }

// Plain says whether a message from outside of the contract is shown whole.
func Plain(m protoreflect.MessageDescriptor) bool { return slices.Contains(plain, m.FullName()) }

// Sees says whether a role sees a field, and whether only where a merchant made
// the message.
func Sees(role principal.Role, field protoreflect.FieldDescriptor) (sees, own bool) {
	one := veilOf(role, field.ContainingMessage())
	if one == nil {
		return true, false
	}
	return !slices.Contains(one.hidden, field), slices.Contains(one.ofOthers, field)
}

// Facts say who sees each fact of a refusal.
func Facts() map[string]tenfoldv1.ShownTo { return maps.Clone(facts) }

// AlwaysWritten says whether JSON has the amount of a message even if it is zero.
func AlwaysWritten(name protoreflect.FullName) bool { return alwaysWritten[name] != nil }

// NamesOfResources are a name of each resource, as the server makes them.
func NamesOfResources() map[string]string {
	return map[string]string{
		"Authenticator": authenticatorName("a1"), "AuthenticatorChange": authenticator.Key{ID: "a1", Number: 1}.Name(), "AuthenticatorKey": authenticatorKeyName("a1", "k1"), "AuthenticationResult": resultName("m1", "r1"), "Book": merchantName("m1"),
		"Claim": claimName("m1", "c1"), "Commission": commissionName("m1", "c1", 1), "EvidenceRequest": evidenceRequestName("m1", "c1", 1), "Event": eventName("m1", 7), "Hold": holdName("m1", "c1", 1),
		"OrderLine": orderLineName("m1", "2026/77 红"), "Payout": payoutName("m1", "p1"), "Proposal": proposalName("m1", 7),
		"Policy": "policies/p1", "PolicyProposal": policyproposal.Key{PolicyID: "p1", Number: 1}.Name(), "PolicyVersion": policyVersionName("p1", 1),
		"DecisionRules": decisionRulesName(1), "DecisionRulesProposal": policyproposal.RulesName(1),
		"Transfer": transferName("m1", 7), "Webhook": webhookName("m1", "w1"), "Upload": uploadName("m1", "u1"),
		"Import": importName("i1"), "Period": periodName("2026-03"), "Break": breakName("b1"), "Job": jobName("j1"), "StatementFile": statementFileName("m1", "j1"),
	}
}
