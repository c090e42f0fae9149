package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/time/rate"
)

const (
	// fetchMax is how long fetching a key set may take; keySetMax is its largest
	// size in bytes.
	fetchMax  = 5 * time.Second
	keySetMax = 1 << 20
	// refetchPause is the least time between fetches that are caused by an unknown
	// key in a token, because anybody can name one. refetchBurst permits two
	// rotations in a row.
	refetchPause = 10 * time.Second
	refetchBurst = 2
	// rsaBitsMin is the least size of an RSA key (RFC 7518, 3.3).
	rsaBitsMin = 2048
)

// errUnknownKey marks a key that its issuer does not have.
var errUnknownKey = errors.New("the issuer has no such key")

// keySet holds the public keys of an issuer. If a key is missing it is fetched from the
// issuer, because keys are rotated that way.
type keySet struct {
	fetch func(context.Context) ([]byte, error)
	now   func() time.Time
	// refetches bounds how often a token can cause a fetch.
	refetches *rate.Limiter
	// fetching holds one token, so that there is one fetch at a time.
	fetching chan struct{}
	keys     atomic.Pointer[[]jose.JSONWebKey]
}

func newKeySet(fetch func(context.Context) ([]byte, error), now func() time.Time) *keySet {
	s := &keySet{
		fetch: fetch, now: now, fetching: make(chan struct{}, 1),
		refetches: rate.NewLimiter(rate.Every(refetchPause), refetchBurst),
	}
	s.keys.Store(&[]jose.JSONWebKey{})
	return s
}

// known are the keys that a token may be signed with, by the key id in its header: the keys
// of that id, of which there may be several (RFC 7517, 4.5). A token without an id may be
// signed with any key, and a token whose id no key has with any key that has none.
func (s *keySet) known(id string) []jose.JSONWebKey {
	all := *s.keys.Load()
	if id == "" {
		return all
	}
	named := func(id string) []jose.JSONWebKey {
		return slices.DeleteFunc(slices.Clone(all), func(k jose.JSONWebKey) bool { return k.KeyID != id })
	}
	if of := named(id); len(of) > 0 {
		return of
	}
	return named("")
}

// of gives the keys for an id, after a fetch if none is known yet.
func (s *keySet) of(ctx context.Context, id string) ([]jose.JSONWebKey, error) {
	if of := s.known(id); len(of) > 0 {
		return of, nil
	}
	select {
	case s.fetching <- struct{}{}:
		defer func() { <-s.fetching }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// Another caller may have fetched it in the meantime.
	if of := s.known(id); len(of) > 0 {
		return of, nil
	}
	if !s.refetches.AllowN(s.now(), 1) {
		return nil, errUnknownKey
	}
	// The caller may leave while others wait for the same keys.
	if err := s.load(context.WithoutCancel(ctx)); err != nil {
		return nil, err
	}
	if of := s.known(id); len(of) > 0 {
		return of, nil
	}
	return nil, errUnknownKey
}

// refresh fetches the keys again, so that withdrawn keys are forgotten. After a
// failure the known keys stay.
func (s *keySet) refresh(ctx context.Context) error {
	s.fetching <- struct{}{}
	defer func() { <-s.fetching }()
	return s.load(ctx)
}

// load replaces the keys.
func (s *keySet) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchMax)
	defer cancel()
	content, err := s.fetch(ctx)
	if err != nil {
		return fmt.Errorf("fetch key set: %w", err)
	}
	keys, err := parseKeys(content)
	if err != nil {
		return fmt.Errorf("read key set: %w", err)
	}
	s.keys.Store(&keys)
	return nil
}

// parseKeys reads the keys that may sign tokens. The set may contain keys of other
// kinds or for other uses, and one key more than once.
func parseKeys(content []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) == nil && usable(&k) && !slices.ContainsFunc(keys, func(other jose.JSONWebKey) bool {
			return other.KeyID == k.KeyID && other.Algorithm == k.Algorithm && sameKey(&other, &k)
		}) {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no public signing key")
	}
	return keys, nil
}

func usable(k *jose.JSONWebKey) bool {
	if !k.Valid() || !k.IsPublic() || (k.Use != "" && k.Use != "sig") {
		return false
	}
	r, ok := k.Key.(*rsa.PublicKey)
	return !ok || r.N.BitLen() >= rsaBitsMin
}

// sameKey says whether two entries of a set hold one key, whatever they say about it.
func sameKey(a, b *jose.JSONWebKey) bool {
	public, ok := a.Key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(b.Key)
}

// signs says whether a key can have made a signature by an algorithm: the key is of the
// algorithm's kind, and the set does not keep it for another algorithm.
func signs(k *jose.JSONWebKey, algorithm jose.SignatureAlgorithm) bool {
	if k.Algorithm != "" && k.Algorithm != string(algorithm) {
		return false
	}
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		return slices.Contains([]jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512}, algorithm)
	case *ecdsa.PublicKey:
		return curves[algorithm] != nil && curves[algorithm] == public.Curve
	case ed25519.PublicKey:
		return algorithm == jose.EdDSA
	}
	return false
}

// curves are the curves of the algorithms that sign on one (RFC 7518, 3.4).
var curves = map[jose.SignatureAlgorithm]elliptic.Curve{
	jose.ES256: elliptic.P256(), jose.ES384: elliptic.P384(), jose.ES512: elliptic.P521(),
}

// fromFile reads a key set from this machine.
func fromFile(path string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return os.ReadFile(path) }
}

// fromURL fetches a key set from its issuer, and from nowhere else: it follows no
// redirect.
func fromURL(url string) func(context.Context) ([]byte, error) {
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return func(ctx context.Context) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the issuer answers %s", response.Status)
		}
		return io.ReadAll(io.LimitReader(response.Body, keySetMax))
	}
}
