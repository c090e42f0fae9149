package rpc

import (
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// secret is whom a field is hidden from.
type secret struct {
	from []principal.Role
	// unless shows it all the same, by what stands beside it. Nil: never.
	unless func(protoreflect.Message) bool
}

func hiddenFrom(r ...principal.Role) secret { return secret{from: r} }

// fromOutside is hidden from everybody outside of the marketplace.
var fromOutside = hiddenFrom(principal.RoleMerchant, principal.RoleAuthenticator)

// fromAuthenticator is hidden from who only examines the goods: who claims, what
// it costs whom, and what others found must not sway a result.
var fromAuthenticator = hiddenFrom(principal.RoleAuthenticator)

// secrets are the fields that are not for every role that may call a method.
// What is not here is for everyone who gets the message.
var secrets = map[protoreflect.FullName]secret{
	// Who the consumer is and where the consumer's money goes.
	"tenfold.v1.Claim.claimant_id":          fromOutside,
	"tenfold.v1.Claim.claimant_role":        fromOutside,
	"tenfold.v1.Claim.payout_destination":   fromOutside,
	"tenfold.v1.OrderLine.payer_id":         fromOutside,
	"tenfold.v1.OrderLine.recipient_id":     fromOutside,
	"tenfold.v1.Payout.destination":         fromOutside,
	"tenfold.v1.Payout.original_payment_id": fromOutside,
	"tenfold.v1.Payout.gateway_reference":   fromOutside,
	"tenfold.v1.OrderLine.payment_id":       fromAuthenticator,
	"tenfold.v1.OrderLine.order_id":         fromAuthenticator,
	"tenfold.v1.Claim.order_id":             fromAuthenticator,
	"tenfold.v1.Claim.order_line":           fromAuthenticator,
	"tenfold.v1.Claim.pricing_group":        fromAuthenticator,

	// Who of the marketplace's people works on a claim, and what they write to
	// each other. What a merchant wrote itself it sees.
	"tenfold.v1.Claim.assignee":       fromOutside,
	"tenfold.v1.Claim.approvals":      fromOutside,
	"tenfold.v1.Approval.person":      fromOutside,
	"tenfold.v1.Approval.note":        fromOutside,
	"tenfold.v1.Revision.author":      fromOutside,
	"tenfold.v1.Revision.note":        fromOutside,
	"tenfold.v1.Evidence.person":      {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Evidence.note":        {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Proposal.note":        fromOutside,
	"tenfold.v1.Proposal.proposed_by": fromOutside,
	"tenfold.v1.ProposalVote.person":  fromOutside,
	"tenfold.v1.ProposalVote.note":    fromOutside,
	"tenfold.v1.Move.person":          {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Move.workload":        {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Move.note":            {from: fromOutside.from, unless: madeByMerchant},

	// The same in events. Their content tells all of it.
	"tenfold.v1.Event.person_commitment": {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Event.workload":          {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Event.details":           {from: fromOutside.from, unless: madeByMerchant},
	"tenfold.v1.Event.content":           fromOutside,

	// The same where a claim is explained.
	"tenfold.v1.VerdictSummary.note": fromOutside,

	// What a claim is worth, and what was found by others.
	"tenfold.v1.Claim.award":          fromAuthenticator,
	"tenfold.v1.Claim.funding":        fromAuthenticator,
	"tenfold.v1.Claim.notice":         fromAuthenticator,
	"tenfold.v1.Claim.deadline":       fromAuthenticator,
	"tenfold.v1.Claim.calculation":    fromAuthenticator,
	"tenfold.v1.Claim.policy_version": fromAuthenticator,
	"tenfold.v1.Claim.verdict":        fromAuthenticator,
	"tenfold.v1.Claim.units":          fromAuthenticator,
	"tenfold.v1.Claim.results":        fromAuthenticator,
	"tenfold.v1.Claim.payouts":        fromAuthenticator,
	"tenfold.v1.Claim.holds":          fromAuthenticator,
	"tenfold.v1.Claim.balances":       fromAuthenticator,
	"tenfold.v1.Claim.action_effects": fromAuthenticator,
	"tenfold.v1.Claim.appeals":        fromAuthenticator,
	"tenfold.v1.Appeal.note":          fromAuthenticator,
	"tenfold.v1.Claim.revisions":      fromAuthenticator,
	"tenfold.v1.Claim.exposure":       fromAuthenticator,
	"tenfold.v1.Claim.confirmed_at":   fromAuthenticator,
	"tenfold.v1.Claim.sampling_case":  fromAuthenticator,
	"tenfold.v1.Claim.payout_form":    fromAuthenticator,
	"tenfold.v1.Claim.evidence":       fromAuthenticator,
	"tenfold.v1.Claim.fees":           fromAuthenticator,

	"tenfold.v1.Claim.hold_expires_at":  fromAuthenticator,
	"tenfold.v1.Claim.clock_stopped_at": fromAuthenticator,

	// The same, where a refusal tells the state of a claim.
	"tenfold.v1.ClaimStateDetail.verdict":  fromAuthenticator,
	"tenfold.v1.ClaimStateDetail.deadline": fromAuthenticator,
}

// madeByMerchant says whether a move or an event was made in the role of its
// merchant.
func madeByMerchant(made protoreflect.Message) bool {
	role := made.Descriptor().Fields().ByName("role")
	return made.Get(role).String() == string(principal.RoleMerchant)
}

// hides says whether a field is hidden from a role, whatever stands beside it.
func hides(role principal.Role, field protoreflect.FullName) bool {
	return slices.Contains(secrets[field].from, role)
}

// veil is what is to be hidden in the messages of one type from one role.
type veil struct {
	hidden []protoreflect.FieldDescriptor
	// within are the fields whose own messages hold something hidden.
	within []protoreflect.FieldDescriptor
}

// veils are the veils of a role, by message.
type veils map[protoreflect.FullName]veil

// veilsOf are the veils of every role, worked out once.
var veilsOf = sync.OnceValue(func() map[principal.Role]veils {
	all := make(map[principal.Role]veils)
	for _, role := range identity.Roles() {
		v := veils{}
		protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
			for i := range file.Messages().Len() {
				v.add(role, file.Messages().Get(i), nil)
			}
			return true
		})
		all[role] = v
	}
	return all
})

// add works out the veil of a message, and says whether it has one. open are
// the messages around it, so that one that holds itself ends.
func (v veils) add(role principal.Role, m protoreflect.MessageDescriptor, open []protoreflect.FullName) bool {
	if known, ok := v[m.FullName()]; ok {
		return len(known.hidden)+len(known.within) > 0
	}
	if slices.Contains(open, m.FullName()) {
		return false
	}
	open = append(open, m.FullName())
	var one veil
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		switch {
		case hides(role, f.FullName()):
			one.hidden = append(one.hidden, f)
		case f.Message() != nil && !f.IsMap() && v.add(role, f.Message(), open):
			one.within = append(one.within, f)
		}
	}
	v[m.FullName()] = one
	return len(one.hidden)+len(one.within) > 0
}

// covers says whether a role must not see all of a message's kind.
func covers(role principal.Role, m proto.Message) bool {
	one := veilsOf()[role][m.ProtoReflect().Descriptor().FullName()]
	return len(one.hidden)+len(one.within) > 0
}

// cover clears what the caller must not see in an answer.
func (c caller) cover(answer any) {
	if m, ok := answer.(proto.Message); ok {
		veilsOf()[c.Role].cover(m.ProtoReflect())
	}
}

func (v veils) cover(m protoreflect.Message) {
	one := v[m.Descriptor().FullName()]
	for _, f := range one.hidden {
		if unless := secrets[f.FullName()].unless; unless == nil || !unless(m) {
			m.Clear(f)
		}
	}
	for _, f := range one.within {
		switch {
		case !m.Has(f):
		case f.IsList():
			list := m.Get(f).List()
			for i := range list.Len() {
				v.cover(list.Get(i).Message())
			}
		default:
			v.cover(m.Get(f).Message())
		}
	}
}
