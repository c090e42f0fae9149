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
	// skewMax is by how much the clock of an issuer may differ from ours.
	skewMax = 30 * time.Second
	// tokenMax is how many bytes a token may have.
	tokenMax = 16 << 10
)

// algorithms are those that a token may be signed with: signatures by a private
// key only. What is not here, "none" and secrets that both sides know above
// all, is no token.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Issuer says whose tokens are believed, and where its keys are.
type Issuer struct {
	// URL is the issuer as its tokens name it.
	URL string
	// Audience is what its tokens must be made for.
	Audience string
	// KeysURL is where its key set is fetched from, KeysFile where it lies
	// otherwise. One of them is set.
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

// content is what a verified token says.
type content struct {
	subject string
	claims  map[string]any
}

// text gives a claim that holds one text; empty where the token has none.
// ok is false where it holds something else.
func (c *content) text(claim string) (value string, ok bool) {
	v, there := c.claims[claim]
	if claim == "" || !there {
		return "", true
	}
	value, ok = v.(string)
	return value, ok
}

// lists says whether a claim lists a word: in an array, or in a text with
// spaces between the words, as scopes are written.
func (c *content) lists(claim, word string) bool {
	switch v := c.claims[claim].(type) {
	case string:
		return slices.Contains(strings.Fields(v), word)
	case []any:
		return slices.Contains(v, any(word))
	}
	return false
}

// verify reads a token: CREDENTIAL_INVALID unless the issuer signed it, for
// this audience, and it is in force.
func (t *tokens) verify(ctx context.Context, raw string) (content, error) {
	if len(raw) > tokenMax {
		return content{}, t.refuse("is longer than %d bytes", tokenMax)
	}
	token, err := jwt.ParseSigned(raw, algorithms)
	if err != nil {
		return content{}, t.refuse("is no signed token, or signed in a way that is not admitted")
	}
	key, err := t.key(ctx, &token.Headers[0])
	if err != nil {
		return content{}, err
	}
	var standard jwt.Claims
	var c content
	if err := token.Claims(key.Key, &standard, &c.claims); err != nil {
		return content{}, t.refuse("does not have the signature of its issuer")
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
		return jose.JSONWebKey{}, t.refuse("cannot be verified: the keys of its issuer cannot be had").After(refetchPause)
	case key.Algorithm != "" && key.Algorithm != header.Algorithm:
		return jose.JSONWebKey{}, t.refuse("is signed in another way than its key is for")
	}
	return key, nil
}

// inForce checks what a signed token says of itself.
func (t *tokens) inForce(c *jwt.Claims) error {
	if c.Expiry == nil {
		return t.refuse("does not say when it expires")
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: t.URL, AnyAudience: jwt.Audience{t.Audience}, Time: t.now()}, skewMax)
	switch {
	case err == nil && c.Subject != "":
		return nil
	case err == nil:
		return t.refuse("names no subject")
	case errors.Is(err, jwt.ErrExpired):
		return t.refuse("has expired")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return t.refuse("is made for another audience")
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return t.refuse("is of another issuer")
	}
	return t.refuse("is not in force yet")
}

func (t *tokens) refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.CredentialInvalid, "the token of metadata %s %s", t.metadata, fmt.Sprintf(format, args...)).
		With("metadata", t.metadata)
}
