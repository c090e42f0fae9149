package identity

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
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

// keySet holds the public keys of an issuer by their id. If a key is missing it is
// fetched from the issuer, because keys are rotated that way.
type keySet struct {
	fetch func(context.Context) ([]byte, error)
	now   func() time.Time
	// refetches bounds how often a token can cause a fetch.
	refetches *rate.Limiter
	// fetching holds one token, so that there is one fetch at a time.
	fetching chan struct{}
	keys     atomic.Pointer[map[string]jose.JSONWebKey]
}

func newKeySet(fetch func(context.Context) ([]byte, error), now func() time.Time) *keySet {
	s := &keySet{
		fetch: fetch, now: now, fetching: make(chan struct{}, 1),
		refetches: rate.NewLimiter(rate.Every(refetchPause), refetchBurst),
	}
	s.keys.Store(&map[string]jose.JSONWebKey{})
	return s
}

func (s *keySet) known(id string) (jose.JSONWebKey, bool) {
	k, ok := (*s.keys.Load())[id]
	return k, ok
}

// key gives a key by its id, after a fetch if it is not known yet.
func (s *keySet) key(ctx context.Context, id string) (jose.JSONWebKey, error) {
	if k, ok := s.known(id); ok {
		return k, nil
	}
	select {
	case s.fetching <- struct{}{}:
		defer func() { <-s.fetching }()
	case <-ctx.Done():
		return jose.JSONWebKey{}, ctx.Err()
	}
	// Another caller may have fetched it in the meantime.
	if k, ok := s.known(id); ok {
		return k, nil
	}
	if !s.refetches.AllowN(s.now(), 1) {
		return jose.JSONWebKey{}, errUnknownKey
	}
	// The caller may leave while others wait for the same keys.
	if err := s.load(context.WithoutCancel(ctx)); err != nil {
		return jose.JSONWebKey{}, err
	}
	if k, ok := s.known(id); ok {
		return k, nil
	}
	return jose.JSONWebKey{}, errUnknownKey
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
// kinds or for other uses.
func parseKeys(content []byte) (map[string]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return nil, err
	}
	keys := make(map[string]jose.JSONWebKey, len(set.Keys))
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) == nil && usable(&k) {
			keys[k.KeyID] = k
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no public signing key with an id")
	}
	return keys, nil
}

func usable(k *jose.JSONWebKey) bool {
	if k.KeyID == "" || !k.Valid() || !k.IsPublic() || (k.Use != "" && k.Use != "sig") {
		return false
	}
	r, ok := k.Key.(*rsa.PublicKey)
	return !ok || r.N.BitLen() >= rsaBitsMin
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
