package rpc_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// audiences are the roles that see a field with each value of the option, beside the
// internal ones.
var audiences = map[tenfoldv1.ShownTo][]string{
	tenfoldv1.ShownTo_SHOWN_TO_UNSPECIFIED:    {},
	tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES: {},
	tenfoldv1.ShownTo_SHOWN_TO_EVERYONE:       {"order-service", "merchant", "authenticator", ""},
	tenfoldv1.ShownTo_SHOWN_TO_PARTIES:        {"order-service", "merchant"},
	tenfoldv1.ShownTo_SHOWN_TO_ORDER_SERVICE:  {"order-service"},
	tenfoldv1.ShownTo_SHOWN_TO_MERCHANT:       {"merchant"},
	tenfoldv1.ShownTo_SHOWN_TO_MAKER:          {"order-service"},
	99:                                        {}, // Of a later contract.
}

// Would catch a value of the option that stands for a role too many or too few, and
// a value that the contract gained and the server does not know.
func TestAudiencesAreTheirRoles(t *testing.T) {
	t.Parallel()
	internal := []string{"support", "adjudicator", "approver", "finance", "operator", "auditor"}
	for number := range tenfoldv1.ShownTo_name {
		if _, ok := audiences[tenfoldv1.ShownTo(number)]; !ok {
			t.Errorf("nobody has decided who %s is", tenfoldv1.ShownTo(number))
		}
	}
	for to, outer := range audiences {
		for _, role := range append(identity.Roles(), "") {
			want := slices.Contains(internal, string(role)) || slices.Contains(outer, string(role))
			if got := rpc.Shows(to, role); got != want {
				t.Errorf("%q sees a field with %s: %t", role, to, got)
			}
		}
	}
}

// Would catch a field of an answer, of an event or of a refusal's detail that
// nobody has decided on, in whatever message it stands and whoever gets it.
func TestEveryFieldOfAnAnswerIsDecidedOn(t *testing.T) {
	t.Parallel()
	met := make(map[protoreflect.FullName]bool)
	var decided func(m protoreflect.MessageDescriptor)
	decided = func(m protoreflect.MessageDescriptor) {
		if met[m.FullName()] || rpc.Plain(m) {
			return
		}
		met[m.FullName()] = true
		if m.ParentFile().Package() != "tenfold.v1" {
			t.Errorf("a field holds %s, which is hidden: nobody can say who sees what is in it", m.FullName())
			return
		}
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			switch to := rpc.ShownTo(f); {
			case to == tenfoldv1.ShownTo_SHOWN_TO_UNSPECIFIED:
				t.Errorf("nobody has decided who sees %s.%s: write [(shown_to) = ...] beside it in %s", m.Name(), f.Name(), m.ParentFile().Path())
			case to == tenfoldv1.ShownTo_SHOWN_TO_MAKER && !tellsMaker(m):
				t.Errorf("%s.%s is shown to its maker, but %s has no text `role`", m.Name(), f.Name(), m.Name())
			}
			if held := rpc.HeldBy(f); held != nil {
				decided(held)
			}
		}
	}
	for method := range rpc.MethodRoles() {
		if strings.HasPrefix(method, "/tenfold.v1.") {
			decided(contractMethod(t, method).Output())
		}
	}
	for _, m := range []proto.Message{&tenfoldv1.ClaimStateDetail{}, &tenfoldv1.Event{}} {
		decided(m.ProtoReflect().Descriptor())
	}
	if len(met) < 100 {
		t.Errorf("only %d messages met", len(met))
	}
}

// tellsMaker says whether a message has a field that tells merchants in which role
// it was made.
func tellsMaker(m protoreflect.MessageDescriptor) bool {
	role := m.Fields().ByName("role")
	return role != nil && role.Kind() == protoreflect.StringKind && rpc.Shows(rpc.ShownTo(role), principal.RoleMerchant)
}

