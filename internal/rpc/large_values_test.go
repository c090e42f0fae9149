package rpc_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/signature/signaturetest"
	"github.com/tenfold-claims/tenfold/internal/testrace"
)

// maker makes requests that keep the rules of the contract, as far as one field can be seen
// apart from others.
type maker struct {
	// texts are what fields of a pattern may be.
	texts []string
}

// rulesOf are the rules of a field.
func rulesOf(f protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// fill sets the fields of a message that have to be set.
func (k *maker) fill(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		rules := rulesOf(f)
		switch one := f.ContainingOneof(); {
		case one != nil && m.WhichOneof(one) != nil || f.IsMap():
		case one == nil && rules == nil && f.Name() != "parent" && f.Name() != "name":
		case f.IsList():
			if rules.GetRepeated().GetMinItems() > 0 {
				m.Mutable(f).List().Append(k.value(f, rules.GetRepeated().GetItems(), m.NewField(f).List().NewElement()))
			}
		case f.Message() == nil || rules.GetRequired() || one != nil:
			m.Set(f, k.value(f, rules, m.NewField(f)))
		}
	}
	for name, text := range together[m.Descriptor().FullName()] {
		m.Set(fields.ByName(name), protoreflect.ValueOfString(text))
	}
}

// together are texts that have to be set by a rule about several fields.
var together = map[protoreflect.FullName]map[protoreflect.Name]string{
	"tenfold.v1.AddEvidenceRequest":            {"reference": "dam://1"},
	"tenfold.v1.RequestReconsiderationRequest": {"evidence_reference": "dam://1", "evidence_digest": strings.Repeat("a", 64)},
}

// value is one that a field may have.
func (k *maker) value(f protoreflect.FieldDescriptor, rules *validate.FieldRules, empty protoreflect.Value) protoreflect.Value {
	switch kind := f.Kind(); {
	case kind == protoreflect.StringKind:
		// A text that may be empty is.
		for _, text := range append([]string{""}, k.texts...) {
			ok, err := regexp.MatchString(rules.GetString().GetPattern(), text)
			if err == nil && ok && uint64(len(text)) >= rules.GetString().GetMinLen() {
				return protoreflect.ValueOfString(text)
			}
		}
	case kind == protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte("x"))
	case kind == protoreflect.EnumKind:
		values, n := f.Enum().Values(), 1
		for n < values.Len()-1 && slices.Contains(rules.GetEnum().GetNotIn(), int32(values.Get(n).Number())) {
			n++
		}
		return protoreflect.ValueOfEnum(values.Get(n).Number())
	case kind == protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(max(1, rules.GetInt32().GetGte()))
	case kind == protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(max(1, rules.GetInt64().GetGte()))
	case kind == protoreflect.MessageKind:
		if f.Message().FullName() == "google.protobuf.Timestamp" {
			return protoreflect.ValueOfMessage(timestamppb.New(start).ProtoReflect())
		}
		k.fill(empty.Message())
	}
	return empty
}

// depthMax is how deep the texts of a request lie at most.
const depthMax = 4

// spoil gives, for each text that a message may hold, what sets it and the path to it.
func spoil(of protoreflect.MessageDescriptor, depth int) map[string]func(protoreflect.Message, string) {
	all := make(map[string]func(protoreflect.Message, string))
	for i := range of.Fields().Len() {
		f := of.Fields().Get(i)
		switch {
		case f.IsMap():
		case f.Kind() == protoreflect.StringKind && f.IsList():
			all[string(f.Name())] = func(m protoreflect.Message, text string) {
				m.Mutable(f).List().Append(protoreflect.ValueOfString(text))
			}
		case f.Kind() == protoreflect.StringKind:
			all[string(f.Name())] = func(m protoreflect.Message, text string) { m.Set(f, protoreflect.ValueOfString(text)) }
		case f.Kind() == protoreflect.MessageKind && depth < depthMax:
			for path, set := range spoil(f.Message(), depth+1) {
				all[string(f.Name())+"."+path] = func(m protoreflect.Message, text string) {
					switch {
					case !f.IsList():
						set(m.Mutable(f).Message(), text)
					case m.Mutable(f).List().Len() > 0:
						set(m.Mutable(f).List().Get(0).Message(), text)
					default:
						set(m.Mutable(f).List().AppendMutable().Message(), text)
					}
				}
			}
		}
	}
	return all
}

