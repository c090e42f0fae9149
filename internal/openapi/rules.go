package openapi

import (
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// rulesOf are the rules of a field.
func rulesOf(f protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// mustBeSet says whether a request without the field is refused, whatever else it has, as the
// contract says of the field. A test of the contract holds that to its rules.
func mustBeSet(f protoreflect.FieldDescriptor) bool {
	behavior, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behavior, annotations.FieldBehavior_REQUIRED)
}

// constrain adds the rules of a message and its fields to its schema. Only in a request one field
// of a choice may have to be set.
func constrain(schema object, m protoreflect.MessageDescriptor, asked bool) {
	properties, _ := schema["properties"].(object)
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if property, ok := properties[f.JSONName()].(object); ok {
			constrainField(property, f, rulesOf(f))
		}
	}
	if rules, _ := proto.GetExtension(m.Options(), validate.E_Message).(*validate.MessageRules); rules != nil {
		tell(schema, rules.GetCel())
	}
	choose(schema, m, asked)
}

// choose says of each choice of a message that at most one of its fields is set, or exactly one.
func choose(schema object, m protoreflect.MessageDescriptor, asked bool) {
	delete(schema, "oneOf") // The generator allows none.
	var choices []any
	for i := range m.Oneofs().Len() {
		one := m.Oneofs().Get(i)
		if one.IsSynthetic() {
			continue
		}
		var ways []any
		for j := range one.Fields().Len() {
			ways = append(ways, object{"required": []any{one.Fields().Get(j).JSONName()}})
		}
		rules, _ := proto.GetExtension(one.Options(), validate.E_Oneof).(*validate.OneofRules)
		if !asked || !rules.GetRequired() {
			ways = append(ways, object{"not": object{"anyOf": slices.Clone(ways)}})
		}
		choices = append(choices, object{"oneOf": ways})
	}
	if len(choices) > 0 {
		schema["allOf"] = choices
	}
}

// constrainField adds the rules of a field to its schema.
func constrainField(schema object, f protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	if rules == nil {
		return
	}
	tell(schema, rules.GetCel())
	if f.IsList() {
		list := rules.GetRepeated()
		put(schema, "minItems", list.HasMinItems(), list.GetMinItems())
		put(schema, "maxItems", list.HasMaxItems(), list.GetMaxItems())
		put(schema, "uniqueItems", list.GetUnique(), true)
		if items, ok := schema["items"].(object); ok {
			constrainValue(items, f, list.GetItems())
		}
		return
	}
	constrainValue(schema, f, rules)
}

// constrainValue adds the rules of a value. Those of a reference belong to what it leads to.
func constrainValue(schema object, f protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	if schema["$ref"] != nil {
		return
	}
	switch kind := f.Kind(); {
	case kind == protoreflect.StringKind:
		text := rules.GetString()
		put(schema, "pattern", text.HasPattern(), text.GetPattern())
		put(schema, "minLength", text.HasMinLen(), text.GetMinLen())
		put(schema, "maxLength", text.HasMaxLen(), text.GetMaxLen())
	case kind == protoreflect.Int32Kind:
		n := rules.GetInt32()
		put(schema, "minimum", n.HasGte(), n.GetGte())
		put(schema, "exclusiveMinimum", n.HasGt(), n.GetGt())
		put(schema, "maximum", n.HasLte(), n.GetLte())
		put(schema, "exclusiveMaximum", n.HasLt(), n.GetLt())
	case kind == protoreflect.Int64Kind:
		// It is a text in JSON, whose size no keyword bounds.
		n := rules.GetInt64()
		put(schema, "pattern", n.HasGte() && n.GetGte() >= 0 || n.HasGt() && n.GetGt() >= 0, "^[0-9]+$")
	}
}

func put(schema object, keyword string, has bool, value any) {
	if has {
		schema[keyword] = value
	}
}

// tell adds rules that JSON Schema cannot express to a description.
func tell(schema object, rules []*validate.Rule) {
	text, _ := schema["description"].(string)
	for _, rule := range rules {
		if told := rule.GetMessage(); told != "" && !strings.Contains(text, told) {
			text = strings.TrimSpace(text + "\n" + strings.ToUpper(told[:1]) + told[1:] + ".")
		}
	}
	if text != "" && len(rules) > 0 {
		schema["description"] = text
	}
}
