package rpc

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/linename"
)

// Ids that callers make up, such as those of orders, are any text that can be seen: up to 64
// letters, digits, signs and punctuation of any script, with spaces in between. They are
// compared byte by byte. So that two ids that look the same are the same, they must be in
// Unicode's composed form (NFC). The contract's pattern cannot say that; this can.

// callerIDPattern is the pattern of such an id in the contract, and callerIDOrNonePattern that
// of one that may be left out.
const (
	callerIDPattern       = `^[\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{M}\p{N}\p{P}\p{S} ]*[\p{L}\p{M}\p{N}\p{P}\p{S}])?$`
	callerIDOrNonePattern = `^([\p{L}\p{N}\p{P}\p{S}]([\p{L}\p{M}\p{N}\p{P}\p{S} ]*[\p{L}\p{M}\p{N}\p{P}\p{S}])?)?$`
	callerIDMax           = 64
	// lineNamePattern is that of the name of an order line, whose last part is such an id,
	// percent-encoded.
	lineNamePattern = `^merchants/[A-Za-z0-9_-]{1,64}/orderLines/[A-Za-z0-9._~%-]{1,768}$`
)

var callerIDForm = regexp.MustCompile(callerIDPattern)

// isCallerID says whether a text may be such an id.
func isCallerID(text string) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= callerIDMax && callerIDForm.MatchString(text) && norm.NFC.IsNormalString(text)
}

// composed is a validator that also asks for the composed form of callers' ids.
type composed struct{ protovalidate.Validator }

// Validate implements protovalidate.Validator.
func (c composed) Validate(m proto.Message, options ...protovalidate.ValidationOption) error {
	if err := c.Validator.Validate(m, options...); err != nil {
		return err
	}
	if found := decomposed(m.ProtoReflect(), nil); len(found) > 0 {
		return &protovalidate.ValidationError{Violations: found}
	}
	return nil
}

// decomposed finds the ids of a message that are not composed; path leads to the message.
func decomposed(m protoreflect.Message, path []*validate.FieldPathElement) (found []*protovalidate.Violation) {
	for _, f := range idsWithin(m.Descriptor()) {
		if !m.Has(f) {
			continue
		}
		switch value := m.Get(f); {
		case f.Kind() == protoreflect.StringKind:
			if rule, why := wrongID(f, value.String()); rule != "" {
				found = append(found, violation(f, value, append(path, element(f, -1)), rule, why))
			}
		case f.IsList():
			for i := range value.List().Len() {
				found = append(found, decomposed(value.List().Get(i).Message(), append(path[:len(path):len(path)], element(f, i)))...)
			}
		default:
			found = append(found, decomposed(value.Message(), append(path[:len(path):len(path)], element(f, -1)))...)
		}
	}
	return found
}

// wrongID says which rule an id, or the name of an order line, does not keep; empty if it keeps
// all.
func wrongID(f protoreflect.FieldDescriptor, text string) (rule, why string) {
	if rulesOf(f).GetString().GetPattern() != lineNamePattern {
		if !norm.NFC.IsNormalString(text) {
			return "string.composed", "must be in Unicode's composed form (NFC)"
		}
		return "", ""
	}
	switch id, ok := linename.ParseID(text[strings.LastIndexByte(text, '/')+1:]); {
	case !ok:
		return "string.line_name", "must have the line id percent-encoded, every byte but letters, digits and -._~, such as %2F for a slash"
	case !isCallerID(id):
		return "string.line_name", "must have a line id of 1 to 64 characters that can be seen, in Unicode's composed form (NFC)"
	}
	return "", ""
}

func violation(f protoreflect.FieldDescriptor, value protoreflect.Value, path []*validate.FieldPathElement, rule, why string) *protovalidate.Violation {
	return &protovalidate.Violation{
		Proto: &validate.Violation{
			Field:  &validate.FieldPath{Elements: append([]*validate.FieldPathElement(nil), path...)},
			RuleId: proto.String(rule), Message: proto.String(why),
		},
		FieldValue: value, FieldDescriptor: f,
	}
}

func element(f protoreflect.FieldDescriptor, index int) *validate.FieldPathElement {
	e := &validate.FieldPathElement{FieldName: proto.String(string(f.Name())), FieldNumber: proto.Int32(int32(f.Number()))}
	if index >= 0 {
		e.Subscript = &validate.FieldPathElement_Index{Index: uint64(index)}
	}
	return e
}

// idsKnown are the fields of messages that hold callers' ids, or lead to some.
var idsKnown sync.Map // Of []protoreflect.FieldDescriptor by full name.

func idsWithin(d protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if known, ok := idsKnown.Load(d.FullName()); ok {
		return known.([]protoreflect.FieldDescriptor)
	}
	found := idsOf(d, map[protoreflect.FullName]bool{})
	idsKnown.Store(d.FullName(), found)
	return found
}

// idsOf looks through a message; above are the messages that it is looked at within.
func idsOf(d protoreflect.MessageDescriptor, above map[protoreflect.FullName]bool) (found []protoreflect.FieldDescriptor) {
	if above[d.FullName()] {
		return nil
	}
	above[d.FullName()] = true
	defer delete(above, d.FullName())
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		switch {
		case f.IsMap(), isIgnored(f): // Items of batches are looked at alone.
		case f.Kind() == protoreflect.StringKind && !f.IsList() && isCallerIDField(f),
			f.Kind() == protoreflect.MessageKind && len(idsOf(f.Message(), above)) > 0:
			found = append(found, f)
		}
	}
	return found
}

// isCallerIDField says whether the contract asks for a caller's id, or a name with one.
func isCallerIDField(f protoreflect.FieldDescriptor) bool {
	pattern := rulesOf(f).GetString().GetPattern()
	return pattern == callerIDPattern || pattern == callerIDOrNonePattern || pattern == lineNamePattern
}

func isIgnored(f protoreflect.FieldDescriptor) bool {
	const always = validate.Ignore_IGNORE_ALWAYS
	return rulesOf(f).GetIgnore() == always || rulesOf(f).GetRepeated().GetItems().GetIgnore() == always
}

func rulesOf(f protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}
