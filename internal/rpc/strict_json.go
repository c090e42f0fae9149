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

	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// jsonCodec refuses fields that the contract does not know: in a request that moves
// money, a misspelt field must not be ignored. It leaves out unset fields, and so
// also those that are hidden from a role.
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

// unreadable refuses JSON that is not a request, in the transcoder's terms.
func unreadable(err error) error {
	if err == nil {
		return nil
	}
	s := notRead(err.Error())
	for _, one := range locales {
		// What the caller speaks is not known here, so the text is given in each language.
		s = localized(s, one.language)
	}
	refused := connect.NewError(connect.Code(s.Code()), errors.New(s.Message()))
	for _, detail := range s.Details() {
		// The details taken from one status can be added to another.
		if m, ok := detail.(proto.Message); ok {
			if d, err := connect.NewErrorDetail(m); err == nil {
				refused.AddDetail(d)
			}
		}
	}
	return refused
}

// notRead is the status of a request that the transcoder cannot read.
func notRead(said string) *status.Status {
	// The library prefixes its name, sometimes with a non-breaking space.
	said = strings.TrimLeft(strings.TrimPrefix(said, "proto:"), " \u00a0")
	v := &violations{reason: fault.RequestInvalid, fields: []*errdetails.BadRequest_FieldViolation{
		{Description: said, Reason: string(fault.RequestInvalid)},
	}}
	return v.status(caller{}) // The caller is not identified yet.
}

// malformed corrects the transcoder's answer for a parameter that the contract does
// not know, which the transcoder calls an unknown error of the server.
type malformed struct {
	http.ResponseWriter
	language explain.Language
	failed   bool
}

// WriteHeader implements http.ResponseWriter.
func (w *malformed) WriteHeader(code int) {
	if w.failed = code == http.StatusInternalServerError; !w.failed {
		w.ResponseWriter.WriteHeader(code)
	}
}

// Write implements http.ResponseWriter. A failed answer is written as a whole.
func (w *malformed) Write(content []byte) (int, error) {
	if !w.failed {
		return w.ResponseWriter.Write(content)
	}
	w.failed = false
	answer, code := content, http.StatusInternalServerError
	var s statuspb.Status
	// No handler answers with an unknown error; unexpected errors are internal.
	if protojson.Unmarshal(content, &s) == nil && codes.Code(s.GetCode()) == codes.Unknown {
		if mended, err := protojson.Marshal(localized(notRead(s.GetMessage()), w.language).Proto()); err == nil {
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
		_ = http.NewResponseController(w.ResponseWriter).Flush() // Without a flush the content is written later.
	}
}

// Unwrap lets deadlines be set on the underlying writer.
func (w *malformed) Unwrap() http.ResponseWriter { return w.ResponseWriter }
