package rpc

import (
	"mime"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"
)

// form is how a request and its answer look over HTTP.
type form struct {
	protocol protocol
	// json says that messages are JSON; otherwise they are as in gRPC.
	json bool
}

type protocol int

const (
	// byPath: the path and the verb say what is called, as the contract tells.
	byPath protocol = iota
	// connectCall: the path is a method; request and answer are one message each.
	connectCall
	// connectStream: the path is a method; messages lie in envelopes, and the last envelope is
	// the end.
	connectStream
	// grpcWeb: like connectStream, with the trailers of gRPC for an end.
	grpcWeb
	// native is gRPC itself.
	native
)

// enveloped says that messages lie in envelopes, as in gRPC.
func (f form) enveloped() bool { return f.protocol == connectStream || f.protocol == grpcWeb }

// contentTypes are the content types of answers and requests, by form. A request by path may do
// without one.
var contentTypes = map[form]string{
	{byPath, true}:         "application/json",
	{connectCall, true}:    "application/json",
	{connectCall, false}:   "application/proto",
	{connectStream, true}:  "application/connect+json",
	{connectStream, false}: "application/connect+proto",
	{grpcWeb, true}:        "application/grpc-web+json",
	{grpcWeb, false}:       "application/grpc-web+proto",
}

// timeoutHeaders are the headers by which a caller says when it gives up, by protocol.
var timeoutHeaders = map[protocol]string{
	byPath: "X-Server-Timeout", connectCall: "Connect-Timeout-Ms", connectStream: "Connect-Timeout-Ms", grpcWeb: "Grpc-Timeout",
}

// formOf is the form of a request. It is refused with UNSUPPORTED MEDIA TYPE if there is none; the
// form is then one in which it can be told so.
func (t *transcoder) formOf(r *http.Request) (form, *unread) {
	given := said(r, "Content-Type")
	base, parameters, err := mime.ParseMediaType(given)
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		err = mime.ErrInvalidMediaParameter
	}
	service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !t.routes.services[service] {
		f := form{byPath, true}
		if given != "" && (err != nil || base != contentTypes[f]) && r.Method == http.MethodPost {
			return f, notUnderstood(given, "application/json")
		}
		return f, nil
	}
	switch base {
	case "application/grpc-web":
		base = "application/grpc-web+proto"
	case "application/grpc", "application/grpc+proto":
		if r.ProtoMajor == 2 {
			return form{native, false}, nil
		}
	}
	for f, name := range contentTypes {
		if f.protocol != byPath && name == base && err == nil {
			return f, nil
		}
	}
	return form{connectCall, true}, notUnderstood(given, "application/json or a content type of Connect or gRPC-Web")
}

// said is what a header says. A header that counts stands once in a request: web admits no
// other, and proofs of callers are not read here.
func said(r *http.Request, header string) string { return r.Header.Get(header) }

func notUnderstood(given, wanted string) *unread {
	if given == "" {
		return cannotRead(http.StatusUnsupportedMediaType, "", "the request has no content type; send %s", wanted)
	}
	return cannotRead(http.StatusUnsupportedMediaType, "", "the content type %s is not understood; send %s, in UTF-8", given, wanted)
}

// decode reads a message.
func (f form) decode(data []byte, m proto.Message) error {
	if f.json {
		return decodeJSON(data, m)
	}
	return proto.Unmarshal(data, m)
}

// encode writes a message that is given as in gRPC.
func (f form) encode(data []byte, of *method) ([]byte, error) {
	if !f.json {
		return data, nil
	}
	m := of.output.New().Interface()
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, err
	}
	return encodeJSON(m)
}
