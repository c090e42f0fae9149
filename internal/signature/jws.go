package signature

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// BytesMax bounds a signed statement as it is sent.
const BytesMax = 128 << 10

// headerBytesMax bounds the header of a signed statement.
const headerBytesMax = 4 << 10

// Statement is a JSON Web Signature in the compact form (RFC 7515, 7.1), read but not yet
// verified.
type Statement struct {
	// KeyID names the key: its thumbprint, or what its owner calls it.
	KeyID string
	// Type is the media type without "application/".
	Type string
	// ContentType is that of the payload, likewise; empty if it is not said.
	ContentType string
	// Payload is what was signed. Nobody may believe it before Verify.
	Payload []byte

	algorithm Algorithm
	text      string
}

// ParseStatement reads a signed statement without believing it. Refuses with
// SIGNATURE_INVALID everything that has more than one reading: another form, white space,
// padding, a member that stands twice, and headers that bring a key or an extension along.
func ParseStatement(text string) (*Statement, error) {
	if len(text) > BytesMax {
		return nil, malformed("it must have at most %d bytes, not %d", BytesMax, len(text))
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, malformed("it must have three parts with dots between them (the compact form), not %d", len(parts))
	}
	if len(parts[0]) > headerBytesMax {
		return nil, malformed("its header must have at most %d bytes, not %d", headerBytesMax, len(parts[0]))
	}
	var decoded [3][]byte
	for i, name := range []string{"header", "payload", "signature"} {
		var err error
		// The decoder skips line breaks, which would be a second spelling.
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(parts[i]); err != nil || strings.ContainsAny(parts[i], "\r\n") {
			return nil, malformed("its %s must be in base64url without padding", name)
		}
		if len(decoded[i]) == 0 {
			return nil, malformed("its %s must not be empty", name)
		}
	}
	s := &Statement{Payload: decoded[1], text: text}
	return s, s.readHeader(decoded[0])
}

// headers are the members that a header may have.
var headers = []string{"alg", "kid", "typ", "cty"}

func (s *Statement) readHeader(data []byte) error {
	tree, err := ParseJSON(data)
	if err != nil {
		return malformed("its header: %s", err)
	}
	members, ok := tree.(map[string]any)
	if !ok {
		return malformed("its header must be a JSON object")
	}
	for name, value := range members {
		if !slices.Contains(headers, name) {
			return malformed("its header may have %s alone, not %s", strings.Join(headers, ", "), brief(name))
		}
		if _, text := value.(string); !text {
			return malformed("the member %s of its header must be a text", name)
		}
	}
	text := func(name string) string { v, _ := members[name].(string); return v }
	s.algorithm, s.KeyID = Algorithm(text("alg")), text("kid")
	s.Type, s.ContentType = mediaType(text("typ")), mediaType(text("cty"))
	switch {
	case s.algorithm == "":
		return malformed("its header must have alg")
	case s.KeyID == "":
		return malformed("its header must have kid, the thumbprint of the key or the id that the body gave it")
	}
	return nil
}

// mediaType is a media type as headers shorten it (RFC 7515, 4.1.9), in lower case.
func mediaType(text string) string {
	text = strings.ToLower(text)
	if short, cut := strings.CutPrefix(text, "application/"); cut && !strings.Contains(short, "/") {
		return short
	}
	return text
}

// Verify refuses a statement that the key did not sign. The algorithm is that of the key: a
// header that names another one is refused with ALGORITHM_NOT_ALLOWED, a signature that does
// not hold with SIGNATURE_INVALID.
func (s *Statement) Verify(k *Key) error {
	if s.algorithm != k.Algorithm {
		return fault.New(fault.AlgorithmNotAllowed, "key %s is used with %s, and the header names %s", k.Thumbprint, k.Algorithm, brief(string(s.algorithm))).
			With("keyId", k.Thumbprint).With("algorithm", string(k.Algorithm))
	}
	parsed, err := jose.ParseSignedCompact(s.text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(k.Algorithm)})
	if err != nil {
		return malformed("it is no signature by %s", k.Algorithm)
	}
	if payload, err := parsed.Verify(k.public); err != nil || string(payload) != string(s.Payload) {
		return fault.New(fault.SignatureInvalid, "the signature does not hold under key %s: the content was changed, or another key signed it", k.Thumbprint).
			With("keyId", k.Thumbprint)
	}
	return nil
}

func malformed(format string, args ...any) error {
	return fault.New(fault.SignatureInvalid, "this is not a signed statement: "+format, args...)
}

// Members lists the names of the members of a payload that is a JSON object, in their order
// by letters.
func (s *Statement) Members() ([]string, error) {
	tree, err := ParseJSON(s.Payload)
	if err != nil {
		return nil, err
	}
	members, ok := tree.(map[string]any)
	if !ok {
		return nil, errors.New("it must be a JSON object")
	}
	return slices.Sorted(maps.Keys(members)), nil
}