// Would catch a refusal that repeats what it was sent: a small request for a large answer, or
// a log and a screen full of one value. It sends 16 KiB in every text of every method, the
// rest as it should be, over gRPC and HTTP.
func TestLargeValuesAreNotRepeated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	c := f.file("m1", "l1")
	h := f.overHTTP(rpc.Gate{Authority: identity.Loopback{}})
	make := maker{texts: []string{
		"m1", c.GetName(), "merchants/m1", "merchants/m1/orderLines/l1", "merchants/m1/results/r1", "merchants/m1/payouts/p1", "merchants/m1/webhooks/w1",
		"merchants/m1/proposals/1", "merchants/m1/transfers/1", "merchants/m1/events/1", "merchants/-", "authenticators/sandbox-lab", "policies/promise-tenfold",
		"policies/promise-tenfold/versions/1", "decisionRules/1", "decisionRulesProposals/1", "periods/2026-03", "policies/promise-tenfold/proposals/1", "authenticators/sandbox-lab/changes/1",
		"authenticators/sandbox-lab/keys/" + signaturetest.Ed25519(1).Thumbprint,
		c.GetName() + "/commissions/1", c.GetName() + "/evidenceRequests/1", "merchants/m1/uploads/u1", "imports/i1", "breaks/b1", "jobs/j1", "merchants/m1/statementFiles/j1", "ClaimService/FileClaim", "wechat-trade", "CNY", "beauty/mascara", "2026-03-02", "https://receiver.example/", strings.Repeat("a", 64), "x",
	}}
	roles := rpc.MethodRoles()
	var refusedForm []string
	for _, w := range contract(t) {
		input, err := protoregistry.GlobalTypes.FindMessageByName(w.input.FullName())
		if err != nil {
			t.Fatal(err)
		}
		role := string(roles[w.rpc][0])
		if slices.Contains(roles[w.rpc], "operator") {
			role = "operator"
		}
		if !w.streams {
			whole := input.New()
			make.fill(whole)
			if got := refusal(f.conn.Invoke(f.as(role), w.rpc, whole.Interface(), dynamicAnswer(t, w.rpc))); got.reason == "REQUEST_INVALID" {
				refusedForm = append(refusedForm, w.rpc+": "+got.message)
			}
		}
		texts := spoil(w.input, 0)
		for i, path := range slices.Sorted(maps.Keys(texts)) {
			if testrace.Enabled {
				if i%3 > 0 {
					continue
				}
				i /= 3
			}
			// Letters that are written longer than they are meet every third text each.
			for _, letter := range []string{"a", []string{"假", "\x1b", `"`}[i%3]} {
				r := input.New()
				make.fill(r)
				texts[path](r, strings.Repeat(letter, 16<<10/len(letter)))
				if !w.streams {
					answer := dynamicAnswer(t, w.rpc)
					err := f.conn.Invoke(f.as(role), w.rpc, r.Interface(), answer)
					if size := proto.Size(status.Convert(err).Proto()) + proto.Size(answer); size > 8<<10 {
						t.Errorf("%s, %s of %q: the answer has %d bytes: %.300v", w.rpc, path, letter, size, err)
					}
				}
				if letter != "a" {
					continue
				}
				body, err := protojson.Marshal(r.Interface())
				if err != nil {
					t.Fatal(err)
				}
				who := inRole(role)
				if w.streams {
					who["Content-Type"] = "application/connect+json"
					body = envelope(string(body))
				}
				response, content := h.call(who, "POST", w.rpc, string(body))
				if size := len(content) + sizeOf(response.Header); size > 8<<10 {
					t.Errorf("%s over HTTP, %s: the answer has %d bytes: %.300s", w.rpc, path, size, content)
				}
			}
		}
	}
	// The rest of a request must be good, or its first fault is all that anybody looks at. A few
	// have rules about several fields.
	if len(refusedForm) > 15 {
		t.Errorf("%d methods are not reached: %q", len(refusedForm), refusedForm)
	}
}

func sizeOf(h http.Header) (size int) {
	for key, values := range h {
		size += len(key) + len(strings.Join(values, ""))
	}
	return size
}

// dynamicAnswer is an empty answer of a method.
func dynamicAnswer(t *testing.T, method string) proto.Message {
	t.Helper()
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.ReplaceAll(method[1:], "/", ".")))
	if err != nil {
		t.Fatal(err)
	}
	output, err := protoregistry.GlobalTypes.FindMessageByName(found.(protoreflect.MethodDescriptor).Output().FullName())
	if err != nil {
		t.Fatal(err)
	}
	return output.New().Interface()
}
