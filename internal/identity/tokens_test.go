package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// unsigned writes a token with any header and no signature.
func unsigned(t *testing.T, header string, claims map[string]any) string {
	t.Helper()
	content, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	return part([]byte(header)) + "." + part(content) + "."
}

// Would catch a token that is believed though it is old, forged, for another
// service, or signed by nobody: the ways in which tokens are known to fail.
func TestBadTokensAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key, id := f.issuer.Newest()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	good := func(more map[string]any) map[string]any {
		return f.issuer.Claims(start, "support-tool-client", audience, more)
	}
	without := func(claim string) map[string]any {
		claims := good(nil)
		delete(claims, claim)
		return claims
	}
	signed := f.issuer.Sign(t, good(nil))
	head, rest, _ := strings.Cut(signed, ".")
	_, signature, _ := strings.Cut(rest, ".")
	changed := strings.Split(unsigned(t, "{}", good(map[string]any{"sub": "lab-gateway-client"})), ".")[1]
	es256 := jose.SigningKey{Algorithm: jose.ES256, Key: key}
	for what, token := range map[string]string{
		"expired":                  f.issuer.Sign(t, good(map[string]any{"exp": start.Add(-time.Minute).Unix()})),
		"without an end":           f.issuer.Sign(t, without("exp")),
		"not in force yet":         f.issuer.Sign(t, good(map[string]any{"nbf": start.Add(time.Hour).Unix()})),
		"issued in the future":     f.issuer.Sign(t, good(map[string]any{"iat": start.Add(time.Hour).Unix()})),
		"for another audience":     f.issuer.Sign(t, good(map[string]any{"aud": "another-service"})),
		"for no audience":          f.issuer.Sign(t, without("aud")),
		"of another issuer":        f.issuer.Sign(t, good(map[string]any{"iss": "https://issuer.example"})),
		"of no issuer":             f.issuer.Sign(t, without("iss")),
		"about nobody":             f.issuer.Sign(t, without("sub")),
		"about an unknown one":     f.issuer.Sign(t, good(map[string]any{"sub": "somebody"})),
		"signed by another":        identitytest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: other}, id, good(nil)),
		"with another content":     head + "." + changed + "." + signature,
		"without its signature":    head + "." + strings.SplitN(signed, ".", 3)[1] + ".",
		"with alg none":            unsigned(t, `{"alg":"none","kid":"`+id+`"}`, good(nil)),
		"with alg None":            unsigned(t, `{"alg":"None","kid":"`+id+`"}`, good(nil)),
		"with the key as a secret": identitytest.Sign(t, jose.SigningKey{Algorithm: jose.HS256, Key: public}, id, good(nil)),
		"with an unknown key":      identitytest.Sign(t, es256, "key-99", good(nil)),
		"of persons":               f.people.Sign(t, f.people.Claims(start, "support-tool-client", audience, nil)),
		"of two lines":             signed + "\n" + signed,
		"no token at all":          "secret",
		"far too long":             signed + strings.Repeat("A", 1<<20),
	} {
		f.refused(what, as(&identity.Evidence{Token: token}, "support"), fault.CredentialInvalid, identity.KeyToken)
	}
	f.is("one that names no key of the only one", as(&identity.Evidence{Token: identitytest.Sign(t, es256, "", good(nil))}, "support"),
		identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")})
	f.is("a good one", as(&identity.Evidence{Token: signed}, "support"), identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")})
	f.is("one within the clocks' difference", as(&identity.Evidence{
		Token: f.issuer.Sign(t, good(map[string]any{"exp": start.Add(-10 * time.Second).Unix()})),
	}, "support"), identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")})
}

// Would catch a rotation of keys that locks callers out, or a withdrawn key that
// stays good.
func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	support := identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")}
	before := as(f.token("support-tool-client", nil), "support")
	f.is("before", before, support)
	f.issuer.Rotate(t)
	f.is("with the next key", as(f.token("support-tool-client", nil), "support"), support)
	f.is("with the key before it", before, support)
	f.issuer.Withdraw()
	if err := f.verifier.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.refused("with a withdrawn key", before, fault.CredentialInvalid, identity.KeyToken)
	f.is("with the newest key", as(f.token("support-tool-client", nil), "support"), support)
}

// Would catch callers with invented key ids who make the server ask the issuer
// for each of them, and an issuer whose outage locks everybody out.
func TestUnknownKeysCostFewFetches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key, _ := f.issuer.Newest()
	claims := f.issuer.Claims(start, "support-tool-client", audience, nil)
	before := f.issuer.Fetches()
	for range 50 {
		id := "key-" + rand.Text()
		token := identitytest.Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, id, claims)
		f.refused("with an invented key", &identity.Evidence{Token: token}, fault.CredentialInvalid, identity.KeyToken)
	}
	if n := f.issuer.Fetches() - before; n > 2 {
		t.Errorf("%d fetches for 50 tokens", n)
	}
	f.setClock(start.Add(time.Minute))
	f.issuer.Rotate(t)
	support := identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")}
	f.is("a minute later, with a fresh key", as(f.token("support-tool-client", nil), "support"), support)
	f.issuer.Down()
	if err := f.verifier.Reload(t.Context()); err == nil {
		t.Error("nothing tells of the issuer's outage")
	}
	f.is("during an outage of the issuer", as(f.token("support-tool-client", nil), "support"), support)
}
