package rpc

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// A request over HTTP names its resource in the path. Whatever else it says must not say
// otherwise: people in front of the server authorise, limit and log by the path. It is read as
// a whole before anything is called, so that what is wrong with it is told in one place.

// call is a request over HTTP that was read.
type call struct {
	method *method
	// message is the request as in gRPC.
	message []byte
	// timeout is when the caller gives up; zero if it does not say.
	timeout time.Duration
}

// place is what a request calls: a method, and the path of the contract by which it is called, if
// it is not called by its name.
type place struct {
	method   *method
	way      *route
	segments []string
}

// read reads a request to a place.
func (t *transcoder) read(r *http.Request, f form, at *place) (c *call, err *unread) {
	c = &call{method: at.method}
	if c.timeout, err = timeoutOf(r, timeoutHeaders[f.protocol]); err != nil {
		return nil, err
	}
	data, err := t.body(r, f)
	if err != nil {
		return nil, err
	}
	request := at.method.input.New().Interface()
	if at.way != nil {
		err = at.way.read(r.URL, at.segments, data, request)
	} else {
		err = f.readMessage(data, request)
	}
	if err != nil {
		return nil, err
	}
	if !f.json {
		c.message = data // It was read, so it can be.
		return c, nil
	}
	encoded, failed := proto.Marshal(request)
	if failed != nil {
		return nil, cannotRead(http.StatusBadRequest, "", "the request cannot be passed on: %v", failed)
	}
	c.message = encoded
	return c, nil
}

// find finds what a request calls.
func (t *transcoder) find(r *http.Request, f form) (*place, *unread) {
	if err := plainPath(r.URL); err != nil {
		return nil, err
	}
	unknown := func(code int, allow []string, format string, args ...any) *unread {
		return &unread{code: code, allow: allow, cause: fault.New(fault.MethodUnknown, format, args...)}
	}
	if f.protocol == byPath {
		way, segments, verbs := t.routes.find(r.Method, r.URL.Path)
		switch {
		case way != nil:
			return &place{way.method, way, segments}, nil
		case verbs != nil:
			return nil, unknown(http.StatusMethodNotAllowed, verbs, "%s is not possible here, but %s is", r.Method, strings.Join(verbs, ", "))
		}
		return nil, unknown(http.StatusNotFound, nil, "the contract has no path %s", r.URL.Path)
	}
	m := t.routes.methods[r.URL.Path]
	switch {
	case m == nil:
		return nil, unknown(http.StatusNotFound, nil, "the service has no method %s", r.URL.Path)
	case r.Method != http.MethodPost:
		return nil, unknown(http.StatusMethodNotAllowed, []string{http.MethodPost}, "methods are called by POST, not by %s", r.Method)
	case m.asks, m.answers && !f.enveloped():
		return nil, cannotRead(http.StatusUnsupportedMediaType, "", "the method %s is a stream; call it in another protocol", r.URL.Path)
	case f.protocol == connectStream && !m.answers:
		return nil, cannotRead(http.StatusUnsupportedMediaType, "", "the method %s is no stream; call it with application/json or application/proto", r.URL.Path)
	}
	return &place{method: m}, nil
}

// plainPath refuses a path that intermediaries and the server may divide differently.
func plainPath(u *url.URL) *unread {
	escaped := strings.ToLower(u.EscapedPath())
	if strings.Contains(escaped, "%2f") || strings.Contains(escaped, "%5c") {
		return cannotRead(http.StatusBadRequest, "", "the path has an encoded slash")
	}
	if !utf8.ValidString(u.Path) {
		return cannotRead(http.StatusBadRequest, "", "the path is not in UTF-8")
	}
	return nil
}

// secondsMax bounds what a caller says of its patience: beyond a day it means none.
const secondsMax = 24 * 60 * 60

var (
	seconds      = regexp.MustCompile(`^[0-9]{1,9}(\.[0-9]{1,9})?$`)
	milliseconds = regexp.MustCompile(`^[0-9]{1,10}$`)
	grpcTimeout  = regexp.MustCompile(`^[0-9]{1,8}[HMSmun]$`)
)

