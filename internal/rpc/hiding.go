package rpc

import (
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// contract is the package of the contract's messages.
const contract = "tenfold.v1"

// internalRoles see every field of the answers that they may ask for.
var internalRoles = []principal.Role{
	principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleFinance, principal.RoleOperator, principal.RoleAuditor,
}

// audiences are the roles, beside the internal ones, that see a field with each
// value of the option. EVERYONE needs no row. Any other value without a row is for
// internal roles only.
var audiences = map[tenfoldv1.ShownTo][]principal.Role{
	tenfoldv1.ShownTo_SHOWN_TO_PARTIES:       {principal.RoleOrderService, principal.RoleMerchant},
	tenfoldv1.ShownTo_SHOWN_TO_ORDER_SERVICE: {principal.RoleOrderService},
	tenfoldv1.ShownTo_SHOWN_TO_MERCHANT:      {principal.RoleMerchant},
	tenfoldv1.ShownTo_SHOWN_TO_MAKER:         {principal.RoleOrderService}, // For merchants see veil.ofOthers.
}

// plain are the only messages from outside the contract that are shown, whole, to
// the roles that see their field. Any other type could carry anything (an Any or a
// Struct does), so a field that holds one is hidden.
var plain = []protoreflect.FullName{"google.protobuf.Timestamp", "google.protobuf.Duration"}

// shows says whether a role sees a field with this value of the option. A role that
// stands in none of the tables above, such as that of an unknown caller, sees
// EVERYONE's fields only.
func shows(to tenfoldv1.ShownTo, role principal.Role) bool {
	return to == tenfoldv1.ShownTo_SHOWN_TO_EVERYONE || slices.Contains(internalRoles, role) || slices.Contains(audiences[to], role)
}

// shownTo reads the option of a field; UNSPECIFIED where it has none.
func shownTo(field protoreflect.FieldDescriptor) tenfoldv1.ShownTo {
	to, _ := proto.GetExtension(field.Options(), tenfoldv1.E_ShownTo).(tenfoldv1.ShownTo)
	return to
}

// veil lists the fields to clear in messages of one type before one role gets them.
// A nil veil hides nothing.
type veil struct {
	hidden []protoreflect.FieldDescriptor
	// ofOthers are hidden unless the field maker says that a merchant made the
	// message.
	ofOthers []protoreflect.FieldDescriptor
	maker    protoreflect.FieldDescriptor
	// within are the shown fields whose messages have a veil of their own.
	within []veiled
}

type veiled struct {
	field protoreflect.FieldDescriptor
	veil  *veil
}

// veils are the veils of one role, by message.
type veils map[protoreflect.FullName]*veil

// weave works out a role's veils for these messages and for all messages inside
// them.
func weave(role principal.Role, messages []protoreflect.MessageDescriptor) veils {
	v := veils{}
	for _, m := range messages {
		v.add(role, m)
	}
	v.thin()
	return v
}

func (v veils) add(role principal.Role, m protoreflect.MessageDescriptor) *veil {
	if known, ok := v[m.FullName()]; ok {
		return known
	}
	one := &veil{}
	v[m.FullName()] = one // Stored before its fields are read: a message may hold itself.
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		held := heldBy(f)
		if !one.place(role, f, held) {
			continue
		}
		if held != nil && !slices.Contains(plain, held.FullName()) {
			one.within = append(one.within, veiled{f, v.add(role, held)})
		}
	}
	return one
}

// place adds a field to the lists of a veil, and says whether the role ever sees it.
func (v *veil) place(role principal.Role, f protoreflect.FieldDescriptor, held protoreflect.MessageDescriptor) bool {
	to := shownTo(f)
	switch {
	case slices.Contains(internalRoles, role):
		return true
	case held != nil && held.ParentFile().Package() != contract && !slices.Contains(plain, held.FullName()):
	case shows(to, role):
		return true
	case to == tenfoldv1.ShownTo_SHOWN_TO_MAKER && role == principal.RoleMerchant:
		if v.maker = f.ContainingMessage().Fields().ByName("role"); v.maker != nil {
			v.ofOthers = append(v.ofOthers, f)
			return true
		}
	}
	v.hidden = append(v.hidden, f)
	return false
}

