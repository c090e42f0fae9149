package identitytest

import (
	"crypto/ecdsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Issuer signs tokens and serves its keys.
type Issuer struct {
	// URL is the issuer's name in its tokens.
	URL string
	// KeysURL is where its keys are served.
	KeysURL string
	server  *httptest.Server

	mu      sync.Mutex
	keys    []issuerKey
	made    int
	fetches int
	down    bool
}

type issuerKey struct {
	id  string
	key *ecdsa.PrivateKey
}

// NewIssuer starts an issuer with one key.
func NewIssuer(t *testing.T) *Issuer {
	t.Helper()
	i := &Issuer{}
	i.server = httptest.NewServer(http.HandlerFunc(i.serveKeys))
	t.Cleanup(i.server.Close)
	i.URL, i.KeysURL = i.server.URL, i.server.URL+"/keys"
	i.Rotate(t)
	return i
}

func (i *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetches++
	if i.down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	// A client that has gone needs no keys.
	_ = json.NewEncoder(w).Encode(i.set())
}

func (i *Issuer) set() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, k := range i.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &k.key.PublicKey, KeyID: k.id, Algorithm: string(jose.ES256), Use: "sig"})
	}
	return set
}

// KeySet is its key set in the form in which it is served.
func (i *Issuer) KeySet(t *testing.T) []byte {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	content, err := json.Marshal(i.set())
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Rotate adds a key that signs all further tokens, and returns its id.
func (i *Issuer) Rotate(t *testing.T) string {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.made++
	k := issuerKey{id: "key-" + strconv.Itoa(i.made), key: newKey(t)}
	i.keys = append(i.keys, k)
	return k.id
}

// Withdraw removes all keys except the newest.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = i.keys[len(i.keys)-1:]
}

// Down makes the issuer stop answering.
func (i *Issuer) Down() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = true
}

// Fetches is how often its keys were fetched.
func (i *Issuer) Fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// Newest is the key that tokens are signed with, and its id.
func (i *Issuer) Newest() (*ecdsa.PrivateKey, string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	k := i.keys[len(i.keys)-1]
	return k.key, k.id
}

// Claims are those of a valid token for an hour from a time, with more.
func (i *Issuer) Claims(at time.Time, subject, audience string, more map[string]any) map[string]any {
	claims := map[string]any{
		"iss": i.URL, "aud": audience, "sub": subject, "iat": at.Unix(), "exp": at.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, more)
	return claims
}

// Sign signs a token with the newest key.
func (i *Issuer) Sign(t *testing.T, claims map[string]any) string {
	t.Helper()
	key, id := i.Newest()
	return Sign(t, jose.SigningKey{Algorithm: jose.ES256, Key: key}, id, claims)
}

// Sign signs a token with any key, under any key id.
func Sign(t *testing.T, key jose.SigningKey, id string, claims map[string]any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	if id != "" {
		options = options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