// timeoutOf reads when a caller gives up. A time that is none, or that is over before the call
// begins, is refused: the caller would take a call that ends early for one that is slow.
func timeoutOf(r *http.Request, header string) (time.Duration, *unread) {
	given := said(r, header)
	if given == "" {
		return 0, nil
	}
	var d time.Duration
	form := ""
	switch header {
	case "X-Server-Timeout":
		form = "seconds such as 2.5"
		if seconds.MatchString(given) {
			d, _ = time.ParseDuration(given + "s")
		}
	case "Connect-Timeout-Ms":
		form = "milliseconds such as 2500"
		if milliseconds.MatchString(given) {
			d, _ = time.ParseDuration(given + "ms")
		}
	default:
		form = "a number with its unit such as 2500m"
		if grpcTimeout.MatchString(given) {
			units := map[byte]string{'H': "h", 'M': "m", 'S': "s", 'm': "ms", 'u': "us", 'n': "ns"}
			d, _ = time.ParseDuration(given[:len(given)-1] + units[given[len(given)-1]])
			if d < 0 {
				d = secondsMax * time.Second // It is beyond any patience.
			}
		}
	}
	if d <= 0 {
		return 0, cannotRead(http.StatusBadRequest, "", "the header %s must be positive and in %s, not %s", strings.ToLower(header), form, given)
	}
	return min(d, secondsMax*time.Second), nil
}

// body reads the message of a request, unpacked and out of its envelope.
func (t *transcoder) body(r *http.Request, f form) ([]byte, *unread) {
	most := int64(t.receiveMax)
	for _, header := range []string{"Grpc-Encoding", "Connect-Content-Encoding"} {
		if packed := r.Header.Values(header); len(packed) > 1 || len(packed) == 1 && packed[0] != "" && packed[0] != "identity" {
			return nil, cannotRead(http.StatusUnsupportedMediaType, "", "messages may not be compressed one by one on this port")
		}
	}
	packed := r.Header.Values("Content-Encoding")
	gzipped := len(packed) == 1 && packed[0] == "gzip" && !f.enveloped()
	if !gzipped && (len(packed) > 1 || len(packed) == 1 && packed[0] != "" && packed[0] != "identity") {
		return nil, cannotRead(http.StatusUnsupportedMediaType, "", "the body may be compressed with gzip, once, if it has one message, and in no other way")
	}
	if f.enveloped() {
		most += envelopeHead
	}
	if !gzipped && r.ContentLength > most {
		return nil, tooLarge(t.receiveMax)
	}
	var from io.Reader = r.Body
	if gzipped {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, cannotRead(http.StatusBadRequest, "", "the body is not compressed with gzip")
		}
		from = unpacked
	}
	data, err := io.ReadAll(io.LimitReader(from, most+1))
	switch {
	case int64(len(data)) > most:
		return nil, tooLarge(t.receiveMax)
	case err != nil && gzipped:
		return nil, cannotRead(http.StatusBadRequest, "", "the body is not compressed with gzip, or not all of it has come")
	case err != nil:
		return nil, cannotRead(http.StatusBadRequest, "", "the body has not come as a whole")
	case f.enveloped():
		return opened(data)
	}
	return data, nil
}

func tooLarge(most int) *unread {
	return cannotRead(http.StatusRequestEntityTooLarge, "", "the request has more than %d bytes", most)
}

// envelopeHead is the size of what stands before a message: flags, and its length.
const envelopeHead = 5

// The flags of envelopes.
const (
	compressed   byte = 1
	endOfConnect byte = 1 << 1
	endOfWeb     byte = 1 << 7
)

// inEnvelope puts a message in an envelope.
func inEnvelope(flags byte, message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(message))), message...)
}

// opened takes the one message of a request out of its envelope.
func opened(data []byte) ([]byte, *unread) {
	bad := func(format string, args ...any) ([]byte, *unread) {
		return nil, cannotRead(http.StatusBadRequest, "", format, args...)
	}
	if len(data) < envelopeHead {
		return bad("the body has %d bytes, and no whole envelope of a message", len(data))
	}
	flags, length, message := data[0], binary.BigEndian.Uint32(data[1:]), data[envelopeHead:]
	switch {
	case flags == compressed:
		return nil, cannotRead(http.StatusUnsupportedMediaType, "", "messages may not be compressed one by one on this port")
	case flags != 0:
		return bad("the envelope of the message has the flags %#x, which a request cannot have", flags)
	case uint64(length) > uint64(len(message)):
		return bad("the message ends after %d of %d bytes", len(message), length)
	case uint64(length) < uint64(len(message)):
		return bad("the call takes one message, but more than one has come")
	}
	return message, nil
}

// read reads a request by its path.
func (way *route) read(u *url.URL, segments []string, data []byte, into proto.Message) *unread {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return cannotRead(http.StatusBadRequest, "", "the query cannot be read")
	}
	switch {
	case way.body && len(query) > 0:
		for key := range query {
			return cannotRead(http.StatusBadRequest, "", "the parameter %s does not belong into the query of a %s; put it into the body", key, way.verb)
		}
	case !way.body && len(data) > 0:
		return cannotRead(http.StatusBadRequest, "", "a %s has no body, but %d bytes have come", way.verb, len(data))
	case way.body:
		if err := (form{byPath, true}).readMessage(data, into); err != nil {
			return err
		}
	default:
		if err := way.readQuery(query, into.ProtoReflect()); err != nil {
			return err
		}
	}
	for _, given := range way.fields {
		said := into.ProtoReflect().Get(given.field).String()
		value := strings.Join(segments[given.first:given.last], "/")
		if said != "" && said != value {
			return cannotRead(http.StatusBadRequest, string(given.field.Name()), "the body's %s is %s, which is not what the path names", given.field.Name(), said)
		}
		into.ProtoReflect().Set(given.field, protoreflect.ValueOfString(value))
	}
	return nil
}