// heldBy is the type of the messages in a field, also of a list's or a map's; nil
// where the field holds none.
func heldBy(f protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if f.IsMap() {
		return f.MapValue().Message()
	}
	return f.Message()
}

// thin removes every veil that hides nothing, so that cover never walks through
// messages that the role sees whole.
func (v veils) thin() {
	hides := make(map[*veil]bool)
	within := func(w veiled) bool { return hides[w.veil] }
	for grew := true; grew; {
		grew = false
		for _, one := range v {
			if !hides[one] && (len(one.hidden)+len(one.ofOthers) > 0 || slices.ContainsFunc(one.within, within)) {
				hides[one], grew = true, true
			}
		}
	}
	for name, one := range v {
		one.within = slices.DeleteFunc(one.within, func(w veiled) bool { return !within(w) })
		if !hides[one] {
			v[name] = nil
		}
	}
}

// nobody is the role of a caller who has proved none.
const nobody principal.Role = ""

// veilsOf are the veils of each role, worked out once.
var veilsOf = sync.OnceValue(func() map[principal.Role]veils {
	var messages []protoreflect.MessageDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage(contract, func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			messages = append(messages, file.Messages().Get(i))
		}
		return true
	})
	all := make(map[principal.Role]veils)
	for _, role := range append(identity.Roles(), nobody) {
		all[role] = weave(role, messages)
	}
	return all
})

// veilOf finds a role's veil for a type of message.
func veilOf(role principal.Role, m protoreflect.MessageDescriptor) *veil {
	all := veilsOf()
	of, known := all[role]
	if !known {
		of = all[nobody]
	}
	one, known := of[m.FullName()]
	if !known {
		// The message is from outside the contract: all of it is hidden.
		one = weave(role, []protoreflect.MessageDescriptor{m})[m.FullName()]
	}
	return one
}

// covers says whether anything in messages of this type is hidden from a role.
func covers(role principal.Role, m proto.Message) bool {
	return veilOf(role, m.ProtoReflect().Descriptor()) != nil
}

// hides says whether a field is hidden from a role, be it only in messages that
// others made.
func hides(role principal.Role, m proto.Message, field protoreflect.Name) bool {
	one := veilOf(role, m.ProtoReflect().Descriptor())
	named := func(f protoreflect.FieldDescriptor) bool { return f.Name() == field }
	return one != nil && (slices.ContainsFunc(one.hidden, named) || slices.ContainsFunc(one.ofOthers, named))
}

// cover clears what the caller must not see in an answer.
func (c caller) cover(answer any) {
	if m, ok := answer.(proto.Message); ok {
		coverFrom(c.Role, m)
	}
}

// coverFrom clears what a role must not see in a message.
func coverFrom(role principal.Role, m proto.Message) {
	r := m.ProtoReflect()
	veilOf(role, r.Descriptor()).cover(r)
}

func (v *veil) cover(m protoreflect.Message) {
	if v == nil {
		return
	}
	for _, f := range v.hidden {
		m.Clear(f)
	}
	if v.maker != nil && m.Get(v.maker).String() != string(principal.RoleMerchant) {
		for _, f := range v.ofOthers {
			m.Clear(f)
		}
	}
	for _, w := range v.within {
		if m.Has(w.field) {
			w.cover(m.Get(w.field))
		}
	}
}

// cover covers the messages in the value of a field.
func (w veiled) cover(value protoreflect.Value) {
	switch {
	case w.field.IsList():
		list := value.List()
		for i := range list.Len() {
			w.veil.cover(list.Get(i).Message())
		}
	case w.field.IsMap():
		value.Map().Range(func(_ protoreflect.MapKey, one protoreflect.Value) bool {
			w.veil.cover(one.Message())
			return true
		})
	default:
		w.veil.cover(value.Message())
	}
}
