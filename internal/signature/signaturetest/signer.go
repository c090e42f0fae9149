// Package signaturetest signs as bodies do: it makes keys, proofs of possession and signed
// statements for tests. What a test wants to be wrong it says by the header or the payload.
package signaturetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Signer holds a private key.
type Signer struct {
	// Public is the public key as JSON, Thumbprint its name.
	Public, Thumbprint string
	Algorithm          string

	private crypto.Signer
}

// Ed25519 makes a signer by EdDSA. The same number gives the same key.
func Ed25519(number byte) *Signer {
	seed := make([]byte, ed25519.SeedSize)
	seed[0] = number
	return of(ed25519.NewKeyFromSeed(seed), "EdDSA")
}

// ES256 makes a signer by ECDSA with P-256.
func ES256() *Signer { return of(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), "ES256") }

// rsaKey is made once: it takes as long as everything else in a test.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

// RSA makes a signer by RS256 or PS256. All of them have one key.
func RSA(algorithm string) *Signer { return of(rsaKey(), algorithm) }

func of(private crypto.Signer, algorithm string) *Signer {
	jwk := jose.JSONWebKey{Key: private.Public(), Algorithm: algorithm, Use: "sig"}
	sum := must(jwk.Thumbprint(crypto.SHA256))
	return &Signer{
		Public: string(must(jwk.MarshalJSON())), Thumbprint: base64.RawURLEncoding.EncodeToString(sum), Algorithm: algorithm, private: private,
	}
}

// Header is the header of a statement of a media type, with the key's thumbprint.
func (s *Signer) Header(mediaType string) map[string]any {
	return map[string]any{"kid": s.Thumbprint, "typ": mediaType}
}

// Sign signs a payload under a header, whose algorithm is the signer's.
func (s *Signer) Sign(header map[string]any, payload []byte) string {
	o := &jose.SignerOptions{}
	for name, value := range header {
		o = o.WithHeader(jose.HeaderKey(name), value)
	}
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(s.Algorithm), Key: s.private}, o))
	return must(must(signer.Sign(payload)).CompactSerialize())
}

// Raw signs a header and a payload as they are, whatever they say; by EdDSA alone.
func (s *Signer) Raw(header, payload string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	text := b64([]byte(header)) + "." + b64([]byte(payload))
	return text + "." + b64(must(s.private.Sign(nil, []byte(text), crypto.Hash(0))))
}

// Proof proves at a time that an authenticator holds the key.
func (s *Signer) Proof(authenticator string, at time.Time) string {
	return s.Sign(s.Header("vnd.tenfold.key-proof+jws"), must(json.Marshal(map[string]string{
		"authenticator": authenticator, "thumbprint": s.Thumbprint, "signedAt": at.UTC().Format(time.RFC3339),
	})))
}

func must[V any](v V, err error) V {
	if err != nil {
		panic(fmt.Sprintf("sign for a test: %v", err))
	}
	return v
}