// readMessage reads a message of a request.
func (f form) readMessage(data []byte, into proto.Message) *unread {
	switch {
	case f.json && len(bytes.TrimSpace(data)) == 0:
		return cannotRead(http.StatusBadRequest, "", "the body is empty; send a JSON object, {} at least")
	case f.json && !utf8.Valid(data):
		return cannotRead(http.StatusBadRequest, "", "the body is not in UTF-8")
	}
	if err := f.decode(data, into); err != nil {
		return cannotRead(http.StatusBadRequest, "", "the body cannot be read: %s", bare(err))
	}
	return nil
}

// bare is the text of an error without the library's name, which it sets apart by a space of
// one kind or another.
func bare(err error) string {
	return strings.TrimLeft(strings.TrimPrefix(err.Error(), "proto:"), " \u00a0")
}

// readQuery reads the fields that stand in a query.
func (way *route) readQuery(query url.Values, into protoreflect.Message) *unread {
	given := make(map[string]string, len(query))
	for key, values := range query {
		field, name, err := fieldAt(into.Descriptor(), key)
		switch {
		case err != nil:
			return err
		case way.gives(field[0]):
			return cannotRead(http.StatusBadRequest, "", "the parameter %s is given by the path alone", key)
		case len(values) > 1 || given[name] != "":
			return cannotRead(http.StatusBadRequest, name, "the parameter %s is given more than once", key)
		}
		given[name] = key
		m := into
		for _, outer := range field[:len(field)-1] {
			m = m.Mutable(outer).Message()
		}
		if err := readParameter(m, field[len(field)-1], values[0]); err != nil {
			return cannotRead(http.StatusBadRequest, name, "the parameter %s cannot be %s: %s", key, fault.Excerpt(values[0]), err.Error())
		}
	}
	return nil
}

// fieldAt finds the field that a parameter such as amount.minorUnits is about; name is its name in
// the contract.
func fieldAt(in protoreflect.MessageDescriptor, key string) (path []protoreflect.FieldDescriptor, name string, err *unread) {
	for part := range strings.SplitSeq(key, ".") {
		var field protoreflect.FieldDescriptor
		if in != nil {
			if field = in.Fields().ByJSONName(part); field == nil {
				field = in.Fields().ByName(protoreflect.Name(part))
			}
		}
		if field == nil {
			return nil, "", cannotRead(http.StatusBadRequest, "", "there is no parameter %s", key)
		}
		path, name = append(path, field), name+"."+string(field.Name())
		in = nil
		if field.Kind() == protoreflect.MessageKind && !field.IsList() && !field.IsMap() {
			in = field.Message()
		}
	}
	return path, name[1:], nil
}

var (
	wholeNumber = regexp.MustCompile(`^-?[0-9]{1,19}$`)

	errNumber = errors.New("it must be a whole number")
	errTruth  = errors.New("it must be true or false")
)

// readParameter sets a field to what a parameter says.
func readParameter(m protoreflect.Message, field protoreflect.FieldDescriptor, text string) error {
	value := ""
	switch kind := field.Kind(); {
	case kind == protoreflect.BoolKind:
		if text != "true" && text != "false" {
			return errTruth
		}
		value = text
	case kind == protoreflect.Int32Kind, kind == protoreflect.Int64Kind, kind == protoreflect.Uint32Kind, kind == protoreflect.Uint64Kind:
		if !wholeNumber.MatchString(text) {
			return errNumber
		}
		value = strconv.Quote(text)
	case kind == protoreflect.EnumKind:
		if field.Enum().Values().ByName(protoreflect.Name(text)) == nil && field.Enum().FullName() != "google.protobuf.NullValue" {
			return errors.New("it must be one of the words of " + string(field.Enum().Name()))
		}
		value = strconv.Quote(text)
	default:
		quoted, err := json.Marshal(text)
		if err != nil || !utf8.ValidString(text) {
			return errors.New("it is not in UTF-8")
		}
		value = string(quoted)
	}
	if field.IsList() {
		value = "[" + value + "]"
	}
	one := m.New().Interface()
	if err := decodeJSON([]byte(`{"`+field.JSONName()+`":`+value+`}`), one); err != nil {
		return errors.New(bare(err))
	}
	proto.Merge(m.Interface(), one)
	return nil
}
