package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
)

// schema is what a test reads of a schema.
type schema struct {
	Ref           string `json:"$ref"`
	Type, Pattern string
	Enum          []string
	Required      []string
	Properties    map[string]*schema
	Items         *schema
	AllOf         []struct {
		Ref   string `json:"$ref"`
		OneOf []json.RawMessage
	}
	MinLength, MaxLength, MinItems, MaxItems             *uint64
	Minimum, Maximum, ExclusiveMinimum, ExclusiveMaximum *int32
	UniqueItems, ReadOnly                                bool
}

// described is what a test reads of the description.
type described struct {
	*testing.T
	validator protovalidate.Validator
	Paths     map[string]map[string]*struct {
		OperationID string
		Parameters  []struct {
			Name, In string
			Required bool
			Schema   *schema
		}
		RequestBody struct {
			Content map[string]struct{ Schema *schema }
		}
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema *schema }
		}
	}
	Components struct{ Schemas map[string]*schema }
	seen       map[*schema]bool
}

// resolved is the schema that a reference leads to.
func (d *described) resolved(s *schema) *schema {
	ref := s.Ref
	if ref == "" && len(s.AllOf) == 1 {
		ref = s.AllOf[0].Ref // What only the server sets says so beside what it is.
	}
	if ref == "" {
		return s
	}
	to := d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
	if to == nil {
		d.Fatalf("%s leads nowhere", ref)
	}
	return to
}

// missing are the fields without which a message is refused, by the rules themselves.
func (d *described) missing(m protoreflect.MessageDescriptor) (fields []string) {
	err := d.validator.Validate(dynamicpb.NewMessage(m))
	var found *protovalidate.ValidationError
	if err != nil && !errors.As(err, &found) {
		d.Fatal(err)
	}
	if found == nil {
		return nil
	}
	for _, one := range found.Violations {
		name := protovalidate.FieldPathString(one.Proto.GetField())
		if f := m.Fields().ByName(protoreflect.Name(name)); f != nil {
			fields = append(fields, f.JSONName())
		}
	}
	slices.Sort(fields)
	return slices.Compact(fields)
}

// holds fails the test unless the schema of a message of requests says what the rules say; given
// are the fields that the path gives.
func (d *described) holds(where string, s *schema, m protoreflect.MessageDescriptor, given ...string) {
	d.Helper()
	if s = d.resolved(s); d.seen[s] || strings.HasPrefix(string(m.FullName()), "google.") {
		return
	}
	d.seen[s] = true
	want := slices.DeleteFunc(d.missing(m), func(name string) bool { return slices.Contains(given, name) })
	got := slices.Sorted(slices.Values(s.Required))
	if !slices.Equal(got, want) {
		d.Errorf("%s: the description requires %v, the rules %v", where, got, want)
	}
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		p := s.Properties[f.JSONName()]
		switch {
		case slices.Contains(given, f.JSONName()):
			if p != nil {
				d.Errorf("%s: the path gives %s, and so does the body", where, f.JSONName())
			}
		case p == nil:
			d.Errorf("%s: there is no %s", where, f.JSONName())
		default:
			d.bounds(where+"."+f.JSONName(), p, f)
		}
	}
	choices := 0
	for i := range m.Oneofs().Len() {
		if one := m.Oneofs().Get(i); !one.IsSynthetic() {
			rules, _ := proto.GetExtension(one.Options(), validate.E_Oneof).(*validate.OneofRules)
			n := one.Fields().Len()
			if !rules.GetRequired() {
				n++
			}
			if len(s.AllOf) <= choices || len(s.AllOf[choices].OneOf) != n {
				d.Errorf("%s: the choice %s is not described", where, one.Name())
			}
			choices++
		}
	}
}

// bounds compares the rules of a field with its schema.
func (d *described) bounds(where string, p *schema, f protoreflect.FieldDescriptor) {
	d.Helper()
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	if f.IsList() {
		list := rules.GetRepeated()
		d.same(where+" has items", list.HasMinItems(), list.GetMinItems(), p.MinItems)
		d.same(where+" has items", list.HasMaxItems(), list.GetMaxItems(), p.MaxItems)
		if p.UniqueItems != list.GetUnique() {
			d.Errorf("%s: unique %v", where, p.UniqueItems)
		}
		rules, p = list.GetItems(), p.Items
	}
	switch kind := f.Kind(); {
	case kind == protoreflect.StringKind:
		text := rules.GetString()
		if p.Pattern != text.GetPattern() {
			d.Errorf("%s: the pattern %q, the rules say %q", where, p.Pattern, text.GetPattern())
		}
		d.same(where+" in length", text.HasMinLen(), text.GetMinLen(), p.MinLength)
		d.same(where+" in length", text.HasMaxLen(), text.GetMaxLen(), p.MaxLength)
	case kind == protoreflect.Int32Kind:
		n := rules.GetInt32()
		for _, bound := range []struct {
			has  bool
			want int32
			got  *int32
		}{{n.HasGte(), n.GetGte(), p.Minimum}, {n.HasGt(), n.GetGt(), p.ExclusiveMinimum}, {n.HasLte(), n.GetLte(), p.Maximum}, {n.HasLt(), n.GetLt(), p.ExclusiveMaximum}} {
			if bound.has != (bound.got != nil) || bound.has && *bound.got != bound.want {
				d.Errorf("%s: the bound %v, the rules say %v, %v", where, bound.got, bound.has, bound.want)
			}
		}
	case kind == protoreflect.EnumKind:
		var words []string
		for i := range f.Enum().Values().Len() {
			if v := f.Enum().Values().Get(i); v.Number() != 0 {
				words = append(words, string(v.Name()))
			}
		}
		if got := d.resolved(p).Enum; !slices.Equal(got, words) {
			d.Errorf("%s: the words %v, the contract has %v", where, got, words)
		}
	case kind == protoreflect.MessageKind:
		if p.Ref != "" {
			d.holds(where, p, f.Message())
		}
	}
}

