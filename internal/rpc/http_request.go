package rpc

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
)

// A request over HTTP names its resource in the path. Whatever else it says must not say
// otherwise: people in front of the server authorise, limit and log by the path.

// pathFields are the fields that a path gives a value. In a query they are refused, and in a
// body they must say what the path says.
func pathFields(path string) []string {
	if strings.Contains(path, "/requests/") {
		return []string{"name", "parent", "requestId", "request_id"}
	}
	return []string{"name", "parent"}
}

// oneMeaning refuses a request whose parts contradict each other, or that could be read in
// two ways.
func oneMeaning(r *http.Request, bodyMax int64) error {
	if err := plainPath(r.URL); err != nil {
		return err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errors.New("the query cannot be read")
	}
	for key, values := range query {
		first, _, _ := strings.Cut(key, ".")
		if slices.Contains(pathFields(r.URL.Path), first) {
			return fmt.Errorf("the parameter %.32q is given by the path alone", key)
		}
		if len(values) > 1 {
			return fmt.Errorf("the parameter %.32q is given %d times; give it once", key, len(values))
		}
	}
	body, whole, err := peek(r, bodyMax)
	if err != nil || !whole {
		return err // The transcoder refuses what is too large.
	}
	return sayTheSame(r.URL.Path, body)
}

// peek reads a body and leaves it to be read again. It is not whole beyond bodyMax.
func peek(r *http.Request, bodyMax int64) (body []byte, whole bool, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, true, nil
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, bodyMax+1))
	if err != nil {
		return nil, false, errors.New("the body cannot be read")
	}
	r.Body = readCloser{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
	return body, int64(len(body)) <= bodyMax, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// unpack unpacks a body that is compressed as a whole, up to bodyMax bytes. It says so if
// there is more, or if the body is packed in another way, or twice. Messages that are
// compressed one by one are refused: the transcoder reports what is wrong with one while
// the call is answered, and both write the header.
func unpack(r *http.Request, bodyMax int64) (code int, err error) {
	for _, header := range []string{"Grpc-Encoding", "Connect-Content-Encoding"} {
		if packed := r.Header.Values(header); len(packed) > 0 && (len(packed) > 1 || packed[0] != "identity") {
			return http.StatusUnsupportedMediaType, errors.New("messages of a stream may not be compressed on this port")
		}
	}
	given := r.Header.Values("Content-Encoding")
	switch {
	case len(given) == 0 || len(given) == 1 && (given[0] == "" || given[0] == "identity"):
		return 0, nil
	case len(given) > 1 || given[0] != "gzip":
		return http.StatusUnsupportedMediaType, errors.New("the body may be compressed with gzip, once, and in no other way")
	}
	unpacked := new(boundedGzip)
	unpacked.most = bodyMax
	if err := unpacked.Reset(r.Body); err != nil {
		return http.StatusBadRequest, errors.New("the body is not compressed with gzip")
	}
	body, err := io.ReadAll(unpacked)
	switch {
	case errors.Is(err, errTooMuch):
		return http.StatusRequestEntityTooLarge, fmt.Errorf("the body unpacks to more than %d bytes", bodyMax)
	case err != nil:
		return http.StatusBadRequest, errors.New("the body is not compressed with gzip")
	}
	r.Body = readCloser{bytes.NewReader(body), r.Body}
	r.ContentLength = int64(len(body))
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	return 0, nil
}

var errTooMuch = errors.New("the message unpacks to more than is allowed")

// boundedGzip unpacks up to most bytes. It implements connect.Decompressor.
type boundedGzip struct {
	gzip.Reader
	most, got int64
}

// Reset begins with another message.
func (b *boundedGzip) Reset(r io.Reader) error {
	b.got = 0
	return b.Reader.Reset(r)
}

// Read fails once more than most bytes have come.
func (b *boundedGzip) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if b.got += int64(n); b.got > b.most {
		return 0, errTooMuch
	}
	return n, err
}

// plainPath refuses a path that intermediaries and the server may divide differently.
func plainPath(u *url.URL) error {
	escaped := strings.ToLower(u.EscapedPath())
	if strings.Contains(escaped, "%2f") || strings.Contains(escaped, "%5c") {
		return errors.New("the path has an encoded slash")
	}
	return nil
}

// sayTheSame refuses a body whose path fields differ from the path. What is no JSON object
// is left to whoever reads it.
func sayTheSame(path string, body []byte) error {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return nil
	}
	path = strings.TrimPrefix(path, "/v1/")
	for _, key := range []string{"name", "parent"} {
		raw, given := fields[key]
		if !given {
			continue
		}
		var said string
		if json.Unmarshal(raw, &said) == nil && said != "" && !names(path, said) {
			return fmt.Errorf("the body's %s is not what the path names", key)
		}
	}
	return nil
}

// names says whether a path is that of a resource, of what lies below it, or of an action
// on it.
func names(path, resource string) bool {
	return path == resource || strings.HasPrefix(path, resource+"/") || strings.HasPrefix(path, resource+":")
}

// refuseHTTP answers a request that the server does not read.
func refuseHTTP(w http.ResponseWriter, r *http.Request, code int, why string) {
	body, err := protojson.Marshal(localized(notRead(why), spokenIn(r.Header.Values(acceptLanguage))).Proto())
	if err != nil {
		http.Error(w, why, code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // A caller that is gone gets no answer.
}