// parcels are messages with decided, undecided and unclassifiable fields of every
// sort. Parcel and Wrapper hold each other.
const parcels = `
	name: "tenfold/v1/parcel_of_a_test.proto" package: "tenfold.v1" syntax: "proto3"
	dependency: ["google/protobuf/any.proto", "google/protobuf/struct.proto", "google/protobuf/timestamp.proto"]
	message_type {
		name: "Wrapper"
		field { name: "parcel" number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tenfold.v1.Parcel" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
	}
	message_type {
		name: "Parcel"
		oneof_decl { name: "choice" }
		nested_type {
			name: "ByNameEntry" options { map_entry: true }
			field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
			field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tenfold.v1.Parcel" }
		}
		field { name: "decided" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "undecided" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }
		field { name: "internal" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING options { [tenfold.v1.shown_to]: SHOWN_TO_INTERNAL_ROLES } }
		field { name: "made" number: 4 label: LABEL_OPTIONAL type: TYPE_STRING options { [tenfold.v1.shown_to]: SHOWN_TO_MAKER } }
		field { name: "at" number: 5 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "undecided_at" number: 6 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Timestamp" }
		field { name: "any" number: 7 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Any" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "anys" number: 8 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".google.protobuf.Any" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "struct" number: 9 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".google.protobuf.Struct" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "one" number: 10 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tenfold.v1.Parcel" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "many" number: 11 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".tenfold.v1.Parcel" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "by_name" number: 12 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".tenfold.v1.Parcel.ByNameEntry" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "chosen" number: 13 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tenfold.v1.Parcel" oneof_index: 0 options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "unchosen" number: 14 label: LABEL_OPTIONAL type: TYPE_STRING oneof_index: 0 }
		field { name: "wrapper" number: 15 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".tenfold.v1.Wrapper" options { [tenfold.v1.shown_to]: SHOWN_TO_EVERYONE } }
		field { name: "words" number: 16 label: LABEL_REPEATED type: TYPE_STRING }
	}`

// parcelTypes are the types of parcels, Wrapper and then Parcel.
func parcelTypes(t *testing.T) (wrapper, parcel protoreflect.MessageDescriptor) {
	t.Helper()
	var written descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(parcels), &written); err != nil {
		t.Fatal(err)
	}
	file, err := protodesc.NewFile(&written, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("Wrapper"), file.Messages().ByName("Parcel")
}

// pack makes a parcel that is full, with parcels inside it down to a depth.
func pack(parcel protoreflect.MessageDescriptor, depth int) protoreflect.Message {
	m := dynamicpb.NewMessage(parcel)
	fields := parcel.Fields()
	for i := range fields.Len() {
		switch f := fields.Get(i); {
		case f.Name() == "unchosen" || f.Name() == "wrapper" && depth == 0 || rpc.HeldBy(f) == parcel && depth == 0:
		case f.IsMap():
			m.Mutable(f).Map().Set(protoreflect.ValueOfString("a").MapKey(), protoreflect.ValueOfMessage(pack(parcel, depth-1)))
		case f.IsList() && f.Message() == parcel:
			m.Mutable(f).List().Append(protoreflect.ValueOfMessage(pack(parcel, depth-1)))
		case f.IsList() && f.Message() != nil:
			m.Mutable(f).List().AppendMutable()
		case f.IsList():
			m.Mutable(f).List().Append(something(f, "x"))
		case f.Message() == parcel:
			m.Set(f, protoreflect.ValueOfMessage(pack(parcel, depth-1)))
		case f.Name() == "wrapper":
			m.Mutable(f).Message().Set(f.Message().Fields().Get(0), protoreflect.ValueOfMessage(pack(parcel, depth-1)))
		case f.Message() != nil:
			m.Mutable(f)
		default:
			m.Set(f, something(f, "x"))
		}
	}
	return m
}

// unpack names what is set in a message, and in messages inside it, by path.
func unpack(m protoreflect.Message, path string) []string {
	var out []string
	m.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		here := path + string(f.Name())
		out = append(out, here)
		switch {
		case f.IsMap() && f.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, one protoreflect.Value) bool {
				out = append(out, unpack(one.Message(), here+".")...)
				return true
			})
		case f.IsList() && f.Message() != nil:
			for i := range value.List().Len() {
				out = append(out, unpack(value.List().Get(i).Message(), here+".")...)
			}
		case f.Message() != nil && !f.IsMap():
			out = append(out, unpack(value.Message(), here+".")...)
		}
		return true
	})
	slices.Sort(out)
	return out
}

// Would catch an undecided field that leaves the server all the same: directly, in a
// list, a map or a oneof, in a message that holds itself, or inside an Any or a
// Struct.
func TestUndecidedFieldsAreHidden(t *testing.T) {
	t.Parallel()
	wrapper, parcel := parcelTypes(t)
	leaf := []string{"at", "decided"}
	below := func(path string, names []string) []string {
		out := []string{path}
		for _, n := range names {
			out = append(out, path+"."+n)
		}
		return out
	}
	var want []string
	want = append(want, leaf...)
	for _, path := range []string{"one", "many", "by_name", "chosen"} {
		want = append(want, below(path, leaf)...)
	}
	want = append(append(want, "wrapper"), below("wrapper.parcel", leaf)...)
	slices.Sort(want)
	for _, order := range [][]protoreflect.MessageDescriptor{{wrapper, parcel}, {parcel, wrapper}} {
		for _, role := range []principal.Role{principal.RoleMerchant, principal.RoleAuthenticator, "", "a role of tomorrow"} {
			m := pack(parcel, 1)
			rpc.CoverApart(role, order, m.Interface())
			if diff := cmp.Diff(want, unpack(m, "")); diff != "" {
				t.Errorf("%q, the types from %s on: %s", role, order[0].Name(), diff)
			}
		}
		m := pack(parcel, 1)
		rpc.CoverApart(principal.RoleSupport, order, m.Interface())
		if !proto.Equal(m.Interface(), pack(parcel, 1).Interface()) {
			t.Errorf("support misses something in %v", unpack(m, ""))
		}
	}
}