func (d *described) same(where string, has bool, want uint64, got *uint64) {
	d.Helper()
	if has != (got != nil) || has && *got != want {
		d.Errorf("%s: the bound %v, the rules say %v, %d", where, got, has, want)
	}
}

// Would catch a description that lets through what the server refuses, so that generated clients
// find out by a refusal: a field that must be there, a form, a bound, a word; and one that
// demands what the server does not. The rules of the contract are walked against it, and what
// must be there is found out by the rules themselves.
func TestDescriptionKnowsTheRules(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d := &described{T: t, seen: make(map[*schema]bool)}
	if err := json.Unmarshal(content, d); err != nil {
		t.Fatal(err)
	}
	if d.validator, err = protovalidate.New(); err != nil {
		t.Fatal(err)
	}
	given := regexp.MustCompile(`\{(\w+)=?[^}]*\}`)
	walked := 0
	for path, item := range d.Paths {
		for verb, operation := range item {
			where := verb + " " + path
			m, rule := methodOf(t, operation.OperationID)
			var fields []string
			for _, v := range given.FindAllStringSubmatch(rule.GetGet()+rule.GetPost()+rule.GetDelete(), -1) {
				fields = append(fields, m.Input().Fields().ByName(protoreflect.Name(v[1])).JSONName())
			}
			var named []string
			needed := d.missing(m.Input())
			for _, p := range operation.Parameters {
				if p.In == "path" {
					named = append(named, "{"+p.Name+"}")
					if _, err := regexp.Compile(p.Schema.Pattern); err != nil || p.Schema.Pattern == "" || !p.Required {
						t.Errorf("%s: the parameter %s has the pattern %q, %v", where, p.Name, p.Schema.Pattern, err)
					}
					continue
				}
				f := m.Input().Fields().ByJSONName(p.Name)
				if f == nil {
					continue // A part of a message.
				}
				if p.Required != slices.Contains(needed, p.Name) {
					t.Errorf("%s: the parameter %s is required: %v", where, p.Name, p.Required)
				}
				d.bounds(where+" "+p.Name, p.Schema, f)
			}
			if in := regexp.MustCompile(`\{[^}]*\}`).FindAllString(path, -1); !slices.Equal(in, named) || strings.Contains(path, "_") {
				t.Errorf("%s has the parameters %v", where, named)
			}
			if s := operation.RequestBody.Content["application/json"].Schema; s != nil {
				walked++
				d.holds(where, s, m.Input(), fields...)
			}
			if s := operation.Responses["default"].Content["application/json"].Schema; s == nil || s.Ref != "#/components/schemas/google.rpc.Status" {
				t.Errorf("%s: a refusal is %v", where, s)
			}
		}
	}
	if walked < 40 {
		t.Errorf("only %d bodies were walked", walked)
	}
	for name, s := range d.Components.Schemas {
		if slices.ContainsFunc(s.Enum, func(word string) bool { return strings.HasSuffix(word, "_UNSPECIFIED") }) {
			t.Errorf("%s has a word for what is not set", name)
		}
	}
	if got := d.Components.Schemas["tenfold.v1.Money"].Required; !slices.Equal(got, []string{"minorUnits"}) {
		t.Errorf("of an amount in an answer there is always %v", got)
	}
}

// Would catch a description that lets a generated client set what only the server sets, or forbids
// it to set the rest, in a request or in an answer.
func TestDescriptionSaysWhatTheServerSets(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d := &described{T: t}
	if err := json.Unmarshal(content, d); err != nil {
		t.Fatal(err)
	}
	counts := make(map[bool]int)
	for name, s := range d.Components.Schemas {
		if !strings.HasPrefix(name, "tenfold.v1.") || s.Properties == nil {
			continue
		}
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(strings.TrimSuffix(name, "Input")))
		if err != nil {
			t.Fatalf("the schema %s: %v", name, err)
		}
		fields := found.(protoreflect.MessageDescriptor).Fields()
		for property, p := range s.Properties {
			behavior, _ := proto.GetExtension(fields.ByJSONName(property).Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
			want := slices.Contains(behavior, annotations.FieldBehavior_OUTPUT_ONLY)
			counts[want]++
			if p.ReadOnly != want {
				t.Errorf("%s.%s is read only: %v, and the contract says %v", name, property, p.ReadOnly, behavior)
			}
		}
	}
	if counts[true] < 100 || counts[false] < 30 {
		t.Errorf("only %v properties were compared", counts)
	}
}

// methodOf is the method of an operation, with the rule of its first path.
func methodOf(t *testing.T, id string) (protoreflect.MethodDescriptor, *annotations.HttpRule) {
	t.Helper()
	parts := strings.Split(id, "_")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(fmt.Sprintf("tenfold.v1.%s.%s", parts[0], parts[1])))
	if err != nil {
		t.Fatal(err)
	}
	m := found.(protoreflect.MethodDescriptor)
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	return m, rule
}
