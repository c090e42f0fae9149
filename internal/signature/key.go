// Package signature reads the public keys of bodies and the statements that they sign: JSON Web
// Keys, JSON Web Signatures, and the JSON in them. It decides what is well formed, which key
// fits, and whether a signature holds. Whose key it is, until when, and what a statement
// means to a claim is left to authenticator, claim and book.
package signature

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Algorithm is an algorithm of signatures, as JSON Web Signatures name it.
type Algorithm string

// The algorithms (RFC 7518, RFC 8037). All others are refused, whatever a header says.
const (
	EdDSA Algorithm = "EdDSA"
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
)

// Algorithms lists the algorithms.
func Algorithms() []Algorithm { return []Algorithm{EdDSA, ES256, RS256, PS256} }

const (
	// KeyBytesMax bounds a key as it is sent; an RSA key of 4,096 bits takes about 750.
	KeyBytesMax = 8 << 10
	// KeyIDMax bounds the id that a body gives its key, in characters.
	KeyIDMax = 128
	// rsaBitsMin and rsaBitsMax bound an RSA key: what RFC 7518, 3.3, demands, and what is
	// verified within a millisecond.
	rsaBitsMin = 2048
	rsaBitsMax = 4096
	// rsaExponentMin is the least public exponent (NIST SP 800-56B); smaller ones make
	// mistakes of a signer's padding fatal.
	rsaExponentMin = 65537
)

// Key is a public key with the one algorithm that it is used with.
type Key struct {
	// Thumbprint is its SHA-256 thumbprint (RFC 7638), which names it.
	Thumbprint string
	// ID is what its owner calls it, the member kid; may be empty.
	ID        string
	Algorithm Algorithm
	// JWK holds the members that RFC 7638 requires of the key, in their order, and no other.
	JWK string

	public any
}

// ParseKey reads a public key as JSON (RFC 7517). stated is the algorithm that the caller
// names beside it; empty where the key says it, or where its type has one alone. Refuses
// with KEY_INVALID everything that no signature should be verified by: private and shared
// keys, weak ones, and keys for another use.
func ParseKey(text string, stated Algorithm) (*Key, error) {
	if len(text) > KeyBytesMax {
		return nil, keyInvalid("it must have at most %d bytes, not %d", KeyBytesMax, len(text))
	}
	tree, err := ParseJSON([]byte(text))
	if err != nil {
		return nil, keyInvalid("%s", err)
	}
	members, ok := tree.(map[string]any)
	if !ok {
		return nil, keyInvalid("it must be a JSON object")
	}
	if err := checkMembers(members); err != nil {
		return nil, err
	}
	var jwk jose.JSONWebKey
	if err := json.Unmarshal([]byte(text), &jwk); err != nil || !jwk.Valid() || !jwk.IsPublic() {
		return nil, keyInvalid("its members do not make a public key of their type")
	}
	k := &Key{ID: jwk.KeyID, public: jwk.Key}
	if err := k.checkStrength(); err != nil {
		return nil, err
	}
	if k.Algorithm, err = k.chooseAlgorithm(Algorithm(jwk.Algorithm), stated); err != nil {
		return nil, err
	}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	k.Thumbprint, k.JWK = base64.RawURLEncoding.EncodeToString(sum), k.canonical()
	if err != nil || k.JWK == "" {
		return nil, keyInvalid("it has no thumbprint")
	}
	return k, nil
}

// secret are the members of private and shared keys.
var secret = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// checkMembers refuses members that make a key useless or dangerous to register.
func checkMembers(members map[string]any) error {
	for _, name := range secret {
		if _, has := members[name]; has {
			return keyInvalid("it holds the secret member %q; send the public key alone, and use another key, because this one has been told", name)
		}
	}
	for _, name := range []string{"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"} {
		if v, has := members[name]; has {
			if _, text := v.(string); !text {
				return keyInvalid("its member %s must be a text", name)
			}
		}
	}
	if use, has := members["use"]; has && use != "sig" {
		return keyInvalid(`its member use must be "sig"`)
	}
	if ops, has := members["key_ops"]; has {
		list, ok := ops.([]any)
		if !ok || !slices.Contains(list, any("verify")) {
			return keyInvalid(`its member key_ops must contain "verify"`)
		}
	}
	if id, has := members["kid"]; has {
		if err := CheckKeyID(id.(string)); err != nil {
			return keyInvalid("its member kid %s", err)
		}
	}
	return nil
}

