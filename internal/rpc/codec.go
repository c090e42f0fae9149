package rpc

import (
	"bytes"
	"strings"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // Registers the codec that tolerant wraps.
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// unreadable stands as an unknown field in a request that could not be decoded. Whoever sends
// it is told that the message cannot be read.
var unreadable = protowire.AppendString(protowire.AppendTag(nil, 536_870_911, protowire.BytesType), "unreadable")

// tolerant decodes requests like gRPC, but marks those that cannot be decoded instead of
// failing: gRPC answers a failure before any interceptor sees it, as an error of the server
// and without a reason. What gRPC refuses before it decodes, a message that is too large or a
// malformed timeout, has a code and no reason.
type tolerant struct{ encoding.CodecV2 }

func newTolerant() tolerant { return tolerant{encoding.GetCodecV2("proto")} }

// Unmarshal implements encoding.CodecV2.
func (c tolerant) Unmarshal(data mem.BufferSlice, v any) error {
	err := c.CodecV2.Unmarshal(data, v)
	m, ok := v.(proto.Message)
	if err == nil || !ok || !strings.HasPrefix(string(m.ProtoReflect().Descriptor().FullName()), "tenfold.") {
		return err
	}
	proto.Reset(m)
	m.ProtoReflect().SetUnknown(bytes.Clone(unreadable))
	return nil
}

// decoded refuses a request that could not be decoded.
func decoded(m proto.Message) error {
	if bytes.Equal(m.ProtoReflect().GetUnknown(), unreadable) {
		return fault.New(fault.RequestInvalid, "the message cannot be read: it is not one of the method's")
	}
	return nil
}
