package identity_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// signer is a key in a set of keys and in the hand that signs.
type signer struct {
	private, public any
}

func newSigners(t *testing.T) map[string]signer {
	t.Helper()
	made := make(map[string]signer)
	for _, name := range []string{"rsa", "rsa2"} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = signer{k, &k.PublicKey}
	}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p256b": elliptic.P256(), "p384": elliptic.P384()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = signer{k, &k.PublicKey}
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made["ed"] = signer{private, public}
	return made
}

// Would catch a caller who is locked out because two keys of a set share an id, because one
// key stands there for two algorithms, or because set or token name no id although one key
// alone fits; and a token that is believed though nothing says which of several keys made it.
func TestKeysNeedNoIDsOfTheirOwn(t *testing.T) {
	t.Parallel()
	keys := newSigners(t)
	key := func(name, id string, algorithm jose.SignatureAlgorithm) jose.JSONWebKey {
		return jose.JSONWebKey{Key: keys[name].public, KeyID: id, Algorithm: string(algorithm), Use: "sig"}
	}
	shared := []jose.JSONWebKey{key("p256", "k", jose.ES256), key("rsa", "k", jose.RS256), key("ed", "k", ""), key("p384", "k", ""), key("p256b", "k", "")}
	two := []jose.JSONWebKey{key("rsa", "k", jose.RS256), key("rsa", "k", jose.PS256)}
	bare := []jose.JSONWebKey{key("p256", "", ""), key("rsa", "", jose.RS256), key("rsa", "", jose.PS256), key("rsa", "", jose.RS256)}
	crowded := []jose.JSONWebKey{key("rsa", "", ""), key("rsa2", "", ""), key("p256", "named", "")}
	for _, row := range []struct {
		name      string
		set       []jose.JSONWebKey
		by        string
		algorithm jose.SignatureAlgorithm
		id        string
		good      bool
	}{
		{"one id, the first", shared, "p256", jose.ES256, "k", true},
		{"one id, another kind", shared, "rsa", jose.RS256, "k", true},
		{"one id, a third kind", shared, "ed", jose.EdDSA, "k", true},
		{"one id, another curve", shared, "p384", jose.ES384, "k", true},
		{"one id, the same kind", shared, "p256b", jose.ES256, "k", true},
		{"one id, another algorithm than the key is for", shared, "rsa", jose.PS256, "k", false},
		{"one id, a key beyond the set", shared, "rsa2", jose.RS256, "k", false},
		{"two algorithms, the first", two, "rsa", jose.RS256, "k", true},
		{"two algorithms, the second", two, "rsa", jose.PS256, "k", true},
		{"two algorithms, a third", two, "rsa", jose.RS512, "k", false},
		{"two algorithms, no id in the token", two, "rsa", jose.PS256, "", true},
		{"a set without ids, no id in the token", bare, "p256", jose.ES256, "", true},
		{"a set without ids, an id in the token", bare, "rsa", jose.RS256, "x", true},
		{"a set without ids, listed for two algorithms", bare, "rsa", jose.PS256, "", true},
		{"a set without ids, a key beyond the set", bare, "rsa2", jose.RS256, "", false},
		{"a set without ids, a kind that it has not", bare, "ed", jose.EdDSA, "", false},
		{"several that fit, no id in the token", crowded, "rsa", jose.RS256, "", false},
		{"several that fit, an id of none", crowded, "rsa", jose.RS256, "x", false},
		{"the only one that fits, no id in the token", crowded, "p256", jose.ES256, "", true},
		{"the only one that fits, by its id", crowded, "p256", jose.ES256, "named", true},
		{"the id of a key of another kind", crowded, "rsa", jose.RS256, "named", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, turned := range []bool{false, true} {
				f := newFixture(t)
				content, err := json.Marshal(jose.JSONWebKeySet{Keys: inOrder(row.set, turned)})
				if err != nil {
					t.Fatal(err)
				}
				f.config.Workloads.KeysURL, f.config.Workloads.KeysFile = "", f.write("keys.json", content)
				f.start()
				token := identitytest.Sign(t, jose.SigningKey{Algorithm: row.algorithm, Key: keys[row.by].private}, row.id,
					f.issuer.Claims(start, "support-tool-client", audience, nil))
				e := as(&identity.Evidence{Token: token}, "support")
				if row.good {
					f.is(row.name, e, identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")})
				} else {
					f.refused(row.name, e, fault.CredentialInvalid, identity.KeyToken)
				}
			}
		})
	}
}

// inOrder is a set in its order, or turned round.
func inOrder(set []jose.JSONWebKey, turned bool) []jose.JSONWebKey {
	out := append([]jose.JSONWebKey{}, set...)
	if turned {
		for i, k := range set {
			out[len(set)-1-i] = k
		}
	}
	return out
}
