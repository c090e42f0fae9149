package rpc

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Messages as JSON: fields that the contract does not know are refused, because in a request
// that moves money a misspelt field must not be ignored. Unset fields are left out, and so are
// those that are hidden from a role; amounts are always written.

// decodeJSON reads a message.
func decodeJSON(data []byte, m proto.Message) error {
	return protojson.Unmarshal(withMasks(data, m.ProtoReflect().Descriptor()), m)
}

// withMasks writes the masks of a message, which stand at its top, as protojson reads them. It
// knows neither the path "*", which is an absent mask, nor names as the contract has them.
func withMasks(data []byte, of protoreflect.MessageDescriptor) []byte {
	var masks []protoreflect.FieldDescriptor
	for i := range of.Fields().Len() {
		if f := of.Fields().Get(i); f.Kind() == protoreflect.MessageKind && f.Message().FullName() == "google.protobuf.FieldMask" && !f.IsList() {
			masks = append(masks, f)
		}
	}
	if len(masks) == 0 {
		return data
	}
	in := json.NewDecoder(bytes.NewReader(data))
	var out []byte
	copied, after, depth := int64(0), int64(0), 0
	for key, isKey := "", false; ; {
		token, err := in.Token()
		if err != nil {
			return append(out, data[copied:]...) // What is wrong with it, protojson says.
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
			} else {
				depth--
			}
			isKey = depth == 1
		case string:
			switch {
			case depth != 1:
			case isKey:
				key, isKey, after = token, false, in.InputOffset()
				continue
			case named(masks, key):
				// Between a key and its value no other quote stands.
				begin := after + int64(bytes.IndexByte(data[after:], '"'))
				out = append(append(out, data[copied:begin]...), camelPaths(token)...)
				copied = in.InputOffset()
			}
			isKey = depth == 1
		default:
			isKey = depth == 1
		}
	}
}

func named(fields []protoreflect.FieldDescriptor, key string) bool {
	for _, f := range fields {
		if key == f.JSONName() || key == string(f.Name()) {
			return true
		}
	}
	return false
}

// camelPaths quotes the paths of a mask in the form of JSON.
func camelPaths(paths string) string {
	if paths == "*" {
		paths = ""
	}
	var b strings.Builder
	upper := false
	for i, r := range paths {
		if r == '_' && i > 0 {
			upper = true
			continue
		}
		if upper {
			r, upper = unicode.ToUpper(r), false
		}
		b.WriteRune(r)
	}
	quoted, _ := json.Marshal(b.String()) // A text can be quoted.
	return string(quoted)
}

// alwaysWritten are the messages that are an amount, by the field that is always written. An amount
// without it would be no number for callers who read it as one. Fields of other messages are
// left out when they are zero: they may be hidden, cut off by a mask, or not asked for.
var alwaysWritten = map[protoreflect.FullName]protoreflect.FieldDescriptor{
	(&tenfoldv1.Money{}).ProtoReflect().Descriptor().FullName():       (&tenfoldv1.Money{}).ProtoReflect().Descriptor().Fields().ByName("minor_units"),
	(&tenfoldv1.SignedMoney{}).ProtoReflect().Descriptor().FullName(): (&tenfoldv1.SignedMoney{}).ProtoReflect().Descriptor().Fields().ByName("minor_units"),
}

// zeroMark stands for a zero while a message is written; no amount is that large. In a text of
// a message, zeroWritten cannot stand, because quotes in it are escaped.
const zeroMark = math.MinInt64

var zeroWritten = regexp.MustCompile(`"minorUnits": *"-9223372036854775808"`)

// JSON writes a message as callers over HTTP get it.
func JSON(m proto.Message) ([]byte, error) { return encodeJSON(proto.Clone(m)) }

// encodeJSON writes a message. It may change it.
func encodeJSON(m proto.Message) ([]byte, error) {
	marked := markZeros(m.ProtoReflect())
	data, err := protojson.Marshal(m)
	if err != nil || !marked {
		return data, err
	}
	return zeroWritten.ReplaceAllLiteral(data, []byte(`"minorUnits":"0"`)), nil
}

// markZeros marks the amounts of a message that are zero, and says whether there is one.
func markZeros(m protoreflect.Message) (any bool) {
	if units := alwaysWritten[m.Descriptor().FullName()]; units != nil {
		if m.Has(units) {
			return false
		}
		m.Set(units, protoreflect.ValueOfInt64(zeroMark))
		return true
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil:
		case f.IsList():
			for i := range v.List().Len() {
				any = markZeros(v.List().Get(i).Message()) || any
			}
		case f.IsMap():
			if f.MapValue().Message() != nil {
				v.Map().Range(func(_ protoreflect.MapKey, one protoreflect.Value) bool {
					any = markZeros(one.Message()) || any
					return true
				})
			}
		default:
			any = markZeros(v.Message()) || any
		}
		return true
	})
	return any
}
