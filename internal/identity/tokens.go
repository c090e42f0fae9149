package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

const (
	// skewMax is how much the clock of an issuer may differ from ours.
	skewMax = 30 * time.Second
	// tokenMax is the largest size of a token in bytes.
	tokenMax = 16 << 10
)

// algorithms are those that may sign a token, only signatures by a private key. A
// token with any other algorithm is refused, above all "none" and secrets that both
// sides know.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Issuer is a trusted issuer of tokens, and the location of its keys.
type Issuer struct {
	// URL is the issuer's name in its tokens.
	URL string
	// Audience is the audience that its tokens must have.
	Audience string
	// KeysURL is where its key set is fetched from, KeysFile where it is otherwise.
	// One of them is set.
	KeysURL  string
	KeysFile string
}

// tokens verifies the tokens of one issuer.
type tokens struct {
	Issuer
	// metadata is the key under which they arrive.
	metadata string
	keys     *keySet
	now      func() time.Time
}

func newTokens(i Issuer, metadata string, now func() time.Time) *tokens {
	if i.URL == "" {
		return nil
	}
	fetch := fromFile(i.KeysFile)
	if i.KeysURL != "" {
		fetch = fromURL(i.KeysURL)
	}
	return &tokens{Issuer: i, metadata: metadata, keys: newKeySet(fetch, now), now: now}
}

// content is the content of a verified token.
type content struct {
	subject string
	claims  map[string]any
}

// text gives a claim that holds one text; empty if the token has no such claim. ok
// is false if the claim holds something else.
func (c *content) text(claim string) (value string, ok bool) {
	v, there := c.claims[claim]
	if claim == "" || !there {
		return "", true
	}
	value, ok = v.(string)
	return value, ok
}

// lists says whether a claim lists a word: in an array, or in a text of words
// separated by spaces, as scopes are written.
func (c *content) lists(claim, word string) bool {
	switch v := c.claims[claim].(type) {
	case string:
		return slices.Contains(strings.Fields(v), word)
	case []any:
		return slices.Contains(v, any(word))
	}
	return false
}

// verify reads a token. Refuses with CREDENTIAL_INVALID unless the issuer signed
// it, for this audience, and it is valid now.
func (t *tokens) verify(ctx context.Context, raw string) (content, error) {
	if len(raw) > tokenMax {
		return content{}, t.refuse("is longer than %d bytes", tokenMax)
	}
	token, err := jwt.ParseSigned(raw, algorithms)
	if err != nil {
		return content{}, t.refuse("is not a signed token, or its algorithm is not admitted")
	}
	key, err := t.key(ctx, &token.Headers[0])
	if err != nil {
		return content{}, err
	}
	var standard jwt.Claims
	var c content
	if err := token.Claims(key.Key, &standard, &c.claims); err != nil {
		return content{}, t.refuse("was not signed by its issuer")
	}
	c.subject = standard.Subject
	return c, t.inForce(&standard)
}

// key finds the key that a token names.
func (t *tokens) key(ctx context.Context, header *jose.Header) (jose.JSONWebKey, error) {
	if header.KeyID == "" {
		return jose.JSONWebKey{}, t.refuse("does not name its key")
	}
	key, err := t.keys.key(ctx, header.KeyID)
	switch {
	case ctx.Err() != nil:
		return jose.JSONWebKey{}, ctx.Err()
	case errors.Is(err, errUnknownKey):
		return jose.JSONWebKey{}, t.refuse("names a key that its issuer does not have")
	case err != nil:
		return jose.JSONWebKey{}, t.refuse("cannot be verified, because its issuer's keys cannot be fetched").After(refetchPause)
	case key.Algorithm != "" && key.Algorithm != header.Algorithm:
		return jose.JSONWebKey{}, t.refuse("is signed with another algorithm than its key is for")
	}
	return key, nil
}

// inForce checks the statements of a signed token.
func (t *tokens) inForce(c *jwt.Claims) error {
	if c.Expiry == nil {
		return t.refuse("has no expiry")
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: t.URL, AnyAudience: jwt.Audience{t.Audience}, Time: t.now()}, skewMax)
	switch {
	case err == nil && c.Subject != "":
		return nil
	case err == nil:
		return t.refuse("has no subject")
	case errors.Is(err, jwt.ErrExpired):
		return t.refuse("has expired")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return t.refuse("has another audience")
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return t.refuse("has another issuer")
	}
	return t.refuse("is not valid yet")
}

func (t *tokens) refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.CredentialInvalid, "the token in metadata %s %s", t.metadata, fmt.Sprintf(format, args...)).
		With("metadata", t.metadata)
}