// Would catch an answer from outside the contract that is not hidden from a role.
func TestForeignAnswersAreHidden(t *testing.T) {
	t.Parallel()
	for _, role := range identity.Roles() {
		answer, err := structpb.NewStruct(map[string]any{"secret": "x"})
		if err != nil {
			t.Fatal(err)
		}
		rpc.Cover(role, answer)
		hidden := len(answer.GetFields()) == 0
		if hidden == rpc.Shows(tenfoldv1.ShownTo_SHOWN_TO_INTERNAL_ROLES, role) {
			t.Errorf("hidden from %s: %t", role, hidden)
		}
	}
}

// Would catch a fact of a refusal that nobody has decided on, and a decision on a
// fact that no refusal has any more.
func TestEveryFactIsDecidedOn(t *testing.T) {
	t.Parallel()
	// merchant_exit.go passes these keys to a function that adds them.
	used := map[string]bool{"exposureMinor": true, "heldMinor": true, "receivableMinor": true, "writtenOffMinor": true, "payingMinor": true}
	computed := make(map[string]int)
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			key, ok := factOf(n)
			switch {
			case !ok:
			case key == "":
				computed[filepath.Base(path)]++
			default:
				used[key] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// proposal_approve.go copies the facts of another refusal; in connections.go it is no fact
	// but a connection that is kept in a context.
	if diff := cmp.Diff(map[string]int{"merchant_exit.go": 1, "proposal_approve.go": 1, "connections.go": 1}, computed); diff != "" {
		t.Errorf("facts whose keys this test cannot read: %s", diff)
	}
	facts := rpc.Facts()
	for key := range used {
		if facts[key] == tenfoldv1.ShownTo_SHOWN_TO_UNSPECIFIED {
			t.Errorf("nobody has decided who sees the fact %s: add it to the table of internal/rpc/facts.go", key)
		}
	}
	for key := range facts {
		if !used[key] {
			t.Errorf("no refusal has the fact %s", key)
		}
	}
}

// factOf is the key in a call of With on a refusal, empty where it is no literal.
func factOf(n ast.Node) (key string, ok bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return "", false
	}
	if with, ok := call.Fun.(*ast.SelectorExpr); !ok || with.Sel.Name != "With" {
		return "", false
	}
	if literal, ok := call.Args[0].(*ast.BasicLit); ok {
		key, _ = strconv.Unquote(literal.Value)
	}
	return key, true
}

// Would catch a refusal that tells a role a fact that is not for it, or that loses
// the fact for the log; and a detail from elsewhere that is passed on.
func TestRefusalsTellWhatTheRoleMaySee(t *testing.T) {
	t.Parallel()
	for role, want := range map[principal.Role][]string{
		principal.RoleSupport:       {"claimId", "debtId", "freeMinor", "undecided"},
		principal.RoleMerchant:      {"claimId", "debtId", "freeMinor"},
		principal.RoleOrderService:  {"claimId", "freeMinor"},
		principal.RoleAuthenticator: {"claimId"},
		"":                          {"claimId"},
	} {
		refused := fault.New(fault.ClaimChanged, "no").With("claimId", "c").With("debtId", "d").With("freeMinor", 1).With("undecided", "u")
		details := rpc.StatusOf(role, refused).Details()
		if len(details) != 1 {
			t.Fatalf("%q gets %v", role, details)
		}
		got := slices.Sorted(maps.Keys(details[0].(*errdetails.ErrorInfo).GetMetadata()))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", role, diff)
		}
		if len(refused.Fields) != 4 {
			t.Errorf("the refusal itself has %v left", refused.Fields)
		}
	}
	made, err := status.New(codes.NotFound, "elsewhere").WithDetails(&errdetails.DebugInfo{Detail: "x"})
	if err != nil {
		t.Fatal(err)
	}
	got := rpc.StatusOf(principal.RoleMerchant, errors.Join(made.Err()))
	if got.Code() != codes.NotFound || len(got.Details()) != 0 {
		t.Errorf("a status from elsewhere becomes %v", got.Proto())
	}
}
