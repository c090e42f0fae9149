package rpc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// unread is a request over HTTP that is refused before it becomes a call.
type unread struct {
	// code is the status of HTTP. It says more than the one that follows from the reason.
	code  int
	cause *fault.Error
	// allow are the verbs that would be answered.
	allow []string
}

// cannotRead refuses the form of a request; field is what is at fault, if it is known.
func cannotRead(code int, field, format string, args ...any) *unread {
	return &unread{code: code, cause: fault.New(fault.RequestInvalid, format, args...).At(field)}
}

// statusCodes are the statuses of HTTP for each code; those of Connect and of calls by path are
// the same.
var statusCodes = map[codes.Code]int{
	codes.OK: http.StatusOK, codes.Canceled: 499, codes.Unknown: http.StatusInternalServerError, codes.InvalidArgument: http.StatusBadRequest,
	codes.DeadlineExceeded: http.StatusGatewayTimeout, codes.NotFound: http.StatusNotFound, codes.AlreadyExists: http.StatusConflict,
	codes.PermissionDenied: http.StatusForbidden, codes.ResourceExhausted: http.StatusTooManyRequests, codes.FailedPrecondition: http.StatusBadRequest,
	codes.Aborted: http.StatusConflict, codes.OutOfRange: http.StatusBadRequest, codes.Unimplemented: http.StatusNotImplemented,
	codes.Internal: http.StatusInternalServerError, codes.Unavailable: http.StatusServiceUnavailable, codes.DataLoss: http.StatusInternalServerError,
	codes.Unauthenticated: http.StatusUnauthorized,
}

// connectCodes are the names of codes in Connect.
var connectCodes = map[codes.Code]string{
	codes.Canceled: "canceled", codes.Unknown: "unknown", codes.InvalidArgument: "invalid_argument", codes.DeadlineExceeded: "deadline_exceeded",
	codes.NotFound: "not_found", codes.AlreadyExists: "already_exists", codes.PermissionDenied: "permission_denied",
	codes.ResourceExhausted: "resource_exhausted", codes.FailedPrecondition: "failed_precondition", codes.Aborted: "aborted",
	codes.OutOfRange: "out_of_range", codes.Unimplemented: "unimplemented", codes.Internal: "internal", codes.Unavailable: "unavailable",
	codes.DataLoss: "data_loss", codes.Unauthenticated: "unauthenticated",
}

// refuse answers a request that does not become a call.
func (f form) refuse(w http.ResponseWriter, r *http.Request, u *unread) {
	s := localized(refusal(u.cause, caller{}), spokenIn(r.Header.Values(acceptLanguage))) // The caller is not known yet.
	if len(u.allow) > 0 {
		w.Header().Set("Allow", strings.Join(u.allow, ", "))
	}
	f.fail(w, u.code, s, nil)
}

// Refuse answers a request over HTTP that is refused before it is read, such as one of a web page
// that may not call.
func Refuse(w http.ResponseWriter, r *http.Request, code int, why string) {
	reason := fault.RequestInvalid
	if code == http.StatusForbidden {
		reason = fault.AccessDenied
	}
	form{byPath, true}.refuse(w, r, &unread{code: code, cause: fault.New(reason, "%s", why)})
}

// fail answers with a status before anything else was answered. The code of HTTP follows from
// the status if it is zero.
func (f form) fail(w http.ResponseWriter, code int, s *status.Status, trailers http.Header) {
	if code == 0 {
		code = statusCodes[s.Code()]
	}
	if wait := waitOf(s); wait > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	}
	var body []byte
	switch f.protocol {
	case connectStream:
		w.Header().Set("Content-Type", contentTypes[f])
		code, body = http.StatusOK, inEnvelope(endOfConnect, connectEnd(s, trailers))
	case grpcWeb:
		w.Header().Set("Content-Type", contentTypes[f])
		for name, value := range webEnd(s, trailers) {
			w.Header()[name] = value
		}
		code = http.StatusOK
	case connectCall:
		w.Header().Set("Content-Type", "application/json")
		for name, value := range trailers {
			w.Header()["Trailer-"+name] = value
		}
		body = connectError(s)
	case byPath, native:
		w.Header().Set("Content-Type", "application/json")
		body = inJSON(s)
	}
	w.WriteHeader(code)
	_, _ = w.Write(body) // A caller that is gone gets no answer.
}

// inJSON is a status as JSON. Details of a type that this server does not know are left out.
func inJSON(s *status.Status) []byte {
	body, err := protojson.Marshal(s.Proto())
	if err != nil {
		body, _ = protojson.Marshal(&spb.Status{Code: int32(s.Code()), Message: s.Message()}) // Two plain values can be encoded.
	}
	return body
}

// waitOf is how long the caller of a refused request should wait; zero if waiting does not help.
func waitOf(s *status.Status) time.Duration {
	for _, d := range s.Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			return retry.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// connectDetail is a detail of a status in Connect.
type connectDetail struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	// Debug is the same in the clear, for persons.
	Debug json.RawMessage `json:"debug,omitempty"`
}

// connectFault is a status in Connect.
type connectFault struct {
	Code    string          `json:"code"`
	Message string          `json:"message,omitempty"`
	Details []connectDetail `json:"details,omitempty"`
}

func connectFaultOf(s *status.Status) *connectFault {
	if s.Code() == codes.OK {
		return nil
	}
	e := &connectFault{Code: connectCodes[s.Code()], Message: s.Message()}
	for _, d := range s.Proto().GetDetails() {
		name := d.GetTypeUrl()[strings.LastIndexByte(d.GetTypeUrl(), '/')+1:]
		detail := connectDetail{Type: name, Value: base64.RawStdEncoding.EncodeToString(d.GetValue())}
		if m, err := d.UnmarshalNew(); err == nil {
			if clear, err := protojson.Marshal(m); err == nil {
				detail.Debug = clear
			}
		}
		e.Details = append(e.Details, detail)
	}
	return e
}

func connectError(s *status.Status) []byte { return plainJSON(connectFaultOf(s)) }

// connectEnd is the end of a stream in Connect.
func connectEnd(s *status.Status, trailers http.Header) []byte {
	return plainJSON(struct {
		Error    *connectFault `json:"error,omitempty"`
		Metadata http.Header   `json:"metadata,omitempty"`
	}{connectFaultOf(s), trailers})
}

// plainJSON encodes texts and lists of them, which always works.
func plainJSON(v any) []byte {
	body, _ := json.Marshal(v)
	return body
}

// webEnd is the end of an answer in gRPC-Web, as headers.
func webEnd(s *status.Status, trailers http.Header) http.Header {
	h := trailers.Clone()
	if h == nil {
		h = make(http.Header)
	}
	h.Set("Grpc-Status", strconv.Itoa(int(s.Code())))
	if s.Message() != "" {
		h.Set("Grpc-Message", percent(s.Message()))
	}
	if len(s.Proto().GetDetails()) > 0 {
		if details, err := proto.Marshal(s.Proto()); err == nil {
			h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
		}
	}
	return h
}

// percent writes a text as gRPC wants messages: everything but printable ASCII in hex.
func percent(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