// CheckKeyID says what is wrong with an id that a body gives a key.
func CheckKeyID(id string) error {
	if len(id) == 0 || len(id) > KeyIDMax {
		return fmt.Errorf("must have 1 to %d characters, not %d", KeyIDMax, len(id))
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return fmt.Errorf("must have visible ASCII characters only")
		}
	}
	return nil
}

// checkStrength refuses keys by which anybody could make signatures.
func (k *Key) checkStrength() error {
	switch p := k.public.(type) {
	case ed25519.PublicKey:
		if weakEd25519(p) {
			return keyInvalid("it is a point of small order, under which signatures hold that nobody made")
		}
	case *ecdsa.PublicKey:
		if p.Params().Name != "P-256" {
			return keyInvalid("its curve must be P-256 or Ed25519")
		}
	case *rsa.PublicKey:
		switch bits := p.N.BitLen(); {
		case bits < rsaBitsMin || bits > rsaBitsMax:
			return keyInvalid("an RSA key must have %d to %d bits, not %d", rsaBitsMin, rsaBitsMax, bits)
		case p.E < rsaExponentMin || p.E%2 == 0:
			return keyInvalid("the exponent of an RSA key must be odd and at least %d", rsaExponentMin)
		case p.N.Bit(0) == 0:
			return keyInvalid("the modulus of an RSA key must be odd")
		}
	default:
		return keyInvalid("its type must be OKP with Ed25519, EC with P-256, or RSA")
	}
	return nil
}

// fitting are the algorithms that a key can be used with.
func (k *Key) fitting() []Algorithm {
	switch k.public.(type) {
	case ed25519.PublicKey:
		return []Algorithm{EdDSA}
	case *ecdsa.PublicKey:
		return []Algorithm{ES256}
	}
	return []Algorithm{RS256, PS256}
}

// chooseAlgorithm gives the one algorithm of a key, from what the key says and what the
// caller states.
func (k *Key) chooseAlgorithm(said, stated Algorithm) (Algorithm, error) {
	fitting := k.fitting()
	if said != "" && stated != "" && said != stated {
		return "", keyInvalid("its member alg differs from the algorithm that is stated beside it")
	}
	a := said
	if a == "" {
		a = stated
	}
	switch {
	case a == "" && len(fitting) == 1:
		return fitting[0], nil
	case a == "":
		return "", keyInvalid("an RSA key must say its algorithm, RS256 or PS256")
	case !slices.Contains(fitting, a):
		return "", keyInvalid("a key of its type is not used with that algorithm; it must be %s", joined(fitting))
	}
	return a, nil
}

// canonical writes the members that RFC 7638 requires, in their order; nothing for a key that
// has none.
func (k *Key) canonical() string {
	b64 := base64.RawURLEncoding.EncodeToString
	switch p := k.public.(type) {
	case ed25519.PublicKey:
		return `{"crv":"Ed25519","kty":"OKP","x":"` + b64(p) + `"}`
	case *ecdsa.PublicKey:
		// The uncompressed point: a byte for its form, and two coordinates of 32 bytes.
		if point, err := p.Bytes(); err == nil && len(point) == 65 {
			return `{"crv":"P-256","kty":"EC","x":"` + b64(point[1:33]) + `","y":"` + b64(point[33:]) + `"}`
		}
	case *rsa.PublicKey:
		return `{"e":"` + b64(big.NewInt(int64(p.E)).Bytes()) + `","kty":"RSA","n":"` + b64(p.N.Bytes()) + `"}`
	}
	return ""
}

// smallOrder are the encodings of the points of Ed25519 whose order divides eight, without
// the bit of their sign, canonical and not. A signature under one of them can be made
// without a private key.
var smallOrder = [][32]byte{
	{0: 0x00},
	{0: 0x01},
	{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	nearP(0xec), nearP(0xed), nearP(0xee),
}

// nearP is a number around 2^255-19, little-endian.
func nearP(low byte) [32]byte {
	var v [32]byte
	for i := range v {
		v[i] = 0xff
	}
	v[0], v[31] = low, 0x7f
	return v
}

func weakEd25519(p ed25519.PublicKey) bool {
	y := bytes.Clone(p)
	y[31] &= 0x7f
	return slices.ContainsFunc(smallOrder, func(s [32]byte) bool { return bytes.Equal(y, s[:]) })
}

func joined(list []Algorithm) string {
	text := ""
	for i, a := range list {
		if i > 0 {
			text += " or "
		}
		text += string(a)
	}
	return text
}

func keyInvalid(format string, args ...any) error {
	return fault.New(fault.KeyInvalid, "this cannot be the public key of a body: "+format, args...).At("public_key")
}
