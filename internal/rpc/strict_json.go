package rpc

import (
	"errors"
	"net/http"
	"strings"

	"connectrpc.com/connect"
	"connectrpc.com/vanguard"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// jsonCodec refuses fields that the contract does not know: in a request that moves
// money, a misspelt one must not be passed over. It leaves out what is not set,
// which is how what a role may not see is hidden.
type jsonCodec struct{ vanguard.JSONCodec }

func strictJSON(types vanguard.TypeResolver) vanguard.Codec {
	return jsonCodec{vanguard.JSONCodec{
		MarshalOptions:   protojson.MarshalOptions{Resolver: types},
		UnmarshalOptions: protojson.UnmarshalOptions{Resolver: types},
	}}
}

// Unmarshal implements vanguard.Codec.
func (c jsonCodec) Unmarshal(data []byte, m proto.Message) error {
	return unreadable(c.JSONCodec.Unmarshal(data, m))
}

// UnmarshalField implements vanguard.RESTCodec.
func (c jsonCodec) UnmarshalField(data []byte, m proto.Message, field protoreflect.FieldDescriptor) error {
	return unreadable(c.JSONCodec.UnmarshalField(data, m, field))
}

// unreadable is the refusal of JSON that is no request, in the transcoder's terms.
func unreadable(err error) error {
	if err == nil {
		return nil
	}
	s := notRead(err.Error())
	refused := connect.NewError(connect.Code(s.Code()), errors.New(s.Message()))
	for _, detail := range s.Details() {
		// Details that were taken out of a status can be put into another.
		if m, ok := detail.(proto.Message); ok {
			if d, err := connect.NewErrorDetail(m); err == nil {
				refused.AddDetail(d)
			}
		}
	}
	return refused
}

// notRead is the status of a request of which the transcoder says what is wrong.
func notRead(said string) *status.Status {
	// The library writes its name before it, at times with a space that breaks no line.
	said = strings.TrimLeft(strings.TrimPrefix(said, "proto:"), " \u00a0")
	v := &violations{reason: fault.RequestInvalid, fields: []*errdetails.BadRequest_FieldViolation{
		{Description: said, Reason: string(fault.RequestInvalid)},
	}}
	return v.status(caller{}) // The caller is not identified yet.
}

// malformed answers for the transcoder where it calls a parameter that the contract
// does not know an unknown error of the server.
type malformed struct {
	http.ResponseWriter
	failed bool
}

// WriteHeader implements http.ResponseWriter.
func (w *malformed) WriteHeader(code int) {
	if w.failed = code == http.StatusInternalServerError; !w.failed {
		w.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter. What failed is written whole.
func (w *malformed) Write(content []byte) (int, error) {
	if !w.failed {
		return w.ResponseWriter.Write(content)
	}
	w.failed = false
	answer, code := content, http.StatusInternalServerError
	var s statuspb.Status
	// No handler answers with an unknown error; what it does not know is internal.
	if protojson.Unmarshal(content, &s) == nil && codes.Code(s.GetCode()) == codes.Unknown {
		if mended, err := protojson.Marshal(notRead(s.GetMessage()).Proto()); err == nil {
			answer, code = mended, http.StatusBadRequest
		}
	}
	w.ResponseWriter.WriteHeader(code)
	if _, err := w.ResponseWriter.Write(answer); err != nil {
		return 0, err
	}
	return len(content), nil
}

// Flush implements http.Flusher.
func (w *malformed) Flush() {
	if !w.failed {
		_ = http.NewResponseController(w.ResponseWriter).Flush() // What cannot be flushed is written later.
	}
}

// Unwrap lets deadlines be set on what lies below.
func (w *malformed) Unwrap() http.ResponseWriter { return w.ResponseWriter }
