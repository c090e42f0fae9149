package rpc_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/tenfold-claims/tenfold/internal/rpc"
)

var inBraces = regexp.MustCompile(`\{\w+\}`)

// namePatterns are the patterns of the contract's resources by their types, as expressions.
var namePatterns = func() map[string]*regexp.Regexp {
	out := make(map[string]*regexp.Regexp)
	add := func(d *annotations.ResourceDescriptor) {
		for _, pattern := range d.GetPattern() {
			out[d.GetType()] = regexp.MustCompile("^" + inBraces.ReplaceAllString(pattern, "[^/ ]+") + "$")
		}
	}
	protoregistry.GlobalFiles.RangeFilesByPackage("tenfold.v1", func(file protoreflect.FileDescriptor) bool {
		defined, _ := proto.GetExtension(file.Options(), annotations.E_ResourceDefinition).([]*annotations.ResourceDescriptor)
		for _, d := range defined {
			add(d)
		}
		for i := range file.Messages().Len() {
			add(resourceOf(file.Messages().Get(i)))
		}
		return true
	})
	return out
}()

func resourceOf(m protoreflect.MessageDescriptor) *annotations.ResourceDescriptor {
	d, _ := proto.GetExtension(m.Options(), annotations.E_Resource).(*annotations.ResourceDescriptor)
	return d
}

// namedBy is the type of the resource that a field names, as the contract says.
func namedBy(f protoreflect.FieldDescriptor) string {
	if d := resourceOf(f.ContainingMessage()); d != nil && f.Name() == "name" {
		return d.GetType()
	}
	d, _ := proto.GetExtension(f.Options(), annotations.E_ResourceReference).(*annotations.ResourceReference)
	return d.GetType()
}

// checkNames complains of each text in an answer that is the name of a resource in a field that
// names none, and of each that is not in the form of the resource that its field names.
func checkNames(t *testing.T, m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		each := func(v protoreflect.Value) {
			switch {
			case f.Message() != nil && f.Message().ParentFile().Package() == "tenfold.v1":
				checkNames(t, v.Message())
			case f.Kind() == protoreflect.StringKind:
				checkName(t, f, v.String())
			}
		}
		switch {
		case f.IsMap():
		case f.IsList():
			for i := range value.List().Len() {
				each(value.List().Get(i))
			}
		default:
			each(value)
		}
		return true
	})
}

func checkName(t *testing.T, f protoreflect.FieldDescriptor, text string) {
	says := namedBy(f)
	if pattern := namePatterns[says]; pattern != nil {
		if text != "" && !pattern.MatchString(text) {
			t.Errorf("%s is %q, which is not the name of a %s", f.FullName(), text, says)
		}
		return
	}
	if says == "*" {
		return
	}
	for kind, pattern := range namePatterns {
		if pattern.MatchString(text) {
			t.Errorf("%s is %q, the name of a %s, and the contract does not say so", f.FullName(), text, kind)
		}
	}
}

// checkUnary and checkStream check the names in every answer that a test gets.
func checkUnary(t *testing.T) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, in, out any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		err := call(ctx, method, in, out, cc, opts...)
		if m, ok := out.(proto.Message); ok && err == nil && strings.HasPrefix(method, "/tenfold.v1.") {
			checkNames(t, m.ProtoReflect())
		}
		return err
	}
}

func checkStream(t *testing.T) grpc.StreamClientInterceptor {
	return func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(ctx, desc, cc, method, opts...)
		if err != nil {
			return nil, err
		}
		return &checkedStream{ClientStream: stream, t: t, ours: strings.HasPrefix(method, "/tenfold.v1.")}, nil
	}
}

type checkedStream struct {
	grpc.ClientStream
	t    *testing.T
	ours bool
}

func (s *checkedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if answer, ok := m.(proto.Message); ok && s.ours && err == nil {
		checkNames(s.t, answer.ProtoReflect())
	}
	return err
}

// Would catch a resource whose names the server gives in another form than the contract says.
// What a field holds in an answer is checked wherever a test gets one, see checkNames.
func TestServerNamesResourcesAsTheContractSays(t *testing.T) {
	t.Parallel()
	given := rpc.NamesOfResources()
	for kind, pattern := range namePatterns {
		name, ok := given[strings.TrimPrefix(kind, "tenfold/")]
		switch {
		case !ok:
			t.Errorf("nobody says how the server names a %s: add it to NamesOfResources", kind)
		case !pattern.MatchString(name):
			t.Errorf("the server names a %s %q, which does not match %s", kind, name, pattern)
		}
	}
	if len(given) != len(namePatterns) {
		t.Errorf("%d resources are named, and the contract has %d", len(given), len(namePatterns))
	}
}
