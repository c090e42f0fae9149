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
	// AgeMax is for how long after its issue a token may be good; zero for any time. With
	// it, a token must say when it was issued.
	AgeMax time.Duration
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
	subject  string
	audience jwt.Audience
	claims   map[string]any
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
	keys, err := t.candidates(ctx, &token.Headers[0])
	if err != nil {
		return content{}, err
	}
	for i := range keys {
		var standard jwt.Claims
		var c content
		if token.Claims(keys[i].Key, &standard, &c.claims) == nil {
			c.subject, c.audience = standard.Subject, standard.Audience
			return c, t.inForce(&standard)
		}
	}
	return content{}, t.refuse("was not signed by its issuer")
}

// candidates are the keys of the issuer that a token may be signed with. More than one is
// tried only where the token names the id that they share; otherwise a signature would
// prove no more than that one of many keys made it.
func (t *tokens) candidates(ctx context.Context, header *jose.Header) ([]jose.JSONWebKey, error) {
	keys, err := t.keys.of(ctx, header.KeyID)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errUnknownKey):
		return nil, t.refuse("names a key that its issuer does not have")
	case err != nil:
		return nil, t.refuse("cannot be verified, because its issuer's keys cannot be fetched").After(refetchPause)
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k jose.JSONWebKey) bool {
		return !signs(&k, jose.SignatureAlgorithm(header.Algorithm))
	})
	switch {
	case len(keys) == 0:
		return nil, t.refuse("is signed with another algorithm than its key is for")
	case header.KeyID == "" && severalKeys(keys):
		return nil, t.refuse("does not name its key, and its issuer has several that fit")
	case header.KeyID != keys[0].KeyID && severalKeys(keys):
		return nil, t.refuse("names a key that its issuer does not have, and its issuer has several without an id that fit")
	}
	return keys, nil
}

// severalKeys says whether keys are not all one and the same.
func severalKeys(keys []jose.JSONWebKey) bool {
	return slices.ContainsFunc(keys[1:], func(k jose.JSONWebKey) bool { return !sameKey(&keys[0], &k) })
}

// inForce checks the statements of a signed token.
func (t *tokens) inForce(c *jwt.Claims) error {
	if c.Expiry == nil {
		return t.refuse("has no expiry")
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: t.URL, AnyAudience: jwt.Audience{t.Audience}, Time: t.now()}, skewMax)
	switch {
	case err == nil && c.Subject == "":
		return t.refuse("has no subject")
	case err == nil:
		return t.checkAge(c)
	case errors.Is(err, jwt.ErrExpired):
		return t.refuse("has expired")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return t.refuse("has another audience")
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return t.refuse("has another issuer")
	}
	return t.refuse("is not valid yet")
}

// checkAge bounds for how long a token is good after it was issued, so that one that was
// lost is not good for years.
func (t *tokens) checkAge(c *jwt.Claims) error {
	switch most := jwt.NumericDate(t.AgeMax / time.Second); {
	case t.AgeMax == 0:
		return nil
	case c.IssuedAt == nil:
		return t.refuse("does not say when it was issued (iat), which bounds its age")
	// The time of issue is not in the future, so that the sum does not overflow.
	case *c.Expiry > *c.IssuedAt+most:
		return t.refuse("is good for longer than %s after it was issued, the most that is accepted", t.AgeMax)
	}
	return nil
}

func (t *tokens) refuse(format string, args ...any) *fault.Error {
	return fault.New(fault.CredentialInvalid, "the token in metadata %s %s", t.metadata, fmt.Sprintf(format, args...)).
		With("metadata", t.metadata)
}
