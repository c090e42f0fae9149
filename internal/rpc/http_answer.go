package rpc

import (
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"slices"
	"strconv"
	"strings"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// reply writes what gRPC answers in the form of the request. A single message is written
// when the call has ended, so that a call that fails after its message is told as failed;
// messages of a stream are written as they come.
type reply struct {
	http.ResponseWriter
	form   form
	method *method
	// header is what gRPC says about its answer, trailers included.
	header http.Header
	// code is the status of HTTP by which gRPC refuses a request that it cannot read.
	code int
	// pending is the part of an envelope that has come, and message the last message.
	pending, message []byte
	complete         bool
	// begun says that the answer's head was written, and failed that it cannot go on.
	begun  bool
	failed error
}

// Header implements http.ResponseWriter.
func (a *reply) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *reply) WriteHeader(code int) { a.code = code }

// Write implements http.ResponseWriter.
func (a *reply) Write(p []byte) (int, error) {
	if a.failed != nil {
		return 0, a.failed
	}
	a.pending = append(a.pending, p...)
	for a.code/100 != 4 && len(a.pending) >= envelopeHead {
		end := envelopeHead + int(binary.BigEndian.Uint32(a.pending[1:]))
		if len(a.pending) < end {
			break
		}
		if a.failed = a.take(a.pending[envelopeHead:end]); a.failed != nil {
			return 0, a.failed
		}
		a.pending = append(a.pending[:0], a.pending[end:]...)
	}
	return len(p), nil
}

// take takes a message.
func (a *reply) take(message []byte) error {
	encoded, err := a.form.encode(message, a.method)
	if err != nil {
		return err
	}
	if !a.method.answers {
		a.message, a.complete = slices.Clone(encoded), true
		return nil
	}
	a.begin()
	_, err = a.ResponseWriter.Write(inEnvelope(0, encoded))
	return err
}

// begin writes the head of a stream's answer.
func (a *reply) begin() {
	if a.begun {
		return
	}
	a.begun = true
	a.say()
	a.ResponseWriter.Header().Set("Content-Type", contentTypes[a.form])
	a.ResponseWriter.WriteHeader(http.StatusOK)
}

// say passes on the headers that a handler has set.
func (a *reply) say() {
	for name, values := range a.header {
		if _, trailer := withoutPrefix(name, http.TrailerPrefix); trailer || strings.HasPrefix(name, "Grpc-") || values == nil {
			continue
		}
		if name != "Content-Type" && name != "Trailer" {
			a.ResponseWriter.Header()[name] = values
		}
	}
}

// Flush implements http.Flusher. What is answered as a whole has nothing to flush.
func (a *reply) Flush() {
	if a.begun {
		_ = http.NewResponseController(a.ResponseWriter).Flush() // Without a flush the content is written later.
	}
}

// Unwrap lets deadlines be set on the underlying writer.
func (a *reply) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// end ends the answer when gRPC has.
func (a *reply) end(r *http.Request) {
	if a.code/100 == 4 {
		a.form.refuse(a.ResponseWriter, r, cannotRead(a.code, "", "the request cannot be read: %s", strings.TrimSpace(string(a.pending))))
		return
	}
	s := a.status(r)
	trailers := a.trailers()
	switch {
	case a.begun && a.form.protocol == connectStream:
		_, _ = a.ResponseWriter.Write(inEnvelope(endOfConnect, connectEnd(s, trailers))) // A caller that is gone gets no end.
	case a.begun:
		_, _ = a.ResponseWriter.Write(inEnvelope(endOfWeb, headerLines(webEnd(s, trailers))))
	case s.Code() != codes.OK:
		a.say()
		a.form.fail(a.ResponseWriter, 0, s, trailers)
	case a.method.answers:
		a.begin()
		a.end(r)
	default:
		a.single(s, trailers)
	}
}

// single writes the one message of an answer.
func (a *reply) single(s *status.Status, trailers http.Header) {
	a.say()
	head := a.ResponseWriter.Header()
	head.Set("Content-Type", contentTypes[a.form])
	body := a.message
	switch a.form.protocol {
	case grpcWeb:
		body = append(inEnvelope(0, body), inEnvelope(endOfWeb, headerLines(webEnd(s, trailers)))...)
	case connectCall:
		for name, values := range trailers {
			head["Trailer-"+name] = values
		}
	case byPath, connectStream, native:
	}
	a.ResponseWriter.WriteHeader(http.StatusOK)
	_, _ = a.ResponseWriter.Write(body) // A caller that is gone gets no answer.
}

// status is how the call has ended. Without a status it was cut off.
func (a *reply) status(r *http.Request) *status.Status {
	code, err := strconv.Atoi(a.header.Get("Grpc-Status"))
	switch {
	case a.failed != nil:
		return status.New(codes.Internal, "the answer cannot be written in this form; the request may have been carried out")
	case err != nil || code == int(codes.OK) && !a.method.answers && !a.complete:
		s := status.New(codes.Unavailable, "the call was cut off; the request may or may not have been accepted, so send it again with the same request id")
		return localized(s, spokenIn(r.Header.Values(acceptLanguage)))
	}
	if details, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(a.header.Get("Grpc-Status-Details-Bin"), "=")); err == nil && len(details) > 0 {
		var p spb.Status
		if proto.Unmarshal(details, &p) == nil {
			return status.FromProto(&p)
		}
	}
	return status.New(codes.Code(code), unpercent(a.header.Get("Grpc-Message")))
}

// trailers are those that a handler has set.
func (a *reply) trailers() http.Header {
	h := make(http.Header)
	for name, values := range a.header {
		if rest, ok := withoutPrefix(name, http.TrailerPrefix); ok {
			h[rest] = values
		}
	}
	return h
}

// headerLines writes headers as gRPC-Web wants its trailers.
func headerLines(h http.Header) []byte {
	var b strings.Builder
	for name, values := range h {
		for _, value := range values {
			b.WriteString(strings.ToLower(name) + ": " + value + "\r\n")
		}
	}
	return []byte(b.String())
}

// unpercent reads a text that percent has written.
func unpercent(text string) string {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if c, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}
