package rpc

import (
	"fmt"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// checkTimeForm refuses a message in which a time or a duration is none, because its
// nanoseconds lie outside of a second. The contract's rules compare with bounds alone, and
// a time within them could still be stored as another than was told. It names the first
// field at fault. Items of a batch are checked one by one when they are filed.
func checkTimeForm(m proto.Message) error {
	if field := malformedTime(m.ProtoReflect()); field != "" {
		return invalid(field, "%s must be a time with nanoseconds between 0 and 999,999,999, or a duration with seconds and nanoseconds of one sign", field)
	}
	return nil
}

// malformedTime gives the path of the first malformed time in a message; empty for none.
func malformedTime(m protoreflect.Message) (path string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		held := heldBy(f)
		if held == nil || f.IsMap() || unchecked(f) {
			return true
		}
		if !f.IsList() {
			path = within(string(f.Name()), v.Message())
			return path == ""
		}
		for i := range v.List().Len() {
			if path = within(fmt.Sprintf("%s[%d]", f.Name(), i), v.List().Get(i).Message()); path != "" {
				break
			}
		}
		return path == ""
	})
	return path
}

// within gives the path of the first malformed time in a field's value.
func within(field string, m protoreflect.Message) string {
	switch one := m.Interface().(type) {
	case *timestamppb.Timestamp:
		// Its range is the contract's.
		if one.GetNanos() >= 0 && one.GetNanos() < 1e9 {
			return ""
		}
		return field
	case *durationpb.Duration:
		if one.CheckValid() == nil {
			return ""
		}
		return field
	}
	if below := malformedTime(m); below != "" {
		return field + "." + below
	}
	return ""
}

// unchecked says whether the contract leaves the items of a list to a later check.
func unchecked(f protoreflect.FieldDescriptor) bool {
	rules, _ := proto.GetExtension(f.Options(), validate.E_Field).(*validate.FieldRules)
	return rules.GetRepeated().GetItems().GetIgnore() == validate.Ignore_IGNORE_ALWAYS
}
